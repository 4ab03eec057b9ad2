/* TLS by mbedTLS: names of alerts, and the alert that is sent if a session fails.
 *
 * RFC 8446, 6.2, asks for an alert for each fatal error; mbedTLS sends one for some of them.
 *
 * SPDX-License-Identifier: MIT
 */
#include "../base/engine.h"

#if USOCKET_TLS

#include "mbed.h"

#include <string.h>

#define LONGEST_RECORD 16640U /* RFC 8446, 5.2: 16384 bytes of content and 256 of encryption */

/* All of IANA's registry: each number in front of its name. */
static const char alert_names[] = "\0close_notify\0"
                                  "\12unexpected_message\0"
                                  "\24bad_record_mac\0"
                                  "\25decryption_failed\0"
                                  "\26record_overflow\0"
                                  "\36decompression_failure\0"
                                  "\50handshake_failure\0"
                                  "\51no_certificate\0"
                                  "\52bad_certificate\0"
                                  "\53unsupported_certificate\0"
                                  "\54certificate_revoked\0"
                                  "\55certificate_expired\0"
                                  "\56certificate_unknown\0"
                                  "\57illegal_parameter\0"
                                  "\60unknown_ca\0"
                                  "\61access_denied\0"
                                  "\62decode_error\0"
                                  "\63decrypt_error\0"
                                  "\64too_many_cids_requested\0"
                                  "\74export_restriction\0"
                                  "\106protocol_version\0"
                                  "\107insufficient_security\0"
                                  "\120internal_error\0"
                                  "\126inappropriate_fallback\0"
                                  "\132user_canceled\0"
                                  "\144no_renegotiation\0"
                                  "\155missing_extension\0"
                                  "\156unsupported_extension\0"
                                  "\157certificate_unobtainable\0"
                                  "\160unrecognized_name\0"
                                  "\161bad_certificate_status_response\0"
                                  "\162bad_certificate_hash_value\0"
                                  "\163unknown_psk_identity\0"
                                  "\164certificate_required\0"
                                  "\165general_error\0"
                                  "\170no_application_protocol\0"
                                  "\171ech_required";

const char *usocket_mbed_alert_name(int number) {
    for (const char *p = alert_names; p < alert_names + sizeof(alert_names); p += 2 + strlen(p + 1)) {
        if ((uint8_t)*p == number) {
            return p + 1;
        }
    }
    return "an alert without a name";
}

/* The alert for a record that mbedTLS refuses for its header; the header tells the reason. */
static uint8_t alert_for_record(const usocket_engine_t *e) {
    const uint8_t *head = e->conn->ssl.PRIVATE(in_hdr);
    if (head == NULL || e->datagram) {
        return MBEDTLS_SSL_ALERT_MSG_DECODE_ERROR;
    }
    if (head[0] < CHANGE_CIPHER_SPEC || head[0] > APPLICATION_DATA) {
        return MBEDTLS_SSL_ALERT_MSG_UNEXPECTED_MESSAGE;
    }
    if (head[1] != 3) {
        return MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION;
    }
    return ((unsigned)head[3] << 8 | head[4]) > LONGEST_RECORD ? MBEDTLS_SSL_ALERT_MSG_RECORD_OVERFLOW
                                                               : MBEDTLS_SSL_ALERT_MSG_DECODE_ERROR;
}

