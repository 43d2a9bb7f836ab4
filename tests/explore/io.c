/* SPDX-License-Identifier: MIT */
/* io.c - waiting for descriptors explored: the real sched/io.c and idle.c over a modelled set of descriptors.
 *
 * Property: who waits for a descriptor that becomes ready goes on, whoever polls, and no work is left for the sake of
 * polling; a wait ends once, and nothing of it is left in the table. A lost event, bell or poller shows as a deadlock:
 *   waiter: counts itself, sees a poller     poller: leaves, sees nobody     sleeps on its own word
 *
 * The set is a small machine under a lock of its own, as the system's is: which descriptors are ready, for what they
 * are watched once, and a bell.
 */
#include <stdlib.h>

#include <weft/descriptor.h>

#include "sched/io.h"
#include "workers.h"

enum { DESCRIPTORS = 2, BOTH = WEFTI_READ | WEFTI_WRITE };

static pthread_mutex_t world;
static unsigned ready[DESCRIPTORS], watched[DESCRIPTORS]; /* both under world */
static bool bell;                                         /* under world */
static wefti_futex news;                                  /* changes with what may be reported */
static wefti_wait task_waits[MOST_TASKS + 1];
static wefti_waiter task_waiters[MOST_TASKS + 1];
static wefti_runner loops[MOST_THREADS_OF_TEST]; /* what runs on a worker while no task does */
static WEFTI_ATOMIC(uint32_t) waited;

/* ---- the system ---- */

static void tell(void) {
    wefti_add_relaxed(&news, 1u);
    wefti_futex_wake(&news, UINT32_MAX);
}

static void become_ready(int descriptor, unsigned how) {
    pthread_mutex_lock(&world);
    ready[descriptor] |= how;
    tell();
    pthread_mutex_unlock(&world);
}

bool wefti_events_open(wefti_events *events) {
    events->set = events->bell = 0;
    return true;
}
void wefti_events_close(wefti_events *events) { (void)events; }

wefti_watched wefti_events_watch(wefti_events *events, int descriptor, unsigned wanted) {
    explore_assert(events->set == 0); /* made before it is used */
    pthread_mutex_lock(&world);
    watched[descriptor] = wanted;
    if ((ready[descriptor] & wanted) != 0) tell();
    pthread_mutex_unlock(&world);
    return WEFTI_WATCHED;
}

void wefti_events_forget(wefti_events *events, int descriptor) { wefti_events_watch(events, descriptor, 0); }

void wefti_events_ring(wefti_events *events) {
    explore_assert(events->set == 0);
    pthread_mutex_lock(&world);
    bell = true;
    tell();
    pthread_mutex_unlock(&world);
}

/* What is ready of what is watched, which then is so no more; whether the bell was rung. */
static bool look_at_set(wefti_event *into, int *count, bool waits) {
    bool rung = bell;
    if (waits) bell = false;
    for (int i = 0; i < DESCRIPTORS; i++) {
        if ((ready[i] & watched[i]) == 0) continue;
        into[(*count)++] = (wefti_event){i, ready[i] & watched[i]};
        watched[i] = 0;
    }
    return rung;
}

int wefti_events_wait(wefti_events *events, wefti_event *into, int room, int64_t deadline) {
    explore_assert(events->set == 0 && room >= DESCRIPTORS);
    for (int count = 0;;) {
        pthread_mutex_lock(&world);
        uint32_t seen = wefti_load_relaxed(&news);
        bool rung = look_at_set(into, &count, deadline != 0);
        pthread_mutex_unlock(&world);
        if (count != 0 || rung || deadline == 0 || !wefti_futex_wait(&news, seen, deadline)) return count;
    }
}

int wefti_descriptor_wait(int descriptor, bool write, int64_t deadline) {
    for (unsigned wanted = write ? WEFTI_WRITE : WEFTI_READ;;) {
        pthread_mutex_lock(&world);
        uint32_t seen = wefti_load_relaxed(&news);
        bool is = (ready[descriptor] & wanted) != 0;
        pthread_mutex_unlock(&world);
        if (is) return 1;
        if (deadline == 0 || !wefti_futex_wait(&news, seen, deadline)) return 0;
    }
}

weft_kernel *wefti_kernel_current(void) { return &kernel; }

bool wefti_kernels_walk(wefti_kernel_visitor *visit, void *argument) {
    visit(&kernel, argument);
    return true;
}

/* ---- tasks that wait: 1 for descriptor 0, 2 for descriptor 1 ---- */

static bool begin_to_wait(wefti_worker *worker, uint32_t id) {
    wefti_runner *runner = &runners[id];
    runner->fiber.strand.worker = worker;
    wefti_wait_init(&task_waits[id], &runner->fiber.strand, "read", NULL);
    task_waiters[id] = (wefti_waiter){.wait = &task_waits[id], .shared = true};
    return wefti_io_enlist(&kernel, (int)id - 1, false, &task_waiters[id]) == WEFT_BUSY;
}

