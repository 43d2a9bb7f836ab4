/* SPDX-License-Identifier: MIT */
/* walk.h - the chain of callers of interrupted code, sorted into what may be left behind and what must be let finish.
 *
 * Idea: a handler of signals walks from the interrupted instruction to the end of the stack. A *run* is a longest
 * sequence of frames of libraries and of Weft, between frames of the program:
 *
 *     interrupted -> | top run | program | middle run | program | ... | base: Weft's loop | end of the stack
 *
 * Only the run in which the code was interrupted, and the outermost of the others, matter: who waits for the outermost
 * to return waits for the inner ones too. A middle run is a library that calls the program back; one that is known to
 * hold nothing meanwhile counts as the program (wefti_text_traits).
 *
 * Async-signal-safe where the unwinder finds its tables without a lock: glibc from 2.35 with libgcc from 12; elsewhere
 * it could wait for a lock that the interrupted code holds, and os/walk.c refuses. wefti_walk_init must have run.
 */
#ifndef WEFTI_WALK_H
#define WEFTI_WALK_H

#include "base/base.h"

typedef struct wefti_run {
    bool there;
    bool ours;       /* Weft's frames are among it */
    bool throws;     /* a throw that still looks for who catches, see walk.c */
    uintptr_t entry; /* in the function that the program called */
    void **slot;     /* where the return address into the program lies; NULL: it must be left alone */
} wefti_run;

typedef struct wefti_walk {
    bool whole;   /* the end of the stack was reached, through code that is known */
    bool unknown; /* code was met that no table knows */
    bool program; /* a frame of the program is among them: the task's own function has been entered */
    wefti_run top, middle;
    wefti_run held; /* the outermost of the middle ones that an error in what they call must not leave */
} wefti_walk;

/* false: callers cannot be found here, or better not, from inside a handler. */
bool wefti_walk_init(void);

/* In a handler, on the thread that was interrupted at `pc`. */
/* limit: the frame in which this address of the stack lies, one of Weft's, is the base; 0: the end of the stack is. */
void wefti_walk_callers(wefti_walk *walk, uintptr_t pc, uintptr_t limit);

#endif
