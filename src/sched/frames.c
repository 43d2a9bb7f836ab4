/* SPDX-License-Identifier: MIT */
/* frames.c - the list of strands that have spawned, and running what was taken from one. See frames.h. */
#include "sched/frames.h"

#include <stdlib.h>
#include <string.h>

#include "dynamic/frame.h"
#include "os/os.h"
#include "sched/attach.h"
#include "sched/kernel.h"

/* Rounds of a search: a spawn answers within one or two. */
enum { LEAST_PATIENCE = 16, MOST_PATIENCE = 1024 };

void wefti_forks_init(weft_forks *forks) {
    memset(forks, 0, sizeof *forks);
    wefti_atomic_init(&forks->top, &forks->first);
}

bool wefti_forks_any(const weft_forks *forks) {
    const weft_fork *top = wefti_load_relaxed(&forks->top); /* relaxed: its own, or a guess */
    return top != &forks->first && (forks->deque == NULL || top != forks->deque->base);
}

void wefti_forks_end(weft_forks *forks) {
    wefti_forker *forker = wefti_forker_of(forks);
    if (forker == NULL) return;
    wefti_pages_unmap(forker->deque.base - 1, WEFTI_FRAMES_BYTES);
    free(forker);
    wefti_forks_init(forks);
}

weft_forks *wefti_forks_of(wefti_strand *strand) {
    if (strand->worker != NULL) return &wefti_runner_of_strand(strand)->forks;
    return &wefti_thread_of_strand(strand)->forks;
}

/* ---- the list ---- */

/* Who searches takes the list's lock again and again, and has it most of the time. Where threads share a processor it
 * is stopped with it in hand nearly each time, and who has spawned would not get it for very long, and so could not
 * spawn what is searched for. So he says that he waits, and those that search keep away. relaxed, all: a hint */
static void lock_list(weft_kernel *kernel) {
    if (WEFTI_LIKELY(wefti_spin_try(&kernel->forks_lock))) return;
    wefti_add_relaxed(&kernel->forks_wanted, 1u);
    wefti_spin_lock(&kernel->forks_lock);
    wefti_add_relaxed(&kernel->forks_wanted, (uint32_t)-1);
}

static bool is_wanted(weft_kernel *kernel) { return wefti_load_relaxed(&kernel->forks_wanted) != 0; }

void wefti_frames_enlist(weft_kernel *kernel, wefti_forker *forker) {
    forker->kernel = kernel;
    forker->previous = NULL;
    lock_list(kernel);
    forker->next = kernel->forkers;
    if (forker->next != NULL) forker->next->previous = forker;
    kernel->forkers = forker;
    wefti_store_relaxed(&kernel->forker_count, wefti_load_relaxed(&kernel->forker_count) + 1); /* relaxed: a hint */
    wefti_spin_unlock(&kernel->forks_lock);
}

void wefti_frames_delist(wefti_forker *forker) {
    weft_kernel *kernel = forker->kernel;
    lock_list(kernel);
    if (forker->previous != NULL)
        forker->previous->next = forker->next;
    else
        kernel->forkers = forker->next;
    if (forker->next != NULL) forker->next->previous = forker->previous;
    wefti_store_relaxed(&kernel->forker_count, wefti_load_relaxed(&kernel->forker_count) - 1);
    wefti_spin_unlock(&kernel->forks_lock);
    forker->kernel = NULL;
}

static bool none(weft_kernel *kernel) { return wefti_load_relaxed(&kernel->forker_count) == 0; }

/* Whether a parked strand of this worker has frames that it has not published. One whose slice is over may be in the
 * middle of a spawn or a sync: those are its own. */
static bool has_private(const wefti_forker *forker, const wefti_worker *worker) {
    if (forker->home != worker || forker->strand == wefti_strand_now) return false;
    if (WEFTI_UNLIKELY(wefti_runner_of_strand(forker->strand)->sliced)) return false;
    return wefti_deque_depth(&forker->deque) > wefti_load_relaxed(&forker->deque.shared); /* relaxed: see there */
}

