/* SPDX-License-Identifier: MIT */
/* workers.h - small workers for explorations of sched/: the real search, sleep, queues and inboxes, under tasks that
 * only count. One file of a program includes it, and says what a task of the kind WAITING waits for.
 */
#ifndef WEFT_EXPLORE_WORKERS_H
#define WEFT_EXPLORE_WORKERS_H

#include <string.h>

#include "engine/explore.h"
#include "sched/attach.h"
#include "sched/frames.h"
#include "sched/kernel.h"

enum { MOST_TASKS = 8, MOST_WORKERS = 2, MOST_THREADS_OF_TEST = 7 };
enum { PLAIN, WITH_CHILD, WITH_TWO, WAITING }; /* what a task does */

static weft_kernel kernel;
static wefti_worker workers[MOST_WORKERS];
static wefti_thread threads[MOST_THREADS_OF_TEST];
static wefti_worker *works[MOST_THREADS_OF_TEST]; /* of each thread that is one's; else not set */
static wefti_runner runners[MOST_TASKS + 1];
static WEFTI_ATOMIC(uint32_t) done[MOST_TASKS + 1];
static uint32_t results[MOST_TASKS + 1]; /* plain: what a task writes, who waits for it may read */

/* Of the file that includes this. The task begins to wait: its runner will be made ready, or sent to the mailbox; or,
 * false, it need not. Its runner goes on: the wait is over. */
static bool begin_to_wait(wefti_worker *worker, uint32_t id);
static void end_of_wait(wefti_worker *worker, uint32_t id);

/* No strand has spawned: frames are explored in forks.c. */
bool wefti_frames_take(wefti_worker *worker) {
    (void)worker;
    return false;
}
bool wefti_frames_any(wefti_worker *worker) {
    (void)worker;
    return false;
}
bool wefti_frames_to_be_had(weft_kernel *whose) {
    (void)whose;
    return false;
}

/* In the place of sched/runner.c's. */
void wefti_runner_ready(wefti_worker *worker, wefti_runner *runner) {
    wefti_runners_put(&worker->ready, &runner->fiber.link);
}

/* ---- a small worker; the same order of looks as sched/loop.c ---- */

void wefti_poll(wefti_worker *worker) {
    for (wefti_node *node = wefti_mailbox_empty(&worker->mailbox), *next; node != NULL; node = next) {
        next = node->next;
        wefti_runner_ready(worker, wefti_runner_of(node));
    }
    int64_t now = wefti_clock();
    worker->now = now;
    wefti_drain_look(worker->kernel);
    wefti_io_look(worker);
    if (wefti_wheel_next(&worker->wheel) <= now) wefti_wheel_poll(&worker->wheel, now);
    if (wefti_wheel_next(&worker->kernel->wheel) <= now) wefti_wheel_poll(&worker->kernel->wheel, now);
}

typedef struct small_record {
    uint32_t id, kind, generation;
} small_record;

static inline void write_record(wefti_slot *room, uint32_t id, uint32_t kind, unsigned generation) {
    small_record record = {id, kind, generation};
    memcpy(room->bytes, &record, sizeof record);
    room->bytes[WEFTI_RECORD_LENGTH] = 1;
}

static inline void submit_own(wefti_worker *worker, uint32_t id, uint32_t kind) {
    wefti_slot *room = wefti_queue_reserve(&worker->queue, 1);
    unsigned generation = wefti_generation(&kernel);
    write_record(room, id, kind, generation);
    wefti_count(&worker->submitted[generation]);
    wefti_queue_publish(&worker->queue, 1);
    wefti_notify(&kernel, &kernel.idle);
}

static inline bool submit(wefti_inbox *inbox, uint32_t id, uint32_t kind) {
    bool closed;
    wefti_slot *room = wefti_inbox_reserve(inbox, 1, &closed, false);
    if (room == NULL) return false;
    unsigned generation = wefti_generation(&kernel);
    write_record(room, id, kind, generation);
    wefti_count(&inbox->submitted[generation]);
    wefti_inbox_publish(inbox, 1);
    wefti_notify(&kernel, &kernel.idle);
    return true;
}

static inline void end_task(wefti_worker *worker, uint32_t id, unsigned generation) {
    results[id] = 100 + id;
    explore_assert(wefti_exchange_relaxed(&done[id], 1u) == 0);
    wefti_store_release(&worker->done[generation], wefti_load_relaxed(&worker->done[generation]) + 1);
}

static inline void run(wefti_worker *worker, const small_record *record) {
    if (record->kind == WAITING) {
        runners[record->id].number = record->generation;
        if (begin_to_wait(worker, record->id)) return;
    }
    if (record->kind == WITH_CHILD || record->kind == WITH_TWO) submit_own(worker, record->id * 2, PLAIN);
    if (record->kind == WITH_TWO) submit_own(worker, record->id * 2 + 1, PLAIN);
    end_task(worker, record->id, record->generation);
}

