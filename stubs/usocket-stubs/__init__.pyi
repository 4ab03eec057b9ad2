"""Sockets for MicroPython: CPython's `socket`, and MicroPython's stream methods.

`import usocket` and `import socket` import the same module. Times are in seconds, sizes in bytes.
A build without an option (`include/usocket/config.h`) lacks its names; these are the names of all.
"""

import builtins
from array import array
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Generic, Literal, NoReturn, Protocol, final, overload
from typing_extensions import Self, TypeAlias, TypeVar

# ---- Types of arguments and results. Names with an underscore exist in this file only. ----

# Objects with bytes to read, and with room for bytes.
_ReadBuffer: TypeAlias = bytes | bytearray | memoryview | array[Any]
_WriteBuffer: TypeAlias = bytearray | memoryview | array[Any]
# Data to send: a str is sent as UTF-8.
_Data: TypeAlias = str | _ReadBuffer

_Host: TypeAlias = str | bytes
# Addresses as the module returns them: AF_INET, AF_INET6, AF_UNIX.
_InetAddress: TypeAlias = tuple[str, int]
_Inet6Address: TypeAlias = tuple[str, int, int, int]
_UnixAddress: TypeAlias = str | bytes
# (host, port[, flowinfo[, scope_id]]), or a list of the same.
_HostAndPort: TypeAlias = (
    tuple[_Host, int]
    | tuple[_Host, int, int]
    | tuple[_Host, int, int, int]
    | list[str | int]
    | list[bytes | int]
)
# The same, or a raw sockaddr.
_IPAddress: TypeAlias = _HostAndPort | _ReadBuffer
_Port: TypeAlias = int | str | bytes | None

# A result that is None only of a non-blocking socket, or before a handshake: no check for None is asked for.
_MaybeNone: TypeAlias = Any
# A name that comes from the system: a str, or bytes if it is not UTF-8.
_Name: TypeAlias = str | Any

# The type of a socket's addresses; Any where the family is not known.
_A = TypeVar("_A", default=Any)
# str for a text file, bytes for a binary one.
_S = TypeVar("_S", bound=str | bytes, default=Any)

_TLSVersion: TypeAlias = Literal["TLSv1.2", "TLSv1.3"]
_TLSNames: TypeAlias = list[str] | list[bytes] | tuple[str | bytes, ...]
_TLSValue: TypeAlias = int | str | _ReadBuffer | _TLSNames | None
# {TLS_*: value}; a dict.
_TLSOptions: TypeAlias = Mapping[int, _TLSValue]

_TextMode: TypeAlias = Literal["", "r", "w", "rw", "wr"]
_BinaryMode: TypeAlias = Literal[
    "b", "rb", "br", "wb", "bw", "rwb", "rbw", "wrb", "wbr", "brw", "bwr"
]
_Encoding: TypeAlias = Literal["utf-8", "UTF-8", "utf8", "UTF8", "utf_8", "UTF_8"]

class _Handler(Protocol):
    """A handler of option 20: called with the socket."""
    def __call__(self, socket: socket[Any], /) -> object:
        """Called when a connection waits, or when data have come."""

class _SupportsReadinto(Protocol):
    """A file to send."""
    def readinto(self, buffer: bytearray, /) -> int | None:
        """Reads into the buffer; returns the number of bytes, 0 or None at the end."""

class _HasFileno(Protocol):
    """An object with a descriptor, which a poller watches."""
    def fileno(self) -> int:
        """The descriptor."""

class _HasIoctl(Protocol):
    """A stream in Python, which a poller asks each millisecond."""
    def ioctl(self, request: int, argument: int, /) -> int:
        """Answers MP_STREAM_POLL."""

class _Stream(Protocol):
    """A stream of another module, such as a UART."""
    def readinto(self, buffer: Any, /) -> Any:
        """Reads into the buffer."""

class _GlobalDefaultTimeout:
    """The type of `_GLOBAL_DEFAULT_TIMEOUT`."""

# ---- Errors ----

error = OSError
"""`OSError` itself. Raised when a system call fails. `args` is `(errno, text)`."""

class timeout(OSError):
    """A subclass of `OSError`. Raised when a deadline has passed; `errno` is ETIMEDOUT (110)."""
    errno: int  # pyright: ignore[reportIncompatibleVariableOverride]
    """ETIMEDOUT (110)."""
    strerror: str  # pyright: ignore[reportIncompatibleVariableOverride]
    """The text: the call, the peer if there is one, and the reason."""
    @property
    def sent(self) -> int:
        """The number of bytes that `sendall`, `write` or `sendfile` had sent when its time ran out; 0 for
        every other call.
        """

class gaierror(OSError):
    """A subclass of `OSError`. Raised when a name or an address cannot be resolved; `errno` is a
    negative `EAI_*`.
    """
    errno: int  # pyright: ignore[reportIncompatibleVariableOverride]
    """A negative `EAI_*`."""
    strerror: str  # pyright: ignore[reportIncompatibleVariableOverride]
    """The text: the call, the name, and the reason."""
    @property
    def sent(self) -> int:
        """0."""

herror = gaierror
"""An alias of `gaierror`."""

class TLSError(OSError):
    """A subclass of `OSError`. Raised when TLS fails: an untrusted certificate, a refusal, a
    truncated stream, an unusable option.

    `errno` is one of `ETLS_…`, `args[2]` mbedTLS's own number.
    """
    errno: int  # pyright: ignore[reportIncompatibleVariableOverride]
    """One of `ETLS_…`."""
    strerror: str  # pyright: ignore[reportIncompatibleVariableOverride]
    """The text, with the reason."""
    @property
    def sent(self) -> int:
        """0."""

# ---- Sockets ----

