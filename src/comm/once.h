/* SPDX-License-Identifier: MIT */
/* once.h - an outcome that is claimed once, made once, and waited for by any number.
 *
 *   word: references (29 bits) | waited for (1) | state (2)
 *
 *   PENDING --claim: the record on its worker, a forcer, a fulfiller--> TAKEN --complete: who claimed--> DONE
 *                                                                              DONE, failed --replace--> REPLACED
 *   waited for: set under the lock by the first that enlists before DONE, and stays
 *
 * Idea: whoever moves the state out of PENDING makes the outcome; the others find it taken. So a future that has not
 * begun costs who forces it no wait, and one that is fulfilled by hand needs no search for its record. References lie
 * in the same word, so that who completes gives one up with the same update, where nobody waits: the lock is for
 * waiters alone.
 *
 *   forcer: lock; DONE ? unlock, done : waited for; enlist; unlock; park
 *   who completes: outcome; not waited for ? DONE, in one update that fails if somebody enlists meanwhile
 *                           else lock; DONE; claim all waiters; unlock; unpark them
 *   who replaces: lock; DONE ? the value, REPLACED; unlock
 *
 * Invariants
 *   I1. The outcome is written by who claimed, between TAKEN and DONE; a failure is replaced by a value, in room that
 *       was not used, at most once, and stays for those who have seen it.
 *   I2. Who completes holds a reference until after the unlock, and so does who waits.
 *   I3. After an update to DONE that found it not waited for, nobody enlists but to find it DONE.
 */
#ifndef WEFTI_ONCE_H
#define WEFTI_ONCE_H

#include "lockfree/spinlock.h"
#include "sched/waiters.h"

enum { WEFTI_ONCE_PENDING = 0, WEFTI_ONCE_TAKEN = 1, WEFTI_ONCE_DONE = 2, WEFTI_ONCE_REPLACED = 3 };
enum { WEFTI_ONCE_STATE = 3, WEFTI_ONCE_WAITED_FOR = 4, WEFTI_ONCE_REFERENCE = 8 };

typedef struct wefti_once {
    WEFTI_ATOMIC(uint32_t) word;
    wefti_spinlock lock;
    wefti_waiters waiters; /* under lock */
} wefti_once;

/* PENDING, with so many references. */
static inline void wefti_once_init(wefti_once *once, uint32_t references) {
    wefti_atomic_init(&once->lock, (uint8_t)0);
    wefti_atomic_init(&once->waiters.head, NULL);
    once->waiters.last = NULL;
    wefti_atomic_init(&once->word, references * WEFTI_ONCE_REFERENCE);
}

/* Nobody has a reference: it was freed, and is not in use again. */
static inline bool wefti_once_is_gone(const wefti_once *once) {
    return wefti_load_relaxed(&once->word) < WEFTI_ONCE_REFERENCE; /* relaxed: a rule was broken, or it is not so */
}

static inline void wefti_once_retain(wefti_once *once) {
    /* relaxed: the caller has a reference, so it is there, and nothing is published */
    wefti_add_relaxed(&once->word, (uint32_t)WEFTI_ONCE_REFERENCE);
}

/* true: it was the last one. */
static inline bool wefti_once_release(wefti_once *once) {
    /* acquire: the only reference is the caller's, and what the others did with it happens before it is freed; partner:
     * the updates in the others, here and in wefti_once_complete */
    if (wefti_load_acquire(&once->word) / WEFTI_ONCE_REFERENCE == 1) return true;
    /* acq_rel: the same; partner: itself in the others */
    return wefti_add_acq_rel(&once->word, 0u - WEFTI_ONCE_REFERENCE) / WEFTI_ONCE_REFERENCE == 1;
}

static inline uint32_t wefti_once_state(const wefti_once *once) {
    /* acquire: the outcome; partners: wefti_once_complete, wefti_once_replaced */
    return wefti_load_acquire(&once->word) & WEFTI_ONCE_STATE;
}

static inline bool wefti_once_is_done(const wefti_once *once) { return wefti_once_state(once) >= WEFTI_ONCE_DONE; }

static inline bool wefti_once_claim(wefti_once *once) {
    /* relaxed, both: with the lock and the counts that brought it here, what its maker wrote is seen, and the outcome
     * is published by DONE. `seen` is what was found: others count references meanwhile. */
    uint32_t seen = wefti_load_relaxed(&once->word);
    while ((seen & WEFTI_ONCE_STATE) == WEFTI_ONCE_PENDING)
        if (wefti_cas_relaxed(&once->word, &seen, seen + WEFTI_ONCE_TAKEN)) return true;
    return false;
}

/* What wefti_once_complete does where somebody waits. */
bool wefti_once_complete_waited(wefti_once *once, bool release);

/* By who has claimed it, with the outcome written. Holds a reference, and gives it up if asked; true: it was the last
 * one. */
static inline bool wefti_once_complete(wefti_once *once, bool release) {
    const uint32_t change = WEFTI_ONCE_DONE - WEFTI_ONCE_TAKEN - (release ? (uint32_t)WEFTI_ONCE_REFERENCE : 0u);
    uint32_t seen = wefti_load_relaxed(&once->word); /* relaxed: the update decides; `seen` as in wefti_once_claim */
    while ((seen & WEFTI_ONCE_WAITED_FOR) == 0)
        /* acq_rel: release publishes the outcome, partner wefti_once_state; acquire as in wefti_once_release */
        if (wefti_cas_acq_rel(&once->word, &seen, seen + change)) return release && seen / WEFTI_ONCE_REFERENCE == 1;
    return wefti_once_complete_waited(once, release);
}

/* For who replaces a failure: true, and the lock is held, if nobody has. Then: write the value, wefti_once_replaced. */
bool wefti_once_replace(wefti_once *once);
void wefti_once_replaced(wefti_once *once);

/* Makes the waiter wait for the outcome; false: it is there. A kept one is enlisted in any case. */
bool wefti_once_enlist(wefti_once *once, wefti_waiter *waiter);
/* Takes a waiter out that was not won through it. */
void wefti_once_delist(wefti_once *once, wefti_waiter *waiter);

#endif
