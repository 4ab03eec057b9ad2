"""The calls of streams.py on aiosocket: code written for asyncio's streams runs unchanged."""

import asyncio

import aiosocket

asyncio.open_connection = aiosocket.open_connection

import streams  # noqa: E402, F401
