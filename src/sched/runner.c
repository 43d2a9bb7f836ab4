/* SPDX-License-Identifier: MIT */
/* runner.c - runners: making, keeping, and switching between them. */
#include "cpu/divert.h"
#include "os/os.h"
#include "sched/frames.h"
#include "sched/kernel.h"
#include "sched/worker.h"

#include <string.h>

void (*wefti_doom_lift_hook)(wefti_runner *runner);
bool (*wefti_withdraw_hook)(wefti_runner *runner);
void (*wefti_doomed_hook)(wefti_strand *self);
__thread wefti_runner *wefti_runner_given_up;

wefti_runner *wefti_runner_on(void *low, size_t stack_size, uint32_t number) {
    size_t usable = (size_t)((char *)wefti_stack_top(low, stack_size) - (char *)low);
    return wefti_fiber_place(low, usable, number, sizeof(wefti_runner));
}

/* Not counted among the worker's. */
static wefti_runner *make(wefti_worker *worker, wefti_stack_pool *pool, size_t stack_size) {
    uint32_t number;
    void *low = wefti_stack_take(pool, &number);
    if (low == NULL) return NULL;
    size_t usable = (size_t)((char *)wefti_stack_top(low, stack_size) - (char *)low);
    wefti_runner *runner = wefti_runner_on(low, stack_size, number);
    /* All but what dumps look at. */
    memset(runner, 0, offsetof(wefti_runner, what));
    memset(&runner->wait, 0, offsetof(wefti_runner, home) - offsetof(wefti_runner, wait));
    wefti_store_relaxed(&runner->type, NULL);
    wefti_store_relaxed(&runner->what, NULL);
    wefti_forks_init(&runner->forks);
    runner->fiber.strand.forks = &runner->forks;
    runner->number = number;
    runner->pool = pool;
    runner->watched = wefti_stack_has_canary(low) ? WEFTI_TASK_WATCHED : 0;
    runner->fiber.strand.worker = worker;
    runner->fiber.strand.bound = runner->fiber.strand.base = worker->base;
    runner->fiber.strand.handlers = worker->handlers;
    wefti_wait_init(&runner->wait, &runner->fiber.strand, NULL, NULL);
    runner->waiter.wait = &runner->wait;
    runner->waiter.shared = runner->waiter.kept = false;
    wefti_fiber_make(&runner->fiber, low, usable, wefti_loop, runner);
    /* release: who finds it there finds it cleared; partner: the acquire in put_pool, trace/dump.c. */
    wefti_store_release(&runner->home, worker);
    return runner;
}

wefti_runner *wefti_runner_fresh(wefti_worker *worker, wefti_stack_pool *pool, size_t stack_size) {
    wefti_runner *runner = make(worker, pool, stack_size);
    /* relaxed: a statistic; a broadcast makes runners for other workers */
    if (runner != NULL) wefti_add_relaxed(&worker->stacks, UINT64_C(1));
    return runner;
}

/* ---- chores ---- */

/* The worker may have begun anew since it was made. */
static void run_chore(wefti_runner *self, void *argument) {
    const wefti_chore *chore = argument;
    wefti_strand *strand = &self->fiber.strand;
    wefti_add_relaxed(&strand->worker->stacks, UINT64_C(1)); /* relaxed: as above */
    strand->bound = strand->base = strand->worker->base;
    strand->handlers = strand->worker->handlers;
    chore->run(self);
}

bool wefti_worker_mail(wefti_worker *worker, const wefti_chore *chore) {
    weft_kernel *kernel = worker->kernel;
    wefti_runner *runner = make(worker, kernel->stacks, kernel->stack_size);
    if (runner == NULL) return false;
    runner->first = run_chore;
    runner->first_argument = (void *)(uintptr_t)chore;
    wefti_hands_over(runner);
    wefti_mailbox_push(&worker->mailbox, &runner->fiber.link);
    wefti_wake_worker(kernel, worker);
    return true;
}

void wefti_worker_refuse_mail(wefti_worker *worker) {
    for (wefti_node *node = wefti_mailbox_empty(&worker->mailbox), *next; node != NULL; node = next) {
        next = node->next;
        wefti_takes_over(wefti_runner_of(node));
        wefti_add_relaxed(&worker->stacks, UINT64_C(1)); /* relaxed: as above */
        wefti_runner_free(worker, wefti_runner_of(node));
    }
}

/* ---- idle ones ---- */

/* Where very many have waited each runner lies on a page that no cache knows any more, and with it the link to the
 * next: so that of the third after this one is on its way meanwhile. There are as many where it is looked at. */
enum { MANY_IDLE = 256 };

wefti_runner *wefti_runner_get(wefti_worker *worker) {
    wefti_node *node = worker->idle;
    if (WEFTI_LIKELY(node != NULL)) {
        if (WEFTI_UNLIKELY(worker->idle_count > MANY_IDLE)) __builtin_prefetch(node->next->next->next);
        worker->idle = node->next;
        worker->idle_count--;
        return wefti_runner_of(node);
    }
    return wefti_runner_fresh(worker, worker->kernel->stacks, worker->kernel->stack_size);
}

void wefti_runner_free(wefti_worker *worker, wefti_runner *runner) {
    if (WEFTI_UNLIKELY((runner->watched & WEFTI_TASK_DOOMED) != 0)) wefti_doom_lift_hook(runner);
    wefti_store_relaxed(&runner->home, NULL); /* relaxed: a dump that still shows it shows what it was */
    wefti_forks_end(&runner->forks);
    wefti_fiber_end(&runner->fiber);
    wefti_condition_forget(&runner->fiber.strand);
    wefti_add_relaxed(&worker->stacks, UINT64_C(-1));
    wefti_stack_give(runner->pool, runner->fiber.stack_low);
}

