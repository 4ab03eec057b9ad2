/* The module's dictionary: its functions, and the platform's numbers.
 *
 * This file and numbers.c are the only ones of the binding that include the platform's headers: a table in flash needs
 * compile-time constants, and these are the stack's own. Nothing else of the stack is used here.
 *
 * SPDX-License-Identifier: MIT
 */
#include "platform.h"

#include "functions.h"
#include "usocket/tls.h"

#define NUMBER(name) \
    { MP_ROM_QSTR(MP_QSTR_##name), MP_ROM_INT((mp_int_t)(name)) }
#define OURS(name) \
    { MP_ROM_QSTR(MP_QSTR_##name), MP_ROM_INT(USOCKET_##name) }
#define ERRNO(name) \
    { MP_ROM_QSTR(MP_QSTR_##name), MP_ROM_INT(-USOCKET_##name) }
#define FUNCTION(name) \
    { MP_ROM_QSTR(MP_QSTR_##name), MP_ROM_PTR(&mod_usocket_##name##_obj) }

/* A 32-bit number does not fit into a small int of a 32-bit interpreter. */
#if UINTPTR_MAX > 0xffffffff
#define WORD(name, value) MP_ROM_INT(value)
#elif USOCKET_PY_EXTRAS && MICROPY_LONGINT_IMPL == MICROPY_LONGINT_IMPL_MPZ /* Its digits have 16 bits. */
#include "py/objint.h"
#define WORD_OBJ(name, value) \
    static const mpz_dig_t name##_digits[] = {(mpz_dig_t)(value), (mpz_dig_t)((value) >> 16)}; \
    static const mp_obj_int_t name = { \
        {&mp_type_int}, {.fixed_dig = 1, .len = 2, .alloc = 2, .dig = (mpz_dig_t *)name##_digits}};
WORD_OBJ(inaddr_loopback, 0x7f000001u)
WORD_OBJ(inaddr_broadcast, 0xffffffffu)
#define WORD(name, value) MP_ROM_PTR(&name)
#else
#define WORD(name, value) MP_ROM_INT(-1)
#endif

#if USOCKET_PY_EXTRAS
static const MP_DEFINE_STR_OBJ(version_obj, USOCKET_VERSION);
#endif

static const mp_rom_map_elem_t module_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_usocket)},
    {MP_ROM_QSTR(MP_QSTR___init__), MP_ROM_PTR(&mod_usocket_init_obj)},

    {MP_ROM_QSTR(MP_QSTR_socket), MP_ROM_PTR(&mod_usocket_socket_type)},
#if USOCKET_NAMES
    FUNCTION(getaddrinfo),
#endif
    {MP_ROM_QSTR(MP_QSTR_AF_UNSPEC), MP_ROM_INT(USOCKET_AF_UNSPEC)},
    {MP_ROM_QSTR(MP_QSTR_AF_INET), MP_ROM_INT(USOCKET_AF_INET)},
    {MP_ROM_QSTR(MP_QSTR_SOCK_STREAM), MP_ROM_INT(USOCKET_STREAM)},
    {MP_ROM_QSTR(MP_QSTR_IPPROTO_TCP), MP_ROM_INT(USOCKET_PROTO_TCP)},
#if USOCKET_DATAGRAMS
    {MP_ROM_QSTR(MP_QSTR_SOCK_DGRAM), MP_ROM_INT(USOCKET_DGRAM)},
    {MP_ROM_QSTR(MP_QSTR_IPPROTO_UDP), MP_ROM_INT(USOCKET_PROTO_UDP)},
#endif
    {MP_ROM_QSTR(MP_QSTR_error), MP_ROM_PTR(&mp_type_OSError)},
    {MP_ROM_QSTR(MP_QSTR_timeout), MP_ROM_PTR(&mod_usocket_timeout_type)},
    {MP_ROM_QSTR(MP_QSTR_gaierror), MP_ROM_PTR(&mod_usocket_gaierror_type)},
    {MP_ROM_QSTR(MP_QSTR_TLSError), MP_ROM_PTR(&mod_usocket_tlserror_type)},

#if USOCKET_PY_EXTRAS
    {MP_ROM_QSTR(MP_QSTR___version__), MP_ROM_PTR(&version_obj)},
    {MP_ROM_QSTR(MP_QSTR_herror), MP_ROM_PTR(&mod_usocket_gaierror_type)},
    {MP_ROM_QSTR(MP_QSTR_SocketType), MP_ROM_PTR(&mod_usocket_socket_type)},
    {MP_ROM_QSTR(MP_QSTR__GLOBAL_DEFAULT_TIMEOUT), MP_ROM_PTR(&mod_usocket_global_default_timeout)},
#if USOCKET_NAMES
    FUNCTION(create_connection),
#if USOCKET_ASYNC
    FUNCTION(resolver),
#if USOCKET_RACE
    FUNCTION(dialer),
#endif
#endif
    FUNCTION(getnameinfo),
    FUNCTION(gethostbyname),
    FUNCTION(gethostbyname_ex),
    FUNCTION(getfqdn),
    FUNCTION(getservbyname),
    FUNCTION(getservbyport),
    FUNCTION(gethostname),
    FUNCTION(if_nametoindex),
    FUNCTION(if_indextoname),
    FUNCTION(if_nameindex),
#endif
#if USOCKET_SERVER
    FUNCTION(create_server),
#endif
#if USOCKET_POLLER
    FUNCTION(poller),
#endif
    FUNCTION(socketpair),
    FUNCTION(fromfd),
    FUNCTION(inet_pton),
    FUNCTION(inet_ntop),
    FUNCTION(inet_aton),
    FUNCTION(inet_ntoa),
    {MP_ROM_QSTR(MP_QSTR_htons), MP_ROM_PTR(&mod_usocket_swap16_obj)},
    {MP_ROM_QSTR(MP_QSTR_ntohs), MP_ROM_PTR(&mod_usocket_swap16_obj)},
    {MP_ROM_QSTR(MP_QSTR_htonl), MP_ROM_PTR(&mod_usocket_swap32_obj)},
    {MP_ROM_QSTR(MP_QSTR_ntohl), MP_ROM_PTR(&mod_usocket_swap32_obj)},
    FUNCTION(getdefaulttimeout),
    FUNCTION(setdefaulttimeout),
#endif

    /* Numbers of this library, or the same on every platform. */
    {MP_ROM_QSTR(MP_QSTR_IPPROTO_SEC), MP_ROM_INT(USOCKET_PROTO_SEC)},
    OURS(SOL_TLS),
#if USOCKET_IPV6
    {MP_ROM_QSTR(MP_QSTR_AF_INET6), MP_ROM_INT(USOCKET_AF_INET6)},
#endif
#if USOCKET_PY_EXTRAS
    {MP_ROM_QSTR(MP_QSTR_SHUT_RD), MP_ROM_INT(USOCKET_SHUT_RD)},
    {MP_ROM_QSTR(MP_QSTR_SHUT_WR), MP_ROM_INT(USOCKET_SHUT_WR)},
    {MP_ROM_QSTR(MP_QSTR_SHUT_RDWR), MP_ROM_INT(USOCKET_SHUT_RDWR)},
#if USOCKET_IPV6
    {MP_ROM_QSTR(MP_QSTR_has_ipv6), MP_ROM_TRUE},
#else
    {MP_ROM_QSTR(MP_QSTR_has_ipv6), MP_ROM_FALSE},
#endif
    {MP_ROM_QSTR(MP_QSTR_INADDR_ANY), MP_ROM_INT(0)},
    {MP_ROM_QSTR(MP_QSTR_INADDR_LOOPBACK), WORD(inaddr_loopback, 0x7f000001)},
    {MP_ROM_QSTR(MP_QSTR_INADDR_BROADCAST), WORD(inaddr_broadcast, 0xffffffff)},
    OURS(TLS_HOSTNAME),
    OURS(TLS_CIPHERSUITE_LIST),
    OURS(TLS_CIPHERSUITE_USED),
    OURS(TLS_PEER_VERIFY),
    OURS(TLS_ALPN_LIST),
    OURS(TLS_SESSION_CACHE),
    OURS(TLS_CA_CERT),
    OURS(TLS_OWN_CERT),
    OURS(TLS_OWN_KEY),
    OURS(TLS_MIN_VERSION),
    OURS(TLS_MAX_VERSION),
    OURS(TLS_ALPN_USED),
    OURS(TLS_VERSION_USED),
    OURS(TLS_PEER_CERT),
    OURS(TLS_MAX_FRAGMENT),
    OURS(TLS_PSK),
    OURS(TLS_PSK_IDENTITY),
    OURS(TLS_ROLE),
#if USOCKET_TLS
    {MP_ROM_QSTR(MP_QSTR_TLS_1_2), MP_ROM_INT(USOCKET_TLS_1_2)},
    {MP_ROM_QSTR(MP_QSTR_TLS_1_3), MP_ROM_INT(USOCKET_TLS_1_3)},
    OURS(ETLS_CERTIFICATE),
    OURS(ETLS_ALERT),
    OURS(ETLS_TRUNCATED),
    OURS(ETLS_PROTOCOL),
    OURS(ETLS_HANDSHAKE),
    OURS(ETLS_OPTION),
    OURS(ETLS_SETUP),
    OURS(ETLS_CLOCK),
#endif
#endif
#if USOCKET_PY_ERRORCODE
    {MP_ROM_QSTR(MP_QSTR_errorcode), MP_ROM_PTR(&mod_usocket_errorcode)},
#endif
#if USOCKET_PY_EXTRAS
    USOCKET_PY_ERROR_NAMES(ERRNO),
#endif
#if USOCKET_NAMES && USOCKET_PY_EXTRAS
    OURS(AI_PASSIVE),
    OURS(AI_CANONNAME),
    OURS(AI_NUMERICHOST),
    OURS(AI_V4MAPPED),
    OURS(AI_ALL),
    OURS(AI_ADDRCONFIG),
    OURS(AI_NUMERICSERV),
    OURS(NI_NUMERICHOST),
    OURS(NI_NUMERICSERV),
    OURS(NI_NOFQDN),
    OURS(NI_NAMEREQD),
    OURS(NI_DGRAM),
    {MP_ROM_QSTR(MP_QSTR_NI_MAXHOST), MP_ROM_INT(1025)}, /* The value in netdb.h. */
    {MP_ROM_QSTR(MP_QSTR_NI_MAXSERV), MP_ROM_INT(32)},
    {MP_ROM_QSTR(MP_QSTR_EAI_BADFLAGS), MP_ROM_INT(USOCKET_EAI_BADFLAGS - USOCKET_EAI_BASE)},
    {MP_ROM_QSTR(MP_QSTR_EAI_NONAME), MP_ROM_INT(USOCKET_EAI_NONAME - USOCKET_EAI_BASE)},
    {MP_ROM_QSTR(MP_QSTR_EAI_AGAIN), MP_ROM_INT(USOCKET_EAI_AGAIN - USOCKET_EAI_BASE)},
    {MP_ROM_QSTR(MP_QSTR_EAI_FAIL), MP_ROM_INT(USOCKET_EAI_FAIL - USOCKET_EAI_BASE)},
    {MP_ROM_QSTR(MP_QSTR_EAI_NODATA), MP_ROM_INT(USOCKET_EAI_NODATA - USOCKET_EAI_BASE)},
    {MP_ROM_QSTR(MP_QSTR_EAI_FAMILY), MP_ROM_INT(USOCKET_EAI_FAMILY - USOCKET_EAI_BASE)},
    {MP_ROM_QSTR(MP_QSTR_EAI_SOCKTYPE), MP_ROM_INT(USOCKET_EAI_SOCKTYPE - USOCKET_EAI_BASE)},
    {MP_ROM_QSTR(MP_QSTR_EAI_SERVICE), MP_ROM_INT(USOCKET_EAI_SERVICE - USOCKET_EAI_BASE)},
    {MP_ROM_QSTR(MP_QSTR_EAI_ADDRFAMILY), MP_ROM_INT(USOCKET_EAI_ADDRFAMILY - USOCKET_EAI_BASE)},
    {MP_ROM_QSTR(MP_QSTR_EAI_MEMORY), MP_ROM_INT(USOCKET_EAI_MEMORY - USOCKET_EAI_BASE)},
    {MP_ROM_QSTR(MP_QSTR_EAI_SYSTEM), MP_ROM_INT(USOCKET_EAI_SYSTEM - USOCKET_EAI_BASE)},
    {MP_ROM_QSTR(MP_QSTR_EAI_OVERFLOW), MP_ROM_INT(USOCKET_EAI_OVERFLOW - USOCKET_EAI_BASE)},
#endif

/* Numbers of the platform. */
#if USOCKET_UNIX
    NUMBER(AF_UNIX),
#endif
    NUMBER(SOL_SOCKET),
    {MP_ROM_QSTR(MP_QSTR_IPPROTO_IP), MP_ROM_INT(0)},
    {MP_ROM_QSTR(MP_QSTR_SOL_IP), MP_ROM_INT(0)},
    {MP_ROM_QSTR(MP_QSTR_SOL_TCP), MP_ROM_INT(6)},
#if USOCKET_IPV6
    {MP_ROM_QSTR(MP_QSTR_IPPROTO_IPV6), MP_ROM_INT(41)},
    {MP_ROM_QSTR(MP_QSTR_SOL_IPV6), MP_ROM_INT(41)},
#endif
#if USOCKET_DATAGRAMS
    {MP_ROM_QSTR(MP_QSTR_SOCK_RAW), MP_ROM_INT(USOCKET_RAW)},
    {MP_ROM_QSTR(MP_QSTR_IPPROTO_ICMP), MP_ROM_INT(1)},
    {MP_ROM_QSTR(MP_QSTR_IPPROTO_ICMPV6), MP_ROM_INT(58)},
    {MP_ROM_QSTR(MP_QSTR_IPPROTO_RAW), MP_ROM_INT(255)},
    {MP_ROM_QSTR(MP_QSTR_SOL_UDP), MP_ROM_INT(17)},
#endif
#ifdef SO_REUSEADDR
    NUMBER(SO_REUSEADDR),
#endif
#ifdef SO_REUSEPORT
    NUMBER(SO_REUSEPORT),
#endif
#if defined(SO_BROADCAST) && USOCKET_DATAGRAMS
    NUMBER(SO_BROADCAST),
#endif
#ifdef SO_KEEPALIVE
    NUMBER(SO_KEEPALIVE),
#endif
#ifdef SO_LINGER
    NUMBER(SO_LINGER),
#endif
#ifdef SO_ERROR
    NUMBER(SO_ERROR),
#endif
#ifdef SO_TYPE
    NUMBER(SO_TYPE),
#endif
#ifdef SO_RCVBUF
    NUMBER(SO_RCVBUF),
#endif
#ifdef SO_SNDBUF
    NUMBER(SO_SNDBUF),
#endif
#if USOCKET_SO_TIMEO && defined(SO_RCVTIMEO)
    NUMBER(SO_RCVTIMEO),
#endif
#if USOCKET_SO_TIMEO && defined(SO_SNDTIMEO)
    NUMBER(SO_SNDTIMEO),
#endif
#ifdef SO_BINDTODEVICE
    NUMBER(SO_BINDTODEVICE),
#endif
#if defined(SO_ACCEPTCONN) && USOCKET_SERVER
    NUMBER(SO_ACCEPTCONN),
#endif
#ifdef SO_DONTROUTE
    NUMBER(SO_DONTROUTE),
#endif
#ifdef SO_OOBINLINE
    NUMBER(SO_OOBINLINE),
#endif
#ifdef SO_PRIORITY
    NUMBER(SO_PRIORITY),
#endif
#ifdef SO_PROTOCOL
    NUMBER(SO_PROTOCOL),
#endif
#ifdef SO_DOMAIN
    NUMBER(SO_DOMAIN),
#endif
#ifdef SO_RCVLOWAT
    NUMBER(SO_RCVLOWAT),
#endif
#ifdef TCP_NODELAY
    NUMBER(TCP_NODELAY),
#endif
#ifdef TCP_KEEPIDLE
    NUMBER(TCP_KEEPIDLE),
#endif
#ifdef TCP_KEEPINTVL
    NUMBER(TCP_KEEPINTVL),
#endif
#ifdef TCP_KEEPCNT
    NUMBER(TCP_KEEPCNT),
#endif
#ifdef TCP_MAXSEG
    NUMBER(TCP_MAXSEG),
#endif
#ifdef TCP_CORK
    NUMBER(TCP_CORK),
#endif
#ifdef TCP_USER_TIMEOUT
    NUMBER(TCP_USER_TIMEOUT),
#endif
#ifdef TCP_QUICKACK
    NUMBER(TCP_QUICKACK),
#endif
#ifdef TCP_FASTOPEN
    NUMBER(TCP_FASTOPEN),
#endif
#ifdef TCP_INFO
    NUMBER(TCP_INFO),
#endif
#ifdef TCP_SYNCNT
    NUMBER(TCP_SYNCNT),
#endif
#if defined(TCP_DEFER_ACCEPT) && USOCKET_SERVER
    NUMBER(TCP_DEFER_ACCEPT),
#endif
#if defined(IP_ADD_MEMBERSHIP) && USOCKET_DATAGRAMS
    NUMBER(IP_ADD_MEMBERSHIP),
#endif
#if defined(IP_DROP_MEMBERSHIP) && USOCKET_DATAGRAMS
    NUMBER(IP_DROP_MEMBERSHIP),
#endif
#if defined(IP_MULTICAST_IF) && USOCKET_DATAGRAMS
    NUMBER(IP_MULTICAST_IF),
#endif
#if defined(IP_MULTICAST_TTL) && USOCKET_DATAGRAMS
    NUMBER(IP_MULTICAST_TTL),
#endif
#if defined(IP_MULTICAST_LOOP) && USOCKET_DATAGRAMS
    NUMBER(IP_MULTICAST_LOOP),
#endif
#ifdef IP_TTL
    NUMBER(IP_TTL),
#endif
#ifdef IP_TOS
    NUMBER(IP_TOS),
#endif
#ifdef IP_RECVTOS
    NUMBER(IP_RECVTOS),
#endif
#if defined(IP_HDRINCL) && USOCKET_DATAGRAMS
    NUMBER(IP_HDRINCL),
#endif
#ifdef IP_OPTIONS
    NUMBER(IP_OPTIONS),
#endif
#if defined(IPV6_V6ONLY) && USOCKET_IPV6
    NUMBER(IPV6_V6ONLY),
#endif
#if defined(IPV6_JOIN_GROUP) && USOCKET_IPV6 && USOCKET_DATAGRAMS
    NUMBER(IPV6_JOIN_GROUP),
#endif
#if defined(IPV6_LEAVE_GROUP) && USOCKET_IPV6 && USOCKET_DATAGRAMS
    NUMBER(IPV6_LEAVE_GROUP),
#endif
#if defined(IPV6_MULTICAST_IF) && USOCKET_IPV6 && USOCKET_DATAGRAMS
    NUMBER(IPV6_MULTICAST_IF),
#endif
#if defined(IPV6_MULTICAST_HOPS) && USOCKET_IPV6 && USOCKET_DATAGRAMS
    NUMBER(IPV6_MULTICAST_HOPS),
#endif
#if defined(IPV6_MULTICAST_LOOP) && USOCKET_IPV6 && USOCKET_DATAGRAMS
    NUMBER(IPV6_MULTICAST_LOOP),
#endif
#if defined(IPV6_UNICAST_HOPS) && USOCKET_IPV6
    NUMBER(IPV6_UNICAST_HOPS),
#endif
#if defined(IPV6_TCLASS) && USOCKET_IPV6
    NUMBER(IPV6_TCLASS),
#endif
#ifdef MSG_PEEK
    NUMBER(MSG_PEEK),
#endif
#ifdef MSG_DONTWAIT
    NUMBER(MSG_DONTWAIT),
#endif
#ifdef MSG_WAITALL
    NUMBER(MSG_WAITALL),
#endif
#if defined(MSG_TRUNC) && USOCKET_DATAGRAMS
    NUMBER(MSG_TRUNC),
#endif
#ifdef MSG_OOB
    NUMBER(MSG_OOB),
#endif
#ifdef MSG_DONTROUTE
    NUMBER(MSG_DONTROUTE),
#endif
#ifdef MSG_MORE
    NUMBER(MSG_MORE),
#endif
#ifdef MSG_NOSIGNAL
    NUMBER(MSG_NOSIGNAL),
#endif
#ifdef MSG_CTRUNC
    NUMBER(MSG_CTRUNC),
#endif
#ifdef MSG_EOR
    NUMBER(MSG_EOR),
#endif
#if defined(SOMAXCONN) && USOCKET_SERVER && USOCKET_PY_EXTRAS
    NUMBER(SOMAXCONN),
#endif
};
static MP_DEFINE_CONST_DICT(module_globals, module_globals_table);

const mp_obj_module_t mod_usocket_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&module_globals,
};

/* The module is `usocket`, and `socket` as well unless the port keeps a `socket` of its own. With
 * USOCKET_IS_SOCKET the build has taken that one out (micropython.mk, micropython.cmake). */
#if USOCKET_CAN_REGISTER
#if !MICROPY_PY_SOCKET || defined(USOCKET_IS_SOCKET)
MP_REGISTER_EXTENSIBLE_MODULE(MP_QSTR_socket, mod_usocket_module);
#endif
MP_REGISTER_MODULE(MP_QSTR_usocket, mod_usocket_module);
#endif
