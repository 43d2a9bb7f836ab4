#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# a_slow_stream_comes_back.sh WEFT-PRESS - input that arrives in pieces, and a reader of the output that is slow.
. "$(dirname "$0")/lib.sh"

compressible 1500000 >input
(
    head -c 1 input
    sleep 0.3
    head -c 100001 input | tail -c 100000
    tail -c +100002 input
) | press -p 2 | (
    head -c 1
    sleep 0.3
    cat
) >out
comes_back "a slow stream" out input

finish
