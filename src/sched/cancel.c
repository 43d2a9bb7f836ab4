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
    wefti_wait *woken = NULL;
    wefti_spin_lock(&group->lock);
    bool none_left = weft_group_count(group) == 0; /* with the lock held, so it knows of all that the waiters knew of */
    for (wefti_waiter *waiter = none_left ? wefti_first(&group->waiters) : NULL, *next; waiter != NULL; waiter = next) {
        next = waiter->next;
        bool gone, won = wefti_waiter_claim(waiter, WEFT_OK, &gone);
        if (gone) group->leaving++; /* one that has timed out, and looks here with the lock held */
        if (gone || (won && !waiter->kept)) wefti_waiter_unlist(&group->waiters, waiter);
        if (!won) continue;
        waiter->wait->woken = woken;
        woken = waiter->wait;
    }
    wefti_spin_unlock(&group->lock);
    for (wefti_wait *next; woken != NULL; woken = next) {
        next = woken->woken;
        wefti_unpark(woken);
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
    wefti_or_seq(&group->odd, (uint32_t)WEFTI_GROUP_CANCELLED); /* partner: weft_group_cancelled */
    return WEFT_OK;
}

bool weft_group_cancelled(const weft_group *group) { return group != NULL && wefti_group_is_cancelled(group); }

size_t weft_group_count(const weft_group *group) { return group != NULL ? wefti_tally_count(&group->tally) : 0; }

bool wefti_group_enlist(weft_group *group, wefti_waiter *waiter) {
    wefti_spin_lock(&group->lock);
    bool wait = waiter->kept || weft_group_count(group) != 0;
    if (wait) wefti_waiter_enlist(&group->waiters, waiter);
    wefti_spin_unlock(&group->lock);
    return wait;
}

void wefti_group_delist(weft_group *group, wefti_waiter *waiter) {
    wefti_spin_lock(&group->lock);
    if (waiter->listed)
        wefti_waiter_unlist(&group->waiters, waiter);
    else
        group->leaving--;
    wefti_spin_unlock(&group->lock);
}

/* A thread is cancelled where it waits. */
static void leave_group(void *argument) {
    wefti_waiter *waiter = argument;
    wefti_wait *wait = waiter->wait;
    if (wefti_wait_given_up(wait)) wefti_group_delist((weft_group *)(uintptr_t)wait->object, waiter);
}

weft_status weft_wait_group(weft_group *group, weft_deadline deadline) {
    if (group == NULL) return WEFT_INVALID;
    if (weft_group_count(group) == 0) return WEFT_OK;
    if (deadline <= WEFT_NOW) return WEFT_TIMED_OUT;
    wefti_strand *self = wefti_strand_self();
    if (self == NULL || !wefti_may_park(self)) return WEFT_NO_MEMORY;
    wefti_wait wait;
    wefti_waiter waiter = {.wait = &wait, .shared = true};
    wefti_wait_init(&wait, self, "group", group);
    wait.name = group->name;
    wait.killable = true;
    if (!wefti_group_enlist(group, &waiter)) return WEFT_OK;
    weft_status status = wefti_park_mortal(&wait, deadline, leave_group, &waiter);
    if (status != WEFT_OK) wefti_group_delist(group, &waiter);
    wefti_die_if_killed(status);
    return status;
}

weft_status weft_free_group(weft_group *group) {
    if (group == NULL) return WEFT_OK;
    wefti_spin_lock(&group->lock);
    bool busy = wefti_first(&group->waiters) != NULL || group->leaving != 0;
    wefti_spin_unlock(&group->lock);
    if (busy) return WEFT_BUSY;
    release(group);
    return WEFT_OK;
}