void wefti_runner_check(const wefti_runner *runner) {
    const wefti_fiber *fiber = &runner->fiber;
    if (WEFTI_LIKELY(wefti_stack_check(fiber->stack_low))) return;
    const weft_task_type *type = wefti_load_relaxed(&runner->type); /* relaxed: its own */
    wefti_stop_misuse("task", type != NULL ? type->name : "?", "has overflowed its stack of",
                      wefti_stack_size_of(runner->pool), " bytes, under which the system refused a guard");
}

bool wefti_runner_open_spare(wefti_runner *runner) {
    void *low = runner->fiber.stack_low;
    if (runner->fault.spare_open || wefti_stack_spare(runner->pool, low) == 0) return false;
    if (!wefti_stack_open_spare(runner->pool, low)) return false;
    runner->fault.spare_open = true;
    runner->watched |= WEFTI_TASK_DOOMED;
    return true;
}

void **wefti_runner_clear_barrier(wefti_runner *runner) {
    /* Read once: a handler may clear it in the middle of this, and then the second time changes nothing. relaxed: D4 */
    void **slot = wefti_load_relaxed(&runner->barrier);
    if (slot == NULL) return NULL;
    wefti_barrier_clear(slot, wefti_stack_size_of(runner->pool));
    wefti_store_relaxed(&runner->barrier, NULL); /* relaxed: D4 */
    return slot;
}

void wefti_runner_set_barrier(wefti_runner *runner, void **slot, bool all) {
    wefti_store_relaxed(&runner->barrier, slot); /* relaxed: D4 */
    wefti_barrier_set(slot, wefti_stack_size_of(runner->pool), all);
}

void wefti_runner_close_spare(wefti_runner *runner) {
    enum { DISTANCE = 4096 };
    if (WEFTI_LIKELY(!runner->fault.spare_open)) return;
    char *low = runner->fiber.stack_low, *here = __builtin_frame_address(0);
    if (here >= low - wefti_stack_spare(runner->pool, low) && here < low + DISTANCE) return;
    wefti_stack_close_spare(runner->pool, low);
    runner->fault.spare_open = false;
}

static void ready_movable(wefti_worker *worker, wefti_runner *runner) {
    wefti_spin_lock(&worker->movable_lock);
    wefti_runners_put(&worker->movable, &runner->fiber.link);
    wefti_store_relaxed(&worker->movable_count, wefti_load_relaxed(&worker->movable_count) + 1);
    wefti_spin_unlock(&worker->movable_lock);
    wefti_notify(worker->kernel, &worker->kernel->idle);
}

void wefti_runner_ready(wefti_worker *worker, wefti_runner *runner) {
    if (WEFTI_UNLIKELY(runner->fiber.strand.movable))
        ready_movable(worker, runner);
    else
        wefti_runners_put(&worker->ready, &runner->fiber.link);
}

/* To a worker that it may be new to. */
static void adopt(wefti_runner *runner, wefti_worker *to) {
    wefti_worker *home = runner->fiber.strand.worker; /* not always where it lay: who makes it ready takes it there */
    if (home == to) return;
    /* Its worker may still be about to leave it: it was made ready before it had parked. */
    while (!wefti_context_is_left(&runner->fiber.context)) wefti_pause();
    wefti_annotate_taken(&runner->fiber.annotation);
    runner->fiber.strand.worker = to;
    wefti_store_relaxed(&runner->home, to);
    wefti_add_relaxed(&home->stacks, UINT64_C(-1));
    wefti_add_relaxed(&to->stacks, UINT64_C(1));
}

wefti_runner *wefti_movable_take(wefti_worker *worker) {
    if (wefti_load_relaxed(&worker->movable_count) == 0) return NULL;
    wefti_spin_lock(&worker->movable_lock);
    wefti_node *node = wefti_runners_take(&worker->movable);
    if (node != NULL) wefti_store_relaxed(&worker->movable_count, wefti_load_relaxed(&worker->movable_count) - 1);
    wefti_spin_unlock(&worker->movable_lock);
    if (node == NULL) return NULL;
    adopt(wefti_runner_of(node), worker);
    return wefti_runner_of(node);
}

/* The front half: they have waited longest, and those made ready one after the other talk to each other. */
static uint32_t cut_half(wefti_worker *from, wefti_runners *half) {
    uint32_t count = wefti_load_relaxed(&from->movable_count), wanted = (count + 1) / 2, got = 0;
    wefti_spin_lock(&from->movable_lock);
    for (wefti_node *node; got < wanted && (node = wefti_runners_take(&from->movable)) != NULL; got++)
        wefti_runners_put(half, node);
    wefti_store_relaxed(&from->movable_count, wefti_load_relaxed(&from->movable_count) - got);
    wefti_spin_unlock(&from->movable_lock);
    return got;
}

bool wefti_movable_steal(wefti_worker *from, wefti_worker *to) {
    wefti_runners half = {NULL, NULL};
    uint32_t got = cut_half(from, &half);
    if (got == 0) return false;
    wefti_spin_lock(&to->movable_lock);
    for (wefti_node *node; (node = wefti_runners_take(&half)) != NULL;) wefti_runners_put(&to->movable, node);
    wefti_store_relaxed(&to->movable_count, wefti_load_relaxed(&to->movable_count) + got);
    wefti_spin_unlock(&to->movable_lock);
    if (got > 1) wefti_notify(to->kernel, &to->kernel->idle); /* who looked meanwhile has seen them nowhere */
    return true;
}

wefti_runner *wefti_runner_next(wefti_worker *worker) {
    wefti_node *node = wefti_runners_take(&worker->ready);
    if (node != NULL) return wefti_runner_of(node);
    return wefti_movable_take(worker);
}
