/* SPDX-License-Identifier: MIT */
/* future.h - the future object: an outcome (comm/once.h) with the task that makes it.
 *
 * Idea: the queued record is a pointer to the future, and holds a reference. Who forces a future whose record has not
 * begun claims it and runs its task on its own stack, as the record would have: with the handlers that were captured
 * where it was made, ended by its own errors, and completed whatever happens to it. If the record is the next one of
 * the forcer's own worker, the forcer takes it along; else it is found to have nothing to do when its turn comes.
 *
 *   who runs a future has a frame on its strand that leads to it:
 *     by its record: the record's end     -> its sink        -> the outcome
 *     by a forcer:
 *     the task returns, fails, is killed  -> its end target  -> the outcome; a kill then goes on to the forcer
 *     control is transferred further out  -> the frame       -> failed, so that nobody waits for ever
 *
 * Cycles: who must wait for a future while it runs others says so in each of those (`awaits`, under one lock for all),
 * and first follows the way from the future it wants. If that leads to one it runs itself, it would wait for ever.
 */
#ifndef WEFTI_FUTURE_H
#define WEFTI_FUTURE_H

#include <weft/future.h>

#include "comm/once.h"
#include "sched/task.h"

struct wefti_handlers;

struct weft_future {
    wefti_once once;
    WEFTI_ATOMIC(wefti_strand *) by;  /* who runs the task for a force; NULL: nobody */
    wefti_sink sink;                  /* of the record */
    const weft_task_type *type;       /* NULL: a promise or a chain */
    weft_future *target;              /* of a chain, itself none; else NULL */
    weft_future *awaits;              /* while it runs, what it waits for; under the lock of forces */
    struct wefti_handlers *handlers;  /* a reference, for who runs it in place of its record; NULL: none */
    const wefti_condition *condition; /* a reference, instead of a value; NULL: there is one */
    size_t size;                      /* of the value */
    uint32_t value_at;                /* behind the arguments */
    bool is_delay;
    bool by_forcer; /* a forcer may run it */
    bool by_record; /* its record has claimed it; the record's own */
    bool unqueued;  /* its forcer has taken the record out of the queue, and has its reference; the forcer's own */
    WEFTI_ALIGNED(16) unsigned char arguments[];
};

static inline weft_future *wefti_future_real(const weft_future *future) {
    return future->target != NULL ? future->target : (weft_future *)(uintptr_t)future;
}

static inline void *wefti_future_value(weft_future *future) { return future->arguments + future->value_at; }

/* Makes the waiter wait for the outcome; false: it is there. A kept one is enlisted in any case. */
bool wefti_future_enlist(weft_future *future, wefti_waiter *waiter);
/* Takes a waiter out that was not won through the future. */
void wefti_future_delist(weft_future *future, wefti_waiter *waiter);

/* force.c: runs the task for its record, which has claimed it and completes it when it has ended. */
void wefti_future_run_record(weft_future *future, wefti_strand *self);
/* future.c: frees it, with no reference left. */
void wefti_future_free(weft_future *future);
/* future.c: submits a record for it, with the future's options being the defaults. For a delay that cannot run here. */
weft_status wefti_future_submit(weft_future *future, const weft_submit_options *options);

#endif
