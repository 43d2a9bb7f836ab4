/* SPDX-License-Identifier: MIT */
/* doom.c - marking tasks and striking them, on their worker's thread; see doom.h. */
#include "condition/doom.h"

#include "condition/condition.h"
#include "condition/fault.h"
#include "condition/unwind.h"
#include "cpu/divert.h"
#include "os/interrupt.h"
#include "os/text.h"
#include "os/walk.h"
#include "sched/kernel.h"
#include "sched/slice.h"

enum { ROOM_TO_DIE = 4096, LAST_STROKES = 25, REST = 4 };

wefti_doom_flag wefti_doom_met_unknown, wefti_doom_eluded;

const wefti_condition wefti_task_killed = {WEFT_KILLED, "the task was killed", NULL};

/* ---- dying ---- */

static size_t stack_size_of(const wefti_runner *runner) { return wefti_stack_size_of(runner->pool); }

static bool may_die(const wefti_runner *runner) {
    const wefti_strand *strand = &runner->fiber.strand;
    return !runner->dying && strand->unkillable == 0 && strand->locks == 0 && strand->cleaning == 0;
}

bool wefti_doom_is_due(const wefti_runner *runner) {
    return wefti_load_relaxed(&runner->doom) != NULL && may_die(runner); /* relaxed: D1 */
}

static WEFTI_NORETURN void die(wefti_strand *self, unsigned how) {
    wefti_runner *runner = wefti_runner_of_strand(self);
    runner->dying = true;
    wefti_fault_forget(runner);
    wefti_runner_clear_barrier(runner);
    wefti_runner_have_exceptions(runner);
    wefti_os_thread_no_cancel();
    wefti_exceptions_set_in_flight(0);
    wefti_unwind_task(self, &wefti_task_killed, how | WEFTI_UNWIND_INSISTS);
}

WEFTI_NORETURN void wefti_doom_die(wefti_strand *self) {
    if (self->worker == NULL) wefti_doom_thread_die(self, 0);
    die(self, 0);
}

/* Its bindings and context are redone, where there are any: see loop.c. */
static void renew(wefti_worker *worker) {
    const weft_kernel *kernel = worker->kernel;
    if (kernel->context == NULL && kernel->binding_count == 0) return;
    worker->renew = worker->poll_due = true;
}

void wefti_doom_lift(wefti_runner *runner) {
    wefti_doom *doom = wefti_load_relaxed(&runner->doom); /* relaxed: D1 */
    wefti_runner_clear_barrier(runner);
    bool died = runner->dying;
    runner->dying = false;
    runner->fiber.strand.unkillable = 0;
    runner->watched &= (uint16_t)~WEFTI_TASK_DOOMED;
    wefti_fault_forget(runner);
    wefti_runner_close_spare(runner);
    if (runner->fault.spare_open) runner->watched |= WEFTI_TASK_DOOMED; /* this runs on it: the next time */
    runner->fiber.strand.base = runner->fiber.strand.worker->base;      /* a worker that was replaced has others */
    if (died) renew(runner->fiber.strand.worker);
    if (doom == NULL) return;
    if (died) wefti_store_relaxed(&runner->category, NULL); /* not to be marked again. relaxed: its own */
    wefti_store_relaxed(&runner->doom, NULL);
    uint32_t marked = WEFTI_DOOM_MARKED;
    /* release: what the task did is seen by who waits for its end; partner: the acquires in kill.c */
    wefti_cas_release(&doom->state, &marked, (uint32_t)(died ? WEFTI_DOOM_DEAD : WEFTI_DOOM_ESCAPED));
    wefti_store_release(&doom->lifted, true); /* the last access; partner: forget_ended, kill.c */
}

/* ---- in place of other code: cpu/divert.h ---- */

void wefti_diverted(void) {
    wefti_strand *self = wefti_strand_now;
    if (self->worker == NULL) wefti_doom_thread_die(self, WEFTI_UNWIND_LIST);
    if (wefti_fault_is_due(wefti_runner_of_strand(self))) wefti_fault_raise(self);
    /* One that was interrupted is dying since; one that waited stands in a call. */
    die(self, wefti_runner_of_strand(self)->dying ? WEFTI_UNWIND_LIST : 0);
}

