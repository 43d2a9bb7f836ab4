/* SPDX-License-Identifier: MIT */
/* idle.h - what a worker does when it has nothing to do, and how it is called back. Protocol: lockfree/sleepers.h.
 *
 * Who has made work available to any worker calls wefti_notify; who has put something where only one worker looks (its
 * mailbox) calls wefti_wake_worker. A searcher that finds work and was the only one wakes the next, as long as there is
 * more to do, or a timer of the kernel to watch.
 */
#ifndef WEFTI_IDLE_H
#define WEFTI_IDLE_H

#include "lockfree/sleepers.h"

struct weft_kernel;
struct wefti_worker;

/* The giver's side, when there are sleepers and no searcher. */
void wefti_wake_one(struct weft_kernel *kernel);

/* Giver: work that any worker may do has been published. */
static inline void wefti_notify(struct weft_kernel *kernel, wefti_sleepers *idle) {
    if (WEFTI_UNLIKELY(wefti_sleepers_wanted(idle))) wefti_wake_one(kernel);
}

/* Giver: something has been put where only this worker looks (its mailbox). */
void wefti_wake_worker(struct weft_kernel *kernel, struct wefti_worker *worker);

/* Worker, in its loop, with nothing to do: searches, sleeps, and returns when there may be something. false: the end.
 */
bool wefti_find_work(struct wefti_worker *worker);

#endif
