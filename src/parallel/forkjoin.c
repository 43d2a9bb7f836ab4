/* SPDX-License-Identifier: MIT */
/* forkjoin.c - what spawn and sync do where it takes more than a few stores. See lockfree/forks.h, sched/frames.h. */
#include <weft/condition.h>
#include <weft/task.h>

#include <stdlib.h>

#include "condition/doom.h"
#include "condition/unwind.h"
#include "os/os.h"
#include "sched/attach.h"
#include "sched/frames.h"
#include "sched/kernel.h"

enum { PATIENCE = 200, HELPING_NANOSECONDS = 100000, LEAST_STEP = 8, STACK_RESERVE = 16 * 1024 };

weft_forks *weft_forks_here(void) {
    wefti_strand *self = wefti_strand_self();
    if (self == NULL)
        wefti_stop_misuse("thread", "?", "has no memory to spawn: bytes wanted", sizeof(wefti_thread), "");
    return wefti_forks_of(self);
}

weft_forks *weft_here(void) { return weft_forks_here(); }

weft_fork *weft_top(void) { return weft_forks_here()->top; }

/* ---- spawn ---- */

/* A strand's first spawn: what it has spawned lies in the only frame it had. */
static WEFTI_NOINLINE wefti_forker *make(weft_forks *forks) {
    wefti_forker *forker = calloc(1, sizeof *forker);
    weft_fork *base = wefti_pages_map(WEFTI_FRAMES_BYTES);
    if (forker == NULL || base == NULL)
        wefti_stop_misuse("task", forks->first.type->name, "cannot be spawned for want of memory: bytes wanted",
                          WEFTI_FRAMES_BYTES, "");
    base++; /* the one before is of no type: a sync without a spawn finds it */
    wefti_deque_begin(&forker->deque, forks, base);
    base[0] = forks->first;
    forks->top = base + 1;
    forks->deque = &forker->deque;
    forker->soft = base + LEAST_STEP;
    forker->strand = wefti_strand_self();
    return forker;
}

/* From the outermost spawn to the outermost sync, workers look here. */
static void enlist(wefti_forker *forker) {
    wefti_worker *worker = forker->strand->worker;
    weft_kernel *kernel = worker != NULL ? worker->kernel : wefti_kernel_current();
    forker->serving = forker->deque.forks->serving;
    forker->home = NULL;
    if (worker != NULL) {
        wefti_runner *runner = wefti_runner_of_strand(forker->strand);
        forker->category = wefti_load_relaxed(&runner->category); /* relaxed: its own */
        if (!runner->fiber.strand.movable) forker->home = worker;
    } else {
        forker->category = weft_category_default;
        if (kernel == NULL || !kernel->use_caller || !wefti_kernel_pledge(kernel)) return;
    }
    wefti_frames_enlist(kernel, forker);
}

/* The spawn that is too many is not made. What was spawned before is joined by who leaves it. */
WEFTI_NORETURN static void refuse(wefti_forker *forker, const char *format, size_t number) {
    const char *name = wefti_frame_type(--forker->deque.forks->top)->name;
    weft_origin origin = {"weft_spawn", name, 0, &weft_type_stack_exhausted, NULL, 0, NULL};
    weft_error_from(origin, format, name, number);
}

/* How many more frames may come before the stack is looked at again: as many as would take half of what is left, if
 * they go on to take as much as those before. So a recursion without end is an error with some of the stack left, and
 * one that is not as even runs into the guard. */
static void look_at_stack(wefti_forker *forker) {
    wefti_deque *deque = &forker->deque;
    weft_fork *top = deque->forks->top;
    weft_fork *end = deque->base + WEFTI_MOST_FRAMES;
    if (top == end)
        refuse(forker, "task '%s' is spawned while not synced are already %zu", (size_t)WEFTI_MOST_FRAMES - 1);
    if (forker->strand->worker == NULL) { /* a thread's stack is the system's */
        forker->soft = end - 1;
        return;
    }
    const wefti_fiber *fiber = &wefti_runner_of_strand(forker->strand)->fiber;
    size_t left = (size_t)((char *)__builtin_frame_address(0) - (char *)fiber->stack_low);
    size_t reserve = WEFTI_MIN(fiber->stack_size / 4, (size_t)STACK_RESERVE);
    if ((ptrdiff_t)left < (ptrdiff_t)reserve)
        refuse(forker, "task '%s' is spawned so deep that the stack is nearly used up, of %zu bytes",
               fiber->stack_size);
    forker->soft = end - 1;
    size_t each = (fiber->stack_size - left) / (size_t)(top - deque->base) + 1;
    size_t step = WEFTI_MAX((left - reserve / 2) / each / 2, (size_t)LEAST_STEP);
    if (step < (size_t)(forker->soft - top)) forker->soft = top + step;
}

/* A body that began before the strand had any frames, and called others who have made them, still spawns into the only
 * one that there was: it comes here, since all of those are synced by now. */
static void move_first(weft_forks *forks, weft_fork *base) {
    if (WEFTI_LIKELY(forks->top != &forks->first + 1)) return;
    base[0] = forks->first;
    forks->top = base + 1;
}

/* The outermost spawn. */
static void begin(wefti_forker *forker) {
    wefti_frame_mark(forker->deque.base);
    if (forker->kernel == NULL) enlist(forker);
}

