/* SPDX-License-Identifier: MIT */
/* visit.c - the channel's own lock, and operations that wait for it or for a match. */
#include "comm/visit.h"

#include <stdlib.h>

#include "sched/attach.h"

void wefti_visit_withdraw(weft_channel *channel, wefti_waiters *list, wefti_waiter *waiter) {
    const wefti_strand *self = wefti_strand_now;
    wefti_way way = wefti_channel_enter(channel, self);
    if (waiter->listed)
        wefti_waiter_unlist(list, waiter);
    else
        channel->leaving--;
    wefti_level_note(channel);
    wefti_way_leave(channel, way == WEFTI_BIASED ? self->worker : NULL, way);
}

/* ---- the channel's own lock ---- */

/* Spin lock held. The other lock as well, so that nobody is receiving in front when it returns, or begins to. */
static void set_holder(weft_channel *channel, wefti_strand *holder) {
    wefti_backlog *backlog = channel->kind == WEFTI_BACKLOG ? wefti_backlog_of(channel) : NULL;
    if (backlog != NULL) wefti_spin_lock(&backlog->front_lock);
    channel->rare->holder = holder;
    if (backlog != NULL) {
        backlog->front_holder = holder;
        wefti_spin_unlock(&backlog->front_lock);
    }
    wefti_odd_set(channel, WEFTI_HELD, holder != NULL);
}

/* A thread is cancelled where it waits; or when the lock is its own, which it has not learned yet. */
static void leave_lockers(void *argument) {
    wefti_waiter *waiter = argument;
    weft_channel *channel = (weft_channel *)(uintptr_t)waiter->wait->object;
    wefti_channel_lock(channel);
    bool listed = waiter->listed;
    if (listed) wefti_waiter_unlist(&channel->rare->lockers, waiter);
    wefti_channel_unlock(channel);
    if (listed) return;
    wefti_await_notice(waiter->wait->strand);
    wefti_channel_lock(channel);
    wefti_visit_pass_lock(channel);
}

/* Spin lock held, and given up; somebody else is the holder. */
static weft_status wait_for_lock(weft_channel *channel, wefti_strand *self, weft_deadline deadline) {
    wefti_visit visit = {channel, self, false, false, false, WEFTI_LOCKED};
    wefti_waiter waiter;
    wefti_wait wait;
    wefti_visit_waiter(&visit, &waiter, &wait, "channel lock");
    wait.killable = false; /* callers are not prepared for it, and who holds the lock does so for a short time */
    wefti_waiter_enlist(&channel->rare->lockers, &waiter);
    wefti_channel_unlock(channel);
    weft_status status = wefti_park_mortal(&wait, deadline, leave_lockers, &waiter);
    if (status != WEFT_OK) wefti_visit_withdraw(channel, &channel->rare->lockers, &waiter);
    return status;
}

/* Spin lock held, and given up: passes the channel's own lock on to the next who waits for it. */
void wefti_visit_pass_lock(weft_channel *channel) {
    wefti_waiter *next = wefti_waiters_claim(channel, &channel->rare->lockers, WEFT_OK, NULL);
    set_holder(channel, next != NULL ? next->wait->strand : NULL);
    wefti_channel_unlock(channel);
    if (next != NULL) wefti_unpark(next->wait);
}

/* channel->rare is there. */
static weft_status take_lock(weft_channel *channel, wefti_strand *self, weft_deadline deadline) {
    wefti_channel_lock(channel);
    wefti_strand *holder = wefti_channel_holder(channel);
    if (holder == NULL) {
        set_holder(channel, self);
        wefti_channel_unlock(channel);
        return WEFT_OK;
    }
    if (holder == self || deadline <= WEFT_NOW) {
        wefti_channel_unlock(channel);
        return holder == self ? WEFT_INVALID : WEFT_TIMED_OUT;
    }
    return wait_for_lock(channel, self, deadline);
}

/* ---- operations ---- */

/* Spin lock held: a local channel belongs to the worker that used it first. */
static bool is_owner(weft_channel *channel, const wefti_strand *self) {
    if (self == NULL || self->worker == NULL) return false;
    if (channel->rare->owner == NULL) channel->rare->owner = self->worker;
    return channel->rare->owner == self->worker;
}

