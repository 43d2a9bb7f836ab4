/* SPDX-License-Identifier: MIT */
/* graphs.c - random graphs computed again and again while nodes fail, wait, are killed and cancelled, many graphs at
 * once, one computed by many: each node runs at most once a computation, after all that it needs, and values are those
 * of the sequential twin. A graph of a million nodes of random shape. Rows F3, X1. */
#include "contract/common.h"

#include "stress/load.h"

enum { NODES = 300, NEEDS = 4 };

static const char doomed[] = "doomed";

enum { GOOD, WAITS, GIVES_WAY, BREAKS, ENDLESS };

typedef struct network {
    weft_graph *graph;
    size_t count;
    uint32_t needs[NODES][NEEDS], need_count[NODES];
    atomic_uint kind[NODES], runs[NODES], inside;
    long wanted[NODES];
} network;

static long value_of(size_t i, const long *needs, uint32_t count) {
    long sum = (long)i + 1;
    for (uint32_t k = 0; k < count; k++) sum = (sum * 3 + needs[k]) & 0xffffff;
    return sum;
}

static void leave(void *inside) { atomic_fetch_sub((atomic_uint *)inside, 1); }

WEFT_NODE_OVER(long, cell, inputs) {
    network *n = weft_input_context(inputs);
    size_t i = weft_input_node(inputs);
    long needs[NEEDS];
    weft_without_kill region = weft_without_kill_begin(); /* no kill comes between the two */
    atomic_fetch_add(&n->inside, 1);
    WEFT_DEFER(leave, &n->inside);
    weft_without_kill_end(&region);
    atomic_fetch_add(&n->runs[i], 1);
    for (uint32_t k = 0; k < weft_input_count(inputs); k++) {
        needs[k] = weft_input(inputs, k, long);
        CHECK_EQ(needs[k], n->wanted[n->needs[i][k]]); /* it is there, and whole */
    }
    switch (atomic_load(&n->kind[i])) {
    case WAITS: weft_sleep(weft_after(5e-5)); break;
    case GIVES_WAY: weft_yield(); break;
    case BREAKS: weft_error(&weft_type_error, "cell %zu", i); break;
    case ENDLESS:
        for (;;) weft_sleep(weft_after(1e-3));
    default: break;
    }
    return value_of(i, needs, weft_input_count(inputs));
}

/* Each node needs some of those before it. */
static network *make_network(size_t count, uint64_t *random) {
    network *n = calloc(1, sizeof *n);
    n->graph = weft_make_graph("random");
    n->count = count;
    for (size_t i = 0; i < count; i++) {
        long needs[NEEDS];
        weft_node ids[NEEDS];
        const weft_node_options options = {.context = n};
        n->need_count[i] = i == 0 ? 0 : (uint32_t)(harness_random(random) % (NEEDS + 1));
        for (uint32_t k = 0; k < n->need_count[i]; k++) {
            size_t reach = harness_random(random) % 3 == 0 ? i : i < 8 ? i : 8; /* far, or near: chains */
            n->needs[i][k] = (uint32_t)(i - 1 - harness_random(random) % reach);
            ids[k] = n->needs[i][k];
            needs[k] = n->wanted[n->needs[i][k]];
        }
        n->wanted[i] = value_of(i, needs, n->need_count[i]);
        CHECK_OK(weft_define_node(n->graph, i, &weft_node_of_cell, &options, ids, n->need_count[i]));
    }
    return n;
}

static void free_network(network *n) {
    CHECK_OK(weft_free_graph(n->graph));
    CHECK_EQ(atomic_load(&n->inside), 0);
    free(n);
}

/* How each node does this time: one of so many breaks (0: none). */
static void choose_kinds(network *n, uint64_t *random, unsigned breaks) {
    for (size_t i = 0; i < n->count; i++) {
        uint64_t r = harness_random(random);
        unsigned kind = r % 16 == 0 ? WAITS : r % 16 == 1 ? GIVES_WAY : GOOD;
        if (breaks != 0 && (r >> 8) % breaks == 0) kind = BREAKS;
        atomic_store(&n->kind[i], kind);
        atomic_store(&n->runs[i], 0);
    }
}

