"""建立在 `usocket` 之上的 asyncio 网络功能：它的调用不阻塞其他任务。

`aiosocket` 自己没有定义的名称都转交 `asyncio`。除名称以 `_ms` 结尾的以外，时间以秒为单位，大小以字节为单位。
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

# ---- 参数和结果的类型。以下划线开头的名称只存在于本文件中。 ----

_ReadBuffer: TypeAlias = bytes | bytearray | memoryview | array[Any]
_WriteBuffer: TypeAlias = bytearray | memoryview | array[Any]
# 要发送的数据：str 以 UTF-8 发送。
_Data: TypeAlias = str | _ReadBuffer
_Host: TypeAlias = str | bytes
_Port: TypeAlias = int | str | bytes | None
# (host, port[, flowinfo[, scope_id]])、同样内容的列表，或原始的 sockaddr。
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
# {TLS_*: 值}；字典。
_TLSOptions: TypeAlias = Mapping[int, int | str | bytes | bytearray | memoryview | _TLSNames | None]

_T = TypeVar("_T")

class _Context(Protocol):
    """MicroPython 的 `tls` 的上下文。"""
    @property
    def wrap_socket(self) -> Callable[..., Any]:
        """为套接字创建 TLS 对象。"""

class _Handler(Protocol):
    """`start_server` 的回调，通常是协程函数。"""
    def __call__(self, reader: Stream, writer: Stream, /) -> Awaitable[object] | None:
        """为每个连接调用一次。"""

class _SupportsReadinto(Protocol):
    """要发送的文件。"""
    def readinto(self, buffer: memoryview, /) -> int | None:
        """读入缓冲区，返回字节数；到末尾时为 0 或 None。"""

class TimeoutError(Exception):
    """asyncio 中 `wait_for` 和 `wait_for_ms` 的错误：时间已到。"""

class IncompleteReadError(EOFError):
    """读取尚未完成，流已结束。"""
    partial: bytes
    """结束之前到达的字节。"""
    expected: int | None
    """要求的字节数；`readuntil` 为 None。"""
    def __init__(self, partial: bytes, expected: int | None) -> None:
        """由本模块创建。"""

class LimitOverrunError(ValueError):
    """行的长度超过了流的限制。"""
    consumed: int
    """缓冲区中有多少字节不含分隔符。"""
    def __init__(self, message: str, consumed: int) -> None:
        """由本模块创建。"""

class Stream:
    """`Stream(s)` 由已连接的非阻塞套接字构造；连接和服务器会创建各自的流。

    `StreamReader` 和 `StreamWriter` 是它的别名。流会预读：不要直接从它的套接字读取。
    """
    s: Any
    """套接字，或套在它外面的 TLS 对象。"""
    e: dict[str, Any]
    """`get_extra_info` 中套接字没有的值。"""
    limit: int | None
    """更长的行引发 LimitOverrunError；单位：字节。None 表示不限。"""
    timeout: float | None
    """每次调用的期限，单位：秒；用 `settimeout` 设置。"""
    def __init__(self, s: Any, e: dict[str, Any] = ...) -> None:
        """由已连接的非阻塞套接字构造流。"""
    def settimeout(self, seconds: float | None) -> None:
        """设置以后每次调用的整体期限；错误会指出超时的调用。None 表示没有期限。

        错误：负数或 NaN 为 ValueError；OverflowError。
        """
    async def read(self, n: int = -1) -> bytes:
        """最多 `n` 字节，有一个字节就返回；流结束时为 `b''`。不给出 `n` 时：直到流结束的全部内容。

        错误：已关闭时为 EBADF；ECONNRESET、`usocket.timeout`；另一个任务正在读取时为 RuntimeError。
        """
    async def readinto(self, buf: _WriteBuffer) -> int:
        """同 `read(len(buf))`，存入 `buf`；返回字节数。"""
    async def readexactly(self, n: int) -> bytes:
        """`n` 个字节；流提前结束时为 IncompleteReadError，即带 `partial` 和 `expected` 的 EOFError。"""
    async def readline(self) -> bytes:
        """一行，含行尾；流结束时为剩余的内容。

        错误：行的长度超过 `limit` 时为 LimitOverrunError；其余同 `read`。
        """
    async def readuntil(self, separator: bytes = b"\n") -> bytes:
        """直到并包括分隔符；流提前结束时为 IncompleteReadError。

        错误：长度超过 `limit` 时为 LimitOverrunError；其余同 `read`。
        """
    def at_eof(self) -> bool:
        """流已结束且已全部读完时为 True。"""
    def __aiter__(self) -> Self:
        """逐行读取。"""
    async def __anext__(self) -> bytes:
        """下一行。"""
    def write(self, buf: _Data) -> None:
        """立即发送套接字能接收的部分；其余在后台按顺序发送，无论由哪个任务写入。

        错误：等待发送的内容超过 `limit` 字节时为 ENOBUFS（105）；已关闭时为 EBADF；EPIPE、ECONNRESET。
        """
    def writelines(self, lines: Iterable[_Data]) -> None:
        """逐个 `write`。"""
    async def drain(self) -> None:
        """等到此前写入的内容全部交给系统。

        错误：EPIPE、ECONNRESET、`usocket.timeout`。
        """
    async def sendfile(
        self, file: _SupportsReadinto, offset: int = 0, count: int | None = None
    ) -> int:
        """写入文件中从偏移量起的 `count` 个字节或直到末尾，每次 4 KiB；返回字节数。

        超时时，错误的 `sent` 是文件中已在发送途中的字节数。
        """
    def can_write_eof(self) -> bool:
        """`write_eof` 可以结束写入时为 True：TLS 对象不行。"""
    def write_eof(self) -> None:
        """结束写入：对端读完数据之后读到流的末尾。"""
    def is_closing(self) -> bool:
        """调用 `close`、`wait_closed` 或 `abort` 之后为 True。"""
    def close(self) -> None:
        """写入的内容全部发送后关闭；对端不读取时，30 秒或超时之后放弃。"""
    async def wait_closed(self) -> None:
        """`close()`，并等到关闭完成；写入的数据有丢失时引发异常。"""
    def abort(self) -> None:
        """立即关闭。"""
    async def __aenter__(self) -> Self:
        """结束时关闭：如同 `wait_closed()`；因异常结束时如同 `abort()`。"""
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """关闭流。"""
    @overload
    def get_extra_info(
        self, name: Literal["socket", "peername", "sockname"], default: Any = None
    ) -> Any:
        """`"socket"`、`"peername"`、`"sockname"`：套接字、对端的地址、本地地址。"""
    @overload
    def get_extra_info(self, name: str, default: _T = None) -> _T: ...
    async def awrite(self, buf: _Data, off: int = 0, sz: int = -1) -> None:
        """`write` 加 `drain`：MicroPython 的旧名称。"""
    async def awritestr(self, buf: _Data, off: int = 0, sz: int = -1) -> None:
        """`write` 加 `drain`：MicroPython 的旧名称。"""
    async def aclose(self) -> None:
        """`wait_closed`：MicroPython 的旧名称。"""

StreamReader = Stream
"""`Stream` 的别名。"""
StreamWriter = Stream
"""`Stream` 的别名。"""

class Datagram:
    """UDP 套接字。它的调用等待时，其他任务照常运行。"""
    s: usocket.socket[Any]
    """套接字。"""
    timeout: float | None
    """每次调用的期限，单位：秒；用 `settimeout` 设置。"""
    def __init__(self, s: usocket.socket[Any]) -> None:
        """由 `open_datagram` 用非阻塞套接字创建。"""
    def settimeout(self, seconds: float | None) -> None:
        """设置以后每次调用的整体期限。None 表示没有期限。

        错误：负数或 NaN 为 ValueError；OverflowError。
        """
    async def recvfrom(self, n: int) -> tuple[bytes, Any]:
        """一个最多 `n` 字节的数据报，以及它的发送者。

        错误：已关闭时为 EBADF；`usocket.timeout`；另一个任务正在读取时为 RuntimeError。
        """
    async def recv(self, n: int) -> bytes:
        """一个最多 `n` 字节的数据报。

        错误：已关闭时为 EBADF；`usocket.timeout`；另一个任务正在读取时为 RuntimeError。
        """
    async def recv_into(self, buf: _WriteBuffer) -> int:
        """把一个数据报存入 `buf`；返回字节数。"""
    async def sendto(self, data: _Data, address: _IPAddress) -> int:
        """发送一个数据报；`sendto` 的地址必须是数字，域名立即引发 EAGAIN（11）。

        错误：EMSGSIZE、EACCES；已关闭时为 EBADF；`usocket.timeout`。
        """
    async def send(self, data: _Data) -> int:
        """向套接字所连接的地址发送一个数据报。

        错误：EMSGSIZE、EDESTADDRREQ；已关闭时为 EBADF；`usocket.timeout`。
        """
    @overload
    def get_extra_info(
        self, name: Literal["socket", "peername", "sockname"], default: Any = None
    ) -> Any:
        """`"socket"`、`"peername"`、`"sockname"`：套接字、对端的地址、本地地址。"""
    @overload
    def get_extra_info(self, name: str, default: _T = None) -> _T: ...
    def close(self) -> None:
        """关闭套接字。"""
    async def wait_closed(self) -> None:
        """关闭套接字。"""
    async def __aenter__(self) -> Self:
        """结束时关闭套接字。"""
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """关闭套接字。"""

class Server:
    """`start_server` 的结果；`async with` 会关闭它。"""
    backlog: int
    """可以排队等待的连接数。"""
    pauses: int
    """描述符或内存用尽时，监听套接字先触发一次垃圾回收，稍后继续接受连接；`pauses` 记录次数。"""
    refused: int
    """不发送数据、缓慢或被拒绝的客户端不会到达处理函数：其连接被断开，并计入 `refused`。"""
    refusal: Exception | None
    """最近一个这样的客户端引发的异常。"""
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
        """由 `start_server` 创建。"""
    @property
    def sockets(self) -> list[usocket.socket[Any]]:
        """监听套接字。"""
    def close(self) -> None:
        """停止监听；已有的连接保留。"""
    async def wait_closed(self) -> None:
        """等到服务器的任务全部结束。"""
    async def serve_forever(self) -> None:
        """一直服务，直到被取消或关闭。"""
    def is_serving(self) -> bool:
        """仍有套接字在监听时为 True。"""
    async def __aenter__(self) -> Self:
        """结束时关闭服务器。"""
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """关闭服务器。"""

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
    """解析域名并连接。把同一个流返回两次，分别用于读和写。

    域名的各个地址按 RFC 8305 竞速；`happy_eyeballs_delay` 默认为 0.25 秒。`timeout`（秒）是解析、全部尝试和握手共同的期限，也是以后每次调用的期限。`limit` 以字节为单位。`ssl_handshake_timeout`：握手最多可用的秒数，默认为 60。

    错误：`usocket.gaierror`、`usocket.timeout`、`usocket.TLSError`、ECONNREFUSED 以及 `connect` 的其他错误；`ssl` 为其他值时为 TypeError。
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
    """`usocket.getaddrinfo`，等待时其他任务照常运行。

    错误：`usocket.gaierror`、`usocket.timeout`。
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
    """在主机的每个地址上监听，为每个连接以任务运行 `cb(reader, writer)`。

    `timeout`（秒）和 `limit`（字节）用于各个流。使用 TLS 时，处理函数在握手之后运行，握手最多可用 `ssl_handshake_timeout` 秒（60）。

    错误：EADDRINUSE、EADDRNOTAVAIL、EACCES、`usocket.gaierror`；`ssl` 不可用时为 `usocket.TLSError`、ValueError 或 TypeError。
    """

async def open_datagram(
    local_addr: _IPAddress | None = None,
    remote_addr: _IPAddress | None = None,
    family: int = 0,
    timeout: float | None = None,
    reuse_port: bool = False,
    broadcast: bool = False,
) -> Datagram:
    """返回 UDP 套接字，绑定到 `local_addr`，连接到 `remote_addr`，或两者兼有。

    其中的域名会被解析。`timeout` 是每次调用的期限，单位：秒。

    错误：EADDRINUSE、EADDRNOTAVAIL、`usocket.gaierror`；两个地址没有共同的地址族时为 EAFNOSUPPORT。
    """

def run(coro: Coroutine[Any, Any, _T]) -> _T:
    """`aiosocket.run(coro)` 即 `asyncio.run`，但不留下任何任务。

    无论程序因何结束（包括 Ctrl-C），其他任务都会被取消，有一秒时间收尾，之后的事件循环是新的。
    """

async def wait_for(aw: Awaitable[_T], timeout: float | None) -> _T:
    """`await aiosocket.wait_for(aw, 秒)` 和 `wait_for_ms(aw, 毫秒)` 与 asyncio 的相同，但不另建任务。

    错误：时间已到时为 `TimeoutError`。
    """

async def wait_for_ms(aw: Awaitable[_T], timeout: int | None) -> _T:
    """同 `wait_for`，以毫秒为单位。

    错误：时间已到时为 `TimeoutError`。
    """

# ---- MicroPython 的 asyncio 有而 CPython 没有，或与 CPython 不同的名称。 ----

async def sleep_ms(t: int) -> None:
    """asyncio 的函数：等待 `t` 毫秒。"""

class ThreadSafeFlag:
    """asyncio 的类：可由中断或其他线程设置的标志。"""
    def __init__(self) -> None:
        """创建未设置的标志。"""
    def set(self) -> None:
        """设置标志；等待它的任务得以运行。"""
    def clear(self) -> None:
        """清除标志。"""
    def ioctl(self, req: int, flags: int) -> int:
        """流协议，供 poller 使用。"""
    async def wait(self) -> None:
        """等到标志被设置，然后清除它。"""

class Loop:
    """asyncio 的事件循环；只有一个。"""
    @staticmethod
    def create_task(coro: Coroutine[Any, Any, _T]) -> Task[_T]:
        """创建运行该协程的任务。"""
    @staticmethod
    def run_forever() -> None:
        """运行任务，直到调用 `stop`。"""
    @staticmethod
    def run_until_complete(aw: Awaitable[_T]) -> _T:
        """运行各个任务，直到这一个结束；返回它的结果。"""
    @staticmethod
    def stop() -> None:
        """结束 `run_forever`。"""
    @staticmethod
    def close() -> None:
        """不起作用。"""
    @staticmethod
    def set_exception_handler(handler: Callable[[Loop, dict[str, Any]], object] | None) -> None:
        """设置异常处理函数，任务引发异常而没有其他任务等待它时，调用该函数。"""
    @staticmethod
    def get_exception_handler() -> Callable[[Loop, dict[str, Any]], object] | None:
        """该函数，或 None。"""
    @staticmethod
    def default_exception_handler(loop: Loop, context: dict[str, Any]) -> None:
        """打印异常和任务。"""
    @staticmethod
    def call_exception_handler(context: dict[str, Any]) -> None:
        """调用已设置的函数，没有设置时调用默认的函数。"""

def get_event_loop(runq_len: int = 0, waitq_len: int = 0) -> Loop:
    """asyncio 的函数：事件循环。"""

def new_event_loop() -> Loop:
    """asyncio 的函数：新的事件循环；旧循环中的任务不再运行。"""

def run_until_complete(main_task: Task[_T]) -> _T:
    """asyncio 的函数：运行各个任务，直到这一个结束；返回它的结果。"""
