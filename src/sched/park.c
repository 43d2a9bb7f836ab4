/* SPDX-License-Identifier: MIT */
/* park.c - parking and unparking fibers and threads. The rules are in park.h. */
#include "sched/park.h"

#include <pthread.h>
#include <string.h>

#include "cpu/divert.h"
#include "fiber/annotate.h"
#include "sched/attach.h"
#include "sched/kernel.h"
#include "sched/scope.h"

wefti_number wefti_cpus_to_spin = {1};
void (*wefti_die_hook)(void);

enum {
    MOST_PATIENCE = 100000, /* nanoseconds, both */
    SHORT_WAIT = 150000,
    PAUSES_A_LOOK = 16,
    MOST_WAYS = 2,
    LONG_WAY = 500000, /* nanoseconds */
    WORKERS_LOOKED_AT = 16,
    TASKS_EVERY = 32, /* parks, both: powers of two */
    POLL_EVERY = 64
};

bool wefti_may_park(wefti_strand *self) {
    wefti_worker *worker = self->worker;
    if (worker == NULL || worker->idle != NULL) return true;
    wefti_runner *runner = wefti_runner_get(worker);
    if (runner == NULL) return false;
    runner->fiber.link.next = worker->idle;
    worker->idle = &runner->fiber.link;
    worker->idle_count++;
    return true;
}

/* ---- deadlines of fibers ---- */

static bool claim_timed_out(wefti_timer *timer) {
    return wefti_wait_claim(WEFTI_CONTAINER(timer, wefti_wait, timer), WEFT_TIMED_OUT);
}

static void deliver_timed_out(wefti_timer *timer) { wefti_unpark(WEFTI_CONTAINER(timer, wefti_wait, timer)); }

/* Whose wheel: a movable runner may cancel on another worker than it armed on, and the worker's own is for one thread.
 */
static inline wefti_wheel *wheel_for(const wefti_runner *self, wefti_worker *worker) {
    return WEFTI_UNLIKELY(self->fiber.strand.movable) ? &worker->kernel->wheel : &worker->wheel;
}

static void arm(wefti_wheel *wheel, wefti_wait *wait, int64_t deadline) {
    wait->timer.deadline = deadline;
    wait->timer.claim = claim_timed_out;
    wait->timer.deliver = deliver_timed_out;
    wefti_timer_arm(wheel, &wait->timer);
}

/* ---- fibers ---- */

static weft_status outcome_of(wefti_wait *wait) {
    /* acquire: partner is the claim; the hand-over itself came with the unpark. */
    return (weft_status)(wefti_load_acquire(&wait->claim) - 1u);
}

/* No memory for a stack, though wefti_may_park had one: it was used up by a first wait of the same operation. So the
 * parking runner itself looks after mailbox and clock until some runner, perhaps itself, is ready. */
static WEFTI_NOINLINE wefti_runner *wait_for_ready(wefti_worker *worker) {
    wefti_runner *next;
    while ((next = wefti_runner_next(worker)) == NULL) {
        wefti_os_yield();
        wefti_poll(worker);
    }
    return next;
}

/* Every so often the loop is to go on: it looks at mailbox and clock, and before that at tasks that have not begun, so
 * that those who will talk with the ones that have, begin here soon and are not stolen. */
static WEFTI_NOINLINE bool loop_is_due(wefti_worker *worker) {
    bool poll = worker->tick % POLL_EVERY == 0, tasks = wefti_queue_pending(&worker->queue) != 0;
    worker->poll_due |= poll;
    worker->tasks_first |= tasks;
    return poll || tasks;
}

static WEFTI_NOINLINE wefti_runner *choose_otherwise(wefti_worker *worker) {
    if (worker->tick % TASKS_EVERY != 0 || !loop_is_due(worker)) {
        wefti_runner *next = wefti_runner_next(worker);
        if (next != NULL) return next;
    }
    wefti_runner *loop = wefti_runner_get(worker);
    return WEFTI_LIKELY(loop != NULL) ? loop : wait_for_ready(worker);
}

/* What to go on with when the running runner waits. */
static inline wefti_runner *choose(wefti_worker *worker) {
    wefti_node *ready = worker->ready.first;
    if (WEFTI_UNLIKELY(++worker->tick % TASKS_EVERY == 0 || ready == NULL)) return choose_otherwise(worker);
    worker->ready.first = ready->next;
    return wefti_runner_of(ready);
}

