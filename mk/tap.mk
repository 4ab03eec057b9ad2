# The module on lwIP against the kernel's sockets, across a tap interface.

SUITES += test-tap

.PHONY: test-tap
test-tap: packages-test build/lwip/micropython build/lwip-tiny/micropython ## lwIP and the kernel's sockets, over Ethernet
	@$(PYTHON) test/tap/run.py
