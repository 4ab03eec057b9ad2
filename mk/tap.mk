# The module on lwIP against the kernel's sockets, across a tap interface.

LONG_SUITES += test-tap test-tap-asan
SOAK_SUITES += test-tap-long

.PHONY: test-tap test-tap-long test-tap-asan
test-tap: packages-test $(OURS) build/lwip/micropython build/lwip-tiny/micropython ## lwIP and the kernel's sockets, over Ethernet
	$(GO) $(PYTHON) test/tap/run.py

test-tap-long: packages-test $(OURS) build/lwip/micropython build/lwip-tiny/micropython
	$(GO) $(PYTHON) test/tap/run.py --long

test-tap-asan: packages-test $(OURS) build/lwip-asan/micropython
	$(GO) $(SANITIZER) $(PYTHON) test/tap/run.py --interp build/lwip-asan/micropython

.PHONY: bench-lwip
bench-lwip: build/lwip/micropython ## the module on lwIP beside plain C on lwIP
	@$(PYTHON) bench/lwip.py
