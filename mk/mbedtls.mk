# The inner make of mk/tls.mk: its sources are known only after the source package is unpacked.

SOURCES := $(notdir $(wildcard $(TREE)/library/*.c))
OBJECTS := $(SOURCES:%.c=$(OUT)/mbedtls/%.o)
FLAGS := -std=c99 -D_GNU_SOURCE -w $(OPTIONS) -ffunction-sections -DMBEDTLS_USER_CONFIG_FILE='"mbedtls_user.h"' -I$(or $(USER),port/posix) \
	-I$(TREE)/library -I$(TREE)/include -I$(TREE)/3rdparty/everest/include

$(OUT)/libmbedcrypto.a: $(OBJECTS)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(OUT)/mbedtls/%.o: $(TREE)/library/%.c $(or $(USER),port/posix)/mbedtls_user.h mk/mbedtls.mk
	$(Q)$(CC) $(FLAGS) -c -o $@ $<

# Defects and missing features of 3.6.6 are fixed in a copy of the file. An edit that no longer applies is an error; in a tree of another
# version (MBEDTLS_DIR) it is skipped.
STRICT := $(filter $(PINNED),$(TREE))
PATCHED := ssl_tls12_client ssl_tls ssl_tls13_keys ssl_tls13_server ssl_tls13_generic x509_crt
$(PATCHED:%=$(OUT)/mbedtls/%.o): $(OUT)/mbedtls/%.o: $(OUT)/mbedtls/%.c port/posix/mbedtls_user.h
	$(Q)$(CC) $(FLAGS) -c -o $@ $<
$(PATCHED:%=$(OUT)/mbedtls/%.c): $(OUT)/mbedtls/%.c: $(TREE)/library/%.c mk/mbedtls.mk
	$(Q)sed $(foreach e,$(EDITS_$*),-e '$(EDIT_$e)') $< >$@
	$(Q)[ "$$(diff $< $@ | grep -c '^>')" = $(or $(LINES_$*),$(words $(EDITS_$*))) ] || { echo "$<: an edit $(if $(STRICT),no longer fits,does not fit this version of mbedTLS: it is left out)"; $(if $(STRICT),rm $@; exit 1,:); }

# 3.6.6 offers RSA-PSS and then refuses it in TLS 1.2, which many servers choose: Mbed-TLS/mbedtls#10674, fixed in later versions.
EDITS_ssl_tls12_client := pss
EDIT_pss := s/if (!mbedtls_ssl_sig_alg_is_supported(ssl, sig_alg))/if ((sig_alg >> 8) != 8 \&\& !mbedtls_ssl_sig_alg_is_supported(ssl, sig_alg))/

# Out of memory, the session's hash is missing, and the keys are derived from uninitialised stack memory.
# mbedtls_ssl_setup allocates the input buffer for the largest record; the edit uses the length in the context.
# Reading limits records to the length of the output buffer if that is the shorter one, and refuses longer records.
# src/mbedtls/mbed_peer.c reads the peer's certificates, because mbedTLS lacks nameConstraints and refuses chains with unneeded extensions.
EDITS_ssl_tls := verify in again longest read
LINES_ssl_tls := 7
EDIT_verify := s/MBEDTLS_SSL_DEBUG_RET(1, "calc_verify", ret);/return ret;/
EDIT_again := s/handle_buffer_resizing(ssl, 0, MBEDTLS_SSL_IN_BUFFER_LEN,/handle_buffer_resizing(ssl, 0, ssl->in_buf_len,/
EDIT_longest := s/\(read_mfl =\|return\) ssl_mfl_code_to_length(\(ssl->[a-z_]*->mfl_code\));/\1 \2 == 0 ? max_len : ssl_mfl_code_to_length(\2);/
EDIT_in := 0,/size_t in_buf_len = MBEDTLS_SSL_IN_BUFFER_LEN;/s//size_t in_buf_len = ssl->in_buf_len != 0 ? ssl->in_buf_len : MBEDTLS_SSL_IN_BUFFER_LEN;/

# Out of memory, the contexts of an incomplete transform leak.
EDITS_ssl_tls13_keys := handshake application
EDIT_handshake := s/mbedtls_free(transform_handshake);/mbedtls_ssl_transform_free(transform_handshake); &/
EDIT_application := s/mbedtls_free(transform_application);/mbedtls_ssl_transform_free(transform_application); &/

EDITS_ssl_tls13_generic := read13 required empty refused returned
EDIT_read := s/mbedtls_x509_crt_parse_der(chain, ssl->in_msg + i, n)/usocket_tls_peer_cert(ssl, chain, ssl->in_msg + i, n)/
EDIT_read13 := s/mbedtls_x509_crt_parse_der(ssl->session_negotiate->peer_cert,/usocket_tls_peer_cert(ssl, ssl->session_negotiate->peer_cert,/

# A self-issued CA certificate, for a CA's next key, is counted against the path length of its issuer (RFC 5280, 4.2.1.9).
EDITS_x509_crt := rollover
EDIT_rollover := s/ver_chain->len - 1, self_cnt, rs_ctx,/ver_chain->len - 1, self_cnt + (ver_chain->len != 1 \&\& x509_name_cmp(\&child->issuer, \&child->subject) == 0), rs_ctx,/

# With TLS 1.3 enabled, a TLS 1.2 ClientHello without an extensions block is refused: Mbed-TLS/mbedtls#9963.
EDITS_ssl_tls13_server := bare
EDIT_bare := s/MBEDTLS_SSL_CHK_BUF_READ_PTR(p + 1, end, p\[0\] + 2);/MBEDTLS_SSL_CHK_BUF_READ_PTR(p + 1, end, p[0]); if (p + 1 + p[0] == end) return SSL_CLIENT_HELLO_TLS1_2; &/

# In TLS 1.3, a client without a certificate gets alert 41 of SSL 3.0 in place of 116: Mbed-TLS/mbedtls#10900. A server without one is
# reported as a received alert.
EDIT_required := s/^ *MBEDTLS_SSL_ALERT_MSG_NO_CERT,$$/MBEDTLS_SSL_ALERT_MSG_CERT_REQUIRED,/
EDIT_empty := s/PEND_FATAL_ALERT(MBEDTLS_SSL_ALERT_MSG_NO_CERT,/PEND_FATAL_ALERT(MBEDTLS_SSL_ALERT_MSG_DECODE_ERROR,/
EDIT_refused := s/^ *MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE);$$/MBEDTLS_ERR_SSL_DECODE_ERROR);/
EDIT_returned := s/return MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE;/return MBEDTLS_ERR_SSL_DECODE_ERROR;/
