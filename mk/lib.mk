# The C library for Linux: build/libusocket.a. With TLS=1 on the command line it has TLS, on the mbedTLS of the project, an archive beside
# it, or with MBEDTLS=system on that of the system. LIB_DIR is another directory, for a second library with other flags.

LIB_DIR ?= build
LIB_TLS := $(if $(filter command line,$(origin TLS)),$(filter-out 0,$(TLS)))
LIB_ASKED := $(filter lib install uninstall,$(MAKECMDGOALS))
# The tests and the documents link the plain library, whatever the interpreters have.
ifeq ($(LIB_ASKED),)
LIB_TLS :=
endif
MBEDTLS ?= own
LIB_MBEDTLS := $(if $(LIB_TLS),$(MBEDTLS),none)
ifeq ($(filter none own system,$(LIB_MBEDTLS)),)
$(error MBEDTLS=$(MBEDTLS): it is own or system)
endif

ifneq ($(LIB_ASKED),)
USOCKET_DIR := .
USOCKET_PORT := posix
include micropython/knobs.mk
$(call usocket_check,$(call usocket_in_flags,$(CPPFLAGS) $(CFLAGS)),CFLAGS)
$(foreach header,$(wildcard $(patsubst USOCKET_CONFIG_FILE=%,%,$(filter USOCKET_CONFIG_FILE=%,$(call usocket_in_flags,$(CPPFLAGS) $(CFLAGS))))),\
	$(call usocket_check,$(call usocket_in_header,$(header)),$(header)))
endif

LIB_SOURCES := $(wildcard src/*/*.c port/*.c port/posix/*.c)
LIB_OBJECTS := $(LIB_SOURCES:%.c=$(LIB_DIR)/obj/lib/%.o)
LIB_CFLAGS = -std=c99 -Wall -Wextra -Werror -Wconversion -O2 -Iinclude -Iport/posix
LIB_CFLAGS += $(if $(LIB_TLS),-DUSOCKET_TLS=1) $(if $(filter own,$(LIB_MBEDTLS)),$(MBEDTLS_INCLUDE))
LIB_COMMAND = $(CC) $(LIB_CFLAGS) $(CPPFLAGS) $(CFLAGS)
LIB_ARCHIVES := $(LIB_DIR)/libusocket.a $(if $(filter own,$(LIB_MBEDTLS)),$(LIB_DIR)/libusocket-mbedtls.a)

lib: $(LIB_ARCHIVES) ## the C library, build/libusocket.a; with TLS=1 it has TLS

$(LIB_DIR)/libusocket.a: $(LIB_OBJECTS)
	@echo "AR $@"
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

$(LIB_DIR)/libusocket-mbedtls.a: $(MBEDTLS_OUT)/libmbedcrypto.a
	@mkdir -p $(@D)
	$(Q)cp $< $@

# The command of the last compilation: it changes when the compiler or a flag does, and only then.
$(LIB_DIR)/obj/lib/command: FORCE
	@mkdir -p $(@D)
	$(Q)printf '%s\n' '$(subst ','\'',$(LIB_COMMAND))' >$@.new
	$(Q)if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

# The library alone needs a compiler, and none of the packages for the interpreters.
$(LIB_OBJECTS): $(LIB_DIR)/obj/lib/%.o: %.c $(LIB_DIR)/obj/lib/command | $(if $(LIB_ASKED),,packages) $(if $(filter own,$(LIB_MBEDTLS)),$(MBEDTLS_READY))
	@mkdir -p $(@D)
	@echo "CC $<"
	$(Q)$(LIB_COMMAND) -MMD -MP -c -o $@ $<

-include $(LIB_OBJECTS:.o=.d)

# tools/install.py has the names of the files. The headers carry the knobs of the library that was built.
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
LIB_INSTALL = $(PYTHON) tools/install.py --prefix '$(PREFIX)' --libdir '$(LIBDIR)' --destdir '$(DESTDIR)'
.PHONY: install uninstall
install: lib ## the C library into PREFIX (/usr/local), below DESTDIR; with the TLS= and CFLAGS= of make lib
	$(Q)$(LIB_INSTALL) --mbedtls $(LIB_MBEDTLS) --command '$(subst ','\'',$(LIB_COMMAND))' install $(LIB_ARCHIVES)

uninstall: ## remove what make install has put into PREFIX
	$(Q)$(LIB_INSTALL) uninstall
