# aiosocket: servers. MIT license.
import errno
import gc
import sys

import usocket
from asyncio import core

from .dial import addresses, no_delay
from .secure import asks_for_certificates, checked, earliest, handshake, handshake_limit, handshake_within, set_options, wrap
from .stream import LIMIT, Stream
from .waiting import Waiting, check_limit, deadline, in_line

BACKLOG = 100
BATCH = 32  # connections that are accepted before others have their turn
PAUSE = 50  # ms that a listener waits for descriptors and memory, doubled up to
LONGEST = 1000
ABSENT = (93, 97, 99)  # EPROTONOSUPPORT, EAFNOSUPPORT, EADDRNOTAVAIL: of a family that this system does not have
SHORT = (23, 24, errno.ENOBUFS, errno.ENOMEM)  # ENFILE and EMFILE first
GONE = (errno.EBADF, errno.EINVAL, 88)  # ENOTSOCK: somebody has closed the listening socket, or shut it down


class Listener(Waiting):
    _kept = True
    pause = PAUSE  # the next


class Server:
    # What start_server() returns; `async with` closes it.
    def __init__(self, sockets, backlog, cb, ssl, patience, timeout, limit):
        self._listeners = [Listener(s) for s in sockets]
        self._cb = cb
        self._ssl = ssl
        self._patience = patience  # seconds for a handshake
        self._timeout = timeout
        self._limit = limit
        self._closed = False
        self.backlog = backlog
        self.pauses = 0  # how often accept has found no descriptor or no memory
        self.refused = 0  # how many handshakes have failed, and what the last of them has raised
        self.refusal = None
        self._tasks = [core.create_task(self._serve(w)) for w in self._listeners]

    @property
    def sockets(self):
        return [w.s for w in self._listeners]

    def close(self):
        # Stops listening; the connections that there are stay.
        self._closed = True
        for w in list(self._listeners):
            self._lose(w)
        for task in self._tasks:
            if task is not core.cur_task:
                task.cancel()

    async def wait_closed(self):
        for task in self._tasks:
            if task is not core.cur_task:
                try:
                    await task
                except core.CancelledError:
                    if not self._closed or not task.done():
                        raise

    async def serve_forever(self):
        try:
            for task in self._tasks:
                await task
        finally:
            self.close()

    def is_serving(self):
        return bool(self._listeners)

    async def __aenter__(self):
        return self

    async def __aexit__(self, kind, value, trace):
        self.close()
        await self.wait_closed()

    def _lose(self, w):
        if w in self._listeners:
            self._listeners.remove(w)
            w._forget()
            w.s.close()

    async def _serve(self, w):
        try:
            while w in self._listeners:
                short = True
                try:
                    await wait_readable(w)
                    short = self._accept(w)
                except MemoryError:
                    pass
                if short and w in self._listeners:  # others wait in the backlog meanwhile
                    gc.collect()
                    pause = w.pause
                    try:
                        self.pauses += 1
                        w.pause = min(2 * pause, LONGEST)
                    except MemoryError:
                        pass
                    await core.sleep_ms(pause)
        finally:
            self._lose(w)  # if the task was cancelled, not the server closed

    def _accept(self, w):
        # Those who wait, or some of them. True: there is no descriptor or no memory for more.
        for _ in range(BATCH):
            try:
                s, peer = w.s.accept()
            except OSError as e:
                if e.errno == errno.EAGAIN or w not in self._listeners:
                    return False
                if e.errno in SHORT:
                    return True
                if e.errno in GONE:
                    self._lose(w)
                    return False
                continue  # that one went away; the next is another matter
            w.pause = PAUSE
            try:
                self._start(s, peer, speaks_tls(w.s))
            except MemoryError:
                s.close()
                return True
            except Exception as e:
                s.close()
                report(e)
        return False

    def _start(self, s, peer, own):
        s.setblocking(False)
        no_delay(s)
        extra = Stream.e
        wrapped = self._ssl is not None and not own
        if wrapped:
            extra = {"socket": s}
            s = wrap(s, self._ssl, True, None)
        stream = Stream(s, extra)
        stream._peer = peer
        if self._timeout is not None:
            stream.settimeout(self._timeout)
        if self._limit != LIMIT:
            stream.limit = self._limit
        shake = None
        if own or wrapped:
            by = earliest(self._patience, deadline(self._timeout))
            if own:
                shake = handshake(s, by)
            elif asks_for_certificates(s, self._ssl):
                shake = handshake_within(stream, by)
            else:
                stream._prove(by)
        core.create_task(handle(self, stream, shake))

    # async: True if the handshake has ended well. Who fails in it is the network's affair, as in asyncio: counted, not reported.
    def _shaken(self, stream, shake):
        try:
            yield from in_line()
            yield from shake
            return True
        except Exception as e:
            self.refused += 1
            self.refusal = e
            end(stream)
            return False


