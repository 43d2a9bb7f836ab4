/* SPDX-License-Identifier: MIT */
/* deliver.c - outcomes of tasks and timeouts, which arrive whatever happens, and the end of their coming. */
#include "comm/deliver.h"

#include <stdlib.h>

#include "comm/send.h"

/* Nothing can come any more: who still waits for a result waits in vain. */
static void dismiss_receivers(weft_channel *channel, weft_status status) {
    wefti_channel_lock(channel);
    wefti_wait *waits = wefti_nothing_can_come(channel)
                            ? wefti_waiters_claim_all(channel, &channel->receivers, status, WEFTI_RESULTS)
                            : NULL;
    wefti_channel_unlock(channel);
    wefti_waits_unpark(waits);
}

/* The channel was freed: nobody will receive it. Spin lock held, and given up. */
static void drop_outcome(wefti_visit *visit, const wefti_message *m) {
    weft_channel *channel = visit->channel;
    bool last = wefti_submitted(channel) == channel->delivered;
    wefti_destroyer destroy = wefti_channel_destroyer(channel); /* another outcome may be the last once it is left */
    wefti_visit_end(visit);
    if (destroy != NULL && m->condition == NULL) destroy((void *)(uintptr_t)m->value);
    wefti_condition_drop(m->condition);
    if (last) wefti_channel_free_now(channel);
}

/* Spin lock held, and given up unless the answer is WEFT_BUSY. The first receiver that waits gets the outcome; if it
 * was the last to come, the others learn that there will be none. The outcome itself keeps the channel from being freed
 * only until it is handed over, so everything is decided under one hold of the lock. */
static weft_status deliver_to_closed(wefti_visit *visit, const wefti_message *m, weft_status status) {
    weft_channel *channel = visit->channel;
    wefti_waiter *first = wefti_waiters_claim(channel, &channel->receivers, WEFT_OK, NULL);
    if (first == NULL) return wefti_send_now(visit, m);
    if (m->condition == NULL && first->slot != NULL) wefti_copy(first->slot, m->value, channel->size);
    first->condition = m->condition;
    wefti_wait *wait = first->wait, *others = NULL;
    if (wefti_nothing_can_come(channel))
        others = wefti_waiters_claim_all(channel, &channel->receivers, status, WEFTI_RESULTS);
    wefti_visit_end(visit);
    wefti_unpark_with(wait, (int)wefti_received(wait->strand, m->condition));
    wefti_waits_unpark(others);
    return WEFT_OK;
}

/* Spin lock held, and given up: the outcome waits in the list of senders, without a task. */
static void wait_as_orphan(wefti_visit *visit, const wefti_message *m, wefti_orphan *orphan) {
    weft_channel *channel = visit->channel;
    wefti_wait_init(&orphan->wait, NULL, "deliver", channel);
    orphan->waiter.wait = &orphan->wait;
    orphan->waiter.slot = orphan->value;
    orphan->waiter.condition = m->condition;
    orphan->waiter.shared = orphan->waiter.kept = false;
    orphan->waiter.result = true;
    if (m->condition == NULL) wefti_copy(orphan->value, m->value, channel->size);
    wefti_waiter_enlist(&channel->senders, &orphan->waiter);
    wefti_visit_end(visit);
}

/* Spin lock held, and given up. No memory for an outcome: to wait for some, or for a receiver, could be for ever, as
 * that one may first want the task to end. So it becomes a number, which needs no memory, and is received as a failure.
 */
static void lose(wefti_visit *visit, const wefti_message *m) {
    weft_channel *channel = visit->channel;
    wefti_destroyer destroy = wefti_channel_destroyer(channel); /* the channel may be freed once it is left */
    wefti_lost_set(channel, wefti_load_relaxed(&channel->lost) + 1);
    wefti_visit_end(visit);
    if (destroy != NULL && m->condition == NULL) destroy((void *)(uintptr_t)m->value);
    wefti_condition_drop(m->condition);
}

/* Spin lock held, the outcome counted as delivered; given up unless the answer is WEFT_BUSY. From here on the lock is
 * held until it is handed over, stored, or waits as a sender. */
static weft_status try_deliver(wefti_visit *visit, const wefti_message *m) {
    weft_channel *channel = visit->channel;
    if (WEFTI_UNLIKELY((wefti_odd(channel) & WEFTI_FREED) != 0)) {
        drop_outcome(visit, m);
        return WEFT_OK;
    }
    if (WEFTI_UNLIKELY(wefti_channel_closed(channel))) return deliver_to_closed(visit, m, WEFT_CLOSED);
    /* A timeout cancelled by a thread: the kernel did not wait for it. */
    if (WEFTI_UNLIKELY(wefti_kernel_has_ended(channel))) return deliver_to_closed(visit, m, WEFT_ENDED);
    return wefti_send_now(visit, m);
}

