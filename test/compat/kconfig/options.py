#!/usr/bin/python3
"""Sets the package's options in the option trees of RT-Thread's generations, in all combinations, with Debian's python3-kconfiglib.

usage: test/compat/kconfig/options.py KCONFIG [GENERATION]...

Prints JSON: what is wrong, how many combinations there were, the options' names and defaults, the versions. The trees are rtthread-4.0,
rtthread-5 and packages, beside this script. RT_VER_NUM is what a version writes there; None: the tree has no such option.
"""

import json
import os
import sys
import tempfile

import kconfiglib

HERE = os.path.dirname(os.path.abspath(__file__))
GENERATIONS = {"rtthread-4.0": ("0x40002", "0x40003", None), "rtthread-5": ("0x40100", "0x50001", "0x50200", None)}
# The option without which there is no poll.
POLL = {"rtthread-4.0": "RT_USING_POSIX", "rtthread-5": "RT_USING_POSIX_POLL"}
COMBINED = ("USOCKET_USING_POSIX", "USOCKET_USING_NAMES", "USOCKET_USING_RESOLVER_WORKER", "USOCKET_USING_THREADS", "USOCKET_USING_EVENT_LOOP",
            "PKG_USING_MICROPYTHON", "MICROPYTHON_USING_USOCKET", "RT_USING_LWIP", "RT_USING_DFS")


def tree(generation, version, ours):
    with tempfile.NamedTemporaryFile("w", suffix=".kconfig") as file:
        number = f"config RT_VER_NUM\n    hex\n    default {version}\n" if version else ""
        file.write(f'mainmenu "test"\nsource "{HERE}/{generation}"\nsource "{HERE}/packages"\n{number}source "{ours}"\n')
        file.flush()
        options = kconfiglib.Kconfig(file.name, warn_to_stderr=False)
    options.syms["PKG_USING_USOCKET"].set_value("y")
    return options


def wrong(options, generation, on):
    """What the rules say against one combination."""
    rules = {
        "SAL": on("RT_USING_SAL"),
        "POSIX brings SAL_USING_POSIX": not on("USOCKET_USING_POSIX") or on("SAL_USING_POSIX"),
        f"POSIX brings {POLL[generation]}": not on("USOCKET_USING_POSIX") or on(POLL[generation]),
        "a worker needs threads": not on("USOCKET_USING_RESOLVER_WORKER") or on("USOCKET_USING_THREADS"),
        "a race needs names": not on("USOCKET_USING_EVENT_LOOP") or on("USOCKET_USING_NAMES"),
        "the module, where MicroPython has none": on("MICROPYTHON_USING_USEREXTMODS") ==
            (on("PKG_USING_MICROPYTHON") and not on("MICROPYTHON_USING_USOCKET")),
    }
    for symbol in options.unique_defined_syms:
        symbol.str_value  # kconfiglib warns of an unmet dependency when a value is computed
    return [rule for rule, good in rules.items() if not good] + options.warnings


def combinations(options, generation):
    """Every combination, each different from the one before in one option."""
    def on(name):
        return options.syms[name].tri_value == 2

    found, values = {}, dict.fromkeys(COMBINED, 2)
    for name in COMBINED:
        options.syms[name].set_value("y")
    for number in range(1, 1 + 2 ** len(COMBINED)):
        for problem in wrong(options, generation, on):
            found.setdefault(problem, [name for name in COMBINED if values[name] == 2])
        options.warnings.clear()
        name = COMBINED[min((number & -number).bit_length() - 1, len(COMBINED) - 1)]
        values[name] = 2 - values[name]
        options.syms[name].set_value(values[name])
    return number, found


def main():
    ours, *generations = sys.argv[1:]
    told = {"wrong": [], "combinations": 0}
    for generation in generations or GENERATIONS:
        for version in GENERATIONS[generation]:
            options = tree(generation, version, ours)
            number, found = combinations(options, generation)
            told["combinations"] += number
            told["wrong"] += [f"{generation}, {version}: {problem} with {' '.join(on)}" for problem, on in found.items()]

    options = tree("rtthread-5", "0x50200", ours)
    told["names"] = [symbol.name for symbol in options.unique_defined_syms]
    mine = [symbol for symbol in options.unique_defined_syms if symbol.name.startswith("USOCKET_")]
    for name in ("RT_USING_LWIP", "RT_USING_LWIP_IPV6", "PKG_USING_MICROPYTHON", "PKG_USING_MBEDTLS", "RT_USING_HWCRYPTO", "RT_HWCRYPTO_USING_RNG"):
        options.syms[name].set_value("y")
    told["defaults"] = {symbol.name: symbol.str_value for symbol in mine if symbol.visibility}
    options.syms["USOCKET_USING_TLS"].set_value("y")
    told["defaults"].update({symbol.name: symbol.str_value for symbol in mine if symbol.visibility and symbol.name not in told["defaults"]})
    version, latest = options.syms["PKG_USOCKET_VER"], options.syms["PKG_USING_USOCKET_LATEST_VERSION"]
    told["versions"] = [version.str_value]
    latest.set_value("y")
    told["versions"].append(version.str_value)
    options.syms["PKG_USING_USOCKET"].set_value("n")
    told["off"] = [symbol.name for symbol in mine if symbol.str_value not in ("n", "")]
    print(json.dumps(told))


if __name__ == "__main__":
    main()
