/* SPDX-License-Identifier: MIT */
/* send.c - sending a message. */
#include "comm/send.h"

#include <stdlib.h>

#include "sched/worker.h"

/* ---- any channel, any way ---- */

static inline weft_status wait_with(wefti_visit *visit, wefti_waiter *waiter, const wefti_message *m, const void *value,
                                    weft_deadline deadline) {
    waiter->result = m->outcome;
    waiter->slot = (void *)(uintptr_t)value; /* read only */
    waiter->condition = m->condition;
    wefti_waiter_enlist(&visit->channel->senders, waiter);
    weft_status status = wefti_visit_wait(visit, &visit->channel->senders, waiter, deadline);
    return status == WEFT_OK ? wefti_status_of(waiter->condition == m->condition ? NULL : waiter->condition) : status;
}

static const char *what_waits(const wefti_message *m) { return m->outcome ? "deliver" : "send"; }

/* What it waits with, and the value, outlive the thread; a larger one is read where it lies. */
static WEFTI_NOINLINE weft_status wait_in_thread(wefti_visit *visit, const wefti_message *m, weft_deadline deadline) {
    wefti_waiter *waiter = wefti_visit_berth(visit, what_waits(m));
    void *room = wefti_thread_of_strand(visit->self)->berth.room;
    size_t size = visit->channel->size;
    bool fits = m->value != NULL && m->condition == NULL && size <= WEFTI_SMALL_ROOM;
    if (fits) wefti_copy(room, m->value, size);
    return wait_with(visit, waiter, m, fits ? room : m->value, deadline);
}

weft_status wefti_send_wait(wefti_visit *visit, const wefti_message *m, weft_deadline deadline) {
    wefti_waiter waiter;
    wefti_wait wait;
    if (WEFTI_UNLIKELY(visit->self->worker == NULL)) return wait_in_thread(visit, m, deadline);
    wefti_visit_waiter(visit, &waiter, &wait, what_waits(m));
    return wait_with(visit, &waiter, m, m->value, deadline);
}

/* A receiver was won while there are elements: it had just opened, and will see its hint in vain. It gets the front,
 * and the message goes to the end. */
static weft_status pass_through(weft_channel *channel, wefti_waiter *receiver, const wefti_message *m) {
    const wefti_condition *condition = NULL;
    if (channel->kind != WEFTI_POLICY)
        wefti_take_front_locked(channel, receiver->slot, &condition);
    else if (wefti_store_take(channel, receiver->slot, &condition) != WEFT_OK)
        condition = &wefti_buffer_failed;
    receiver->condition = condition;
    return wefti_store_put(channel, m->value, m->condition);
}

static weft_status hand_over(wefti_visit *visit, wefti_waiter *receiver, const wefti_message *m, bool empty) {
    weft_channel *channel = visit->channel;
    weft_status status = WEFT_OK;
    if (WEFTI_LIKELY(empty)) {
        if (m->condition == NULL && receiver->slot != NULL) wefti_copy(receiver->slot, m->value, channel->size);
        receiver->condition = m->condition;
    } else {
        status = pass_through(channel, receiver, m);
    }
    wefti_wait *wait = receiver->wait;
    const wefti_condition *condition = receiver->condition;
    wefti_visit_end(visit);
    wefti_unpark_with(wait, (int)wefti_received(wait->strand, condition));
    return status;
}

void wefti_sender_served(wefti_waiter *sender, weft_status status) {
    if (WEFTI_LIKELY(sender->wait->strand != NULL))
        wefti_unpark_with(sender->wait, (int)status);
    else
        free(WEFTI_CONTAINER(sender, wefti_orphan, waiter));
}

