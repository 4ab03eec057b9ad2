"""asyncio's networking over `usocket`: its calls never hold up other tasks.

`aiosocket` passes on every name of `asyncio` that it does not define itself. Times are in seconds,
sizes in bytes, unless a name ends with `_ms`.
"""

from asyncio import CancelledError as CancelledError
from asyncio import Event as Event
from asyncio import Lock as Lock
from asyncio import Task as Task
from asyncio import create_task as create_task
from asyncio import current_task as current_task
from asyncio import gather as gather
from asyncio import sleep as sleep
from array import array
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from types import TracebackType
from typing import Any, Literal, Protocol, overload
from typing_extensions import Self, TypeAlias, TypeVar

import usocket

# ---- Types of arguments and results. Names with an underscore exist in this file only. ----

_ReadBuffer: TypeAlias = bytes | bytearray | memoryview | array[Any]
_WriteBuffer: TypeAlias = bytearray | memoryview | array[Any]
# Data to send: a str is sent as UTF-8.
_Data: TypeAlias = str | _ReadBuffer
_Host: TypeAlias = str | bytes
_Port: TypeAlias = int | str | bytes | None
# (host, port[, flowinfo[, scope_id]]), a list of the same, or a raw sockaddr.
_IPAddress: TypeAlias = (
    tuple[_Host, int]
    | tuple[_Host, int, int]
    | tuple[_Host, int, int, int]
    | list[str | int]
    | list[bytes | int]
    | bytes
    | bytearray
    | memoryview
)
_TLSNames: TypeAlias = list[str] | list[bytes] | tuple[str | bytes, ...]
# {TLS_*: value}; a dict.
_TLSOptions: TypeAlias = Mapping[int, int | str | bytes | bytearray | memoryview | _TLSNames | None]

_T = TypeVar("_T")

class _Context(Protocol):
    """A context of MicroPython's `tls`."""
    @property
    def wrap_socket(self) -> Callable[..., Any]:
        """Makes a TLS object around a socket."""

class _Handler(Protocol):
    """The callback of `start_server`, mostly a coroutine."""
    def __call__(self, reader: Stream, writer: Stream, /) -> Awaitable[object] | None:
        """Called for each connection."""

class _SupportsReadinto(Protocol):
    """A file to send."""
    def readinto(self, buffer: memoryview, /) -> int | None:
        """Reads into the buffer; returns the number of bytes, 0 or None at the end."""

class TimeoutError(Exception):
    """asyncio's error of `wait_for` and `wait_for_ms`: their time has passed."""

class IncompleteReadError(EOFError):
    """The stream ended before a read was complete."""
    partial: bytes
    """The bytes that came before the end."""
    expected: int | None
    """The number of bytes that were asked for; None for `readuntil`."""
    def __init__(self, partial: bytes, expected: int | None) -> None:
        """Made by the module."""

class LimitOverrunError(ValueError):
    """A line is longer than the stream's limit."""
    consumed: int
    """How many bytes of the buffer contain no separator."""
    def __init__(self, message: str, consumed: int) -> None:
        """Made by the module."""

