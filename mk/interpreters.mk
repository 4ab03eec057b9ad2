# The interpreters. Objects are kept per version under build/obj/, so that a change of MICROPYTHON_VERSION and back is cheap.

MICROPYTHON_VERSION ?= 1.25.0
FLAVOURS := unix ab asan cov arm client lwip lwip-asan lwip-tiny lwip-raw lwip-raw-asan lwip-raw-tiny lwip-raw-irq sal sal-asan sal5 sal5-asan
# Stacks other than Linux's under the interpreters: NAME and NAME-asan are flavours. sal is RT-Thread 4.0.3, sal5 is 5.2. The gate has
# the tests with one of them, and under the sanitizers with the other; the soak has the rest.
STACKS := lwip lwip-raw sal5
STACKS_ASAN := lwip sal
STACKS_SOAK := sal
stack_lists = $(patsubst sal5,sal,$(1))

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

# A checkout of micropython-lib, for tools/frozen.py.
ifneq ($(MICROPYTHON_LIB_DIR),)
ifeq ($(wildcard $(MICROPYTHON_LIB_DIR)/micropython/*/manifest.py),)
$(error FAILED: looking for micropython-lib. $(MICROPYTHON_LIB_DIR) has no micropython/*/manifest.py: name a checkout of it with MICROPYTHON_LIB_DIR=/path)
endif
override MICROPYTHON_LIB_DIR := $(abspath $(MICROPYTHON_LIB_DIR))
MPY_KEY := $(MPY_KEY)-lib$(firstword $(shell echo '$(MICROPYTHON_LIB_DIR)' | cksum))
LIBRARIES_READY := FORCE
export MICROPYTHON_LIB_DIR MICROPYTHON_LIBS
endif

# mbedTLS is the tree of MBEDTLS_DIR; with MICROPYTHON_DIR that tree's lib/mbedtls or an existing one in build/; otherwise the pinned
# source package. With TLS=0 the interpreters are built without it.
MBEDTLS_VERSION := 3.6.6
MBEDTLS_PINNED := build/mbedtls-$(MBEDTLS_VERSION)
TLS ?= 1
MBEDTLS_FOUND := $(MBEDTLS_DIR)
ifneq ($(MICROPYTHON_DIR),)
ifneq ($(wildcard $(MPY_TREE)/lib/mbedtls/library/ssl_tls.c),)
MBEDTLS_FOUND := $(or $(MBEDTLS_DIR),$(MPY_TREE)/lib/mbedtls)
endif
endif

ifneq ($(MBEDTLS_FOUND),)
MBEDTLS_TREE := $(abspath $(MBEDTLS_FOUND))
MBEDTLS_KEY := -$(firstword $(shell echo '$(MBEDTLS_TREE)' | cksum))
MBEDTLS_READY := $(if $(wildcard $(MBEDTLS_TREE)/library/ssl_tls.c),,no-mbedtls)
else
MBEDTLS_TREE := $(MBEDTLS_PINNED)
MBEDTLS_READY := $(MBEDTLS_TREE)/.ready
ifneq ($(MICROPYTHON_DIR),)
MBEDTLS_READY := $(if $(wildcard $(MBEDTLS_TREE)/.ready),,no-mbedtls)
endif
endif
# Directories of its archives; tools/build.py links with the first, or under the sanitizers with the second.
MBEDTLS_OUT := build/mbedtls$(MBEDTLS_KEY)
MBEDTLS_OUT_ASAN := build/mbedtls-asan$(MBEDTLS_KEY)
export MBEDTLS_TREE MBEDTLS_OUT MBEDTLS_OUT_ASAN TLS
MPY_KEY := $(MPY_KEY)$(if $(filter 0,$(TLS)),-plain,$(MBEDTLS_KEY:%=-tls%))

.PHONY: no-mbedtls
no-mbedtls:
	@echo 'FAILED: looking for mbedTLS. $(if $(MBEDTLS_DIR),$(MBEDTLS_DIR) has no library/ssl_tls.c,$(MPY_TREE) has no lib/mbedtls): name its sources, 3.6.x, with MBEDTLS_DIR=/path, or build without TLS: TLS=0' >&2; exit 1

# The list includes directories, because they change when a file is added or removed.
MODULE_SOURCES := $(wildcard include/usocket include/usocket/* src src/* src/*/* port port/*.[ch] port/posix port/posix/* \
	micropython micropython/* aiosocket aiosocket/*.py lib/* lib/*/*.py)

build/micropython-$(MICROPYTHON_VERSION)/.ready: | packages
	$(Q)tools/setup.sh micropython $(MICROPYTHON_VERSION)

$(FLAVOURS:%=build/obj/%-$(MPY_KEY)/micropython): build/obj/%-$(MPY_KEY)/micropython: $(MODULE_SOURCES) $(MPY_READY) $(LIBRARIES_READY) tools/build.py tools/frozen.py $(wildcard tools/asan/* tools/gil/*) | packages
	$(Q)tools/build.py $* $(@D) $(MPY_TREE)

# A flavour takes objects of MicroPython from another one that is built (tools/kin.py): where all are built, one comes first.
$(foreach f,asan lwip-asan lwip-raw-asan lwip-raw-irq sal-asan sal5-asan,build/obj/$(f)-$(MPY_KEY)/micropython): test/stackinfo/names.c
ifdef BUILD_ONLY
$(foreach f,lwip-tiny lwip-raw lwip-raw-tiny,build/obj/$(f)-$(MPY_KEY)/micropython): | build/obj/lwip-$(MPY_KEY)/micropython
build/obj/sal-$(MPY_KEY)/micropython: | build/obj/sal5-$(MPY_KEY)/micropython
$(foreach f,lwip-asan lwip-raw-asan lwip-raw-irq sal-asan sal5-asan,build/obj/$(f)-$(MPY_KEY)/micropython): | build/obj/asan-$(MPY_KEY)/micropython
endif

$(FLAVOURS:%=build/%/micropython): build/%/micropython: build/obj/%-$(MPY_KEY)/micropython FORCE
	$(Q)mkdir -p $(@D)
	$(Q)cmp -s $< $@ || { cp $< $@.new && mv $@.new $@; }
