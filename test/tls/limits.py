"""Constraints on the CAs of a chain, unusual forms of chains, and the text of each refusal. CPython's verdict is compared; a comment gives
the reason for each difference.

SPDX-License-Identifier: MIT
"""
import ssl

import bad
import certs
import strangers
from certs import CA, HOST, alt_names, constraints

DNS, IP, MAIL, URI, NAME, OTHER_NAME = 0x82, 0x87, 0x81, 0x86, 0xa4, 0xa0
GOOD = None  # accepted, by usocket or by CPython
REFUSED = ""
V4 = bytes([127, 0, 0, 0, 255, 0, 0, 0])
V6 = bytes(15) + b"\1" + b"\xff" * 16
LEAF = "basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n"
OUTSIDE = "outside of the nameConstraints of CN="
UNKNOWN = "uses an extension this build does not know"


def name_of(cn):
    """Encode a directoryName."""
    return certs.element(0x30, certs.element(0x31, certs.element(0x30, b"\x06\x03\x55\x04\x03", certs.element(0x0c, cn))))


# An intermediate issued by the root, with its own leaf: name, extensions, the leaf's names, the text of usocket's error and of CPython's.
BELOW = (
    # extendedKeyUsage of a CA
    ("use-client", CA + "extendedKeyUsage=clientAuth\n", HOST, "an authority for other uses (extendedKeyUsage): CN=ca-use-client", REFUSED),
    ("use-mail", CA + "extendedKeyUsage=critical,emailProtection,codeSigning\n", HOST, "extendedKeyUsage", REFUSED),
    ("use-server", CA + "extendedKeyUsage=clientAuth,serverAuth\n", HOST, GOOD, GOOD),
    ("use-any", CA + "extendedKeyUsage=anyExtendedKeyUsage\n", HOST, GOOD, REFUSED),  # openssl does not support it
    # nameConstraints: hosts
    ("dns-in", constraints([(DNS, "example.test")]), HOST, GOOD, GOOD),
    ("dns-same", constraints([(DNS, HOST.upper())]), HOST, GOOD, GOOD),
    ("dns-out", constraints([(DNS, "other.test")]), HOST, OUTSIDE, REFUSED),
    ("dns-out-quiet", constraints([(DNS, "other.test")], critical=False), HOST, OUTSIDE, REFUSED),
    ("dns-tail", constraints([(DNS, "ample.test")]), HOST, OUTSIDE, REFUSED),
    ("dns-below", constraints([(DNS, "a." + HOST)]), HOST, OUTSIDE, REFUSED),
    ("dns-two", constraints([(DNS, "other.test"), (DNS, "example.test")]), HOST, GOOD, GOOD),
    ("dns-one-out", constraints([(DNS, "example.test")]), HOST + ",www.other.test", "is for www.other.test, " + OUTSIDE, REFUSED),
    ("dns-dot", constraints([(DNS, ".example.test")]), HOST, GOOD, GOOD),
    ("dns-dot-itself", constraints([(DNS, "." + HOST)]), HOST, OUTSIDE, REFUSED),
    ("dns-all", constraints([(DNS, "")]), HOST, GOOD, GOOD),
    ("dns-none", constraints(excluded=[(DNS, "")]), HOST, OUTSIDE, REFUSED),
    ("dns-excluded", constraints(excluded=[(DNS, HOST)]), HOST, OUTSIDE, REFUSED),
    ("dns-excluded-quiet", constraints(excluded=[(DNS, "EXAMPLE.test")], critical=False), HOST, OUTSIDE, REFUSED),
    ("dns-excluded-other", constraints(excluded=[(DNS, "other.test"), (DNS, ".host.example.test")]), HOST, GOOD, GOOD),
    ("dns-both", constraints([(DNS, "example.test")], [(DNS, "host.example.test")]), HOST, OUTSIDE, REFUSED),
    ("dns-star", constraints([(DNS, "*.example.test")]), HOST, "unreadable nameConstraints of CN=ca-dns-star", REFUSED),
    ("star-in", constraints([(DNS, "example.test")]), "*.example.test", GOOD, GOOD),
    ("star-out", constraints([(DNS, HOST)]), "*.example.test", OUTSIDE, REFUSED),
    ("star-covers", constraints(excluded=[(DNS, HOST)]), "*.example.test", OUTSIDE, GOOD),  # openssl 3.0 has CVE-2025-61727
    ("star-excluded", constraints(excluded=[(DNS, "test")]), "*.example.test", OUTSIDE, REFUSED),
    ("star-aside", constraints(excluded=[(DNS, "a.b.example.test"), (DNS, "example.org")]), "*.example.test", GOOD, GOOD),
    # addresses
    ("ip-in", constraints([(IP, V4)]), HOST + ",IP:127.0.0.1", GOOD, GOOD),
    ("ip-out", constraints([(IP, b"\x0a" + V4[1:])]), HOST + ",IP:127.0.0.1", "is for 127.0.0.1, " + OUTSIDE, REFUSED),
    ("ip-excluded", constraints(excluded=[(IP, bytes(8))]), HOST + ",IP:127.0.0.1", OUTSIDE, REFUSED),
    ("ip-of-another-kind", constraints([(IP, V4)]), HOST + ",IP:::1", OUTSIDE, REFUSED),
    ("ip-no-names", constraints([(IP, V4)]), HOST, GOOD, GOOD),
    ("ip6-in", constraints([(IP, V6)]), HOST + ",IP:::1", GOOD, GOOD),
    ("ip6-excluded", constraints(excluded=[(IP, V6)]), HOST + ",IP:::1", OUTSIDE, REFUSED),
    ("ip-short", constraints([(IP, V4[:5])]), HOST, "unreadable nameConstraints of", GOOD),  # openssl checks it only if the leaf has an address
    ("ip-holes", constraints(excluded=[(IP, V4[:4] + b"\xff\0\xff\0")]), HOST, "unreadable nameConstraints of", GOOD),  # the same
    # names that are not host names, and their forms
    ("other-kinds", constraints([(MAIL, "example.org"), (URI, ".example.org"), (NAME, name_of("nobody"))]), HOST, GOOD, REFUSED),  # openssl applies it to the subject
    ("other-excluded", constraints(excluded=[(MAIL, ".test"), (URI, "example.test")]), HOST, GOOD, GOOD),
    ("minimum-0", constraints([(DNS, "example.test", b"\x80\1\0")]), HOST, GOOD, GOOD),
    ("minimum-1", constraints([(DNS, "example.test", b"\x80\1\1")]), HOST, "unreadable nameConstraints of", REFUSED),
    ("empty", constraints(critical=False), HOST, "unreadable nameConstraints of", GOOD),  # an empty extension
    # unknown extensions
    ("ca-unknown", CA + "1.2.3.4=critical,DER:05:00\n", HOST, UNKNOWN, REFUSED),
    ("ca-unknown-quiet", CA + "1.2.3.4=DER:05:00\n", HOST, GOOD, GOOD),
    ("ca-policies", CA + "certificatePolicies=critical,1.2.3.4\n", HOST, UNKNOWN, GOOD),  # mbedTLS checks no policies
    # CAs that may sign
    ("no-sign", "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,cRLSign\n", HOST, "keyCertSign): CN=ca-no-sign", REFUSED),
)