class Stream:
    """`Stream(s)` makes a stream from a connected, non-blocking socket; connections and servers
    create theirs.

    `StreamReader` and `StreamWriter` are other names for it. A stream reads ahead: do not read from
    its socket directly.
    """
    s: Any
    """The socket, or the TLS object around it."""
    e: dict[str, Any]
    """Values of `get_extra_info` that the socket does not have."""
    limit: int | None
    """A longer line raises LimitOverrunError; in bytes. None: no limit."""
    timeout: float | None
    """The deadline of each call in seconds; set it with `settimeout`."""
    def __init__(self, s: Any, e: dict[str, Any] = ...) -> None:
        """Makes a stream from a connected, non-blocking socket."""
    def settimeout(self, seconds: float | None) -> None:
        """Sets a deadline for each later call as a whole; the error names the call that was late.
        None: no deadline.

        Errors: ValueError for a negative number or NaN; OverflowError.
        """
    async def read(self, n: int = -1) -> bytes:
        """Up to `n` bytes, as soon as there is one; `b''` at the end of the stream. Without `n`:
        everything up to the end.

        Errors: EBADF if closed, ECONNRESET, `usocket.timeout`; RuntimeError while another task
        reads.
        """
    async def readinto(self, buf: _WriteBuffer) -> int:
        """Like `read(len(buf))`, into `buf`; returns the count."""
    async def readexactly(self, n: int) -> bytes:
        """`n` bytes; if the stream ends first, IncompleteReadError, an EOFError with `partial` and
        `expected`.
        """
    async def readline(self) -> bytes:
        """A line with its end, or what is left at the end of the stream.

        Errors: LimitOverrunError for a line longer than `limit`; those of `read`.
        """
    async def readuntil(self, separator: bytes = b"\n") -> bytes:
        """Up to and including the separator; IncompleteReadError if the stream ends first.

        Errors: LimitOverrunError if it is longer than `limit`; those of `read`.
        """
    def at_eof(self) -> bool:
        """True once the stream has ended and all of it has been read."""
    def __aiter__(self) -> Self:
        """Line by line."""
    async def __anext__(self) -> bytes:
        """The next line."""
    def write(self, buf: _Data) -> None:
        """Sends what the socket accepts at once; the rest follows in the background, in order,
        whichever task wrote it.

        Errors: ENOBUFS (105) while more than `limit` bytes wait to be sent; EBADF if closed, EPIPE,
        ECONNRESET.
        """
    def writelines(self, lines: Iterable[_Data]) -> None:
        """`write` for each."""
    async def drain(self) -> None:
        """Waits until all that was written before has been passed to the system.

        Errors: EPIPE, ECONNRESET, `usocket.timeout`.
        """
    async def sendfile(
        self, file: _SupportsReadinto, offset: int = 0, count: int | None = None
    ) -> int:
        """Writes a file from an offset, `count` bytes or to its end, in pieces of 4 KiB; returns
        the count.

        If it times out, the error's `sent` is how many of the file's bytes are on their way.
        """
    def can_write_eof(self) -> bool:
        """True if `write_eof` can end writing: not with a TLS object."""
    def write_eof(self) -> None:
        """Ends writing: the peer reads the end of the stream after the data."""
    def is_closing(self) -> bool:
        """True after `close`, `wait_closed` or `abort`."""
    def close(self) -> None:
        """Closes once everything written has been sent; a peer that does not read is given up after
        30 s, or the timeout.
        """
    async def wait_closed(self) -> None:
        """`close()`, and waits until it is done; raises if written data were lost."""
    def abort(self) -> None:
        """Closes at once."""
    async def __aenter__(self) -> Self:
        """Closes at the end: like `wait_closed()`, or like `abort()` if an exception ends it."""
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Closes the stream."""
    @overload
    def get_extra_info(
        self, name: Literal["socket", "peername", "sockname"], default: Any = None
    ) -> Any:
        """`"socket"`, `"peername"`, `"sockname"`: the socket, the peer's address, the local
        address.
        """
    @overload
    def get_extra_info(self, name: str, default: _T = None) -> _T: ...
    async def awrite(self, buf: _Data, off: int = 0, sz: int = -1) -> None:
        """`write` and `drain`: an older name of MicroPython."""
    async def awritestr(self, buf: _Data, off: int = 0, sz: int = -1) -> None:
        """`write` and `drain`: an older name of MicroPython."""
    async def aclose(self) -> None:
        """`wait_closed`: an older name of MicroPython."""

StreamReader = Stream
"""Another name of `Stream`."""
StreamWriter = Stream
"""Another name of `Stream`."""

class Datagram:
    """A UDP socket. Its calls let other tasks run."""
    s: usocket.socket[Any]
    """The socket."""
    timeout: float | None
    """The deadline of each call in seconds; set it with `settimeout`."""
    def __init__(self, s: usocket.socket[Any]) -> None:
        """Made from a non-blocking socket by `open_datagram`."""
    def settimeout(self, seconds: float | None) -> None:
        """Sets a deadline for each later call as a whole. None: no deadline.

        Errors: ValueError for a negative number or NaN; OverflowError.
        """
    async def recvfrom(self, n: int) -> tuple[bytes, Any]:
        """A datagram of at most `n` bytes, and its sender.

        Errors: EBADF if closed, `usocket.timeout`; RuntimeError while another task reads.
        """
    async def recv(self, n: int) -> bytes:
        """A datagram of at most `n` bytes.

        Errors: EBADF if closed, `usocket.timeout`; RuntimeError while another task reads.
        """
    async def recv_into(self, buf: _WriteBuffer) -> int:
        """A datagram into `buf`; returns the count."""
    async def sendto(self, data: _Data, address: _IPAddress) -> int:
        """Sends a datagram; an address passed to `sendto` must be numeric, and a name raises EAGAIN
        (11) at once.

        Errors: EMSGSIZE, EACCES, EBADF if closed, `usocket.timeout`.
        """
    async def send(self, data: _Data) -> int:
        """Sends a datagram to the address that the socket is connected to.

        Errors: EMSGSIZE, EDESTADDRREQ, EBADF if closed, `usocket.timeout`.
        """
    @overload
    def get_extra_info(
        self, name: Literal["socket", "peername", "sockname"], default: Any = None
    ) -> Any:
        """`"socket"`, `"peername"`, `"sockname"`: the socket, the peer's address, the local
        address.
        """
    @overload
    def get_extra_info(self, name: str, default: _T = None) -> _T: ...
    def close(self) -> None:
        """Closes the socket."""
    async def wait_closed(self) -> None:
        """Closes the socket."""
    async def __aenter__(self) -> Self:
        """Closes the socket at the end."""
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Closes the socket."""

