/* SPDX-License-Identifier: MIT */
/* graph_ends.c - row F3: computations that do not come to their end, or not alone: deadlines, cancels, kills,
 * priorities, callers in nodes, several at a time. */
#include "contract/common.h"

typedef struct shared {
    gate g;
    atomic_int runs;
    weft_graph *graph;
    weft_future *promise;
} shared;

WEFT_NODE_OVER(long, passes, inputs) {
    shared *s = weft_input_context(inputs);
    pass_gate(&s->g);
    return 1;
}

WEFT_NODE_OVER(long, counts, inputs) {
    shared *s = weft_input_context(inputs);
    atomic_fetch_add(&s->runs, 1);
    long all = 1;
    for (uint32_t i = 0; i < weft_input_count(inputs); i++) all += weft_input(inputs, i, long);
    return all;
}

static void define(weft_graph *graph, weft_node node, const weft_node_type *type, shared *s, weft_node need) {
    weft_node_options options = {.context = s};
    CHECK_OK(weft_define_node(graph, node, type, &options, &need, need != 0));
}

/* 3 needs 2 needs 1, which waits at the gate. */
static weft_graph *gated(shared *s) {
    weft_graph *graph = weft_make_graph("gated");
    s->graph = graph;
    define(graph, 1, &weft_node_of_passes, s, 0);
    define(graph, 2, &weft_node_of_counts, s, 1);
    define(graph, 3, &weft_node_of_counts, s, 2);
    return graph;
}

static weft_status compute(weft_graph *graph, weft_node node, weft_deadline deadline) {
    return weft_compute_node(graph, NULL, node, NULL, 0, deadline);
}

TEST(a_deadline_ends_the_wait_and_the_rest_is_done_later) {
    weft_kernel *kernel = kernel_here();
    shared s = {.runs = 0};
    weft_graph *graph = gated(&s);
    CHECK_STATUS(compute(graph, 3, weft_after(0.02)), WEFT_TIMED_OUT);
    bool runs = atomic_load(&s.g.entered) != 0;
    weft_status rest = weft_wait_graph(graph, weft_after(0.01));
    /* A node that no worker has come to yet may be waited for, or be given up; one that runs is waited for. */
    if (runs || rest != WEFT_OK)
        CHECK_STATUS(rest, WEFT_TIMED_OUT);
    else
        CHECK_EQ(atomic_load(&s.g.entered), 0);
    open_gate(&s.g);
    CHECK_OK(weft_wait_graph(graph, patience()));
    CHECK_EQ(atomic_load(&s.runs), 0);
    CHECK_EQ(weft_node_state_of(graph, 2), WEFT_NODE_OPEN);
    CHECK_OK(compute(graph, 3, patience()));
    CHECK_EQ(atomic_load(&s.runs), 2);
    CHECK_OK(weft_free_graph(graph));
    end_and_free(kernel);
}

static void *compute_three(void *graph) { return (void *)(intptr_t)compute(graph, 3, patience()); }

static weft_status join_status(pthread_t thread) {
    void *status;
    CHECK_EQ(pthread_join(thread, &status), 0);
    return (weft_status)(intptr_t)status;
}

TEST(a_cancelled_computation_says_so_and_can_be_gone_on_with) {
    weft_kernel *kernel = kernel_here();
    shared s = {.runs = 0};
    weft_graph *graph = gated(&s);
    pthread_t thread;
    start_thread(&thread, compute_three, graph);
    wait_for_entered(&s.g, 1);
    CHECK_OK(weft_cancel_graph(graph));
    open_gate(&s.g);
    CHECK_STATUS(join_status(thread), WEFT_CANCELLED);
    CHECK_EQ(weft_node_state_of(graph, 1), WEFT_NODE_COMPUTED);
    CHECK_EQ(atomic_load(&s.runs), 0);
    CHECK_OK(compute(graph, 3, patience()));
    CHECK_OK(weft_free_graph(graph));
    end_and_free(kernel);
}

TEST(several_that_compute_take_turns_and_all_get_the_value) {
    weft_kernel *kernel = kernel_here();
    shared s = {.runs = 0};
    weft_graph *graph = gated(&s);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) start_thread(&threads[i], compute_three, graph);
    wait_for_entered(&s.g, 1);
    open_gate(&s.g);
    for (int i = 0; i < 4; i++) CHECK_STATUS(join_status(threads[i]), WEFT_OK);
    CHECK_EQ(atomic_load(&s.runs), 2);
    CHECK_EQ(atomic_load(&s.g.entered), 1);
    CHECK_OK(weft_free_graph(graph));
    end_and_free(kernel);
}

