/* SPDX-License-Identifier: MIT */
/* kernel.h - the kernel's own struct: what its workers share. */
#ifndef WEFTI_KERNEL_H
#define WEFTI_KERNEL_H

#include <pthread.h>

#include "sched/drain.h"
#include "sched/idle.h"
#include "sched/io.h"
#include "sched/worker.h"

/* A kernel's life:
 *   MAKING --all workers in their loops--> RUNNING --end_kernel--> ENDING --nothing left to do--> ENDED */
enum { WEFTI_KERNEL_MAKING, WEFTI_KERNEL_RUNNING, WEFTI_KERNEL_ENDING, WEFTI_KERNEL_ENDED };

enum { WEFTI_STACK_CLASSES = 17, WEFTI_SMALLEST_STACK_BITS = 14 };

struct weft_kernel {
    char *name;
    weft_worker_binding *bindings;
    size_t binding_count;
    void (*context)(weft_worker_loop *, void *);
    void *context_argument;
    int64_t spin_count;
    size_t stack_size;
    bool use_caller;
    bool slices; /* of tasks that do not say otherwise */
    int64_t slice;
    WEFTI_ATOMIC(struct wefti_slicer *)
    slicer; /* NULL: none of its tasks is sliced. Made under lock, kept to the end */
    uint32_t worker_count;
    wefti_worker *workers;
    wefti_depot depot;
    wefti_inbox inbox, low;
    wefti_sleepers idle;
    wefti_wheel wheel;       /* timers that belong to no worker */
    wefti_requests requests; /* of threads that take part themselves */
    wefti_stack_pool *stacks;
    pthread_mutex_t lock; /* creation, end, and pools; never held by a task */
    pthread_cond_t changed;
    pthread_mutex_t broadcast_lock;
    WEFTI_ATOMIC(wefti_stack_pool *) pools[WEFTI_STACK_CLASSES]; /* by stack size; made under lock */
    WEFTI_ATOMIC(uint32_t) state;
    uint32_t arrived;     /* workers in their loop; under lock */
    uint32_t quiet;       /* ending: workers with nothing to do; under lock */
    weft_status failure;  /* why the creation failed; under lock */
    wefti_futex word;     /* the creator's: none yet, go, or stop */
    bool joining, joined; /* somebody waits for the threads; they are gone; under lock */
    /* How many workers' threads have been started, the first ones: for who makes the kernel, and who joins them. Not
     * beside what the threads look at: gcc reads neighbouring flags at once, which ThreadSanitizer takes for a race. */
    uint32_t started;
    bool ending_thread_started;
    bool lost; /* in a child of fork: its workers are the parent's */
    wefti_os_thread ending_thread;
    WEFTI_ATOMIC(size_t) users;   /* channels and timeouts that point here */
    WEFTI_ATOMIC(size_t) pledges; /* scopes and broadcasts: the end waits for them */
    wefti_drain drain;
    wefti_spinlock forks_lock;
    struct wefti_forker *forkers; /* strands that have spawned; under forks_lock */
    WEFTI_ATOMIC(uint32_t) forker_count;
    WEFTI_ATOMIC(uint32_t) forks_wanted; /* so many who have spawned wait for forks_lock: see frames.c */
    wefti_io io;
    struct weft_kernel *next_kernel; /* registry, for dumps */
};

/* Promises the kernel more to do, which its end will wait for. false: it is ending. Broken off by wefti_kernel_redeem.
 */
bool wefti_kernel_pledge(weft_kernel *kernel);
void wefti_kernel_redeem(weft_kernel *kernel);

/* The pool of stacks of this size, a power of two; made when it is first asked for. NULL: no memory. */
wefti_stack_pool *wefti_kernel_pool(weft_kernel *kernel, size_t stack_size);

/* Makes a sleeper look at the timers again. */
void wefti_kernel_look_again(weft_kernel *kernel);

/* Whether the caller runs on a worker of the kernel; with NULL: of any kernel. */
bool wefti_kernel_inside(const weft_kernel *kernel);

/* The current kernel as the calling strand sees it, or NULL. */
weft_kernel *wefti_kernel_current(void);

/* Registry of all kernels. */
typedef void wefti_kernel_visitor(weft_kernel *kernel, void *argument);
bool wefti_kernels_walk(wefti_kernel_visitor *visit, void *argument);

/* Called when a kernel's threads are gone and its memory is about to be; set at most once, by condition. */
extern void (*wefti_kernel_gone_hook)(weft_kernel *kernel);
/* Set by condition/fault.c: a kernel is about to be made. */
extern void (*wefti_kernel_begins_hook)(void);
/* For fork, sched/forked.c: the registry's lock; and in the child, with it held: every kernel is lost, and none of them
 * is current in these bindings or globally. */
void wefti_kernels_lock(void);
void wefti_kernels_unlock(void);
void wefti_kernels_forked(weft_bound *bound);
void wefti_blocking_forked(void); /* blocking.c: its threads are gone */

/* Called when a kernel has ended, for floors above that keep waiters of it; set at most once, by comm. */
extern void (*wefti_kernel_ended_hook)(weft_kernel *kernel);

#endif
