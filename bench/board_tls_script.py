# Runs on the board, for bench/board.py: a client and a server of TLS within one program, each step of either counted for itself.
# Prints `row number` lines. The client verifies the server's certificate, which a CA has signed; all keys are of P-256.

import binascii
import board
import gc
import machine
import socket

TICK = 40  # instructions
HOST, NAME = "127.0.0.1", "board.test"
CLIENT, SERVER, WAITS = 0, 1, -1
RECORD, RECORDS = 2048, 32
VERSIONS = (("12", socket.TLS_1_2), ("13", socket.TLS_1_3))

# A CA, and a certificate with its key; they are for this measurement alone.
CA = binascii.a2b_base64(
    "MIIBjTCCATOgAwIBAgIUcMQevj4lfTQpcLnlWKjSL1a43Y0wCgYIKoZIzj0EAwIwEzERMA8GA1UEAwwIQmVuY2ggQ0EwIBcNMjYxMjAxMTIxMTUwWhgPMjEy"
    "NjExMDcxMjExNTBaMBMxETAPBgNVBAMMCEJlbmNoIENBMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEGgVpCle3ikiTbi8bsEqODf399O44dDaar/Gsknr6"
    "RgI0ERkF4wSCZLnYUc9PtmRgWIballxYz96HfLLDmQyLw6NjMGEwHQYDVR0OBBYEFG8Xc3VY2Ep94uzwcbXK+8fGFdW0MB8GA1UdIwQYMBaAFG8Xc3VY2Ep9"
    "4uzwcbXK+8fGFdW0MA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0PAQH/BAQDAgEGMAoGCCqGSM49BAMCA0gAMEUCICXwS6LxtVxCfn0xvEeMobbG46dAcRAJM6ws"
    "3+RnlBosAiEAwBD2Y/UpA+VdeRni2b0ZbagQCXNnOIVoiJF271Ofw7M="
)
CERT = binascii.a2b_base64(
    "MIIBkzCCATmgAwIBAgIUKQ5rgtHTz/r9Er2lTVauR7us8q0wCgYIKoZIzj0EAwIwEzERMA8GA1UEAwwIQmVuY2ggQ0EwIBcNMjYxMjAxMTIxMTUwWhgPMjEy"
    "NjExMDcxMjExNTBaMBUxEzARBgNVBAMMCmJvYXJkLnRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAR/R8AUQCapjnxlFYkoOv4vfSEASIEmO61BW9CY"
    "bdB6jJeh02kDhNdzsvpOf1TX+bK8VnLxVcXBLn/A27hsjNgBo2cwZTAdBgNVHQ4EFgQUz4ZHtM0gpADAwe9QP7lNnhrTLBAwHwYDVR0jBBgwFoAUbxdzdVjY"
    "Sn3i7PBxtcr7x8YV1bQwDAYDVR0TAQH/BAIwADAVBgNVHREEDjAMggpib2FyZC50ZXN0MAoGCCqGSM49BAMCA0gAMEUCIQDImkJzVBhLavbk94qnkxVK0TL1"
    "Ykbxy8yjklRxkQPc3AIgc/sR45X/+u5mDAmVBzjcWbHPRc9S9srW3ut8s+NCrGg="
)
KEY = binascii.a2b_base64(
    "MHcCAQEEIOD3ZZ6Y7G8JYyTKfmerFnCaI5ECBv0lhzcicTwty1ProAoGCCqGSM49AwEHoUQDQgAEf0fAFEAmqY58ZRWJKDr+L30hAEiBJjutQVvQmG3QeoyX"
    "odNpA4TXc7L6Tn9U1/myvFZy8VXFwS5/wNu4bIzYAQ=="
)


class Side:
    # One end of a connection; what it does is counted: ticks, and bytes of the heap.
    def __init__(self, number):
        self.number, self.ticks = number, 0

    def do(self, call, *args):
        # The result of a call, or WAITS if it would have to wait.
        board.account(self.number)
        start = board.busy()
        try:
            return call(*args)
        except OSError as e:
            if e.errno not in (11, 115):
                raise
            return WAITS
        finally:
            self.ticks += (board.busy() - start) & 0x3FFFFFFF


def secure():
    return socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SEC)


def connection(version, client, server):
    l, c = secure(), secure()
    server.do(l.setsockopt, socket.SOL_TLS, socket.TLS_OWN_CERT, CERT)
    server.do(l.setsockopt, socket.SOL_TLS, socket.TLS_OWN_KEY, KEY)
    l.bind((HOST, 443))
    l.listen(1)
    options = [(socket.TLS_CA_CERT, CA), (socket.TLS_HOSTNAME, NAME), (socket.TLS_MIN_VERSION, version), (socket.TLS_MAX_VERSION, version)]
    if version == socket.TLS_1_2:
        options.append((socket.TLS_MAX_FRAGMENT, RECORD))  # TLS 1.3 has no such extension
    for option, value in options:
        client.do(c.setsockopt, socket.SOL_TLS, option, value)
    c.setblocking(False)
    client.do(c.connect, (HOST, 443))
    s, _ = server.do(l.accept)
    l.close()
    s.setblocking(False)
    sides = [(client, c), (server, s)]
    while sides:
        for side, x in list(sides):
            if side.do(x.do_handshake) is not WAITS:
                sides.remove((side, x))
    assert c.getsockopt(socket.SOL_TLS, socket.TLS_VERSION_USED) == version
    return c, s


def carry(sender, s, receiver, r):
    # 64 KiB in records of 2 KiB.
    data, buf, got = bytes(RECORD), bytearray(RECORD), 0
    for _ in range(RECORDS):
        at = 0
        while at < RECORD or got < RECORD:
            if at < RECORD:
                at += max(0, sender.do(s.send, data if not at else data[at:]))
            got += max(0, receiver.do(r.recv_into, buf))
        got -= RECORD


machine.RTC().datetime((2027, 1, 1, 4, 12, 0, 0, 0))
for name, version in VERSIONS:
    gc.collect()
    for number in CLIENT, SERVER:
        board.account(number)
    held = board.account(CLIENT)[0]
    board.stack(True)
    client, server = Side(CLIENT), Side(SERVER)
    c, s = connection(version, client, server)
    stack = board.stack()
    used, most = board.account(CLIENT)
    print("handshake_client" + name, client.ticks * TICK)
    print("handshake_server" + name, server.ticks * TICK)
    print("heap_peak" + name, most - held)
    print("heap_idle" + name, used - held)
    print("stack" + name, stack)
    for side in client, server:
        side.ticks = 0
    carry(client, c, server, s)
    print("out" + name, client.ticks * TICK)
    print("in" + name, server.ticks * TICK)
    c.close()
    s.close()
    left = board.account(CLIENT)[0] - held
    if left:
        raise RuntimeError("%d bytes left" % left)
board.exit(0)
