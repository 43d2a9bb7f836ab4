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

void wefti_fiber_adopt(wefti_fiber *fiber) {
    fiber->stack_low = NULL;
    wefti_annotate_adopt(&fiber->annotation);
}

void wefti_fiber_end(wefti_fiber *fiber) { wefti_annotate_end(&fiber->annotation); }