class Server:
    """The result of `start_server`; `async with` closes it."""
    backlog: int
    """How many connections may wait."""
    pauses: int
    """When descriptors or memory run out, the listener runs the garbage collector, waits a moment
    and goes on; `pauses` counts that.
    """
    refused: int
    """A client that is silent, slow or refused never reaches the handler: it is disconnected and
    counted in `refused`.
    """
    refusal: Exception | None
    """The exception of the last such client."""
    def __init__(
        self,
        sockets: list[usocket.socket[Any]],
        backlog: int,
        cb: _Handler | None,
        ssl: _TLSOptions | _Context | None,
        handshake_seconds: float,
        timeout: float | None,
        limit: int | None,
    ) -> None:
        """Made by `start_server`."""
    @property
    def sockets(self) -> list[usocket.socket[Any]]:
        """The listening sockets."""
    def close(self) -> None:
        """Stops listening; existing connections stay."""
    async def wait_closed(self) -> None:
        """Waits until the server's tasks have ended."""
    async def serve_forever(self) -> None:
        """Serves until it is cancelled or closed."""
    def is_serving(self) -> bool:
        """True while a socket listens."""
    async def __aenter__(self) -> Self:
        """Closes the server at the end."""
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Closes the server."""

async def open_connection(
    host: _Host | None,
    port: _Port,
    ssl: bool | _TLSOptions | _Context | None = None,
    server_hostname: str | None = None,
    timeout: float | None = None,
    family: int = 0,
    limit: int | None = 65536,
    happy_eyeballs_delay: float | None = None,
    local_addr: _IPAddress | None = None,
    ssl_handshake_timeout: float | None = None,
) -> tuple[Stream, Stream]:
    """Looks up the name and connects. It returns the stream twice, as reader and as writer.

    The addresses of a name race, as RFC 8305 describes; `happy_eyeballs_delay` is 0.25 s.
    `timeout`, in seconds, is one deadline for the lookup, all attempts and the handshake, and for
    each later call. `limit` is in bytes. `ssl_handshake_timeout`: the seconds that a handshake may
    take; 60 if not given.

    Errors: `usocket.gaierror`, `usocket.timeout`, `usocket.TLSError`, ECONNREFUSED and others of
    `connect`; TypeError for another `ssl`.
    """

async def getaddrinfo(
    host: _Host | None,
    port: _Port,
    family: int = 0,
    type: int = 0,
    proto: int = 0,
    flags: int = 0,
    timeout: float | None = None,
) -> list[tuple[int, int, int, str | Any, Any]]:
    """`usocket.getaddrinfo` that lets other tasks run.

    Errors: `usocket.gaierror`, `usocket.timeout`.
    """

async def start_server(
    cb: _Handler | None,
    host: _Host | None = None,
    port: _Port = None,
    backlog: int = 100,
    ssl: Literal[False] | _TLSOptions | _Context | None = None,
    timeout: float | None = None,
    limit: int | None = 65536,
    reuse_address: bool = True,
    sock: usocket.socket[Any] | None = None,
    ssl_handshake_timeout: float | None = None,
) -> Server:
    """Listens on every address of the host, and runs `cb(reader, writer)` as a task for each
    connection.

    `timeout`, in seconds, and `limit`, in bytes, apply to the streams. With TLS, the handler runs
    after the handshake, which may take `ssl_handshake_timeout` seconds (60).

    Errors: EADDRINUSE, EADDRNOTAVAIL, EACCES, `usocket.gaierror`; `usocket.TLSError`, ValueError or
    TypeError for an unusable `ssl`.
    """

async def open_datagram(
    local_addr: _IPAddress | None = None,
    remote_addr: _IPAddress | None = None,
    family: int = 0,
    timeout: float | None = None,
    reuse_port: bool = False,
    broadcast: bool = False,
) -> Datagram:
    """Returns a UDP socket, bound to `local_addr`, connected to `remote_addr`, or both.

    Names in them are looked up. `timeout` is the deadline of each call in seconds.

    Errors: EADDRINUSE, EADDRNOTAVAIL, `usocket.gaierror`; EAFNOSUPPORT if the two addresses have no
    family in common.
    """

def run(coro: Coroutine[Any, Any, _T]) -> _T:
    """`aiosocket.run(coro)` is `asyncio.run` that leaves nothing behind.

    Whatever ends the program, Ctrl-C included, the other tasks are cancelled, get a second to
    finish, and the loop is new afterwards.
    """

async def wait_for(aw: Awaitable[_T], timeout: float | None) -> _T:
    """`await aiosocket.wait_for(aw, seconds)` and `wait_for_ms(aw, milliseconds)` are asyncio's,
    without a separate task.

    Errors: `TimeoutError` when the seconds have passed.
    """

async def wait_for_ms(aw: Awaitable[_T], timeout: int | None) -> _T:
    """As `wait_for`, in milliseconds.

    Errors: `TimeoutError` when they have passed.
    """

# ---- Names of MicroPython's asyncio that CPython's does not have, or has otherwise. ----

async def sleep_ms(t: int) -> None:
    """asyncio's: sleeps for `t` milliseconds."""

