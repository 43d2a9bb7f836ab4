/* SPDX-License-Identifier: MIT */
/* idle.c - searching, sleeping, waking, and noticing that an ending kernel has nothing left to do. See idle.h. */
#include "sched/idle.h"

#include "sched/frames.h"
#include "sched/kernel.h"
#include "sched/slice.h"

enum {
    TRIM_NANOSECONDS = 100000000,
    IDLE_STOCK = 1024,
    TRIM_STACKS = 32,
    MANY_TASKS = 64,
    PATIENT_ROUNDS = 10,
    PATIENT_WITH_TASKS = 100,
    MANY_MOVABLE = 16,
    MOST_AWAY = 100,
    LEAST_SEARCH = 32,
    MANY_TIMERS = 1000,
    TOGETHER_NANOSECONDS = 130000,
    NAP_NANOSECONDS = 200000,
    MOST_AHEAD = 40000,
    SHORT_WAIT_NANOSECONDS = 150000,
    LATE_NANOSECONDS = 1000000,
    FEW_WORKERS = 2
};

/* ---- the giver's side ---- */

static bool any_pending(weft_kernel *kernel);

/* The last searcher has stopped. Somebody must go on looking: for more work, and at the clock for the kernel's timers.
 */
static void look_once_more(weft_kernel *kernel) {
    if (any_pending(kernel) || wefti_inbox_has_work(&kernel->low) || wefti_wheel_next(&kernel->wheel) != INT64_MAX ||
        wefti_io_wants_poller(&kernel->io) || wefti_frames_to_be_had(kernel))
        wefti_notify(kernel, &kernel->idle);
}

/* Tells the one that is woken when that was. relaxed: a guess, of what may be another waker's attempt. */
static void stamp(weft_kernel *kernel, wefti_worker *worker) {
    if (kernel->worker_count > FEW_WORKERS && wefti_load_relaxed(&worker->sleep) == WEFTI_ASLEEP)
        wefti_store_relaxed(&worker->woken, wefti_clock());
}

static bool wake(weft_kernel *kernel, wefti_worker *worker) {
    stamp(kernel, worker);
    if (wefti_load_relaxed(&worker->sleep) == WEFTI_ASLEEP) /* relaxed, both: a guess */
        wefti_store_relaxed(&worker->woken_from, wefti_current_cpu());
    wefti_wake what = wefti_sleeper_wake(&kernel->idle, &worker->sleep);
    if (WEFTI_UNLIKELY(what == WEFTI_LOOK_ONCE_MORE)) look_once_more(kernel);
    if (what == WEFTI_WOKEN) wefti_io_ring(kernel, worker);
    return what == WEFTI_WOKEN;
}

void wefti_wake_one(weft_kernel *kernel) {
    /* Those with the lowest index first: the others stay asleep, and their caches of stacks and chunks stay small. */
    for (uint32_t i = 0; i < kernel->worker_count; i++)
        if (wake(kernel, &kernel->workers[i])) return;
}

void wefti_wake_worker(weft_kernel *kernel, wefti_worker *worker) {
    wefti_light_barrier(); /* partner: the heavy barrier in wefti_sleeper_announce; the mail was dropped before */
    wake(kernel, worker);
}

void wefti_kernel_look_again(weft_kernel *kernel) { wefti_notify(kernel, &kernel->idle); }

/* ---- looking ---- */

static bool any_pending(weft_kernel *kernel) {
    if (wefti_inbox_has_work(&kernel->inbox)) return true;
    for (uint32_t i = 0; i < kernel->worker_count; i++)
        if (wefti_queue_has_work(&kernel->workers[i].queue)) return true;
    return false;
}

/* A searcher that was woken long before it came to run has found work. Each one wakes the next, so a row of n workers
 * that get a processor so late would need n times as long until all work has begun, while those before them compute: as
 * many are woken at once as there is work for. That costs nothing where tasks are short, since nobody is late there. */
static void wake_more(weft_kernel *kernel) {
    uint64_t wanted = wefti_load_relaxed(&kernel->inbox.pushed) - wefti_load_relaxed(&kernel->inbox.taken);
    if (wanted > kernel->worker_count) wanted = kernel->worker_count; /* relaxed: it may be off, by far */
    for (uint32_t i = 0; i < kernel->worker_count; i++) wanted += wefti_queue_pending(&kernel->workers[i].queue);
    for (uint32_t i = 0; i < kernel->worker_count && wanted > 0; i++)
        if (wake(kernel, &kernel->workers[i])) wanted--;
}

