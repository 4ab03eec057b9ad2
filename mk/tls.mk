# mbedTLS from source: for each set of options one archive with everything and two empty ones, because MicroPython links with
# -lmbedx509 -lmbedtls -lmbedcrypto, in this order.

# mk/interpreters.mk chooses the tree.
$(MBEDTLS_PINNED)/.ready: | packages
	$(Q)tools/setup.sh mbedtls $(MBEDTLS_VERSION)

MBEDTLS_INCLUDE := -DMBEDTLS_USER_CONFIG_FILE='"mbedtls_user.h"' -idirafter port/posix -isystem $(MBEDTLS_TREE)/include

# $(call mbedtls_archive,directory,compiler,options)
define mbedtls_archive
$(1)/libmbedcrypto.a: port/posix/mbedtls_user.h mk/mbedtls.mk $(MBEDTLS_READY)
	@mkdir -p $(1)/mbedtls
	@echo "mbedTLS $(1)"
	+$$(Q)$(MAKE) --no-print-directory -f mk/mbedtls.mk TREE=$(MBEDTLS_TREE) PINNED=$(MBEDTLS_PINNED) OUT=$(1) CC='$(2)' OPTIONS='$(3)' Q=$(Q)
	$$(Q)$(AR) rcs $(1)/libmbedtls.a && $(AR) rcs $(1)/libmbedx509.a
endef

# MBEDTLS_O: -O0 where only the build is tested (test/tree).
$(eval $(call mbedtls_archive,$(MBEDTLS_OUT),gcc,$(or $(MBEDTLS_O),-O2)))
$(eval $(call mbedtls_archive,$(MBEDTLS_OUT_ASAN),gcc,-O1 -g1 -fsanitize=address -fno-omit-frame-pointer))

$(eval $(call mbedtls_archive,build/mbedtls-tsan,clang,-O1 -g1 -fsanitize=thread))

size size-check size-check-long test-configs test-configs-long: $(MBEDTLS_READY)

# The interpreters with TLS (tools/build.py).
ifneq ($(TLS),0)
$(foreach f,unix ab cov lwip lwip-tiny lwip-raw lwip-raw-tiny sal sal5,build/obj/$(f)-$(MPY_KEY)/micropython): $(MBEDTLS_OUT)/libmbedcrypto.a
$(foreach f,asan lwip-asan lwip-raw-asan lwip-raw-irq sal-asan sal5-asan,build/obj/$(f)-$(MPY_KEY)/micropython): $(MBEDTLS_OUT_ASAN)/libmbedcrypto.a
endif

# ---- C tests ------------------------------------------------------------------------------------------------------------

# Variants with TLS have all other tests and those of TLS. mbedTLS also allocates from the simulated network's memory.
TLS_FLAGS = -DUSOCKET_TLS=1 -DTLS_CERTS='"$(BUILD_DIR)/tls_certs"'
$(BUILD_DIR)/tls_certs.h: $(TC)/tls_certs.py test/tls/certs.py
	@mkdir -p $(@D)
	$(Q)$(TC_PYTHON) $< $(BUILD_DIR)
# $(call tls_variant,name,compiler,options,archive,tests,tests on the system)
# NAME_CMOCKA: the test library as an object, if the system's cannot be used.
define tls_variant
$(eval $(1)_NEEDS := $(BUILD_DIR)/tls_certs.h $(4) $($(1)_CMOCKA))$(eval $(1)_LINK := $(4) $(or $($(1)_CMOCKA:%=% -lpthread),$(TC_LINK)))
$(call tc_variant,$(1),$(2),$(3) $(TLS_FLAGS) $(MBEDTLS_INCLUDE),$(5),$(6))
$(patsubst %.c,$(BUILD_DIR)/$(1)/lib/%.o,$(call tc_src,$(1))): | $(MBEDTLS_READY)
$(5:%=$(BUILD_DIR)/$(1)/%-sim) $(6:%=$(BUILD_DIR)/$(1)/%-net): $(4)
endef
$(eval $(call tls_variant,tls,gcc,-O2,$(MBEDTLS_OUT)/libmbedcrypto.a,$(TC_SIM_TESTS) tls dtls dtls_way flood_dtls tls_options tls_faults tls_sweep tls_memory tls_secrets,$(TC_NET_TESTS) tls dtls dtls_way flood_dtls tls_options tls_faults))
$(eval $(call tls_variant,tls-clang,clang,-O1,$(MBEDTLS_OUT)/libmbedcrypto.a,tls dtls dtls_way tls_options tls_faults tls_sweep,tls dtls dtls_way tls_options tls_faults))
$(eval $(call tls_variant,tls-asan,clang,-O1 $(TC_SANITIZE),$(MBEDTLS_OUT_ASAN)/libmbedcrypto.a,tls dtls dtls_way tls_options tls_faults tls_sweep,tls dtls dtls_way tls_options tls_faults socket))

# Every pair of concurrent calls, under ThreadSanitizer including mbedTLS.
$(eval $(call tls_variant,tls-tsan,clang,-O1 -fsanitize=thread,build/mbedtls-tsan/libmbedcrypto.a,,pairs))

# Debian's mbedTLS 2.28, as an example of a library that was built by others: only TLS 1.2, with its own allocator.
tls-2_NEEDS := $(BUILD_DIR)/tls_certs.h
tls-2_LINK := -lmbedtls -lmbedx509 -lmbedcrypto $(TC_LINK)
$(eval $(call tc_variant,tls-2,gcc,-O2 $(TLS_FLAGS),tls dtls dtls_way tls_options tls_faults tls_sweep,tls dtls dtls_way tls_options tls_faults))

