# Sends lines to a syslog server (RFC 5424 over UDP, RFC 5426), and never disturbs the program that logs.
import usocket as socket

HOST = "192.168.1.2"  # an address: a non-blocking socket looks up no names
PORT = 514
NAME = "device-7"
PROGRAM = "heating"
ERROR, WARNING, INFO = 3, 4, 6

s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setblocking(False)


def log(severity: int, text: str):
    # Send one line; a datagram that cannot be sent at once is lost.
    head = "<%d>1 - %s %s - - - " % (16 * 8 + severity, NAME, PROGRAM)  # facility 16: local0
    try:
        s.sendto(head.encode() + text.encode()[:1000], (HOST, PORT))
    except OSError:  # no room, no route
        pass


log(INFO, "started")
log(WARNING, "the sensor does not answer")
log(ERROR, "temperature 95 °C")
