/* SPDX-License-Identifier: MIT */
/* loop.c - a worker's loop: what runs next, and how a task is run from its record to its outcome. */
#include <alloca.h>
#include <stdlib.h>
#include <string.h>

#include "dynamic/env.h"
#include "dynamic/frame.h"
#include "sched/cancel.h"
#include "sched/frames.h"
#include "sched/handlers.h"
#include "sched/kernel.h"
#include "sched/scope.h"
#include "sched/worker.h"

enum { POLL_MOST = 64, ON_STACK_MOST = 1024, BATCH_MOST = 128, STREAM_AIM = 32 };
enum { POLL_AIM_NANOSECONDS = 50000 };

const wefti_condition wefti_task_cancelled = {WEFT_CANCELLED, "the task was cancelled before it began", NULL};
static const wefti_condition no_memory = {WEFT_FAILED, "no memory for the task's result or environment", NULL};

/* ---- running a task ---- */

static inline void begin(wefti_runner *self, wefti_worker *worker, const wefti_record *record) {
    /* relaxed, all of them: for dumps and task_categories_running, which take what they find */
    wefti_store_relaxed(&self->category, record->category);
    wefti_store_relaxed(&self->since, worker->seen);
    wefti_store_relaxed(&self->type, record->type);
}

static inline void end(wefti_runner *self, unsigned generation) {
    wefti_worker *worker = self->fiber.strand.worker; /* a movable task may have changed it */
    wefti_store_relaxed(&self->type, NULL);
    self->fiber.strand.bound = worker->base;
    /* release: what the task submitted is counted before its end; partner: wefti_outstanding. Single writer. */
    wefti_store_release(&worker->done[generation], wefti_load_relaxed(&worker->done[generation]) + 1);
}

static void deliver(wefti_sink *sink, const void *value, const wefti_condition *condition) {
    if (sink != NULL)
        sink->deliver(sink, value, condition);
    else
        wefti_condition_drop(condition);
}

/* The task's own function has returned: from here on it is of no category, and is not killed. */
static inline void call_returned(wefti_strand *self) {
    wefti_store_relaxed(&wefti_runner_of_strand(self)->category, NULL); /* relaxed: for this thread, and for dumps */
}

static WEFTI_NOINLINE void invoke_large(wefti_strand *self, wefti_record *record) {
    size_t size = record->type->result_size;
    void *result = size <= ON_STACK_MOST ? alloca(size) : malloc(size);
    if (result == NULL) {
        deliver(record->sink, NULL, &no_memory);
        return;
    }
    weft_frame frame;
    if (size > ON_STACK_MOST) wefti_frame_begin(self, &frame, free, result);
    record->type->invoke(wefti_record_arguments(record), result);
    call_returned(self);
    deliver(record->sink, result, NULL);
    if (size > ON_STACK_MOST) wefti_frame_end(self, &frame, true);
}

static inline void invoke_with(wefti_strand *self, wefti_record *record, void *arguments) {
    WEFTI_ALIGNED(16) unsigned char result[48];
    if (WEFTI_UNLIKELY(record->type->result_size > sizeof result)) {
        invoke_large(self, record);
        return;
    }
    record->type->invoke(arguments, result);
    call_returned(self);
    if (record->sink != NULL) record->sink->deliver(record->sink, result, NULL);
}

static WEFTI_NOINLINE void invoke(wefti_strand *self, wefti_record *record) {
    invoke_with(self, record, wefti_record_arguments(record));
}

static void invoke_in_environment(wefti_strand *self, wefti_record *record, weft_environment *environment) {
    size_t size = wefti_environment_size(environment);
    void *memory = size <= ON_STACK_MOST ? alloca(size) : malloc(size);
    if (memory == NULL) {
        deliver(record->sink, NULL, &no_memory);
        return;
    }
    weft_frame frame;
    if (size > ON_STACK_MOST) wefti_frame_begin(self, &frame, free, memory);
    weft_bound *outer = self->bound;
    self->bound = wefti_environment_instantiate(environment, memory, outer);
    invoke(self, record);
    self->bound = outer;
    if (size > ON_STACK_MOST) wefti_frame_end(self, &frame, true);
}

static void invoke_with_extras(wefti_strand *self, wefti_record *record, weft_environment *environment) {
    if (environment != NULL)
        invoke_in_environment(self, record, environment);
    else
        invoke(self, record);
}

