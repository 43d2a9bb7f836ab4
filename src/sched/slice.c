/* SPDX-License-Identifier: MIT */
/* slice.c - the slicer, and switching tasks away; see slice.h. */
#include "sched/slice.h"

#include <errno.h>
#include <stdlib.h>

#include "cpu/divert.h"
#include "lockfree/parker.h"
#include "os/interrupt.h"
#include "os/text.h"
#include "os/walk.h"
#include "sched/kernel.h"

enum {
    LOOKS_BEFORE_SLEEP = 16,
    SLICER_STACK = 64 * 1024,
    WALKS = 4,  /* a slice is at least this many times as long as the walk that ended one before it */
    FORGOT = 8, /* a part of that is forgotten each time that a walk is shorter */
};

/* What the slicer has seen of a worker. */
typedef struct seen {
    uint64_t moves; /* tasks begun and ended, and parks */
    int64_t used;   /* processor time when it last moved, or was interrupted */
} seen;

typedef struct wefti_slicer {
    weft_kernel *kernel;
    wefti_os_thread thread;
    wefti_parker parker;
    wefti_futex stop;
    seen seen[];
} wefti_slicer;

void (*wefti_slice_over_hook)(wefti_strand *self);

static WEFTI_ATOMIC(bool) met_unknown; /* the handler met code that was loaded after the table of code was made */

/* ---- whether others wait ---- */

/* Asked by the handler, and by the slicer as a guess: the list is its worker's alone, who writes it plainly; whatever
 * is read, NULL or not, was so a moment ago, and nothing is followed. */
static bool any_ready(const wefti_worker *worker) {
    return __atomic_load_n(&worker->ready.first, __ATOMIC_RELAXED) != NULL;
}

static bool somebody_waits(wefti_worker *worker, int64_t now) {
    weft_kernel *kernel = worker->kernel;
    return any_ready(worker) || wefti_mailbox_has_mail(&worker->mailbox) || wefti_queue_has_work(&worker->queue) ||
           wefti_inbox_has_work(&kernel->inbox) || wefti_load_relaxed(&worker->movable_count) != 0 ||
           wefti_wheel_next(&worker->wheel) <= now || wefti_wheel_next(&kernel->wheel) <= now ||
           wefti_io_wants_poller(&kernel->io);
}

static bool is_sliced(const wefti_runner *runner) {
    return runner->fiber.strand.worker->kernel->slices != runner->contrary;
}

/* ---- giving way ---- */

/* To the loop, which looks at mailbox, clock and tasks that have not begun. */
WEFTI_NO_TSAN static WEFTI_NOINLINE void give_way(wefti_worker *worker, wefti_runner *self) {
    wefti_runner *next = wefti_runner_get(worker);
    if (next == NULL) return;
    worker->tasks_first = worker->poll_due = true;
    self->sliced = true;
    wefti_count(&worker->slices);
    wefti_runner *movable = wefti_movable_take(worker); /* else they come when no other is ready */
    if (movable != NULL) wefti_runners_put(&worker->ready, &movable->fiber.link);
    wefti_runners_put(&worker->ready, &self->fiber.link);
    wefti_runner_switch(worker, self, next, false);
    self->sliced = false;
}

static void end_slice(wefti_runner *self) {
    int number = errno;
    wefti_strand *strand = &self->fiber.strand;
    wefti_runner_keep_exceptions(self);
    give_way(strand->worker, self);
    wefti_runner_have_exceptions(self);
    errno = number;
    if (wefti_slice_over_hook != NULL) wefti_slice_over_hook(strand);
}

void wefti_paused(void) { end_slice(wefti_runner_of_strand(wefti_strand_now)); }

static bool may_give_way(const wefti_runner *self) {
    return self->fiber.strand.unkillable == 0 && self->fiber.strand.locks == 0 && !self->dying;
}

void wefti_slice_end_deferred(wefti_runner *self) {
    if (WEFTI_LIKELY(!self->slice_due) || !may_give_way(self)) return;
    self->slice_due = false;
    if (somebody_waits(self->fiber.strand.worker, wefti_clock())) end_slice(self);
}

