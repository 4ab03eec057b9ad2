# Searches the local network: broadcasts a question and prints each device that answers.
import time

import usocket as socket

PORT = 5005
ADDRESS = ""  # this host's address in the network to search; needed if there is no default route
QUESTION = b"usocket-cookbook: any device?"
TRIES = 3  # datagrams get lost, so the question is repeated
SECONDS = 1  # to wait after each

found: dict[str, bytes] = {}
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    s.bind((ADDRESS, 0))
    for _ in range(TRIES):
        try:
            s.sendto(QUESTION, ("<broadcast>", PORT))
        except OSError as e:
            print("not sent:", e)
            break
        end = time.ticks_add(time.ticks_ms(), SECONDS * 1000)
        while True:
            left = time.ticks_diff(end, time.ticks_ms())
            if left <= 0:
                break
            s.settimeout(left / 1000)
            try:
                answer, address = s.recvfrom(200)
            except socket.timeout:
                break
            if address[0] not in found:
                found[address[0]] = answer
                print("found", address[0], answer)
print(len(found), "found")