WEFT_TASK(weft_status, compute_in_task, (weft_graph *, graph), (weft_node, node)) {
    return compute(graph, node, patience());
}

TEST(a_task_may_compute_and_leaves_its_worker_to_the_nodes) {
    weft_kernel *kernel = kernel_of(1);
    shared s = {.runs = 0};
    open_gate(&s.g);
    weft_graph *graph = gated(&s);
    weft_future *done = weft_future(compute_in_task, graph, 3);
    weft_status status = WEFT_INVALID;
    CHECK_OK(weft_force(done, &status, patience()));
    CHECK_STATUS(status, WEFT_OK);
    weft_release_future(done);
    CHECK_OK(weft_free_graph(graph));
    end_and_free(kernel);
}

WEFT_NODE_OVER(long, uses_itself, inputs) {
    shared *s = weft_input_context(inputs);
    weft_node none = 0;
    CHECK_STATUS(compute(s->graph, 1, patience()), WEFT_BUSY);
    CHECK_STATUS(weft_clear_graph(s->graph), WEFT_BUSY);
    CHECK_STATUS(weft_free_graph(s->graph), WEFT_BUSY);
    CHECK_STATUS(weft_wait_graph(s->graph, patience()), WEFT_BUSY);
    CHECK_STATUS(weft_define_node(s->graph, 9, &weft_node_of_counts, NULL, &none, 0), WEFT_BUSY);
    CHECK_EQ(weft_node_state_of(s->graph, 1), WEFT_NODE_OPEN);
    CHECK_EQ(weft_graph_nodes(s->graph), 1);
    return 1;
}

TEST(a_node_that_uses_its_own_graph_is_told) {
    weft_kernel *kernel = kernel_here();
    shared s = {.graph = weft_make_graph(NULL)};
    define(s.graph, 1, &weft_node_of_uses_itself, &s, 0);
    CHECK_OK(compute(s.graph, 1, patience()));
    CHECK_OK(weft_free_graph(s.graph));
    end_and_free(kernel);
}

WEFT_NODE_OVER(long, uses_another, inputs) {
    shared *s = weft_input_context(inputs);
    CHECK_OK(compute(s->graph, 3, patience()));
    weft_future *more = weft_future(compute_in_task, s->graph, 2);
    CHECK_OK(weft_force_future(more, NULL, 0, WEFT_FOREVER));
    weft_release_future(more);
    return 1;
}

TEST(nodes_that_wait_for_parallel_work_do_not_lock_a_kernel_up) {
    weft_kernel *kernel = kernel_of(1);
    shared s = {.runs = 0};
    open_gate(&s.g);
    weft_graph *inner = gated(&s), *outer = weft_make_graph(NULL);
    for (weft_node i = 1; i <= 10; i++) define(outer, i, &weft_node_of_uses_another, &s, i > 1 ? i - 1 : 0);
    CHECK_OK(compute(outer, 10, patience()));
    CHECK_EQ(atomic_load(&s.runs), 2);
    CHECK_OK(weft_free_graph(outer));
    CHECK_OK(weft_free_graph(inner));
    end_and_free(kernel);
}

/* ---- errors and kills ---- */

WEFT_NODE_OVER(long, fails, inputs) {
    shared *s = weft_input_context(inputs);
    if (s != NULL) wait_for_entered(&s->g, 1);
    weft_error(&weft_type_error, "broken");
}

/* The other node still runs when the error is there. */
TEST(an_error_does_not_wait_for_the_other_nodes) {
    weft_kernel *kernel = kernel_of(2);
    weft_set(weft_debug_tasks, false);
    shared s = {.runs = 0};
    weft_graph *graph = weft_make_graph(NULL);
    define(graph, 1, &weft_node_of_passes, &s, 0);
    define(graph, 2, &weft_node_of_fails, &s, 0);
    weft_node_options options = {.context = &s};
    CHECK_OK(weft_define_node(graph, 3, &weft_node_of_counts, &options, (weft_node[]){1, 2}, 2));
    CHECK_STATUS(compute(graph, 3, patience()), WEFT_FAILED);
    CHECK_STR(weft_condition_message(weft_last_condition()), "broken");
    CHECK_EQ(weft_node_state_of(graph, 3), WEFT_NODE_BROKEN);
    CHECK_EQ(weft_node_state_of(graph, 1), WEFT_NODE_OPEN);
    open_gate(&s.g);
    CHECK_OK(weft_wait_graph(graph, patience()));
    CHECK_EQ(weft_node_state_of(graph, 1), WEFT_NODE_COMPUTED);
    CHECK_EQ(atomic_load(&s.runs), 0);
    weft_set(weft_debug_tasks, true);
    CHECK_OK(weft_free_graph(graph));
    end_and_free(kernel);
}

