# aiosocket: the reading half of a stream. MIT license.
#
# Law: when memory runs out, nothing that has come is lost. So bytes are stored first, into slots that exist already; what takes
# memory comes after that, and what has been read is taken out last.
import errno

import usocket
from asyncio import core

from .waiting import Waiting, deadline, passed

AHEAD = 4096  # bytes that are read at once
LIMIT = 65536  # of a line, and of what write() buffers


class IncompleteReadError(EOFError):
    def __init__(self, partial, expected):
        super().__init__("%d bytes of %s" % (len(partial), "?" if expected is None else expected))
        self.partial = partial
        self.expected = expected


class LimitOverrunError(ValueError):
    def __init__(self, words, consumed):
        super().__init__(words)
        self.consumed = consumed  # bytes that have come and hold no separator, as asyncio counts them


def late(what, *sent):
    # A call that sends adds the count of bytes.
    words = what + ": timed out"
    if sent:
        words += "; %d bytes sent" % sent
    return usocket.timeout(errno.ETIMEDOUT, words, *sent)


class Reading(Waiting):
    _kept = True
    _tail = b""  # what has come behind _buf, while there is no memory to append it
    _ended = False  # the peer sends no more
    _closing = False
    _wrapped = False  # s is a TLS object around a socket
    _room = None  # where a TLS object decrypts to, and how many bytes of it are not passed on yet
    _held = 0
    _unproven = None  # until when a TLS object is to show that its handshake has ended
    _cause = None  # of the end of the stream, where it was not the program's
    timeout = None
    limit = LIMIT

    def __init__(self, s):
        self.s = s
        self._buf = b""  # what has come and was not read yet, from _pos on; a bytearray while a call collects
        self._pos = 0
        if not isinstance(s, usocket.socket):
            self._wrapped = True
            self._receive = self._decrypted if hasattr(s, "readinto") else s.read
            self._held = 0

    def settimeout(self, seconds):
        # For each later call as a whole.
        deadline(seconds)
        self.timeout = seconds

    def _by(self):
        return None if self.timeout is None else deadline(self.timeout)

    def _receive(self, n):
        # What is there, at most n bytes; None: nothing yet.
        try:
            return self.s.recv(n)
        except OSError as e:
            if e.errno == errno.EAGAIN:
                return None
            raise

    def _decrypted(self, n):
        # As _receive(). A TLS object's own read() loses bytes when there is no memory for its result.
        if not self._held:
            room = self._room = bytearray(n)
            got = self.s.readinto(room)
            if not got:
                self._room = None
                return got if got is None else b""
            self._held = got
            self._unproven = None
        data = bytes(memoryview(self._room)[: self._held])
        self._held = 0
        self._room = None
        return data

    def _alone(self):
        if self._reader is not None:
            raise RuntimeError("another task is reading")

    def _open_end(self):
        # _buf is to be appended to.
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
        # At most n of the bytes read ahead.
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

    # async: more bytes, b'' at the end of the stream; what the other calls wait in. A call that is late says its name, `what`.
    def _more(self, n, by, what):
        if self._ended:
            return b""
        self._check()
        self._alone()
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
                raise late(what)
            first = False

    # async: appends to _buf what comes; False at the end of the stream
    def _collect(self, n, by, what):
        if self._buf:
            self._open_end()
            self._tail = b""  # a slot of its own, before anything comes
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
        if n == 0 or self._ended:
            return b""
        self._check()
        by = None if self.timeout is None else deadline(self.timeout)
        if self._wrapped:
            yield from self._collect(max(AHEAD, n), by, "read")
            return self._take(n)
        if n >= AHEAD:
            return (yield from self._more(n, by, "read"))
        while True:  # as _more() does
            yield self._readable(by)
            if self._closing:
                self._check()
            got = self._receive(AHEAD)
            if got is not None:
                break
            if passed(by):
                raise late("read")
        if len(got) <= n:
            if not got:
                self._ended = True
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
        buf = self._buf
        if buf:
            if self._tail:
                self._join()
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
                    raise late("readline")
            at = got.find(b"\n") + 1
            if at and (self.limit is None or at <= self.limit):
                if at == len(got):
                    return got
                self._buf = got
                got = got[:at]
                self._pos = at
                return got
            self._buf = got
            if not got:
                self._ended = True
        try:
            line = yield from self._until(b"\n", by, "readline")
        except LimitOverrunError as e:
            # As asyncio: a line that is whole goes as a whole, else what has come of it.
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

    # async: up to and with the separator; None when the stream ends before
    def _until(self, separator, by, what):
        if not separator:
            raise ValueError("empty separator")
        self._alone()
        if self._tail:
            self._join()
        seen = self._pos  # no separator begins before
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
