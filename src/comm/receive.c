/* SPDX-License-Identifier: MIT */
/* receive.c - receiving a message or a result. */
#include "comm/receive.h"

#include "comm/deliver.h"
#include "comm/send.h"
#include "sched/worker.h"

/* ---- any channel, any way ---- */

/* Spin lock held, and there is an element; given up. The sender that comes next gets the place. */
static weft_status take_front(wefti_visit *visit, void *element, const wefti_wait *mine) {
    weft_channel *channel = visit->channel;
    const wefti_condition *condition;
    weft_status failed = WEFT_OK, served = WEFT_OK;
    if (channel->kind == WEFTI_BACKLOG)
        wefti_take_front_locked(channel, element, &condition);
    else
        failed = wefti_store_take(channel, element, &condition);
    wefti_waiter *sender = NULL;
    if (WEFTI_UNLIKELY(wefti_first(&channel->senders) != NULL) && failed == WEFT_OK && visit->room &&
        !wefti_store_full(channel)) {
        sender = wefti_waiters_claim(channel, &channel->senders, WEFT_OK, mine);
        if (sender != NULL) served = wefti_sender_store(channel, sender);
        if (served != WEFT_OK) sender->condition = &wefti_buffer_failed;
    }
    wefti_visit_end(visit);
    if (sender != NULL) wefti_sender_served(sender, served == WEFT_OK ? WEFT_OK : WEFT_FAILED);
    return failed != WEFT_OK ? failed : wefti_received(visit->self, condition);
}

/* Spin lock held, and given up unless the answer is WEFT_BUSY: takes the value from a sender that waits at an empty
 * store. */
static weft_status take_from_sender(wefti_visit *visit, void *element, const wefti_wait *mine) {
    weft_channel *channel = visit->channel;
    wefti_waiter *sender = wefti_waiters_claim(channel, &channel->senders, WEFT_OK, mine);
    if (sender == NULL) return WEFT_BUSY;
    const wefti_condition *condition = sender->condition;
    if (condition == NULL && element != NULL) wefti_copy(element, sender->slot, channel->element_size);
    wefti_visit_end(visit);
    wefti_sender_served(sender, WEFT_OK);
    return wefti_received(visit->self, condition);
}

/* Spin lock held, and given up on true: takes an outcome that got lost for want of memory. */
static bool take_lost(wefti_visit *visit) {
    uint32_t lost = wefti_load_relaxed(&visit->channel->lost);
    if (WEFTI_LIKELY(lost == 0)) return false;
    wefti_lost_set(visit->channel, lost - 1);
    wefti_visit_end(visit);
    return true;
}

/* Receives from a backlog without meeting the senders. false: there is none, or somebody else holds the channel's own
 * lock. */
static bool receive_in_front(weft_channel *channel, wefti_strand *self, void *element, weft_status *status) {
    wefti_backlog *backlog = wefti_backlog_of(channel);
    const wefti_condition *condition;
    wefti_block *used = NULL;
    wefti_spin_lock(&backlog->front_lock);
    bool mine = backlog->front_holder == NULL || backlog->front_holder == self;
    bool took = mine && wefti_backlog_take_front(channel, element, &condition, &used);
    wefti_spin_unlock(&backlog->front_lock);
    if (!took) return false;
    if (used != NULL) wefti_block_recycle(channel, used);
    *status = wefti_received(self, condition);
    return true;
}

static inline bool has_front(weft_channel *channel) {
    return channel->kind == WEFTI_BACKLOG && channel->capacity == 0 && wefti_backlog_has_front(channel) &&
           (wefti_load_relaxed(&wefti_backlog_of(channel)->front_odd) & WEFTI_SHOWN) == 0; /* relaxed: as odd */
}

/* Spin lock held, nothing to receive: whether nothing ever will be. */
static weft_status end_of(weft_channel *channel, bool result) {
    if (WEFTI_UNLIKELY(wefti_channel_closed(channel)) &&
        (result ? wefti_nothing_can_come(channel) : wefti_stored(channel) == 0))
        return WEFT_CLOSED;
    if (result && wefti_kernel_has_ended(channel) && wefti_nothing_can_come(channel)) return WEFT_ENDED;
    return WEFT_BUSY;
}

