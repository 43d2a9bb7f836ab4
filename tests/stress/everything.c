/* SPDX-License-Identifier: MIT */
/* everything.c - all of Weft at once: jobs that spawn, sort, force futures, talk over channels, alternate, signal,
 * restart and hold mutexes, submitted by several threads, while their categories are killed and their groups cancelled.
 *
 * Each submission is answered exactly once: by the right value, by the job's own error, as killed where its category is
 * being killed, or as cancelled where its group was. Afterwards nothing is left over, and every clean-up has run.
 */
#include "contract/common.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "stress/load.h"

enum { CLIENTS = 2, FLIGHT = 24, MOST_NUMBERS = 3000 };

static const char victims[] = "victims", safe[] = "safe";
static weft_mutex *mutex;
static long under_mutex, said_under_mutex; /* equal whenever the mutex is free */
static atomic_long open_things;            /* that clean-ups close */

/* ---- jobs: each returns twice its input ---- */

WEFT_TASK(long, fib, (long, n)) {
    if (n < 2) return n;
    weft_spawn(fib, n - 1);
    long other = weft_call(fib, n - 2);
    return weft_sync(fib) + other;
}

static long with_forks(long input) { return weft_call(fib, 12) == 144 ? 2 * input : -1; }

/* What a job holds. Its clean-up is in force before anything is held, and no kill comes in the middle of taking. */
typedef struct things {
    bool counted;
    void *memory;
    weft_future *future;
    weft_group *group;
    weft_channel *channels[2];
} things;

static void count_in(things *held) {
    held->counted = true;
    atomic_fetch_add(&open_things, 1);
}

static void let_go(void *argument) {
    things *held = argument;
    free(held->memory);
    weft_release_future(held->future);
    for (int i = 0; i < 2; i++)
        if (held->channels[i] != NULL) CHECK_OK(weft_close(held->channels[i]));
    if (held->group != NULL) CHECK_OK(weft_wait_group(held->group, WEFT_FOREVER));
    CHECK_OK(weft_free_group(held->group));
    for (int i = 0; i < 2; i++) CHECK_OK(weft_free_channel(held->channels[i]));
    if (held->counted) atomic_fetch_sub(&open_things, 1);
}

/* A task that helps an algorithm is of its caller's category. It can be killed without the caller, which had not begun
 * yet when the kill looked for it; then the algorithm says so. */
#define HELPER_KILLED LONG_MIN

static long result_of(weft_status status, long expected) {
    return status == WEFT_OK ? expected : status == WEFT_KILLED ? HELPER_KILLED : -2;
}

static long with_sort(long input) {
    size_t count = 100 + (size_t)input * 97 % (MOST_NUMBERS - 100);
    things held = {0};
    long result = 2 * input;
    WEFT_UNWIND_PROTECT(let_go, &held) {
        WEFT_WITHOUT_KILL {
            count_in(&held);
            held.memory = malloc(count * sizeof(int32_t));
        }
        int32_t *numbers = held.memory;
        uint32_t random = (uint32_t)input + 1;
        for (size_t i = 0; i < count; i++) numbers[i] = (int32_t)((random = random * 1664525u + 1013904223u) >> 4);
        result = result_of(weft_sort_int32(NULL, numbers, count), 2 * input);
        for (size_t i = 1; i < count; i++)
            if (result == 2 * input && numbers[i - 1] > numbers[i]) result = -3;
    }
    return result;
}

static long force_one(long n, bool delayed) {
    things held = {0};
    long value = -1;
    WEFT_UNWIND_PROTECT(let_go, &held) {
        WEFT_WITHOUT_KILL {
            count_in(&held);
            held.future = delayed ? weft_delay(fib, n) : weft_future(fib, n);
        }
        if (weft_force(held.future, &value, WEFT_FOREVER) != WEFT_OK) value = -1;
    }
    return value;
}

static long with_futures(long input) { return force_one(10, false) == 55 && force_one(9, true) == 34 ? 2 * input : -4; }

WEFT_TASK(void, speaker, (weft_channel *, words), (int, count)) {
    for (int i = 1; i <= count; i++)
        if (weft_send(words, &i, WEFT_FOREVER) != WEFT_OK) return;
}

static long with_channels(long input) {
    enum { WORDS = 20 };
    things held = {0};
    long sum = 0;
    WEFT_UNWIND_PROTECT(let_go, &held) {
        WEFT_WITHOUT_KILL {
            count_in(&held);
            held.channels[0] = weft_make_rendezvous(int);
            held.group = weft_make_group("talk");
        }
        const weft_submit_options options = {.group = held.group};
        CHECK_OK(weft_submit_with(&options, NULL, speaker, held.channels[0], WORDS));
        for (int i = 0, word; i < WORDS; i++)
            if (weft_receive(held.channels[0], &word, WEFT_FOREVER) == WEFT_OK) sum += word;
    }
    return sum == WORDS * (WORDS + 1) / 2 ? 2 * input : -5;
}

