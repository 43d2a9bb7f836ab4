#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# libdeflate_comes_back.sh WEFT-PRESS - the other compressor: one member a block.
. "$(dirname "$0")/lib.sh"

compressible 3000000 >input
if ! press --libdeflate -c input >out 2>"$outside.err"; then
    one_line "without libdeflate" "libdeflate"
    [ "$failures" -gt 0 ] || exit 77
fi
for size in 0 1 131072 262144 3000000; do
    head -c "$size" input >part
    for level in 1 6 9; do
        press --libdeflate -"$level" -p 2 <part >out || wrong "$size bytes, -$level: status $?"
        comes_back "$size bytes, -$level" out part
    done
done

finish
