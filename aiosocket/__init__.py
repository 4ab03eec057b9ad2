# Streams, servers and datagrams over usocket for asyncio: nothing in here holds up other tasks. MIT license.
#
# Written for programs that use asyncio.open_connection and asyncio.start_server; see docs/asyncio.md.
from .waiting import install as _install

_install()

from .datagram import Datagram, open_datagram
from .dial import getaddrinfo, open_connection
from .run import run, wait_for, wait_for_ms
from .server import Server, start_server
from .stream import IncompleteReadError, LimitOverrunError, Stream, StreamReader, StreamWriter


def __getattr__(name):
    # All else is asyncio's own: `import aiosocket as asyncio` is enough for a program.
    import asyncio

    return getattr(asyncio, name)