static long alternate_over(weft_channel *const *pair) {
    long sum = 0;
    int got = 0;
    for (int i = 1; i <= 6; i++) {
        CHECK_OK(weft_send(pair[i % 2], &i, WEFT_FOREVER));
        WEFT_FAIR_ALT {
            WEFT_RECEIVE(pair[0], &got) { sum += got; }
            WEFT_RECEIVE(pair[1], &got) { sum += got; }
            WEFT_OTHERWISE_AFTER(15) { sum = -1000; }
        }
    }
    WEFT_FAIR_ALT {
        WEFT_RECEIVE(pair[0], &got) { sum = -1000; }
        WEFT_OTHERWISE_AFTER(0.0005) { sum += 1; }
    }
    return sum;
}

static long with_alternation(long input) {
    things held = {0};
    long sum = 0;
    WEFT_UNWIND_PROTECT(let_go, &held) {
        WEFT_WITHOUT_KILL {
            count_in(&held);
            for (int i = 0; i < 2; i++) held.channels[i] = weft_make_channel(int);
        }
        sum = alternate_over(held.channels);
    }
    return sum == 22 ? 2 * input : -6;
}

WEFT_CONDITION_TYPE(own_error, weft_type_error);

static long with_error(long input) {
    if (input % 2 == 0) weft_error(&own_error, "job %ld", input);
    volatile long result = -7;
    WEFT_HANDLER_CASE {
        WEFT_TRY { weft_error_with(&own_error, &input, "handled here"); }
        WEFT_HANDLE(&own_error, condition) { result = 2 * *(const long *)weft_condition_payload(condition, NULL); }
    }
    return result;
}

static void use_double(const weft_condition *condition, void *unused) {
    (void)unused;
    long twice = 2 * *(const long *)weft_condition_payload(condition, NULL);
    weft_invoke_restart_with("use-value", &twice);
}

static long with_restart(long input) {
    volatile long result = -8;
    WEFT_HANDLER_BIND(&own_error, use_double, NULL) {
        WEFT_RESTART_CASE {
            WEFT_TRY { weft_error_with(&own_error, &input, "what now?"); }
            WEFT_RESTART_WITH("use-value", long, given) { result = given; }
        }
    }
    return result;
}

static long with_mutex(long input) {
    for (int i = 0; i < 10; i++) WEFT_WITH_MUTEX(mutex) {
            WEFT_WITHOUT_KILL {
                under_mutex++;
                if (i == 5) weft_yield();
                said_under_mutex++;
            }
        }
    return 2 * input;
}

static void add_range(size_t first, size_t last, void *sum, void *unused) {
    (void)unused;
    for (size_t i = first; i < last; i++) *(long *)sum += (long)i;
}

static void add(void *left, const void *right, void *unused) {
    (void)unused;
    *(long *)left += *(const long *)right;
}

static long with_reduction(long input) {
    long sum = 0, none = 0;
    weft_status status = weft_map_reduce(NULL, 0, 20000, sizeof sum, &none, &sum, add_range, add, NULL);
    return result_of(status, sum == 19999L * 20000 / 2 ? 2 * input : -9);
}

typedef long job(long input);

static job *const jobs[] = {with_forks, with_sort,    with_futures, with_channels, with_alternation,
                            with_error, with_restart, with_mutex,   with_reduction};
enum { JOBS = sizeof jobs / sizeof *jobs };

WEFT_TASK(long, work, (int, kind), (long, input)) { return jobs[kind](input); }

/* ---- clients ---- */

typedef struct client {
    uint64_t random;
    weft_kernel *kernel;
    weft_deadline end;
    bool killed, cancelled; /* whether its jobs may be */
    size_t values, failures, kills, cancels;
} client;

static bool is_failing(int kind, long input) { return jobs[kind] == with_error && input % 2 == 0; }

