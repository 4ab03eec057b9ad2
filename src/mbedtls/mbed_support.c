/* TLS by mbedTLS: memory, randomness, dates, and words for people.
 *
 * SPDX-License-Identifier: MIT
 */
#include "../base/engine.h"

#if USOCKET_TLS

#include "mbed.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- Memory ------------------------------------------------------------------------------------------------------- */

void *usocket_tls_calloc(size_t n, size_t size) {
    return size != 0 && n > SIZE_MAX / size ? NULL : usocket_mbed_alloc(n * size);
}

void usocket_tls_cfree(void *p) {
    usocket_port_free(p);
}

void *usocket_mbed_alloc(size_t size) {
    void *p = usocket_port_alloc(size);
    if (p != NULL) {
        memset(p, 0, size);
    }
    return p;
}

void usocket_mbed_free(void *p, size_t len) {
    if (p != NULL) {
        mbedtls_platform_zeroize(p, len);
        usocket_port_free(p);
    }
}

void usocket_mbed_digest(uint8_t *out, const void *data, size_t len) {
    if (mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), data, len, out) != 0) {
        usocket_port_random(out, DIGEST);
    }
}

/* Numbers without a name here belong to parts of mbedTLS that this file does not include. */
bool usocket_mbed_is_alloc_failure(int ret) {
    switch (ret) {
        case -0x1180: /* MBEDTLS_ERR_PEM_ALLOC_FAILED */
        case MBEDTLS_ERR_SSL_ALLOC_FAILED:
        case MBEDTLS_ERR_X509_ALLOC_FAILED:
        case MBEDTLS_ERR_PK_ALLOC_FAILED:
        case MBEDTLS_ERR_MD_ALLOC_FAILED:
        case -0x0010: /* MBEDTLS_ERR_MPI_ALLOC_FAILED */
        case -0x4D80: /* MBEDTLS_ERR_ECP_ALLOC_FAILED */
        case -0x6180: /* MBEDTLS_ERR_CIPHER_ALLOC_FAILED */
        case -0x006A: /* MBEDTLS_ERR_ASN1_ALLOC_FAILED */
            return true;
        default: /* X.509 and PK add the number of the part below them, ASN.1 or MPI, in the low bits. */
            return (-ret & 0x7f) == 0x6A || (-ret & 0x7f) == 0x10;
    }
}

/* ---- Randomness --------------------------------------------------------------------------------------------------- */

int usocket_mbed_random(void *context, unsigned char *buf, size_t len) {
    (void)context;
    return usocket_port_random(buf, len) == 0 ? 0 : MBEDTLS_ERR_SSL_NO_RNG;
}

#if defined(MBEDTLS_PSA_CRYPTO_EXTERNAL_RNG)
/* PSA's callback for randomness; mbedTLS names it and has the prototype. */
psa_status_t mbedtls_psa_external_get_random(
    mbedtls_psa_external_random_context_t *context, uint8_t *out, size_t size, size_t *length) {
    (void)context;
    *length = size;
    return usocket_port_random(out, size) == 0 ? PSA_SUCCESS : PSA_ERROR_INSUFFICIENT_ENTROPY;
}
#endif

/* ---- Dates -------------------------------------------------------------------------------------------------------- */

/* Days of the Gregorian calendar, in years that begin in March; 719468 days lie between 0000-03-01
 * and 1970-01-01. Divisions have 32 bits: the year has four digits. */
int64_t usocket_mbed_unix_time(const mbedtls_x509_time *d) {
    int32_t year = d->year - (d->mon <= 2);
    int32_t month = d->mon + (d->mon <= 2 ? 9 : -3);
    int32_t days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + d->day - 1 - 719468;
    return (int64_t)days * 86400 + ((d->hour * 60 + d->min) * 60 + d->sec);
}

/* ---- Words -------------------------------------------------------------------------------------------------------- */

void usocket_mbed_explain(usocket_engine_t *e, enum rank rank, const char *format, ...) {
    if (rank < e->rank) {
        return;
    }
    e->rank = (uint8_t)rank;
    va_list args;
    va_start(args, format);
    int len = vsnprintf(e->words, sizeof(e->words), format, args);
    va_end(args);
    if (len >= (int)sizeof(e->words)) { /* Cut in front of a character of UTF-8, not within it. */
        char *end = e->words + sizeof(e->words) - 4;
        while (end > e->words && (*end & 0xc0) == 0x80) {
            end--;
        }
        memcpy(end, "...", 4);
    }
}

void usocket_mbed_library_words(int ret, char *buf, size_t len) {
#if defined(MBEDTLS_ERROR_C)
    mbedtls_strerror(ret, buf, len);
#else
    snprintf(buf, len, "mbedTLS -0x%04x", (unsigned)-ret);
#endif
}

int usocket_mbed_option_error(usocket_engine_t *e, const char *option, int ret, const char *format, ...) {
    char words[128];
    char library[96] = "";
    va_list args;
    va_start(args, format);
    vsnprintf(words, sizeof(words), format, args);
    va_end(args);
    if (ret < 0) {
        usocket_mbed_library_words(ret, library, sizeof(library));
    }
    e->rank = RANK_NONE; /* These words replace all others: nothing but the option has failed. */
    e->number = ret < 0 ? ret : MBEDTLS_ERR_SSL_BAD_INPUT_DATA;
    usocket_mbed_explain(
        e, RANK_OTHER, "TLS_%s: %s%s%s%s", option, words, ret < 0 ? " (" : "", library, ret < 0 ? ")" : "");
    return USOCKET_ETLS_OPTION;
}

#endif
