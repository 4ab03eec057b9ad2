# The C tests on the look-alike of RT-Thread's sockets, test/sal/. A variant is the library, the look-alike and the tests, built
# with one compiler and one set of options, under $(BUILD_DIR)/sal-<variant>; LOOK=... chooses a stack's behaviour at run time, and
# -DLOOK_VERSION=... RT-Thread's version when it is compiled: 4.0.3, or that of SAL_FIVE.

SAL := test/sal
SAL_FIVE := -DLOOK_VERSION=50200
SAL_SRC := $(wildcard src/*/*.c port/*.c port/rtthread/*.c)
# Objects of these sources depend on the version: the port, and files that mention it.
SAL_VERSIONED := $(wildcard port/*.c port/rtthread/*.c) $(shell grep -lE 'LOOK_VERSION|RTTHREAD_VERSION' $(SAL)/*.c)
SAL_LOOK := $(wildcard $(SAL)/*.c)
SAL_LOOK := $(filter-out $(SAL)/test_%,$(SAL_LOOK))
SAL_UNIT := socket connect data datagram watch getaddrinfo threads edges
SAL_OWN := $(patsubst $(SAL)/test_%.c,%,$(wildcard $(SAL)/test_*.c))
SAL_CONFIG := -D__RTTHREAD__ -DUSOCKET_CONFIG_FILE='"usocket_config.h"' -I$(SAL)/rtthread -Iinclude -Iport/rtthread
SAL_LIB_FLAGS := -std=c99 -g1 -Wall -Wextra -Werror -Wconversion $(SAL_CONFIG) -I$(SAL)/include
SAL_LOOK_FLAGS := -std=gnu99 -g1 -Wall -Wextra -Werror
SAL_TEST_FLAGS := -std=c99 -g1 -D_GNU_SOURCE -Wall -Wextra -Werror $(SAL_CONFIG) -DTEST_PLATFORM -I$(TC) -I$(SAL) -I$(BUILD_DIR)

# ---- The interpreter ----------------------------------------------------------------------------------------------------

# $(call sal_archive,flavour,options of its version)
define sal_archive
build/$(1)/liblook.a: $(SAL_LOOK:$(SAL)/%.c=build/$(1)/%.o)
	@echo "AR $$@"
	$$(Q)rm -f $$@ && $(AR) rcs $$@ $$^
$(SAL_LOOK:$(SAL)/%.c=build/$(1)/%.o): build/$(1)/%.o: $(SAL)/%.c $(wildcard $(SAL)/*.h)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $(SAL_LOOK_FLAGS) $(2) -O2 -c -o $$@ $$<
$(foreach f,$(1) $(1)-asan,build/obj/$(f)-$(MPY_KEY)/micropython): build/$(1)/liblook.a $(wildcard port/rtthread/*.[ch] test/sal/*.h test/sal/rtthread/* test/sal/rtthread/*/* test/sal/include/* test/sal/include/*/* test/stackinfo/*)
endef
$(eval $(call sal_archive,sal,))
$(eval $(call sal_archive,sal5,$(SAL_FIVE)))

# ---- C tests ------------------------------------------------------------------------------------------------------------

# $(call sal_object,name,folder,sources,other): their objects; those that do not depend on the version are the other variant's.
sal_object = $(foreach s,$(3),$(BUILD_DIR)/sal-$(if $(filter $(SAL_VERSIONED),$(s)),$(1),$(or $(4),$(1)))/$(2)/$(patsubst $(if $(filter look,$(2)),$(SAL)/)%.c,%.o,$(s)))

# $(call sal_variant,name,compiler,options of everything,unit tests,own tests,the variant of another version)
define sal_variant
sal_$(1)_PROGRAMS := $(4:%=$(BUILD_DIR)/sal-$(1)/unit-%) $(5:%=$(BUILD_DIR)/sal-$(1)/own-%)
.PRECIOUS: $(BUILD_DIR)/sal-$(1)/lib/%.o $(BUILD_DIR)/sal-$(1)/look/%.o $(BUILD_DIR)/sal-$(1)/test/%.o
$(BUILD_DIR)/sal-$(1)/lib/%.o: %.c
	@mkdir -p $$(@D)
	$$(Q)$(2) $(SAL_LIB_FLAGS) $(if $(filter clang,$(2)),-Wpedantic -Wgnu) $(3) $(CFLAGS_EXTRA) -MMD -MP -c -o $$@ $$<
$(BUILD_DIR)/sal-$(1)/look/%.o: $(SAL)/%.c
	@mkdir -p $$(@D)
	$$(Q)$(2) $(SAL_LOOK_FLAGS) $(3) $(CFLAGS_EXTRA) -MMD -MP -c -o $$@ $$<
$(BUILD_DIR)/sal-$(1)/test/%.o: %.c $(BUILD_DIR)/allowed.h
	@mkdir -p $$(@D)
	$$(Q)$(2) $(SAL_TEST_FLAGS) $$(if $$(findstring getaddrinfo,$$<),,-I$(SAL)/include) $(3) $(TC_TEST_O) $(CFLAGS_EXTRA) -MMD -MP -c -o $$@ $$<
$(BUILD_DIR)/sal-$(1)/all.a: $(call sal_object,$(1),lib,$(call in_units,$(SAL_SRC)),$(6)) $(call sal_object,$(1),look,$(SAL_LOOK),$(6)) \
		$(call sal_object,$(1),test,$(TC)/fixture.c,$(6))
	$$(Q)rm -f $$@ && $(AR) rcs $$@ $$^
$(foreach t,$(4),$(eval $(BUILD_DIR)/sal-$(1)/unit-$(t): $(call sal_object,$(1),test,$(TC)/test_$(t).c,$(6))))
$(foreach t,$(5),$(eval $(BUILD_DIR)/sal-$(1)/own-$(t): $(call sal_object,$(1),test,$(SAL)/test_$(t).c,$(6))))
$$(sal_$(1)_PROGRAMS): $(BUILD_DIR)/sal-$(1)/all.a
	$$(Q)$(2) $(3) $(CFLAGS_EXTRA) -o $$@ $$(filter-out %.a,$$^) $$(filter %.a,$$^) $(TC_LINK)
-include $$(shell find $(BUILD_DIR)/sal-$(1) -name '*.d' 2>/dev/null)
endef

# $(call sal_both,name,...): a variant on 4.0.3, and with 5 behind its name on 5.2.
define sal_both
$(call sal_variant,$(1),$(2),$(3),$(4),$(5))
$(call sal_variant,$(1)5,$(2),$(3) $(SAL_FIVE),$(4),$(5),$(1))
endef

$(eval $(call sal_both,gcc,gcc,-O2,$(SAL_UNIT),$(SAL_OWN)))
$(eval $(call sal_both,no-posix,clang,-O1 -DLOOK_NO_POSIX,$(SAL_UNIT),$(SAL_OWN)))
$(eval $(call sal_both,asan,clang,-O1 $(TC_SANITIZE),$(SAL_UNIT),$(SAL_OWN)))
# Without AT modules calls are tried first (USOCKET_QUICK).
$(eval $(call sal_both,no-at,gcc,-O2 -DLOOK_NO_AT,$(SAL_UNIT) quick,quirks look sequences time trouble))
$(eval $(call sal_both,no-ipv6,gcc,-O1 -DLOOK_NO_IPV6,socket connect datagram,quirks look shapes))
# 4.1.0 has headers of either side, 5.0.1 a close of its own, 5.2.2 another rule for SOCK_RAW.
SAL_VERSIONS := 40100 50001 50202
$(foreach v,$(SAL_VERSIONS),$(eval $(call sal_variant,$(v),gcc,-O0 -DLOOK_VERSION=$(v),,shapes trouble,gcc)))

SAL_VARIANTS := gcc no-posix asan no-ipv6 no-at gcc5 no-posix5 no-ipv65 no-at5 $(SAL_VERSIONS)
# The behaviour of lwIP 2.1.2 and 2.0.2, each with poll and with select; other variants and 5.2 with the default.
.PHONY: test-sal-c
test-sal-c: $(foreach v,$(SAL_VARIANTS),$(sal_$(v)_PROGRAMS))
	$(GO) $(TC_RUN) --jobs 4 --also '$(SAL)/facts.py' --full LOOK=212 $(sal_gcc_PROGRAMS) --brief LOOK=212 $(foreach v,$(filter-out gcc asan,$(SAL_VARIANTS)),$(sal_$(v)_PROGRAMS)) \
		LOOK=202 $(sal_gcc_PROGRAMS) $(sal_no-at_PROGRAMS) $(sal_asan_PROGRAMS) $(filter %quirks %trouble %connect,$(sal_no-posix_PROGRAMS))

LONG_SUITES += test-sal-c

# 5.2 under the sanitizers. Then each function of the library is a step of the scheduler, in many more schedules.
$(eval $(call sal_variant,steps,gcc,-O1 -finstrument-functions -finstrument-functions-exclude-file-list=test/,,priorities))
$(eval $(call sal_variant,steps5,gcc,-O1 $(SAL_FIVE) -finstrument-functions -finstrument-functions-exclude-file-list=test/,,priorities,steps))
.PHONY: test-sal-c-long
test-sal-c-long: $(sal_asan5_PROGRAMS) $(sal_steps_PROGRAMS) $(sal_steps5_PROGRAMS)
	$(GO) TEST_LIMIT=600 $(TC_RUN) --full $(sal_asan5_PROGRAMS) TEST_LONG=1 $(sal_steps_PROGRAMS) $(sal_steps5_PROGRAMS)

SOAK_SUITES += test-sal-c-long
