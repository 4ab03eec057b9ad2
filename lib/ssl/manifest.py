metadata(description="The module ssl over the TLS of usocket.", version="0.2.0")

module("usocket_ssl.py")
module("ssl.py")
module("ussl.py")
module("tls.py")
