# SPDX-License-Identifier: MIT
# A signal comes while all connections are open and wait: each is ended, and then the server.
. "$(dirname "$0")/lib.sh" "$@"
start $((connections + 2))
drive "$port" "$connections" 1 hold >driver.out &
held=$!
for ((i = 0; i < 1200; i++)); do
    grep -q "are open" driver.out && break
    sleep 0.05
done
kill -TERM "$process"
ended
wait "$held" || wrong "the driver is not content"
same "the driver says" "$connections connections are open
$connections of $connections connections as they should be" "$(cat driver.out)"
same "the server says" "$((connections + 1)) connections, $((connections + 1)) lines, 0 broken" "$(tail -n 1 server.out)"
verdict
