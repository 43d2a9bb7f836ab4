/* SPDX-License-Identifier: MIT */
/* tbb.cpp - the peer in oneTBB: a flow graph of continue_nodes; the same chain, fan and layers. */
#include <oneapi/tbb/flow_graph.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>

#include <cstdio>
#include <deque>
#include <vector>

extern "C" {
#include "../harness/bench.h"
}

using namespace oneapi::tbb::flow;
enum { LAYER = 100, NEEDS = 3 };

struct nodes {
    graph all;
    std::vector<long> values;
    std::deque<continue_node<continue_msg>> each;
    std::vector<std::vector<size_t>> needs;

    void define(size_t place, const std::vector<size_t> &needed) {
        needs.push_back(needed);
        each.emplace_back(all, [this, place](const continue_msg &) {
            long sum = 1;
            for (size_t on : needs[place]) sum += values[on] & 0xffff;
            values[place] = sum;
        });
        values.push_back(0);
        for (size_t on : needed) make_edge(each[on], each[place]);
    }
};

static void chain(nodes &graph, size_t count) {
    for (size_t i = 0; i < count; i++) graph.define(i, i != 0 ? std::vector<size_t>{i - 1} : std::vector<size_t>{});
}

static void fan(nodes &graph, size_t count) {
    std::vector<size_t> all;
    for (size_t i = 0; i < count; i++) {
        graph.define(i, {});
        all.push_back(i);
    }
    graph.define(count, all);
}

static void layers(nodes &graph, size_t count) {
    std::vector<size_t> last;
    for (size_t i = 0; i < count; i++) {
        std::vector<size_t> needs;
        for (size_t k = 0; k < NEEDS && i >= LAYER; k++)
            needs.push_back(i / LAYER * LAYER - LAYER + (i * 7 + k * 31) % LAYER);
        graph.define(i, needs);
        if (i + LAYER >= count) last.push_back(i);
    }
    graph.define(count, last);
}

static double compute(nodes &graph, size_t count) {
    int64_t start = bench_clock();
    for (size_t i = 0; i < graph.each.size(); i++)
        if (graph.needs[i].empty()) graph.each[i].try_put(continue_msg());
    graph.all.wait_for_all();
    return static_cast<double>(bench_clock() - start) / static_cast<double>(count);
}

struct shape {
    oneapi::tbb::task_arena *arena;
    void (*make)(nodes &graph, size_t count);
};

static void run(void *argument, double *values) {
    auto *how = static_cast<shape *>(argument);
    how->arena->execute([&] {
        size_t count = static_cast<size_t>(bench_count(1000000)) / LAYER * LAYER;
        int64_t start = bench_clock();
        nodes graph;
        how->make(graph, count);
        values[0] = static_cast<double>(bench_clock() - start) / static_cast<double>(count);
        values[1] = compute(graph, count);
        values[2] = compute(graph, count);
    });
}

static void measure(int workers, const char *name, void (*make)(nodes &graph, size_t count)) {
    oneapi::tbb::global_control limit(oneapi::tbb::global_control::max_allowed_parallelism,
                                      static_cast<size_t>(workers));
    oneapi::tbb::task_arena arena(workers);
    char names[3][48];
    const char *what[] = {"build", "compute", "again"};
    bench_figure figures[3];
    for (int i = 0; i < 3; i++) {
        std::snprintf(names[i], sizeof names[i], "graph.%s.%s.w%d", name, what[i], workers);
        figures[i] = {names[i], "ns/node"};
    }
    shape how = {&arena, make};
    bench_measure(figures, 3, run, &how);
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "tbb", 300);
    for (int workers = 1; workers <= 2; workers++) {
        measure(workers, "chain", chain);
        measure(workers, "fan", fan);
        measure(workers, "layers", layers);
    }
    return 0;
}
