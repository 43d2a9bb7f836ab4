/* SPDX-License-Identifier: MIT */
/* weft.c - Unbalanced Tree Search, trees T1 and T3, a spawn for each node: nanoseconds a node, and in ratio to the
 * twin.
 */
#include <weft.h>

#include "../harness/bench.h"
#include "twin.h"

typedef struct setting {
    weft_channel *results;
    uts_tree tree;
} setting;

/* A child is made where it is walked. */
WEFT_TASK(uint64_t, walk, (uts_tree, tree), (const uts_node *, parent), (int, number)) {
    uts_node node = number < 0 ? *parent : uts_child(parent, number);
    uint64_t sum = 1;
    int children = uts_children(tree, &node);
    for (int i = 0; i < children; i++) weft_spawn(walk, tree, &node, i);
    for (int i = 0; i < children; i++) sum += weft_sync(walk);
    return sum;
}

static void round_of_nodes(void *argument, double *values) {
    const setting *s = argument;
    uts_node root = uts_root(s->tree);
    uint64_t nodes = 0;
    int64_t start = bench_clock();
    bench_require(weft_submit(s->results, walk, s->tree, &root, -1) == WEFT_OK, "submit");
    bench_require(weft_receive_result(s->results, &nodes, WEFT_FOREVER) == WEFT_OK, "receive");
    values[0] = (double)(bench_clock() - start) / (double)nodes;
    bench_require(nodes == uts_nodes(s->tree), "nodes are missing");
    start = bench_clock();
    bench_require(uts_sequential(s->tree, &root) == nodes, "the twin differs");
    values[1] = values[0] / ((double)(bench_clock() - start) / (double)nodes);
}

static void measure(unsigned workers, uts_tree tree, const char *name, const char *ratio) {
    weft_kernel *kernel = weft_make_kernel(workers, NULL);
    bench_require(kernel != NULL, "no kernel");
    setting s = {weft_make_channel_sized(sizeof(uint64_t), &(weft_channel_options){.kernel = kernel}), tree};
    bench_require(s.results != NULL, "no channel");
    bench_measure((bench_figure[]){{name, "ns/node"}, {ratio, "x"}}, 2, round_of_nodes, &s);
    bench_require(weft_free_channel(s.results) == WEFT_OK && weft_free_kernel(kernel) == WEFT_OK, "end");
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "weft", 180);
    measure(1, UTS_T1, "uts.t1.w1", "uts.t1.w1.to-sequential");
    measure(2, UTS_T1, "uts.t1.w2", "uts.t1.w2.to-sequential");
    measure(1, UTS_T3, "uts.t3.w1", "uts.t3.w1.to-sequential");
    measure(2, UTS_T3, "uts.t3.w2", "uts.t3.w2.to-sequential");
    return 0;
}
