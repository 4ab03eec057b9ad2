"""Check the includes of each file. They follow the arrows of the design:

    micropython, test, fuzz, bench -> include/usocket <- src -> port.h <- port/*.c -> port/<stack>/platform.h -> the system

Only src/mbedtls/ sees mbedTLS, and it sees no usocket_t; only micropython/, port/lwip_raw/micropython.h, which takes a board's lock and
idle loop from there, and for tests test/stackinfo/ see py/. Within src/ a file includes headers of its own folder and of those below it (calls.LAYERS). No circles.
"""

import os
import re

from calls import LAYERS

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')

# Headers that every C99 compiler has, even for a microcontroller.
STANDARD = {f"{name}.h" for name in "assert ctype errno float inttypes limits math setjmp stdarg stdatomic stdbool stddef stdint "
            "stdio stdlib string time".split()}

PUBLIC = re.compile(r"usocket/\w+\.h$")
MBEDTLS = re.compile(r"(mbedtls|psa)/")
PYTHON = re.compile(r"(py|shared|extmod)/")

# lwIP and SAL define these as function-like macros.
BSD = ("accept bind close closesocket connect fcntl freeaddrinfo getaddrinfo gethostbyname getpeername getsockname "
       "getsockopt if_indextoname if_nametoindex inet_ntop inet_pton ioctl ioctlsocket listen poll read readv recv recvfrom "
       "recvmsg select send sendmsg sendto setsockopt shutdown socket socketpair write writev").split()


def includes(path):
    """Yield the includes of a file: (line number, True for angle brackets, name). Between #if 0 and #endif nothing is included."""
    compiled = True
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            compiled = line.startswith("#endif") or (compiled and line != "#if 0\n")
            match = INCLUDE.match(line)
            if match and compiled:
                yield number, match.group(1) == "<", match.group(2)


def beside(path, name):
    return "/" not in name and os.path.exists(os.path.join(os.path.dirname(path), name))


def below(path, name):
    """True if name is a header of a lower folder of src/."""
    match = re.fullmatch(r"\.\./(\w+)/\w+\.h", name)
    return match and match.group(1) in LAYERS and LAYERS.index(match.group(1)) > LAYERS.index(path.split("/")[1]) and os.path.exists(
        os.path.join(os.path.dirname(path), name))


# module_table.c and numbers.c need the platform's numbers as constants, so that the tables lie in flash. The Ctrl-C handler is
# known only through signal.h.
BINDING_EXCEPTIONS = {("micropython/module_table.c", "platform.h"), ("micropython/numbers.c", "platform.h"),
                      ("micropython/core_call.c", "signal.h")}


def allowed(path, angled, name):
    """True if the file at path may include name."""
    if MBEDTLS.match(name):
        return path.startswith("src/mbedtls/")
    if PYTHON.match(name):
        return path.startswith(("micropython/", "test/stackinfo/")) or path == "port/lwip_raw/micropython.h"
    standard = angled and name in STANDARD
    public = not angled and PUBLIC.match(name)
    own = not angled and beside(path, name)
    if path.startswith("include/usocket/"):
        return public or own or (angled and name in STANDARD - {"stdio.h", "stdlib.h", "errno.h", "time.h"})
    if path.startswith("src/"):
        return standard or public or own or (not angled and below(path, name))
    if os.path.dirname(path) == "port":
        return standard or own or name in ("usocket/port.h", "usocket/config.h", "platform.h")
    if path.startswith("port/"):
        return angled or own or name in ("usocket/port.h", "usocket/config.h", "platform.h")
    if path.startswith("micropython/"):
        return standard or public or own or (path, name) in BINDING_EXCEPTIONS
    if path.startswith("examples/c/"):
        return standard or name in ("usocket/usocket.h", "usocket/tls.h")
    if path.startswith("samples/"):
        return standard or own or name in ("usocket/usocket.h", "usocket/tls.h", "rtthread.h", "finsh.h", "sys/socket.h")
    return True


def wrong_includes(paths):
    return [f"{path}:{number}: may not include {name}" for path in paths for number, angled, name in includes(path)
            if not allowed(path, angled, name)]


def circles(paths):
    """Find headers that include each other; returns the path of each circle."""
    edges = {}
    for path in paths:
        near = {os.path.normpath(os.path.join(os.path.dirname(path), name)) for _, angled, name in includes(path) if not angled}
        far = {os.path.join("include", name) for _, _, name in includes(path)}
        edges[path] = (near | far) & set(paths)
    found, done = [], set()

    def follow(path, trail):
        if path in trail:
            found.append(" -> ".join(trail[trail.index(path):] + [path]))
        elif path not in done:
            for target in sorted(edges[path]):
                follow(target, trail + [path])
            done.add(path)

    for path in paths:
        follow(path, [])
    return found


def without_comments(text):
    """Blank comments and strings; line numbers stay unchanged."""
    pattern = r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
    return re.sub(pattern, lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.S)


def sockets_in_engine(paths):
    """Find lines of src/mbedtls/ that name the socket's record."""
    problems = []
    for path in paths:
        if path.startswith("src/mbedtls/"):
            with open(path, encoding="utf-8") as file:
                lines = without_comments(file.read()).split("\n")
            problems += [f"{path}:{number}: a TLS library knows no socket" for number, line in enumerate(lines, 1)
                         if re.search(r"\b(usocket_t|base_of|usocket_hold)\b", line)]
    return problems


def bare_bsd_names(paths):
    name = re.compile(r"(?<![\w.])(?:" + "|".join(BSD) + r")\s*\(")
    member = re.compile(r"(?:->|\.)\s*(?:" + "|".join(BSD) + r")\s*\(|\(\s*\*\s*(?:" + "|".join(BSD) + r")\s*\)")
    problems = []
    for path in paths:
        with open(path, encoding="utf-8") as file:
            text = without_comments(file.read())
        for number, line in enumerate(text.split("\n"), 1):
            for match in list(name.finditer(line)) + list(member.finditer(line)):
                problems.append(f"{path}:{number}: a bare BSD name: {match.group().strip()}")
    return problems
