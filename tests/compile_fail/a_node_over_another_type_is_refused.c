/* SPDX-License-Identifier: MIT */
/* a_node_over_another_type_is_refused.c - a node of a graph takes an int, and what it needs gives a double. */
#include <weft.h>

#ifdef RIGHT
WEFT_NODE(int, length) { return 2; }
#else
WEFT_NODE(double, length) { return 2; }
#endif
WEFT_NODE(int, area, (int, side)) { return side * side; }

weft_status try_it(weft_graph *graph);
weft_status try_it(weft_graph *graph) { return weft_define(graph, area, length); }
