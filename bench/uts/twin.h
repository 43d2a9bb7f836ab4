/* SPDX-License-Identifier: MIT */
/* twin.h - Unbalanced Tree Search: a tree that is made while it is walked, each node's children by a hash of its state.
 *
 * T1 is geometric with fixed shape (-t 1 -a 3 -d 10 -b 4 -r 19): 4,130,071 nodes; T3 is binomial
 * (-t 0 -b 2000 -q 0.124875 -m 8 -r 42): 4,112,897 nodes. Source: Olivier et al., UTS: An Unbalanced Tree Search
 * Benchmark (2006); the random stream is SHA-1 of the parent's state and the child's number.
 */
#ifndef UTS_TWIN_H
#define UTS_TWIN_H

#include <stdint.h>

enum { UTS_MOST_CHILDREN = 2000, UTS_GEOMETRIC_CHILDREN = 100 };

typedef struct uts_node {
    int height;
    uint8_t state[20];
} uts_node;

typedef enum uts_tree { UTS_T1, UTS_T3 } uts_tree;

uint64_t uts_nodes(uts_tree tree); /* as published */
uts_node uts_root(uts_tree tree);
int uts_children(uts_tree tree, const uts_node *node);
uts_node uts_child(const uts_node *node, int number);
uint64_t uts_sequential(uts_tree tree, const uts_node *node);

#endif
