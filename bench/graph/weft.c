/* SPDX-License-Identifier: MIT */
/* weft.c - graphs of dependent nodes: a chain, a fan, and layers where each node needs three; nanoseconds a node for
 * building, computing, both, and computing again after a clear; bytes a node. */
#include <stdio.h>
#include <stdlib.h>

#include <weft.h>

#include "../harness/bench.h"

enum { LAYER = 100, NEEDS = 3 };

WEFT_NODE_OVER(long, sum, inputs) {
    long all = 1;
    for (uint32_t i = 0; i < weft_input_count(inputs); i++) all += weft_input(inputs, i, long) & 0xffff;
    return all;
}

static void define(weft_graph *graph, weft_node node, const weft_node *needs, size_t count) {
    bench_require(weft_define_node(graph, node, &weft_node_of_sum, NULL, needs, count) == WEFT_OK, "define");
}

/* All return the last node. */
static weft_node chain(weft_graph *graph, size_t count) {
    for (weft_node i = 0; i < count; i++) define(graph, i, &(weft_node){i - 1}, i != 0);
    return count - 1;
}

static weft_node fan(weft_graph *graph, size_t count) {
    weft_node *all = bench_allocate(count * sizeof *all);
    for (weft_node i = 0; i < count; i++) define(graph, all[i] = i, NULL, 0);
    define(graph, count, all, count);
    free(all);
    return count;
}

static weft_node layers(weft_graph *graph, size_t count) {
    weft_node last[LAYER];
    for (weft_node i = 0; i < count; i++) {
        weft_node needs[NEEDS], base = i / LAYER * LAYER - LAYER;
        for (size_t k = 0; k < NEEDS; k++) needs[k] = base + (i * 7 + k * 31) % LAYER;
        define(graph, i, needs, i < LAYER ? 0 : NEEDS);
    }
    for (size_t i = 0; i < LAYER; i++) last[i] = count - LAYER + i;
    define(graph, count, last, LAYER);
    return count;
}

static double compute(weft_graph *graph, weft_node top, size_t count) {
    int64_t start = bench_clock();
    bench_require(weft_compute_node(graph, NULL, top, NULL, 0, WEFT_FOREVER) == WEFT_OK, "compute");
    return (double)(bench_clock() - start) / (double)count;
}

static void run(void *shape, double *values) {
    size_t count = (size_t)bench_count(1000000) / LAYER * LAYER;
    weft_graph *graph = weft_make_graph(NULL);
    int64_t start = bench_clock();
    weft_node top = (*(weft_node(**)(weft_graph *, size_t))shape)(graph, count);
    values[0] = (double)(bench_clock() - start) / (double)count;
    values[1] = compute(graph, top, count);
    bench_require(weft_clear_graph(graph) == WEFT_OK, "clear");
    values[2] = compute(graph, top, count);
    values[3] = (double)weft_graph_bytes(graph) / (double)count;
    values[4] = values[0] + values[1];
    bench_require(weft_free_graph(graph) == WEFT_OK, "free");
}

static void measure(unsigned workers, const char *name, weft_node (*shape)(weft_graph *graph, size_t count)) {
    char names[5][48];
    const char *const what[] = {"build", "compute", "again", "bytes", "whole"};
    bench_figure figures[5];
    for (int i = 0; i < 5; i++) {
        snprintf(names[i], sizeof names[i], "graph.%s.%s.w%u", name, what[i], workers);
        figures[i] = (bench_figure){names[i], i != 3 ? "ns/node" : "bytes"};
    }
    bench_measure(figures, 5, run, &shape);
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "weft", 300);
    for (unsigned workers = 1; workers <= 2; workers++) {
        weft_kernel *kernel = weft_make_kernel(workers, NULL);
        bench_require(kernel != NULL, "no kernel");
        measure(workers, "chain", chain);
        measure(workers, "fan", fan);
        measure(workers, "layers", layers);
        bench_require(weft_free_kernel(kernel) == WEFT_OK, "end");
    }
    return 0;
}
