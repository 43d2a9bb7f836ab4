/* SPDX-License-Identifier: MIT */
/* lparallel_promise.c - what lparallel's tests of promises, futures, speculations, delays and chains look at, said
 * anew, with more of its own. Origin: lparallel (James M. Lawrence, BSD licence), test/promise-test.lisp, whose names
 * are kept where there is one. */
#include "contract/common.h"

WEFT_TASK(int, three, (int, unused)) { return 3 + 0 * unused; }
WEFT_TASK(int, count, (atomic_int *, ran)) { return atomic_fetch_add(ran, 1) + 1; }
WEFT_TASK(void, hold, (gate *, g)) { pass_gate(g); }

typedef struct several {
    int a, b, c;
} several;

WEFT_TASK(several, several_values, (int, first)) { return (several){first, first + 1, first + 2}; }

/* promises-test, futures-test, delays-test */
TEST(promises_futures_and_delays_test) {
    weft_kernel *kernel = kernel_here();
    weft_future *all[] = {weft_make_promise(int), weft_future(three, 0), weft_delay(three, 0),
                          weft_speculate(three, 0)};
    CHECK_OK(weft_fulfil(all[0], &(int){3}));
    CHECK_STATUS(weft_fulfil(all[0], &(int){4}), WEFT_BUSY);
    for (size_t i = 0; i < 4; i++) {
        int value = 0;
        for (int turn = 0; turn < 2; turn++) CHECK_OK(weft_force(all[i], &value, patience()));
        CHECK_EQ(value, 3);
        CHECK(weft_fulfilled(all[i]));
        CHECK_STATUS(weft_fulfil(all[i], &value), WEFT_BUSY);
        weft_release_future(all[i]);
    }
    end_and_free(kernel);
}

/* canceling-test: fulfilled before it runs, a future never runs */
TEST(canceling_test) {
    weft_kernel *kernel = kernel_of(1);
    gate g = {0, false};
    atomic_int ran = 0;
    CHECK_OK(weft_submit(NULL, hold, &g));
    wait_for_entered(&g, 1);
    weft_future *future = weft_future(count, &ran);
    CHECK_OK(weft_fulfil(future, &(int){9}));
    open_gate(&g);
    int value = 0;
    CHECK_OK(weft_force(future, &value, patience()));
    CHECK_EQ(value, 9);
    weft_release_future(future);
    end_and_free(kernel);
    CHECK_EQ(atomic_load(&ran), 0);
}

/* delay-force-test: the body runs once */
TEST(delay_force_test) {
    weft_kernel *kernel = kernel_here();
    atomic_int ran = 0;
    weft_future *delay = weft_delay(count, &ran);
    CHECK(!weft_fulfilled(delay));
    for (int i = 0; i < 3; i++) {
        int value = 0;
        CHECK_OK(weft_force(delay, &value, patience()));
        CHECK_EQ(value, 1);
    }
    weft_release_future(delay);
    end_and_free(kernel);
}

/* chain-test, nested-chain-test, multiple-value-test: all values come through */
TEST(nested_chain_test) {
    weft_kernel *kernel = kernel_here();
    weft_future *future = weft_future(several_values, 3), *chain = weft_make_chain(future);
    weft_future *nested = weft_make_chain(chain);
    several values = {0};
    CHECK_OK(weft_force(nested, &values, patience()));
    CHECK_EQ(values.a * 100 + values.b * 10 + values.c, 345);
    CHECK(weft_fulfilled(chain));
    CHECK_STATUS(weft_fulfil(nested, &values), WEFT_BUSY);
    weft_release_future(nested);
    weft_release_future(chain);
    weft_release_future(future);
    weft_future *promise = weft_make_promise(int);
    chain = weft_make_chain(promise);
    int value = 0;
    CHECK_OK(weft_fulfil(chain, &(int){7}));
    CHECK_OK(weft_force(promise, &value, WEFT_NOW));
    CHECK_EQ(value, 7);
    weft_release_future(chain);
    weft_release_future(promise);
    end_and_free(kernel);
}

/* speculations-test: a later future runs before an earlier speculation */
WEFT_TASK(int, note_turn, (atomic_int *, turn)) { return atomic_fetch_add(turn, 1); }

TEST(speculations_test) {
    weft_kernel *kernel = kernel_of(1);
    gate g = {0, false};
    atomic_int turn = 0;
    CHECK_OK(weft_submit(NULL, hold, &g));
    wait_for_entered(&g, 1);
    weft_future *later = weft_speculate(note_turn, &turn), *sooner = weft_future(note_turn, &turn);
    open_gate(&g);
    int first = -1, second = -1;
    CHECK_OK(weft_force(later, &second, patience()));
    CHECK_OK(weft_force(sooner, &first, patience()));
    CHECK_EQ(first, 0);
    CHECK_EQ(second, 1);
    weft_release_future(later);
    weft_release_future(sooner);
    end_and_free(kernel);
}

/* error-during-stealing-force-test: one call, and the same condition at each force */
WEFT_TASK(int, fails_counted, (atomic_int *, calls)) {
    atomic_fetch_add(calls, 1);
    weft_error(&weft_type_error, "foo-error");
    return 0;
}

static void transfer(const weft_condition *condition, void *unused) { weft_invoke_transfer_error(condition, unused); }