void wefti_barrier_original(void **where) {
    wefti_strand *self = wefti_strand_now;
    if (self == NULL || self->worker == NULL) wefti_os_thread_vanish(); /* it was given up */
    wefti_runner *runner = wefti_runner_of_strand(self);
    wefti_store_relaxed(&runner->barrier, NULL); /* relaxed: D4 */
    *where = wefti_barrier_kept(where, stack_size_of(runner));
    wefti_fault_returns(runner, where);
}

void wefti_barrier_passed(void) {
    wefti_strand *self = wefti_strand_now;
    wefti_runner *runner = wefti_runner_of_strand(self);
    if (wefti_doom_is_due(runner)) die(self, WEFTI_UNWIND_LIST);
    if (runner->fault.stage == WEFTI_FAULT_AT_RETURN) wefti_fault_raise(self);
    wefti_slice_end_deferred(runner);
}

void wefti_doom_follow(wefti_strand *self) {
    if (self->worker == NULL) return;
    wefti_runner *runner = wefti_runner_of_strand(self);
    if (!may_die(runner)) return;
    runner->watched |= WEFTI_TASK_DOOMED; /* what the end of a killed task does is done for it too */
    die(self, 0);
}

void wefti_doom_die_if_due(wefti_strand *self) {
    if (wefti_doom_is_due(wefti_runner_of_strand(self))) die(self, 0);
}

void wefti_doom_after_slice(wefti_strand *self) {
    if (wefti_doom_is_due(wefti_runner_of_strand(self))) die(self, WEFTI_UNWIND_LIST);
}

/* ---- striking: in the handler ---- */

static uintptr_t lowest_of(const wefti_runner *runner) {
    uintptr_t low = (uintptr_t)runner->fiber.stack_low;
    return runner->fault.spare_open ? low - wefti_stack_spare(runner->pool, runner->fiber.stack_low) : low;
}

static bool is_on(const wefti_runner *runner, uintptr_t sp) { return sp > lowest_of(runner) && sp < (uintptr_t)runner; }

static bool divert(wefti_runner *runner, void *interrupted) {
    bool diverted = wefti_divert_interrupted(interrupted, lowest_of(runner) + ROOM_TO_DIE);
    if (!diverted && wefti_runner_open_spare(runner))
        diverted = wefti_divert_interrupted(interrupted, lowest_of(runner) + ROOM_TO_DIE);
    runner->dying |= diverted;
    return diverted;
}

/* Only a barrier is left, and the time is over: the thread is left to its fate, if Weft itself is not on its stack.
 * From here on it is no worker's any more, and when it comes to the barrier it ends. */
static void give_up(wefti_doom *doom, const wefti_walk *walk) {
    if (walk->top.ours || walk->middle.ours) return;
    wefti_strand_now = NULL;
    wefti_runner_given_up = doom->runner;
    wefti_store_release(&doom->state, (uint32_t)WEFTI_DOOM_LOST); /* partner: the acquires in kill.c */
}

/* Its stack has no room for clean-ups. When the time is over its thread ends here, in the handler, which has a stack of
 * its own: as if it were stuck. */
static void leave_behind(wefti_doom *doom, const wefti_walk *walk) {
    if (!wefti_load_relaxed(&doom->expired) || ++doom->strokes < LAST_STROKES) return; /* relaxed: a hint */
    if (walk->middle.ours) return;
    wefti_strand_now = NULL;
    wefti_store_release(&doom->state, (uint32_t)WEFTI_DOOM_LOST); /* partner: the acquires in kill.c */
    wefti_os_thread_vanish();
}

static void set_barrier(wefti_runner *runner, wefti_doom *doom, const wefti_walk *walk) {
    const wefti_run *run = walk->held.there ? &walk->held : &walk->top;
    if (run->slot == NULL) {
        wefti_store_relaxed(&wefti_doom_eluded, true); /* relaxed: a hint */
        return;
    }
    wefti_runner_set_barrier(runner, run->slot, false);
    /* On a busy machine the time may be over before the thread had any: so it gets some more strokes. relaxed: a hint
     */
    if (wefti_load_relaxed(&doom->expired) && ++doom->strokes >= LAST_STROKES) give_up(doom, walk);
}

