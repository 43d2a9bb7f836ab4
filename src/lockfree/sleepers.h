/* SPDX-License-Identifier: MIT */
/* sleepers.h - how workers go to sleep and are woken: no wake-up is lost, and few are made in vain.
 *
 * Each worker has a word it sleeps on:
 *
 *   AWAKE --worker: announce--> ASLEEP --waker: cas, count it as searching, futex wake--> AWAKE
 *                               ASLEEP --worker: retract (found something, or its deadline passed): cas--> AWAKE
 *
 * and together they count those asleep and those awake that look for work (searchers).
 *
 *   giver:    publish work;  light barrier;  if there are sleepers and no searchers, wake one
 *   sleeper:  announce (ASLEEP; one sleeper more, one searcher less);  heavy barrier;  look everywhere once more; sleep
 *
 * By the pair of barriers the giver sees the sleeper, or the sleeper sees the work. The last look covers every place
 * that a giver may publish to, and it loads: it does not try to take (a failed steal is not an empty queue). A giver
 * that sees a searcher leaves it at that, since the searcher has its last look still before it: either the one before
 * it sleeps, or the one that the last searcher takes when it stops because it has found something
 * (wefti_sleepers_stop).
 *
 * The heavy barrier interrupts every thread of the process that runs. A sleeper whose timers end its sleep in a moment
 * goes without (a nap): a giver may miss it then, and it the work, which waits for the end of the nap. That takes a
 * giver whose store stays unseen for as long as the sleeper needs to come into the system.
 *
 * Invariants: S1 each change of a word from ASLEEP to AWAKE takes one sleeper off the count. S2 it adds one searcher,
 * made by whoever made the change. So a worker that comes back from sleep is counted as searching.
 *
 * Source: the idle protocol of Go's scheduler; the word for each worker, because waiting tasks are bound to their
 * worker.
 */
#ifndef WEFTI_SLEEPERS_H
#define WEFTI_SLEEPERS_H

#include "os/os.h"

enum { WEFTI_AWAKE = 0, WEFTI_ASLEEP = 1 };

typedef wefti_futex wefti_sleeper;

typedef struct wefti_sleepers {
    WEFTI_ALIGNED(WEFTI_APART) WEFTI_ATOMIC(uint32_t) sleepers;
    WEFTI_ATOMIC(uint32_t) searchers;
} wefti_sleepers;

/* Giver: work has been published; whether somebody has to be woken for it. */
static inline bool wefti_sleepers_wanted(wefti_sleepers *all) {
    wefti_light_barrier(); /* partner: the heavy barrier in wefti_sleeper_announce */
    /* relaxed, all: the barriers order them after the publication */
    if (wefti_load_relaxed(&all->sleepers) == 0) return false;
    if (wefti_load_relaxed(&all->searchers) == 0) return true;
    wefti_fence_seq(); /* partner: the fence of who stops searching; one that has begun something long may be the last
                        */
    return wefti_load_relaxed(&all->searchers) == 0;
}

/* Counts a searcher out. true: it was the last, and who made it so has to look once more for what givers left to it. */
static inline bool wefti_sleepers_stop(wefti_sleepers *all) {
    if (wefti_add_relaxed(&all->searchers, (uint32_t)-1) != 1) return false; /* relaxed: the fence orders it */
    wefti_fence_seq(); /* partner: the fence in wefti_sleepers_wanted */
    return true;
}

typedef enum wefti_wake { WEFTI_WOKEN, WEFTI_WAS_AWAKE, WEFTI_LOOK_ONCE_MORE } wefti_wake;

/* Giver: wakes this one, if it sleeps. LOOK_ONCE_MORE: it was awake, and as for wefti_sleepers_stop. */
static inline wefti_wake wefti_sleeper_wake(wefti_sleepers *all, wefti_sleeper *one) {
    uint32_t asleep = WEFTI_ASLEEP;
    if (wefti_load_relaxed(one) != WEFTI_ASLEEP) return WEFTI_WAS_AWAKE; /* relaxed: after the giver's light barrier */
    /* Before it runs, so that other givers do not wake a second one for the same work. relaxed: a count */
    wefti_add_relaxed(&all->searchers, 1u);
    /* release: the sleeper sees what led to the wake-up; partner: the acquire in wefti_sleeper_sleep. acquire: how it
     * sleeps (sched/io.h: on the set, or on this word); partner: the release in wefti_sleeper_announce. */
    if (!wefti_cas_acq_rel(one, &asleep, (uint32_t)WEFTI_AWAKE)) {
        /* While this one counted as searching, the last that really did may have stopped and left it to "the others".
         */
        return wefti_sleepers_stop(all) ? WEFTI_LOOK_ONCE_MORE : WEFTI_WAS_AWAKE;
    }
    wefti_add_relaxed(&all->sleepers, (uint32_t)-1);
    wefti_futex_wake(one, 1);
    return WEFTI_WOKEN;
}

/* Sleeper, counted as searching. Afterwards it takes its last look, and then sleeps or retracts. A nap: it will sleep
 * for a moment only, whoever wakes it or not, and goes without its barrier. */
static inline void wefti_sleeper_announce(wefti_sleepers *all, wefti_sleeper *one, bool nap) {
    wefti_store_release(one, (uint32_t)WEFTI_ASLEEP); /* partner: the cas in wefti_sleeper_wake */
    /* relaxed, both: the barrier orders them before the last look; in a nap nothing does */
    wefti_add_relaxed(&all->sleepers, 1u);
    wefti_add_relaxed(&all->searchers, (uint32_t)-1);
    if (!nap)
        wefti_heavy_barrier(); /* partners: the light ones in wefti_sleepers_wanted, and of who wakes one worker */
}

/* Sleeper: takes the announcement back. In the end it is awake and counted as searching, whoever did it. */
static inline void wefti_sleeper_retract(wefti_sleepers *all, wefti_sleeper *one) {
    uint32_t asleep = WEFTI_ASLEEP;
    wefti_add_relaxed(&all->searchers, 1u);
    /* acquire: if it fails, a waker was first; partner: the release in wefti_sleeper_wake. */
    if (wefti_cas_acquire(one, &asleep, (uint32_t)WEFTI_AWAKE))
        wefti_add_relaxed(&all->sleepers, (uint32_t)-1);
    else
        wefti_add_relaxed(&all->searchers, (uint32_t)-1);
}

/* Sleeper: sleeps until woken or until the deadline; awake and counted as searching afterwards. */
static inline void wefti_sleeper_sleep(wefti_sleepers *all, wefti_sleeper *one, int64_t deadline) {
    while (wefti_load_acquire(one) == WEFTI_ASLEEP) { /* acquire: partner is the release in wefti_sleeper_wake */
        if (wefti_futex_wait(one, WEFTI_ASLEEP, deadline)) continue;
        wefti_sleeper_retract(all, one);
        return;
    }
}

#endif
