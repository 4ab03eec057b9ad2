# The Python tests on stacks other than Linux's: test-python-lwip, test-python-lwip-raw and test-python-sal, and the same under the
# sanitizers.
# test/python/stacks/ and docs/stacks.md list the limits of each stack. The tests mostly wait, so four run at a time.

SUITES += $(STACKS:%=test-python-%)
# On lwIP without an operating system the sanitizers run in test-python-lwip-raw-irq (mk/lwip_raw.mk).
LONG_SUITES += $(patsubst %,test-python-%-asan,$(filter-out lwip-raw,$(STACKS)))
SOAK_SUITES += test-python-lwip-raw-asan
.PHONY: $(STACKS:%=test-python-%) $(STACKS:%=test-python-%-asan)

$(STACKS:%=test-python-%): test-python-%: build/%/micropython
	$(GO) $(PYTHON) test/python/run.py --interp $< --stack $* --jobs 4

# memory_file.py is about files alone, whose code no stack changes: it takes a third of the time, and runs in test-python-asan.
OF_STACKS := --filter '^(?!memory_file)'

$(STACKS:%=test-python-%-asan): test-python-%-asan: build/%-asan/micropython
	$(GO) $(SANITIZER) $(PYTHON) test/python/run.py --asan --interp $< --stack $* --jobs 4 $(OF_STACKS)