static void end_of_wait(wefti_worker *worker, uint32_t id) {
    explore_assert(runners[id].fiber.strand.worker == worker);
    wefti_io_delist(&kernel, (int)id - 1, &task_waiters[id]);
}

/* ---- setting up and looking back ---- */

static void work_and_poll(void *worker) {
    wefti_runner *loop = &loops[explore_self()];
    loop->fiber.strand.worker = worker;
    wefti_strand_now = &loop->fiber.strand;
    work(worker);
}

static void begin_io(uint32_t count) {
    begin(count);
    memset(&world, 0, sizeof world);
    memset(ready, 0, sizeof ready);
    memset(watched, 0, sizeof watched);
    memset(task_waits, 0, sizeof task_waits);
    memset(loops, 0, sizeof loops);
    bell = false;
    wefti_atomic_init(&news, 0u);
    wefti_atomic_init(&waited, 0u);
    wefti_io_init(&kernel.io);
    explore_name(&kernel.io.poller, "poller");
    explore_name(&kernel.io.watched, "watched");
    explore_name(&news, "news");
}

static void start_pollers(void) {
    for (uint32_t i = 0; i < kernel.worker_count; i++) explore_thread(work_and_poll, &workers[i]);
}

static void finish_io(uint32_t tasks) {
    explore_join();
    take_down(tasks);
    explore_assert(wefti_load_relaxed(&kernel.io.watched) == 0);
    explore_assert(wefti_load_relaxed(&kernel.io.poller) == NULL);
    explore_assert(wefti_load_relaxed(&kernel.users) == 0);
    wefti_io_end(&kernel.io);
    explore_assert(explore_live_blocks() == 0);
}

/* Of several threads that wait: the last one ends the kernel. */
static void one_less(uint32_t of) {
    if (wefti_add_acq_rel(&waited, 1u) + 1 == of) end_kernel();
}

static void read_0_of(uint32_t threads_in_all) {
    be_thread();
    explore_assert(weft_wait_readable(0, WEFT_FOREVER) == WEFT_OK);
    one_less(threads_in_all);
}
static void read_0(void *unused) {
    (void)unused;
    read_0_of(1);
}
static void read_0_of_two(void *unused) {
    (void)unused;
    read_0_of(2);
}
static void write_0_of_two(void *unused) {
    (void)unused;
    be_thread();
    explore_assert(weft_wait_writable(0, WEFT_FOREVER) == WEFT_OK);
    one_less(2);
}
static void read_1_of_two(void *unused) {
    (void)unused;
    be_thread();
    explore_assert(weft_wait_readable(1, WEFT_FOREVER) == WEFT_OK);
    one_less(2);
}
static void make_0_readable(void *unused) {
    (void)unused;
    become_ready(0, WEFTI_READ);
}
static void make_0_both_in_turn(void *unused) {
    (void)unused;
    become_ready(0, WEFTI_WRITE);
    become_ready(0, WEFTI_READ);
}
static void make_both_readable(void *unused) {
    (void)unused;
    become_ready(0, WEFTI_READ);
    become_ready(1, WEFTI_READ);
}

/* ---- tests ---- */

EXPLORE(a_worker_polls_for_a_thread, .share = 50) {
    begin_io(1);
    explore_thread(read_0, NULL);
    explore_thread(make_0_readable, NULL);
    start_pollers();
    finish_io(0);
}

EXPLORE(of_two_workers_one_polls, .share = 30) {
    begin_io(2);
    explore_thread(read_0, NULL);
    explore_thread(make_0_readable, NULL);
    start_pollers();
    finish_io(0);
}

EXPLORE(who_reads_and_who_writes_are_both_served, .share = 30) {
    begin_io(1);
    explore_thread(read_0_of_two, NULL);
    explore_thread(write_0_of_two, NULL);
    explore_thread(make_0_both_in_turn, NULL);
    start_pollers();
    finish_io(0);
}

EXPLORE(two_descriptors_and_two_workers, .share = 30) {
    begin_io(2);
    explore_thread(read_0_of_two, NULL);
    explore_thread(read_1_of_two, NULL);
    explore_thread(make_both_readable, NULL);
    start_pollers();
    finish_io(0);
}

