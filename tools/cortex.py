"""Compile and link for a Cortex-M4: for tools/size.py.

Everything is compiled with arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb -Os. "flash" is text + rodata + data, "RAM" is data + bss.
"""

import concurrent.futures
import glob
import hashlib
import os
import re
import subprocess
import tempfile

import cache
import stacks

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OUT = os.path.join(ROOT, "build/size")
KEPT = os.path.join(ROOT, "build/size-objects")  # objects that a later run finds again
CC, SIZE, NM = "arm-none-eabi-gcc", "arm-none-eabi-size", "arm-none-eabi-nm"
FLAGS = "-mcpu=cortex-m4 -mthumb -Os -ffunction-sections -fdata-sections -std=gnu99 -DNDEBUG -w -Werror=implicit-function-declaration".split()

# Headers of a BSD system that newlib lacks; each includes tools/arm/stack.h.
STACK = ("sys/socket.h", "sys/ioctl.h", "sys/un.h", "sys/uio.h", "netinet/in.h", "netinet/tcp.h", "arpa/inet.h",
         "netdb.h", "net/if.h", "poll.h", "sys/eventfd.h", "sys/epoll.h", "sys/timerfd.h", "sys/random.h")
# newlib declares these only if the system claims to have them.
SYSTEM = ["-D_POSIX_THREADS=1", "-D_POSIX_TIMERS=1", "-D_POSIX_MONOTONIC_CLOCK=1", "-D_GNU_SOURCE",
          "-DPTHREAD_STACK_MIN=1024"]

# For USOCKET_TLS=1: only this project's code is counted, without mbedTLS's.
MBEDTLS = ["-DMBEDTLS_USER_CONFIG_FILE=\"mbedtls_user.h\"", "-I%s/port/posix" % ROOT, "-isystem",
           os.path.join(os.path.abspath(os.environ.get("MBEDTLS_TREE") or os.path.join(ROOT, "build/mbedtls-3.6.6")), "include")]

# The same on RT-Thread, with mbedTLS as its package is configured.
TLS_RTTHREAD = ["-DMBEDTLS_CONFIG_FILE=<tls_config.h>", '-DMBEDTLS_USER_CONFIG_FILE="%s/port/rtthread/mbedtls_user.h"' % ROOT, *MBEDTLS[2:]]

# With these the module has every name that it can have.
EVERY_NAME = {"USOCKET_TLS": 1, "USOCKET_UNIX": 1, "USOCKET_RACE": 4, "USOCKET_ASYNC": 1, "USOCKET_POLLER": 1}

# libgcc's helpers for integers of 64 bits.
WIDE = ["__aeabi_" + name for name in (
    "ldivmod", "uldivmod", "lmul", "llsl", "llsr", "lasr", "lcmp", "ulcmp", "l2f", "ul2f", "l2d", "ul2d", "f2lz", "f2ulz", "d2lz", "d2ulz")] + [
    "__popcountdi2", "__clzdi2", "__ctzdi2", "__ffsdi2", "__bswapdi2", "__negdi2", "__absvdi2", "__mulvdi3"]

KINDS = ("text", "rodata", "data", "bss")


class Problem(Exception):
    pass


class Bytes(dict):
    """Bytes per kind of section."""

    def __init__(self):
        super().__init__((kind, 0) for kind in KINDS)

    def add(self, section, size):
        for kind in KINDS:
            if section == "." + kind or section.startswith("." + kind + ".") or (section, kind) == ("COMMON", "bss"):
                self[kind] += size

    def join(self, other):
        for kind in KINDS:
            self[kind] += other[kind]
        return self

    @property
    def flash(self):
        return self["text"] + self["rodata"] + self["data"]

    @property
    def ram(self):
        return self["data"] + self["bss"]


def total(parts):
    result = Bytes()
    for part in parts:
        result.join(part)
    return result