/* Under the list's lock. */
static weft_fork *take_of(wefti_forker *forker, wefti_worker *worker) {
    if (!wefti_deque_has_frames(&forker->deque) && has_private(forker, worker)) {
        wefti_takes_over(wefti_runner_of_strand(forker->strand)); /* partner: its park, sched/park.c */
        wefti_deque_publish(&forker->deque);
    }
    return wefti_deque_steal(&forker->deque);
}

/* Where the heavy barrier is one for the light one that a sync has. ThreadSanitizer sees a full one in each. */
static bool may_expose(void) { return wefti_asymmetric || WEFTI_TSAN; }

static void ask_all(weft_kernel *kernel) {
    for (wefti_forker *forker = kernel->forkers; forker != NULL; forker = forker->next) wefti_deque_ask(&forker->deque);
}

/* Nobody who was asked has answered: the first whose private frames can be seen without it. */
static wefti_forker *expose_one(weft_kernel *kernel) {
    for (wefti_forker *forker = kernel->forkers; forker != NULL; forker = forker->next)
        if (wefti_deque_expose(&forker->deque)) return forker;
    return NULL;
}

/* Asks; and after some rounds in vain does not wait for an answer. One round more each time that it was of no use. */
static weft_fork *take_private(weft_kernel *kernel, wefti_worker *worker) {
    if (!may_expose() || ++worker->asked < worker->patience) {
        ask_all(kernel);
        return NULL;
    }
    worker->asked = 0;
    worker->stolen_from = expose_one(kernel);
    worker->patience = worker->stolen_from != NULL ? LEAST_PATIENCE : WEFTI_MIN(worker->patience * 2, MOST_PATIENCE);
    return worker->stolen_from != NULL ? wefti_deque_steal(&worker->stolen_from->deque) : NULL;
}

bool wefti_frames_take(wefti_worker *worker) {
    weft_kernel *kernel = worker->kernel;
    if (none(kernel) || is_wanted(kernel) || !wefti_spin_try(&kernel->forks_lock)) return false;
    weft_fork *frame = NULL;
    for (wefti_forker *forker = kernel->forkers; forker != NULL && frame == NULL; forker = forker->next) {
        frame = take_of(forker, worker);
        worker->stolen_from = forker;
    }
    if (frame == NULL) frame = take_private(kernel, worker);
    wefti_spin_unlock(&kernel->forks_lock);
    worker->stolen = frame;
    if (frame != NULL) {
        worker->asked = 0;
        wefti_count(&worker->steals);
    }
    return frame != NULL;
}

bool wefti_frames_to_be_had(weft_kernel *kernel) {
    if (none(kernel)) return false;
    bool found = false;
    wefti_spin_lock(&kernel->forks_lock);
    for (wefti_forker *forker = kernel->forkers; forker != NULL && !found; forker = forker->next)
        found = wefti_deque_has_frames(&forker->deque);
    wefti_spin_unlock(&kernel->forks_lock);
    return found;
}

bool wefti_frames_any(wefti_worker *worker) {
    weft_kernel *kernel = worker->kernel;
    if (none(kernel)) return false;
    if (is_wanted(kernel)) { /* it searches on meanwhile */
        wefti_os_yield();
        return true;
    }
    bool found = false;
    wefti_spin_lock(&kernel->forks_lock);
    for (wefti_forker *forker = kernel->forkers; forker != NULL && !found; forker = forker->next)
        found = wefti_deque_has_frames(&forker->deque) || has_private(forker, worker) ||
                (may_expose() && wefti_deque_has_private(&forker->deque));
    if (!found) ask_all(kernel);
    wefti_spin_unlock(&kernel->forks_lock);
    return found;
}

/* ---- running one ---- */

static void finish(weft_fork *frame, uintptr_t state) {
    wefti_wait *waits = wefti_frame_end_with(frame, state);
    if (waits != NULL && wefti_wait_claim(waits, WEFT_OK)) wefti_unpark(waits);
}

