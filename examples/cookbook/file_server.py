# Serves the files of a directory over HTTP with sendfile, and prints the progress of each transfer.
import os

import usocket as socket

HOST = "0.0.0.0"
PORT = 8080
FOLDER = "www"
STEP = 64 * 1024  # bytes between two reports
TIMEOUT = 20  # seconds for each call, thus also for each step


def send(conn: socket.socket, name: str):
    size = os.stat(FOLDER + "/" + name)[6]
    with open(FOLDER + "/" + name, "rb") as f:
        conn.sendall("HTTP/1.0 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n" % size)
        sent = 0
        while sent < size:
            sent += conn.sendfile(f, sent, min(STEP, size - sent))
            print("%s: %d %%" % (name, 100 * sent // size))


def serve(conn: socket.socket):
    request = conn.readline(1000).split()
    while conn.readline(1000) not in (b"\r\n", b"\n", b""):
        pass
    name = request[1].decode()[1:] if len(request) == 3 and request[0] == b"GET" else ""
    if "/" in name or name not in os.listdir(FOLDER):  # no other directory
        conn.sendall("HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    else:
        send(conn, name)


server = socket.create_server((HOST, PORT))
print("serving at port", PORT)
while True:
    conn, address = server.accept()
    with conn:
        conn.settimeout(TIMEOUT)
        try:
            serve(conn)
        except (OSError, ValueError) as e:  # a client that has gone or does not read; a name that is not UTF-8
            print("%s: %s" % (address[0], e))
