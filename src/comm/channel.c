/* SPDX-License-Identifier: MIT */
/* channel.c - making and freeing channels, what one can ask them, and submitting through them. */
#include "comm/channel.h"

#include <stdlib.h>
#include <string.h>

#include "base/live.h"
#include "buffer/buffer.h"
#include "comm/level.h"
#include "comm/policy.h"
#include "comm/send.h"
#include "condition/kernel.h"
#include "sched/kernel.h"
#include "sched/submit.h"

enum { LARGEST_ELEMENT = 1 << 20, SIZE_MASK = 2 * LARGEST_ELEMENT - 1, LARGEST_RING = 1 << 16 };

static void kernel_ended(weft_kernel *kernel) { wefti_channels_walk(wefti_channel_kernel_ended, kernel); }

/* Tells the floors below what they may ask of this one. */
__attribute__((constructor)) static void introduce(void) {
    wefti_kernel_ended_hook = kernel_ended;
    wefti_channels_introduce();
}

const wefti_condition wefti_outcome_lost = {WEFT_FAILED, "the outcome was lost for want of memory", NULL};
const wefti_condition wefti_buffer_failed = {WEFT_FAILED, "the channel's buffer failed", NULL};
const wefti_condition wefti_reserved = {WEFT_FAILED, "the place is reserved", NULL};
const wefti_condition wefti_abandoned = {WEFT_FAILED, "the place was given up", NULL};

/* ---- making ---- */

static weft_channel *allocate(wefti_kind kind, size_t element_size) {
    weft_channel *channel = NULL;
    size_t size = kind == WEFTI_BACKLOG ? sizeof(wefti_long_channel) : sizeof(weft_channel);
    if (kind != WEFTI_BACKLOG)
        channel = wefti_place_take();
    else if (posix_memalign((void **)&channel, WEFTI_APART, size) != 0)
        channel = NULL;
    if (channel == NULL) return NULL;
    memset(channel, 0, size);
    channel->kind = kind & UINT8_MAX;
    channel->size = (uint32_t)element_size & SIZE_MASK;
    channel->element_size = channel->size;
    channel->sink.deliver = wefti_channel_deliver;
    if (kind == WEFTI_RING) return channel;
    wefti_odd_set(channel, WEFTI_OTHER, true);
    wefti_atomic_init(&channel->bias, WEFTI_NEVER_BIASED);
    return channel;
}

static void release(weft_channel *channel) {
    if (channel->kind == WEFTI_BACKLOG)
        free(channel);
    else
        wefti_place_give(channel);
}

wefti_rare *wefti_channel_rare(weft_channel *channel) {
    wefti_channel_lock(channel);
    wefti_rare *rare = channel->rare;
    wefti_channel_unlock(channel);
    if (rare != NULL) return rare;
    wefti_rare *made = calloc(1, sizeof *made);
    if (made == NULL) return NULL;
    wefti_channel_lock(channel);
    rare = channel->rare;
    if (rare == NULL) channel->rare = rare = made;
    wefti_channel_unlock(channel);
    if (rare != made) free(made); /* another was faster */
    return rare;
}

static bool wants_rare(const weft_channel_options *options) {
    return options->name != NULL || options->destroy != NULL || options->buffer != NULL || options->local;
}

static bool note_rare(weft_channel *channel, const weft_channel_options *options) {
    if (options->local) wefti_odd_set(channel, WEFTI_LOCAL, true);
    if (options->waiters == WEFT_WAITERS_AT_RANDOM) wefti_odd_set(channel, WEFTI_RANDOM, true);
    if (!wants_rare(options)) return true;
    wefti_rare *rare = wefti_channel_rare(channel);
    if (rare == NULL) return false;
    rare->destroy = options->destroy;
    return options->name == NULL || (rare->name = strdup(options->name)) != NULL;
}

static weft_status put_initial(weft_channel *channel, const weft_channel_options *options) {
    size_t count = options->initial_count;
    const char *at = options->initial;
    weft_status status = WEFT_OK;
    for (size_t i = 0; i < count && status == WEFT_OK && !wefti_store_full(channel); i++, at += channel->size) {
        if (channel->kind == WEFTI_BACKLOG && !wefti_backlog_has_room(channel)) {
            wefti_backlog_of(channel)->spare = wefti_block_make(channel, i == 0);
            if (wefti_backlog_of(channel)->spare == NULL) return WEFT_NO_MEMORY;
        }
        wefti_spin_lock(&channel->lock); /* which a POLICY gives up meanwhile; nobody else knows of the channel */
        status = wefti_store_put(channel, at, NULL);
        wefti_spin_unlock(&channel->lock);
    }
    return status;
}

