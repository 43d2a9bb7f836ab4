/* SPDX-License-Identifier: MIT */
/* operations.c - send, receive, deliver, peek, close, and the channel's lock. The object is described in
 * comm/channel.h. */
#include <stdlib.h>

#include "comm/channel.h"
#include "sched/kernel.h"

/* ---- lists of waiters; lock held ---- */

static void enlist(wefti_waiters *list, wefti_waiter *waiter) {
    waiter->next = NULL;
    waiter->prev = list->last;
    if (list->last != NULL)
        list->last->next = waiter;
    else
        list->first = waiter;
    list->last = waiter;
    waiter->listed = true;
}

static void unlist(wefti_waiters *list, wefti_waiter *waiter) {
    if (waiter->prev != NULL)
        waiter->prev->next = waiter->next;
    else
        list->first = waiter->next;
    if (waiter->next != NULL)
        waiter->next->prev = waiter->prev;
    else
        list->last = waiter->prev;
    waiter->listed = false;
}

static bool claim(wefti_waiter *waiter, weft_status status) {
    if (waiter->shared) return wefti_wait_claim(waiter->wait, status);
    /* relaxed: only the holder of the lock can end it, and the unpark publishes it */
    wefti_store_relaxed(&waiter->wait->claim, 1u + (uint32_t)status);
    return true;
}

/* Takes the longest-waiting one whose wait can still be won; those that timed out meanwhile are dropped on the way. */
static wefti_waiter *claim_first(weft_channel *channel, wefti_waiters *list, weft_status status) {
    wefti_waiter *waiter;
    while ((waiter = list->first) != NULL) {
        unlist(list, waiter);
        if (claim(waiter, status)) return waiter;
        channel->leaving++;
    }
    return NULL;
}

enum { MESSAGES = 1, RESULTS = 2 };

/* Ends every wait for messages, for results, or both, with a status. Returns the waiters to unpark, linked. */
static wefti_waiter *claim_all(weft_channel *channel, wefti_waiters *list, weft_status status, unsigned which) {
    wefti_waiter *claimed = NULL, **last = &claimed;
    for (wefti_waiter *waiter = list->first, *next; waiter != NULL; waiter = next) {
        next = waiter->next;
        if ((which & (waiter->result ? RESULTS : MESSAGES)) == 0) continue;
        unlist(list, waiter);
        if (!claim(waiter, status)) {
            channel->leaving++;
            continue;
        }
        *last = waiter;
        last = &waiter->next;
    }
    *last = NULL;
    return claimed;
}

static void unpark_all(wefti_waiter *waiter) {
    while (waiter != NULL) {
        wefti_waiter *next = waiter->next;
        wefti_unpark(waiter->wait);
        waiter = next;
    }
}

/* ---- the channel's lock ---- */

static void wait_begin(wefti_waiter *waiter, wefti_wait *wait, wefti_strand *self, const char *what,
                       const weft_channel *channel, weft_deadline deadline) {
    wefti_wait_init(wait, self, what, channel);
    waiter->wait = wait;
    waiter->condition = NULL;
    waiter->shared = deadline != WEFT_FOREVER;
    waiter->result = false;
    wait->kernel = channel->kernel;
}

/* After a park that did not end in a match: the waiter may still be listed. */
static void wait_withdraw(weft_channel *channel, wefti_waiters *list, wefti_waiter *waiter) {
    wefti_spin_lock(&channel->lock);
    if (waiter->listed)
        unlist(list, waiter);
    else
        channel->leaving--;
    wefti_spin_unlock(&channel->lock);
}

/* Spin lock held, and given up; somebody else is the holder. */
static weft_status wait_for_lock(weft_channel *channel, wefti_strand *self, weft_deadline deadline) {
    wefti_waiter waiter;
    wefti_wait wait;
    wait_begin(&waiter, &wait, self, "channel lock", channel, deadline);
    enlist(&channel->lockers, &waiter);
    wefti_spin_unlock(&channel->lock);
    weft_status status = wefti_park(&wait, deadline);
    if (status != WEFT_OK) wait_withdraw(channel, &channel->lockers, &waiter);
    return status;
}

/* Spin lock held. The other lock as well, so that nobody is receiving in front when it returns, or begins to. */
static void set_holder(weft_channel *channel, wefti_strand *holder) {
    wefti_spin_lock(&channel->front_lock);
    channel->holder = channel->front_holder = holder;
    wefti_spin_unlock(&channel->front_lock);
}

