# The module `ssl` of MicroPython and CPython over the TLS of usocket; `ssl`, `ussl` and `tls` have the same names. MIT license.
#
# A client verifies the server's certificate unless the program says CERT_NONE; see docs/ssl.md.
import errno
import io
import select

import usocket

if not hasattr(usocket, "ETLS_CERTIFICATE"):
    raise ImportError("ssl: this build of usocket has no TLS")

PROTOCOL_TLS_CLIENT = 0  # MicroPython's numbers
PROTOCOL_TLS_SERVER = 1
if hasattr(usocket, "SOCK_DGRAM"):
    PROTOCOL_DTLS_CLIENT = 2
    PROTOCOL_DTLS_SERVER = 3
    _PROTOCOLS = (0, 1, 2, 3)
else:
    _PROTOCOLS = (0, 1)

CERT_NONE = 0
CERT_OPTIONAL = 1
CERT_REQUIRED = 2

HAS_ALPN = HAS_SNI = HAS_TLSv1_2 = True

_POLL = 3  # MP_STREAM_POLL
_CLOSE = 4  # MP_STREAM_CLOSE
_PEM = "-----BEGIN "
_EITHER = select.POLLIN | select.POLLOUT
_AT_ONCE = ("close", "fileno", "getsockname", "getsockopt", "gettimeout", "setblocking", "setsockopt", "settimeout")

__version__ = "0.2.0"


class Purpose:
    SERVER_AUTH = PROTOCOL_TLS_CLIENT
    CLIENT_AUTH = PROTOCOL_TLS_SERVER


class TLSVersion:
    MINIMUM_SUPPORTED = -2
    MAXIMUM_SUPPORTED = -1
    TLSv1 = 0x301
    TLSv1_1 = 0x302
    TLSv1_2 = usocket.TLS_1_2
    TLSv1_3 = usocket.TLS_1_3


SSLError = usocket.TLSError  # an OSError


class SSLCertVerificationError(SSLError):
    @property
    def verify_message(self):
        return self.args[1]


class SSLWantReadError(SSLError):
    pass


class SSLWantWriteError(SSLError):
    pass


class SSLEOFError(SSLError):
    pass


class SSLZeroReturnError(SSLError):  # never raised: the end of the stream is b""
    pass


class SSLSyscallError(SSLError):  # never raised: the system's errors are OSError
    pass


CertificateError = SSLCertVerificationError


def _as_ssl(e, again):
    # The exception of this module for one of usocket; `again` is the class for EAGAIN.
    if e.args:
        if e.args[0] in (usocket.ETLS_CERTIFICATE, usocket.ETLS_CLOCK):
            return SSLCertVerificationError(*e.args)
        if e.args[0] == usocket.ETLS_TRUNCATED:
            return SSLEOFError(*e.args)
        if e.args[0] in (errno.EAGAIN, errno.EINPROGRESS):
            return again(e.args[0], "the call would block")
    return e


class SSLSocket(usocket.socket):
    # A TLS socket of usocket, with the exceptions of CPython in the calls that only CPython's programs make. MicroPython's stream
    # calls are usocket's own.
    def do_handshake(self, block=False):
        try:
            super().do_handshake()
        except OSError as e:
            raise _as_ssl(e, SSLWantWriteError)  # poll reports POLLOUT when the handshake has ended

    def recv(self, *args):
        try:
            return super().recv(*args)
        except OSError as e:
            raise _as_ssl(e, SSLWantReadError)

    def recv_into(self, *args):
        try:
            return super().recv_into(*args)
        except OSError as e:
            raise _as_ssl(e, SSLWantReadError)

    def send(self, *args):
        try:
            return super().send(*args)
        except OSError as e:
            raise _as_ssl(e, SSLWantWriteError)