weft_status wefti_receive_now(wefti_visit *visit, void *element, bool result, const wefti_wait *mine) {
    weft_channel *channel = visit->channel;
    weft_status status;
    while (!wefti_store_empty(channel)) {
        if (!has_front(channel)) return take_front(visit, element, mine);
        /* It has grown since the caller looked, or somebody else held the channel's own lock then. */
        bool took = receive_in_front(channel, visit->self, element, &status);
        if (!took) continue; /* others have taken it meanwhile */
        wefti_visit_end(visit);
        return status;
    }
    if (WEFTI_UNLIKELY(wefti_first(&channel->senders) != NULL)) {
        status = take_from_sender(visit, element, mine);
        if (status != WEFT_BUSY) return status;
    }
    if (take_lost(visit)) return wefti_received(visit->self, &wefti_outcome_lost);
    status = end_of(channel, result);
    if (status != WEFT_BUSY) wefti_visit_end(visit);
    return status;
}

static inline weft_status wait_with(wefti_visit *visit, wefti_waiter *waiter, void *element, weft_deadline deadline,
                                    bool result) {
    weft_channel *channel = visit->channel;
    waiter->slot = element;
    waiter->result = result;
    wefti_waiter_enlist(&channel->receivers, waiter);
    weft_status status = wefti_visit_wait(visit, &channel->receivers, waiter, deadline);
    return status == WEFT_OK ? wefti_status_of(waiter->condition) : status;
}

static const char *what_waits(bool result) { return result ? "result" : "receive"; }

/* What it waits with outlives the thread; a large element is written where it is to be. */
static WEFTI_NOINLINE weft_status wait_in_thread(wefti_visit *visit, void *element, weft_deadline deadline,
                                                 bool result) {
    size_t size = visit->channel->size;
    wefti_waiter *waiter = wefti_visit_berth(visit, what_waits(result));
    void *room = wefti_thread_of_strand(visit->self)->berth.room;
    bool fits = element != NULL && size <= WEFTI_SMALL_ROOM;
    weft_status status = wait_with(visit, waiter, fits ? room : element, deadline, result);
    if (fits && status == WEFT_OK) wefti_copy(element, room, size);
    return status;
}

static weft_status wait_to_receive(wefti_visit *visit, void *element, weft_deadline deadline, bool result) {
    wefti_waiter waiter;
    wefti_wait wait;
    if (WEFTI_UNLIKELY(visit->self->worker == NULL)) return wait_in_thread(visit, element, deadline, result);
    wefti_visit_waiter(visit, &waiter, &wait, what_waits(result));
    return wait_with(visit, &waiter, element, deadline, result);
}

/* One try, and a wait where that is of use. *again: the time of a CLOCK has come, or may have. */
static weft_status receive_once(weft_channel *channel, wefti_strand *self, void *element, weft_deadline deadline,
                                bool result, bool *again) {
    wefti_visit visit;
    bool may_wait = deadline > WEFT_NOW && wefti_may_park(self); /* here, since it may have to make a stack */
    weft_status status;
    if (has_front(channel) && receive_in_front(channel, self, element, &status)) return status;
    status = wefti_visit_begin(&visit, channel, self, deadline);
    if (WEFTI_UNLIKELY(status != WEFT_OK)) return status;
    visit.room = channel->kind != WEFTI_BACKLOG || wefti_backlog_has_room(channel);
    if (WEFTI_UNLIKELY(wefti_first(&channel->senders) != NULL && !visit.room)) {
        wefti_visit_end(&visit); /* the sender that will have the place wants memory for it */
        status = wefti_visit_with_room(&visit, channel, self, deadline);
        if (status != WEFT_OK) return status;
    }
    status = wefti_receive_now(&visit, element, result, NULL);
    if (status != WEFT_BUSY) return status;
    if (deadline > WEFT_NOW && may_wait) {
        weft_deadline due = channel->kind == WEFTI_CLOCK ? wefti_load_relaxed(&channel->rare->next) : WEFT_FOREVER;
        status = wait_to_receive(&visit, element, WEFTI_MIN(deadline, due), result);
        *again = status == WEFT_TIMED_OUT && due < deadline;
        return status;
    }
    wefti_visit_end(&visit);
    return deadline > WEFT_NOW ? WEFT_NO_MEMORY : WEFT_TIMED_OUT;
}