/* A task that waits on the worker that polls, or on another one, and one that computes. */
static void give_waiting_and_plain_end(void *unused) {
    (void)unused;
    be_thread();
    submit(&kernel.inbox, 1, WAITING);
    submit(&kernel.inbox, 2, PLAIN);
    end_kernel();
}
EXPLORE(a_task_that_waits_comes_back_to_its_worker, .share = 50) {
    begin_io(1);
    explore_thread(give_waiting_and_plain_end, NULL);
    explore_thread(make_0_readable, NULL);
    start_pollers();
    finish_io(2);
}
EXPLORE(a_task_that_waits_while_two_poll_in_turns, .share = 30) {
    begin_io(2);
    explore_thread(give_waiting_and_plain_end, NULL);
    explore_thread(make_0_readable, NULL);
    start_pollers();
    finish_io(2);
}

/* The bell: work comes to a worker that waits on the set, where nothing ever happens until the work is done. */
static void give_work_then_make_ready(void *unused) {
    (void)unused;
    be_thread();
    submit(&kernel.inbox, 1, PLAIN);
    wefti_drain_wait(&kernel);
    must_be_done(1);
    become_ready(0, WEFTI_READ);
}
EXPLORE(the_poller_is_called_to_work, .share = 50) {
    begin_io(1);
    explore_thread(read_0, NULL);
    explore_thread(give_work_then_make_ready, NULL);
    start_pollers();
    finish_io(1);
}

/* A deadline against the event; and the next wait for the same descriptor is served as if there had been none. */
static void read_in_time_and_again(void *unused) {
    (void)unused;
    be_thread();
    weft_status status = weft_wait_readable(0, wefti_clock() + 30000);
    if (status == WEFT_TIMED_OUT) explore_saw("a time-out");
    explore_assert(status == WEFT_OK || status == WEFT_TIMED_OUT);
    explore_assert(weft_wait_readable(0, WEFT_FOREVER) == WEFT_OK);
    end_kernel();
}
EXPLORE(a_deadline_competes_with_the_event, .share = 50) {
    begin_io(1 + explore_choose(2));
    explore_thread(read_in_time_and_again, NULL);
    explore_thread(make_0_readable, NULL);
    start_pollers();
    finish_io(0);
}

/* ---- ends of waits from elsewhere ---- */

static void read_or_be_told(void *unused) {
    (void)unused;
    be_thread();
    weft_status status = weft_wait_readable(0, WEFT_FOREVER);
    if (status == WEFT_CLOSED) explore_saw("a descriptor that was forgotten");
    explore_assert(status == WEFT_OK || status == WEFT_CLOSED);
    end_kernel();
}
static void forget_0_then_make_ready(void *unused) {
    (void)unused;
    be_thread();
    weft_forget_descriptor(0);
    become_ready(0, WEFTI_READ);
}
EXPLORE(a_descriptor_is_forgotten_by_who_waits_for_it, .share = 50) {
    begin_io(1);
    explore_thread(read_or_be_told, NULL);
    explore_thread(forget_0_then_make_ready, NULL);
    start_pollers();
    finish_io(0);
}

/* A kernel that ends polls no more: who waited there waits alone from then on. */
static void read_beyond_the_end(void *unused) {
    (void)unused;
    be_thread();
    explore_assert(weft_wait_readable(0, WEFT_FOREVER) == WEFT_OK);
}
static void end_then_make_ready(void *unused) {
    (void)unused;
    be_thread();
    end_kernel();
    while (wefti_load_acquire(&kernel.state) != WEFTI_KERNEL_ENDED) wefti_pause();
    wefti_io_kernel_ended(&kernel); /* as weft_end_kernel tells those who wait */
    become_ready(0, WEFTI_READ);
}
EXPLORE(who_waits_when_the_kernel_ends_waits_on_alone, .share = 30) {
    begin_io(1);
    explore_thread(read_beyond_the_end, NULL);
    explore_thread(end_then_make_ready, NULL);
    start_pollers();
    finish_io(0);
}

/* As weft_free_kernel: the table goes when nobody counts as a user any more; a race, if one still looks at it. */
static void read_and_be_gone(void *unused) {
    (void)unused;
    be_thread();
    wefti_add_relaxed(&kernel.users, (size_t)1); /* what keeps the kernel until the wait does */
    wefti_store_release(&waited, 1u);
    explore_assert(weft_wait_readable(0, WEFT_FOREVER) == WEFT_OK);
    wefti_add_relaxed(&kernel.users, (size_t)-1);
}
static void end_and_free(void *unused) {
    end_then_make_ready(unused);
    while (wefti_load_acquire(&waited) == 0 || wefti_load_acquire(&kernel.users) != 0) wefti_pause();
    free(kernel.io.waiting);
    kernel.io.waiting = NULL;
    kernel.io.room = 0;
}
EXPLORE(a_kernel_is_freed_after_its_last_wait, .share = 30) {
    begin_io(1);
    explore_thread(read_and_be_gone, NULL);
    explore_thread(end_and_free, NULL);
    start_pollers();
    finish_io(0);
}
