#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# bad_options_are_refused.sh WEFT-PRESS - one line says what is wrong with the command line, and nothing is made.
. "$(dirname "$0")/lib.sh"

echo hello >input
refuses 1 "unknown option '-z'" -z input
refuses 1 "unknown option '-0'" -0 input
refuses 1 "'--nonsense'" --nonsense input
refuses 1 "'-p' needs a value" input -p
refuses 1 "-p must be a number from 1 to 1024, not '0'" -p 0 input
refuses 1 "-p must be a number from 1 to 1024, not '-3'" -p -3 input
refuses 1 "-p must be a number from 1 to 1024, not 'two'" -p two input
refuses 1 "-p must be .* not '99999999999999999999'" -p 99999999999999999999 input
refuses 1 "-p must be .* not ''" -p '' input
refuses 1 "-p must be .* not '2x'" -p 2x input
refuses 1 "-b must be a number" -b 1 input
refuses 1 "-c and -o exclude each other" -c -o out input
refuses 1 "one file at a time" input input
only_here "after all" input

press --help | grep -q '^Usage: weft-press' || wrong "--help does not help"
press -h >/dev/null 2>"$outside.err" || wrong "-h: status $?"
press --version | grep -q '^weft-press [0-9]' || wrong "--version tells none"

finish