/* A batch of one kind, so that what may come back is known; in a group that is cancelled in every fourth. */
static void batch(client *c, weft_channel *results) {
    int kind = (int)(harness_random(&c->random) % JOBS);
    bool cancel = c->cancelled && harness_random(&c->random) % 4 == 0;
    weft_group *group = weft_make_group("batch");
    const weft_submit_options options = {.group = group};
    long expected = 0, got = 0, input = (long)(harness_random(&c->random) % 1000);
    size_t right = 0, failing = 0, killed = 0, cancelled = 0;
    for (long i = 0; i < FLIGHT; i++) {
        WEFT_BIND(weft_task_category, c->killed ? victims : safe) {
            CHECK_OK(weft_submit_with(&options, results, work, kind, input + i));
        }
        if (is_failing(kind, input + i))
            failing++;
        else
            expected += 2 * (input + i);
        if (cancel && i == FLIGHT / 2) CHECK_OK(weft_cancel_group(group));
    }
    size_t failed = 0;
    for (int i = 0; i < FLIGHT; i++) {
        long value = 0;
        weft_status status = weft_receive_result(results, &value, patience());
        if (status == WEFT_OK && value == HELPER_KILLED) {
            killed++;
        } else if (status == WEFT_OK) {
            CHECK(value >= 2 * input && value < 2 * (input + FLIGHT));
            right++;
            got += value;
        } else if (status == WEFT_FAILED) {
            CHECK(weft_condition_is(weft_last_condition(), &own_error));
            failed++;
        } else if (status == WEFT_KILLED) {
            killed++;
        } else if (!CHECK_STATUS(status, WEFT_CANCELLED)) {
            break;
        } else {
            cancelled++;
        }
    }
    CHECK(right + failed + killed + cancelled == FLIGHT && failed <= failing);
    if (killed + cancelled == 0) CHECK(failed == failing && got == expected);
    CHECK(c->killed || killed == 0);
    CHECK(cancel || cancelled == 0);
    CHECK_OK(weft_wait_group(group, patience()));
    CHECK_OK(weft_free_group(group));
    c->values += right, c->failures += failed, c->kills += killed, c->cancels += cancelled;
}

static void *run_client(void *argument) {
    client *c = argument;
    weft_set(weft_current_kernel, c->kernel);
    weft_channel *results = weft_make_channel(long);
    do {
        batch(c, results); /* one in any case: a short look may be over before this thread has had a processor */
    } while (weft_time() < c->end);
    CHECK_OK(weft_free_channel(results));
    return NULL;
}

static void *run_killer(void *argument) {
    client *c = argument;
    while (weft_time() < c->end) {
        weft_sleep(weft_after((double)(harness_random(&c->random) % 3000) / 1e6));
        c->kills += weft_kill_tasks(c->kernel, victims, NULL);
        CHECK_OK(weft_wait_killed(c->kernel, victims, patience(), NULL));
    }
    return NULL;
}

TEST_WITH_LIMIT(each_job_is_answered_once_whatever_happens_around_it, 120) {
    uint64_t random = harness_seed();
    weft_kernel *kernel = kernel_here();
    mutex = weft_make_mutex("everything");
    weft_set(weft_debug_tasks, false);
    CHECK_OK(weft_set_kill_deadline(10)); /* clean-ups wait for others here, who may wait for a processor */
    weft_kill_counts before, after;
    weft_read_kill_counts(&before);
    client clients[CLIENTS + 1];
    pthread_t threads[CLIENTS + 1];
    weft_deadline end = load_end(4);
    for (int i = 0; i <= CLIENTS; i++) {
        clients[i] = (client){harness_random(&random), kernel, end, i % 2 == 0, i % 2 == 1, 0, 0, 0, 0};
        start_thread(&threads[i], i < CLIENTS ? run_client : run_killer, &clients[i]);
    }
    size_t values = 0, received = 0, failures = 0, cancelled = 0;
    for (int i = 0; i <= CLIENTS; i++) join_thread(threads[i]);
    for (int i = 0; i < CLIENTS; i++) {
        values += clients[i].values, received += clients[i].kills;
        failures += clients[i].failures, cancelled += clients[i].cancels;
    }
    weft_read_kill_counts(&after);
    printf("# %zu values, %zu failures, %zu killed, %zu cancelled\n", values, failures, received, cancelled);
    CHECK(values > 0);
    CHECK_EQ(after.marked - before.marked, clients[CLIENTS].kills);
    CHECK_EQ(after.killed - before.killed + (after.escaped - before.escaped), clients[CLIENTS].kills);
    CHECK(after.killed - before.killed >= received); /* parts of a victim that other workers ran are counted too */
    CHECK_EQ(after.lost, before.lost);
    CHECK_EQ(under_mutex, said_under_mutex);
    CHECK_EQ(atomic_load(&open_things), 0);
    CHECK_OK(weft_free_mutex(mutex));
    weft_set(weft_debug_tasks, true);
    end_and_free(kernel);
}
