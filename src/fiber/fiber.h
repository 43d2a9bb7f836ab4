/* SPDX-License-Identifier: MIT */
/* fiber.h - a context on a stack of its own. Knows no scheduler.
 *
 * The object lies at the top of its own stack, so that a fiber that waits keeps one page in memory: object, frames and
 * waiter together. Its place is shifted from fiber to fiber by some lines, or all would fight for the same sets of the
 * cache.
 */
#ifndef WEFTI_FIBER_H
#define WEFTI_FIBER_H

#include "base/node.h"
#include "cpu/context.h"
#include "dynamic/strand.h"
#include "fiber/annotate.h"

typedef struct wefti_fiber {
    wefti_context context;
    wefti_node link;     /* in a list of who keeps it */
    wefti_strand strand; /* what others see of it; its first fields, with the two above, are all that a switch needs,
                            and lie in one line */
    wefti_annotation annotation;
    void *stack_low; /* NULL: the stack is the OS thread's own */
    size_t stack_size;
#ifdef WEFTI_PORTABLE_SWITCH
    wefti_context
        gone; /* see wefti_fiber_restart. Large: thread-local memory has little room for objects loaded later */
#endif
} wefti_fiber;

enum { WEFTI_COLOURS = 16, WEFTI_COLOUR_STEP = 128 };

/* Where the object of `size` bytes lies on the stack with this number. */
static inline void *wefti_fiber_place(void *stack_low, size_t stack_size, uint32_t number, size_t size) {
    /* The last word of a stack is for cpu/divert.h. */
    uintptr_t top =
        (uintptr_t)stack_low + stack_size - 2 * sizeof(void *) - (number % WEFTI_COLOURS) * WEFTI_COLOUR_STEP - size;
    return (void *)(top & ~(uintptr_t)(WEFTI_LINE - 1));
}

/* Makes a zeroed object at such a place a fiber that will run entry(argument) below itself. entry never returns. */
void wefti_fiber_make(wefti_fiber *fiber, void *stack_low, size_t stack_size, void (*entry)(void *), void *argument);

/* The fiber that runs begins anew with entry(argument): all that is on its stack is gone. Not for an adopted one. */
WEFTI_NORETURN void wefti_fiber_restart(wefti_fiber *fiber, void (*entry)(void *), void *argument);

/* Makes the calling OS thread's own stack a fiber that can be switched away from and back to. */
void wefti_fiber_adopt(wefti_fiber *fiber);

/* Forgets a fiber that is not running; its stack is the caller's again. */
void wefti_fiber_end(wefti_fiber *fiber);

/* Leaves `from`, which must be running on this thread, and goes on with `to`; returns when somebody goes on with
 * `from`, with from->context.answer. last: `from` will never run again. Inlined into functions that are marked
 * WEFTI_NO_TSAN. */
WEFTI_NO_TSAN static inline __attribute__((always_inline)) int wefti_fiber_switch(wefti_fiber *from, wefti_fiber *to,
                                                                                  bool last) {
    wefti_strand_now = &to->strand;
    wefti_annotate_leave(&from->annotation, &to->annotation, last);
    int answer = wefti_context_switch(&from->context, &to->context);
    wefti_annotate_arrive(&from->annotation);
    return answer;
}

#endif
