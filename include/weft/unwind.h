/* SPDX-License-Identifier: MIT */
/* unwind.h - clean-ups that run on every way out of a block: its end, a jump, a restart, a kill. */
#ifndef WEFT_UNWIND_H
#define WEFT_UNWIND_H

#include <setjmp.h>

#include <weft/base.h>
#include <weft/dynamic.h>

WEFT_BEGIN_DECLS

/** A clean-up or a target of the C block it stands in. Made by the macros below; the fields are Weft's own. */
typedef struct weft_frame {
    struct weft_frame *outer;
    void (*run)(void *argument); /* the clean-up; NULL: a target, which control can be transferred to */
    void *argument;
    weft_bound *bound; /* what was in force where it began, and is again while it runs */
    struct weft_handler *handlers;
    struct weft_restart *restarts;
    struct weft_fork *forked; /* what is spawned after this is joined when the frame is left from further in */
    uint32_t cleaning, unkillable, uncancelled;
    bool begun;
} weft_frame;

/** A frame that control can be transferred to. Begins with its weft_frame. */
typedef struct weft_target {
    weft_frame frame;
    void *owner; /* the strand that it belongs to */
    jmp_buf place;
} weft_target;

/**
 * Runs cleanup(argument) when the block that follows is left, however it is left:
 *
 *     FILE *file = fopen(name, "r");
 *     WEFT_UNWIND_PROTECT(close_file, file) { parse(file); }
 *
 * cleanup: void (*)(void *). argument: an object pointer. Both are evaluated once, before the block.
 * It runs exactly once, after the block: at its end, on break, continue (both leave the block), return and goto, on an
 * exception in C++, and on every transfer of control by Weft: restarts, handler_case, a transferred error, a kill. The
 * dynamic bindings, handlers and restarts are then those in force before the block. longjmp must not jump out of it.
 * It may wait, signal and transfer control itself. Transferring control further out takes the place of the transfer
 * that made it run, except that of a killed task, which goes on to the task's end.
 * It is a function and not a block since C has no way to run a block of a function that is left by return.
 * Callable in any task or thread. Never fails. Source: unwind-protect. Row C4.
 */
#define WEFT_UNWIND_PROTECT(cleanup, argument) WEFTI_PROTECT(cleanup, argument, __COUNTER__)
#define WEFTI_PROTECT(cleanup, argument, unique) WEFTI_PROTECT_(cleanup, argument, unique)
#define WEFTI_PROTECT_(cleanup, argument, unique)                                                                      \
    for (weft_frame wefti_frame_##unique                                                                               \
             WEFTI_ENDED_BY(weft_protect_end) = WEFTI_ZERO,                                                            \
             *wefti_once_##unique = weft_protect_begin(&wefti_frame_##unique, (cleanup), (argument));                  \
         wefti_once_##unique; wefti_once_##unique = WEFTI_NULL)

/** The same from here to the end of the enclosing block: a declaration, WEFT_DEFER(free, memory); */
#define WEFT_DEFER(cleanup, argument) WEFTI_DEFER(cleanup, argument, __COUNTER__)
#define WEFTI_DEFER(cleanup, argument, unique) WEFTI_DEFER_(cleanup, argument, unique)
#define WEFTI_DEFER_(cleanup, argument, unique)                                                                        \
    weft_frame wefti_frame_##unique WEFTI_ENDED_BY(weft_protect_end) = WEFTI_ZERO,                                     \
                                    *wefti_once_##unique __attribute__((unused)) =                                     \
                                        weft_protect_begin(&wefti_frame_##unique, (cleanup), (argument))

/**
 * Begins a protected extent. What the macros are made of, for other languages.
 *
 * frame: zeroed or not, on the caller's stack, in place until weft_protect_end. cleanup: not NULL.
 * Returns frame. Begin and end pair like brackets, in one task or thread. Never fails, never blocks.
 */
WEFT_API weft_frame *weft_protect_begin(weft_frame *frame, void (*cleanup)(void *argument), void *argument);

/** Ends it and runs the clean-up, if it has not run; a frame that is all zero is left alone. */
WEFT_API void weft_protect_end(weft_frame *frame);

/** Ends it without running the clean-up: what it guarded has been handed on. */
WEFT_API void weft_protect_cancel(weft_frame *frame);

/** Calls body(body_argument) and then cleanup(cleanup_argument), however body is left. As WEFT_UNWIND_PROTECT. */
WEFT_API void weft_call_protected(void (*body)(void *), void *body_argument, void (*cleanup)(void *),
                                  void *cleanup_argument);

WEFT_END_DECLS

/* ---- below: how the macros work ---- */

#define WEFTI_ENDED_BY(function) __attribute__((cleanup(function)))
#ifdef __cplusplus
#define WEFTI_ZERO                                                                                                     \
    {}
#define WEFTI_NULL nullptr
#else
#define WEFTI_ZERO                                                                                                     \
    { 0 }
#define WEFTI_NULL NULL
#endif

#endif
