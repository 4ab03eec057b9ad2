# The Python tests on stacks other than Linux's: test-python-lwip, test-python-lwip-raw and test-python-sal, and the same under the
# sanitizers.
# test/python/stacks/ and docs/stacks.md list the limits of each stack. The tests mostly wait, so four run at a time.

SUITES += $(STACKS:%=test-python-%)
LONG_SUITES += $(STACKS:%=test-python-%-asan)
.PHONY: $(STACKS:%=test-python-%) $(STACKS:%=test-python-%-asan)

$(STACKS:%=test-python-%): test-python-%: build/%/micropython
	$(GO) $(PYTHON) test/python/run.py --interp $< --stack $* --jobs 4

$(STACKS:%=test-python-%-asan): test-python-%-asan: build/%-asan/micropython
	$(GO) $(SANITIZER) $(PYTHON) test/python/run.py --asan --interp $< --stack $* --jobs 4
