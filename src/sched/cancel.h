/* SPDX-License-Identifier: MIT */
/* cancel.h - what the scheduler knows of groups of tasks.
 *
 * A task joins at its submission and leaves when its outcome has been delivered. The group lives until both the last
 * task has left and its owner has freed it. Tasks are counted by a tally (lockfree/tally.h) whose owner is the first
 * worker that submitted one; what that worker counts out it carries over between two tasks, as soon as the next one
 * is not of this group too.
 */
#ifndef WEFTI_CANCEL_H
#define WEFTI_CANCEL_H

#include <weft/group.h>

#include "lockfree/spinlock.h"
#include "lockfree/tally.h"
#include "sched/waiters.h"

struct wefti_worker;

/* What is unusual about a group; 0: nothing, and one look tells so. */
enum { WEFTI_GROUP_CANCELLED = 1, WEFTI_GROUP_SCOPED = 2 };

struct weft_group {
    WEFTI_ATOMIC(uint32_t) odd;
    const char *name; /* made by wefti_short_name; NULL: unnamed */
    char name_room[WEFTI_SHORT_NAME];
    wefti_tally tally;
    wefti_spinlock lock;
    wefti_waiters waiters;    /* under lock */
    struct weft_scope *scope; /* of whose tasks it is, sched/scope.h; NULL: a group by itself */
    uint32_t leaving;         /* waiters that timed out and are not in the list, but will take the lock; under lock */
};

static inline bool wefti_group_is_cancelled(const weft_group *group) {
    return (wefti_load_acquire(&group->odd) & WEFTI_GROUP_CANCELLED) != 0; /* partner: weft_cancel_group */
}

static inline bool wefti_group_is_odd(const weft_group *group) {
    return wefti_load_acquire(&group->odd) != 0; /* partner: weft_cancel_group */
}

/* worker: the caller's, NULL for a plain thread. */
static inline void wefti_group_join(weft_group *group, struct wefti_worker *worker) {
    if (WEFTI_LIKELY(worker != NULL && wefti_tally_owns(&group->tally, worker)))
        wefti_tally_in_own(&group->tally);
    else
        wefti_tally_in(&group->tally);
}

/* A task that joined has ended, or was not submitted after all. Anyone. */
void wefti_group_leave(weft_group *group);
/* Makes the waiter wait for the end of all tasks; false: none is outstanding. A kept one is enlisted in any case. */
bool wefti_group_enlist(weft_group *group, wefti_waiter *waiter);
/* Takes a waiter out that was not won through the group. */
void wefti_group_delist(weft_group *group, wefti_waiter *waiter);
/* Carries over what the worker that owns the tally has counted out. */
void wefti_group_carry(weft_group *group);

#endif
