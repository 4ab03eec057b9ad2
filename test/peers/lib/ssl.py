"""Substitute for the `ssl` module of MicroPython's package index.

The source package carries the C module `tls` but not the Python module on top
of it, which the test suite imports.  This one provides the calls that those tests
make.  Like the original it does not verify a peer unless told to.
"""

import tls
from tls import *


def _content(source):
    """A certificate or key given as a path becomes the bytes of that file."""
    if not isinstance(source, str):
        return source
    with open(source, "rb") as f:
        return f.read()


class SSLContext:
    def __init__(self, protocol):
        self._ctx = tls.SSLContext(protocol)
        self._ctx.verify_mode = tls.CERT_NONE

    def __getattr__(self, name):
        return getattr(self._ctx, name)

    @property
    def verify_mode(self):
        return self._ctx.verify_mode

    @verify_mode.setter
    def verify_mode(self, mode):
        self._ctx.verify_mode = mode

    @property
    def verify_callback(self):
        return self._ctx.verify_callback

    @verify_callback.setter
    def verify_callback(self, function):
        self._ctx.verify_callback = function

    def load_cert_chain(self, certfile, keyfile):
        self._ctx.load_cert_chain(_content(certfile), _content(keyfile))

    def load_verify_locations(self, cafile=None, cadata=None):
        self._ctx.load_verify_locations(cadata if cafile is None else _content(cafile))

    def wrap_socket(
        self, sock, server_side=False, do_handshake_on_connect=True, server_hostname=None
    ):
        return self._ctx.wrap_socket(
            sock,
            server_side=bool(server_side),
            do_handshake_on_connect=bool(do_handshake_on_connect),
            server_hostname=server_hostname,
        )


def wrap_socket(
    sock,
    server_side=False,
    key=None,
    cert=None,
    cert_reqs=tls.CERT_NONE,
    cadata=None,
    server_hostname=None,
    do_handshake=True,
):
    ctx = SSLContext(tls.PROTOCOL_TLS_SERVER if server_side else tls.PROTOCOL_TLS_CLIENT)
    if key is not None or cert is not None:
        ctx.load_cert_chain(cert, key)
    if cadata is not None:
        ctx.load_verify_locations(cadata=cadata)
    ctx.verify_mode = cert_reqs
    return ctx.wrap_socket(sock, server_side, do_handshake, server_hostname)
