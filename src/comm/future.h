/* SPDX-License-Identifier: MIT */
/* future.h - an outcome that is claimed once, made once, and waited for by any number.
 *
 *   PENDING --claim: the record on its worker, a forcer, a fulfiller--> TAKEN --complete: who claimed--> DONE
 *
 * Idea: the queued record is a pointer to the future, and holds a reference. Whoever moves the state out of PENDING
 * makes the outcome; the others, the record among them, find it taken. So a future that has not begun costs who forces
 * it no wait, and one that is fulfilled by hand needs no search for its record.
 *
 *   forcer: lock; DONE ? unlock, done : enlist; unlock; park
 *   who completes: outcome; lock; DONE; claim all waiters; unlock; unpark them
 *
 * Invariants
 *   I1. Outcome, failure and `by` are written by who claimed, between TAKEN and DONE, and never again.
 *   I2. Who completes holds a reference until after the unlock, and so does who waits.
 */
#ifndef WEFTI_FUTURE_H
#define WEFTI_FUTURE_H

#include <weft/future.h>

#include "sched/task.h"
#include "sched/waiters.h"

/* Makes the waiter wait for the outcome; false: it is there. A kept one is enlisted in any case. */
bool wefti_future_enlist(weft_future *future, wefti_waiter *waiter);
/* Takes a waiter out that was not won through the future. */
void wefti_future_delist(weft_future *future, wefti_waiter *waiter);

#endif
