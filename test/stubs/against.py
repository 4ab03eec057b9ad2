"""Compares the stubs with the module: names by dir() and by the tables in C, arguments by the tables and by what the interpreter refuses."""

import ast
import os
import subprocess
import tempfile

import binding
import package
import stub

ROOT = binding.ROOT
LIMIT = 60  # seconds of an interpreter
FAMILIES = {"resolver", "dialer", "poller"}  # functions of the module that the stubs show as classes, so that they can be annotated
VERSION = "__version__"
NOT_SHOWN = {"__class__", "__name__", "__bases__", "__dict__", "__init__", "__file__", "__path__"}
NATIVE = {"read", "write"}  # of every stream, in any build
INHERITED = {"args", "value", "errno"}  # of OSError; `value` is StopIteration's
# Names of aiosocket that its stub leaves out: asyncio's own modules and helpers, and those of the package. MicroPython's manual has none.
INTERNAL = {"TaskQueue", "IOQueue", "SingletonGenerator", "cur_task", "core", "event", "funcs", "lock", "stream", "select", "sys", "ticks",
            "ticks_add", "ticks_diff", "datagram", "dial", "reading", "secure", "server", "waiting"}
CALLED_BY_ASYNCIO = {"remove"}  # when it cancels a task


def ask(interp, text, path=None):
    """What a program prints in an interpreter, line by line as Python values."""
    with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
        file.write(text)
        file.flush()
        env = {**os.environ, "MICROPYPATH": path} if path else None
        result = subprocess.run(["timeout", str(LIMIT), interp, file.name], stdin=subprocess.DEVNULL, capture_output=True, text=True, env=env)
    if result.returncode:
        raise RuntimeError(f"{interp}: {(result.stdout + result.stderr)[-400:]}")
    return [ast.literal_eval(line) for line in result.stdout.splitlines()]


def shown(entries):
    return {name for name in entries if stub.public(name)}


class Names:
    """The names of usocket's stub against the C tables and the interpreters."""

    def __init__(self, tree, check):
        self.check, self.binding = check, binding.Binding()
        self.module = stub.entries(tree.body)

    def same(self, where, wanted, got):
        for name in sorted(wanted | got):
            self.check(name in wanted, where, f"{name} is superfluous")
            self.check(name in got, where, f"{name} is missing")

    def tables(self):
        self.same("usocket and module_table.c", self.binding.names(), shown(self.module))
        for cls in binding.TABLES:
            wanted = set(self.binding.members(cls)) | self.binding.attributes(cls)
            got = shown(self.module[cls].members) - {"__init__"}
            self.same(f"{cls} and its table", wanted, got - ({"__iter__", "__next__"} if cls == "_SocketFile" else set()))
        for cls in ("timeout", "gaierror", "TLSError"):
            self.same(f"{cls} and error_attr", self.binding.attributes(cls) | {"errno"}, shown(self.module[cls].members))

    def interpreter(self, path, functions):
        """One build may lack names, but has none that the stub lacks. Returns its names."""
        with open(os.path.join(ROOT, "test", "stubs", "inside.py"), encoding="utf-8") as file:
            text = file.read()
        counts = {name: (f.least - method, f.most - method) for name, (f, method) in functions.items() if f.table is None}
        keywords = {name: ([row[0] for row in f.table if row[2]], [row[0] for row in f.table]) for name, (f, _) in functions.items() if f.table}
        text = text.replace("KEYWORDS = {}", f"KEYWORDS = {keywords!r}").replace("COUNTS = {}", f"COUNTS = {counts!r}")
        where, names = os.path.relpath(path, ROOT), set()
        for kind, *rest in ask(path, text):
            if kind == "module":
                names = {name for name in rest[0] if not name.startswith("__") or name == VERSION}
                for name, value in rest[0].items():
                    entry = self.module.get(name)
                    if name in names and self.check(entry, where, f"{name} is missing") and entry.number() is not None:
                        self.check(entry.number() == value, where, f"{name} is {value}, and the stub says {entry.number()}")
            elif kind == "class":
                self.of_class(where, *rest)
            elif kind == "count":
                name, many, few = rest
                self.check("takes" in many or "argument" in many, where, f"{name} accepts more arguments than the stub: {many}")
                self.check(few is None or "takes" in few or "argument" in few, where, f"{name} accepts fewer arguments than the stub: {few}")
            else:
                name, known, unknown = rest
                self.check("extra keyword" not in known and "unexpected" not in known, where, f"{name} refuses a keyword of the stub: {known}")
                self.check("extra keyword" in unknown or "unexpected" in unknown, where, f"{name} takes a keyword that it has not: {unknown}")
        return names

    def of_class(self, where, cls, names):
        got = shown(self.module[cls].members)
        for name in sorted(set(names) - NOT_SHOWN - (INHERITED if cls in ("timeout", "gaierror", "TLSError") else set())):
            self.check(name in got, where, f"{cls}.{name} is missing")
        if cls in ("_Ready", "timeout", "gaierror", "TLSError"):  # of the others the tables tell
            for name in sorted(got - {"__iter__", "errno"}):
                self.check(name in names, where, f"{cls}.{name} is superfluous")

    def functions(self):
        """{name in the stub: (C function, 1 for a method)} of everything that can be called."""
        found = {name: (f, 0) for name, f in self.binding.functions().items() if name != "socket"}
        for cls in binding.TABLES:
            found.update({f"{cls}.{name}": (f, 1) for name, f in self.binding.members(cls).items()})
        found["socket"] = (self.binding.constructor("socket"), 0)
        return found

    def arguments(self, functions):
        for name, (function, method) in functions.items():
            cls, _, member = name.rpartition(".")
            members = self.module[cls].members if cls else self.module
            if (member or name) not in members:
                continue  # it has been reported
            entry = members[member or name]
            made = not method and isinstance(entry.first, ast.ClassDef)
            shapes = stub.signatures(entry.members["__init__"] if made else entry, method or made)
            if function.table is None:
                self.by_position(name, function, method, shapes)
            else:
                self.by_name(name, function, shapes)

    def by_position(self, name, function, method, shapes):
        least, most = function.least - method, function.most - method
        self.check(not any(s.rest for s in shapes), name, "the module takes these arguments by position only: a / is missing")
        self.check(min(s.required for s in shapes) == least, name, f"at least {least} arguments are required")
        self.check(max(s.only for s in shapes) == most, name, f"at most {most} arguments are possible")

    def by_name(self, name, function, shapes):
        order = [row[0] for row in function.table]
        self.check(all(s.only == 0 for s in shapes), name, "the module takes these arguments by keyword, too: the / is superfluous")
        self.same(f"arguments of {name}", set(order), {arg for s in shapes for arg, _, _ in s.rest})
        for s in shapes:
            given = [arg for arg, _, _ in s.rest if arg in order]
            self.check(given == sorted(given, key=order.index), name, f"the order is {order}")
        self.check(any([arg for arg, _, _ in s.rest] == order for s in shapes), name, f"no signature has all of {order}")
        for arg, alone, required, default in function.table:
            rows = [row for s in shapes for row in s.rest if row[0] == arg]
            full = [row for s in shapes if len(s.rest) == len(order) for row in s.rest if row[0] == arg]
            self.check(all(row[1] == alone for row in full), name, f"{arg} is {'' if alone else 'not '}by keyword only")
            self.check(all(row[2] is None for row in rows) == required, name, f"{arg} is {'' if required else 'not '}required")
            told = [row[2] for row in rows if row[2] not in (None, "...")]
            self.check(default is None or not told or set(told) == {default}, name, f"the default of {arg} is {default}, not {told}")


