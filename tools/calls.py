"""Check the calls between the library's files, read from the symbols of their objects: layers and circles.

The folders of src/ are layers; a file calls its own folder and those below it:

    names -> sockets -> tls -> mbedtls -> base -> the port

Within a folder, in port/ and in micropython/ no files call each other in a circle. A reference in a table counts as a call.
"""

import concurrent.futures
import glob
import os
import subprocess
import sys
import tempfile

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "test", "unit"))
import cache
import configs  # flags for the other stacks

LAYERS = ("names", "sockets", "tls", "mbedtls", "base")  # from the top down

# The core's configurations: options left out, TLS or not.
CORE = [(), ("TLS",), ("THREADS=0", "RESOLVER_WORKERS=0"), ("TLS", "THREADS=0", "RESOLVER_WORKERS=0"), ("RACE=0",), ("TLS", "RACE=0", "ASYNC=0"),
        ("POLLER=0",), ("TLS", "SERVER=0"), ("TLS", "TLS_CONSTRAINTS=0"),
        ("IPV6=0", "UNIX=0", "NAMES=0", "SERVER=0", "DATAGRAMS=0", "THREADS=0", "WORDS=0", "WAIT_SLICE_MS=0", "RACE=0", "ASYNC=0", "POLLER=0")]


def symbols(path):
    """The global symbols that an object defines, and those that it needs."""
    lines = subprocess.run(["nm", "-g", path], check=True, capture_output=True, text=True).stdout.splitlines()
    words = [line.split() for line in lines]
    return {w[-1] for w in words if w and w[-2] in "TDBRCVW"}, {w[-1] for w in words if w and w[-2] == "U"}


def compile_all(jobs, directory):
    """Compile (source, compiler and flags) pairs; returns {source: object} and the compiler's errors."""
    def one(job):
        source, command = job
        target = os.path.join(directory, source.replace("/", "+")[:-1] + "o")
        done = subprocess.run([*command, "-c", "-o", target, source], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        return source, target, done.stderr if done.returncode else ""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(one, jobs))
    return {source: target for source, target, error in results if not error}, [
        f"{source} does not compile: {error.splitlines()[0] if error.splitlines() else ''}" for source, _, error in results if error]


def references(objects):
    """{file: {file: symbols}}: the symbols that each file needs from each other file."""
    known = {source: symbols(path) for source, path in objects.items()}
    home = {name: source for source, (defined, _) in known.items() for name in defined}
    edges = {source: {} for source in known}
    for source, (_, needed) in known.items():
        for name in needed:
            if home.get(name, source) != source:
                edges[source].setdefault(home[name], set()).add(name)
    return edges


def circles(edges):
    """The strongly connected components of more than one file (Tarjan's algorithm)."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in edges[node]:
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            component = stack[stack.index(node):]
            del stack[stack.index(node):]
            if len(component) > 1:
                found.append(sorted(component))

    for node in edges:
        if node not in index:
            visit(node)
    return found


def layer(path):
    """The rank of a file of src/, highest for base/; None for a file elsewhere."""
    parts = path.split("/")
    return LAYERS.index(parts[-2]) if len(parts) > 2 and parts[-3] == "src" else None


def problems(objects):
    edges = references(objects)
    found = []
    for component in circles(edges):
        pairs = [f"{a} -> {b} ({', '.join(sorted(names)[:3])})" for a in component for b, names in edges[a].items() if b in component]
        found.append(f"a circle of {len(component)} files: " + "; ".join(pairs[:8]))
    for source, targets in edges.items():
        for target, names in targets.items():
            above, below = layer(source), layer(target)
            if below is not None and above is not None and below < above:
                found.append(f"{source} calls up, into {target}: {', '.join(sorted(names))}")
    return found


def core_jobs(configuration, mbedtls):
    flags = ["gcc", "-std=c99", "-O0", "-w", "-Iinclude", "-Iport/posix"]
    flags += [f"-DUSOCKET_{word}" + ("" if "=" in word else "=1") for word in configuration]
    if "TLS" in configuration:
        flags += ['-DMBEDTLS_USER_CONFIG_FILE="mbedtls_user.h"', "-isystem", mbedtls + "/include"]
    return [(source, flags) for source in sorted(glob.glob("src/*/*.c") + glob.glob("port/*.c") + glob.glob("port/posix/*.c"))]


def preprocessed(job):
    source, command = job
    return subprocess.run([*command, "-E", source], stdin=subprocess.DEVNULL, capture_output=True).stdout


def check_jobs(jobs, what):
    """The problems of (source, compiler and flags) pairs; a clean verdict on their texts is kept (tools/cache.py)."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        texts = list(pool.map(preprocessed, jobs))
    key = cache.key("calls", cache.version("gcc"), *cache.contents([__file__]), *(word for source, command in jobs for word in (source, *command)), *texts)
    if cache.known(key):
        return []
    with tempfile.TemporaryDirectory() as directory:
        objects, errors = compile_all(jobs, directory)
        found = [f"{what}: {problem}" for problem in errors + problems(objects)]
    if not found:
        cache.remember(key)
    return found


def check_core(mbedtls):
    """Check all configurations of CORE; without mbedTLS's headers only those without TLS."""
    found = []
    for configuration in CORE:
        if mbedtls or "TLS" not in configuration:
            found += check_jobs(core_jobs(configuration, mbedtls), " ".join(configuration) or "by default")
    return list(dict.fromkeys(found))


def check_port(port, mbedtls, lwip=None):
    """Check the library on lwIP or RT-Thread with all features."""
    os.makedirs(configs.OUT, exist_ok=True)
    flags = getattr(configs, port)((), bool(mbedtls), lwip, mbedtls)
    sources = sorted(glob.glob("src/*/*.c") + glob.glob("port/*.c") + glob.glob(f"port/{port}/*.c"))
    return check_jobs([(source, ["gcc", "-std=c99", "-O0", "-w", "-Iinclude", *flags]) for source in sources], port)


def check_itself():
    """Self-test: the check must find two files that call each other, and a call to a higher layer."""
    texts = {"src/base/a.c": "void b(void); void a(void) { b(); }", "src/base/b.c": "void a(void); void c(void); void b(void) { a(); c(); }",
             "src/names/c.c": "void c(void) {}"}
    with tempfile.TemporaryDirectory() as directory:
        for name, text in texts.items():
            path = os.path.join(directory, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(text)
        jobs = [(os.path.join(directory, name), ["gcc"]) for name in texts]
        with tempfile.TemporaryDirectory() as out:
            objects, errors = compile_all(jobs, out)
            found = errors + problems(objects)
    return [] if len(found) == 2 and "circle of 2" in found[0] and "calls up" in found[1] else [
        f"the check does not find a deliberate circle and a deliberate call up: {found}"]


def check_folder(pattern, flags, what):
    """Check the files of one folder, compiled with these flags, for circles."""
    return check_jobs([(source, flags) for source in sorted(glob.glob(pattern))], what)