/* Spin lock held, and given up: passes the channel's lock on to the next who waits for it. */
static void pass_lock(weft_channel *channel) {
    wefti_waiter *next = claim_first(channel, &channel->lockers, WEFT_OK);
    set_holder(channel, next != NULL ? next->wait->strand : NULL);
    wefti_spin_unlock(&channel->lock);
    if (next != NULL) wefti_unpark(next->wait);
}

static weft_status take_lock(weft_channel *channel, wefti_strand *self, weft_deadline deadline) {
    wefti_spin_lock(&channel->lock);
    if (channel->holder == NULL) {
        set_holder(channel, self);
        wefti_spin_unlock(&channel->lock);
        return WEFT_OK;
    }
    bool mine = channel->holder == self;
    if (mine || deadline <= WEFT_NOW) {
        wefti_spin_unlock(&channel->lock);
        return mine ? WEFT_INVALID : WEFT_TIMED_OUT;
    }
    return wait_for_lock(channel, self, deadline);
}

/* An operation on the channel in progress. */
typedef struct operation {
    weft_channel *channel;
    wefti_strand *self;
    bool borrowed; /* the channel's lock was taken just for this operation */
    bool held;     /* the caller holds the channel's lock */
    bool room;     /* begin_with_room: memory for one more element is there */
} operation;

/* Gives the spin lock up, and the channel's lock if it was borrowed. */
static inline void finish(operation *op) {
    if (WEFTI_UNLIKELY(op->borrowed))
        pass_lock(op->channel);
    else
        wefti_spin_unlock(&op->channel->lock);
}

/* In the place of a deadline: who cannot wait, a timer or a task without a stack to wait on, does not mind the
 * channel's lock. */
#define PAST_THE_HOLDER ((weft_deadline)INT64_MIN)

/* Ends with the spin lock held on WEFT_OK. May park, where somebody else holds the channel's lock. */
static inline weft_status begin(operation *op, weft_channel *channel, wefti_strand *self, weft_deadline deadline) {
    *op = (operation){channel, self, false, false, false};
    wefti_spin_lock(&channel->lock);
    if (WEFTI_LIKELY(channel->holder == NULL) || deadline == PAST_THE_HOLDER) return WEFT_OK;
    if (channel->holder == self) {
        op->held = true;
        return WEFT_OK;
    }
    wefti_spin_unlock(&channel->lock);
    if (self == NULL || !wefti_may_park(self)) return WEFT_NO_MEMORY;
    weft_status status = take_lock(channel, self, deadline);
    if (status != WEFT_OK) return status;
    op->borrowed = true;
    bool may_wait =
        deadline <= WEFT_NOW || wefti_may_park(self); /* again: the wait for the lock may have used the stack */
    wefti_spin_lock(&channel->lock);
    if (WEFTI_LIKELY(may_wait)) return WEFT_OK;
    finish(op);
    return WEFT_NO_MEMORY;
}

/* As begin, with memory for one more element where that can be had (op->room). Both locks are given up for the
 * allocation: therefore all begins anew after it, and the operation decides and acts without giving them up in between.
 */
static weft_status begin_with_room(operation *op, weft_channel *channel, wefti_strand *self, weft_deadline deadline) {
    wefti_block *block = NULL;
    for (bool tried = false;; tried = true) {
        weft_status status = begin(op, channel, self, deadline);
        if (WEFTI_LIKELY(status == WEFT_OK)) {
            if (WEFTI_UNLIKELY(block != NULL && channel->spare == NULL)) {
                channel->spare = block;
                block = NULL;
            }
            op->room = wefti_buffer_has_room(channel);
        }
        if (WEFTI_LIKELY(op->room) || tried || status != WEFT_OK) {
            if (WEFTI_UNLIKELY(block != NULL)) free(block); /* somebody else was faster */
            return status;
        }
        bool first = channel->tail_block == NULL;
        finish(op);
        block = wefti_block_make(channel, first);
    }
}

/* The caller held the channel's lock when it had to wait: it has it again when it goes on. */
static void come_back(weft_channel *channel, wefti_strand *self) {
    take_lock(channel, self, WEFT_FOREVER);
    wefti_spin_lock(&channel->lock);
    channel->leaving--;
    wefti_spin_unlock(&channel->lock);
}

