# Connected TLS sockets, for scripts of this directory; None on a build without TLS.
import socket

from check import number
from pairs import buffer_size, settle
from tlsdata import CERT, KEY
from where import HOST


def secure():
    return socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SEC)


def has_tls():
    try:
        secure().close()
        return True
    except (AttributeError, OSError):
        return False


def tls_listener():
    s = secure()
    s.setsockopt(socket.SOL_TLS, socket.TLS_OWN_CERT, CERT)
    s.setsockopt(socket.SOL_TLS, socket.TLS_OWN_KEY, KEY)
    s.bind((HOST, 0))
    s.listen(5)
    return s


def tls_client():
    s = secure()
    s.setsockopt(socket.SOL_TLS, socket.TLS_PEER_VERIFY, 0)
    return s


def tls_pair():
    # A pair after its handshake, in blocking mode, with small buffers.
    listener, c = tls_listener(), tls_client()
    buffer_size(listener, "SO_RCVBUF", 16384)
    buffer_size(c, "SO_SNDBUF", 16384)
    c.settimeout(0)
    try:
        c.connect(listener.getsockname())
    except OSError:
        pass
    settle(listener, 5000)
    s, _ = listener.accept()
    listener.close()
    s.settimeout(0)
    left = [c, s]
    for _ in range(20000):
        for x in list(left):
            try:
                x.do_handshake()
                left.remove(x)
            except OSError as e:
                if number(e) not in (11, 115, 107):
                    raise
        if not left:
            break
        settle(left[0], 1)
    c.settimeout(None)
    s.settimeout(None)
    return c, s