static inline bool run_one(wefti_worker *worker) {
    wefti_slot slots[WEFTI_RECORD_MOST_SLOTS];
    if (wefti_queue_take(&worker->queue, slots) == 0) {
        if (wefti_inbox_take(&kernel.inbox, &worker->queue, 1) == 0) return false;
        if (wefti_queue_take(&worker->queue, slots) == 0) return false;
    }
    small_record record;
    memcpy(&record, slots[0].bytes, sizeof record);
    run(worker, &record);
    return true;
}

static inline void work(void *of) {
    wefti_worker *worker = works[explore_self()] = of;
    for (;;) {
        if (explore_choose(4) == 1)
            wefti_poll(worker); /* as the real loop does now and then, with tasks still waiting */
        wefti_node *node = wefti_runners_take(&worker->ready);
        if (node != NULL) {
            wefti_runner *runner = wefti_runner_of(node);
            uint32_t id = (uint32_t)(runner - runners);
            end_of_wait(worker, id);
            end_task(worker, id, runner->number);
            continue;
        }
        if (run_one(worker)) continue;
        if (!wefti_find_work(worker)) break;
        explore_saw("work found by search");
        if (worker->low_slots > 0) {
            small_record record;
            memcpy(&record, worker->low[0].bytes, sizeof record);
            worker->low_slots = 0;
            run(worker, &record);
        }
    }
    /* Who learns that the kernel has ended sees what its tasks did. */
    for (uint32_t id = 1; id <= MOST_TASKS; id++) explore_assert(results[id] == 0 || results[id] == 100 + id);
}

/* ---- setting up and looking back ---- */

static inline void begin(uint32_t count) {
    memset(&kernel, 0, sizeof kernel);
    memset(workers, 0, sizeof workers);
    memset(threads, 0, sizeof threads);
    memset(runners, 0, sizeof runners);
    memset(results, 0, sizeof results);
    memset(done, 0, sizeof done);
    wefti_store_relaxed(&wefti_cpus_to_spin, 1u);
    kernel.workers = workers;
    kernel.worker_count = count;
    kernel.spin_count = (int64_t)explore_choose(2);
    wefti_wheel_init(&kernel.wheel, explore_now(), false);
    wefti_inbox_init(&kernel.inbox, &kernel.depot);
    wefti_inbox_init(&kernel.low, &kernel.depot);
    for (uint32_t i = 0; i < count; i++) {
        workers[i].kernel = &kernel;
        workers[i].index = workers[i].random = i;
        wefti_queue_init(&workers[i].queue, &kernel.depot);
        wefti_wheel_init(&workers[i].wheel, explore_now(), true);
    }
    wefti_atomic_init(&kernel.state, (uint32_t)WEFTI_KERNEL_RUNNING);
    wefti_strand_now = &threads[0].strand;
    explore_local(&wefti_strand_now);
    explore_name(&kernel.idle.sleepers, "sleepers");
    explore_name(&kernel.idle.searchers, "searchers");
    explore_name(&workers[0].sleep, "sleep of 0");
    explore_name(&workers[1].sleep, "sleep of 1");
    explore_name(&kernel.state, "state");
    explore_name(&kernel.lock, "kernel's lock");
}

static inline void start_workers(void) {
    for (uint32_t i = 0; i < kernel.worker_count; i++) explore_thread(work, &workers[i]);
}

/* As weft_end_kernel does it. */
static inline void end_kernel(void) {
    pthread_mutex_lock(&kernel.lock);
    wefti_inbox_close(&kernel.inbox);
    wefti_inbox_close(&kernel.low);
    wefti_store_seq(&kernel.state, (uint32_t)WEFTI_KERNEL_ENDING);
    pthread_mutex_unlock(&kernel.lock);
    for (uint32_t i = 0; i < kernel.worker_count; i++) wefti_wake_worker(&kernel, &kernel.workers[i]);
}

/* All threads have been joined. */
static inline void take_down(uint32_t tasks) {
    for (uint32_t id = 1; id <= tasks; id++) explore_assert(wefti_load_relaxed(&done[id]) == 1);
    explore_assert(wefti_load_relaxed(&kernel.idle.sleepers) == 0);
    explore_assert(wefti_load_relaxed(&kernel.idle.searchers) == 0);
    for (uint32_t i = 0; i < kernel.worker_count; i++) wefti_queue_end(&workers[i].queue);
    wefti_inbox_end(&kernel.inbox);
    wefti_inbox_end(&kernel.low);
    wefti_depot_end(&kernel.depot);
}

static inline void finish(uint32_t tasks) {
    explore_join();
    take_down(tasks);
    explore_assert(explore_live_blocks() == 0);
}

static inline void be_thread(void) { wefti_strand_now = &threads[explore_self()].strand; }

static inline void must_be_done(uint32_t id) {
    explore_assert(wefti_load_relaxed(&done[id]) == 1);
    explore_assert(results[id] == 100 + id); /* a race if the drain orders nothing */
}

#endif
