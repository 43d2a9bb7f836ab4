/* SPDX-License-Identifier: MIT */
/* cancel.c - groups: cancelling tasks that have not begun, waiting for all. Counting them: lockfree/tally.h.
 *
 *   waiter: lock; outstanding == 0 ? done : enlist; unlock; park
 *   last one out: out of the tally, with a reference; lock; still none? claim all; unlock; give up the reference
 */
#include "sched/cancel.h"

#include <stdlib.h>
#include <string.h>

#include "base/live.h"

typedef struct wefti_group_waiter {
    struct wefti_group_waiter *next;
    bool listed; /* under lock */
    wefti_wait wait;
} group_waiter;

weft_group *weft_make_group(const char *name) {
    weft_group *group;
    if (posix_memalign((void **)&group, WEFTI_LINE, sizeof *group) != 0) return wefti_fail(WEFT_NO_MEMORY);
    memset(group, 0, sizeof *group);
    group->name = wefti_short_name(group->name_room, name);
    wefti_tally_init(&group->tally);
    wefti_count_live(1);
    return group;
}

static void release(weft_group *group) {
    if (!wefti_tally_release(&group->tally)) return;
    free(group);
    wefti_count_live(-1);
}

static void wake_waiters(weft_group *group) {
    wefti_spin_lock(&group->lock);
    bool none_left = weft_group_count(group) == 0; /* with the lock held, so it knows of all that the waiters knew of */
    group_waiter *woken = NULL, *next;
    for (group_waiter *waiter = none_left ? group->waiters : NULL; waiter != NULL; waiter = next) {
        next = waiter->next;
        waiter->listed = false; /* one that loses the claim has timed out, and looks here with the lock held */
        if (!wefti_wait_claim(&waiter->wait, WEFT_OK)) {
            group->leaving++;
            continue;
        }
        waiter->next = woken;
        woken = waiter;
    }
    if (none_left) group->waiters = NULL;
    wefti_spin_unlock(&group->lock);
    for (; woken != NULL; woken = next) {
        next = woken->next;
        wefti_unpark(&woken->wait);
    }
}

/* Holds a reference. */
static WEFTI_NOINLINE void end_as_last(weft_group *group) {
    wake_waiters(group);
    release(group);
}

void wefti_group_leave(weft_group *group) {
    if (WEFTI_UNLIKELY(wefti_tally_out(&group->tally))) end_as_last(group);
}

void wefti_group_carry(weft_group *group) {
    if (WEFTI_UNLIKELY(wefti_tally_carry(&group->tally))) end_as_last(group);
}

weft_status weft_cancel_group(weft_group *group) {
    if (group == NULL) return WEFT_INVALID;
    wefti_store_release(&group->cancelled, true); /* partner: weft_group_cancelled */
    return WEFT_OK;
}

bool weft_group_cancelled(const weft_group *group) { return group != NULL && wefti_group_is_cancelled(group); }

size_t weft_group_count(const weft_group *group) { return group != NULL ? wefti_tally_count(&group->tally) : 0; }

/* Enlists the waiter unless nothing is outstanding. */
static bool enlist(weft_group *group, group_waiter *waiter) {
    wefti_spin_lock(&group->lock);
    bool wait = weft_group_count(group) != 0;
    if (wait) {
        waiter->next = group->waiters;
        waiter->listed = true;
        group->waiters = waiter;
    }
    wefti_spin_unlock(&group->lock);
    return wait;
}

static void delist(weft_group *group, group_waiter *waiter) {
    wefti_spin_lock(&group->lock);
    if (waiter->listed) {
        group_waiter **at = &group->waiters;
        while (*at != waiter) at = &(*at)->next;
        *at = waiter->next;
    } else {
        group->leaving--;
    }
    wefti_spin_unlock(&group->lock);
}

weft_status weft_wait_group(weft_group *group, weft_deadline deadline) {
    if (group == NULL) return WEFT_INVALID;
    if (weft_group_count(group) == 0) return WEFT_OK;
    if (deadline <= WEFT_NOW) return WEFT_TIMED_OUT;
    wefti_strand *self = wefti_strand_self();
    if (self == NULL || !wefti_may_park(self)) return WEFT_NO_MEMORY;
    group_waiter waiter;
    wefti_wait_init(&waiter.wait, self, "group", group);
    waiter.wait.name = group->name;
    if (!enlist(group, &waiter)) return WEFT_OK;
    weft_status status = wefti_park(&waiter.wait, deadline);
    if (status != WEFT_OK) delist(group, &waiter);
    return status;
}

weft_status weft_free_group(weft_group *group) {
    if (group == NULL) return WEFT_OK;
    wefti_spin_lock(&group->lock);
    bool busy = group->waiters != NULL || group->leaving != 0;
    wefti_spin_unlock(&group->lock);
    if (busy) return WEFT_BUSY;
    release(group);
    return WEFT_OK;
}
