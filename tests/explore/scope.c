/* SPDX-License-Identifier: MIT */
/* scope.c - scopes explored: sched/scope.c and sched/cancel.c, with small workers whose tasks wait, fail and cancel.
 *
 * Property: when a scope is cancelled, every wait inside of it ends, be it that of a task or of its parent, on the
 * scope's own kernel or on another; each wait ends once, by one winner; the join comes back after the last task, with
 * the first reason; the scope is freed once and touched by nobody afterwards. A missed wait shows as an endless
 * execution, the schedule that would do it being:
 *
 *     member: counted (not seen yet);  flag set? no: parks          canceller: flag;  any members? none: no mail
 *
 * Workers neither sleep nor switch stacks here: a task that waits looks at its worker's mail until its runner is ready,
 * which is what its worker does for it.
 */
#include <string.h>

#include "base/live.h"
#include "dynamic/frame.h"
#include "engine/explore.h"
#include "sched/attach.h"
#include "sched/cancel.h"
#include "sched/kernel.h"
#include "sched/scope.h"

enum { WORKERS = 2, THREADS = 7, LETTERS = 12 };

static weft_kernel kernels[WORKERS]; /* the second one only where a test says so */
static wefti_worker workers[WORKERS];
static wefti_thread threads[THREADS], parent; /* whichever thread of the test it is at the moment */
static wefti_runner runners[WORKERS], letters[LETTERS];
static WEFTI_ATOMIC(uint32_t) letters_used, drops;
static wefti_futex bells[WORKERS], armed;
static WEFTI_ATOMIC(bool) submitted[WORKERS]; /* stands for the inbox */
static wefti_spinlock list_lock;              /* of the thing that is waited for */
static wefti_wait *listed;
static WEFTI_ATOMIC(weft_scope *) scope;
static uint32_t kernel_count;
static int64_t deadline;
static uint32_t written[WORKERS]; /* plain: what tasks did, which who has joined them sees */
static wefti_condition broken;

/* ---- what scope.c calls ---- */

static void ring(wefti_futex *bell) {
    wefti_add_release(bell, 1u); /* partner: the acquires of who waits for it */
    wefti_futex_wake(bell, 1);
}

bool (*wefti_withdraw_hook)(wefti_runner *runner);
void wefti_count_live(int change) { (void)change; }
weft_kernel *wefti_kernel_current(void) { return &kernels[0]; }
bool wefti_kernel_pledge(weft_kernel *kernel) {
    wefti_add_relaxed(&kernel->pledges, (size_t)1);
    return true;
}
void wefti_kernel_redeem(weft_kernel *kernel) { wefti_add_relaxed(&kernel->pledges, (size_t)-1); }
void wefti_kernel_look_again(weft_kernel *kernel) {
    (void)kernel;
    ring(&armed);
}
bool wefti_kernels_walk(wefti_kernel_visitor *visit, void *argument) {
    for (uint32_t i = 0; i < kernel_count; i++) visit(&kernels[i], argument);
    return true;
}
void wefti_wake_worker(weft_kernel *kernel, wefti_worker *worker) {
    (void)kernel;
    ring(&bells[worker->index]);
}
void wefti_runner_ready(wefti_worker *worker, wefti_runner *runner) {
    wefti_runners_put(&worker->ready, &runner->fiber.link);
}
static void run_chore(wefti_runner *self, void *chore) { ((const wefti_chore *)chore)->run(self); }
/* As sched/runner.c. */
bool wefti_worker_mail(wefti_worker *worker, const wefti_chore *chore) {
    uint32_t number = wefti_add_relaxed(&letters_used, 1u);
    explore_assert(number < LETTERS);
    letters[number].fiber.strand.worker = worker;
    letters[number].first = run_chore;
    letters[number].first_argument = (void *)(uintptr_t)chore;
    wefti_mailbox_push(&worker->mailbox, &letters[number].fiber.link);
    wefti_wake_worker(worker->kernel, worker);
    return true;
}
void weft_yield(void) { wefti_pause(); }
void *wefti_fail(weft_status status) {
    (void)status;
    return NULL;
}
const wefti_condition *wefti_condition_retain(const wefti_condition *condition) { return condition; }
void weft_protect_end(weft_frame *frame) { wefti_frame_end(wefti_strand_now, frame, true); }

