/* SPDX-License-Identifier: MIT */
/* interrupt.h - interrupting one thread of the process with a signal, and the stack that its handler runs on.
 *
 * Two signals. To end: SIGURG, ignored unless somebody wants it, and not used by programs for what they could not do
 * without; calls of the system that block come back. To pause: SIGVTALRM; calls that block go on where the system can
 * do that (SA_RESTART). A handler that the program had, or installs later, is called for signals that are not ours.
 */
#ifndef WEFTI_INTERRUPT_H
#define WEFTI_INTERRUPT_H

#include "base/base.h"

typedef enum wefti_interruption { WEFTI_TO_END, WEFTI_TO_PAUSE } wefti_interruption;

/* Runs on the thread that is interrupted, all signals blocked. Returns whether the signal was for it. */
typedef bool wefti_interrupt_handler(void *interrupted);

/* Installs the handler where it is not installed. One caller at a time, each with the same handler. */
bool wefti_interrupt_init(wefti_interruption which, wefti_interrupt_handler *handler);

/* false: there is no such thread any more. */
bool wefti_interrupt(wefti_interruption which, int thread_id);

/* Lets the thread run only when nobody else wants to. */
void wefti_os_thread_least(int thread_id);
/* No cancellation of the calling thread at any point: what blocks may have allowed it for a while. */
void wefti_os_thread_no_cancel(void);
/* Ends the calling thread, leaving its stack as it stands. */
WEFTI_NORETURN void wefti_os_thread_vanish(void);

/* A stack for handlers, for the calling thread: several may be on a fiber's stack that is short, or used up. NULL: none
 * could be had, or the thread has one. */
void *wefti_signal_stack_begin(void);
void wefti_signal_stack_end(void *stack);
/* The same of a thread that is gone. */
void wefti_signal_stack_free(void *stack);

#endif