def report(e):
    # asyncio's own handler prints the task, too.
    try:
        core.Loop.call_exception_handler({"message": "aiosocket: a connection failed", "exception": e, "future": core.cur_task})
    except Exception as e:  # the handler's own
        sys.print_exception(e)


def end(stream):
    try:
        stream.abort()
    except MemoryError:
        stream.s.close()  # the queue finds it closed
        gc.collect()


# async: a handler that fails closes its connection, and nothing else
def handle(server, stream, shake):
    try:
        if shake is not None and not (yield from server._shaken(stream, shake)):
            return
        coro = server._cb(stream, stream)
        if coro is not None:
            yield from coro
    except BaseException:
        end(stream)
        raise


# async
def wait_readable(w):
    yield w._readable()


def speaks_tls(s):
    return getattr(s, "proto", 0) == getattr(usocket, "IPPROTO_SEC", None)


def listener(family, address, backlog, reuse_address, ssl):
    own = isinstance(ssl, dict)
    s = usocket.socket(family, usocket.SOCK_STREAM, usocket.IPPROTO_SEC if own else 0)
    try:
        s.setblocking(False)
        if own:
            set_options(s, ssl)
        if reuse_address:
            s.setsockopt(usocket.SOL_SOCKET, usocket.SO_REUSEADDR, 1)
        if family == getattr(usocket, "AF_INET6", None):
            s.setsockopt(usocket.IPPROTO_IPV6, usocket.IPV6_V6ONLY, 1)
        s.bind(address)
        s.listen(backlog)
    except BaseException:
        s.close()
        raise
    return s


def check_given(sock, ssl):
    # A listening socket of the program's own.
    if ssl is not None and isinstance(ssl, dict) != speaks_tls(sock):
        raise ValueError("ssl: a dict of options is for a sock of IPPROTO_SEC, a context for a plain one")
    if isinstance(ssl, dict):
        set_options(sock, ssl)
    sock.setblocking(False)


async def start_server(
    cb, host=None, port=None, backlog=BACKLOG, ssl=None, timeout=None, limit=LIMIT, reuse_address=True, sock=None,
    ssl_handshake_timeout=None
):
    # Listens at each address of the host; with port 0 at one port for all. `cb(reader, writer)` runs as a task for each connection,
    # with TLS after the handshake.
    if cb is not None and not callable(cb):  # asyncio takes None, too, for a server that no client reaches
        raise TypeError("cb must be callable, not %s" % type(cb).__name__)
    check_limit(limit)
    ssl = checked(ssl, True)
    patience = handshake_limit(ssl_handshake_timeout, ssl is not None or sock and speaks_tls(sock))
    deadline(timeout)
    if sock:
        check_given(sock, ssl)
    found = [] if sock else await addresses(host, port, passive=True)
    sockets, missing, server = [], None, None
    try:
        if sock:
            sockets.append(sock)
            sock.listen(backlog)
        for family, address in found:
            if sockets and not port:
                address = (address[0], sockets[0].getsockname()[1]) + tuple(address[2:])
            try:
                sockets.append(listener(family, address, backlog, reuse_address, ssl))
            except OSError as e:
                missing = e
                if e.errno not in ABSENT:
                    raise
        if not sockets:
            raise missing
        server = Server(sockets, backlog, cb, ssl, patience, timeout, limit)
        await core.sleep_ms(0)  # the tasks have begun, and close their sockets when they are cancelled
    except BaseException:
        if server:
            server.close()
        for s in sockets:
            s.close()
        raise
    return server
