#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# a_closed_pipe_is_an_error.sh WEFT-PRESS - who reads the output goes away: one line, a status, and an end, also when input does not come.
. "$(dirname "$0")/lib.sh"

random 3000000 >input
{ press -c input 2>"$outside.err"; echo "$?" >"$outside.status"; } | head -c 10 >/dev/null
same "a closed pipe: status" 1 "$(cat "$outside.status")"
one_line "a closed pipe" "standard output: cannot be written: Broken pipe"

# The input stays open and says no more; still there is an end, since nobody wants the output.
mkfifo pipe out
exec 3<>pipe
cat input >&3 &
talker=$!
head -c 10 <out >/dev/null &
press <pipe >out 2>"$outside.err"
same "a closed pipe, and input that goes on: status" 1 "$?"
one_line "a closed pipe, and input that goes on" "standard output: cannot be written: Broken pipe"
kill "$talker"
exec 3<&-
wait 2>/dev/null

finish
