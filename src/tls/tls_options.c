/* TLS sockets: the name of the server, the options, why something failed.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tls_state.h"

#if USOCKET_TLS

#include <string.h>

/* Names of certificates, and of SNI, are ASCII. */
static int set_name(usocket_tls_t *t, const char *host, size_t len) {
    if (len >= USOCKET_HOST_MAX) {
        return USOCKET_ENAMETOOLONG;
    }
    for (size_t i = 0; i < len; i++) {
        if (host[i] <= ' ' || host[i] >= 0x7f) { /* bytes beyond ASCII are negative, or larger */
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
    usocket_port_free(t->name);
    t->name = name;
    return 0;
}

static bool has_begun(const usocket_tls_t *t) {
    return t->conn != NULL || t->stage > TLS_HANDSHAKE;
}

static int set_option(usocket_tls_t *t, int name, const void *value, size_t len) {
    if (has_begun(t)) {
        return USOCKET_EISCONN;
    }
    if (name == USOCKET_TLS_HOSTNAME) {
        static const char words[] = "TLS_HOSTNAME: no host name: letters beyond ASCII are written as xn--...";
        int r = set_name(t, value, len);
        if (r == 0) {
            t->named = len != 0;
        } else if (r == USOCKET_EINVAL && memchr(value, '\0', len) == NULL) {
            memcpy(t->words, words, sizeof(words));
            t->number = -0x7100; /* mbedTLS's "bad input", as for each option that is refused */
            r = USOCKET_ETLS_OPTION;
        }
        return r;
    }
    if (name == USOCKET_TLS_ROLE) {
        return usocket_backend_set_role(t, value, len);
    }
    if (usocket_backend_creds_shared(t->creds)) {
        return USOCKET_EBUSY;
    }
    return usocket_backend_set(t, name, value, len);
}

int usocket_tls_setopt(usocket_t *s, int name, const void *value, size_t len) {
    usocket_tls_t *t = base_of(s)->tls;
    if (value == NULL && len != 0) {
        return USOCKET_EFAULT;
    }
    int r = usocket_tls_enter_for(s, t);
    if (r == 0) {
        r = set_option(t, name, value, len);
        usocket_tls_leave(t);
    }
    return r;
}

static int get_name(const usocket_tls_t *t, void *value, size_t *len) {
    size_t n = t->name != NULL ? strlen(t->name) : 0;
    if (value != NULL) {
        n = n < *len ? n : *len;
        if (n != 0) {
            memcpy(value, t->name, n);
        }
    }
    *len = n;
    return 0;
}

int usocket_tls_getopt(usocket_t *s, int name, void *value, size_t *len) {
    usocket_tls_t *t = base_of(s)->tls;
    int r = usocket_tls_enter_for(s, t);
    if (r == 0) {
        r = name == USOCKET_TLS_HOSTNAME ? get_name(t, value, len) : usocket_backend_get(t, name, value, len);
        usocket_tls_leave(t);
    }
    return r;
}

/* Enter a socket, and its state. 0; a code: neither. */
static int begin_call(usocket_t *s, usocket_tls_t **t) {
    int r = usocket_enter(s);
    if (r == 0) {
        *t = base_of(s)->tls;
        r = *t != NULL ? usocket_tls_enter_for(s, *t) : USOCKET_ENOPROTOOPT;
        if (r < 0) {
            usocket_leave(s);
        }
    }
    return r;
}

static int end_call(usocket_t *s, usocket_tls_t *t, int r) {
    usocket_tls_leave(t);
    usocket_leave(s);
    return r;
}

int usocket_tls_check_listener(usocket_t *s) {
    usocket_tls_t *t = base_of(s)->tls;
    int r = usocket_tls_enter_for(s, t);
    if (r < 0) {
        return r;
    }
    r = usocket_backend_check_server(t);
    usocket_tls_leave(t);
    return r;
}

int usocket_tls_name(usocket_t *s, const char *host, size_t len) {
    if (host == NULL && len != 0) {
        return USOCKET_EFAULT;
    }
    usocket_tls_t *t = NULL;
    int r = begin_call(s, &t);
    if (r < 0) {
        return r;
    }
    return end_call(s, t, has_begun(t) ? USOCKET_EISCONN : t->named ? 0 : set_name(t, host, len));
}

int usocket_tls_why(usocket_t *s, int *number, char *words) {
    words[0] = '\0';
    if (number != NULL) {
        *number = 0;
    }
    usocket_tls_t *t = NULL;
    int r = begin_call(s, &t);
    if (r < 0) {
        return r;
    }
    memcpy(words, t->words, USOCKET_TLS_WORDS);
    if (number != NULL) {
        *number = t->number;
    }
    return end_call(s, t, 0);
}

#endif