class _Connecting(getattr(io, "IOBase", object)):
    # Stands for a TLS socket while the connect of a non-blocking socket is in progress, since asyncio wraps such sockets.
    def __init__(self, sock, adopt):
        self._sock = sock
        self._adopt = adopt
        self._tls = None
        self._failed = None
        self._watch(sock)

    def _watch(self, s):
        self._poll = select.poll()
        self._poll.register(s, select.POLLOUT)

    def _connected(self):
        # The TLS socket, or None while the connect is in progress. A failed connect raises its error in each call.
        if self._tls is None:
            if self._is_pending() and self._failed is None:
                return None
            if self._failed is not None:
                raise self._failed
            self._become()
        return self._tls

    def _is_pending(self):
        # True while the connect is in progress, or if it has failed. A socket that never began is reported at once, with POLLHUP.
        if self._failed is not None:
            return True
        if self._tls is not None or _is_connected(self._sock):
            return False
        if not self._poll.poll(0):
            return True
        code = self._sock.getsockopt(usocket.SOL_SOCKET, usocket.SO_ERROR)  # the stack reports it once
        if code:
            self._failed = OSError(code, "connect: the connection failed")
        return bool(code)

    def _become(self):
        if self._tls is None:
            self._tls = self._sock = self._adopt()
            self._watch(self._tls)
        return self._tls

    def _stream_call(self, name, args):
        s = self._connected()
        return None if s is None else getattr(s, name)(*args)

    def read(self, *args):
        return self._stream_call("read", args)

    def readinto(self, *args):
        return self._stream_call("readinto", args)

    def readline(self, *args):
        return self._stream_call("readline", args)

    def write(self, *args):
        return self._stream_call("write", args)

    def close(self):
        self._sock.close()

    def __getattr__(self, name):
        if name in _AT_ONCE:
            return getattr(self._sock, name)
        if name in ("connect", "connect_ex"):  # the stack did not tell that no connect is in progress
            return getattr(self._become(), name)
        s = self._connected()
        if s is None:
            raise SSLWantWriteError(errno.EAGAIN, name + ": the connect is in progress")
        return getattr(s, name)

    def ioctl(self, request, argument):
        if request == _CLOSE:
            self.close()
            return 0
        if request != _POLL:
            return -errno.EINVAL
        try:
            s = self._connected()
        except OSError as e:
            self._failed = e  # the next call raises it
            return argument & _EITHER
        if s is None:
            return 0
        self._poll.modify(s, argument)
        for entry in self._poll.poll(0):
            return entry[1]
        return 0


def _is_connected(sock):
    try:
        sock.getpeername()
    except OSError:
        return False
    return True


def _content(source):
    # The bytes of a certificate, a key or a list of CAs: given as they are, as a PEM text, or as the path of a file.
    if isinstance(source, str) and _PEM not in source:
        with open(source, "rb") as f:
            return f.read()
    return source


def _refused(name):
    # A property for an attribute of other modules that nothing here could honour.
    def refuse(self, value):
        raise ValueError("ssl: SSLContext." + name + " is not available")

    def absent(self):
        raise AttributeError(name)

    return property(absent, refuse)