weft_fork *weft_forks_attend(weft_forks *forks) {
    wefti_forker *forker = forks->deque != NULL ? wefti_forker_of(forks) : make(forks);
    move_first(forks, forker->deque.base);
    if (forks->top > forker->soft) look_at_stack(forker);
    wefti_store_relaxed(&forks->limit, forker->soft); /* relaxed: it may be asked anew at any time */
    if (forks->top == forker->deque.base + 1) begin(forker);
    weft_kernel *kernel = forker->kernel;
    if (kernel != NULL && wefti_deque_publish(&forker->deque)) wefti_notify(kernel, &kernel->idle);
    return forks->top;
}

/* ---- sync ---- */

static void park_for(wefti_strand *self, weft_fork *frame) {
    wefti_wait wait;
    while (!wefti_may_park(self)) {
        if (wefti_frame_is_done(frame)) return;
        weft_yield();
    }
    wefti_wait_init(&wait, self, "sync", frame);
    if (wefti_frame_await(frame, &wait)) wefti_park(&wait, WEFT_FOREVER);
}

/* A thread has nobody to leave its processor to. It does what it waits for, and nothing else. */
static void help(wefti_forker *forker, weft_fork *frame) {
    int64_t until = wefti_clock() + HELPING_NANOSECONDS;
    while (!wefti_frame_is_done(frame)) {
        if (wefti_frames_help(forker))
            until = wefti_clock() + HELPING_NANOSECONDS;
        else if (wefti_clock() > until)
            return;
        wefti_pause();
    }
}

static void wait_for(wefti_forker *forker, weft_fork *frame) {
    for (int i = 0; i < PATIENCE && !wefti_frame_is_done(frame); i++) wefti_pause();
    if (forker->strand->worker == NULL) help(forker, frame);
    if (!wefti_frame_is_done(frame)) park_for(forker->strand, frame);
}

static void delist(wefti_forker *forker) {
    weft_kernel *kernel = forker->kernel;
    wefti_store_relaxed(&forker->deque.forks->limit, NULL); /* relaxed: its own; the next spawn enlists it again */
    if (kernel == NULL) return;
    wefti_frames_delist(forker);
    if (forker->strand->worker == NULL) wefti_kernel_redeem(kernel);
}

/* Waits until nobody else runs it, if it was taken; then the frame is nobody's. Returns whether nobody had taken it. */
static bool take_back(wefti_forker *forker, weft_fork *frame) {
    weft_forks *forks = forker->deque.forks;
    bool mine = !wefti_frame_is_marked(frame) || wefti_deque_reclaim(&forker->deque);
    if (!mine) {
        wait_for(forker, frame);
        wefti_deque_settle(&forker->deque);
    }
    forks->top = frame;
    if (frame == forker->deque.base) delist(forker);
    return mine;
}

/* Control leaves the extent of a frame (NULL: the task): what was spawned there is not begun, or waited for. */
static void join_for(wefti_strand *self, const weft_frame *frame) {
    weft_forks *forks = self->forks;
    wefti_forker *forker = forks != NULL ? wefti_forker_of(forks) : NULL;
    if (forker == NULL) return;
    const weft_fork *top = frame != NULL && frame->forked != &forks->first ? frame->forked : forker->deque.base;
    while (forks->top > top) {
        weft_fork *last = forks->top - 1;
        if (!take_back(forker, last)) wefti_condition_drop(wefti_frame_failure(last));
    }
}

__attribute__((constructor)) static void introduce(void) { wefti_unwind_hook = join_for; }

/* The task that was taken has failed. */
static WEFTI_NOINLINE void raise(wefti_strand *self, const wefti_condition *condition, const weft_task_type *type) {
    weft_status status = wefti_condition_receive(self, condition);
    if (status == WEFT_KILLED) wefti_doom_follow(self);
    weft_must_at("weft_sync", type->name, 0, status);
}

bool weft_forks_reclaim(weft_forks *forks, weft_fork *frame, const weft_task_type *type) {
    wefti_forker *forker = wefti_forker_of(forks);
    if (forker == NULL || forks->top == forker->deque.base)
        wefti_stop_misuse("task", type->name, "is synced without a spawn: spawned and not synced are", 0, " tasks");
    if (forks->top != frame + 1) weft_forks_unsynced(type);
    if (wefti_frame_type(frame) != type)
        wefti_stop_misuse("task", type->name, "is synced before a task that was spawned after it, not synced are",
                          (size_t)(forks->top - forker->deque.base), " tasks");
    if (take_back(forker, frame)) return true;
    const wefti_condition *condition = wefti_frame_failure(frame);
    if (WEFTI_UNLIKELY(condition != NULL)) raise(forker->strand, condition, type);
    return false;
}

static WEFTI_NOINLINE void stop_unsynced(const weft_forks *forks, const char *name) {
    wefti_stop_misuse("task", name, "has returned before it had synced what it spawned, not synced are",
                      (size_t)(forks->top - forks->deque->base), " tasks");
}

void weft_forks_unsynced(const weft_task_type *type) { stop_unsynced(weft_forks_here(), type->name); }

void weft_forks_moved(const weft_forks *forks, const weft_fork *top, const char *name) {
    const weft_fork *before = top == &forks->first && forks->deque != NULL ? forks->deque->base : top;
    if (forks->top != before) stop_unsynced(forks, name);
}
