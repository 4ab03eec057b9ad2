# aiosocket: names, connections to the first address that answers (RFC 8305), and TLS on them. MIT license.
import errno

import usocket

from .stream import LIMIT, Stream, late
from .waiting import Waiting, deadline, in_line, passed

EPROTONOSUPPORT = 93
EISCONN = 106


# async: the result of a resolver or a dialer of usocket
def outcome(of, what, by):
    w = Waiting(of)
    try:
        while True:
            try:
                return of.result()
            except OSError as e:
                if e.errno != errno.EAGAIN:
                    raise
            if passed(by):
                raise late(what)
            yield w._readable(by)
    finally:
        w._forget()


# async: usocket.getaddrinfo, while others run
def getaddrinfo(host, port, family=0, type=0, proto=0, flags=0, timeout=None):
    if not hasattr(usocket, "resolver"):  # built without
        return usocket.getaddrinfo(host, port, family, type, proto, flags)
    yield from in_line(1)
    of = usocket.resolver(host, port, family, type, proto, flags)
    try:
        return (yield from outcome(of, "getaddrinfo %s" % host, deadline(timeout)))
    finally:
        of.close()


# async: [(family, address)], each once
def addresses(host, port, passive=False, family=0, kind=usocket.SOCK_STREAM, timeout=None):
    flags = getattr(usocket, "AI_PASSIVE", 0) if passive else 0
    found = []
    for entry in (yield from getaddrinfo(host or None, port, family, kind, 0, flags, timeout)):
        pair = (entry[0], entry[4])
        if pair not in found:
            found.append(pair)
    return found


# async: a connected, non-blocking socket
def connect(host, port, timeout, options):
    if not hasattr(usocket, "dialer"):  # built without
        return (yield from one_by_one(host, port, timeout, options))
    yield from in_line(1)
    of = usocket.dialer(host, port, timeout=timeout, **options)  # has a deadline of its own
    try:
        return (yield from outcome(of, "connect to %s:%s" % (host, port), None))
    finally:
        of.close()


# async
def one_by_one(host, port, timeout, options):
    what = "connect to %s:%s" % (host, port)
    if "proto" in options:
        raise OSError(EPROTONOSUPPORT, what + ": TLS needs usocket.dialer")
    by = deadline(timeout)
    failed = None
    for family, address in (yield from addresses(host, port, False, options["family"], timeout=timeout)):
        s = usocket.socket(family, usocket.SOCK_STREAM)
        w = Waiting(s)
        good = False
        try:
            s.setblocking(False)
            if options["source_address"]:
                s.bind(options["source_address"])
            code = s.connect_ex(address)
            while code == errno.EINPROGRESS:
                if passed(by):
                    raise late(what)
                yield w._writable(by)
                code = s.getsockopt(usocket.SOL_SOCKET, usocket.SO_ERROR) or s.connect_ex(address)
                if code == EISCONN:
                    code = 0
                elif code == errno.EALREADY:
                    code = errno.EINPROGRESS
            good = code == 0
            if good:
                return s
            failed = OSError(code, what)
        finally:
            w._forget()
            if not good:
                s.close()
    raise failed


def own_tls():
    # TLS as a state of the socket, where this build of usocket has it.
    global _own
    if _own is None:
        try:
            usocket.socket(usocket.AF_INET, usocket.SOCK_STREAM, usocket.IPPROTO_SEC).close()
            _own = True
        except (OSError, AttributeError):
            _own = False
    return _own


_own = None


def wrap(s, ssl, server, hostname):
    # A TLS object of MicroPython's `tls` around a connected socket.
    if server:
        wrapped = ssl.wrap_socket(s, server_side=True, do_handshake_on_connect=False)
    else:
        wrapped = ssl.wrap_socket(s, server_hostname=hostname, do_handshake_on_connect=False)
    wrapped.setblocking(False)
    return wrapped


def client_context():
    import tls

    return tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)


def set_options(s, options):
    for option, value in options.items():
        s.setsockopt(usocket.SOL_TLS, option, value)


# async
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
                raise late("handshake")
            yield w._writable(by)  # which it is when the handshake has ended
    finally:
        w._forget()


def no_delay(s):
    try:
        s.setsockopt(usocket.IPPROTO_TCP, usocket.TCP_NODELAY, 1)
    except (OSError, AttributeError):
        pass


async def open_connection(
    host, port, ssl=None, server_hostname=None, timeout=None, family=0, limit=LIMIT, happy_eyeballs_delay=None, local_addr=None
):
    # Looks the name up and connects to the first of its addresses that answers, all within `timeout` seconds, which is also that
    # of the later calls until settimeout(). Returns the stream twice, as reader and as writer.
    # ssl: True, a dict of usocket's TLS options, or a context of MicroPython's `tls`.
    by = deadline(timeout)
    own = isinstance(ssl, dict) or ssl is True and own_tls()
    options = {"family": family, "source_address": local_addr, "happy_eyeballs_delay": happy_eyeballs_delay}
    if own:
        options["proto"] = usocket.IPPROTO_SEC
    s = await connect(host, port, timeout, options)
    try:
        no_delay(s)
        extra = Stream.e
        if ssl:
            await in_line()
        if own:
            if server_hostname:
                s.setsockopt(usocket.SOL_TLS, usocket.TLS_HOSTNAME, server_hostname)
            if ssl is not True:
                set_options(s, ssl)
            await handshake(s, by)
        elif ssl:
            extra = {"socket": s}
            s = wrap(s, client_context() if ssl is True else ssl, False, server_hostname or host)
        stream = Stream(s, extra)
        if timeout is not None:
            stream.settimeout(timeout)
        if limit != LIMIT:
            stream.limit = limit
    except BaseException:
        s.close()
        raise
    return stream, stream
