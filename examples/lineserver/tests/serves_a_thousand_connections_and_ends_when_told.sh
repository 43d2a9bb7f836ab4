# SPDX-License-Identifier: MIT
# All connections are open at once; every answer is checked; one in eight breaks off, one sends a line that is too long,
# one closes its half. Then a client tells the server to end.
. "$(dirname "$0")/lib.sh" "$@"
start $((connections + 2))
drive "$port" "$connections" 5 shutdown >driver.out || wrong "the driver is not content"
same "the driver says" "$connections connections are open
$connections of $connections connections as they should be" "$(cat driver.out)"
ended
same "connections served" "$((connections + 2))" "$(sed -n 's/ connections, .*//p' server.out)"
verdict
