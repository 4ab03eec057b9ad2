# The samples for RT-Thread, on the look-alike of its sockets (mk/sal.mk), under the sanitizers.

SAMPLES_DIR := $(BUILD_DIR)/samples
SAMPLES_O := $(patsubst %.c,$(SAMPLES_DIR)/%.o,$(wildcard samples/*.c) test/samples/main.c)

$(SAMPLES_O): $(SAMPLES_DIR)/%.o: %.c | packages-test
	@mkdir -p $(@D)
	$(Q)clang -O1 $(TC_SANITIZE) $(filter-out -std=c99,$(SAL_LIB_FLAGS)) -Itest/samples/include -MMD -MP -c -o $@ $<

$(SAMPLES_DIR)/prompt: $(SAMPLES_O) $(BUILD_DIR)/sal-asan/all.a
	$(Q)clang $(TC_SANITIZE) -o $@ $^ -lpthread

-include $(SAMPLES_O:.o=.d)

.PHONY: test-samples
test-samples: $(SAMPLES_DIR)/prompt $(OURS) ## the samples for RT-Thread, each run once
	$(GO) $(PYTHON) test/samples/run.py $< $(OURS)
