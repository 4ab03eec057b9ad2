"""The version of the project: one number, in every file that has to state it.

include/usocket/version.h is the source. The Makefile and tools/install.py read it there; the files of FILES repeat it, because their
readers read nothing else. micropython/manifest.py has no metadata(): MicroPython would write the number into every frozen file, those of
its own asyncio too.
"""

import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HEADER = "include/usocket/version.h"

# File, and a pattern around the number. {} is the number, {digits} the same without dots.
FILES = (
    (HEADER, r'#define USOCKET_VERSION "{}"'),
    ("aiosocket/package.json", r'"version": "{}"'),
    ("lib/ssl/package.json", r'"version": "{}"'),
    ("lib/ssl/manifest.py", r'version="{}"'),
    ("lib/aiosocket/manifest.py", r'version="{}"'),
    ("lib/ssl/usocket_ssl.py", r'__version__ = "{}"'),
    ("stubs/pyproject.toml", r'(?m)^version = "{}"'),
    ("port/rtthread/package.json", r'"version": "v{}"'),
    ("port/rtthread/package.json", r'/v{}\.zip"'),
    ("port/rtthread/package.json", r'"usocket-{}\.zip"'),
    ("port/rtthread/Kconfig", r'bool "v{}"'),
    ("port/rtthread/Kconfig", r'default "v{}" if PKG_USING_USOCKET_V{digits}'),
    ("docs/reference.md", r">>> usocket\.__version__\n'{}'"),
    ("CHANGELOG.md", r"(?s)\A# Changes\n\n[^#]*## \[{}\]"),
)


def text_of(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def version():
    """The version as version.h has it in three numbers."""
    text = text_of(HEADER)
    return ".".join(re.search(rf"#define USOCKET_VERSION_{part} (\d+)", text)[1] for part in ("MAJOR", "MINOR", "PATCH"))


def problems():
    number = version()
    found = []
    for path, pattern in FILES:
        wanted = pattern.format(re.escape(number), digits=number.replace(".", ""))
        if not re.search(wanted, text_of(path)):
            found.append(f"{path} does not have the version {number} of {HEADER}: no {wanted}")
    return found


if __name__ == "__main__":
    print(version())
