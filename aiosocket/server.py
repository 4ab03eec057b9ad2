# aiosocket: servers. MIT license.
import errno
import gc
import sys

import usocket
from asyncio import core

from .dial import addresses, no_delay, set_options, wrap
from .stream import LIMIT, Stream
from .waiting import Waiting

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
    def __init__(self, listeners, backlog):
        self._listeners = listeners
        self._tasks = []
        self._closed = False
        self.backlog = backlog
        self.pauses = 0  # how often accept has found no descriptor or no memory

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

    async def _serve(self, w, cb, ssl, timeout, limit):
        try:
            while w in self._listeners:
                short = True
                try:
                    await wait_readable(w)
                    short = self._accept(w, cb, ssl, timeout, limit)
                except MemoryError:
                    pass
                if short and w in self._listeners:  # others wait in the backlog meanwhile
                    self.pauses += 1
                    gc.collect()
                    pause, w.pause = w.pause, min(2 * w.pause, LONGEST)
                    await core.sleep_ms(pause)
        finally:
            self._lose(w)  # if the task was cancelled, not the server closed

    def _accept(self, w, cb, ssl, timeout, limit):
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
                self._start(s, peer, cb, ssl, timeout, limit)
            except MemoryError:
                s.close()
                return True
            except Exception as e:
                s.close()
                report(e)
        return False

    def _start(self, s, peer, cb, ssl, timeout, limit):
        s.setblocking(False)
        no_delay(s)
        extra = Stream.e
        if ssl and not isinstance(ssl, dict):
            extra = {"socket": s}
            s = wrap(s, ssl, True, None)
        stream = Stream(s, extra)
        stream._peer = peer
        if timeout is not None:
            stream.settimeout(timeout)
        if limit != LIMIT:
            stream.limit = limit
        core.create_task(handle(cb, stream))


def report(e):
    # asyncio's own handler prints the task, too.
    try:
        core.Loop.call_exception_handler({"message": "aiosocket: a connection failed", "exception": e, "future": core.cur_task})
    except Exception as e:  # the handler's own
        sys.print_exception(e)


# async: a handler that fails closes its connection, and nothing else
def handle(cb, stream):
    try:
        coro = cb(stream, stream)
        if coro is not None:
            yield from coro
    except BaseException:
        try:
            stream.abort()
        except MemoryError:
            stream.s.close()  # the queue finds it closed
            gc.collect()
        raise


# async
def wait_readable(w):
    yield w._readable()


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


async def start_server(cb, host=None, port=None, backlog=BACKLOG, ssl=None, timeout=None, limit=LIMIT, reuse_address=True, sock=None):
    # Listens at each address of the host; with port 0 at one port for all. `cb(reader, writer)` runs as a task for each connection.
    found = [] if sock else await addresses(host, port, passive=True)
    sockets, missing, server = [], None, None
    try:
        if sock:
            sock.setblocking(False)
            sock.listen(backlog)
            sockets.append(sock)
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
        server = Server([Listener(s) for s in sockets], backlog)
        server._tasks = [core.create_task(server._serve(w, cb, ssl, timeout, limit)) for w in server._listeners]
        await core.sleep_ms(0)  # the tasks have begun, and close their sockets when they are cancelled
    except BaseException:
        if server:
            server.close()
        for s in sockets:
            s.close()
        raise
    return server
