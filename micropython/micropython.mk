# usocket as a MicroPython user C module.
#
#   make USER_C_MODULES=<this project's root>        or, beside other modules of yours:
#   ln -s <this project's root>/micropython modules/usocket && make USER_C_MODULES=modules
#
# No list of sources: every .c compiles in every build, an option empties a whole file.

USOCKET_DIR := $(patsubst %/,%,$(dir $(realpath $(USERMOD_DIR))))

# The stack underneath, a directory of port/: lwip_raw for a board on which MicroPython has lwIP (MICROPY_PY_LWIP), else posix. It
# can be set on make's command line or in the board's mpconfigboard.mk.
USOCKET_PORT ?= $(if $(filter 1,$(MICROPY_PY_LWIP)),lwip_raw,posix)
ifeq ($(wildcard $(USOCKET_DIR)/port/$(USOCKET_PORT)/platform.h),)
$(error USOCKET_PORT=$(USOCKET_PORT) is not a port of usocket; there are: $(notdir $(patsubst %/platform.h,%,$(wildcard $(USOCKET_DIR)/port/*/platform.h))))
endif

# The header of knobs: that of the port, where it has one. USOCKET_CONFIG=my_config.h names another one, and so does
# USOCKET_CONFIG_FILE among the flags.
ifeq ($(findstring USOCKET_CONFIG_FILE,$(CFLAGS) $(CFLAGS_EXTRA)),)
USOCKET_CONFIG ?= $(notdir $(wildcard $(USOCKET_DIR)/port/$(USOCKET_PORT)/usocket_config.h))
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
ifeq ($(USOCKET_PORT)$(USOCKET_TLS),lwip_raw1)
CFLAGS_USERMOD += -DUSOCKET_TLS=1 -DUSOCKET_TLS_SESSIONS=0 -DMBEDTLS_USER_CONFIG_FILE='"mbedtls_user.h"'
endif

# USOCKET_BOARD_C: a file with what the board writes for the port.
ifneq ($(USOCKET_BOARD_C),)
PY_O += $(BUILD)/usocket/board.o
$(BUILD)/usocket/board.o: $(USOCKET_BOARD_C)
	$(call compile_c)
endif

# What SRC_USERMOD_C and SRC_USERMOD_LIB_C would do, but with the objects in a directory of their own: theirs for our
# micropython/ would be $(BUILD)/micropython, which is the name of the unix port's program.
SRC_QSTR += $(USOCKET_BINDING)
PY_O += $(patsubst $(USOCKET_DIR)/%.c,$(BUILD)/usocket/%.o,$(USOCKET_BINDING) $(USOCKET_CORE))
$(BUILD)/usocket/%.o: $(USOCKET_DIR)/%.c
	$(call compile_c)

# A changed header may bring new names for MicroPython's string table.
QSTR_GLOBAL_DEPENDENCIES += $(wildcard $(USOCKET_DIR)/micropython/*.h)

# Flags for these files alone (sanitizers, coverage).
$(BUILD)/usocket/%.o: private CFLAGS += $(USOCKET_CFLAGS)
