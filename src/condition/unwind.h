/* SPDX-License-Identifier: MIT */
/* unwind.h - the one unwinder: every transfer of control out of blocks goes through it.
 *
 * Idea: a strand has a list of frames (dynamic/frame.h) on its own stack: clean-ups, and targets that control can be
 * transferred to. To unwind to a target is to run all clean-ups inside it, innermost first, and then to jump there. The
 * end of a task is a target that has no frame and costs a task nothing: the runner forgets its stack and begins anew
 * (wefti_task_abandon).
 *
 *     stack, low to high:   [wefti_unwind_to] .. [clean-up] .. [C++ object] .. [clean-up] .. [target] .. [runner's
 * loop] starts here    ->    1               2              3             jump      or ends here
 *
 * So that the clean-ups of others run as well and in order, those of compilers, the stack is walked with the system's
 * unwinder (_Unwind_ForcedUnwind): __attribute__((cleanup)) where the code was compiled with -fexceptions, and
 * destructors in C++. Before it enters a C frame, own clean-ups of the frames below are run; those of the frame itself
 * are run by its landing pad, or else before the next one. (Addresses tell which C frame an own frame belongs to; the
 * order within one is that of the list, since inlined functions lie in the same C frame.) Where that walk ends early
 * (code without unwind tables), or where it must not be done, the list alone is gone through: own clean-ups run every
 * time.
 *
 * A target's own C frame may have a landing pad too, for what was made inside the target's block: it ends with the end
 * of the target (wefti_target_leave), and from there the jump is made. A frame without one is found to have been
 * passed when the walk comes to its caller.
 *
 * Invariants
 *   I1  frames of an inner C frame are linked before those of an outer one
 *   I2  a clean-up is unlinked before it is run, so it runs once
 *   I3  while a clean-up runs, what was in force where its frame began is in force: bindings, handlers, restarts
 *   I4  unwindings are linked innermost first; one is given up when another, begun inside it, goes further out
 *
 * Source: the unwinding of threads that are cancelled in the C library, for the walk.
 */
#ifndef WEFTI_UNWIND_H
#define WEFTI_UNWIND_H

#include <weft/unwind.h>

#include "dynamic/frame.h"
#include "sched/task.h"

enum {
    WEFTI_UNWIND_LIST = 1,   /* own clean-ups only: where the walk cannot be made, as at an interrupted instruction */
    WEFTI_UNWIND_INSISTS = 2 /* what clean-ups transfer to is not gone to if it lies inside the task: for kills */
};

/* A place where a fault has broken the strand off, in the frame that signals it. Compilers know nothing of unwinding
 * from there: who goes past it goes by the list alone. */
typedef struct wefti_broken {
    struct wefti_broken *outer;
    uintptr_t place;       /* the stack pointer there */
    const void *condition; /* what is signalled for it */
} wefti_broken;

/* Whoever is about to leave, and will not come back, opens the spare of the stack if nearly all of it is in use: a
 * fault in the system's unwinder would be nobody's. All that follow do it themselves. */
void wefti_make_room_to_leave(wefti_strand *self);

/* Transfers control to a target of the running strand. */
WEFTI_NORETURN void wefti_unwind_to(wefti_strand *self, weft_target *target);

/* Ends the running task with a condition, a reference to which it takes over. how: WEFTI_UNWIND_... The strand runs a
 * task that came as a record (wefti_task_runs). */
WEFTI_NORETURN void wefti_unwind_task(wefti_strand *self, const wefti_condition *condition, unsigned how);

/* The same, how: WEFTI_UNWIND_... */
WEFTI_NORETURN void wefti_unwind_out(wefti_strand *self, weft_target *target, unsigned how);

/* The end of a target: of its block, or by the landing pad of the C frame that it stands in. */
void wefti_target_leave(wefti_strand *self, weft_target *target);

/* Called before all that was begun inside the frame (NULL: in the task) is gone: whoever lent out what lies on that
 * part of the stack waits for it there. May be NULL; may be called for one frame more than once. For parallel/. */
extern void (*wefti_unwind_hook)(wefti_strand *self, const weft_frame *frame);

#endif
