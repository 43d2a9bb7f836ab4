/* SPDX-License-Identifier: MIT */
/* channel.h - channels: first in, first out, for messages, for the results of tasks, and as queues. */
#ifndef WEFT_CHANNEL_H
#define WEFT_CHANNEL_H

#include <weft/base.h>
#include <weft/buffer.h>
#include <weft/kernel.h>
#include <weft/unwind.h>

WEFT_BEGIN_DECLS

/**
 * A queue of elements of one size, copied in and out; an element may carry a condition instead of a value.
 *
 * The member says of what type the elements are, for the compiler alone: it is never read. In a weft_channel it is
 * void, and every type of the right size passes; WEFT_CHANNEL_TYPE makes channels of one type.
 */
typedef struct weft_channel weft_channel;
#ifndef WEFTI_INSIDE /* the library itself knows what it really is */
struct weft_channel {
    void *wefti_element;
};
#endif

/**
 * Defines a type of channels whose elements are of `type`: to send or receive another type does not compile.
 *
 *     WEFT_CHANNEL_TYPE(job_channel, struct job);
 *     job_channel *jobs = weft_make_typed_channel(job_channel, NULL);
 *     weft_send(jobs, &job, WEFT_FOREVER);
 *
 * Every operation with a lower-case name and every clause takes both kinds. Where a function wants a weft_channel * and
 * is no macro, as in weft_submit, give it weft_untyped(jobs).
 */
#define WEFT_CHANNEL_TYPE(name, type)                                                                                  \
    typedef struct name {                                                                                              \
        __typeof__(type) *wefti_element;                                                                               \
    } name
/** Any channel as a weft_channel *. */
#define weft_untyped(channel) ((void)sizeof((channel)->wefti_element), (weft_channel *)(channel))

/** Which of several waiters a channel serves first. */
typedef enum weft_waiter_order {
    WEFT_WAITERS_IN_ORDER = 0, /**< the one that has waited longest */
    WEFT_WAITERS_AT_RANDOM = 1 /**< any, all with the same chance, as in Calispel */
} weft_waiter_order;

/** Options of weft_make_channel_with. All zero is the default of each. */
typedef struct weft_channel_options {
    const char *name;     /**< shown in dumps; copied. NULL: unnamed */
    size_t capacity;      /**< most elements held; 0: no limit */
    const void *initial;  /**< initial elements, front first; those beyond the capacity are left out */
    size_t initial_count; /**< how many lie at `initial` */
    weft_kernel *kernel;  /**< where tasks submitted through the channel run; NULL: the current kernel, if any */
    void (*destroy)(void *element); /**< called for each element that is never received. NULL: none */
    bool rendezvous;                /**< holds nothing: a sender waits for a receiver. Capacity must be 0 */
    weft_buffer *buffer; /**< another order or policy; becomes the channel's own. Its capacity counts; must be empty */
    weft_waiter_order waiters; /**< whom it serves first */
    bool local;                /**< used by tasks of one worker alone, the one of the first use, and so without locks */
} weft_channel_options;

/** Makes an unbounded channel for elements of `type`. See weft_make_channel_sized. */
#define weft_make_channel(type) weft_make_channel_sized(sizeof(type), NULL)
/** Makes a channel for elements of `type` with options (a pointer). See weft_make_channel_sized. */
#define weft_make_channel_with(type, ...) weft_make_channel_sized(sizeof(type), (__VA_ARGS__))
/** Makes a channel of a type defined by WEFT_CHANNEL_TYPE, with options (a pointer, or NULL). */
#define weft_make_typed_channel(channel_type, ...)                                                                     \
    ((channel_type *)weft_make_channel_sized(sizeof(*((channel_type *)0)->wefti_element), (__VA_ARGS__)))
/** Makes a channel for the ends of tasks that have no result. Receive with weft_receive_done. */
#define weft_make_done_channel() weft_make_channel_sized(0, NULL)
/** Makes a channel that holds nothing: who sends waits for who receives, and the other way round. */
#define weft_make_rendezvous(type) weft_make_rendezvous_sized(sizeof(type))

