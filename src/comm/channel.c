/* SPDX-License-Identifier: MIT */
/* channel.c - making and freeing channels, what one can ask them, and submitting through them. */
#include "comm/channel.h"

#include <stdlib.h>
#include <string.h>

#include "base/live.h"
#include "sched/kernel.h"
#include "sched/submit.h"

enum { LARGEST_ELEMENT = 1 << 20 };

static void kernel_ended(weft_kernel *kernel) { wefti_channels_walk(wefti_channel_kernel_ended, kernel); }

/* Tells the floors below what they may ask of this one. */
__attribute__((constructor)) static void introduce(void) {
    wefti_kernel_ended_hook = kernel_ended;
    wefti_channels_introduce();
}

static bool put_initial(weft_channel *channel, const weft_channel_options *options) {
    size_t count = options->initial_count;
    if (channel->capacity != 0 && count > channel->capacity) count = channel->capacity;
    const char *at = options->initial;
    for (size_t i = 0; i < count; i++, at += channel->element_size) {
        if (!wefti_buffer_has_room(channel) && (channel->spare = wefti_block_make(channel, i == 0)) == NULL)
            return false;
        wefti_buffer_put(channel, at, NULL);
    }
    return true;
}

static void free_half_made(weft_channel *channel) {
    channel->destroy = NULL; /* the initial elements are still the caller's */
    wefti_buffer_free(channel);
    free(channel->name);
    free(channel);
}

weft_channel *weft_make_channel_sized(size_t element_size, const weft_channel_options *options) {
    static const weft_channel_options defaults;
    if (options == NULL) options = &defaults;
    if (element_size > LARGEST_ELEMENT) return wefti_fail(WEFT_INVALID);
    if (options->initial_count > 0 && options->initial == NULL && element_size > 0) return wefti_fail(WEFT_INVALID);
    weft_channel *channel;
    if (posix_memalign((void **)&channel, WEFTI_APART, sizeof *channel) != 0) return wefti_fail(WEFT_NO_MEMORY);
    memset(channel, 0, sizeof *channel);
    channel->sink.deliver = wefti_channel_deliver;
    channel->element_size = element_size;
    channel->stride = (sizeof(wefti_element) + element_size + 7) & ~(size_t)7;
    channel->capacity = options->capacity;
    channel->destroy = options->destroy;
    channel->kernel = options->kernel != NULL ? options->kernel : wefti_kernel_current();
    bool good = options->name == NULL || (channel->name = strdup(options->name)) != NULL;
    if (!good || !put_initial(channel, options)) {
        free_half_made(channel);
        return wefti_fail(WEFT_NO_MEMORY);
    }
    /* relaxed: the caller keeps the kernel alive meanwhile */
    if (channel->kernel != NULL) wefti_add_relaxed(&channel->kernel->users, (size_t)1);
    wefti_channel_enlist(channel);
    wefti_count_live(1);
    return channel;
}

weft_status weft_free_channel(weft_channel *channel) {
    if (channel == NULL) return WEFT_OK;
    wefti_spin_lock(&channel->lock);
    bool busy = channel->receivers.first != NULL || channel->senders.first != NULL || channel->lockers.first != NULL ||
                channel->holder != NULL || channel->leaving != 0;
    channel->freed = !busy;
    /* Counted as an outcome to come, the freeing itself keeps the channel: from `freed` on the last outcome frees it.
     */
    if (!busy) wefti_add_relaxed(&channel->submitted, UINT64_C(1)); /* relaxed: the lock orders it */
    wefti_spin_unlock(&channel->lock);
    if (busy) return WEFT_BUSY;
    wefti_channel_delist(channel);
    /* release: partner is the acquire in weft_free_kernel */
    if (channel->kernel != NULL) wefti_add_release(&channel->kernel->users, (size_t)-1);
    wefti_count_live(-1);
    wefti_spin_lock(&channel->lock);
    channel->delivered++;
    /* acquire: tasks of other threads that were submitted before this; partner: weft_submit_task */
    bool last = wefti_load_acquire(&channel->submitted) == channel->delivered;
    wefti_spin_unlock(&channel->lock);
    if (last) wefti_channel_free_now(channel);
    return WEFT_OK;
}

size_t weft_count(weft_channel *channel) {
    /* relaxed: old as soon as it is returned */
    return channel != NULL ? wefti_buffer_count(channel) + wefti_load_relaxed(&channel->lost) : 0;
}

size_t weft_capacity(const weft_channel *channel) { return channel != NULL ? channel->capacity : 0; }

size_t weft_element_size(const weft_channel *channel) { return channel != NULL ? channel->element_size : 0; }

const char *weft_channel_name(const weft_channel *channel) { return channel != NULL ? channel->name : NULL; }

bool weft_is_empty(weft_channel *channel) { return weft_count(channel) == 0; }

bool weft_is_full(weft_channel *channel) {
    return channel != NULL && channel->capacity != 0 && weft_count(channel) >= channel->capacity;
}

static WEFTI_NOINLINE weft_status submit_through(weft_channel *channel, wefti_strand *self,
                                                 const weft_submit_options *options, const weft_task_type *type,
                                                 const void *arguments) {
    if (type->result_size != channel->element_size) return WEFT_WRONG_SIZE;
    if (channel->kernel == NULL) return WEFT_NO_KERNEL;
    if (wefti_channel_closed(channel)) return WEFT_CLOSED;
    /* release: who frees the channel, or waits for a result, must not miss it; partners: the acquires of `submitted` */
    wefti_add_release(&channel->submitted, UINT64_C(1));
    weft_status status = wefti_submit(channel->kernel, self, options, &channel->sink, type, arguments);
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
    if (kernel == NULL) return WEFT_NO_KERNEL;
    return wefti_submit(kernel, self, options, NULL, type, arguments);
}
