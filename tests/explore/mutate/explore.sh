#!/bin/sh
# SPDX-License-Identifier: MIT
# explore.sh MINUTES PROGRAM... - explores every test for its share of the time, from a set of seeds that has not been used.
set -u
minutes=$1
shift
base=${EXPLORE_BASE:-$(date +%s)}
tests=$(for program in "$@"; do "$program" --list; done | wc -l)
seconds=$(awk -v m="$minutes" -v t="$tests" 'BEGIN { printf "%.1f", m * 60 * 2 / t }')
echo "seeds of base $base, $seconds s a test"
for program in "$@"; do
    printf '%s\n' "$program"
done | xargs -P 2 -I {} sh -c '"$1" --base "$2" --seconds "$3" || { echo "$1 failed"; exit 255; }' sh {} "$base" "$seconds"
