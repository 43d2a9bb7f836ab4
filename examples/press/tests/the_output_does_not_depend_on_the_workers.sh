#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# the_output_does_not_depend_on_the_workers.sh WEFT-PRESS - it is the same, byte for byte, for any -p, in each of several runs.
. "$(dirname "$0")/lib.sh"

compressible "$(scaled 5000000)" >input
press -p 1 -c input >first || wrong "status $?"
for round in 1 2 3; do
    for workers in 1 2 3 8 32; do
        press -p "$workers" -c input >next || wrong "-p $workers: status $?"
        same_files "-p $workers, round $round" first next
    done
done
press <input >one && cat input | press >other || wrong "streams: status $?"
same_files "a file and a pipe" one other

finish
