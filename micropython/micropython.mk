# usocket as a MicroPython user C module.
#
#   make USER_C_MODULES=<this project's root>        or, beside other modules of yours:
#   ln -s <this project's root>/micropython modules/usocket && make USER_C_MODULES=modules
#
# No list of sources: every .c compiles in every build, an option empties a whole file.

USOCKET_DIR := $(patsubst %/,%,$(dir $(realpath $(USERMOD_DIR))))

# The stack underneath, a directory of port/: posix (default), lwip, ... Other ports of MicroPython set it beside
# USER_C_MODULES, on make's command line or in the board's mpconfigboard.mk.
USOCKET_PORT ?= posix
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
