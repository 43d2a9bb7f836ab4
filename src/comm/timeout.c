/* SPDX-License-Identifier: MIT */
/* timeout.c - results that arrive after a time.
 *
 * The timer lies on the kernel's own wheel, which any worker serves that is idle or between two tasks. The wheel's lock
 * decides who delivers: who takes the timer out. `state` says what became of it: PENDING --wheel--> EXPIRED, PENDING
 * --cancel--> CANCELLED. Two references: the user's handle, and the delivery's.
 *
 * The end of a kernel waits as long as its wheel has timers. Who comes too late to arm one takes it back: it was
 * counted, or sees that the kernel is ending, by the wheel's lock. The last one that is taken out of an ending kernel's
 * wheel has somebody look whether that was all.
 */
#include <weft/timeout.h>

#include <stdlib.h>

#include "comm/channel.h"
#include "condition/kernel.h"
#include "sched/attach.h"
#include "sched/kernel.h"

enum { PENDING = 0, EXPIRED = 1, CANCELLED = 2 };

struct weft_timeout {
    wefti_timer timer;
    weft_channel *channel; /* may be gone once it is no longer pending */
    weft_kernel *kernel;   /* on whose wheel it is */
    size_t size;           /* of the result */
    bool spare;            /* it lies in a spare block */
    WEFTI_ATOMIC(uint32_t) state;
    WEFTI_ATOMIC(uint32_t) references;
    WEFTI_ALIGNED(16) unsigned char result[];
};

/* Of who runs now. */
static wefti_spares *spares_of(wefti_strand *self) {
    if (self->worker != NULL) return &self->worker->spares;
    wefti_thread *thread = wefti_thread_of_strand(self);
    return thread->owner != NULL ? &thread->owner->spares : &thread->spares;
}

/* Most results are small. */
static weft_timeout *make(wefti_strand *self, size_t size) {
    bool spare = size <= WEFTI_SPARE_SIZE - sizeof(weft_timeout);
    weft_timeout *timeout = spare ? wefti_spare_take(spares_of(self)) : malloc(sizeof *timeout + size);
    if (timeout != NULL) timeout->spare = spare;
    return timeout;
}

static void destroy(weft_timeout *timeout) {
    wefti_strand *self = wefti_strand_now;
    if (!timeout->spare)
        free(timeout);
    else if (WEFTI_LIKELY(self != NULL))
        wefti_spare_give(spares_of(self), timeout);
    else
        wefti_spare_give_one(timeout);
}

static void release(weft_timeout *timeout) {
    /* acquire: the other party's use of it is over; partners: each other. Alone, it needs no update. */
    if (wefti_load_acquire(&timeout->references) == 1 ||
        wefti_add_acq_rel(&timeout->references, (uint32_t)-1) == 1) /* acq_rel: as above */
        destroy(timeout);
}

/* The winner is the caller, who has the handle: it gives up the delivery's reference first, while nobody else uses the
 * timeout. Whoever receives the result may free the handle at once, and the channel may be gone then. */
static void deliver_from_caller(weft_timeout *timeout, const void *result) {
    wefti_store_relaxed(&timeout->references, 1u); /* relaxed: the channel's lock, or the caller, orders it */
    wefti_channel_deliver_timeout(timeout->channel, result);
}

/* Takes the timer out. Returns whether it was in: then the caller has it, and nobody else. */
static bool take_out(weft_timeout *timeout) {
    weft_kernel *kernel = timeout->kernel;
    if (!wefti_timer_cancel(&kernel->wheel, &timeout->timer)) return false;
    /* relaxed: if the last worker has counted this timer, the wheel's lock brings what it saw; partner: live(), idle.c.
     * The kernel's memory outlives it, see the head of sched/kernel.c. */
    if (WEFTI_UNLIKELY(wefti_load_relaxed(&kernel->state) >= WEFTI_KERNEL_ENDING)) wefti_kernel_look_again(kernel);
    return true;
}

static bool claim_expired(wefti_timer *timer) {
    /* release: who sees it may go on as if it had the result; partner: weft_cancel_timeout_sized */
    wefti_store_release(&WEFTI_CONTAINER(timer, weft_timeout, timer)->state, (uint32_t)EXPIRED);
    return true;
}

static void deliver_expired(wefti_timer *timer) {
    weft_timeout *timeout = WEFTI_CONTAINER(timer, weft_timeout, timer);
    wefti_channel_deliver_timeout(timeout->channel, timeout->result);
    release(timeout);
}

/* Whether the kernel takes no more of this caller. relaxed: the wheel's lock orders it, see above. */
static bool refuses(weft_kernel *kernel) {
    return WEFTI_UNLIKELY(wefti_load_relaxed(&kernel->state) >= WEFTI_KERNEL_ENDING) && !wefti_kernel_inside(kernel);
}

/* false: the kernel is ending. */
static bool arm(weft_timeout *timeout) {
    weft_kernel *kernel = timeout->kernel;
    if (wefti_timer_arm(&kernel->wheel, &timeout->timer)) wefti_kernel_look_again(kernel);
    return !refuses(kernel) || !take_out(timeout);
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
    if (refuses(kernel)) return wefti_fail(WEFT_ENDED);
    weft_timeout *timeout = self != NULL ? make(self, size) : NULL;
    if (timeout == NULL) return wefti_fail(WEFT_NO_MEMORY);
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
    } else if (WEFTI_UNLIKELY(!arm(timeout))) {
        destroy(timeout);
        wefti_channel_unsubmit(channel);
        return wefti_fail(WEFT_ENDED);
    }
    return timeout;
}

weft_status weft_cancel_timeout_sized(weft_timeout *timeout, const void *result, size_t size) {
    if (timeout == NULL || (result == NULL && size != 0)) return WEFT_INVALID;
    if (wefti_strand_self() == NULL) return WEFT_NO_MEMORY;
    if (wefti_load_acquire(&timeout->state) != PENDING) return WEFT_TIMED_OUT; /* partner: claim_expired */
    if (size != timeout->size) return WEFT_WRONG_SIZE;
    if (!take_out(timeout)) return WEFT_TIMED_OUT;
    wefti_store_relaxed(&timeout->state, (uint32_t)CANCELLED); /* relaxed: whoever misses it does not take it out */
    deliver_from_caller(timeout, result);
    return WEFT_OK;
}

void weft_free_timeout(weft_timeout *timeout) {
    if (timeout == NULL) return;
    release(timeout);
}
