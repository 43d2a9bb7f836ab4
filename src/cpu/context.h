/* SPDX-License-Identifier: MIT */
/* context.h - a place to go on from: a saved stack pointer, and the switch between two of them.
 *
 * Idea: the switch pushes the registers that a callee must keep, together with its return address, on the stack it
 * leaves; a context is then only where that frame lies. One file for each processor implements this, and ucontext.c for
 * the rest (WEFTI_PORTABLE_SWITCH).
 *
 * The state of a context is its one word:
 *
 *            wefti_context_make            wefti_context_switch to it
 *   (none) --------------------> LEFT ------------------------------> RUNNING
 *                                 ^   sp != NULL           sp == NULL    |
 *                                 +--------------------------------------+
 *                                      wefti_context_switch from it
 *
 * The switch stores sp after its last access to the stack that it leaves, with release order. So another OS thread that
 * sees sp != NULL (wefti_context_is_left) may go on there, with all that was done before the switch visible to it.
 *
 * Rules: both contexts outlive the switch. They are two; who wants to go on with itself does nothing. A context that is
 * switched to is left already: the switch does not wait.
 *
 * Not saved: the control words of the floating point units (MXCSR and x87 on x86-64, FPCR on AArch64) and the signal
 * mask. They belong to the OS thread; a task that changes one puts it back before it waits.
 */
#ifndef WEFTI_CONTEXT_H
#define WEFTI_CONTEXT_H

#include "base/atomic.h"

#ifdef WEFTI_PORTABLE_SWITCH
#include <ucontext.h>
#endif

typedef struct wefti_context {
    WEFTI_ATOMIC(void *) sp; /* first, and then the answer: the assembly knows */
    int answer;              /* what the switch returns here; set by who makes this one go on */
#ifdef WEFTI_PORTABLE_SWITCH
    struct wefti_context *previous; /* who switched to this one */
    void (*entry)(void *argument);
    void *argument;
    ucontext_t machine; /* must not be moved once made: it points into itself */
#endif
} wefti_context;

/* Makes a context that will call entry(argument) on the `size` bytes from stack_low on. entry never returns. */
void wefti_context_make(wefti_context *context, void *stack_low, size_t size, void (*entry)(void *argument),
                        void *argument);

/* Leaves `from`, which is the caller, and goes on with `to`. Returns from->answer when somebody switches to `from`,
 * perhaps on another OS thread: addresses of thread-local variables taken before are no longer good. A function that
 * ends in this call, as a jump, comes back to its caller with the answer: nothing returns through a stale prediction.
 */
int wefti_context_switch(wefti_context *from, wefti_context *to);

/* Whether the context has been left for good, so that any thread may switch to it. */
static inline bool wefti_context_is_left(wefti_context *context) {
    return wefti_load_acquire(&context->sp) != NULL; /* partner: the last store of wefti_context_switch */
}

#endif
