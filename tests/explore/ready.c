/* SPDX-License-Identifier: MIT */
/* ready.c - counting down to a node explored: lockfree/ready.h, used as graphs use it.
 *
 * Property: a node runs once, when all that it needs is done, and sees their values; of several that fail below it one
 * claims it; who gives the last token back knows that nobody else is there. Without the orders:
 *     left:  writes its value     arrives: one is left
 *     right: arrives: none is left     runs the top, which reads what left has not written yet
 */
#include "lockfree/ready.h"
#include "engine/explore.h"
#include "lockfree/spinlock.h"

typedef struct graph {
    wefti_ready left, right, third, top, above;
    wefti_tokens tokens;
    wefti_spinlock lock;
    uint32_t values[3], whys[2], submitted;
    bool resting, waiting;
} graph;

static graph *g;
static wefti_futex woken;

static void begin(size_t tokens) {
    g = explore_alloc(sizeof *g);
    wefti_ready_set(&g->left, 0);
    wefti_ready_set(&g->right, 0);
    wefti_ready_set(&g->top, 2);
    wefti_ready_set(&g->above, 1);
    wefti_atomic_init(&g->tokens, tokens);
    wefti_atomic_init(&g->lock, 0u);
    wefti_atomic_init(&woken, 0u);
    explore_name(&g->top, "top");
    explore_name(&g->above, "above");
    explore_name(&g->tokens, "tokens");
}

/* As come_to_rest: the waiter may free all as soon as the lock is given up. */
static void give_back_some(size_t tokens) {
    if (!wefti_tokens_give_back(&g->tokens, tokens)) return;
    wefti_spin_lock(&g->lock);
    g->resting = true;
    bool waits = g->waiting;
    wefti_spin_unlock(&g->lock);
    if (!waits) return;
    wefti_store_release(&woken, 1u);
    wefti_futex_wake(&woken, 1);
}

static void give_back(void) { give_back_some(1); }

static void run_top(void) {
    g->submitted++;
    g->values[2] = g->values[0] + g->values[1];
    wefti_ready_finish(&g->top);
    explore_assert(g->values[2] == 3);
    if (wefti_ready_arrive(&g->above, 1)) explore_saw("the node above is ready");
}

static void done(void *which) {
    size_t place = (size_t)(uintptr_t)which;
    wefti_ready *mine = place == 0 ? &g->left : &g->right;
    g->values[place] = (uint32_t)place + 1;
    wefti_ready_finish(mine);
    if (wefti_ready_arrive(&g->top, 1)) run_top(); /* its token goes on to the top */
    give_back();
}

/* As fail in parallel/compute.c. */
static void failed(void *which) {
    size_t place = (size_t)(uintptr_t)which;
    wefti_ready_fail(place == 0 ? &g->left : &g->right);
    if (wefti_ready_fail(&g->top)) {
        g->whys[0] = (uint32_t)place + 1;
        if (wefti_ready_fail(&g->above)) g->whys[1] = (uint32_t)place + 1;
    }
    give_back();
}

/* One task that runs two nodes, one after the other, and then gives the tokens of both back. */
static void done_both(void *unused) {
    (void)unused;
    for (size_t place = 0; place < 2; place++) {
        g->values[place] = (uint32_t)place + 1;
        wefti_ready_finish(place == 0 ? &g->left : &g->right);
        if (wefti_ready_arrive(&g->top, 1)) run_top();
    }
    give_back_some(2);
}

/* A node of the same graph that nothing needs. */
static void apart(void *unused) {
    (void)unused;
    give_back();
}

static void wait_for_rest(void *unused) {
    (void)unused;
    wefti_spin_lock(&g->lock);
    bool wait = g->waiting = !g->resting;
    wefti_spin_unlock(&g->lock);
    if (wait) explore_saw("a wait");
    while (wait && wefti_load_acquire(&woken) == 0) wefti_futex_wait(&woken, 0, INT64_MAX);
}

static void look(void *unused) {
    (void)unused;
    if (!wefti_ready_is_done(&g->top)) return;
    explore_saw("the value");
    explore_assert(g->values[2] == 3);
}

