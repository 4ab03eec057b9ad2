/* TLS by mbedTLS: a buffer for receiving that begins small, and grows with the first record that
 * needs it. After the handshake mbedTLS itself makes both buffers smaller if shorter records were
 * negotiated.
 *
 * mbedTLS has no call for this: its pointers into the buffer are moved here. Its own configuration
 * (MBEDTLS_SSL_VARIABLE_BUFFER_LENGTH) tells that the buffer's length is a member.
 *
 * SPDX-License-Identifier: MIT
 */
#include "../base/engine.h"

#if USOCKET_TLS

#include "mbed.h"

#include <string.h>

#if defined(MBEDTLS_SSL_VARIABLE_BUFFER_LENGTH) && MBEDTLS_VERSION_NUMBER >= 0x03000000

#define RECORD_OVERHEAD 384 /* bytes of a record's sequence number, header, IV, MAC and padding */
#define INPUT_FULL (MBEDTLS_SSL_IN_CONTENT_LEN + RECORD_OVERHEAD)

/* Give the buffer another length, which keeps what it has up to there. False: no memory,
 * nothing changed. */
static bool resize_input(mbedtls_ssl_context *ssl, size_t len) {
    unsigned char *old = ssl->PRIVATE(in_buf);
    size_t old_len = ssl->PRIVATE(in_buf_len);
    unsigned char *new = mbedtls_calloc(1, len);
    if (new == NULL) {
        return false;
    }
    memcpy(new, old, old_len < len ? old_len : len);
#define MOVED(member) (ssl->PRIVATE(member) = ssl->PRIVATE(member) == NULL ? NULL : new + (ssl->PRIVATE(member) - old))
    MOVED(in_ctr);
    MOVED(in_hdr);
    MOVED(in_len);
    MOVED(in_iv);
    MOVED(in_msg);
    MOVED(in_offt);
#if defined(MBEDTLS_SSL_DTLS_CONNECTION_ID)
    MOVED(in_cid);
#endif
    ssl->PRIVATE(in_buf) = new;
    ssl->PRIVATE(in_buf_len) = len;
    mbedtls_platform_zeroize(old, old_len);
    mbedtls_free(old);
    return true;
}

/* mk/mbedtls.mk lets mbedtls_ssl_setup allocate the length that it finds in the context. Another
 * build ignores that, and the second call makes its buffer smaller. */
void usocket_mbed_shrink_input(usocket_engine_t *e) {
    mbedtls_ssl_context *ssl = &e->conn->ssl;
    size_t len = (e->creds->max_fragment < 4096 ? 2048 : 4096) + RECORD_OVERHEAD;
    if (e->datagram || len >= INPUT_FULL) {
        return; /* A datagram is received whole: its length is not known before. */
    }
    if (ssl->PRIVATE(in_buf) == NULL) {
        ssl->PRIVATE(in_buf_len) = len;
    } else if (ssl->PRIVATE(in_buf_len) > len) {
        resize_input(ssl, len);
    }
}

/* The length of the buffer that the record needs. It begins behind the pieces of a handshake
 * message that came before it. */
static size_t room_for_record(const mbedtls_ssl_context *ssl) {
    const unsigned char *header = ssl->PRIVATE(in_hdr);
    size_t wanted = (size_t)(header - ssl->PRIVATE(in_buf)) + RECORD_HEADER;
    if (ssl->PRIVATE(in_left) >= RECORD_HEADER) {
        wanted += (size_t)header[3] << 8 | header[4];
    }
    return wanted;
}

bool usocket_mbed_input_too_small(const usocket_engine_t *e, int ret) {
    const mbedtls_ssl_context *ssl = &e->conn->ssl;
    return ret == MBEDTLS_ERR_SSL_BAD_INPUT_DATA && !e->datagram && ssl->PRIVATE(in_hdr) != NULL &&
        room_for_record(ssl) > ssl->PRIVATE(in_buf_len);
}

int usocket_mbed_grow_input(usocket_engine_t *e, int ret) {
    mbedtls_ssl_context *ssl = &e->conn->ssl;
    if (ssl->PRIVATE(in_buf_len) >= INPUT_FULL || !usocket_mbed_input_too_small(e, ret)) {
        return ret;
    }
    size_t wanted = room_for_record(ssl);
    if (wanted > INPUT_FULL) {
        return ret;
    }
    return resize_input(ssl, wanted) ? 0 : MBEDTLS_ERR_SSL_ALLOC_FAILED;
}

#else

void usocket_mbed_shrink_input(usocket_engine_t *e) {
    (void)e;
}

bool usocket_mbed_input_too_small(const usocket_engine_t *e, int ret) {
    return ret == MBEDTLS_ERR_SSL_BAD_INPUT_DATA && !e->datagram;
}

int usocket_mbed_grow_input(usocket_engine_t *e, int ret) {
    (void)e;
    return ret;
}

#endif

#endif
