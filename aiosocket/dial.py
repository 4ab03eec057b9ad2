# aiosocket: lookups, and connections to the first address that answers (RFC 8305). MIT license.
import errno
from time import ticks_add, ticks_diff, ticks_ms

import usocket
from asyncio import core

from .secure import EPROTONOSUPPORT, checked, earliest, handshake, handshake_limit, is_tls, own_tls, set_options, try_options, wrap
from .stream import LIMIT, Stream, check_limit, timed_out
from .waiting import Waiting, deadline, passed

EISCONN = 106
LONG = 5  # milliseconds of delay after which in_line() queues again
WHOLE = 4  # shares of work that may begin in one millisecond


# async: rations long computations. A task awaits this before work that blocks the loop for a while; the work that begins in one
# millisecond is limited to WHOLE shares: four lookups or connects, or one handshake. A task that runs more than LONG ms after its
# assigned millisecond queues again, so that sleeping tasks get their turns first.
def in_line(share=WHOLE):
    global _slot, _used
    for _ in range(10):
        now = ticks_ms()
        if ticks_diff(_slot, now) < 0:
            _slot, _used = now, 0
        elif _used >= WHOLE:
            _slot, _used = ticks_add(_slot, 1), 0
        at = _slot
        _used += share
        if at == now:
            return
        yield from core.sleep_ms(ticks_diff(at, now))
        if ticks_diff(ticks_ms(), at) <= LONG:
            return


_slot = ticks_ms()
_used = 0


# async: waits for the result of usocket.resolver or usocket.dialer
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
                raise timed_out(what)
            yield w._readable(by)
    finally:
        w._forget()


# async: usocket.getaddrinfo without blocking other tasks
def getaddrinfo(host, port, family=0, type=0, proto=0, flags=0, timeout=None):
    by = deadline(timeout)
    if not hasattr(usocket, "resolver"):  # this build has none: the lookup blocks
        return usocket.getaddrinfo(host, port, family, type, proto, flags)
    yield from in_line(1)
    of = usocket.resolver(host, port, family, type, proto, flags)
    try:
        return (yield from outcome(of, "getaddrinfo %s" % host, by))
    finally:
        of.close()


# async: returns [(family, address)] without duplicates
def addresses(host, port, passive=False, family=0, kind=usocket.SOCK_STREAM, timeout=None):
    flags = getattr(usocket, "AI_PASSIVE", 0) if passive else 0
    found = []
    for entry in (yield from getaddrinfo(host or None, port, family, kind, 0, flags, timeout)):
        pair = (entry[0], entry[4])
        if pair not in found:
            found.append(pair)
    return found


# async: returns a connected, non-blocking socket
def connect(host, port, timeout, options):
    if not hasattr(usocket, "dialer"):  # this build has none
        return (yield from connect_in_turn(host, port, timeout, options))
    yield from in_line(1)
    of = usocket.dialer(host, port, timeout=timeout, **options)  # the dialer checks the deadline itself
    try:
        return (yield from outcome(of, "connect to %s:%s" % (host, port), None))
    finally:
        of.close()


# async: tries one address after another; for builds without usocket.dialer
def connect_in_turn(host, port, timeout, options):
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
                    raise timed_out(what)
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


def no_delay(s):
    try:
        s.setsockopt(usocket.IPPROTO_TCP, usocket.TCP_NODELAY, 1)
    except (OSError, AttributeError):
        pass


async def open_connection(
    host, port, ssl=None, server_hostname=None, timeout=None, family=0, limit=LIMIT, happy_eyeballs_delay=None, local_addr=None,
    ssl_handshake_timeout=None
):
    # Looks the host up and connects to the first of its addresses that answers. `timeout` limits all of it, in seconds, and each
    # later call until settimeout(). Returns the stream twice, as reader and as writer.
    # `ssl` is True, a dict of usocket's TLS options, or a context of MicroPython's `tls`.
    ssl = checked(ssl, False)
    handshake_seconds = handshake_limit(ssl_handshake_timeout, ssl is not None)
    check_limit(limit)
    deadline(happy_eyeballs_delay, "happy_eyeballs_delay")
    by = deadline(timeout)
    own = isinstance(ssl, dict)
    options = {"family": family, "source_address": local_addr, "happy_eyeballs_delay": happy_eyeballs_delay}
    if own:
        try_options(ssl, server_hostname)
        options["proto"] = usocket.IPPROTO_SEC
    s = raw = await connect(host, port, timeout, options)
    try:
        no_delay(s)
        extra = Stream.e
        if ssl is not None:
            await in_line()
            by = earliest(handshake_seconds, by)
        if own:
            set_options(s, ssl, server_hostname)
            await handshake(s, by)
        elif ssl:
            extra = {"socket": s}
            s = wrap(s, ssl, False, server_hostname or host)
            if is_tls(s):
                raw, extra = s, Stream.e
                await handshake(s, by)
        stream = Stream(s, extra)
        if timeout is not None:
            stream.settimeout(timeout)
        if limit != LIMIT:
            stream.limit = limit
        if s is not raw:
            stream._limit_handshake(by)
    except BaseException:
        s.close()
        raw.close()  # a TLS object leaves it open after a failed handshake
        raise
    return stream, stream