# 32-bit ARM under qemu-user: heap and stack of a connection.
$(eval $(call mbedtls_archive,build/mbedtls-arm,$(arm_CC),-Os))
tls-arm_CMOCKA := $(BUILD_DIR)/arm/cmocka.o
$(eval $(call tls_variant,tls-arm,$(arm_CC),-Os $(FOREIGN_CFLAGS:-O2=),build/mbedtls-arm/libmbedcrypto.a,tls dtls dtls_way tls_options tls_memory tls_secrets,tls dtls dtls_way))

TLS_EXAMPLES := $(patsubst examples/c/%.c,$(BUILD_DIR)/tls/examples/%,$(wildcard examples/c/tls_*.c))
$(TLS_EXAMPLES): $(BUILD_DIR)/tls/examples/%: examples/c/%.c $(TC_SRC:%.c=$(BUILD_DIR)/tls/lib/%.o) $(TC_PORT:%.c=$(BUILD_DIR)/tls/lib/%.o) $(MBEDTLS_OUT)/libmbedcrypto.a
	@mkdir -p $(@D)
	$(Q)gcc $(TC_LIB_FLAGS) $(CFLAGS_EXTRA) -DUSOCKET_TLS=1 -o $@ $^ -lpthread

TLS_FULL := $(filter %/tls-sim %/tls-net %/tls_sweep-sim,$(tls_PROGRAMS))
TLS_SANITIZER := ASAN_OPTIONS=detect_leaks=1:exitcode=99 UBSAN_OPTIONS=print_stacktrace=1
.PHONY: test-tls-c test-tls-c-2 test-tls-c-asan test-tls-c-long test-tls-c-valgrind test-tls-c-arm
test-tls-c: $(tls_PROGRAMS) $(TLS_EXAMPLES) ## the C tests with TLS in the library, and those of TLS
	$(GO) TEST_LIMIT=300 $(TC_RUN) --also '$(TC)/examples.sh $(BUILD_DIR)/tls/examples $(BUILD_DIR)/tls_certs' --brief $(filter-out $(TLS_FULL),$(tls_PROGRAMS)) --full $(TLS_FULL)

test-tls-c-2: $(tls-2_PROGRAMS) ## the C tests of TLS, with mbedTLS 2.28
	$(GO) TEST_LIMIT=300 $(TC_RUN) --brief $^

test-tls-c-asan: $(tls-clang_PROGRAMS) $(tls-asan_PROGRAMS)
	$(GO) $(TLS_SANITIZER) TEST_LIMIT=300 $(TC_RUN) --brief $(tls-clang_PROGRAMS) $(tls-asan_PROGRAMS)

# Every 17th failing call and allocation of a session, every 97th under the sanitizers, different ones each day; TEST_STRIDE=1: all.
test-tls-c-long: $(tls_PROGRAMS) $(tls-asan_PROGRAMS)
	$(GO) $(TLS_SANITIZER) TEST_LONG=1 TEST_LIMIT=3000 $(TC_RUN) --full \
		TEST_STRIDE=$(or $(TEST_STRIDE),17) $(filter %/tls_sweep-sim,$(tls_PROGRAMS)) \
		TEST_STRIDE=$(or $(TEST_STRIDE),97) $(filter %/tls_sweep-sim,$(tls-asan_PROGRAMS))

test-tls-c-valgrind: $(tls_PROGRAMS)
	$(GO) TEST_SHORT=1 TEST_VALGRIND=1 TEST_LIMIT=1500 $(TC_RUN) --under '$(TC_VALGRIND)' --full $(filter %/tls-sim %/tls-net,$(tls_PROGRAMS))

test-tls-c-arm: $(tls-arm_PROGRAMS)
	$(GO) TEST_LIMIT=600 $(TC_RUN) --under '$(arm_RUN)' --full $^

.PHONY: test-pairs
test-pairs: $(tls-tsan_PROGRAMS) ## every pair of calls at once on one socket, under ThreadSanitizer
	$(GO) TSAN_OPTIONS=halt_on_error=0:exitcode=97:history_size=4 TEST_LIMIT=600 $(TC_RUN) --full $^

SUITES += test-tls-c test-pairs
LONG_SUITES += test-tls-c-2 test-tls-c-asan
SOAK_SUITES += test-tls-c-arm test-tls-c-long test-tls-c-valgrind

# ---- Tests --------------------------------------------------------------------------------------------------------------

.PHONY: test-tls test-tls-asan test-tls-long
test-tls: $(OURS) ## TLS sockets against openssl, CPython's ssl, bad certificates, spoiled connections
	$(GO) $(PYTHON) test/tls/run.py --interp $(OURS)

test-tls-long: $(OURS)
	$(GO) $(PYTHON) test/tls/run.py --interp $(OURS) --long

test-tls-asan: $(ASAN)
	$(GO) $(SANITIZER) $(PYTHON) test/tls/run.py --interp $(ASAN)

SUITES += test-tls
LONG_SUITES += test-tls-asan
SOAK_SUITES += test-tls-long

# The TLS tests on other stacks.
OVER_STACKS := $(patsubst %,test-tls-%,$(STACKS) $(STACKS_SOAK))
.PHONY: $(OVER_STACKS)
$(OVER_STACKS): test-tls-%: packages-test build/%/micropython
	$(GO) $(PYTHON) test/tls/run.py --interp build/$*/micropython --stack $(call stack_lists,$*)

LONG_SUITES += $(STACKS:%=test-tls-%)
SOAK_SUITES += $(STACKS_SOAK:%=test-tls-%)
