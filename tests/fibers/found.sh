#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# found.sh PROGRAM - the sanitizer tells of the races between two tasks of one worker, and of none where there is none.
set -u
program=$1
export TSAN_OPTIONS="exitcode=66 history_size=4"
bad=0

# expect STATUS SUM WAY: the program ends so, and has counted up to SUM. With 66 the race must be the one in use_shared.
expect() {
    local output status
    output=$("$program" "$3" 2>&1)
    status=$?
    if [ "$status" -ne "$1" ] || ! grep -qx "$2" <<<"$output"; then
        printf '%s: status %s, wanted %s and the sum %s:\n%s\n' "$3" "$status" "$1" "$2" "$output"
        bad=1
    elif [ "$1" -eq 66 ] && ! grep -q 'SUMMARY: ThreadSanitizer: data race .*use_shared' <<<"$output"; then
        printf '%s: another report than the one of use_shared:\n%s\n' "$3" "$output"
        bad=1
    else
        echo "ok: with $3 between them status $status"
    fi
}

expect 66 40 nothing
expect 66 40 sleep # a worker's own timers order nothing between two tasks
expect 0 40 channel
expect 0 40 lock
expect 0 380 lend
exit "$bad"
