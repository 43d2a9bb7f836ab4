#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# ends.sh STATUS COMMAND... - runs a command that is to end with a status, 128 and the number for a signal, in 60 seconds.
set -u
wanted=$1
shift
ulimit -c 0
timeout -s KILL 60 "$@"
status=$?
[ "$status" -eq "$wanted" ] && exit 0
echo "ends: '$*' has ended with status $status, and not $wanted" >&2
exit 1
