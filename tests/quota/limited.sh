#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# limited.sh cgroup PERCENT PROGRAM... - runs each program in a control group that may use so many hundredths of a CPU.
# limited.sh affinity PROGRAM...       - runs each program with an affinity mask of one CPU.
#
# The group is made below our own one, of version 1 or 2, and removed in the end. Where none can be made, this says why and
# ends with status 77. A program gets WEFT_QUOTA_BY and is stopped after WEFT_QUOTA_SECONDS.
set -u
kind=$1
shift
seconds=${WEFT_QUOTA_SECONDS:-120}
period=100000 # microseconds
group=""

skip() {
    echo "skipped: $*"
    exit 77
}

# Whoever is still in the group ends with it. Those that have ended stay in it for a moment.
remove_group() {
    [ -n "$group" ] || return 0
    local try pid
    for try in {1..100}; do
        rmdir "$group" 2>/dev/null && return 0
        while read -r pid; do kill -KILL "$pid"; done <"$group/cgroup.procs"
        sleep 0.05
    done 2>/dev/null
    echo "not ok: the group $group cannot be removed"
    return 1
}
trap remove_group EXIT
trap 'exit 1' INT TERM

# own_group CONTROLLERS: the path of our group in the hierarchy whose controllers match.
own_group() { awk -F : -v wanted="$1" '$2 ~ wanted { print $3; exit }' /proc/self/cgroup; }
mount_of() { awk -v type="$1" -v option="$2" '$3 == type && $4 ~ option { print $2; exit }' /proc/self/mounts; }

# make_below MOUNT OWN FILE: makes a group in OWN or, where it cannot have one with that file, above it.
make_below() {
    local mount=$1 at=$2 file=$3 new
    while [ -n "$mount" ]; do
        new=$mount${at%/}/weft-test-$$
        if mkdir "$new" 2>/dev/null; then
            group=$new
            [ -w "$group/$file" ] && return 0
            rmdir "$group" && group=""
        fi
        [ -n "${at%/}" ] || return 1
        at=${at%/*}
    done
    return 1
}

limit_version_1() {
    make_below "$(mount_of cgroup '(^|,)cpu(,|$)')" "$(own_group '(^|,)cpu(,|$)')" cpu.cfs_quota_us &&
        echo "$period" >"$group/cpu.cfs_period_us" && echo "$1" >"$group/cpu.cfs_quota_us"
}

limit_version_2() {
    make_below "$(mount_of cgroup2 .)" "$(own_group '^$')" cpu.max && echo "$1 $period" >"$group/cpu.max"
}

# The library looks where the system usually has them; elsewhere a quota holds all the same, but cannot be found.
make_group() {
    [ -r /proc/self/cgroup ] || skip "there are no control groups here"
    limit_version_1 "$1" 2>/dev/null || { remove_group && group="" && limit_version_2 "$1" 2>/dev/null; } ||
        skip "no control group with a quota can be made (it takes root, and a writable tree with the cpu controller)"
    case $group in /sys/fs/cgroup/*) ;; *) skip "control groups are mounted elsewhere than in /sys/fs/cgroup" ;; esac
}

in_group() {
    (
        echo "$BASHPID" >"$group/cgroup.procs" || exit 77
        WEFT_QUOTA_BY=cgroup exec timeout -k 5 "$seconds" "$@"
    )
}

on_one_cpu() {
    local cpu
    cpu=$(taskset -pc $$ | sed 's/.*: *\([0-9]*\).*/\1/') && [ -n "$cpu" ] || skip "taskset is missing"
    WEFT_QUOTA_BY=affinity timeout -k 5 "$seconds" taskset -c "$cpu" "$@"
}

case $kind in
cgroup)
    make_group $(($1 * period / 100))
    shift
    limited=in_group
    ;;
affinity) limited=on_one_cpu ;;
*) exit 2 ;;
esac

bad=0
for program in "$@"; do
    echo "== $program, limited by $kind"
    "$limited" "$program"
    status=$?
    [ "$status" -ne 77 ] || skip "no process may be moved into the group"
    [ "$status" -eq 0 ] || { echo "not ok: status $status (124: still running after $seconds s)" && bad=1; }
done
if [ -n "$group" ]; then
    # The system counts periods while there is something to run: a short program may fit between two.
    for ((again = 0; again < 20; again++)); do
        periods=$(awk '$1 == "nr_periods" { print $2 }' "$group/cpu.stat")
        [ "${periods:-0}" -eq 0 ] || break
        "$limited" "$1" >/dev/null 2>&1 || bad=1
    done
    tr '\n' ' ' <"$group/cpu.stat" && echo
    [ "${periods:-0}" -gt 0 ] || { echo "not ok: nothing has run under the quota" && bad=1; }
    remove_group || bad=1
    group=""
fi
exit "$bad"
