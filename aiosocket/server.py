# aiosocket: servers. MIT license.
import errno
import gc
import sys

import usocket
from asyncio import core

from .dial import addresses, in_line, no_delay
from .secure import asks_for_certificates, checked, earliest, handshake, handshake_limit, handshake_within, is_tls, set_options, wrap
from .stream import LIMIT, Stream, check_limit
from .waiting import Waiting, deadline

BACKLOG = 100
BATCH = 32  # connections accepted before other tasks run
PAUSE = 50  # milliseconds that a listener pauses when descriptors or memory run out; doubles up to LONGEST
LONGEST = 1000
ABSENT = (93, 97, 99)  # EPROTONOSUPPORT, EAFNOSUPPORT, EADDRNOTAVAIL: this system lacks the address family
SHORT = (23, 24, errno.ENOBUFS, errno.ENOMEM)  # 23 is ENFILE, 24 is EMFILE
GONE = (errno.EBADF, errno.EINVAL, 88)  # 88 is ENOTSOCK: the listening socket was closed or shut down


class Listener(Waiting):
    _kept = True
    pause = PAUSE  # length of the next pause


class Server:
    # The result of start_server(); `async with` closes it.
    def __init__(self, sockets, backlog, cb, ssl, handshake_seconds, timeout, limit):
        self._listeners = [Listener(s) for s in sockets]
        self._cb = cb
        self._ssl = ssl
        self._handshake_seconds = handshake_seconds  # seconds for a handshake
        self._timeout = timeout
        self._limit = limit
        self._closed = False
        self.backlog = backlog
        self.pauses = 0  # number of times that accept found no descriptor or no memory
        self.refused = 0  # number of failed handshakes
        self.refusal = None  # exception of the last failed handshake
        self._tasks = [core.create_task(self._serve(w)) for w in self._listeners]

    @property
    def sockets(self):
        return [w.s for w in self._listeners]

    def close(self):
        # Stops listening; open connections stay open.
        self._closed = True
        for w in list(self._listeners):
            self._drop(w)
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

    def _drop(self, w):
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
                if short and w in self._listeners:  # new connections stay in the backlog during the pause
                    gc.collect()
                    pause = w.pause
                    try:
                        self.pauses += 1
                        w.pause = min(2 * pause, LONGEST)
                    except MemoryError:
                        pass
                    await core.sleep_ms(pause)
        finally:
            self._drop(w)  # in case the task was cancelled without close()

    def _accept(self, w):
        # Accepts up to BATCH pending connections. Returns True when descriptors or memory have run out.
        for _ in range(BATCH):
            try:
                s, peer = w.s.accept()
            except OSError as e:
                if e.errno == errno.EAGAIN or w not in self._listeners:
                    return False
                if e.errno in SHORT:
                    return True
                if e.errno in GONE:
                    self._drop(w)
                    return False
                continue  # that connection was lost before accept; try the next
            w.pause = PAUSE
            try:
                self._start(s, peer, is_tls(w.s))
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
            if is_tls(s):
                own, extra = True, Stream.e
        stream = Stream(s, extra)
        stream._peer = peer
        if self._timeout is not None:
            stream.settimeout(self._timeout)
        if self._limit != LIMIT:
            stream.limit = self._limit
        stream._task = self._cb
        work = handle(stream)
        if own or wrapped:
            by = earliest(self._handshake_seconds, deadline(self._timeout))
            if own:
                work = self._after(handshake(s, by), stream, work)
            elif asks_for_certificates(s, self._ssl):
                work = self._after(handshake_within(stream, by), stream, work)
            else:
                stream._limit_handshake(by)
        core.create_task(work)

    # async: does the work if the handshake succeeds. A failed one is counted and not reported to the exception handler, as in asyncio.
    def _after(self, handshaking, stream, work):
        try:
            yield from in_line()
            yield from handshaking
        except BaseException as e:
            end(stream)
            if not isinstance(e, Exception):
                raise
            self.refused += 1
            self.refusal = e
            return
        yield from work


def report(e):
    # asyncio's default handler prints the task as well.
    try:
        core.Loop.call_exception_handler({"message": "aiosocket: a connection failed", "exception": e, "future": core.cur_task})
    except Exception as e:  # raised by the handler itself
        sys.print_exception(e)


def end(stream):
    try:
        stream.abort()
    except MemoryError:
        stream.s.close()  # the queue notices that the socket is closed
        gc.collect()


# async: runs the callback for one connection; an exception closes only that connection. The last step is one of asyncio's loop.
# Another local variable would make the frame larger by a block of the heap.
def handle(stream):
    try:
        yield from begin(stream)
        stream = None
    finally:
        yield last_step(stream)


def begin(stream):
    callback = stream._task
    stream._task = core.cur_task
    return callback(stream, stream) or ()


def last_step(failed):
    if failed is not None:
        end(failed)
    core._task_queue.push(core.cur_task)


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


def check_given(sock, ssl):
    # Checks and prepares a listening socket that the caller created.
    if ssl is not None and isinstance(ssl, dict) != is_tls(sock):
        raise ValueError("ssl: a dict of options is for a sock of IPPROTO_SEC, a context for a plain one")
    if isinstance(ssl, dict):
        set_options(sock, ssl)
    sock.setblocking(False)


async def start_server(
    cb, host=None, port=None, backlog=BACKLOG, ssl=None, timeout=None, limit=LIMIT, reuse_address=True, sock=None,
    ssl_handshake_timeout=None
):
    # Listens on each address of the host; with port 0 all of them share one free port. `cb(reader, writer)` runs as a task for each
    # connection, with TLS after the handshake.
    if cb is not None and not callable(cb):  # asyncio accepts None as well
        raise TypeError("cb must be callable, not %s" % type(cb).__name__)
    check_limit(limit)
    ssl = checked(ssl, True)
    handshake_seconds = handshake_limit(ssl_handshake_timeout, ssl is not None or sock and is_tls(sock))
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
        server = Server(sockets, backlog, cb, ssl, handshake_seconds, timeout, limit)
        await core.sleep_ms(0)  # lets the tasks start; from then on they close their sockets when they are cancelled
    except BaseException:
        if server:
            server.close()
        for s in sockets:
            s.close()
        raise
    return server
