# A prompt over a websocket, as MicroPython's WebREPL has it: what comes in is typed at the board's prompt, and what the board prints
# goes out. One client at a time; there is no password, so it is for a network of one's own.
#
#   web_prompt.py [PORT]

import binascii
import os
import sys
import usocket
import websocket

HANDLER = 20  # option of SOL_SOCKET: a function that is called when a socket has become readable


def sha1(message):
    # The digest with which a websocket's server answers the client's key (RFC 3174); hashlib has only SHA-256 here.
    def turn(x, n):
        return (x << n | x >> (32 - n)) & 0xFFFFFFFF

    state = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0]
    padded = message + b"\x80" + bytes((55 - len(message)) % 64) + (8 * len(message)).to_bytes(8, "big")
    for at in range(0, len(padded), 64):
        words = [int.from_bytes(padded[at + i : at + i + 4], "big") for i in range(0, 64, 4)]
        for i in range(16, 80):
            words.append(turn(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1))
        a, b, c, d, e = state
        for i in range(80):
            if i < 20:
                f, k = b & c | ~b & d, 0x5A827999
            elif i < 40:
                f, k = b ^ c ^ d, 0x6ED9EBA1
            elif i < 60:
                f, k = b & c | b & d | c & d, 0x8F1BBCDC
            else:
                f, k = b ^ c ^ d, 0xCA62C1D6
            a, b, c, d, e = (turn(a, 5) + f + e + k + words[i]) & 0xFFFFFFFF, a, turn(b, 30), c, d
        state = [(x + y) & 0xFFFFFFFF for x, y in zip(state, (a, b, c, d, e))]
    return b"".join(x.to_bytes(4, "big") for x in state)


def accept(listener):
    # Called by the interpreter when a client waits.
    client, address = listener.accept()
    client.settimeout(5)
    key = None
    while (line := client.readline()) not in (b"\r\n", b""):
        name, _, value = line.partition(b":")
        if name.lower() == b"sec-websocket-key":
            key = value.strip()
    if key is None:
        client.close()
        return
    digest = binascii.b2a_base64(sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11")).strip()
    client.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n" % digest)
    print("a prompt for", address)
    client.setblocking(False)
    os.dupterm(websocket.websocket(client, True))
    client.setsockopt(usocket.SOL_SOCKET, HANDLER, os.dupterm_notify)


listener = usocket.socket(usocket.AF_INET, usocket.SOCK_STREAM)
listener.setsockopt(usocket.SOL_SOCKET, usocket.SO_REUSEADDR, 1)
listener.bind(("0.0.0.0", int(sys.argv[1]) if len(sys.argv) > 1 else 8266))
listener.listen(1)
listener.setsockopt(usocket.SOL_SOCKET, HANDLER, accept)
print("prompt at ws://%s:%d/" % listener.getsockname())