TEST(of_many_failures_each_node_keeps_one) {
    weft_kernel *kernel = kernel_here();
    weft_set(weft_debug_tasks, false);
    weft_graph *graph = weft_make_graph(NULL);
    enum { MANY = 200 };
    weft_node all[MANY];
    for (int turn = 0; turn < 5; turn++) {
        weft_node base = (weft_node)turn * 1000;
        for (weft_node i = 0; i < MANY; i++) {
            all[i] = base + i + 1;
            define(graph, all[i], &weft_node_of_fails, NULL, 0);
        }
        CHECK_OK(weft_define_node(graph, base + 500, &weft_node_of_counts, NULL, all, MANY));
        CHECK_OK(weft_define_node(graph, base + 501, &weft_node_of_counts, NULL, all, MANY));
        CHECK_OK(
            weft_define_node(graph, base + 502, &weft_node_of_counts, NULL, (weft_node[]){base + 500, base + 501}, 2));
        CHECK_STATUS(compute(graph, base + 502, patience()), WEFT_FAILED);
        CHECK_OK(weft_wait_graph(graph, patience()));
        CHECK_EQ(weft_node_state_of(graph, base + 501), WEFT_NODE_BROKEN);
    }
    weft_set(weft_debug_tasks, true);
    CHECK_OK(weft_free_graph(graph));
    end_and_free(kernel);
}

static void take(const weft_condition *condition, void *taken) {
    atomic_fetch_add((atomic_int *)taken, 1);
    weft_invoke_transfer_error(condition, NULL);
}

TEST(handlers_travel_with_the_nodes) {
    weft_kernel *kernel = kernel_here();
    atomic_int taken = 0;
    shared s = {.runs = 0};
    weft_graph *graph = weft_make_graph(NULL);
    define(graph, 1, &weft_node_of_counts, &s, 0);
    define(graph, 2, &weft_node_of_counts, &s, 1);
    define(graph, 3, &weft_node_of_fails, NULL, 2);
    WEFT_TASK_HANDLER_BIND(&weft_type_error, take, &taken) { CHECK_STATUS(compute(graph, 3, patience()), WEFT_FAILED); }
    CHECK_EQ(atomic_load(&taken), 1);
    CHECK_OK(weft_free_graph(graph));
    end_and_free(kernel);
}

/* Waits, since where sanitizers watch only who waits can be killed. */
WEFT_NODE_OVER(long, awaits, inputs) {
    shared *s = weft_input_context(inputs);
    atomic_fetch_add(&s->g.entered, 1);
    CHECK_OK(weft_force_future(s->promise, NULL, 0, patience()));
    return 1;
}

static const char victims[] = "victims";

static void *compute_three_as_victim(void *graph) {
    weft_status status = WEFT_OK;
    WEFT_BIND(weft_task_category, (weft_category)victims) { status = compute(graph, 3, patience()); }
    return (void *)(intptr_t)status;
}

TEST(a_killed_node_breaks_what_depends_on_it_and_no_other) {
    weft_kernel *kernel = kernel_here();
    shared s = {.promise = weft_make_promise_sized(0)};
    weft_graph *graph = weft_make_graph(NULL);
    define(graph, 1, &weft_node_of_awaits, &s, 0);
    define(graph, 3, &weft_node_of_counts, &s, 1);
    define(graph, 9, &weft_node_of_counts, &s, 0);
    pthread_t thread;
    start_thread(&thread, compute_three_as_victim, graph);
    wait_for_entered(&s.g, 1);
    CHECK_EQ(weft_kill_tasks(kernel, (weft_category)victims, NULL), 1);
    CHECK_STATUS(join_status(thread), WEFT_KILLED);
    CHECK_EQ(weft_node_state_of(graph, 1), WEFT_NODE_BROKEN);
    CHECK_EQ(weft_node_state_of(graph, 3), WEFT_NODE_BROKEN);
    CHECK_STATUS(compute(graph, 3, patience()), WEFT_KILLED);
    CHECK(weft_condition_is(weft_last_condition(), &weft_type_task_killed));
    CHECK_OK(compute(graph, 9, patience()));
    CHECK_OK(weft_fulfil_future(s.promise, NULL, 0));
    CHECK_OK(weft_clear_failures(graph));
    CHECK_OK(compute(graph, 3, patience()));
    CHECK_OK(weft_free_graph(graph));
    weft_release_future(s.promise);
    end_and_free(kernel);
}

