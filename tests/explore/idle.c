/* SPDX-License-Identifier: MIT */
/* idle.c - sleeping, waking, draining and ending explored: the real sched/idle.c, drain.c, park.c and timer.c with the
 * real queues, under workers whose tasks only count.
 *
 * Property: no work is left while all who could do it sleep; a drain returns, and when it does what was submitted
 * before is done; an ending kernel does all that was accepted and then lets every worker go. A lost wake-up shows as a
 * deadlock: giver: publishes     sees no sleeper sleeper: looks: nothing     announces itself     sleeps
 */
#include <string.h>

#include "engine/explore.h"
#include "sched/attach.h"
#include "sched/frames.h"
#include "sched/kernel.h"

enum { MOST_TASKS = 8, MOST_WORKERS = 2, MOST_THREADS_OF_TEST = 7 };
enum {
    PLAIN,
    WITH_CHILD,
    WITH_TWO,
    WAITING
}; /* what a task does; WAITING: until somebody sends its runner to the mailbox */

static weft_kernel kernel;
static wefti_worker workers[MOST_WORKERS];
static wefti_thread threads[MOST_THREADS_OF_TEST];
static wefti_worker *works[MOST_THREADS_OF_TEST]; /* of each thread that is one's; else not set */
static wefti_runner runners[MOST_TASKS + 1];
static WEFTI_ATOMIC(uint32_t) done[MOST_TASKS + 1];
static WEFTI_ATOMIC(wefti_worker *) waits_on[MOST_TASKS + 1];
static uint32_t results[MOST_TASKS + 1]; /* plain: what a task writes, who waits for it may read */
static WEFTI_ATOMIC(uint32_t) expired;

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
    if (wefti_wheel_next(&worker->wheel) <= now) wefti_wheel_poll(&worker->wheel, now);
    if (wefti_wheel_next(&worker->kernel->wheel) <= now) wefti_wheel_poll(&worker->kernel->wheel, now);
}

typedef struct small_record {
    uint32_t id, kind, generation;
} small_record;

static void write_record(wefti_slot *room, uint32_t id, uint32_t kind, unsigned generation) {
    small_record record = {id, kind, generation};
    memcpy(room->bytes, &record, sizeof record);
    room->bytes[WEFTI_RECORD_LENGTH] = 1;
}

static void submit_own(wefti_worker *worker, uint32_t id, uint32_t kind) {
    wefti_slot *room = wefti_queue_reserve(&worker->queue, 1);
    unsigned generation = wefti_generation(&kernel);
    write_record(room, id, kind, generation);
    wefti_count(&worker->submitted[generation]);
    wefti_queue_publish(&worker->queue, 1);
    wefti_notify(&kernel, &kernel.idle);
}

