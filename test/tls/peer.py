# One end of a connection in MicroPython: follows the JSON instructions in a file and prints the results as JSON.
import sys, json, errno, select, time
import usocket as socket

TLS = socket.SOL_TLS


def pattern(n):
    return (b"0123456789abcdefghijklmnopqrstuvwxyz\n" * (n // 37 + 1))[:n]


def value(v):
    if isinstance(v, dict):
        with open(v["file"], "rb") as f:
            return f.read()
    return v


def options(s, listed):
    for name, v in listed:
        s.setsockopt(TLS, getattr(socket, "TLS_" + name), value(v))


def told(e):
    return {"type": type(e).__name__, "number": e.args[0] if e.args else None, "text": str(e)}


def wait(s, bits):
    p = select.poll()
    p.register(s, bits)
    ready = p.poll(int(cfg.get("timeout", 5) * 1000))
    if not ready:
        raise OSError(errno.ETIMEDOUT, "no readiness within 5 s")
    return ready[0][1]


def again(s, bits, call):
    "Make a call; with a non-blocking socket repeat it until it succeeds."
    for _ in range(100000):
        try:
            r = call()
            if r is not None:
                return r
        except OSError as e:
            if e.args[0] not in (errno.EAGAIN, errno.EINPROGRESS):
                raise
        wait(s, bits)
    raise OSError(0, "poll says ready, and the call does nothing, for ever")


def connect(cfg, s):
    at = (cfg.get("host", "127.0.0.1"), cfg["port"])
    if cfg.get("mode") != "nonblocking":
        s.connect(at)
        return
    try:
        s.connect(at)
    except OSError as e:
        if e.args[0] != errno.EINPROGRESS:
            raise
        wait(s, select.POLLOUT)
    s.do_handshake()  # poll has completed the handshake, or this call raises its failure


def exchange(cfg, s):
    "Send that many bytes and read the echo."
    n = cfg.get("bytes", 0)
    data = pattern(n)
    nonblocking = cfg.get("mode") == "nonblocking"
    got = b""
    if cfg.get("dtls"):
        for at in range(0, n, 1000):
            part = data[at : at + 1000]
            if nonblocking:
                again(s, select.POLLOUT, lambda: s.send(part))
                got += again(s, select.POLLIN, lambda: s.recv(2000))
            else:
                s.send(part)
                got += s.recv(2000)
        return got == data or (None if data.startswith(got) else False)  # None: bytes are missing, but none is wrong
    step = 30000
    for at in range(0, n, step):
        part = data[at : at + step]
        if nonblocking:
            sent = 0
            while sent < len(part):
                sent += again(s, select.POLLOUT, lambda: s.write(memoryview(part)[sent:]))
            have = 0
            while have < len(part):
                r = again(s, select.POLLIN, lambda: s.recv(len(part) - have))
                if not r:
                    break
                have += len(r)
                got += r
        else:
            s.write(part)
            got += s.read(len(part))
    return got == data


def used(s):
    def get(name):
        return s.getsockopt(TLS, getattr(socket, "TLS_" + name))
    return {"version": get("VERSION_USED"), "suite": get("CIPHERSUITE_USED"), "alpn": get("ALPN_USED"), "cert": len(get("PEER_CERT"))}


def kind():
    return socket.SOCK_DGRAM if cfg.get("dtls") else socket.SOCK_STREAM


def client(cfg):
    s = socket.socket(socket.AF_INET, kind(), socket.IPPROTO_SEC)
    try:
        mode = cfg.get("mode", "blocking")
        s.settimeout({"blocking": None, "nonblocking": 0}.get(mode, cfg.get("timeout", 5)))
        options(s, cfg.get("options", ()))
        connect(cfg, s)
        result = used(s)
        result["same"] = exchange(cfg, s)
        if cfg.get("say"):
            s.write(cfg["say"])
            if cfg.get("dtls"):
                s.settimeout(5)
                result["rest"] = s.recv(2000).decode()
            else:
                result["rest"] = s.read().decode()
        if cfg.get("shutdown"):
            s.shutdown(socket.SHUT_WR)
            s.settimeout(5)
            result["rest"] = s.read().decode()
        return result
    except OSError as e:
        return told(e)
    finally:
        s.close()


def serve(cfg, conn):
    try:
        mode = cfg.get("mode")
        conn.settimeout({"blocking": None, "nonblocking": 0}.get(mode, cfg.get("timeout", 5)))
        total = 0
        while True:
            data = again(conn, select.POLLIN, lambda: conn.recv(cfg.get("chunk", 4096)))
            if not data:
                break
            sent = 0
            while sent < len(data):
                sent += again(conn, select.POLLOUT, lambda: conn.write(memoryview(data)[sent:]))
            total += len(data)
        result = used(conn)
        result["bytes"] = total
        return result
    except OSError as e:
        return told(e)
    finally:
        conn.close()


def server(cfg):
    listener = socket.socket(socket.AF_INET, kind(), socket.IPPROTO_SEC)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    options(listener, cfg.get("options", ()))
    listener.bind(("127.0.0.1", 0))
    listener.listen(8)
    print(json.dumps({"port": listener.getsockname()[1]}))
    for _ in range(cfg.get("connections", 1)):
        conn, _ = listener.accept()
        print(json.dumps(serve(cfg, conn)))
    listener.close()


with open(sys.argv[1]) as f:
    cfg = json.load(f)
if cfg["role"] == "client":
    for one in cfg.get("runs") or [cfg]:
        both = dict(cfg)
        both.update(one)
        for _ in range(both.get("times", 1)):
            print(json.dumps(client(both)))
else:
    server(cfg)