/* The spin lock is held and the waiter enlisted: parks; the channel's lock is given up meanwhile. */
static weft_status wait_here(operation *op, wefti_waiters *list, wefti_waiter *waiter, weft_deadline deadline) {
    weft_channel *channel = op->channel;
    if (WEFTI_UNLIKELY(op->held)) channel->leaving++; /* see come_back */
    if (WEFTI_UNLIKELY(op->borrowed || op->held))
        pass_lock(channel);
    else
        wefti_spin_unlock(&channel->lock);
    weft_status status = wefti_park(waiter->wait, deadline);
    if (status == WEFT_TIMED_OUT || status == WEFT_CANCELLED) wait_withdraw(channel, list, waiter);
    if (WEFTI_UNLIKELY(op->held)) come_back(channel, op->self);
    return status;
}

/* ---- send ---- */

static bool full(const weft_channel *channel) {
    return channel->capacity != 0 && wefti_buffer_count(channel) >= channel->capacity;
}

/* What is sent: a user's message, or the outcome of a task, which arrives whatever happens. */
typedef struct message {
    const void *value;
    const wefti_condition *condition;
    bool outcome;
    bool patient; /* may park; an outcome that may not overfills the channel instead */
} message;

static weft_status wait_to_send(operation *op, const message *m, weft_deadline deadline) {
    wefti_waiter waiter;
    wefti_wait wait;
    wait_begin(&waiter, &wait, op->self, m->outcome ? "deliver" : "send", op->channel, deadline);
    waiter.result = m->outcome;
    waiter.slot = (void *)(uintptr_t)m->value; /* read only */
    waiter.condition = m->condition;
    enlist(&op->channel->senders, &waiter);
    return wait_here(op, &op->channel->senders, &waiter, deadline);
}

/* Spin lock held, and given up. */
static void hand_over(operation *op, wefti_waiter *receiver, const message *m) {
    if (m->condition == NULL && receiver->slot != NULL) wefti_copy(receiver->slot, m->value, op->channel->element_size);
    receiver->condition = m->condition;
    wefti_wait *wait = receiver->wait;
    finish(op);
    wefti_unpark(wait);
}

/* Spin lock held, and given up. No memory for an outcome: to wait for some, or for a receiver, could be for ever, as
 * that one may first want the task to end. So it becomes a number, which needs no memory, and is received as a failure.
 */
static weft_status lose(operation *op, const message *m) {
    weft_channel *channel = op->channel;
    void (*destroy)(void *) = channel->destroy; /* the channel may be freed from finish on */
    wefti_store_relaxed(&channel->lost, wefti_load_relaxed(&channel->lost) + 1); /* relaxed: as count */
    finish(op);
    if (destroy != NULL && m->condition == NULL) destroy((void *)(uintptr_t)m->value);
    return WEFT_OK;
}

/* Spin lock held, and given up on every status but WEFT_BUSY, which says that the sender is to wait. */
static weft_status send_now(operation *op, const message *m) {
    weft_channel *channel = op->channel;
    wefti_waiter *receiver = claim_first(channel, &channel->receivers, WEFT_OK);
    if (receiver != NULL) {
        hand_over(op, receiver, m);
        return WEFT_OK;
    }
    if (full(channel) && (!m->outcome || m->patient)) return WEFT_BUSY;
    if (WEFTI_UNLIKELY(!op->room)) {
        if (m->outcome) return lose(op, m);
        finish(op);
        return WEFT_NO_MEMORY;
    }
    wefti_buffer_put(channel, m->value, m->condition);
    finish(op);
    return WEFT_OK;
}

static weft_status send_begun(operation *op, const message *m, weft_deadline deadline) {
    weft_status status = send_now(op, m);
    if (WEFTI_LIKELY(status != WEFT_BUSY)) return status;
    if (deadline > WEFT_NOW) return wait_to_send(op, m, deadline);
    finish(op);
    return WEFT_TIMED_OUT;
}

weft_status weft_send_sized(weft_channel *channel, const void *element, size_t size, weft_deadline deadline) {
    if (WEFTI_UNLIKELY(channel == NULL || (element == NULL && size != 0))) return WEFT_INVALID;
    if (WEFTI_UNLIKELY(size != channel->element_size)) return WEFT_WRONG_SIZE;
    wefti_strand *self = wefti_strand_self();
    if (WEFTI_UNLIKELY(self == NULL)) return WEFT_NO_MEMORY;
    if (channel->capacity != 0 && deadline > WEFT_NOW && WEFTI_UNLIKELY(!wefti_may_park(self))) return WEFT_NO_MEMORY;
    operation op;
    weft_status status = begin_with_room(&op, channel, self, deadline);
    if (WEFTI_UNLIKELY(status != WEFT_OK)) return status;
    if (WEFTI_UNLIKELY(wefti_channel_closed(channel))) {
        finish(&op);
        return WEFT_CLOSED;
    }
    message m = {element, NULL, false, true};
    return send_begun(&op, &m, deadline);
}

