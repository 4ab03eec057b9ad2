/* Names of hosts and services: gethostbyname, getnameinfo, getfqdn, getservbyname and the like.
 *
 * SPDX-License-Identifier: MIT
 */
#include "functions.h"

#if USOCKET_NAMES && USOCKET_PY_EXTRAS

/* Lookups have no timeout argument, so setdefaulttimeout limits them. */
static usocket_time_t default_deadline(void) {
    return usocket_deadline_in(mod_usocket_default_timeout);
}

/* ---- Addresses of a name ----------------------------------------------------------------------------------------- */

/* The i-th address as text; MP_OBJ_NULL at the end. */
static mp_obj_t ipv4_obj(usocket_lookup_t *l, size_t i) {
    usocket_addrinfo_t info;
    if (usocket_lookup_get(l, i, &info) < 0) {
        return MP_OBJ_NULL;
    }
    char text[46];
    int len = usocket_ntop(info.family, info.addr.u.ip, text);
    return mp_obj_new_str(text, (size_t)len);
}

static mp_obj_t first_address(usocket_lookup_t *l) {
    mp_obj_t first = ipv4_obj(l, 0);
    if (first == MP_OBJ_NULL) {
        usocket_py_raise(USOCKET_EAI_NONAME, MP_QSTR_gethostbyname, NULL);
    }
    return first;
}

/* The tuple (name, aliases, addresses). */
static mp_obj_t all_addresses(usocket_lookup_t *l) {
    mp_obj_t items[3] = {
        usocket_py_name_obj(usocket_lookup_name(l)), mp_obj_new_list(0, NULL), mp_obj_new_list(0, NULL)};
    mp_obj_t address;
    for (size_t i = 0; (address = ipv4_obj(l, i)) != MP_OBJ_NULL; i++) {
        mp_obj_list_append(items[2], address);
    }
    return mp_obj_new_tuple(3, items);
}

/* Look a host up for IPv4, and return make() of the lookup. */
static mp_obj_t resolve_ipv4(mp_obj_t host_in, qstr what, int flags, mp_obj_t (*make)(usocket_lookup_t *l)) {
    char host[USOCKET_HOST_MAX];
    if (host_in == mp_const_none) {
        usocket_py_raise_type(MP_QSTR_host, "a str", host_in);
    }
    usocket_py_lookup_t q = {.what = what};
    q.query = (usocket_query_t){.host = usocket_py_host_text(host_in, host, what),
        .family = USOCKET_AF_INET,
        .type = USOCKET_STREAM,
        .flags = flags};
    if (host[0] == '\0') {
        strcpy(host, "0.0.0.0"); /* CPython does so. */
    } else if (strcmp(host, "<broadcast>") == 0) {
        strcpy(host, "255.255.255.255");
    }
    return usocket_py_make_and_free(usocket_py_lookup(&q, default_deadline()), make);
}

static mp_obj_t mod_usocket_gethostbyname(mp_obj_t host_in) {
    return resolve_ipv4(host_in, MP_QSTR_gethostbyname, 0, first_address);
}
MP_DEFINE_CONST_FUN_OBJ_1(mod_usocket_gethostbyname_obj, mod_usocket_gethostbyname);

static mp_obj_t mod_usocket_gethostbyname_ex(mp_obj_t host_in) {
    return resolve_ipv4(host_in, MP_QSTR_gethostbyname_ex, USOCKET_AI_CANONNAME, all_addresses);
}
MP_DEFINE_CONST_FUN_OBJ_1(mod_usocket_gethostbyname_ex_obj, mod_usocket_gethostbyname_ex);

/* ---- Names of an address ----------------------------------------------------------------------------------------- */

static mp_obj_t name_and_service(usocket_lookup_t *l) {
    mp_obj_t items[2] = {usocket_py_name_obj(usocket_lookup_name(l)), usocket_py_name_obj(usocket_lookup_service(l))};
    return mp_obj_new_tuple(2, items);
}

/* Look an address up, and return make() of the lookup. */
static mp_obj_t reverse_lookup(const usocket_addr_t *a, int flags, qstr what, mp_obj_t (*make)(usocket_lookup_t *l)) {
    usocket_py_lookup_t q = {.query = {.flags = flags}, .reverse = a, .what = what};
    return usocket_py_make_and_free(usocket_py_lookup(&q, default_deadline()), make);
}

static mp_obj_t mod_usocket_getnameinfo(mp_obj_t addr_in, mp_obj_t flags_in) {
    size_t n;
    mp_obj_t *items;
    if (!usocket_py_items(addr_in, &n, &items)) {
        usocket_py_raise_type(MP_QSTR_address, USOCKET_PY_A_TUPLE, addr_in);
    }
    usocket_addr_t a;
    usocket_time_t deadline = default_deadline();
    usocket_py_addr(NULL, addr_in, &a, &deadline, MP_QSTR_getnameinfo);
    return reverse_lookup(&a, usocket_py_int(flags_in, MP_QSTR_flags), MP_QSTR_getnameinfo, name_and_service);
}
MP_DEFINE_CONST_FUN_OBJ_2(mod_usocket_getnameinfo_obj, mod_usocket_getnameinfo);

static mp_obj_t host_name_found(usocket_lookup_t *l) {
    return usocket_py_name_obj(usocket_lookup_name(l));
}

