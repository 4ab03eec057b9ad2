#!/bin/sh
# absent.sh ARCHIVE NAME...: checks that the library has none of the symbols that a configuration leaves out.
archive=$1
shift
nm -g --defined-only "$archive" >"$archive.names" || exit 1
grep -q ' T usocket_open$' "$archive.names" || { echo "$archive has no usocket_open: is it the library?"; exit 1; }
status=0
for name in "$@"; do
    if grep -E " [TDBR] $name(_compiled_with_.*)?\$" "$archive.names"; then # config.h names some after knobs
        echo "$archive has $name"
        status=1
    fi
done
exit $status