/* ---- outcomes of tasks ---- */

void wefti_channel_free_now(weft_channel *channel) {
    wefti_buffer_free(channel);
    free(channel->name);
    free(channel);
}

/* No task is outstanding, nothing is in the channel, and no message will come. Lock held. */
static bool nothing_can_come(const weft_channel *channel) {
    /* acquire: partner is weft_submit_task */
    return wefti_buffer_count(channel) == 0 && wefti_load_relaxed(&channel->lost) == 0 &&
           channel->senders.first == NULL && wefti_load_acquire(&channel->submitted) == channel->delivered;
}

/* The last outcome of a closed channel has come: who still waits for a result waits in vain. */
static void dismiss_receivers(weft_channel *channel, weft_status status) {
    wefti_spin_lock(&channel->lock);
    wefti_waiter *waiters = nothing_can_come(channel) ? claim_all(channel, &channel->receivers, status, RESULTS) : NULL;
    wefti_spin_unlock(&channel->lock);
    unpark_all(waiters);
}

/* The channel was freed: nobody will receive it. Spin lock held, and given up. */
static void drop_outcome(operation *op, const message *m) {
    weft_channel *channel = op->channel;
    bool last = wefti_load_acquire(&channel->submitted) == channel->delivered; /* partner: weft_submit_task */
    void (*destroy)(void *) = channel->destroy; /* another outcome may be the last, and free it, from finish on */
    finish(op);
    if (destroy != NULL && m->condition == NULL) destroy((void *)(uintptr_t)m->value);
    if (last) wefti_channel_free_now(channel);
}

/* Spin lock held, and given up. The first receiver that waits gets the outcome; if it was the last to come, the others
 * learn that there will be none. The outcome itself keeps the channel from being freed only until it is handed over, so
 * everything is decided under one hold of the lock. */
static weft_status deliver_to_closed(operation *op, const message *m) {
    weft_channel *channel = op->channel;
    wefti_waiter *first = claim_first(channel, &channel->receivers, WEFT_OK);
    if (first == NULL) return send_begun(op, m, WEFT_FOREVER);
    wefti_waiter *others =
        nothing_can_come(channel) ? claim_all(channel, &channel->receivers, WEFT_CLOSED, RESULTS) : NULL;
    hand_over(op, first, m);
    unpark_all(others);
    return WEFT_OK;
}

static weft_status deliver_once(weft_channel *channel, wefti_strand *self, const message *m) {
    operation op;
    weft_status status = begin_with_room(&op, channel, self, m->patient ? WEFT_FOREVER : PAST_THE_HOLDER);
    if (WEFTI_UNLIKELY(status != WEFT_OK)) return status; /* no stack to wait for the channel's lock with */
    channel
        ->delivered++; /* from here on the lock is held until it is handed over, in the buffer, or waits as a sender */
    if (WEFTI_UNLIKELY(channel->freed)) {
        drop_outcome(&op, m);
        return WEFT_OK;
    }
    if (WEFTI_UNLIKELY(wefti_channel_closed(channel))) return deliver_to_closed(&op, m);
    return send_begun(&op, m, WEFT_FOREVER);
}

static void deliver(weft_channel *channel, const message *m) {
    /* No stack to wait for the channel's lock on: only time can help. */
    while (WEFTI_UNLIKELY(deliver_once(channel, wefti_strand_now, m) != WEFT_OK)) wefti_os_yield();
}

void wefti_channel_deliver(wefti_sink *sink, const void *value, const wefti_condition *condition) {
    message m = {value, condition, true, wefti_may_park(wefti_strand_now)};
    deliver(WEFTI_CONTAINER(sink, weft_channel, sink), &m);
}

void wefti_channel_deliver_timeout(weft_channel *channel, const void *value) {
    message m = {value, NULL, true, false};
    deliver(channel, &m);
}

/* ---- receive ---- */

static weft_status status_of(const wefti_condition *condition) {
    return condition == NULL ? WEFT_OK : condition->status;
}

