/* SPDX-License-Identifier: MIT */
/* channel.h - channels: first in, first out, for messages, for the results of tasks, and as queues. */
#ifndef WEFT_CHANNEL_H
#define WEFT_CHANNEL_H

#include <weft/base.h>
#include <weft/kernel.h>

WEFT_BEGIN_DECLS

/** A queue of elements of one size, copied in and out; an element may carry a condition instead of a value. */
typedef struct weft_channel weft_channel;

/** Options of weft_make_channel_with. All zero is the default of each. */
typedef struct weft_channel_options {
    const char *name;     /**< shown in dumps; copied. NULL: unnamed */
    size_t capacity;      /**< most elements held; 0: no limit */
    const void *initial;  /**< initial elements, front first; those beyond the capacity are left out */
    size_t initial_count; /**< how many lie at `initial` */
    weft_kernel *kernel;  /**< where tasks submitted through the channel run; NULL: the current kernel, if any */
    void (*destroy)(void *element); /**< called for each element that is never received. NULL: none */
} weft_channel_options;

/** Makes an unbounded channel for elements of `type`. See weft_make_channel_sized. */
#define weft_make_channel(type) weft_make_channel_sized(sizeof(type), NULL)
/** Makes a channel for elements of `type` with options (a pointer). See weft_make_channel_sized. */
#define weft_make_channel_with(type, ...) weft_make_channel_sized(sizeof(type), (__VA_ARGS__))
/** Makes a channel for the ends of tasks that have no result. Receive with weft_receive_done. */
#define weft_make_done_channel() weft_make_channel_sized(0, NULL)

/**
 * Makes a channel.
 *
 * element_size: bytes of an element, 0 to 1 MiB.
 * options: NULL for the defaults. The kernel is fixed here: later changes of the current kernel do not matter. A
 * channel without a kernel carries messages but refuses submissions with WEFT_NO_KERNEL. Returns the channel, or NULL
 * (weft_last_status(): WEFT_INVALID, WEFT_NO_MEMORY). Callable from any thread or task. Never blocks. Free it with
 * weft_free_channel. Source: make-channel, make-queue. Rows CH1, CH3, K6, K17.
 */
WEFT_API WEFT_CHECKED weft_channel *weft_make_channel_sized(size_t element_size, const weft_channel_options *options);

/**
 * Frees a channel. Elements still in it are destroyed; results that tasks deliver later are dropped.
 *
 * channel: NULL is allowed and does nothing.
 * Returns WEFT_OK; WEFT_BUSY while somebody waits on it or holds its lock, and then nothing is freed.
 * Callable from any thread or task. Nobody may use the channel afterwards, except tasks already submitted through it.
 */
WEFT_API weft_status weft_free_channel(weft_channel *channel);

/** Sends a copy of *(pointer). The type of *(pointer) must have the size of an element. See weft_send_sized. */
#define weft_send(channel, pointer, deadline) weft_send_sized((channel), (pointer), sizeof *(pointer), (deadline))
/** Receives into *(pointer). See weft_receive_sized. */
#define weft_receive(channel, pointer, deadline) weft_receive_sized((channel), (pointer), sizeof *(pointer), (deadline))
/** Receives the result of a task into *(pointer). See weft_receive_result_sized. */
#define weft_receive_result(channel, pointer, deadline)                                                                \
    weft_receive_result_sized((channel), (pointer), sizeof *(pointer), (deadline))
/** Receives the end of a task without result. See weft_receive_result_sized. */
#define weft_receive_done(channel, deadline) weft_receive_result_sized((channel), NULL, 0, (deadline))
/** Copies the front element into *(pointer) and leaves it there. See weft_peek_sized. */
#define weft_peek(channel, pointer) weft_peek_sized((channel), (pointer), sizeof *(pointer))

/**
 * Sends an element: copies it to the back of the channel, or hands it to the receiver that has waited longest.
 *
 * channel: not NULL. element: `size` bytes; may be NULL if size is 0. deadline: for a place in a full channel.
 * Returns
 *   WEFT_OK          sent
 *   WEFT_TIMED_OUT   the channel was full until the deadline; nothing was sent
 *   WEFT_CLOSED      the channel is closed; nothing was sent
 *   WEFT_CANCELLED   the wait was cancelled; nothing was sent
 *   WEFT_INVALID, WEFT_WRONG_SIZE, WEFT_NO_MEMORY   as in weft_status; nothing was sent
 * Callable from any task or thread. Parks the task (its worker goes on with others) or blocks the thread.
 * Everything before the send happens before the return of the receive of that element.
 * Source: push-queue, Calispel's `!`. Rows CH4, K17.
 */
WEFT_API weft_status weft_send_sized(weft_channel *channel, const void *element, size_t size, weft_deadline deadline);

