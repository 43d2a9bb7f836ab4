/* SPDX-License-Identifier: MIT */
/* park.h - the one way to wait: park a strand, unpark it.
 *
 * Whoever has to wait puts a wefti_wait on its stack, leaves it where others find it (a channel's list of waiters, a
 * timer), and parks. Several parties may want to end the wait: one wins, by the claim word.
 *
 *   OPEN --claim(status): a counterpart, a deadline, a close, a cancel--> CLAIMED(status) --unpark--> the strand goes
 * on
 *
 * Rules
 *   1. Between claim and unpark the winner alone may touch the wait: hand over a value, unlink what it finds under a
 * lock it holds. Nothing that can fail stands between the two.
 *   2. Every claim that was won is followed by exactly one unpark, and the wait may be gone as soon as unpark begins.
 *   3. A strand may be unparked before it has parked. A fiber stays on its worker, which goes on with it only after it
 * has switched away, so no lock needs to be held across the switch; a movable one is gone on with only when its context
 *      says that it has been left.
 *   4. The strand itself takes its wait out of every list before it returns.
 *
 * A wait on many things at once (an alternation) has one wefti_wait and a waiter for each thing. While its owner looks
 * at things, or is off doing something else between two rounds, nobody may end the wait: it is AWAY. Who comes then
 * leaves a hint which thing it was, and goes on as if nobody waited there:
 *
 *            owner: looks or is off            owner: open             other: claim(waiter)
 *   AWAY <------------------------- OPEN <------------------- AWAY      OPEN ----------> CLAIMED, chosen = waiter
 *
 *   owner:  claim = OPEN;   then look at the hints: none, park; some, claim OPEN -> AWAY and look at those things
 *   other:  claim fails, it is AWAY;   hint;   claim once more
 *
 * Both are two accesses with one order that all agree on, so that the owner sees the hint, or the other sees the wait
 * open. So an owner needs to hold one thing at a time, and takes part in a match as the side that claims, never as one
 * that is claimed: two alternations that meet need no order among themselves.
 *
 * A kept alternation comes back from CLAIMED to AWAY, and so may any that timed out: it was for a clock, whose time
 * somebody else has received. So their waiters stay where they are, and are left hints.
 *
 * Threads that vanish. A plain thread may end, by the bare system call in a handler of a signal, while it waits: it
 * runs nothing any more, and its stack may be used for something else. So what it waits with in lists of channels,
 * elements of up to 64 bytes included, lies with its process object, and the wait is GUARDED while the thread sleeps:
 * who would win it looks first whether the thread is still there, and if it is not, the place is VANISHED and dropped,
 * and the next waiter has its turn. Tasks' waits are never GUARDED, so they are won as ever.
 *
 *   OPEN --the thread, about to sleep--> GUARDED --claim, the thread lives--> CLAIMED ...
 *                                                --claim, it is gone--> VANISHED, for ever
 *
 * Not a kept alternation's wait: it may be another thread's by the next look, so nobody could follow it.
 * A thread that vanishes after that look takes along what it was handed, as one does that vanishes a moment later.
 */
#ifndef WEFTI_PARK_H
#define WEFTI_PARK_H

#include "dynamic/strand.h"
#include "sched/timer.h"

/* A name as dumps show it: its first bytes, padded with zeros. It is copied when a wait begins, since a dump may look
 * at any time and the object may be freed meanwhile. */
enum { WEFTI_SHORT_NAME = 24 };
static inline const char *wefti_short_name(char room[WEFTI_SHORT_NAME], const char *name) {
    if (name == NULL) return NULL;
    for (int i = 0; i < WEFTI_SHORT_NAME; i++) {
        room[i] = '\0';
        if (i < WEFTI_SHORT_NAME - 1 && *name != '\0') room[i] = *name++;
    }
    return room;
}

enum { WEFTI_OPEN = 0, WEFTI_AWAY = 1 << 16, WEFTI_GUARDED = 1 << 17, WEFTI_VANISHED = 1 << 18 };

typedef WEFTI_ATOMIC(uint64_t) wefti_hints;

