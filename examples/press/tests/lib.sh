# SPDX-License-Identifier: MIT
# lib.sh - what the tests of weft-press share. Sourced with the command of weft-press (and a launcher) as arguments.
set -u
command=("$@")
scratch=$(mktemp -d)
trap 'chmod -R u+rwX "$scratch" 2>/dev/null; rm -rf "$scratch"' EXIT
cd "$scratch" || exit 2
failures=0

press() { timeout 120 "${command[@]}" "$@"; }

wrong() {
    echo "wrong: $*" >&2
    failures=$((failures + 1))
}

same() { # same WHAT EXPECTED FOUND
    [ "$2" = "$3" ] || wrong "$1: expected '$2', found '$3'"
}

same_files() { # same_files WHAT ONE OTHER
    cmp -s "$2" "$3" || wrong "$1: '$2' and '$3' differ"
}

comes_back() { # comes_back WHAT PACKED ORIGINAL
    gzip -t "$2" || wrong "$1: gzip -t refuses it"
    gzip -dc "$2" | cmp -s - "$3" || wrong "$1: it does not come back"
}

# No file is here but those named, hidden ones included.
only_here() { # only_here WHAT NAME...
    local what=$1
    shift
    same "$what: the files left" "$(printf '%s\n' "$@" | sort)" "$(find . -mindepth 1 -printf '%P\n' | sort)"
}

# Runs weft-press, which is to fail with this status and one line on standard error that has these words in it.
refuses() { # refuses STATUS WORDS ARGUMENT...
    local expected=$1 words=$2 found
    shift 2
    press "$@" >"$outside.out" 2>"$outside.err"
    found=$?
    same "weft-press $*: status" "$expected" "$found"
    one_line "weft-press $*" "$words"
}

one_line() { # one_line WHAT WORDS: about $outside.err
    same "$1: lines on standard error" 1 "$(wc -l <"$outside.err")"
    grep -q "^weft-press: .*$2" "$outside.err" || wrong "$1: expected '$2' in '$(cat "$outside.err")'"
}

# Text that is like text: compresses to a part of it.
compressible() { # compressible BYTES
    awk 'BEGIN { srand(7); while (1) printf "%d the weft goes %d over and under %d\n", int(rand() * 9999), n++, int(rand() * 99) }' \
        2>/dev/null | head -c "$1"
}

# Fewer bytes where everything is slower, under an emulator or Valgrind.
scaled() { echo $(($1 / ${WEFT_TEST_SLOWNESS:-1})); }

random() { head -c "$1" /dev/urandom; }

finish() {
    [ "$failures" -eq 0 ] || { echo "$failures wrong" >&2; exit 1; }
    exit 0
}

outside=$(mktemp -d)/said # beside the scratch folder, so that only_here does not see it
trap 'chmod -R u+rwX "$scratch" 2>/dev/null; rm -rf "$scratch" "${outside%/said}"' EXIT
