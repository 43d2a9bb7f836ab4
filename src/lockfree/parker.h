/* SPDX-License-Identifier: MIT */
/* parker.h - one thread waits for one notice; the notice may come first.
 *
 *   EMPTY --owner: cas--> SLEEPING --anyone: exchange, futex wake--> NOTIFIED --owner: reset--> EMPTY
 *   EMPTY --anyone: exchange--> NOTIFIED
 *   SLEEPING --owner, its deadline passed: cas--> EMPTY
 *
 * Each wait gets exactly one notice. The word may be gone when the futex wake is called; that is harmless, as nobody
 * reads it there. Source: the parker of Rust's standard library and of crossbeam, which say why notify is an exchange:
 * a plain store could not tell whether somebody sleeps.
 */
#ifndef WEFTI_PARKER_H
#define WEFTI_PARKER_H

#include "os/os.h"

typedef wefti_futex wefti_parker;

enum { WEFTI_PARKER_EMPTY = 0, WEFTI_PARKER_NOTIFIED = 1, WEFTI_PARKER_SLEEPING = 2 };

/* Anyone. */
static inline void wefti_parker_notify(wefti_parker *parker) {
    /* release: the owner sees what came before the notice; partner: the acquires below. */
    if (wefti_exchange_release(parker, (uint32_t)WEFTI_PARKER_NOTIFIED) == WEFTI_PARKER_SLEEPING)
        wefti_futex_wake(parker, 1);
}

/* Owner; or, of an owner that is gone, anyone. */
static inline bool wefti_parker_noticed(const wefti_parker *parker) {
    return wefti_load_acquire(parker) == WEFTI_PARKER_NOTIFIED; /* partner: wefti_parker_notify */
}

/* Owner: sleeps until noticed. false: the deadline passed first, and the parker is empty. */
static inline bool wefti_parker_sleep(wefti_parker *parker, int64_t deadline) {
    uint32_t seen = WEFTI_PARKER_EMPTY;
    /* acquire on failure, which means that the notice is there; success publishes nothing. */
    if (!wefti_cas_acquire(parker, &seen, (uint32_t)WEFTI_PARKER_SLEEPING)) return true;
    while (!wefti_parker_noticed(parker)) {
        if (wefti_futex_wait(parker, WEFTI_PARKER_SLEEPING, deadline)) continue;
        seen = WEFTI_PARKER_SLEEPING;
        if (wefti_cas_acquire(parker, &seen, (uint32_t)WEFTI_PARKER_EMPTY)) return false; /* as above */
    }
    return true;
}

/* Anyone: makes a sleeper look up without a notice. What it is to find has been stored before, with an order that all
 * agree on; the owner looks for it after it has said that it sleeps: so one of the two sees the other. */
static inline void wefti_parker_disturb(wefti_parker *parker) {
    uint32_t seen = WEFTI_PARKER_SLEEPING;
    if (wefti_cas_seq(parker, &seen, (uint32_t)WEFTI_PARKER_EMPTY)) wefti_futex_wake(parker, 1);
}

/* Owner: says that it sleeps. false: it has been noticed. */
static inline bool wefti_parker_announce(wefti_parker *parker) {
    uint32_t seen = WEFTI_PARKER_EMPTY;
    return wefti_cas_seq(parker, &seen, (uint32_t)WEFTI_PARKER_SLEEPING); /* partner: wefti_parker_disturb, notify */
}

/* Owner, announced: takes it back. false: it has been noticed. */
static inline bool wefti_parker_retract(wefti_parker *parker) {
    uint32_t seen = WEFTI_PARKER_SLEEPING;
    /* acquire, both: a notice may be there; partner: wefti_parker_notify */
    return wefti_cas_acquire(parker, &seen, (uint32_t)WEFTI_PARKER_EMPTY) || !wefti_parker_noticed(parker);
}

/* Owner, after a notice and before the next wait is published. */
static inline void wefti_parker_reset(wefti_parker *parker) {
    /* relaxed: whoever will notify next learns of the wait through its publication */
    wefti_store_relaxed(parker, (uint32_t)WEFTI_PARKER_EMPTY);
}

#endif