WEFTI_NO_TSAN static WEFTI_NOINLINE void leave(wefti_worker *worker, wefti_runner *self, wefti_runner *next) {
    wefti_runner_switch(worker, self, next, false);
}

static inline void note_name(wefti_runner *self, const char *name) {
    uint64_t words[WEFTI_SHORT_NAME / 8] = {0};
    if (WEFTI_LIKELY(name == NULL && wefti_load_relaxed(&self->name[0]) == 0)) return;
    if (name != NULL) memcpy(words, name, sizeof words);
    for (int i = 0; i < WEFTI_SHORT_NAME / 8; i++) wefti_store_relaxed(&self->name[i], words[i]); /* as above */
}

static inline void note_wait(wefti_runner *self, wefti_worker *worker, const char *what, const void *object,
                             const char *name) {
    wefti_store_relaxed(&self->object, object); /* relaxed, all: for dumps only */
    wefti_store_relaxed(&self->since, worker->seen);
    note_name(self, name);
    wefti_store_relaxed(&self->what, what);
    wefti_count(&worker->parks);
}

/* Where there is more to be looked at than usual. wait: NULL: the single one. */
static WEFTI_NOINLINE bool ends_at_once(wefti_runner *self, wefti_wait *wait) {
    wefti_runner_check(self);
    return (self->watched & WEFTI_TASK_SCOPED) != 0 && wefti_cancelled_before(self, wait);
}

static inline uint64_t is_unusual(const wefti_runner *self, const wefti_worker *worker) {
    return self->watched | wefti_exceptions_any(worker->exceptions);
}

static inline weft_status park_usually(wefti_runner *self, wefti_wait *wait, int64_t deadline) {
    wefti_worker *worker = wait->strand->worker;
    wefti_wheel *wheel = wheel_for(self, worker);
    bool timed = deadline != WEFT_FOREVER;
    if (timed) arm(wheel, wait, deadline);
    note_wait(self, worker, wait->what, wait->object, wait->name);
    self->parked = wait;
    wefti_hands_over(self); /* what it has spawned; partner: take_of, sched/frames.c */
    wefti_runner *next = choose(worker);
    if (WEFTI_LIKELY(next != self)) leave(worker, self, next);
    self->parked = NULL;
    wefti_takes_over(self);
    if (timed) wefti_timer_cancel(wheel, &wait->timer);
    return outcome_of(wait);
}

static WEFTI_NOINLINE weft_status park_unusually(wefti_runner *self, wefti_wait *wait, int64_t deadline) {
    if (self->watched != 0 && ends_at_once(self, wait)) return WEFT_CANCELLED;
    wefti_runner_keep_exceptions(self);
    weft_status status = park_usually(self, wait, deadline);
    wefti_runner_have_exceptions(self);
    return status;
}

static weft_status park_runner(wefti_wait *wait, int64_t deadline) {
    wefti_runner *self = wefti_runner_of_strand(wait->strand);
    if (WEFTI_UNLIKELY(is_unusual(self, wait->strand->worker) != 0)) return park_unusually(self, wait, deadline);
    return park_usually(self, wait, deadline);
}

wefti_waiter *wefti_single_waiter(wefti_strand *strand, const char *what, const void *object) {
    wefti_runner *self = wefti_runner_of_strand(strand);
    note_wait(self, strand->worker, what, object, NULL);
    self->waiter.condition = NULL;
    return &self->waiter;
}

WEFTI_NO_TSAN static inline __attribute__((always_inline)) weft_status park_single(wefti_runner *self) {
    wefti_worker *worker = self->fiber.strand.worker;
    wefti_hands_over(self); /* as in park_usually */
    wefti_runner *next = choose(worker);
    int answer = next != self ? wefti_runner_switch(worker, self, next, false) : self->fiber.context.answer;
    wefti_takes_over(self);
    if (!WEFTI_CAN_DIVERT) wefti_die_if_killed((weft_status)answer); /* else it was diverted to its end */
    return (weft_status)answer;
}

WEFTI_NO_TSAN static WEFTI_NOINLINE weft_status park_single_unusually(wefti_runner *self) {
    if (self->watched != 0 && ends_at_once(self, NULL)) return WEFT_CANCELLED;
    wefti_runner_keep_exceptions(self);
    weft_status status = park_single(self);
    wefti_runner_have_exceptions(self);
    return status;
}

