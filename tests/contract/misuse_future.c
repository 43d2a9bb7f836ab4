/* SPDX-License-Identifier: MIT */
/* misuse_future.c - who uses a future that is gone is stopped; what else breaks a rule gets a status. Rows F1, F3. */
#include "contract/common.h"

#include "harness/sanitizers.h"

static void release_twice(void) {
    weft_future *promise = weft_make_promise(int);
    weft_release_future(promise);
    weft_release_future(promise);
}

static void retain_after_the_last_release(void) {
    weft_future *promise = weft_make_promise(int);
    weft_release_future(promise);
    weft_retain_future(promise);
}

static void (*const misuses[])(void) = {release_twice, retain_after_the_last_release};

#include "contract/started_anew.h"

/* With AddressSanitizer it is the sanitizer that says so. */
static void is_stopped(size_t which) {
    const char *wanted =
        HARNESS_ASAN ? "heap-use-after-free" : "future 'of a caller' is used by who holds no reference to it";
    int status = said_by(which, wanted);
    CHECK(WIFSIGNALED(status) || WEXITSTATUS(status) != 0);
}

TEST(a_future_that_is_released_twice_is_told) { is_stopped(0); }

TEST(a_future_that_is_retained_after_its_end_is_told) { is_stopped(1); }

WEFT_TASK(int, one, (int, i)) { return i; }

TEST(null_and_wrong_sizes_get_a_status) {
    int value = 0;
    char too_small = 0;
    weft_future *promise = weft_make_promise(int);
    CHECK_NULL(weft_retain_future(NULL));
    weft_release_future(NULL);
    CHECK_STATUS(weft_force(NULL, &value, WEFT_NOW), WEFT_INVALID);
    CHECK_STATUS(weft_fulfil(NULL, &value), WEFT_INVALID);
    CHECK_STATUS(weft_fulfil_future(promise, NULL, sizeof value), WEFT_INVALID);
    CHECK_STATUS(weft_fail_future(NULL, "why"), WEFT_INVALID);
    CHECK_STATUS(weft_store(NULL, &value), WEFT_INVALID);
    CHECK_STATUS(weft_fulfil(promise, &too_small), WEFT_WRONG_SIZE);
    CHECK_STATUS(weft_force(promise, &too_small, WEFT_NOW), WEFT_WRONG_SIZE);
    CHECK_STATUS(weft_store(promise, &value), WEFT_BUSY);
    CHECK_NULL(weft_make_chain(NULL));
    CHECK_STATUS(weft_last_status(), WEFT_INVALID);
    CHECK_NULL(weft_make_future(WEFT_FUTURE, NULL, NULL, NULL));
    CHECK_STATUS(weft_last_status(), WEFT_INVALID);
    CHECK_NULL(weft_make_future(WEFT_PROMISE, NULL, &weft_task_of_one, &value));
    CHECK_STATUS(weft_last_status(), WEFT_INVALID);
    CHECK(!weft_fulfilled(NULL));
    CHECK_NULL(weft_future_message(NULL));
    CHECK_OK(weft_fulfil(promise, &value));
    CHECK_STATUS(weft_fulfil(promise, &value), WEFT_BUSY);
    CHECK_STATUS(weft_fail_future(promise, "late"), WEFT_BUSY);
    weft_release_future(promise);
}

TEST(a_future_outlives_its_kernel) {
    weft_kernel *kernel = kernel_here();
    weft_future *future = weft_future(one, 5), *promise = weft_make_promise(int);
    int value = 0;
    end_and_free(kernel);
    CHECK_OK(weft_force(future, &value, WEFT_NOW));
    CHECK_EQ(value, 5);
    CHECK_OK(weft_fulfil(promise, &value));
    CHECK_OK(weft_force(promise, &value, WEFT_FOREVER));
    CHECK_NULL(weft_future(one, 6));
    CHECK_STATUS(weft_last_status(), WEFT_NO_KERNEL);
    weft_release_future(future);
    weft_release_future(promise);
}