void wefti_frame_fail(weft_fork *frame, const wefti_condition *condition) {
    memcpy(frame->data, &condition, sizeof condition);
    finish(frame, WEFTI_FRAME_FAILED);
}

const wefti_condition *wefti_frame_failure(weft_fork *frame) {
    const wefti_condition *condition;
    if (wefti_load_relaxed(&frame->state) != WEFTI_FRAME_FAILED) return NULL; /* relaxed: it is known to be done */
    memcpy(&condition, frame->data, sizeof condition);
    return condition;
}

/* Runs the frame's task; returns the condition that it ended with, or NULL. */
static WEFTI_NOINLINE const wefti_condition *invoke(wefti_strand *self, weft_fork *frame, void *arguments) {
    wefti_end_target end;
    wefti_end_target_begin(self, &end);
    if (setjmp(end.target.place) != 0) {
        if (self->worker != NULL) wefti_runner_close_spare(wefti_runner_of_strand(self));
        return end.outcome;
    }
    wefti_frame_type(frame)->invoke(arguments, frame->data);
    wefti_frame_end(self, &end.target.frame, false);
    return NULL;
}

static void run(wefti_strand *self, weft_fork *frame, const wefti_forker *from) {
    WEFTI_ALIGNED(16) unsigned char arguments[WEFT_SPAWN_BYTES];
    weft_forks *forks = self->forks;
    const weft_fork *top = wefti_load_relaxed(&forks->top); /* relaxed: its own */
    struct wefti_deque *serving = forks->serving;
    forks->serving = (struct wefti_deque *)(uintptr_t)from;
    memcpy(arguments, frame->data, sizeof arguments);
    const wefti_condition *condition = invoke(self, frame, arguments);
    forks->serving = serving;
    weft_forks_moved(forks, top, wefti_frame_type(frame)->name);
    if (WEFTI_UNLIKELY(condition != NULL))
        wefti_frame_fail(frame, condition);
    else
        finish(frame, WEFTI_FRAME_DONE);
}

void wefti_frames_run(wefti_runner *self, wefti_worker *worker) {
    const wefti_forker *from = worker->stolen_from;
    self->fork = worker->stolen;
    worker->stolen = NULL;
    if (WEFTI_UNLIKELY((self->watched & WEFTI_TASK_DOOMED) != 0)) wefti_doom_lift_hook(self); /* of the one before */
    /* relaxed, all: for dumps and task_categories_running */
    wefti_store_relaxed(&self->category, from->category);
    wefti_store_relaxed(&self->since, worker->seen);
    wefti_store_relaxed(&self->type, wefti_frame_type(self->fork));
    run(&self->fiber.strand, self->fork, from);
    self->fork = NULL;
    if (WEFTI_UNLIKELY((self->watched & WEFTI_TASK_DOOMED) != 0)) wefti_doom_lift_hook(self);
    wefti_store_relaxed(&self->type, NULL);
}

/* Whether these were spawned by a task that was, in some steps, taken from there. */
static bool serves(const wefti_forker *forker, const wefti_forker *whom) {
    for (; forker != NULL; forker = (const wefti_forker *)(const void *)forker->serving)
        if (forker == whom) return true;
    return false;
}

bool wefti_frames_help(wefti_forker *self) {
    weft_kernel *kernel = self->kernel;
    weft_fork *frame = NULL;
    wefti_forker *from = NULL;
    if (is_wanted(kernel)) return false;
    wefti_spin_lock(&kernel->forks_lock);
    for (wefti_forker *forker = kernel->forkers; forker != NULL && frame == NULL; forker = forker->next) {
        if (forker == self || !serves(forker, self)) continue;
        frame = wefti_deque_steal(&forker->deque);
        if (frame == NULL) wefti_deque_ask(&forker->deque);
        from = forker;
    }
    wefti_spin_unlock(&kernel->forks_lock);
    if (frame == NULL) return false;
    bool was_dying = wefti_is_dying(self->strand);
    run(self->strand, frame, from);
    wefti_die_further(self->strand, was_dying);
    return true;
}