/* What it creates gets the handlers too. */
static WEFTI_NOINLINE void invoke_with_handlers(wefti_strand *self, wefti_record *record, wefti_extras *extras) {
    weft_handler *handlers = self->handlers, *forms = alloca(extras->handlers->depth * sizeof *forms);
    uint64_t room[(sizeof(weft_bound) + sizeof(void *)) / sizeof(uint64_t)];
    weft_bound *outer = self->bound;
    wefti_handlers_establish(extras->handlers, forms, self);
    self->bound = wefti_binding_instantiate(&wefti_task_handlers, &extras->handlers, room, outer);
    invoke_with_extras(self, record, extras->environment);
    self->bound = outer;
    self->handlers = handlers;
}

/* With a group, an environment, or a stack size that has been seen to. */
static WEFTI_NOINLINE void run_with_extras(wefti_runner *self, wefti_record *record) {
    wefti_extras *extras = wefti_record_extras(record);
    weft_group *group = extras->group;
    weft_environment *environment = extras->environment;
    wefti_member member;
    bool scoped = group != NULL && group->scope != NULL;
    if (scoped) wefti_member_begin(&member, self, group->scope);
    if (group != NULL && weft_group_cancelled(group))
        deliver(record->sink, NULL, &wefti_task_cancelled);
    else if (extras->handlers != NULL)
        invoke_with_handlers(&self->fiber.strand, record, extras);
    else
        invoke_with_extras(&self->fiber.strand, record, environment);
    if (scoped) wefti_frame_end(&self->fiber.strand, &member.frame, true);
    wefti_handlers_release(extras->handlers);
    if (environment != NULL) weft_release_environment(environment);
    if (group != NULL) wefti_group_leave(group);
}

static inline weft_group *group_of(const wefti_record *record) {
    return *(weft_group *const *)(const void *)(record + 1);
}

/* Of a group that is cancelled, or a scope's. */
static WEFTI_NOINLINE void invoke_odd(wefti_strand *self, wefti_record *record, weft_group *group) {
    wefti_member member;
    if (wefti_group_is_cancelled(group)) {
        deliver(record->sink, NULL, &wefti_task_cancelled);
        return;
    }
    if (group->scope != NULL) wefti_member_begin(&member, wefti_runner_of_strand(self), group->scope);
    invoke(self, record);
    if (group->scope != NULL) wefti_frame_end(self, &member.frame, true);
}

/* On a stack that is looked at, where the shorter way is not taken. */
static void invoke_in_group(wefti_strand *self, wefti_record *record) {
    weft_group *group = group_of(record);
    if (WEFTI_UNLIKELY(wefti_group_is_odd(group)))
        invoke_odd(self, record, group);
    else
        invoke_with(self, record, (char *)(record + 1) + sizeof(wefti_membership));
    wefti_group_leave(group);
}

static WEFTI_NOINLINE void run_unusual(wefti_runner *self, wefti_record *record) {
    void *heap = (record->flags & WEFTI_TASK_HEAP) != 0 ? wefti_record_arguments(record) : NULL;
    if (WEFTI_UNLIKELY((self->watched & WEFTI_TASK_DOOMED) != 0)) wefti_doom_lift_hook(self);
    self->fiber.strand.movable = (record->flags & WEFTI_TASK_MOVABLE) != 0;
    self->contrary = (record->flags & WEFTI_TASK_CONTRARY) != 0;
    if ((record->flags & WEFTI_TASK_EXTRAS) != 0)
        run_with_extras(self, record);
    else if ((record->flags & WEFTI_TASK_GROUP) != 0)
        invoke_in_group(&self->fiber.strand, record);
    else
        invoke(&self->fiber.strand, record);
    free(heap);
    self->fiber.strand.movable = self->contrary = false;
    self->fiber.strand.base = self->fiber.strand.worker->base;
    if (self->watched != 0) wefti_runner_check(self);
}

/* Carries over what has ended. This may wait while tasks of the same group follow one another on this worker, and stay
 * on it: who waits for the group waits for the next one too. */
static WEFTI_NOINLINE void carry_leaving(wefti_worker *worker) {
    weft_group *group = worker->leaving;
    worker->leaving = NULL;
    wefti_group_carry(group);
}

