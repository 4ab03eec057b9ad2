# usocket: `make run` runs the examples, `make test` the tests, `make help` lists all targets.

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.PHONY: FORCE
FORCE:
Q := $(if $(V),,@)
# A suite's recipe begins with it: BUILD_ONLY=1 makes what the suite needs, and does not run it.
GO := $(if $(BUILD_ONLY),@:,@)

include mk/interpreters.mk
include mk/lib.mk
include mk/run.mk
include mk/test.mk
include mk/test-stacks.mk
include mk/lint.mk
include mk/install.mk
include mk/test-c.mk
include mk/sal.mk
include mk/samples.mk
include mk/rtthread.mk
include mk/lwip.mk
include mk/lwip_raw.mk
include mk/tap.mk
include mk/aio.mk
include mk/small.mk
include mk/tls.mk
include mk/stubs.mk
include mk/board.mk

.PHONY: all lib packages packages-board packages-test help clean distclean
all: build/unix/micropython build/ab/micropython lib ## both interpreters and the C library

packages:
	$(Q)tools/setup.sh packages run

packages-board:
	$(Q)tools/setup.sh packages board

packages-test:
	$(Q)tools/setup.sh packages test

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile mk/*.mk | sort | awk -F '\t' '{ printf "  make %-13s %s\n", $$1, $$2 }'
	@echo
	@echo '  MICROPYTHON_VERSION=1.26.1 another pinned version    MICROPYTHON_DIR=/path a MicroPython tree of your own'
	@echo '  MICROPYTHON_LIB_DIR=/path a checkout of micropython-lib, of which the interpreter gets more modules'

.PHONY: suites
suites: ## the suites of make test, make test-long, make test-soak
	@echo 'make test: $(sort $(SUITES))'
	@echo 'make test-long: $(sort $(LONG_SUITES))'
	@echo 'make test-soak: $(sort $(SOAK_SUITES))'

clean: ## remove built files, keep downloads
	$(Q)find build -mindepth 1 -maxdepth 1 ! -name download ! -name apt ! -name 'micropython-*' -exec rm -rf {} + 2>/dev/null || true

distclean: ## remove build/ altogether
	$(Q)rm -rf build
