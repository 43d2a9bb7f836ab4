/* SPDX-License-Identifier: MIT */
/* graph.c - row F3: nodes that depend on each other are computed once each, in order, at the same time where they may.
 */
#include "contract/common.h"

#include <stdlib.h>

WEFT_NODE(int, border) { return 2; }
WEFT_NODE(int, width, (int, border)) { return 7 + 2 * border; }
WEFT_NODE(int, height, (int, border)) { return 5 + 2 * border; }
WEFT_NODE(int, area, (int, width), (int, height)) { return width * height; }

static weft_graph *rectangle(void) {
    weft_graph *graph = weft_make_graph("rectangle");
    CHECK_OK(weft_define(graph, area, width, height));
    CHECK_OK(weft_define(graph, width, border));
    CHECK_OK(weft_define(graph, height, border));
    CHECK_OK(weft_define(graph, border));
    return graph;
}

TEST(a_graph_computes_what_a_node_depends_on) {
    weft_kernel *kernel = kernel_here();
    weft_graph *graph = rectangle();
    int value = 0;
    CHECK_OK(weft_check_graph(graph));
    CHECK_EQ(weft_node_state_of(graph, weft_node_named(area)), WEFT_NODE_OPEN);
    CHECK_STATUS(weft_compute(graph, area, &value, WEFT_NOW), WEFT_TIMED_OUT);
    CHECK_OK(weft_compute(graph, height, &value, patience()));
    CHECK_EQ(value, 9);
    CHECK_EQ(weft_node_state_of(graph, weft_node_named(width)), WEFT_NODE_OPEN);
    CHECK_OK(weft_compute(graph, area, &value, patience()));
    CHECK_EQ(value, 99);
    CHECK_OK(weft_compute(graph, area, &value, WEFT_NOW));
    CHECK_EQ(weft_node_state_of(graph, weft_node_named(area)), WEFT_NODE_COMPUTED);
    CHECK_EQ(weft_call(area, 3, 4), 12);
    CHECK_OK(weft_free_graph(graph));
    end_and_free(kernel);
}

/* ---- nodes by number, which count how often they run ---- */

typedef struct counted {
    atomic_int runs;
    long add;
    bool fails;
} counted;

WEFT_NODE_OVER(long, sum, inputs) {
    counted *mine = weft_input_context(inputs);
    long all = 0;
    if (mine != NULL) {
        atomic_fetch_add(&mine->runs, 1);
        if (mine->fails) weft_error(&weft_type_error, "node %zu does not like it", (size_t)weft_input_node(inputs));
        all = mine->add;
    }
    for (uint32_t i = 0; i < weft_input_count(inputs); i++) all += weft_input(inputs, i, long);
    return all;
}

static weft_status define_sum(weft_graph *graph, weft_node node, counted *context, const weft_node *needs,
                              size_t count) {
    weft_node_options options = {.context = context};
    return weft_define_node(graph, node, &weft_node_of_sum, &options, needs, count);
}

#define SUM_OF(graph, node, context, ...)                                                                              \
    define_sum((graph), (node), (context), (weft_node[]){__VA_ARGS__},                                                 \
               sizeof((weft_node[]){__VA_ARGS__}) / sizeof(weft_node))

static weft_status compute_sum(weft_graph *graph, weft_node node, long *value) {
    return weft_compute_node(graph, NULL, node, value, sizeof *value, patience());
}

TEST(each_node_runs_once_and_again_after_a_clear) {
    weft_kernel *kernel = kernel_here();
    weft_graph *graph = weft_make_graph(NULL);
    counted base = {.add = 1}, left = {.add = 10}, right = {.add = 100}, top = {.add = 1000};
    CHECK_OK(define_sum(graph, 1, &base, NULL, 0));
    CHECK_OK(SUM_OF(graph, 2, &left, 1, 1));
    CHECK_OK(SUM_OF(graph, 3, &right, 1));
    CHECK_OK(SUM_OF(graph, 4, &top, 2, 3));
    long value = 0;
    for (int turn = 1; turn <= 3; turn++) {
        for (int i = 0; i < 3; i++) CHECK_OK(compute_sum(graph, 4, &value));
        CHECK_EQ(value, 1113);
        CHECK_EQ(atomic_load(&base.runs), turn);
        CHECK_EQ(atomic_load(&top.runs), turn);
        CHECK_OK(weft_clear_graph(graph));
        CHECK_EQ(weft_node_state_of(graph, 1), WEFT_NODE_OPEN);
    }
    CHECK_EQ(atomic_load(&left.runs), 3);
    CHECK_OK(weft_free_graph(graph));
    end_and_free(kernel);
}

