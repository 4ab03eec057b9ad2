# Tests. Every suite's last line is `N passed, N failed, N skipped`; tools/suites.py runs several and adds them up.

SUITES := run test-c test-python test-random test-peers test-libs $(if $(wildcard test/compat/run.py),test-compat) \
	test-c-asan test-samples test-docs test-cookbook lint
NEWEST := 1.26.1
LONG_SUITES := test-python-asan test-random-asan test-c-variants test-tree
SOAK_SUITES := test-c-long test-c-valgrind test-python-long newest-test-peers-long test-tree-long size-check-long newest-run newest-test-python newest-test-usermod test-client test-arm-c test-arm-python coverage-check

# The suites that take longest come first: none of them is left alone at the end.
LONGEST := run test-tls lint test-peers test-tls-c test-cookbook test-compat test-python-lwip test-python-lwip-raw test-aio test-python-sal5 test-python test-c \
	test-tree size-check test-random-asan test-tls-asan test-tls-sal5 test-tls-lwip-raw \
	test-tap-lwip-raw test-python-lwip-raw-irq test-lwip-raw-irq test-tap test-tap-lwip-raw-irq test-lwipopts test-random-lwip-raw-irq test-python-asan test-configs test-c-variants
longest_first = $(foreach suite,$(LONGEST),$(filter $(suite),$(1))) $(filter-out $(LONGEST),$(1))

OURS := build/unix/micropython
STOCK := build/ab/micropython
ASAN := build/asan/micropython

# A leak or undefined behaviour ends the program with a separate exit code.
SANITIZER := ASAN_OPTIONS=abort_on_error=0:exitcode=99:detect_leaks=1:detect_stack_use_after_return=0 UBSAN_OPTIONS=print_stacktrace=1:exitcode=99
# Memory that is not lost, although LeakSanitizer reports it.
export LSAN_OPTIONS := suppressions=$(CURDIR)/tools/asan/leaks.txt:print_suppressions=0

.PHONY: test test-long test-soak test-python test-python-long test-python-asan test-peers test-peers-long test-libs test-cookbook test-compat test-docs \
	test-asan bench size coverage coverage-check

test: packages-test ## all tests that make a change safe, in some minutes
	@$(PYTHON) tools/suites.py test $(call longest_first,$(SUITES))

test-long: packages-test ## sanitizers, the other stacks and processors, the newest MicroPython
	@$(PYTHON) tools/suites.py test-long $(call longest_first,$(LONG_SUITES))

test-soak: packages-test ## sweeps at every point, valgrind, coverage; docs/soak.md says when it last ran
	@$(PYTHON) tools/soak.py $(SOAK_SUITES)

test-asan: packages-test ## C and Python tests under the sanitizers
	@$(PYTHON) tools/suites.py test-asan test-c-asan test-python-asan

test-python: $(OURS) ## comparisons with CPython, and features of MicroPython
	$(GO) $(PYTHON) test/python/run.py --interp $(OURS)

test-python-long: $(OURS)
	$(GO) $(PYTHON) test/python/run.py --interp $(OURS) --long

test-python-asan: $(ASAN)
	$(GO) $(SANITIZER) $(PYTHON) test/python/run.py --asan --interp $(ASAN)

test-peers: $(OURS) $(STOCK) ## MicroPython's own test suite, ours beside the built-in socket
	$(GO) $(PYTHON) test/peers/run.py --tree $(MPY_TREE) --ours $(OURS) --stock $(STOCK)

test-peers-long: $(OURS) $(STOCK)
	$(GO) $(PYTHON) test/peers/run.py --tree $(MPY_TREE) --ours $(OURS) --stock $(STOCK) --long

test-libs: $(OURS) ## clients and servers with the call shapes of MicroPython's libraries
	$(GO) $(PYTHON) test/libs/run.py --interp $(OURS)

test-cookbook: $(OURS) ## the programs of docs/cookbook.md, against nginx, mosquitto, openssl and others
	$(GO) $(PYTHON) test/cookbook/recipes.py --interp $(OURS)

# Random programs with fixed seeds; `TEST_SECONDS=3600 make random` runs for an hour with seeds from the clock.
RANDOM_ON := $(OURS) $(STACKS:%=build/%/micropython)
.PHONY: test-random test-random-asan random
test-random: $(RANDOM_ON) ## random programs: calls, closes, collections, threads and scheduled functions
	$(GO) $(PYTHON) test/random/run.py --programs 24 --steps 300 $^

