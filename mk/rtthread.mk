# The runner for boards with RT-Thread, test/rtthread/, on an imitated board. Real ones: test/rtthread/test.py; docs/testing.md has the settings.

SUITES += test-rtthread-runner
.PHONY: test-rtthread-runner
test-rtthread-runner: packages-test ## the runner of the Python tests for RT-Thread, on an imitated board
	$(GO) $(PYTHON) test/rtthread/selftest.py
