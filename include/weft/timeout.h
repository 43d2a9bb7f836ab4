/* SPDX-License-Identifier: MIT */
/* timeout.h - results that arrive by themselves after a time, and can be cancelled. */
#ifndef WEFT_TIMEOUT_H
#define WEFT_TIMEOUT_H

#include <weft/base.h>
#include <weft/channel.h>

WEFT_BEGIN_DECLS

/** A result on its way. */
typedef struct weft_timeout weft_timeout;

/** Delivers a copy of *(result) to the channel after `seconds`. See weft_submit_timeout_sized. */
#define weft_submit_timeout(channel, seconds, result)                                                                  \
    weft_submit_timeout_sized((channel), (seconds), (result), sizeof *(result))
/** Delivers a copy of *(result) now instead. See weft_cancel_timeout_sized. */
#define weft_cancel_timeout(timeout, result) weft_cancel_timeout_sized((timeout), (result), sizeof *(result))

/**
 * Arranges that the channel receives a result after a time. Occupies no worker.
 *
 * channel: one with a kernel; without, weft_type_no_kernel is signalled if somebody handles it, with restarts
 * make-kernel and store-value, and what they give serves. seconds: 0 or less is at once. result, size: copied; size is
 * the channel's element size. Returns the timeout, or NULL (weft_last_status(): WEFT_INVALID, WEFT_WRONG_SIZE,
 * WEFT_NO_KERNEL, WEFT_ENDED, WEFT_NO_MEMORY). Exactly one result is delivered: this one, or that of the cancel that
 * won. A worker that is idle, or comes to the end of a task, delivers it. Ending the kernel waits for it. The result
 * goes past weft_lock_channel, and beyond the capacity of a full channel, since a timer cannot wait. Any thread or
 * task. Never blocks. Free it with weft_free_timeout, before or after it expires. Source: submit-timeout. Rows K3, K12.
 */
WEFT_API WEFT_CHECKED weft_timeout *weft_submit_timeout_sized(weft_channel *channel, double seconds, const void *result,
                                                              size_t size);

/**
 * Cancels a timeout: its channel receives `result` now. At most one call succeeds.
 *
 * Returns WEFT_OK if this call won; WEFT_TIMED_OUT if it has expired or was cancelled before, and then nothing happens;
 * WEFT_INVALID, WEFT_WRONG_SIZE. Any thread or task. Never blocks. Source: cancel-timeout. Row K12.
 */
WEFT_API weft_status weft_cancel_timeout_sized(weft_timeout *timeout, const void *result, size_t size);

/** Gives back the handle; a timeout that has not expired still delivers. NULL allowed. */
WEFT_API void weft_free_timeout(weft_timeout *timeout);

WEFT_END_DECLS

#endif