TEST(what_depends_on_a_node_is_computed_again_when_that_is_cleared_or_given) {
    weft_kernel *kernel = kernel_here();
    weft_graph *graph = weft_make_graph(NULL);
    counted left = {.add = 10}, right = {.add = 100}, top = {.add = 1000};
    CHECK_OK(SUM_OF(graph, 4, &top, 2, 3));
    CHECK_OK(SUM_OF(graph, 2, &left, 1));
    CHECK_OK(define_sum(graph, 3, &right, NULL, 0));
    CHECK_OK(weft_give(graph, 1, &(long){5}));
    long value = 0;
    CHECK_OK(compute_sum(graph, 4, &value));
    CHECK_EQ(value, 1115);
    CHECK_OK(weft_give(graph, 1, &(long){6}));
    CHECK_EQ(weft_node_state_of(graph, 3), WEFT_NODE_COMPUTED);
    CHECK_EQ(weft_node_state_of(graph, 2), WEFT_NODE_OPEN);
    CHECK_OK(compute_sum(graph, 4, &value));
    CHECK_EQ(value, 1116);
    CHECK_OK(weft_clear_node(graph, 3));
    CHECK_OK(compute_sum(graph, 4, &value));
    CHECK_EQ(atomic_load(&left.runs), 2);
    CHECK_EQ(atomic_load(&right.runs), 2);
    CHECK_EQ(atomic_load(&top.runs), 3);
    CHECK_OK(weft_clear_graph(graph));
    CHECK_EQ(weft_node_state_of(graph, 1), WEFT_NODE_COMPUTED);
    CHECK_STATUS(weft_give(graph, 1, &(char){1}), WEFT_WRONG_SIZE);
    CHECK_OK(weft_free_graph(graph));
    end_and_free(kernel);
}

/* ---- what is wrong ---- */

static bool last_is(const weft_condition_type *type, const char *message) {
    CHECK(weft_condition_is(weft_last_condition(), type));
    return CHECK_STR(weft_condition_message(weft_last_condition()), message);
}

TEST(a_missing_node_is_named_with_those_that_need_it) {
    weft_kernel *kernel = kernel_here();
    weft_graph *graph = weft_make_graph("g");
    counted top = {.add = 1};
    CHECK_OK(SUM_OF(graph, 4, &top, 2));
    CHECK_OK(SUM_OF(graph, 5, &top, 2, 4));
    CHECK_EQ(weft_node_state_of(graph, 2), WEFT_NODE_UNDEFINED);
    CHECK_EQ(weft_node_state_of(graph, 7), WEFT_NODE_UNKNOWN);
    CHECK_STATUS(weft_compute_node(graph, NULL, 5, NULL, 0, patience()), WEFT_FAILED);
    last_is(&weft_type_node_undefined, "node 2 of graph g is not defined; needed by sum 5, sum 4");
    size_t size;
    const weft_node *ids = weft_condition_payload(weft_last_condition(), &size);
    CHECK_EQ(size, 3 * sizeof(weft_node));
    CHECK_EQ(ids[0], 2);
    CHECK_EQ(ids[2], 4);
    CHECK_STATUS(weft_check_graph(graph), WEFT_FAILED);
    CHECK_STATUS(weft_compute_node(graph, NULL, 7, NULL, 0, patience()), WEFT_FAILED);
    last_is(&weft_type_node_undefined, "node 7 is not defined");
    CHECK_EQ(atomic_load(&top.runs), 0);
    CHECK_STATUS(define_sum(graph, 4, &top, NULL, 0), WEFT_FAILED);
    last_is(&weft_type_node_redefined, "node sum 4 is defined already");
    CHECK_OK(weft_free_graph(graph));
    end_and_free(kernel);
}