/**
 * Makes a channel.
 *
 * element_size: bytes of an element, 0 to 1 MiB.
 * options: NULL for the defaults. The kernel is fixed here: later changes of the current kernel do not matter. A
 * channel without a kernel carries messages but refuses submissions with WEFT_NO_KERNEL. With a buffer, its element
 * size must be the same, and initial elements are put into it.
 * Returns the channel, or NULL (weft_last_status(): WEFT_INVALID, also for options that exclude each other;
 * WEFT_WRONG_SIZE: a buffer for other elements; WEFT_BUSY: a buffer that holds elements or has an owner;
 * WEFT_NO_MEMORY). On NULL the buffer is still the caller's. Callable from any thread or task. Never blocks. Free it
 * with weft_free_channel. Source: make-channel, make-queue, make-instance 'channel. Rows CH1, CH2, CH3, K6, K17.
 */
WEFT_API WEFT_CHECKED weft_channel *weft_make_channel_sized(size_t element_size, const weft_channel_options *options);

/** Makes a channel without a buffer. As weft_make_channel_sized with the option rendezvous. */
WEFT_API WEFT_CHECKED weft_channel *weft_make_rendezvous_sized(size_t element_size);

/**
 * Makes a channel from which the time, a weft_deadline, can be received once, from `deadline` on.
 *
 * It is the time of the receive that is given, not the one at which the clock was due, so a late receiver can tell.
 * Costs nothing while nobody waits: no timer is armed, no thread runs. Sending to it is refused (WEFT_INVALID). Once
 * received, nothing more ever comes. NULL: WEFT_NO_MEMORY. Row CH8.
 */
WEFT_API WEFT_CHECKED weft_channel *weft_make_after(weft_deadline deadline);

/**
 * Makes a channel from which the time can be received once in each period; ticks that nobody received in time are left
 * out, as in a clock and not as in a queue.
 *
 * seconds: the period, more than 0, rounded to nanoseconds, at least one. NULL: WEFT_INVALID, WEFT_NO_MEMORY. Otherwise
 * as weft_make_after. Row CH8.
 */
WEFT_API WEFT_CHECKED weft_channel *weft_make_every(double seconds);

/** Makes a channel on which nothing ever happens, whose elements may have any size up to 1 MiB. Row CH8. */
WEFT_API WEFT_CHECKED weft_channel *weft_make_never(size_t element_size);

/**
 * Frees a channel. Elements still in it are destroyed; results that tasks deliver later are dropped.
 *
 * channel: NULL is allowed and does nothing.
 * Returns WEFT_OK; WEFT_BUSY while somebody waits on it or holds its lock, and then nothing is freed.
 * Callable from any thread or task. Nobody may use the channel afterwards, except tasks already submitted through it.
 */
WEFT_API weft_status weft_free_channel(weft_channel *channel);

/** Sends a copy of *(pointer). The type of *(pointer) must have the size of an element. See weft_send_sized. */
#define weft_send(channel, pointer, deadline)                                                                          \
    weft_send_sized(WEFTI_FITTING(channel, pointer), (pointer), sizeof *(pointer), (deadline))
/** Receives into *(pointer). See weft_receive_sized. */
#define weft_receive(channel, pointer, deadline)                                                                       \
    weft_receive_sized(WEFTI_FITTING(channel, pointer), (pointer), sizeof *(pointer), (deadline))
/** Receives the result of a task into *(pointer). See weft_receive_result_sized. */
#define weft_receive_result(channel, pointer, deadline)                                                                \
    weft_receive_result_sized(WEFTI_FITTING(channel, pointer), (pointer), sizeof *(pointer), (deadline))
