/* SPDX-License-Identifier: MIT */
/* lparallel_ptree.c - what lparallel's tests of ptrees look at, said anew with graphs, with more of its own. Origin:
 * lparallel (James M. Lawrence, BSD licence), test/ptree-test.lisp, whose names are kept where there is one. */
#include "contract/common.h"

WEFT_NODE(int, border) { return 3; }
WEFT_NODE(int, width, (int, border)) { return 7 + 2 * border; }
WEFT_NODE(int, height, (int, border)) { return 5 + 2 * border; }
WEFT_NODE(int, area, (int, width), (int, height)) { return width * height; }

/* basic-ptree-test */
TEST(basic_ptree_test) {
    weft_kernel *kernel = kernel_here();
    weft_graph *graph = weft_make_graph(NULL);
    CHECK_OK(weft_define(graph, area, width, height));
    CHECK_OK(weft_define(graph, width, border));
    CHECK_OK(weft_define(graph, height, border));
    CHECK_OK(weft_define(graph, border));
    int value = 0;
    CHECK_OK(weft_compute(graph, area, &value, patience()));
    CHECK_EQ(value, 143);
    CHECK_OK(weft_free_graph(graph));
    end_and_free(kernel);
}

/* missing-ptree-function-test: id border, needed by height and width */
TEST(missing_ptree_function_test) {
    weft_kernel *kernel = kernel_here();
    weft_graph *graph = weft_make_graph(NULL);
    CHECK_OK(weft_define(graph, area, width, height));
    CHECK_OK(weft_define(graph, width, border));
    CHECK_OK(weft_define(graph, height, border));
    CHECK_STATUS(weft_check_graph(graph), WEFT_FAILED);
    CHECK(weft_condition_is(weft_last_condition(), &weft_type_node_undefined));
    size_t size;
    const weft_node *ids = weft_condition_payload(weft_last_condition(), &size);
    CHECK_EQ(size, 3 * sizeof *ids);
    CHECK_EQ(ids[0], weft_node_named(border));
    CHECK_EQ(ids[1], weft_node_named(height));
    CHECK_EQ(ids[2], weft_node_named(width));
    int value = 0;
    CHECK_STATUS(weft_compute(graph, area, &value, patience()), WEFT_FAILED);
    CHECK_OK(weft_define(graph, border));
    CHECK_OK(weft_check_graph(graph));
    CHECK_OK(weft_compute(graph, area, &value, patience()));
    CHECK_OK(weft_free_graph(graph));
    end_and_free(kernel);
}

/* ptree-redefinition-test */
TEST(ptree_redefinition_test) {
    weft_graph *graph = weft_make_graph(NULL);
    CHECK_OK(weft_define(graph, border));
    CHECK_STATUS(weft_define(graph, border), WEFT_FAILED);
    CHECK(weft_condition_is(weft_last_condition(), &weft_type_node_redefined));
    CHECK_OK(weft_free_graph(graph));
}

typedef struct state {
    atomic_int runs;
    bool fails;
    weft_future *promise;
    weft_graph *other;
} state;

WEFT_NODE_OVER(long, sum, inputs) {
    state *s = weft_input_context(inputs);
    long all = 1;
    if (s != NULL) {
        atomic_fetch_add(&s->runs, 1);
        if (s->promise != NULL) weft_force_future(s->promise, NULL, 0, patience());
        if (s->other != NULL) CHECK_OK(weft_compute_node(s->other, NULL, 1, NULL, 0, patience()));
        if (s->fails) weft_error(&weft_type_error, "foo-error");
    }
    for (uint32_t i = 0; i < weft_input_count(inputs); i++) all += weft_input(inputs, i, long);
    return all;
}

static void add(weft_graph *graph, weft_node node, state *s, size_t count, const weft_node *needs) {
    weft_node_options options = {.context = s};
    CHECK_OK(weft_define_node(graph, node, &weft_node_of_sum, &options, needs, count));
}

static weft_status get(weft_graph *graph, weft_node node, long *value) {
    return weft_compute_node(graph, NULL, node, value, sizeof *value, patience());
}

