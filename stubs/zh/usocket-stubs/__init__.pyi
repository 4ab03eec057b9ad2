"""MicroPython 的套接字：CPython 的 `socket`，加上 MicroPython 的流方法。

`import usocket` 和 `import socket` 导入的是同一个模块。时间以秒为单位，大小以字节为单位。
构建时去掉某个选项（`include/usocket/config.h`），就没有相应的名称；这里列出全部名称。
"""

import builtins
from array import array
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Generic, Literal, NoReturn, Protocol, final, overload
from typing_extensions import Self, TypeAlias, TypeVar

# ---- 参数和结果的类型。以下划线开头的名称只存在于本文件中。 ----

# 可读取字节的对象，以及可存入字节的对象。
_ReadBuffer: TypeAlias = bytes | bytearray | memoryview | array[Any]
_WriteBuffer: TypeAlias = bytearray | memoryview | array[Any]
# 要发送的数据：str 以 UTF-8 发送。
_Data: TypeAlias = str | _ReadBuffer

_Host: TypeAlias = str | bytes
# 模块返回的地址：AF_INET、AF_INET6、AF_UNIX。
_InetAddress: TypeAlias = tuple[str, int]
_Inet6Address: TypeAlias = tuple[str, int, int, int]
_UnixAddress: TypeAlias = str | bytes
# (host, port[, flowinfo[, scope_id]])，或同样内容的列表。
_HostAndPort: TypeAlias = (
    tuple[_Host, int]
    | tuple[_Host, int, int]
    | tuple[_Host, int, int, int]
    | list[str | int]
    | list[bytes | int]
)
# 同上，或原始的 sockaddr。
_IPAddress: TypeAlias = _HostAndPort | _ReadBuffer
_Port: TypeAlias = int | str | bytes | None

# 只有非阻塞套接字或尚未握手时才为 None 的结果：不要求检查 None。
_MaybeNone: TypeAlias = Any
# 来自系统的名称：str；不是 UTF-8 时为 bytes。
_Name: TypeAlias = str | Any

# 套接字地址的类型；地址族未知时为 Any。
_A = TypeVar("_A", default=Any)
# 文本文件为 str，二进制文件为 bytes。
_S = TypeVar("_S", bound=str | bytes, default=Any)

_TLSVersion: TypeAlias = Literal["TLSv1.2", "TLSv1.3"]
_TLSNames: TypeAlias = list[str] | list[bytes] | tuple[str | bytes, ...]
_TLSValue: TypeAlias = int | str | _ReadBuffer | _TLSNames | None
# {TLS_*: 值}；字典。
_TLSOptions: TypeAlias = Mapping[int, _TLSValue]

_TextMode: TypeAlias = Literal["", "r", "w", "rw", "wr"]
_BinaryMode: TypeAlias = Literal[
    "b", "rb", "br", "wb", "bw", "rwb", "rbw", "wrb", "wbr", "brw", "bwr"
]
_Encoding: TypeAlias = Literal["utf-8", "UTF-8", "utf8", "UTF8", "utf_8", "UTF_8"]

class _Handler(Protocol):
    """选项 20 的处理函数，以套接字为参数调用。"""
    def __call__(self, socket: socket[Any], /) -> object:
        """有连接等待接受或有数据到达时调用。"""

class _SupportsReadinto(Protocol):
    """要发送的文件。"""
    def readinto(self, buffer: bytearray, /) -> int | None:
        """读入缓冲区，返回字节数；到末尾时为 0 或 None。"""

class _HasFileno(Protocol):
    """带描述符的对象，由 poller 监视。"""
    def fileno(self) -> int:
        """描述符。"""

class _HasIoctl(Protocol):
    """用 Python 写的流，poller 每毫秒询问一次。"""
    def ioctl(self, request: int, argument: int, /) -> int:
        """应答 MP_STREAM_POLL。"""

class _Stream(Protocol):
    """其他模块的流，例如 UART。"""
    def readinto(self, buffer: Any, /) -> Any:
        """读入缓冲区。"""

class _GlobalDefaultTimeout:
    """`_GLOBAL_DEFAULT_TIMEOUT` 的类型。"""

# ---- 错误 ----

error = OSError
"""就是 `OSError`。系统调用失败时引发。`args` 为 `(errno, 说明)`。"""

class timeout(OSError):
    """`OSError` 的子类。期限已过时引发；`errno` 为 ETIMEDOUT（110）。"""
    errno: int  # pyright: ignore[reportIncompatibleVariableOverride]
    """总是 ETIMEDOUT（110）。"""
    strerror: str  # pyright: ignore[reportIncompatibleVariableOverride]
    """说明：哪个调用、对端（如果有）和原因。"""
    @property
    def sent(self) -> int:
        """`sendall`、`write` 或 `sendfile` 超时时已发送的字节数；其他调用为 0。"""

class gaierror(OSError):
    """`OSError` 的子类。无法解析域名或地址时引发；`errno` 为负的 `EAI_*`。"""
    errno: int  # pyright: ignore[reportIncompatibleVariableOverride]
    """负的 `EAI_*`。"""
    strerror: str  # pyright: ignore[reportIncompatibleVariableOverride]
    """说明：哪个调用、域名和原因。"""
    @property
    def sent(self) -> int:
        """总是 0。"""

herror = gaierror
"""`gaierror` 的别名。"""

class TLSError(OSError):
    """`OSError` 的子类。TLS 失败时引发：证书不受信任、对端拒绝、流被截断、选项的值不可用。

    `errno` 为某个 `ETLS_…`，`args[2]` 为 mbedTLS 自己的错误码。
    """
    errno: int  # pyright: ignore[reportIncompatibleVariableOverride]
    """某个 `ETLS_…`。"""
    strerror: str  # pyright: ignore[reportIncompatibleVariableOverride]
    """说明，含原因。"""
    @property
    def sent(self) -> int:
        """总是 0。"""

# ---- 套接字 ----