/** Receives the end of a task without result. See weft_receive_result_sized. */
#define weft_receive_done(channel, deadline) weft_receive_result_sized((channel), NULL, 0, (deadline))
/** Copies the front element into *(pointer) and leaves it there. See weft_peek_sized. */
#define weft_peek(channel, pointer) weft_peek_sized(WEFTI_FITTING(channel, pointer), (pointer), sizeof *(pointer))
/** Sends `count` elements from the array at `pointer`. See weft_send_many_sized. */
#define weft_send_many(channel, pointer, count, deadline, sent)                                                        \
    weft_send_many_sized(WEFTI_FITTING(channel, pointer), (pointer), (count), sizeof *(pointer), (deadline), (sent))
/** Receives up to `count` elements into the array at `pointer`. See weft_receive_many_sized. */
#define weft_receive_many(channel, pointer, count, deadline, received)                                                 \
    weft_receive_many_sized(WEFTI_FITTING(channel, pointer), (pointer), (count), sizeof *(pointer), (deadline),        \
                            (received))

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
 * Sends several elements as one operation.
 *
 * elements: count of them, side by side. sent: how many were sent, whatever the status; may be NULL. They follow each
 * other in order; where all find room at once, nothing of another sender comes between. Returns WEFT_OK when all are
 * sent; otherwise as weft_send_sized, for the first that could not be. Row CH10.
 */
WEFT_API weft_status weft_send_many_sized(weft_channel *channel, const void *elements, size_t count, size_t size,
                                          weft_deadline deadline, size_t *sent);

/**
 * Receives at least one element, and with it as many as are there, up to `count`.
 *
 * elements: room for count of them. received: how many; may be NULL. Waits only for the first one; stops before an
 * element that carries a condition, unless it is the first. Returns as weft_receive_sized for the first. count 0 is
 * WEFT_INVALID. Row CH10.
 */
WEFT_API weft_status weft_receive_many_sized(weft_channel *channel, void *elements, size_t count, size_t size,
                                             weft_deadline deadline, size_t *received);

/**
 * Reserves the place of the next element, to be filled where it lies: for large elements.
 *
 * place: becomes the address of element-size bytes, aligned to 8, valid until weft_commit or weft_abandon. The order is
 * that of the reservations: what is sent afterwards is received after it, and receivers wait for it.
 * Only for channels without a buffer option and not rendezvous (WEFT_INVALID). Otherwise as weft_send_sized. Row CH10.
 */
WEFT_API weft_status weft_reserve(weft_channel *channel, void **place, weft_deadline deadline);
/** Sends the element in a reserved place. WEFT_OK, or WEFT_INVALID (not a reserved place). Never waits. By anybody. */
WEFT_API weft_status weft_commit(weft_channel *channel, void *place);
/** Gives a reserved place up; the element is as if it had never been. As weft_commit. */
WEFT_API weft_status weft_abandon(weft_channel *channel, void *place);

/** A run of receives. Made by WEFT_FOR_EACH_RECEIVED; the fields are Weft's own. */
typedef struct weft_iteration {
    weft_channel *channel;
    bool running;
} weft_iteration;

/**
 * Receives into the new variable `element` of `type` and runs the block that follows, until the channel is closed and
 * empty. break and return leave it. It ends early when a receive gives no value; weft_last_status() then says why, and
 * is WEFT_CLOSED after a full run. Row CH7.
 *
 *     WEFT_FOR_EACH_RECEIVED(struct job, job, jobs) { work_on(&job); }
 */