static bool any_movable(weft_kernel *kernel) {
    for (uint32_t i = 0; i < kernel->worker_count; i++)
        if (wefti_load_relaxed(&kernel->workers[i].movable_count) != 0) return true;
    return false;
}

/* Whether a sleeper has a reason to stay awake. Loads only. */
static bool anything(wefti_worker *worker) {
    weft_kernel *kernel = worker->kernel;
    return wefti_mailbox_has_mail(&worker->mailbox) || any_pending(kernel) || wefti_inbox_has_work(&kernel->low) ||
           any_movable(kernel) || wefti_frames_any(worker);
}

static uint32_t next_random(wefti_worker *worker) {
    worker->random = worker->random * 1664525u + 1013904223u;
    return worker->random >> 8;
}

/* Looking at another's work costs that one a miss or two each time. So as long as it gets on, the looks become fewer: a
 * round of the search in which there is none. */
static bool looks_away(wefti_watch *watch, const wefti_worker *victim) {
    if (watch->victim != victim || watch->away == 0) return false;
    watch->away--;
    watch->rounds++;
    return true;
}

/* A look at the victim, which has done so much. Returns for how many rounds it has got nowhere; 0: it has got on, or
 * was not the one that is watched, and is now. */
static uint32_t rounds_in_vain(wefti_watch *watch, wefti_worker *victim, uint64_t progress) {
    bool same = watch->victim == victim;
    if (same && watch->progress == progress) {
        watch->interval = 0;
        return ++watch->rounds;
    }
    watch->interval = same ? WEFTI_MIN(watch->interval * 2 + 1, (uint32_t)MOST_AWAY) : 0;
    watch->away = watch->interval;
    watch->victim = victim;
    watch->progress = progress;
    watch->rounds = 0;
    return 0;
}

/* Whether it is worth the victim's while: stealing costs it and the thief some microseconds (the heavy barrier), in
 * which it would itself have done dozens of small tasks; and tasks that were begun here and there talk across workers
 * for as long as they live, since they stay, where on one worker a message costs a tenth. So: when there are many, or
 * when it gets nowhere with the few for about ten microseconds. */
static bool worth_stealing(wefti_worker *worker, wefti_worker *victim) {
    wefti_watch *watch = &worker->queue_watch;
    if (looks_away(watch, victim)) return false;
    uint64_t pending = wefti_queue_pending(&victim->queue);
    if (pending >= MANY_TASKS) return true;
    if (watch->victim != NULL && watch->victim != victim && wefti_queue_pending(&watch->victim->queue) > 0)
        return false;                                          /* one at a time, or none would be watched for long */
    uint64_t taken = wefti_load_relaxed(&victim->queue.taken); /* relaxed: a guess */
    uint32_t rounds = rounds_in_vain(watch, victim, taken);
    if (pending == 0) watch->rounds = 0; /* it has nothing to get on with */
    int64_t patience = WEFTI_MIN(worker->kernel->spin_count, PATIENT_WITH_TASKS);
    return pending > 0 && rounds > (uint32_t)WEFTI_MAX(patience, PATIENT_ROUNDS);
}

/* Whether to take a runner that may move. One that was made ready a moment ago is best gone on with where it is, next
 * to whom it talks to: so when there are many, or when its worker switches no more, since its task computes. */
static bool worth_moving(wefti_worker *worker, wefti_worker *victim) {
    wefti_watch *watch = &worker->movable_watch;
    if (looks_away(watch, victim)) return false;
    uint32_t count = wefti_load_relaxed(&victim->movable_count);
    if (count >= MANY_MOVABLE) return true;
    uint64_t switches = wefti_load_relaxed(&victim->parks) + wefti_load_relaxed(&victim->begun); /* relaxed: a guess */
    return rounds_in_vain(watch, victim, switches) > PATIENT_ROUNDS && count != 0;
}