/* One that may not park. */
static weft_status deliver_impatiently(weft_channel *channel, wefti_strand *self, const wefti_message *m) {
    wefti_visit visit;
    wefti_orphan *orphan = NULL;
    for (bool tried = false;; tried = true) {
        weft_status status = wefti_visit_with_room(&visit, channel, self, WEFTI_PAST_THE_HOLDER);
        if (status != WEFT_OK) return status;
        channel->delivered++;
        if (try_deliver(&visit, m) == WEFT_OK) break;
        if (orphan != NULL || tried) {
            if (orphan == NULL)
                lose(&visit, m);
            else
                wait_as_orphan(&visit, m, orphan);
            return WEFT_OK;
        }
        channel->delivered--;
        wefti_visit_end(&visit);
        orphan = malloc(sizeof *orphan + channel->size);
    }
    free(orphan);
    return WEFT_OK;
}

/* Most outcomes: into the last block of a backlog without limit, where nobody waits. false: it is to be gone the longer
 * way. */
static inline bool deliver_shortly(weft_channel *channel, const wefti_message *m) {
    if (channel->kind != WEFTI_BACKLOG || channel->capacity != 0) return false;
    wefti_channel_lock(channel);
    const wefti_block *tail = channel->tail_block;
    bool plain = wefti_odd(channel) == WEFTI_OTHER && wefti_first(&channel->receivers) == NULL && tail != NULL &&
                 channel->at < tail->room;
    if (WEFTI_LIKELY(plain)) {
        channel->delivered++;
        wefti_backlog_put(channel, m->value, m->condition);
    }
    wefti_channel_unlock(channel);
    return plain;
}

static weft_status deliver_patiently(weft_channel *channel, wefti_strand *self, const wefti_message *m) {
    wefti_visit visit;
    weft_status status = wefti_visit_with_room(&visit, channel, self, WEFT_FOREVER);
    if (WEFTI_UNLIKELY(status != WEFT_OK)) return status; /* no stack to wait for the channel's own lock with */
    channel->delivered++;
    if (WEFTI_LIKELY(try_deliver(&visit, m) != WEFT_BUSY)) return WEFT_OK;
    if (visit.room || wefti_store_full(channel))
        wefti_send_wait(&visit, m, WEFT_FOREVER);
    else
        lose(&visit, m);
    return WEFT_OK;
}

void wefti_channel_deliver(wefti_sink *sink, const void *value, const wefti_condition *condition) {
    weft_channel *channel = WEFTI_CONTAINER(sink, weft_channel, sink);
    wefti_message m = {value, condition, NULL, true};
    wefti_strand *self = wefti_strand_now;
    /* It has done its work and is of no category any more: not killed, wherever it has to wait. relaxed: its own */
    wefti_store_relaxed(&wefti_runner_of_strand(self)->category, NULL);
    if (WEFTI_LIKELY(deliver_shortly(channel, &m))) return;
    for (;;) {
        if (WEFTI_LIKELY(wefti_may_park(self))) {
            if (WEFTI_LIKELY(deliver_patiently(channel, self, &m) == WEFT_OK)) return;
        } else if (channel->kind != WEFTI_POLICY) {
            if (deliver_impatiently(channel, self, &m) == WEFT_OK) return;
        }
        wefti_os_yield(); /* no stack to wait with for the channel's own lock: only time can help */
    }
}

void wefti_channel_deliver_timeout(weft_channel *channel, const void *value) {
    wefti_message m = {value, NULL, NULL, true};
    if (WEFTI_LIKELY(deliver_shortly(channel, &m))) return;
    while (WEFTI_UNLIKELY(deliver_impatiently(channel, wefti_strand_now, &m) != WEFT_OK)) wefti_os_yield();
}

void wefti_channel_kernel_ended(weft_channel *channel, void *kernel) {
    if (channel->kernel == kernel) dismiss_receivers(channel, WEFT_ENDED);
}

void wefti_channel_unsubmit(weft_channel *channel) {
    wefti_submitted_add(channel, wefti_strand_now, UINT32_MAX);
    bool closed = wefti_channel_closed(channel);
    if (closed || wefti_kernel_has_ended(channel)) dismiss_receivers(channel, closed ? WEFT_CLOSED : WEFT_ENDED);
}