WEFTI_NO_TSAN weft_status wefti_park_single(wefti_strand *strand) {
    wefti_runner *self = wefti_runner_of_strand(strand);
    if (WEFTI_UNLIKELY(is_unusual(self, strand->worker) != 0)) return park_single_unusually(self);
    return park_single(self);
}

/* ---- threads ---- */

/* A worker that is asleep, or was woken and has not come to run, may get this very processor if we leave it. */
bool wefti_worth_looking(const weft_kernel *kernel) {
    if (wefti_load_relaxed(&wefti_cpus_to_spin) < 2) return false;
    if (kernel == NULL) return true;
    int here = wefti_current_cpu();
    for (uint32_t i = 0; i < kernel->worker_count && i < WORKERS_LOOKED_AT; i++) {
        int cpu = wefti_load_relaxed(&kernel->workers[i].cpu); /* relaxed: a guess */
        if (cpu >= 0 && cpu != here) return true;
    }
    return false;
}

static bool worth_spinning(const wefti_wait *wait) {
    if (wait->kernel == NULL && wait->object == NULL) return false; /* a sleep is ended by nobody */
    return wefti_worth_looking(wait->kernel);
}

static bool spin_for_notice(wefti_thread *thread, const wefti_wait *wait, int64_t start) {
    while (thread->patience > 0 && worth_spinning(wait)) {
        for (int i = 0; i < PAUSES_A_LOOK; i++) {
            if (wefti_parker_noticed(&thread->parker)) return true;
            wefti_pause();
        }
        if (wefti_clock() - start >= thread->patience) break;
    }
    return false;
}

bool wefti_give_way(uint8_t *crowded) {
    if (*crowded > 0) {
        --*crowded;
        return false;
    }
    int64_t start = wefti_clock();
    wefti_os_yield();
    if (wefti_clock() - start > LONG_WAY) *crowded = UINT8_MAX;
    return true;
}

/* Who ends the wait shares this processor, and runs at once when it is left: the two then need no calls of the system
 * to sleep and to wake. */
static bool give_way(wefti_thread *thread) {
    for (int i = 0; thread->gives_way && i < MOST_WAYS && wefti_give_way(&thread->crowded); i++)
        if (wefti_parker_noticed(&thread->parker)) return true;
    return false;
}

/* How long to look next time, after a wait that ended in a sleep. Ended from this thread's own processor: looking kept
 * him from it. From another and soon: being woken has cost more than looking would have, and two threads that answer
 * each other and sleep would never wait long enough to find that out. */
static void learn_from_sleep(wefti_thread *thread, int64_t waited) {
    thread->gives_way = wefti_load_relaxed(&thread->woken_from) == wefti_current_cpu(); /* relaxed: a guess */
    if (thread->gives_way)
        thread->patience = 0;
    else if (waited < SHORT_WAIT)
        thread->patience = MOST_PATIENCE;
    else
        thread->patience /= 2;
}

typedef enum slept { NOTICED, DISTURBED, PASSED, KILLED } slept;

void wefti_await_notice(wefti_strand *self) {
    wefti_thread *thread = wefti_thread_of_strand(self);
    if (wefti_parker_retract(&thread->parker)) wefti_parker_sleep(&thread->parker, WEFT_FOREVER);
    wefti_parker_reset(&thread->parker);
}

bool wefti_wait_given_up(wefti_wait *wait) {
    bool won = wefti_wait_claim(wait, WEFT_CANCELLED);
    if (!won) wefti_await_notice(wait->strand);
    return won;
}

/* The thread is cancelled, or exits in a handler of a signal or an interrupt: its place goes with it. What the thread
 * does from here on, in its clean-ups, may wait again. */
static void die(void *argument) {
    wefti_thread *thread = argument;
    wefti_annotate_death();
    wefti_strand_now = &thread->strand;
    if (thread->withdraw != NULL)
        thread->withdraw(thread->withdrawn);
    else
        wefti_await_notice(&thread->strand);
    thread->withdraw = NULL;
    wefti_parker_retract(&thread->parker);
    wefti_store_relaxed(&thread->waits, NULL); /* relaxed: for lists of processes */
    if (thread->strand.member != NULL) wefti_thread_waits_no_more(&thread->strand);
}

/* The system's sleep, in which the thread may be cancelled if there is a way to take its waiter out. */
static bool sleep_once(wefti_thread *thread, int64_t deadline) {
    if (thread->withdraw == NULL) return wefti_futex_wait(&thread->parker, WEFTI_PARKER_SLEEPING, deadline);
    return wefti_futex_wait_cancelled(&thread->parker, WEFTI_PARKER_SLEEPING, deadline);
}

