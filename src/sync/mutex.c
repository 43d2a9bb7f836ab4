/* SPDX-License-Identifier: MIT */
/* mutex.c - mutual exclusion for tasks and threads, given back by who is killed.
 *
 *   holder:  NULL --lock--> strand --unlock, somebody waits--> that one's strand --unlock, nobody waits--> NULL
 *
 * All under the mutex's spin lock. Who waits is handed the mutex before it is unparked, so nobody overtakes it. The
 * hold is a clean-up of the strand (dynamic/frame.h), begun inside this file: a task is not killed while it runs code
 * of Weft.
 */
#include <weft/mutex.h>

#include <stdlib.h>

#include "base/live.h"
#include "dynamic/frame.h"
#include "lockfree/spinlock.h"
#include "sched/waiters.h"

struct weft_mutex {
    wefti_spinlock lock;
    wefti_strand *holder; /* under lock, as all of these */
    wefti_waiters waiters;
    uint32_t leaving; /* waiters that were taken out and still come here */
    const char *name;
    char name_room[WEFTI_SHORT_NAME];
};

weft_mutex *weft_make_mutex(const char *name) {
    weft_mutex *mutex = calloc(1, sizeof *mutex);
    if (mutex == NULL) return wefti_fail(WEFT_NO_MEMORY);
    mutex->name = wefti_short_name(mutex->name_room, name);
    wefti_count_live(1);
    return mutex;
}

weft_status weft_free_mutex(weft_mutex *mutex) {
    if (mutex == NULL) return WEFT_OK;
    wefti_spin_lock(&mutex->lock);
    bool busy = mutex->holder != NULL || wefti_first(&mutex->waiters) != NULL || mutex->leaving != 0;
    wefti_spin_unlock(&mutex->lock);
    if (busy) return WEFT_BUSY;
    free(mutex);
    wefti_count_live(-1);
    return WEFT_OK;
}

/* Spin lock held: wins the first who can be won. */
static wefti_wait *claim_next(weft_mutex *mutex) {
    for (wefti_waiter *waiter = wefti_first(&mutex->waiters), *next; waiter != NULL; waiter = next) {
        next = waiter->next;
        bool gone, won = wefti_waiter_claim(waiter, WEFT_OK, &gone);
        if (gone) mutex->leaving++;
        if (won || gone) wefti_waiter_unlist(&mutex->waiters, waiter);
        if (won) return waiter->wait;
    }
    return NULL;
}

static void give_back(void *argument) {
    weft_mutex *mutex = argument;
    wefti_spin_lock(&mutex->lock);
    wefti_wait *next = claim_next(mutex);
    mutex->holder = next != NULL ? next->strand : NULL;
    wefti_spin_unlock(&mutex->lock);
    if (next != NULL) wefti_unpark(next);
}

/* Whose wait has ended by itself. */
static void leave(weft_mutex *mutex, wefti_waiter *waiter) {
    wefti_spin_lock(&mutex->lock);
    if (waiter->listed)
        wefti_waiter_unlist(&mutex->waiters, waiter);
    else
        mutex->leaving--;
    wefti_spin_unlock(&mutex->lock);
}

/* A thread is cancelled where it waits; or when the mutex is its own, which it has not learned yet. */
static void die_waiting(void *argument) {
    wefti_waiter *waiter = argument;
    weft_mutex *mutex = (weft_mutex *)(uintptr_t)waiter->wait->object;
    if (wefti_wait_given_up(waiter->wait))
        leave(mutex, waiter);
    else
        give_back(mutex);
}

/* Spin lock held, and given up. */
static weft_status wait_for(weft_mutex *mutex, wefti_strand *self, weft_deadline deadline) {
    wefti_wait wait;
    wefti_waiter waiter = {.wait = &wait, .shared = true};
    wefti_wait_init(&wait, self, "mutex", mutex);
    wait.name = mutex->name;
    wait.killable = true;
    wefti_waiter_enlist(&mutex->waiters, &waiter);
    wefti_spin_unlock(&mutex->lock);
    weft_status status = wefti_park_mortal(&wait, deadline, die_waiting, &waiter);
    if (status == WEFT_OK) return WEFT_OK;
    leave(mutex, &waiter);
    wefti_die_if_killed(status);
    return status;
}

static weft_status take(weft_mutex *mutex, wefti_strand *self, weft_deadline deadline) {
    if (deadline > WEFT_NOW && !wefti_may_park(self)) return WEFT_NO_MEMORY;
    wefti_spin_lock(&mutex->lock);
    if (mutex->holder != NULL && mutex->holder != self && deadline > WEFT_NOW) return wait_for(mutex, self, deadline);
    weft_status status = mutex->holder == NULL ? WEFT_OK : mutex->holder == self ? WEFT_INVALID : WEFT_TIMED_OUT;
    if (status == WEFT_OK) mutex->holder = self;
    wefti_spin_unlock(&mutex->lock);
    return status;
}

weft_status weft_lock_mutex(weft_mutex *mutex, weft_hold *hold, weft_deadline deadline) {
    if (mutex == NULL || hold == NULL) return WEFT_INVALID;
    hold->frame.begun = false;
    wefti_strand *self = wefti_strand_self();
    if (self == NULL) return WEFT_NO_MEMORY;
    weft_status status = take(mutex, self, deadline);
    if (status != WEFT_OK) return status;
    hold->mutex = mutex;
    wefti_frame_begin(self, &hold->frame, give_back, mutex);
    return WEFT_OK;
}

void weft_unlock_mutex(weft_hold *hold) { weft_protect_end(&hold->frame); }

weft_hold *weft_enter_mutex(weft_hold *hold, weft_mutex *mutex) {
    weft_status status = weft_lock_mutex(mutex, hold, WEFT_FOREVER);
    return status == WEFT_OK ? hold : wefti_fail(status);
}
