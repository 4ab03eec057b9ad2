# The Python tests on stacks other than Linux's: test-python-lwip, test-python-lwip-raw and test-python-sal5, and the same under the
# sanitizers.
# test/python/stacks/ and docs/stacks.md list the limits of each stack. The tests mostly wait, so four run at a time.

ON_STACKS := $(patsubst %,test-python-%,$(STACKS) $(STACKS_SOAK))
SUITES += $(STACKS:%=test-python-%)
# On lwIP without an operating system the sanitizers run in test-python-lwip-raw-irq (mk/lwip_raw.mk).
LONG_SUITES += $(STACKS_ASAN:%=test-python-%-asan)
SOAK_SUITES += $(STACKS_SOAK:%=test-python-%) $(patsubst %,test-python-%-asan,$(filter-out $(STACKS_ASAN),$(STACKS)))
.PHONY: $(ON_STACKS) $(ON_STACKS:%=%-asan)

$(ON_STACKS): test-python-%: build/%/micropython
	$(GO) $(PYTHON) test/python/run.py --interp $< --stack $(call stack_lists,$*) --jobs 4

# memory_file.py is about files alone, and no stack changes their code: it takes a third of the time, and runs in test-python-asan.
OF_STACKS := --filter '^(?!memory_file)'

$(ON_STACKS:%=%-asan): test-python-%-asan: build/%-asan/micropython
	$(GO) $(SANITIZER) $(PYTHON) test/python/run.py --asan --interp $< --stack $(call stack_lists,$*) --jobs 4 $(OF_STACKS)