static bool submit(wefti_inbox *inbox, uint32_t id, uint32_t kind) {
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

static void end_task(wefti_worker *worker, uint32_t id, unsigned generation) {
    results[id] = 100 + id;
    explore_assert(wefti_exchange_relaxed(&done[id], 1u) == 0);
    wefti_store_release(&worker->done[generation], wefti_load_relaxed(&worker->done[generation]) + 1);
}

static void run(wefti_worker *worker, const small_record *record) {
    if (record->kind == WAITING) {
        runners[record->id].number = record->generation;
        wefti_store_release(&waits_on[record->id], worker);
        return;
    }
    if (record->kind >= WITH_CHILD) submit_own(worker, record->id * 2, PLAIN);
    if (record->kind == WITH_TWO) submit_own(worker, record->id * 2 + 1, PLAIN);
    end_task(worker, record->id, record->generation);
}

static bool run_one(wefti_worker *worker) {
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

static void work(void *of) {
    wefti_worker *worker = works[explore_self()] = of;
    for (;;) {
        if (explore_choose(4) == 1)
            wefti_poll(worker); /* as the real loop does now and then, with tasks still waiting */
        wefti_node *node = wefti_runners_take(&worker->ready);
        if (node != NULL) {
            wefti_runner *runner = wefti_runner_of(node);
            end_task(worker, (uint32_t)(runner - runners), runner->number);
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

static void begin(uint32_t count) {
    memset(&kernel, 0, sizeof kernel);
    memset(workers, 0, sizeof workers);
    memset(threads, 0, sizeof threads);
    memset(runners, 0, sizeof runners);
    memset(results, 0, sizeof results);
    memset(done, 0, sizeof done);
    memset(waits_on, 0, sizeof waits_on);
    memset(&expired, 0, sizeof expired);
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

static void start_workers(void) {
    for (uint32_t i = 0; i < kernel.worker_count; i++) explore_thread(work, &workers[i]);
}

/* As weft_end_kernel does it. */
static void end_kernel(void) {
    pthread_mutex_lock(&kernel.lock);
    wefti_inbox_close(&kernel.inbox);
    wefti_inbox_close(&kernel.low);
    wefti_store_seq(&kernel.state, (uint32_t)WEFTI_KERNEL_ENDING);
    pthread_mutex_unlock(&kernel.lock);
    for (uint32_t i = 0; i < kernel.worker_count; i++) wefti_wake_worker(&kernel, &kernel.workers[i]);
}

static void finish(uint32_t tasks) {
    explore_join();
    for (uint32_t id = 1; id <= tasks; id++) explore_assert(wefti_load_relaxed(&done[id]) == 1);
    explore_assert(wefti_load_relaxed(&kernel.idle.sleepers) == 0);
    explore_assert(wefti_load_relaxed(&kernel.idle.searchers) == 0);
    for (uint32_t i = 0; i < kernel.worker_count; i++) wefti_queue_end(&workers[i].queue);
    wefti_inbox_end(&kernel.inbox);
    wefti_inbox_end(&kernel.low);
    wefti_depot_end(&kernel.depot);
    explore_assert(explore_live_blocks() == 0);
}

static void be_thread(void) { wefti_strand_now = &threads[explore_self()].strand; }

static void must_be_done(uint32_t id) {
    explore_assert(wefti_load_relaxed(&done[id]) == 1);
    explore_assert(results[id] == 100 + id); /* a race if the drain orders nothing */
}

/* ---- givers ---- */

static void give_two_drain_end(void *unused) {
    (void)unused;
    be_thread();
    submit(&kernel.inbox, 1, PLAIN);
    submit(&kernel.inbox, 2, PLAIN);
    wefti_drain_wait(&kernel);
    must_be_done(1);
    must_be_done(2);
    end_kernel();
}
static void give_low_drain_end(void *unused) {
    (void)unused;
    be_thread();
    submit(&kernel.low, 1, PLAIN);
    submit(&kernel.inbox, 2, PLAIN);
    wefti_drain_wait(&kernel);
    must_be_done(1);
    must_be_done(2);
    end_kernel();
}
static void give_family_drain_end(void *unused) {
    (void)unused;
    be_thread();
    submit(&kernel.inbox, 1, WITH_TWO);
    wefti_drain_wait(&kernel);
    for (uint32_t id = 1; id <= 3; id++) must_be_done(id);
    end_kernel();
}
static void give_family_end(void *unused) {
    (void)unused;
    be_thread();
    submit(&kernel.inbox, 1, WITH_TWO);
    submit(&kernel.inbox, 4, PLAIN);
    end_kernel();
}
static void give_nothing_end(void *unused) {
    (void)unused;
    end_kernel();
}
static void give_one(void *of) {
    be_thread();
    uint32_t id = (uint32_t)(uintptr_t)of;
    if (!submit(&kernel.inbox, id, PLAIN)) wefti_exchange_relaxed(&done[id], 1u);
}
static void give_waiting_end(void *unused) {
    (void)unused;
    be_thread();
    submit(&kernel.inbox, 1, WAITING);
    end_kernel();
}
static void end_the_wait(void *unused) {
    (void)unused;
    be_thread();
    wefti_worker *worker;
    while ((worker = wefti_load_acquire(&waits_on[1])) == NULL) wefti_pause();
    wefti_mailbox_push(&worker->mailbox, &runners[1].fiber.link);
    wefti_wake_worker(&kernel, worker);
}

/* ---- tests ---- */

EXPLORE(one_worker_does_what_comes_and_drains, .share = 30) {
    begin(1);
    explore_thread(give_two_drain_end, NULL);
    start_workers();
    finish(2);
}
EXPLORE(two_workers_do_what_comes_and_drain, .share = 30) {
    begin(2);
    explore_thread(give_two_drain_end, NULL);
    start_workers();
    finish(2);
}
EXPLORE(low_tasks_are_done_as_well, .share = 30) {
    begin(2);
    explore_thread(give_low_drain_end, NULL);
    start_workers();
    finish(2);
}
EXPLORE(a_drain_waits_for_children, .share = 30) {
    begin(2);
    explore_thread(give_family_drain_end, NULL);
    start_workers();
    finish(3);
}
EXPLORE(the_end_waits_for_children, .share = 30) {
    begin(2);
    explore_thread(give_family_end, NULL);
    start_workers();
    finish(4);
}
EXPLORE(an_idle_kernel_ends, .share = 30) {
    begin(2);
    explore_thread(give_nothing_end, NULL);
    start_workers();
    finish(0);
}
EXPLORE(a_task_is_refused_or_done_when_the_kernel_ends, .share = 30) {
    begin(2);
    explore_thread(give_nothing_end, NULL);
    explore_thread(give_one, (void *)1);
    start_workers();
    finish(1);
}
EXPLORE(two_give_while_one_drains, .share = 30) {
    begin(2);
    explore_thread(give_two_drain_end, NULL);
    explore_thread(give_one, (void *)3);
    start_workers();
    finish(3);
}
EXPLORE(the_end_waits_for_a_waiting_task, .share = 30) {
    begin(2);
    explore_thread(give_waiting_end, NULL);
    explore_thread(end_the_wait, NULL);
    start_workers();
    finish(1);
}

/* ---- timers that belong to no worker ---- */

static wefti_timer timer;

static bool claim_timer(wefti_timer *of) {
    (void)of;
    results[1] = 101;
    wefti_add_relaxed(&expired, 1u);
    return true;
}
static void deliver_timer(wefti_timer *of) {
    explore_assert(explore_now() >= of->deadline);
    wefti_worker *worker = works[explore_self()]; /* as wefti_kernel_redeem of a worker: relaxed, its own */
    wefti_store_relaxed(&worker->pledges, wefti_load_relaxed(&worker->pledges) - 1);
}
/* As wefti_kernel_redeem of a thread outside. */
static void redeem(void *unused) {
    (void)unused;
    be_thread();
    wefti_add_seq(&kernel.pledges, (size_t)-1);
    if (wefti_load_seq(&kernel.state) >= WEFTI_KERNEL_ENDING) wefti_kernel_look_again(&kernel);
}
static void end_only(void *unused) {
    (void)unused;
    be_thread();
    end_kernel();
}
EXPLORE(the_end_waits_for_a_pledge, .share = 30) {
    begin(2);
    wefti_atomic_init(&kernel.pledges, (size_t)1);
    explore_thread(redeem, NULL);
    explore_thread(end_only, NULL);
    start_workers();
    finish(0);
}

static void arm_timer_end(void *unused) {
    (void)unused;
    be_thread();
    timer.deadline = wefti_clock() + 1000000;
    if (wefti_timer_arm(&kernel.wheel, &timer)) wefti_kernel_look_again(&kernel);
    end_kernel();
}
EXPLORE(a_sleeping_kernel_serves_a_timer, .share = 30) {
    begin(2);
    timer = (wefti_timer){.claim = claim_timer, .deliver = deliver_timer};
    wefti_atomic_init(&kernel.pledges, (size_t)1);
    explore_thread(arm_timer_end, NULL);
    start_workers();
    finish(0);
    explore_assert(wefti_load_relaxed(&expired) == 1);
}
