#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# stands-alone.sh INCLUDE_FOLDER HEADER - compiles a file that includes nothing but one header, twice.
set -u
include=$1
header=$2
tried=0
bad=0

compile() { # compile COMPILER LANGUAGE STANDARD
    command -v "$1" >/dev/null || return 0
    tried=$((tried + 1))
    if ! printf '#include <%s>\n#include <%s>\nextern int weft_no_empty_file;\n' "$header" "$header" |
        "$1" -x "$2" "-std=$3" -pedantic -Wall -Wextra -Wundef -Wshadow -Wconversion -Werror -fsyntax-only -I "$include" -; then
        echo "$header does not stand alone with $1 as $3"
        bad=1
    fi
}

for compiler in gcc clang; do
    compile "$compiler" c c11
    compile "$compiler" c gnu17
done
for compiler in g++ clang++; do
    compile "$compiler" c++ c++17
    compile "$compiler" c++ gnu++20
done
[ "$tried" -gt 0 ] || { echo "no compiler found"; bad=1; }
exit "$bad"
