# Streams, servers and datagrams over usocket for asyncio. No call in this package blocks the event loop. MIT license.
#
# The package serves programs that use asyncio.open_connection and asyncio.start_server; see docs/asyncio.md. A function with the
# comment "async" is a generator that is awaited like a coroutine.
import asyncio as _asyncio

from .waiting import install as _install

_install()

from .datagram import Datagram, open_datagram
from .dial import getaddrinfo, open_connection
from .run import run, wait_for, wait_for_ms
from .server import Server, start_server
from .stream import IncompleteReadError, LimitOverrunError, Stream, StreamReader, StreamWriter

__version__ = _asyncio.__version__  # a manifest adds one of its own to a file without


def __getattr__(name):
    # Every other name is asyncio's own, so a program may `import aiosocket as asyncio`.
    return getattr(_asyncio, name)
