# Downloads a file over HTTPS, resumes it after each interruption, and keeps it only if its SHA-256 is right.
import binascii
import hashlib
import os
import time

import usocket as socket

HOST = "updates.example.org"
PORT = 443
PATH = "/firmware.bin"
CA_FILE = "ca.pem"
SHA256 = "0000000000000000000000000000000000000000000000000000000000000000"
FILE = "firmware.bin"
PART = "firmware.part"
PAUSES = (1, 2, 5, 10, 30, 60)  # seconds between the attempts


def fetch(have: int):
    # Append what is missing after `have` bytes; return when the file is complete.
    with open(CA_FILE, "rb") as f:
        trust = {socket.TLS_CA_CERT: f.read()}
    with socket.create_connection((HOST, PORT), 15, ssl=trust) as s:
        s.sendall("GET %s HTTP/1.0\r\nHost: %s\r\nRange: bytes=%d-\r\n\r\n" % (PATH, HOST, have))
        status, size, line = s.readline().decode()[9:12], None, b"more"
        while line.strip():
            line = s.readline()
            if line.lower().startswith(b"content-length:"):
                size = int(line[15:])
        if status == "416":  # nothing is missing
            return
        if status not in ("200", "206") or size is None:
            raise ValueError("status " + status)
        with open(PART, "ab" if status == "206" else "wb") as f:  # 200: the whole file, from its beginning
            while size:
                data = s.read(min(size, 4096))
                if not data:
                    raise OSError(104, "the server has closed the connection")
                f.write(data)
                size -= len(data)


def digest():
    h = hashlib.sha256()
    with open(PART, "rb") as f:
        data = f.read(4096)
        while data:
            h.update(data)
            data = f.read(4096)
    return binascii.hexlify(h.digest()).decode()


for pause in PAUSES:
    try:
        have = os.stat(PART)[6] if PART in os.listdir() else 0
        print("from byte", have)
        fetch(have)
        if digest() == SHA256:
            if FILE in os.listdir():  # FAT does not rename over a file
                os.remove(FILE)
            os.rename(PART, FILE)
            print("complete")
            break
        os.remove(PART)
        print("not the right file")
    except (OSError, ValueError) as e:  # no connection, an interruption; an answer that is not HTTP, or not the file
        print("interrupted:", e)
    time.sleep(pause)
