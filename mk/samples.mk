# The samples for RT-Thread, on the look-alike of its sockets (mk/sal.mk), 4.0.3 and 5.2, under the sanitizers.

SAMPLES_DIR := $(BUILD_DIR)/samples

# $(call samples_prompt,the look-alike's variant,options of its version)
define samples_prompt
$(SAMPLES_DIR)/$(1)/%.o: %.c | packages-test
	@mkdir -p $$(@D)
	$$(Q)clang -O1 $(TC_SANITIZE) $(filter-out -std=c99,$(SAL_LIB_FLAGS)) $(2) -Itest/samples/include -MMD -MP -c -o $$@ $$<
$(SAMPLES_DIR)/$(1)/prompt: $(patsubst %.c,$(SAMPLES_DIR)/$(1)/%.o,$(wildcard samples/*.c) test/samples/main.c) $(BUILD_DIR)/sal-$(1)/all.a
	$$(Q)clang $(TC_SANITIZE) -o $$@ $$^ -lpthread
-include $$(shell find $(SAMPLES_DIR)/$(1) -name '*.d' 2>/dev/null)
endef
$(eval $(call samples_prompt,asan,))
$(eval $(call samples_prompt,asan5,$(SAL_FIVE)))

.PHONY: test-samples
test-samples: $(SAMPLES_DIR)/asan/prompt $(SAMPLES_DIR)/asan5/prompt $(OURS) ## the samples for RT-Thread, each run once
	$(GO) $(PYTHON) test/samples/run.py $^
