/* SPDX-License-Identifier: MIT */
/* futures.c - futures made, forced, fulfilled, failed, stored to, selected, chained, dropped, killed and cancelled by
 * many at once: each comes to one outcome, which all see, its task runs at most once, and nothing is left. Rows F1, F2,
 * A5, X1.
 */
#include "contract/common.h"

#include "stress/load.h"

enum { TASKS = 8, THREADS = 3, POOL = 16, VALUES = 1000 };
enum { RUN, BROKEN, WAITS, COMPUTES, KINDS };

static const char doomed[] = "doomed";

/* How often each future's task began, by its number. */
static atomic_uint *begun;

WEFT_TASK(long, made, (uint32_t, number), (int, kind)) {
    atomic_fetch_add(&begun[number], 1);
    if (kind == BROKEN) weft_error(&weft_type_error, "broken");
    if (kind == WAITS) CHECK_OK(weft_sleep(weft_after(2e-5)));
    if (kind == COMPUTES) weft_yield();
    return (long)number * VALUES;
}

typedef struct shared {
    weft_future *all[POOL];
    uint32_t first;           /* number of all[0] */
    atomic_long values[POOL]; /* 0: nobody has seen one; else the value and 1 */
    atomic_uint fulfilled[POOL], stored[POOL], failures[POOL];
} shared;

/* All who are told a value are told the same one. */
static void saw(shared *s, size_t i, long value) {
    long none = 0;
    if (!atomic_compare_exchange_strong(&s->values[i], &none, value + 1)) CHECK_EQ(none, value + 1);
}

static void force(shared *s, size_t i, weft_deadline deadline) {
    long value = -1;
    weft_status status = weft_force(s->all[i], &value, deadline);
    if (status == WEFT_OK)
        saw(s, i, value);
    else if (status == WEFT_FAILED || status == WEFT_KILLED || status == WEFT_CANCELLED)
        atomic_fetch_add(&s->failures[i], 1);
    else
        CHECK(status == WEFT_TIMED_OUT);
}

static void select_some(shared *s, uint64_t *random) {
    size_t from = harness_random(random) % (POOL - 3);
    size_t index = weft_select_future(s->all + from, 3, weft_after(1e-4));
    if (index < 3) CHECK(weft_fulfilled(s->all[from + index]));
}

static void alternate_over(shared *s, size_t i, size_t j) {
    WEFT_FAIR_ALT {
        WEFT_FUTURE_DONE(s->all[i]) CHECK(weft_fulfilled(s->all[i]));
        WEFT_FUTURE_DONE(s->all[j]) CHECK(weft_fulfilled(s->all[j]));
        WEFT_OTHERWISE_AFTER(1e-4) CHECK(true);
    }
}

static void use_chain(shared *s, size_t i) {
    weft_future *chain = weft_make_chain(s->all[i]), *longer = weft_make_chain(chain);
    long value = -1;
    weft_release_future(chain);
    if (weft_force(longer, &value, weft_after(1e-3)) == WEFT_OK) saw(s, i, value);
    weft_release_future(longer);
}

static void do_something(shared *s, uint64_t *random) {
    size_t i = harness_random(random) % POOL;
    long value = -(long)(harness_random(random) % 100) - 1;
    switch (harness_random(random) % 9) {
    case 0: force(s, i, WEFT_NOW); break;
    case 1: force(s, i, weft_after(1e-4)); break;
    case 2:
        if (weft_fulfil(s->all[i], &value) == WEFT_OK) {
            atomic_fetch_add(&s->fulfilled[i], 1);
            saw(s, i, value);
        }
        break;
    case 3:
        if (weft_fail_future(s->all[i], "by hand") == WEFT_OK) atomic_fetch_add(&s->fulfilled[i], 1);
        break;
    case 4:
        if (weft_store(s->all[i], &value) == WEFT_OK) {
            atomic_fetch_add(&s->stored[i], 1);
            saw(s, i, value);
        }
        break;
    case 5: select_some(s, random); break;
    case 6: use_chain(s, i); break;
    case 7: alternate_over(s, i, harness_random(random) % POOL); break;
    default: weft_release_future(weft_retain_future(s->all[i])); force(s, i, WEFT_FOREVER);
    }
}