static slept sleep_in(wefti_thread *thread, int64_t deadline) {
    if (!wefti_parker_announce(&thread->parker)) return NOTICED;
    if (wefti_is_interrupted(thread)) return wefti_parker_retract(&thread->parker) ? DISTURBED : NOTICED;
    /* acquire: as wefti_parker_noticed */
    while (wefti_load_acquire(&thread->parker) == WEFTI_PARKER_SLEEPING)
        if (!sleep_once(thread, deadline)) return wefti_parker_retract(&thread->parker) ? PASSED : NOTICED;
    return wefti_parker_noticed(&thread->parker) ? NOTICED : DISTURBED;
}

/* Interrupts run meanwhile. */
static slept sleep_through(wefti_thread *thread, const wefti_wait *wait, int64_t deadline) {
    slept how;
    do {
        if (wefti_is_interrupted(thread)) wefti_run_interrupts(thread);
        if (wait->killable && wefti_thread_is_due(thread)) return KILLED;
        int64_t start = wefti_clock();
        if (spin_for_notice(thread, wait, start) || give_way(thread)) return NOTICED;
        how = sleep_in(thread, deadline);
        if (how == NOTICED) learn_from_sleep(thread, wefti_clock() - start);
    } while (how == DISTURBED);
    return how;
}

/* Until the notice, or the deadline. */
static slept wait_for_notice(wefti_thread *thread, const wefti_wait *wait, int64_t deadline) {
    slept how;
    pthread_cleanup_push(die, thread);
    wefti_store_relaxed(&thread->waits, wait->what);             /* relaxed: for lists of processes */
    wefti_store_relaxed(&thread->waits_on, wefti_current_cpu()); /* relaxed: a guess */
    how = sleep_through(thread, wait, deadline);
    wefti_store_relaxed(&thread->waits, NULL);
    pthread_cleanup_pop(0);
    return how;
}

/* From here on who would win the wait looks whether the thread is there. */
static void watch(wefti_wait *wait) {
    uint32_t open = WEFTI_OPEN;
    /* relaxed: what who claims it looks at then, the life, came with the place, by the channel's lock */
    wefti_cas_relaxed(&wait->claim, &open, (uint32_t)WEFTI_GUARDED);
}

static bool has_vanished(const wefti_wait *wait) {
    return wefti_life_is_over(wefti_thread_of_strand(wait->strand)->berth.life);
}

/* GUARDED, and the thread has vanished: one finds it out for all places of the wait. */
static void lose(wefti_waiter *waiter) {
    uint32_t guarded = WEFTI_GUARDED;
    /* relaxed: it brings nothing along; the places are taken out under their channels' locks */
    wefti_cas_relaxed(&waiter->wait->claim, &guarded, (uint32_t)WEFTI_VANISHED);
}

bool wefti_guarded_claim(wefti_waiter *waiter, weft_status status, bool *gone) {
    wefti_wait *wait = waiter->wait;
    uint32_t guarded = WEFTI_GUARDED;
    if (WEFTI_UNLIKELY(has_vanished(wait))) {
        lose(waiter);
        *gone = true;
        return false;
    }
    /* seq: as in wefti_waiter_claim */
    if (wefti_cas_seq(&wait->claim, &guarded, 1u + (uint32_t)status)) {
        wait->chosen = waiter;
        return true;
    }
    return wefti_waiter_claim(waiter, status, gone); /* it has timed out, or was won otherwise */
}

bool wefti_find_lost(wefti_waiter *waiter) {
    const wefti_wait *wait = waiter->wait;
    uint32_t claim = wefti_load_relaxed(&wait->claim); /* relaxed: as in lose */
    if (claim == WEFTI_VANISHED) return true;
    if (!wait->in_berth) return false; /* nothing else of a wait that others may be at */
    const wefti_berth *berth = &wefti_thread_of_strand(wait->strand)->berth;
    if (berth->watched != wait || !wefti_life_is_over(berth->life)) return false;
    lose(waiter); /* or it was won by another, and vanished before it came here */
    return true;
}

void wefti_place_lost(wefti_waiter *waiter) {
    wefti_berth *berth = &wefti_thread_of_strand(waiter->wait->strand)->berth;
    wefti_add_release(&berth->lost, 1u); /* partner: wefti_berth_is_left; the memory may be freed from here on */
}

