# The inner make of mk/tls.mk: what there is to compile is known once the source has been unpacked.

SOURCES := $(notdir $(wildcard $(TREE)/library/*.c))
OBJECTS := $(SOURCES:%.c=$(OUT)/mbedtls/%.o)
FLAGS := -std=c99 -D_GNU_SOURCE -w $(OPTIONS) -ffunction-sections -DMBEDTLS_USER_CONFIG_FILE='"mbedtls_user.h"' -Iport/posix \
	-I$(TREE)/library -I$(TREE)/include -I$(TREE)/3rdparty/everest/include

$(OUT)/libmbedcrypto.a: $(OBJECTS)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(OUT)/mbedtls/%.o: $(TREE)/library/%.c port/posix/mbedtls_user.h mk/mbedtls.mk
	$(Q)$(CC) $(FLAGS) -c -o $@ $<

# mbedTLS 3.6.6 offers RSA-PSS and then refuses it in TLS 1.2, which many servers choose: Mbed-TLS/mbedtls#10674, in later versions.
$(OUT)/mbedtls/ssl_tls12_client.o: $(OUT)/mbedtls/ssl_tls12_client.c
	$(Q)$(CC) $(FLAGS) -c -o $@ $<
$(OUT)/mbedtls/ssl_tls12_client.c: $(TREE)/library/ssl_tls12_client.c mk/mbedtls.mk
	$(Q)sed 's/if (!mbedtls_ssl_sig_alg_is_supported(ssl, sig_alg))/if ((sig_alg >> 8) != 8 \&\& !mbedtls_ssl_sig_alg_is_supported(ssl, sig_alg))/' $< >$@
