"""Libraries of MicroPython, unmodified, over the modules of lib/ssl: requests, umqtt.simple, aiohttp, microdot.

Each is tried against a good certificate and against those that must be refused. `tls` is the module of lib/ssl here as well.
"""

import asyncio
import gc
import sys

import usocket_ssl as ssl

for name in ("ssl", "ussl", "tls"):
    sys.modules[name] = ssl

from check import CONFIG, HOST, Skip, digest, run, same

FOLDER = CONFIG["folder"]
ROOT = FOLDER + "/root.pem"
HTTPS, MQTTS = CONFIG["https"], CONFIG["mqtts"]
REFUSED = CONFIG["refused"]
URL = "https://%s:%d/%s"


def library(name):
    if name not in CONFIG["libraries"]:
        raise Skip("%s is not there: see TEST_LIBRARIES in test/libs/run.py" % name)
    path = CONFIG["libraries"][name]
    if path not in sys.path:
        sys.path.insert(0, path)  # before the modules in the interpreter


def refused(words, function, *args, **options):
    try:
        result = function(*args, **options)
    except ssl.SSLError as e:
        assert words in str(e), repr(e)
        return
    raise AssertionError("returned %r, want %s" % (result, words))


def large(requests, **options):
    "in pieces: `content` of requests joins pieces of 256 bytes"
    r = requests.get(URL % (HOST, HTTPS, "large.bin"), **options)
    same(r.status_code, 200)
    body, buf = bytearray(), bytearray(10000)
    while True:
        n = r.raw.readinto(buf)
        if not n:
            break
        body += memoryview(buf)[:n]
    r.close()
    same(digest(body), CONFIG["large_sha"])


def requests_as_it_is():
    "it says CERT_NONE itself, so it accepts every certificate"
    library("requests")
    import requests

    large(requests, timeout=20)
    same(requests.get(URL % (HOST, HTTPS, "small.txt")).content, b"the quick brown fox\n")
    same(requests.get(URL % (HOST, HTTPS, "data.json")).json()["n"], [1, 2, 3])
    r = requests.put(URL % (HOST, HTTPS, "upload/requests.bin"), data=b"x" * 50000)
    same(r.status_code // 100, 2)
    r.close()
    for one in REFUSED.values():
        requests.get(URL % (HOST, one["https"], "small.txt")).close()


class Verified(ssl.SSLContext):
    verify_mode = ssl.CERT_REQUIRED  # a plain attribute: setting it changes nothing


def requests_that_verifies():
    "the change that docs/ssl.md describes"
    library("requests")
    import requests

    own = ssl.SSLContext
    ssl.SSLContext = Verified
    try:
        large(requests)
        for one in REFUSED.values():
            refused(one["words"], requests.get, URL % (HOST, one["https"], "small.txt"))
    finally:
        ssl.SSLContext = own


def exchange(client):
    got = []
    client.set_callback(lambda topic, message: got.append((topic, message)))
    client.connect()
    client.subscribe(b"ssl/libraries", 1)
    for n in range(5):
        client.publish(b"ssl/libraries", b"message %d" % n, qos=n % 2)
        while len(got) <= n:
            client.wait_msg()
    same(got, [(b"ssl/libraries", b"message %d" % n) for n in range(5)])
    client.ping()
    client.check_msg()
    client.disconnect()


def umqtt_with_a_context():
    library("umqtt")
    from umqtt.simple import MQTTClient

    exchange(MQTTClient("a", HOST, MQTTS, keepalive=30, ssl=ssl.create_default_context(cafile=ROOT)))
    exchange(MQTTClient("a", HOST, MQTTS, ssl=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)))
    for one in REFUSED.values():
        client = MQTTClient("a", HOST, one["mqtts"], ssl=ssl.create_default_context(cafile=ROOT))
        refused(one["words"], client.connect)
        client.sock.close()


def umqtt_with_parameters():
    library("umqtt")
    from umqtt.simple import MQTTClient

    exchange(MQTTClient("b", HOST, MQTTS, ssl=True, ssl_params={"server_hostname": HOST}))
    with open(CONFIG["ca"], "rb") as f:
        exchange(MQTTClient("b", HOST, MQTTS, ssl=True, ssl_params={"server_hostname": HOST, "cadata": f.read()}))
    exchange(MQTTClient("b", HOST, MQTTS, ssl=True, ssl_params={"cert_reqs": ssl.CERT_NONE}))
    client = MQTTClient("b", HOST, MQTTS, ssl=True)
    try:
        client.connect()
    except ValueError as e:
        assert "pass server_hostname" in str(e), e
    else:
        raise AssertionError("connected without a name")
    client.sock.close()
    for one in REFUSED.values():
        client = MQTTClient("b", HOST, one["mqtts"], ssl=True, ssl_params={"server_hostname": HOST})
        refused(one["words"], client.connect)
        client.sock.close()


def collect():
    "aiohttp and microdot leave the connections that fail to the collector; asyncio keeps the last task that failed"
    from asyncio import core

    core._exc_context.update(exception=None, future=None)
    gc.collect()


async def get(port, path, ctx):
    import aiohttp

    async with aiohttp.ClientSession() as session:
        async with session.get(URL % (HOST, port, path), ssl=ctx) as response:
            same(response.status, 200)
            return await response.read()


def aiohttp_client():
    library("aiohttp")
    for ctx in (None, True, ssl.create_default_context(cafile=ROOT)):  # without one it passes True, and the system's CAs are trusted
        same(digest(asyncio.run(get(HTTPS, "large.bin", ctx))), CONFIG["large_sha"])
        for one in REFUSED.values():
            refused(one["words"], asyncio.run, get(one["https"], "small.txt", ctx))
    unverified = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unverified.verify_mode = ssl.CERT_NONE
    for one in REFUSED.values():
        same(asyncio.run(get(one["https"], "small.txt", unverified)), b"the quick brown fox\n")
    collect()


def microdot_server():
    library("microdot")
    library("aiohttp")
    from microdot import Microdot

    app = Microdot()

    @app.route("/")
    async def index(request):
        return "hello"

    @app.post("/echo")
    async def echo(request):
        return request.body

    async def main():
        import aiohttp

        ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ctx.load_cert_chain(FOLDER + "/leaf.pem", FOLDER + "/leaf.key")
        port = CONFIG["backend"]
        task = asyncio.create_task(app.start_server(host="127.0.0.1", port=port, ssl=ctx))
        await asyncio.sleep_ms(50)
        client = ssl.create_default_context(cafile=ROOT)
        same(await get(port, "", client), b"hello")
        async with aiohttp.ClientSession() as session:
            async with session.post(URL % (HOST, port, "echo"), data=b"x" * 5000, ssl=client) as response:
                same((response.status, await response.read()), (200, b"x" * 5000))
        other = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        other.load_verify_locations(FOLDER + "/unknown-root.pem")
        try:
            await get(port, "", other)
        except ssl.SSLError as e:
            assert "unknown authority" in str(e), e
        else:
            raise AssertionError("a server of another CA")
        same(await get(port, "", client), b"hello")  # it goes on
        app.shutdown()
        await task

    asyncio.run(main())
    collect()


run(requests_as_it_is, requests_that_verifies, umqtt_with_a_context, umqtt_with_parameters, aiohttp_client, microdot_server)
