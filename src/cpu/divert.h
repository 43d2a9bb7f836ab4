/* SPDX-License-Identifier: MIT */
/* divert.h - making code that was interrupted, that waits, or that is about to return go on elsewhere.
 *
 * Three ways, for a thread's own handler of signals or a worker's own loop. In each case wefti_diverted or
 * wefti_barrier_passed is called on the stack of that code, as if it had called it there: unwinders and debuggers see
 * it below the place where it was, with all registers of that frame.
 *
 *   at once     wefti_divert_interrupted changes what the handler returns to
 *   waiting     wefti_divert_waiting lets a context that has been left go on into wefti_diverted
 *   for a while wefti_pause_interrupted: wefti_paused is called in the place of the next instruction, with all state of
 *               the processor kept, and then that comes
 *   at return   wefti_barrier_set changes a return address. The original is kept at the top of the stack, from where
 * the unwinding information of the code that stands there instead takes it: who walks the stack meanwhile sees nothing
 * unusual. One barrier a stack.
 *
 * The stack lies on a multiple of its size, a power of two from 16 KiB to 1 GiB, and its last word is the barrier's.
 *
 * Source: return barriers (Yuasa, Nakagawa, Komiya, Yasugi 2002; Kliot, Petrank, Steensgaard 2009), there for
 * collectors.
 */
#ifndef WEFTI_DIVERT_H
#define WEFTI_DIVERT_H

#include "cpu/context.h"

#if defined(__x86_64__) && defined(__linux__) && defined(__GLIBC__) && !defined(WEFTI_PORTABLE_SWITCH) &&              \
    !WEFTI_ASAN && !WEFTI_TSAN
#define WEFTI_CAN_DIVERT 1
#else
#define WEFTI_CAN_DIVERT 0
#endif

/* Where diverted code goes on, and code that returns to a barrier: they call what is provided below. */
void wefti_diverted_entry(void);
void wefti_barrier_reached(void);

/* What the handler has interrupted: third argument of the handler. */
uintptr_t wefti_interrupted_pc(const void *interrupted);
uintptr_t wefti_interrupted_sp(const void *interrupted);

/* false: there is no room for it above `lowest`. */
bool wefti_divert_interrupted(void *interrupted, uintptr_t lowest);

/* A call that led nowhere: as if it had returned. The stack pointer is good. */
void wefti_interrupted_return(void *interrupted);
/* What a floating point unit still wants to complain of is forgotten. */
void wefti_interrupted_calm(void *interrupted);

/* The context has been left, and nobody else will switch to it or change it meanwhile. */
void wefti_divert_waiting(wefti_context *context);

/* Finds out how much there is to keep. false: nothing can be paused here. */
bool wefti_pause_init(void);
/* false: there is no room for it above `lowest`. After wefti_pause_init. */
bool wefti_pause_interrupted(void *interrupted, uintptr_t lowest);
/* What a pause needs of a stack, below the code that it pauses. */
size_t wefti_pause_room(void);

/* all: keeps all state of the processor, as for a pause, and not just what a function may return. */
void wefti_barrier_set(void **slot, size_t stack_size, bool all);
/* What stood in the slot before. */
void *wefti_barrier_kept(void **slot, size_t stack_size);
/* Puts the return address back, if it is still there. */
void wefti_barrier_clear(void **slot, size_t stack_size);

/* Provided by who pauses. May return much later, on the same thread. */
void wefti_paused(void);

/* Provided by who diverts: the first never returns. At a barrier first the one is called, which stores the original
 * address at *where, then the other, which need not return. */
WEFTI_NORETURN void wefti_diverted(void);
void wefti_barrier_original(void **where);
void wefti_barrier_passed(void);

#endif