class socket(Generic[_A]):
    """A new socket.

    The descriptor is close-on-exec. With `fileno`, the socket takes ownership of an existing
    descriptor and closes it in the end; family, type and protocol are queried from the system if
    not given. `IPPROTO_SEC` requests TLS, or DTLS 1.2 with `SOCK_DGRAM`.

    Errors: EAFNOSUPPORT, EPROTONOSUPPORT, EPROTOTYPE, EINVAL for a combination that the system does
    not have; EMFILE or ENFILE if descriptors run out; ENOTSOCK, EBADF for a `fileno` that is not a
    socket. EPROTONOSUPPORT for `IPPROTO_SEC` in a build without TLS.
    """
    @overload
    def __init__(
        self: socket[_InetAddress], *, type: int = 1, proto: int = 0, fileno: None = None
    ) -> None:
        """A new socket; `family` is AF_INET by default, `type` SOCK_STREAM."""
    @overload
    def __init__(
        self: socket[_InetAddress],
        family: Literal[2],
        type: int = 1,
        proto: int = 0,
        fileno: int | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self: socket[_Inet6Address],
        family: Literal[10],
        type: int = 1,
        proto: int = 0,
        fileno: int | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self: socket[_UnixAddress],
        family: Literal[1],
        type: int = 1,
        proto: int = 0,
        fileno: int | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self: socket[Any],
        family: int = 2,
        type: int = 1,
        proto: int = 0,
        fileno: int | None = None,
    ) -> None: ...
    @property
    def family(self) -> int:
        """`family`, `type`, `proto`: plain ints, as given when the socket was created. All are
        read-only and stay readable after `close`.
        """
    @property
    def type(self) -> int:
        """`family`, `type`, `proto`: plain ints, as given when the socket was created. All are
        read-only and stay readable after `close`.
        """
    @property
    def proto(self) -> int:
        """`family`, `type`, `proto`: plain ints, as given when the socket was created. All are
        read-only and stay readable after `close`.
        """
    @property
    def timeout(self) -> float | None:
        """`timeout`: as `gettimeout()`. Read-only; readable after `close`."""
    def __enter__(self) -> Self:
        """`with` closes the socket at its end."""
    def __exit__(
        self,
        kind: builtins.type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        """Closes the socket."""
    def __del__(self) -> None:
        """The garbage collector closes a socket that is no longer reachable."""

    # Life

    def close(self) -> None:
        """Closes the socket. A second `close` does nothing.

        Calls of other threads that wait on the socket end at once with EBADF. Data that were sent
        are still delivered.

        Errors: EBADF if someone else has closed the descriptor in the meantime.
        """
    def detach(self) -> int:
        """Gives up the descriptor: returns it, and the socket becomes closed without closing it. −1
        if closed already.

        Errors: ValueError while bytes that a missed deadline left to be read are there: receive
        them first.
        """
    def fileno(self) -> int:
        """The descriptor; −1 if closed."""
    def dup(self) -> socket[_A]:
        """`dup` returns a second socket with a duplicate of the descriptor and the same timeout.

        Both are one connection, which lasts until both are closed.

        Errors: EOPNOTSUPP for TLS, and on stacks that cannot duplicate.
        """
    def get_inheritable(self) -> bool:
        """Descriptors are close-on-exec: a program that is started does not inherit them.

        True if it was changed by `set_inheritable`.
        """
    def set_inheritable(self, flag: bool, /) -> None:
        """`set_inheritable(True)` changes that; it raises EOPNOTSUPP where sockets are not
        descriptors of the system.

        A program that is started inherits the descriptor then.
        """

    # Connections

    def bind(self, address: _A | _IPAddress, /) -> None:
        """Binds to a local address; with port 0 the system chooses one, see `getsockname`.

        Errors: EADDRINUSE, EADDRNOTAVAIL, EACCES; EINVAL if bound already.
        """
    def listen(self, backlog: int = ..., /) -> None:
        """Starts to accept connections, of which `backlog` may wait.

        A negative number counts as 0; the default is the smaller of `SOMAXCONN` and 128.
        """
    def accept(self) -> tuple[socket[_A], _A]:
        """Waits for a connection and returns `(socket, address)`.

        The new socket has the default timeout, not the listener's.

        Errors: EAGAIN (non-blocking), EINVAL if the socket is not listening, ECONNABORTED for a
        connection that was reset while it waited; `timeout`.
        """
    def connect(self, address: _A | _IPAddress, /) -> None:
        """Connects. On a datagram socket, sets the default destination and the only sender whose
        datagrams are received.

        The timeout covers the lookup of a name and the TLS handshake.

        Errors: EINPROGRESS (non-blocking), ECONNREFUSED, ETIMEDOUT (`timeout`), EHOSTUNREACH,
        ENETUNREACH, EADDRNOTAVAIL, EALREADY, EISCONN; `gaierror` for a name; `TLSError`.
        """
    def connect_ex(self, address: _A | _IPAddress, /) -> int:
        """`connect_ex` returns the error number instead of raising it, 0 for success.

        It still raises exceptions that are not errors of the connection itself (`gaierror`,
        `TLSError`, wrong arguments).
        """
    def do_handshake(self) -> None:
        """On a socket of `IPPROTO_SEC`: performs the handshake, or the rest of it, within the
        timeout.

        `connect` does this itself; a socket from `accept` does it at its first use, or here on
        demand.

        Errors: EAGAIN (non-blocking) until it has ended; ENOPROTOOPT on another socket, ENOTCONN,
        `timeout`, `TLSError`.
        """
    def version(self) -> _TLSVersion | None:
        """The version of TLS, as in `ssl.SSLSocket`; None without a handshake."""
    def cipher(self) -> tuple[str, _TLSVersion, int] | _MaybeNone:
        """(IANA's name of the suite, version, bits of the key), as in `ssl.SSLSocket`; None without
        a handshake.
        """
    def selected_alpn_protocol(self) -> str | None:
        """The protocol agreed on by ALPN, as in `ssl.SSLSocket`; None if there is none."""
    @overload
    def getpeercert(self, binary_form: Literal[True]) -> bytes | _MaybeNone:
        """The peer's certificate (`getpeercert(True)`: DER); None if the peer sent none, and
        without TLS.

        Without True: `{}` if nothing is verified.

        Errors: ValueError without True for a verified certificate, and before the handshake.
        """
    @overload
    def getpeercert(self, binary_form: Literal[False] = False) -> dict[str, Any] | None: ...
    @overload
    def getpeercert(self, binary_form: bool) -> bytes | dict[str, Any] | None: ...
    def pending(self) -> int:
        """The number of bytes that are decrypted and not yet read."""
    def unwrap(self) -> socket[_A]:
        """The end of TLS: sends close_notify, waits for the peer's, and returns the same connection
        as a new plain socket.

        This socket is closed then.

        Errors: ValueError without TLS on a stream, before the handshake, and if received data have
        not been read; `timeout`, `TLSError`.
        """
    def shutdown(self, how: int, /) -> None:
        """Ends one direction, `SHUT_RD` or `SHUT_WR`, or both, `SHUT_RDWR`.

        After `SHUT_WR` the peer reads to the end of the stream, and sending raises EPIPE.

        Errors: ENOTCONN if not connected.
        """
    def getsockname(self) -> _A:
        """The local address."""
    def getpeername(self) -> _A:
        """The peer's address.

        Errors: ENOTCONN if there is no peer.
        """

    # Sending

    def send(self, data: _Data, flags: int = 0, /) -> int:
        """One send. Returns the number of bytes that the system took, which may be fewer than given
        on a stream.

        Errors: EAGAIN (non-blocking), EPIPE, ECONNRESET, `timeout`.
        """
    def sendall(self, data: _Data, flags: int = 0, /) -> None:
        """Sends everything; returns `None`. On a datagram socket it sends one datagram.

        The deadline covers the whole call. If it fails halfway, the exception tells how many bytes
        were sent: `timeout.sent`.

        Errors: EAGAIN (non-blocking), EPIPE, ECONNRESET, `timeout`.
        """
    @overload
    def sendto(self, data: _Data, address: _A | _IPAddress, /) -> int:
        """One send to an address. Returns the number of bytes.

        Errors: EMSGSIZE if the datagram is too large, EACCES for broadcast without `SO_BROADCAST`;
        `gaierror` for a name, EAGAIN (non-blocking) also for a name; `timeout`.
        """
    @overload
    def sendto(self, data: _Data, flags: int, address: _A | _IPAddress, /) -> int: ...
    def sendfile(self, file: _SupportsReadinto, offset: int = 0, count: int | None = None) -> int:
        """Sends a file from `offset` on, to its end or `count` bytes of it, and returns the number
        of bytes sent.

        The file's position is after the last byte sent afterwards. An offset needs a file with
        `seek`. The deadline covers the whole call.

        Errors: `ValueError` for a non-blocking socket, for datagrams, and for a `count` that is not
        positive; EPIPE, ECONNRESET, `timeout`.
        """

    # Receiving

    def recv(self, n: int, flags: int = 0, /) -> bytes:
        """Returns the data that are available, at most `n` bytes; waits for the first. `b''` at the
        end of the stream.

        On a datagram socket it returns one datagram; what exceeds `n` is dropped.

        Errors: EAGAIN (non-blocking: never None), ECONNRESET, `timeout`.
        """
    def recvfrom(self, n: int, flags: int = 0, /) -> tuple[bytes, _A]:
        """Like `recv`, but returns `(bytes, address)`. On a connected stream the address is the
        peer's.
        """
    def recv_into(self, buf: _WriteBuffer, n: int = 0, flags: int = 0, /) -> int:
        """Receives into a writable buffer and returns the count. Without `n`, or with 0, the whole
        buffer is used.

        Errors: those of `recv`; `ValueError` if `n` exceeds the buffer.
        """
    def recvfrom_into(self, buf: _WriteBuffer, n: int = 0, flags: int = 0, /) -> tuple[int, _A]:
        """Receives into a writable buffer and returns `(count, address)`. Without `n`, or with 0,
        the whole buffer is used.

        Errors: those of `recv`; `ValueError` if `n` exceeds the buffer.
        """

    # Stream calls

    def read(self, n: int | None = -1, /) -> bytes | _MaybeNone:
        """`n` bytes; fewer only at the end of the stream. Without `n`, with `None` or a negative
        number: everything up to the end.

        On a datagram socket: one datagram. Non-blocking: what is available; `None` if nothing is,
        `b''` if the stream has ended. If the deadline passes, the bytes are kept for the next call.

        Errors: ECONNRESET, `timeout`.
        """
    def readinto(self, buf: _WriteBuffer, n: int | None = -1, /) -> int | _MaybeNone:
        """Like `read`, into a buffer (at most `n` bytes of it; a negative number: all of it);
        returns the count, or `None` there.

        Errors: ECONNRESET, `timeout`.
        """
    def readline(self, max: int | None = -1, /) -> bytes | _MaybeNone:
        """Up to and including the next `\\n`; less at the end of the stream, or after `max` bytes.

        Non-blocking: the part of a line that is available; `None` if nothing is.

        Errors: ECONNRESET, `timeout`.
        """
    @overload
    def write(self, buf: _Data, n: int | None = -1, /) -> int | _MaybeNone:
        """Sends all of `buf`, or `n` bytes of it (a negative number or `None`: all), starting at
        `off`; returns the count.

        Non-blocking: sends what there is room for; `None` if there is none. If the deadline passes,
        the exception tells how many bytes were sent: `timeout.sent`.

        Errors: EPIPE, ECONNRESET, `timeout`.
        """
    @overload
    def write(self, buf: _Data, off: int, n: int | None, /) -> int | _MaybeNone: ...

    # Timeouts

    def settimeout(self, seconds: float | None, /) -> None:
        """`None` blocks, 0 does not wait, and a positive number is a deadline for each call. In
        seconds.

        Errors: Negative or NaN: `ValueError`; infinite: `OverflowError`.
        """
    def gettimeout(self) -> float | None:
        """The timeout in seconds; None: the socket blocks."""
    def setblocking(self, flag: bool | Literal[0, 1], /) -> None:
        """`setblocking(True)` is `settimeout(None)`, `setblocking(False)` is `settimeout(0)`."""
    def getblocking(self) -> bool:
        """`getblocking()` is False only for a timeout of 0."""

    # Options

    @overload
    def getsockopt(  # pyright: ignore[reportOverlappingOverload]
        self, level: Literal[282], option: Literal[2, 3, 7, 69], /
    ) -> str:
        """Returns an int, or, with `buflen` (1…1024, otherwise EINVAL), the system's bytes.

        For the options of SOL_TLS, texts are a `str` and certificates are bytes, in full.

        Errors: ENOPROTOOPT or EINVAL for an option that the system does not have; of SOL_TLS
        ENOTCONN before the handshake, and EACCES for keys and secrets.
        """
    @overload
    def getsockopt(self, level: Literal[282], option: Literal[74], /) -> str | bytes: ...
    @overload
    def getsockopt(self, level: Literal[282], option: Literal[64, 65, 71], /) -> bytes: ...
    @overload
    def getsockopt(self, level: Literal[282], option: Literal[66, 73], /) -> NoReturn: ...
    @overload
    def getsockopt(self, level: int, option: int, /) -> int: ...
    @overload
    def getsockopt(self, level: int, option: int, buflen: int, /) -> bytes: ...
    @overload
    def setsockopt(self, level: int, option: int, value: int | _Data, /) -> None:
        """`value` is an int, a bool, or a bytes-like object in the system's own layout (also a
        `str`, as for `SO_BINDTODEVICE`).

        The second form passes a null pointer and a length. Lists in options of SOL_TLS may be a
        list or a tuple of `str`, and None resets an option. With level SOL_SOCKET and option 20,
        `value` is a handler: it is scheduled when a connection waits, or when data have come; None
        removes it.

        Errors: ENOPROTOOPT or EINVAL for an option that the system does not have; `TLSError` for an
        unusable value of SOL_TLS; TypeError for an int as one of its texts, or a `str` as one of
        its numbers.
        """
    @overload
    def setsockopt(self, level: int, option: int, value: None, length: int, /) -> None: ...
    @overload
    def setsockopt(self, level: Literal[282], option: int, value: _TLSNames | None, /) -> None: ...
    @overload
    def setsockopt(self, level: int, option: Literal[20], value: _Handler | None, /) -> None: ...

    # Files

    @overload
    def makefile(
        self,
        mode: _TextMode = "r",
        buffering: int | None = None,
        *,
        encoding: _Encoding | None = None,
        errors: Literal["strict"] | None = None,
        newline: Literal["", "\n", "\r\n"] | None = None,
    ) -> _SocketFile[str]:
        """Returns a file over the connection with a lifetime of its own: closing one of file and
        socket leaves the other working, and the descriptor lives until both are closed.

        `mode` consists of `r`, `w` and `b`. With `buffering=0` the file has no buffer and does not
        keep the connection; otherwise reading is buffered: `buffering` bytes, 8192 by default (512
        on 32-bit systems). Writing is never buffered. Text is UTF-8.

        Errors: `ValueError` for another mode, encoding or newline; EBADF.
        """
    @overload
    def makefile(
        self,
        mode: _BinaryMode,
        buffering: int | None = None,
        *,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
    ) -> _SocketFile[bytes]: ...

SocketType = socket
"""An alias of `socket`."""

class _SocketFile(Generic[_S]):
    """A file over a connection, from `socket.makefile`. Binary files read bytes, text files `str`.

    Every method of a closed file except `close` raises `ValueError`, and a method for the wrong
    direction EOPNOTSUPP.
    """
    def read(self, n: int | None = -1, /) -> _S | _MaybeNone:
        """`n` bytes, or characters of text; fewer only at the end of the stream. Without `n`:
        everything up to the end.

        Non-blocking: what is available; `None` if nothing is.

        Errors: ECONNRESET, `timeout`; `UnicodeError` for text that is not UTF-8.
        """
    def readinto(self, buf: _WriteBuffer, n: int | None = -1, /) -> int | _MaybeNone:
        """Reads bytes into a buffer, at most `n` of them; returns the count."""
    def readline(self, max: int | None = -1, /) -> _S | _MaybeNone:
        """Up to and including the next `\\n`; less at the end of the stream, or after `max` bytes
        or characters.
        """
    def readlines(self) -> list[_S]:
        """`readlines` reads to the end and then splits the data: it needs memory for both."""
    @overload
    def write(self, buf: _Data, n: int | None = -1, /) -> int | _MaybeNone:
        """Sends all of `buf`, or `n` bytes of it, starting at `off`; returns the count. Writing is
        never buffered.

        Errors: EPIPE, ECONNRESET, `timeout`.
        """
    @overload
    def write(self, buf: _Data, off: int, n: int | None, /) -> int | _MaybeNone: ...
    def flush(self) -> None:
        """Does nothing."""
    def close(self) -> None:
        """Closes the file. A second `close` does nothing."""
    def fileno(self) -> int:
        """The descriptor."""
    def setblocking(self, flag: bool | Literal[0, 1], /) -> None:
        """As `socket.setblocking`: file and socket share the timeout."""
    def __iter__(self) -> Self:
        """Iteration over lines."""
    def __next__(self) -> _S:
        """The next line."""
    def __enter__(self) -> Self:
        """`with` closes the file at its end."""
    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        """Closes the file."""
    def __del__(self) -> None:
        """The garbage collector closes a file that is no longer reachable."""

# ---- Lookups and connections ----

@overload
def getaddrinfo(
    host: _Host | None,
    port: _Port,
    family: Literal[2],
    type: int = 0,
    proto: int = 0,
    flags: int = 0,
) -> list[tuple[int, int, int, _Name, _InetAddress]]:
    """Resolves a name. Returns a list of `(family, type, proto, canonname, sockaddr)`. `sockaddr`
    is suitable for `connect` and `bind`.

    `host`: a name, a numeric address, or `None` for this host. `port`: 0…65535, a decimal string
    without a sign, the name of a service, or `None`. With `family=0` IPv4 comes first. It obeys the
    default timeout.

    Errors: `gaierror`; `timeout`, EAGAIN if the default timeout is 0.
    """

@overload
def getaddrinfo(
    host: _Host | None,
    port: _Port,
    family: Literal[10],
    type: int = 0,
    proto: int = 0,
    flags: int = 0,
) -> list[tuple[int, int, int, _Name, _Inet6Address]]: ...
@overload
def getaddrinfo(
    host: _Host | None,
    port: _Port,
    family: int = 0,
    type: int = 0,
    proto: int = 0,
    flags: int = 0,
) -> list[tuple[int, int, int, _Name, Any]]: ...
def create_connection(
    address: _HostAndPort,
    timeout: float | _GlobalDefaultTimeout | None = ...,
    source_address: _IPAddress | None = None,
    *,
    happy_eyeballs_delay: float | None = None,
    ssl: bool | _TLSOptions | None = None,
) -> socket[Any]:
    """Connects a new TCP socket to `(host, port)` and returns it.

    The addresses of a name race, as RFC 8305 ("Happy Eyeballs") describes; `happy_eyeballs_delay`
    is in seconds, at least 0.01. The timeout in seconds (the default timeout if not given) is one
    deadline for the lookup, all attempts and the handshake, and the socket keeps it. `ssl=True`
    uses TLS and verifies the server for this host; `ssl={option: value}` sets these `TLS_*` options
    before the handshake.

    Errors: those of `connect`, with each address and its cause; EPROTONOSUPPORT for `ssl` in a
    build without TLS; `ValueError` for a `flowinfo`, or a `scope_id` without a numeric IPv6 host.
    """

@overload
def create_server(
    address: _IPAddress,
    *,
    family: Literal[2] = 2,
    backlog: int | None = None,
    reuse_port: bool = False,
    dualstack_ipv6: Literal[False] = False,
    ssl: Literal[False] | _TLSOptions | None = None,
) -> socket[_InetAddress]:
    """A listening TCP socket bound to `address`, with `SO_REUSEADDR` set.

    `dualstack_ipv6` requires `AF_INET6` and accepts IPv4 as well; without it an IPv6 server accepts
    IPv6 only. `ssl={TLS_OWN_CERT: …, TLS_OWN_KEY: …}` makes it a TLS server.

    Errors: EADDRINUSE, EADDRNOTAVAIL, EACCES; `gaierror` for a name; EPROTONOSUPPORT for `ssl` in a
    build without TLS; `ValueError` for `dualstack_ipv6` with another family.
    """

@overload
def create_server(
    address: _IPAddress,
    *,
    family: Literal[10],
    backlog: int | None = None,
    reuse_port: bool = False,
    dualstack_ipv6: bool = False,
    ssl: Literal[False] | _TLSOptions | None = None,
) -> socket[_Inet6Address]: ...
@overload
def create_server(
    address: _UnixAddress,
    *,
    family: Literal[1],
    backlog: int | None = None,
    reuse_port: bool = False,
    dualstack_ipv6: Literal[False] = False,
    ssl: Literal[False] | _TLSOptions | None = None,
) -> socket[_UnixAddress]: ...
@overload
def create_server(
    address: _IPAddress,
    *,
    family: int,
    backlog: int | None = None,
    reuse_port: bool = False,
    dualstack_ipv6: bool = False,
    ssl: Literal[False] | _TLSOptions | None = None,
) -> socket[Any]: ...

# In the module the next two, and poller, are functions that return such an object.

@final
class resolver:
    """`getaddrinfo` for event loops: it starts a lookup, with the same arguments, and never waits.

    The object can be registered with `select.poll`, `poller` and asyncio, and polls readable when
    the lookup has ended.

    Errors: `gaierror`, if known at once.
    """
    def __init__(
        self,
        host: _Host | None,
        port: _Port,
        family: int = 0,
        type: int = 0,
        proto: int = 0,
        flags: int = 0,
    ) -> None:
        """Starts the lookup."""
    def result(self) -> list[tuple[int, int, int, _Name, Any]]:
        """The list, as from `getaddrinfo`, any number of times; EAGAIN while the lookup is in
        progress; its `gaierror` if it has failed.

        It never waits.

        Errors: EAGAIN, EBADF after `close`, `gaierror`.
        """
    def close(self) -> None:
        """Ends the object, and any wait for an answer that is no longer needed; later calls raise
        EBADF.
        """
    def __enter__(self) -> Self:
        """`with` closes it at its end."""
    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        """Closes it."""
    def __del__(self) -> None:
        """The garbage collector closes it, too."""

@final
class dialer:
    """`create_connection` for event loops: it starts to connect, and never waits.

    The timeout in seconds runs from this call on, for the lookup and all attempts. The object can
    be registered like a `resolver`. With `proto=IPPROTO_SEC` the socket is returned before the
    handshake, so that options can be set.

    Errors: ValueError for a timeout of 0; `gaierror`, if known at once; EPROTONOSUPPORT for
    `IPPROTO_SEC` in a build without TLS.
    """
    def __init__(
        self,
        host: _Host | None,
        port: _Port,
        timeout: float | _GlobalDefaultTimeout | None = ...,
        source_address: _IPAddress | None = None,
        *,
        family: int = 0,
        proto: int = 0,
        flags: int = 0,
        happy_eyeballs_delay: float | None = None,
    ) -> None:
        """Starts to connect."""
    def result(self) -> socket[Any]:
        """The connected socket, non-blocking; it is returned once, and the dialer is closed then.

        It never waits.

        Errors: EAGAIN while the connection is in progress: wait again. If all addresses have
        failed, those of `create_connection`. EBADF after `close`.
        """
    def close(self) -> None:
        """Gives up; later calls raise EBADF. Nothing stays open."""
    def __enter__(self) -> Self:
        """`with` closes it at its end."""
    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        """Closes it."""
    def __del__(self) -> None:
        """The garbage collector closes it, too."""

@final
class poller:
    """Like `select.poll()`, but its cost depends on the objects that are ready, not on those that
    are registered: for servers with many connections.

    For asyncio, before the first task waits: `asyncio.core._io_queue.poller = usocket.poller()`.

    Errors: EMFILE or ENFILE if descriptors run out.
    """
    def __init__(self) -> None:
        """Makes a poller without objects."""
    def register(
        self, obj: int | _HasFileno | _HasIoctl | _Stream | resolver | dialer, eventmask: int = 5, /
    ) -> None:
        """Registers an object for the events `select.POLLIN` (1) and `select.POLLOUT` (4), or one
        of them.

        Errors: EBADF for a number from 1024 on that is not a descriptor, EEXIST for a number while
        another object with the same descriptor is registered.
        """
    def modify(
        self, obj: int | _HasFileno | _HasIoctl | _Stream | resolver | dialer, eventmask: int, /
    ) -> None:
        """Changes the events of a registered object.

        Errors: ENOENT if it is not registered.
        """
    def unregister(
        self, obj: int | _HasFileno | _HasIoctl | _Stream | resolver | dialer, /
    ) -> None:
        """Ends the registration of an object."""
    def poll(self, timeout: int | None = -1, flags: int = 0, /) -> list[tuple[Any, int]]:
        """Waits for at most `timeout` milliseconds (None or negative: without a limit), and lists
        `(obj, events)` of the objects that are ready.

        With 1 in `flags`, an object that was reported waits for nothing until `modify`. With 2 in
        `flags`, the call does not look again at a socket that the one before returned as readable.

        Errors: EBADF if `close` was called.
        """
    def ipoll(self, timeout: int | None = -1, flags: int = 0, /) -> _Ready:
        """As `poll`, but returns an iterator; the tuples that it yields are reused, as those of
        `select.poll` are.
        """
    def close(self) -> None:
        """`close()` ends it: `close()` in one thread ends the waits of the others with EBADF."""
    def __del__(self) -> None:
        """The garbage collector closes it, too."""

class _Ready:
    """The results of `ipoll`."""
    def __iter__(self) -> Self:
        """Iteration over `(obj, events)`."""
    def __next__(self) -> tuple[Any, int]:
        """The next `(obj, events)`; the tuple is reused."""

@overload
def socketpair() -> tuple[socket[Any], socket[Any]]:
    """Two sockets connected to each other. Positional arguments only; `family` is AF_UNIX by
    default.

    Errors: EOPNOTSUPP for a family that has no pairs (`AF_INET` on Linux).
    """

@overload
def socketpair(
    family: Literal[1], type: int = 1, proto: int = 0, /
) -> tuple[socket[_UnixAddress], socket[_UnixAddress]]: ...
@overload
def socketpair(
    family: int, type: int = 1, proto: int = 0, /
) -> tuple[socket[Any], socket[Any]]: ...
@overload
def fromfd(fd: int, family: Literal[2], type: int, proto: int = 0, /) -> socket[_InetAddress]:
    """A socket for a duplicate of the descriptor `fd`; the caller keeps `fd` itself. Positional
    arguments only.

    Errors: EBADF, ENOTSOCK.
    """

@overload
def fromfd(fd: int, family: Literal[10], type: int, proto: int = 0, /) -> socket[_Inet6Address]: ...
@overload
def fromfd(fd: int, family: Literal[1], type: int, proto: int = 0, /) -> socket[_UnixAddress]: ...
@overload
def fromfd(fd: int, family: int, type: int, proto: int = 0, /) -> socket[Any]: ...

# ---- Names ----

def gethostbyname(host: _Host, /) -> str:
    """`gethostbyname` returns the first IPv4 address of a name as text. It obeys the default
    timeout.

    Errors: `gaierror`, `timeout`.
    """

def gethostbyname_ex(host: _Host, /) -> tuple[_Name, list[str], list[str]]:
    """`gethostbyname_ex` returns `(name, [], addresses)` with the canonical name and all addresses;
    aliases are not known.

    It obeys the default timeout.

    Errors: `gaierror`, `timeout`.
    """

def getnameinfo(sockaddr: _HostAndPort, flags: int, /) -> tuple[_Name, _Name]:
    """`getnameinfo` returns `(host, service)` of an address, as names where they can be found,
    otherwise, or with `NI_NUMERICHOST` and `NI_NUMERICSERV`, as numbers.

    It obeys the default timeout.

    Errors: `gaierror`: `EAI_BADFLAGS` for unknown flags, `EAI_NONAME` with `NI_NAMEREQD`;
    `timeout`.
    """

def gethostname() -> _Name:
    """`gethostname` returns this host's name."""

def getfqdn(name: _Host = ..., /) -> _Name:
    """`getfqdn` looks up the name, by default this host's, and then the name of its address; if
    there is none, it returns the name itself.

    It obeys the default timeout.
    """

def getservbyname(name: str, proto: Literal["tcp", "udp"] = ..., /) -> int:
    """The number of a service, for `"tcp"` or `"udp"`; without `proto` for either.

    Errors: an unknown service is a `gaierror` with `EAI_SERVICE`.
    """

def getservbyport(port: int, proto: Literal["tcp", "udp"] = ..., /) -> _Name:
    """The name of a number, for `"tcp"` or `"udp"`; without `proto` for either.

    Errors: an unknown service is a `gaierror` with `EAI_SERVICE`; OverflowError for a port outside
    0…65535.
    """

# ---- Conversions ----

def inet_pton(family: int, text: str, /) -> bytes:
    """Converts text to packed bytes. `inet_pton` accepts only `a.b.c.d`, and for AF_INET6 the text
    of an IPv6 address.

    Errors: EINVAL for a text that is not an address, EAFNOSUPPORT for another family.
    """

def inet_ntop(family: int, packed: _ReadBuffer, /) -> str:
    """Converts packed bytes to text. IPv6 text is written as in RFC 5952.

    Errors: `ValueError` for packed bytes of the wrong length, or for another family.
    """

def inet_aton(text: str, /) -> bytes:
    """Converts the text of an IPv4 address, also in the older forms, to 4 packed bytes.

    Errors: EINVAL for a text that is not an address.
    """

def inet_ntoa(packed: _ReadBuffer, /) -> str:
    """Converts 4 packed bytes to the text of an IPv4 address.

    Errors: EINVAL for packed bytes of the wrong length.
    """

def htons(x: int, /) -> int:
    """Converts the byte order of a 16-bit number. A number out of range raises `OverflowError`."""

def ntohs(x: int, /) -> int:
    """Converts the byte order of a 16-bit number. A number out of range raises `OverflowError`."""

def htonl(x: int, /) -> int:
    """Converts the byte order of a 32-bit number. A number out of range raises `OverflowError`."""

def ntohl(x: int, /) -> int:
    """Converts the byte order of a 32-bit number. A number out of range raises `OverflowError`."""

def if_nametoindex(name: str, /) -> int:
    """Network interfaces: name to number.

    Errors: ENODEV if there is none.
    """

def if_indextoname(index: int, /) -> _Name:
    """Network interfaces: number to name.

    Errors: ENXIO if there is none.
    """

def if_nameindex() -> list[tuple[int, _Name]]:
    """Network interfaces: a list of all as `(index, name)`."""

# ---- The default timeout ----

def getdefaulttimeout() -> float | None:
    """The timeout of new sockets and of lookups without a socket; `None` initially. In seconds."""

def setdefaulttimeout(seconds: float | None, /) -> None:
    """Sets the timeout of new sockets and of lookups without a socket. Takes what `settimeout`
    takes.

    Errors: Negative or NaN: `ValueError`; infinite: `OverflowError`.
    """

__version__: str
"""The version of the module and of the C library in it."""
_GLOBAL_DEFAULT_TIMEOUT: _GlobalDefaultTimeout
"""Stands for "not given" as a timeout of `create_connection` and `dialer`."""

# ---- Constants. Levels, options and flags have the stack's own numbers. ----

# Families, types, protocols

AF_UNSPEC: Final = 0
"""any family, in `getaddrinfo`"""
AF_INET: Final = 2
"""IPv4"""
AF_INET6: Final = 10
"""IPv6"""
AF_UNIX: Final = 1
"""local sockets"""
SOCK_STREAM: Final = 1
"""TCP"""
SOCK_DGRAM: Final = 2
"""UDP"""
SOCK_RAW: Final = 3
"""raw IP; needs privileges"""
IPPROTO_IP: Final = 0
"""level of IPv4's options"""
IPPROTO_ICMP: Final = 1
"""for raw sockets"""
IPPROTO_TCP: Final = 6
"""TCP, and the level of its options"""
IPPROTO_UDP: Final = 17
"""UDP"""
IPPROTO_IPV6: Final = 41
"""level of IPv6's options"""
IPPROTO_ICMPV6: Final = 58
"""for raw sockets"""
IPPROTO_RAW: Final = 255
"""for raw sockets"""
IPPROTO_SEC: Final = 256
"""TLS over TCP, DTLS over UDP; EPROTONOSUPPORT in a build without it"""
has_ipv6: bool
"""True if the build has IPv6"""
INADDR_ANY: Final = 0
"""0.0.0.0 as a number"""
INADDR_LOOPBACK: Final = 2130706433
"""127.0.0.1 as a number"""
INADDR_BROADCAST: Final = 4294967295
"""255.255.255.255 as a number"""
SOMAXCONN: int
"""the longest backlog"""

# Levels

SOL_SOCKET: int
"""options of every socket"""
SOL_IP: int
"""as `IPPROTO_IP`"""
SOL_TCP: int
"""as `IPPROTO_TCP`"""
SOL_UDP: int
"""as `IPPROTO_UDP`"""
SOL_IPV6: int
"""as `IPPROTO_IPV6`"""
SOL_TLS: Final = 282
"""options of sockets of `IPPROTO_SEC`"""

# Options of SOL_SOCKET

SO_REUSEADDR: int
"""bind to an address that an old connection still holds"""
SO_REUSEPORT: int
"""several sockets bound to one port"""
SO_BROADCAST: int
"""allow datagrams to a broadcast address"""
SO_KEEPALIVE: int
"""probe an idle connection"""
SO_LINGER: int
"""bytes: two ints, on and seconds; how `close` treats unsent data"""
SO_ERROR: int
"""the pending error (ours: Linux's number), read once"""
SO_TYPE: int
"""the socket's type"""
SO_DOMAIN: int
"""the socket's family"""
SO_PROTOCOL: int
"""the socket's protocol"""
SO_ACCEPTCONN: int
"""1 if it listens"""
SO_RCVBUF: int
"""size of the receive buffer; Linux doubles what is set"""
SO_SNDBUF: int
"""size of the send buffer; Linux doubles what is set"""
SO_RCVLOWAT: int
"""number of bytes that make it readable"""
SO_RCVTIMEO: int
"""bytes: struct timeval; see Timeouts and waiting"""
SO_SNDTIMEO: int
"""bytes: struct timeval"""
SO_BINDTODEVICE: int
"""name of the only interface to use"""
SO_DONTROUTE: int
"""no gateway"""
SO_OOBINLINE: int
"""urgent data in line"""
SO_PRIORITY: int
"""priority of packets"""

# Options of IPPROTO_TCP

TCP_NODELAY: int
"""send small pieces at once"""
TCP_KEEPIDLE: int
"""seconds of silence before the first probe"""
TCP_KEEPINTVL: int
"""seconds between probes"""
TCP_KEEPCNT: int
"""probes before giving up"""
TCP_MAXSEG: int
"""largest segment"""
TCP_CORK: int
"""send full segments only"""
TCP_USER_TIMEOUT: int
"""milliseconds that sent data may wait for its acknowledgement"""
TCP_QUICKACK: int
"""acknowledge at once"""
TCP_FASTOPEN: int
"""data with the first packet"""
TCP_INFO: int
"""bytes: struct tcp_info"""
TCP_SYNCNT: int
"""attempts to connect"""
TCP_DEFER_ACCEPT: int
"""accept once data have arrived"""

# Options of IPPROTO_IP

IP_ADD_MEMBERSHIP: int
"""bytes: group, interface; join a multicast group"""
IP_DROP_MEMBERSHIP: int
"""the same; leave it"""
IP_MULTICAST_IF: int
"""bytes: the address of the interface that multicast leaves through"""
IP_MULTICAST_TTL: int
"""hop limit of multicast"""
IP_MULTICAST_LOOP: int
"""1 if this host receives its own multicast"""
IP_TTL: int
"""time to live"""
IP_TOS: int
"""type of service"""
IP_RECVTOS: int
"""deliver it with received datagrams"""
IP_HDRINCL: int
"""a raw socket brings its own header"""
IP_OPTIONS: int
"""bytes: IP options"""

# Options of IPPROTO_IPV6

IPV6_V6ONLY: int
"""no IPv4 on this socket"""
IPV6_JOIN_GROUP: int
"""bytes: group, interface index; join a multicast group"""
IPV6_LEAVE_GROUP: int
"""the same; leave it"""
IPV6_MULTICAST_IF: int
"""interface index"""
IPV6_MULTICAST_HOPS: int
"""hop limit of multicast"""
IPV6_MULTICAST_LOOP: int
"""1 if this host receives its own multicast"""
IPV6_UNICAST_HOPS: int
"""hop limit"""
IPV6_TCLASS: int
"""traffic class"""

# Options of SOL_TLS

TLS_HOSTNAME: Final = 2
"""text: the name that the server must have and that is sent to it (SNI), instead of the one passed
to `connect`
"""
TLS_CIPHERSUITE_LIST: Final = 3
"""list of text, or one text with commas or colons: the suites to offer, IANA's names or mbedTLS's;
empty: those by default
"""
TLS_CIPHERSUITE_USED: Final = 4
"""get: IANA's number of the suite in use; with a `buflen`, its name"""
TLS_PEER_VERIFY: Final = 5
"""0: no; 1: yes, but continue whatever the result; 2: yes. Clients: 2, servers: 0"""
TLS_ALPN_LIST: Final = 7
"""list of text, or one text with commas: the protocols to offer, or to choose from"""
TLS_SESSION_CACHE: Final = 12
"""1: keep sessions and resume them; 0: do not"""
TLS_CA_CERT: Final = 64
"""PEM and DER, any number: trusted CAs, instead of the system's; revocation lists, PEM. Each call
adds; None starts over; a value without a certificate is refused
"""
TLS_OWN_CERT: Final = 65
"""PEM (with the intermediates) or DER: the certificate to present. Each call starts another pair"""
TLS_OWN_KEY: Final = 66
"""PEM or DER: its private key"""
TLS_MIN_VERSION: Final = 67
"""the oldest version to accept: `TLS_1_2`"""
TLS_MAX_VERSION: Final = 68
"""the newest: `TLS_1_3`"""
TLS_ALPN_USED: Final = 69
"""get: the protocol agreed on; empty: none"""
TLS_VERSION_USED: Final = 70
"""get: `TLS_1_2` or `TLS_1_3`"""
TLS_PEER_CERT: Final = 71
"""get: the peer's certificate, DER, also of a resumed session; empty: it sent none, or a socket
that has a `TLS_PSK` resumed a session of TLS 1.3
"""
TLS_MAX_FRAGMENT: Final = 72
"""512, 1024, 2048, 4096: the largest record, both ways, if the server agrees (TLS 1.2 alone); 16384
"""
TLS_PSK: Final = 73
"""a secret shared with the peer, up to 48 bytes (mbedTLS: `MBEDTLS_PSK_MAX_LEN`)"""
TLS_PSK_IDENTITY: Final = 74
"""text (bytes if it is not UTF-8): the name of the secret"""
TLS_ROLE: Final = 75
"""0 client, 1 server: the side of the handshake, for streams; a socket that connects or is adopted
is a client, an accepted one a server
"""
TLS_1_2: Final = 771
"""a version"""
TLS_1_3: Final = 772
"""a version"""
ETLS_CERTIFICATE: Final = -2001
"""the peer's certificate is not trusted, for whatever reason; the text has it"""
ETLS_ALERT: Final = -2002
"""the peer has refused the connection"""
ETLS_TRUNCATED: Final = -2003
"""the stream ended without the peer's close_notify"""
ETLS_PROTOCOL: Final = -2004
"""the data received are not TLS, or were tampered with"""
ETLS_HANDSHAKE: Final = -2005
"""nothing in common: versions, suites, protocols, keys"""
ETLS_OPTION: Final = -2006
"""an option has an unusable value"""
ETLS_SETUP: Final = -2007
"""something is missing: a certificate, a key, a trusted CA, randomness"""
ETLS_CLOCK: Final = -2008
"""the clock was never set, so no certificate's dates can be checked"""

# Flags of send and receive

MSG_PEEK: int
"""leave the received bytes in place"""
MSG_DONTWAIT: int
"""do not wait in this call"""
MSG_WAITALL: int
"""fill the request"""
MSG_TRUNC: int
"""return a datagram's real length"""
MSG_OOB: int
"""urgent data; receiving it never waits"""
MSG_DONTROUTE: int
"""no gateway"""
MSG_MORE: int
"""more data follow: do not send yet"""
MSG_NOSIGNAL: int
"""no signal if the connection is broken; always on"""
MSG_CTRUNC: int
"""the system's, for completeness"""
MSG_EOR: int
"""end of record"""

# Shutdown

SHUT_RD: Final = 0
"""end receiving"""
SHUT_WR: Final = 1
"""end sending"""
SHUT_RDWR: Final = 2
"""end both"""

# getaddrinfo and getnameinfo

AI_PASSIVE: Final = 1
"""addresses to bind to"""
AI_CANONNAME: Final = 2
"""ask for the canonical name"""
AI_NUMERICHOST: Final = 4
"""no lookup: `EAI_NONAME` unless the host is numeric"""
AI_NUMERICSERV: Final = 1024
"""the port must be a number"""
AI_V4MAPPED: Final = 8
"""IPv6 form of IPv4 addresses where there is no other"""
AI_ALL: Final = 16
"""with `AI_V4MAPPED`: both"""
AI_ADDRCONFIG: Final = 32
"""only families that this host has addresses of"""
NI_NUMERICHOST: Final = 1
"""the host as a number"""
NI_NUMERICSERV: Final = 2
"""the service as a number"""
NI_NOFQDN: Final = 4
"""the host without its domain"""
NI_NAMEREQD: Final = 8
"""a missing name is an error"""
NI_DGRAM: Final = 16
"""the service's name for UDP"""
NI_MAXHOST: Final = 1025
"""the longest name of a host, for programs that ask"""
NI_MAXSERV: Final = 32
"""the longest name of a service"""

# Numbers of errors

errorcode: Final[Mapping[int, str]]
"""the name of each number that `OSError.errno` has in this module, on every stack"""
ENXIO: Final = 6
"""no such device"""
EFAULT: Final = 14
"""bad address"""
EBUSY: Final = 16
"""in use"""
ENFILE: Final = 23
"""the system is out of descriptors"""
EMFILE: Final = 24
"""the process is out of descriptors"""
EPIPE: Final = 32
"""not connected, or closed for writing"""
ENAMETOOLONG: Final = 36
"""a path is too long"""
EPROTO: Final = 71
"""protocol error"""
ENOTSOCK: Final = 88
"""the descriptor is no socket"""
EDESTADDRREQ: Final = 89
"""a datagram has no destination"""
EMSGSIZE: Final = 90
"""a datagram is too large"""
EPROTOTYPE: Final = 91
"""type and protocol do not fit"""
ENOPROTOOPT: Final = 92
"""no such option"""
EPROTONOSUPPORT: Final = 93
"""no such protocol"""
ESOCKTNOSUPPORT: Final = 94
"""no such type"""
EAFNOSUPPORT: Final = 97
"""no such address family"""
EADDRNOTAVAIL: Final = 99
"""the address is not one of this host"""
ENETDOWN: Final = 100
"""the interface is down"""
ENETUNREACH: Final = 101
"""no route to the network"""
ENETRESET: Final = 102
"""the network dropped the connection"""
EISCONN: Final = 106
"""connected already"""
ESHUTDOWN: Final = 108
"""shut down"""
EHOSTDOWN: Final = 112
"""the host is down"""

# Errors of lookups (gaierror.errno)

EAI_BADFLAGS: Final = -1
"""flags unknown or contradictory"""
EAI_NONAME: Final = -2
"""no such name, or no numeric address where one is asked for"""
EAI_AGAIN: Final = -3
"""the name server does not answer; may be temporary"""
EAI_FAIL: Final = -4
"""the name server refuses"""
EAI_NODATA: Final = -5
"""the name has no address"""
EAI_FAMILY: Final = -6
"""family not supported"""
EAI_SOCKTYPE: Final = -7
"""type not supported"""
EAI_SERVICE: Final = -8
"""no such service"""
EAI_ADDRFAMILY: Final = -9
"""the address is of another family"""
EAI_MEMORY: Final = -10
"""out of memory"""
EAI_SYSTEM: Final = -11
"""another error of the system"""
EAI_OVERFLOW: Final = -12
"""name too long"""