TEST(a_cycle_is_told_with_its_path_and_nothing_runs) {
    weft_kernel *kernel = kernel_here();
    weft_graph *graph = weft_make_graph(NULL);
    counted all = {.add = 1};
    CHECK_OK(SUM_OF(graph, 1, &all, 2, 6));
    CHECK_OK(SUM_OF(graph, 2, &all, 6, 3));
    CHECK_OK(SUM_OF(graph, 3, &all, 4));
    CHECK_OK(SUM_OF(graph, 4, &all, 2));
    CHECK_OK(define_sum(graph, 6, &all, NULL, 0));
    CHECK_OK(SUM_OF(graph, 8, &all, 8));
    CHECK_STATUS(weft_compute_node(graph, NULL, 1, NULL, 0, patience()), WEFT_FAILED);
    last_is(&weft_type_graph_cycle, "cycle: sum 2 -> sum 3 -> sum 4 -> sum 2");
    size_t size;
    const weft_node *ids = weft_condition_payload(weft_last_condition(), &size);
    CHECK_EQ(size, 3 * sizeof(weft_node));
    CHECK_EQ(ids[0] * 100 + ids[1] * 10 + ids[2], 234);
    CHECK_STATUS(weft_compute_node(graph, NULL, 8, NULL, 0, patience()), WEFT_FAILED);
    last_is(&weft_type_graph_cycle, "cycle: sum 8 -> sum 8");
    CHECK_STATUS(weft_check_graph(graph), WEFT_FAILED);
    CHECK(weft_condition_is(weft_last_condition(), &weft_type_graph_cycle));
    CHECK_EQ(atomic_load(&all.runs), 0);
    CHECK_OK(weft_compute_node(graph, NULL, 6, NULL, 0, patience()));
    CHECK_OK(weft_free_graph(graph));
    end_and_free(kernel);
}

TEST(a_long_cycle_is_told_in_short) {
    weft_kernel *kernel = kernel_here();
    weft_graph *graph = weft_make_graph(NULL);
    enum { LENGTH = 100000 };
    for (weft_node i = 0; i < LENGTH; i++) CHECK_OK(SUM_OF(graph, i, NULL, (i + 1) % LENGTH));
    CHECK_STATUS(weft_compute_node(graph, NULL, 0, NULL, 0, patience()), WEFT_FAILED);
    const char *message = weft_condition_message(weft_last_condition());
    CHECK_NOT_NULL(strstr(message, "cycle: sum 0 -> sum 1 -> sum 2"));
    CHECK_NOT_NULL(strstr(message, "99985 more"));
    CHECK_NOT_NULL(strstr(message, "sum 99999 -> sum 0"));
    CHECK_OK(weft_free_graph(graph));
    end_and_free(kernel);
}