weft_status wefti_send_now(wefti_visit *visit, const wefti_message *m) {
    weft_channel *channel = visit->channel;
    bool empty = wefti_stored(channel) == 0, full = wefti_store_full(channel);
    /* One that could be won though there are elements, and the message could not be stored behind them, is left alone:
     * it will find them. */
    if (wefti_first(&channel->receivers) != NULL && (empty || (!full && visit->room && !wefti_store_empty(channel)))) {
        wefti_waiter *receiver = wefti_waiters_claim(channel, &channel->receivers, WEFT_OK, m->mine);
        if (receiver != NULL) return hand_over(visit, receiver, m, empty);
    }
    if (full) return WEFT_BUSY;
    if (WEFTI_UNLIKELY(!visit->room)) {
        if (m->outcome) return WEFT_BUSY;
        wefti_visit_end(visit);
        return WEFT_NO_MEMORY;
    }
    weft_status status = wefti_store_put(channel, m->value, m->condition);
    wefti_visit_end(visit);
    return status;
}

weft_status wefti_send_begun(wefti_visit *visit, const wefti_message *m, weft_deadline deadline) {
    weft_status status = wefti_send_now(visit, m);
    if (WEFTI_LIKELY(status != WEFT_BUSY)) return status;
    if (deadline > WEFT_NOW) return wefti_send_wait(visit, m, deadline);
    wefti_visit_end(visit);
    return WEFT_TIMED_OUT;
}

static WEFTI_NOINLINE weft_status send_slowly(weft_channel *channel, wefti_strand *self, const void *element,
                                              weft_deadline deadline) {
    wefti_visit visit;
    if (deadline < WEFT_NOW) deadline = WEFT_NOW; /* a caller's own is never WEFTI_PAST_THE_HOLDER */
    weft_status status = wefti_visit_with_room(&visit, channel, self, deadline);
    if (WEFTI_UNLIKELY(status != WEFT_OK)) return status;
    if (WEFTI_UNLIKELY(wefti_channel_closed(channel) || channel->kind > WEFTI_POLICY)) {
        wefti_visit_end(&visit);
        return channel->kind > WEFTI_POLICY ? WEFT_INVALID : WEFT_CLOSED;
    }
    wefti_message m = {element, NULL, NULL, false};
    return wefti_send_begun(&visit, &m, deadline);
}

/* ---- a task, a ring, and nothing unusual: the short way ---- */

static WEFTI_NOINLINE weft_status wait_in_ring(weft_channel *channel, wefti_strand *self, const void *element,
                                               wefti_way way) {
    wefti_waiter *waiter = wefti_single_waiter(self, "send", channel);
    waiter->slot = (void *)(uintptr_t)element; /* read only */
    waiter->result = false;
    wefti_waiter_enlist(&channel->senders, waiter);
    wefti_way_leave(channel, self->worker, way);
    return wefti_park_single(self);
}

/* The lock is held, or not needed; given up. */
static inline __attribute__((always_inline)) weft_status
send_to_ring(weft_channel *channel, wefti_strand *self, const void *element, weft_deadline deadline, wefti_way way) {
    uint32_t count = wefti_load_relaxed(&channel->count);
    wefti_waiter *receiver = wefti_first(&channel->receivers);
    unsigned odd = way == WEFTI_LOCKED ? wefti_odd_beside_ends(channel) : wefti_odd(channel);
    bool usual = odd == (way == WEFTI_UNLOCKED ? WEFTI_LOCAL : 0);
    if (WEFTI_LIKELY(usual && (receiver == NULL || count == 0))) {
        if (receiver != NULL) receiver = wefti_waiters_claim(channel, &channel->receivers, WEFT_OK, NULL);
        if (receiver == NULL && count < channel->capacity) {
            wefti_ring_put(channel, element, NULL);
            wefti_way_leave(channel, self->worker, way);
            return WEFT_OK;
        }
        if (receiver != NULL) {
            if (receiver->slot != NULL) wefti_copy(receiver->slot, element, channel->element_size);
            wefti_wait *wait = receiver->wait;
            wefti_way_leave(channel, self->worker, way);
            wefti_unpark_near(self->worker, wait, WEFT_OK);
            return WEFT_OK;
        }
        if (deadline == WEFT_FOREVER && self->worker->idle != NULL) return wait_in_ring(channel, self, element, way);
    }
    wefti_way_leave(channel, self->worker, way);
    return send_slowly(channel, self, element, deadline);
}

