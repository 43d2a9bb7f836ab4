/* SPDX-License-Identifier: MIT */
/* annotate.h - tells AddressSanitizer, ThreadSanitizer and Valgrind about stacks and switches; else it is nothing.
 *
 * The order of calls, for each fiber:
 *
 *     make or adopt, { leave, (the switch), arrive } ..., leave with last, (the switch), end
 *
 * leave is called on the stack that is left, arrive first thing on the stack that goes on, also at the very beginning
 * of a fiber. Between leave and arrive nothing but the switch may run: the sanitizer already believes in the other
 * stack.
 *
 * ThreadSanitizer takes a switch as ordering what was done before it on this thread, which hides races between fibers
 * of one thread. Built with WEFT_SANITIZE=fibers it takes it as ordering nothing, and such races are found. The
 * library's own plain accesses are then not instrumented, since what belongs to a worker is used by all of its fibers
 * in turn, and what it does order between them is told by wefti_hands_over and wefti_takes_over: unpark before the end
 * of park, submission before the beginning of the task, and all that a fiber does before whoever gets its stack. Not
 * found are races that something inside happens to order: two tasks that run one after the other on one runner, one
 * that makes a runner and one that begins on it, two that take the same lock of ours (of a channel), or go through the
 * same channel of their worker, in between.
 */
#ifndef WEFTI_ANNOTATE_H
#define WEFTI_ANNOTATE_H

#include "base/base.h"

#if WEFTI_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if WEFTI_TSAN
#include <sanitizer/tsan_interface.h>
#endif
#if defined(__has_include)
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#define WEFTI_VALGRIND 1
#endif
#endif
#ifndef WEFTI_VALGRIND
#define WEFTI_VALGRIND 0
#endif

/* All inlined into the function that switches: the sanitizers keep a list of the functions entered on each stack, and a
 * function that was entered on one stack must not seem to return on another. */
#define WEFTI_ANNOTATE static inline __attribute__((always_inline))

typedef struct wefti_annotation {
    unsigned stack_id; /* Valgrind's */
    bool adopted;      /* the stack is a thread's own */
#if WEFTI_ASAN
    const void *low;
    size_t size;
    void *fake_stack;
#endif
#if WEFTI_TSAN
    void *fiber;
#endif
} wefti_annotation;

/* ---- Valgrind ---- */

WEFTI_ANNOTATE unsigned wefti_annotate_stack(void *low, size_t size) {
#if WEFTI_VALGRIND
    VALGRIND_MAKE_MEM_UNDEFINED(low, size); /* frames of an earlier fiber have been left there */
    return VALGRIND_STACK_REGISTER(low, (char *)low + size);
#else
    (void)low, (void)size;
    return 0;
#endif
}

WEFTI_ANNOTATE void wefti_annotate_no_stack(unsigned stack_id) {
#if WEFTI_VALGRIND
    VALGRIND_STACK_DEREGISTER(stack_id);
#else
    (void)stack_id;
#endif
}

/* ---- AddressSanitizer ---- */

#if WEFTI_ASAN
/* annotate.c: where the calling thread's own stack lies. */
void wefti_annotate_own_stack(const void **low, size_t *size);

/* Frames that were left without a return have poisoned their surroundings. */
WEFTI_ANNOTATE void wefti_asan_clean(const wefti_annotation *self) {
    ASAN_UNPOISON_MEMORY_REGION(self->low, self->size);
}

WEFTI_ANNOTATE void wefti_asan_make(wefti_annotation *self, const void *low, size_t size) {
    self->low = low;
    self->size = size;
    self->fake_stack = NULL;
    wefti_asan_clean(self);
}

WEFTI_ANNOTATE void wefti_asan_leave(wefti_annotation *from, const wefti_annotation *to, bool last) {
    __sanitizer_start_switch_fiber(last ? NULL : &from->fake_stack, to->low, to->size);
}

WEFTI_ANNOTATE void wefti_asan_arrive(wefti_annotation *self) {
    __sanitizer_finish_switch_fiber(self->fake_stack, NULL, NULL);
}
#endif

/* The thread is being ended from where it sleeps in the system. What it runs from here on lies where frames were left
 * that have not returned. */
WEFTI_ANNOTATE void wefti_annotate_death(void) {
#if WEFTI_ASAN
    const void *low;
    size_t size;
    wefti_annotate_own_stack(&low, &size);
    ASAN_UNPOISON_MEMORY_REGION(low, size);
#endif
}

