/* SPDX-License-Identifier: MIT */
/* split.c - dividing a range explored: parallel/split.c with helpers that begin when they like, or not until all is
 * done.
 *
 * Property: each element is done once, by one participant; the caller returns when nobody is inside any more, sees what
 * was done, and takes its data away at once; who begins later touches nothing of it; the split is freed once. Without
 * the orders on `inside`: helper: does its elements     leaves caller:                                 closes, sees
 * nobody inside     reads old elements
 */
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "dynamic/frame.h"
#include "engine/explore.h"
#include "parallel/split.h"
#include "sched/attach.h"
#include "sched/kernel.h"
#include "sched/submit.h"

enum { MOST_HELPERS = 2 };

/* What the caller owns, and frees as soon as it can. */
typedef struct range {
    size_t count;
    unsigned char times[4];
} range;

typedef struct submitted {
    const weft_task_type *type;
    wefti_sink *sink;
    void *argument;
    WEFTI_ATOMIC(uint32_t) here;
} submitted;

static weft_kernel kernel;
static wefti_thread threads[4];
static submitted tasks[MOST_HELPERS];
static uint32_t task_count, most_tasks;
static bool fails_in_helper;
static unsigned fails_at; /* an element; beyond all: none */

static WEFTI_ATOMIC(uint32_t) gone; /* the caller has returned */

static wefti_condition broken;
static WEFTI_ATOMIC(uint32_t) drops;

static void released(const wefti_condition *condition) {
    (void)condition;
    wefti_add_relaxed(&drops, 1u); /* relaxed: a count, looked at when all is over */
}

/* ---- what split.c calls ---- */

WEFT_PUBLIC_VARIABLE(weft_category, weft_task_category, NULL);
WEFT_PUBLIC_VARIABLE(weft_priority, weft_task_priority, WEFT_PRIORITY_DEFAULT);

weft_variable wefti_task_handlers; /* none are bound */

void weft_variable_get(weft_variable *variable, void *value) {
    if (variable == &weft_task_priority)
        *(weft_priority *)value = WEFT_PRIORITY_DEFAULT;
    else
        *(weft_category *)value = NULL;
}
weft_bound weft_bind_begin(weft_variable *variable, void *value, weft_bound *self) {
    (void)variable, (void)value, (void)self;
    return (weft_bound){0};
}
void weft_bind_end(weft_bound *self) { (void)self; }
weft_kernel *wefti_kernel_current(void) { return &kernel; }
void wefti_wake_one(weft_kernel *of) { (void)of; }

weft_status wefti_submit_otherwise(weft_kernel *of, wefti_strand *self, const weft_submit_options *options,
                                   wefti_sink *sink, const weft_task_type *type, const void *arguments) {
    (void)of, (void)self, (void)options;
    if (task_count == most_tasks) return WEFT_NO_MEMORY;
    submitted *task = &tasks[task_count++];
    task->type = type;
    task->sink = sink;
    task->argument = *(void *const *)arguments;
    wefti_store_release(&task->here, 1u); /* partner: be_helper; stands for the inbox */
    return WEFT_OK;
}

/* ---- who takes part ---- */

static weft_status piece(void *context, size_t first, size_t last) {
    range *r = context;
    for (size_t i = first; i < last; i++) {
        explore_assert(i < r->count && r->times[i] == 0);
        if (i == fails_at) return WEFT_CLOSED;
        r->times[i]++;
    }
    if (explore_self() != 1) explore_saw("a helper that helped");
    return WEFT_OK;
}

static weft_status leave_in_the_middle(void *context, size_t first, size_t last);
static jmp_buf outside;

static weft_status caller_leaves(void *context, size_t first, size_t last) {
    return explore_self() == 1 ? leave_in_the_middle(context, first, last) : piece(context, first, last);
}

/* As the unwinder does it. */
static weft_status leave_in_the_middle(void *context, size_t first, size_t last) {
    wefti_strand *self = wefti_strand_now;
    weft_frame *frame = self->frames;
    (void)context, (void)first, (void)last;
    wefti_frame_end(self, frame, true);
    longjmp(outside, 1);
}

static void begin(size_t count, uint32_t helpers) {
    memset(threads, 0, sizeof threads);
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) threads[i].patience = WEFTI_FIRST_PATIENCE;
    memset(tasks, 0, sizeof tasks);
    memset(&kernel, 0, sizeof kernel);
    kernel.worker_count = helpers;
    memset(&gone, 0, sizeof gone);
    memset(&drops, 0, sizeof drops);
    task_count = 0;
    most_tasks = helpers;
    fails_in_helper = false;
    fails_at = (unsigned)count;
    broken = (wefti_condition){.status = WEFT_FAILED, .release = released};
    wefti_store_relaxed(&wefti_cpus_to_spin, 1u);
    explore_local(&wefti_strand_now);
    explore_name(&tasks[0].here, "the first helper's task");
    explore_name(&tasks[1].here, "the second helper's task");
}

