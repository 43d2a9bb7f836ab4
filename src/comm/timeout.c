/* SPDX-License-Identifier: MIT */
/* timeout.c - results that arrive after a time.
 *
 * One state word decides who delivers: PENDING --wheel--> EXPIRED, PENDING --cancel--> CANCELLED. The timer lies on the
 * kernel's own wheel, which any worker serves that is idle or between two tasks. Two references: the user's handle, and
 * the delivery's.
 */
#include <weft/timeout.h>

#include <stdlib.h>

#include "comm/channel.h"
#include "condition/kernel.h"
#include "sched/kernel.h"

enum { PENDING = 0, EXPIRED = 1, CANCELLED = 2 };

struct weft_timeout {
    wefti_timer timer;
    weft_channel *channel; /* may be gone once it is no longer pending */
    weft_kernel *kernel;   /* on whose wheel it is */
    size_t size;           /* of the result */
    WEFTI_ATOMIC(uint32_t) state;
    WEFTI_ATOMIC(uint32_t) references;
    WEFTI_ALIGNED(16) unsigned char result[];
};

static void release(weft_timeout *timeout) {
    /* acquire: the other party's use of it is over; partners: each other. Alone, it needs no update. */
    if (wefti_load_acquire(&timeout->references) == 1 ||
        wefti_add_acq_rel(&timeout->references, (uint32_t)-1) == 1) /* acq_rel: as above */
        free(timeout);
}

static bool win(weft_timeout *timeout, uint32_t how) {
    uint32_t pending = PENDING;
    return wefti_cas_acq_rel(&timeout->state, &pending, how); /* acq_rel: one winner; the loser sees that it lost */
}

/* The winner delivers. Afterwards the channel may be gone. */
static void deliver(weft_channel *channel, weft_kernel *kernel, const void *result) {
    wefti_channel_deliver_timeout(channel, result);
    wefti_kernel_redeem(kernel);
}

/* The winner is the caller, who has the handle: it gives up the delivery's reference first, while nobody else uses the
 * timeout. Whoever receives the result may free the handle at once. */
static void deliver_from_caller(weft_timeout *timeout, const void *result) {
    weft_channel *channel = timeout->channel;
    weft_kernel *kernel = timeout->kernel;
    wefti_store_relaxed(&timeout->references, 1u); /* relaxed: the channel's lock, or the caller, orders it */
    deliver(channel, kernel, result);
}

static bool claim_expired(wefti_timer *timer) { return win(WEFTI_CONTAINER(timer, weft_timeout, timer), EXPIRED); }

static void deliver_expired(wefti_timer *timer) {
    weft_timeout *timeout = WEFTI_CONTAINER(timer, weft_timeout, timer);
    deliver(timeout->channel, timeout->kernel, timeout->result);
    release(timeout);
}

static weft_status check(const weft_channel *channel, const void *result, size_t size) {
    if (channel == NULL || (result == NULL && size != 0) || channel->kind >= WEFTI_POLICY) return WEFT_INVALID;
    if (size != channel->size) return WEFT_WRONG_SIZE;
    return WEFT_OK;
}

weft_timeout *weft_submit_timeout_sized(weft_channel *channel, double seconds, const void *result, size_t size) {
    weft_status status = check(channel, result, size);
    if (status != WEFT_OK) return wefti_fail(status);
    wefti_strand *self = wefti_strand_self();
    weft_kernel *kernel = channel->kernel != NULL ? channel->kernel : wefti_ask_kernel(self);
    if (kernel == NULL) return wefti_fail(WEFT_NO_KERNEL);
    weft_timeout *timeout = self != NULL ? malloc(sizeof *timeout + size) : NULL;
    if (timeout == NULL) return wefti_fail(WEFT_NO_MEMORY);
    if (!wefti_kernel_pledge(kernel)) {
        free(timeout);
        return wefti_fail(WEFT_ENDED);
    }
    timeout->channel = channel;
    timeout->kernel = kernel;
    timeout->size = size;
    timeout->timer.linked = false;
    timeout->timer.claim = claim_expired;
    timeout->timer.deliver = deliver_expired;
    wefti_atomic_init(&timeout->state, (uint32_t)PENDING);
    wefti_atomic_init(&timeout->references, 2u);
    wefti_copy(timeout->result, result, size);
    wefti_submitted_add(channel, wefti_strand_now, 1);
    timeout->timer.deadline = weft_after(seconds);
    if (timeout->timer.deadline == WEFT_NOW) {
        wefti_atomic_init(&timeout->state, (uint32_t)EXPIRED); /* nobody else has it yet */
        deliver_from_caller(timeout, result);
    } else if (wefti_timer_arm(&kernel->wheel, &timeout->timer)) {
        wefti_kernel_look_again(kernel);
    }
    return timeout;
}

weft_status weft_cancel_timeout_sized(weft_timeout *timeout, const void *result, size_t size) {
    if (timeout == NULL || (result == NULL && size != 0)) return WEFT_INVALID;
    if (wefti_strand_self() == NULL) return WEFT_NO_MEMORY;
    if (wefti_load_acquire(&timeout->state) != PENDING) return WEFT_TIMED_OUT; /* partner: win */
    if (size != timeout->size) return WEFT_WRONG_SIZE;
    if (!win(timeout, CANCELLED)) return WEFT_TIMED_OUT;
    wefti_timer_cancel(&timeout->kernel->wheel, &timeout->timer);
    deliver_from_caller(timeout, result);
    return WEFT_OK;
}

void weft_free_timeout(weft_timeout *timeout) {
    if (timeout == NULL) return;
    release(timeout);
}
