# The firmware in QEMU: test/board, a Cortex-M4 with a network card. `modlwip` has MicroPython's own socket module, `usocket` ours on
# port/lwip_raw; test/board/build.py lists all images.

BOARD_IMAGES := modlwip usocket modlwip-roomy usocket-roomy usocket-tls usocket-test
BOARD_SOURCES := $(wildcard test/board/* test/board/*/*)

.PHONY: board board-smoke
board: build/board/modlwip/firmware.elf build/board/usocket/firmware.elf ## the firmware for the emulated board, build/board/*/firmware.elf

$(BOARD_IMAGES:%=build/board/%/firmware.elf): build/board/%/firmware.elf: $(BOARD_SOURCES) $(MPY_READY) $(LWIP_READY) tools/build.py | packages-board
	$(Q)test/board/build.py $* $(@D) $(MPY_TREE)

build/board/usocket-test/firmware.elf: $(wildcard test/stackinfo/*)

# The second one takes most objects from the first (tools/kin.py).
ifdef BUILD_ONLY
build/board/usocket-roomy/firmware.elf: | build/board/usocket/firmware.elf
endif

# mbedTLS for the board, with its own configuration.
BOARD_MBEDTLS := build/mbedtls-board/libmbedcrypto.a
BOARD_CC := arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb -mfloat-abi=soft -fdata-sections
$(BOARD_MBEDTLS): test/board/board_mbedtls.h port/lwip_raw/mbedtls_user.h mk/mbedtls.mk $(MBEDTLS_READY) | packages-board
	@rm -rf $(@D) && mkdir -p $(@D)/mbedtls
	@echo "mbedTLS $(@D)"
	+$(Q)$(MAKE) --no-print-directory -f mk/mbedtls.mk TREE=$(MBEDTLS_TREE) PINNED=$(MBEDTLS_PINNED) OUT=$(@D) CC='$(BOARD_CC)' \
		OPTIONS='-Os -DMBEDTLS_CONFIG_FILE=\"board_mbedtls.h\" -Itest/board' USER=port/lwip_raw Q=$(Q)
build/board/usocket-tls/firmware.elf: $(BOARD_MBEDTLS)

# The module is in the images of that name alone.
$(patsubst %,build/board/%/firmware.elf,$(filter usocket%,$(BOARD_IMAGES))): $(MODULE_SOURCES) $(wildcard port/lwip_raw/*)

LONG_SUITES += run-board test-board
.PHONY: run-board repl-board
run-board: packages-board build/board/usocket-tls/firmware.elf ## the documented examples on an emulated board: servers, clients, https, MQTT, a browser; SCRIPT=app.py runs your script on it
ifdef SCRIPT
	@FILES='$(FILES)' FORWARD='$(FORWARD)' $(PYTHON) test/board/own.py $(SCRIPT) $(ARGS)
else
	$(GO) $(PYTHON) test/board/examples.py
endif

repl-board: packages-board build/board/usocket-tls/firmware.elf ## the prompt of the emulated board
	@$(PYTHON) test/board/examples.py --prompt

.PHONY: test-board
test-board: packages-test $(patsubst %,build/board/%/firmware.elf,usocket-test usocket usocket-tls) ## the Python tests on the emulated board
	$(GO) $(PYTHON) test/board/test.py

board-smoke: packages-test $(patsubst %,build/board/%/firmware.elf,modlwip usocket usocket-test) ## a first look at the images: every kind of socket, once
	$(GO) $(PYTHON) test/board/smoke.py modlwip
	$(GO) $(PYTHON) test/board/smoke.py usocket
	$(GO) $(PYTHON) test/board/smoke.py usocket-test

BOARD_BENCH := $(patsubst %,build/board/%/firmware.elf,modlwip usocket modlwip-roomy usocket-roomy usocket-tls)
LONG_SUITES += bench-board-check
SOAK_SUITES += bench-board-check-long

.PHONY: bench-board bench-board-check bench-board-check-long
bench-board: packages-test $(BOARD_BENCH) ## flash, RAM and instructions on the emulated board; writes bench/board.md
	@$(PYTHON) bench/board.py --write $(if $(NOTE),--note '$(NOTE)')

bench-board-check: packages-test $(filter-out build/board/modlwip% %roomy/firmware.elf,$(BOARD_BENCH)) ## fail when a figure of bench/board.md has grown by more than 1 %
	$(GO) $(PYTHON) bench/board.py --small

bench-board-check-long: packages-test $(filter-out build/board/modlwip%,$(BOARD_BENCH))
	$(GO) $(PYTHON) bench/board.py

# tools/boardscheck.py and test/usermod/run.py read lwIP and mbedTLS.
test-docs test-usermod: $(LWIP_READY) $(if $(filter 0,$(TLS)),,$(MBEDTLS_READY)) packages-test
