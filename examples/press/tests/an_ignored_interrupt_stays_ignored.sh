#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# an_ignored_interrupt_stays_ignored.sh WEFT-PRESS - as under nohup, it goes on to the end.
. "$(dirname "$0")/lib.sh"

compressible "$(scaled 8000000)" >input
cp input original
(
    trap '' HUP INT
    exec "${command[@]}" -9 -p 2 input
) 2>"$outside.err" &
job=$!
for ((i = 0; i < 3000; i++)); do
    [ -z "$(find . -name '.weft-press-*' -size +0)" ] || break
    kill -0 "$job" 2>/dev/null || break
    sleep 0.01
done
kill -HUP "$job" 2>/dev/null
kill -INT "$job" 2>/dev/null
wait "$job"
same "status" 0 "$?"
comes_back "after ignored signals" input.gz original

finish
