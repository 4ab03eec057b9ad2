# Errors for mistakes that a build would ignore: the compiler accepts a macro of any name. micropython.mk and mk/lib.mk include it, with
# USOCKET_DIR, this project, and USOCKET_PORT set. knobs.cmake does the same for CMake.
#
# The knobs are the names that config.h, and the header of the port, ask for. A name that ends in _H guards a header.

USOCKET_HASH := \#
USOCKET_KNOBS := $(sort $(filter-out %_H,$(shell sed -n 's/^$(USOCKET_HASH)ifn\{0,1\}def \(USOCKET_[A-Za-z0-9_]*\).*/\1/p' \
	'$(USOCKET_DIR)/include/usocket/config.h' $(wildcard $(USOCKET_DIR)/port/$(USOCKET_PORT)/usocket_config.h))))

# $(call usocket_in_flags,flags): NAME=VALUE for each -DUSOCKET_... in them.
usocket_plain = $(subst \,,$(subst ",,$(subst ',,$(1))))
usocket_in_flags = $(patsubst -D%,%,$(filter USOCKET_% -DUSOCKET_%,$(call usocket_plain,$(1))))

# $(call usocket_in_header,file): NAME=VALUE for each #define USOCKET_... in it.
usocket_in_header = $(filter-out %_H=,$(shell sed -n \
	's/^[[:blank:]]*$(USOCKET_HASH)[[:blank:]]*define[[:blank:]]*\(USOCKET_[A-Za-z0-9_]*\)[[:blank:]]*\([A-Za-z0-9_]*\).*/\1=\2/p' '$(1)'))

# $(call usocket_check,NAME=VALUE ...,the place): an error for a name that is no knob, and for a word that the preprocessor reads as 0.
usocket_unknown = $(sort $(filter-out $(USOCKET_KNOBS),$(foreach word,$(1),$(firstword $(subst =, ,$(word))))))
USOCKET_ANSWERS := $(addprefix %=,y Y yes Yes YES n N no No NO on On ON off Off OFF true True TRUE false False FALSE)
usocket_check = $(if $(usocket_unknown),$(error $(2): not a knob of usocket: $(usocket_unknown). There are: $(USOCKET_KNOBS)))$(if \
	$(filter $(USOCKET_ANSWERS),$(1)),$(error $(2): the value of a knob of usocket is a number: $(filter $(USOCKET_ANSWERS),$(1))))
