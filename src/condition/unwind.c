/* SPDX-License-Identifier: MIT */
/* unwind.c - the unwinder, and clean-ups as users make them. The idea is in unwind.h. */
#include "condition/unwind.h"

#include <stdlib.h>
#include <string.h>
#include <unwind.h>

#include "fiber/annotate.h"
#include "os/frames.h"
#include "os/os.h"
#include "sched/worker.h"

void (*wefti_unwind_hook)(wefti_strand *self, const weft_frame *frame);

/* Not on the stack, which landing pads use anew. */
typedef struct wefti_unwinding {
    struct _Unwind_Exception exception;
    struct wefti_unwinding *outer;
    wefti_strand *strand;
    weft_target *target;              /* NULL: the end of the task */
    const wefti_condition *condition; /* the task's outcome then */
    uintptr_t limit;                  /* C frames below it go */
    bool insists, allocated;
    bool by_list;  /* the C frames that it leaves are not walked through, nor are they by what is begun in its clean-ups
                    */
    bool given_up; /* another one, begun in a clean-up of this, goes further out */
    bool in_landing; /* a landing pad runs, in the C frame that begins at `bottom`; else the clean-up before `rest` */
    uintptr_t bottom;
    weft_frame *rest;
} wefti_unwinding;

static void restore(wefti_strand *self, const weft_frame *frame) {
    self->bound = frame->bound;
    self->handlers = frame->handlers;
    self->restarts = frame->restarts;
    self->cleaning = frame->cleaning;
}

/* After a transfer also the blocks that it has left: without kill, without cancel. Not at the normal end of a frame,
 * for a region may begin before a frame and end inside of it. */
static void restore_all(wefti_strand *self, const weft_frame *frame) {
    restore(self, frame);
    self->unkillable = frame->unkillable;
    self->uncancelled = frame->uncancelled;
}

static void prepare_to_leave(wefti_strand *self, const weft_frame *frame) {
    if (wefti_unwind_hook != NULL) wefti_unwind_hook(self, frame);
}

/* Bindings of C frames that are gone, or the landing pads of others would find them. */
static void forget_bindings(wefti_strand *self, uintptr_t limit) {
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    for (uintptr_t place; self->bound != NULL; self->bound = self->bound->next) {
        place = wefti_place_on_stack(self->bound);
        if (place < here || place >= limit) return;
    }
}

/* One that is not linked any more. What it would have ended the task with is wanted by nobody. */
static void discard(wefti_unwinding *u) {
    wefti_condition_drop(u->condition);
    if (u->allocated) free(u);
}

/* Takes an unwinding out of the list once the one begun in it has gone past where it stood. */
static void forget_passed(wefti_unwinding *u, const weft_frame *frame, uintptr_t bottom) {
    for (wefti_unwinding *v; (v = u->outer) != NULL && v->given_up;) {
        if (v->in_landing ? v->bottom > bottom : v->rest == NULL || v->rest != frame) return;
        u->outer = v->outer;
        discard(v);
    }
}

/* Runs the own clean-ups of C frames below `bottom`, up to the target. Within one C frame addresses say nothing of the
 * order: functions that were inlined have theirs there too. */
static void run_below(wefti_unwinding *u, uintptr_t bottom) {
    wefti_strand *self = u->strand;
    const weft_frame *end = u->target != NULL ? &u->target->frame : NULL;
    for (weft_frame *frame; (frame = self->frames) != end && frame != NULL && wefti_place_on_stack(frame) < bottom;) {
        forget_passed(u, frame, wefti_place_on_stack(frame));
        prepare_to_leave(self, frame);
        restore_all(self, frame);
        u->in_landing = false;
        u->rest = frame->outer;
        wefti_frame_end(self, frame, true);
    }
}

/* Forgets the unwindings that do not go on from here: this one, and those that it went past. */
static void forget(wefti_unwinding *u) {
    wefti_strand *self = u->strand;
    u->given_up = true;
    u->condition = NULL; /* its user's now */
    for (wefti_unwinding *v; (v = self->unwinding) != NULL && v->given_up;) {
        self->unwinding = v->outer;
        discard(v);
    }
}