/* The node is of another category, since that of a task is not passed on. */
TEST(a_killed_caller_leaves_the_graph_in_order) {
    weft_kernel *kernel = kernel_here();
    shared s = {.promise = weft_make_promise_sized(0)};
    weft_graph *graph = weft_make_graph(NULL);
    define(graph, 1, &weft_node_of_awaits, &s, 0);
    define(graph, 2, &weft_node_of_counts, &s, 1);
    weft_channel *results = weft_make_channel(weft_status);
    WEFT_BIND(weft_task_category, (weft_category)victims) { CHECK_OK(weft_submit(results, compute_in_task, graph, 2)); }
    wait_for_entered(&s.g, 1);
    CHECK_EQ(weft_kill_tasks(kernel, (weft_category)victims, NULL), 1);
    CHECK_STATUS(weft_receive_result(results, &(weft_status){WEFT_OK}, patience()), WEFT_KILLED);
    CHECK_OK(weft_fulfil_future(s.promise, NULL, 0));
    CHECK_OK(weft_wait_graph(graph, patience()));
    CHECK_EQ(atomic_load(&s.runs), 0);
    CHECK_OK(compute(graph, 2, patience()));
    CHECK_OK(weft_free_graph(graph));
    CHECK_OK(weft_free_channel(results));
    weft_release_future(s.promise);
    end_and_free(kernel);
}

/* ---- priorities, progress ---- */

WEFT_NODE_OVER(long, place, inputs) {
    shared *s = weft_input_context(inputs);
    return atomic_fetch_add(&s->runs, 1);
}

TEST(a_node_of_low_priority_comes_after_the_others) {
    weft_kernel *kernel = kernel_of(1);
    shared s = {.runs = 0};
    weft_graph *graph = weft_make_graph(NULL);
    weft_node_options low = {.context = &s, .priority = WEFT_PRIORITY_LOW}, usual = {.context = &s};
    weft_node all[40];
    for (weft_node i = 0; i < 40; i++) {
        all[i] = i + 1;
        CHECK_OK(weft_define_node(graph, i + 1, &weft_node_of_place, i == 0 ? &low : &usual, NULL, 0));
    }
    CHECK_OK(weft_define_node(graph, 50, &weft_node_of_place, &usual, all, 40));
    CHECK_OK(
        weft_submit(NULL, compute_in_task, graph, 50)); /* from inside, so that nothing runs before all are there */
    CHECK_EVENTUALLY(weft_node_state_of(graph, 50) == WEFT_NODE_COMPUTED);
    long value = 0;
    CHECK_OK(weft_compute_node(graph, NULL, 1, &value, sizeof value, patience()));
    CHECK_EQ(value, 39);
    WEFT_BIND(weft_task_priority, WEFT_PRIORITY_LOW) {
        CHECK_OK(weft_clear_graph(graph));
        CHECK_OK(compute(graph, 50, patience()));
    }
    CHECK_OK(weft_free_graph(graph));
    end_and_free(kernel);
}

static void note(size_t done, size_t total, void *context) {
    size_t *last = context;
    CHECK_LE(*last, done);
    CHECK_EQ(total, 1000);
    *last = done;
}

TEST(progress_is_told_and_ends_with_all) {
    weft_kernel *kernel = kernel_here();
    shared s = {.runs = 0};
    weft_graph *graph = weft_make_graph(NULL);
    for (weft_node i = 1; i <= 1000; i++) define(graph, i, &weft_node_of_counts, &s, i - 1);
    size_t last = 0;
    const weft_compute_options options = {.progress = note, .progress_context = &last};
    CHECK_OK(weft_compute_node(graph, &options, 1000, NULL, 0, patience()));
    CHECK_EQ(last, 1000);
    CHECK_OK(weft_free_graph(graph));
    end_and_free(kernel);
}

TEST(a_kernel_that_ends_runs_all_nodes_first) {
    weft_kernel *kernel = kernel_here();
    shared s = {.runs = 0};
    weft_graph *graph = gated(&s);
    pthread_t thread;
    start_thread(&thread, compute_three, graph);
    wait_for_entered(&s.g, 1);
    CHECK_OK(weft_end_kernel(kernel, false));
    open_gate(&s.g);
    CHECK_STATUS(join_status(thread), WEFT_OK);
    CHECK_EQ(atomic_load(&s.runs), 2);
    CHECK_OK(weft_free_graph(graph));
    end_and_free(kernel);
}