static bool make_store(weft_channel *channel, const weft_channel_options *options) {
    channel->capacity = (uint32_t)options->capacity;
    if (channel->kind == WEFTI_POLICY) {
        wefti_policy_adopt(channel, options->buffer);
        return true;
    }
    if (channel->kind != WEFTI_RING || channel->capacity == 0) return true;
    return (channel->ring = malloc(wefti_stride(channel->size) * channel->capacity)) != NULL;
}

static void free_store(weft_channel *channel) {
    wefti_destroyer destroy = wefti_channel_destroyer(channel);
    if (channel->kind == WEFTI_BACKLOG) {
        wefti_backlog_free(channel);
    } else if (channel->kind == WEFTI_RING) {
        for (uint32_t left = wefti_stored(channel); left > 0; left--) {
            wefti_element *element = wefti_ring_place(channel, channel->at);
            if (destroy != NULL && element->condition == NULL) destroy(element->value);
            wefti_condition_drop(element->condition);
            wefti_ring_take(channel, NULL);
        }
        free(channel->ring);
    }
    wefti_policy_free(channel);
}

/* Outcomes that waited for a place without a task. */
static void free_orphans(weft_channel *channel) {
    wefti_destroyer destroy = wefti_channel_destroyer(channel);
    for (wefti_waiter *waiter = wefti_first(&channel->senders), *next; waiter != NULL; waiter = next) {
        next = waiter->next;
        if (destroy != NULL && waiter->condition == NULL) destroy(waiter->slot);
        wefti_condition_drop(waiter->condition);
        free(WEFTI_CONTAINER(waiter, wefti_orphan, waiter));
    }
}

static void free_rare(wefti_rare *rare) {
    if (rare == NULL) return;
    free(rare->name);
    free(rare->reason);
    free(rare);
}

void wefti_channel_free_now(weft_channel *channel) {
    free_orphans(channel);
    free_store(channel);
    wefti_level_free(channel);
    wefti_ends_free(channel);
    free_rare(channel->rare);
    release(channel);
}

static void free_half_made(weft_channel *channel) {
    if (channel->rare != NULL) channel->rare->destroy = NULL; /* the initial elements are still the caller's */
    if (channel->kind == WEFTI_POLICY) wefti_policy_give_back(channel);
    if (channel->kind == WEFTI_RING && channel->ring == NULL) wefti_store_relaxed(&channel->count, 0u);
    wefti_channel_free_now(channel);
}

static weft_channel *make_public(weft_channel *channel, weft_kernel *kernel) {
    if (channel->kind == WEFTI_RING)
        wefti_atomic_init(&channel->bias, (uintptr_t)0); /* nobody else knew of it so far */
    channel->kernel = kernel;
    /* relaxed: the caller keeps the kernel alive meanwhile */
    if (kernel != NULL) wefti_add_relaxed(&kernel->users, (size_t)1);
    wefti_channel_enlist(channel);
    wefti_count_live(1);
    return channel;
}

static weft_status check(size_t element_size, const weft_channel_options *options) {
    if (element_size > LARGEST_ELEMENT || options->capacity > UINT32_MAX) return WEFT_INVALID;
    if (options->initial_count > 0 && options->initial == NULL && element_size > 0) return WEFT_INVALID;
    if (options->rendezvous && (options->capacity != 0 || options->buffer != NULL)) return WEFT_INVALID;
    if ((unsigned)options->waiters > WEFT_WAITERS_AT_RANDOM) return WEFT_INVALID;
    if (options->buffer == NULL) return WEFT_OK;
    return options->capacity != 0 ? WEFT_INVALID : wefti_policy_check(options->buffer, element_size);
}

