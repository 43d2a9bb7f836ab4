/* SPDX-License-Identifier: MIT */
/* ends.c - rings whose ends have locks of their own: getting them, and the way to all three locks. See ends.h. */
#include "comm/ends.h"

#include <stdlib.h>

#include "comm/bias.h"
#include "os/chance.h"

static wefti_ends *make(void) {
    wefti_ends *ends = NULL;
    if (posix_memalign((void **)&ends, WEFTI_APART, sizeof *ends) != 0) return NULL;
    wefti_atomic_init(&ends->put_lock, (uint8_t)1); /* held by who gives them to the ring */
    wefti_atomic_init(&ends->take_lock, (uint8_t)1);
    wefti_atomic_init(&ends->put, 0u);
    wefti_atomic_init(&ends->taken, 0u);
    for (int end = 0; end < 2; end++) wefti_atomic_init(&ends->stuck_on[end], -1);
    return ends;
}

bool wefti_ends_make(weft_channel *channel) {
    if (channel->kind != WEFTI_RING || channel->capacity == 0 || wefti_odd(channel) != 0) return false;
    wefti_ends *ends = make();
    if (ends == NULL) return false;
    wefti_channel_lock(channel); /* from here on there is no bias */
    bool mine = wefti_odd(channel) == 0;
    if (mine) {
        wefti_store_relaxed(&channel->bias, (uintptr_t)ends); /* relaxed: see wefti_odd_seen */
        wefti_odd_set(channel, WEFTI_ENDS, true);
    }
    wefti_channel_unlock(channel);
    if (!mine) free(ends);
    return mine;
}

void wefti_ends_wanted(weft_channel *channel) {
    if (wefti_odd(channel) == 0 && channel->capacity >= WEFTI_ENDS_LEAST && wefti_chance(WEFTI_ENDS_CHANCE) == 0)
        wefti_ends_make(channel);
}

void wefti_ends_lock(weft_channel *channel) {
    wefti_ends *ends = wefti_ends_of(channel);
    wefti_spin_lock(&ends->put_lock);
    wefti_spin_lock(&ends->take_lock);
    /* relaxed, all: under the locks */
    wefti_store_relaxed(&channel->count, wefti_load_relaxed(&ends->put) - wefti_load_relaxed(&ends->taken));
    channel->at = ends->take_at;
}

void wefti_ends_unlock(weft_channel *channel) {
    wefti_ends *ends = wefti_ends_of(channel);
    uint32_t count = wefti_load_relaxed(&channel->count), taken = wefti_load_relaxed(&ends->taken); /* as above */
    uint32_t put_at = channel->at + count;
    ends->take_at = channel->at;
    ends->put_at = put_at >= channel->capacity ? put_at - channel->capacity : put_at;
    ends->taken_seen = taken;
    ends->put_seen = taken + count;
    wefti_store_relaxed(&ends->put, taken + count); /* relaxed: the locks order it */
    wefti_spin_unlock(&ends->take_lock);
    wefti_spin_unlock(&ends->put_lock);
    wefti_spin_unlock(&channel->lock);
}

bool wefti_ends_share(const weft_channel *channel, bool puts) {
    wefti_ends *ends = wefti_ends_of(channel);
    int here = wefti_current_cpu();
    /* relaxed, all: guesses */
    if (wefti_load_relaxed(&ends->stuck_on[puts]) != here) wefti_store_relaxed(&ends->stuck_on[puts], here);
    return wefti_load_relaxed(&ends->stuck_on[!puts]) == here;
}

void wefti_ends_free(weft_channel *channel) {
    if (wefti_has_ends(channel)) free(wefti_ends_of(channel));
}

uint32_t wefti_ends_seen(const weft_channel *channel) {
    const wefti_ends *ends = wefti_ends_of(channel);
    /* acquire: `put` is not older than it, and as wefti_count_seen; partners: wefti_ends_take, wefti_ends_put */
    uint32_t taken = wefti_load_acquire(&ends->taken);
    return WEFTI_MIN(wefti_load_acquire(&ends->put) - taken, channel->capacity);
}
