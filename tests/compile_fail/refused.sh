#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# refused.sh INCLUDE_FOLDER FILE - compiles a file with one wrong line in C and C++, with every compiler there is.
#
# With RIGHT defined the file must compile, so that nothing but the wrong line is what the compiler refuses without.
# A file that has "C++ only" in its second line is not tried as C, where that mistake is allowed.
set -u
include=$1
file=$2
tried=0
bad=0

compile() { # compile COMPILER LANGUAGE STANDARD [OPTION]
    "$1" -x "$2" "-std=$3" ${4:+"$4"} -Wall -Wextra -fsyntax-only -I "$include" "$file" 2>&1
}

try() { # try COMPILER LANGUAGE STANDARD
    command -v "$1" >/dev/null || return 0
    local output
    tried=$((tried + 1))
    if ! output=$(compile "$1" "$2" "$3" -DRIGHT); then
        printf 'the right line does not compile with %s as %s:\n%s\n' "$1" "$3" "$output"
        bad=1
    elif [ -n "$output" ]; then
        printf 'the right line gives warnings with %s as %s:\n%s\n' "$1" "$3" "$output"
        bad=1
    fi
    if output=$(compile "$1" "$2" "$3"); then
        printf 'the wrong line compiles with %s as %s; all it says is:\n%s\n' "$1" "$3" "$output"
        bad=1
    fi
}

for compiler in gcc clang; do
    sed -n 2p "$file" | grep -q 'C++ only' || try "$compiler" c gnu11
done
for compiler in g++ clang++; do
    try "$compiler" c++ gnu++17
done
[ "$tried" -gt 0 ] || { echo "no compiler found"; bad=1; }
exit "$bad"