/* A small task with nothing but a group. */
static WEFTI_NOINLINE void run_in_group(wefti_runner *self, wefti_worker *worker, wefti_record *record) {
    unsigned generation = record->generation;
    weft_group *group = group_of(record);
    begin(self, worker, record);
    if (WEFTI_UNLIKELY(wefti_group_is_odd(group)))
        invoke_odd(&self->fiber.strand, record, group);
    else
        invoke_with(&self->fiber.strand, record, (char *)(record + 1) + sizeof(wefti_membership));
    if (WEFTI_LIKELY((worker->leaving == NULL || worker->leaving == group) &&
                     wefti_tally_is_owner(&group->tally, worker))) {
        wefti_tally_out_own(&group->tally);
        worker->leaving = group;
    } else {
        wefti_group_leave(group);
    }
    end(self, generation);
}

static void run(wefti_runner *self, wefti_worker *worker, wefti_slot *slots) {
    wefti_record *record = (wefti_record *)(void *)slots;
    unsigned generation = record->generation;
    begin(self, worker, record);
    unsigned how = record->flags | self->watched;
    if (WEFTI_LIKELY(how == 0))
        invoke_with(&self->fiber.strand, record, record + 1);
    else
        run_unusual(self, record);
    end(self, generation);
}

/* ---- tasks that want a stack of their own size ---- */

static void run_handed(wefti_runner *self, void *slots) {
    self->slots = slots;
    wefti_count(&self->fiber.strand.worker->begun);
    run(self, self->fiber.strand.worker, slots);
    self->low = false;
    free(slots);
}

/* Hands the record to a fresh runner with such a stack. false: there is no memory for it. */
static bool hand_over(wefti_worker *worker, const wefti_slot *slots, uint32_t count, bool low) {
    size_t stack_size = wefti_record_extras((wefti_record *)(void *)(uintptr_t)slots)->stack_size;
    size_t rounded = WEFTI_SMALLEST_STACK;
    while (rounded < stack_size) rounded *= 2;
    wefti_stack_pool *pool = wefti_kernel_pool(worker->kernel, rounded);
    if (pool == NULL) return false;
    wefti_slot *copy = aligned_alloc(sizeof *copy, count * sizeof *copy);
    wefti_runner *runner = copy != NULL ? wefti_runner_fresh(worker, pool, rounded) : NULL;
    if (runner == NULL) {
        free(copy);
        return false;
    }
    memcpy(copy, slots, count * sizeof *copy);
    ((wefti_record *)(void *)copy)->flags &= (uint8_t)~WEFTI_TASK_STACK;
    runner->first = run_handed;
    runner->first_argument = copy;
    runner->low = low;
    wefti_hands_over(runner);
    wefti_runners_put(&worker->ready, &runner->fiber.link);
    return true;
}

static WEFTI_NOINLINE void run_elsewhere(wefti_runner *self, wefti_worker *worker, wefti_slot *slots, uint32_t count) {
    wefti_record *record = (wefti_record *)(void *)slots;
    if (hand_over(worker, slots, count, self->low)) {
        wefti_store_relaxed(&worker->begun, wefti_load_relaxed(&worker->begun) - 1); /* taken, and not yet begun */
        return;
    }
    static const wefti_condition no_stack = {WEFT_FAILED, "no memory for a stack of the size the task asked for", NULL};
    begin(self, worker, record);
    wefti_extras *extras = wefti_record_extras(record);
    deliver(record->sink, NULL, &no_stack);
    wefti_handlers_release(extras->handlers);
    if (extras->environment != NULL) weft_release_environment(extras->environment);
    if (extras->group != NULL) wefti_group_leave(extras->group);
    if ((record->flags & WEFTI_TASK_HEAP) != 0) free(wefti_record_arguments(record));
    end(self, record->generation);
}

/* ---- tasks that do not come to their end ---- */

static void free_handed(wefti_runner *self, void *slots) {
    (void)self;
    free(slots);
}

bool wefti_task_runs(const wefti_runner *self) {
    bool record = self->first == NULL || self->first == run_handed;
    return record && wefti_load_relaxed(&self->type) != NULL; /* relaxed: its own */
}