static void released(const wefti_condition *condition) {
    (void)condition;
    wefti_add_relaxed(&drops, 1u); /* relaxed: a count, looked at when all is over */
}

/* In the place of condition/outcome.c's: the reference is given back at once. */
weft_status wefti_condition_receive(wefti_strand *receiver, const wefti_condition *condition) {
    (void)receiver;
    wefti_condition_drop(condition);
    return condition->status;
}

/* ---- small workers ---- */

/* As sched/loop.c: mail before all else. */
static void look_at_mail(wefti_worker *worker) {
    for (wefti_node *node = wefti_mailbox_empty(&worker->mailbox), *next; node != NULL; node = next) {
        next = node->next;
        wefti_runner *runner = wefti_runner_of(node);
        wefti_strand *before = wefti_strand_now;
        wefti_strand_now = &runner->fiber.strand;
        if (runner->first != NULL)
            runner->first(runner, runner->first_argument);
        else
            wefti_runner_ready(worker, runner);
        wefti_strand_now = before;
    }
}

/* As park_runner of sched/park.c. */
static weft_status park(wefti_runner *self, wefti_wait *wait) {
    wefti_worker *worker = self->fiber.strand.worker;
    if ((self->watched & WEFTI_TASK_SCOPED) != 0 && wefti_cancelled_before(self, wait)) {
        explore_saw("a wait that never began");
        return WEFT_CANCELLED;
    }
    wefti_store_relaxed(&self->what, wait->what);
    self->parked = wait;
    for (;;) {
        uint32_t rung = wefti_load_acquire(&bells[worker->index]); /* partner: ring */
        look_at_mail(worker);
        if (wefti_runners_take(&worker->ready) != NULL) break;
        wefti_futex_wait(&bells[worker->index], rung, INT64_MAX);
    }
    self->parked = NULL;
    return (weft_status)(wefti_load_acquire(&wait->claim) - 1u);
}

/* As an operation on a channel: rule 4 of park.h. */
static weft_status wait_for_value(wefti_strand *self) {
    wefti_wait wait;
    wefti_wait_init(&wait, self, "wait", NULL);
    wait.killable = true;
    wefti_spin_lock(&list_lock);
    listed = &wait;
    wefti_spin_unlock(&list_lock);
    weft_status status =
        self->worker != NULL ? park(wefti_runner_of_strand(self), &wait) : wefti_park(&wait, WEFT_FOREVER);
    wefti_spin_lock(&list_lock);
    listed = NULL;
    wefti_spin_unlock(&list_lock);
    return status;
}

/* Looks once, whenever that is. */
static void hand_over(void *unused) {
    (void)unused;
    wefti_strand_now = &threads[explore_self()].strand;
    wefti_spin_lock(&list_lock);
    wefti_wait *wait = listed;
    bool won = wait != NULL && wefti_wait_claim(wait, WEFT_OK);
    wefti_spin_unlock(&list_lock);
    if (won) wefti_unpark(wait);
}

/* ---- bodies of tasks ---- */

typedef void body(wefti_runner *self);

static void wait_for_ever(wefti_runner *self) {
    explore_assert(wait_for_value(&self->fiber.strand) == WEFT_CANCELLED);
    explore_assert(wefti_is_cancelled(&self->fiber.strand)); /* and so it stays */
}

static void wait_for_a_value(wefti_runner *self) {
    weft_status status = wait_for_value(&self->fiber.strand);
    explore_assert(status == WEFT_CANCELLED || status == WEFT_OK);
    explore_saw(status == WEFT_OK ? "a wait that was won" : "a wait that was cancelled");
}

static void compute(wefti_runner *self) { (void)self; }

static void cancel_it(wefti_runner *self) {
    (void)self;
    explore_assert(weft_cancel_scope(wefti_load_relaxed(&scope)) == WEFT_OK);
}

static void wait_in_inner_scope(wefti_runner *self) {
    weft_scope *inner = weft_begin_scope(NULL, WEFT_FOREVER);
    explore_assert(wait_for_value(&self->fiber.strand) == WEFT_CANCELLED);
    explore_assert(weft_join_scope(inner) == WEFT_CANCELLED);
}