test-random-asan: $(ASAN) $(STACKS_ASAN:%=build/%-asan/micropython)
	$(GO) $(SANITIZER) $(PYTHON) test/random/run.py --programs 24 --steps 300 $^

random: $(RANDOM_ON) $(ASAN) ## random programs for TEST_SECONDS (600), new ones each time
	@TEST_SECONDS=$(or $(TEST_SECONDS),600) $(PYTHON) test/random/run.py --steps 400 $^

# The README's command with MICROPYTHON_DIR, without apt-get.
.PHONY: test-tree test-tree-long
test-tree: packages-test $(MPY_READY) $(MBEDTLS_READY) ## MICROPYTHON_DIR=/path make run, on a system without apt-get
	$(GO) $(PYTHON) test/tree/run.py --tree $(MPY_TREE) --mbedtls $(MBEDTLS_TREE)

test-tree-long: packages-test $(MPY_READY) $(MBEDTLS_READY)
	$(GO) $(PYTHON) test/tree/run.py --tree $(MPY_TREE) --mbedtls $(MBEDTLS_TREE) --long --only '^(named|checkout)'

test-docs: $(OURS) lib ## the examples of the documents, their names and numbers
	$(GO) $(PYTHON) tools/doccheck.py --interp $(OURS)
	$(GO) $(PYTHON) tools/boardscheck.py $(THEIR_TREES)
	$(GO) $(PYTHON) test/usermod/run.py $(THEIR_TREES)

# Expanded in recipes: mk/lwip.mk comes later.
THEIR_TREES = --tree $(MPY_TREE) --lwip $(LWIP_TREE) $(if $(filter 0,$(TLS)),,--mbedtls $(MBEDTLS_TREE))

.PHONY: test-usermod
test-usermod: packages-test $(MPY_READY) ## the build files for MicroPython's ports, with make and CMake: forms, mistakes, ports/rp2 and ports/esp32
	$(GO) $(PYTHON) test/usermod/run.py $(THEIR_TREES)

ifneq ($(wildcard test/compat/run.py),)
.PHONY: test-compat-long
SOAK_SUITES += test-compat-long
test-compat: $(MPY_READY) ## the binding against the names of MicroPython 1.13, and its headers for RT-Thread's
	$(GO) $(PYTHON) test/compat/run.py $(MPY_TREE)

test-compat-long: packages-test
	$(GO) $(PYTHON) test/compat/run.py --long
endif

# newest-X is the target X with the newest pinned MicroPython, as long as the mirror has it. Its interpreters stay in
# build/obj/, so that suites of both versions run side by side.
NEWEST_MAKE = $(MAKE) --no-print-directory MICROPYTHON_VERSION=$(NEWEST) $(foreach name,INTERPRETER:unix OURS:unix STOCK:ab,$(subst :,=build/obj/,$(name))-$(NEWEST)/micropython)
NEWEST_ASKED := $(patsubst newest-%,%,$(filter newest-%,$(MAKECMDGOALS)))
.PHONY: newest
ifdef BUILD_ONLY
newest-%: newest ;
newest: $(MBEDTLS_OUT)/libmbedcrypto.a
	@tools/setup.sh micropython $(NEWEST) || { [ $$? = 3 ] && exit; } && $(NEWEST_MAKE) $(NEWEST_ASKED)
else
newest-%: $(MBEDTLS_OUT)/libmbedcrypto.a
	@tools/setup.sh micropython $(NEWEST) || { [ $$? = 3 ] && echo '0 passed, 0 failed, 1 skipped' && exit; } && $(NEWEST_MAKE) $*
endif

bench: packages-test $(OURS) $(STOCK) lib ## the benchmark against raw C, CPython and the built-in socket; WRITE=1 writes bench/speed.json and the READMEs
	@$(PYTHON) bench/run.py $(if $(WRITE),--write)

size: packages-test $(MPY_READY) ## bytes on a Cortex-M4
	@$(PYTHON) tools/size.py --micropython $(MPY_TREE)

coverage: packages-test build/cov/micropython ## lines and branches that the tests reach
	@$(PYTHON) tools/coverage.py

coverage-check: packages-test build/cov/micropython
	$(GO) $(PYTHON) tools/coverage.py --check