static bool steal(wefti_worker *worker) {
    weft_kernel *kernel = worker->kernel;
    uint32_t count = kernel->worker_count;
    if (count < 2) return false;
    uint32_t first = next_random(worker) % count;
    for (uint32_t n = 0; n < count; n++) {
        wefti_worker *victim = &kernel->workers[(first + n) % count];
        if (victim == worker) continue;
        if (!worth_moving(worker, victim) || !wefti_movable_steal(victim, worker)) {
            if (!worth_stealing(worker, victim)) continue;
            worker->queue_watch.rounds = 0; /* an attempt in vain costs as much as one that succeeds */
            if (wefti_queue_steal(&victim->queue, &worker->queue) == 0) continue;
        }
        wefti_count(&worker->steals);
        return true;
    }
    return false;
}

/* Tries to get something to do. */
static bool look(wefti_worker *worker) {
    weft_kernel *kernel = worker->kernel;
    if (worker->ready.first != NULL) return true; /* made ready by this worker itself, in its sleep: a descriptor */
    if (wefti_mailbox_has_mail(&worker->mailbox)) {
        wefti_poll(worker);
        return true;
    }
    if (wefti_inbox_has_work(&kernel->inbox) || wefti_load_relaxed(&worker->movable_count) != 0)
        return true; /* the loop takes it */
    if (steal(worker) || wefti_frames_take(worker)) return true;
    /* A low task begins only when nothing of default priority is pending anywhere. */
    if (!wefti_inbox_has_work(&kernel->low) || any_pending(kernel)) return false;
    worker->low_slots = wefti_inbox_take_one(&kernel->low, &worker->queue, worker->low);
    return worker->low_slots > 0;
}

/* From when on the timers are to be looked at. Where very many are armed, several are served by one look. */
static int64_t next_look(wefti_worker *worker) {
    int64_t next = wefti_wheel_next(&worker->wheel);
    if (next != INT64_MAX && wefti_load_relaxed(&worker->wheel.armed) >= MANY_TIMERS)
        next = WEFTI_MAX(next, worker->now + TOGETHER_NANOSECONDS);
    return WEFTI_MIN(next, wefti_wheel_next(&worker->kernel->wheel));
}

static bool due(wefti_worker *worker) {
    int64_t next = next_look(worker);
    if (next == INT64_MAX || next > wefti_clock()) return false;
    wefti_poll(worker);
    return worker->ready.first != NULL || wefti_load_relaxed(&worker->movable_count) != 0 || anything(worker);
}

/* ---- the end ---- */

/* Lock held, all workers are quiet. */
static bool live(weft_kernel *kernel) {
    if (wefti_outstanding(kernel, 0) || wefti_outstanding(kernel, 1)) return true;
    size_t pledges = wefti_load_seq(&kernel->pledges); /* partners: wefti_kernel_pledge; the release in its redeem */
    /* relaxed: the lock orders it; no worker writes now */
    for (uint32_t i = 0; i < kernel->worker_count; i++) pledges += wefti_load_relaxed(&kernel->workers[i].pledges);
    return pledges != 0 || wefti_wheel_count(&kernel->wheel) != 0;
}

/* Counts this worker among those with nothing to do; if it is the last, and no task, pledge or timer is left, the
 * kernel is done. All others are quiet then, and only a running worker, or the end of a wait (then a task is live),
 * makes work.
 */
static bool become_quiet(wefti_worker *worker) {
    weft_kernel *kernel = worker->kernel;
    pthread_mutex_lock(&kernel->lock);
    kernel->quiet++;
    bool last = kernel->quiet == kernel->worker_count && !live(kernel);
    if (last) wefti_store_release(&kernel->state, (uint32_t)WEFTI_KERNEL_ENDED); /* partner: state_of */
    pthread_mutex_unlock(&kernel->lock);
    if (last)
        for (uint32_t i = 0; i < kernel->worker_count; i++) wake(kernel, &kernel->workers[i]);
    return last;
}

static void stop_being_quiet(wefti_worker *worker) {
    pthread_mutex_lock(&worker->kernel->lock);
    worker->kernel->quiet--;
    pthread_mutex_unlock(&worker->kernel->lock);
}

static uint32_t state_of(weft_kernel *kernel) {
    return wefti_load_acquire(&kernel->state); /* partners: become_quiet, start_workers, begin_ending */
}

