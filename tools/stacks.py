"""Compute the worst-case stack of each public function from gcc's -fcallgraph-info=su, for tools/size.py.

Functions of the network stack, libc and libgcc are leaves of size 0: their own stack comes on top.
"""

import glob
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HEADERS = ("usocket.h", "names.h", "errors.h", "port.h")

# Calls through pointers, and the functions that they can reach.
INDIRECT = {
    "wait_or": ["the interrupt hook"],
    "usocket_wait_for": ["the interrupt hook"],
    "usocket_go_on": ["the interrupt hook"],
    "watch_socket": ["the watcher's callback"],
    "run_watch": ["the watcher's callback"],
    "usocket_lookup_dispatch": ["run_reverse"],
    "run_lookup": ["run_reverse"],
    "run_worker": ["run_reverse"],
    "call_port": [],  # PASSED
    "finish_close": ["usocket_port_close", "usocket_port_no_linger"],
}

# The functions that callers of src/sockets/calls.c:call_port pass to it.
PASSED = {"usocket_bind": "bind_handle", "usocket_listen": "listen_handle", "usocket_shutdown": "shut_down_handle",
          "usocket_getsockname": "name_handle", "usocket_getpeername": "name_handle", "usocket_getsockopt": "get_option",
          "usocket_setsockopt": "set_option", "usocket_pending": "pending_bytes"}

# The entry functions of the library's threads.
THREADS = {"src/names/workers.c:run_worker": "a worker's thread (USOCKET_RESOLVER_STACK)", "src/sockets/watch.c:run_watch": "a watcher's thread"}

STUB = "#include \"usocket/port.h\"\n#include \"usocket/usocket.h\"\nvoid *const size_functions[] = {%s};\n"


def code(path):
    with open(path) as file:
        return re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)


def public(header):
    """The functions that a header declares, in order, and the inline ones among them."""
    text = code(os.path.join(ROOT, "include/usocket", header))
    text = re.sub(r"\n\{.*?\n\}", "", text, flags=re.S)
    names = dict.fromkeys(re.findall(r"^(?:static inline )?[a-z][\w ]*[ *](usocket_\w+)\(", text, re.M))
    inline = dict.fromkeys(re.findall(r"^static inline [\w ]*[ *](usocket_\w+)\(", text, re.M))
    return list(names), list(inline)


def stub():
    """A source that instantiates the inline functions."""
    return STUB % ", ".join("(void *)" + name for header in HEADERS for name in public(header)[1])


class Graph:
    """A call graph with the stack bytes of each function."""

    def __init__(self, files):
        self.bytes, self.calls, self.memo = {}, {}, {}
        self.problems = []
        for path in files:
            with open(path) as file:
                text = re.sub(r"_compiled_with_\w+", "", file.read().replace(ROOT + "/", ""))  # config.h renames functions after knobs
            for title, label, rest in re.findall(r'^node: \{ title: "([^"]+)" label: "([^"]*)"(.*)\}$', text, re.M):
                match = re.search(r"\\n(\d+) bytes \(([^)]*)\)", label)
                if match:
                    self.bytes[title] = int(match[1])
                    if match[2] not in ("static", "dynamic,bounded"):
                        self.problems.append("%s has a stack of a size that is not known (%s)" % (title, match[2]))
            for source, target in re.findall(r'^edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"', text, re.M):
                self.calls.setdefault(source, {})[target] = True

    def worst(self, title, above=()):
        """(bytes, leaves) of a function and all functions that it calls."""
        if title in self.memo:
            return self.memo[title]
        if title in above:
            raise ValueError("%s calls itself: %s" % (title, " -> ".join(above)))
        deepest, leaves = 0, set()
        for target in self.calls.get(title, ()):
            if target == "__indirect_call":
                name = title.rsplit(":", 1)[-1]
                if name not in INDIRECT:
                    raise ValueError("%s calls through a pointer: tell tools/stacks.py whom" % title)
                for name in INDIRECT[name]:
                    called = self.find(name)
                    size, more = self.worst(called, above + (title,)) if called else (0, {name})
                    deepest = max(deepest, size)
                    leaves |= more
            elif target not in self.bytes:
                leaves.add(re.sub(r"^\*?look_", "", target.rsplit(":", 1)[-1]))
            else:
                size, more = self.worst(target, above + (title,))
                if target.endswith(":call_port"):
                    passed, below = self.worst(self.find(PASSED[title]), above + (title,))
                    size, more = max(size, self.bytes[target] + passed), more | below
                deepest = max(deepest, size)
                leaves |= more
        self.memo[title] = (self.bytes[title] + deepest, leaves)
        return self.memo[title]

    def find(self, name):
        """The title of a function; None if this build has no such function."""
        if name in self.bytes:
            return name
        return next((title for title in self.bytes if title.endswith(":" + name)), None)


def rows(graphs):
    """Returns a row for each public function, with its name and its bytes in each graph ('' where it is missing), and the leaves."""
    found, leaves = [], [set() for _ in graphs]

    def add(name, title_of):
        row = [name]
        for graph, below in zip(graphs, leaves):
            title = title_of(graph)
            size, more = graph.worst(title) if title else ("", set())
            below |= more
            row.append(size)
        if any(size != "" for size in row[1:]):
            found.append(row)

    for header in HEADERS:
        for name in public(header)[0]:
            add("`%s`" % name, lambda graph: graph.find(name))
    for title, name in THREADS.items():
        add(name, lambda graph: title if title in graph.bytes else None)
    return found, leaves


def graph_of(directory):
    return Graph(sorted(glob.glob(directory + "/*.ci")))