bool wefti_doom_may_leave(const wefti_walk *walk) {
    if (walk->held.there) return false;
    if (walk->top.throws && !walk->top.ours) return true;
    return !walk->top.there || (!walk->top.ours && (wefti_text_traits(walk->top.entry) & WEFTI_TRAIT_BLOCKS) != 0);
}

/* A clean-up that does not come to its end when the time is over is left, and the next one is run. */
static bool is_stuck_in_cleanup(const wefti_runner *runner, wefti_doom *doom, const wefti_walk *walk) {
    if (!runner->dying || !wefti_load_relaxed(&doom->expired) || walk->top.there) return false; /* relaxed: a hint */
    return ++doom->strokes % LAST_STROKES == 0;
}

/* The doom of a task that has ended by itself stays until the next one. */
static bool has_not_returned(const wefti_runner *runner, const wefti_doom *doom) {
    return wefti_task_is_inside(runner) && wefti_load_relaxed(&runner->category) == doom->category; /* relaxed: own */
}

static void strike_at(wefti_runner *runner, wefti_doom *doom, void *interrupted) {
    uintptr_t pc = wefti_interrupted_pc(interrupted);
    if (wefti_load_relaxed(&doom->state) != WEFTI_DOOM_MARKED) return; /* relaxed: own, or LOST already */
    if (!is_on(runner, wefti_interrupted_sp(interrupted)) || !has_not_returned(runner, doom)) return;
    wefti_runner_clear_barrier(runner); /* the walk is not to meet it */
    wefti_walk walk;
    wefti_walk_callers(&walk, pc, 0);
    if (walk.unknown) wefti_store_relaxed(&wefti_doom_met_unknown, true); /* relaxed: a hint */
    if (!walk.whole || !walk.program) {
        wefti_store_relaxed(&wefti_doom_eluded, true); /* relaxed: a hint */
        return;
    }
    if (may_die(runner) ? wefti_doom_may_leave(&walk) : is_stuck_in_cleanup(runner, doom, &walk)) {
        if (!divert(runner, interrupted)) leave_behind(doom, &walk);
    } else if (!runner->dying)
        set_barrier(runner, doom, &walk);
}

/* A barrier for a fault stays, if none takes its place. */
static void strike_beside_fault(wefti_runner *runner, wefti_doom *doom, void *interrupted) {
    /* relaxed, both: D4 */
    void **kept = runner->fault.stage == WEFTI_FAULT_AT_RETURN ? wefti_load_relaxed(&runner->barrier) : NULL;
    strike_at(runner, doom, interrupted);
    if (kept == NULL || wefti_load_relaxed(&runner->barrier) != NULL || runner->dying || wefti_strand_now == NULL)
        return;
    wefti_runner_set_barrier(runner, kept, runner->slice_due);
}

int64_t wefti_doom_rest(int64_t begun) {
    int64_t now = wefti_clock();
    return now + REST * (now - begun);
}

static void strike(wefti_runner *runner, wefti_doom *doom, void *interrupted) {
    if (wefti_fault_is_due(runner)) return;
    int64_t begun = wefti_clock();
    wefti_store_relaxed(&doom->rest, INT64_MAX);
    strike_beside_fault(runner, doom, interrupted);
    if (wefti_strand_now != NULL) wefti_store_relaxed(&doom->rest, wefti_doom_rest(begun)); /* else it may be freed */
}

/* ---- marking ---- */

static void mark(wefti_doom *doom) {
    wefti_runner *runner = doom->runner;
    runner->watched |= WEFTI_TASK_DOOMED;
    wefti_store_relaxed(&doom->state, (uint32_t)WEFTI_DOOM_MARKED); /* relaxed: the answer releases it */
    wefti_store_relaxed(&runner->doom, doom);
}

/* Whether the doom's runner runs or waits in a task that is meant. */
static bool is_meant(const wefti_runner *runner, const wefti_worker *worker, const wefti_doom *doom) {
    /* relaxed, all: written on this thread */
    return wefti_load_relaxed(&runner->home) == worker && wefti_load_relaxed(&runner->category) == doom->category &&
           wefti_task_runs(runner) && wefti_load_relaxed(&runner->doom) == NULL;
}

