# lwIP on this machine: archives of the stack, interpreters on it, and the C tests on it (test-lwip-c).

LWIP_VERSION := 2.2.1
ifneq ($(LWIP_DIR),)
LWIP_TREE := $(abspath $(LWIP_DIR))
LWIP_READY :=
else
LWIP_TREE := build/lwip-$(LWIP_VERSION)
LWIP_READY := $(LWIP_TREE)/.ready
$(LWIP_READY): | packages
	$(Q)tools/setup.sh lwip $(LWIP_VERSION)
endif

lint: $(LWIP_READY)

LWIP_PORT := contrib/ports/unix/port
LWIP_FILES := $(addprefix src/core/,init def dns inet_chksum ip mem memp netif pbuf raw stats sys altcp altcp_alloc altcp_tcp tcp \
	tcp_in tcp_out timeouts udp) \
	$(addprefix src/core/ipv4/,acd autoip dhcp etharp icmp igmp ip4_frag ip4 ip4_addr) \
	$(addprefix src/core/ipv6/,dhcp6 ethip6 icmp6 inet6 ip6 ip6_addr ip6_frag mld6 nd6) \
	$(addprefix src/api/,api_lib api_msg err if_api netbuf netdb netifapi sockets tcpip) \
	src/netif/ethernet $(LWIP_PORT)/sys_arch
LWIP_INCLUDE := -Itest/lwip -isystem $(LWIP_TREE)/src/include -isystem $(LWIP_TREE)/$(LWIP_PORT)/include
# The library's configuration for this stack.
LWIP_KNOBS := -DUSOCKET_CONFIG_FILE='"usocket_config.h"' -DUSOCKET_EVENTS=64

# $(call lwip_archive,directory,compiler,options): lwIP with the code that starts it.
LWIP_START := lwip/start lwip/interfaces lwip/counts
define lwip_archive
$(1)/liblwip.a: $(LWIP_FILES:%=$(1)/lwip/%.o) $(LWIP_START:%=$(1)/start/%.o)
	@echo "AR $$@"
	$$(Q)rm -f $$@ && $(AR) rcs $$@ $$^
