/* SPDX-License-Identifier: MIT */
/* misuse_free_race.c - a channel may be freed while results of its tasks are on their way: those are dropped.
 *
 * The schedule that would break it: a task ends and its outcome is counted as delivered; its worker gives the channel's
 * lock up to get memory for the element; the owner frees the channel, finds nothing outstanding, and frees the memory;
 * the worker comes back to it. Best run under ASan.
 */
#include <weft.h>

#include "harness/harness.h"

static int destroyed, given;

static void count_destroyed(void *element) {
    (void)element;
    __atomic_add_fetch(&destroyed, 1, __ATOMIC_RELAXED);
}

WEFT_TASK(int, give_after, (int *, about_to_end)) {
    __atomic_add_fetch(&given, 1, __ATOMIC_RELAXED);
    __atomic_add_fetch(about_to_end, 1, __ATOMIC_RELEASE);
    return 1;
}

static bool wait_until_about_to_end(const int *about_to_end) {
    weft_deadline until = harness_patience();
    while (!__atomic_load_n(about_to_end, __ATOMIC_ACQUIRE)) {
        if (weft_time() > until) return FAIL("a task has not begun");
        weft_yield();
    }
    return true;
}

/* Frees each channel when the first of its tasks is about to end. Each yield may wait for all that the processor has to
 * do besides, 200 ms where twenty others compute, so the rounds are as many as there is time for. */
static void free_while_delivering(int tasks) {
    enum { MOST_ROUNDS = 10000, SECONDS = 15 };
    static int about_to_end[MOST_ROUNDS];
    weft_kernel *kernel = weft_make_kernel(harness_workers(), NULL);
    if (!CHECK_NOT_NULL(kernel)) return;
    const weft_channel_options options = {.kernel = kernel, .destroy = count_destroyed};
    int rounds = 0, most = (int)harness_rounds(MOST_ROUNDS);
    weft_deadline enough = weft_after(SECONDS * harness_slowness());
    destroyed = given = 0;
    for (int i = 0; i < most && weft_time() < enough; i++, rounds++) {
        weft_channel *channel = weft_make_channel_with(int, &options);
        if (!CHECK_NOT_NULL(channel)) break;
        about_to_end[i] = 0;
        for (int n = 0; n < tasks; n++) CHECK_OK(weft_submit(channel, give_after, &about_to_end[i]));
        bool begun = wait_until_about_to_end(&about_to_end[i]);
        CHECK_OK(weft_free_channel(channel));
        if (!begun) break;
    }
    CHECK_OK(weft_end_kernel(kernel, true));
    CHECK_EQ(given, rounds * tasks);
    CHECK_EQ(destroyed, rounds * tasks); /* each exactly once, wherever the free met it */
    CHECK_OK(weft_free_kernel(kernel));
}

TEST(channel_is_freed_while_its_only_result_is_delivered) { free_while_delivering(1); }

TEST(channel_is_freed_while_the_first_of_its_results_is_delivered) { free_while_delivering(5); }