TEST(a_failure_is_kept_by_all_that_depend_on_it_until_it_is_cleared) {
    weft_kernel *kernel = kernel_here();
    weft_set(weft_debug_tasks, false);
    weft_graph *graph = weft_make_graph(NULL);
    counted bad = {.add = 1, .fails = true}, good = {.add = 10}, top = {.add = 100};
    CHECK_OK(define_sum(graph, 1, &bad, NULL, 0));
    CHECK_OK(define_sum(graph, 2, &good, NULL, 0));
    CHECK_OK(SUM_OF(graph, 3, &top, 1, 2));
    CHECK_OK(SUM_OF(graph, 4, &top, 3));
    long value = 0;
    CHECK_OK(compute_sum(graph, 2, &value));
    for (int i = 0; i < 3; i++) {
        CHECK_STATUS(compute_sum(graph, i < 2 ? 4 : 1, &value), WEFT_FAILED);
        CHECK_STR(weft_condition_message(weft_last_condition()), "node 1 does not like it");
        CHECK_STR(weft_condition_task(weft_last_condition()), "sum");
    }
    const weft_condition *first = weft_node_failure(graph, 1), *last = weft_node_failure(graph, 4);
    CHECK_PTR(first, last);
    weft_release_condition(first);
    weft_release_condition(last);
    CHECK_EQ(weft_node_state_of(graph, 3), WEFT_NODE_BROKEN);
    CHECK_EQ(atomic_load(&bad.runs), 1);
    CHECK_OK(SUM_OF(graph, 5, &top, 4)); /* defined when what it depends on has failed */
    CHECK_STATUS(compute_sum(graph, 5, &value), WEFT_FAILED);
    bad.fails = false;
    CHECK_OK(weft_clear_failures(graph));
    CHECK_OK(compute_sum(graph, 5, &value));
    CHECK_EQ(value, 311);
    CHECK_EQ(atomic_load(&good.runs), 1);
    CHECK_EQ(atomic_load(&bad.runs), 2);
    CHECK_NULL(weft_node_failure(graph, 1));
    weft_set(weft_debug_tasks, true);
    CHECK_OK(weft_free_graph(graph));
    end_and_free(kernel);
}

WEFT_NODE(double, half, (int, border)) { return border / 2.0; }

TEST(values_of_wrong_sizes_are_refused) {
    weft_kernel *kernel = kernel_here();
    weft_graph *graph = weft_make_graph(NULL);
    char letter = 'a';
    double value;
    CHECK_OK(weft_give(graph, weft_node_named(border), &letter));
    CHECK_OK(weft_define(graph, half, border));
    CHECK_STATUS(weft_compute(graph, half, &value, patience()), WEFT_WRONG_SIZE);
    CHECK_STATUS(weft_check_graph(graph), WEFT_WRONG_SIZE);
    CHECK_STATUS(weft_compute_node(graph, NULL, weft_node_named(border), &value, 8, WEFT_NOW), WEFT_WRONG_SIZE);
    CHECK_STATUS(weft_define_node(graph, 1, &weft_node_of_area, NULL, &(weft_node){2}, 1), WEFT_WRONG_SIZE);
    CHECK_STATUS(weft_define_node(NULL, 1, &weft_node_of_area, NULL, &(weft_node){2}, 1), WEFT_INVALID);
    CHECK_STATUS(weft_define_node(graph, 1, NULL, NULL, NULL, 0), WEFT_INVALID);
    CHECK_STATUS(weft_define_node(graph, 1, &weft_node_of_border, NULL, NULL, 1), WEFT_INVALID);
    CHECK_STATUS(weft_compute_node(NULL, NULL, 1, NULL, 0, WEFT_NOW), WEFT_INVALID);
    CHECK_STATUS(weft_clear_graph(NULL), WEFT_INVALID);
    CHECK_STATUS(weft_cancel_graph(NULL), WEFT_INVALID);
    CHECK_OK(weft_free_graph(NULL));
    CHECK_OK(weft_free_graph(graph));
    end_and_free(kernel);
}

TEST(without_a_kernel_nothing_is_computed_and_nothing_lost) {
    weft_graph *graph = rectangle();
    int value = 0;
    CHECK_STATUS(weft_compute(graph, area, &value, patience()), WEFT_NO_KERNEL);
    weft_kernel *kernel = kernel_here();
    const weft_compute_options options = {.kernel = kernel};
    CHECK_OK(weft_end_kernel(kernel, true));
    CHECK_STATUS(weft_compute_with(&options, graph, area, &value, patience()), WEFT_ENDED);
    CHECK_EQ(weft_node_state_of(graph, weft_node_named(border)), WEFT_NODE_OPEN);
    CHECK_OK(weft_free_kernel(kernel));
    kernel = kernel_here();
    CHECK_OK(weft_compute(graph, area, &value, patience()));
    CHECK_EQ(value, 99);
    CHECK_OK(weft_free_graph(graph));
    end_and_free(kernel);
}

/* ---- of all sizes and shapes ---- */

