/* SPDX-License-Identifier: MIT */
/* parallel_ends.c - loops that do not come to their end: errors in a piece, and kills of the caller and of helpers. */
#include "common.h"

WEFT_CONDITION_TYPE(odd_piece, weft_type_error);

typedef struct scene {
    atomic_int inside, cleaned;
    atomic_bool go_on;
} scene;

static void one_less(void *argument) { atomic_fetch_sub((atomic_int *)argument, 1); }

/* Index 0 fails when some other index is being done by another worker. */
static weft_status fail_at_0(size_t first, size_t last, void *context) {
    scene *s = context;
    for (size_t i = first; i < last; i++) {
        atomic_fetch_add(&s->inside, 1);
        WEFT_UNWIND_PROTECT(one_less, &s->inside) {
            if (i == 0) weft_error(&odd_piece, "piece 0");
            CHECK_OK(weft_sleep(weft_after(0.002)));
        }
    }
    return WEFT_OK;
}

WEFT_TASK(weft_status, loop_that_fails, (scene *, s)) {
    weft_status status = weft_for_range(&(weft_parallel_options){.parts = 8}, 0, 8, fail_at_0, s);
    CHECK_EQ(atomic_load(&s->inside), 0); /* nothing runs on */
    return status;
}

TEST(an_error_in_a_piece_ends_the_loop_and_nothing_runs_on) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(weft_status);
    weft_set(weft_debug_tasks, false);
    for (int n = 0; n < 20; n++) {
        scene s = {0, 0, false};
        weft_status status = WEFT_OK;
        CHECK_OK(weft_submit(results, loop_that_fails, &s));
        weft_status received = weft_receive_result(results, &status, patience());
        /* It fails in the caller's piece, whose task then fails, or in another's. */
        CHECK(received == WEFT_FAILED || (received == WEFT_OK && status == WEFT_FAILED));
        CHECK_EQ(atomic_load(&s.inside), 0);
    }
    weft_set(weft_debug_tasks, true);
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

TEST(a_thread_gets_the_condition_of_a_piece_that_failed) {
    weft_kernel *kernel = kernel_here();
    weft_set(weft_debug_tasks, false);
    scene s = {0, 0, false};
    CHECK_STATUS(weft_for_range(&(weft_parallel_options){.parts = 8}, 0, 8, fail_at_0, &s), WEFT_FAILED);
    const weft_condition *condition = weft_last_condition();
    if (CHECK_NOT_NULL(condition)) CHECK_STR(weft_condition_message(condition), "piece 0");
    weft_set(weft_debug_tasks, true);
    end_and_free(kernel);
}

/* ---- kills ---- */

static const char doomed[] = "doomed";

static weft_status hang(size_t first, size_t last, void *context) {
    scene *s = context;
    (void)first, (void)last;
    WEFT_UNWIND_PROTECT(one_less, &s->inside) {
        atomic_fetch_add(&s->inside, 1); /* here, so that no kill comes between the two */
        CHECK_OK(weft_sleep(WEFT_FOREVER));
    }
    return WEFT_OK;
}

WEFT_TASK(int, hanging_loop, (scene *, s)) {
    CHECK_OK(weft_for_range(&(weft_parallel_options){.parts = 64}, 0, 64, hang, s));
    return 0;
}

TEST(killing_the_category_of_a_loop_kills_its_caller_and_its_helpers) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(int);
    for (int n = 0; n < 20; n++) {
        scene s = {0, 0, false};
        int value, workers = (int)harness_workers();
        WEFT_BIND(weft_task_category, doomed) CHECK_OK(weft_submit(results, hanging_loop, &s));
        CHECK_EVENTUALLY(atomic_load(&s.inside) == workers);
        CHECK_EQ(weft_kill_tasks(kernel, doomed, NULL), workers);
        CHECK_STATUS(weft_receive_result(results, &value, patience()), WEFT_KILLED);
        CHECK_EQ(atomic_load(&s.inside), 0);
    }
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

/* ---- helpers that never come ---- */

static weft_status nothing(size_t first, size_t last, void *unused) {
    (void)first, (void)last, (void)unused;
    return WEFT_OK;
}

WEFT_TASK(int, many_loops, (int, count)) {
    for (int i = 0; i < count; i++) CHECK_OK(weft_for_range(&(weft_parallel_options){.parts = 8}, 0, 8, nothing, NULL));
    return 0;
}

WEFT_TASK(int, keeps_busy, (gate *, g)) {
    pass_gate(g);
    return 0;
}

static uint64_t pending_everywhere(const weft_kernel *kernel) {
    uint64_t pending = 0;
    for (unsigned i = 0; i < harness_workers(); i++) {
        weft_worker_counters counters;
        CHECK_OK(weft_read_counters(kernel, i, &counters));
        pending += counters.pending;
    }
    return pending;
}

/* While all others are busy each loop asks for help in vain. The next one asks the same. */
TEST(loops_that_get_no_help_leave_no_more_requests_than_one) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(int);
    int value, others = (int)harness_workers() - 1;
    gate g = {0};
    for (int i = 0; i < others; i++) CHECK_OK(weft_submit(results, keeps_busy, &g));
    wait_for_entered(&g, others);
    CHECK_OK(weft_submit(results, many_loops, 10000));
    CHECK_OK(weft_receive_result(results, &value, patience()));
    CHECK_LE(pending_everywhere(kernel), (uint64_t)others);
    open_gate(&g);
    for (int i = 0; i < others; i++) CHECK_OK(weft_receive_result(results, &value, patience()));
    CHECK_EVENTUALLY(pending_everywhere(kernel) == 0);
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}
