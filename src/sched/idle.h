/* SPDX-License-Identifier: MIT */
/* idle.h - how workers go to sleep and are woken, without losing a wake-up and without waking in vain.
 *
 * Each worker has a word it sleeps on:
 *
 *   AWAKE --worker: found nothing for spin_count rounds--> ASLEEP --waker: cas, count it as searching, futex wake--> AWAKE
 *                                                          ASLEEP --worker: deadline, or found something: cas-------> AWAKE
 *
 * and the kernel counts its sleepers and its searchers (awake workers that look for work).
 *
 *   giver:   publish work;  light barrier;  if sleepers != 0 and searchers == 0, wake one
 *   sleeper: searchers -= 1, ASLEEP, sleepers += 1;  heavy barrier;  look everywhere once more;  futex wait
 *
 * By the pair of barriers the giver sees the sleeper or the sleeper sees the work. The last look covers everything a giver
 * can publish to: the mailbox, the inboxes, every worker's queue and movable runners, the timers; it loads, it does not try
 * to steal (a failed steal is not an empty queue). A giver that sees a searcher leaves it at that: the searcher has its last
 * look still before it. A searcher that finds work and was the only one wakes the next, as long as there is more.
 *
 * Source: the idle protocol of Go's scheduler, with one word a worker, since a waiting task is bound to its worker.
 */
#ifndef WEFTI_IDLE_H
#define WEFTI_IDLE_H

#include "base/atomic.h"
#include "os/os.h"

enum { WEFTI_AWAKE = 0, WEFTI_ASLEEP = 1 };

typedef struct wefti_idle {
    WEFTI_ALIGNED(WEFTI_APART) WEFTI_ATOMIC(uint32_t) sleepers;
    WEFTI_ATOMIC(uint32_t) searchers;
    WEFTI_ALIGNED(WEFTI_APART) uint32_t unused;
} wefti_idle;

struct weft_kernel;
struct wefti_worker;

/* The giver's side, when there are sleepers and no searcher. */
void wefti_wake_one(struct weft_kernel *kernel);

/* Giver: work that any worker may do has been published. */
static inline void wefti_notify(struct weft_kernel *kernel, wefti_idle *idle) {
    wefti_light_barrier(); /* partner: the heavy barrier in wefti_sleep */
    if (wefti_load_relaxed(&idle->sleepers) != 0 && wefti_load_relaxed(&idle->searchers) == 0) wefti_wake_one(kernel);
}

/* Giver: something has been put where only this worker looks (its mailbox). */
void wefti_wake_worker(struct weft_kernel *kernel, struct wefti_worker *worker);

/* Worker, in its loop, with nothing to do: searches, sleeps, and returns when there may be something. false: the end. */
bool wefti_find_work(struct wefti_worker *worker);

#endif