static void play(shared *s, uint64_t random) {
    for (int i = 0; i < 12; i++) do_something(s, &random);
    for (size_t i = 0; i < POOL; i++) force(s, (i + (size_t)random) % POOL, WEFT_FOREVER); /* promises too, by then */
}

WEFT_TASK(void, player, (shared *, s), (uint64_t, random)) { play(s, random); }

typedef struct outsider {
    pthread_t thread;
    shared *s;
    uint64_t random;
} outsider;

static void *play_outside(void *argument) {
    outsider *self = argument;
    play(self->s, self->random);
    return NULL;
}

static weft_future *make_one(uint32_t number, uint64_t random, weft_group *group) {
    const weft_submit_options grouped = {.group = group}, movable = {.movable = true};
    int kind = (int)(random >> 8) % KINDS;
    switch (random % 7) {
    case 0: return weft_make_promise(long);
    case 1: return weft_delay(made, number, kind);
    case 2: return weft_speculate(made, number, kind);
    case 3: return weft_future_with(&grouped, made, number, kind);
    case 4: return weft_future_with(&movable, made, number, kind);
    default: return weft_future(made, number, kind);
    }
}

/* Promises that nobody has fulfilled are. */
WEFT_TASK(void, fulfil_rest, (shared *, s)) {
    weft_sleep(weft_after(1e-4));
    for (size_t i = 0; i < POOL; i++) {
        long value = -500;
        if (weft_fulfil(s->all[i], &value) == WEFT_OK) {
            atomic_fetch_add(&s->fulfilled[i], 1);
            saw(s, i, value);
        }
    }
}

static void check_and_release(shared *s) {
    for (size_t i = 0; i < POOL; i++) {
        uint32_t runs = atomic_load(&begun[s->first + i]);
        CHECK(weft_fulfilled(s->all[i]));
        CHECK(atomic_load(&s->fulfilled[i]) + runs <= 1); /* who fulfils it has it run by nobody */
        CHECK(atomic_load(&s->stored[i]) <= 1);
        weft_release_future(s->all[i]);
    }
}

static void one_round(uint32_t first, uint64_t *random, bool cancel, bool threads) {
    shared s = {.first = first};
    weft_group *group = weft_make_group(NULL), *players = weft_make_group(NULL);
    outsider others[THREADS];
    for (uint32_t i = 0; i < POOL; i++) CHECK_NOT_NULL(s.all[i] = make_one(first + i, harness_random(random), group));
    if (cancel) weft_cancel_group(group);
    for (int i = 0; i < TASKS; i++) {
        const weft_submit_options options = {.group = players};
        CHECK_OK(weft_submit_with(&options, NULL, player, &s, harness_random(random)));
    }
    const weft_submit_options last = {.group = players};
    CHECK_OK(weft_submit_with(&last, NULL, fulfil_rest, &s));
    for (int i = 0; threads && i < THREADS; i++) {
        others[i] = (outsider){.s = &s, .random = harness_random(random)};
        CHECK_EQ(pthread_create(&others[i].thread, NULL, play_outside, &others[i]), 0);
    }
    for (int i = 0; threads && i < THREADS; i++) pthread_join(others[i].thread, NULL);
    CHECK_OK(weft_wait_group(players, patience()));
    check_and_release(&s);
    CHECK_OK(weft_free_group(players));
    CHECK_OK(weft_wait_group(group, patience()));
    CHECK_OK(weft_free_group(group));
}

TEST_WITH_LIMIT(each_future_comes_to_one_outcome_that_all_see, 120) {
    weft_kernel *kernel = kernel_here();
    weft_set(weft_debug_tasks, false);
    uint64_t random = harness_seed();
    size_t rounds = load_rounds(3000);
    begun = calloc(rounds * POOL, sizeof *begun);
    weft_deadline until = load_end(8);
    for (size_t i = 0; i < rounds && weft_time() < until; i++)
        one_round((uint32_t)(i * POOL), &random, i % 5 == 4, i % 4 == 0);
    free(begun);
    weft_set(weft_debug_tasks, true);
    end_and_free(kernel);
}

