#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# a_terminal_gets_progress_and_no_garbage.sh WEFT-PRESS - progress is for terminals only, and compressed data is not written to one.
. "$(dirname "$0")/lib.sh"

command -v script >/dev/null || exit 77
compressible "$(scaled 25000000)" >input
press -k input 2>"$outside.err" || wrong "status $?"
same "silent without a terminal" "" "$(cat "$outside.err")"

on_terminal() { # on_terminal ARGUMENT...: what is seen on a terminal, in $outside.seen
    local words
    printf -v words '%q ' "${command[@]}" "$@"
    timeout 120 script -qec "$words" "$outside.seen" </dev/null >/dev/null 2>&1
}
on_terminal -kf -9 -p 1 input
grep -q 'MB/s.*left' "$outside.seen" || wrong "no progress on a terminal"
grep -q 'input: .* MB to .* MB' "$outside.seen" || wrong "no summary on a terminal"
on_terminal -kfq input
grep -q 'MB' "$outside.seen" && wrong "-q is not quiet"
on_terminal -c input && wrong "compressed data was written to a terminal"
grep -q 'not written to a terminal' "$outside.seen" || wrong "no word about the terminal"

finish