typedef struct wefti_wait {
    WEFTI_ATOMIC(uint32_t) claim; /* WEFTI_OPEN ... WEFTI_VANISHED, or 1 + the status that the wait ends with */
    wefti_strand *strand;
    const char *what; /* for dumps: "receive", "send", "sleep" ... static text */
    bool killable;    /* may be claimed with WEFTI_KILLED: its operation then cleans up and calls wefti_die_if_killed */
    bool in_berth;    /* of a plain thread, which may vanish: sched/attach.h */
    const void *object;
    const char *name;           /* of the object, made by wefti_short_name, for dumps; NULL: none, or found otherwise */
    struct weft_kernel *kernel; /* whose tasks are likely to end the wait; NULL: not known */
    struct wefti_waiter *chosen; /* written by who claimed it through a waiter */
    struct wefti_wait *woken;    /* links several that one party has claimed and will unpark */
    wefti_hints *hints;          /* a bit for each waiter, by place; only where the wait can be AWAY */
    wefti_timer timer;
} wefti_wait;

/* One thing that a wait waits for, in the list of that thing and under its lock. */
typedef struct wefti_waiter {
    struct wefti_waiter *next, *prev;
    wefti_wait *wait;
    void *slot;                              /* receiver: where the value goes, NULL to drop it; sender: the value */
    const struct wefti_condition *condition; /* instead of a value: written for a receiver, given by a sender */
    uint32_t place;                          /* among those of its wait */
    bool listed;                             /* under the thing's lock */
    bool shared;                             /* others than this thing may end the wait */
    bool result;                             /* a receiver that gives up when no result can come */
    bool kept;                               /* stays listed when it has been claimed */
} wefti_waiter;

static inline void wefti_wait_init(wefti_wait *wait, wefti_strand *self, const char *what, const void *object) {
    wefti_atomic_init(&wait->claim, (uint32_t)WEFTI_OPEN);
    wait->strand = self;
    wait->what = what;
    wait->object = object;
    wait->killable = wait->in_berth = false;
    wait->kernel = NULL;
    wait->name = NULL;
    wait->hints = NULL;
}

/* Tries to win the wait. */
static inline bool wefti_wait_claim(wefti_wait *wait, weft_status status) {
    uint32_t open = WEFTI_OPEN;
    /* acq_rel: release for what the winner will hand over is not needed (unpark orders that); the losers must see that
     * it is claimed, and the winner what the strand wrote before it parked: partner is the publication of the wait. */
    while (!wefti_cas_acq_rel(&wait->claim, &open, 1u + (uint32_t)status))
        if (open != WEFTI_OPEN && open != WEFTI_GUARDED) return false;
    return true;
}

/* Under the thing's lock, of a shared waiter: wins the wait if that takes no more than a look. */
static inline bool wefti_waiter_claim_open(wefti_waiter *waiter, weft_status status) {
    wefti_wait *wait = waiter->wait;
    uint32_t open = wefti_load_relaxed(&wait->claim); /* relaxed, and seq: as in wefti_waiter_claim */
    if (open != WEFTI_OPEN || !wefti_cas_seq(&wait->claim, &open, 1u + (uint32_t)status)) return false;
    wait->chosen = waiter;
    return true;
}

/* The rest of wefti_waiter_claim, for a wait that was found GUARDED. */
bool wefti_guarded_claim(wefti_waiter *waiter, weft_status status, bool *gone);

/* Under the thing's lock: tries to win the wait through one of its waiters. false: it is won, or AWAY and now has a
 * hint. *gone (if false): it will not come back to this thing, and may be taken out of the list. */