/* Look the first address of a name up in turn; the lookup l is freed by the caller. */
static mp_obj_t name_of_first_addr(usocket_lookup_t *l) {
    usocket_addrinfo_t info;
    if (usocket_lookup_get(l, 0, &info) < 0) {
        usocket_py_raise(USOCKET_EAI_NONAME, MP_QSTR_getfqdn, NULL);
    }
    return reverse_lookup(&info.addr, USOCKET_NI_NAMEREQD, MP_QSTR_getfqdn, host_name_found);
}

/* No argument, "" and "0.0.0.0" mean this host. If no name is found the argument is returned. */
static mp_obj_t mod_usocket_getfqdn(size_t n_args, const mp_obj_t *args) {
    char host[USOCKET_HOST_MAX] = "";
    volatile mp_obj_t name = n_args > 0 ? args[0] : MP_OBJ_NULL; /* MP_OBJ_NULL if `host` has the name. */
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        if (n_args > 0) {
            usocket_py_host(args[0], host, MP_QSTR_getfqdn);
        }
        if (host[0] == '\0' || strcmp(host, "0.0.0.0") == 0) {
            name = MP_OBJ_NULL;
            int r = usocket_gethostname(host, sizeof(host));
            if (r < 0) {
                host[0] = '\0';
                usocket_py_raise(r, MP_QSTR_getfqdn, NULL);
            }
        }
        usocket_py_lookup_t q = {.query = {.host = host, .type = USOCKET_STREAM}, .what = MP_QSTR_getfqdn};
        mp_obj_t found = usocket_py_make_and_free(usocket_py_lookup(&q, default_deadline()), name_of_first_addr);
        nlr_pop();
        return found;
    }
    mp_obj_t exc = MP_OBJ_FROM_PTR(nlr.ret_val);
    if (!mp_obj_exception_match(exc, MP_OBJ_FROM_PTR(&mp_type_OSError)) || host[0] == '\0') {
        nlr_raise(exc);
    }
    return name != MP_OBJ_NULL ? name : usocket_py_name_obj(host);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(mod_usocket_getfqdn_obj, 0, 1, mod_usocket_getfqdn);

/* ---- Services ---------------------------------------------------------------------------------------------------- */

/* Convert the protocol's name, args[1], to socket types: both without it. Returns their number. */
static size_t socket_types_of(size_t n_args, const mp_obj_t *args, int types[2], qstr what) {
    types[0] = USOCKET_STREAM;
    types[1] = USOCKET_DGRAM;
    if (n_args < 2) {
        return 2;
    }
    size_t len;
    const char *proto = usocket_py_text(args[1], &len, MP_QSTR_protocol);
    if (strcmp(proto, "udp") == 0) {
        types[0] = USOCKET_DGRAM;
    } else if (strcmp(proto, "tcp") != 0) {
        usocket_py_raise_cause(USOCKET_EAI_SERVICE, what, proto, usocket_strerror(USOCKET_EPROTONOSUPPORT));
    }
    return 1;
}

static bool starts_with_digit(const char *text) {
    return *text >= '0' && *text <= '9';
}

static mp_obj_t port_found(usocket_lookup_t *l) {
    usocket_addrinfo_t info;
    return usocket_lookup_get(l, 0, &info) < 0 ? mp_const_none : MP_OBJ_NEW_SMALL_INT(info.addr.port);
}

static mp_obj_t mod_usocket_getservbyname(size_t n_args, const mp_obj_t *args) {
    char service[USOCKET_SERVICE_MAX];
    size_t len;
    const char *text = usocket_py_text(args[0], &len, MP_QSTR_service);
    usocket_py_service_text(args[0], service, MP_QSTR_getservbyname);
    int types[2];
    size_t n = starts_with_digit(service) ? 0 : socket_types_of(n_args, args, types, MP_QSTR_getservbyname);
    for (size_t i = 0; i < n && service[0] != '\0'; i++) {
        const usocket_query_t q = {.service = service, .family = USOCKET_AF_INET, .type = types[i]};
        usocket_lookup_t *l;
        int r = usocket_lookup_start(&l, &q);
        if (r == 0 && usocket_lookup_wait(l, USOCKET_NOW) == 0) { /* A lookup without a host ends at once. */
            return usocket_py_make_and_free(l, port_found);
        }
        usocket_lookup_free(l);
    }
    usocket_py_raise_name(USOCKET_EAI_SERVICE, MP_QSTR_getservbyname, text);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(mod_usocket_getservbyname_obj, 1, 2, mod_usocket_getservbyname);

/* A port without a name comes back as its number. */
static mp_obj_t service_found(usocket_lookup_t *l) {
    const char *service = usocket_lookup_service(l);
    return starts_with_digit(service) ? mp_const_none : usocket_py_name_obj(service);
}

static mp_obj_t mod_usocket_getservbyport(size_t n_args, const mp_obj_t *args) {
    usocket_addr_t a = {.family = USOCKET_AF_INET};
    a.port = (uint16_t)usocket_py_number(args[0], MP_QSTR_port, 65535);
    int types[2];
    size_t n = socket_types_of(n_args, args, types, MP_QSTR_getservbyport);
    for (size_t i = 0; i < n; i++) {
        int flags = USOCKET_NI_NUMERICHOST | (types[i] == USOCKET_DGRAM ? USOCKET_NI_DGRAM : 0);
        mp_obj_t found = reverse_lookup(&a, flags, MP_QSTR_getservbyport, service_found);
        if (found != mp_const_none) {
            return found;
        }
    }
    usocket_py_raise_number(USOCKET_EAI_SERVICE, MP_QSTR_getservbyport, a.port);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(mod_usocket_getservbyport_obj, 1, 2, mod_usocket_getservbyport);

#endif