static wefti_kind kind_of(size_t element_size, const weft_channel_options *options) {
    if (options->buffer != NULL) return WEFTI_POLICY;
    if (options->rendezvous) return WEFTI_RING;
    bool small =
        options->capacity != 0 && options->capacity <= LARGEST_RING / (element_size + sizeof(wefti_element) + 8);
    return small ? WEFTI_RING : WEFTI_BACKLOG;
}

static weft_status furnish(weft_channel *channel, const weft_channel_options *options, weft_buffer *fifo) {
    bool good = note_rare(channel, options) && (fifo == NULL || wefti_channel_rare(channel) != NULL);
    if (!good || !make_store(channel, options)) return WEFT_NO_MEMORY;
    return put_initial(channel, options);
}

/* A buffer that is first in, first out, is what the channel's own stores are, and they are faster: it stays empty, and
 * the channel's, so that its handle is good as long as the channel. */
static weft_buffer *replace_fifo(weft_channel_options *options) {
    weft_buffer *fifo = options->buffer;
    if (fifo == NULL || !wefti_buffer_is_fifo(fifo)) return NULL;
    options->buffer = NULL;
    options->capacity = WEFTI_MIN(wefti_buffer_capacity(fifo), (size_t)UINT32_MAX);
    if (options->destroy == NULL) options->destroy = fifo->destroy;
    return fifo;
}

weft_channel *weft_make_channel_sized(size_t element_size, const weft_channel_options *options) {
    static const weft_channel_options defaults;
    weft_channel_options own = options != NULL ? *options : defaults;
    weft_status status = check(element_size, &own);
    if (status != WEFT_OK) return wefti_fail(status);
    weft_buffer *fifo = replace_fifo(&own);
    weft_channel *channel = allocate(kind_of(element_size, &own), element_size);
    if (channel == NULL) return wefti_fail(WEFT_NO_MEMORY);
    status = furnish(channel, &own, fifo);
    if (status != WEFT_OK) {
        free_half_made(channel);
        return wefti_fail(status);
    }
    if (fifo != NULL) {
        fifo->owned = true;
        channel->rare->buffer = fifo;
    }
    return make_public(channel, own.kernel != NULL ? own.kernel : wefti_kernel_current());
}

weft_channel *weft_make_rendezvous_sized(size_t element_size) {
    static const weft_channel_options rendezvous = {.rendezvous = true};
    return weft_make_channel_sized(element_size, &rendezvous);
}

weft_channel *wefti_channel_make_clock(bool never, size_t element_size, int64_t next, int64_t period) {
    if (element_size > LARGEST_ELEMENT) return wefti_fail(WEFT_INVALID);
    weft_channel *channel = allocate(never ? WEFTI_NEVER : WEFTI_CLOCK, element_size);
    if (channel == NULL) return wefti_fail(WEFT_NO_MEMORY);
    wefti_rare *rare = wefti_channel_rare(channel);
    if (rare == NULL) {
        release(channel);
        return wefti_fail(WEFT_NO_MEMORY);
    }
    wefti_atomic_init(&rare->next, next);
    rare->period = period;
    return make_public(channel, NULL);
}

/* ---- freeing ---- */

/* Spin lock held: somebody waits, or holds the channel's own lock. Outcomes that wait alone do not count. */
static bool in_use(const weft_channel *channel) {
    for (wefti_waiter *waiter = wefti_first(&channel->senders); waiter != NULL; waiter = waiter->next)
        if (waiter->wait->strand != NULL) return true;
    bool locked =
        channel->rare != NULL && (channel->rare->holder != NULL || wefti_first(&channel->rare->lockers) != NULL);
    bool gaps = channel->rare != NULL && channel->rare->reserved != 0;
    return wefti_first(&channel->receivers) != NULL || locked || gaps || channel->leaving != 0;
}

static bool in_use_by_the_living(weft_channel *channel) {
    wefti_waiters_bury(channel, &channel->senders);
    wefti_waiters_bury(channel, &channel->receivers);
    return in_use(channel);
}

