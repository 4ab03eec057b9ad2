/* TLS sockets: the name of the server, the options, the words for a failure.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tls_state.h"

#if USOCKET_TLS

#include <string.h>

/* Set the server's name, or none with the length 0.
 * The names of certificates and of SNI are ASCII. */
static int set_name(usocket_tls_t *t, const char *host, size_t len) {
    if (len >= USOCKET_HOST_MAX) {
        return USOCKET_ENAMETOOLONG;
    }
    for (size_t i = 0; i < len; i++) {
        if (host[i] <= ' ' || host[i] >= 0x7f) { /* a signed char is negative beyond ASCII, an unsigned one larger */
            return USOCKET_EINVAL;
        }
    }
    char *name = NULL;
    if (len != 0) {
        name = usocket_port_alloc(len + 1);
        if (name == NULL) {
            return USOCKET_ENOMEM;
        }
        memcpy(name, host, len);
        name[len] = '\0';
    }
    usocket_port_free(t->e.name);
    t->e.name = name;
    return 0;
}

/* True once options are fixed: the engine has read them for its connection. */
static bool has_begun(const usocket_tls_t *t) {
    return t->e.conn != NULL || t->e.stage > TLS_HANDSHAKE;
}

/* Set TLS_HOSTNAME, which then wins over the name of a connect (usocket_tls_name). */
static int set_hostname_option(usocket_tls_t *t, const void *value, size_t len) {
    static const char words[] = "TLS_HOSTNAME: no host name: without blanks, letters beyond ASCII as xn--...";
    int r = set_name(t, value, len);
    if (r == 0) {
        t->e.named = len != 0;
    } else if (r == USOCKET_EINVAL && memchr(value, '\0', len) == NULL) {
        memcpy(t->e.words, words, sizeof(words));
        t->e.number = -0x7100; /* mbedTLS's "bad input", as for each option that is refused */
        r = USOCKET_ETLS_OPTION;
    }
    return r;
}

/* Locked. The name and the role belong to the session, every other option to the credentials, which
 * other sessions may share. */
static int set_option(usocket_tls_t *t, int name, const void *value, size_t len) {
    if (has_begun(t)) {
        return USOCKET_EISCONN;
    }
    if (name == USOCKET_TLS_HOSTNAME) {
        return set_hostname_option(t, value, len);
    }
    if (name == USOCKET_TLS_ROLE) {
        return usocket_engine_set_role(&t->e, value, len);
    }
    if (usocket_engine_creds_shared(t->e.creds)) {
        return USOCKET_EBUSY;
    }
    return usocket_engine_set(&t->e, name, value, len);
}

int usocket_tls_setopt(usocket_t *s, int name, const void *value, size_t len) {
    usocket_tls_t *t = session_of(s);
    if (value == NULL && len != 0) {
        return USOCKET_EFAULT;
    }
    int r = usocket_tls_lock(s, t);
    if (r == 0) {
        r = set_option(t, name, value, len);
        usocket_tls_unlock(t);
    }
    return r;
}

int usocket_tls_check_options(usocket_t *s, bool server, bool all) {
    usocket_tls_t *t = session_of(s);
    int r = usocket_tls_lock(s, t);
    if (r == 0) {
        r = usocket_engine_check(&t->e, server, all);
        usocket_tls_unlock(t);
    }
    return r;
}

/* Copy the name, without a NUL, as far as there is room; value NULL asks for its length. */
static int get_name(const usocket_tls_t *t, void *value, size_t *len) {
    size_t n = t->e.name != NULL ? strlen(t->e.name) : 0;
    if (value != NULL) {
        n = n < *len ? n : *len;
        if (n != 0) {
            memcpy(value, t->e.name, n);
        }
    }
    *len = n;
    return 0;
}

int usocket_tls_getopt(usocket_t *s, int name, void *value, size_t *len) {
    usocket_tls_t *t = session_of(s);
    int r = usocket_tls_lock(s, t);
    if (r == 0) {
        r = name == USOCKET_TLS_HOSTNAME ? get_name(t, value, len) : usocket_engine_get(&t->e, name, value, len);
        usocket_tls_unlock(t);
    }
    return r;
}

int usocket_tls_set_name(usocket_t *s, const char *host, size_t len) {
    usocket_tls_t *t = session_of(s);
    int r = usocket_tls_lock(s, t);
    if (r == 0) {
        r = has_begun(t) ? USOCKET_EISCONN : t->e.named ? 0 : set_name(t, host, len);
        usocket_tls_unlock(t);
    }
    return r;
}

/* words: USOCKET_TLS_WORDS bytes. */
int usocket_tls_get_why(usocket_t *s, int *number, char *words) {
    usocket_tls_t *t = session_of(s);
    int r = usocket_tls_lock(s, t);
    if (r == 0) {
        memcpy(words, t->e.words, USOCKET_TLS_WORDS);
        if (number != NULL) {
            *number = t->e.number;
        }
        usocket_tls_unlock(t);
    }
    return r;
}

#endif
