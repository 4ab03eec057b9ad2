"""The names, signatures and docstrings of a stub file.

A name with one underscore exists in a stub only, except _GLOBAL_DEFAULT_TIMEOUT.
"""

import ast

HIDDEN = "_GLOBAL_DEFAULT_TIMEOUT"


def read(path):
    with open(path, encoding="utf-8") as file:
        return ast.parse(file.read(), path)


def public(name):
    return not name.startswith("_") or name == HIDDEN or name.startswith("__")


class Entry:
    """One name of a module or a class: its definitions (several of an overloaded function), and its docstring."""

    def __init__(self, name):
        self.name, self.nodes, self.doc, self.members = name, [], None, {}

    @property
    def first(self):
        return self.nodes[0]

    def is_function(self):
        return isinstance(self.first, (ast.FunctionDef, ast.AsyncFunctionDef)) and not self.is_property()

    def is_property(self):
        return any(isinstance(d, ast.Name) and d.id == "property" for d in getattr(self.first, "decorator_list", ()))

    def number(self):
        """The number of a constant that is Final, or None."""
        value = getattr(self.first, "value", None)
        try:
            return ast.literal_eval(value) if isinstance(self.first, ast.AnnAssign) and value is not None else None
        except ValueError:
            return None


def entries(body):
    """{name: Entry} of a module's or a class's body, private names included; imports are no entries."""
    found = {}
    for place, node in enumerate(body):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            name, doc = node.name, ast.get_docstring(node)
        elif isinstance(node, ast.AnnAssign):
            name, doc = node.target.id, None
        elif isinstance(node, ast.Assign):
            name, doc = node.targets[0].id, None
        else:
            continue
        after = body[place + 1] if place + 1 < len(body) else None
        if isinstance(node, (ast.AnnAssign, ast.Assign)) and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            doc = ast.get_docstring(ast.Module([after], []))
        entry = found.setdefault(name, Entry(name))
        entry.nodes.append(node)
        entry.doc = entry.doc or doc
        if isinstance(node, ast.ClassDef):
            entry.members = entries(node.body)
    return found


def imported(tree):
    """The names that the stub passes on: `import x as x` and `from m import x as x`."""
    return {alias.asname for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom)) for alias in node.names
            if alias.asname and alias.asname == alias.name}


class Signature:
    """Parameters of one definition, without self.

    only: how many can be given by position alone, required of them; rest: [(name, keyword only, default)], where a default is None if
    the parameter is required, and the source of the default otherwise.
    """

    def __init__(self, node, method):
        a = node.args
        static = any(isinstance(d, ast.Name) and d.id == "staticmethod" for d in node.decorator_list)
        named = [*a.posonlyargs, *a.args]
        defaults = [None] * (len(named) - len(a.defaults)) + [ast.unparse(d) for d in a.defaults]
        both = list(zip(named, defaults, [True] * len(a.posonlyargs) + [False] * len(a.args)))
        if method and not static:
            both = both[1:]
        only = [default for _, default, alone in both if alone]
        self.only, self.required = len(only), sum(default is None for default in only)
        self.rest = [(arg.arg, False, default) for arg, default, alone in both if not alone]
        self.rest += [(arg.arg, True, default and ast.unparse(default)) for arg, default in zip(a.kwonlyargs, a.kw_defaults)]


def signatures(entry, method):
    return [Signature(node, method) for node in entry.nodes]


def documented(tree, where):
    """Yield (name, Entry) of all that an editor shows, members as Class.name."""
    for name, entry in entries(tree.body).items():
        alias = not entry.doc and isinstance(entry.first, (ast.Assign, ast.AnnAssign)) and name.startswith("_") and name != HIDDEN
        if alias:
            continue  # a TypeAlias or a TypeVar
        yield f"{where}.{name}", entry
        for member, inner in entry.members.items():
            yield f"{where}.{name}.{member}", inner


def without_docs(path):
    """The dump of a stub without its docstrings, to compare two languages."""
    tree = read(path)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [n for n in body if not (isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant))]
    return ast.dump(tree)
