#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# selftest.sh PROGRAM - runs the harness over tests that fail on purpose and looks at what it says.
set -u
program=$1
bad=0

# expect STATUS PATTERN ARGUMENT... : the program ends with the status and one line of its output fits the pattern.
expect() {
    local status=$1 pattern=$2 output got
    shift 2
    output=$("$program" "$@" 2>&1)
    got=$?
    if [ "$got" -ne "$status" ] || ! grep -qE -- "$pattern" <<<"$output"; then
        printf 'with "%s": status %s (wanted %s); wanted a line like "%s" in\n%s\n' "$*" "$got" "$status" "$pattern" "$output"
        bad=1
    fi
}

expect 0 '^1 passed, 0 failed$' good_assertions
expect 0 '^ok   good_assertions_pass \([0-9]+ ms\)$' good_assertions
expect 0 '^3 passed, 0 failed$' --repeat 3 good_assertions
expect 1 '^0 passed, 1 failed$' all_reported
expect 1 'selftest\.c:[0-9]+: failed: 3 == 4: 3 against 4 \(seed 5, 2 workers\)' --seed 5 all_reported
expect 1 '"warp" is the text NULL: "warp" against "\(NULL\)"' all_reported
expect 1 'WEFT_CLOSED gives .* \(2\), wanted .* \(0\)' all_reported
expect 1 'bad: 17' all_reported
expect 1 '^FAIL bad_assertions_are_all_reported' all_reported
expect 1 'failed: i == i - 1: 99 against 98' other_threads
expect 1 '^1 passed, 1 failed$' good_assertions all_reported
expect 0 '^skip skip_is_told' skip_is_told
expect 1 '^0 passed, 0 failed$' a_name_that_no_test_has
expect 2 'unknown argument' --nonsense
expect 2 'wants a number' --repeat many
expect 0 '^skip_is_told$' --list
expect 99 '^FAIL hang_ends_the_process: still running after its limit' hang
WEFT_TEST_WORKERS=8 expect 0 '^workers 8$' workers_are_told

once=$("$program" --seed 9 seed_is_printed | grep '^seed of')
again=$("$program" --seed 9 seed_is_printed | grep '^seed of')
other=$("$program" --seed 10 seed_is_printed | grep '^seed of')
if [ "$once" != "$again" ] || [ "$once" = "$other" ]; then
    echo "the seed does not decide: '$once' '$again' '$other'"
    bad=1
fi
lines=$("$program" other_threads | grep -c 'selftest\.c:.*i == i - 1')
if [ "$lines" -ne 400 ]; then
    echo "400 failures in threads, $lines reported whole"
    bad=1
fi
exit "$bad"
