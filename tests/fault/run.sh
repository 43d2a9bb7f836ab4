#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# run.sh DRIVER [PRELOAD] - runs the driver with the 1st, 2nd, 3rd ... call of each kind failing, until a run has so few
# calls that none failed. Each run must end by itself, with status 0, and leave nothing that a run without failures does
# not leave. Then the same with several calls in a row failing.
#
# PRELOAD is the library of fail_nth.c; without it the driver has it built in, and leaks are the sanitizer's business.
set -u
driver=$1
preload=${2:-}
# The loader takes a space for the end of a name.
[ -z "$preload" ] || { cd "$(dirname "$preload")" && preload=./${preload##*/}; } || exit 2
kinds="memory map protect advise advise+protect thread descriptor"
limit=60      # seconds a run: of those that hang; many go at once, and the machine may have more to do
all_up_to=300 # every n up to here
stride=7      # and beyond it every so many
misses=3      # runs without a failure after which a kind is done: the number of calls varies a little
budget=${WEFT_FAULT_SECONDS:-400}
bad=0 runs=0
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

# start JOB KIND NTH COUNT: a run, which leaves its output and its status. A run waits most of its time, so several go at once.
start() {
    LD_PRELOAD="$preload" WEFT_FAIL_KIND=$2 WEFT_FAIL_NTH=$3 WEFT_FAIL_COUNT=$4 \
        timeout --signal=ABRT --kill-after=5 "$limit" "$driver" >"$work/$1.out" 2>&1
    echo $? >"$work/$1.status"
}

# look_at JOB: sets output and status.
look_at() {
    output=$(cat "$work/$1.out")
    status=$(cat "$work/$1.status")
    runs=$((runs + 1))
}

complain() {
    echo "not ok: WEFT_FAIL_KIND=$kind WEFT_FAIL_NTH=$nth WEFT_FAIL_COUNT=$count: $1"
    printf '%s\n' "$output" | sed 's/^/    /' | head -n 20
    bad=$((bad + 1))
}

field() { sed -n "s/^calls .*\<$1 \([0-9]*\).*/\1/p" <<<"$output"; }

judge() {
    if [ "$status" -eq 124 ]; then
        complain "still running after $limit seconds"
    elif [ "$status" -ne 0 ]; then
        complain "status $status"
    elif [ "$(field blocks)" != "$blocks" ] || [ "$(field mapped)" != "$mapped" ]; then
        complain "leak: left $(field blocks) blocks, $(field mapped) bytes mapped; usual $blocks and $mapped"
    elif [ "$(field descriptors)" != "$descriptors" ]; then
        complain "leak: left $(field descriptors) descriptors open; usual $descriptors"
    fi
}

kind=all nth=0 count=1
start 0 all 0 1
look_at 0
if [ "$status" -ne 0 ]; then
    complain "fails even where nothing is made to fail"
    exit 1
fi
blocks=$(field blocks) mapped=$(field mapped) descriptors=$(field descriptors)
echo "without failures: $output"

for count in 1 4 30; do
    for kind in $kinds; do
        next=1 missed=0 places=0
        jobs=$([ "$kind" = memory ] && echo 104 || echo 16)
        while [ "$missed" -lt "$misses" ] && [ "$bad" -lt 10 ]; do
            if [ "$SECONDS" -ge "$budget" ]; then
                echo "not ok: more than $budget seconds; stopped at kind $kind, call $next, $count in a row"
                exit 1
            fi
            places_of_jobs=()
            for ((job = 0; job < jobs; job++)); do
                places_of_jobs+=("$next")
                start "$job" "$kind" "$next" "$count" &
                next=$((next + (next < all_up_to ? 1 : stride)))
            done
            wait
            for ((job = 0; job < jobs && missed < misses; job++)); do
                nth=${places_of_jobs[job]}
                look_at "$job"
                judge
                if [ "$(field injected)" = 0 ]; then missed=$((missed + 1)); else missed=0 places=$((places + 1)); fi
            done
        done
        echo "$kind, $count in a row: failed at $places places, up to call $nth"
    done
done
echo "$runs runs, $bad bad, $SECONDS seconds"
[ "$bad" -eq 0 ]