/* What run() and its kin do after the task's function has returned. */
static void settle(wefti_record *record, const wefti_condition *condition) {
    wefti_extras *extras = wefti_record_extras(record);
    const weft_group *group = extras != NULL ? extras->group : NULL;
    if ((record->flags & WEFTI_TASK_GROUP) != 0) group = group_of(record);
    if (group != NULL && group->scope != NULL) wefti_scope_failed(group->scope, condition);
    deliver(record->sink, NULL, condition);
    if (extras != NULL && extras->environment != NULL) weft_release_environment(extras->environment);
    if (extras != NULL && extras->group != NULL) wefti_group_leave(extras->group);
    if ((record->flags & WEFTI_TASK_GROUP) != 0) wefti_group_leave(group_of(record));
}

void wefti_task_bury(wefti_runner *lost, const wefti_condition *condition) {
    wefti_record *record = (wefti_record *)(void *)lost->slots;
    wefti_worker *worker = lost->fiber.strand.worker;
    wefti_member *members = wefti_members_drop(&lost->fiber.strand);
    if (lost->fork != NULL) {
        wefti_frame_fail(lost->fork, condition);
        wefti_stack_pool_stays(lost->pool);
        wefti_add_relaxed(&worker->stacks, UINT64_C(-1));
        wefti_store_relaxed(&lost->home, NULL); /* relaxed, both: for those that look on */
        wefti_store_relaxed(&lost->type, NULL);
        wefti_scopes_bury(members);
        return;
    }
    settle(record, condition); /* arguments on the heap and captured handlers stay: they are in use */
    wefti_stack_pool_stays(lost->pool);
    wefti_add_relaxed(&worker->stacks, UINT64_C(-1));
    wefti_store_relaxed(&lost->home, NULL); /* relaxed, both: for those that look on */
    wefti_store_relaxed(&lost->type, NULL);
    unsigned generation = record->generation;
    wefti_store_release(&worker->done[generation], wefti_load_relaxed(&worker->done[generation]) + 1); /* as end() */
    wefti_scopes_bury(members);
}

WEFTI_NORETURN void wefti_task_abandon(wefti_runner *self, const wefti_condition *condition) {
    wefti_strand *strand = &self->fiber.strand;
    wefti_record *record = (wefti_record *)(void *)self->slots;
    unsigned generation = record->generation;
    call_returned(strand);
    strand->frames = NULL;
    strand->handlers = strand->worker->handlers;
    strand->restarts = NULL;
    strand->cleaning = strand->unkillable = strand->uncancelled = 0;
    strand->bound = strand->base;
    *strand->worker->exceptions = (wefti_exceptions){NULL, 0}; /* of catch blocks that were left without a word */
    settle(record, condition);
    if ((record->flags & WEFTI_TASK_EXTRAS) != 0) wefti_handlers_release(wefti_record_extras(record)->handlers);
    if ((record->flags & WEFTI_TASK_HEAP) != 0) free(wefti_record_arguments(record));
    self->fiber.strand.movable = self->contrary = self->slice_due = self->low = false;
    strand->base = strand->worker->base;
    if (self->watched != 0) wefti_runner_check(self);
    if ((self->watched & WEFTI_TASK_DOOMED) != 0) wefti_doom_lift_hook(self); /* before it seems to have ended */
    end(self, generation);
    if (self->first != NULL) self->first = free_handed;
    wefti_fiber_restart(&self->fiber, wefti_loop, self);
}

/* ---- the loop ---- */

void wefti_poll(wefti_worker *worker) {
    for (wefti_node *node = wefti_mailbox_empty(&worker->mailbox); node != NULL;) {
        wefti_node *next = node->next;
        wefti_runner_ready(worker, wefti_runner_of(node));
        node = next;
    }
    int64_t now = wefti_clock(), passed = now - worker->now;
    worker->now = worker->seen = now;
    /* Tasks of any length: looks about every 50 microseconds, and every 64 ticks at the latest. */
    if (passed > POLL_AIM_NANOSECONDS)
        worker->poll_every = worker->poll_every > 1 ? worker->poll_every / 2 : 1;
    else if (worker->poll_every < POLL_MOST)
        worker->poll_every *= 2;
    wefti_drain_look(worker->kernel);
    wefti_io_look(worker);
    if (wefti_wheel_next(&worker->wheel) <= now) wefti_wheel_poll(&worker->wheel, now);
    if (wefti_wheel_next(&worker->kernel->wheel) <= now) wefti_wheel_poll(&worker->kernel->wheel, now);
}