/* A plain thread would have to wait. false: it does. */
static bool look_on_for_more(weft_channel *channel, wefti_strand *self, unsigned *turns) {
    if (*turns == 0) wefti_ends_wanted(channel);
    do {
        if (!wefti_look_on(channel, self, false, turns)) return false;
    } while (!wefti_receive_promising(channel));
    return true;
}

/* A plain thread at a backlog. WEFT_TIMED_OUT: in vain. */
static WEFTI_NOINLINE weft_status receive_looking_on(weft_channel *channel, wefti_strand *self, void *element,
                                                     bool result) {
    unsigned turns = 0;
    bool again;
    weft_status status;
    do {
        status = receive_once(channel, self, element, WEFT_NOW, result, &again);
    } while (status == WEFT_TIMED_OUT && look_on_for_more(channel, self, &turns));
    return status;
}

static WEFTI_NOINLINE weft_status receive_slowly(weft_channel *channel, wefti_strand *self, void *element,
                                                 weft_deadline deadline, bool result) {
    bool again;
    weft_status status;
    if (deadline < WEFT_NOW) deadline = WEFT_NOW; /* a caller's own is never WEFTI_PAST_THE_HOLDER */
    if (self->worker == NULL && channel->kind == WEFTI_BACKLOG && deadline > WEFT_NOW) {
        status = receive_looking_on(channel, self, element, result);
        if (status != WEFT_TIMED_OUT) return status;
    }
    do {
        again = false;
        status = receive_once(channel, self, element, deadline, result, &again);
    } while (WEFTI_UNLIKELY(again));
    return status;
}

/* ---- a task, a ring, and nothing unusual: the short way ---- */

static WEFTI_NOINLINE weft_status wait_in_ring(weft_channel *channel, wefti_strand *self, void *element,
                                               wefti_way way) {
    wefti_waiter *waiter = wefti_single_waiter(self, "receive", channel);
    waiter->slot = element;
    waiter->result = false;
    wefti_waiter_enlist(&channel->receivers, waiter);
    wefti_way_leave(channel, self->worker, way);
    return wefti_park_single(self);
}

/* The same with a deadline. */
static WEFTI_NOINLINE weft_status wait_in_ring_until(weft_channel *channel, wefti_strand *self, void *element,
                                                     weft_deadline deadline, wefti_way way) {
    wefti_wait wait;
    wefti_waiter waiter;
    wefti_wait_init(&wait, self, "receive", channel);
    wait.killable = true;
    waiter.wait = &wait;
    waiter.slot = element;
    waiter.condition = NULL;
    waiter.shared = true;
    waiter.result = waiter.kept = false;
    wefti_waiter_enlist(&channel->receivers, &waiter);
    wefti_way_leave(channel, self->worker, way);
    weft_status status = wefti_park(&wait, deadline);
    if (WEFTI_LIKELY(status == WEFT_OK)) return wefti_status_of(waiter.condition);
    if (status == WEFT_TIMED_OUT || status == WEFT_CANCELLED || status == WEFTI_KILLED)
        wefti_visit_withdraw(channel, &channel->receivers, &waiter);
    wefti_die_if_killed(status);
    return status;
}

/* The front has been taken, and a sender waits: its value has the place. */
static WEFTI_NOINLINE void serve_sender(weft_channel *channel, wefti_worker *worker, wefti_way way) {
    wefti_waiter *sender = wefti_waiters_claim(channel, &channel->senders, WEFT_OK, NULL);
    if (sender != NULL) wefti_sender_store(channel, sender);
    wefti_way_leave(channel, worker, way);
    if (sender != NULL) wefti_sender_served(sender, WEFT_OK);
}

