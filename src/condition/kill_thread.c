/* SPDX-License-Identifier: MIT */
/* kill_thread.c - calls on threads that Weft did not make, which can be ended from outside.
 *
 * Idea: as with a task, but for three things. What a kill leads to is a target at the beginning of the call, not the
 * end of a stack. The stack is the system's, so no barrier can be set on it (cpu/divert.h keeps the original at its
 * top): in a library the thread is left alone, and interrupted again until it is found outside. And it cannot be given
 * up. The state of the call is one word, drawn in sched/attach.h.
 *
 * Who marks leaves an errand as well (weft_interrupt_process): so a thread that waits comes to look.
 */
#include <weft/kill.h>
#include <weft/thread.h>

#include "condition/condition.h"
#include "condition/doom.h"
#include "condition/unwind.h"
#include "cpu/divert.h"
#include "fiber/annotate.h"
#include "os/interrupt.h"
#include "sched/attach.h"

static WEFTI_ATOMIC(uint32_t) marked; /* how many calls may be, at most; relaxed: the reaper looks at each */
static WEFTI_ATOMIC(int64_t) rest;    /* none of them is interrupted again before that: doom.h; relaxed: a hint */

/* ---- the call ---- */

typedef struct killable {
    weft_target target;
    weft_thread_call call;
    uint32_t depth;
    unsigned in_flight; /* C++ exceptions, when it began */
} killable;

static void begin(wefti_thread *thread, killable *k) {
    k->depth = wefti_load_relaxed(&thread->depth); /* relaxed: its own */
    if (thread->signal_stack == NULL) thread->signal_stack = wefti_signal_stack_begin();
    wefti_target_begin(&thread->strand, &k->target);
    thread->end = &k->target;
    wefti_store_release(&thread->kill, (uint32_t)WEFTI_CALL_OPEN); /* partner: mark */
}

/* Whatever was left on the way is put back as it was. */
static void end(wefti_thread *thread, const killable *k) {
    /* acquire: partner is the release in mark, whose errand may still come */
    uint32_t before = wefti_exchange_acquire(&thread->kill, (uint32_t)WEFTI_CALL_NONE);
    if (before == WEFTI_CALL_MARKED || before == WEFTI_CALL_DYING) wefti_add_relaxed(&marked, (uint32_t)-1);
    thread->end = NULL;
    thread->strand.unkillable = 0;
    wefti_store_relaxed(&thread->waits, NULL); /* relaxed: for lists */
    wefti_store_relaxed(&thread->depth, k->depth);
}

/* The frame that a kill comes back to. */
static WEFTI_NOINLINE bool call(wefti_thread *thread, killable *k, int (*function)(void *), void *argument,
                                int *returned) {
    k->in_flight = wefti_exceptions_in_flight();
    begin(thread, k);
    if (setjmp(k->target.place) != 0) {
        wefti_exceptions_set_in_flight(k->in_flight);
        end(thread, k);
        return false;
    }
    *returned = function(argument);
    wefti_target_leave(&thread->strand, &k->target);
    end(thread, k);
    return true;
}

weft_status weft_call_killable(int (*function)(void *argument), void *argument, int *result) {
    killable k;
    int returned = 0;
    bool whole = true;
    if (function == NULL) return WEFT_INVALID;
    weft_status status = weft_enter_thread(&k.call);
    if (status != WEFT_OK) return status;
    wefti_strand *self = wefti_strand_now;
    wefti_thread *thread = self->worker == NULL ? wefti_thread_of_strand(self) : NULL;
    bool plain = thread == NULL || thread->owner != NULL || thread->end != NULL;
    if (plain)
        returned = function(argument);
    else
        whole = call(thread, &k, function, argument, &returned);
    if (!whole) weft_last_callback_on_thread(); /* who is killed is eliminated; a later call makes a new one */
    weft_leave_thread(&k.call);
    if (!whole) return WEFT_KILLED;
    if (result != NULL) *result = returned;
    return WEFT_OK;
}