static void check_at_rest(network *n) {
    for (size_t i = 0; i < n->count; i++) {
        uint32_t runs = atomic_load(&n->runs[i]);
        CHECK(runs <= 1);
        weft_node_state state = weft_node_state_of(n->graph, i);
        if (state == WEFT_NODE_COMPUTED) CHECK_EQ(runs, 1);
        if (state == WEFT_NODE_COMPUTED)
            for (uint32_t k = 0; k < n->need_count[i]; k++)
                CHECK_EQ(weft_node_state_of(n->graph, n->needs[i][k]), WEFT_NODE_COMPUTED);
        const weft_condition *failure = weft_node_failure(n->graph, i);
        CHECK_EQ(failure != NULL, state == WEFT_NODE_BROKEN);
        if (failure != NULL) weft_release_condition(failure);
    }
}

static weft_status compute(network *n, size_t node, weft_deadline deadline) {
    long value = -1;
    weft_status status = weft_compute_node(n->graph, NULL, node, &value, sizeof value, deadline);
    if (status == WEFT_OK) CHECK_EQ(value, n->wanted[node]);
    return status;
}

static void one_computation(network *n, uint64_t *random) {
    size_t node = n->count - 1 - harness_random(random) % (n->count / 4);
    unsigned how = (unsigned)(harness_random(random) % 4);
    choose_kinds(n, random, how == 1 ? 50 : 0);
    weft_status status = compute(n, node, how == 2 ? weft_after(1e-4) : patience());
    CHECK(status == WEFT_OK || (how == 1 && status == WEFT_FAILED) || (how == 2 && status == WEFT_TIMED_OUT));
    CHECK_OK(weft_wait_graph(n->graph, patience()));
    check_at_rest(n);
    for (size_t i = 0; i < n->count; i++)
        if (atomic_load(&n->kind[i]) == BREAKS) atomic_store(&n->kind[i], GOOD);
    for (size_t i = 0; i < n->count; i++)
        if (weft_node_state_of(n->graph, i) == WEFT_NODE_BROKEN) atomic_store(&n->runs[i], 0);
    CHECK_OK(weft_clear_failures(n->graph));
    CHECK_OK(compute(n, node, patience())); /* what is left of it */
    CHECK_OK(weft_wait_graph(n->graph, patience()));
    check_at_rest(n);
    if (how == 3) {
        size_t cleared = harness_random(random) % n->count;
        CHECK_OK(weft_clear_node(n->graph, cleared));
        for (size_t i = 0; i < n->count; i++)
            if (weft_node_state_of(n->graph, i) != WEFT_NODE_COMPUTED) atomic_store(&n->runs[i], 0);
        CHECK_OK(compute(n, node, patience()));
        check_at_rest(n);
    }
    CHECK_OK(weft_clear_graph(n->graph));
}

WEFT_TASK(long, graphs, (uint64_t, seed), (size_t, rounds), (weft_deadline, until)) {
    uint64_t random = seed;
    long done = 0;
    for (size_t i = 0; i < rounds && weft_time() < until; i++) {
        network *n = make_network(20 + harness_random(&random) % (NODES - 20), &random);
        for (int k = 0; k < 4; k++) one_computation(n, &random);
        free_network(n);
        done++;
    }
    return done;
}

TEST_WITH_LIMIT(random_graphs_compute_what_their_twin_does, 180) {
    enum { AT_ONCE = 6 };
    weft_kernel *kernel = kernel_here();
    weft_set(weft_debug_tasks, false);
    weft_future *all[AT_ONCE];
    weft_deadline until = load_end(6);
    for (uint64_t i = 0; i < AT_ONCE; i++) all[i] = weft_future(graphs, harness_seed() + i, load_rounds(200), until);
    for (int i = 0; i < AT_ONCE; i++) {
        long done = 0;
        CHECK_OK(weft_force(all[i], &done, weft_after(150)));
        CHECK(done > 0);
        weft_release_future(all[i]);
    }
    weft_set(weft_debug_tasks, true);
    end_and_free(kernel);
}

/* ---- one graph for many ---- */

WEFT_TASK(void, computes, (network *, n), (uint64_t, seed)) {
    uint64_t random = seed;
    for (int i = 0; i < 20; i++) {
        size_t node = harness_random(&random) % n->count;
        weft_status status = compute(n, node, i % 4 == 3 ? weft_after(1e-4) : patience());
        CHECK(status == WEFT_OK || status == WEFT_TIMED_OUT || status == WEFT_CANCELLED);
        if (i % 7 == 6) CHECK_OK(weft_cancel_graph(n->graph));
    }
}

