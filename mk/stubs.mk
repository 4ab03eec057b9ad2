# stubs/: types of usocket and aiosocket for editors, and the checks of them.

SUITES += test-stubs
PYRIGHT_VERSION := $(word 2,$(shell grep '^pyright ' tools/npm.pins))
PYRIGHT := build/pyright-$(PYRIGHT_VERSION)

# Without npm or its registry the suite leaves that part out, and says so.
.PHONY: test-stubs pyright
pyright:
	@tools/setup.sh npm pyright $(PYRIGHT_VERSION) || [ $$? = 3 ]

test-stubs: packages-test pyright $(RANDOM_ON) ## the types for editors: names, arguments, pyright on the examples and on mistakes
	$(GO) $(PYTHON) test/stubs/run.py --pyright $(PYRIGHT) $(RANDOM_ON)
