# SPDX-License-Identifier: MIT
# lib.sh - what the tests of the line server share. Sourced with its command, the driver's, and a launcher as arguments.
set -u
server=$1 driver=$2
shift 2
launcher=("$@")
scratch=$(mktemp -d)
process=
trap '[ -z "$process" ] || kill -KILL "$process" 2>/dev/null; rm -rf "$scratch"' EXIT
cd "$scratch" || exit 2
failures=0

# A thousand; fewer where everything is slower.
connections=$((1000 / ${WEFT_TEST_SLOWNESS:-1}))

wrong() {
    echo "wrong: $*" >&2
    failures=$((failures + 1))
}

same() { # same WHAT EXPECTED FOUND
    [ "$2" = "$3" ] || wrong "$1: expected '$2', found '$3'"
}

drive() { timeout 100 "${launcher[@]}" "$driver" "$@"; }

# Starts the server; its process and its port are then in $process and $port.
start() { # start ARGUMENT...
    "${launcher[@]}" "$server" "$@" >server.out 2>server.err &
    process=$!
    for ((i = 0; i < 600; i++)); do
        port=$(sed -n 's/^port //p' server.out)
        [ -z "$port" ] || return 0
        sleep 0.05
    done
    wrong "the server does not say its port: $(cat server.err)"
    exit 1
}

# Waits for the server, which was told to end; it must do so by itself and well.
ended() {
    for ((i = 0; i < 600; i++)); do
        kill -0 "$process" 2>/dev/null || break
        sleep 0.05
    done
    kill -KILL "$process" 2>/dev/null && wrong "the server does not end"
    wait "$process"
    same "status of the server" 0 $?
    same "what it complains of" "" "$(grep -v '^--[0-9]*-- ' server.err)" # but for Valgrind's notices
    process=
}

verdict() { exit $((failures > 0)); }
