/* SPDX-License-Identifier: MIT */
/* ready.h - when a node of a graph may run, and who says so: counting down what it waits for, or claiming it as failed.
 *
 *   word: how many dependencies are to be done yet, and two bits
 *
 *     n --arrive: one dependency is done--> n-1 --> ... --> 1, 0: the last one runs or submits it --the node's task-->
 * DONE |                                                                        its task fails ----------------> FAILED
 *     +--fail: a dependency has failed; one claims it--> FAILED (its count never comes to 0: that one does not arrive)
 *
 * Idea: a node's task arrives at all that wait for it. Each arrival is one update; the last one of a node knows it, and
 * submits it. A task that fails claims all above it instead, and the claimer of each goes on from there, so each is
 * claimed once, however many of its dependencies fail at the same time.
 *
 * What is begun and not ended is counted by tokens: a task that makes k nodes ready needs k, and has one. So a chain
 * passes its token on, and only forks and ends touch the count. Who gives the last one back knows that all is at rest.
 * One task may run many nodes, each with a token of its own, and gives all back at once. Of nodes that one node alone
 * waits for it may gather the arrivals while the next one it runs is such a node too: nobody could begin before that.
 *
 * Invariants
 *   R1  arrivals at a node are at most its count, and fewer if one of its dependencies fails; it is claimed as failed
 *       only by one of those that have not arrived, or by its own task
 *   R2  a node's value is written before the arrivals of its task, and read after the last arrival at who reads it
 *   R3  tokens are added before what they are for is submitted
 */
#ifndef WEFTI_READY_H
#define WEFTI_READY_H

#include "base/atomic.h"

#define WEFTI_READY_DONE UINT32_C(0x80000000)
#define WEFTI_READY_FAILED UINT32_C(0x40000000)

typedef WEFTI_ATOMIC(uint32_t) wefti_ready;
typedef WEFTI_ATOMIC(size_t) wefti_tokens;

/* By who alone has the graph. relaxed: what makes its tasks run orders it. */
static inline void wefti_ready_set(wefti_ready *node, uint32_t waits_for) { wefti_store_relaxed(node, waits_for); }

static inline bool wefti_ready_is_done(const wefti_ready *node) {
    return (wefti_load_acquire(node) & WEFTI_READY_DONE) != 0; /* the value; partner: wefti_ready_finish */
}

static inline bool wefti_ready_is_failed(const wefti_ready *node) {
    return (wefti_load_relaxed(node) & WEFTI_READY_FAILED) != 0; /* relaxed: the reason is published by itself */
}

/* The node's own task, which has written the value. */
static inline void wefti_ready_finish(wefti_ready *node) {
    wefti_store_release(node, WEFTI_READY_DONE); /* the value; partner: wefti_ready_is_done */
}

/* So many of its dependencies are done. true: they were the last, and the caller submits the node. */
static inline bool wefti_ready_arrive(wefti_ready *node, uint32_t count) {
    /* acquire: as below. The others have arrived, and by R1 nobody can claim it as failed any more: so no update. */
    if (wefti_load_acquire(node) == count) return true;
    /* acq_rel: release hands the dependencies' values to who submits, acquire takes those of the others; partner:
     * itself in the other tasks. Without it, the last one's node reads a value that another worker has not written
     * yet. */
    return wefti_add_acq_rel(node, UINT32_C(0) - count) == count;
}

/* One of its dependencies, or its task, has failed. true: the caller is the one who says why, and goes on from here. */
static inline bool wefti_ready_fail(wefti_ready *node) {
    return (wefti_or_relaxed(node, WEFTI_READY_FAILED) & WEFTI_READY_FAILED) == 0; /* relaxed: as in is_failed */
}

static inline void wefti_tokens_add(wefti_tokens *tokens, size_t more) {
    wefti_add_relaxed(tokens, more); /* relaxed: the caller has one, so it is not zero meanwhile */
}

/* true: all is at rest, and what all tasks did is seen. */
static inline bool wefti_tokens_give_back(wefti_tokens *tokens, size_t count) {
    return wefti_add_acq_rel(tokens, (size_t)0 - count) == count; /* acq_rel: partner is itself in the other tasks */
}

#endif
