#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# an_interrupt_leaves_nothing.sh WEFT-PRESS - INT, TERM and HUP in the middle: one line, status 128 and the signal, no partial output, the input stays.
. "$(dirname "$0")/lib.sh"

compressible "$(scaled 40000000)" >input
cp input original

# Waits until the output has begun, so that the signal comes in the middle.
interrupt() { # interrupt SIGNAL
    for ((i = 0; i < 3000; i++)); do
        [ -z "$(find . -name '.weft-press-*' -size +0)" ] || break
        kill -0 "$1" 2>/dev/null || break
        sleep 0.01
    done
    kill -"$2" "$1"
}

# A shell's & makes its commands ignore INT; env gives them the default back.
for signal in INT TERM HUP; do
    env --default-signal=INT,TERM,HUP "${command[@]}" -9 -p 2 input 2>"$outside.err" &
    job=$!
    interrupt "$job" "$signal"
    wait "$job"
    status=$?
    same "$signal: status" $((128 + $(kill -l "$signal"))) "$status"
    one_line "$signal" "interrupted"
    only_here "$signal" input original
    same_files "$signal" input original
done

# While it waits for input that does not come, and for somebody to take the output.
mkfifo pipe out
sleep 60 >pipe &
silent=$!
env --default-signal=INT "${command[@]}" -o made <pipe 2>"$outside.err" &
job=$!
for ((i = 0; i < 3000; i++)); do
    [ -z "$(find . -name '.weft-press-*')" ] || break
    sleep 0.01
done
kill -INT "$job"
wait "$job"
same "silent input: status" 130 "$?"
one_line "silent input" "interrupted"
kill "$silent"
wait "$silent" 2>/dev/null
sleep 60 <out &
silent=$!
env --default-signal=INT "${command[@]}" -1 input -c >out 2>"$outside.err" &
job=$!
for ((i = 0; i < 3000; i++)); do # asleep in its write: the pipe is full
    grep -q pipe_write "/proc/$job/wchan" 2>/dev/null && break
    [ "$i" -lt 200 ] || break
    sleep 0.01
done
kill -INT "$job"
wait "$job"
same "a full pipe: status" 130 "$?"
one_line "a full pipe" "interrupted"
kill "$silent"
wait "$silent" 2>/dev/null
only_here "after all" input original pipe out

finish
