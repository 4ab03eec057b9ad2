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


def preprocessed(job):
    """The text that the compiler sees, of a (source, compiler and flags) pair; of a source that does not compile, the complaints."""
    source, command = job
    done = subprocess.run([*command, "-E", "-P", source], stdin=subprocess.DEVNULL, capture_output=True)
    return done.stderr + b"\n#error" if done.returncode else done.stdout


SYMBOLS = {}  # {text: (defined, needed, error)}: different options often make the same text of a source


def symbols(text):
    """The global symbols that a text defines and those that it needs, and the compiler's error."""
    if text not in SYMBOLS:
        with tempfile.NamedTemporaryFile(suffix=".o") as made:
            done = subprocess.run(["gcc", "-x", "cpp-output", "-std=gnu99", "-O0", "-w", "-c", "-o", made.name, "-"], input=text, capture_output=True)
            lines = [] if done.returncode else subprocess.run(["nm", "-g", made.name], check=True, capture_output=True, text=True).stdout.splitlines()
        words = [line.split() for line in lines]
        error = (done.stderr.decode(errors="replace").splitlines() or ["?"])[0] if done.returncode else ""
        SYMBOLS[text] = {w[-1] for w in words if w and w[-2] in "TDBRCVW"}, {w[-1] for w in words if w and w[-2] == "U"}, error
    return SYMBOLS[text]


def compile_all(texts):
    """Compile {source: text}; returns {source: (defined, needed)} and the compiler's errors."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = dict(zip(texts, pool.map(symbols, texts.values())))
    return {source: found[:2] for source, found in results.items() if not found[2]}, [
        f"{source} does not compile: {error}" for source, (_, _, error) in results.items() if error]


def references(known):
    """{file: {file: symbols}}: the symbols that each file needs from each other file, of {file: (defined, needed)}."""
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


def problems(known):
    edges = references(known)
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


def check_jobs(jobs, what):
    """The problems of (source, compiler and flags) pairs; a clean verdict on their texts is kept (tools/cache.py)."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        texts = list(pool.map(preprocessed, jobs))
    key = cache.key("calls", cache.version("gcc"), *cache.contents([__file__]), *(word for source, command in jobs for word in (source, *command)), *texts)
    if cache.known(key):
        return []
    known, errors = compile_all({source: text for (source, _), text in zip(jobs, texts)})
    found = [f"{what}: {problem}" for problem in errors + problems(known)]
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
        known, errors = compile_all({source: preprocessed((source, ["gcc"])) for source in (os.path.join(directory, name) for name in texts)})
        found = errors + problems(known)
    return [] if len(found) == 2 and "circle of 2" in found[0] and "calls up" in found[1] else [
        f"the check does not find a deliberate circle and a deliberate call up: {found}"]


def check_folder(pattern, flags, what):
    """Check the files of one folder, compiled with these flags, for circles."""
    return check_jobs([(source, flags) for source in sorted(glob.glob(pattern))], what)