$(LWIP_FILES:%=$(1)/lwip/%.o): $(1)/lwip/%.o: $(wildcard test/lwip/*.h) $(LWIP_READY)
	@mkdir -p $$(@D)
	$$(Q)$(2) -std=gnu99 -g1 -w $(3) $(LWIP_INCLUDE) -c -o $$@ $(LWIP_TREE)/$$*.c
$(LWIP_START:%=$(1)/start/%.o): $(1)/start/%.o: test/%.c $(wildcard test/lwip/*.h) $(LWIP_READY)
	@mkdir -p $$(@D)
	$$(Q)$(2) -std=gnu99 -g1 -Wall -Wextra -Werror $(3) $(LWIP_INCLUDE) -c -o $$@ $$<
endef

LWIP_ASAN := -fsanitize=address -fno-omit-frame-pointer
$(eval $(call lwip_archive,build/lwip,gcc,-O2))
$(eval $(call lwip_archive,build/lwip-asan,gcc,-O1 $(LWIP_ASAN)))
$(eval $(call lwip_archive,build/lwip-tiny,gcc,-O2 -DTEST_LWIP_TINY))

# ---- Interpreters -------------------------------------------------------------------------------------------------------

LWIP_FLAVOURS := lwip lwip-asan lwip-tiny
$(LWIP_FLAVOURS:%=build/obj/%-$(MPY_KEY)/micropython): build/obj/%-$(MPY_KEY)/micropython: build/%/liblwip.a $(wildcard port/lwip/* test/stackinfo/*)

# ---- C tests ------------------------------------------------------------------------------------------------------------

LWIP_BUILD := build/test-lwip
LWIP_TESTS := socket connect data datagram watch getaddrinfo threads lwip calls edges
LWIP_TC_SOURCES := $(TC_SRC) $(wildcard port/*.c port/lwip/*.c)
LWIP_TC_LIB := $(TC_LIB_FLAGS) -Iport/lwip $(LWIP_KNOBS) $(LWIP_INCLUDE)
LWIP_TC_TEST := $(TC_TEST_FLAGS) -DTEST_PLATFORM -Iport/lwip $(LWIP_KNOBS) $(LWIP_INCLUDE)

# $(call lwip_variant,name,compiler,options,options of lwIP itself,tests): like tc_variant, on lwIP. A sixth
# argument names the directory of an archive with the same options of lwIP.
define lwip_variant
lwip_$(1)_PROGRAMS := $(5:%=$(LWIP_BUILD)/$(1)/%-lwip)
.PRECIOUS: $(LWIP_BUILD)/$(1)/lib/%.o $(LWIP_BUILD)/$(1)/unit/%.o
$(if $(6),,$(call lwip_archive,$(LWIP_BUILD)/$(1),$(2),$(4)))
$(LWIP_BUILD)/$(1)/lib/%.o: %.c $(wildcard test/lwip/*.h) $(LWIP_READY)
	@mkdir -p $$(@D)
	$$(Q)$(2) $(LWIP_TC_LIB) $(3) -MMD -MP -c -o $$@ $$<
$(LWIP_BUILD)/$(1)/unit/%.o: %.c $(BUILD_DIR)/allowed.h $(wildcard test/lwip/*.h) $(LWIP_READY)
	@mkdir -p $$(@D)
	$$(Q)$(2) $(LWIP_TC_TEST) $(3) -MMD -MP -c -o $$@ $$<
$(LWIP_BUILD)/$(1)/usocket.a: $(patsubst %.c,$(LWIP_BUILD)/$(1)/lib/%.o,$(call in_units,$(LWIP_TC_SOURCES))) $(LWIP_BUILD)/$(1)/unit/$(TC)/fixture.o
	$$(Q)rm -f $$@ && $(AR) rcs $$@ $$^
$(LWIP_BUILD)/$(1)/%-lwip: $(LWIP_BUILD)/$(1)/unit/$(TC)/test_%.o $(LWIP_BUILD)/$(1)/usocket.a $(or $(6),$(LWIP_BUILD)/$(1))/liblwip.a
	$$(Q)$(2) $(3) -o $$@ $$< $(LWIP_BUILD)/$(1)/usocket.a -Wl,--whole-archive $(or $(6),$(LWIP_BUILD)/$(1))/liblwip.a -Wl,--no-whole-archive $(TC_LINK)
-include $$(shell find $(LWIP_BUILD)/$(1) -name '*.d' 2>/dev/null)
endef

$(eval $(call lwip_variant,gcc,gcc,-O2,-O2,$(LWIP_TESTS),build/lwip))
$(eval $(call lwip_variant,clang,clang,-O1,-O1,$(LWIP_TESTS)))
$(eval $(call lwip_variant,asan,clang,-O1 $(TC_SANITIZE),-O1 $(LWIP_ASAN),$(LWIP_TESTS)))
$(eval $(call lwip_variant,tiny,gcc,-O2 -DTEST_LWIP_TINY,-O2 -DTEST_LWIP_TINY,calls,build/lwip-tiny))
$(eval $(call lwip_variant,tiny-asan,clang,-O1 -DTEST_LWIP_TINY $(TC_SANITIZE),-O1 -DTEST_LWIP_TINY $(LWIP_ASAN),calls))
$(eval $(call lwip_variant,v4,gcc,-O2 -DUSOCKET_IPV6=0,-O2,getaddrinfo,build/lwip))

.PHONY: test-lwip-c test-lwip-c-long
test-lwip-c: $(lwip_gcc_PROGRAMS) $(lwip_v4_PROGRAMS) $(lwip_asan_PROGRAMS) $(lwip_tiny_PROGRAMS) $(lwip_tiny-asan_PROGRAMS) ## the C tests on lwIP; random sequences of calls
	$(GO) ASAN_OPTIONS=detect_leaks=1:exitcode=99 UBSAN_OPTIONS=print_stacktrace=1 $(TC_RUN) \
		--full $(lwip_tiny_PROGRAMS) $(lwip_gcc_PROGRAMS) $(lwip_v4_PROGRAMS) --brief $(lwip_tiny-asan_PROGRAMS) $(lwip_asan_PROGRAMS)

# 100,000 random sequences on each of two pool sizes; they mostly wait.
LWIP_CALLS := $(filter %/calls-lwip,$(lwip_gcc_PROGRAMS) $(lwip_tiny_PROGRAMS))
test-lwip-c-long: $(lwip_gcc_PROGRAMS) $(lwip_clang_PROGRAMS) $(lwip_tiny_PROGRAMS) $(lwip_tiny-asan_PROGRAMS)
	$(GO) TEST_LONG=1 TEST_LIMIT=1500 $(TC_RUN) --jobs 8 --full TEST_SEQUENCES=25000 $(foreach quarter,1 2 3 4,$(LWIP_CALLS)) \
		--brief $(lwip_clang_PROGRAMS) $(lwip_tiny-asan_PROGRAMS)

LONG_SUITES += test-lwip-c
SOAK_SUITES += test-lwip-c-long