class SSLContext:
    verify_callback = _refused("verify_callback")
    ecdsa_sign_callback = _refused("ecdsa_sign_callback")
    sni_callback = _refused("sni_callback")
    verify_flags = _refused("verify_flags")
    options = _refused("options")

    def __init__(self, protocol):
        if protocol not in _PROTOCOLS:
            raise ValueError("ssl: no such protocol: %r" % (protocol,))
        self.protocol = protocol
        self._server = protocol & 1
        self._datagrams = protocol & 2
        self._mode = CERT_NONE if self._server else CERT_REQUIRED
        self._checks_name = not self._server
        self._limits = {}  # TLS_MIN_VERSION and TLS_MAX_VERSION
        self._settings = []  # the other options with their values, in order
        self._has_ca = self._has_own = False

    def _try(self, settings):
        # Sets the options of a socket of its own, so that a wrong value raises in the call that has it.
        kind = usocket.SOCK_DGRAM if self._datagrams else usocket.SOCK_STREAM
        with usocket.socket(usocket.AF_INET, kind, usocket.IPPROTO_SEC) as s:
            for option, value in settings:
                s.setsockopt(usocket.SOL_TLS, option, value)

    def _add(self, *settings):
        self._try(settings)
        self._settings.extend(settings)

    def load_verify_locations(self, cafile=None, capath=None, cadata=None):
        # In MicroPython the second argument is cadata.
        if isinstance(capath, str) and _PEM not in capath:
            raise ValueError("ssl: capath is not available: name one file, cafile")
        given = [_content(cafile), capath, cadata]
        if given == [None] * 3:
            raise TypeError("ssl: cafile or cadata is required")
        for data in given:
            if data is not None:
                self._add((usocket.TLS_CA_CERT, data))
                self._has_ca = True

    def load_default_certs(self, purpose=None):
        # The system's CAs are what a context without others trusts.
        if self._has_ca:
            raise ValueError("ssl: the system's CAs are trusted only if no others are loaded")

    set_default_verify_paths = load_default_certs

    def load_cert_chain(self, certfile, keyfile=None, password=None):
        if password is not None:
            raise ValueError("ssl: an encrypted key is not available: decrypt it before, with openssl pkey")
        cert = _content(certfile)
        key = cert if keyfile is None else _content(keyfile)
        self._add((usocket.TLS_OWN_CERT, cert), (usocket.TLS_OWN_KEY, key))
        self._has_own = True

    def set_alpn_protocols(self, protocols):
        self._add((usocket.TLS_ALPN_LIST, list(protocols)))

    def set_ciphers(self, ciphers):
        self._add((usocket.TLS_CIPHERSUITE_LIST, ciphers if isinstance(ciphers, str) else list(ciphers)))

    @property
    def verify_mode(self):
        return self._mode

    @verify_mode.setter
    def verify_mode(self, mode):
        if mode not in (CERT_NONE, CERT_OPTIONAL, CERT_REQUIRED):
            raise ValueError("ssl: verify_mode must be CERT_NONE, CERT_OPTIONAL or CERT_REQUIRED")
        if mode == CERT_OPTIONAL and self._server:
            raise ValueError("ssl: a server has CERT_NONE or CERT_REQUIRED")
        self._mode = mode

    @property
    def check_hostname(self):
        return self._checks_name and self._mode != CERT_NONE

    @check_hostname.setter
    def check_hostname(self, on):
        self._checks_name = bool(on)
        if on and self._mode == CERT_NONE:
            self._mode = CERT_REQUIRED

    @property
    def minimum_version(self):
        return self._limits.get(usocket.TLS_MIN_VERSION, TLSVersion.MINIMUM_SUPPORTED)

    @minimum_version.setter
    def minimum_version(self, version):
        if version == TLSVersion.MAXIMUM_SUPPORTED:
            version = usocket.TLS_1_3
        elif 0x300 <= version < usocket.TLS_1_2 or version == TLSVersion.MINIMUM_SUPPORTED:
            version = usocket.TLS_1_2  # there is no older one
        self._limit(usocket.TLS_MIN_VERSION, version)

    @property
    def maximum_version(self):
        return self._limits.get(usocket.TLS_MAX_VERSION, TLSVersion.MAXIMUM_SUPPORTED)

    @maximum_version.setter
    def maximum_version(self, version):
        if version == TLSVersion.MAXIMUM_SUPPORTED:
            self._limits.pop(usocket.TLS_MAX_VERSION, None)
            return
        if version == TLSVersion.MINIMUM_SUPPORTED:
            version = usocket.TLS_1_2
        self._limit(usocket.TLS_MAX_VERSION, version)

    def _limit(self, option, version):
        self._try([(option, version)])
        self._limits[option] = version

    def wrap_socket(self, sock, server_side=False, do_handshake_on_connect=True, server_hostname=None):
        # Returns the connection of `sock` as a TLS socket; `sock` is closed then. The arguments are checked before.
        self._check_socket(sock)
        if self._server:
            self._check_server(sock)
            server_hostname = None
        else:
            self._check_client(server_side, server_hostname)
        connected = _is_connected(sock)
        at_once = do_handshake_on_connect and connected
        if sock.gettimeout() == 0:
            if at_once:
                raise ValueError("ssl: a non-blocking socket needs do_handshake_on_connect=False (do_handshake=False in wrap_socket)")
            if self.protocol == PROTOCOL_TLS_CLIENT and not connected:
                s = _Connecting(sock, lambda: self._adopt(sock, server_hostname))
                if s._is_pending():
                    return s
        s = self._adopt(sock, server_hostname)
        if at_once:
            try:
                s.do_handshake()
            except BaseException:
                s.close()
                raise
        return s

    def _check_socket(self, sock):
        if not isinstance(sock, usocket.socket):
            raise TypeError("ssl: a socket of usocket is required, not " + type(sock).__name__)
        if sock.fileno() < 0:
            raise OSError(9, "ssl: the socket is closed")  # EBADF
        if sock.proto == usocket.IPPROTO_SEC:
            raise ValueError("ssl: this socket speaks TLS already")
        if sock.type != (usocket.SOCK_DGRAM if self._datagrams else usocket.SOCK_STREAM):
            raise ValueError("ssl: PROTOCOL_DTLS_* is for datagram sockets, PROTOCOL_TLS_* for streams")
        if sock.pending():
            raise ValueError("ssl: received data have to be read before wrap_socket")

    def _check_server(self, sock):
        if not self._has_own:
            raise ValueError("ssl: a server needs a certificate and a key: load_cert_chain(cert, key)")
        if self._mode != CERT_NONE and not self._has_ca:
            raise ValueError("ssl: no CA for the clients' certificates: load_verify_locations(cafile)")
        if self._datagrams and _is_connected(sock):
            raise ValueError("ssl: a DTLS server wraps its bound socket before a connect; then listen() and accept()")

    def _check_client(self, server_side, hostname):
        if server_side:
            raise ValueError("ssl: a server needs a context of PROTOCOL_TLS_SERVER")
        if self._mode != CERT_NONE:
            if not hostname:
                raise ValueError(
                    "ssl: without a name no certificate can be verified: pass server_hostname, or CERT_NONE to accept any certificate"
                )
            if not self._checks_name:
                raise ValueError(
                    "ssl: CERT_REQUIRED includes the name: pass as server_hostname a name in the certificate, not check_hostname=False"
                )

    def _adopt(self, sock, hostname):
        family, kind, timeout = sock.family, sock.type, sock.gettimeout()
        fd = sock.detach()
        try:
            s = SSLSocket(family, kind, usocket.IPPROTO_SEC, fd)
        except BaseException:
            usocket.socket(family, kind, 0, fd).close()
            raise
        try:
            s.settimeout(timeout)
            self._configure(s, hostname)
        except BaseException:
            s.close()
            raise
        return s

    def _configure(self, s, hostname):
        def put(option, value):
            s.setsockopt(usocket.SOL_TLS, option, value)

        if self.protocol == PROTOCOL_TLS_SERVER:
            put(usocket.TLS_ROLE, 1)
        put(usocket.TLS_PEER_VERIFY, 0 if self._mode == CERT_NONE else 2)
        for option, value in self._settings:
            put(option, value)
        for option, value in self._limits.items():
            put(option, value)
        if hostname:
            put(usocket.TLS_HOSTNAME, hostname)


def create_default_context(purpose=Purpose.SERVER_AUTH, cafile=None, capath=None, cadata=None):
    context = SSLContext(purpose)
    if cafile is not None or capath is not None or cadata is not None:
        context.load_verify_locations(cafile, capath, cadata)
    return context


def wrap_socket(
    sock, server_side=False, key=None, cert=None, cert_reqs=None, cadata=None, server_hostname=None, do_handshake=True
):
    # As in MicroPython, but a client verifies unless cert_reqs is CERT_NONE.
    context = SSLContext(PROTOCOL_TLS_SERVER if server_side else PROTOCOL_TLS_CLIENT)
    if cert is not None or key is not None:
        if cert is None or key is None:
            raise ValueError("ssl: cert and key come together")
        context.load_cert_chain(cert, key)
    if cadata is not None:
        context.load_verify_locations(cadata=cadata)
    if cert_reqs is not None:
        context.verify_mode = cert_reqs
    return context.wrap_socket(sock, server_side, do_handshake, server_hostname)