#define LEFT ((void *)(uintptr_t)0)
#define RIGHT ((void *)(uintptr_t)1)

EXPLORE(a_node_runs_once_and_sees_what_it_needs, .exhaustive = true, .preemptions = 3) {
    begin(2);
    explore_thread(done, LEFT);
    explore_thread(done, RIGHT);
    explore_join();
    explore_assert(g->submitted == 1);
    explore_assert(g->resting);
    explore_assert(wefti_ready_is_done(&g->top));
    explore_free(g);
}

EXPLORE(who_sees_that_a_node_is_done_sees_its_value, .exhaustive = true, .preemptions = 2, .stale = 2) {
    begin(2);
    explore_thread(done, LEFT);
    explore_thread(done, RIGHT);
    explore_thread(look, NULL);
    explore_join();
    explore_free(g);
}

EXPLORE(a_node_above_a_failure_is_claimed_and_never_runs, .exhaustive = true, .preemptions = 3) {
    begin(2);
    explore_thread(failed, LEFT);
    explore_thread(done, RIGHT);
    explore_join();
    explore_assert(g->submitted == 0);
    explore_assert(g->whys[0] == 1 && g->whys[1] == 1);
    explore_assert(wefti_ready_is_failed(&g->above) && !wefti_ready_is_done(&g->top));
    explore_free(g);
}

EXPLORE(of_two_failures_one_claims_what_is_above, .exhaustive = true, .preemptions = 3) {
    begin(2);
    explore_thread(failed, LEFT);
    explore_thread(failed, RIGHT);
    explore_join();
    explore_assert(g->whys[0] != 0 && g->whys[0] == g->whys[1]);
    explore_assert(g->resting);
    explore_free(g);
}

/* Whoever still came to the graph would touch what is freed. */
static void wait_and_free(void *unused) {
    wait_for_rest(unused);
    explore_assert(g->submitted == 1);
    explore_free(g);
}

EXPLORE(a_graph_at_rest_may_be_freed, .exhaustive = true, .preemptions = 2, .stale = 2) {
    begin(2);
    explore_thread(done, LEFT);
    explore_thread(done, RIGHT);
    explore_thread(wait_and_free, NULL);
    explore_join();
    explore_assert(explore_live_blocks() == 0);
}

EXPLORE(a_task_of_two_nodes_gives_back_both_tokens, .exhaustive = true, .preemptions = 2, .stale = 2) {
    begin(3);
    explore_thread(done_both, NULL);
    explore_thread(apart, NULL);
    explore_thread(wait_and_free, NULL);
    explore_join();
    explore_assert(explore_live_blocks() == 0);
}

/* One task that runs two nodes and arrives for both at once, as go_on in parallel/compute.c; the third arrives alone.
 */
static void gathers(void *ends_early) {
    for (size_t place = 0; place < 2; place++) {
        g->values[place] = (uint32_t)place + 1;
        wefti_ready_finish(place == 0 ? &g->left : &g->right);
        if (place == 0 && ends_early != NULL) explore_assert(!wefti_ready_arrive(&g->top, 1));
    }
    if (wefti_ready_arrive(&g->top, ends_early != NULL ? 1 : 2)) run_top();
    give_back_some(2);
}

static void third(void *unused) {
    (void)unused;
    wefti_ready_finish(&g->third);
    if (wefti_ready_arrive(&g->top, 1)) run_top();
    give_back();
}

static void gather_beside_a_third(void *ends_early) {
    begin(3);
    wefti_ready_set(&g->third, 0);
    wefti_ready_set(&g->top, 3);
    explore_thread(gathers, ends_early);
    explore_thread(third, NULL);
    explore_thread(wait_and_free, NULL);
    explore_join();
    explore_assert(explore_live_blocks() == 0);
}

EXPLORE(arrivals_that_are_gathered_make_a_node_ready_once, .exhaustive = true, .preemptions = 2, .stale = 2) {
    gather_beside_a_third(NULL);
}

EXPLORE(a_task_that_ends_arrives_for_those_it_has_gathered, .exhaustive = true, .preemptions = 2, .stale = 2) {
    gather_beside_a_third(&woken);
}