/* ---- dropped ---- */

static atomic_long ran;

WEFT_TASK(long, counts, (long, value)) {
    atomic_fetch_add(&ran, 1);
    return value;
}

WEFT_TASK(long, makes_and_drops, (long, count)) {
    long sum = 0;
    for (long i = 0; i < count; i++) {
        weft_future *future = weft_future(counts, i);
        long value = 0;
        if (i % 3 != 0 && weft_force(future, &value, i % 3 == 1 ? WEFT_FOREVER : patience()) == WEFT_OK)
            sum += value - i + 1;
        weft_release_future(future);
    }
    return sum;
}

/* Made on one worker, run, forced and freed on others, and by plain threads. */
TEST_WITH_LIMIT(futures_that_are_dropped_run_once_and_leave_nothing, 120) {
    enum { MAKERS = 6 };
    weft_kernel *kernel = kernel_here();
    atomic_store(&ran, 0);
    long count = (long)load_rounds(30000);
    weft_future *makers[MAKERS];
    for (int i = 0; i < MAKERS; i++) makers[i] = weft_future(makes_and_drops, count);
    for (int i = 0; i < MAKERS; i++) {
        long sum = 0;
        CHECK_OK(weft_force(makers[i], &sum, i == 0 ? WEFT_FOREVER : patience()));
        CHECK_EQ(sum, count - (count + 2) / 3);
        weft_release_future(makers[i]);
    }
    end_and_free(kernel);
    CHECK_EQ(atomic_load(&ran), count * MAKERS);
}

/* ---- killed ---- */

WEFT_TASK(int, forces_what_waits, (weft_future *, promise)) {
    int value = 0;
    return weft_force(promise, &value, WEFT_FOREVER) == WEFT_OK ? value : -1;
}

static void release(void *at) { weft_release_future(*(weft_future **)at); }

WEFT_TASK(int, forces_a_chain, (weft_future *, promise), (int, depth)) {
    int value = 0;
    weft_future *inner = NULL;
    WEFT_DEFER(release, &inner);
    WEFT_WITHOUT_KILL { /* no kill between its making and its being known to the clean-up */
        inner = depth > 0 ? weft_future(forces_a_chain, promise, depth - 1) : weft_future(forces_what_waits, promise);
    }
    weft_status status = weft_force(inner, &value, WEFT_FOREVER);
    return status == WEFT_OK ? value : -1;
}

/* Whoever runs or waits for them may be killed at any time: those who are left get an outcome. */
TEST_WITH_LIMIT(killed_runners_and_forcers_leave_an_outcome_to_all_others, 120) {
    enum { CHAINS = 12 };
    weft_kernel *kernel = kernel_here();
    weft_set(weft_debug_tasks, false);
    size_t rounds = load_rounds(1000), made = 0;
    weft_future **promises = calloc(rounds, sizeof(weft_future *)); /* what a killed task has made outlives its round */
    weft_deadline until = load_end(8);
    for (size_t i = 0; i < rounds && weft_time() < until; i++) {
        weft_future *promise = promises[made++] = weft_make_promise(int), *all[CHAINS];
        WEFT_BIND(weft_task_category, (weft_category)doomed) {
            for (int k = 0; k < CHAINS; k++) all[k] = weft_future(forces_a_chain, promise, k % 5);
        }
        if (i % 2 == 0) weft_sleep(weft_after(1e-4));
        weft_kill_tasks(kernel, doomed, NULL);
        CHECK_OK(weft_fulfil(promise, &(int){7}));
        for (int k = 0; k < CHAINS; k++) {
            int value = 0;
            weft_status status = weft_force(all[k], &value, patience());
            CHECK(status == WEFT_OK || status == WEFT_KILLED);
            if (status == WEFT_OK) CHECK(value == 7 || value == -1);
            weft_release_future(all[k]);
        }
    }
    weft_set(weft_debug_tasks, true);
    end_and_free(kernel);
    while (made > 0) weft_release_future(promises[--made]);
    free(promises);
}
