/* SPDX-License-Identifier: MIT */
/* descriptor.h - waiting for files, sockets and pipes; channels for event loops; calls that block. */
#ifndef WEFT_DESCRIPTOR_H
#define WEFT_DESCRIPTOR_H

#include <weft/base.h>
#include <weft/channel.h>

WEFT_BEGIN_DECLS

/**
 * Waits until a descriptor can be read from without blocking, or is at its end, or broken.
 *
 * descriptor: of a kind that can be polled (sockets, pipes, terminals, eventfd, timerfd ...); a plain file is always
 * ready. Several may wait for one descriptor, for reading and for writing.
 * Returns WEFT_OK, WEFT_TIMED_OUT, WEFT_CANCELLED; WEFT_INVALID: not an open descriptor; WEFT_NO_MEMORY, also where the
 * system has no descriptors or watches left.
 * Any task or thread. Parks the task, whose worker goes on with others, or blocks the thread. To close a descriptor
 * while somebody waits for it is an error: call weft_forget_descriptor before. Row CH9.
 */
WEFT_API weft_status weft_wait_readable(int descriptor, weft_deadline deadline);
/** The same for writing. */
WEFT_API weft_status weft_wait_writable(int descriptor, weft_deadline deadline);

/**
 * Ends every wait for a descriptor with WEFT_CLOSED, so that it may be closed.
 *
 * Returns WEFT_OK, WEFT_INVALID (negative). Any task or thread. Never blocks.
 */
WEFT_API weft_status weft_forget_descriptor(int descriptor);

/**
 * Gives a descriptor that poll, select and epoll call readable while something can be received from the channel, or it
 * is closed; so any event loop can wait for it.
 *
 * Do not read from it or close it: it belongs to the channel and goes with it. Made at the first call, the same
 * afterwards. Whoever is told that it is readable tries a receive with WEFT_NOW, which may find that another was
 * faster. Returns the descriptor, or -1 (weft_last_status(): WEFT_INVALID, WEFT_NO_MEMORY: no descriptors left). Any
 * task or thread. Row CH9.
 */
WEFT_API int weft_channel_descriptor(weft_channel *channel);

/**
 * Calls function(argument) where it may block without stopping a worker: on a thread kept for such calls.
 *
 * In a task: the task waits, its worker goes on with others. In a plain thread: a plain call. The function must not use
 * the task's bindings; it may submit, send and receive as any plain thread.
 * Returns WEFT_OK when it has been called and has returned; WEFT_INVALID (NULL); WEFT_NO_MEMORY, WEFT_NO_THREADS: it
 * was not called; WEFT_FAILED: it signalled an error that nobody took, see weft_last_condition. At most
 * weft_blocking_limit() calls run at once, the others wait their turn, first in, first out. Threads that had nothing to
 * do for some seconds end.
 */
WEFT_API weft_status weft_call_blocking(void (*function)(void *argument), void *argument);

/** How many blocking calls run or wait for a thread now. Any thread or task. */
WEFT_API size_t weft_blocking_count(void);
/** How many blocking calls may run at once; 64 at first. */
WEFT_API size_t weft_blocking_limit(void);
/** Sets it: 1 to 10,000; WEFT_INVALID otherwise. Calls that run go on. */
WEFT_API weft_status weft_set_blocking_limit(size_t limit);

WEFT_END_DECLS

#endif