/* ---- dying ---- */

WEFTI_NORETURN void wefti_doom_thread_die(wefti_strand *self, unsigned how) {
    wefti_thread *thread = wefti_thread_of_strand(self);
    wefti_store_relaxed(&thread->kill, (uint32_t)WEFTI_CALL_DYING); /* relaxed: who marks does so once */
    wefti_os_thread_no_cancel();
    wefti_unwind_out(self, thread->end, how | WEFTI_UNWIND_INSISTS);
}

bool wefti_doom_strike_thread(wefti_strand *strand, void *interrupted) {
    wefti_thread *thread = wefti_thread_of_strand(strand);
    if (thread->owner != NULL) thread = thread->owner; /* a function left for it runs: it may not be left */
    if (wefti_load_relaxed(&thread->kill) != WEFTI_CALL_MARKED) return false; /* relaxed: comes again */
    uintptr_t sp = wefti_interrupted_sp(interrupted), limit = wefti_place_on_stack(thread->end);
    if (&thread->strand != strand || !wefti_thread_may_die(thread) || sp >= limit) return true;
    wefti_walk walk;
    int64_t begun = wefti_clock();
    wefti_walk_callers(&walk, wefti_interrupted_pc(interrupted), limit);
    wefti_store_relaxed(&rest, wefti_doom_rest(begun));
    if (walk.unknown) wefti_store_relaxed(&wefti_doom_met_unknown, true); /* relaxed: a hint */
    if (!walk.whole || !walk.program || !wefti_doom_may_leave(&walk)) return true;
    if (wefti_divert_interrupted(interrupted, 0)) wefti_store_relaxed(&thread->kill, (uint32_t)WEFTI_CALL_DYING);
    return true;
}

/* ---- marking ---- */

typedef struct marking {
    bool found, here;
    int thread_id;
} marking;

static void mark(wefti_thread *thread, void *argument) {
    marking *m = argument;
    uint32_t open = WEFTI_CALL_OPEN;
    wefti_add_relaxed(&marked, 1u);
    /* release: what was done before happens before the call ends; partner: end */
    if (!wefti_cas_release(&thread->kill, &open, (uint32_t)WEFTI_CALL_MARKED)) wefti_add_relaxed(&marked, (uint32_t)-1);
    m->found = open != WEFTI_CALL_NONE;
    m->here = &thread->strand == wefti_strand_now;
    m->thread_id = thread->id;
}

static void nothing(void *argument) { (void)argument; }

weft_status weft_kill_process(uint64_t process) {
    marking m = {.found = false};
    bool interrupts = wefti_doom_begin();
    if (process != 0) wefti_processes_visit(process, mark, &m);
    if (!m.found) return WEFT_INVALID;
    wefti_doom_go_on();
    if (m.here) {
        wefti_thread *thread = wefti_thread_of_strand(wefti_strand_now);
        if (wefti_thread_is_due(thread)) wefti_doom_thread_die(&thread->strand, 0);
        return WEFT_OK;
    }
    weft_status status = weft_interrupt_process(process, nothing, NULL);
    if (interrupts) wefti_interrupt(WEFTI_TO_END, m.thread_id);
    return status == WEFT_NO_MEMORY ? status : WEFT_OK; /* else its thread has ended meanwhile */
}

static void interrupt(wefti_thread *thread, void *argument) {
    (void)argument;
    /* relaxed: a guess, the handler decides */
    if (wefti_load_relaxed(&thread->kill) == WEFTI_CALL_MARKED) wefti_interrupt(WEFTI_TO_END, thread->id);
}

bool wefti_doom_repeat_threads(bool interrupts) {
    if (!interrupts || wefti_load_relaxed(&marked) == 0) return false; /* relaxed: who marks calls the reaper */
    if (wefti_clock() >= wefti_load_relaxed(&rest)) wefti_processes_visit(0, interrupt, NULL);
    return true;
}
