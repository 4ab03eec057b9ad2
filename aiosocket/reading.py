# aiosocket: the reading half of a stream. MIT license.
#
# Law: no received byte is lost when memory runs out. Bytes are therefore stored first, in attributes that already exist; steps that
# allocate follow, and bytes that were returned to the caller are removed from the buffer last.
import errno

import usocket
from asyncio import core

from .waiting import EMPTY, TIMED, Waiting, deadline, passed

AHEAD = 4096  # bytes that one receive asks for
FIRST = 512  # the same after a receive of less than that
READ, WRITE, BULK = 1, 2, 4  # bits of Stream._odd, beside EMPTY and TIMED
LIMIT = 65536  # default limit of a line and of the write buffer, in bytes


class IncompleteReadError(EOFError):
    def __init__(self, partial, expected):
        super().__init__("%d bytes of %s" % (len(partial), "?" if expected is None else expected))
        self.partial = partial
        self.expected = expected


class LimitOverrunError(ValueError):
    def __init__(self, message, consumed):
        super().__init__(message)
        self.consumed = consumed  # received bytes without a separator, counted as asyncio counts them


def check_integer(value, name, least):
    if not isinstance(value, int):
        raise TypeError("%s must be an int, not %s" % (name, type(value).__name__))
    if value < least:
        raise ValueError("%s must be %d or more" % (name, least))


def check_limit(limit):
    # None: the stream has no limit.
    if limit is not None:
        check_integer(limit, "limit", 1)


def peer_of(s):
    # " HOST:PORT" as in the texts of usocket; nothing for a socket without a peer, or whose peer is a path.
    try:
        host, port = s.getpeername()[:2]
        return (" [%s]:%d" if ":" in host else " %s:%d") % (host, port)
    except (AttributeError, OSError, TypeError, ValueError):
        return ""


def timed_out(what, s=None, *sent):
    # The exception of a call on s that missed its deadline; a sending call adds the number of bytes sent.
    text = what + peer_of(s) + ": timed out"
    if sent:
        text += "; %d bytes sent" % sent
    return usocket.timeout(errno.ETIMEDOUT, text, *sent)


