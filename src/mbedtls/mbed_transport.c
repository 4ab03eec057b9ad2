/* TLS by mbedTLS: the records that go out on a stream, and the alert that is sent where mbedTLS sends none.
 *
 * mbedTLS sends a message of the handshake in one record, even where the peer has asked for shorter ones. TLS 1.2 has these messages in
 * clear (its Finished is short), so they are cut here; but not with a version that cannot take the pieces itself, 2.28.
 *
 * SPDX-License-Identifier: MIT
 */
#include "../tls/tls_state.h"

#if USOCKET_TLS

#include "mbed.h"

#include <string.h>

enum { CHANGE_CIPHER_SPEC = 20, ALERT = 21, HANDSHAKE = 22, APPLICATION_DATA = 23 }; /* RFC 8446, 5.1 */

#define RECORD_HEADER 5
#define CLIENT_HELLO 1        /* a message of the handshake; nothing has been agreed on before it */
#define LONGEST_ALERT 32      /* encrypted by TLS 1.3: 2 bytes, the type, padding to 16, a tag of 16 */
#define LONGEST_RECORD 16640U /* RFC 8446, 5.2: 256 bytes more than what is in it */

/* ---- Records ------------------------------------------------------------------------------------------------------ */

static void begin_record(usocket_tls_t *t, const uint8_t *head) {
    struct tls_conn *c = t->conn;
    unsigned len = (unsigned)head[3] << 8 | head[4];
    int most = mbedtls_ssl_get_max_out_record_payload(&c->ssl);
    bool cut = CUTS_MESSAGES && head[0] == HANDSHAKE && head[RECORD_HEADER] != CLIENT_HELLO && most > 0 &&
        len > (unsigned)most;
    c->alerted = head[0] == ALERT ||
        (head[0] == APPLICATION_DATA && len <= LONGEST_ALERT && (t->reading || t->stage == TLS_HANDSHAKE));
    c->out_left = (uint16_t)(RECORD_HEADER + len);
    c->out_most = cut ? (uint16_t)most : 0;
    c->out_at = 0;
    c->out_first = true;
}

/* The next piece of a message that is cut; what mbedTLS has given of it, or a code. Each piece needs a header of its own. It is written over
 * the last bytes of the piece before, which have gone out. */
static int32_t send_piece(usocket_tls_t *t, const uint8_t *buf) {
    struct tls_conn *c = t->conn;
    unsigned body = c->out_left - (c->out_first ? RECORD_HEADER : 0U);
    unsigned len = body < c->out_most ? body : c->out_most;
    uint8_t *head = (uint8_t *)(uintptr_t)buf - (c->out_first ? 0 : RECORD_HEADER); /* mbedTLS's own buffer */
    if (c->out_at == 0) {
        static const uint8_t type[3] = {HANDSHAKE, 3, 3};
        memcpy(head, type, sizeof(type));
        head[3] = (uint8_t)(len >> 8);
        head[4] = (uint8_t)len;
    }
    while (c->out_at < RECORD_HEADER + len) {
        int32_t r = usocket_tls_transport_send(t, head + c->out_at, RECORD_HEADER + len - c->out_at);
        if (r <= 0) {
            return r < 0 ? r : USOCKET_EAGAIN;
        }
        c->out_at = (uint16_t)(c->out_at + r);
    }
    unsigned given = len + (c->out_first ? RECORD_HEADER : 0U);
    c->out_left = (uint16_t)(c->out_left - given);
    c->out_at = 0;
    c->out_first = false;
    return (int32_t)given;
}

int32_t usocket_backend_send_records(usocket_tls_t *t, const uint8_t *buf, size_t len) {
    struct tls_conn *c = t->conn;
    if (t->datagram) {
        c->alerted = buf[0] == ALERT;
        return usocket_tls_transport_send(t, buf, len);
    }
    if (c->out_left == 0) {
        begin_record(t, buf);
    }
    if (c->out_most != 0) {
        return send_piece(t, buf);
    }
    int32_t r = usocket_tls_transport_send(t, buf, len < c->out_left ? len : c->out_left);
    if (r > 0) {
        c->out_left = (uint16_t)(c->out_left - r);
    }
    return r;
}

/* ---- Alerts ------------------------------------------------------------------------------------------------------- */

/* IANA's registry, all of it; each number before its name. */
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

const char *usocket_backend_alert_name(int number) {
    for (const char *p = alert_names; p < alert_names + sizeof(alert_names); p += 2 + strlen(p + 1)) {
        if ((uint8_t)*p == number) {
            return p + 1;
        }
    }
    return "an alert without a name";
}

/* The alert for a record whose header cannot be accepted. */
static uint8_t alert_for_record(const usocket_tls_t *t) {
    const uint8_t *head = t->conn->ssl.PRIVATE(in_hdr);
    if (head == NULL || t->datagram) {
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

static uint8_t alert_for(const usocket_tls_t *t, int ret) {
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
    if (usocket_backend_is_alloc_failure(ret)) {
        return MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR;
    }
    if (ret == MBEDTLS_ERR_SSL_INVALID_RECORD || usocket_backend_no_room(t, ret)) {
        return alert_for_record(t);
    }
    if (ret == MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE) {
        return MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE; /* of TLS 1.2; in 1.3 mbedTLS says certificate_required */
    }
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].ret == ret) {
            return rows[i].alert;
        }
    }
    if (ret <= MBEDTLS_ERR_X509_FEATURE_UNAVAILABLE && ret > MBEDTLS_ERR_X509_FATAL_ERROR) {
        return MBEDTLS_SSL_ALERT_MSG_BAD_CERT;
    }
    /* Below -0x5FFF are mbedTLS's numbers for messages of TLS, above those for what is in them: numbers, points, signatures. */
    return ret < -0x5FFF ? MBEDTLS_SSL_ALERT_MSG_DECODE_ERROR : MBEDTLS_SSL_ALERT_MSG_ILLEGAL_PARAMETER;
}

void usocket_backend_send_alert(usocket_tls_t *t, int ret) {
    struct tls_conn *c = t->conn;
    if (c->alerted || t->goodbye || ret == MBEDTLS_ERR_SSL_CONN_EOF || ret == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE ||
        ret == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
        return;
    }
    uint8_t alert = alert_for(t, ret);
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    if (c->ssl.PRIVATE(alert_type) != 0) { /* mbedTLS has chosen one, and not sent it */
        alert = c->ssl.PRIVATE(alert_type);
        c->ssl.PRIVATE(send_alert) = 0;
    }
#endif
    int error = t->error;
    bool clear;
    do { /* with something unsent it sends just that */
        clear = c->ssl.PRIVATE(out_left) == 0;
    } while (mbedtls_ssl_send_alert_message(&c->ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL, alert) == 0 && !clear);
    c->alerted = true;
    t->error = error;
}

#endif