def make(maker):
    for name, extensions, names, _, _ in BELOW:
        maker.cert("ca-" + name, "root", names=None, extensions=extensions)
        maker.cert(name, "ca-" + name, names=names, chain=("ca-" + name,))
    middle = {"chain": ("middle",)}
    # Chains.
    maker.cert("high", "root", names=None, extensions=CA)
    maker.cert("low", "high", names=None, extensions=CA)
    maker.cert("lowest", "low", names=None, extensions=CA)
    maker.cert("order", "lowest", chain=("root", "high", "middle", "low", "lowest"))
    maker.cert("cross-unknown", "unknown-root", names=None, extensions=CA, cn="cross")
    maker.cert("cross", "root", names=None, extensions=CA, cn="cross", key="cross-unknown")
    maker.cert("crossed", "cross", chain=("cross-unknown", "cross"))
    maker.cert("cross-mail", "root", names=None, extensions=CA + "extendedKeyUsage=emailProtection\n", cn="cross", key="cross-unknown")
    maker.cert("crossed-use", "cross", chain=("cross-mail", "cross-unknown", "cross"))
    maker.cert("rolling", None, names=None, extensions=CA.replace("TRUE", "TRUE,pathlen:0"))
    maker.cert("rolled", "rolling", names=None, extensions=CA.replace("TRUE", "TRUE,pathlen:0"), cn="rolling")
    maker.cert("rollover", "rolled", chain=("rolled",))
    maker.cert("twelfth", "middle", chain=("root",) * 10 + ("middle",))
    maker.cert("thirteenth", "middle", chain=("root",) * 11 + ("middle",))
    maker.cert("strange", "root", names=None, extensions=CA + "1.2.3.4=critical,DER:05:00\n")
    maker.cert("ed-ca", "root", names=None, extensions=CA, kind="ed25519")
    maker.cert("with-strange", "middle", chain=("middle", "strange", "ed-ca"))
    # Unreadable extensions, and the certificate that has them.
    maker.cert("leaf-unknown", "middle", extensions=LEAF + "1.2.3.4=critical,DER:05:00\n", **middle)
    maker.cert("leaf-policies", "middle", extensions=LEAF + "certificatePolicies=critical,1.2.3.4\n", **middle)
    maker.cert("ed-root", None, names=None, extensions=CA, kind="ed25519", digest="null")
    maker.cert("by-ed", "ed-root", digest="null")
    maker.cert("by-ed-chain", "ed-root", digest="null", chain=("middle",))
    # The issuer of the certificate.
    maker.cert("same-name", None, names=None, extensions=CA, cn="root")
    maker.cert("by-same-name", "same-name")
    maker.cert("self-issued", "same-name", cn="root")
    maker.cert("long-name", None, names=None, extensions=CA, cn="Long Issuing Authority of Some Length G2\nO=" + "Organisation " * 4 + "\nOU=" + "Unit " * 12)
    maker.cert("by-long-name", "long-name")
    maker.cert("chinese", None, names=None, extensions=CA, cn="测试根证书颁发机构\nO=示例有限公司")
    maker.cert("by-chinese", "chinese")
    maker.cert("escape", None, names=None, extensions=CA, cn="a\\tb\x1b[31m\u202e")
    maker.cert("by-escape", "escape")
    # Names that are ignored.
    maker.cert("dns-address", "middle", extensions=alt_names((DNS, "127.0.0.1"), (DNS, "8.8.8.8"), (DNS, "::1")), names=None, **middle)
    maker.cert("star-local", "middle", names="*.local", **middle)
    maker.cert("only-mail", "middle", cn=HOST, names="email:a@example.test", **middle)
    maker.cert("newline", "middle", extensions=alt_names((DNS, "evil\nhost.example.test"), (DNS, b"\xff\"")), names=None, **middle)
    maker.cert("other-ip", "middle", names="IP:8.8.4.4", **middle)
    # Certificate revocation lists.
    for name, issuer in (("root", "root"), ("middle-none", "middle"), ("no-crl", "no-crl")):
        if name == "no-crl":
            maker.cert("no-crl", "root", names=None, extensions="basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n")
            maker.cert("by-no-crl", "no-crl", chain=("no-crl",))
        maker.crl(name, issuer, [])
    maker.crl("middle-old", "middle", [], days=(-30, -3))
    maker.crl("middle-future", "middle", [], days=(3, 30))


