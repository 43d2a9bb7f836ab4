# SPDX-License-Identifier: MIT
# Fewer descriptors are allowed than connections wanted: both programs say so and end.
. "$(dirname "$0")/lib.sh" "$@"
[ "${#launcher[@]}" -eq 0 ] || exit 77 # a launcher needs and hides descriptors of its own
ulimit -n 200 || exit 77
"$server" 1000 >out 2>err
same "status of the server" 1 $?
same "the server says" "weft-lineserver: 1064 descriptors are needed, and at most 200 are allowed (see ulimit -Hn)" "$(cat out err)"
"$driver" 1 1000 1 talk >out 2>err
same "status of the driver" 1 $?
same "the driver says" "weft-linedriver: 1064 descriptors are needed, and at most 200 are allowed (see ulimit -Hn)" "$(cat out err)"
verdict
