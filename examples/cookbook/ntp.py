# Asks time servers for the time (SNTP, RFC 4330), and sets the clock of a board.
import os
import struct
import time

import usocket as socket

try:
    from machine import RTC

    clock = RTC()
except ImportError:  # a port that leaves the clock to its system
    clock = None

SERVERS = ("0.pool.ntp.org", "1.pool.ntp.org", "2.pool.ntp.org")
PORT = 123
TIMEOUT = 3
TO_1970 = 2208988800  # seconds from NTP's epoch, 1900, to 1970


def ask(host: str):
    # Return the milliseconds since 1970.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(TIMEOUT)
        s.connect((host, PORT))  # from now on only this server's datagrams are received
        token = os.urandom(8)  # in place of our time; the server has to return it
        start = time.ticks_ms()
        s.send(b"\x23" + bytes(39) + token)
        data = s.recv(100)
        took = time.ticks_diff(time.ticks_ms(), start)
    if len(data) < 48 or data[0] & 7 != 4 or data[24:32] != token:
        raise ValueError("not an answer to this question")
    if data[0] >> 6 == 3 or not 1 <= data[1] <= 15:
        raise ValueError("the server itself does not know the time")
    seconds, fraction = struct.unpack(">II", data[40:48])
    if seconds < 0x80000000:  # after the overflow in 2036
        seconds += 1 << 32
    return (seconds - TO_1970) * 1000 + (fraction * 1000 >> 32) + took // 2


for host in SERVERS:
    try:
        now = ask(host)
    except (OSError, ValueError) as e:
        print("%s: %s" % (host, e))
        continue
    since = 0 if time.gmtime(0)[0] == 1970 else 946684800  # some boards count from 2000
    t = time.gmtime(now // 1000 - since)
    print("%s: %04d-%02d-%02d %02d:%02d:%02d.%03d UTC" % ((host,) + tuple(t[:6]) + (now % 1000,)))
    if clock:
        clock.datetime((t[0], t[1], t[2], t[6], t[3], t[4], t[5], 0))
    break
