# Small machines: other processors, under qemu's emulation of Linux; bytes and stacks on a Cortex-M4.

SUITES += test-bigendian-sim instructions-check calls-check
LONG_SUITES += size-check test-configs test-bigendian-c
SOAK_SUITES += test-configs-long

CMOCKA_VERSION := 1.1.5
CMOCKA_TREE := $(if $(CMOCKA_DIR),$(abspath $(CMOCKA_DIR)),build/cmocka-$(CMOCKA_VERSION))

# 32 bits, little endian and big endian.
arm_CC := arm-linux-gnueabihf-gcc
arm_RUN := qemu-arm -L /usr/arm-linux-gnueabihf
powerpc_CC := powerpc-linux-gnu-gcc
powerpc_RUN := qemu-ppc -L /usr/powerpc-linux-gnu

# The test library; Debian has it only for this machine's own processor.
CMOCKA_FLAGS := -O2 -g1 -w -I$(CMOCKA_TREE)/include $(addprefix -DHAVE_,INTTYPES_H MALLOC_H SETJMP_H SIGNAL_H STDINT_H STRSIGNAL \
	STRUCT_TIMESPEC CLOCK_GETTIME CLOCK_REALTIME GCC_THREAD_LOCAL_STORAGE)

ifeq ($(CMOCKA_DIR),)
$(CMOCKA_TREE)/.ready:
	$(Q)tools/setup.sh cmocka $(CMOCKA_VERSION)
CMOCKA_READY := $(CMOCKA_TREE)/.ready
endif

# $(call foreign,name): the C tests for another processor.
define foreign
$(BUILD_DIR)/$(1)/cmocka.o: $(CMOCKA_READY)
	@mkdir -p $$(@D)
	$$(Q)$($(1)_CC) $(CMOCKA_FLAGS) -c -o $$@ $(CMOCKA_TREE)/src/cmocka.c
endef
FOREIGN := arm powerpc
# A 64-bit kernel numbers the entries of a directory with 64 bits.
FOREIGN_CFLAGS := -O2 -isystem $(CMOCKA_TREE)/include -D_FILE_OFFSET_BITS=64
$(foreach name,$(FOREIGN),$(eval $(name)_NEEDS := $(BUILD_DIR)/$(name)/cmocka.o)$(eval $(name)_LINK := $(BUILD_DIR)/$(name)/cmocka.o -lpthread)$(eval $(call foreign,$(name))))
# Floods on real sockets are left out, because the emulator determines the speed of the peer; fork() is left out, because the emulator
# fails its own assertions in the child of a program with threads.
$(foreach name,$(FOREIGN),$(eval $(call tc_variant,$(name),$($(name)_CC),$(FOREIGN_CFLAGS),$(TC_SIM_TESTS),$(filter-out flood fork,$(TC_NET_TESTS)))))

.PHONY: test-arm-c test-arm-python test-bigendian-c test-arm-sim test-bigendian-sim

test-arm-c: $(arm_PROGRAMS) ## the C tests as 32-bit ARM, under qemu-user
	$(GO) $(TC_RUN) --under '$(arm_RUN)' --full $^

test-bigendian-c: $(powerpc_PROGRAMS) ## the C tests as 32-bit big-endian PowerPC, under qemu-user
	$(GO) $(TC_RUN) --under '$(powerpc_RUN)' --full $^

# For both, the part that takes seconds: the simulated network.
test-arm-sim: $(filter %-sim,$(arm_PROGRAMS))
	$(GO) $(TC_RUN) --under '$(arm_RUN)' --full $^

test-bigendian-sim: $(filter %-sim,$(powerpc_PROGRAMS))
	$(GO) $(TC_RUN) --under '$(powerpc_RUN)' --full $^

# The interpreter wrapped as a program of this machine, with the heap size of a 64-bit one, which the scripts expect.
build/arm/emulated: build/arm/micropython
	$(Q)printf '#!/bin/sh\nTEST_EMULATED=1 exec %s %s -X heapsize=2m "$$@"\n' '$(arm_RUN)' '$(abspath $<)' >$@ && chmod +x $@

$(BUILD_DIR)/gaps $(BUILD_DIR)/arm/gaps: test/foreign/gaps.c
	@mkdir -p $(@D)
	$(Q)$(if $(findstring /arm/,$@),$(arm_CC),gcc) -Wall -Wextra -Werror -D_GNU_SOURCE -o $@ $<

test-arm-python: build/arm/emulated $(BUILD_DIR)/gaps $(BUILD_DIR)/arm/gaps ## the Python tests as 32-bit ARM, under qemu-user
	$(GO) echo 'What qemu-user does otherwise than the kernel, in plain C:'
	$(GO) $(BUILD_DIR)/gaps kernel >/dev/null
	$(GO) $(arm_RUN) $(BUILD_DIR)/arm/gaps
	$(GO) $(PYTHON) test/python/run.py --interp build/arm/emulated --known test/foreign/arm.txt

.PHONY: test-client
test-client: build/client/micropython ## an interpreter for TCP clients only: its features, and its missing names
	$(GO) $(PYTHON) test/client/run.py $<

# The ports are measured as well, which needs lwIP's headers.
.PHONY: size-check size-check-long
size size-check size-check-long: $(LWIP_READY)
size-check: packages-test $(MPY_READY) ## fail when a figure of bench/size.md has grown by more than 1 %
	$(GO) $(PYTHON) tools/size.py --check --no-knobs --micropython $(MPY_TREE)

size-check-long: packages-test $(MPY_READY) ## the same, and a cost of a knob in config.h that is not the measured one
	$(GO) $(PYTHON) tools/size.py --check --micropython $(MPY_TREE)

.PHONY: test-configs test-configs-long
test-configs: $(LWIP_READY) ## the library on lwIP and RT-Thread compiles in every configuration
	$(GO) $(PYTHON) test/unit/configs.py $(LWIP_TREE) $(MBEDTLS_TREE)

test-configs-long: $(LWIP_READY) ## each file by itself in every configuration, on all stacks and with both compilers
	$(GO) $(TC_RUN) --also 'make --no-print-directory test-c-configs TC_CONFIG_EACH=--each' --also 'test/unit/configs.py --each $(LWIP_TREE) $(MBEDTLS_TREE)'

.PHONY: instructions instructions-check
instructions: packages-test $(OURS) $(STOCK) ## instructions of the commonest calls, the built-in socket and CPython beside; writes bench/instructions.md
	@$(PYTHON) bench/instructions.py --write $(STOCK) $(OURS)

instructions-check: packages-test $(OURS) ## fail when a figure of bench/instructions.md has grown by more than 1 %
	$(GO) $(PYTHON) bench/instructions.py $(OURS)

.PHONY: calls-check
calls-check: packages-test $(OURS) ## fail when a ping-pong or a connect makes more system calls than bench/rows.py allows
	$(GO) $(PYTHON) bench/calls.py $(OURS)