/* Each place is found lost, but for one: whoever has won the wait through it takes it out, and is done with all of the
 * berth when he has given notice. A wait that is ended through none of its places is a scope's to end, which knows the
 * thread as long as it likes: attach.c. */
bool wefti_berth_is_left(const wefti_thread *thread) {
    const wefti_berth *berth = &thread->berth;
    if (berth->watched == NULL || !berth->parked) return false; /* it waits for something else */
    /* acquire, both: what they did there; partners: wefti_place_lost, wefti_parker_notify */
    uint32_t left = wefti_load_acquire(&berth->lost);
    if (wefti_parker_noticed(&thread->parker) && berth->watched->chosen != NULL) left++;
    return left == berth->places;
}

static weft_status park_thread(wefti_wait *wait, int64_t deadline) {
    wefti_thread *thread = wefti_thread_of_strand(wait->strand);
    bool scoped = thread->strand.member != NULL;
    thread->berth.parked = thread->berth.watched == wait;
    if (thread->berth.parked) watch(wait);
    if (WEFTI_UNLIKELY(scoped) && wefti_thread_cancelled_before(wait->strand, wait)) return WEFT_CANCELLED;
    int type; /* a thread may say that it is to be cancelled anywhere; not within Weft */
    pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &type);
    slept how = wait_for_notice(thread, wait, deadline);
    weft_status status = how == PASSED ? WEFT_TIMED_OUT : WEFTI_KILLED;
    bool won = how != NOTICED && wefti_wait_claim(wait, status);
    if (how != NOTICED && !won)
        wefti_parker_sleep(&thread->parker, WEFT_FOREVER); /* somebody has won it and is about to unpark us */
    if (!won) wefti_parker_reset(&thread->parker);
    if (WEFTI_UNLIKELY(scoped)) wefti_thread_waits_no_more(&thread->strand);
    pthread_setcanceltype(type, &type);
    return won ? status : outcome_of(wait);
}

/* ---- both ---- */

weft_status wefti_park(wefti_wait *wait, int64_t deadline) {
    if (WEFTI_LIKELY(wait->strand->worker != NULL)) return park_runner(wait, deadline);
    return park_thread(wait, deadline);
}

weft_status wefti_park_mortal(wefti_wait *wait, int64_t deadline, void (*withdraw)(void *argument), void *argument) {
    if (WEFTI_LIKELY(wait->strand->worker != NULL)) return park_runner(wait, deadline);
    wefti_thread *thread = wefti_thread_of_strand(wait->strand);
    thread->withdrawn = argument;
    thread->withdraw = withdraw;
    weft_status status = park_thread(wait, deadline);
    thread->withdraw = NULL;
    return status;
}

/* A thread is about to be unparked: where that happens; and whether it can only run when this worker leaves the
 * processor to it. relaxed, both: guesses. */
static void note_place(wefti_thread *thread) {
    int here = wefti_current_cpu();
    wefti_store_relaxed(&thread->woken_from, here);
    const wefti_strand *self = wefti_strand_now;
    if (self != NULL && self->worker != NULL) self->worker->obliged = wefti_load_relaxed(&thread->waits_on) == here;
}

void wefti_unpark_with(wefti_wait *wait, int answer) {
    wefti_strand *strand = wait->strand; /* the wait may be gone from here on */
    wefti_worker *worker = strand->worker;
    if (WEFTI_UNLIKELY(worker == NULL)) {
        wefti_thread *thread = wefti_thread_of_strand(strand);
        note_place(thread);
        wefti_parker_notify(&thread->parker);
        return;
    }
    wefti_runner *runner = wefti_runner_of_strand(strand);
    runner->fiber.context.answer = answer;
    wefti_store_relaxed(&runner->what, NULL); /* relaxed: for dumps */
    wefti_hands_over(runner);
    wefti_strand *self = wefti_strand_now;
    if (WEFTI_LIKELY(self != NULL && self->worker == worker)) {
        wefti_runner_ready(worker, runner);
        return;
    }
    if (runner->fiber.strand.movable && self != NULL && self->worker != NULL &&
        self->worker->kernel == worker->kernel) {
        wefti_runner_ready(self->worker, runner); /* it comes to whom it talks with */
        return;
    }
    weft_kernel *kernel = worker->kernel; /* read before: afterwards the kernel may end, and its memory be used anew */
    wefti_mailbox_push(&worker->mailbox, &runner->fiber.link);
    wefti_wake_worker(kernel, worker);
}