static WEFTI_NOINLINE weft_status send_inside(weft_channel *channel, wefti_strand *self, const void *element,
                                              weft_deadline deadline) {
    return send_to_ring(channel, self, element, deadline, WEFTI_BIASED);
}

static WEFTI_NOINLINE weft_status send_unlocked(weft_channel *channel, wefti_strand *self, const void *element,
                                                weft_deadline deadline) {
    return send_to_ring(channel, self, element, deadline, WEFTI_UNLOCKED);
}

/* Inside, without the lock: what is most common where there is room. It calls nothing, so that no register is kept.
 */
static inline bool put_shortly(weft_channel *channel, const void *element) {
    uint32_t count = wefti_load_relaxed(&channel->count), size = channel->element_size; /* relaxed: inside */
    if (count >= channel->capacity || wefti_first(&channel->receivers) != NULL) return false;
    if (!wefti_copies_shortly(size)) return false;
    wefti_element *end = wefti_ring_end(channel, count);
    end->condition = NULL;
    wefti_copy_shortly(end->value, element, size);
    wefti_ring_counted(channel, count + 1);
    return true;
}

static WEFTI_NOINLINE weft_status send_locked(weft_channel *channel, wefti_strand *self, const void *element,
                                              weft_deadline deadline) {
    wefti_bias_lock(channel, self->worker);
    return send_to_ring(channel, self, element, deadline, WEFTI_LOCKED);
}

/* ---- a plain thread, a ring, and nothing unusual ---- */

/* WEFT_BUSY: there is no room, or it is to be gone the longer way. */
static inline weft_status put_in_ring(weft_channel *channel, const void *element) {
    wefti_wait *wait = NULL;
    weft_status status = WEFT_BUSY;
    if ((wefti_odd_seen(channel) & WEFTI_ENDS) != 0) {
        wefti_at_end how = wefti_ends_put(channel, element);
        if (WEFTI_LIKELY(how != WEFTI_END_OTHERWISE)) return how == WEFTI_END_DONE ? WEFT_OK : WEFT_BUSY;
    }
    wefti_channel_lock(channel);
    uint32_t count = wefti_load_relaxed(&channel->count); /* relaxed: the lock is held */
    wefti_waiter *receiver = wefti_first(&channel->receivers);
    if (WEFTI_LIKELY(wefti_odd_beside_ends(channel) == 0 && (receiver == NULL || count == 0))) {
        if (receiver != NULL) receiver = wefti_waiters_claim(channel, &channel->receivers, WEFT_OK, NULL);
        if (receiver != NULL) {
            if (receiver->slot != NULL) wefti_copy(receiver->slot, element, channel->element_size);
            wait = receiver->wait;
            status = WEFT_OK;
        } else if (count < channel->capacity) {
            wefti_ring_put(channel, element, NULL);
            status = WEFT_OK;
        }
    }
    wefti_channel_unlock(channel);
    if (wait != NULL) wefti_unpark_with(wait, WEFT_OK);
    return status;
}

/* Looks on for room. */
static bool look_on_for_room(weft_channel *channel, wefti_strand *self, unsigned *turns) {
    if (*turns == 0) wefti_ends_wanted(channel);
    do {
        if (wefti_odd_beside_ends(channel) != 0 || !wefti_look_on(channel, self, true, turns)) return false;
    } while (wefti_ring_seen(channel) >= channel->capacity);
    return true;
}

static WEFTI_NOINLINE weft_status send_from_thread(weft_channel *channel, wefti_strand *self, const void *element,
                                                   weft_deadline deadline) {
    unsigned turns = 0;
    do {
        if (WEFTI_LIKELY(put_in_ring(channel, element) == WEFT_OK)) return WEFT_OK;
    } while (deadline > WEFT_NOW && look_on_for_room(channel, self, &turns));
    return send_slowly(channel, self, element, deadline);
}

