# The C library, installed: test/install/run.py has the configurations.

INSTALL_TLS := $(if $(filter 0,$(TLS)),,own system)
INSTALL_LIBRARIES := $(patsubst %,test-install-%,plain knobs $(INSTALL_TLS))
.PHONY: test-install $(INSTALL_LIBRARIES)
$(INSTALL_LIBRARIES): test-install-%: | packages-test
	$(Q)$(PYTHON) test/install/run.py --build $*
$(filter %-own,$(INSTALL_LIBRARIES)): $(MBEDTLS_OUT)/libmbedcrypto.a

test-install: $(INSTALL_LIBRARIES) ## make install and make uninstall, and a project that finds the library: pkg-config, CMake, meson
	$(GO) $(PYTHON) test/install/run.py --tls '$(INSTALL_TLS)'

SUITES += test-install
