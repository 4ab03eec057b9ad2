/* TLS by mbedTLS: a buffer for what is received that begins small and grows with the first record that needs it. mbedTLS itself makes
 * both smaller after the handshake, if shorter records have been agreed on.
 *
 * SPDX-License-Identifier: MIT
 */
#include "../base/engine.h"

#if USOCKET_TLS

#include "mbed.h"

#include <string.h>

#if defined(MBEDTLS_SSL_VARIABLE_BUFFER_LENGTH) && MBEDTLS_VERSION_NUMBER >= 0x03000000

#define RECORD_HEADER 5
#define AROUND 384 /* a record's sequence number, header, IV, MAC and padding */
#define FULL (MBEDTLS_SSL_IN_CONTENT_LEN + AROUND)

/* The buffer for reading, of another length: mbedTLS's pointers go with it. */
static bool resize(mbedtls_ssl_context *ssl, size_t len) {
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

/* Where mbedtls_ssl_setup takes the length that the context has (mk/mbedtls.mk), it is never longer than this. */
void usocket_mbed_small_buffer(usocket_engine_t *e) {
    mbedtls_ssl_context *ssl = &e->conn->ssl;
    size_t len = (e->creds->max_fragment < 4096 ? 2048 : 4096) + AROUND;
    if (e->datagram || len >= FULL) {
        return; /* how long a datagram is, only its being received tells */
    }
    if (ssl->PRIVATE(in_buf) == NULL) {
        ssl->PRIVATE(in_buf_len) = len;
    } else if (ssl->PRIVATE(in_buf_len) > len) {
        resize(ssl, len);
    }
}

/* The length that the record needs; it begins behind those before, where a message of the handshake goes on in another. */
static size_t room_for_record(const mbedtls_ssl_context *ssl) {
    const unsigned char *header = ssl->PRIVATE(in_hdr);
    size_t wanted = (size_t)(header - ssl->PRIVATE(in_buf)) + RECORD_HEADER;
    if (ssl->PRIVATE(in_left) >= RECORD_HEADER) {
        wanted += (size_t)header[3] << 8 | header[4];
    }
    return wanted;
}

bool usocket_mbed_no_room(const usocket_engine_t *e, int ret) {
    const mbedtls_ssl_context *ssl = &e->conn->ssl;
    return ret == MBEDTLS_ERR_SSL_BAD_INPUT_DATA && !e->datagram && ssl->PRIVATE(in_hdr) != NULL &&
        room_for_record(ssl) > ssl->PRIVATE(in_buf_len);
}

int usocket_mbed_make_room(usocket_engine_t *e, int ret) {
    mbedtls_ssl_context *ssl = &e->conn->ssl;
    if (ssl->PRIVATE(in_buf_len) >= FULL || !usocket_mbed_no_room(e, ret)) {
        return ret;
    }
    size_t wanted = room_for_record(ssl);
    if (wanted > FULL) {
        return ret;
    }
    return resize(ssl, wanted) ? 0 : MBEDTLS_ERR_SSL_ALLOC_FAILED;
}

#else

void usocket_mbed_small_buffer(usocket_engine_t *e) {
    (void)e;
}

bool usocket_mbed_no_room(const usocket_engine_t *e, int ret) {
    return ret == MBEDTLS_ERR_SSL_BAD_INPUT_DATA && !e->datagram;
}

int usocket_mbed_make_room(usocket_engine_t *e, int ret) {
    (void)e;
    return ret;
}

#endif

#endif
