# The samples for RT-Thread, on the look-alike of its sockets (mk/sal.mk), 4.0.3 under the sanitizers and 5.2.

SAMPLES_DIR := $(BUILD_DIR)/samples

# $(call samples_prompt,the look-alike's variant,compiler,options)
define samples_prompt
$(SAMPLES_DIR)/$(1)/%.o: %.c | packages-test
	@mkdir -p $$(@D)
	$$(Q)$(2) $(3) $(filter-out -std=c99,$(SAL_LIB_FLAGS)) -Itest/samples/include -MMD -MP -c -o $$@ $$<
$(SAMPLES_DIR)/$(1)/prompt: $(patsubst %.c,$(SAMPLES_DIR)/$(1)/%.o,$(wildcard samples/*.c) test/samples/main.c) $(BUILD_DIR)/sal-$(1)/all.a
	$$(Q)$(2) $(3) -o $$@ $$^ -lpthread
-include $$(shell find $(SAMPLES_DIR)/$(1) -name '*.d' 2>/dev/null)
endef
$(eval $(call samples_prompt,asan,clang,-O1 $(TC_SANITIZE)))
$(eval $(call samples_prompt,gcc5,gcc,-O0 $(SAL_FIVE)))

.PHONY: test-samples
test-samples: $(SAMPLES_DIR)/asan/prompt $(SAMPLES_DIR)/gcc5/prompt $(OURS) ## the samples for RT-Thread, each run once
	$(GO) $(PYTHON) test/samples/run.py $^
