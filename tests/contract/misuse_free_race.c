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

/* Frees each channel when the first of its tasks is about to end. */
static void free_while_delivering(int tasks) {
    enum { MOST_ROUNDS = 10000 };
    static int about_to_end[MOST_ROUNDS];
    weft_kernel *kernel = weft_make_kernel(harness_workers(), NULL);
    if (!CHECK_NOT_NULL(kernel)) return;
    const weft_channel_options options = {.kernel = kernel, .destroy = count_destroyed};
    int rounds = (int)harness_rounds(MOST_ROUNDS);
    destroyed = given = 0;
    for (int i = 0; i < rounds; i++) {
        weft_channel *channel = weft_make_channel_with(int, &options);
        if (!CHECK_NOT_NULL(channel)) break;
        about_to_end[i] = 0;
        for (int n = 0; n < tasks; n++) CHECK_OK(weft_submit(channel, give_after, &about_to_end[i]));
        while (!__atomic_load_n(&about_to_end[i], __ATOMIC_ACQUIRE)) weft_yield();
        CHECK_OK(weft_free_channel(channel));
    }
    CHECK_OK(weft_end_kernel(kernel, true));
    CHECK_EQ(given, rounds * tasks);
    CHECK_EQ(destroyed, rounds * tasks); /* each exactly once, wherever the free met it */
    CHECK_OK(weft_free_kernel(kernel));
}

TEST(channel_is_freed_while_its_only_result_is_delivered) { free_while_delivering(1); }

TEST(channel_is_freed_while_the_first_of_its_results_is_delivered) { free_while_delivering(5); }
