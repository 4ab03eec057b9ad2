# aiosocket: streams. MIT license.
import errno
from time import ticks_diff

import usocket
from asyncio import core

from .reading import AHEAD, LIMIT, READ, WRITE, IncompleteReadError, LimitOverrunError, Reading, check_integer, check_limit, timed_out
from .secure import has_certificate
from .waiting import OUT, SPINS, deadline, passed

LINGER = 30  # seconds that close() allows for sending buffered bytes


def octets(buf):
    # Converts an argument of write() that is not bytes: text, or a buffer with items of any size.
    if isinstance(buf, str):
        return buf.encode()
    try:
        buf = memoryview(buf)
    except TypeError:  # raised before anything is sent, so the stream stays usable
        raise TypeError("data must be bytes-like or str, not %s" % type(buf).__name__)
    return buf if not len(buf) or len(bytes(buf[:1])) == 1 else bytes(buf)


class Stream(Reading):
    # _odd has WRITE while one of _out, _error, _half_closed, _closing and _handshake_by is set.
    _out = None  # bytearray of bytes not sent yet, from _off on; None: there are none
    _off = 0
    _offered = 0  # bytes of _out before this index were offered to the socket: TLS needs a record that it has begun offered again unchanged
    _written = 0  # total of bytes ever put into _out
    _sent = 0  # total of bytes ever sent from _out
    _error = None
    _half_closed = False  # write_eof() was called; the socket is shut down for writing when all bytes are sent
    _closed = False
    e = {}  # values of get_extra_info() that the socket does not have
    _peer = None
    limit = LIMIT  # here, where it is found sooner than in the base class

    def __init__(self, s, e=e):
        super().__init__(s)
        if e:
            self.e = e

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

    # ---- Writing ------------------------------------------------------------------------------------------------------

    def write(self, buf):
        # Sends as much as the socket accepts at once and buffers the rest, which the event loop sends. drain() waits for the end of that.
        out = None
        if self._odd & WRITE:
            if self._closing or self._half_closed:
                raise OSError(errno.EBADF, "the stream is closed")
            if self._error is not None:
                raise self._error
            out = self._out
        if type(buf) is not bytes and not isinstance(buf, (bytes, bytearray)):
            buf = octets(buf)
        n = len(buf)
        if out is None:
            if not n:
                return
            try:
                sent = self.s.write(buf)
            except Exception as e:
                self._fail(e)
                raise
            if sent == n and not self._odd & WRITE:
                return
            n = self._keep(buf, sent or 0)
        else:
            if self.limit is not None and len(out) - self._off > self.limit:
                raise OSError(errno.ENOBUFS, "%d bytes wait to be sent: drain() first" % (len(out) - self._off))
            out.extend(buf)
        self._written += n

    def _keep(self, buf, sent):
        # Stores the bytes of buf that the socket has not accepted. Returns their number.
        if sent and self._handshake_by is not None:
            self._handshake_by = None
        n = len(buf) - sent
        if not n:
            return 0
        try:
            self._sent = self._sent  # creates the attributes, so that storing to them later takes no memory
            self._written = self._written
            self._off = 0
            self._offered = n
            self._out = bytearray(memoryview(buf)[sent:] if sent else buf)
            self._odd |= WRITE
            core._io_queue.register(self, OUT)
        except BaseException as e:
            if self._out is not None:
                self._out = None
            if sent:  # a part was sent: later data must not follow it in place of the rest
                self._fail(e)
                self._written += n
            raise
        return n

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def _fail(self, e):
        self._odd |= WRITE
        try:
            self._error = e
        except MemoryError:
            self.s.close()  # later calls fail because the socket is closed
        if self._out is not None:
            self._out = None
        core._io_queue.drop(self, OUT)
        self._wake_writers()

    # The queue calls this when the socket accepts more bytes.
    def _can_write(self):
        out = self._out
        if out is None:
            core._io_queue.drop(self, OUT)
            return self._wake_writers()
        rest = memoryview(out)[self._off : self._offered]
        try:
            sent = self.s.write(rest)
        except Exception as e:  # not only OSError: `tls` raises ValueError as well
            self._fail(e)
            if self._closing:
                self._shut()
            return
        if not sent:
            return
        if self._handshake_by is not None:
            self._handshake_by = None
        self._sent += sent
        self._off += sent
        if self._off == self._offered:
            if self._offered == len(out):
                self._out = None
                core._io_queue.drop(self, OUT)
                if self._half_closed:
                    self._shutdown()
                elif self._error is None and not self._closing:
                    self._odd &= ~WRITE
            else:
                self._offered = len(out)
        if self._out is not None and self._off > LIMIT:
            try:
                self._out = bytearray(memoryview(out)[self._off :])
                self._offered -= self._off
                self._off = 0
            except MemoryError:
                pass  # tried again after the next send
        self._wake_writers()
        if self._closing and self._out is None:
            self._shut()

    # async: waits until all bytes written before have been passed to the system
    def drain(self):
        if not self._odd & WRITE or self._out is None:
            if self._odd & WRITE and self._error is not None:
                raise self._error
            q = core._io_queue
            q.spins += 1
            if q.spins > SPINS:
                yield from core.sleep_ms(0)
            return
        yield from self._drain(self._by(), "drain")

    # async: drain() with a deadline; `what` and `sent` appear in the exception of a timeout
    def _drain(self, by, what, *sent):
        goal = self._written
        while self._sent < goal and self._out is not None:
            if passed(by):
                raise timed_out(what, self.s, *sent)
            yield self._writable(by)
        if self._error is not None and self._sent < goal:
            raise self._error

    # async: as socket.sendfile(), with a buffer of AHEAD bytes; other tasks run between blocks
    def sendfile(self, file, offset=0, count=None):
        check_integer(offset, "offset", 0)
        if count is not None:
            check_integer(count, "count", 1)
        if not hasattr(file, "readinto"):
            raise TypeError("sendfile needs a file with readinto")
        seek = getattr(file, "seek", None)
        if offset and not seek:
            raise TypeError("an offset needs a file with seek")
        if self._closing or self._half_closed:
            raise OSError(errno.EBADF, "the stream is closed")
        by = self._by()
        if seek:
            seek(offset)
        room = memoryview(bytearray(AHEAD))
        total = 0  # bytes of the file passed to write()
        try:
            while count is None or total < count:
                if passed(by):  # the deadline also holds when no write has to wait
                    raise timed_out("sendfile", self.s, total)
                yield from self.drain() if self._out is None else self._drain(by, "sendfile", total)
                part = room if count is None else room[: min(AHEAD, count - total)]
                got = file.readinto(part) or 0
                check_integer(got, "what readinto() returns", 0)
                if got > len(part):
                    raise ValueError("readinto() returned more than there is room for")
                if not got:
                    break
                self.write(part[:got])
                total += got
            if self._out is not None:
                yield from self._drain(by, "sendfile", total)
        except BaseException:
            if seek:
                try:
                    seek(offset + total)
                except Exception:  # the first exception is the cause
                    pass
            raise
        if seek:  # the file may have been read beyond the last byte that was sent
            seek(offset + total)
        return total

    def can_write_eof(self):
        return isinstance(self.s, usocket.socket)

    def write_eof(self):
        # Half-closes the stream: buffered bytes are sent, then the peer reads the end of the stream.
        if not self._half_closed and not self._closing:
            self._odd |= WRITE
            self._half_closed = True
            if self._out is None:
                self._shutdown()

    def _shutdown(self):
        try:
            self._raw().shutdown(usocket.SHUT_WR)
        except OSError as e:
            self._error = self._error or e  # the first exception is the cause

    # ---- Closing ------------------------------------------------------------------------------------------------------

    def is_closing(self):
        return self._closing

    def close(self):
        # Closes at once, or after the buffered bytes are sent. A peer that does not read them is dropped after the timeout or LINGER seconds.
        if self._closing:
            return
        self._odd |= READ | WRITE
        self._closing = True
        self._forget_read()
        if self._out is None:
            self._shut()
        else:
            self._wake_reader()
            self._linger = deadline(LINGER if self.timeout is None else self.timeout)
            self._alarm(self._linger)

    def _forget_read(self):
        self._clear()
        if self._tail:
            self._tail = b""
        if self._ended:
            self._ended = False

    def _limit_handshake(self, by):
        # Limits the handshake of a TLS object, which does not report its end: before `by` the object must send or receive a byte or have
        # the peer's certificate.
        self._odd |= WRITE
        self._handshake_by = by
        self._alarm(by)

    def _on_time(self, now):
        by = self._handshake_by
        if by is not None and (self._closing or has_certificate(self.s)):
            by = self._handshake_by = None
        if by is not None and passed(by):
            self._error = self._cause = timed_out("handshake", self.s)
            self.abort()
            return None
        if self._closing and not self._closed and passed(self._linger):
            self._fail(timed_out("close", self.s))
            self._shut()
            return None
        first = super()._on_time(now)
        if self._closing:
            return first if self._closed else self._linger
        if by is not None and (first is None or ticks_diff(by, first) < 0):
            return by
        return first

    def abort(self):
        # Closes at once; bytes that were not sent are lost.
        if not self._closed:
            self._odd |= READ | WRITE
            self._closing = True
            if self._out is not None:
                self._error = self._error or OSError(errno.ECONNABORTED, "aborted")
                self._out = None
            self._forget_read()
            self._shut()

    def _shut(self):
        self._closed = True
        self._forget()
        self.s.close()
        if self._wrapped:
            self._raw().close()  # a TLS object leaves it open after a failed handshake

    # async
    def wait_closed(self):
        self.close()
        while not self._closed:
            yield self._writable()
        if self._error is not None and self._sent < self._written:
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

    # async: write() and drain()
    def awrite(self, buf, off=0, sz=-1):
        if off or sz >= 0:
            buf = memoryview(buf)[off : len(buf) if sz < 0 else off + sz]
        self.write(buf)
        yield from self.drain() if self._out is None else self._drain(self._by(), "awrite")

    awritestr = awrite


StreamReader = StreamWriter = Stream
