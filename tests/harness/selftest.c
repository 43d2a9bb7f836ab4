/* SPDX-License-Identifier: MIT */
/* selftest.c - tests that pass, fail, skip and hang on purpose; selftest.sh looks at what the harness makes of them. */
#define _GNU_SOURCE
#include "harness/harness.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

TEST(good_assertions_pass) {
    static const char text[] = "warp";
    CHECK(1 + 1 == 2);
    CHECK_EQ(3, 3);
    CHECK_EQ(true, 1 == 1);
    CHECK_EQ((uint64_t)7, (char)7);
    CHECK_NE(3, 4);
    CHECK_LT(-1, 0);
    CHECK_GE(5u, 5u);
    CHECK_STR(text, "warp");
    CHECK_STR(NULL, NULL);
    CHECK_PTR(text, &text[0]);
    CHECK_NULL(NULL);
    CHECK_NOT_NULL(text);
    CHECK_NEAR(1.0, 1.01, 0.1);
    CHECK_STATUS(WEFT_CLOSED, WEFT_CLOSED);
    CHECK_OK(WEFT_OK);
    CHECK_EVENTUALLY(text[0] == 'w');
    CHECK_EQ(harness_rounds(1), 1);
}

TEST(bad_assertions_are_all_reported) {
    CHECK(1 + 1 == 3);
    CHECK_EQ(3, 4);
    CHECK_STR("warp", NULL);
    CHECK_PTR(stdout, stderr);
    CHECK_NEAR(1.0, 2.0, 0.1);
    CHECK_STATUS(WEFT_CLOSED, WEFT_OK);
    FAIL("bad: %d", 17);
}

static void *assert_much(void *nothing) {
    for (int i = 0; i < 100; i++) CHECK_EQ(i, i - 1);
    return nothing;
}

TEST(bad_assertions_in_other_threads_count) {
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, assert_much, NULL);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
}

TEST(seed_is_printed) {
    uint64_t state = harness_seed();
    printf("seed of the test %llu\n", (unsigned long long)harness_random(&state));
    fflush(stdout);
}

TEST(skip_is_told) { SKIP("no %s here", "reason"); }

TEST(workers_are_told) {
    printf("workers %u\n", harness_workers());
    fflush(stdout);
}

TEST_WITH_LIMIT(hang_ends_the_process, 1) {
    for (;;) pause();
}
