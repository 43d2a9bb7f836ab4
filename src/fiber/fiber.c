/* SPDX-License-Identifier: MIT */
/* fiber.c - making and forgetting fibers. */
#include "fiber/fiber.h"

void wefti_fiber_make(wefti_fiber *fiber, void *stack_low, size_t stack_size, void (*entry)(void *), void *argument) {
    fiber->stack_low = stack_low;
    fiber->stack_size = stack_size;
    size_t below = (size_t)((char *)fiber - (char *)stack_low);
    wefti_annotate_make(&fiber->annotation, stack_low, below);
    wefti_context_make(&fiber->context, stack_low, below, entry, argument);
}

/* What is noted of the stack that goes is of no use to anybody. Not on that stack, where it would be written when the
 * stack pointer has left it already. */
#ifdef WEFTI_PORTABLE_SWITCH
#define GONE(fiber) (&(fiber)->gone)
#else
static __thread wefti_context gone __attribute__((tls_model("initial-exec")));
#define GONE(fiber) (&gone)
#endif

WEFTI_NO_ASAN WEFTI_NO_TSAN WEFTI_NORETURN void wefti_fiber_restart(wefti_fiber *fiber, void (*entry)(void *),
                                                                    void *argument) {
    size_t below = (size_t)((char *)fiber - (char *)fiber->stack_low);
    wefti_context_make(&fiber->context, fiber->stack_low, below, entry, argument);
    wefti_annotate_restart(&fiber->annotation);
    wefti_context_switch(GONE(fiber), &fiber->context);
    __builtin_trap();
}

void wefti_fiber_adopt(wefti_fiber *fiber) {
    fiber->stack_low = NULL;
    wefti_annotate_adopt(&fiber->annotation);
}

void wefti_fiber_end(wefti_fiber *fiber) { wefti_annotate_end(&fiber->annotation); }
