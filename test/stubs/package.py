"""Names and arguments of aiosocket, read from its Python files."""

import ast
import glob
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Package:
    def __init__(self):
        self.classes, self.functions, self.constants, self.exported = {}, {}, {}, []
        for path in sorted(glob.glob(os.path.join(ROOT, "aiosocket", "*.py"))):
            with open(path, encoding="utf-8") as file:
                tree = ast.parse(file.read(), path)
            for node in tree.body:
                if isinstance(node, ast.ClassDef):
                    self.classes[node.name] = node
                elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    self.functions[node.name] = node
                elif isinstance(node, ast.Assign):
                    self.constants.update({t.id: node.value for t in node.targets if isinstance(t, ast.Name)})
                elif isinstance(node, ast.ImportFrom) and path.endswith("__init__.py"):
                    self.exported += [a.name for a in node.names if not (a.asname or a.name).startswith("_")]

    def lineage(self, name):
        """A class and its bases in the package, the class first."""
        while name in self.classes:
            yield self.classes[name]
            bases = [b.id for b in self.classes[name].bases if isinstance(b, ast.Name)]
            name = bases[0] if bases else None

    def members(self, name):
        """{name: node} of methods, {names} of attributes, those of bases included."""
        methods, attributes = {}, set()
        for cls in self.lineage(name):
            own = {n.name: n for n in cls.body if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))}
            for node in cls.body:
                if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id in own:
                    own.update({t.id: own[node.value.id] for t in node.targets})
                elif isinstance(node, ast.Assign):
                    attributes |= {t.id for t in node.targets if isinstance(t, ast.Name)}
            for method, node in own.items():
                methods.setdefault(method, node)
            init = own.get("__init__")
            for node in ast.walk(init) if init else ():
                if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and isinstance(node.value, ast.Name) and node.value.id == "self":
                    attributes.add(node.attr)
        properties = {n for n, node in methods.items() if any(isinstance(d, ast.Name) and d.id == "property" for d in node.decorator_list)}
        return ({n: node for n, node in methods.items() if n not in properties and (not n.startswith("_") or n.startswith("__"))},
                {n for n in attributes if not n.startswith("_")} | properties)

    @staticmethod
    def awaited(node):
        """True if the result of a function is awaited: a coroutine, or a generator, or what `_try` and `_more` return."""
        if isinstance(node, ast.AsyncFunctionDef):
            return True
        inner = [n for n in ast.walk(node) if isinstance(n, (ast.Yield, ast.YieldFrom))]
        passed_on = [n for n in ast.walk(node) if isinstance(n, ast.Return) and re.match(r"self\._try\(", ast.unparse(n.value or ast.Constant(0)))]
        return bool(inner or passed_on)

    def value(self, source):
        """The source of a default, with the package's constants put in."""
        return ast.unparse(self.constants[source]) if source in self.constants else source
