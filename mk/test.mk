# Tests. Every suite's last line is `N passed, N failed, N skipped`; tools/suites.py runs several and adds them up.

SUITES := run test-c test-python test-peers test-libs $(if $(wildcard test/compat/run.sh),test-compat) \
	test-c-asan test-samples test-docs lint
NEWEST := 1.26.1
LONG_SUITES := test-python-asan newest-run newest-test-python newest-test-peers-long test-c-long test-c-valgrind test-python-long coverage-check

OURS := build/unix/micropython
STOCK := build/ab/micropython
ASAN := build/asan/micropython

# Everything that leaks or is undefined ends the program with a code of its own.
SANITIZER := ASAN_OPTIONS=abort_on_error=0:exitcode=99:detect_leaks=1:detect_stack_use_after_return=0 UBSAN_OPTIONS=print_stacktrace=1:exitcode=99

.PHONY: test test-long test-python test-python-long test-python-asan test-peers test-peers-long test-libs test-compat test-docs \
	test-asan bench size coverage coverage-check

test: packages-test ## all tests that make a change safe, in some minutes
	@$(PYTHON) tools/suites.py test $(SUITES)

test-long: packages-test ## long sweeps, valgrind, the newest MicroPython, coverage
	@$(PYTHON) tools/suites.py test-long $(LONG_SUITES)

test-asan: packages-test ## C and Python tests under the sanitizers
	@$(PYTHON) tools/suites.py test-asan test-c-asan test-python-asan

test-python: $(OURS) ## what CPython and we must answer alike, and what only MicroPython has
	@$(PYTHON) test/python/run.py --interp $(OURS)

test-python-long: $(OURS)
	@$(PYTHON) test/python/run.py --interp $(OURS) --long

test-python-asan: $(ASAN)
	@$(SANITIZER) $(PYTHON) test/python/run.py --asan --interp $(ASAN)

test-peers: $(OURS) $(STOCK) ## MicroPython's own test suite, ours beside the built-in socket
	@$(PYTHON) test/peers/run.py --tree $(MPY_TREE) --ours $(OURS) --stock $(STOCK)

test-peers-long: $(OURS) $(STOCK)
	@$(PYTHON) test/peers/run.py --tree $(MPY_TREE) --ours $(OURS) --stock $(STOCK) --long

test-libs: $(OURS) ## clients and servers with the call shapes of MicroPython's libraries
	@$(PYTHON) test/libs/run.py --interp $(OURS)

test-docs: $(OURS) lib ## what the papers show, done as they show it
	@$(PYTHON) tools/doccheck.py --interp $(OURS)

ifneq ($(wildcard test/compat/run.sh),)
test-compat: $(MPY_READY) ## the binding against the names of MicroPython 1.13, and its headers for RT-Thread's
	@test/compat/run.sh $(MPY_TREE)
endif

# newest-X is the target X with the newest pinned MicroPython, as long as the mirror carries that.
newest-%:
	@tools/setup.sh micropython $(NEWEST) || { [ $$? = 3 ] && echo '0 passed, 0 failed, 1 skipped' && exit; } \
		&& $(MAKE) --no-print-directory MICROPYTHON_VERSION=$(NEWEST) $*

bench: packages-test $(OURS) $(STOCK) lib ## the benchmark against raw C, CPython and the built-in socket
	@$(PYTHON) bench/run.py

size: packages-test $(MPY_READY) ## bytes on a Cortex-M4
	@$(PYTHON) tools/size.py --micropython $(MPY_TREE)

coverage: packages-test build/cov/micropython ## lines and branches that the tests reach
	@$(PYTHON) tools/coverage.py

coverage-check: packages-test build/cov/micropython
	@$(PYTHON) tools/coverage.py --check