/* ---- a backlog without limit, and nothing unusual ---- */

/* false: it is to be gone the longer way. */
static WEFTI_NOINLINE bool send_to_backlog(weft_channel *channel, wefti_strand *self, const void *element) {
    wefti_channel_lock(channel);
    const wefti_block *tail = channel->tail_block;
    wefti_waiter *receiver = wefti_first(&channel->receivers);
    bool usual = wefti_odd(channel) == WEFTI_OTHER && tail != NULL && channel->at != tail->room &&
                 (receiver == NULL || wefti_stored(channel) == 0);
    if (usual && receiver != NULL) receiver = wefti_waiters_claim(channel, &channel->receivers, WEFT_OK, NULL);
    if (usual && receiver == NULL) wefti_backlog_put(channel, element, NULL);
    if (usual && receiver != NULL && receiver->slot != NULL) wefti_copy(receiver->slot, element, channel->element_size);
    wefti_channel_unlock(channel);
    if (usual && receiver != NULL) wefti_unpark_near(self->worker, receiver->wait, WEFT_OK);
    return usual;
}

static WEFTI_NOINLINE weft_status send_otherwise(weft_channel *channel, wefti_strand *self, const void *element,
                                                 weft_deadline deadline) {
    if (channel->kind == WEFTI_BACKLOG && channel->capacity == 0 && send_to_backlog(channel, self, element))
        return WEFT_OK;
    if (wefti_odd_beside_ends(channel) == 0 && channel->capacity != 0) {
        if (self->worker == NULL) return send_from_thread(channel, self, element, deadline);
        if (wefti_has_ends(channel) && wefti_ends_put(channel, element) == WEFTI_END_DONE) return WEFT_OK;
        return send_locked(channel, self, element, deadline);
    }
    if ((channel->kind != WEFTI_BACKLOG || channel->capacity != 0) && deadline > WEFT_NOW && !wefti_may_park(self))
        return WEFT_NO_MEMORY;
    return send_slowly(channel, self, element, deadline);
}

weft_status wefti_send(weft_channel *channel, wefti_strand *self, const void *element, weft_deadline deadline) {
    wefti_worker *worker = self->worker;
    if (WEFTI_UNLIKELY(wefti_odd(channel) != 0 || worker == NULL)) {
        if (wefti_odd(channel) != WEFTI_LOCAL || worker == NULL || channel->rare->owner != worker)
            return send_otherwise(channel, self, element, deadline);
        wefti_takes_over(channel); /* of the last that was inside; partner: wefti_way_leave */
        if (!put_shortly(channel, element)) return send_unlocked(channel, self, element, deadline);
        wefti_way_leave(channel, worker, WEFTI_UNLOCKED);
        return WEFT_OK;
    }
    if (WEFTI_UNLIKELY(!wefti_bias_enter(channel, worker))) return send_locked(channel, self, element, deadline);
    if (wefti_odd(channel) != 0 || !put_shortly(channel, element)) return send_inside(channel, self, element, deadline);
    wefti_way_leave(channel, worker, WEFTI_BIASED);
    return WEFT_OK;
}

/* The first call of Weft in this thread. */
static WEFTI_NOINLINE weft_status send_first(weft_channel *channel, const void *element, weft_deadline deadline) {
    wefti_strand *self = wefti_strand_self();
    return self != NULL ? wefti_send(channel, self, element, deadline) : WEFT_NO_MEMORY;
}

weft_status weft_send_sized(weft_channel *channel, const void *element, size_t size, weft_deadline deadline) {
    if (WEFTI_UNLIKELY(channel == NULL || (element == NULL && size != 0))) return WEFT_INVALID;
    if (WEFTI_UNLIKELY(size != channel->size)) return WEFT_WRONG_SIZE;
    wefti_strand *self = wefti_strand_now;
    if (WEFTI_UNLIKELY(self == NULL)) return send_first(channel, element, deadline);
    return wefti_send(channel, self, element, deadline);
}
