# aiosocket: its tests.

SUITES += test-aio

.PHONY: test-aio
test-aio: packages-test $(OURS) ## asyncio without freezes: streams, servers, lookups, connects
	@$(PYTHON) test/python/run.py --scripts test/aio --interp $(OURS)
