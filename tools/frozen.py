"""The libraries of MicroPython that tools/build.py freezes into an interpreter, beside the modules of this project.

They come from the checkout of micropython-lib that MICROPYTHON_LIB_DIR names, otherwise from lib/micropython-lib of MicroPython's tree,
where Debian's has mip and requests. One that is missing there is named and left out. MICROPYTHON_LIBS names more of a checkout.
"""

import glob
import os
import shutil

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDERS = ("micropython", "python-stdlib", "python-ecosys")
ALWAYS = ("requests", "mip")
OF_CHECKOUT = ("mip-cmdline", "umqtt.simple", "umqtt.robust", "ntptime", "aiohttp")
# requests turns verification off; with these edits it verifies.
EDITS = (("import tls\n", "import usocket_ssl as tls\n"), ("context.verify_mode = tls.CERT_NONE\n", "\n"))
NEED_REQUESTS = ("requests", "mip", "mip-cmdline")


def packages(library):
    """{name: directory} of a checkout of micropython-lib."""
    found = {}
    for folder in FOLDERS:
        for path in sorted(glob.glob(f"{library}/{folder}/**/manifest.py", recursive=True)):
            found.setdefault(os.path.basename(os.path.dirname(path)), os.path.dirname(path))
    return found


def verifying(package, place):
    """Copy the package requests to `place`, and edit it; False: it has other lines than EDITS."""
    copy = os.path.join(place, "requests")
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(package, copy)
    path = os.path.join(copy, "requests", "__init__.py")
    with open(path) as file:
        text = file.read()
    if any(text.count(old) != 1 for old, _ in EDITS):
        return False
    for old, new in EDITS:
        text = text.replace(old, new)
    with open(path, "w") as file:
        file.write(text)
    return True


def manifest(tree, out, own_socket):
    """Write OUT/manifest.py; returns a sentence on what is missing, or "".

    own_socket: `socket` is this module, and requests verifies; otherwise it stays as it is.
    """
    checkout = os.environ.get("MICROPYTHON_LIB_DIR")
    library = os.path.abspath(checkout or os.path.join(tree, "lib", "micropython-lib"))
    found = packages(library)
    names = [*ALWAYS, *(OF_CHECKOUT if checkout else ()), *os.environ.get("MICROPYTHON_LIBS", "").split()]
    edited = os.path.join(out, "requests")
    lines = [f'add_library("{folder}", "{library}/{folder}", prepend=True)' for folder in FOLDERS]
    lines.append(f'include("{ROOT}/micropython/manifest.py")')
    if own_socket and "requests" in found:
        lines.append(f'add_library("requests", "{edited}", prepend=True)')
        if not verifying(found["requests"], edited):
            found = {name: place for name, place in found.items() if name not in NEED_REQUESTS}
    lines += [f'require("{name}")' for name in names if name in found]
    with open(os.path.join(out, "manifest.py"), "w") as file:
        file.write("\n".join(lines) + "\n")
    missing = [name for name in names if name not in found]
    return f"not frozen, because {library} does not have it as expected: {', '.join(missing)}" if missing else ""
