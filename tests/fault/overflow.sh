#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# overflow.sh PROGRAM PRELOAD - a task that writes below its stack is stopped: by the guard, or where the system refused
# guards (PRELOAD makes it refuse) by the canary, with a line that names the task and the size of its stack.
set -u
program=$1
preload=$2
# The loader takes a space for the end of a name.
[ -z "$preload" ] || { cd "$(dirname "$preload")" && preload=./${preload##*/}; } || exit 2
bad=0
ulimit -c 0

# expect STATUS PATTERN WAY BYTES: the program ends so, and one line of its output fits the pattern.
expect() {
    local output status
    output=$("${refuse[@]}" timeout -k 5 30 "$program" "$3" "$4" 2>&1)
    status=$?
    [ "$1" -eq 0 ] || ! grep -q 'went on' <<<"$output" || status="$status, but after the wait"
    if [ "$status" = "$1" ] && grep -qE -- "$2" <<<"$output"; then
        echo "ok: $3 $4${refuse[0]:+, no guards}: status $status, $output"
    else
        printf '%s %s: status %s, wanted %s and a line like "%s":\n%s\n' "$3" "$4" "$status" "$1" "$2" "$output"
        bad=1
    fi
}

overflowed() { # overflowed TASK SIZE
    echo "^weft: misuse: task '$1' has overflowed its stack of $2 bytes, under which the system refused a guard\$"
}

refuse=()
expect 0 '^0 stacks without a guard$' ends 0
expect 139 '' ends 8 # the guard: a fault
refuse=(env "LD_PRELOAD=$preload" WEFT_FAIL_KIND=advise+protect WEFT_FAIL_NTH=1 WEFT_FAIL_COUNT=1000000)
for way in ends waits group own long; do
    expect 0 '^[1-9][0-9]* stacks without a guard$' $way 0
done
for bytes in 1 8 64; do
    expect 134 "$(overflowed writes_too_low 16384)" ends $bytes
done
expect 134 "$(overflowed writes_too_low_and_waits 16384)" waits 8
expect 134 "$(overflowed writes_too_low 16384)" group 8
expect 134 "$(overflowed writes_too_low 32768)" own 8
expect 134 "$(overflowed writes_too_low_with_long_arguments 16384)" long 8
exit "$bad"
