/* SPDX-License-Identifier: MIT */
/* frame.h - linking frames: clean-ups and targets of a strand, as floors below the unwinder make them.
 *
 * A frame lies on its strand's own stack, innermost first. It keeps what was in force when it began; condition/unwind.h
 * says who walks the list.
 */
#ifndef WEFTI_FRAME_H
#define WEFTI_FRAME_H

#include <weft/forkjoin.h>
#include <weft/unwind.h>

#include "base/atomic.h"
#include "dynamic/strand.h"

struct wefti_condition;

/* A clean-up, or a target if run is NULL. It is linked by the last store: one that is seen is complete. */
static inline void wefti_frame_begin(wefti_strand *self, weft_frame *frame, void (*run)(void *), void *argument) {
    frame->outer = self->frames;
    frame->run = run;
    frame->argument = argument;
    frame->bound = self->bound;
    frame->handlers = self->handlers;
    frame->restarts = self->restarts;
    frame->forked = self->forks != NULL ? wefti_load_relaxed(&self->forks->top) : NULL;
    frame->cleaning = self->cleaning;
    frame->unkillable = self->unkillable;
    frame->uncancelled = self->uncancelled;
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

/* Targets: begin; setjmp(target->place), not 0 if control came by a transfer, when the target has been ended; end. */
static inline void wefti_target_begin(wefti_strand *self, weft_target *target) {
    target->owner = self;
    wefti_frame_begin(self, &target->frame, NULL, NULL);
}

/* The end of a task that did not come as a record, such as one of a broadcast: a target with this argument. The
 * transfer of an error goes to the innermost one, with the outcome, a reference, left there. */
typedef struct wefti_end_target {
    weft_target target;
    const struct wefti_condition *outcome;
} wefti_end_target;

extern const char wefti_end_mark[];      /* attach.c, both */
extern const char wefti_boundary_mark[]; /* of a call that foreign frames may stand behind: condition/boundary.c */

static inline bool wefti_is_boundary(const weft_frame *frame) {
    return frame->run == NULL && frame->argument == (const void *)wefti_boundary_mark;
}

static inline void wefti_end_target_begin(wefti_strand *self, wefti_end_target *end) {
    end->outcome = NULL;
    wefti_target_begin(self, &end->target);
    end->target.frame.argument = (void *)(uintptr_t)wefti_end_mark;
}

/* The innermost of the strand; NULL: it is in none. */
static inline wefti_end_target *wefti_end_target_of(const wefti_strand *self) {
    for (weft_frame *frame = self->frames; frame != NULL; frame = frame->outer)
        if (wefti_is_boundary(frame) || (frame->run == NULL && frame->argument == (const void *)wefti_end_mark))
            return WEFTI_CONTAINER(frame, wefti_end_target, target.frame);
    return NULL;
}

/* Whether an error that nobody took here has a boundary to go to, and needs no debugger. */
static inline bool wefti_at_boundary(const wefti_strand *self) {
    const wefti_end_target *end = wefti_end_target_of(self);
    return end != NULL && wefti_is_boundary(&end->target.frame);
}

/* Whether control may be transferred to a frame: no boundary lies between. */
static inline bool wefti_within_reach(const wefti_strand *self, const weft_frame *to) {
    for (const weft_frame *frame = self->frames; frame != to && frame != NULL; frame = frame->outer)
        if (wefti_is_boundary(frame)) return false;
    return true;
}

#endif