def call(command, text=None):
    result = subprocess.run(command, input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if result.returncode != 0:
        errors = [line for line in result.stderr.splitlines() if "error" in line or "undefined" in line]
        raise Problem((errors or result.stderr.splitlines() or ["failed: " + command[0]])[0].replace(ROOT + "/", ""))
    return result.stdout


def write(path, words):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(words)


def read(path):
    with open(path, errors="replace") as file:
        return file.read()


def different(some, others):
    """The names of macros that differ, with those that refer to them."""
    names = {name for name in some.keys() | others.keys() if some.get(name) != others.get(name)}
    while True:
        more = {name for macros in (some, others) for name, value in macros.items() if names & set(re.findall(r"\w+", value))} - names
        if not more:
            return names
        names |= more


class Linked:
    """What the linker leaves of a build."""

    def __init__(self, parts, libgcc, wide, functions):
        self.parts = parts  # {path: Bytes}; with LTO all is under None
        self.libgcc = libgcc  # bytes of libgcc's members that the objects need
        self.wide = wide  # those of them that are there for helpers of 64 bits (WIDE)
        self.functions = functions  # [(name, bytes)]

    @property
    def flash(self):
        return total(self.parts.values()).flash + self.libgcc

    @property
    def ram(self):
        return total(self.parts.values()).ram


class Target:
    """A directory for objects, with the headers that the sources need. root: a tree of this project."""

    kept_now = set()  # the objects of this run in KEPT

    def __init__(self, micropython, root=ROOT, out=OUT):
        self.micropython, self.root, self.out = micropython, root, out
        self.arm = root + "/tools/arm"
        self.library = self.sources("posix")
        self.binding = sorted(glob.glob(root + "/micropython/*.c"))
        self.objects = {}  # {object file: "file" or "file, for port"}
        self.modules = [micropython + "/ports/unix/modsocket.c", micropython + "/extmod/modlwip.c"]
        self.runs = 0
        self.compiled = {}  # {what was compiled: object file}
        self.texts = {}  # {source, flags: [(knobs as config.h completes them, names of knobs in its files, digest of the preprocessed source)]}
        self.knobs = {}  # {flags: those knobs}
        self.words = {}  # {file: names of knobs in it}
        self.sections = {}  # {object file: [(section, bytes)]}
        self.parts = {}  # every function and table of the last measurement of a file: {(file, name): bytes}
        for name in STACK:
            write("%s/include/%s" % (self.out, name), '#include "stack.h"\n')
        lwip = os.environ.get("LWIP_DIR") or "".join(sorted(glob.glob(ROOT + "/build/lwip-*[0-9]"))[-1:])
        self.ports = {
            "posix": ["-I%s/include" % self.out, "-I" + self.arm] + SYSTEM,
            "lwip": ['-DUSOCKET_CONFIG_FILE="usocket_config.h"', "-DFD_SETSIZE=1024", "-I%s/lwip" % self.arm, "-I%s/test/lwip" % self.root,
                     "-I%s/src/include" % lwip],
            "rtthread": ["-D__RTTHREAD__", '-DUSOCKET_CONFIG_FILE="usocket_config.h"', "-I%s/test/sal/rtthread" % self.root,
                         "-I%s/test/sal/include" % self.root, "-I%s/include" % self.out, "-I" + self.arm] + SYSTEM,
        }
        # MicroPython's configuration of lwIP, as test/board/ has it.
        self.ports["lwip_raw"] = ['-DUSOCKET_CONFIG_FILE="usocket_config.h"', "-DUSOCKET_IN_MICROPYTHON=1", "-DUSOCKET_IS_SOCKET=1",
                                  *self.interpreter(), "-I%s/test/board" % root, "-I%s/src/include" % lwip]
        self.generate()

    def interpreter(self):
        """Where MicroPython's headers are."""
        return ["-I" + self.out, "-I" + self.arm, "-I" + self.micropython, "-I%s/extmod" % self.micropython]

    def generate(self):
        """Generate the headers that MicroPython's build derives from its sources: names, root pointers, modules."""
        py = sorted(glob.glob(self.micropython + "/py/*.[ch]"))
        ours = sorted(glob.glob(self.root + "/micropython/*.[ch]"))
        for name in ("root_pointers.h", "moduledefs.h", "compressed.data.h", "mpversion.h"):
            write("%s/genhdr/%s" % (self.out, name), "")
        words = [read(path) for path in py + ours]
        for defines, port in (({}, "posix"), (EVERY_NAME, "posix"), ({}, "lwip_raw"), ({}, "rtthread")):
            words.append(self.preprocessed(self.binding, defines, port))
        for path in self.modules:
            try:
                words.append(call([CC] + self.flags(path, {"NO_QSTR": 1}) + ["-E", path]))
            except Problem:
                pass  # the compiler will report it
        names = dict.fromkeys(name for text in words for name in re.findall(r"\bMP_QSTR_(\w*)", text))
        write(self.out + "/genhdr/qstrdefs.generated.h", "QDEF0(MP_QSTRnull, 0, 0, \"\")\n" + "".join(
            'QDEF1(MP_QSTR_%s, 0, %d, "%s")\n' % (name, len(name), name) for name in names))
        roots = []
        for path in py + self.modules + ours:
            roots += re.findall(r"^\s*MP_REGISTER_ROOT_POINTER\((.*)\);", read(path), re.M)
        write(self.out + "/genhdr/root_pointers.h", "".join(root + ";\n" for root in dict.fromkeys(roots)))

    def preprocessed(self, paths, defines, port):
        """The text of several files of the binding or the interpreter, in which macros have become the names of strings."""
        flags = self.flags(self.binding[0], {"NO_QSTR": 1, **defines}, port)
        return call([CC, *flags, "-E", "-P", "-x", "c", "-"], "".join('#include "%s"\n' % path for path in paths))

    def sources(self, port):
        """The library on a port: core, common files, the port's own."""
        return sorted(glob.glob(self.root + "/src/*/*.c") + glob.glob(self.root + "/port/*.c") + glob.glob("%s/port/%s/*.c" % (self.root, port)))

    def flags(self, path, defines, port="posix"):
        sees = port == "lwip_raw" or path in self.binding or path in self.modules  # MicroPython's configuration
        given = FLAGS + ["-D%s=%s" % item for item in defines.items() if sees or not item[0].startswith("MICROPY_")]
        given += ["-I%s/include" % self.root, "-I%s/port/%s" % (self.root, port)]
        if port != "posix":
            given += self.ports[port] + (TLS_RTTHREAD if "USOCKET_USING_TLS" in defines else [])
            return given + (self.interpreter() if path in self.binding else [])
        given += ["-I%s/include" % self.out, "-I" + self.arm]
        if str(defines.get("USOCKET_TLS")) == "1":
            given += MBEDTLS
        if sees:
            given += self.interpreter()
        if path.endswith("modlwip.c"):
            lwip = next((d for d in (self.micropython + "/lib/lwip/src/include", "/usr/include/lwip")
                         if os.path.exists(d + "/lwip/init.h")), None)
            if not lwip:
                raise Problem("lwIP's headers are not here (package liblwip-dev)")
            return given + ["-I%s/ports/stm32/lwip_inc" % self.micropython, "-I" + lwip]
        return given + SYSTEM

    def compile(self, paths, defines=None, port="posix", options=(), extra=()):
        """Compile sources; returns {path: object file}. extra: flags of objects that are kept; options: of such as are not."""
        self.runs += 1
        where = "%s/%d" % (self.out, self.runs)
        os.makedirs(where, exist_ok=True)
        flags = {path: (*self.flags(path, defines or {}, port), *options) for path in paths}
        objects, commands = {}, []
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for path, text in zip(paths, pool.map(lambda path: options or self.text(path, flags[path], extra), paths)):
                name = os.path.relpath(path, self.root)
                key = (path, flags[path] if options else text, extra)
                if key not in self.compiled:
                    self.compiled[key] = "%s/%s.o" % (where, name.replace("/", "_")) if options else self.kept(path, text, extra)
                    if options:
                        commands.append([CC, *flags[path], "-c", "-o", self.compiled[key], path])
                    elif not extra:
                        self.objects[self.compiled[key]] = name if "port/" + port in name or port == "posix" else "%s, for %s" % (name, port)
                objects[path] = self.compiled[key]
            list(pool.map(call, commands))
        return objects

    def text(self, path, flags, extra=()):
        """A digest of the source as the compiler sees it, which is compiled. A knob that no file of a source mentions makes no other text."""
        if flags not in self.knobs:
            macros = call([CC, *flags, "-E", "-dM", self.root + "/include/usocket/config.h"])
            self.knobs[flags] = dict(re.findall(r"^#define (USOCKET_\w+)(.*)\n", macros, re.M))
        key = (path, extra, tuple(flag for flag in flags if not flag.startswith("-DUSOCKET_")))
        knobs, earlier = self.knobs[flags], self.texts.setdefault(key, [])
        for others, words, digest in earlier:
            if not words & different(knobs, others):
                return digest
        with tempfile.NamedTemporaryFile("r", suffix=".d", dir=self.out) as rules:
            text = call([CC, *flags, "-E", "-P", "-MD", "-MF", rules.name, path])
            files = rules.read().replace("\\\n", " ").partition(": ")[2].split()
        digest = hashlib.sha1(text.encode()).digest()
        words = set().union(*(self.mentions(name) for name in files if not name.endswith("/include/usocket/config.h")))
        earlier.append((knobs, words, digest))
        made = self.kept(path, digest, extra)
        if not os.path.exists(made):
            call([CC, *FLAGS, *extra, "-x", "cpp-output", "-c", "-o", made + ".new", "-"], text)
            os.replace(made + ".new", made)
        return digest

    def mentions(self, name):
        """The names of knobs in a file."""
        if name not in self.words:
            self.words[name] = set(re.findall(r"\bUSOCKET_\w+", read(name)))
        return self.words[name]

    def kept(self, path, text, extra):
        """The place of an object in KEPT, where a later run finds it. The name tells all that the object depends on."""
        made = "%s/%s.o" % (KEPT, cache.key("size", cache.version(CC), *FLAGS, *extra, os.path.relpath(path, self.root), text))
        self.kept_now.add(made)
        return made

    def graph(self, port):
        """The call graph of the library on a port, with the stack of each function."""
        folder, option = "%s/graph_%s" % (self.out, port), "-fcallgraph-info=su"
        write(folder + "/stub.c", stacks.stub())
        call([CC, *self.flags(folder + "/stub.c", {}, port), option, "-c", "-o", folder + "/stub.o", folder + "/stub.c"])

        def one(path):
            flags = tuple(self.flags(path, {}, port))
            made = self.kept(path, self.text(path, flags), (option,))
            if not os.path.exists(made):
                call([CC, *flags, option, "-c", "-o", made[:-2] + ".new.o", path])
                os.replace(made[:-2] + ".new.ci", made[:-2] + ".ci")
                os.replace(made[:-2] + ".new.o", made)
            os.link(made[:-2] + ".ci", "%s/%s.ci" % (folder, os.path.relpath(path, self.root).replace("/", "_")))

        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(one, self.sources(port)))
        graph = stacks.graph_of(folder)
        if graph.problems:
            raise Problem(graph.problems[0])
        return graph

    def measure(self, paths, defines=None, port="posix"):
        """Measure whole objects; returns {path: Bytes}."""
        found = {}
        for path, name in self.compile(paths, defines, port).items():
            found[path] = Bytes()
            if name not in self.sections:
                self.sections[name] = re.findall(r"^(\S+)\s+(\d+)\s+\d+$", call([SIZE, "-A", name]), re.M)
            for section, size in self.sections[name]:
                found[path].add(section, int(size))
                if re.match(r"\.(text|rodata|data)\.", section):
                    self.parts[os.path.relpath(path, self.root), section] = int(size)
        return found

    def link(self, paths, defines, roots, port="posix", extra=()):
        """Link with only the roots and the functions that they need, and with libgcc; returns a Linked."""
        if not roots:
            raise Problem("the sources register no module")
        objects = self.compile(paths, defines, port, extra=extra)
        output = "%s/%d/linked" % (self.out, self.runs)
        names = {name: path for path, name in objects.items()}

        def run(*more):
            """(parts by path, bytes of libgcc)"""
            call([CC, *FLAGS, *extra, "-nostdlib", "-Wl,--gc-sections,--unresolved-symbols=ignore-all,-Map=%s.map" % output,
                  "-Wl,-e," + roots[0], *("-Wl,-u," + root for root in roots), *more, "-o", output + ".elf", *objects.values(), "-lgcc"])
            found, libgcc = {path: Bytes() for path in paths}, Bytes()
            placed = read(output + ".map").split("Linker script and memory map")[1]
            for section, size, name in re.findall(r"^ (\.\S+|COMMON)\s+0x[0-9a-f]+\s+0x([0-9a-f]+)\s+(\S+)$", placed, re.M):
                part = libgcc if "libgcc.a(" in name else found.setdefault(names.get(name), Bytes())
                part.add(section, int(size, 16))
            return found, libgcc.flash

        narrow = run(*("-Wl,--defsym=%s=0" % name for name in WIDE))[1]
        found, libgcc = run()
        if not total(found.values()).flash:
            raise Problem("nothing linked for %s" % roots[0])
        symbols = re.findall(r"^\w+ (\w+) [tTwW] (\S+)$", call([NM, "-S", output + ".elf"]), re.M)
        return Linked(found, libgcc, libgcc - narrow, [(name, int(size, 16)) for size, name in symbols])