TEST(error_during_stealing_force_test) {
    weft_kernel *kernel = kernel_of(1);
    gate g = {0, false};
    atomic_int calls = 0;
    CHECK_OK(weft_submit(NULL, hold, &g));
    wait_for_entered(&g, 1);
    weft_future *future = NULL;
    WEFT_TASK_HANDLER_BIND(&weft_type_error, transfer, NULL) { future = weft_future(fails_counted, &calls); }
    volatile int signals = 0;
    for (int i = 0; i < 3; i++) {
        WEFT_HANDLER_CASE {
            WEFT_TRY { weft_must_force(future, &(int){0}, WEFT_FOREVER); }
            WEFT_HANDLE(&weft_type_error, condition) {
                CHECK_STR(weft_condition_message(condition), "foo-error");
                signals++;
            }
        }
    }
    CHECK_EQ(signals, 3);
    CHECK_EQ(atomic_load(&calls), 1);
    open_gate(&g);
    weft_release_future(future);
    end_and_free(kernel);
}

/* future-store-value-test: restart store-value with 3 4 */
static void store_three_four(const weft_condition *condition, void *unused) {
    (void)condition, (void)unused;
    weft_invoke_restart_with("store-value", (&(several){3, 4, 0}));
}

WEFT_TASK(several, fails_of_several, (int, unused)) {
    weft_error(&weft_type_error, "error %d", unused);
    return (several){0, 0, 0};
}

TEST(future_store_value_test) {
    weft_kernel *kernel = kernel_here();
    weft_future *future = NULL;
    WEFT_TASK_HANDLER_BIND(&weft_type_error, transfer, NULL) { future = weft_future(fails_of_several, 1); }
    several values = {0};
    WEFT_HANDLER_BIND(&weft_type_error, store_three_four, NULL) {
        CHECK_OK(weft_must_force(future, &values, patience()));
    }
    CHECK_EQ(values.a * 10 + values.b, 34);
    CHECK_OK(weft_force(future, &values, WEFT_NOW));
    weft_release_future(future);
    end_and_free(kernel);
}

/* multi-future-store-value-test: n = 1 to 64 threads store their own value, one wins, all get that */
static atomic_int next_value;

static void store_next(const weft_condition *condition, void *unused) {
    (void)condition, (void)unused;
    weft_invoke_restart_with("store-value", &(int){atomic_fetch_add(&next_value, 1)});
}

static void *force_storing(void *future) {
    int value = -1;
    WEFT_HANDLER_BIND(&weft_type_error, store_next, NULL) {
        CHECK_OK(weft_must_force((weft_future *)future, &value, patience()));
    }
    return (void *)(intptr_t)value;
}

TEST(multi_future_store_value_test) {
    weft_kernel *kernel = kernel_here();
    for (int n = 1; n <= 64; n *= 2) {
        atomic_int calls = 0;
        weft_future *future = NULL;
        WEFT_TASK_HANDLER_BIND(&weft_type_error, transfer, NULL) { future = weft_future(fails_counted, &calls); }
        pthread_t threads[64];
        for (int i = 0; i < n; i++) start_thread(&threads[i], force_storing, future);
        int value = -1;
        for (int i = 0; i < n; i++) {
            void *seen;
            CHECK_EQ(pthread_join(threads[i], &seen), 0);
            if (i == 0) value = (int)(intptr_t)seen;
            CHECK_EQ((intptr_t)seen, value);
        }
        CHECK_EQ(atomic_load(&calls), 1);
        weft_release_future(future);
    }
    end_and_free(kernel);
}

/* abort-future-test: a future whose task is killed yields task-killed-error */
WEFT_TASK(int, waits_for, (weft_future *, promise), (atomic_int *, begun)) {
    atomic_fetch_add(begun, 1);
    weft_force_future(promise, NULL, 0, patience());
    return 0;
}

static const char aborted[] = "aborted";

TEST(abort_future_test) {
    weft_kernel *kernel = kernel_here();
    weft_future *promise = weft_make_promise_sized(0), *future = NULL;
    atomic_int begun = 0;
    WEFT_BIND(weft_task_category, (weft_category)aborted) { future = weft_future(waits_for, promise, &begun); }
    CHECK_EVENTUALLY(atomic_load(&begun) == 1);
    CHECK_EQ(weft_kill_tasks(kernel, (weft_category)aborted, NULL), 1);
    for (int i = 0; i < 2; i++) CHECK_STATUS(weft_force_future(future, NULL, 0, patience()), WEFT_KILLED);
    CHECK(weft_condition_is(weft_last_condition(), &weft_type_task_killed));
    weft_release_future(future);
    weft_release_future(promise);
    end_and_free(kernel);
}

/* future-fib: futures that force futures, with one worker too */
WEFT_TASK(long, future_fib, (int, n)) {
    if (n < 2) return n;
    weft_future *left = weft_future(future_fib, n - 1), *right = weft_future(future_fib, n - 2);
    long a = 0, b = 0;
    CHECK_OK(weft_force(left, &a, WEFT_FOREVER));
    CHECK_OK(weft_force(right, &b, WEFT_FOREVER));
    weft_release_future(left);
    weft_release_future(right);
    return a + b;
}

TEST(futures_of_futures_test) {
    for (unsigned workers = 1; workers <= 8; workers *= 2) {
        weft_kernel *kernel = kernel_of(workers);
        weft_future *future = weft_future(future_fib, 14);
        long value = 0;
        CHECK_OK(weft_force(future, &value, patience()));
        CHECK_EQ(value, 377);
        weft_release_future(future);
        end_and_free(kernel);
    }
}