/* Spin lock held, count > 0, and given up. */
static weft_status take_front(operation *op, void *element) {
    weft_channel *channel = op->channel;
    const wefti_condition *condition = wefti_buffer_take(channel, element);
    wefti_wait *woken = NULL;
    if (WEFTI_UNLIKELY(channel->senders.first != NULL) && !full(channel) && wefti_buffer_has_room(channel)) {
        wefti_waiter *sender = claim_first(channel, &channel->senders, WEFT_OK);
        if (sender != NULL) {
            wefti_buffer_put(channel, sender->slot, sender->condition);
            woken = sender->wait;
        }
    }
    finish(op);
    if (woken != NULL) wefti_unpark(woken);
    return status_of(condition);
}

/* Spin lock held, and given up on true: takes an outcome that got lost for want of memory. */
static bool take_lost(operation *op) {
    size_t lost = wefti_load_relaxed(&op->channel->lost);
    if (WEFTI_LIKELY(lost == 0)) return false;
    wefti_store_relaxed(&op->channel->lost, lost - 1);
    finish(op);
    return true;
}

/* Spin lock held, and given up on true: takes the value from a sender that waits at an empty buffer. */
static bool take_from_sender(operation *op, void *element, weft_status *status) {
    wefti_waiter *sender = claim_first(op->channel, &op->channel->senders, WEFT_OK);
    if (sender == NULL) return false;
    *status = status_of(sender->condition);
    if (sender->condition == NULL && element != NULL) wefti_copy(element, sender->slot, op->channel->element_size);
    wefti_wait *wait = sender->wait;
    finish(op);
    wefti_unpark(wait);
    return true;
}

static bool kernel_has_ended(const weft_channel *channel) {
    /* acquire: partner is the release in become_quiet */
    return channel->kernel != NULL && wefti_load_acquire(&channel->kernel->state) == WEFTI_KERNEL_ENDED;
}

static weft_status wait_to_receive(operation *op, void *element, weft_deadline deadline, bool result) {
    wefti_waiter waiter;
    wefti_wait wait;
    wait_begin(&waiter, &wait, op->self, result ? "result" : "receive", op->channel, deadline);
    waiter.slot = element;
    waiter.result = result;
    enlist(&op->channel->receivers, &waiter);
    weft_status status = wait_here(op, &op->channel->receivers, &waiter, deadline);
    return status == WEFT_OK ? status_of(waiter.condition) : status;
}

/* Receives from a backlog without meeting the senders. false: there is none, or somebody else holds the channel's lock.
 */
static bool receive_in_front(weft_channel *channel, const wefti_strand *self, void *element, weft_status *status) {
    const wefti_condition *condition;
    wefti_block *used = NULL;
    wefti_spin_lock(&channel->front_lock);
    bool mine = channel->front_holder == NULL || channel->front_holder == self;
    bool took = mine && wefti_buffer_take_front(channel, element, &condition, &used);
    wefti_spin_unlock(&channel->front_lock);
    if (!took) return false;
    if (used != NULL) wefti_block_recycle(channel, used);
    *status = status_of(condition);
    return true;
}

static weft_status receive(weft_channel *channel, void *element, size_t size, weft_deadline deadline, bool result) {
    if (WEFTI_UNLIKELY(channel == NULL)) return WEFT_INVALID;
    if (WEFTI_UNLIKELY(size != channel->element_size && element != NULL)) return WEFT_WRONG_SIZE;
    wefti_strand *self = wefti_strand_self();
    if (WEFTI_UNLIKELY(self == NULL)) return WEFT_NO_MEMORY;
    operation op;
    weft_status status;
    bool may_wait = deadline > WEFT_NOW && wefti_may_park(self); /* here, since it may have to make a stack */
again:
    if (channel->capacity == 0 && wefti_buffer_has_front(channel) && receive_in_front(channel, self, element, &status))
        return status;
    status = begin(&op, channel, self, deadline);
    if (WEFTI_UNLIKELY(status != WEFT_OK)) return status;
    if (WEFTI_UNLIKELY(channel->senders.first != NULL) && !wefti_buffer_has_room(channel)) {
        finish(&op); /* the sender that will have the place wants memory for it */
        status = begin_with_room(&op, channel, self, deadline);
        if (status != WEFT_OK) return status;
    }
    if (wefti_buffer_count(channel) > 0) {
        if (channel->capacity == 0 && wefti_buffer_has_front(channel)) {
            /* It has grown since we looked, or somebody else held the channel's lock then. */
            bool took = receive_in_front(channel, self, element, &status);
            finish(&op);
            if (took) return status;
            goto again;
        }
        return take_front(&op, element);
    }
    if (WEFTI_UNLIKELY(channel->senders.first != NULL) && take_from_sender(&op, element, &status)) return status;
    if (take_lost(&op)) return WEFT_FAILED;
    if (wefti_channel_closed(channel) && (!result || nothing_can_come(channel)))
        status = WEFT_CLOSED;
    else if (result && kernel_has_ended(channel) && nothing_can_come(channel))
        status = WEFT_ENDED;
    else if (deadline <= WEFT_NOW)
        status = WEFT_TIMED_OUT;
    else if (WEFTI_UNLIKELY(!may_wait))
        status = WEFT_NO_MEMORY;
    if (status == WEFT_OK) return wait_to_receive(&op, element, deadline, result);
    finish(&op);
    return status;
}

