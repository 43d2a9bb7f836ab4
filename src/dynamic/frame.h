/* SPDX-License-Identifier: MIT */
/* frame.h - linking frames: clean-ups and targets of a strand, as floors below the unwinder make them.
 *
 * A frame lies on its strand's own stack, innermost first. It keeps what was in force when it began; condition/unwind.h
 * says who walks the list.
 */
#ifndef WEFTI_FRAME_H
#define WEFTI_FRAME_H

#include <weft/unwind.h>

#include "dynamic/strand.h"

/* A clean-up, or a target if run is NULL. It is linked by the last store: one that is seen is complete. */
static inline void wefti_frame_begin(wefti_strand *self, weft_frame *frame, void (*run)(void *), void *argument) {
    frame->outer = self->frames;
    frame->run = run;
    frame->argument = argument;
    frame->bound = self->bound;
    frame->handlers = self->handlers;
    frame->restarts = self->restarts;
    frame->cleaning = self->cleaning;
    frame->begun = true;
    __atomic_signal_fence(__ATOMIC_RELEASE); /* a signal handler on this thread may walk the list */
    self->frames = frame;
}

/* Unlinks the innermost frame. Its clean-up is run after that, if asked, and so never twice. */
static inline void wefti_frame_end(wefti_strand *self, weft_frame *frame, bool run) {
    frame->begun = false;
    self->frames = frame->outer;
    if (!run || frame->run == NULL) return;
    self->cleaning++;
    frame->run(frame->argument);
    self->cleaning--;
}

#endif
