# The inner make of mk/tls.mk: what there is to compile is known once the source has been unpacked.

SOURCES := $(wildcard $(TREE)/library/*.c) 
OBJECTS := $(SOURCES:$(TREE)/library/%.c=$(OUT)/mbedtls/%.o)

$(OUT)/libmbedcrypto.a: $(OBJECTS)
	$(Q)rm -f $@ && $(AR) rcs $@ $^
$(OUT)/mbedtls/%.o: $(TREE)/library/%.c port/posix/mbedtls_user.h mk/mbedtls.mk
	$(Q)$(CC) -std=c99 -D_GNU_SOURCE -w $(OPTIONS) -ffunction-sections -DMBEDTLS_USER_CONFIG_FILE='"mbedtls_user.h"' -Iport/posix -I$(TREE)/library -I$(TREE)/include -I$(TREE)/3rdparty/everest/include -c -o $@ $<
