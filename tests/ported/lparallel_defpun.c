/* SPDX-License-Identifier: MIT */
/* lparallel_defpun.c - what lparallel's tests of defpun look at, said anew with spawn and sync, with more of its own.
 * Origin: lparallel (James M. Lawrence, BSD licence), test/defpun-test.lisp, whose names are kept where there is one.
 */
#include "contract/common.h"

/* defpun-basic-test, defpun-fib */
WEFT_TASK(long, fib, (int, n)) {
    if (n < 2) return n;
    weft_spawn(fib, n - 1);
    long b = weft_call(fib, n - 2);
    return weft_sync(fib) + b;
}

static long fib_by_calls(int n) { return n < 2 ? n : fib_by_calls(n - 1) + fib_by_calls(n - 2); }

static long submitted_fib(int n) {
    weft_future *future = weft_future(fib, n);
    long value = -1;
    CHECK_OK(weft_force(future, &value, patience()));
    weft_release_future(future);
    return value;
}

TEST(defpun_basic_test) {
    for (unsigned workers = 1; workers <= 8; workers *= 2) {
        weft_kernel *kernel = kernel_of(workers);
        for (int n = 1; n < 20; n++) CHECK_EQ(submitted_fib(n), fib_by_calls(n));
        end_and_free(kernel);
    }
}

/* defpun-priority-test: the same at low priority, ten times */
TEST(defpun_priority_test) {
    weft_kernel *kernel = kernel_here();
    WEFT_BIND(weft_task_priority, WEFT_PRIORITY_LOW) {
        for (int i = 0; i < 10; i++)
            CHECK_EQ(submitted_fib(harness_slowness() > 2 ? 15 : 25), harness_slowness() > 2 ? 610 : 75025);
    }
    end_and_free(kernel);
}

/* declaim-defpun-test: two that call each other */
WEFT_DECLARE_TASK(long, lparallel_even, (int, n));
WEFT_TASK(long, lparallel_odd, (int, n)) {
    if (n == 0) return 1;
    weft_spawn(lparallel_even, n - 1);
    long other = weft_call(lparallel_even, n - 1);
    return weft_sync(lparallel_even) + other + weft_call(lparallel_even, n - 1);
}
WEFT_PUBLIC_TASK(long, lparallel_even, (int, n)) {
    if (n == 0) return 1;
    weft_spawn(lparallel_odd, n - 1);
    weft_spawn(lparallel_odd, n - 1);
    long other = weft_call(lparallel_odd, n - 1);
    other += weft_sync(lparallel_odd);
    return weft_sync(lparallel_odd) + other;
}

TEST(declaim_defpun_test) {
    weft_kernel *kernel = kernel_here();
    weft_future *future = weft_future(lparallel_odd, 4);
    long value = 0;
    CHECK_OK(weft_force(future, &value, patience()));
    CHECK_EQ(value, 81);
    weft_release_future(future);
    end_and_free(kernel);
}

/* defpun-mv-test: several values, as a struct */
typedef struct three {
    int a, b, c;
} three;

WEFT_TASK(three, values_of, (int, n)) { return (three){n, n + 1, n + 2}; }
WEFT_TASK(int, adds_values, (int, n)) {
    weft_spawn(values_of, n);
    three here = weft_call(values_of, n + 10), there = weft_sync(values_of);
    return here.a * 100 + here.b + there.c;
}

TEST(defpun_mv_test) {
    weft_kernel *kernel = kernel_here();
    weft_future *future = weft_future(adds_values, 2);
    int value = 0;
    CHECK_OK(weft_force(future, &value, patience()));
    CHECK_EQ(value, 1217);
    weft_release_future(future);
    end_and_free(kernel);
}

/* defpun-handling-test: 100 times an error in a spawned branch comes to the parent, after the siblings */
WEFT_TASK(int, fails, (atomic_int *, done)) {
    weft_error(&weft_type_error, "foo-error %d", atomic_load(done));
    return 0;
}
WEFT_TASK(int, works, (atomic_int *, done)) { return atomic_fetch_add(done, 1); }
WEFT_TASK(int, parent, (atomic_int *, done)) {
    weft_spawn(works, done);
    weft_spawn(fails, done);
    weft_spawn(works, done);
    weft_sync(works);
    int failed = weft_sync(fails);
    return failed + weft_sync(works);
}

TEST(defpun_handling_test) {
    weft_kernel *kernel = kernel_here();
    for (int i = 0; i < 100; i++) {
        atomic_int done = 0;
        weft_future *future = NULL;
        WEFT_TASK_HANDLER_BIND(&weft_type_error, weft_invoke_transfer_error, NULL) {
            future = weft_future(parent, &done);
        }
        CHECK_STATUS(weft_force_future(future, NULL, 0, patience()), WEFT_FAILED);
        CHECK_EQ(strncmp(weft_future_message(future), "foo-error", 9), 0);
        CHECK_LE(atomic_load(&done), 2);
        weft_release_future(future);
    }
    CHECK_EQ(submitted_fib(15), 610);
    end_and_free(kernel);
}

/* defpun-use-caller-test */
TEST(defpun_use_caller_test) {
    weft_kernel *kernel = weft_make_kernel(harness_workers(), &(weft_kernel_options){.use_caller = true});
    for (int n = 1; n < 18; n++) CHECK_EQ(weft_call(fib, n), fib_by_calls(n));
    end_and_free(kernel);
}
