/* SPDX-License-Identifier: MIT */
/* alternate.h - alternations: the one-time and the kept. */
#ifndef WEFTI_ALTERNATE_H
#define WEFTI_ALTERNATE_H

#include <weft/alternation.h>

#include "comm/receive.h"
#include "comm/send.h"

/* ---- operation.c: one operation of an alternation ---- */

weft_status wefti_operation_check_other(const weft_operation *operation);
static inline bool wefti_operation_is_of_channel(const weft_operation *operation) {
    return (unsigned)operation->kind <= WEFT_OPERATION_SEND;
}
/* Does it, if it can be done at once: its status; WEFT_BUSY: not now; WEFT_TIMED_OUT: the deadline passed while
 * somebody else held the channel's own lock. mine: the wait of the alternation. */
weft_status wefti_operation_try(weft_operation *operation, wefti_strand *self, const wefti_wait *mine,
                                weft_deadline deadline);
/* The same of an alternation that has not enlisted, without a deadline. WEFT_BUSY or WEFT_TIMED_OUT: not now. */
weft_status wefti_operation_try_alone(weft_operation *operation, wefti_strand *self);
/* As wefti_operation_try, and where it is not now, enlists the waiter under the same hold of the lock: WEFT_BUSY. */
weft_status wefti_operation_enlist(weft_operation *operation, wefti_strand *self, wefti_waiter *waiter,
                                   weft_deadline deadline);
/* Takes the waiter of an operation that was not done out again. */
void wefti_operation_withdraw(weft_operation *operation, wefti_waiter *waiter);
/* When it can be done by itself: a clock. WEFT_FOREVER: never. */
weft_deadline wefti_operation_due(const weft_operation *operation);

static inline weft_status wefti_operation_check(const weft_operation *operation) {
    if (WEFTI_UNLIKELY(!wefti_operation_is_of_channel(operation))) return wefti_operation_check_other(operation);
    const weft_channel *channel = operation->on.channel;
    if (WEFTI_UNLIKELY(channel == NULL)) return WEFT_INVALID;
    bool sends = operation->kind == WEFT_OPERATION_SEND;
    if (WEFTI_UNLIKELY(operation->size != channel->element_size) && (sends || operation->element != NULL))
        return WEFT_WRONG_SIZE;
    if (sends && (channel->kind > WEFTI_POLICY || (operation->element == NULL && channel->element_size != 0)))
        return WEFT_INVALID;
    return WEFTI_LIKELY(operation->wefti_used_by == NULL) ? WEFT_OK : WEFT_BUSY;
}

/* Whether it is worth a try, as far as one can see without a lock. Who sees that it is not, since another has done it,
 * sees what that one did before as well. */
static inline bool wefti_operation_promising(const weft_operation *operation) {
    weft_channel *channel = operation->on.channel;
    if (WEFTI_LIKELY(operation->kind == WEFT_OPERATION_RECEIVE && wefti_odd(channel) == 0))
        return (wefti_count_seen(channel) | (uintptr_t)wefti_first_seen(&channel->senders)) != 0;
    if (operation->kind <= WEFT_OPERATION_RESULT) return wefti_receive_promising(channel);
    if (operation->kind != WEFT_OPERATION_SEND) return true;
    if (wefti_first_seen(&channel->receivers) != NULL || wefti_channel_closed(channel)) return true;
    return channel->kind != WEFTI_RING || wefti_ring_seen(channel) < channel->capacity;
}

/* 0: a receive into a variable that is well, from a ring with nothing unusual: so are most of many. This and what the
 * next one reads of the channel lies in one line. */
static inline bool wefti_operation_receives(const weft_operation *operation) {
    return operation->kind == WEFT_OPERATION_RECEIVE && operation->on.channel != NULL;
}
/* Added to those before it. */
static inline __attribute__((always_inline)) void wefti_receive_unusual(const weft_operation *operation,
                                                                        uint64_t *unusual) {
    const weft_channel *channel = operation->on.channel;
    *unusual |= operation->size ^ channel->element_size;
    *unusual |= (uintptr_t)operation->wefti_used_by;
    *unusual |= wefti_odd(channel);
}
static inline __attribute__((always_inline)) uint64_t wefti_operation_unusual(const weft_operation *operation) {
    uint64_t unusual = 0;
    if (WEFTI_UNLIKELY(!wefti_operation_receives(operation))) return 1;
    wefti_receive_unusual(operation, &unusual);
    return unusual;
}

/* Of such a one: 0, if there is nothing to receive. */
static inline __attribute__((always_inline)) uint64_t wefti_operation_ready(const weft_operation *operation) {
    const weft_channel *channel = operation->on.channel;
    return wefti_count_seen(channel) | (uintptr_t)wefti_first_seen(&channel->senders);
}

/* Of an alternation that does not wait: whether all are well, and nothing can be received. false: not seen at once. */
static inline bool wefti_operations_in_vain(const weft_operation *operations, const weft_operation *end) {
    for (; operations != end; operations++)
        if (wefti_operation_unusual(operations) != 0 || wefti_operation_ready(operations) != 0) return false;
    return true;
}

/* ---- alternate.c ---- */

/* Of an alternation that does not wait, and whose operations were well and in vain a moment ago: whether one of them
 * may be worth a try now. */
bool wefti_operations_after_all(const weft_operation *operations, const weft_operation *end);

/* As weft_alternate_again, for a set that nobody else knows of. */
weft_operation *wefti_alternate_alone(weft_alternation *alternation, weft_choice choice, weft_deadline deadline);

/* ---- a set of places, one bit each ---- */

static inline uint32_t wefti_words(size_t count) { return (uint32_t)((count + 63) / 64); }

/* The place that is chosen of those in the set, which has `words` words; UINT32_MAX: it is empty. turn: for IN_TURN,
 * the first place to look at. */
uint32_t wefti_choose(const uint64_t *set, uint32_t words, weft_choice choice, size_t turn);

#endif
