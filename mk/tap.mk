# The module on lwIP against the kernel's sockets, across a tap interface.

LONG_SUITES += test-tap test-tap-asan test-tap-lwip-raw test-tap-lwip-raw-irq
SOAK_SUITES += test-tap-long test-tap-lwip-raw-long

.PHONY: test-tap test-tap-long test-tap-asan test-tap-lwip-raw test-tap-lwip-raw-long test-tap-lwip-raw-irq
test-tap: packages-test $(OURS) build/lwip/micropython build/lwip-tiny/micropython ## lwIP and the kernel's sockets, over Ethernet
	$(GO) $(PYTHON) test/tap/run.py

test-tap-long: packages-test $(OURS) build/lwip/micropython build/lwip-tiny/micropython
	$(GO) $(PYTHON) test/tap/run.py --long

test-tap-asan: packages-test $(OURS) build/lwip-asan/micropython
	$(GO) $(SANITIZER) $(PYTHON) test/tap/run.py --interp build/lwip-asan/micropython

test-tap-lwip-raw: packages-test $(OURS) build/lwip-raw/micropython build/lwip-raw-tiny/micropython ## the same on lwIP without an operating system
	$(GO) $(PYTHON) test/tap/run.py --stack lwip-raw

test-tap-lwip-raw-long: packages-test $(OURS) build/lwip-raw/micropython build/lwip-raw-tiny/micropython
	$(GO) $(PYTHON) test/tap/run.py --stack lwip-raw --long

test-tap-lwip-raw-irq: packages-test $(OURS) build/lwip-raw-irq/micropython
	$(GO) $(SANITIZER) $(STRUCK) 60000 $(PYTHON) test/tap/run.py --stack lwip-raw --interp build/lwip-raw-irq/micropython

.PHONY: bench-lwip
bench-lwip: build/lwip/micropython ## the module on lwIP beside plain C on lwIP
	@$(PYTHON) bench/lwip.py
