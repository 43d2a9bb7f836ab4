/* SPDX-License-Identifier: MIT */
/* ucontext.c - contexts by means of the C library alone: for processors that have no file of their own, and for tests.
 *
 * The library gives no way to run something between "the old stack is left" and "the new one goes on", so the side that
 * is switched to announces the other one as left, first thing. It finds that one through itself: a thread-local
 * variable would not do, for its address may be computed before a switch and used after it, on another thread.
 */
#include "cpu/context.h"

static void announce(wefti_context *left) {
    wefti_store_release(&left->sp, (void *)left); /* partner: wefti_context_is_left */
}

/* makecontext passes integers only. */
static void start(unsigned high, unsigned low) {
    wefti_context *self = (wefti_context *)(uintptr_t)((uint64_t)high << 32 | low);
    announce(self->previous);
    self->entry(self->argument);
    __builtin_trap();
}

void wefti_context_make(wefti_context *context, void *stack_low, size_t size, void (*entry)(void *argument),
                        void *argument) {
    getcontext(&context->machine);
    context->machine.uc_stack.ss_sp = stack_low;
    context->machine.uc_stack.ss_size = size;
    context->machine.uc_link = NULL;
    context->entry = entry;
    context->argument = argument;
    uint64_t self = (uintptr_t)context;
    makecontext(&context->machine, (void (*)(void))(uintptr_t)start, 2, (unsigned)(self >> 32), (unsigned)self);
    wefti_store_release(&context->sp, (void *)context); /* LEFT from the beginning; partner: wefti_context_is_left */
}

int wefti_context_switch(wefti_context *from, wefti_context *to) {
    to->previous = from;
    wefti_store_relaxed(&to->sp, NULL); /* relaxed: nobody looks at a context that is about to run */
    swapcontext(&from->machine, &to->machine);
    announce(from->previous);
    return from->answer;
}