class Reading(Waiting):
    _kept = True
    _tail = b""  # bytes received after those in _buf, until there is memory to append them
    _ended = False  # the end of the stream was received
    _closing = False
    _wrapped = False  # s is a TLS object around a socket
    _room = None  # the buffer into which a TLS object decrypts
    _ready = 0  # bytes in _room that were not passed on yet
    _handshake_by = None  # the deadline of a TLS object's handshake; None once it has ended
    _cause = None  # the exception that has closed the stream; None if the program closed it
    timeout = None
    limit = LIMIT

    def __init__(self, s):
        self.s = s
        self._buf = b""  # received bytes; those before _pos have been read; a bytearray while a call appends to it
        self._pos = 0
        self._odd = 0  # READ: _wrapped, _ended or _closing is set; WRITE: see Stream; BULK: a receive had no room for more
        self._mask = 0
        self._reader = None
        self._task = None
        if not isinstance(s, usocket.socket):
            self._odd = READ
            self._wrapped = True
            self._receive = self._decrypted if hasattr(s, "readinto") else s.read
            self._ready = 0

    def settimeout(self, seconds):
        # Limits each later call as a whole; None: no limit.
        deadline(seconds)
        self.timeout = seconds
        self._odd |= TIMED

    # async: the first receive of a call on a plain stream with an empty _buf. It asks for FIRST bytes until more have arrived than that.
    # The call has waited before, so that an idle connection has no frame of this function.
    def _first(self, by, what):
        n = FIRST
        if self._odd & BULK:
            n = AHEAD
        while True:
            if self._odd & READ:
                self._check()
            try:
                got = self.s.recv(n)
                break
            except OSError as e:
                if e.errno != errno.EAGAIN:
                    raise
            if passed(by):
                raise timed_out(what, self.s)
            yield self._readable(by)
        if len(got) < FIRST:
            if not got:
                self._end()
            if n == AHEAD:
                self._odd &= ~BULK
            self._odd |= EMPTY
        elif n == FIRST:
            self._odd |= BULK
        return got

    def _end(self):
        self._odd |= READ
        self._ended = True

    def _by(self):
        return None if self.timeout is None else deadline(self.timeout)

    def _receive(self, n):
        # Receives at most n bytes without waiting; None if none have arrived.
        try:
            return self.s.recv(n)
        except OSError as e:
            if e.errno == errno.EAGAIN:
                return None
            raise

    def _decrypted(self, n):
        # _receive() of a TLS object. Its own read() would lose bytes when there is no memory for the result.
        if not self._ready:
            room = self._room = bytearray(n)
            got = self.s.readinto(room)
            if not got:
                self._room = None
                return got if got is None else b""
            self._ready = got
            self._handshake_by = None
        data = bytes(memoryview(self._room)[: self._ready])
        self._ready = 0
        self._room = None
        return data

    def _alone(self):
        if self._reader is not None:
            raise RuntimeError("another task is reading")

    def _open_end(self):
        # Makes _buf a bytearray that can be appended to.
        if self._pos or type(self._buf) is bytes:
            self._buf = bytearray(memoryview(self._buf)[self._pos :])
            self._pos = 0

    def _join(self):
        self._open_end()
        self._buf.extend(self._tail)
        self._tail = b""

    def _clear(self):
        self._buf = b""
        self._pos = 0

    def _take(self, n):
        # Removes and returns at most n buffered bytes.
        if self._reader is not None:
            self._alone()
        buf, pos = self._buf, self._pos
        end = pos + n
        if type(buf) is bytes:
            if end < len(buf):
                got = buf[pos:end]
                self._pos = end
                return got
            if pos:
                buf = buf[pos:]
        else:
            view = memoryview(buf)
            buf = bytes(view[pos:end])
            if end < len(view):
                self._buf = bytes(view[end:])
                self._pos = 0
                return buf
        self._buf = b""
        self._pos = 0
        return buf

    def _check(self):
        if self._closing:
            raise self._cause or OSError(errno.EBADF, "the stream is closed")

    # async: waits for and returns more bytes; b'' at the end of the stream. `what` names the call in the exception of a timeout.
    def _more(self, n, by, what):
        if self._ended:
            return b""
        self._check()
        self._alone()
        first = self._wrapped  # a TLS object may have to begin its handshake, or hold decrypted bytes that poll does not report
        if first and core._io_queue.must_yield():
            yield from core.sleep_ms(0)
        while True:
            if not first:
                yield self._readable(by)
            self._check()
            got = self._receive(min(n, LIMIT))
            if got is not None:
                if not got:
                    self._end()
                return got
            if not first and passed(by):
                raise timed_out(what, self.s)
            first = False

    # async: appends received bytes to _buf; False at the end of the stream
    def _collect(self, n, by, what):
        if self._buf:
            self._open_end()
            self._tail = b""  # creates the attribute, so that storing to it later takes no memory
        got = yield from self._more(n, by, what)
        if not self._buf:
            self._buf = got
        elif got:
            self._tail = got
            self._join()
        return bool(got)

    # async
    def read(self, n=-1):
        if n < 0:
            return (yield from self._read_all())
        if self._buf:
            if self._tail:
                self._join()
            return self._take(n)
        if n == 0:
            return b""
        by = None
        if self._odd & TIMED:
            by = self._by()
        if self._odd & READ or n >= AHEAD:
            if self._ended:
                return b""
            self._check()
            if n >= AHEAD and not self._wrapped:
                return (yield from self._more(n, by, "read"))
            yield from self._collect(max(AHEAD, n), by, "read")
            return self._take(n)
        yield self._readable(by)
        got = yield from self._first(by, "read")
        if len(got) <= n:
            return got
        self._buf = got
        got = got[:n]
        self._pos = n
        return got

    # async
    def _read_all(self):
        if self._tail:
            self._join()
        self._alone()
        by = self._by()
        while (yield from self._collect(AHEAD, by, "read")):
            pass
        return self._take(len(self._buf))

    # async
    def readinto(self, buf):
        n = len(buf)
        if not n:
            return 0
        self._alone()
        if self._tail:
            self._join()
        if not self._buf:
            yield from self._collect(max(AHEAD, n), self._by(), "readinto")
        pos = self._pos
        part = self._buf[pos : pos + n]
        n = len(part)
        buf[:n] = part
        if pos + n < len(self._buf):
            self._pos = pos + n
        else:
            self._clear()
        return n

    # async
    def readexactly(self, n):
        if n < 0:
            raise ValueError("negative count")
        if self._tail:
            self._join()
        have = len(self._buf) - self._pos
        if have < n:
            by = self._by()
            if not self._buf and n < AHEAD and not self._odd & READ:
                yield self._readable(by)
                self._buf = yield from self._first(by, "readexactly")
                have = len(self._buf)
            while have < n:
                if not (yield from self._collect(max(AHEAD, min(n - have, LIMIT)), by, "readexactly")):
                    self._incomplete(n)
                have = len(self._buf) - self._pos
        return self._take(n)

    def _incomplete(self, expected):
        e = IncompleteReadError(bytes(memoryview(self._buf)[self._pos :]), expected)
        self._clear()
        raise e

    # async
    def readline(self):
        by = None
        if self._odd & TIMED:
            by = self._by()
        buf, pos = self._buf, self._pos
        if not buf and not self._odd & READ:
            yield self._readable(by)
            self._buf = buf = yield from self._first(by, "readline")
        if self._reader is None and type(buf) is bytes:
            at = buf.find(b"\n", pos) + 1
            if at and (self.limit is None or at - pos <= self.limit):
                if at < len(buf):
                    buf = buf[pos:at]
                    self._pos = at
                    return buf
                if pos:
                    buf = buf[pos:]
                    self._pos = 0
                self._buf = b""
                return buf
        return (yield from self._long_line(by))

    # async: a line that was not received as a whole
    def _long_line(self, by):
        try:
            line = yield from self._until(b"\n", by, "readline")
        except LimitOverrunError as e:
            # As in asyncio: a complete line is discarded as a whole, an incomplete one as far as it was received.
            end = self._pos + e.consumed + 1
            if end < len(self._buf):
                self._pos = end
            else:
                self._clear()
            raise
        return self._take(len(self._buf)) if line is None else line

    # async
    def readuntil(self, separator=b"\n"):
        got = yield from self._until(separator, self._by(), "readuntil")
        if got is None:
            self._incomplete(None)
        return got

    # async: returns the bytes up to and including the separator; None if the stream ends first
    def _until(self, separator, by, what):
        if not separator:
            raise ValueError("empty separator")
        self._alone()
        if self._tail:
            self._join()
        seen = self._pos  # no separator begins before this index
        while True:
            buf, pos = self._buf, self._pos
            at = buf.find(separator, seen)
            size = (len(buf) if at < 0 else at + len(separator)) - pos
            if self.limit is not None and size > self.limit:
                consumed = max(0, size + 1 - len(separator)) if at < 0 else at - pos
                raise LimitOverrunError("longer than the limit of %d" % self.limit, consumed)
            if at >= 0:
                return self._take(size)
            if not (yield from self._collect(max(AHEAD, size), by, what)):
                return None
            seen = self._pos + max(0, size - len(separator) + 1)

    def at_eof(self):
        return self._ended and not self._buf

    def __aiter__(self):
        return self

    async def __anext__(self):
        line = await self.readline()
        if not line:
            raise StopAsyncIteration
        return line