static size_t nodes_here(void) { return 1000000 / (size_t)(harness_slowness() > 2 ? 20 : 1); }

TEST_WITH_LIMIT(a_chain_of_a_million_nodes_works, 120) {
    weft_kernel *kernel = kernel_here();
    weft_graph *graph = weft_make_graph(NULL);
    size_t count = nodes_here();
    counted one = {.add = 1};
    CHECK_OK(define_sum(graph, 0, &one, NULL, 0));
    for (weft_node i = 1; i < count; i++)
        if (!CHECK_OK(SUM_OF(graph, i, &one, i - 1))) break;
    long value = 0;
    CHECK_OK(weft_compute_node(graph, NULL, count - 1, &value, sizeof value, weft_after(100)));
    CHECK_EQ(value, (long)count);
    CHECK_EQ(weft_graph_nodes(graph), count);
    CHECK_LT(weft_graph_bytes(graph) / count, 220);
    CHECK_OK(weft_clear_node(graph, 0));
    CHECK_EQ(weft_node_state_of(graph, count - 1), WEFT_NODE_OPEN);
    CHECK_OK(weft_free_graph(graph));
    end_and_free(kernel);
}

TEST_WITH_LIMIT(a_node_over_a_million_nodes_works, 120) {
    weft_kernel *kernel = kernel_here();
    weft_graph *graph = weft_make_graph(NULL);
    size_t count = nodes_here();
    counted one = {.add = 1};
    weft_node *all = malloc(count * sizeof *all);
    for (weft_node i = 0; i < count; i++) {
        all[i] = i;
        if (!CHECK_OK(define_sum(graph, i, &one, NULL, 0))) break;
    }
    CHECK_OK(define_sum(graph, count, &one, all, count));
    long value = 0;
    CHECK_OK(weft_compute_node(graph, NULL, count, &value, sizeof value, weft_after(100)));
    CHECK_EQ(value, (long)count + 1);
    CHECK_EQ(atomic_load(&one.runs), (long)count + 1);
    free(all);
    CHECK_OK(weft_free_graph(graph));
    end_and_free(kernel);
}

/* 2 to the power of 40 paths lead from the top to the bottom of a ladder. */
TEST(the_number_of_paths_does_not_matter) {
    weft_kernel *kernel = kernel_here();
    weft_graph *graph = weft_make_graph(NULL);
    counted none = {.add = 0};
    CHECK_OK(weft_give(graph, 0, &(long){1}));
    CHECK_OK(weft_give(graph, 1, &(long){1}));
    for (weft_node i = 2; i <= 80; i += 2) {
        CHECK_OK(SUM_OF(graph, i, &none, i - 2, i - 1));
        CHECK_OK(SUM_OF(graph, i + 1, &none, i - 2, i - 1));
    }
    long value = 0;
    CHECK_OK(compute_sum(graph, 80, &value));
    CHECK_EQ(value, 1L << 40);
    CHECK_EQ(atomic_load(&none.runs), 79);
    CHECK_OK(weft_free_graph(graph));
    end_and_free(kernel);
}

typedef struct large {
    char bytes[5000];
} large;

WEFT_NODE(large, filled, (char *, with)) {
    large all;
    memset(all.bytes, with[0], sizeof all.bytes);
    return all;
}
WEFT_NODE(void, looked, (large, all)) { CHECK_EQ(all.bytes[4999], 'w'); }
WEFT_NODE(char *, letter) { return (char *)(uintptr_t) "w"; }

TEST(values_may_be_large_pointers_or_none) {
    weft_kernel *kernel = kernel_here();
    weft_graph *graph = weft_make_graph(NULL);
    CHECK_OK(weft_define(graph, looked, filled));
    CHECK_OK(weft_define(graph, filled, letter));
    CHECK_OK(weft_define(graph, letter));
    CHECK_OK(weft_compute(graph, looked, NULL, patience()));
    large all;
    CHECK_OK(weft_compute(graph, filled, &all, patience()));
    CHECK_EQ(all.bytes[0], 'w');
    CHECK_OK(weft_free_graph(graph));
    end_and_free(kernel);
}