/* Spin lock held, and the channel's own taken by others or to be borrowed; ends with it held on WEFT_OK. */
static weft_status borrow(wefti_visit *visit, weft_deadline deadline) {
    weft_channel *channel = visit->channel;
    wefti_channel_unlock(channel);
    if (visit->self == NULL || !wefti_may_park(visit->self)) return WEFT_NO_MEMORY;
    weft_status status = take_lock(channel, visit->self, deadline);
    if (status != WEFT_OK) return status;
    visit->borrowed = true;
    /* Again: the wait for the lock may have used the stack. */
    bool may_wait = deadline <= WEFT_NOW || wefti_may_park(visit->self);
    wefti_channel_lock(channel);
    if (WEFTI_LIKELY(may_wait)) return WEFT_OK;
    wefti_visit_end(visit);
    return WEFT_NO_MEMORY;
}

weft_status wefti_visit_odd(wefti_visit *visit, weft_deadline deadline) {
    weft_channel *channel = visit->channel;
    unsigned odd = wefti_odd(channel);
    if (WEFTI_UNLIKELY((odd & WEFTI_LOCAL) != 0 && !is_owner(channel, visit->self))) {
        wefti_channel_unlock(channel);
        return WEFT_INVALID;
    }
    if ((odd & (WEFTI_HELD | WEFTI_CALLS)) == 0 || deadline == WEFTI_PAST_THE_HOLDER) return WEFT_OK;
    visit->held = wefti_channel_holder(channel) == visit->self;
    if (visit->held) return WEFT_OK;
    return borrow(visit, (odd & WEFTI_CALLS) != 0 && deadline <= WEFT_NOW ? WEFT_FOREVER : deadline);
}

/* Both locks are given up for the allocation: therefore all begins anew after it, and the operation decides and acts
 * without giving them up in between. */
static WEFTI_NOINLINE weft_status visit_again_with_room(wefti_visit *visit, weft_deadline deadline) {
    weft_channel *channel = visit->channel;
    wefti_backlog *backlog = wefti_backlog_of(channel);
    bool first = channel->tail_block == NULL;
    wefti_visit_end(visit);
    wefti_block *block = wefti_block_make(channel, first);
    weft_status status = wefti_visit_begin(visit, channel, visit->self, deadline);
    if (status == WEFT_OK) {
        if (block != NULL && backlog->spare == NULL) {
            backlog->spare = block;
            block = NULL;
        }
        visit->room = wefti_backlog_has_room(channel);
    }
    free(block); /* somebody else was faster */
    return status;
}

weft_status wefti_visit_with_room(wefti_visit *visit, weft_channel *channel, wefti_strand *self,
                                  weft_deadline deadline) {
    weft_status status = wefti_visit_begin(visit, channel, self, deadline);
    if (WEFTI_UNLIKELY(status != WEFT_OK)) return status;
    visit->room = channel->kind != WEFTI_BACKLOG || wefti_backlog_has_room(channel);
    return WEFTI_LIKELY(visit->room) ? WEFT_OK : visit_again_with_room(visit, deadline);
}

/* The caller held the channel's own lock when it had to wait: it has it again when it goes on. */
static void will_come_back(wefti_visit *visit) {
    visit->channel->leaving++;
    if (visit->self->worker == NULL) wefti_thread_of_strand(visit->self)->berth.held = true;
}

static void come_back(weft_channel *channel, wefti_strand *self) {
    take_lock(channel, self, WEFT_FOREVER);
    if (self->worker == NULL) wefti_thread_of_strand(self)->berth.held = false;
    wefti_channel_lock(channel);
    channel->leaving--;
    wefti_channel_unlock(channel);
}

wefti_waiter *wefti_visit_berth(wefti_visit *visit, const char *what) {
    wefti_berth *berth = &wefti_thread_of_strand(visit->self)->berth;
    wefti_visit_waiter(visit, &berth->waiter, &berth->wait, what);
    wefti_berth_watch(berth, &berth->wait, 1);
    return &berth->waiter;
}

typedef struct place {
    weft_channel *channel;
    wefti_waiters *list;
    wefti_waiter *waiter;
    bool held; /* it held the channel's own lock, and does not take it again */
} place;

void wefti_handed_to_the_dead(const wefti_waiter *waiter, wefti_destroyer destroy) {
    /* relaxed: the notice has come */
    if (wefti_load_relaxed(&waiter->wait->claim) != 1u + (uint32_t)WEFT_OK) return;
    if (waiter->condition != NULL)
        wefti_condition_drop(waiter->condition);
    else if (destroy != NULL && waiter->slot != NULL)
        destroy(waiter->slot);
}