def compare_usocket(tree, interps, whole, check):
    """interps: all interpreters; whole: those with all options on, which together have every name of the stub."""
    names = Names(tree, check)
    functions = names.functions()
    names.tables()
    names.arguments(functions)
    found = {path: names.interpreter(path, functions) for path in interps}
    if whole:
        names.same("usocket and " + ", ".join(os.path.relpath(path, ROOT) for path in whole), set().union(*(found[path] for path in whole)), shown(names.module))


def compare_aiosocket(tree, interp, check):
    source, module = package.Package(), stub.entries(tree.body)
    there = {name for name in ask(interp, "import aiosocket\nprint(dir(aiosocket))\n", ROOT + ":.frozen")[0] if not name.startswith("_")}
    got = shown(module) | stub.imported(tree)
    for name in sorted(there | got | INTERNAL):
        check(name in got or name in INTERNAL, "aiosocket", f"{name} is missing")
        check(name in there or name in INTERNAL, "aiosocket", f"{name} is superfluous")
        check(not (name in got and name in INTERNAL), "aiosocket", f"{name} is both in the stub and in INTERNAL")
    for name in source.exported:
        if name not in module:
            continue
        if name in source.functions:
            compare_function(source, f"aiosocket.{name}", source.functions[name], module[name], False, check)
        elif name in source.classes:
            methods, attributes = source.members(name)
            inner = module[name].members
            wanted = (set(methods) | attributes) - CALLED_BY_ASYNCIO - {"__repr__"}
            for member in sorted(wanted | shown(inner)):
                check(member in inner, f"aiosocket.{name}", f"{member} is missing")
                check(member in wanted, f"aiosocket.{name}", f"{member} is superfluous")
            for member in sorted(set(methods) & set(inner)):
                compare_function(source, f"aiosocket.{name}.{member}", methods[member], inner[member], True, check)


def compare_function(source, where, node, entry, method, check):
    check(isinstance(entry.first, ast.AsyncFunctionDef) == source.awaited(node), where, f"it is {'' if source.awaited(node) else 'not '}awaited")
    wanted = stub.Signature(node, method).rest
    for shape in stub.signatures(entry, method):
        check([row[:2] for row in shape.rest] == [row[:2] for row in wanted], where, f"the arguments are {wanted}, not {shape.rest}")
        for (arg, _, default), (_, _, told) in zip(wanted, shape.rest):
            check((default is None) == (told is None) and (told == "..." or source.value(default) == told), where,
                  f"the default of {arg} is {source.value(default)}, not {told}")
