#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# it_behaves_like_gzip_with_files.sh WEFT-PRESS - FILE becomes FILE.gz with its mode and time; -k, -c and -o keep FILE; the name is stored.
. "$(dirname "$0")/lib.sh"

compressible 300000 >input
cp input original
chmod 640 input
touch -d '2001-02-03 04:05:06 UTC' input

press input || wrong "status $?"
only_here "after FILE" input.gz original
same "mode" 640 "$(stat -c %a input.gz)"
same "time" "$(date -d '2001-02-03 04:05:06 UTC' +%s)" "$(stat -c %Y input.gz)"
same "stored name" "input" "$(head -c 16 input.gz | tail -c +11 | tr '\0' '\n' | head -n 1)"
comes_back "FILE" input.gz original

gzip -dN input.gz
press -k input || wrong "-k: status $?"
only_here "after -k" input input.gz original
rm input.gz
press -c input >out || wrong "-c: status $?"
only_here "after -c" input original out
comes_back "-c" out original
press -o "a name with blanks.gz" input || wrong "-o: status $?"
only_here "after -o" input original out "a name with blanks.gz"
comes_back "-o" "a name with blanks.gz" original
echo old >"there.gz"
press -f -o there.gz input || wrong "-f -o: status $?"
comes_back "-f" there.gz original
press -o - input 2>/dev/null || wrong "-o -: a file of that name: status $?"
press -9kfp2 input || wrong "options in one word: status $?"
comes_back "options in one word" input.gz original
printf %s "$(cat input)" | press -o from_stream.gz || wrong "a stream to -o: status $?"
gzip -t from_stream.gz || wrong "a stream to -o: gzip refuses it"
name=$(printf 'n%.0s' $(seq 250))
cp original "$name"
press "$name" || wrong "a long name: status $?"
comes_back "a long name" "$name.gz" original

finish