WEFTI_NORETURN static void jump(wefti_strand *self, weft_target *target) {
    wefti_frame_end(self, &target->frame, false);
    restore_all(self, &target->frame);
    longjmp(target->place, 1);
}

/* The target may be the lowest thing of the C frame that was broken off: then both have one address. */
static bool passes_broken(const wefti_unwinding *u) {
    return u->strand->broken != NULL && u->strand->broken->place <= u->limit;
}

static void forget_broken(const wefti_unwinding *u) {
    while (passes_broken(u)) u->strand->broken = u->strand->broken->outer;
}

WEFTI_NORETURN static void arrive(wefti_unwinding *u) {
    wefti_strand *self = u->strand;
    weft_target *target = u->target;
    const wefti_condition *condition = u->condition;
    run_below(u, UINTPTR_MAX);
    prepare_to_leave(self, target != NULL ? &target->frame : NULL);
    forget_broken(u);
    forget(u);
    if (target != NULL) jump(self, target);
    wefti_task_abandon(wefti_runner_of_strand(self), condition);
}

/* Called by the system's unwinder before it enters each C frame: its stack pointer is where the frame below ends. */
static _Unwind_Reason_Code enter_frame(int version, _Unwind_Action actions, _Unwind_Exception_Class class,
                                       struct _Unwind_Exception *exception, struct _Unwind_Context *context,
                                       void *argument) {
    wefti_unwinding *u = argument;
    (void)version, (void)class, (void)exception;
    if ((actions & _UA_END_OF_STACK) != 0) arrive(u);
    uintptr_t bottom = (uintptr_t)_Unwind_GetCFA(context);
    if (bottom > u->limit) arrive(u);
    run_below(u, bottom);
    forget_passed(u, NULL, bottom);
    forget_bindings(u->strand, bottom);
    u->bottom = bottom;
    u->in_landing = true;
    return _URC_NO_REASON;
}

static void swallowed(_Unwind_Reason_Code reason, struct _Unwind_Exception *exception) {
    (void)reason, (void)exception;
    wefti_stop_misuse("transfer of control", "catch (...)", "must be thrown on by whoever catches it; frames:", 1, "");
}

static uintptr_t end_of_task(wefti_strand *self) {
    const wefti_runner *runner = wefti_runner_of_strand(self);
    return runner->first == NULL ? wefti_place_on_stack(runner->slots) : (uintptr_t)runner;
}

/* Whether one that was begun inside `begun`, and goes to this target, goes past it. */
static bool goes_past(const wefti_unwinding *begun, const weft_target *target) {
    if (target == NULL) return true;
    if (begun->in_landing) return wefti_place_on_stack(target) >= begun->bottom;
    const weft_frame *frame = begun->rest;
    while (frame != NULL && frame != &target->frame) frame = frame->outer;
    return frame != NULL;
}

/* A clean-up that runs for a transfer which insists may not call it off: then it goes on instead. */
static void pursue(wefti_unwinding *u) {
    for (wefti_unwinding *begun = u->strand->unwinding; begun != NULL; begun = begun->outer) {
        begun->given_up = goes_past(begun, u->target);
        if (!begun->insists || !begun->given_up) continue;
        u->target = begun->target;
        u->limit = begun->limit;
        u->insists = true;
        wefti_condition_drop(u->condition);
        u->condition = begun->condition == NULL ? NULL : wefti_condition_retain(begun->condition);
    }
}

/* Whether the interrupted instruction at which one has begun that goes by the list lies on the way. */
static bool passes_listed(const wefti_unwinding *u) {
    for (const wefti_unwinding *begun = u->strand->unwinding; begun != NULL; begun = begun->outer)
        if (begun->by_list && begun->given_up) return true;
    return false;
}

enum { ROOM_TO_LEAVE = 8 * 1024 }; /* the system's unwinder uses some four KiB, and clean-ups are to have theirs */

void wefti_make_room_to_leave(wefti_strand *self) {
    if (self->worker == NULL) return;
    wefti_runner *runner = wefti_runner_of_strand(self);
    uintptr_t low = (uintptr_t)runner->fiber.stack_low, here = (uintptr_t)__builtin_frame_address(0);
    if (here - low < ROOM_TO_LEAVE) wefti_runner_open_spare(runner);
}