static inline bool wefti_waiter_claim(wefti_waiter *waiter, weft_status status, bool *gone) {
    wefti_wait *wait = waiter->wait;
    *gone = false;
    if (!waiter->shared) { /* relaxed: only the holder of the lock can end it, and the unpark publishes it */
        wefti_store_relaxed(&wait->claim, 1u + (uint32_t)status);
        return true;
    }
    /* acquire: who finds it won finds elsewhere what the winner did before, as by wefti_first_seen; partner: the
     * updates below, which decide */
    uint32_t seen = wefti_load_acquire(&wait->claim);
    uint64_t hint = UINT64_C(1) << waiter->place % 64;
    for (bool hinted = false;; hinted = true) {
        /* seq: with the hint; partner: the owner's opening and its look at the hints, comm/alternate.c */
        if (hinted) seen = wefti_load_seq(&wait->claim);
        if (seen == WEFTI_OPEN && wefti_cas_acq_rel(&wait->claim, &seen, 1u + (uint32_t)status)) {
            wait->chosen = waiter;
            return true;
        }
        if (WEFTI_UNLIKELY(seen == WEFTI_GUARDED)) return wefti_guarded_claim(waiter, status, gone);
        /* An alternation that has timed out may come back: a clock was due, and somebody else has received the time. */
        bool back = seen == WEFTI_AWAY || (seen == 1u + (uint32_t)WEFT_TIMED_OUT && wait->hints != NULL);
        *gone = !back && !waiter->kept;
        if (*gone || hinted) return false;
        wefti_hints *hints = &wait->hints[waiter->place / 64];
        /* A hint that is there already will be cleared before the owner takes the thing's lock, and so looks at what is
         * about to happen here. relaxed: the lock orders it. */
        if ((wefti_load_relaxed(hints) & hint) != 0) return false;
        wefti_or_seq(hints, hint);
    }
}

/* How many CPUs this process has: with one, looking again and again is in the way of whom one waits for. */
typedef WEFTI_ATOMIC(unsigned) wefti_number;
extern wefti_number wefti_cpus_to_spin;

/* Whether looking again and again can pay for a plain thread that waits for tasks of this kernel (NULL: for anybody):
 * somebody who may end its wait runs now, and not on its processor. */
bool wefti_worth_looking(const struct weft_kernel *kernel);

/* Leaves the processor to others once. Where many are there each time may last, since who leaves of its own will is
 * served last, and who sleeps sooner: so if it lasted, *crowded counts the next ones, which are not done: false. */
bool wefti_give_way(uint8_t *crowded);

/* Makes sure that the strand can park. false: there is no memory for a stack to go on with. Call before publishing. */
bool wefti_may_park(wefti_strand *self);

/* The wait of a task that is killed ends with this. Not for users: the operation does not return. */
#define WEFTI_KILLED ((weft_status)64)
/* Ends the calling task as killed; set by condition/kill.c. */
extern void (*wefti_die_hook)(void);
static inline void wefti_die_if_killed(weft_status status) {
    if (WEFTI_UNLIKELY(status == WEFTI_KILLED)) wefti_die_hook();
}

/* Waits until the wait has been claimed and unparked; claims it itself with WEFT_TIMED_OUT when the deadline passes. */
weft_status wefti_park(wefti_wait *wait, int64_t deadline);

/* The same. On a plain thread it may be cancelled, or exit, there: then withdraw(argument) is called, on that thread,
 * in place of the rest of the operation. It takes the waiter out, and passes on what was handed over if that cannot go
 * with the thread. Without it a thread that is to end does so after its wait. */
weft_status wefti_park_mortal(wefti_wait *wait, int64_t deadline, void (*withdraw)(void *argument), void *argument);

/* For withdraw. Until the notice of who has won the wait; and: true: nobody has, and nobody will. */
void wefti_await_notice(wefti_strand *self);
bool wefti_wait_given_up(wefti_wait *wait);

/* Lets the strand of a claimed wait go on; answer: what its wefti_park_single returns, of no matter to others. */
void wefti_unpark_with(wefti_wait *wait, int answer);
static inline void wefti_unpark(wefti_wait *wait) {
    /* relaxed: who unparks has claimed it, or been told by who has */
    wefti_unpark_with(wait, (int)wefti_load_relaxed(&wait->claim) - 1);
}

/* For a task's operation on one thing and without a deadline: a wait and a waiter that lie with its stack, ready but
 * for slot, result, what and object. So nothing remains to be done after it, and the switch is the last thing of the
 * whole operation: none of its functions returns through a prediction that the change of stacks has made wrong. */
wefti_waiter *wefti_single_waiter(wefti_strand *self, const char *what, const void *object);
/* Waits with it; returns the answer of who unparks. */
weft_status wefti_park_single(wefti_strand *self);

#endif
