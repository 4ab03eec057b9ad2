# Streams with data checked to the byte, under MicroPython; streams.py is the other end.
import socket
from far import content


def pull(s, start, call):
    # Receive to the end of the stream with one kind of call. Returns the number of bytes and the position of the first wrong one, or -1.
    got, wrong, n = 0, -1, 0
    f = s.makefile("rb") if call == "file" else None
    buf = bytearray(5000)
    view = memoryview(buf)
    while True:
        n = n * 7 % 4999 + 3
        if call == "recv":
            piece = s.recv(n)
        elif call == "recv_into":
            piece = bytes(view[: s.recv_into(buf, n)])
        elif call == "read":
            piece = s.read(n)
        elif call == "readinto":
            piece = bytes(view[: s.readinto(view[:n])])
        elif call == "readline":
            piece = s.readline()
        else:
            piece = f.read(n)
        if not piece:
            break
        if wrong < 0 and piece != content(start + got, len(piece)):
            wrong = got
        got += len(piece)
    if f:
        f.close()
    return got, wrong


def push(s, start, size, call):
    end, n = start + size, 1
    while start < end:
        n = n * 5 % 6007 + 1
        piece = content(start, min(n, end - start))
        if call == "send":
            start += s.send(piece)
        elif call == "sendall":
            s.sendall(piece)
            start += len(piece)
        else:
            start += s.write(piece)
    s.shutdown(socket.SHUT_WR)
