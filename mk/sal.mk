# The C tests on the look-alike of RT-Thread's sockets, test/sal/. A variant is the library, the look-alike and the tests, built
# with one compiler and one set of options, under $(BUILD_DIR)/sal-<variant>; LOOK=... chooses a stack's behaviour at run time.

SAL := test/sal
SAL_SRC := $(wildcard src/*/*.c port/*.c port/rtthread/*.c)
SAL_LOOK := $(wildcard $(SAL)/*.c)
SAL_LOOK := $(filter-out $(SAL)/test_%,$(SAL_LOOK))
SAL_UNIT := socket connect data datagram watch getaddrinfo threads edges
SAL_OWN := $(patsubst $(SAL)/test_%.c,%,$(wildcard $(SAL)/test_*.c))
SAL_CONFIG := -D__RTTHREAD__ -DUSOCKET_CONFIG_FILE='"usocket_config.h"' -I$(SAL)/rtthread -Iinclude -Iport/rtthread
SAL_LIB_FLAGS := -std=c99 -g1 -Wall -Wextra -Werror -Wconversion $(SAL_CONFIG) -I$(SAL)/include
SAL_LOOK_FLAGS := -std=gnu99 -g1 -Wall -Wextra -Werror
SAL_TEST_FLAGS := -std=c99 -g1 -D_GNU_SOURCE -Wall -Wextra -Werror $(SAL_CONFIG) -DTEST_PLATFORM -I$(TC) -I$(SAL) -I$(BUILD_DIR)

# ---- The interpreter ----------------------------------------------------------------------------------------------------

build/sal/liblook.a: $(SAL_LOOK:$(SAL)/%.c=build/sal/%.o)
	@echo "AR $@"
	$(Q)rm -f $@ && $(AR) rcs $@ $^
$(SAL_LOOK:$(SAL)/%.c=build/sal/%.o): build/sal/%.o: $(SAL)/%.c $(wildcard $(SAL)/*.h)
	@mkdir -p $(@D)
	$(Q)$(CC) $(SAL_LOOK_FLAGS) -O2 -c -o $@ $<

build/obj/sal-$(MPY_KEY)/micropython build/obj/sal-asan-$(MPY_KEY)/micropython: build/sal/liblook.a $(wildcard port/rtthread/*.[ch] test/sal/rtthread/* test/sal/rtthread/*/* test/sal/include/* test/sal/include/*/* test/stackinfo/*)

# ---- C tests ------------------------------------------------------------------------------------------------------------

# $(call sal_variant,name,compiler,options of everything,unit tests,own tests)
define sal_variant
sal_$(1)_PROGRAMS := $(4:%=$(BUILD_DIR)/sal-$(1)/unit-%) $(5:%=$(BUILD_DIR)/sal-$(1)/own-%)
.PRECIOUS: $(BUILD_DIR)/sal-$(1)/lib/%.o $(BUILD_DIR)/sal-$(1)/look/%.o $(BUILD_DIR)/sal-$(1)/test/%.o
$(BUILD_DIR)/sal-$(1)/lib/%.o: %.c
	@mkdir -p $$(@D)
	$$(Q)$(2) $(SAL_LIB_FLAGS) $(3) $(CFLAGS_EXTRA) -MMD -MP -c -o $$@ $$<
$(BUILD_DIR)/sal-$(1)/look/%.o: $(SAL)/%.c
	@mkdir -p $$(@D)
	$$(Q)$(2) $(SAL_LOOK_FLAGS) $(3) $(CFLAGS_EXTRA) -MMD -MP -c -o $$@ $$<
$(BUILD_DIR)/sal-$(1)/test/%.o: %.c $(BUILD_DIR)/allowed.h
	@mkdir -p $$(@D)
	$$(Q)$(2) $(SAL_TEST_FLAGS) $$(if $$(findstring getaddrinfo,$$<),,-I$(SAL)/include) $(3) $(CFLAGS_EXTRA) -MMD -MP -c -o $$@ $$<
$(BUILD_DIR)/sal-$(1)/all.a: $(SAL_SRC:%.c=$(BUILD_DIR)/sal-$(1)/lib/%.o) \
		$(SAL_LOOK:$(SAL)/%.c=$(BUILD_DIR)/sal-$(1)/look/%.o) $(BUILD_DIR)/sal-$(1)/test/$(TC)/fixture.o
	$$(Q)rm -f $$@ && $(AR) rcs $$@ $$^
$(BUILD_DIR)/sal-$(1)/unit-%: $(BUILD_DIR)/sal-$(1)/test/$(TC)/test_%.o $(BUILD_DIR)/sal-$(1)/all.a
	$$(Q)$(2) $(3) $(CFLAGS_EXTRA) -o $$@ $$^ $(TC_LINK)
$(BUILD_DIR)/sal-$(1)/own-%: $(BUILD_DIR)/sal-$(1)/test/$(SAL)/test_%.o $(BUILD_DIR)/sal-$(1)/all.a
	$$(Q)$(2) $(3) $(CFLAGS_EXTRA) -o $$@ $$^ $(TC_LINK)
-include $$(shell find $(BUILD_DIR)/sal-$(1) -name '*.d' 2>/dev/null)
endef

$(eval $(call sal_variant,gcc,gcc,-O2,$(SAL_UNIT),$(SAL_OWN)))
$(eval $(call sal_variant,no-posix,clang,-O1 -DLOOK_NO_POSIX,$(SAL_UNIT),$(SAL_OWN)))
$(eval $(call sal_variant,asan,clang,-O1 $(TC_SANITIZE),$(SAL_UNIT),$(SAL_OWN)))
$(eval $(call sal_variant,no-ipv6,gcc,-O1 -DLOOK_NO_IPV6,socket connect datagram,quirks look))

# The behaviour of lwIP 2.1.2 and 2.0.2, each with poll and with select; other variants with the default.
.PHONY: test-sal-c
test-sal-c: $(sal_gcc_PROGRAMS) $(sal_no-posix_PROGRAMS) $(sal_asan_PROGRAMS) $(sal_no-ipv6_PROGRAMS)
	$(GO) $(TC_RUN) --jobs 4 --full LOOK=212 $(sal_gcc_PROGRAMS) --brief LOOK=212 $(sal_no-posix_PROGRAMS) $(sal_no-ipv6_PROGRAMS) \
		LOOK=202 $(sal_gcc_PROGRAMS) $(sal_asan_PROGRAMS) $(filter %quirks %trouble %connect,$(sal_no-posix_PROGRAMS))

LONG_SUITES += test-sal-c