/* The lock is held, or not needed; given up. */
static inline __attribute__((always_inline)) weft_status
receive_from_ring(weft_channel *channel, wefti_strand *self, void *element, weft_deadline deadline, wefti_way way) {
    wefti_waiter *sender = wefti_first(&channel->senders);
    unsigned odd = way == WEFTI_LOCKED ? wefti_odd_beside_ends(channel) : wefti_odd(channel);
    bool usual = odd == (way == WEFTI_UNLOCKED ? WEFTI_LOCAL : 0);
    if (WEFTI_LIKELY(usual)) {
        if (wefti_load_relaxed(&channel->count) != 0) {
            const wefti_condition *condition = wefti_ring_take(channel, element);
            if (sender != NULL)
                serve_sender(channel, self->worker, way);
            else
                wefti_way_leave(channel, self->worker, way);
            return wefti_received(self, condition);
        }
        if (sender != NULL) sender = wefti_waiters_claim(channel, &channel->senders, WEFT_OK, NULL);
        if (sender != NULL) {
            const wefti_condition *condition = sender->condition;
            if (condition == NULL && element != NULL) wefti_copy(element, sender->slot, channel->element_size);
            wefti_wait *wait = sender->wait;
            wefti_way_leave(channel, self->worker, way);
            if (WEFTI_LIKELY(wait->strand != NULL))
                wefti_unpark_near(self->worker, wait, WEFT_OK);
            else
                wefti_sender_served(sender, WEFT_OK);
            return wefti_received(self, condition);
        }
        if (deadline > WEFT_NOW && self->worker->idle != NULL)
            return deadline == WEFT_FOREVER ? wait_in_ring(channel, self, element, way)
                                            : wait_in_ring_until(channel, self, element, deadline, way);
    }
    wefti_way_leave(channel, self->worker, way);
    return receive_slowly(channel, self, element, deadline, false);
}

static WEFTI_NOINLINE weft_status receive_inside(weft_channel *channel, wefti_strand *self, void *element,
                                                 weft_deadline deadline) {
    return receive_from_ring(channel, self, element, deadline, WEFTI_BIASED);
}

static WEFTI_NOINLINE weft_status receive_unlocked(weft_channel *channel, wefti_strand *self, void *element,
                                                   weft_deadline deadline) {
    return receive_from_ring(channel, self, element, deadline, WEFTI_UNLOCKED);
}

/* As put_shortly, comm/send.c. */
static inline bool take_shortly(weft_channel *channel, void *element) {
    uint32_t count = wefti_load_relaxed(&channel->count), size = channel->element_size; /* relaxed: inside */
    if (count == 0 || wefti_first(&channel->senders) != NULL || element == NULL) return false;
    if (!wefti_copies_shortly(size)) return false;
    const wefti_element *front = wefti_ring_place(channel, channel->at);
    if (WEFTI_UNLIKELY(front->condition != NULL)) return false;
    wefti_copy_shortly(element, front->value, size);
    wefti_ring_drop(channel);
    return true;
}

static WEFTI_NOINLINE weft_status receive_locked(weft_channel *channel, wefti_strand *self, void *element,
                                                 weft_deadline deadline) {
    wefti_bias_lock(channel, self->worker);
    return receive_from_ring(channel, self, element, deadline, WEFTI_LOCKED);
}

/* ---- a plain thread, a ring, and nothing unusual ---- */

/* false: there is nothing, or it is to be gone the longer way. */
static inline bool take_from_ring(weft_channel *channel, void *element, const wefti_condition **condition) {
    if ((wefti_odd_seen(channel) & WEFTI_ENDS) != 0) {
        wefti_at_end how = wefti_ends_take(channel, element, condition);
        if (WEFTI_LIKELY(how != WEFTI_END_OTHERWISE)) return how == WEFTI_END_DONE;
    }
    wefti_channel_lock(channel);
    bool usual = wefti_odd_beside_ends(channel) == 0;
    bool some = usual && wefti_load_relaxed(&channel->count) != 0; /* relaxed: locked */
    if (some) *condition = wefti_ring_take(channel, element);
    if (WEFTI_UNLIKELY(some && wefti_first(&channel->senders) != NULL))
        serve_sender(channel, NULL, WEFTI_LOCKED);
    else
        wefti_channel_unlock(channel);
    return some;
}

static WEFTI_NOINLINE weft_status receive_in_thread(weft_channel *channel, wefti_strand *self, void *element,
                                                    weft_deadline deadline) {
    const wefti_condition *condition;
    unsigned turns = 0;
    do {
        if (WEFTI_LIKELY(take_from_ring(channel, element, &condition))) return wefti_received(self, condition);
    } while (deadline > WEFT_NOW && wefti_odd_beside_ends(channel) == 0 && look_on_for_more(channel, self, &turns));
    return receive_slowly(channel, self, element, deadline, false);
}