static uint32_t share_of(wefti_inbox *inbox, uint32_t workers) {
    uint64_t pending = wefti_load_relaxed(&inbox->pushed) - wefti_load_relaxed(&inbox->taken); /* a guess will do */
    uint64_t share = pending / workers + 1;
    if (share >= WEFTI_CHUNK_SLOTS) return WEFTI_CHUNK_SLOTS;
    return (uint32_t)WEFTI_MIN(share, BATCH_MOST);
}

/* Takes a share from the inbox. Where tasks stream in one by one, it is better to let some gather: each look at the
 * inbox takes its lines from the submitter's cache. One that finds the inbox empty ends the streak, so a single task
 * never waits. */
static WEFTI_NOINLINE bool refill(wefti_worker *worker) {
    weft_kernel *kernel = worker->kernel;
    if (!wefti_inbox_has_work(&kernel->inbox)) {
        worker->streak = 0;
        return false;
    }
    for (uint32_t pauses = WEFTI_MIN(worker->streak, 16u); pauses > 0; pauses--) wefti_pause();
    uint32_t got = wefti_inbox_take(&kernel->inbox, &worker->queue, share_of(&kernel->inbox, kernel->worker_count));
    if (got < STREAM_AIM)
        worker->streak++;
    else if (worker->streak > 0)
        worker->streak--;
    return got > 0;
}

/* Whether it is time to look at mailbox and clock. */
static inline bool time_to_poll(wefti_worker *worker) { return (++worker->tick & (worker->poll_every - 1)) == 0; }

/* Nothing but a call: what most tasks are. */
static inline __attribute__((always_inline)) void run_plain(wefti_runner *self, wefti_worker *worker,
                                                            wefti_record *record) {
    unsigned generation = record->generation;
    begin(self, worker, record);
    invoke_with(&self->fiber.strand, record, record + 1);
    end(self, generation);
}

static WEFTI_NOINLINE void run_record(wefti_runner *self, wefti_worker *worker, wefti_slot *slots, uint32_t count) {
    if (WEFTI_UNLIKELY((((wefti_record *)(void *)slots)->flags & WEFTI_TASK_STACK) != 0))
        run_elsewhere(self, worker, slots, count);
    else
        run(self, worker, slots);
}

/* Runs the task of low priority that look() has found, since nothing else was pending. */
static WEFTI_NOINLINE void run_low(wefti_runner *self, wefti_worker *worker) {
    WEFTI_ALIGNED(64) wefti_slot slots[WEFTI_RECORD_MOST_SLOTS];
    uint32_t count = worker->low_slots;
    memcpy(slots, worker->low, count * sizeof *slots);
    worker->low_slots = 0;
    self->slots = slots;
    self->low = true;
    wefti_count(&worker->begun);
    run_record(self, worker, slots, count);
    self->low = false;
}

/* Runs any task, after what has to be carried over before this one. */
static inline __attribute__((always_inline)) void run_next(wefti_runner *self, wefti_worker *worker, wefti_slot *slots,
                                                           uint32_t count) {
    wefti_record *record = (wefti_record *)(void *)slots;
    unsigned how = record->flags | self->watched;
    bool grouped = how == WEFTI_TASK_GROUP;
    if (worker->leaving != NULL && !(grouped && worker->leaving == group_of(record))) carry_leaving(worker);
    if (WEFTI_LIKELY(how == 0))
        run_plain(self, worker, record);
    else if (grouped)
        run_in_group(self, worker, record);
    else
        run_record(self, worker, slots, count);
}

/* Runs tasks that have not begun, as long as there are any and nothing else is to be looked after. */
static bool run_tasks(wefti_runner *self, wefti_worker *worker) {
    WEFTI_ALIGNED(64) wefti_slot slots[WEFTI_RECORD_MOST_SLOTS];
    if (WEFTI_UNLIKELY(worker->leaving != NULL)) carry_leaving(worker); /* another runner's, that was left */
    uint32_t count = wefti_queue_take(&worker->queue, slots);
    if (WEFTI_UNLIKELY(count == 0)) {
        if (!refill(worker)) return false;
        count = wefti_queue_take(&worker->queue, slots);
        if (count == 0) return false; /* stolen meanwhile */
    }
    self->slots = slots;
    do {
        run_next(self, worker, slots, count);
        worker = self->fiber.strand.worker; /* a movable task may have changed it */
        if (time_to_poll(worker)) {
            worker->poll_due = true;
            break;
        }
        if (worker->ready.first != NULL) break;
        count = wefti_queue_take(&worker->queue, slots);
    } while (count != 0);
    if (worker->leaving != NULL) carry_leaving(worker);
    return true;
}

