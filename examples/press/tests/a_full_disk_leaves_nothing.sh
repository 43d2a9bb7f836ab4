#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# a_full_disk_leaves_nothing.sh WEFT-PRESS - on /dev/full and on a file system of a few pages: one line, no partial output, the input stays.
. "$(dirname "$0")/lib.sh"

random 3000000 >input
refuses 1 "/dev/full: cannot be written: No space left" -o /dev/full input
press -c input >/dev/full 2>"$outside.err"
same "-c to /dev/full: status" 1 "$?"
one_line "-c to /dev/full" "standard output: cannot be written: No space left"
press <input >/dev/full 2>"$outside.err"
same "a stream to /dev/full: status" 1 "$?"
one_line "a stream to /dev/full" "No space left"
printf x | press >/dev/full 2>"$outside.err"
same "a short stream to /dev/full: status" 1 "$?"
one_line "a short stream to /dev/full" "No space left"
only_here "after /dev/full" input

# A limit on the size of files, as every user can set one.
(
    trap '' XFSZ
    ulimit -f 500
    press input 2>"$outside.err"
    echo "$?" >"$outside.status"
)
same "a limit on files: status" 1 "$(cat "$outside.status")"
one_line "a limit on files" "input.gz: cannot be written: File too large"
only_here "after the limit" input

mkdir small
if mount -t tmpfs -o size=512k none small 2>/dev/null; then
    refuses 1 "small/out.gz: cannot be written: No space left" -o small/out.gz input
    same "left on the small disk" "" "$(ls -A small)"
    head -c 400000 input >small/input
    refuses 1 "small/input.gz: cannot be written: No space left" small/input
    same "left on the small disk" "input" "$(ls -A small)"
    umount small
fi

finish