static WEFTI_NOINLINE weft_status receive_otherwise(weft_channel *channel, wefti_strand *self, void *element,
                                                    weft_deadline deadline) {
    if (wefti_odd_beside_ends(channel) == 0 && channel->capacity != 0) {
        const wefti_condition *condition;
        if (self->worker == NULL) return receive_in_thread(channel, self, element, deadline);
        if (wefti_has_ends(channel) && wefti_ends_take(channel, element, &condition) == WEFTI_END_DONE)
            return wefti_received(self, condition);
        return receive_locked(channel, self, element, deadline);
    }
    if (wefti_odd(channel) == WEFTI_OTHER && deadline <= WEFT_NOW && !wefti_receive_promising(channel))
        return WEFT_TIMED_OUT;
    return receive_slowly(channel, self, element, deadline, false);
}

weft_status wefti_receive(weft_channel *channel, wefti_strand *self, void *element, weft_deadline deadline) {
    wefti_worker *worker = self->worker;
    if (WEFTI_LIKELY(wefti_odd(channel) == 0)) {
        /* as good as if it had come a moment later */
        if (deadline <= WEFT_NOW && wefti_count_seen(channel) == 0 && wefti_first_seen(&channel->senders) == NULL)
            return WEFT_TIMED_OUT;
        if (WEFTI_LIKELY(worker != NULL)) {
            if (!wefti_bias_enter(channel, worker)) return receive_locked(channel, self, element, deadline);
            if (wefti_odd(channel) != 0 || !take_shortly(channel, element))
                return receive_inside(channel, self, element, deadline);
            wefti_way_leave(channel, worker, WEFTI_BIASED);
            return WEFT_OK;
        }
    }
    if (wefti_odd(channel) == WEFTI_LOCAL && worker != NULL && channel->rare->owner == worker) {
        wefti_takes_over(channel); /* of the last that was inside; partner: wefti_way_leave */
        if (!take_shortly(channel, element)) return receive_unlocked(channel, self, element, deadline);
        wefti_way_leave(channel, worker, WEFTI_UNLOCKED);
        return WEFT_OK;
    }
    return receive_otherwise(channel, self, element, deadline);
}

weft_status wefti_receive_result(weft_channel *channel, wefti_strand *self, void *element, weft_deadline deadline) {
    return receive_slowly(channel, self, element, deadline, true);
}

/* ---- a backlog without limit, and nothing unusual ---- */

/* Takes from the block that is being filled. false: there is nothing, or it is to be gone the longer way; *waits: a
 * task that wants a message and has no deadline is enlisted, and has to park. */
static WEFTI_NOINLINE bool take_from_backlog(weft_channel *channel, wefti_strand *self, void *element,
                                             const wefti_condition **condition, bool *waits) {
    wefti_channel_lock(channel);
    bool usual = wefti_odd(channel) == WEFTI_OTHER && wefti_first(&channel->senders) == NULL;
    bool some = wefti_stored(channel) != 0;
    *waits = usual && !some && *waits && self->worker != NULL && self->worker->idle != NULL;
    if (usual && some) wefti_take_front_locked(channel, element, condition);
    if (*waits) {
        wefti_waiter *waiter = wefti_single_waiter(self, "receive", channel);
        waiter->slot = element;
        waiter->result = false;
        wefti_waiter_enlist(&channel->receivers, waiter);
    }
    wefti_channel_unlock(channel);
    return usual && some;
}

static inline weft_status receive_from_backlog(weft_channel *channel, wefti_strand *self, void *element,
                                               weft_deadline deadline, bool result) {
    weft_status status;
    const wefti_condition *condition;
    bool waits = deadline == WEFT_FOREVER && !result;
    if (has_front(channel) && receive_in_front(channel, self, element, &status)) return status;
    /* A task that finds no result is to wait in any case, so it looks without the lock. */
    bool looks = deadline > WEFT_NOW && (!result || self->worker == NULL);
    if (channel->capacity == 0 && (looks || wefti_receive_promising(channel))) {
        if (take_from_backlog(channel, self, element, &condition, &waits)) return wefti_received(self, condition);
        if (waits) return wefti_park_single(self);
    }
    if (result) return receive_slowly(channel, self, element, deadline, true);
    return receive_otherwise(channel, self, element, deadline);
}

