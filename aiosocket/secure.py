# aiosocket: TLS, by usocket itself or by MicroPython's `tls`. MIT license.
import errno
from time import ticks_diff

import usocket

from .reading import timed_out
from .waiting import Waiting, deadline, passed

HANDSHAKE = 60  # default limit of a handshake in seconds, as in asyncio
EPROTONOSUPPORT = 93
NO_IDENTITY = "ssl: a server needs TLS_OWN_CERT and TLS_OWN_KEY, or TLS_PSK"
VALUES = (int, str, bytes, bytearray, memoryview, list, tuple, type(None))

_own = None


def own_tls():
    # True if this build of usocket has TLS sockets (IPPROTO_SEC).
    global _own
    if _own is None:
        try:
            usocket.socket(usocket.AF_INET, usocket.SOCK_STREAM, usocket.IPPROTO_SEC).close()
            _own = True
        except AttributeError:
            _own = False
        except OSError as e:
            if e.errno != EPROTONOSUPPORT:
                raise
            _own = False
    return _own


def checked(ssl, server):
    # Returns `ssl` as None, a dict of usocket's options, or a context. Anything else raises before a connection is made.
    if ssl is None or ssl is False:
        return None
    if ssl is True:
        if server:
            raise ValueError(NO_IDENTITY)
        return {} if own_tls() else client_context()
    if isinstance(ssl, dict):
        check_options(ssl, server)
        return ssl
    if hasattr(ssl, "wrap_socket"):
        return ssl
    text = "ssl: a dict of usocket's TLS options or a context of tls is required, not %s" % type(ssl).__name__
    if isinstance(ssl, (str, bytes)):
        text += "; for a file pass its contents: {TLS_CA_CERT: contents}"
    raise TypeError(text)


def check_options(options, server):
    for option, value in options.items():
        if not isinstance(option, int):
            raise TypeError("ssl: %r is no option: the keys are usocket's TLS_*" % (option,))
        if not isinstance(value, VALUES):
            raise TypeError("ssl: the value of option %d is a %s" % (option, type(value).__name__))
    if server and own_tls():
        if options.get(usocket.TLS_OWN_CERT) and options.get(usocket.TLS_OWN_KEY):
            return
        if not options.get(getattr(usocket, "TLS_PSK", None)):
            raise ValueError(NO_IDENTITY)


def handshake_limit(seconds, secure):
    if seconds is None:
        return HANDSHAKE
    if not secure:
        raise ValueError("ssl_handshake_timeout is of use with ssl only")
    deadline(seconds, "ssl_handshake_timeout")
    if seconds == 0:
        raise ValueError("ssl_handshake_timeout must be more than 0")
    return seconds


def earliest(seconds, other):
    # The earlier of a handshake's own deadline and another one, which may be None.
    by = deadline(seconds)
    return by if other is None or ticks_diff(by, other) < 0 else other


def is_tls(s):
    return getattr(s, "proto", 0) == getattr(usocket, "IPPROTO_SEC", None)


def wrap(s, ssl, server, hostname):
    # A TLS object of MicroPython's `tls` around a connected socket, or a TLS socket of usocket from a context of lib/ssl.
    if server:
        wrapped = ssl.wrap_socket(s, server_side=True, do_handshake_on_connect=False)
    else:
        wrapped = ssl.wrap_socket(s, server_hostname=hostname, do_handshake_on_connect=False)
    wrapped.setblocking(False)
    return wrapped


def client_context():
    try:
        import tls
    except ImportError:
        raise OSError(EPROTONOSUPPORT, "ssl: this build has no TLS")
    return tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)


def set_options(s, options, hostname=None):
    if hostname:
        s.setsockopt(usocket.SOL_TLS, usocket.TLS_HOSTNAME, hostname)
    for option, value in options.items():
        s.setsockopt(usocket.SOL_TLS, option, value)


def try_options(options, hostname):
    # A wrong value is refused before anything is sent.
    with usocket.socket(usocket.AF_INET, usocket.SOCK_STREAM, usocket.IPPROTO_SEC) as s:
        set_options(s, options, hostname)


# async: completes the handshake of a usocket TLS socket
def handshake(s, by):
    w = Waiting(s)
    try:
        while True:
            try:
                return s.do_handshake()
            except OSError as e:
                if e.errno not in (errno.EAGAIN, errno.EINPROGRESS):
                    raise
            if passed(by):
                raise timed_out("handshake", s)
            yield w._writable(by)  # poll reports POLLOUT when the handshake has ended
    finally:
        w._forget()


# A TLS object of `tls` does its handshake within its first read or write and does not report the end of it. A peer certificate proves
# that the handshake has ended.


def asks_for_certificates(s, ssl):
    return hasattr(s, "getpeercert") and getattr(ssl, "verify_mode", 0) == 2  # CERT_REQUIRED


def has_certificate(s):
    return hasattr(s, "getpeercert") and s.getpeercert(True) is not None


# async: the handshake of a server's stream over a TLS object that requires a client certificate
def handshake_within(stream, by):
    s = stream.s
    w = Waiting(s)
    one = bytearray(1)
    try:
        while True:
            got = s.readinto(one)
            if got:
                stream._buf = bytes(one)
                return
            if has_certificate(s):
                return
            if got == 0:
                raise OSError(errno.ECONNRESET, "handshake: the peer has closed")
            if passed(by):
                raise timed_out("handshake", s)
            yield w._readable(by)
    finally:
        w._forget()