/* Whether the task's own function has been entered and not left. */
static bool has_begun(uintptr_t pc) {
    wefti_walk walk;
    wefti_walk_callers(&walk, pc, 0);
    return walk.program;
}

static void answer_one(wefti_question *question, wefti_doom *doom, const wefti_runner *current,
                       const void *interrupted) {
    wefti_runner *runner = doom->runner;
    wefti_store_relaxed(&doom->state, (uint32_t)WEFTI_DOOM_SPARED); /* relaxed: the answer releases it */
    if (!is_meant(runner, question->worker, doom)) return;
    if (runner != current) {
        if (!runner->fiber.strand.movable) mark(doom); /* another worker may just be taking a movable one */
        return;
    }
    if (interrupted == NULL || has_begun(wefti_interrupted_pc(interrupted))) /* a task that answers has begun */
        mark(doom);
    else
        question->again = true;
}

static void answer(wefti_question *question, const wefti_runner *current, const void *interrupted) {
    for (wefti_doom *doom = question->dooms; doom != NULL; doom = doom->next)
        if (wefti_load_relaxed(&doom->state) == WEFTI_DOOM_ASKED) answer_one(question, doom, current, interrupted);
}

static void close_question(wefti_question *question) {
    wefti_futex *answered = &question->answered;
    wefti_store_release(answered, 1u); /* partner: the acquire in kill.c, which may then free the question */
    wefti_futex_wake(answered, 1);     /* the memory need not exist any more */
}

bool wefti_doom_interrupt(void *interrupted) {
    wefti_strand *strand = wefti_strand_now;
    if (strand == NULL) return false;
    if (strand->worker == NULL) return wefti_doom_strike_thread(strand, interrupted);
    wefti_runner *runner = wefti_runner_of_strand(strand);
    wefti_question *question = wefti_exchange_acq_rel(&strand->worker->question, NULL); /* partner: ask, kill.c */
    if (question != NULL) {
        answer(question, runner, interrupted);
        close_question(question);
    }
    wefti_doom *doom = wefti_load_relaxed(&runner->doom); /* relaxed: D1 */
    if (doom != NULL) strike(runner, doom, interrupted);
    return question != NULL || doom != NULL;
}

/* ---- in a worker's normal course ---- */

void wefti_doom_answer(wefti_question *question) {
    answer(question, wefti_runner_of_strand(wefti_strand_now), NULL);
    for (wefti_doom *doom = question->dooms; doom != NULL; doom = doom->next)
        if (wefti_load_relaxed(&doom->state) == WEFTI_DOOM_MARKED) wefti_doom_end_wait(doom->runner);
    close_question(question);
}

static void end_single_wait(wefti_runner *runner) {
    if (wefti_withdraw_hook == NULL || !wefti_withdraw_hook(runner)) return;
    if (WEFTI_CAN_DIVERT) wefti_divert_waiting(&runner->fiber.context);
    wefti_unpark_with(&runner->wait, (int)WEFTI_KILLED);
}

/* A clean-up that still waits when the time is over is left, and the next one begins. */
static bool waits_too_long(const wefti_runner *runner) {
    const wefti_strand *strand = &runner->fiber.strand;
    wefti_doom *doom = wefti_load_relaxed(&runner->doom); /* relaxed: D1 */
    if (doom == NULL || !runner->dying || strand->cleaning == 0 || strand->unkillable != 0) return false;
    if (strand->locks != 0 || !wefti_load_relaxed(&doom->expired)) return false; /* relaxed: a hint */
    return ++doom->strokes % LAST_STROKES == 0;
}

void wefti_doom_end_wait(wefti_runner *runner) {
    if (runner->fiber.strand.movable || (!may_die(runner) && !waits_too_long(runner))) return;
    if (wefti_load_relaxed(&runner->what) == NULL) return; /* relaxed: a hint; the claim decides */
    wefti_takes_over(runner);                              /* partner: its park, sched/park.c */
    wefti_wait *wait = runner->parked;
    if (wait == NULL)
        end_single_wait(runner);
    else if (wait->killable && wefti_wait_claim(wait, WEFTI_KILLED))
        wefti_unpark(wait);
}