class socket(Generic[_A]):
    """新的套接字。

    描述符带有 close-on-exec 标志。给出 `fileno` 时，套接字接管已有的描述符，并在最后关闭它；未给出的地址族、类型和协议向系统查询。`IPPROTO_SEC` 表示 TLS，与 `SOCK_DGRAM` 一起表示 DTLS 1.2。

    错误：系统没有这种组合时为 EAFNOSUPPORT、EPROTONOSUPPORT、EPROTOTYPE、EINVAL；描述符用尽时为 EMFILE 或 ENFILE；`fileno` 不是套接字时为 ENOTSOCK、EBADF。构建不含 TLS 时，`IPPROTO_SEC` 引发 EPROTONOSUPPORT。
    """
    @overload
    def __init__(
        self: socket[_InetAddress], *, type: int = 1, proto: int = 0, fileno: None = None
    ) -> None:
        """新的套接字；`family` 默认为 AF_INET，`type` 默认为 SOCK_STREAM。"""
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
        """`family`、`type`、`proto`：创建套接字时给出的值，普通整数。均为只读，`close` 之后仍可读取。"""
    @property
    def type(self) -> int:
        """`family`、`type`、`proto`：创建套接字时给出的值，普通整数。均为只读，`close` 之后仍可读取。"""
    @property
    def proto(self) -> int:
        """`family`、`type`、`proto`：创建套接字时给出的值，普通整数。均为只读，`close` 之后仍可读取。"""
    @property
    def timeout(self) -> float | None:
        """`timeout`：同 `gettimeout()`。只读，`close` 之后仍可读取。"""
    def __enter__(self) -> Self:
        """`with` 结束时关闭套接字。"""
    def __exit__(
        self,
        kind: builtins.type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        """关闭套接字。"""
    def __del__(self) -> None:
        """垃圾回收器关闭不再可达的套接字。"""

    # 生命周期

    def close(self) -> None:
        """关闭套接字。再次 `close` 不起作用。

        其他线程中等待该套接字的调用立即以 EBADF 结束。已发送的数据仍会送达。

        错误：描述符已被别处关闭时为 EBADF。
        """
    def detach(self) -> int:
        """交出描述符：返回它，套接字随之变为已关闭，但不关闭描述符。已关闭时返回 −1。

        错误：超时后还有留待读取的字节时为 ValueError：请先接收它们。
        """
    def fileno(self) -> int:
        """描述符；已关闭时为 −1。"""
    def dup(self) -> socket[_A]:
        """`dup` 返回另一个套接字，其描述符是副本，超时相同。

        两者是同一个连接，都关闭之后连接才结束。

        错误：TLS 套接字以及无法复制描述符的协议栈为 EOPNOTSUPP。
        """
    def get_inheritable(self) -> bool:
        """描述符带有 close-on-exec 标志：启动的程序不会继承它。

        用 `set_inheritable` 改变后为 True。
        """
    def set_inheritable(self, flag: bool, /) -> None:
        """`set_inheritable(True)` 改变这一点；套接字不是系统描述符时引发 EOPNOTSUPP。

        此后启动的程序会继承该描述符。
        """

    # 连接

    def bind(self, address: _A | _IPAddress, /) -> None:
        """绑定到本地地址；端口为 0 时由系统选择，见 `getsockname`。

        错误：EADDRINUSE、EADDRNOTAVAIL、EACCES；已绑定时为 EINVAL。
        """
    def listen(self, backlog: int = ..., /) -> None:
        """开始接受连接，最多 `backlog` 个可以排队等待。

        负数按 0 处理；默认值为 `SOMAXCONN` 和 128 中较小的一个。
        """
    def accept(self) -> tuple[socket[_A], _A]:
        """等待一个连接，返回 `(套接字, 地址)`。

        新套接字使用默认超时，而不是监听套接字的超时。

        错误：EAGAIN（非阻塞），未监听时为 EINVAL，等待中的连接被重置时为 ECONNABORTED；`timeout`。
        """
    def connect(self, address: _A | _IPAddress, /) -> None:
        """连接。对数据报套接字，设置默认目的地址，并且只接收来自该地址的数据报。

        超时涵盖域名解析和 TLS 握手。

        错误：EINPROGRESS（非阻塞）、ECONNREFUSED、ETIMEDOUT（`timeout`）、EHOSTUNREACH、ENETUNREACH、EADDRNOTAVAIL、EALREADY、EISCONN；域名无法解析时为 `gaierror`；`TLSError`。
        """
    def connect_ex(self, address: _A | _IPAddress, /) -> int:
        """`connect_ex` 返回错误码而不引发异常，成功时返回 0。

        不属于连接本身的异常仍会引发（`gaierror`、`TLSError`、参数错误）。
        """
    def do_handshake(self) -> None:
        """对 `IPPROTO_SEC` 的套接字：在超时之内完成握手，或握手的剩余部分。

        `connect` 自己完成握手；`accept` 得到的套接字在首次使用时握手，也可在此按需进行。

        错误：完成之前为 EAGAIN（非阻塞）；其他套接字为 ENOPROTOOPT；ENOTCONN、`timeout`、`TLSError`。
        """
    def version(self) -> _TLSVersion | None:
        """TLS 的版本，同 `ssl.SSLSocket`；尚未握手时为 None。"""
    def cipher(self) -> tuple[str, _TLSVersion, int] | _MaybeNone:
        """（套件的 IANA 名称，版本，密钥位数），同 `ssl.SSLSocket`；尚未握手时为 None。"""
    def selected_alpn_protocol(self) -> str | None:
        """ALPN 商定的协议，同 `ssl.SSLSocket`；没有时为 None。"""
    @overload
    def getpeercert(self, binary_form: Literal[True]) -> bytes | _MaybeNone:
        """对端的证书（`getpeercert(True)`：DER）；对端没有发送证书或没有 TLS 时为 None。

        不带 True 且不验证证书时为 `{}`。

        错误：不带 True 而证书已验证，或尚未握手时为 ValueError。
        """
    @overload
    def getpeercert(self, binary_form: Literal[False] = False) -> dict[str, Any] | None: ...
    @overload
    def getpeercert(self, binary_form: bool) -> bytes | dict[str, Any] | None: ...
    def pending(self) -> int:
        """已解密而尚未读取的字节数。"""
    def unwrap(self) -> socket[_A]:
        """结束 TLS：发送 close_notify，等待对端的 close_notify，并把同一个连接作为新的普通套接字返回。

        此后本套接字已关闭。

        错误：不是 TLS 的流、尚未握手、收到的数据还没有读完时为 ValueError；`timeout`、`TLSError`。
        """
    def shutdown(self, how: int, /) -> None:
        """结束一个方向，`SHUT_RD` 或 `SHUT_WR`，或两个方向，`SHUT_RDWR`。

        `SHUT_WR` 之后，对端读到流的末尾，再发送会引发 EPIPE。

        错误：未连接时为 ENOTCONN。
        """
    def getsockname(self) -> _A:
        """本地地址。"""
    def getpeername(self) -> _A:
        """对端的地址。

        错误：没有对端时为 ENOTCONN。
        """

    # 发送

    def send(self, data: _Data, flags: int = 0, /) -> int:
        """发送一次。返回系统接收的字节数，对流而言可能少于给出的数目。

        错误：EAGAIN（非阻塞）、EPIPE、ECONNRESET、`timeout`。
        """
    def sendall(self, data: _Data, flags: int = 0, /) -> None:
        """发送全部数据；返回 `None`。对数据报套接字，发送一个数据报。

        超时是整个调用的期限。中途失败时，异常说明已发送多少字节：`timeout.sent`。

        错误：EAGAIN（非阻塞）、EPIPE、ECONNRESET、`timeout`。
        """
    @overload
    def sendto(self, data: _Data, address: _A | _IPAddress, /) -> int:
        """向一个地址发送一次。返回字节数。

        错误：数据报过大时为 EMSGSIZE；没有设置 `SO_BROADCAST` 而广播时为 EACCES；域名无法解析时为 `gaierror`；EAGAIN（非阻塞，地址含域名时也是如此）；`timeout`。
        """
    @overload
    def sendto(self, data: _Data, flags: int, address: _A | _IPAddress, /) -> int: ...
    def sendfile(self, file: _SupportsReadinto, offset: int = 0, count: int | None = None) -> int:
        """发送文件中从 `offset` 起直到末尾或 `count` 个字节，返回已发送的字节数。

        之后文件位置在最后发送的字节之后。偏移量需要文件有 `seek`。超时是整个调用的期限。

        错误：非阻塞套接字、数据报套接字以及 `count` 不是正数时为 `ValueError`；EPIPE、ECONNRESET、`timeout`。
        """

    # 接收

    def recv(self, n: int, flags: int = 0, /) -> bytes:
        """返回现有的数据，最多 `n` 字节；等待第一个字节。流结束时为 `b''`。

        对数据报套接字，返回一个数据报；超出 `n` 的部分丢弃。

        错误：EAGAIN（非阻塞：从不返回 None）、ECONNRESET、`timeout`。
        """
    def recvfrom(self, n: int, flags: int = 0, /) -> tuple[bytes, _A]:
        """同 `recv`，但返回 `(字节, 地址)`。对已连接的流，地址是对端的地址。"""
    def recv_into(self, buf: _WriteBuffer, n: int = 0, flags: int = 0, /) -> int:
        """接收到可写的缓冲区中，返回字节数。不给出 `n` 或 `n` 为 0 时，使用整个缓冲区。

        错误：同 `recv`；`n` 超过缓冲区时为 `ValueError`。
        """
    def recvfrom_into(self, buf: _WriteBuffer, n: int = 0, flags: int = 0, /) -> tuple[int, _A]:
        """接收到可写的缓冲区中，返回 `(字节数, 地址)`。不给出 `n` 或 `n` 为 0 时，使用整个缓冲区。

        错误：同 `recv`；`n` 超过缓冲区时为 `ValueError`。
        """

    # 流方法

    def read(self, n: int | None = -1, /) -> bytes | _MaybeNone:
        """`n` 个字节；只有流结束时才会少于此数。不给出 `n`、`n` 为 `None` 或负数时：直到流结束的全部内容。

        对数据报套接字：一个数据报。非阻塞：现有的内容；什么都没有时为 `None`，流已结束时为 `b''`。超时后，已收到的字节留给下一次调用。

        错误：ECONNRESET、`timeout`。
        """
    def readinto(self, buf: _WriteBuffer, n: int | None = -1, /) -> int | _MaybeNone:
        """同 `read`，但存入缓冲区（其中最多 `n` 字节；负数：整个缓冲区）；返回字节数，`None` 的含义同 `read`。

        错误：ECONNRESET、`timeout`。
        """
    def readline(self, max: int | None = -1, /) -> bytes | _MaybeNone:
        """直到并包括下一个 `\\n`；流结束时或满 `max` 字节时会更短。

        非阻塞：一行中现有的部分；什么都没有时为 `None`。

        错误：ECONNRESET、`timeout`。
        """
    @overload
    def write(self, buf: _Data, n: int | None = -1, /) -> int | _MaybeNone:
        """发送 `buf` 的全部内容，或其中从 `off` 开始的 `n` 字节（负数或 `None`：全部）；返回字节数。

        非阻塞：发送系统能接收的部分；一个字节也不能接收时为 `None`。超时后，异常说明已发送多少字节：`timeout.sent`。

        错误：EPIPE、ECONNRESET、`timeout`。
        """
    @overload
    def write(self, buf: _Data, off: int, n: int | None, /) -> int | _MaybeNone: ...

    # 超时

    def settimeout(self, seconds: float | None, /) -> None:
        """`None` 表示阻塞，0 表示不等待，正数是每次调用的期限。单位：秒。

        错误：负数或 NaN 为 `ValueError`，无穷大为 `OverflowError`。
        """
    def gettimeout(self) -> float | None:
        """超时，单位为秒；None 表示阻塞。"""
    def setblocking(self, flag: bool | Literal[0, 1], /) -> None:
        """`setblocking(True)` 等于 `settimeout(None)`，`setblocking(False)` 等于 `settimeout(0)`。"""
    def getblocking(self) -> bool:
        """只有超时为 0 时，`getblocking()` 才是 False。"""

    # 选项

    @overload
    def getsockopt(  # pyright: ignore[reportOverlappingOverload]
        self, level: Literal[282], option: Literal[2, 3, 7, 69], /
    ) -> str:
        """返回整数；给出 `buflen`（1 至 1024，否则为 EINVAL）时，返回系统的字节。

        对 SOL_TLS 的选项，文本为 `str`，证书为完整的字节。

        错误：系统没有该选项时为 ENOPROTOOPT 或 EINVAL；对 SOL_TLS，握手之前为 ENOTCONN，密钥和共享密钥为 EACCES。
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
        """`value` 是整数、布尔值，或系统布局的字节型对象（也可以是 `str`，例如 `SO_BINDTODEVICE`）。

        第二种形式传递空指针和长度。SOL_TLS 的列表选项可以是 `str` 的列表或元组，None 重置选项。级别为 SOL_SOCKET、选项为 20 时，`value` 是处理函数：有连接等待或有数据到达时调度它；None 取消它。

        错误：系统没有该选项时为 ENOPROTOOPT 或 EINVAL；SOL_TLS 的值不可用时为 `TLSError`。
        """
    @overload
    def setsockopt(self, level: int, option: int, value: None, length: int, /) -> None: ...
    @overload
    def setsockopt(self, level: Literal[282], option: int, value: _TLSNames | None, /) -> None: ...
    @overload
    def setsockopt(self, level: int, option: Literal[20], value: _Handler | None, /) -> None: ...

    # 文件

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
        """返回连接上的文件，它有自己的生命周期：文件和套接字之一关闭后，另一个继续可用；两者都关闭之后描述符才关闭。

        `mode` 由 `r`、`w` 和 `b` 组成。`buffering=0` 时文件没有缓冲区，也不保持连接；否则读取带缓冲：`buffering` 字节，默认 8192（32 位系统上为 512）。写入从不缓冲。文本为 UTF-8。

        错误：其他的模式、编码或换行为 `ValueError`；EBADF。
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
"""`socket` 的别名。"""

class _SocketFile(Generic[_S]):
    """连接上的文件，由 `socket.makefile` 返回。二进制文件读出 bytes，文本文件读出 `str`。

    文件关闭后，除 `close` 外的所有方法都引发 `ValueError`；方向不符的方法引发 EOPNOTSUPP。
    """
    def read(self, n: int | None = -1, /) -> _S | _MaybeNone:
        """`n` 个字节，文本则为 `n` 个字符；只有流结束时才会少于此数。不给出 `n` 时：直到流结束的全部内容。

        非阻塞：现有的内容；什么都没有时为 `None`。

        错误：ECONNRESET、`timeout`；文本不是 UTF-8 时为 `UnicodeError`。
        """
    def readinto(self, buf: _WriteBuffer, n: int | None = -1, /) -> int | _MaybeNone:
        """读入缓冲区，最多 `n` 字节；返回字节数。"""
    def readline(self, max: int | None = -1, /) -> _S | _MaybeNone:
        """直到并包括下一个 `\\n`；流结束时，或满 `max` 个字节（文本为字符）时会更短。"""
    def readlines(self) -> list[_S]:
        """`readlines` 先读到流结束，再切分数据：两者都需要内存。"""
    @overload
    def write(self, buf: _Data, n: int | None = -1, /) -> int | _MaybeNone:
        """发送 `buf` 的全部内容，或其中从 `off` 开始的 `n` 字节；返回字节数。写入从不缓冲。

        错误：EPIPE、ECONNRESET、`timeout`。
        """
    @overload
    def write(self, buf: _Data, off: int, n: int | None, /) -> int | _MaybeNone: ...
    def flush(self) -> None:
        """不起作用。"""
    def close(self) -> None:
        """关闭文件。再次 `close` 不起作用。"""
    def fileno(self) -> int:
        """描述符。"""
    def setblocking(self, flag: bool | Literal[0, 1], /) -> None:
        """同 `socket.setblocking`：文件与套接字共用超时。"""
    def __iter__(self) -> Self:
        """逐行迭代。"""
    def __next__(self) -> _S:
        """下一行。"""
    def __enter__(self) -> Self:
        """`with` 结束时关闭文件。"""
    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        """关闭文件。"""
    def __del__(self) -> None:
        """垃圾回收器关闭不再可达的文件。"""

# ---- 域名解析与连接 ----

@overload
def getaddrinfo(
    host: _Host | None,
    port: _Port,
    family: Literal[2],
    type: int = 0,
    proto: int = 0,
    flags: int = 0,
) -> list[tuple[int, int, int, _Name, _InetAddress]]:
    """解析域名。返回 `(family, type, proto, canonname, sockaddr)` 的列表。`sockaddr` 可用于 `connect` 和 `bind`。

    `host`：域名、数字地址，或表示本机的 `None`。`port`：0 至 65535、不带符号的十进制字符串、服务名，或 `None`。`family=0` 时 IPv4 在前。遵守默认超时。

    错误：`gaierror`；`timeout`，默认超时为 0 时为 EAGAIN。
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
    """创建一个新的 TCP 套接字，连接到 `(host, port)` 并返回它。

    域名的各个地址按 RFC 8305（“Happy Eyeballs”）竞速；`happy_eyeballs_delay` 以秒为单位，至少 0.01。超时（秒；未给出时为默认超时）是解析、全部尝试和握手共同的期限，套接字保留它。`ssl=True` 使用 TLS，并按该主机名验证服务器；`ssl={选项: 值}` 在握手之前设置这些 `TLS_*` 选项。

    错误：同 `connect`，并列出每个地址及其原因；构建不含 TLS 而给出 `ssl` 时为 EPROTONOSUPPORT；给出 `flowinfo`，或 `scope_id` 不与数字 IPv6 地址一起使用时为 `ValueError`。
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
    """绑定到 `address` 的 TCP 监听套接字，已设置 `SO_REUSEADDR`。

    `dualstack_ipv6` 要求 `AF_INET6`，同时接受 IPv4；否则 IPv6 服务器只接受 IPv6。`ssl={TLS_OWN_CERT: …, TLS_OWN_KEY: …}` 使它成为 TLS 服务器。

    错误：EADDRINUSE、EADDRNOTAVAIL、EACCES；域名无法解析时为 `gaierror`；构建不含 TLS 而给出 `ssl` 时为 EPROTONOSUPPORT；`dualstack_ipv6` 与其他地址族一起使用时为 `ValueError`。
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

# 在模块中，下面两个以及 poller 是返回这种对象的函数。

@final
class resolver:
    """用于事件循环的 `getaddrinfo`：以同样的参数开始解析，从不等待。

    该对象可以注册到 `select.poll`、`poller` 和 asyncio，解析结束时变为可读。

    错误：立即可知的 `gaierror`。
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
        """开始解析。"""
    def result(self) -> list[tuple[int, int, int, _Name, Any]]:
        """与 `getaddrinfo` 相同的列表，可取任意多次；解析进行中时为 EAGAIN；失败时为相应的 `gaierror`。

        从不等待。

        错误：EAGAIN；`close` 之后为 EBADF；`gaierror`。
        """
    def close(self) -> None:
        """结束该对象，不再需要的结果也不再等待；此后的调用引发 EBADF。"""
    def __enter__(self) -> Self:
        """`with` 结束时关闭它。"""
    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        """关闭它。"""
    def __del__(self) -> None:
        """垃圾回收器也会关闭它。"""

@final
class dialer:
    """用于事件循环的 `create_connection`：开始连接，从不等待。

    超时（秒）从本次调用算起，涵盖解析和全部尝试。该对象可以像 `resolver` 一样注册。`proto=IPPROTO_SEC` 时，套接字在握手之前返回，以便设置选项。

    错误：超时为 0 时为 ValueError；立即可知的 `gaierror`；构建不含 TLS 而使用 `IPPROTO_SEC` 时为 EPROTONOSUPPORT。
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
        """开始连接。"""
    def result(self) -> socket[Any]:
        """已连接的非阻塞套接字；只返回一次，此后 dialer 已关闭。

        从不等待。

        错误：连接进行中时为 EAGAIN，请继续等待。所有地址都失败时，同 `create_connection`。`close` 之后为 EBADF。
        """
    def close(self) -> None:
        """放弃；此后的调用引发 EBADF。不留下打开的套接字。"""
    def __enter__(self) -> Self:
        """`with` 结束时关闭它。"""
    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        """关闭它。"""
    def __del__(self) -> None:
        """垃圾回收器也会关闭它。"""

@final
class poller:
    """类似 `select.poll()`，但开销取决于就绪的对象，而不是已注册的对象：适合连接众多的服务器。

    用于 asyncio 时，在第一个任务等待之前：`asyncio.core._io_queue.poller = usocket.poller()`。

    错误：描述符用尽时为 EMFILE 或 ENFILE。
    """
    def __init__(self) -> None:
        """创建没有对象的 poller。"""
    def register(
        self, obj: int | _HasFileno | _HasIoctl | _Stream | resolver | dialer, eventmask: int = 5, /
    ) -> None:
        """注册对象，等待事件 `select.POLLIN`（1）和 `select.POLLOUT`（4），或其中之一。

        错误：1024 及以上的数字不是描述符时为 EBADF；已注册另一个描述符相同的对象而再注册数字时为 EEXIST。
        """
    def modify(
        self, obj: int | _HasFileno | _HasIoctl | _Stream | resolver | dialer, eventmask: int, /
    ) -> None:
        """改变已注册对象的事件。

        错误：未注册时为 ENOENT。
        """
    def unregister(
        self, obj: int | _HasFileno | _HasIoctl | _Stream | resolver | dialer, /
    ) -> None:
        """取消对象的注册。"""
    def poll(self, timeout: int | None = -1, flags: int = 0, /) -> list[tuple[Any, int]]:
        """最多等待 `timeout` 毫秒（None 或负数：不限），列出就绪对象的 `(对象, 事件)`。

        `flags` 含 1 时，已报告的对象在 `modify` 之前不再等待任何事件。`flags` 含 2 时，不再检查上一次调用报告为可读的套接字。

        错误：已调用 `close` 时为 EBADF。
        """
    def ipoll(self, timeout: int | None = -1, flags: int = 0, /) -> _Ready:
        """同 `poll`，但返回迭代器；它给出的元组会重复使用，与 `select.poll` 相同。"""
    def close(self) -> None:
        """`close()` 结束它：在一个线程中 `close()`，其他线程的等待以 EBADF 结束。"""
    def __del__(self) -> None:
        """垃圾回收器也会关闭它。"""

class _Ready:
    """`ipoll` 的结果。"""
    def __iter__(self) -> Self:
        """迭代 `(对象, 事件)`。"""
    def __next__(self) -> tuple[Any, int]:
        """下一个 `(对象, 事件)`；元组会重复使用。"""

@overload
def socketpair() -> tuple[socket[Any], socket[Any]]:
    """两个互相连接的套接字。参数只能按位置给出；`family` 默认为 AF_UNIX。

    错误：地址族不支持成对套接字时为 EOPNOTSUPP（Linux 上的 `AF_INET`）。
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
    """以描述符 `fd` 的副本创建套接字；`fd` 本身仍归调用者。参数只能按位置给出。

    错误：EBADF、ENOTSOCK。
    """

@overload
def fromfd(fd: int, family: Literal[10], type: int, proto: int = 0, /) -> socket[_Inet6Address]: ...
@overload
def fromfd(fd: int, family: Literal[1], type: int, proto: int = 0, /) -> socket[_UnixAddress]: ...
@overload
def fromfd(fd: int, family: int, type: int, proto: int = 0, /) -> socket[Any]: ...

# ---- 名称 ----

def gethostbyname(host: _Host, /) -> str:
    """`gethostbyname` 返回域名的第一个 IPv4 地址，以文本表示。遵守默认超时。

    错误：`gaierror`、`timeout`。
    """

def gethostbyname_ex(host: _Host, /) -> tuple[_Name, list[str], list[str]]:
    """`gethostbyname_ex` 返回 `(名称, [], 地址列表)`，含规范名称和全部地址；别名未知。

    遵守默认超时。

    错误：`gaierror`、`timeout`。
    """

def getnameinfo(sockaddr: _HostAndPort, flags: int, /) -> tuple[_Name, _Name]:
    """`getnameinfo` 返回地址的 `(主机, 服务)`，能找到名称时为名称，否则，或给出 `NI_NUMERICHOST` 和 `NI_NUMERICSERV` 时，为数字。

    遵守默认超时。

    错误：`gaierror`：标志未知时为 `EAI_BADFLAGS`，带 `NI_NAMEREQD` 而没有名称时为 `EAI_NONAME`；`timeout`。
    """

def gethostname() -> _Name:
    """`gethostname` 返回本机的名称。"""

def getfqdn(name: _Host = ..., /) -> _Name:
    """`getfqdn` 解析名称（默认为本机的名称），再查找其地址的名称；没有时返回名称本身。

    遵守默认超时。
    """

def getservbyname(name: str, proto: Literal["tcp", "udp"] = ..., /) -> int:
    """服务的端口号，协议为 `"tcp"` 或 `"udp"`；不给出 `proto` 时两者均可。

    错误：服务未知时为 `gaierror`，错误码为 `EAI_SERVICE`。
    """

def getservbyport(port: int, proto: Literal["tcp", "udp"] = ..., /) -> _Name:
    """端口号的服务名，协议为 `"tcp"` 或 `"udp"`；不给出 `proto` 时两者均可。

    错误：服务未知时为 `gaierror`，错误码为 `EAI_SERVICE`；端口不在 0 至 65535 之内时为 OverflowError。
    """

# ---- 转换 ----

def inet_pton(family: int, text: str, /) -> bytes:
    """把文本转换为二进制地址。`inet_pton` 只接受 `a.b.c.d`，AF_INET6 则接受 IPv6 地址的文本。

    错误：文本不是地址时为 EINVAL，其他地址族为 EAFNOSUPPORT。
    """

def inet_ntop(family: int, packed: _ReadBuffer, /) -> str:
    """把二进制地址转换为文本。IPv6 的文本按 RFC 5952 书写。

    错误：字节长度不对，或地址族不符时为 `ValueError`。
    """

def inet_aton(text: str, /) -> bytes:
    """把 IPv4 地址的文本（也可用较旧的形式）转换为 4 个字节。

    错误：文本不是地址时为 EINVAL。
    """

def inet_ntoa(packed: _ReadBuffer, /) -> str:
    """把 4 个字节转换为 IPv4 地址的文本。

    错误：字节长度不对时为 EINVAL。
    """

def htons(x: int, /) -> int:
    """转换 16 位数的字节序。超出范围的数引发 `OverflowError`。"""

def ntohs(x: int, /) -> int:
    """转换 16 位数的字节序。超出范围的数引发 `OverflowError`。"""

def htonl(x: int, /) -> int:
    """转换 32 位数的字节序。超出范围的数引发 `OverflowError`。"""

def ntohl(x: int, /) -> int:
    """转换 32 位数的字节序。超出范围的数引发 `OverflowError`。"""

def if_nametoindex(name: str, /) -> int:
    """网络接口：由名称得到编号。

    错误：没有该接口时为 ENODEV。
    """

def if_indextoname(index: int, /) -> _Name:
    """网络接口：由编号得到名称。

    错误：没有该接口时为 ENXIO。
    """

def if_nameindex() -> list[tuple[int, _Name]]:
    """网络接口：全部接口的列表，每项为 `(编号, 名称)`。"""

# ---- 默认超时 ----

def getdefaulttimeout() -> float | None:
    """新套接字以及不属于套接字的域名解析的超时；最初为 `None`。单位：秒。"""

def setdefaulttimeout(seconds: float | None, /) -> None:
    """设置新套接字以及不属于套接字的域名解析的超时。取值同 `settimeout`。

    错误：负数或 NaN 为 `ValueError`，无穷大为 `OverflowError`。
    """

__version__: str
"""本模块及其所含 C 库的版本。"""
_GLOBAL_DEFAULT_TIMEOUT: _GlobalDefaultTimeout
"""在 `create_connection` 和 `dialer` 的超时参数中表示“未给出”。"""

# ---- 常量。级别、选项和标志使用协议栈自己的编号。 ----

# 地址族、类型、协议

AF_UNSPEC: Final = 0
"""任意地址族，用于 `getaddrinfo`"""
AF_INET: Final = 2
"""IPv4"""
AF_INET6: Final = 10
"""IPv6"""
AF_UNIX: Final = 1
"""本地套接字"""
SOCK_STREAM: Final = 1
"""TCP"""
SOCK_DGRAM: Final = 2
"""UDP"""
SOCK_RAW: Final = 3
"""原始 IP；需要特权"""
IPPROTO_IP: Final = 0
"""IPv4 选项的级别"""
IPPROTO_ICMP: Final = 1
"""用于原始套接字"""
IPPROTO_TCP: Final = 6
"""TCP，也是其选项的级别"""
IPPROTO_UDP: Final = 17
"""UDP"""
IPPROTO_IPV6: Final = 41
"""IPv6 选项的级别"""
IPPROTO_ICMPV6: Final = 58
"""用于原始套接字"""
IPPROTO_RAW: Final = 255
"""用于原始套接字"""
IPPROTO_SEC: Final = 256
"""TCP 上的 TLS，UDP 上的 DTLS；构建不含它时引发 EPROTONOSUPPORT"""
has_ipv6: bool
"""构建含有 IPv6 时为 True"""
INADDR_ANY: Final = 0
"""数字形式的 0.0.0.0"""
INADDR_LOOPBACK: Final = 2130706433
"""数字形式的 127.0.0.1"""
INADDR_BROADCAST: Final = 4294967295
"""数字形式的 255.255.255.255"""
SOMAXCONN: int
"""最长的 backlog"""

# 级别

SOL_SOCKET: int
"""所有套接字的选项"""
SOL_IP: int
"""同 `IPPROTO_IP`"""
SOL_TCP: int
"""同 `IPPROTO_TCP`"""
SOL_UDP: int
"""同 `IPPROTO_UDP`"""
SOL_IPV6: int
"""同 `IPPROTO_IPV6`"""
SOL_TLS: Final = 282
"""`IPPROTO_SEC` 套接字的选项"""

# SOL_SOCKET 的选项

SO_REUSEADDR: int
"""可绑定到旧连接仍占用的地址"""
SO_REUSEPORT: int
"""多个套接字绑定到同一端口"""
SO_BROADCAST: int
"""允许向广播地址发送数据报"""
SO_KEEPALIVE: int
"""探测空闲的连接"""
SO_LINGER: int
"""字节：两个 int，开关和秒数；`close` 如何处理未发送的数据"""
SO_ERROR: int
"""待处理的错误（使用 Linux 的编号），读取一次后清除"""
SO_TYPE: int
"""套接字的类型"""
SO_DOMAIN: int
"""套接字的地址族"""
SO_PROTOCOL: int
"""套接字的协议"""
SO_ACCEPTCONN: int
"""正在监听时为 1"""
SO_RCVBUF: int
"""接收缓冲区的大小；Linux 会把设置的值加倍"""
SO_SNDBUF: int
"""发送缓冲区的大小；Linux 会把设置的值加倍"""
SO_RCVLOWAT: int
"""达到多少字节才算可读"""
SO_RCVTIMEO: int
"""字节：struct timeval；见参考手册的 Timeouts and waiting 一节"""
SO_SNDTIMEO: int
"""字节：struct timeval"""
SO_BINDTODEVICE: int
"""只使用该名称的接口"""
SO_DONTROUTE: int
"""不经过网关"""
SO_OOBINLINE: int
"""紧急数据留在普通数据流中"""
SO_PRIORITY: int
"""数据包的优先级"""

# IPPROTO_TCP 的选项

TCP_NODELAY: int
"""小块数据立即发送"""
TCP_KEEPIDLE: int
"""首次探测之前的空闲秒数"""
TCP_KEEPINTVL: int
"""两次探测之间的秒数"""
TCP_KEEPCNT: int
"""放弃之前的探测次数"""
TCP_MAXSEG: int
"""最大报文段长度"""
TCP_CORK: int
"""只发送满的报文段"""
TCP_USER_TIMEOUT: int
"""已发送的数据等待确认的最长毫秒数"""
TCP_QUICKACK: int
"""立即确认"""
TCP_FASTOPEN: int
"""第一个数据包就携带数据"""
TCP_INFO: int
"""字节：struct tcp_info"""
TCP_SYNCNT: int
"""连接的尝试次数"""
TCP_DEFER_ACCEPT: int
"""数据到达后才接受连接"""

# IPPROTO_IP 的选项

IP_ADD_MEMBERSHIP: int
"""字节：组、接口；加入组播组"""
IP_DROP_MEMBERSHIP: int
"""同上；离开组播组"""
IP_MULTICAST_IF: int
"""字节：组播发出时所用接口的地址"""
IP_MULTICAST_TTL: int
"""组播的跳数限制"""
IP_MULTICAST_LOOP: int
"""本机接收自己的组播时为 1"""
IP_TTL: int
"""生存时间"""
IP_TOS: int
"""服务类型"""
IP_RECVTOS: int
"""随收到的数据报一并给出"""
IP_HDRINCL: int
"""原始套接字自带首部"""
IP_OPTIONS: int
"""字节：IP 选项"""

# IPPROTO_IPV6 的选项

IPV6_V6ONLY: int
"""此套接字不用 IPv4"""
IPV6_JOIN_GROUP: int
"""字节：组、接口编号；加入组播组"""
IPV6_LEAVE_GROUP: int
"""同上；离开组播组"""
IPV6_MULTICAST_IF: int
"""接口编号"""
IPV6_MULTICAST_HOPS: int
"""组播的跳数限制"""
IPV6_MULTICAST_LOOP: int
"""本机接收自己的组播时为 1"""
IPV6_UNICAST_HOPS: int
"""跳数限制"""
IPV6_TCLASS: int
"""流量类别"""

# SOL_TLS 的选项

TLS_HOSTNAME: Final = 2
"""文本：服务器必须具有的、也会发送给它的名称（SNI），代替传给 `connect` 的名称"""
TLS_CIPHERSUITE_LIST: Final = 3
"""文本的列表，或用逗号或冒号分隔的一段文本：提供的套件，用 IANA 或 mbedTLS 的名称；为空时使用默认套件"""
TLS_CIPHERSUITE_USED: Final = 4
"""读取：所用套件的 IANA 编号；给出 `buflen` 时为其名称"""
TLS_PEER_VERIFY: Final = 5
"""0：不验证；1：验证，但无论结果都继续；2：验证。客户端为 2，服务器为 0"""
TLS_ALPN_LIST: Final = 7
"""文本的列表，或用逗号分隔的一段文本：提供的协议，或可供选择的协议"""
TLS_SESSION_CACHE: Final = 12
"""1：保存会话并恢复；0：不保存"""
TLS_CA_CERT: Final = 64
"""PEM 和 DER，数量不限：受信任的 CA，代替系统的 CA；吊销列表，PEM。每次调用都添加；None 表示重新开始；没有证书的值会被拒绝"""
TLS_OWN_CERT: Final = 65
"""PEM（含中间证书）或 DER：要出示的证书。每次调用开始新的一对"""
TLS_OWN_KEY: Final = 66
"""PEM 或 DER：其私钥"""
TLS_MIN_VERSION: Final = 67
"""接受的最旧版本：`TLS_1_2`"""
TLS_MAX_VERSION: Final = 68
"""最新的版本：`TLS_1_3`"""
TLS_ALPN_USED: Final = 69
"""读取：商定的协议；空表示没有"""
TLS_VERSION_USED: Final = 70
"""读取：`TLS_1_2` 或 `TLS_1_3`"""
TLS_PEER_CERT: Final = 71
"""读取：对端的证书，DER，恢复的会话也有；空表示对端没有发送，或设有 `TLS_PSK` 的套接字恢复了 TLS 1.3 会话"""
TLS_MAX_FRAGMENT: Final = 72
"""512、1024、2048、4096：双向的最大记录，须经服务器同意（仅 TLS 1.2）；16384"""
TLS_PSK: Final = 73
"""与对端共享的密钥，最多 48 字节（mbedTLS：`MBEDTLS_PSK_MAX_LEN`）"""
TLS_PSK_IDENTITY: Final = 74
"""文本（不是 UTF-8 时为字节）：共享密钥的名称"""
TLS_ROLE: Final = 75
"""0 客户端，1 服务器：流在握手中的角色；发起连接或接管描述符的套接字是客户端，接受得到的是服务器"""
TLS_1_2: Final = 771
"""一个版本"""
TLS_1_3: Final = 772
"""一个版本"""
ETLS_CERTIFICATE: Final = -2001
"""对端的证书不受信任，无论原因为何；说明中有原因"""
ETLS_ALERT: Final = -2002
"""对端拒绝了连接"""
ETLS_TRUNCATED: Final = -2003
"""流结束而没有收到对端的 close_notify"""
ETLS_PROTOCOL: Final = -2004
"""收到的数据不是 TLS，或已被篡改"""
ETLS_HANDSHAKE: Final = -2005
"""没有共同点：版本、套件、协议、密钥"""
ETLS_OPTION: Final = -2006
"""选项的值不可用"""
ETLS_SETUP: Final = -2007
"""缺少证书、密钥、受信任的 CA 或随机数"""
ETLS_CLOCK: Final = -2008
"""时钟从未设置过，无法检查证书的日期"""

# 收发标志

MSG_PEEK: int
"""收到的字节留在原处"""
MSG_DONTWAIT: int
"""本次调用不等待"""
MSG_WAITALL: int
"""收满所要求的字节数"""
MSG_TRUNC: int
"""返回数据报的真实长度"""
MSG_OOB: int
"""紧急数据；接收它从不等待"""
MSG_DONTROUTE: int
"""不经过网关"""
MSG_MORE: int
"""后面还有数据：先不发送"""
MSG_NOSIGNAL: int
"""连接断开时不产生信号；总是启用"""
MSG_CTRUNC: int
"""系统的标志，为完整而列出"""
MSG_EOR: int
"""记录结束"""

# 关闭的方向

SHUT_RD: Final = 0
"""结束接收"""
SHUT_WR: Final = 1
"""结束发送"""
SHUT_RDWR: Final = 2
"""两者都结束"""

# getaddrinfo 和 getnameinfo

AI_PASSIVE: Final = 1
"""用于绑定的地址"""
AI_CANONNAME: Final = 2
"""要求给出规范名称"""
AI_NUMERICHOST: Final = 4
"""不做域名解析：主机不是数字地址时为 `EAI_NONAME`"""
AI_NUMERICSERV: Final = 1024
"""端口必须是数字"""
AI_V4MAPPED: Final = 8
"""没有别的地址时，给出 IPv4 地址的 IPv6 形式"""
AI_ALL: Final = 16
"""与 `AI_V4MAPPED` 一起：两者都要"""
AI_ADDRCONFIG: Final = 32
"""只要本机有地址的地址族"""
NI_NUMERICHOST: Final = 1
"""主机用数字表示"""
NI_NUMERICSERV: Final = 2
"""服务用数字表示"""
NI_NOFQDN: Final = 4
"""主机名不带域"""
NI_NAMEREQD: Final = 8
"""没有名称时报错"""
NI_DGRAM: Final = 16
"""UDP 的服务名"""
NI_MAXHOST: Final = 1025
"""主机名的最大长度，供查询它的程序使用"""
NI_MAXSERV: Final = 32
"""服务名的最大长度"""

# 错误码

errorcode: Final[Mapping[int, str]]
"""在每个协议栈上，都给出本模块 `OSError.errno` 的每个数值的名称"""
ENXIO: Final = 6
"""没有该设备"""
EFAULT: Final = 14
"""地址错误"""
EBUSY: Final = 16
"""正在使用"""
ENFILE: Final = 23
"""系统的描述符已用尽"""
EMFILE: Final = 24
"""进程的描述符已用尽"""
EPIPE: Final = 32
"""没有连接，或连接已不能写入"""
ENAMETOOLONG: Final = 36
"""路径太长"""
EPROTO: Final = 71
"""协议错误"""
ENOTSOCK: Final = 88
"""描述符不是套接字"""
EDESTADDRREQ: Final = 89
"""数据报没有目的地址"""
EMSGSIZE: Final = 90
"""数据报过大"""
EPROTOTYPE: Final = 91
"""类型与协议不符"""
ENOPROTOOPT: Final = 92
"""没有该选项"""
EPROTONOSUPPORT: Final = 93
"""没有该协议"""
ESOCKTNOSUPPORT: Final = 94
"""没有该类型"""
EAFNOSUPPORT: Final = 97
"""没有该地址族"""
EADDRNOTAVAIL: Final = 99
"""不是本机的地址"""
ENETDOWN: Final = 100
"""网络接口未启用"""
ENETUNREACH: Final = 101
"""没有到该网络的路由"""
ENETRESET: Final = 102
"""网络断开了连接"""
EISCONN: Final = 106
"""已连接"""
ESHUTDOWN: Final = 108
"""已经 shutdown"""
EHOSTDOWN: Final = 112
"""主机已关机"""

# 域名解析的错误（gaierror.errno）

EAI_BADFLAGS: Final = -1
"""标志未知或互相矛盾"""
EAI_NONAME: Final = -2
"""没有该名称，或要求数字地址而不是数字地址"""
EAI_AGAIN: Final = -3
"""域名服务器没有应答；可能是暂时的"""
EAI_FAIL: Final = -4
"""域名服务器拒绝"""
EAI_NODATA: Final = -5
"""该名称没有地址"""
EAI_FAMILY: Final = -6
"""不支持该地址族"""
EAI_SOCKTYPE: Final = -7
"""不支持该类型"""
EAI_SERVICE: Final = -8
"""没有该服务"""
EAI_ADDRFAMILY: Final = -9
"""地址属于其他地址族"""
EAI_MEMORY: Final = -10
"""内存不足"""
EAI_SYSTEM: Final = -11
"""系统的其他错误"""
EAI_OVERFLOW: Final = -12
"""名称太长"""