weft_status weft_receive_sized(weft_channel *channel, void *element, size_t size, weft_deadline deadline) {
    return receive(channel, element, size, deadline, false);
}

weft_status weft_receive_result_sized(weft_channel *channel, void *element, size_t size, weft_deadline deadline) {
    return receive(channel, element, size, deadline, true);
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

weft_status weft_peek_sized(weft_channel *channel, void *element, size_t size) {
    if (channel == NULL || (element == NULL && size != 0)) return WEFT_INVALID;
    if (size != channel->element_size) return WEFT_WRONG_SIZE;
    wefti_strand *self = wefti_strand_self();
    if (self == NULL) return WEFT_NO_MEMORY;
    operation op;
    weft_status status = begin(&op, channel, self, WEFT_FOREVER);
    if (status != WEFT_OK) return status;
    wefti_spin_lock(&channel->front_lock);
    if (wefti_buffer_count(channel) == 0) {
        status = wefti_load_relaxed(&channel->lost) != 0 ? WEFT_FAILED : WEFT_TIMED_OUT;
    } else {
        const wefti_element *front = wefti_buffer_front(channel);
        status = status_of(front->condition);
        if (status == WEFT_OK) wefti_copy(element, front->value, size);
    }
    wefti_spin_unlock(&channel->front_lock);
    finish(&op);
    return status;
}

/* ---- close, and the end of a kernel ---- */

weft_status weft_close(weft_channel *channel) {
    if (channel == NULL) return WEFT_INVALID;
    wefti_spin_lock(&channel->lock);
    wefti_store_relaxed(&channel->closed, true); /* relaxed: see wefti_channel_closed */
    /* Receivers wait only on an empty channel. Outcomes that wait to be delivered stay. */
    wefti_waiter *senders = claim_all(channel, &channel->senders, WEFT_CLOSED, MESSAGES);
    unsigned in_vain = nothing_can_come(channel) ? MESSAGES | RESULTS : MESSAGES;
    wefti_waiter *receivers = claim_all(channel, &channel->receivers, WEFT_CLOSED, in_vain);
    wefti_spin_unlock(&channel->lock);
    unpark_all(receivers);
    unpark_all(senders);
    return WEFT_OK;
}

/* ---- the channel's lock, for users ---- */

weft_status weft_lock_channel(weft_channel *channel, weft_deadline deadline) {
    if (channel == NULL) return WEFT_INVALID;
    wefti_strand *self = wefti_strand_self();
    if (self == NULL || !wefti_may_park(self)) return WEFT_NO_MEMORY;
    return take_lock(channel, self, deadline);
}

weft_status weft_unlock_channel(weft_channel *channel) {
    if (channel == NULL) return WEFT_INVALID;
    wefti_strand *self = wefti_strand_self();
    wefti_spin_lock(&channel->lock);
    if (self == NULL || channel->holder != self) {
        wefti_spin_unlock(&channel->lock);
        return WEFT_INVALID;
    }
    pass_lock(channel);
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

void wefti_channel_kernel_ended(weft_channel *channel, void *kernel) {
    if (channel->kernel == kernel) dismiss_receivers(channel, WEFT_ENDED);
}

void wefti_channel_unsubmit(weft_channel *channel) {
    wefti_add_release(&channel->submitted, UINT64_C(-1)); /* partners: the acquires of `submitted` */
    bool closed = wefti_channel_closed(channel);
    if (closed || kernel_has_ended(channel)) dismiss_receivers(channel, closed ? WEFT_CLOSED : WEFT_ENDED);
}
