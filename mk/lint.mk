# Checks without running the code.

.PHONY: lint format pictures

lint: packages-test build/unix/micropython $(if $(filter 0,$(TLS)),,$(MBEDTLS_READY)) ## formatting, static analysis, the project's rules
	$(GO) $(PYTHON) tools/lint.py --tree $(MPY_TREE) --objects build/obj/unix-$(MPY_KEY) $(if $(filter 0,$(TLS)),,--mbedtls $(MBEDTLS_TREE)) --lwip $(LWIP_TREE)

format: packages-test ## lay out the C sources as .clang-format says
	@clang-format -i $(wildcard include/usocket/*.h src/*/*.[ch] port/*.[ch] port/*/*.[ch] micropython/*.[ch] examples/c/*.[ch] samples/*.[ch])

pictures: ## draw docs/pictures/*.svg from the texts beside them
	@$(PYTHON) tools/diagrams.py