static void begin_and_end_inner_scope(wefti_runner *self) {
    weft_scope *inner = weft_begin_scope(NULL, WEFT_FOREVER);
    weft_status status = weft_join_scope(inner);
    (void)self;
    explore_assert(status == WEFT_OK || status == WEFT_CANCELLED);
    explore_saw(status == WEFT_OK ? "an inner scope that ended before" : "an inner scope that was cancelled");
}

/* What each worker's one task does. */
static body *bodies[WORKERS];
static bool fails[WORKERS], failed[WORKERS];

/* As invoke_odd and settle of sched/loop.c. */
static void run_task(wefti_runner *runner, uint32_t index) {
    weft_group *group = weft_scope_group(wefti_load_relaxed(&scope));
    wefti_strand *strand = &runner->fiber.strand;
    wefti_member member;
    if (wefti_group_is_cancelled(group)) {
        explore_saw("a task that never began");
        wefti_group_leave(group);
        return;
    }
    wefti_member_begin(&member, runner, group->scope);
    bodies[index](runner);
    written[index] = 1;
    wefti_frame_end(strand, &member.frame, true);
    if (fails[index]) {
        wefti_scope_failed(group->scope, &broken);
        failed[index] = true;
    }
    wefti_group_leave(group);
}

static void work(void *of) {
    uint32_t index = (uint32_t)(uintptr_t)of;
    while (!wefti_load_acquire(&submitted[index])) { /* partner: submit */
        uint32_t rung = wefti_load_acquire(&bells[index]);
        if (!wefti_load_acquire(&submitted[index])) wefti_futex_wait(&bells[index], rung, INT64_MAX);
    }
    wefti_strand_now = &runners[index].fiber.strand;
    run_task(&runners[index], index);
}

/* ---- the others ---- */

static void be_thread(void) { wefti_strand_now = &threads[explore_self()].strand; }
static void be_parent(void) { wefti_strand_now = &parent.strand; }

static void open_scope(weft_deadline until) {
    be_parent();
    weft_scope *made = weft_begin_scope(NULL, until);
    explore_assert(made != NULL);
    wefti_store_relaxed(&scope, made); /* relaxed: the submission publishes it */
}

static void submit(uint32_t index) {
    wefti_group_join(weft_scope_group(wefti_load_relaxed(&scope)), NULL);
    wefti_store_release(&submitted[index], true); /* partner: work */
    ring(&bells[index]);
}

/* What the tasks did happens before the join comes back. */
static weft_status join(void) {
    weft_status status = weft_join_scope(wefti_load_relaxed(&scope));
    for (uint32_t i = 0; i < WORKERS; i++) explore_assert(written[i] <= 1);
    return status;
}

/* The deadline is over, whenever that is. */
static void look_at_the_clock(void *unused) {
    (void)unused;
    be_thread();
    while (wefti_load_acquire(&armed) == 0) wefti_futex_wait(&armed, 0, INT64_MAX); /* partner: ring */
    wefti_wheel_poll(&kernels[0].wheel, deadline + 1000000000);
}

static void begin(uint32_t kernels_used) {
    memset(kernels, 0, sizeof kernels);
    memset(workers, 0, sizeof workers);
    memset(threads, 0, sizeof threads);
    memset(&parent, 0, sizeof parent);
    memset(runners, 0, sizeof runners);
    memset(letters, 0, sizeof letters);
    memset(written, 0, sizeof written);
    memset(fails, 0, sizeof fails);
    wefti_atomic_init(&letters_used, 0u);
    wefti_atomic_init(&drops, 0u);
    wefti_atomic_init(&armed, 0u);
    memset(failed, 0, sizeof failed);
    memset(&list_lock, 0, sizeof list_lock);
    listed = NULL;
    wefti_atomic_init(&scope, NULL);
    broken = (wefti_condition){.status = WEFT_FAILED, .release = released};
    kernel_count = kernels_used;
    deadline = explore_now() + 1000;
    for (uint32_t i = 0; i < WORKERS; i++) {
        wefti_atomic_init(&submitted[i], false);
        wefti_atomic_init(&bells[i], 0u);
        kernels[i].workers = kernel_count == 1 ? workers : &workers[i];
        kernels[i].worker_count = kernel_count == 1 ? WORKERS : 1;
        wefti_wheel_init(&kernels[i].wheel, explore_now(), false);
        workers[i].kernel = &kernels[kernel_count == 1 ? 0 : i];
        workers[i].index = i;
        runners[i].fiber.strand.worker = &workers[i];
    }
    wefti_store_relaxed(&wefti_cpus_to_spin, 1u);
    explore_local(&wefti_strand_now);
    explore_name(&workers[0].member_count, "members of 0");
    explore_name(&workers[1].member_count, "members of 1");
}

