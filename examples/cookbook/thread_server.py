# A TCP server with one thread for each client, and a limit on their number.
import _thread

import usocket as socket

HOST = "0.0.0.0"
PORT = 7000
MOST = 4  # clients at once; each takes a thread's stack
TIMEOUT = 60  # seconds without a line

lock = _thread.allocate_lock()
count = 0


def serve(conn: socket.socket, address: tuple[str, int]):
    global count
    try:
        with conn:
            conn.settimeout(TIMEOUT)
            conn.sendall("hello\n")
            while True:
                line = conn.readline(200)
                if not line or line.strip() == b"quit":
                    break
                conn.sendall(line.upper())
    except OSError as e:  # a client that is silent or has gone
        print("%s: %s" % (address[0], e))
    finally:
        with lock:
            count -= 1


server = socket.create_server((HOST, PORT))
print("serving at port", PORT)
while True:
    conn, address = server.accept()
    with lock:
        full = count == MOST
        count += not full
    try:
        if full:
            conn.settimeout(1)
            conn.sendall("busy\n")
            conn.close()
        else:
            _thread.start_new_thread(serve, (conn, address))
    except OSError as e:  # the client has gone; no memory for another thread
        print("%s: %s" % (address[0], e))
        conn.close()
        if not full:
            with lock:
                count -= 1