# certificate, requested host (or None), the text of usocket's error, the text of CPython's
ALONE = (
    ("order", HOST, GOOD, GOOD),
    ("crossed", HOST, GOOD, REFUSED),  # openssl 3.0 uses the first CA of that name
    ("crossed-use", HOST, GOOD, REFUSED),
    ("with-strange", HOST, GOOD, GOOD),
    ("twelfth", HOST, GOOD, GOOD),
    ("thirteenth", HOST, "unknown authority: CN=middle", GOOD),  # only the first twelve certificates of a list are used
    ("leaf-unknown", HOST, "the certificate " + UNKNOWN, REFUSED),
    ("leaf-policies", HOST, "the certificate " + UNKNOWN, GOOD),
    ("by-ed", HOST, "signed with an algorithm that this build lacks, such as Ed25519", REFUSED),
    ("by-ed-chain", HOST, "signed with an algorithm that this build lacks", REFUSED),
    ("by-same-name", HOST, "the signature does not fit the key of the authority of this name: CN=root", REFUSED),
    ("self-issued", HOST, "the signature does not fit the key of the authority of this name: CN=root", REFUSED),
    ("by-long-name", HOST, "unknown authority: CN=Long Issuing Authority of Some Length G2, O=Organisation Organisation", REFUSED),
    ("by-long-name", HOST, "...", REFUSED),
    ("by-chinese", HOST, "unknown authority: CN=测试根证书颁发机构, O=示例有限公司", REFUSED),
    ("by-escape", HOST, "CN=a\\x09b\\x1b[31m\\xe2\\x80\\xae", REFUSED),
    ("dns-address", "127.0.0.1", 'is for "127.0.0.1", "8.8.8.8", "::1", not 127.0.0.1; a dNSName does not count for an address', REFUSED),
    ("dns-address", "8.8.8.8", 'not 8.8.8.8; a dNSName does not count for an address', REFUSED),
    ("dns-address", "::1", "a dNSName does not count for an address", REFUSED),
    ("star-local", "broker.local", "is for *.local, not broker.local; a * is one whole label with two labels behind it", REFUSED),
    ("wildcard-part", HOST, "a * is one whole label", REFUSED),
    ("common-name", HOST, "is for no host, not host.example.test; it has no subjectAltName", GOOD),
    ("only-mail", HOST, "is for no host, not host.example.test; it has no subjectAltName for one", GOOD),
    ("newline", HOST, 'is for "evil\\x0ahost.example.test", "\\xff\\x22", not host.example.test', REFUSED),
    ("other-ip", "8.8.8.8", "is for 8.8.4.4, not 8.8.8.8", REFUSED),
)


