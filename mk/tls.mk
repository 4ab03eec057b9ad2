# mbedTLS, from its source: one archive with everything for each set of options, and two empty ones, for MicroPython links with
# -lmbedx509 -lmbedtls -lmbedcrypto, in this order.

MBEDTLS_VERSION := 3.6.6
ifneq ($(MBEDTLS_DIR),)
MBEDTLS_TREE := $(abspath $(MBEDTLS_DIR))
MBEDTLS_READY :=
else
MBEDTLS_TREE := build/mbedtls-$(MBEDTLS_VERSION)
MBEDTLS_READY := $(MBEDTLS_TREE)/.ready
$(MBEDTLS_READY): | packages
	$(Q)tools/setup.sh mbedtls $(MBEDTLS_VERSION)
endif

MBEDTLS_INCLUDE := -DMBEDTLS_USER_CONFIG_FILE='"mbedtls_user.h"' -Iport/posix -isystem $(MBEDTLS_TREE)/include

# $(call mbedtls_archive,directory,compiler,options)
define mbedtls_archive
$(1)/libmbedcrypto.a: port/posix/mbedtls_user.h mk/tls.mk mk/mbedtls.mk $(MBEDTLS_READY)
	@mkdir -p $(1)/mbedtls
	@echo "mbedTLS $(1)"
	+$$(Q)$(MAKE) --no-print-directory -f mk/mbedtls.mk TREE=$(MBEDTLS_TREE) OUT=$(1) CC='$(2)' OPTIONS='$(3)' Q=$(Q)
	$$(Q)$(AR) rcs $(1)/libmbedtls.a && $(AR) rcs $(1)/libmbedx509.a
endef

$(eval $(call mbedtls_archive,build/mbedtls,gcc,-O2))
$(eval $(call mbedtls_archive,build/mbedtls-asan,gcc,-O1 -g -fsanitize=address -fno-omit-frame-pointer))

# The interpreters that have TLS (tools/build.py).
$(foreach f,unix ab cov,build/obj/$(f)-$(MPY_KEY)/micropython): build/mbedtls/libmbedcrypto.a
build/obj/asan-$(MPY_KEY)/micropython: build/mbedtls-asan/libmbedcrypto.a

# ---- Tests --------------------------------------------------------------------------------------------------------------

.PHONY: test-tls test-tls-asan test-tls-long
test-tls: $(OURS) ## TLS sockets against openssl, CPython's ssl, bad certificates, spoiled connections
	@$(PYTHON) test/tls/run.py --interp $(OURS)

test-tls-long: $(OURS)
	@$(PYTHON) test/tls/run.py --interp $(OURS) --long

test-tls-asan: $(ASAN)
	@$(SANITIZER) $(PYTHON) test/tls/run.py --interp $(ASAN)

SUITES += test-tls
LONG_SUITES += test-tls-asan test-tls-long
