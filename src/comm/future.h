/* SPDX-License-Identifier: MIT */
/* future.h - the future object: an outcome (comm/once.h) with the task that makes it.
 *
 * Idea: the queued record is a pointer to the future, and holds a reference. Who forces a future whose record has not
 * begun claims it and runs its task on its own stack, as the record would have: with the handlers that were captured
 * where it was made, ended by its own errors, and completed whatever happens to it.
 *
 *   who runs a future has a frame on its strand that leads to it:
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
    WEFTI_ATOMIC(wefti_strand *) by;  /* who runs the task; NULL: nobody */
    wefti_sink sink;                  /* of the record */
    const weft_task_type *type;       /* NULL: a promise or a chain */
    weft_future *target;              /* of a chain, itself none; else NULL */
    weft_future *awaits;              /* while it runs, what it waits for; under the lock of forces */
    struct wefti_handlers *handlers;  /* a reference, for who runs it in place of its record; NULL: none */
    size_t size;                      /* of the value */
    void *value;                      /* behind the arguments */
    const wefti_condition *condition; /* a reference, instead of a value; NULL: there is one */
    bool is_delay;
    bool by_forcer; /* a forcer may run it */
    WEFTI_ALIGNED(16) unsigned char arguments[];
};

static inline weft_future *wefti_future_real(const weft_future *future) {
    return future->target != NULL ? future->target : (weft_future *)(uintptr_t)future;
}

/* Makes the waiter wait for the outcome; false: it is there. A kept one is enlisted in any case. */
bool wefti_future_enlist(weft_future *future, wefti_waiter *waiter);
/* Takes a waiter out that was not won through the future. */
void wefti_future_delist(weft_future *future, wefti_waiter *waiter);

/* force.c: runs the task, which the caller has claimed, and completes the future. */
void wefti_future_run(weft_future *future, wefti_strand *self);
/* future.c: submits a record for it, with the future's options being the defaults. For a delay that cannot run here. */
weft_status wefti_future_submit(weft_future *future, const weft_submit_options *options);

#endif
