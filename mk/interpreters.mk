# The interpreters. Objects are kept per version under build/obj/, so that changing MICROPYTHON_VERSION there and back is cheap.

MICROPYTHON_VERSION ?= 1.25.0
FLAVOURS := unix ab asan cov arm client lwip lwip-asan lwip-tiny sal sal-asan

ifneq ($(MICROPYTHON_DIR),)
MPY_TREE := $(abspath $(MICROPYTHON_DIR))
MPY_KEY := dir-$(firstword $(shell echo '$(MPY_TREE)' | cksum))
MPY_READY := FORCE
export MICROPYTHON_DIR
else
MPY_TREE := build/micropython-$(MICROPYTHON_VERSION)
MPY_KEY := $(MICROPYTHON_VERSION)
MPY_READY := $(MPY_TREE)/.ready
endif

# Directories are listed, too: they change when a file comes or goes.
MODULE_SOURCES := $(wildcard include/usocket include/usocket/* src src/* port port/*.[ch] port/posix port/posix/* \
	micropython micropython/* aiosocket aiosocket/*.py)

build/micropython-$(MICROPYTHON_VERSION)/.ready: | packages
	$(Q)tools/setup.sh micropython $(MICROPYTHON_VERSION)

$(FLAVOURS:%=build/obj/%-$(MPY_KEY)/micropython): build/obj/%-$(MPY_KEY)/micropython: $(MODULE_SOURCES) $(MPY_READY) tools/build.py $(wildcard tools/asan/*) | packages
	$(Q)tools/build.py $* $(@D) $(MPY_TREE)

$(FLAVOURS:%=build/%/micropython): build/%/micropython: build/obj/%-$(MPY_KEY)/micropython FORCE
	$(Q)mkdir -p $(@D)
	$(Q)cmp -s $< $@ || { cp $< $@.new && mv $@.new $@; }
