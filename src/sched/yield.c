/* SPDX-License-Identifier: MIT */
/* yield.c - giving way and sleeping. */
#include <weft/task.h>

#include "sched/kernel.h"

/* Through the loop, which looks at mailbox, clock and tasks that have not begun. */
WEFTI_NO_TSAN static WEFTI_NOINLINE void yield_to_loop(wefti_worker *worker, wefti_runner *self) {
    if (!wefti_may_park(&self->fiber.strand)) return;
    wefti_runner *next = wefti_runner_get(worker);
    worker->tasks_first = true;
    wefti_runner_ready(worker, self);
    wefti_runner_switch(worker, self, next, false);
}

/* Where it is not a matter of taking turns with those that are ready. */
WEFTI_NO_TSAN static WEFTI_NOINLINE void yield_otherwise(wefti_strand *strand) {
    if (strand == NULL || strand->worker == NULL) {
        wefti_os_yield();
        return;
    }
    wefti_runner *self = wefti_runner_of_strand(strand);
    strand->worker->poll_due |= strand->worker->tick % 64 == 0;
    wefti_runner_keep_exceptions(self);
    yield_to_loop(strand->worker, self);
    wefti_runner_have_exceptions(self);
    /* Here and not below: a task that does nothing else comes here every so often. relaxed: its thread's */
    if (WEFTI_UNLIKELY(wefti_load_relaxed(&self->doom) != NULL)) wefti_doomed_hook(strand);
}

WEFTI_NO_TSAN void weft_yield(void) {
    wefti_strand *strand = wefti_strand_now;
    wefti_worker *worker = strand != NULL ? strand->worker : NULL;
    if (WEFTI_UNLIKELY(worker == NULL || ++worker->tick % 64 == 0)) return yield_otherwise(strand);
    wefti_runner *self = wefti_runner_of_strand(strand);
    wefti_node *first = worker->ready.first;
    if (WEFTI_UNLIKELY(first == NULL || (strand->movable | wefti_exceptions_any(worker->exceptions)) != 0))
        return yield_otherwise(strand);
    /* The first ready one out, this one in at the end: what wefti_runners_take and _put would do, with the list not
     * empty. Where it was the only one, `last` is it: its own link is overwritten, and read no more. */
    wefti_node *second = first->next;
    if (second !=
        NULL) { /* on its way to this cache while the first runs: its stack now, the third's object behind it */
        const char *sp = wefti_load_relaxed(&wefti_runner_of(second)->fiber.context.sp);
        __builtin_prefetch(second->next);
        __builtin_prefetch(sp);
        __builtin_prefetch(sp + 48);
    }
    worker->ready.first = second;
    wefti_runners_put(&worker->ready, &self->fiber.link);
    wefti_runner_switch(worker, self, wefti_runner_of(first), false);
}

/* Nothing knows of a wait that the clock alone ends. */
static void sleep_no_more(void *wait) { (void)wait; }

weft_status weft_sleep(weft_deadline deadline) {
    int64_t now = wefti_clock();
    if (deadline <= now) return WEFT_OK;
    wefti_strand *self = wefti_strand_self();
    if (self == NULL || !wefti_may_park(self)) return WEFT_NO_MEMORY;
    if (self->worker != NULL) self->worker->seen = now;
    wefti_wait wait;
    wefti_wait_init(&wait, self, "sleep", NULL);
    wait.killable = true;
    weft_status status = wefti_park_mortal(&wait, deadline, sleep_no_more, &wait);
    wefti_die_if_killed(status);
    return status == WEFT_TIMED_OUT ? WEFT_OK : status;
}
