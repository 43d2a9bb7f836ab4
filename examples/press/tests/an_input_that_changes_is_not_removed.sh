#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# an_input_that_changes_is_not_removed.sh WEFT-PRESS - a file that grows while it is read is kept, and no output is left.
. "$(dirname "$0")/lib.sh"

compressible "$(scaled 30000000)" >input
"${command[@]}" -9 -p 1 input 2>"$outside.err" &
job=$!
for ((i = 0; i < 3000; i++)); do
    [ -z "$(find . -name '.weft-press-*' -size +0)" ] || break
    sleep 0.01
done
echo more >>input
wait "$job"
same "status" 1 "$?"
one_line "a file that grows" "input: changed while it was read"
only_here "a file that grows" input

finish
