#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# vectorised.sh COMPILER KIND INCLUDE FILE LEVEL - compiles a file with -O3, say; passes if the compiler says that it has
# made vector instructions of as many loops as lines say `vector:`. KIND is GNU or Clang.
set -eu
compiler=$1 kind=$2 include=$3 file=$4 level=$5
case $kind in
GNU) report=-fopt-info-vec-optimized wanted='loop vectorized' ;;
*Clang) report=-Rpass=loop-vectorize wanted='vectorized loop' ;;
*) echo "no way to ask $kind" && exit 77 ;;
esac
object=$(mktemp)
trap 'rm -f "$object"' EXIT
said=$("$compiler" -std=gnu11 "$level" $report -I "$include" -c "$file" -o "$object" 2>&1)
loops=$(grep -c 'vector: ' "$file")
found=$(grep "$wanted" <<<"$said" | grep -o "$(basename "$file"):[0-9]*" | sort -u | wc -l)
echo "$said"
echo "$found of $loops loops"
[ "$found" -ge "$loops" ]
