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

static weft_fork *top_of(const weft_forks *forks) { return wefti_load_relaxed(&forks->top); /* relaxed: its own */ }

static void set_top(weft_forks *forks, weft_fork *top) {
    wefti_store_release(&forks->top, top); /* release: what lies below; partner: the acquire in wefti_deque_depth */
}

weft_fork *weft_top(void) { return top_of(weft_forks_here()); }

/* ---- spawn ---- */

/* A strand's first spawn: what it has spawned lies in the only frame it had. */
static WEFTI_NOINLINE wefti_forker *make(weft_forks *forks) {
    wefti_forker *forker = calloc(1, sizeof *forker);
    weft_fork *base = wefti_pages_map(WEFTI_FRAMES_BYTES);
    if (forker == NULL || base == NULL)
        wefti_stop_misuse("task", wefti_frame_type(&forks->first)->name,
                          "cannot be spawned for want of memory: bytes wanted", WEFTI_FRAMES_BYTES, "");
    base++; /* the one before is of no type: a sync without a spawn finds it */
    wefti_deque_begin(&forker->deque, forks, base);
    base[0] = forks->first;
    set_top(forks, base + 1);
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
    weft_fork *last = top_of(forker->deque.forks) - 1;
    const char *name = wefti_frame_type(last)->name;
    weft_origin origin = {"weft_spawn", name, 0, &weft_type_stack_exhausted, NULL, 0, NULL};
    wefti_deque_reclaim(&forker->deque);
    weft_error_from(origin, format, name, number);
}

/* How many more frames may come before the stack is looked at again: as many as would take half of what is left, if
 * they go on to take as much as those before. So a recursion without end is an error with some of the stack left, and
 * one that is not as even runs into the guard. */
static void look_at_stack(wefti_forker *forker) {
    wefti_deque *deque = &forker->deque;
    weft_fork *top = top_of(deque->forks);
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
    if (WEFTI_LIKELY(top_of(forks) != &forks->first + 1)) return;
    base[0] = forks->first;
    set_top(forks, base + 1);
}

/* The outermost spawn. */
static void begin(wefti_forker *forker) {
    wefti_frame_mark(forker->deque.base);
    if (forker->kernel == NULL) enlist(forker);
}

weft_fork *weft_forks_attend(weft_forks *forks) {
    wefti_forker *forker = forks->deque != NULL ? wefti_forker_of(forks) : make(forks);
    move_first(forks, forker->deque.base);
    if (top_of(forks) > forker->soft) look_at_stack(forker);
    wefti_store_relaxed(&forks->limit, forker->soft); /* relaxed: it may be asked anew at any time */
    if (top_of(forks) == forker->deque.base + 1) begin(forker);
    weft_kernel *kernel = forker->kernel;
    if (kernel != NULL && wefti_deque_publish(&forker->deque)) wefti_notify(kernel, &kernel->idle);
    return top_of(forks);
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

/* Waits until nobody else runs the topmost frame, if it was taken; then it is nobody's. Returns whether nobody had. */
static bool take_back(wefti_forker *forker) {
    weft_fork *frame = top_of(forker->deque.forks) - 1;
    bool mine = wefti_deque_reclaim(&forker->deque);
    if (!mine) {
        wait_for(forker, frame);
        wefti_deque_settle(&forker->deque);
    }
    if (frame == forker->deque.base) delist(forker);
    return mine;
}

/* A kill may come between the steps of a spawn, or of a sync: then the frame is in nobody's hands but the thieves'. */
static void restore(weft_forks *forks, wefti_forker *forker) {
    weft_fork *bottom = forker != NULL ? forker->deque.base : &forks->first;
    if (top_of(forks) == &forks->first + 1) set_top(forks, bottom); /* before the first spawn had made any frames */
    if (forker != NULL) wefti_deque_restore(&forker->deque);
}

/* Control leaves the extent of a frame (NULL: the task): what was spawned there is not begun, or waited for. */
static void join_for(wefti_strand *self, const weft_frame *frame) {
    weft_forks *forks = self->forks;
    wefti_forker *forker = forks != NULL ? wefti_forker_of(forks) : NULL;
    if (forks != NULL) restore(forks, forker);
    if (forker == NULL) return;
    const weft_fork *top = frame != NULL && frame->forked != &forks->first ? frame->forked : forker->deque.base;
    while (top_of(forks) > top) {
        weft_fork *last = top_of(forks) - 1;
        if (!take_back(forker)) wefti_condition_drop(wefti_frame_failure(last));
    }
}

__attribute__((constructor)) static void introduce(void) { wefti_unwind_hook = join_for; }

/* The task that was taken has failed. */
static WEFTI_NOINLINE void raise(wefti_strand *self, const wefti_condition *condition, const weft_task_type *type) {
    weft_status status = wefti_condition_receive(self, condition);
    if (status == WEFT_KILLED) wefti_doom_follow(self);
    weft_must_at("weft_sync", type->name, 0, status);
}

static WEFTI_NOINLINE void stop_unsynced(size_t count, const char *name) {
    wefti_stop_misuse("task", name, "has returned before it had synced what it spawned, not synced are", count,
                      " tasks");
}

/* The sync has set top to its frame already. As long as it is not known to be nobody else's, it is the topmost one. */
bool weft_forks_reclaim(weft_forks *forks, weft_fork *frame, const weft_task_type *type, const weft_fork *before) {
    wefti_forker *forker = wefti_forker_of(forks);
    if (forker == NULL || before == forker->deque.base)
        wefti_stop_misuse("task", type->name, "is synced without a spawn: spawned and not synced are", 0, " tasks");
    if (before != frame + 1) stop_unsynced((size_t)(before - forker->deque.base), type->name);
    if (wefti_frame_type(frame) != type)
        wefti_stop_misuse("task", type->name, "is synced before a task that was spawned after it, not synced are",
                          (size_t)(before - forker->deque.base), " tasks");
    set_top(forks, frame + 1);
    if (take_back(forker)) return true;
    const wefti_condition *condition = wefti_frame_failure(frame);
    if (WEFTI_UNLIKELY(condition != NULL)) raise(forker->strand, condition, type);
    return false;
}

static size_t unsynced(const weft_forks *forks) { return (size_t)(top_of(forks) - forks->deque->base); }

void weft_forks_unsynced(const weft_task_type *type) { stop_unsynced(unsynced(weft_forks_here()), type->name); }

void weft_forks_moved(const weft_forks *forks, const weft_fork *top, const char *name) {
    const weft_fork *before = top == &forks->first && forks->deque != NULL ? forks->deque->base : top;
    if (top_of(forks) != before) stop_unsynced(unsynced(forks), name);
}