WEFTI_NORETURN static void start(const wefti_unwinding *plan, unsigned how) {
    wefti_make_room_to_leave(plan->strand);
    wefti_unwinding bare = *plan, *u = &bare;
    pursue(&bare);
    bare.by_list = (how & WEFTI_UNWIND_LIST) != 0 || passes_broken(&bare) || passes_listed(&bare);
    bool walks = !bare.by_list && !wefti_frames_have_no_pads(bare.limit);
    wefti_unwinding *made = walks ? malloc(sizeof *made) : NULL;
    if (made != NULL) {
        *made = bare;
        u = made;
    }
    u->allocated = made != NULL;
    u->outer = u->strand->unwinding;
    u->strand->unwinding = u;
    if (made != NULL) {
        memcpy(&u->exception.exception_class, "WEFTUNWD", sizeof u->exception.exception_class);
        u->exception.exception_cleanup = swallowed;
        _Unwind_ForcedUnwind(&u->exception, enter_frame, u); /* returns where the walk cannot be made */
    }
    arrive(u);
}

WEFTI_NORETURN void wefti_unwind_to(wefti_strand *self, weft_target *target) {
    start(&(wefti_unwinding){.strand = self, .target = target, .limit = wefti_place_on_stack(target)}, 0);
}

WEFTI_NORETURN void wefti_unwind_out(wefti_strand *self, weft_target *target, unsigned how) {
    start(&(wefti_unwinding){.strand = self,
                             .target = target,
                             .limit = wefti_place_on_stack(target),
                             .insists = (how & WEFTI_UNWIND_INSISTS) != 0},
          how);
}

WEFTI_NORETURN void wefti_unwind_task(wefti_strand *self, const wefti_condition *condition, unsigned how) {
    wefti_end_target *end = wefti_end_target_of(self);
    if (end != NULL) {
        wefti_condition_drop(end->outcome);
        end->outcome = condition;
        start(&(wefti_unwinding){.strand = self,
                                 .target = &end->target,
                                 .limit = wefti_place_on_stack(&end->target),
                                 .insists = (how & WEFTI_UNWIND_INSISTS) != 0},
              how);
    }
    start(&(wefti_unwinding){.strand = self,
                             .condition = condition,
                             .limit = end_of_task(self),
                             .insists = (how & WEFTI_UNWIND_INSISTS) != 0},
          how);
}

void wefti_target_leave(wefti_strand *self, weft_target *target) {
    if (!target->frame.begun) return; /* it has been jumped to, or was never begun */
    wefti_unwinding *u = self->unwinding;
    if (WEFTI_UNLIKELY(u != NULL && u->target == target)) arrive(u);
    restore(self, &target->frame);
    wefti_frame_end(self, &target->frame, false);
}

/* ---- clean-ups of users ---- */

weft_frame *weft_protect_begin(weft_frame *frame, void (*cleanup)(void *argument), void *argument) {
    wefti_strand *self = wefti_strand_self();
    if (WEFTI_LIKELY(self != NULL)) {
        wefti_frame_begin(self, frame, cleanup, argument);
        return frame;
    }
    /* No memory for this thread's process object: nothing of Weft can leave the block but its end. */
    *frame = (weft_frame){.run = cleanup, .argument = argument, .begun = true};
    return frame;
}

/* Inlined, so that the function that calls the program back is the one the program has called: os/text.h knows it. */
static inline __attribute__((always_inline)) void end(weft_frame *frame, bool run) {
    if (!frame->begun) return; /* the unwinder has run it, or it never began */
    wefti_strand *self = wefti_strand_now;
    if (WEFTI_LIKELY(self != NULL && self->frames == frame)) {
        restore(self, frame);
        wefti_frame_end(self, frame, run);
        return;
    }
    frame->begun = false;
    if (run) frame->run(frame->argument);
}

void weft_protect_end(weft_frame *frame) { end(frame, true); }

void weft_protect_cancel(weft_frame *frame) { end(frame, false); }

void weft_call_protected(void (*body)(void *), void *body_argument, void (*cleanup)(void *), void *cleanup_argument) {
    weft_frame frame;
    weft_protect_begin(&frame, cleanup, cleanup_argument);
    body(body_argument);
    weft_protect_end(&frame);
}
