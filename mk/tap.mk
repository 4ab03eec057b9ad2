# The module on lwIP against the kernel, across a tap interface.

.PHONY: test-tap
test-tap: build/lwip/micropython build/lwip-tiny/micropython ## lwIP and the kernel's sockets, over Ethernet
	@$(PYTHON) test/tap/run.py