/* ptree-node-id-test: symbols, numbers, identities of objects */
TEST(ptree_node_id_test) {
    weft_kernel *kernel = kernel_here();
    weft_graph *graph = weft_make_graph(NULL);
    int object;
    weft_node all[] = {weft_node_named(sum), 0, 1, UINTPTR_MAX, (weft_node)(uintptr_t)&object};
    for (size_t i = 0; i < 5; i++) add(graph, all[i], NULL, i, all);
    for (size_t i = 0; i < 5; i++) {
        long value = 0;
        CHECK_OK(get(graph, all[i], &value));
        CHECK_EQ(value, 1L << i);
    }
    CHECK_OK(weft_free_graph(graph));
    end_and_free(kernel);
}

/* ptree-no-double-compute-test */
TEST(ptree_no_double_compute_test) {
    weft_kernel *kernel = kernel_here();
    weft_graph *graph = weft_make_graph(NULL);
    state f = {.runs = 0}, g = {.runs = 0};
    long value = 0;
    add(graph, 1, &f, 0, NULL);
    add(graph, 2, &g, 1, (weft_node[]){1});
    CHECK_OK(get(graph, 1, &value));
    CHECK_EQ(atomic_load(&f.runs), 1);
    for (int i = 0; i < 2; i++) CHECK_OK(get(graph, 2, &value));
    CHECK_EQ(atomic_load(&f.runs), 1);
    CHECK_EQ(atomic_load(&g.runs), 1);
    CHECK_OK(weft_free_graph(graph));
    end_and_free(kernel);
}

/* ptree-query-test */
TEST(ptree_query_test) {
    weft_kernel *kernel = kernel_here();
    weft_graph *graph = weft_make_graph(NULL);
    long value = 0;
    add(graph, 1, NULL, 0, NULL);
    add(graph, 2, NULL, 1, (weft_node[]){1});
    CHECK_EQ(weft_node_state_of(graph, 1), WEFT_NODE_OPEN);
    CHECK_OK(get(graph, 1, &value));
    CHECK_EQ(weft_node_state_of(graph, 1), WEFT_NODE_COMPUTED);
    CHECK_EQ(weft_node_state_of(graph, 2), WEFT_NODE_OPEN);
    CHECK_EQ(weft_node_state_of(graph, 3), WEFT_NODE_UNKNOWN);
    CHECK_OK(weft_clear_graph(graph));
    CHECK_EQ(weft_node_state_of(graph, 1), WEFT_NODE_OPEN);
    CHECK_OK(weft_free_graph(graph));
    end_and_free(kernel);
}

/* ptree-transfer-error-test, ptree-multi-error-test: the same condition each time, computed once */
TEST(ptree_transfer_error_test) {
    weft_kernel *kernel = kernel_here();
    weft_graph *graph = weft_make_graph(NULL);
    state bad = {.fails = true}, worse = {.fails = true}, top = {.runs = 0};
    long value = 0;
    add(graph, 1, &bad, 0, NULL);
    add(graph, 2, &worse, 0, NULL);
    add(graph, 3, &top, 2, (weft_node[]){1, 2});
    WEFT_TASK_HANDLER_BIND(&weft_type_error, weft_invoke_transfer_error, NULL) {
        for (int i = 0; i < 3; i++) CHECK_STATUS(get(graph, 3, &value), WEFT_FAILED);
    }
    CHECK_STR(weft_condition_message(weft_last_condition()), "foo-error");
    CHECK_OK(weft_wait_graph(graph, patience()));
    CHECK_LE(atomic_load(&bad.runs), 1);
    CHECK_LE(atomic_load(&worse.runs), 1);
    CHECK_EQ(atomic_load(&top.runs), 0);
    CHECK_OK(weft_free_graph(graph));
    end_and_free(kernel);
}

/* clear-ptree-errors-test: counts 1, 1, then 2, 2 for what failed, and the rest kept */
TEST(clear_ptree_errors_test) {
    weft_kernel *kernel = kernel_here();
    weft_graph *graph = weft_make_graph(NULL);
    state good = {.runs = 0}, bad = {.fails = true}, top = {.runs = 0};
    long value = 0;
    add(graph, 1, &good, 0, NULL);
    add(graph, 2, &bad, 1, (weft_node[]){1});
    add(graph, 3, &top, 1, (weft_node[]){2});
    WEFT_TASK_HANDLER_BIND(&weft_type_error, weft_invoke_transfer_error, NULL) {
        for (int turn = 1; turn <= 2; turn++) {
            for (int i = 0; i < 2; i++) CHECK_STATUS(get(graph, 3, &value), WEFT_FAILED);
            CHECK_EQ(atomic_load(&good.runs), 1);
            CHECK_EQ(atomic_load(&bad.runs), turn);
            CHECK_OK(weft_clear_failures(graph));
        }
        bad.fails = false;
        CHECK_OK(get(graph, 3, &value));
    }
    CHECK_EQ(value, 3);
    CHECK_EQ(atomic_load(&good.runs), 1);
    CHECK_OK(weft_free_graph(graph));
    end_and_free(kernel);
}

