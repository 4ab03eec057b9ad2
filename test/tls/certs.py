"""Make certificates for the tests with openssl: a CA chain, good certificates, and bad ones of each kind.

    certs.py DIRECTORY

SPDX-License-Identifier: MIT
"""
import datetime
import os
import ssl
import subprocess
import sys

HOST = "host.example.test"
OTHER = "other.example.test"
CA = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"


def when(days):
    """The date that many days from now, in openssl's form."""
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)).strftime("%Y%m%d%H%M%SZ")


def openssl(*arguments, **more):
    done = subprocess.run(["openssl", *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True, **more)
    if done.returncode:
        raise RuntimeError(f"openssl {' '.join(map(str, arguments))}: {done.stderr}")
    return done.stdout


class Maker:
    """Keys and certificates in one directory: NAME.key, NAME.pem (the certificate), NAME.chain (with the intermediates)."""

    def __init__(self, directory):
        self.directory = directory
        os.makedirs(directory, exist_ok=True)
        self.serial = 1000

    def path(self, name):
        return os.path.join(self.directory, name)

    def read(self, name):
        with open(self.path(name)) as file:
            return file.read()

    def write(self, name, text):
        with open(self.path(name), "wb" if isinstance(text, bytes) else "w") as file:
            file.write(text)

    def der(self, name):
        return ssl.PEM_cert_to_DER_cert(self.read(name + ".pem"))

    def key(self, name, kind="ec"):
        how = {"ec": ("EC", "-pkeyopt", "ec_paramgen_curve:P-256"), "p384": ("EC", "-pkeyopt", "ec_paramgen_curve:P-384"),
               "rsa": ("RSA", "-pkeyopt", "rsa_keygen_bits:2048"), "rsa1024": ("RSA", "-pkeyopt", "rsa_keygen_bits:1024"),
               "slow": ("RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-pkeyopt", f"rsa_keygen_pubexp:{2 ** 34 + 3}"),
               "p192": ("EC", "-pkeyopt", "ec_paramgen_curve:P-192"), "ed25519": ("ED25519",)}[kind]
        openssl("genpkey", "-algorithm", *how, "-out", self.path(name + ".key"))

    def cert(self, name, issuer, *, cn=None, names=HOST, extensions=None, kind="ec", key=None, days=(-1, 365), digest="sha256", chain=()):
        """Make a certificate issued by `issuer` (None: self-signed), valid from days[0] to days[1] relative to today. `key` names another certificate's key."""
        if key:
            self.write(name + ".key", self.read(key + ".key"))
        else:
            self.key(name, kind)
        self.serial += 1
        if extensions is None:
            extensions = "basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n"
        if names:
            listed = ",".join(n if ":" in n else "DNS:" + n for n in names.split(","))
            extensions += f"subjectAltName={listed}\n"
        self.write(name + ".ext", "[req]\ndistinguished_name=dn\nprompt=no\nstring_mask=utf8only\n[dn]\nCN=" + (cn or name) +
                   "\n[ext]\n" + extensions + "[ca]\ndefault_ca=def\n[def]\nunique_subject=no\n")
        openssl("req", "-new", "-utf8", "-key", self.path(name + ".key"), "-config", self.path(name + ".ext"), "-out", self.path(name + ".csr"))
        self.sign(name, issuer, days, digest)
        self.write(name + ".chain", self.read(name + ".pem") + "".join(self.read(c + ".pem") for c in chain))

    def sign(self, name, issuer, days, digest):
        signer = issuer or name
        database = self.path("index-" + name)
        open(database, "w").close()
        with open(self.path("serial-" + name), "w") as file:
            file.write(f"{self.serial:08X}\n")
        self.write("ca-" + name + ".cnf", f"""[ca]
default_ca=def
[def]
database={database}
serial={self.path("serial-" + name)}
new_certs_dir={self.directory}
policy=any
unique_subject=no
copy_extensions=none
[any]
commonName=optional
organizationName=optional
organizationalUnitName=optional
""")
        start, end = map(when, days)
        arguments = ["ca", "-batch", "-notext", "-config", self.path("ca-" + name + ".cnf"), "-keyfile", self.path(signer + ".key"),
                     "-in", self.path(name + ".csr"), "-out", self.path(name + ".pem"), "-startdate", start, "-enddate", end,
                     "-md", digest, "-extfile", self.path(name + ".ext"), "-extensions", "ext"]
        arguments += ["-selfsign"] if issuer is None else ["-cert", self.path(issuer + ".pem")]
        openssl(*arguments)

    def crl(self, name, issuer, revoked, days=(0, 30)):
        database = self.path("crl-" + name)
        lines = ""
        for victim in revoked:
            serial = openssl("x509", "-in", self.path(victim + ".pem"), "-noout", "-serial").split("=")[1].strip()
            end = openssl("x509", "-in", self.path(victim + ".pem"), "-noout", "-enddate")
            del end
            lines += f"R\t400101000000Z\t250101000000Z\t{serial}\tunknown\t/CN={victim}\n"
        self.write("crl-" + name, lines)
        self.write("crl-" + name + ".cnf", f"[ca]\ndefault_ca=def\n[def]\ndatabase={database}\ndefault_md=sha256\n")
        openssl("ca", "-gencrl", "-crl_lastupdate", when(days[0]), "-crl_nextupdate", when(days[1]), "-config", self.path("crl-" + name + ".cnf"), "-keyfile", self.path(issuer + ".key"),
                "-cert", self.path(issuer + ".pem"), "-out", self.path(name + ".crl"))


def good(maker):
    maker.cert("root", None, names=None, extensions=CA)
    maker.cert("middle", "root", names=None, extensions=CA)
    both = f"{HOST},localhost,IP:127.0.0.1,IP:::1"
    for kind in ("ec", "rsa"):
        maker.cert(kind, "middle", names=both, kind=kind, chain=("middle",))
        maker.cert("client-" + kind, "middle", names="client.example.test", kind=kind, chain=("middle",))
    maker.cert("p384", "middle", names=both, kind="p384", chain=("middle",))
    maker.cert("ed25519", "middle", names=both, kind="ed25519", chain=("middle",))
    maker.cert("second", "middle", names=OTHER, chain=("middle",))


def bad(maker):
    """Make the certificates that must be refused, one for each row of the table in bad.py."""
    middle = {"chain": ("middle",)}
    maker.cert("wildcard", "middle", names="*.example.test", **middle)
    maker.cert("expired", "middle", days=(-30, -3), **middle)
    maker.cert("future", "middle", days=(3, 30), **middle)
    maker.cert("wrong-host", "middle", names=OTHER, **middle)
    maker.cert("wildcard-deep", "middle", names="*.test", **middle)
    maker.cert("wildcard-part", "middle", names="h*.example.test", **middle)
    maker.cert("self-signed", None)
    maker.cert("unknown-root", None, names=None, extensions=CA, cn="Unknown Root")
    maker.cert("by-unknown", "unknown-root")
    maker.cert("no-middle", "middle")
    maker.cert("client-only", "middle", extensions="basicConstraints=CA:FALSE\nextendedKeyUsage=clientAuth\n", **middle)
    maker.cert("sign-only", "middle", extensions="basicConstraints=CA:FALSE\nkeyUsage=critical,keyCertSign\n", **middle)
    maker.cert("no-ca", "root", names="ca.example.test")
    maker.cert("by-no-ca", "no-ca", chain=("no-ca",))
    maker.cert("common-name", "middle", cn=HOST, names=None, **middle)
    maker.cert("other-address", "middle", names="IP:192.0.2.7", **middle)
    maker.cert("rsa1024", "middle", kind="rsa1024", **middle)
    maker.cert("sha1", "middle", digest="sha1", **middle)
    nul_in_name(maker)
    maker.cert("revoked", "middle", **middle)
    maker.crl("middle", "middle", ["revoked"])
    maker.cert("middle-expired", "root", names=None, extensions=CA, days=(-30, -3))
    maker.cert("by-expired", "middle-expired", chain=("middle-expired",))
    maker.cert("wildcard-above", "middle", names="*.host.example.test", **middle)
    maker.cert("weak-middle", "root", names=None, extensions=CA, kind="rsa1024")
    maker.cert("by-weak", "weak-middle", chain=("weak-middle",))
    maker.cert("last", "root", names=None, extensions=CA.replace("TRUE", "TRUE,pathlen:0"))
    maker.cert("too-deep", "last", names=None, extensions=CA)
    maker.cert("by-too-deep", "too-deep", chain=("too-deep", "last"))
    maker.cert("narrow", "root", names=None, extensions=CA + "nameConstraints=critical,permitted;DNS:other.example.test\n")
    maker.cert("by-narrow", "narrow", chain=("narrow",))
    maker.cert("slow", "middle", kind="slow", **middle)
    maker.cert("slow-middle", "root", names=None, extensions=CA, kind="slow")
    maker.cert("by-slow", "slow-middle", chain=("slow-middle",))
    forged(maker)
    long = "root"
    names = []
    for i in range(12):
        maker.cert(f"long{i}", long, names=None, extensions=CA)
        long = f"long{i}"
        names.insert(0, long)
    maker.cert("long", long, chain=names)
    maker.cert("huge", "middle", chain=("middle",) * 100)


def forged(maker):
    """A good certificate with the last bit of its signature flipped."""
    maker.cert("forged", "middle", chain=("middle",))
    der = bytearray(ssl.PEM_cert_to_DER_cert(maker.read("forged.pem")))
    der[-1] ^= 1
    maker.write("forged.pem", ssl.DER_cert_to_PEM_cert(bytes(der)))
    maker.write("forged.chain", maker.read("forged.pem") + maker.read("middle.pem"))


def nul_in_name(maker):
    """A name host.example.test\\0.evil.test, which openssl accepts only in DER form."""
    name = HOST.encode() + b"\0.evil.test"
    der = bytes([0x30, len(name) + 2, 0x82, len(name)]) + name
    text = "basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\nsubjectAltName=DER:" + der.hex(":") + "\n"
    maker.cert("nul", "middle", names=None, extensions=text, chain=("middle",))


def element(tag, *contents):
    """Encode one DER element."""
    body = b"".join(c if isinstance(c, bytes) else c.encode() for c in contents)
    size = len(body)
    return bytes([tag]) + (bytes([size]) if size < 128 else bytes([0x82, size >> 8, size & 255])) + body


def subtrees(*names):
    """Encode GeneralNames, given as (tag, contents): 0x82 dNSName, 0x87 iPAddress, 0x81 rfc822Name, 0xa4 directoryName, 0x86 URI."""
    return b"".join(element(0x30, element(tag, value), *more) for tag, value, *more in names)


def constraints(permitted=(), excluded=(), critical=True):
    value = element(0x30, *([element(0xa0, subtrees(*permitted))] if permitted else []), *([element(0xa1, subtrees(*excluded))] if excluded else []))
    return CA + "nameConstraints=" + "critical," * critical + "DER:" + value.hex(":") + "\n"


def alt_names(*names):
    """Encode a leaf's subjectAltName that openssl's text form cannot express."""
    value = element(0x30, *(element(tag, name) for tag, name in names))
    return "basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\nsubjectAltName=DER:" + value.hex(":") + "\n"


def make(directory):
    """Make all certificates once."""
    maker = Maker(directory)
    if not os.path.exists(maker.path("done")):
        good(maker)
        bad(maker)
        maker.write("done", "")
    return maker


if __name__ == "__main__":
    make(sys.argv[1])
