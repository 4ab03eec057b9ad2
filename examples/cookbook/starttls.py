# Sends a mail by SMTP: the connection starts as plain text, STARTTLS switches it to TLS before the login.
import binascii

import usocket as socket

HOST = "mail.example.org"
PORT = 587
CA_FILE = ""  # "": the CAs of the system; on a board a file with the CA of the server
USER = "device-7"
PASSWORD = "secret"
SENDER = "device-7@example.org"
RECEIVER = "you@example.org"
MAIL = "Subject: Alarm\r\nFrom: %s\r\nTo: %s\r\n\r\nThe freezer is warm.\r\n" % (SENDER, RECEIVER)


def command(s: socket.socket, text: str, expected: str):
    # Send a line, read the answer, which may have several lines, and compare its code.
    if text:
        s.sendall(text + "\r\n")
    line = s.readline(1000)
    while line[3:4] == b"-":
        line = s.readline(1000)
    if line[:3].decode() != expected:
        raise ValueError("%s: %r" % (text.split(" ")[0], line))


def secured(plain: socket.socket):
    # Return the same connection as a TLS socket.
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SEC, plain.detach())
    try:
        s.settimeout(20)
        s.setsockopt(socket.SOL_TLS, socket.TLS_HOSTNAME, HOST)  # no connect has told it the name to verify
        if CA_FILE:
            with open(CA_FILE, "rb") as f:
                s.setsockopt(socket.SOL_TLS, socket.TLS_CA_CERT, f.read())
        s.do_handshake()
    except OSError:
        s.close()
        raise
    return s


try:
    with socket.create_connection((HOST, PORT), 20) as plain:
        command(plain, "", "220")
        command(plain, "EHLO device-7", "250")
        command(plain, "STARTTLS", "220")
        with secured(plain) as s:
            command(s, "EHLO device-7", "250")
            login = binascii.b2a_base64(("\0%s\0%s" % (USER, PASSWORD)).encode()).strip().decode()
            command(s, "AUTH PLAIN " + login, "235")
            command(s, "MAIL FROM:<%s>" % SENDER, "250")
            command(s, "RCPT TO:<%s>" % RECEIVER, "250")
            command(s, "DATA", "354")
            command(s, MAIL + ".", "250")
            command(s, "QUIT", "221")
    print("sent")
except (OSError, ValueError) as e:
    print("not sent:", e)
