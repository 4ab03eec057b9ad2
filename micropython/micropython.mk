# usocket as a MicroPython user C module.
#
#   make USER_C_MODULES=<this project's root>        or, with this project beside other modules in modules/:
#   make USER_C_MODULES=modules
#
# No list of sources: every .c compiles in every build, an option empties a whole file.

ifdef USOCKET_VARIABLES
$(error usocket is twice in USER_C_MODULES=$(USER_C_MODULES), as a directory and as a link to its micropython/: remove one of them)
endif

# A variable with another name would be ignored. One that has a directory, such as where this project is, is the caller's.
USOCKET_VARIABLES := USOCKET_PORT USOCKET_TLS USOCKET_BOARD_C USOCKET_CONFIG USOCKET_EXTRA USOCKET_CFLAGS USOCKET_UNITS
USOCKET_UNKNOWN := $(foreach name,$(filter-out $(USOCKET_VARIABLES) USOCKET_VARIABLES,$(filter USOCKET_%,$(.VARIABLES))),$(if \
	$(wildcard $($(name))/.),,$(name)))
ifneq ($(USOCKET_UNKNOWN),)
$(error not a variable of usocket: $(USOCKET_UNKNOWN). There are: $(USOCKET_VARIABLES). A knob of include/usocket/config.h is set with CFLAGS_EXTRA=-DNAME=VALUE)
endif

USOCKET_DIR := $(patsubst %/,%,$(dir $(realpath $(USERMOD_DIR))))