weft_status weft_free_channel(weft_channel *channel) {
    if (channel == NULL) return WEFT_OK;
    wefti_channel_lock(channel);
    bool busy = in_use(channel) && in_use_by_the_living(channel);
    wefti_odd_set(channel, WEFTI_FREED, !busy);
    /* Counted as an outcome to come, the freeing itself keeps the channel: from FREED on the last outcome frees it. */
    if (!busy) wefti_add_relaxed(wefti_channel_submitted(channel), 1u); /* relaxed: the lock orders it */
    wefti_channel_unlock(channel);
    if (busy) return WEFT_BUSY;
    wefti_channel_delist(channel);
    /* release: partner is the acquire in weft_free_kernel */
    if (channel->kernel != NULL) wefti_add_release(&channel->kernel->users, (size_t)-1);
    wefti_count_live(-1);
    wefti_channel_lock(channel);
    channel->delivered++;
    bool last = wefti_submitted(channel) == channel->delivered; /* those of other threads too, submitted before this */
    wefti_channel_unlock(channel);
    if (last) wefti_channel_free_now(channel);
    return WEFT_OK;
}

/* ---- asking ---- */

static size_t count_without_gaps(weft_channel *channel) {
    wefti_channel_lock(channel);
    size_t count = wefti_stored(channel) - channel->rare->gaps + wefti_load_relaxed(&channel->lost);
    wefti_channel_unlock(channel);
    return count;
}

size_t weft_count(weft_channel *channel) {
    if (channel == NULL) return 0;
    if (channel->kind == WEFTI_CLOCK) return 0;
    /* relaxed: old as soon as it is returned */
    if (WEFTI_UNLIKELY((wefti_odd(channel) & WEFTI_GAPS) != 0)) return count_without_gaps(channel);
    uint32_t stored = channel->kind == WEFTI_RING ? wefti_ring_seen(channel) : wefti_stored(channel);
    return stored + wefti_load_relaxed(&channel->lost);
}

size_t weft_capacity(const weft_channel *channel) { return channel != NULL ? channel->capacity : 0; }

size_t weft_element_size(const weft_channel *channel) { return channel != NULL ? channel->size : 0; }

const char *weft_channel_name(const weft_channel *channel) {
    return channel != NULL && channel->rare != NULL ? channel->rare->name : NULL;
}

bool weft_is_empty(weft_channel *channel) { return weft_count(channel) == 0; }

bool weft_is_full(weft_channel *channel) {
    if (channel == NULL) return false;
    if (channel->kind == WEFTI_RING) return wefti_ring_seen(channel) >= channel->capacity;
    return channel->kind != WEFTI_BACKLOG || channel->capacity != 0 ? wefti_store_full(channel) : false;
}

/* ---- submitting ---- */

static WEFTI_NOINLINE weft_status submit_through(weft_channel *channel, wefti_strand *self,
                                                 const weft_submit_options *options, const weft_task_type *type,
                                                 const void *arguments) {
    unsigned odd = wefti_odd_submitting(channel);
    if (channel->kind > WEFTI_POLICY || (odd & WEFTI_LOCAL) != 0) return WEFT_INVALID;
    if (type->result_size != channel->size) return WEFT_WRONG_SIZE;
    weft_kernel *kernel = channel->kernel;
    if (WEFTI_UNLIKELY(kernel == NULL) && (kernel = wefti_ask_kernel(self)) == NULL) return WEFT_NO_KERNEL;
    if ((odd & WEFTI_SHUT) != 0) return WEFT_CLOSED;
    wefti_submitted_add(channel, self, 1);
    weft_status status = wefti_submit(kernel, self, options, &channel->sink, type, arguments);
    if (WEFTI_UNLIKELY(status != WEFT_OK)) wefti_channel_unsubmit(channel);
    return status;
}

weft_status weft_submit_task(const weft_submit_options *options, weft_channel *channel, const weft_task_type *type,
                             const void *arguments) {
    wefti_strand *self = wefti_strand_self();
    if (WEFTI_UNLIKELY(self == NULL)) return WEFT_NO_MEMORY;
    if (WEFTI_UNLIKELY(type == NULL)) return WEFT_INVALID;
    if (channel != NULL) return submit_through(channel, self, options, type, arguments);
    weft_kernel *kernel = options != NULL ? options->kernel : NULL;
    if (kernel == NULL) kernel = wefti_kernel_seen_by(self);
    if (WEFTI_UNLIKELY(kernel == NULL) && (kernel = wefti_ask_kernel(self)) == NULL) return WEFT_NO_KERNEL;
    return wefti_submit(kernel, self, options, NULL, type, arguments);
}
