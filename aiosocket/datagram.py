# aiosocket: datagram sockets. MIT license.
import errno

import usocket
from asyncio import core

from .dial import addresses
from .stream import timed_out
from .waiting import Waiting, deadline, passed, queue


class Datagram(Waiting):
    # A UDP socket. Its calls wait without blocking other tasks.
    _kept = True
    _closed = False
    timeout = None

    def settimeout(self, seconds):
        deadline(seconds)
        self.timeout = seconds

    # async: calls a method of the socket. A receive waits first, because a failed attempt costs more; a send rarely has to wait.
    def _try(self, wait, first, name, *arguments):
        by = deadline(self.timeout)
        while True:
            if self._closed:
                raise OSError(errno.EBADF, "the socket is closed")
            if first:
                yield wait(by)
                if self._closed:
                    continue
            elif queue().must_yield():
                yield from core.sleep_ms(0)
            try:
                return getattr(self.s, name)(*arguments)
            except OSError as e:
                if e.errno != errno.EAGAIN or len(e.args) > 1:  # with a text: the address was a host name
                    raise
            if passed(by):
                raise timed_out(name, self.s)
            first = True

    def recvfrom(self, n):
        return self._try(self._readable, True, "recvfrom", n)

    def recv(self, n):
        return self._try(self._readable, True, "recv", n)

    def recv_into(self, buf):
        return self._try(self._readable, True, "recv_into", buf)

    def sendto(self, data, address):
        return self._try(self._writable, False, "sendto", data, address)

    def send(self, data):
        return self._try(self._writable, False, "send", data)

    def get_extra_info(self, name, default=None):
        try:
            if name == "socket":
                return self.s
            if name == "sockname":
                return self.s.getsockname()
            if name == "peername":
                return self.s.getpeername()
        except OSError:
            pass
        return default

    def close(self):
        if not self._closed:
            self._closed = True
            self._forget()
            self.s.close()

    async def wait_closed(self):
        self.close()

    async def __aenter__(self):
        return self

    async def __aexit__(self, kind, value, trace):
        self.close()


# async: resolves an address argument to [(family, address)]
def resolved(given, name, family, passive):
    if isinstance(given, (bytes, bytearray, memoryview)):  # a raw sockaddr; its first two bytes hold the family
        start = bytes(given[:2])
        of = [f for f in (usocket.AF_INET, getattr(usocket, "AF_INET6", -1)) if f in start]
        if not of:
            raise OSError(97, "%s: no such address family" % name)
        return [(of[0], given)]
    if not isinstance(given, (tuple, list)) or not 2 <= len(given) <= 4:
        raise TypeError("%s must be (host, port[, flowinfo[, scope_id]])" % name)
    more = given[2:]  # flowinfo and scope_id of IPv6; the host may contain a scope as well
    pairs = yield from addresses(given[0], given[1], passive, family, usocket.SOCK_DGRAM)
    return [(f, a[:2] + tuple(m or own for m, own in zip(more, a[2:])) + a[2 + len(more) :]) for f, a in pairs]


async def open_datagram(local_addr=None, remote_addr=None, family=0, timeout=None, reuse_port=False, broadcast=False):
    # Opens a datagram socket that is bound to local_addr, connected to remote_addr, or both. Lookups do not block other tasks.
    deadline(timeout)
    local = None if local_addr is None else await resolved(local_addr, "local_addr", family, True)
    remote = None if remote_addr is None else await resolved(remote_addr, "remote_addr", family, False)
    if local and remote:  # both must be of one family
        pairs = [(f, a, b) for f, a in local for g, b in remote if f == g]
    elif local or remote:
        pairs = [(f, a if local else None, a if remote else None) for f, a in local or remote]
    else:
        pairs = [(family or usocket.AF_INET, None, None)]
    failed = OSError(97, "the two addresses have no family in common")
    for family, here, there in pairs:
        s = None
        try:
            s = usocket.socket(family, usocket.SOCK_DGRAM)
            s.setblocking(False)
            if reuse_port:
                s.setsockopt(usocket.SOL_SOCKET, usocket.SO_REUSEPORT, 1)
            if broadcast:
                s.setsockopt(usocket.SOL_SOCKET, usocket.SO_BROADCAST, 1)
            if here:
                s.bind(here)
            if there:
                s.connect(there)
            d = Datagram(s)
            d.settimeout(timeout)
            return d
        except BaseException as e:
            if s is not None:
                s.close()
            if not isinstance(e, OSError):
                raise
            failed = e
    raise failed