/* ---- sleeping ---- */

/* A wait, for work to come up, that somebody has ended so soon that searching on would have cost less than sleeping and
 * being woken: the next search is as long as it may be. Without this, two workers that wait for each other in turns
 * would, once they have begun to sleep, never search long enough to find out that they need not. */
static void learn_from_sleep(wefti_worker *worker, int64_t since, int64_t now, int64_t deadline) {
    int64_t woken = wefti_load_relaxed(&worker->woken); /* relaxed: see stamp */
    worker->late = woken != 0 && now - woken > LATE_NANOSECONDS;
    worker->by_clock = now >= deadline;
    if (now < deadline && now - since < SHORT_WAIT_NANOSECONDS) worker->rounds = worker->kernel->spin_count;
}

/* How much earlier than at the deadline to ask for the end of a sleep. The system ends sleeps late, by some ten
 * microseconds on a virtual machine, and that much at least each time. */
static int64_t ahead(const wefti_worker *worker) {
    return worker->kernel->spin_count > 0 ? WEFTI_MIN(worker->lateness * 3 / 4, (int64_t)MOST_AHEAD) : 0;
}

/* The sleep is over, at the time asked for or because somebody has ended it. Learns the least lateness: at once where
 * it was less, little by little where it was more, as that may be chance. Then looks on until the deadline, if that is
 * still to come; this worker is a searcher, so it looks for what givers leave to one. Returns the time. */
static int64_t await_deadline(wefti_worker *worker, int64_t asked, int64_t deadline) {
    int64_t now = wefti_clock(), late = now - asked;
    if (late < 0) return now;
    if (late < worker->lateness)
        worker->lateness = late;
    else
        worker->lateness += (WEFTI_MIN(late, (int64_t)2 * MOST_AHEAD) - worker->lateness) / 8;
    while (now < deadline && !anything(worker)) {
        wefti_pause();
        now = wefti_clock();
    }
    return now;
}

/* The next look at the timers, if it is so near that what somebody gives meanwhile may wait for it: sleepers.h.
 * Otherwise, and in a kernel that ends, INT64_MAX. */
static int64_t end_of_nap(wefti_worker *worker, uint32_t state) {
    int64_t next = next_look(worker);
    if (next == INT64_MAX || state == WEFTI_KERNEL_ENDING || next > wefti_clock() + NAP_NANOSECONDS) return INT64_MAX;
    return next;
}

/* The worker has searched in vain since then. Returns since when it searches again. */
static int64_t sleep_now(wefti_worker *worker, int64_t since) {
    weft_kernel *kernel = worker->kernel;
    if (anything(worker)) { /* it would not sleep, and a heavy barrier may queue up behind those of all processes */
        worker->rounds = kernel->spin_count;
        wefti_pause();
        return since;
    }
    uint32_t state = state_of(kernel);
    bool polls = wefti_io_become_poller(worker);
    wefti_store_relaxed(&worker->woken, (int64_t)0);
    int64_t nap = end_of_nap(worker, state);
    wefti_sleeper_announce(&kernel->idle, &worker->sleep, nap != INT64_MAX);
    int64_t deadline = WEFTI_MIN(next_look(worker), nap);
    wefti_drain_look(kernel); /* part of the last look: who waits for a drain is a giver too */
    if (anything(worker) || state_of(kernel) != state || wefti_io_wants_poller(&kernel->io)) {
        wefti_sleeper_retract(&kernel->idle, &worker->sleep);
        if (polls) wefti_io_stop_polling(worker);
        worker->rounds = kernel->spin_count; /* as after a short wait */
        worker->by_clock = false;
        return since;
    }
    bool quiet = state == WEFTI_KERNEL_ENDING;
    if (quiet && become_quiet(worker)) {
        if (polls) wefti_io_stop_polling(worker);
        return since;
    }
    bool watches = deadline != INT64_MAX; /* no timer then: who arms one sees this worker asleep */
    if (watches) deadline = wefti_wheel_watch(&kernel->wheel, worker, deadline);
    wefti_count(&worker->sleeps);
    wefti_store_relaxed(&worker->cpu, -1); /* relaxed: a guess for park_thread */
    int64_t asked = polls || deadline == INT64_MAX ? deadline : deadline - ahead(worker);
    if (polls)
        wefti_io_sleep(worker, asked);
    else
        wefti_sleeper_sleep(&kernel->idle, &worker->sleep, asked);
    int64_t now = await_deadline(worker, asked, deadline);
    if (watches) wefti_wheel_watch_no_more(&kernel->wheel, worker);
    learn_from_sleep(worker, since, now, deadline);
    int here = wefti_current_cpu();
    wefti_store_relaxed(&worker->cpu, here);
    worker->obliged = !worker->by_clock && wefti_load_relaxed(&worker->woken_from) == here;
    if (WEFTI_UNLIKELY(wefti_load_relaxed(&kernel->slicer) != NULL)) wefti_slicer_ring(kernel); /* relaxed: see there */
    if (quiet) stop_being_quiet(worker);
    return now;
}

