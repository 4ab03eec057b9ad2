"""aiosocket with contexts of the module `ssl` of lib/ssl, as client and as server."""

import aiosocket
import socket

import ssl

from check import CONFIG, HOST, Skip, digest, run, same

FOLDER = CONFIG["folder"]
REQUEST = b"GET /%s HTTP/1.0\r\nHost: localhost\r\n\r\n"


def context(protocol, own=None):
    ctx = ssl.SSLContext(protocol)
    ctx.load_verify_locations(FOLDER + "/root.pem")
    if own:
        ctx.load_cert_chain("%s/%s.pem" % (FOLDER, own), "%s/%s.key" % (FOLDER, own))
    return ctx


def client_context(own=None):
    return context(ssl.PROTOCOL_TLS_CLIENT, own)


def check_version():
    if not hasattr(aiosocket.secure, "is_tls"):
        raise Skip("an older aiosocket is frozen into this interpreter")


async def fetch(port, ctx):
    s, _ = await aiosocket.open_connection(HOST, port, ssl=ctx, timeout=20)
    async with s:
        s.write(REQUEST % "large.bin")
        while await s.readline() != b"\r\n":
            pass
        same(digest(await s.read()), CONFIG["large_sha"])
        same(s.get_extra_info("socket").version()[:4], "TLSv")


def client():
    check_version()
    aiosocket.run(fetch(CONFIG["https"], client_context()))
    for one in CONFIG["refused"].values():
        try:
            aiosocket.run(fetch(one["https"], client_context()))
        except ssl.SSLCertVerificationError as e:
            assert one["words"] in str(e), e
        else:
            raise AssertionError("accepted, want: " + one["words"])


def server():
    "the handler runs after the handshake; a client that is refused is counted"
    check_version()
    ctx = context(ssl.PROTOCOL_TLS_SERVER, "leaf")
    ctx.verify_mode = ssl.CERT_REQUIRED
    versions = []

    async def serve(reader, writer):
        versions.append(writer.get_extra_info("socket").version())
        async with writer:
            async for line in reader:
                writer.write(line.upper())
                await writer.drain()

    async def main():
        async with (await aiosocket.start_server(serve, "127.0.0.1", 0, ssl=ctx, timeout=20)) as listening:
            port = listening.sockets[0].getsockname()[1]
            s, _ = await aiosocket.open_connection("127.0.0.1", port, ssl=client_context("client"), server_hostname=HOST, timeout=20)
            async with s:
                s.write(b"line\n")
                same(await s.readline(), b"LINE\n")
            s, _ = await aiosocket.open_connection("127.0.0.1", port, ssl=client_context("unknown"), server_hostname=HOST, timeout=20)
            try:
                await s.read()
            except ssl.SSLError as e:
                same(e.errno, socket.ETLS_ALERT)
            s.abort()
            same((listening.refused, versions), (1, ["TLSv1.3"]))
            assert "unknown authority" in str(listening.refusal), listening.refusal

    aiosocket.run(main())


run(client, server)
