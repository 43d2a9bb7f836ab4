/* SPDX-License-Identifier: MIT */
/* drain.h - knowing that all tasks submitted before a moment are done, while others keep coming.
 *
 * Idea: tasks are counted in two generations, in when they are submitted and out when they end, each count written by
 * one worker (or under an inbox's lock), so that counting costs no atomic update. Who wants to know turns the kernel to
 * the other generation and waits until the counts of the old one agree; and then once more the other way round, for the
 * submitter that had read the generation but not yet counted when it was turned.
 *
 * The counts out are read before the counts in: then equal sums mean that there was a moment without any.
 * Source: the two-phase grace period of sleepable RCU (McKenney 2006).
 */
#ifndef WEFTI_DRAIN_H
#define WEFTI_DRAIN_H

#include "base/atomic.h"

struct weft_kernel;
struct wefti_wait;

typedef struct wefti_drain {
    WEFTI_ATOMIC(uint32_t) generation; /* 0 or 1: where tasks are counted in now */
    WEFTI_ATOMIC(uint64_t) ticket;     /* of who waits: twice its number, plus the generation it waits for; 0: nobody */
    uint64_t tickets;                  /* given so far; the waiter's */
    struct wefti_wait *wait;           /* the ticket's; published with it */
} wefti_drain;

/* Whether tasks of this generation are outstanding: pending, running or waiting. */
bool wefti_outstanding(struct weft_kernel *kernel, unsigned generation);

/* Waits until every task submitted before is done. One caller at a time; not from inside a worker. */
void wefti_drain_wait(struct weft_kernel *kernel);

/* Worker, now and then and before it sleeps: ends the wait of whoever waits, if it is time. */
void wefti_drain_look_closely(struct weft_kernel *kernel);
#define wefti_drain_look(kernel)                                                                                       \
    do {                                                                                                               \
        if (WEFTI_UNLIKELY(wefti_load_relaxed(&(kernel)->drain.ticket) != 0)) wefti_drain_look_closely(kernel);        \
    } while (0)

#define wefti_generation(kernel) wefti_load_relaxed(&(kernel)->drain.generation)

#endif
