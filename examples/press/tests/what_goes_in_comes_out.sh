#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# what_goes_in_comes_out.sh WEFT-PRESS - empty, tiny, random and compressible files and streams come back byte for byte.
. "$(dirname "$0")/lib.sh"

compressible "$(scaled 20000000)" >compressible
random 1048576 >random
printf x >one_byte
: >empty
head -c 131072 compressible >one_block
head -c 262144 compressible >two_blocks
head -c 131073 compressible >one_block_and_a_byte
tr '\0' '\n' </dev/zero | head -c 3000000 >newlines

for file in compressible random one_byte empty one_block two_blocks one_block_and_a_byte newlines; do
    press -k "$file" || wrong "$file: status $?"
    comes_back "$file" "$file.gz" "$file"
    press <"$file" >"$file.stream" || wrong "$file as a stream: status $?"
    comes_back "$file as a stream" "$file.stream" "$file"
done

# The ratio is that of gzip, within two percent.
ours=$(wc -c <compressible.gz) theirs=$(gzip -c compressible | wc -c)
[ $((ours * 100)) -lt $((theirs * 102)) ] || wrong "ratio: $ours bytes, and $theirs of gzip"

finish
