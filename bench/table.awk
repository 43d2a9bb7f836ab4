# SPDX-License-Identifier: MIT
# table.awk - reads bench/gates and the lines of the benchmark programs; prints the table of figures and that of gates.
# With markdown=1 they are those of docs/PERFORMANCE.md. With best=1 it takes the best round of each program and not the median.
BEGIN { FS = "\t" }

FNR == 1 { file++ }
/^#/ || NF < 3 { next }

file == 1 {
    gates++
    gate_figure[gates] = $1; gate_party[gates] = $2; gate_relation[gates] = $3; gate_limit[gates] = $4; gate_words[gates] = $5
    next
}

{
    split($1, name, "/")
    if (!(name[1] in unit)) figures[++figure_count] = name[1]
    if (!(name[2] in party_seen)) { party_seen[name[2]] = 1; parties[++party_count] = name[2] }
    unit[name[1]] = $3
    values[$1] = values[$1] " " (!best || $3 == "ratio" ? $2 : $3 == "M/s" ? $5 : $4)
}

# With best=1 the best of the repeats instead of their median; a quotient keeps its median.
function value_of(key) { return best && unit_of(key) != "ratio" ? extreme(values[key], unit_of(key) == "M/s") : median(values[key]) }

function unit_of(key,    name) {
    split(key, name, "/")
    return unit[name[1]]
}

function extreme(text, most,    v, n, i, e) {
    n = split(text, v, " ")
    e = v[1] + 0
    for (i = 2; i <= n; i++)
        if (most ? v[i] + 0 > e : v[i] + 0 < e) e = v[i] + 0
    return e
}

function median(text,    v, n, i, j, t) {
    n = split(text, v, " ")
    for (i = 2; i <= n; i++) {
        t = v[i] + 0
        for (j = i - 1; j >= 1 && v[j] + 0 > t; j--) v[j + 1] = v[j]
        v[j + 1] = t
    }
    return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
}

function short(number) { return sprintf(number >= 100 || number == int(number) ? "%.0f" : "%.3g", number) }

function peers(figure,    text, p, key, value, ours) {
    ours = figure "/weft"
    for (p = 1; p <= party_count; p++) {
        key = figure "/" parties[p]
        if (parties[p] == "weft" || !(key in values)) continue
        value = value_of(key)
        text = text (text == "" ? "" : markdown ? ", " : "   ") parties[p] " " short(value)
        if ((ours in values) && value_of(ours) > 0) text = text sprintf(" (%.2f)", value / value_of(ours))
    }
    return text
}

function row(figure,    ours) {
    ours = figure "/weft"
    ours = (ours in values) ? short(value_of(ours)) : "-"
    if (markdown)
        print "| " figure " | " unit[figure] " | " ours " | " peers(figure) " |"
    else
        printf "%-30s %-12s %10s   %s\n", figure, unit[figure], ours, peers(figure)
}

function check(g,    ours, theirs, value, holds) {
    ours = gate_figure[g] "/weft"
    theirs = gate_figure[g] "/" gate_party[g]
    if (!(ours in values) || (gate_party[g] != "-" && !(theirs in values))) return
    value = value_of(ours)
    if (gate_party[g] != "-") value /= value_of(theirs)
    holds = gate_relation[g] == "<=" ? value <= gate_limit[g] + 0 : value >= gate_limit[g] + 0
    if (!holds) missed++
    checked++
    if (markdown)
        printf "| %s | %s%s | %s %s | %.3g | %s |\n", gate_words[g], gate_figure[g],
            gate_party[g] == "-" ? "" : " / " gate_party[g], gate_relation[g], gate_limit[g], value, holds ? "yes" : "**no**"
    else printf "%-5s %-30s %-8s %10s  %s %-6s %s\n", holds ? "holds" : "FAILS", gate_figure[g],
        gate_party[g] == "-" ? "" : "/ " gate_party[g], sprintf("%.3g", value), gate_relation[g], gate_limit[g], gate_words[g]
}

END {
    if (best) print "The best rounds, not the medians.\n"
    if (markdown) print "| figure | unit | weft | peers (how many times ours) |\n| --- | --- | --- | --- |"
    else printf "%-30s %-12s %10s   peers (how many times ours)\n", "figure", "unit", "weft"
    for (f = 1; f <= figure_count; f++) row(figures[f])
    print ""
    if (markdown) print "| promised | figure | limit | measured | holds |\n| --- | --- | --- | --- | --- |"
    for (g = 1; g <= gates; g++) check(g)
    if (checked) printf "%s%d of %d gates hold%s\n", markdown ? "\n" : "", checked - missed, checked, markdown ? "." : ""
    exit strict && missed ? 1 : 0
}