def cpython(suite, port, host, roots, lists):
    ctx = ssl.create_default_context()
    for name in (*roots, *lists):
        ctx.load_verify_locations(suite.maker.path(name))
    if lists:
        ctx.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN
    return bad.verdict(ctx, port, host)


def judge(suite, label, name, host, words, theirs, roots=("root.pem",), lists=()):
    """Check one certificate in each mode and both versions, and with CPython."""
    options = [["CA_CERT", suite.file(file)] for file in (*roots, *lists)] + [["HOSTNAME", host]]
    with strangers.echo(strangers.server_context(suite.maker, name)) as server:
        runs = [{"mode": mode, "port": server.port, "bytes": 40, "options": [*options, ["MAX_VERSION", version]]}
                for mode in bad.MODES for version in (0x303, 0x304)]
        results = suite.client(runs=runs)
        for run, r in zip(runs, results):
            ok = r.get("same") if words is GOOD else bad.refused(r, words) and r["number"] == -2001
            suite.check(f"{label}, {run['mode']}, {run['options'][-1][1]:#x}", ok, str(r))
        verdict = cpython(suite, server.port, host, roots, lists)
    suite.say(f"  {label:20} | {'accepted' if words is GOOD else bad.words_of(results[0]):120} | {verdict}")
    suite.check(f"{label}: CPython", (verdict == "accepted") == (theirs is GOOD), verdict)
    return results


def clients(suite):
    """A server that verifies clients: it refuses a CA that may only issue server certificates, and applies constraints on subjects and mail addresses."""
    unlike = "unreadable nameConstraints of CN=ca-other-"
    for name, refusal in (("use-client", None), ("use-server", None), ("use-any", None), ("use-mail", "extendedKeyUsage"), ("dns-in", None),
                          ("dns-out", "nameConstraints"), ("other-kinds", unlike + "kinds"), ("other-excluded", unlike + "excluded"),
                          ("slow", "exponent of more than 33 bits"), ("by-slow", "exponent of more than 33 bits")):
        for version in (0x303, 0x304):
            options = [["OWN_CERT", suite.file("ec.chain")], ["OWN_KEY", suite.file("ec.key")], ["PEER_VERIFY", 2], ["CA_CERT", suite.file("root.pem")]]
            port, child = suite.server(options=options)
            ctx = ssl.create_default_context(cafile=suite.maker.path("root.pem"))
            ctx.maximum_version = strangers.VERSIONS[version]
            ctx.load_cert_chain(suite.maker.path(name + ".chain"), suite.maker.path(name + ".key"))
            bad.verdict(ctx, port, HOST)
            r = suite.results(child)[-1]
            ok = r.get("cert") or "cut by the peer" in r["text"]  # CPython's client closes without close_notify
            if refusal:
                ok = bad.refused(r, refusal) and r["number"] == -2001
            suite.check(f"a client with {name}, {version:#x}", ok, str(r))


def lists(suite):
    """If one certificate revocation list is given, each link of the chain needs a current one."""
    for label, name, given, words, theirs in (
            ("lists of all", "ec", ("root.crl", "middle-none.crl"), GOOD, GOOD),
            ("no list of the root", "ec", ("middle-none.crl",), "no revocation list of CN=root", REFUSED),
            ("no list of middle", "ec", ("root.crl",), "no revocation list of CN=middle", REFUSED),
            ("an old list", "ec", ("root.crl", "middle-old.crl"), "the revocation list has expired", REFUSED),
            ("a list too early", "ec", ("root.crl", "middle-future.crl"), "the revocation list is not valid yet", REFUSED),
            ("an old list, and a new", "ec", ("root.crl", "middle-old.crl", "middle-none.crl"), GOOD, GOOD),
            ("revoked, with all lists", "revoked", ("root.crl", "middle.crl"), "has been revoked", REFUSED),
            ("no right to sign lists", "by-no-crl", ("root.crl", "no-crl.crl"), "a list signed without the right to sign lists (cRLSign): CN=no-crl", REFUSED)):
        judge(suite, label, name, HOST, words, theirs, lists=given)


def run(suite):
    make(suite.maker)
    for name, _, names, words, theirs in BELOW:
        judge(suite, name, name, HOST, words, theirs)
    for name, host, words, theirs in ALONE:
        judge(suite, name, name, host, words, theirs)
    for name in ("use-client", "dns-out"):
        good = name == "use-client"  # an anchor is exempt from its own extendedKeyUsage, not from its nameConstraints
        judge(suite, f"ca-{name} trusted", name, HOST, GOOD if good else OUTSIDE, REFUSED if good else REFUSED, roots=(f"ca-{name}.pem",))
    judge(suite, "rollover", "rollover", HOST, GOOD, GOOD, roots=("rolling.pem",))
    lists(suite)
    clients(suite)
