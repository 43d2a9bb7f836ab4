/* SPDX-License-Identifier: MIT */
/* visit.h - an operation's way into a channel and out again: the spin lock, the channel's own lock, and memory. */
#ifndef WEFTI_VISIT_H
#define WEFTI_VISIT_H

#include "comm/level.h"
#include "comm/waiters.h"
#include "sched/attach.h"

/* An operation on the channel in progress. */
typedef struct wefti_visit {
    weft_channel *channel;
    wefti_strand *self;
    bool borrowed; /* the channel's own lock was taken just for this operation */
    bool held;     /* the caller holds the channel's own lock */
    bool room;     /* wefti_visit_with_room: memory for one more element is there */
    wefti_way way; /* how it has got inside */
} wefti_visit;

/* In the place of a deadline: who cannot wait, a timer or a task without a stack to wait on, does not mind the
 * channel's own lock. */
#define WEFTI_PAST_THE_HOLDER ((weft_deadline)INT64_MIN)

/* visit.c: the rest of the functions below. */
weft_status wefti_visit_odd(wefti_visit *visit, weft_deadline deadline);
void wefti_visit_pass_lock(weft_channel *channel);

/* Begins; ends with the spin lock held on WEFT_OK. May park, where somebody else holds the channel's own lock. */
static inline weft_status wefti_visit_begin(wefti_visit *visit, weft_channel *channel, wefti_strand *self,
                                            weft_deadline deadline) {
    *visit = (wefti_visit){channel, self, false, false, false, wefti_channel_enter(channel, self)};
    if (WEFTI_LIKELY((wefti_odd(channel) & (WEFTI_HELD | WEFTI_CALLS | WEFTI_LOCAL)) == 0)) return WEFT_OK;
    if (visit->way == WEFTI_BIASED) { /* what is odd wants the lock */
        wefti_bias_leave(self->worker);
        visit->way = WEFTI_LOCKED;
        wefti_channel_lock(channel);
    }
    return wefti_visit_odd(visit, deadline);
}

/* As wefti_visit_begin, with memory for one more element where that can be had (visit->room). */
weft_status wefti_visit_with_room(wefti_visit *visit, weft_channel *channel, wefti_strand *self,
                                  weft_deadline deadline);

/* Gives the spin lock up, and the channel's own lock if it was borrowed. */
static inline void wefti_visit_end(wefti_visit *visit) {
    wefti_level_note(visit->channel);
    if (WEFTI_UNLIKELY(visit->borrowed))
        wefti_visit_pass_lock(visit->channel);
    else
        wefti_way_leave(visit->channel, visit->way == WEFTI_BIASED ? visit->self->worker : NULL, visit->way);
}

/* Prepares a waiter and its wait, on the caller's stack. */
static inline void wefti_visit_waiter(wefti_visit *visit, wefti_waiter *waiter, wefti_wait *wait, const char *what) {
    wefti_wait_init(wait, visit->self, what, visit->channel);
    wait->kernel = visit->channel->kernel;
    waiter->wait = wait;
    waiter->condition = NULL;
    wait->killable = wefti_can_be_killed(visit->self);
    waiter->shared = true; /* who is not killed may vanish */
    waiter->result = waiter->kept = false;
}

/* The same for a plain thread, which may vanish: with its process object. */
wefti_waiter *wefti_visit_berth(wefti_visit *visit, const char *what);

/* The spin lock is held and the waiter enlisted: parks; the locks are given up meanwhile. A caller that held the
 * channel's own lock has it again afterwards. Returns the status that the wait was claimed with. */
weft_status wefti_visit_wait(wefti_visit *visit, wefti_waiters *list, wefti_waiter *waiter, weft_deadline deadline);

/* A thread that dies has been handed this, as a receiver: it is dropped. */
void wefti_handed_to_the_dead(const wefti_waiter *waiter, wefti_destroyer destroy);

/* visit.c; no lock held: a plain thread that would have to wait looks on before it enlists, ever longer, then giving
 * way to others; puts: for room; *turns begins with 0. false: it has looked for long enough, or that is of no use. To
 * wait costs it, and who ends the wait, a hand-over, and often a sleep and a wake-up; meanwhile several elements, or
 * places, come together. */
bool wefti_look_on(const weft_channel *channel, wefti_strand *self, bool puts, unsigned *turns);

/* No lock held: takes a waiter out that may still be listed; not for one that was won. */
void wefti_visit_withdraw(weft_channel *channel, wefti_waiters *list, wefti_waiter *waiter);

#endif