static inline weft_status check(const weft_channel *channel, const void *element, size_t size) {
    if (WEFTI_UNLIKELY(channel == NULL)) return WEFT_INVALID;
    return WEFTI_UNLIKELY(size != channel->size && element != NULL) ? WEFT_WRONG_SIZE : WEFT_OK;
}

static WEFTI_NOINLINE weft_status receive_from_backlog_or_first(weft_channel *channel, void *element,
                                                                weft_deadline deadline) {
    wefti_strand *self = wefti_strand_self();
    if (WEFTI_UNLIKELY(self == NULL)) return WEFT_NO_MEMORY;
    if (channel->kind == WEFTI_BACKLOG) return receive_from_backlog(channel, self, element, deadline, false);
    return wefti_receive(channel, self, element, deadline);
}

weft_status weft_receive_sized(weft_channel *channel, void *element, size_t size, weft_deadline deadline) {
    weft_status status = check(channel, element, size);
    if (WEFTI_UNLIKELY(status != WEFT_OK)) return status;
    wefti_strand *self = wefti_strand_now; /* NULL: a thread's first call of Weft */
    if (channel->kind == WEFTI_BACKLOG || WEFTI_UNLIKELY(self == NULL))
        return receive_from_backlog_or_first(channel, element, deadline);
    return wefti_receive(channel, self, element, deadline);
}

weft_status weft_receive_result_sized(weft_channel *channel, void *element, size_t size, weft_deadline deadline) {
    weft_status status = check(channel, element, size);
    if (WEFTI_UNLIKELY(status != WEFT_OK)) return status;
    wefti_strand *self = wefti_strand_self();
    if (WEFTI_UNLIKELY(self == NULL)) return WEFT_NO_MEMORY;
    if (channel->kind == WEFTI_BACKLOG) return receive_from_backlog(channel, self, element, deadline, true);
    return receive_slowly(channel, self, element, deadline, true);
}

bool weft_receive_next(weft_receiving *receiving, void *result, size_t size) {
    weft_status status = WEFT_OK;
    bool more = receiving->left > 0;
    if (more) {
        receiving->left--;
        status = weft_receive_result_sized(receiving->channel, result, size, WEFT_FOREVER);
    }
    wefti_fail(status);
    return more && status == WEFT_OK;
}

bool weft_iterate(weft_iteration *iteration, void *element, size_t size) {
    weft_status status = weft_receive_sized(iteration->channel, element, size, WEFT_FOREVER);
    wefti_fail(status);
    return status == WEFT_OK;
}

/* Spin lock held, and something there. */
static weft_status peek_front(weft_channel *channel, void *element, size_t size) {
    const wefti_element *front;
    if (channel->kind == WEFTI_POLICY) return wefti_policy_peek(channel, element);
    if (channel->kind > WEFTI_POLICY) return WEFT_INVALID;
    wefti_backlog *backlog = channel->kind == WEFTI_BACKLOG ? wefti_backlog_of(channel) : NULL;
    if (backlog != NULL) wefti_spin_lock(&backlog->front_lock);
    weft_status status = WEFT_TIMED_OUT;
    if (wefti_stored(channel) != 0) {
        front = backlog != NULL ? wefti_backlog_front(channel) : wefti_ring_place(channel, channel->at);
        status = wefti_status_of(front->condition);
        if (status == WEFT_OK) wefti_copy(element, front->value, size);
    }
    if (backlog != NULL) wefti_spin_unlock(&backlog->front_lock);
    return status;
}

weft_status weft_peek_sized(weft_channel *channel, void *element, size_t size) {
    if (channel == NULL || (element == NULL && size != 0)) return WEFT_INVALID;
    if (size != channel->size) return WEFT_WRONG_SIZE;
    wefti_strand *self = wefti_strand_self();
    if (self == NULL) return WEFT_NO_MEMORY;
    wefti_visit visit;
    weft_status status = wefti_visit_begin(&visit, channel, self, WEFT_FOREVER);
    if (status != WEFT_OK) return status;
    if (wefti_store_empty(channel))
        status = wefti_load_relaxed(&channel->lost) != 0 ? WEFT_FAILED : WEFT_TIMED_OUT;
    else
        status = peek_front(channel, element, size);
    wefti_visit_end(&visit);
    return status;
}
