/* SPDX-License-Identifier: MIT */
/* io.h - tasks and threads that wait for descriptors, and the worker that looks after them.
 *
 * Idea: a kernel has one set of watched descriptors, made when the first is waited for. A worker that has nothing to do
 * and would sleep on its own word sleeps on the set instead, if no other does and there is something to watch: it is
 * the poller. Who wakes it rings the set's bell. A worker that is busy looks at the set now and then, without waiting.
 *
 *   poller:  poller = me;  announce (ASLEEP; heavy barrier);  last look;  wait on the set
 *   waker:   light barrier;  ASLEEP -> AWAKE;  poller == this worker? ring the bell : wake its word
 *
 * Who turns ASLEEP to AWAKE sees what the sleeper wrote before ASLEEP, so `poller` as it is. An order of the barriers
 * would not do: a waker's may come long before, and its cas then find the sleeper and an old `poller`; the bell would
 * not be rung, and everybody take the poller for awake.
 *
 * Each descriptor has a list of waiters; `result` of a waiter says that it wants to write. The set reports a descriptor
 * once and is then told anew what is still wanted. One mutex guards it all; nobody waits for anything while it is held.
 */
#ifndef WEFTI_IO_H
#define WEFTI_IO_H

#include <pthread.h>

#include "os/events.h"
#include "sched/waiters.h"

struct weft_kernel;
struct wefti_worker;

typedef struct wefti_io {
    pthread_mutex_t lock;
    wefti_events events;    /* made with the first waiter; under lock */
    bool open, ended;       /* under lock; ended: nobody polls any more */
    wefti_waiters *waiting; /* by descriptor; under lock */
    int room;
    WEFTI_ATOMIC(uint32_t) watched;             /* waiters in all; under lock, read by workers */
    WEFTI_ATOMIC(struct wefti_worker *) poller; /* who waits on the set, or is about to */
    WEFTI_ATOMIC(int64_t) looked;               /* when somebody last looked */
} wefti_io;

void wefti_io_init(wefti_io *io);
void wefti_io_end(wefti_io *io);
void wefti_io_lose(wefti_io *io); /* in a child of fork: the descriptors are closed, the waiters forgotten */

/* The kernel that looks after the descriptors of this strand: its own, or for a thread the current one. NULL: none. */
struct weft_kernel *wefti_io_kernel(const wefti_strand *self);

/* Makes the waiter wait: WEFT_BUSY. WEFT_OK: it is ready for ever; WEFT_INVALID, WEFT_NO_MEMORY, WEFT_ENDED. */
weft_status wefti_io_enlist(struct weft_kernel *kernel, int descriptor, bool write, wefti_waiter *waiter);
/* A kept waiter is about to look: another report is wanted. */
void wefti_io_again(struct weft_kernel *kernel, int descriptor);
/* Takes the waiter out, if it is still in. */
void wefti_io_delist(struct weft_kernel *kernel, int descriptor, wefti_waiter *waiter);

static inline bool wefti_io_watches(const wefti_io *io) {
    return wefti_load_acquire(&io->watched) != 0; /* acquire: the set has been made; partner: count_watched */
}

/* Something is watched, and nobody waits on the set. */
static inline bool wefti_io_wants_poller(const wefti_io *io) {
    return wefti_io_watches(io) && wefti_load_relaxed(&io->poller) == NULL; /* relaxed: after the caller's barrier */
}

/* A worker without anything to do, before it announces its sleep: whether it is the poller now. */
bool wefti_io_become_poller(struct wefti_worker *worker);
/* The poller, asleep: waits; then it is awake and counted as searching, and no poller any more. */
void wefti_io_sleep(struct wefti_worker *worker, int64_t deadline);
/* It will not sleep after all. */
void wefti_io_stop_polling(struct wefti_worker *worker);
/* A busy worker: looks, if nobody has for a while. */
void wefti_io_look(struct wefti_worker *worker);
/* Waker of a worker that slept: false: it is not the poller. */
bool wefti_io_ring(struct weft_kernel *kernel, struct wefti_worker *worker);
/* The kernel has ended: no wait of its set is ended by it any more. */
void wefti_io_kernel_ended(struct weft_kernel *kernel);

#endif