/* ---- in the handler ---- */

static bool is_on(const wefti_runner *runner, uintptr_t sp) {
    return sp > (uintptr_t)runner->fiber.stack_low && sp < (uintptr_t)runner;
}

static void set_barrier(wefti_runner *runner, const wefti_run *run) {
    if (run->slot == NULL || (uintptr_t)run->slot < (uintptr_t)runner->fiber.stack_low + wefti_pause_room()) return;
    runner->slice_due = true;
    wefti_runner_set_barrier(runner, run->slot, true);
}

static void interrupt_task(wefti_runner *runner, void *interrupted) {
    if (!is_on(runner, wefti_interrupted_sp(interrupted)) || !wefti_task_is_inside(runner)) return;
    wefti_runner_clear_barrier(runner); /* one that was left by a jump stays set, and is in the way of no walk */
    wefti_walk walk;
    wefti_walk_callers(&walk, wefti_interrupted_pc(interrupted), 0);
    if (walk.unknown) wefti_store_relaxed(&met_unknown, true); /* relaxed: a hint */
    if (!walk.whole || !walk.program) return;
    if (walk.held.there || walk.top.there)
        set_barrier(runner, walk.held.there ? &walk.held : &walk.top);
    else
        wefti_pause_interrupted(interrupted, (uintptr_t)runner->fiber.stack_low);
}

/* A stack that is deep takes long to walk, and the worker would do little else: its slices become longer, for all tasks
 * on it alike, so that shares stay as they are. */
static void interrupt_and_learn(wefti_worker *worker, wefti_runner *runner, void *interrupted) {
    int64_t begun = wefti_os_thread_used(worker->thread_id);
    interrupt_task(runner, interrupted);
    int64_t walk = wefti_os_thread_used(worker->thread_id) - begun;
    int64_t least = wefti_load_relaxed(&worker->least_slice); /* relaxed: its own */
    least = WEFTI_MAX(least - least / FORGOT, WALKS * walk);
    wefti_store_relaxed(&worker->least_slice, least); /* relaxed: a hint for the slicer */
}

static bool on_signal(void *interrupted) {
    wefti_strand *strand = wefti_strand_now;
    if (strand == NULL || strand->worker == NULL) return false;
    wefti_worker *worker = strand->worker;
    wefti_runner *runner = wefti_runner_of_strand(strand);
    if (!wefti_exchange_acquire(&worker->slice_over, false)) return false; /* partner: the release in interrupt */
    /* relaxed: D1 of condition/doom.h. One that is to die is seen to by others. */
    if (!wefti_task_runs(runner) || !is_sliced(runner) || wefti_load_relaxed(&runner->doom) != NULL) return true;
    if (!somebody_waits(worker, wefti_clock())) return true;
    if (may_give_way(runner))
        interrupt_and_learn(worker, runner, interrupted);
    else
        runner->slice_due = true;
    return true;
}

/* ---- the slicer ---- */

static void interrupt(wefti_worker *worker) {
    wefti_store_release(&worker->slice_over, true); /* partner: the exchange in on_signal */
    wefti_interrupt(WEFTI_TO_PAUSE, worker->thread_id);
}

static void look_at(const wefti_slicer *slicer, wefti_worker *worker, seen *before, int64_t now) {
    /* relaxed, all: a guess; the handler decides */
    uint64_t moves = wefti_load_relaxed(&worker->parks) + wefti_load_relaxed(&worker->begun) +
                     wefti_load_relaxed(&worker->queue.taken);
    int64_t used = wefti_os_thread_used(worker->thread_id);
    int64_t slice = WEFTI_MAX(slicer->kernel->slice, wefti_load_relaxed(&worker->least_slice));
    if (moves != before->moves) {
        *before = (seen){moves, used};
    } else if (used - before->used >= slice - slice / 8 && somebody_waits(worker, now)) {
        before->used = used;
        interrupt(worker);
    }
}