static void finish(void) {
    explore_join();
    for (uint32_t i = 0; i < WORKERS; i++) {
        explore_assert(wefti_load_relaxed(&workers[i].member_count) == 0 && workers[i].members == NULL);
        explore_assert(wefti_load_relaxed(&kernels[i].pledges) == 0);
    }
    explore_assert(explore_live_blocks() == 0);
}

/* ---- parents and cancellers ---- */

static void cancel_from_outside(void *unused) {
    (void)unused;
    be_thread();
    explore_assert(weft_cancel_scope(wefti_load_relaxed(&scope)) == WEFT_OK);
}

static weft_status expected;

/* The scope is open. */
static void submit_and_join(void *tasks) {
    be_parent();
    for (uint32_t i = 0; i < (uint32_t)(uintptr_t)tasks; i++) submit(i);
    explore_assert(join() == expected);
}

static void open_and_join_in_time(void *tasks) {
    open_scope(deadline);
    for (uint32_t i = 0; i < (uint32_t)(uintptr_t)tasks; i++) submit(i);
    weft_status status = join();
    explore_assert(status == WEFT_TIMED_OUT || (status == WEFT_OK && bodies[0] != wait_for_ever));
    explore_saw(status == WEFT_OK ? "a scope that ended in time" : "a scope that timed out");
}

static void wait_and_join(void *unused) {
    (void)unused;
    be_parent();
    submit(0);
    weft_status status = wait_for_value(wefti_strand_now);
    explore_assert(status == WEFT_OK || status == WEFT_CANCELLED);
    explore_saw(status == WEFT_OK ? "a parent that was given its value" : "a parent that was cancelled");
    explore_assert(join() == WEFT_CANCELLED);
}

/* As a kill, an error or a return leaves the block. */
static void submit_and_leave(void *unused) {
    (void)unused;
    be_parent();
    submit(0);
    submit(1);
    weft_scope *left = wefti_load_relaxed(&scope);
    weft_leave_scope(&left);
}

/* ---- tests ---- */

/* Who is about to wait, against who cancels: the scope is open, its one task is there. */
static void one_is_cancelled(uint32_t of_kernels, body *does, uint32_t on) {
    begin(of_kernels);
    bodies[on] = does;
    open_scope(WEFT_FOREVER);
    submit(on);
    explore_thread(work, (void *)(uintptr_t)on);
    explore_thread(cancel_from_outside, NULL);
    if (does == wait_for_a_value) explore_thread(hand_over, NULL);
    explore_join();
    be_parent();
    explore_assert(join() == WEFT_CANCELLED);
    finish();
}

EXPLORE(a_wait_of_a_task_is_cancelled, .exhaustive = true, .preemptions = 3, .stale = 2) {
    one_is_cancelled(1, wait_for_ever, 0);
}
EXPLORE(a_wait_on_another_kernel_is_cancelled, .exhaustive = true, .preemptions = 3, .stale = 2) {
    one_is_cancelled(2, wait_for_ever, 1);
}
EXPLORE(a_wait_is_won_or_cancelled, .exhaustive = true, .preemptions = 2, .stale = 1) {
    one_is_cancelled(1, wait_for_a_value, 0);
}
EXPLORE(a_wait_in_an_inner_scope_is_cancelled_from_outside, .exhaustive = true, .preemptions = 2, .stale = 2) {
    one_is_cancelled(1, wait_in_inner_scope, 0);
}
EXPLORE(an_inner_scope_ends_while_the_outer_is_cancelled, .exhaustive = true, .preemptions = 3, .stale = 2) {
    one_is_cancelled(1, begin_and_end_inner_scope, 0);
}