#define WEFT_FOR_EACH_RECEIVED(type, element, from)                                                                    \
    for (weft_iteration wefti_iteration_##element = {WEFTI_FITTING(from, (type *)0), true};                            \
         wefti_iteration_##element.running; wefti_iteration_##element.running = false)                                 \
        for (type element; weft_iterate(&wefti_iteration_##element, &element, sizeof(type));)

/** What WEFT_FOR_EACH_RECEIVED is made of. */
WEFT_API bool weft_iterate(weft_iteration *iteration, void *element, size_t size);

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
 * Closes a channel and says why.
 *
 * reason: copied; the reason of the first close counts. Otherwise as weft_close, and WEFT_NO_MEMORY: nothing happened.
 */
WEFT_API weft_status weft_close_with(weft_channel *channel, const char *reason);

/** Whether it has been closed; true for NULL. */
WEFT_API bool weft_is_closed(weft_channel *channel);
/** Why it was closed; NULL if it is open, was closed without a reason, or is NULL. Owned by the channel. */
WEFT_API const char *weft_close_reason(weft_channel *channel);

/** Takes out and destroys every element that is there, and what waiting senders bring. Returns how many; 0 for NULL.
 * Never waits, but for a lock of the channel. */
WEFT_API size_t weft_drain(weft_channel *channel);

/**
 * Takes out, and destroys, every element for which match(element, argument) holds; the order of the others is kept.
 *
 * Elements that carry a condition stay. Called with the channel locked as by weft_lock_channel: match must not use it.
 * removed: how many; may be NULL. Returns WEFT_OK, WEFT_INVALID (NULL, match NULL, or a buffer that cannot),
 * WEFT_NO_MEMORY (nothing was taken out, the order is kept). Source: dequeue-object-if.
 */
WEFT_API weft_status weft_remove_if(weft_channel *channel, bool (*match)(const void *element, void *argument),
                                    void *argument, size_t *removed);

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
 * Runs the block that follows with the channel locked. break, return, goto and transfers of control give the lock back.
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
         wefti_locked_##unique; weft_leave_locked_channel(&wefti_locked_##unique))                                     \
    WEFT_UNWIND_PROTECT(wefti_leave_locked, &wefti_locked_##unique)

/** What WEFT_WITH_LOCKED_CHANNEL is made of: the channel once locked, or NULL. */
WEFT_API weft_channel *weft_enter_locked_channel(weft_channel *channel);
/** What WEFT_WITH_LOCKED_CHANNEL is made of: unlocks *locked if it is not NULL and sets it to NULL. */
WEFT_API void weft_leave_locked_channel(weft_channel **locked);
static inline void wefti_leave_locked(void *locked) { weft_leave_locked_channel((weft_channel **)locked); }

WEFT_END_DECLS

/* ---- below: how the macros work ---- */

#ifdef __cplusplus
/* The channel, untyped, if elements and *pointer are of one type or one of the two is void. */
template <typename A, typename B> struct wefti_same { static const bool value = false; };
template <typename A> struct wefti_same<A, A> { static const bool value = true; };
template <typename A> struct wefti_bare { typedef A type; };
template <typename A> struct wefti_bare<A const> { typedef A type; };
template <typename T> inline weft_channel *wefti_fitting(weft_channel *channel, const T *) { return channel; }
template <typename C, typename T> inline weft_channel *wefti_fitting(C *channel, T *pointer) {
    (void)pointer;
    typedef typename wefti_bare<T>::type given;
    typedef decltype(channel->wefti_element) wanted;
    static_assert(wefti_same<wanted, given *>::value || wefti_same<wanted, void *>::value ||
                      wefti_same<given, void>::value,
                  "this type is not that of the channel's elements");
    return reinterpret_cast<weft_channel *>(channel);
}
#define WEFTI_FITTING(channel, pointer) wefti_fitting((channel), (pointer))
#else
#define WEFTI_SAME(a, b) __builtin_types_compatible_p(__typeof__(a), __typeof__(b))
/* Void is what *p is for a pointer to void: elements of an untyped channel, or an untyped place. */
#define WEFTI_FITS(channel, pointer)                                                                                   \
    (WEFTI_SAME(*(channel)->wefti_element, *(pointer)) || WEFTI_SAME(*(channel)->wefti_element, void) ||               \
     WEFTI_SAME(*(pointer), void))
#define WEFTI_FITTING(channel, pointer)                                                                                \
    __extension__({                                                                                                    \
        _Static_assert(WEFTI_FITS(channel, pointer), "this type is not that of the channel's elements");               \
        (weft_channel *)(channel);                                                                                     \
    })
#endif

#endif