/* A thread is cancelled where it waits. Who has won the wait is waited for: what was handed over goes with the thread.
 */
static void leave_place(void *argument) {
    place *mine = argument;
    wefti_strand *self = mine->waiter->wait->strand;
    wefti_channel_lock(mine->channel);
    bool listed = mine->waiter->listed, receives = mine->list == &mine->channel->receivers;
    wefti_destroyer destroy = wefti_channel_destroyer(mine->channel); /* it may be freed once it is left */
    if (listed) wefti_waiter_unlist(mine->list, mine->waiter);
    if (mine->held) mine->channel->leaving--;
    wefti_level_note(mine->channel);
    wefti_channel_unlock(mine->channel);
    if (listed) return;
    wefti_await_notice(self);
    if (receives) wefti_handed_to_the_dead(mine->waiter, destroy);
}

weft_status wefti_visit_wait(wefti_visit *visit, wefti_waiters *list, wefti_waiter *waiter, weft_deadline deadline) {
    weft_channel *channel = visit->channel;
    if (WEFTI_UNLIKELY(visit->held)) will_come_back(visit);
    wefti_level_note(channel);
    if (WEFTI_UNLIKELY(visit->borrowed || visit->held))
        wefti_visit_pass_lock(channel);
    else
        wefti_way_leave(channel, visit->way == WEFTI_BIASED ? visit->self->worker : NULL, visit->way);
    place mine = {channel, list, waiter, visit->held};
    weft_status status = wefti_park_mortal(waiter->wait, deadline, leave_place, &mine);
    if (status == WEFT_TIMED_OUT || status == WEFT_CANCELLED || status == WEFTI_KILLED)
        wefti_visit_withdraw(channel, list, waiter);
    wefti_die_if_killed(status); /* not one that held the lock: condition/doom.c */
    if (WEFTI_UNLIKELY(visit->held)) come_back(channel, visit->self);
    return status;
}

/* ---- before a thread waits ---- */

enum { FIRST_AT_ENDS = 5, LOOKS_WITH_PAUSES = 7, LOOKS = 11 };

/* Source: the back-off of crossbeam. */
bool wefti_look_on(const weft_channel *channel, wefti_strand *self, bool puts, unsigned *turns) {
    bool ends = (wefti_odd_seen(channel) & WEFTI_ENDS) != 0;
    if (*turns >= LOOKS || (*turns == 0 && !wefti_worth_looking(channel->kernel))) return false;
    if (*turns == 0 && ends) {
        *turns = FIRST_AT_ENDS;
        if (wefti_ends_share(channel, puts)) {
            wefti_os_yield();
            return true;
        }
    }
    if (*turns < LOOKS_WITH_PAUSES)
        for (unsigned n = 1u << *turns; n > 0; n--) wefti_pause();
    else if (ends)
        wefti_os_yield(); /* however long it lasts: meanwhile the ring is filled, or emptied */
    else if (!wefti_give_way(&wefti_thread_of_strand(self)->crowded))
        return false;
    ++*turns;
    return true;
}

/* ---- for users ---- */

weft_status weft_lock_channel(weft_channel *channel, weft_deadline deadline) {
    if (channel == NULL) return WEFT_INVALID;
    wefti_strand *self = wefti_strand_self();
    if (self == NULL || !wefti_may_park(self) || wefti_channel_rare(channel) == NULL) return WEFT_NO_MEMORY;
    weft_status status = take_lock(channel, self, deadline);
    if (status == WEFT_OK) self->locks++;
    return status;
}

weft_status weft_unlock_channel(weft_channel *channel) {
    if (channel == NULL) return WEFT_INVALID;
    wefti_strand *self = wefti_strand_self();
    wefti_channel_lock(channel);
    if (self == NULL || wefti_channel_holder(channel) != self) {
        wefti_channel_unlock(channel);
        return WEFT_INVALID;
    }
    self->locks--;
    wefti_visit_pass_lock(channel);
    return WEFT_OK;
}

weft_channel *weft_enter_locked_channel(weft_channel *channel) {
    weft_status status = weft_lock_channel(channel, WEFT_FOREVER);
    return status == WEFT_OK ? channel : wefti_fail(status);
}

void weft_leave_locked_channel(weft_channel **locked) {
    if (*locked != NULL) weft_unlock_channel(*locked);
    *locked = NULL;
}
