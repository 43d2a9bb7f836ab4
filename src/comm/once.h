/* SPDX-License-Identifier: MIT */
/* once.h - an outcome that is claimed once, made once, and waited for by any number.
 *
 *   PENDING --claim: the record on its worker, a forcer, a fulfiller--> TAKEN --complete: who claimed--> DONE
 *                                                                              DONE, failed --replace--> REPLACED
 *
 * Idea: whoever moves the state out of PENDING makes the outcome; the others find it taken. So a future that has not
 * begun costs who forces it no wait, and one that is fulfilled by hand needs no search for its record.
 *
 *   forcer: lock; DONE ? unlock, done : enlist; unlock; park
 *   who completes: outcome; lock; DONE; claim all waiters; unlock; unpark them
 *   who replaces: lock; DONE ? the value, REPLACED; unlock
 *
 * Invariants
 *   I1. The outcome is written by who claimed, between TAKEN and DONE; a failure is replaced by a value, in room that
 *       was not used, at most once, and stays for those who have seen it.
 *   I2. Who completes holds a reference until after the unlock, and so does who waits.
 */
#ifndef WEFTI_ONCE_H
#define WEFTI_ONCE_H

#include "lockfree/spinlock.h"
#include "sched/waiters.h"

enum { WEFTI_ONCE_PENDING = 0, WEFTI_ONCE_TAKEN = 1, WEFTI_ONCE_DONE = 2, WEFTI_ONCE_REPLACED = 3 };

typedef struct wefti_once {
    WEFTI_ATOMIC(uint32_t) state;
    WEFTI_ATOMIC(uint32_t) references;
    wefti_spinlock lock;
    wefti_waiters waiters; /* under lock */
} wefti_once;

/* PENDING, one reference. The memory is zero. */
static inline void wefti_once_init(wefti_once *once) { wefti_atomic_init(&once->references, 1u); }

static inline void wefti_once_retain(wefti_once *once) {
    /* relaxed: the caller has a reference, so it is there, and nothing is published */
    wefti_add_relaxed(&once->references, 1u);
}

/* true: it was the last one. */
static inline bool wefti_once_release(wefti_once *once) {
    /* acq_rel: what all others did with it happens before the last one frees it; partner: itself in the others */
    return wefti_add_acq_rel(&once->references, UINT32_MAX) == 1;
}

static inline uint32_t wefti_once_state(const wefti_once *once) {
    return wefti_load_acquire(&once->state); /* the outcome; partners: wefti_once_complete, wefti_once_replaced */
}

static inline bool wefti_once_is_done(const wefti_once *once) { return wefti_once_state(once) >= WEFTI_ONCE_DONE; }

static inline bool wefti_once_claim(wefti_once *once) {
    uint32_t pending = WEFTI_ONCE_PENDING;
    /* relaxed: with the lock and the counts that brought it here, what its maker wrote is seen, and the outcome is
     * published by DONE. Look first: what is asked often is not written to. */
    return wefti_load_relaxed(&once->state) == WEFTI_ONCE_PENDING &&
           wefti_cas_relaxed(&once->state, &pending, (uint32_t)WEFTI_ONCE_TAKEN);
}

/* By who has claimed it, with the outcome written. Holds a reference. */
void wefti_once_complete(wefti_once *once);

/* For who replaces a failure: true, and the lock is held, if nobody has. Then: write the value, wefti_once_replaced. */
bool wefti_once_replace(wefti_once *once);
void wefti_once_replaced(wefti_once *once);

/* Makes the waiter wait for the outcome; false: it is there. A kept one is enlisted in any case. */
bool wefti_once_enlist(wefti_once *once, wefti_waiter *waiter);
/* Takes a waiter out that was not won through it. */
void wefti_once_delist(wefti_once *once, wefti_waiter *waiter);

#endif