/* ptree-kill-test, second-ptree-kill-test: task-killed-error above the killed one, its siblings stay of use */
static const char victims[] = "victims";

static void *get_three(void *graph) {
    weft_status status = WEFT_OK;
    long value;
    WEFT_BIND(weft_task_category, (weft_category)victims) { status = get(graph, 3, &value); }
    return (void *)(intptr_t)status;
}

TEST(ptree_kill_test) {
    weft_kernel *kernel = kernel_here();
    weft_graph *graph = weft_make_graph(NULL);
    state waits = {.promise = weft_make_promise_sized(0)}, other = {.runs = 0};
    long value = 0;
    add(graph, 1, &waits, 0, NULL);
    add(graph, 2, &other, 0, NULL);
    add(graph, 3, NULL, 1, (weft_node[]){1});
    pthread_t thread;
    void *status;
    start_thread(&thread, get_three, graph);
    CHECK_EVENTUALLY(atomic_load(&waits.runs) == 1);
    CHECK_EQ(weft_kill_tasks(kernel, (weft_category)victims, NULL), 1);
    CHECK_EQ(pthread_join(thread, &status), 0);
    CHECK_STATUS((weft_status)(intptr_t)status, WEFT_KILLED);
    CHECK_STATUS(get(graph, 1, &value), WEFT_KILLED);
    CHECK_OK(get(graph, 2, &value));
    weft_release_future(waits.promise);
    CHECK_OK(weft_free_graph(graph));
    end_and_free(kernel);
}

/* ptree-node-kernel-test: nodes that compute in parallel themselves, on one worker, without a kernel of their own */
TEST(ptree_node_kernel_test) {
    weft_kernel *kernel = kernel_of(1);
    weft_graph *graph = weft_make_graph(NULL), *other = weft_make_graph(NULL);
    state uses = {.other = other};
    long value = 0;
    add(other, 1, NULL, 0, NULL);
    add(graph, 1, &uses, 0, NULL);
    add(graph, 2, &uses, 1, (weft_node[]){1});
    CHECK_OK(get(graph, 2, &value));
    CHECK_EQ(value, 2);
    CHECK_OK(weft_free_graph(graph));
    CHECK_OK(weft_free_graph(other));
    end_and_free(kernel);
}

/* ptree-restart-test: a restart inside a node, chosen by a handler that travels */
WEFT_NODE_OVER(long, repairs, inputs) {
    volatile long value = (long)weft_input_count(inputs);
    WEFT_RESTART_CASE {
        WEFT_TRY { weft_error(&weft_type_error, "foo-error"); }
        WEFT_RESTART_WITH("use-value", long, given) { value = given; }
    }
    return value;
}

static void use_nine(const weft_condition *condition, void *unused) {
    (void)condition, (void)unused;
    weft_invoke_restart_with("use-value", &(long){9});
}

TEST(ptree_restart_test) {
    weft_kernel *kernel = kernel_here();
    weft_graph *graph = weft_make_graph(NULL);
    long value = 0;
    CHECK_OK(weft_define_node(graph, 1, &weft_node_of_repairs, NULL, NULL, 0));
    WEFT_TASK_HANDLER_BIND(&weft_type_error, use_nine, NULL) { CHECK_OK(get(graph, 1, &value)); }
    CHECK_EQ(value, 9);
    CHECK_OK(weft_free_graph(graph));
    end_and_free(kernel);
}

/* big-ptree-test: every node over all those before it */
TEST(big_ptree_test) {
    weft_kernel *kernel = kernel_here();
    weft_graph *graph = weft_make_graph(NULL);
    weft_node all[40];
    for (size_t i = 0; i < 40; i++) {
        all[i] = i;
        add(graph, i, NULL, i, all);
    }
    long value = 0;
    CHECK_OK(get(graph, 39, &value));
    CHECK_EQ(value, 1L << 39);
    CHECK_OK(weft_free_graph(graph));
    end_and_free(kernel);
}
