# Answers udp_search.py: sends the name of this device to each host that asks by broadcast.
import usocket as socket

PORT = 5005
QUESTION = b"usocket-cookbook: any device?"
ANSWER = b"device-7, firmware 1.2"

s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("", PORT))  # any address: broadcasts do not arrive at a socket that is bound to one
print("answering at port", PORT)
while True:
    data, address = s.recvfrom(200)
    if data == QUESTION:
        print("asked by", address[0])
        try:
            s.sendto(ANSWER, address)
        except OSError as e:  # no route back: the next question counts
            print("not answered:", e)
