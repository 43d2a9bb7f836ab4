#!/bin/sh
# SPDX-License-Identifier: MIT
# check.sh MODEL - checks claim.pml or poller.pml with Spin; 77 (skipped) where there is none. A model that is broken must be caught.
set -u
folder=$(cd "$(dirname "$0")" && pwd)
model=$folder/$1.pml
for tool in spin cc; do
    command -v "$tool" >/dev/null 2>&1 || { echo "skipped: no $tool here (Debian's package is called spin)"; exit 77; }
done
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT INT TERM
cd "$work" || exit 2

# verify DEFINE...: prints the summary of an exhaustive search; 0: no error, 1: an error, 2: it could not be made
verify() {
    rm -f pan* ./*.trail
    spin "$@" -a "$model" >spin.out 2>&1 && cc -O2 -DSAFETY -DVECTORSZ=2048 -o pan pan.c >cc.out 2>&1 || {
        cat spin.out cc.out
        return 2
    }
    timeout 1200 ./pan -m100000 >pan.out 2>&1 || return 2
    grep -q '^pan:1: assertion violated' pan.out && return 1
    grep -q 'errors: 0' pan.out && ! grep -q 'not completed\|too small' pan.out || return 2
}
failed=0
expect() { # expect STATUS DEFINE...
    wanted=$1
    shift
    verify "$@"
    got=$?
    echo "$*: $(grep -h 'errors:' pan.out 2>/dev/null | head -1)$(grep -h 'states, stored' pan.out 2>/dev/null)"
    [ "$got" = "$wanted" ] && return
    echo "expected $wanted, got $got"
    failed=1
    grep '^pan:' pan.out
}

if [ "$1" = poller ]; then
    expect 0 -DONCE
    expect 0 -DSTUCK
    for broken in BELL ASK LEAVE LOOK; do
        expect 1 -DSTUCK -DBREAK_$broken
    done
    expect 1 -DSTUCK -DPASSES -DBREAK_CLEAR
    exit "$failed"
fi
for others in "-DTWO" "-DPLAIN -DALONE" "-DPLAIN" "-DTIMEOUT" "-DCLOSE" "-DPLAIN -DTIMEOUT" "-DPLAIN -DCLOSE" "-DTIMEOUT -DCLOSE" \
    "-DPLAIN -DTIMEOUT -DCLOSE"; do
    # shellcheck disable=SC2086
    expect 0 $others
done
expect 1 -DPLAIN -DALONE -DBREAK_SECOND
expect 1 -DPLAIN -DALONE -DBREAK_LOOK
expect 1 -DBREAK_LOOK

exit "$failed"
