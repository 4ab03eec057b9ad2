# aiosocket: streams. MIT license.
import errno

import usocket
from asyncio import core

from .waiting import IN, OUT, Waiting, deadline, passed

AHEAD = 4096  # bytes that are read at once
LIMIT = 65536  # of a line, and of what write() buffers
LINGER = 30  # seconds that close() gives to what was not sent yet


class IncompleteReadError(EOFError):
    def __init__(self, partial, expected):
        super().__init__("%d bytes of %s" % (len(partial), "?" if expected is None else expected))
        self.partial = partial
        self.expected = expected


class LimitOverrunError(ValueError):
    pass


def late(what):
    return usocket.timeout(errno.ETIMEDOUT, what + ": timed out")


def octets(buf):
    # What write() is given beside bytes: text, or a buffer, whose items may be longer than a byte.
    if isinstance(buf, str):
        return buf.encode()
    return buf if not len(buf) or len(bytes(buf[:1])) == 1 else bytes(buf)


class Stream(Waiting):
    _kept = True
    _buf = b""  # what has come and was not read yet, from _pos on
    _pos = 0
    _ended = False  # the peer sends no more
    _out = None  # bytearray: what was written and not sent yet, from _off on
    _off = 0
    _end = 0  # up to here _out has been offered to the socket: a TLS record once begun must be offered again as it was
    _put = 0  # bytes ever put into _out, and taken out of it
    _gone = 0
    _error = None
    _half = False  # shut down for writing when all is sent
    _closing = False
    _closed = False
    e = {}  # what get_extra_info() knows beside what the socket does
    _peer = None
    _wrapped = False  # s is a TLS object around a socket
    timeout = None
    limit = LIMIT

    def __init__(self, s, e=e):
        self.s = s
        if e:
            self.e = e
        if not isinstance(s, usocket.socket):
            self._wrapped = True
            self._receive = s.read

    def __repr__(self):
        return "<Stream %s%r>" % ("closed " if self._closed else "", self.s)

    def get_extra_info(self, name, default=None):
        if name == "socket":
            return self.s
        if name in self.e:
            return self.e[name]
        try:
            if name == "sockname":
                return self._raw().getsockname()
            if name == "peername":
                return self._peer or self._raw().getpeername()
        except OSError:
            pass
        return default

    def _raw(self):
        return self.e.get("socket", self.s)

    def settimeout(self, seconds):
        # For each later call as a whole.
        deadline(seconds)
        self.timeout = seconds

    # ---- Reading ------------------------------------------------------------------------------------------------------

    def _receive(self, n):
        # What is there, at most n bytes; None: nothing yet.
        try:
            return self.s.recv(n)
        except OSError as e:
            if e.errno == errno.EAGAIN:
                return None
            raise

    def _take(self, n):
        # At most n of the bytes read ahead.
        if self._reader is not None:
            raise RuntimeError("another task is reading")
        buf, pos = self._buf, self._pos
        end = pos + n
        if end >= len(buf):
            self._buf = b""
            self._pos = 0
            return buf[pos:] if pos else buf
        self._pos = end
        return buf[pos:end]

    def _check(self):
        if self._closing:
            raise OSError(errno.EBADF, "the stream is closed")

    # async: more bytes, b'' at the end of the stream; what the other calls wait in
    def _more(self, n, by):
        if self._ended:
            return b""
        self._check()
        first = self._wrapped  # a TLS object may have the handshake to begin, or bytes that no poll knows of
        if first and core._io_queue.tired():
            yield from core.sleep_ms(0)
        while True:
            if not first:
                yield self._readable(by)
            self._check()
            got = self._receive(min(n, LIMIT))
            if got is not None:
                if not got:
                    self._ended = True
                return got
            if not first and passed(by):
                raise late("read")
            first = False

    # async
    def read(self, n=-1):
        if n < 0:
            return (yield from self._read_all())
        if self._buf:
            return self._take(n)
        if n == 0 or self._ended:
            return b""
        self._check()
        by = None if self.timeout is None else deadline(self.timeout)
        if n >= AHEAD:
            return (yield from self._more(n, by))
        while not self._wrapped:  # as _more() does
            yield self._readable(by)
            if self._closing:
                self._check()
            got = self._receive(AHEAD)
            if got is not None:
                break
            if passed(by):
                raise late("read")
        else:
            got = yield from self._more(AHEAD, by)
        if len(got) <= n:
            if not got:
                self._ended = True
            return got
        self._buf = got
        self._pos = n
        return got[:n]

    # async
    def _read_all(self):
        by = deadline(self.timeout)
        got = bytearray(self._take(len(self._buf)))
        whole = False
        try:
            while True:
                more = yield from self._more(AHEAD, by)
                if not more:
                    whole = True
                    return bytes(got)
                got.extend(more)
        finally:
            if not whole:
                self._buf = bytes(got)

    # async
    def readinto(self, buf):
        if not len(buf):
            return 0
        if not self._buf:
            got = yield from self._more(max(AHEAD, len(buf)), deadline(self.timeout))
            self._buf = got
        got = self._take(len(buf))
        buf[: len(got)] = got
        return len(got)

    # async
    def readexactly(self, n):
        if n < 0:
            raise ValueError("negative count")
        if len(self._buf) - self._pos >= n:
            return self._take(n)
        by = deadline(self.timeout)
        got = bytearray(self._take(n))
        whole = False
        try:
            while len(got) < n:
                more = yield from self._more(max(AHEAD, min(n - len(got), LIMIT)), by)
                if not more:
                    whole = True
                    raise IncompleteReadError(bytes(got), n)
                got.extend(more)
            whole = True
        finally:
            if not whole:
                self._buf = bytes(got)
        if len(got) > n:
            mv = memoryview(got)
            self._buf = bytes(mv[n:])
            return bytes(mv[:n])
        return bytes(got)

    # async
    def readline(self):
        buf = self._buf
        if buf:
            n = buf.find(b"\n", self._pos) + 1 - self._pos
            if n > 0 and (self.limit is None or n <= self.limit):
                return self._take(n)
        by = None if self.timeout is None else deadline(self.timeout)
        if not buf and not self._ended and not self._wrapped:
            self._check()
            while True:  # as _more() does
                yield self._readable(by)
                if self._closing:
                    self._check()
                got = self._receive(AHEAD)
                if got is not None:
                    break
                if passed(by):
                    raise late("read")
            at = got.find(b"\n") + 1
            if at and (self.limit is None or at <= self.limit):
                if at < len(got):
                    self._buf = got
                    self._pos = at
                    return got[:at]
                return got
            self._buf = got
            if not got:
                self._ended = True
        line = yield from self._until(b"\n", by)
        return self._take(len(self._buf)) if line is None else line

    # async
    def readuntil(self, separator=b"\n"):
        got = yield from self._until(separator, None if self.timeout is None else deadline(self.timeout))
        if got is None:
            raise IncompleteReadError(self._take(len(self._buf)), None)
        return got

    # async: up to and with the separator; None when the stream ends before
    def _until(self, separator, by):
        if not separator:
            raise ValueError("empty separator")
        seen = self._pos  # no separator begins before
        while True:
            buf, pos = self._buf, self._pos
            at = buf.find(separator, seen)
            if at >= 0:
                got = self._take(at + len(separator) - pos)
                if self.limit is not None and len(got) > self.limit:
                    self._buf, self._pos = got + self._buf[self._pos :], 0
                    raise LimitOverrunError("longer than the limit of %d" % self.limit)
                return got
            have = len(buf) - pos
            if self.limit is not None and have > self.limit:
                raise LimitOverrunError("longer than the limit of %d" % self.limit)
            more = yield from self._more(max(AHEAD, have), by)
            if not more:
                return None
            have = len(self._buf) - self._pos
            seen = max(0, have - len(separator) + 1)
            self._buf = self._buf[self._pos :] + more if self._buf else more
            self._pos = 0

    def at_eof(self):
        return self._ended and not self._buf

    def __aiter__(self):
        return self

    async def __anext__(self):
        line = await self.readline()
        if not line:
            raise StopAsyncIteration
        return line

    # ---- Writing ------------------------------------------------------------------------------------------------------

    def write(self, buf):
        # Sends what the socket takes at once. The rest goes out by itself, and drain() waits for that.
        if self._closing or self._half:
            raise OSError(errno.EBADF, "the stream is closed")
        if self._error is not None:
            raise self._error
        if not isinstance(buf, (bytes, bytearray)):
            buf = octets(buf)
        n = len(buf)
        if self._out is None:
            if not n:
                return
            try:
                sent = self.s.write(buf) or 0
            except Exception as e:
                self._fail(e)
                raise
            n -= sent
            if not n:
                return
            try:
                self._out = bytearray(memoryview(buf)[sent:] if sent else buf)
                self._off = 0
                self._end = n
                core._io_queue.register(self, OUT)
            except BaseException as e:
                self._out = None
                if sent:  # a part has gone: what came after it would be taken for the rest
                    self._put += n
                    self._fail(e)
                raise
        else:
            if self.limit is not None and len(self._out) - self._off > self.limit:
                raise OSError(errno.ENOBUFS, "%d bytes wait to be sent: drain() first" % (len(self._out) - self._off))
            self._out.extend(buf)
        self._put += n

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def _fail(self, e):
        self._error = e
        self._out = None
        core._io_queue.drop(self, OUT)
        self._wake_writers()

    # The queue calls this when the socket takes more.
    def _can_write(self):
        out = self._out
        if out is None:
            core._io_queue.drop(self, OUT)
            return self._wake_writers()
        rest = memoryview(out)[self._off : self._end]
        try:
            sent = self.s.write(rest)
        except Exception as e:  # `tls` has ValueError, too
            self._fail(e)
            if self._closing:
                self._shut()
            return
        if not sent:
            return
        self._gone += sent
        self._off += sent
        if self._off == self._end:
            if self._end == len(out):
                self._out = None
                core._io_queue.drop(self, OUT)
                if self._half:
                    self._shutdown()
            else:
                self._end = len(out)
        if self._out is not None and self._off > LIMIT:
            self._out = bytearray(memoryview(out)[self._off :])
            self._end -= self._off
            self._off = 0
        self._wake_writers()
        if self._closing and self._out is None:
            self._shut()

    # async: until all that was written before has been handed to the system
    def drain(self):
        if self._out is None:
            if self._error is not None:
                raise self._error
            if core._io_queue.tired():
                yield from core.sleep_ms(0)
            return
        by = deadline(self.timeout)
        goal = self._put
        while self._gone < goal and self._out is not None:
            if passed(by):
                raise late("drain")
            yield self._writable(by)
        if self._error is not None and self._gone < goal:
            raise self._error

    def can_write_eof(self):
        return isinstance(self.s, usocket.socket)

    def write_eof(self):
        # No more will be written; what was goes out, and then the peer reads the end.
        if not self._half:
            self._half = True
            if self._out is None:
                self._shutdown()

    def _shutdown(self):
        try:
            self._raw().shutdown(usocket.SHUT_WR)
        except OSError as e:
            self._error = e

    # ---- Closing ------------------------------------------------------------------------------------------------------

    def is_closing(self):
        return self._closing

    def close(self):
        # At once when nothing waits to be sent, else when it has been sent; a peer that does not read is left after a while.
        if self._closing:
            return
        self._closing = True
        self._ended = False
        self._buf = b""
        self._pos = 0
        if self._out is None:
            self._shut()
        else:
            self._wake_reader()
            self._linger = deadline(LINGER if self.timeout is None else self.timeout)
            self._alarm(self._linger)

    def _wake_late(self, now):
        if self._closing and not self._closed and passed(self._linger):
            self._fail(late("close"))
            self._shut()
            return None
        first = super()._wake_late(now)
        return self._linger if self._closing and not self._closed else first

    def abort(self):
        # Closes at once; what was not sent is lost.
        if not self._closed:
            self._closing = True
            self._ended = False
            if self._out is not None:
                self._error = self._error or OSError(errno.ECONNABORTED, "aborted")
                self._out = None
            self._buf = b""
            self._shut()

    def _shut(self):
        self._closed = True
        self._forget()
        self.s.close()
        if self._wrapped:
            self._raw().close()  # which a TLS object whose handshake failed leaves open

    # async
    def wait_closed(self):
        self.close()
        while not self._closed:
            yield self._writable()
        if self._error is not None and self._gone < self._put:
            raise self._error

    async def __aenter__(self):
        return self

    async def __aexit__(self, kind, value, trace):
        if kind is None:
            await self.wait_closed()
        else:
            self.abort()

    # MicroPython's older names.
    aclose = wait_closed

    # async
    def awrite(self, buf, off=0, sz=-1):
        if off or sz >= 0:
            buf = memoryview(buf)[off : len(buf) if sz < 0 else off + sz]
        self.write(buf)
        yield from self.drain()

    awritestr = awrite


StreamReader = StreamWriter = Stream
