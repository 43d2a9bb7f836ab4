/* SPDX-License-Identifier: MIT */
/* strand.h - the strand: what runs now on this OS thread, be it a fiber or a plain thread.
 *
 * One thread-local pointer, wefti_strand_now, leads to everything that belongs to the running code. The scheduler
 * changes it at each switch; code that holds its own strand in a local variable may go on using it after a switch,
 * while the address of the thread-local variable itself must not be kept (compilers compute it once around a call).
 *
 * A fiber (fiber/fiber.h) and a thread's process object (sched/attach.h) contain one.
 */
#ifndef WEFTI_STRAND_H
#define WEFTI_STRAND_H

#include <weft/dynamic.h>

#include "base/base.h"

struct wefti_worker;

typedef struct wefti_strand {
    struct wefti_worker *worker; /* whose thread runs this strand; NULL for a plain thread */
    weft_bound *bound;           /* innermost binding in effect, the worker's own included; NULL: none */
    weft_bound *base;            /* bindings from here outward belong to the worker; NULL in a plain thread */
    uint16_t last_status;        /* a weft_status, for weft_last_status */
    bool movable;                /* a task that may go on on another worker */
    bool debugging;              /* the debugger has been asked, and has not come back */
    uint32_t locks;              /* channels' locks that it holds through weft_lock_channel */
    /* All three: innermost first, on this strand's own stack; NULL: none. See condition/unwind.h. */
    struct weft_frame *frames;               /* clean-ups and targets */
    struct weft_handler *handlers;           /* active ones */
    struct weft_restart *restarts;           /* active ones */
    const struct wefti_condition *condition; /* of the last receive that got one: a reference; NULL: none */
    struct weft_forks *forks;                /* what it has spawned; NULL: it cannot spawn */
    uint32_t cleaning;                       /* clean-ups that run now, each inside another */
    struct wefti_unwinding *unwinding;       /* the innermost transfer of control that is on its way */
    struct wefti_member *member;             /* the innermost scope that it is in, sched/scope.h; NULL: none */
    uint32_t uncancelled;                    /* blocks that are not cancelled, each inside another */
    uint32_t unkillable;                     /* regions without kill that it is in */
    struct wefti_broken *broken;             /* the innermost place where a fault has broken it off; NULL: none */
} wefti_strand;

extern __thread wefti_strand *wefti_strand_now __attribute__((tls_model("initial-exec")));

/* sched/attach.c: makes the process object of a plain thread on its first use. NULL if there is no memory. */
wefti_strand *wefti_attach(void);

/* The running strand; NULL only if a plain thread's process object cannot be made. */
static inline wefti_strand *wefti_strand_self(void) {
    wefti_strand *self = wefti_strand_now;
    return WEFTI_LIKELY(self != NULL) ? self : wefti_attach();
}

/* Leaves `status` for weft_last_status and returns NULL: the end of every function that returns a pointer. */
void *wefti_fail(weft_status status);

#endif
