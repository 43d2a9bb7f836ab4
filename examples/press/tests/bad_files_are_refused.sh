#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# bad_files_are_refused.sh WEFT-PRESS - missing, unreadable, a folder, a link, a device, an output that exists: one line, nothing is changed.
. "$(dirname "$0")/lib.sh"

echo hello >input
cp input original
mkdir folder
refuses 1 "missing: No such file" missing
refuses 1 "folder: is a directory" folder
refuses 1 "folder/: is a directory" -c folder/
refuses 1 "standard input: is a directory" <folder
refuses 1 "missing/out.gz: cannot be made: No such file" -o missing/out.gz input
refuses 1 "folder: is a directory" -o folder input
refuses 1 "input: is the input" -f -o input input
refuses 1 "input/x: Not a directory" input/x
refuses 1 "File name too long\|name is too long" -o "$(printf 'x%.0s' $(seq 5000))" input
refuses 1 ": cannot be made: No such file" -o '' input
only_here "after those" input original folder
same_files "the input" input original

echo old >input.gz
refuses 1 "input.gz: exists already" input
same "the output that exists" old "$(cat input.gz)"
refuses 1 "input.gz: has the suffix .gz" input.gz
rm input.gz

ln -s input link
refuses 1 "link: is a symbolic link" link
ln input hard
refuses 1 "input: has other links" input
rm hard
refuses 1 "/dev/null: not a regular file" /dev/null
only_here "after links" input original folder link

if [ "$(id -u)" -ne 0 ]; then
    chmod 000 input
    refuses 1 "input: Permission denied" input
    chmod 600 input
    chmod 500 .
    refuses 1 "cannot be made: Permission denied" input
    chmod 700 .
elif command -v setpriv >/dev/null && [ -x "${command[0]}" ] && chmod 711 . && chmod 000 input &&
    setpriv --reuid=65534 --regid=65534 --clear-groups test -x "${command[0]}" 2>/dev/null; then
    command=(setpriv --reuid=65534 --regid=65534 --clear-groups "${command[@]}")
    refuses 1 "input: Permission denied" "$PWD/input"
    chmod 644 input
    refuses 1 "cannot be made: Permission denied" -k "$PWD/input"
fi
only_here "after all" input original folder link

finish
