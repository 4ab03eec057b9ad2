# lwIP on this machine: the stack in archives, the interpreters that speak through it, the C tests on it (test-lwip-c).

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

LWIP_PORT := contrib/ports/unix/port
LWIP_FILES := $(addprefix src/core/,init def dns inet_chksum ip mem memp netif pbuf raw stats sys altcp altcp_alloc altcp_tcp tcp \
	tcp_in tcp_out timeouts udp) \
	$(addprefix src/core/ipv4/,acd autoip dhcp etharp icmp igmp ip4_frag ip4 ip4_addr) \
	$(addprefix src/core/ipv6/,dhcp6 ethip6 icmp6 inet6 ip6 ip6_addr ip6_frag mld6 nd6) \
	$(addprefix src/api/,api_lib api_msg err if_api netbuf netdb netifapi sockets tcpip) \
	src/netif/ethernet $(LWIP_PORT)/sys_arch
LWIP_INCLUDE := -Itest/lwip -isystem $(LWIP_TREE)/src/include -isystem $(LWIP_TREE)/$(LWIP_PORT)/include
# What the library is to know of this stack.
LWIP_KNOBS := -DUSOCKET_CLOCK_STEP_US=1000 -DUSOCKET_UNIX=0 -DPLAT_EVENT_COUNT=64

# $(call lwip_archive,directory,compiler,options): lwIP, and what starts it.
define lwip_archive
$(1)/liblwip.a: $(LWIP_FILES:%=$(1)/lwip/%.o) $(1)/start.o
	@echo "AR $$@"
	$$(Q)rm -f $$@ && $(AR) rcs $$@ $$^
$(LWIP_FILES:%=$(1)/lwip/%.o): $(1)/lwip/%.o: test/lwip/lwipopts.h $(LWIP_READY)
	@mkdir -p $$(@D)
	$$(Q)$(2) -std=gnu99 -g -w $(3) $(LWIP_INCLUDE) -c -o $$@ $(LWIP_TREE)/$$*.c
$(1)/start.o: test/lwip/start.c test/lwip/start.h test/lwip/lwipopts.h $(LWIP_READY)
	@mkdir -p $$(@D)
	$$(Q)$(2) -std=gnu99 -g -Wall -Wextra -Werror $(3) $(LWIP_INCLUDE) -c -o $$@ $$<
endef

LWIP_ASAN := -fsanitize=address -fno-omit-frame-pointer
$(eval $(call lwip_archive,build/lwip,gcc,-O2))
$(eval $(call lwip_archive,build/lwip-asan,gcc,-O1 $(LWIP_ASAN)))
$(eval $(call lwip_archive,build/lwip-tiny,gcc,-O2 -DTEST_LWIP_TINY))

# ---- Interpreters -------------------------------------------------------------------------------------------------------

LWIP_FLAVOURS := lwip lwip-asan lwip-tiny
$(LWIP_FLAVOURS:%=build/obj/%-$(MPY_KEY)/micropython): build/obj/%-$(MPY_KEY)/micropython: build/%/liblwip.a $(wildcard port/lwip/* test/stackinfo/*)