/* Whether some worker is awake. */
static bool look_at_all(wefti_slicer *slicer) {
    weft_kernel *kernel = slicer->kernel;
    int64_t now = wefti_clock();
    bool awake = false;
    for (uint32_t i = 0; i < kernel->worker_count; i++) {
        wefti_worker *worker = &kernel->workers[i];
        if (wefti_load_relaxed(&worker->cpu) < 0) continue; /* relaxed: who wakes rings afterwards */
        awake = true;
        look_at(slicer, worker, &slicer->seen[i], now);
    }
    if (wefti_exchange_relaxed(&met_unknown, false)) wefti_text_refresh();
    return awake;
}

static void slice(void *argument) {
    wefti_slicer *slicer = argument;
    wefti_os_thread_name("weft/slicer");
    wefti_os_exact_timeouts();
    int idle = 0;
    while (wefti_load_acquire(&slicer->stop) == 0) { /* partner: wefti_slicer_end */
        idle = look_at_all(slicer) ? 0 : idle + 1;
        if (idle < LOOKS_BEFORE_SLEEP) {
            wefti_futex_wait(&slicer->stop, 0, wefti_clock() + slicer->kernel->slice);
            continue;
        }
        wefti_parker_sleep(&slicer->parker, WEFT_FOREVER);
        /* acquire: of a ring that comes just now too, it sees who is awake; partner: wefti_parker_notify */
        (void)wefti_exchange_acquire(&slicer->parker, (uint32_t)WEFTI_PARKER_EMPTY);
        idle = 0;
    }
}

void wefti_slicer_ring(weft_kernel *kernel) {
    wefti_slicer *slicer = wefti_load_acquire(&kernel->slicer); /* partner: wefti_slicer_begin */
    if (slicer != NULL) wefti_parker_notify(&slicer->parker);
}

/* ---- beginning and ending ---- */

bool weft_slices_work(void) {
    static WEFTI_ATOMIC(int) known; /* 1 more than the answer; relaxed: whoever finds out anew finds the same */
    if (wefti_load_relaxed(&known) == 0) {
        bool work = WEFTI_CAN_DIVERT && wefti_pause_init() && wefti_walk_init() && wefti_text_refresh();
        wefti_store_relaxed(&known, 1 + (int)work);
    }
    return wefti_load_relaxed(&known) == 2;
}

/* The kernel's lock is held. */
static void begin(weft_kernel *kernel) {
    size_t size = sizeof(wefti_slicer) + kernel->worker_count * sizeof(seen);
    wefti_slicer *slicer = calloc(1, size);
    if (slicer == NULL) return;
    slicer->kernel = kernel;
    if (wefti_os_thread_start(&slicer->thread, slice, slicer, SLICER_STACK) != 0)
        free(slicer);
    else
        wefti_store_release(&kernel->slicer, slicer); /* partners: the acquires of it */
}

void wefti_slicer_begin(weft_kernel *kernel) {
    if (!weft_slices_work()) return;
    wefti_text_refresh(); /* of what was loaded since */
    pthread_mutex_lock(&kernel->lock);
    bool mine = wefti_load_relaxed(&kernel->slicer) == NULL && !kernel->joined;
    if (mine && wefti_interrupt_init(WEFTI_TO_PAUSE, on_signal)) begin(kernel);
    pthread_mutex_unlock(&kernel->lock);
}

void wefti_slicer_end(weft_kernel *kernel) {
    wefti_slicer *slicer = wefti_load_acquire(&kernel->slicer); /* partner: wefti_slicer_begin */
    if (slicer == NULL) return;
    wefti_store_release(&slicer->stop, 1u); /* partner: slice */
    wefti_futex_wake(&slicer->stop, 1);
    wefti_parker_notify(&slicer->parker);
    wefti_os_thread_join(&slicer->thread);
    wefti_store_relaxed(&kernel->slicer, NULL); /* relaxed: its workers are gone */
    free(slicer);
}