WEFTI_NO_TSAN static WEFTI_NOINLINE void go_on_with(wefti_runner *self, wefti_worker *worker, wefti_runner *next) {
    self->fiber.link.next = worker->idle;
    worker->idle = &self->fiber.link;
    worker->idle_count++;
    wefti_runner_switch(worker, self, next, false);
}

static void free_retired(wefti_worker *worker) {
    wefti_runner *retired = worker->retired;
    if (WEFTI_LIKELY(retired == NULL)) return;
    worker->retired = NULL;
    wefti_runner_free(worker, retired);
}

/* A task was killed here. The worker begins anew as one that was replaced would: it leaves its context function and the
 * worker's bindings, and comes back with others. Not as long as a task of it is in progress, which sees those that were
 * there when it began: all other runners are idle then. */
static inline bool may_renew(wefti_worker *worker) {
    return WEFTI_UNLIKELY(worker->renew) && worker->idle_count + 1 == wefti_load_relaxed(&worker->stacks);
}

WEFTI_NO_TSAN static WEFTI_NOINLINE void renew(wefti_runner *self, wefti_worker *worker) {
    worker->renew = false;
    worker->renewing = true;
    wefti_store_relaxed(&worker->current, NULL); /* relaxed: for dumps */
    self->fiber.link.next = worker->idle;
    worker->idle = &self->fiber.link;
    worker->idle_count++;
    wefti_fiber_switch(&self->fiber, &worker->root, false);
}

/* Ends the running runner, whose stack is of no use to others. Returns only if there is no other to go on with. */
WEFTI_NO_TSAN static WEFTI_NOINLINE void retire(wefti_runner *self) {
    wefti_worker *worker = self->fiber.strand.worker;
    wefti_runner *next = wefti_runner_get(worker);
    if (next == NULL) return;
    worker->retired = self;
    wefti_runner_switch(worker, self, next, true);
}

WEFTI_NO_TSAN static WEFTI_NOINLINE void leave_for_good(wefti_runner *self) {
    wefti_worker *worker = self->fiber.strand.worker;
    wefti_store_relaxed(&worker->current, NULL);
    worker->retired = self;
    wefti_fiber_switch(&self->fiber, &worker->root, true);
}

WEFTI_NO_TSAN void wefti_loop(void *argument) {
    wefti_runner *self = argument;
    wefti_annotate_arrive(&self->fiber.annotation);
    if (WEFTI_UNLIKELY((self->watched & WEFTI_TASK_DOOMED) != 0)) wefti_doom_lift_hook(self);
    if (WEFTI_UNLIKELY(self->first != NULL)) {
        wefti_takes_over(self);
        free_retired(self->fiber.strand.worker);
        self->first(self, self->first_argument);
        self->first = NULL;
        if (self->fiber.strand.worker->idle != NULL) retire(self); /* there is another one for the loop */
    }
    for (;;) {
        wefti_worker *worker = self->fiber.strand.worker;
        free_retired(worker);
        bool tasks_first = worker->tasks_first;
        worker->tasks_first = false;
        if (worker->poll_due || time_to_poll(worker)) {
            worker->poll_due = false;
            if (may_renew(worker)) renew(self, worker);
            wefti_poll(worker);
            tasks_first = true;
            wefti_inbox_take(&worker->kernel->inbox, &worker->queue, 1); /* an endless local chain must not starve it */
        }
        if (tasks_first && run_tasks(self, worker)) continue;
        wefti_runner *next = wefti_runner_next(worker);
        if (next != NULL) {
            go_on_with(self, worker, next);
            continue;
        }
        if (!tasks_first && run_tasks(self, worker)) continue;
        if (may_renew(worker)) {
            renew(self, worker);
            continue;
        }
        if (!wefti_find_work(worker)) break;
        if (worker->stolen != NULL) wefti_frames_run(self, worker);
        if (worker->low_slots > 0) run_low(self, worker); /* at once: what comes meanwhile must not hold it up here */
    }
    leave_for_good(self);
}
