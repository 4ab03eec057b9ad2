# Typical mistakes. pyright has to report each on its line, with the rule that its mark names, and no other line; nothing runs this file.
import asyncio

import aiosocket
import socket
import usocket

s = usocket.socket()
u = usocket.socket(usocket.AF_INET, usocket.SOCK_DGRAM)

# Names
usocket.SO_REUSEADR  # mistake: reportAttributeAccessIssue
usocket.AF_INET4  # mistake: reportAttributeAccessIssue
s.recvall(10)  # mistake: reportAttributeAccessIssue
s.recvmsg(10)  # mistake: reportAttributeAccessIssue
socket.gethostbyaddr("127.0.0.1")  # mistake: reportAttributeAccessIssue
usocket.TimeoutError  # mistake: reportAttributeAccessIssue
s.timeout = 5  # mistake: reportAttributeAccessIssue

# Addresses
s.connect("127.0.0.1", 80)  # mistake: reportCallIssue
s.connect("127.0.0.1")  # mistake: reportArgumentType
s.connect(("127.0.0.1", "80"))  # mistake: reportArgumentType
s.connect(("127.0.0.1",))  # mistake: reportArgumentType
s.bind(6001)  # mistake: reportArgumentType
s.bind(None)  # mistake: reportArgumentType
s.connect((None, 80))  # mistake: reportArgumentType
usocket.create_connection("localhost:80")  # mistake: reportArgumentType
usocket.create_server("127.0.0.1", 80)  # mistake: reportCallIssue
u.sendto(b"data", "127.0.0.1", 80)  # mistake: reportArgumentType
u.sendto(b"data", ("127.0.0.1", 80), 0)  # mistake: reportArgumentType
usocket.getaddrinfo("localhost")  # mistake: reportCallIssue
host, port, flowinfo, scope_id = s.getpeername()  # mistake: reportAssignmentType

# Data
s.send(5)  # mistake: reportArgumentType
s.sendall(["GET / HTTP/1.0"])  # mistake: reportArgumentType
s.sendall(None)  # mistake: reportArgumentType
s.recv()  # mistake: reportCallIssue
s.recv("100")  # mistake: reportArgumentType
s.recv_into(b"bytes")  # mistake: reportArgumentType
s.readinto("text")  # mistake: reportArgumentType
line: str = s.readline()  # mistake: reportAssignmentType
s.recv(100) + "text"  # mistake: reportOperatorIssue
s.recv(100).startswith("HTTP")  # mistake: reportArgumentType
s.recv(100).encode()  # mistake: reportAttributeAccessIssue
count: int = s.sendall(b"data")  # mistake: reportAssignmentType
usocket.inet_ntoa("127.0.0.1")  # mistake: reportArgumentType
usocket.inet_aton(b"127.0.0.1")  # mistake: reportArgumentType
usocket.htons("80")  # mistake: reportArgumentType
s.sendfile("index.html")  # mistake: reportArgumentType

# Timeouts
s.settimeout("5")  # mistake: reportArgumentType
s.settimeout()  # mistake: reportCallIssue
s.settimeout(seconds=5)  # mistake: reportCallIssue
s.setblocking("no")  # mistake: reportArgumentType
s.gettimeout() + 1  # mistake: reportOptionalOperand
usocket.setdefaulttimeout("10")  # mistake: reportArgumentType
usocket.create_connection(("localhost", 80), "5")  # mistake: reportArgumentType

# Options
s.setsockopt(usocket.SO_REUSEADDR, 1)  # mistake: reportCallIssue
s.setsockopt(usocket.SOL_SOCKET, usocket.SO_KEEPALIVE, 1.5)  # mistake: reportArgumentType
s.setsockopt(usocket.SOL_SOCKET, "SO_REUSEADDR", 1)  # mistake: reportArgumentType
s.setsockopt(usocket.SOL_SOCKET, usocket.SO_REUSEADDR, ["1"])  # mistake: reportArgumentType
s.setsockopt(usocket.SOL_TLS, usocket.TLS_ALPN_LIST, {"h2"})  # mistake: reportArgumentType
s.setsockopt(usocket.SOL_SOCKET, 20, lambda: None)  # mistake: reportArgumentType
s.getsockopt(usocket.SOL_SOCKET)  # mistake: reportCallIssue
verify: str = s.getsockopt(usocket.SOL_TLS, usocket.TLS_PEER_VERIFY)  # mistake: reportAssignmentType
name: int = s.getsockopt(usocket.SOL_TLS, usocket.TLS_HOSTNAME)  # mistake: reportAssignmentType
usocket.create_connection(("localhost", 443), ssl="ca.pem")  # mistake: reportArgumentType
usocket.create_connection(("localhost", 443), ssl={"ca": b"..."})  # mistake: reportArgumentType
usocket.create_server(("", 443), ssl=True)  # mistake: reportArgumentType

# Arguments by keyword and by position
usocket.socket(family="AF_INET")  # mistake: reportArgumentType
usocket.socket(kind=usocket.SOCK_STREAM)  # mistake: reportCallIssue
usocket.create_server(("", 80), usocket.AF_INET)  # mistake: reportCallIssue
usocket.create_server(("", 80), dualstack_ipv6=True)  # mistake: reportArgumentType
usocket.create_connection(("localhost", 80), 5, None, 0.25)  # mistake: reportCallIssue
usocket.dialer("localhost", 80, 5, None, usocket.AF_INET)  # mistake: reportCallIssue
usocket.fromfd(fd=3, family=2, type=1)  # mistake: reportCallIssue
s.listen(backlog=5)  # mistake: reportCallIssue
s.makefile("rb", encoding=8)  # mistake: reportArgumentType

# Files
s.makefile("a")  # mistake: reportArgumentType
s.makefile("r", encoding="latin-1")  # mistake: reportArgumentType
text: str = s.makefile("rb").readline()  # mistake: reportAssignmentType
s.makefile("r").readline().decode()  # mistake: reportAttributeAccessIssue

# Results
conn = s.accept()
conn.recv(10)  # mistake: reportAttributeAccessIssue
usocket.poller().register("socket")  # mistake: reportArgumentType
usocket.resolver("localhost")  # mistake: reportCallIssue


async def tasks(stream: aiosocket.Stream):
    await s.recv(10)  # mistake: reportGeneralTypeIssues
    aiosocket.open_connection("localhost", 80)[0]  # mistake: reportIndexIssue
    await aiosocket.open_connection(("localhost", 80))  # mistake: reportCallIssue
    stream.readline().decode()  # mistake: reportAttributeAccessIssue
    stream.drain()  # mistake: reportUnusedCoroutine
    await stream.write(b"data")  # mistake: reportGeneralTypeIssues
    stream.write(5)  # mistake: reportArgumentType
    stream.settimeout("5")  # mistake: reportArgumentType
    await stream.read(n="10")  # mistake: reportArgumentType
    await aiosocket.start_server("serve", "127.0.0.1", 80)  # mistake: reportArgumentType
    await aiosocket.wait_for(stream.readline)  # mistake: reportCallIssue
    with aiosocket.start_server(None, "127.0.0.1", 80):  # mistake: reportGeneralTypeIssues
        pass
    aiosocket.open_datagram(local="127.0.0.1")  # mistake: reportCallIssue
    await asyncio.sleep_ms("1")  # mistake: reportArgumentType


aiosocket.run(tasks)  # mistake: reportArgumentType
