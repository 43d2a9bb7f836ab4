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
 * The state word is enough for a wait on many things at once (an alternation): all its waiters point to one wefti_wait.
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

typedef struct wefti_wait {
    WEFTI_ATOMIC(uint32_t) claim; /* 0: open; else 1 + the status that the wait ends with */
    wefti_strand *strand;
    const char *what; /* for dumps: "receive", "send", "sleep" ... static text */
    const void *object;
    const char *name;           /* of the object, made by wefti_short_name, for dumps; NULL: none, or found otherwise */
    struct weft_kernel *kernel; /* whose tasks are likely to end the wait; NULL: not known */
    wefti_timer timer;
} wefti_wait;

static inline void wefti_wait_init(wefti_wait *wait, wefti_strand *self, const char *what, const void *object) {
    wefti_atomic_init(&wait->claim, 0u);
    wait->strand = self;
    wait->what = what;
    wait->object = object;
    wait->kernel = NULL;
    wait->name = NULL;
}

/* Tries to win the wait. */
static inline bool wefti_wait_claim(wefti_wait *wait, weft_status status) {
    uint32_t open = 0;
    /* acq_rel: release for what the winner will hand over is not needed (unpark orders that); the losers must see that
     * it is claimed, and the winner what the strand wrote before it parked: partner is the publication of the wait. */
    return wefti_cas_acq_rel(&wait->claim, &open, 1u + (uint32_t)status);
}

/* How many CPUs this process has: with one, looking again and again is in the way of whom one waits for. */
typedef WEFTI_ATOMIC(unsigned) wefti_number;
extern wefti_number wefti_cpus_to_spin;

/* Makes sure that the strand can park. false: there is no memory for a stack to go on with. Call before publishing. */
bool wefti_may_park(wefti_strand *self);

/* Waits until the wait has been claimed and unparked; claims it itself with WEFT_TIMED_OUT when the deadline passes. */
weft_status wefti_park(wefti_wait *wait, int64_t deadline);

/* Lets the strand of a claimed wait go on. */
void wefti_unpark(wefti_wait *wait);

#endif
