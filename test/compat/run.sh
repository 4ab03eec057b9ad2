#!/bin/sh
# Compile the binding against the names of MicroPython 1.13, the version of RT-Thread's package.
#
# usage: test/compat/run.sh [MICROPYTHON]
#
# MICROPYTHON is a tree of any version, for test_genhdr.py.
#
# The headers beside this script declare the types, macros and functions of 1.13 that the binding uses, with the signatures
# they have in that version, and nothing else: a newer name or a changed signature fails here.
#
# This does not prove that the binding works there. The layout of structures is not 1.13's, and except for a few functions nothing
# is linked or run. A name that is missing here may exist in 1.13: add it to the headers with its signature in 1.13.
#
# The string names (MP_QSTR_...) are collected from the preprocessed sources, as MicroPython's build does it.
#
# SPDX-License-Identifier: MIT

cd "$(dirname "$0")/../.." || exit 1
compat=test/compat
out=build/compat
rm -rf "$out" && mkdir -p "$out" || exit 1

passed=0 failed=0 skipped=0

pass() {
    passed=$((passed + 1))
    echo "ok    $1"
}

fail() {
    failed=$((failed + 1))
    echo "FAIL  $1"
    grep error: "$out/log" | head -n 20 | sed 's/^/      /'
}

skip() {
    skipped=$((skipped + 1))
    echo "skip  $1: $2"
}

# compile HEADERS SOURCES COMPILER FLAGS...: compiles all sources, with messages to the log.
compile() {
    headers=$1 sources=$2
    shift 2
    flags="-std=gnu99 -I$headers -I$out -Iinclude -Imicropython"
    : > "$out/compat_qstrs.h"
    # Reads preprocessed sources, because names also occur in macro arguments.
    "$@" $flags -E -P $sources 2> "$out/log" | grep -o 'MP_QSTR_[A-Za-z0-9_]*' | sort -u | sed 's/$/,/' > "$out/names"
    grep -q MP_QSTR_socket, "$out/names" || return 1
    cp "$out/names" "$out/compat_qstrs.h"
    : > "$out/log"
    status=0
    for source in $sources; do
        "$@" $flags -Wall -Wextra -Werror -c -o "$out/object.o" "$source" >> "$out/log" 2>&1 || status=1
    done
    return $status
}

check() {
    what=$1
    shift
    if compile "$compat" "micropython/*.c" "$@"; then pass "$what"; else fail "$what"; fi
}

# must_fail WHAT ERROR HEADERS SOURCES: the check must report this error and no other.
must_fail() {
    if compile "$3" "$4" gcc -Iport/posix; then
        echo "it compiled" > "$out/log"
        fail "sees $1"
    elif grep -q "error:.*$2" "$out/log"; then
        pass "sees $1"
    else
        fail "sees $1"
    fi
}

echo 'Against names and signatures of MicroPython 1.13 only: hardly anything runs, no layout is 1.13'"'"'s.'

for variant in \
    "threads:" \
    "no GIL:-DMICROPY_PY_THREAD_GIL=0" \
    "one thread:-DMICROPY_PY_THREAD=0" \
    "no scheduler:-DMICROPY_ENABLE_SCHEDULER=0" \
    "single floats:-DCOMPAT_FLOAT_SINGLE" \
    "no floats, small integers:-DMICROPY_PY_BUILTINS_FLOAT=0 -DMICROPY_LONGINT_IMPL=MICROPY_LONGINT_IMPL_NONE" \
    "IPv4 alone, no threads of ours:-DUSOCKET_UNIX=0 -DUSOCKET_IPV6=0 -DUSOCKET_THREADS=0" \
    "no extras, no stack check, no Unicode:-DUSOCKET_PY_EXTRAS=0 -DMICROPY_STACK_CHECK=0 -DMICROPY_PY_BUILTINS_STR_UNICODE=0" \
    "TLS:-DUSOCKET_TLS=1" \
    "no names:-DUSOCKET_NAMES=0"; do
    name=${variant%%:*} options=${variant#*:}
    for compiler in gcc clang; do
        if command -v $compiler > /dev/null; then
            check "$compiler, $name" $compiler -Iport/posix $options
        else
            skip "$compiler, $name" "$compiler is not installed"
        fi
    done
    if command -v arm-none-eabi-gcc > /dev/null; then
        check "arm-none-eabi-gcc, $name" arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb "-I$compat/stack" $options
    else
        skip "arm-none-eabi-gcc, $name" "arm-none-eabi-gcc is not installed"
    fi
done

# Test of the check itself: three mistakes that it must find.
mkdir "$out/without" && cp -r "$compat/py" "$out/without"
sed -i '/mp_obj_new_bytes(/d' "$out/without/py/obj.h"
must_fail "a name that is gone" "mp_obj_new_bytes" "$out/without" "micropython/*.c"

cp micropython/inet.c "$out/newer.c"
echo 'mp_obj_t newer(void); mp_obj_t newer(void) { return mp_obj_new_str_from_cstr("MP_QSTR_socket"); }' >> "$out/newer.c"
must_fail "a newer name" "mp_obj_new_str_from_cstr" "$compat" "$out/newer.c"

cp micropython/inet.c "$out/changed.c"
echo 'mp_obj_t changed(vstr_t *); mp_obj_t changed(vstr_t *v) { return mp_obj_new_str_from_vstr(v), MP_OBJ_NEW_QSTR(MP_QSTR_socket); }' >> "$out/changed.c"
must_fail "a newer signature" "mp_obj_new_str_from_vstr" "$compat" "$out/changed.c"

# run PROGRAM SOURCE WHAT: runs one function. The linker drops the rest of the source with the names that it needs.
run() {
    if gcc -std=gnu99 -I$compat -I$out -Iinclude -Imicropython -Wall -Wextra -Werror -ffunction-sections -fdata-sections \
        -Wl,--gc-sections -o "$out/$1" "$compat/$1.c" "$2" > "$out/log" 2>&1; then
        "$out/$1" > "$out/said"
        status=$?
        cat "$out/said"
        passed=$((passed + $(grep -c '^ok' "$out/said"))) failed=$((failed + $(grep -c '^FAIL' "$out/said")))
        [ $status -le 1 ] || { echo "ended with $status" > "$out/log"; fail "$3"; }
    else
        fail "$3"
    fi
}

compile "$compat" "micropython/*.c" gcc -Iport/posix
run pending micropython/protocol.c "an exception that becomes pending"
run lookup micropython/arguments.c "a lookup without __init__"
run stack micropython/core_call.c "room on the stack"

# also NAME ARGUMENTS...: runs a script that prints its own counts.
also() {
    script=$1
    shift
    python3 -B "$compat/$script" "$@" > "$out/said" 2>&1 || true
    last=$(tail -n 1 "$out/said")
    case $last in
        *" passed, "*" failed, "*" skipped")
            sed '$d' "$out/said"
            set -- $last
            passed=$((passed + $1)) failed=$((failed + $3)) skipped=$((skipped + $5))
            ;;
        *)
            tail -n 20 "$out/said"
            : > "$out/log"
            fail "$script"
            ;;
    esac
}

# RT-Thread's package: the headers that bring the binding into its MicroPython, and how scons builds it.
also test_genhdr.py ${1:+--tree "$1"}
also test_scons.py

echo
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