/**
 * Receives the front element.
 *
 * channel: not NULL. element: room for `size` bytes, written only on WEFT_OK; NULL discards the value, and the
 * size is not looked at. deadline: for an element.
 * Returns
 *   WEFT_OK          *element is the value
 *   WEFT_FAILED, WEFT_CANCELLED   the element carried a condition and is consumed; *element is untouched
 *   WEFT_TIMED_OUT   nothing came until the deadline
 *   WEFT_CLOSED      the channel is closed and empty
 *   WEFT_INVALID, WEFT_WRONG_SIZE, WEFT_NO_MEMORY   as in weft_status; nothing was received
 * Callable from any task or thread. Parks the task or blocks the thread. Waiters are served in the order they came.
 * Source: pop-queue, try-pop-queue, Calispel's `?`. Rows CH4, K17.
 */
WEFT_API weft_status weft_receive_sized(weft_channel *channel, void *element, size_t size, weft_deadline deadline);

/**
 * Receives the result of a task: as weft_receive_sized, and WEFT_ENDED if the channel's kernel has ended, the channel
 * is empty and no task submitted through it is outstanding, so that no result can come any more.
 *
 * Source: receive-result, try-receive-result. Rows K6, K7.
 */
WEFT_API weft_status weft_receive_result_sized(weft_channel *channel, void *element, size_t size,
                                               weft_deadline deadline);

/**
 * Copies the front element and leaves it in the channel.
 *
 * Returns WEFT_OK; WEFT_TIMED_OUT if the channel is empty; WEFT_FAILED, WEFT_CANCELLED if the front is a condition;
 * WEFT_INVALID, WEFT_WRONG_SIZE. Waits only for a lock of the channel. Source: peek-queue. Row K17.
 */
WEFT_API weft_status weft_peek_sized(weft_channel *channel, void *element, size_t size);

/** How many elements are in the channel now; 0 for NULL. Any task or thread. Source: queue-count. */
WEFT_API size_t weft_count(weft_channel *channel);
/** The most elements it holds; 0 means no limit; 0 for NULL. */
WEFT_API size_t weft_capacity(const weft_channel *channel);
/** The size of an element in bytes; 0 for NULL. */
WEFT_API size_t weft_element_size(const weft_channel *channel);
/** The name, or NULL. Owned by the channel. */
WEFT_API const char *weft_channel_name(const weft_channel *channel);
/** Whether it holds no element now; true for NULL. Source: queue-empty-p. */
WEFT_API bool weft_is_empty(weft_channel *channel);
/** Whether a send would have to wait now; false without a capacity, and for NULL. Source: queue-full-p. */
WEFT_API bool weft_is_full(weft_channel *channel);

/**
 * Closes a channel: later sends are refused, what is in it can still be received, waiting receivers of an empty channel
 * and waiting senders get WEFT_CLOSED. Results of tasks already submitted are still delivered.
 *
 * Closing twice is harmless. Does not wait for weft_lock_channel. Returns WEFT_OK or WEFT_INVALID (NULL). Any task or
 * thread. Row CH5.
 */
WEFT_API weft_status weft_close(weft_channel *channel);

/**
 * Takes the channel's lock, so that several operations follow each other with nobody else in between.
 *
 * While it is held, other tasks and threads that use the channel wait. The holder uses the ordinary operations. One
 * that has to wait (receive of an empty, send to a full channel) gives the lock up meanwhile and has it again on
 * return. The result of a timeout does not wait for the lock. Not recursive: a second take by the holder returns
 * WEFT_INVALID. deadline: for the lock. Returns WEFT_OK, WEFT_TIMED_OUT, WEFT_INVALID, WEFT_NO_MEMORY. Row K17. Source:
 * with-locked-queue.
 */
WEFT_API weft_status weft_lock_channel(weft_channel *channel, weft_deadline deadline);

/** Gives the lock back. Returns WEFT_INVALID if the caller does not hold it. */
WEFT_API weft_status weft_unlock_channel(weft_channel *channel);

/**
 * Runs the block that follows with the channel locked. break, return and goto give the lock back.
 *
 *     WEFT_WITH_LOCKED_CHANNEL(q) { weft_receive(q, &a, WEFT_NOW); weft_send(q, &b, WEFT_NOW); }
 *
 * The block is skipped if the lock cannot be taken (NULL, or held by the caller already).
 */
#define WEFT_WITH_LOCKED_CHANNEL(channel) WEFTI_WITH_LOCKED(channel, __COUNTER__)
#define WEFTI_WITH_LOCKED(channel, unique) WEFTI_WITH_LOCKED_(channel, unique)
#define WEFTI_WITH_LOCKED_(channel, unique)                                                                            \
    for (__attribute__((cleanup(weft_leave_locked_channel)))                                                           \
         weft_channel *wefti_locked_##unique = weft_enter_locked_channel(channel);                                     \
         wefti_locked_##unique; weft_leave_locked_channel(&wefti_locked_##unique))

/** What WEFT_WITH_LOCKED_CHANNEL is made of: the channel once locked, or NULL. */
WEFT_API weft_channel *weft_enter_locked_channel(weft_channel *channel);
/** What WEFT_WITH_LOCKED_CHANNEL is made of: unlocks *locked if it is not NULL and sets it to NULL. */
WEFT_API void weft_leave_locked_channel(weft_channel **locked);

WEFT_END_DECLS

#endif
