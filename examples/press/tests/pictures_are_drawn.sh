#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# pictures_are_drawn.sh WEFT-PRESS - a chart for the terminal and an SVG, both with a row for each worker; a bad name is found before the work.
. "$(dirname "$0")/lib.sh"

compressible 6000000 >input
press -k -p 3 --chart --trace picture.svg input 2>"$outside.err" || wrong "status $?"
comes_back "with pictures" input.gz input
same "rows of the chart" 3 "$(grep -c '^ *[0-2] |.*| *[0-9]* %  [0-9]* blocks' "$outside.err")"
same "rows of the picture" 3 "$(grep -c '>worker [0-2]<' picture.svg)"
grep -q '</svg>' picture.svg || wrong "the picture has no end"
if command -v python3 >/dev/null; then
    python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' picture.svg || wrong "the picture is no XML"
fi
rm input.gz
refuses 1 "missing/x.svg: cannot be made" -k --trace missing/x.svg input
only_here "after all" input picture.svg

finish
