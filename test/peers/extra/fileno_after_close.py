# A closed socket has no descriptor, and never touches the one that replaced it.

import socket

for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
    s = socket.socket(socket.AF_INET, kind)
    fd = s.fileno()
    print(fd >= 0)
    s.close()
    print(s.fileno())
    other = socket.socket(socket.AF_INET, kind)
    print(other.fileno() == fd)  # the number is used again
    s.close()
    print(s.fileno())
    other.bind(("127.0.0.1", 0))  # still open
    print(other.fileno() == fd)
    other.close()

with socket.socket() as s:
    print(s.fileno() >= 0)
print(s.fileno())

try:
    s.bind(("127.0.0.1", 0))
except OSError as e:
    print(e.errno == 9)
