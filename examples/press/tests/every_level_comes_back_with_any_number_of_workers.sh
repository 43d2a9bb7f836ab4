#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# every_level_comes_back_with_any_number_of_workers.sh WEFT-PRESS - levels 1 to 9 with 1, 2 and 8 workers.
. "$(dirname "$0")/lib.sh"

compressible 700000 >input
for level in 1 2 3 4 5 6 7 8 9; do
    for workers in 1 2 8; do
        press -"$level" -p "$workers" -c input >"out.$workers" || wrong "-$level -p $workers: status $?"
        comes_back "-$level -p $workers" "out.$workers" input
    done
done
[ "$(press -1 -c input | wc -c)" -gt "$(press -9 -c input | wc -c)" ] || wrong "-9 is not smaller than -1"

finish
