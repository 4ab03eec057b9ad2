# aiosocket: streams. MIT license.
import errno
from time import ticks_diff

import usocket
from asyncio import core

from .reading import AHEAD, LIMIT, IncompleteReadError, LimitOverrunError, Reading, late
from .secure import has_certificate
from .waiting import OUT, check_integer, deadline, passed

LINGER = 30  # seconds that close() gives to what was not sent yet


def octets(buf):
    # What write() is given beside bytes: text, or a buffer, whose items may be longer than a byte.
    if isinstance(buf, str):
        return buf.encode()
    try:
        buf = memoryview(buf)
    except TypeError:  # before the socket has seen it: the stream goes on
        raise TypeError("data must be bytes-like or str, not %s" % type(buf).__name__)
    return buf if not len(buf) or len(bytes(buf[:1])) == 1 else bytes(buf)


class Stream(Reading):
    _out = None  # bytearray: what was written and not sent yet, from _off on
    _off = 0
    _end = 0  # up to here _out has been offered to the socket: a TLS record once begun must be offered again as it was
    _put = 0  # bytes ever put into _out, and taken out of it
    _gone = 0
    _error = None
    _half = False  # shut down for writing when all is sent
    _closed = False
    e = {}  # what get_extra_info() knows beside what the socket does
    _peer = None

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
            if sent and self._unproven is not None:
                self._unproven = None
            n -= sent
            if not n:
                return
            try:
                self._gone = self._gone  # a slot of its own, before more is sent
                self._put = self._put
                self._off = 0
                self._end = n
                self._out = bytearray(memoryview(buf)[sent:] if sent else buf)
                core._io_queue.register(self, OUT)
            except BaseException as e:
                if self._out is not None:
                    self._out = None
                if sent:  # a part has gone: what came after it would be taken for the rest
                    self._fail(e)
                    self._put += n
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
        try:
            self._error = e
        except MemoryError:
            self.s.close()  # which later calls are told
        if self._out is not None:
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
        if self._unproven is not None:
            self._unproven = None
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
            try:
                self._out = bytearray(memoryview(out)[self._off :])
                self._end -= self._off
                self._off = 0
            except MemoryError:
                pass  # later
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
        yield from self._drain(self._by(), "drain")

    # async
    def _drain(self, by, what, *sent):
        goal = self._put
        while self._gone < goal and self._out is not None:
            if passed(by):
                raise late(what, *sent)
            yield self._writable(by)
        if self._error is not None and self._gone < goal:
            raise self._error

    # async: as socket.sendfile(), with a fixed buffer; others run in between
    def sendfile(self, file, offset=0, count=None):
        check_integer(offset, "offset", 0)
        if count is not None:
            check_integer(count, "count", 1)
        if not hasattr(file, "readinto"):
            raise TypeError("sendfile needs a file with readinto")
        seek = getattr(file, "seek", None)
        if offset and not seek:
            raise TypeError("an offset needs a file with seek")
        if self._closing or self._half:
            raise OSError(errno.EBADF, "the stream is closed")
        by = self._by()
        if seek:
            seek(offset)
        room = memoryview(bytearray(AHEAD))
        total = 0  # bytes of the file that the stream has taken
        try:
            while count is None or total < count:
                if passed(by):  # a fast peer does not lift the deadline
                    raise late("sendfile", total)
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
                except Exception:  # the first is the cause
                    pass
            raise
        if seek:  # the file may have been read further
            seek(offset + total)
        return total

    def can_write_eof(self):
        return isinstance(self.s, usocket.socket)

    def write_eof(self):
        # No more will be written; what was goes out, and then the peer reads the end.
        if not self._half and not self._closing:
            self._half = True
            if self._out is None:
                self._shutdown()

    def _shutdown(self):
        try:
            self._raw().shutdown(usocket.SHUT_WR)
        except OSError as e:
            self._error = self._error or e  # the first is the cause

    # ---- Closing ------------------------------------------------------------------------------------------------------

    def is_closing(self):
        return self._closing

    def close(self):
        # At once when nothing waits to be sent, else when it has been sent; a peer that does not read is left after a while.
        if self._closing:
            return
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

    def _prove(self, by):
        # A TLS object, whose handshake has no end to wait for: until then it is to take or to give a byte, or to have a certificate.
        self._unproven = by
        self._alarm(by)

    def _wake_late(self, now):
        by = self._unproven
        if by is not None and (self._closing or has_certificate(self.s)):
            by = self._unproven = None
        if by is not None and passed(by):
            self._error = self._cause = late("handshake")
            self.abort()
            return None
        if self._closing and not self._closed and passed(self._linger):
            self._fail(late("close"))
            self._shut()
            return None
        first = super()._wake_late(now)
        if self._closing:
            return first if self._closed else self._linger
        if by is not None and (first is None or ticks_diff(by, first) < 0):
            return by
        return first

    def abort(self):
        # Closes at once; what was not sent is lost.
        if not self._closed:
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
        yield from self.drain() if self._out is None else self._drain(self._by(), "awrite")

    awritestr = awrite


StreamReader = StreamWriter = Stream