# The stack underneath, a directory of port/: lwip_raw for a board on which MicroPython has lwIP (MICROPY_PY_LWIP), else posix. It
# can be set on make's command line or in the board's mpconfigboard.mk.
USOCKET_PORT ?= $(if $(filter 1,$(MICROPY_PY_LWIP)),lwip_raw,posix)
ifeq ($(wildcard $(USOCKET_DIR)/port/$(USOCKET_PORT)/platform.h),)
$(error USOCKET_PORT=$(USOCKET_PORT) is not a port of usocket; there are: $(notdir $(patsubst %/platform.h,%,$(wildcard $(USOCKET_DIR)/port/*/platform.h))))
endif

include $(USOCKET_DIR)/micropython/knobs.mk
USOCKET_FLAGS := $(call usocket_in_flags,$(CFLAGS) $(CFLAGS_EXTRA))
$(call usocket_check,$(USOCKET_FLAGS),CFLAGS_EXTRA)

# The header of knobs: that of the port, where it has one. USOCKET_CONFIG=my_config.h names another one, and so does
# USOCKET_CONFIG_FILE among the flags.
USOCKET_HEADER := $(patsubst USOCKET_CONFIG_FILE=%,%,$(filter USOCKET_CONFIG_FILE=%,$(USOCKET_FLAGS)))
ifeq ($(USOCKET_HEADER),)
USOCKET_CONFIG ?= $(notdir $(wildcard $(USOCKET_DIR)/port/$(USOCKET_PORT)/usocket_config.h))
USOCKET_HEADER := $(USOCKET_CONFIG)
endif

# The compiler looks for it in more directories, such as those that a port adds later.
USOCKET_PLACES := $(USOCKET_DIR)/include/usocket $(patsubst -I%,%,$(filter -I%,$(call usocket_plain,$(CFLAGS) $(CFLAGS_EXTRA) $(INC)))) \
	. $(BOARD_DIR) $(VARIANT_DIR) $(USOCKET_DIR)/port/$(USOCKET_PORT)
USOCKET_FOUND := $(if $(USOCKET_HEADER),$(firstword $(wildcard $(filter /%,$(USOCKET_HEADER)) $(addsuffix /$(USOCKET_HEADER),$(USOCKET_PLACES)))))
ifneq ($(USOCKET_FOUND),)
$(call usocket_check,$(call usocket_in_header,$(USOCKET_FOUND)),$(USOCKET_FOUND))
else ifneq ($(USOCKET_CONFIG),)
$(error USOCKET_CONFIG=$(USOCKET_CONFIG) is not in $(strip $(USOCKET_PLACES)). Give its whole path)
endif

# USOCKET_EXTRA: more files of C below USOCKET_DIR, for test builds.
USOCKET_BINDING := $(wildcard $(USOCKET_DIR)/micropython/*.c) $(USOCKET_EXTRA)
USOCKET_CORE := $(wildcard $(USOCKET_DIR)/src/*/*.c $(USOCKET_DIR)/port/*.c $(USOCKET_DIR)/port/$(USOCKET_PORT)/*.c)
# These flags reach all files of the firmware, MicroPython's and lwIP's own as well: a board's header may check them.
CFLAGS_USERMOD += -DUSOCKET_IN_MICROPYTHON=1 -I$(USOCKET_DIR)/include -I$(USOCKET_DIR)/port/$(USOCKET_PORT)
ifneq ($(USOCKET_CONFIG),)
CFLAGS_USERMOD += -DUSOCKET_CONFIG_FILE='"$(USOCKET_CONFIG)"'
endif

# On lwip_raw MicroPython's extmod/modlwip.c is not compiled and not searched for strings: a file without code is found in its place.
# The module is then `socket` as well. lwIP itself and `network` stay.
ifeq ($(USOCKET_PORT),lwip_raw)
vpath extmod/modlwip.c $(USOCKET_DIR)/port/lwip_raw
CFLAGS_USERMOD += -DUSOCKET_IS_SOCKET=1
endif

# USOCKET_TLS=1: TLS, with the mbedTLS of the board's MicroPython, which it compiles with MICROPY_SSL_MBEDTLS. The board writes
# usocket_port_random. A soft reset takes the memory of kept sessions away, therefore none are kept.
ifneq ($(filter-out 0 1,$(USOCKET_TLS)),)
$(error USOCKET_TLS=$(USOCKET_TLS): it is 0 or 1)
endif
ifeq ($(USOCKET_TLS),1)
ifneq ($(USOCKET_PORT),lwip_raw)
$(error USOCKET_TLS=1 is for USOCKET_PORT=lwip_raw. For $(USOCKET_PORT) set CFLAGS_EXTRA=-DUSOCKET_TLS=1, and supply mbedTLS: docs/tls.md)
endif
CFLAGS_USERMOD += -DUSOCKET_TLS=1 -DUSOCKET_TLS_SESSIONS=0 -DMBEDTLS_USER_CONFIG_FILE='"mbedtls_user.h"'
endif

# USOCKET_BOARD_C: a file with what the board writes for the port.
ifneq ($(USOCKET_BOARD_C),)
ifeq ($(wildcard $(USOCKET_BOARD_C)),)
$(error USOCKET_BOARD_C=$(USOCKET_BOARD_C): there is no such file)
endif
PY_O += $(BUILD)/usocket/board.o
$(BUILD)/usocket/board.o: $(USOCKET_BOARD_C)
	$(call compile_c)
endif

# What SRC_USERMOD_C and SRC_USERMOD_LIB_C would do, but with the objects in a directory of their own: theirs for our
# micropython/ would be $(BUILD)/micropython, which is the name of the unix port's program.
SRC_QSTR += $(USOCKET_BINDING)
# USOCKET_UNITS: a directory of files that include all of them, for test builds, which compile faster so.
USOCKET_TOP := $(or $(patsubst %/,%,$(dir $(USOCKET_UNITS))),$(USOCKET_DIR))
USOCKET_COMPILED := $(or $(wildcard $(USOCKET_UNITS:%=%/*.c)),$(USOCKET_BINDING) $(USOCKET_CORE))
PY_O += $(patsubst $(USOCKET_TOP)/%.c,$(BUILD)/usocket/%.o,$(USOCKET_COMPILED))
$(BUILD)/usocket/%.o: $(USOCKET_TOP)/%.c
	$(call compile_c)

# A changed header may bring new names for MicroPython's string table.
QSTR_GLOBAL_DEPENDENCIES += $(wildcard $(USOCKET_DIR)/micropython/*.h)

# Flags for these files alone (sanitizers, coverage).
$(BUILD)/usocket/%.o: private CFLAGS += $(USOCKET_CFLAGS)