/* A group alone: who sees that it is cancelled sees what led to it. */
static weft_group *group_alone;
static void cancel_group(void *unused) {
    (void)unused;
    written[0] = 1;
    weft_cancel_group(group_alone);
}
static void look_at_group(void *unused) {
    (void)unused;
    if (!weft_group_cancelled(group_alone)) return;
    explore_saw("a group that was cancelled");
    explore_assert(written[0] == 1);
}
EXPLORE(who_sees_that_a_group_is_cancelled_sees_what_led_to_it, .exhaustive = true, .preemptions = 3, .stale = 2) {
    begin(1);
    group_alone = weft_make_group(NULL);
    explore_thread(cancel_group, NULL);
    explore_thread(look_at_group, NULL);
    explore_join();
    weft_free_group(group_alone);
    finish();
}

/* Two tasks, and the parent in its join. */
static void two_are_joined(body *one, bool one_fails, body *other, bool other_fails, weft_status end) {
    begin(1);
    bodies[0] = one;
    bodies[1] = other;
    fails[0] = one_fails;
    fails[1] = other_fails;
    expected = end;
    open_scope(WEFT_FOREVER);
    explore_thread(submit_and_join, (void *)2);
    explore_thread(work, (void *)0);
    explore_thread(work, (void *)1);
    finish();
    explore_assert(wefti_load_relaxed(&drops) == (uint32_t)(end == WEFT_FAILED)); /* one is kept, and given up */
}

EXPLORE(a_child_that_fails_cancels_its_sibling_and_is_the_parents_error, .exhaustive = true, .preemptions = 2,
        .stale = 1) {
    two_are_joined(compute, true, wait_for_ever, false, WEFT_FAILED);
}
EXPLORE(of_two_that_fail_the_first_is_the_parents_error, .exhaustive = true, .preemptions = 2, .stale = -1) {
    two_are_joined(compute, true, compute, true, WEFT_FAILED);
}
EXPLORE(a_child_cancels_its_scope, .exhaustive = true, .preemptions = 2, .stale = -1) {
    two_are_joined(cancel_it, false, wait_for_ever, false, WEFT_CANCELLED);
}
EXPLORE(all_that_tasks_did_is_seen_after_the_join, .exhaustive = true, .preemptions = 2, .stale = -1) {
    two_are_joined(compute, false, compute, false, WEFT_OK);
}

EXPLORE(a_scope_whose_parent_leaves_is_cancelled_and_waited_for, .exhaustive = true, .preemptions = 2, .stale = -1) {
    begin(1);
    bodies[0] = wait_for_ever;
    bodies[1] = compute;
    fails[1] = explore_choose(2) != 0;
    open_scope(WEFT_FOREVER);
    explore_thread(submit_and_leave, NULL);
    explore_thread(work, (void *)0);
    explore_thread(work, (void *)1);
    finish();
}

EXPLORE(a_parent_that_waits_is_cancelled_by_its_child, .exhaustive = true, .preemptions = 2, .stale = -1) {
    begin(1);
    bodies[0] = cancel_it;
    open_scope(WEFT_FOREVER);
    explore_thread(wait_and_join, NULL);
    explore_thread(work, (void *)0);
    explore_thread(hand_over, NULL);
    finish();
}

static void deadline_against_the_end(uintptr_t tasks, body *does) {
    begin(1);
    bodies[0] = does;
    explore_thread(open_and_join_in_time, (void *)tasks);
    if (tasks > 0) explore_thread(work, (void *)0);
    explore_thread(look_at_the_clock, NULL);
    finish();
}

EXPLORE(a_deadline_comes_or_the_scope_ends, .exhaustive = true, .preemptions = 3, .stale = 2) {
    deadline_against_the_end(0, NULL);
}
EXPLORE(a_deadline_comes_or_the_task_ends, .exhaustive = true, .preemptions = 2, .stale = -1) {
    deadline_against_the_end(1, compute);
}
EXPLORE(a_deadline_ends_the_wait_of_a_task, .exhaustive = true, .preemptions = 2, .stale = -1) {
    deadline_against_the_end(1, wait_for_ever);
}
