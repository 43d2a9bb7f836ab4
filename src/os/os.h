/* SPDX-License-Identifier: MIT */
/* os.h - the contract with the operating system: what Weft asks of it, each with its pre-conditions.
 *
 * One file per facility implements this; no other folder calls the system for these things.
 */
#ifndef WEFTI_OS_H
#define WEFTI_OS_H

#include "base/atomic.h"

/* clock.c: monotonic nanoseconds, at least 1. Async-signal-safe. */
int64_t wefti_clock(void);

/* futex.c: sleeps while *word == expected, until woken or until the absolute deadline (INT64_MAX: none). May return
 * without reason. Returns false if the deadline has passed. */
typedef WEFTI_ATOMIC(uint32_t) wefti_futex;
bool wefti_futex_wait(wefti_futex *word, uint32_t expected, int64_t deadline);
/* The same for a thread that may be cancelled in it, when it wants that: cancellation is deferred before and after. */
bool wefti_futex_wait_cancelled(wefti_futex *word, uint32_t expected, int64_t deadline);
/* Wakes at most `count` sleepers of the word. The memory of *word need not exist any more. */
void wefti_futex_wake(wefti_futex *word, uint32_t count);

/* pages.c: address space. All sizes are multiples of the page size. */
size_t wefti_page_size(void);
/* Reserves and makes usable; memory is zero and takes room only once touched. NULL if the system has none. */
void *wefti_pages_map(size_t size);
/* The same for memory that will be touched all over: on huge pages, where the system has them. */
void *wefti_pages_map_large(size_t size);
void wefti_pages_unmap(void *pages, size_t size);
/* Makes one page a guard: touching it is a fault. Returns false if the system refuses (the caller goes on without). */
bool wefti_pages_guard(void *page);
/* The same for `count` ranges of `size` bytes that lie `stride` bytes apart, in few calls of the system. Returns how
 * many of them, from the first on, are guards now. *mappings rises by those of them that cost the process mappings, of
 * which it has not many. */
size_t wefti_pages_guard_many(void *first, size_t size, size_t stride, size_t count, size_t *mappings);
/* Has the system give memory to such ranges now, in few calls. Where it does not, each has it once it is touched. */
void wefti_pages_populate_many(void *first, size_t size, size_t stride, size_t count);
/* Says that so many guards have been unmapped, so that others may have them. */
void wefti_pages_guards_gone(size_t mappings);
/* Makes pages of a guard usable, and guards of them again: their memory is zero in between. Async-signal-safe. Returns
 * false if the system refuses. */
bool wefti_pages_open(void *pages, size_t size);
bool wefti_pages_close(void *pages, size_t size);
/* Gives the memory of a range back; it reads as zero afterwards. Guards stay. */
void wefti_pages_forget(void *pages, size_t size);
/* Asks for large pages where whole ones lie in memory that was allocated and is not touched yet: any address and size.
 */
void wefti_pages_large(void *memory, size_t size);

/* cpus.c: how many CPUs this process may use: affinity mask and cgroup quota, at least 1. */
unsigned wefti_cpu_count(void);
/* The same over a given cgroup file system and cgroup list (/proc/self/cgroup), for tests: 0 means no quota. */
unsigned wefti_cgroup_cpus(const char *cgroup_root, const char *self_cgroup_file);
/* The CPU the caller runs on now, or -1. */
int wefti_current_cpu(void);
/* As wefti_cpu_count, whatever processors the calling thread is kept to: others may be kept to others. */
unsigned wefti_cpus_of_process(void);

/* thread.c: a joinable OS thread with all signals blocked that programs aim at threads of their own. */
typedef struct wefti_os_thread {
    uintptr_t handle;
} wefti_os_thread;
/* Returns 0, or an errno value (EAGAIN: no threads left). stack_size 0: the system's default. */
int wefti_os_thread_start(wefti_os_thread *thread, void (*run)(void *), void *argument, size_t stack_size);
void wefti_os_thread_join(wefti_os_thread *thread);
/* It will not be joined. */
void wefti_os_thread_detach(wefti_os_thread *thread);
/* Names the calling thread, cut to what the system allows. */
void wefti_os_thread_name(const char *name);
void wefti_os_yield(void);
void wefti_os_nap(int64_t nanoseconds); /* less than a second */
/* The system's number for the calling thread. */
int wefti_os_thread_id(void);
/* Processor time that a thread of this process has used, in nanoseconds; 0 if there is none of this number. */
int64_t wefti_os_thread_used(int thread_id);
/* Whether a thread of this process runs, or would if it had a processor; false where that cannot be told. */
bool wefti_os_thread_wants_processor(int id);
/* Whether this process has a thread of that number. */
bool wefti_os_thread_lives(int id);
/* Asks for time-outs of the calling thread to be as exact as the system can. */
void wefti_os_exact_timeouts(void);

/* source.c: "function (file:line)" of what lies at an offset in an object file, if the system has a program that knows.
 * Starts a process and waits for it: for reports. */
bool wefti_source_line(const char *object, uintptr_t offset, char *place, size_t room);

/* stop.c: writes "weft: misuse: WHAT 'NAME' RULE NUMBERUNIT" to stderr and aborts. For what a caller did that leaves
 * nothing to go on with; whatever can be answered by a status is. Async-signal-safe. */
WEFTI_NORETURN void wefti_stop_misuse(const char *what, const char *name, const char *rule, size_t number,
                                      const char *unit);

/* barrier.c: finds out whether the asymmetric barrier of base/atomic.h can be had. Idempotent, any thread. */
void wefti_barrier_init(void);

#endif