/* Searches for at most spin_count rounds: fewer, down to a few, as long as searching has not paid; and only one where
 * the clock ended the last sleep, since what comes next most likely comes by the clock as well. */
static bool search(wefti_worker *worker) {
    int64_t most = worker->kernel->spin_count;
    /* More searchers than processors are in each other's way. relaxed, both: a guess. */
    if (wefti_load_relaxed(&worker->kernel->idle.searchers) > wefti_load_relaxed(&wefti_cpus_to_spin)) most = 0;
    if (worker->rounds > most || worker->rounds < most / LEAST_SEARCH) worker->rounds = most;
    int64_t rounds = worker->by_clock ? 0 : worker->rounds;
    for (int64_t round = 0;; round++) {
        if (look(worker)) {
            if (round > 0) worker->rounds = WEFTI_MIN(worker->rounds * 2 + 1, most);
            return true;
        }
        if (round % 16 == 0 && due(worker)) return true; /* no reason to search more: the clock would have woken it */
        if (round >= rounds) break;
        wefti_pause();
    }
    if (!worker->by_clock) worker->rounds = WEFTI_MAX(worker->rounds / 2, most / LEAST_SEARCH);
    return false;
}

static void stop_searching(wefti_worker *worker) {
    weft_kernel *kernel = worker->kernel;
    bool late = worker->late;
    worker->late = false;
    if (!wefti_sleepers_stop(&kernel->idle)) return;
    look_once_more(kernel);
    if (WEFTI_UNLIKELY(late)) wake_more(kernel);
}

static void trim(wefti_worker *worker) {
    int64_t now = wefti_clock();
    if (now - worker->trimmed < TRIM_NANOSECONDS) return;
    worker->trimmed = now;
    wefti_depot_trim(&worker->kernel->depot);
    wefti_spares_trim();
    /* Stacks of a time when more tasks waited: a few each time, since giving one to the system takes a microsecond or
     * two. */
    uint32_t excess = worker->idle_count > IDLE_STOCK ? WEFTI_MIN(worker->idle_count - IDLE_STOCK, TRIM_STACKS) : 0;
    for (; excess > 0; excess--) wefti_runner_free(worker, wefti_runner_get(worker));
}

bool wefti_find_work(wefti_worker *worker) {
    weft_kernel *kernel = worker->kernel;
    bool found = false;
    wefti_add_relaxed(&kernel->idle.searchers, 1u);
    int64_t since = wefti_clock();
    wefti_store_relaxed(&worker->cpu, wefti_current_cpu());
    wefti_store_relaxed(&worker->busy,
                        wefti_load_relaxed(&worker->busy) + since - wefti_load_relaxed(&worker->busy_since));
    wefti_store_relaxed(&worker->busy_since, (int64_t)0);
    if (worker->obliged) { /* that one has something to do now, and may bring more */
        worker->obliged = false;
        wefti_give_way(&worker->crowded);
    }
    while (!(found = search(worker)) && state_of(kernel) != WEFTI_KERNEL_ENDED) {
        trim(worker);
        since = sleep_now(worker, since);
    }
    stop_searching(worker);
    if (found && WEFTI_UNLIKELY(wefti_io_wants_poller(&kernel->io))) wefti_notify(kernel, &kernel->idle);
    worker->now = worker->seen = wefti_clock();
    wefti_store_relaxed(&worker->busy_since, worker->now);
    return found;
}