static weft_status split(range *r, wefti_piece of) {
    const weft_parallel_options options = {.kernel = &kernel};
    wefti_strand_now = &threads[explore_self()].strand;
    return wefti_split(&options, r->count, of, r);
}

static range *make_range(size_t count) {
    range *r = explore_alloc(sizeof *r);
    r->count = count;
    return r;
}

static void be_caller(void *of) {
    range *r = make_range((size_t)(uintptr_t)of);
    weft_status status = split(r, piece);
    for (size_t i = 0; i < r->count && status == WEFT_OK; i++) explore_assert(r->times[i] == 1);
    if (fails_at < r->count) explore_assert(status == WEFT_CLOSED && r->times[fails_at] == 0);
    explore_assert(status == WEFT_OK || fails_at < r->count || fails_in_helper);
    if (status == WEFT_FAILED) explore_saw("a condition that is received");
    explore_free(r);
    wefti_store_release(&gone, 1u); /* partner: be_helper */
}

static void be_caller_that_leaves(void *of) {
    range *volatile r = make_range((size_t)(uintptr_t)of);
    if (setjmp(outside) == 0) {
        split(r, caller_leaves);
        explore_saw("helpers that did all");
    } else {
        explore_saw("a transfer");
    }
    explore_free(r);
}

static void be_helper(void *of) {
    submitted *task = &tasks[(uintptr_t)of];
    while (wefti_load_acquire(&task->here) == 0) {
        if (wefti_load_acquire(&gone) != 0 && wefti_load_acquire(&task->here) == 0) return; /* it was not asked for */
        wefti_pause();
    }
    wefti_strand_now = &threads[explore_self()].strand;
    task->type->invoke(&task->argument, NULL);
    task->sink->deliver(task->sink, NULL, fails_in_helper ? &broken : NULL);
}

static void be_late_helper(void *unused) {
    (void)unused;
    while (wefti_load_relaxed(&gone) == 0) wefti_pause(); /* relaxed: it is not told of anything by that */
    be_helper(NULL);
}

/* Two loops, one after the other: the second may be given the request that the first has asked in vain. */
static void be_caller_twice(void *unused) {
    (void)unused;
    for (int i = 0; i < 2; i++) {
        range *r = make_range(2);
        explore_assert(split(r, piece) == WEFT_OK);
        for (size_t at = 0; at < 2; at++) explore_assert(r->times[at] == 1);
        explore_free(r);
    }
    if (task_count == 1) explore_saw("a request used again");
    wefti_store_release(&gone, 1u); /* partner: be_helper */
}

static void run(void (*caller)(void *), size_t count, uintptr_t helpers) {
    explore_thread(caller, (void *)count);
    for (uintptr_t i = 0; i < helpers; i++) explore_thread(be_helper, (void *)i);
    explore_join();
    explore_assert(explore_live_blocks() == 0);
}

EXPLORE(the_caller_sees_what_helpers_did, .exhaustive = true, .preemptions = 2, .stale = 2) {
    begin(2, 1);
    run(be_caller, 2, 1);
}
EXPLORE(two_helpers_and_a_caller_do_each_element_once, ) {
    begin(3 + explore_choose(2), 2);
    run(be_caller, fails_at, 2);
}
EXPLORE(a_piece_that_fails_ends_the_split, ) {
    begin(3, 2);
    fails_at = explore_choose(3);
    run(be_caller, 3, 2);
}
EXPLORE(a_helper_that_fails_hands_over_one_condition, ) {
    begin(3, 2);
    fails_in_helper = true;
    run(be_caller, 3, 2);
    uint32_t dropped = wefti_load_relaxed(&drops);
    explore_assert(dropped == 1 || dropped == 2); /* one of two is received, unless both came too late */
}
EXPLORE(a_helper_that_begins_late_touches_nothing, .exhaustive = true, .preemptions = 3, .stale = 2) {
    begin(2, 1);
    explore_thread(be_caller, (void *)2);
    explore_thread(be_late_helper, NULL);
    explore_join();
    explore_assert(explore_live_blocks() == 0);
}
EXPLORE(a_request_that_nobody_began_helps_the_next, .exhaustive = true, .preemptions = 2, .stale = 1) {
    begin(2, 1);
    explore_thread(be_caller_twice, NULL);
    explore_thread(be_helper, (void *)0);
    explore_join();
    explore_assert(explore_live_blocks() == 0);
}
EXPLORE(requests_of_two_loops_and_two_helpers, ) {
    begin(2, 2);
    explore_thread(be_caller_twice, NULL);
    for (uintptr_t i = 0; i < 2; i++) explore_thread(be_helper, (void *)i);
    explore_join();
    explore_assert(explore_live_blocks() == 0);
}
EXPLORE(a_caller_that_is_left_waits_for_those_inside, ) {
    begin(3, 2);
    run(be_caller_that_leaves, 3, 2);
}
EXPLORE(a_helper_that_cannot_be_had_is_done_without, ) {
    begin(2, 2);
    most_tasks = explore_choose(2);
    run(be_caller, 2, most_tasks);
}