TEST_WITH_LIMIT(many_compute_one_graph_and_each_node_runs_once, 120) {
    enum { TASKS = 8 };
    weft_kernel *kernel = kernel_here();
    uint64_t random = harness_seed();
    weft_deadline until = load_end(6);
    for (size_t i = 0; i < load_rounds(200) && weft_time() < until; i++) {
        network *n = make_network(NODES, &random);
        choose_kinds(n, &random, 0);
        weft_future *all[TASKS];
        for (int k = 0; k < TASKS; k++) all[k] = weft_future(computes, n, harness_random(&random));
        for (int k = 0; k < TASKS; k++) {
            CHECK_OK(weft_force_future(all[k], NULL, 0, k == 0 ? WEFT_FOREVER : patience()));
            weft_release_future(all[k]);
        }
        CHECK_OK(weft_wait_graph(n->graph, patience()));
        check_at_rest(n);
        free_network(n);
    }
    end_and_free(kernel);
}

/* ---- killed ---- */

/* The nodes have the category of who computes. */
WEFT_TASK(int, computes_top, (network *, n)) {
    weft_status status = WEFT_OK;
    WEFT_BIND(weft_task_category, (weft_category)doomed) status = compute(n, n->count - 1, weft_after(10));
    return (int)status;
}

/* Nodes run one after another in one task: a kill takes the one that runs, and none that has run. */
TEST_WITH_LIMIT(killed_nodes_break_what_is_above_and_the_rest_is_done_later, 120) {
    weft_kernel *kernel = kernel_here();
    weft_set(weft_debug_tasks, false);
    uint64_t random = harness_seed();
    weft_deadline until = load_end(8);
    for (size_t i = 0; i < load_rounds(100) && weft_time() < until; i++) {
        network *n = make_network(NODES, &random);
        choose_kinds(n, &random, 0);
        size_t stuck = harness_random(&random) % n->count;
        atomic_store(&n->kind[stuck], ENDLESS);
        weft_future *top = weft_future(computes_top, n);
        for (int k = 0; k < 2000 && !weft_fulfilled(top); k++) {
            if (k % 4 == 3) weft_kill_tasks(kernel, doomed, NULL);
            weft_sleep(weft_after(1e-4));
        }
        int status = -1;
        weft_force(top, &status, patience());
        CHECK(weft_fulfilled(top));
        weft_release_future(top);
        CHECK_OK(weft_cancel_graph(n->graph));
        weft_kill_tasks(kernel, doomed, NULL);
        CHECK_OK(weft_wait_graph(n->graph, patience()));
        check_at_rest(n);
        CHECK_EQ(atomic_load(&n->inside), 0);
        choose_kinds(n, &random, 0);
        CHECK_OK(weft_clear_graph(n->graph));
        CHECK_OK(compute(n, n->count - 1, patience()));
        free_network(n);
    }
    weft_set(weft_debug_tasks, true);
    end_and_free(kernel);
}

/* ---- large ---- */

WEFT_NODE_OVER(long, tall, inputs) {
    long most = 0;
    for (uint32_t i = 0; i < weft_input_count(inputs); i++)
        most = weft_input(inputs, i, long) > most ? weft_input(inputs, i, long) : most;
    return most + 1;
}

/* The longest way down, against the same by a loop. */
TEST_WITH_LIMIT(a_million_nodes_of_random_shape_are_computed, 180) {
    size_t count = harness_slowness() > 1 ? 100000 : 1000000;
    uint64_t random = harness_seed();
    weft_kernel *kernel = kernel_here();
    weft_graph *graph = weft_make_graph("large");
    long *heights = calloc(count, sizeof *heights), value = 0, wanted = 0;
    for (size_t i = 0; i < count; i++) {
        weft_node needs[3];
        size_t n = i == 0 ? 0 : harness_random(&random) % 4;
        if (i == count - 1) n = 3;
        for (size_t k = 0; k < n; k++) {
            needs[k] = i - 1 - harness_random(&random) % (i < 50 ? i : 50);
            if (heights[needs[k]] > heights[i]) heights[i] = heights[needs[k]];
        }
        wanted = ++heights[i];
        CHECK_OK(weft_define_node(graph, i, &weft_node_of_tall, NULL, needs, n));
    }
    for (int turn = 0; turn < 2; turn++) {
        CHECK_OK(weft_compute_node(graph, NULL, count - 1, &value, sizeof value, weft_after(120)));
        CHECK_EQ(value, wanted);
        CHECK_OK(weft_clear_graph(graph));
    }
    free(heights);
    CHECK_OK(weft_free_graph(graph));
    end_and_free(kernel);
}
