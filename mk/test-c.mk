# The C tests. A variant is the library and all tests built with one compiler and one set of options, under $(BUILD_DIR)/<variant>;
# each test program ends in -sim (on the simulated network) or -net (on this system's sockets).

BUILD_DIR ?= build/test-c
CFLAGS_EXTRA ?=
TC := test/unit
TC_PYTHON ?= python3
TC_HEADERS := $(filter-out %/config.h %/port.h,$(wildcard include/usocket/*.h))
TC_SRC := $(wildcard src/*/*.c)
TC_SIM := $(wildcard test/sim/*.c)
TC_BSD := $(wildcard port/bsd*.c)
TC_PORT := $(wildcard port/*.c port/posix/*.c)
TC_SIM_TESTS := address error socket connect accept data flood datagram lookup share dial race poller sweep watch fuzz edges
TC_NET_TESTS := system socket connect accept data flood datagram poller watch getaddrinfo threads bsd edges fork inside
TC_LIB_FLAGS := -std=c99 -g1 -Wall -Wextra -Werror -Wconversion -Iinclude
TC_TEST_FLAGS := -std=c99 -g1 -D_GNU_SOURCE -Wall -Wextra -Werror -Iinclude -Itest/unit -Itest/sim -Ifuzz -I$(BUILD_DIR)
# The bodies of the tests compile faster without optimization; the library and the simulator keep the options of their variant.
TC_TEST_O := -O0
TC_LINK := -lcmocka -lpthread
TC_SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

# A unit is a folder of src/ as one file, which compiles in less than half the time of its files. Each file by itself is in gcc and tls.
TC_UNITS := $(patsubst %,build/unity/%.c,$(wildcard src/*))
in_units = $(TC_UNITS) $(filter-out $(TC_SRC),$(1))
tc_src = $(if $(filter gcc tls,$(1)),$(TC_SRC),$(TC_UNITS))
$(TC_UNITS): build/unity/%.c: %
	@mkdir -p $(@D)
	$(Q)printf '#include "../../../%s"\n' $(wildcard $*/*.c) >$@

$(BUILD_DIR)/allowed.h $(BUILD_DIR)/codes.h $(BUILD_DIR)/functions.h &: $(TC)/allowed.py tools/codes.py $(TC_HEADERS)
	$(Q)$(TC_PYTHON) $(TC)/allowed.py $(BUILD_DIR) $(TC_HEADERS)

# $(call tc_variant,name,compiler,options of everything,simulated tests,tests on the system)
# NAME_LINK: libraries in place of $(TC_LINK); NAME_NEEDS: prerequisites.
define tc_variant
$(1)_DIR := $(BUILD_DIR)/$(1)
$(1)_PROGRAMS := $(4:%=$(BUILD_DIR)/$(1)/%-sim) $(5:%=$(BUILD_DIR)/$(1)/%-net)
.PRECIOUS: $(BUILD_DIR)/$(1)/lib/%.o $(BUILD_DIR)/$(1)/inject/%.o $(BUILD_DIR)/$(1)/sim/%.o $(BUILD_DIR)/$(1)/net/%.o
$(BUILD_DIR)/$(1)/lib/%.o: %.c
	@mkdir -p $$(@D)
	$$(Q)$(2) $(TC_LIB_FLAGS) $(3) $(CFLAGS_EXTRA) -Iport/posix -MMD -MP -c -o $$@ $$<
$(BUILD_DIR)/$(1)/inject/%.o: %.c
	@mkdir -p $$(@D)
	$$(Q)$(2) $(TC_LIB_FLAGS) $(3) $(CFLAGS_EXTRA) -I$(TC)/inject -Iport/posix -MMD -MP -c -o $$@ $$<
$(BUILD_DIR)/$(1)/sim/%.o: %.c $(BUILD_DIR)/allowed.h | $($(1)_NEEDS)
	@mkdir -p $$(@D)
	$$(Q)$(2) $(TC_TEST_FLAGS) $(3) $$(if $$(filter $(TC)/%,$$<),$(TC_TEST_O)) $(CFLAGS_EXTRA) -DTEST_SIM -MMD -MP -c -o $$@ $$<
$(BUILD_DIR)/$(1)/net/%.o: %.c $(BUILD_DIR)/allowed.h | $($(1)_NEEDS)
	@mkdir -p $$(@D)
	$$(Q)$(2) $(TC_TEST_FLAGS) $(3) $$(if $$(filter $(TC)/%,$$<),$(TC_TEST_O)) $(CFLAGS_EXTRA) -MMD -MP -c -o $$@ $$<
$(BUILD_DIR)/$(1)/sim.a: $(patsubst %.c,$(BUILD_DIR)/$(1)/lib/%.o,$(call tc_src,$(1))) $(TC_SIM:%.c=$(BUILD_DIR)/$(1)/sim/%.o) \
		$(BUILD_DIR)/$(1)/sim/$(TC)/fixture.o
	$$(Q)rm -f $$@ && $(AR) rcs $$@ $$^
$(BUILD_DIR)/$(1)/net.a: $(patsubst %.c,$(BUILD_DIR)/$(1)/lib/%.o,$(call tc_src,$(1))) $(TC_PORT:%.c=$(BUILD_DIR)/$(1)/lib/%.o) \
		$(BUILD_DIR)/$(1)/net/$(TC)/fixture.o
	$$(Q)rm -f $$@ && $(AR) rcs $$@ $$^
$(BUILD_DIR)/$(1)/%-sim: $(BUILD_DIR)/$(1)/sim/$(TC)/test_%.o $(BUILD_DIR)/$(1)/sim.a
	$$(Q)$(2) $(3) $(CFLAGS_EXTRA) -o $$@ $$^ $(or $($(1)_LINK),$(TC_LINK))
$(BUILD_DIR)/$(1)/%-net: $(BUILD_DIR)/$(1)/net/$(TC)/test_%.o $(BUILD_DIR)/$(1)/net.a
	$$(Q)$(2) $(3) $(CFLAGS_EXTRA) -o $$@ $$^ $(or $($(1)_LINK),$(TC_LINK))
$(BUILD_DIR)/$(1)/bsd-net: $(BUILD_DIR)/$(1)/net/$(TC)/test_bsd.o $(BUILD_DIR)/$(1)/net/$(TC)/inject/inject.o \
		$(TC_BSD:%.c=$(BUILD_DIR)/$(1)/inject/%.o) $(BUILD_DIR)/$(1)/net.a
	$$(Q)$(2) $(3) $(CFLAGS_EXTRA) -o $$@ $$^ $(or $($(1)_LINK),$(TC_LINK))
-include $$(shell find $(BUILD_DIR)/$(1) -name '*.d' 2>/dev/null)
endef

$(eval $(call tc_variant,gcc,gcc,-O2,$(TC_SIM_TESTS),$(TC_NET_TESTS)))
$(eval $(call tc_variant,clang,clang,-O1,$(TC_SIM_TESTS),$(TC_NET_TESTS)))
$(eval $(call tc_variant,asan,clang,-O1 $(TC_SANITIZE),$(TC_SIM_TESTS),$(TC_NET_TESTS)))
$(eval $(call tc_variant,no-threads,gcc,-O2 -DUSOCKET_THREADS=0 -DUSOCKET_RESOLVER_WORKERS=0,\
	$(filter-out share watch,$(TC_SIM_TESTS)),$(filter-out threads watch inside,$(TC_NET_TESTS))))
$(eval $(call tc_variant,no-ipv6,gcc,-O2 -DUSOCKET_IPV6=0,$(TC_SIM_TESTS),$(TC_NET_TESTS)))
$(eval $(call tc_variant,no-workers,gcc,-O2 -DUSOCKET_RESOLVER_WORKERS=0 -DUSOCKET_WORDS=0,$(filter-out share,$(TC_SIM_TESTS)),socket connect getaddrinfo))
$(eval $(call tc_variant,one-worker,gcc,-O2 -DUSOCKET_RESOLVER_WORKERS=1 -DUSOCKET_WAIT_SLICE_MS=0,$(TC_SIM_TESTS),socket))
$(eval $(call tc_variant,no-names,gcc,-O2 -DUSOCKET_NAMES=0 -DUSOCKET_UNIX=0,\
	$(filter-out lookup share dial race fuzz,$(TC_SIM_TESTS)),socket connect data datagram))

$(eval $(call tc_variant,no-server,gcc,-O2 -DUSOCKET_SERVER=0,$(filter-out fuzz accept,$(TC_SIM_TESTS)),socket connect data datagram watch threads))
# The configuration of a small device.
$(eval $(call tc_variant,in-turn,gcc,-O2 -DUSOCKET_RACE=0 -DUSOCKET_ASYNC=0 -DUSOCKET_POLLER=0 -DUSOCKET_UNREAD=1,$(filter-out share race poller,$(TC_SIM_TESTS)),socket))
# A stack that answers lookups and reports sockets by itself; the second as port/lwip_raw has it.
$(eval $(call tc_variant,asks,gcc,-O2 -DUSOCKET_ASKS=1 -DUSOCKET_NOTIFIES=1,$(filter-out share,$(TC_SIM_TESTS)) asks,))
$(eval $(call tc_variant,asks-alone,gcc,-O2 -DUSOCKET_ASKS=1 -DUSOCKET_NOTIFIES=1 -DUSOCKET_THREADS=0 -DUSOCKET_UNIX=0 -DUSOCKET_RACE=0,\
	$(filter-out share race,$(TC_SIM_TESTS)) asks,))
TC_CLIENT := IPV6=0 UNIX=0 NAMES=0 SERVER=0 DATAGRAMS=0 THREADS=0 WORDS=0 WAIT_SLICE_MS=0 \
	RACE=0 ASYNC=0 POLLER=0
$(eval $(call tc_variant,client,gcc,-O2 $(TC_CLIENT:%=-DUSOCKET_%),address error socket connect data sweep,socket connect data))
TC_NOT_IN_CLIENT := $(addprefix usocket_,listen accept_by backlog lookup_start lookup_wait dial_start dial_by watch if_next gethostname \
	port_listen port_accept port_somaxconn port_resolve)

# The library alone must compile without a warning, in every configuration and with both compilers.
TC_CONFIGS := RACE=0 RACE=1 RACE=6 ASYNC=0 POLLER=0 IPV6=0 UNIX=0 SERVER=0 DATAGRAMS=0 NAMES=0 THREADS=0 RESOLVER_WORKERS=0 ASKS=1 NOTIFIES=1 QUICK=1 WORDS=0 WAIT_SLICE_MS=0 UNREAD=1 UNREAD=0 SO_TIMEO=0 ATON=0 SERVICES=0 WAIT_INSIDE=0
TC_CONFIG_CC ?= gcc clang
TC_CONFIG_EACH ?=
.PHONY: test-c-configs
test-c-configs:
	@for compiler in $(TC_CONFIG_CC); do $(TC)/configs.py $(TC_CONFIG_EACH) posix $$compiler $(TC_CONFIGS:%='%') 'NAMES=0 IPV6=0 UNIX=0 THREADS=0 WORDS=0 UNREAD=1' \
		'ASKS=1 NOTIFIES=1 THREADS=0 UNIX=0 RACE=0' \
		'$(strip $(TC_CLIENT) UNREAD=0 SO_TIMEO=0)' || exit 1; done

TC_RUN := $(TC_PYTHON) $(TC)/run.py
# The variants of test-c and of test-c-variants. gcov's counts exist only for gcc.
TC_QUICK := gcc no-threads in-turn asks client
TC_MORE := $(if $(findstring coverage,$(CFLAGS_EXTRA)),,clang) no-ipv6 no-workers asks-alone one-worker no-names no-server
.PHONY: test-c test-c-variants test-c-long test-c-asan test-c-valgrind examples-c
test-c: $(foreach v,$(TC_QUICK),$($(v)_PROGRAMS)) examples-c
	$(GO) $(TC_RUN) --also 'make --no-print-directory test-c-configs TC_CONFIG_CC=gcc' --also '$(TC)/examples.sh $(BUILD_DIR)/examples' \
		$(if $(findstring coverage,$(CFLAGS_EXTRA)),,--also '$(TC)/knobs.py gcc g++ $(BUILD_DIR)/gcc/net.a $(BUILD_DIR)/knobs') \
		--also '$(TC)/absent.sh $(BUILD_DIR)/client/net.a $(TC_NOT_IN_CLIENT)' \
		--brief $(foreach v,$(filter-out gcc,$(TC_QUICK)),$($(v)_PROGRAMS)) --full $(gcc_PROGRAMS)

test-c-variants: $(foreach v,$(TC_MORE),$($(v)_PROGRAMS)) ## the C tests with clang and with more options left out
	$(GO) $(TC_RUN) --also 'make --no-print-directory test-c-configs TC_CONFIG_CC=clang' --brief $^

# The programs that do more in a long run, in all variants; test-c has already run the others.
TC_LONGER := $(filter $(patsubst $(TC)/test_%.c,\%/%-sim,$(shell grep -lE 'TEST_(LONG|SHORT)' $(TC)/test_*.c)) \
	$(patsubst $(TC)/test_%.c,\%/%-net,$(shell grep -lE 'TEST_(LONG|SHORT)' $(TC)/test_*.c)),$(foreach v,$(TC_QUICK) $(TC_MORE),$($(v)_PROGRAMS)))
test-c-long: $(TC_LONGER)
	$(GO) TEST_LONG=1 $(TC_RUN) --full $^

test-c-asan: $(asan_PROGRAMS)
	$(GO) ASAN_OPTIONS=detect_leaks=1:exitcode=99 UBSAN_OPTIONS=print_stacktrace=1 $(TC_RUN) --full $(asan_PROGRAMS)

TC_VALGRIND := valgrind -q --error-exitcode=98 --leak-check=full --show-leak-kinds=definite,indirect,possible \
	--errors-for-leak-kinds=definite,indirect,possible --fair-sched=yes --suppressions=test/unit/valgrind.supp
test-c-valgrind: $(gcc_PROGRAMS)
	$(GO) TEST_SHORT=1 TEST_VALGRIND=1 $(TC_RUN) --under '$(TC_VALGRIND)' --full $(gcc_PROGRAMS)

# Small programs that include only usocket.h; mk/tls.mk has those with TLS.
TC_EXAMPLES := $(patsubst examples/c/%.c,$(BUILD_DIR)/examples/%,$(filter-out examples/c/tls_%,$(wildcard examples/c/*.c)))
$(BUILD_DIR)/examples/%: examples/c/%.c $(TC_SRC:%.c=$(BUILD_DIR)/gcc/lib/%.o) $(TC_PORT:%.c=$(BUILD_DIR)/gcc/lib/%.o)
	@mkdir -p $(@D)
	$(Q)gcc $(TC_LIB_FLAGS) $(CFLAGS_EXTRA) -o $@ $^ -lpthread
examples-c: $(TC_EXAMPLES) ## the small C programs of examples/c

# libFuzzer on the two targets, for FUZZ_SECONDS each.
FUZZ_SECONDS ?= 60
.PHONY: fuzz
fuzz: $(BUILD_DIR)/allowed.h ## fuzz the parsers and sequences of calls, FUZZ_SECONDS each
	@mkdir -p $(BUILD_DIR)/fuzz/address $(BUILD_DIR)/fuzz/calls
	$(Q)for target in address calls; do \
		clang $(TC_TEST_FLAGS) -O1 -fsanitize=fuzzer,address,undefined -DTEST_SIM fuzz/$$target.c $(TC_SIM) $(TC_SRC) -lpthread \
			-o $(BUILD_DIR)/fuzz/fuzz-$$target && \
		$(BUILD_DIR)/fuzz/fuzz-$$target -max_total_time=$(FUZZ_SECONDS) -max_len=600 -artifact_prefix=$(BUILD_DIR)/fuzz/ -print_final_stats=1 \
			$(BUILD_DIR)/fuzz/$$target fuzz/corpus/$$target || exit 1; done
