#!/bin/sh
# SPDX-License-Identifier: MIT
# mutate.sh PROGRAM... - weakens each memory order of the explored cores in turn and tells which test objects.
#
# Prints a table: place, verdict, by what. Fails if a place weakened to relaxed (a barrier: removed) is caught by no test,
# or met by none, and redundant.txt does not give the reason; also if redundant.txt names a place that is caught or gone.
# A place with two sides (acq_rel, seq) is also weakened to each side; what no test objects to there is told, not failed.
set -u
folder=$(dirname "$0")
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT INT TERM

seconds=${EXPLORE_MUTANT_SECONDS:-2}
for program in "$@"; do
    printf '%s\n' "$program"
done | xargs -P 2 -I {} sh -c '"$1" --mutate --seconds "$2" >"$3/$(basename "$1").tsv" || echo "$1 failed" >"$3/broken"' sh \
    {} "$seconds" "$work"
if [ -f "$work/broken" ]; then
    cat "$work/broken"
    exit 2
fi

# One line a place: caught beats not caught beats not met.
awk -F '\t' '
    function rank(verdict) { return verdict == "caught" ? 3 : verdict == "not caught" ? 2 : 1 }
    {
        if (!($1 in best)) order[++n] = $1
        if (rank($2) > rank(best[$1])) { best[$1] = $2; by[$1] = $3 }
    }
    END { for (i = 1; i <= n; i++) printf "%s\t%s\t%s\n", order[i], best[order[i]], by[order[i]] }
' "$work"/*.tsv | sort >"$work/table"

awk -F '\t' '{ printf "%-72s %-11s %s\n", $1, $2, $3 }' "$work/table"
echo

awk -F '\t' -v list="$folder/../redundant.txt" '
    BEGIN {
        while ((getline line < list) > 0)
            if (line !~ /^(#|$|[ \t])/) { split(line, word, /[ \t]+/); listed[word[1]] = 1 }
    }
    $1 ~ /=(acquire|release|acq_rel)$/ { if ($2 == "not caught") print "could be weaker: " $1; halves++; next }
    { places++; seen[$1] = 1 }
    $2 == "caught" { caught++; if ($1 in listed) { print "caught, but in redundant.txt: " $1; bad++ } next }
    ($1 in listed) { documented++; next }
    { print $2 ": " $1; bad++ }
    END {
        for (place in listed) if (!(place in seen)) { print "in redundant.txt, but not in the source: " place; bad++ }
        printf "%d places: %d caught, %d documented as redundant, %d open\n", places, caught, documented, bad
        exit bad > 0
    }
' "$work/table"