/* ---- ThreadSanitizer ---- */

#if WEFTI_TSAN
WEFTI_ANNOTATE void wefti_tsan_leave(wefti_annotation *from, const wefti_annotation *to, bool last) {
    void *next = to->fiber;
    unsigned flags = WEFTI_TSAN_FIBERS ? __tsan_switch_to_fiber_no_sync : 0;
    (void)last;
    /* The assembly says that it has been left. Partners: the acquire in wefti_tsan_end, before others get the stack,
     * and wefti_annotate_taken. */
    __tsan_release(from);
    __tsan_switch_to_fiber(next, flags);
}

WEFTI_ANNOTATE void wefti_tsan_end(wefti_annotation *self) {
    __tsan_acquire(self);
    __tsan_destroy_fiber(self->fiber);
}
#endif

/* ---- what fibers call ---- */

/* A fiber will run on the `size` bytes from low on. */
WEFTI_ANNOTATE void wefti_annotate_make(wefti_annotation *self, void *low, size_t size) {
    self->adopted = false;
    self->stack_id = wefti_annotate_stack(low, size);
#if WEFTI_ASAN
    wefti_asan_make(self, low, size);
#endif
#if WEFTI_TSAN
    self->fiber = __tsan_create_fiber(0);
#endif
}

/* The calling thread's own stack is a fiber from now on. */
WEFTI_ANNOTATE void wefti_annotate_adopt(wefti_annotation *self) {
    self->adopted = true;
    self->stack_id = 0;
#if WEFTI_ASAN
    wefti_annotate_own_stack(&self->low, &self->size);
    self->fake_stack = NULL;
#endif
#if WEFTI_TSAN
    self->fiber = __tsan_get_current_fiber();
#endif
}

/* The fiber, which does not run, is no more; its stack may be used anew. Nothing for an adopted one. */
WEFTI_ANNOTATE void wefti_annotate_end(wefti_annotation *self) {
    if (self->adopted) return;
    wefti_annotate_no_stack(self->stack_id);
#if WEFTI_ASAN
    wefti_asan_clean(self);
#endif
#if WEFTI_TSAN
    wefti_tsan_end(self);
#endif
}

/* Another thread has seen that the fiber was left. */
WEFTI_ANNOTATE void wefti_annotate_taken(wefti_annotation *self) {
#if WEFTI_TSAN
    __tsan_acquire(self);
#else
    (void)self;
#endif
}

/* The next thing that happens is the switch of the running fiber to the top of its own stack; all that is on it is
 * gone. It arrives there as a new one does. */
WEFTI_ANNOTATE void wefti_annotate_restart(wefti_annotation *self) {
#if WEFTI_ASAN
    wefti_asan_clean(self);
    self->fake_stack = NULL;
    __sanitizer_start_switch_fiber(NULL, self->low, self->size);
#elif WEFTI_TSAN
    void *gone = self->fiber; /* with its list of the functions that were entered */
    self->fiber = __tsan_create_fiber(0);
    __tsan_switch_to_fiber(self->fiber, 0);
    __tsan_destroy_fiber(gone);
#else
    (void)self;
#endif
}

/* The next thing that happens is the switch. last: `from` never runs again. */
WEFTI_ANNOTATE void wefti_annotate_leave(wefti_annotation *from, wefti_annotation *to, bool last) {
#if WEFTI_ASAN
    wefti_asan_leave(from, to, last);
#elif WEFTI_TSAN
    wefti_tsan_leave(from, to, last);
#else
    (void)from, (void)to, (void)last;
#endif
}

/* The switch has happened, and `self` is the one that goes on. */
WEFTI_ANNOTATE void wefti_annotate_arrive(wefti_annotation *self) {
#if WEFTI_ASAN
    wefti_asan_arrive(self);
#else
    (void)self;
#endif
}

/* Where a local variable stands on the stack. AddressSanitizer may keep it elsewhere, to notice who uses it too late.
 */
static inline uintptr_t wefti_place_on_stack(const void *local) {
#if WEFTI_ASAN
    void *place = __asan_addr_is_in_fake_stack(__asan_get_current_fake_stack(), (void *)(uintptr_t)local, NULL, NULL);
    /* What it gives stands in the frame of its own function that was called by ours: a little more is in ours. */
    if (place != NULL) return (uintptr_t)place + 128;
#endif
    return (uintptr_t)local;
}

#endif