/* The alert for mbedTLS's number. */
static uint8_t alert_for(const usocket_engine_t *e, int ret) {
    static const struct {
        int ret;
        uint8_t alert;
    } rows[] = {
        {MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE, MBEDTLS_SSL_ALERT_MSG_UNEXPECTED_MESSAGE},
        {MBEDTLS_ERR_SSL_INVALID_MAC, MBEDTLS_SSL_ALERT_MSG_BAD_RECORD_MAC},
        {MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE, MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE},
        {MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION, MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION},
        {MBEDTLS_ERR_SSL_UNKNOWN_IDENTITY, MBEDTLS_SSL_ALERT_MSG_UNKNOWN_PSK_IDENTITY},
        {MBEDTLS_ERR_SSL_BUFFER_TOO_SMALL, MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR},
        {MBEDTLS_ERR_SSL_INTERNAL_ERROR, MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR},
        {MBEDTLS_ERR_SSL_NO_RNG, MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR},
        {MBEDTLS_ERR_SSL_PRIVATE_KEY_REQUIRED, MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR},
        {MBEDTLS_ERR_SSL_CA_CHAIN_REQUIRED, MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR},
        {MBEDTLS_ERR_SSL_COUNTER_WRAPPING, MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR},
        {MBEDTLS_ERR_SSL_BAD_INPUT_DATA, MBEDTLS_SSL_ALERT_MSG_ILLEGAL_PARAMETER},
        {MBEDTLS_ERR_X509_CERT_VERIFY_FAILED, MBEDTLS_SSL_ALERT_MSG_BAD_CERT},
        {MBEDTLS_ERR_X509_FATAL_ERROR, MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR},
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
        {MBEDTLS_ERR_SSL_ILLEGAL_PARAMETER, MBEDTLS_SSL_ALERT_MSG_ILLEGAL_PARAMETER},
        {MBEDTLS_ERR_SSL_UNSUPPORTED_EXTENSION, MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_EXT},
        {MBEDTLS_ERR_SSL_NO_APPLICATION_PROTOCOL, MBEDTLS_SSL_ALERT_MSG_NO_APPLICATION_PROTOCOL},
        {MBEDTLS_ERR_SSL_UNRECOGNIZED_NAME, MBEDTLS_SSL_ALERT_MSG_UNRECOGNIZED_NAME},
        {MBEDTLS_ERR_SSL_BAD_CERTIFICATE, MBEDTLS_SSL_ALERT_MSG_BAD_CERT},
#endif
    };
    if (usocket_mbed_is_alloc_failure(ret)) {
        return MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR;
    }
    if (ret == MBEDTLS_ERR_SSL_INVALID_RECORD || usocket_mbed_input_too_small(e, ret)) {
        return alert_for_record(e);
    }
    if (ret == MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE) {
        return MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE; /* In TLS 1.3 mbedTLS sends certificate_required itself. */
    }
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].ret == ret) {
            return rows[i].alert;
        }
    }
    if (ret <= MBEDTLS_ERR_X509_FEATURE_UNAVAILABLE && ret > MBEDTLS_ERR_X509_FATAL_ERROR) {
        return MBEDTLS_SSL_ALERT_MSG_BAD_CERT;
    }
    /* Below -0x5FFF are mbedTLS's numbers for messages of TLS, above it those for their contents:
     * integers, points on curves, signatures. */
    return ret < -0x5FFF ? MBEDTLS_SSL_ALERT_MSG_DECODE_ERROR : MBEDTLS_SSL_ALERT_MSG_ILLEGAL_PARAMETER;
}

void usocket_mbed_send_alert(usocket_engine_t *e, int ret) {
    struct tls_conn *c = e->conn;
    if (c->alert_sent || e->close_notify || ret == MBEDTLS_ERR_SSL_CONN_EOF ||
        ret == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE || ret == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
        return;
    }
    uint8_t alert = alert_for(e, ret);
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    if (c->ssl.PRIVATE(alert_type) != 0) { /* mbedTLS has chosen an alert and has not sent it yet. */
        alert = c->ssl.PRIVATE(alert_type);
        c->ssl.PRIVATE(send_alert) = 0;
    }
#endif
    int error = e->error; /* A failure to send the alert does not replace the reason. */
    bool clear;
    do { /* While a record is unsent, the call sends that and no alert. */
        clear = c->ssl.PRIVATE(out_left) == 0;
    } while (mbedtls_ssl_send_alert_message(&c->ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL, alert) == 0 && !clear);
    c->alert_sent = true;
    e->error = error;
}

#endif
