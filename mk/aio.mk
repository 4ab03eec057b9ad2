# aiosocket: its tests on this system's sockets and on lwIP, and its benchmark with many connections.

SUITES += test-aio
LONG_SUITES += test-aio-lwip test-aio-lwip-raw test-aio-asan
SOAK_SUITES += test-aio-long

.PHONY: test-aio test-aio-long test-aio-lwip test-aio-lwip-raw test-aio-asan bench-aio
test-aio: packages-test $(OURS) $(STOCK) ## asyncio without freezes: streams, servers, lookups, connects
	$(GO) $(PYTHON) test/python/run.py --scripts test/aio --interp $(OURS)

test-aio-long: packages-test $(OURS) $(STOCK)
	$(GO) $(PYTHON) test/python/run.py --scripts test/aio --interp $(OURS) --long

# The filter excludes scripts that test the kernel's network or system calls, or wait for the stack's timers thousands of times.
test-aio-lwip test-aio-lwip-raw: test-aio-%: packages-test build/%/micropython
	$(GO) $(PYTHON) test/python/run.py --scripts test/aio --interp build/$*/micropython --stack $* --filter '^(?!lossless|drive_(calls|freeze|names|package|race|suite))'

test-aio-asan: packages-test $(ASAN)
	$(GO) $(SANITIZER) $(PYTHON) test/python/run.py --scripts test/aio --asan --interp $(ASAN)

bench-aio: packages-test $(OURS) $(STOCK) ## aiosocket beside MicroPython's and CPython's asyncio: many connections, HTTP, freezes
	@$(PYTHON) bench/aio/run.py