class ThreadSafeFlag:
    """asyncio's: a flag that an interrupt or another thread may set."""
    def __init__(self) -> None:
        """Makes a flag that is not set."""
    def set(self) -> None:
        """Sets the flag; a task that waits for it runs."""
    def clear(self) -> None:
        """Clears the flag."""
    def ioctl(self, req: int, flags: int) -> int:
        """The stream protocol, for the poller."""
    async def wait(self) -> None:
        """Waits until the flag is set, and clears it."""

class Loop:
    """asyncio's event loop; there is one."""
    @staticmethod
    def create_task(coro: Coroutine[Any, Any, _T]) -> Task[_T]:
        """Makes a task that runs the coroutine."""
    @staticmethod
    def run_forever() -> None:
        """Runs the tasks until `stop`."""
    @staticmethod
    def run_until_complete(aw: Awaitable[_T]) -> _T:
        """Runs the tasks until this one has ended; returns its result."""
    @staticmethod
    def stop() -> None:
        """Ends `run_forever`."""
    @staticmethod
    def close() -> None:
        """Does nothing."""
    @staticmethod
    def set_exception_handler(handler: Callable[[Loop, dict[str, Any]], object] | None) -> None:
        """Sets the function that is called for the exception of a task that nothing awaits."""
    @staticmethod
    def get_exception_handler() -> Callable[[Loop, dict[str, Any]], object] | None:
        """That function, or None."""
    @staticmethod
    def default_exception_handler(loop: Loop, context: dict[str, Any]) -> None:
        """Prints the exception and the task."""
    @staticmethod
    def call_exception_handler(context: dict[str, Any]) -> None:
        """Calls the function that was set, or the default one."""

def get_event_loop(runq_len: int = 0, waitq_len: int = 0) -> Loop:
    """asyncio's: the event loop."""

def new_event_loop() -> Loop:
    """asyncio's: a new event loop; tasks of the old one never run again."""

def run_until_complete(main_task: Task[_T]) -> _T:
    """asyncio's: runs the tasks until this one has ended; returns its result."""
