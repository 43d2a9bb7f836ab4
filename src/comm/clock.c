/* SPDX-License-Identifier: MIT */
/* clock.c - channels that give the time: once (after), periodically (every), or nothing (never).
 *
 * No timer is armed: who waits does so with the next time as its own deadline, and looks again then. So a clock costs
 * nothing while nobody waits, and an alternation over several waits once, until the earliest. Source: the after and
 * tick flavours of crossbeam's channels.
 */
#include "comm/store.h"

bool wefti_clock_due(const weft_channel *channel) {
    return channel->kind == WEFTI_CLOCK && wefti_load_relaxed(&channel->rare->next) <= wefti_clock();
}

void wefti_clock_take(weft_channel *channel, void *value) {
    wefti_rare *rare = channel->rare;
    weft_deadline now = wefti_clock();
    if (value != NULL) *(weft_deadline *)value = now;
    if (rare->period == 0) {
        wefti_store_relaxed(&rare->next, WEFT_FOREVER); /* relaxed: the lock orders it */
        return;
    }
    /* Times that have passed meanwhile are left out. */
    int64_t next = wefti_load_relaxed(&rare->next), missed = (now - next) / rare->period;
    wefti_store_relaxed(&rare->next, next + (missed + 1) * rare->period);
}

weft_channel *weft_make_after(weft_deadline deadline) {
    return wefti_channel_make_clock(false, sizeof(weft_deadline), deadline, 0);
}

weft_channel *weft_make_every(double seconds) {
    if (!(seconds > 0) || seconds > 9e9) return wefti_fail(WEFT_INVALID);
    double period = WEFTI_MAX(seconds * 1e9 + 0.5, 1.0); /* to the nearest nanosecond, but never none */
    return wefti_channel_make_clock(false, sizeof(weft_deadline), wefti_clock() + (int64_t)period, (int64_t)period);
}

weft_channel *weft_make_never(size_t element_size) {
    return wefti_channel_make_clock(true, element_size, WEFT_FOREVER, 0);
}
