"""Names and arguments in the C files of the binding, which have those of all configurations."""

import glob
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TABLES = {"socket": "socket_locals_table", "_SocketFile": "file_locals_table", "poller": "poller_locals_table",
          "resolver": "operation_locals_table", "dialer": "operation_locals_table"}
# Attributes that no table has: class -> (function of C, names)
ATTRIBUTES = {"socket": "socket_attr", "timeout": "error_attr", "gaierror": "error_attr", "TLSError": "error_attr"}
CONSTRUCTORS = {"socket": "socket_make_new"}
IDENTITY = "mp_identity_obj"


class Function:
    """Arguments that C accepts, self among them: least and most by position; table: [(name, keyword only, required, default)] or None."""

    def __init__(self, least, most, table=None):
        self.least, self.most, self.table = least, most, table


class Binding:
    def __init__(self):
        self.text = {}
        for path in sorted(glob.glob(os.path.join(ROOT, "micropython", "*.[ch]"))):
            with open(path, encoding="utf-8") as file:
                self.text[os.path.basename(path)] = file.read()
        self.all = "\n".join(self.text.values())
        self.objects = self.find_objects()

    def body(self, name):
        """The text of a C function."""
        found = re.search(r"^(?!MP_)[\w *]*\b%s\([^;{]*\) \{\n.*?^\}" % re.escape(name), self.all, re.S | re.M)
        return found.group() if found else ""

    def arguments(self, function):
        """The mp_arg_t table of a C function, or of the one that it calls with its arguments."""
        body = self.body(function)
        found = re.search(r"mp_arg_t allowed\[\] = \{(.*?)\n?\s*\};", body, re.S)
        if not found:
            for callee in re.findall(r"\b(\w+)\(n_args, pos_args, kw_args,", body):
                return self.arguments(callee)
            return None
        rows = re.findall(r"\{MP_QSTR_(\w+), ([\w |]+), \{\.u_\w+ = (.*?)\}\}", found.group(1))
        return [(name, "KW_ONLY" in flags, "REQUIRED" in flags, self.default(value)) for name, flags, value in rows]

    @staticmethod
    def default(value):
        """The Python source of a default, or None if C alone knows it."""
        number = re.fullmatch(r"MP_ROM_INT\((-?\w+)\)", value)
        if number:
            known = {"USOCKET_AF_INET": "2"}
            text = known.get(number.group(1), number.group(1))
            return text if text.isdigit() else None
        qstr = re.fullmatch(r"MP_ROM_QSTR\(MP_QSTR_(\w+)\)", value)
        return repr(qstr.group(1)) if qstr else {"MP_ROM_NONE": "None", "false": "False", "true": "True"}.get(value)

    def find_objects(self):
        """{name of the function object: Function}"""
        found = {IDENTITY: Function(1, 1)}
        for n, name in re.findall(r"MP_DEFINE_CONST_FUN_OBJ_(\d)\((\w+), \w+\);", self.all):
            found[name] = Function(int(n), int(n))
        for name, least, most in re.findall(r"MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN\((\w+), (\d+), (\d+), \w+\);", self.all):
            found[name] = Function(int(least), int(most))
        for name, least, function in re.findall(r"MP_DEFINE_CONST_FUN_OBJ_KW\((\w+), (\d+), (\w+)\);", self.all):
            found[name] = Function(int(least), int(least), self.arguments(function))
        return found

    def rows(self, table):
        """{name: the C object} of a dictionary in flash."""
        found = re.search(r"mp_rom_map_elem_t %s\[\] = \{(.*?)^\};" % table, self.all, re.S | re.M)
        return dict(re.findall(r"MP_QSTR_(\w+)\), MP_ROM_PTR\(&(\w+)\)", found.group(1)))

    def members(self, cls):
        """{method: Function} of a class."""
        return {name: self.objects[obj] for name, obj in self.rows(TABLES[cls]).items()}

    def attributes(self, cls):
        return set(re.findall(r"MP_QSTR_(\w+)", self.body(ATTRIBUTES[cls]))) if cls in ATTRIBUTES else set()

    def constructor(self, cls):
        return Function(0, 0, self.arguments(CONSTRUCTORS[cls])) if cls in CONSTRUCTORS else None

    def functions(self):
        """{name: Function} of the module; its class socket is none of them."""
        found = re.search(r"module_globals_table\[\] = \{(.*?)^\};", self.all, re.S | re.M).group(1)
        rows = dict(re.findall(r"MP_QSTR_(\w+)\), MP_ROM_PTR\(&(\w+)\)", found))
        rows.update({name: f"mod_usocket_{name}_obj" for name in re.findall(r"\bFUNCTION\((\w+)\)", found)})
        return {name: self.objects[obj] for name, obj in rows.items() if obj in self.objects and not name.startswith("__")}

    def names(self):
        """All names of the module in any configuration."""
        found = re.search(r"module_globals_table\[\] = \{(.*?)^\};", self.all, re.S | re.M).group(1)
        names = set(re.findall(r"\{MP_ROM_QSTR\(MP_QSTR_(\w+)\)", found))
        names |= set(re.findall(r"\b(?:NUMBER|OURS|FUNCTION)\((\w+)\)", found))
        rows = re.search(r"#define USOCKET_PY_ERROR_NAMES\(ROW\) (.*?)\n#define", self.all, re.S).group(1)
        names |= set(re.findall(r"ROW\((\w+)\)", rows))
        return {name for name in names if not name.startswith("__") or name == "__version__"}
