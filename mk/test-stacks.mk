# The Python tests on other stacks than Linux's: test-python-lwip and test-python-sal, and the same under the sanitizers. What a
# stack cannot do is in test/python/stacks/ and docs/stacks.md.

STACKS := lwip sal
.PHONY: $(STACKS:%=test-python-%) $(STACKS:%=test-python-%-asan)

$(STACKS:%=test-python-%): test-python-%: build/%/micropython
	@$(PYTHON) test/python/run.py --interp $< --stack $*

$(STACKS:%=test-python-%-asan): test-python-%-asan: build/%-asan/micropython
	@$(SANITIZER) $(PYTHON) test/python/run.py --asan --interp $< --stack $*
