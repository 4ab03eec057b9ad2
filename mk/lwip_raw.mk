# lwIP without an operating system on this machine: archives of the stack, interpreters on it, and the C tests on it
# (test-lwip-raw-c). In the irq builds lwIP runs in a signal handler.

LWIP_RAW_FILES := $(filter-out src/api/% $(LWIP_PORT)/%,$(LWIP_FILES))
LWIP_RAW_START := lwip/interfaces lwip/counts $(patsubst test/%.c,%,$(wildcard test/lwip_raw/*.c))
LWIP_RAW_HEADERS := $(wildcard test/lwip/*.h test/lwip_raw/*.h)
LWIP_RAW_INCLUDE := -Itest/lwip_raw -isystem $(LWIP_TREE)/src/include -isystem $(LWIP_TREE)/$(LWIP_PORT)/include
LWIP_RAW_KNOBS := -D_GNU_SOURCE -DUSOCKET_THREADS=1 -DUSOCKET_CONFIG_FILE='"usocket_config.h"'

# $(call lwip_raw_archive,directory,compiler,options): lwIP with the code that runs it.
define lwip_raw_archive
$(1)/liblwip.a: $(LWIP_RAW_FILES:%=$(1)/lwip/%.o) $(LWIP_RAW_START:%=$(1)/start/%.o)
	@echo "AR $$@"
	$$(Q)rm -f $$@ && $(AR) rcs $$@ $$^
$(LWIP_RAW_FILES:%=$(1)/lwip/%.o): $(1)/lwip/%.o: $(LWIP_RAW_HEADERS) $(LWIP_READY)
	@mkdir -p $$(@D)
	$$(Q)$(2) -std=gnu99 -g1 -w $(3) $(LWIP_RAW_INCLUDE) -c -o $$@ $(LWIP_TREE)/$$*.c
$(LWIP_RAW_START:%=$(1)/start/%.o): $(1)/start/%.o: test/%.c $(LWIP_RAW_HEADERS) $(LWIP_READY)
	@mkdir -p $$(@D)
	$$(Q)$(2) -std=gnu99 -g1 -D_GNU_SOURCE -Wall -Wextra -Werror $(3) $(LWIP_RAW_INCLUDE) -c -o $$@ $$<
endef

LWIP_IRQ := -DTEST_LWIP_PREEMPTS
$(eval $(call lwip_raw_archive,build/lwip-raw,gcc,-O2))
$(eval $(call lwip_raw_archive,build/lwip-raw-asan,gcc,-O1 $(LWIP_ASAN)))
$(eval $(call lwip_raw_archive,build/lwip-raw-irq,gcc,-O1 $(LWIP_ASAN) $(LWIP_IRQ)))
$(eval $(call lwip_raw_archive,build/lwip-raw-tiny,gcc,-O2 -DTEST_LWIP_TINY))

# ---- Interpreters -------------------------------------------------------------------------------------------------------

LWIP_RAW_FLAVOURS := lwip-raw lwip-raw-asan lwip-raw-tiny lwip-raw-irq
$(LWIP_RAW_FLAVOURS:%=build/obj/%-$(MPY_KEY)/micropython): build/obj/%-$(MPY_KEY)/micropython: build/%/liblwip.a $(wildcard port/lwip_raw/* test/stackinfo/*)

# ---- C tests ------------------------------------------------------------------------------------------------------------

LWIP_RAW_BUILD := build/test-lwip-raw
LWIP_RAW_TESTS := socket connect accept data datagram flood poller quick watch getaddrinfo threads calls edges
LWIP_RAW_TC_SOURCES := $(TC_SRC) $(wildcard port/*.c port/lwip_raw/*.c)
LWIP_RAW_TC_LIB := $(TC_LIB_FLAGS) -Iport/lwip_raw $(LWIP_RAW_KNOBS) $(LWIP_RAW_INCLUDE)
LWIP_RAW_TC_TEST := $(TC_TEST_FLAGS) -DTEST_PLATFORM -Iport/lwip_raw $(LWIP_RAW_KNOBS) $(LWIP_RAW_INCLUDE) -Itest/lwip

# $(call lwip_raw_variant,name,compiler,options,options of lwIP itself,tests): like lwip_variant, on port/lwip_raw.
define lwip_raw_variant
lwip_raw_$(1)_PROGRAMS := $(5:%=$(LWIP_RAW_BUILD)/$(1)/%-lwip-raw)
.PRECIOUS: $(LWIP_RAW_BUILD)/$(1)/lib/%.o $(LWIP_RAW_BUILD)/$(1)/unit/%.o
$(if $(6),,$(call lwip_raw_archive,$(LWIP_RAW_BUILD)/$(1),$(2),$(4)))
$(LWIP_RAW_BUILD)/$(1)/lib/%.o: %.c $(LWIP_RAW_HEADERS) $(LWIP_READY)
	@mkdir -p $$(@D)
	$$(Q)$(2) $(LWIP_RAW_TC_LIB) $(3) -MMD -MP -c -o $$@ $$<
$(LWIP_RAW_BUILD)/$(1)/unit/%.o: %.c $(BUILD_DIR)/allowed.h $(LWIP_RAW_HEADERS) $(LWIP_READY)
	@mkdir -p $$(@D)
	$$(Q)$(2) $(LWIP_RAW_TC_TEST) $(3) -MMD -MP -c -o $$@ $$<
$(LWIP_RAW_BUILD)/$(1)/usocket.a: $(patsubst %.c,$(LWIP_RAW_BUILD)/$(1)/lib/%.o,$(call in_units,$(LWIP_RAW_TC_SOURCES))) $(LWIP_RAW_BUILD)/$(1)/unit/$(TC)/fixture.o
	$$(Q)rm -f $$@ && $(AR) rcs $$@ $$^
$(LWIP_RAW_BUILD)/$(1)/%-lwip-raw: $(LWIP_RAW_BUILD)/$(1)/unit/$(TC)/test_%.o $(LWIP_RAW_BUILD)/$(1)/usocket.a $(or $(6),$(LWIP_RAW_BUILD)/$(1))/liblwip.a
	$$(Q)$(2) $(3) -o $$@ $$< $(LWIP_RAW_BUILD)/$(1)/usocket.a -Wl,--whole-archive $(or $(6),$(LWIP_RAW_BUILD)/$(1))/liblwip.a -Wl,--no-whole-archive $(TC_LINK)
-include $$(shell find $(LWIP_RAW_BUILD)/$(1) -name '*.d' 2>/dev/null)
endef

$(eval $(call lwip_raw_variant,gcc,gcc,-O2,-O2,$(LWIP_RAW_TESTS),build/lwip-raw))
$(eval $(call lwip_raw_variant,asan,clang,-O1 $(TC_SANITIZE),-O1 $(LWIP_ASAN),$(LWIP_RAW_TESTS)))
$(eval $(call lwip_raw_variant,irq,clang,-O1 $(LWIP_IRQ) $(TC_SANITIZE),-O1 $(LWIP_IRQ) $(LWIP_ASAN),$(LWIP_RAW_TESTS)))
$(eval $(call lwip_raw_variant,tiny,gcc,-O2 -DTEST_LWIP_TINY,-O2 -DTEST_LWIP_TINY,calls,build/lwip-raw-tiny))
$(eval $(call lwip_raw_variant,tiny-irq,clang,-O1 -DTEST_LWIP_TINY $(LWIP_IRQ) $(TC_SANITIZE),-O1 -DTEST_LWIP_TINY $(LWIP_IRQ) $(LWIP_ASAN),calls))

LWIP_RAW_SANITIZER := ASAN_OPTIONS=detect_leaks=1:exitcode=99 UBSAN_OPTIONS=print_stacktrace=1
.PHONY: test-lwip-raw-c test-lwip-raw-c-long
test-lwip-raw-c: $(foreach v,gcc tiny,$(lwip_raw_$(v)_PROGRAMS)) ## the C tests on lwIP without an operating system; random sequences of calls
	$(GO) $(TC_RUN) --full $(lwip_raw_tiny_PROGRAMS) $(lwip_raw_gcc_PROGRAMS)

# 100,000 random sequences on each of two pool sizes; they mostly wait.
LWIP_RAW_CALLS := $(filter %/calls-lwip-raw,$(lwip_raw_gcc_PROGRAMS) $(lwip_raw_tiny_PROGRAMS))
test-lwip-raw-c-long: $(foreach v,gcc tiny asan,$(lwip_raw_$(v)_PROGRAMS))
	$(GO) $(LWIP_RAW_SANITIZER) TEST_LONG=1 TEST_LIMIT=1500 $(TC_RUN) --jobs 8 --full TEST_SEQUENCES=25000 $(foreach quarter,1 2 3 4,$(LWIP_RAW_CALLS)) \
		--brief $(lwip_raw_asan_PROGRAMS)

.PHONY: test-lwip-raw-small
test-lwip-raw-small: packages-test build/lwip-raw-tiny/micropython ## the pools of a board with five TCP pcbs and 8 KB of heap
	$(GO) $(PYTHON) test/python/run.py --interp build/lwip-raw-tiny/micropython --stack lwip-raw --scripts test/lwip_raw/small

# ---- lwIP in a signal handler -------------------------------------------------------------------------------------------

# These suites count the signals. An idle machine has about five times the number below which a suite fails.
STRUCK := $(PYTHON) test/lwip_raw/struck.py
LWIP_RAW_IRQ := build/lwip-raw-irq/micropython
.PHONY: test-lwip-raw-irq test-lwip-raw-irq-long test-python-lwip-raw-irq test-random-lwip-raw-irq
test-lwip-raw-irq: $(foreach v,irq tiny-irq,$(lwip_raw_$(v)_PROGRAMS)) ## the C tests on lwIP in a signal handler that strikes at random instructions
	$(GO) $(LWIP_RAW_SANITIZER) TEST_LIMIT=300 TEST_SEQUENCES=50000 $(STRUCK) 100000 $(TC_RUN) --full $^

test-lwip-raw-irq-long: $(foreach v,irq tiny-irq,$(lwip_raw_$(v)_PROGRAMS))
	$(GO) $(LWIP_RAW_SANITIZER) TEST_LIMIT=3000 TEST_SEQUENCES=200000 $(STRUCK) 1000000 $(TC_RUN) --full $(filter %/calls-lwip-raw,$^)

test-python-lwip-raw-irq: packages-test $(LWIP_RAW_IRQ)
	$(GO) $(SANITIZER) $(STRUCK) 100000 $(PYTHON) test/python/run.py --asan --interp $(LWIP_RAW_IRQ) --stack lwip-raw --jobs 4 $(OF_STACKS)

test-random-lwip-raw-irq: packages-test $(LWIP_RAW_IRQ)
	$(GO) $(SANITIZER) $(STRUCK) 10000 $(PYTHON) test/random/run.py --programs 24 --steps 300 $(LWIP_RAW_IRQ)

# ---- MicroPython's ports --------------------------------------------------------------------------------------------------

.PHONY: test-lwipopts test-lwipopts-long
test-lwipopts: packages-test $(MPY_READY) $(LWIP_READY) $(MBEDTLS_READY) ## port/lwip_raw with the lwipopts.h of each port of MicroPython
	$(GO) $(PYTHON) test/lwip_raw/options.py $(MPY_TREE) $(LWIP_TREE) $(MBEDTLS_TREE)

test-lwipopts-long: packages-test $(MPY_READY) $(LWIP_READY) $(MBEDTLS_READY)
	$(GO) $(PYTHON) test/lwip_raw/options.py --all $(MPY_TREE) $(LWIP_TREE) $(MBEDTLS_TREE)

LONG_SUITES += test-lwipopts test-lwip-raw-c test-lwip-raw-small test-lwip-raw-irq test-python-lwip-raw-irq test-random-lwip-raw-irq
SOAK_SUITES += test-lwip-raw-c-long test-lwip-raw-irq-long test-lwipopts-long
