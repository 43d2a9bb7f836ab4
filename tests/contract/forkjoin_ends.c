/* SPDX-License-Identifier: MIT */
/* forkjoin_ends.c - spawned tasks that do not come to their end: errors are raised at the sync, kills and transfers of
 * control join what was spawned inside what they leave. */
#include "common.h"

WEFT_CONDITION_TYPE(bad_leaf, weft_type_error);

static atomic_int inside;

static void one_less(void *argument) { atomic_fetch_sub((atomic_int *)argument, 1); }

/* Every leaf waits a little, so that others are taken meanwhile; one fails. */
WEFT_TASK(long, tree, (int, depth), (int, bad)) {
    if (depth == 0) {
        long one = 1;
        atomic_fetch_add(&inside, 1);
        WEFT_UNWIND_PROTECT(one_less, &inside) {
            if (bad == 0) weft_error(&bad_leaf, "a leaf");
            CHECK_OK(weft_sleep(weft_after(0.0005)));
        }
        return one;
    }
    int half = 1 << (depth - 1);
    weft_spawn(tree, depth - 1, bad);
    long right = weft_call(tree, depth - 1, bad - half);
    return weft_sync(tree) + right;
}

TEST(an_error_of_a_spawned_task_is_the_error_of_who_syncs_it) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(long);
    weft_set(weft_debug_tasks, false);
    for (int bad = -1; bad < 16; bad++) {
        long sum = 0;
        CHECK_OK(weft_submit(results, tree, 4, bad));
        CHECK_STATUS(weft_receive_result(results, &sum, patience()), bad < 0 ? WEFT_OK : WEFT_FAILED);
        if (bad < 0) CHECK_EQ(sum, 16);
        if (bad >= 0) CHECK_STR(weft_condition_message(weft_last_condition()), "a leaf");
        CHECK_EQ(atomic_load(&inside), 0); /* nothing runs on */
    }
    weft_set(weft_debug_tasks, true);
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

WEFT_TASK(long, careful, (int, depth), (int, bad)) {
    volatile long sum = -1;
    WEFT_HANDLER_CASE {
        WEFT_TRY { sum = weft_call(tree, depth, bad); }
        WEFT_HANDLE(&bad_leaf, condition) {
            CHECK_EQ(atomic_load(&inside), 0);
            CHECK_NOT_NULL(condition);
            sum = -2;
        }
    }
    return sum;
}

TEST(a_case_around_a_tree_joins_it_and_goes_on) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(long);
    weft_set(weft_debug_tasks, false);
    for (int n = 0; n < 30; n++) {
        long sum = 0;
        CHECK_OK(weft_submit(results, careful, 4, n % 17 - 1));
        CHECK_OK(weft_receive_result(results, &sum, patience()));
        CHECK_EQ(sum, n % 17 == 0 ? 16 : -2);
    }
    weft_set(weft_debug_tasks, true);
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

static const char doomed[] = "doomed";

WEFT_TASK(long, hang_in_tree, (int, depth)) {
    if (depth == 0) {
        WEFT_UNWIND_PROTECT(one_less, &inside) {
            atomic_fetch_add(&inside, 1); /* here, so that no kill comes between the two */
            CHECK_OK(weft_sleep(WEFT_FOREVER));
        }
        return 1;
    }
    weft_spawn(hang_in_tree, depth - 1);
    long right = weft_call(hang_in_tree, depth - 1);
    return weft_sync(hang_in_tree) + right;
}

TEST(killing_the_category_of_a_tree_kills_all_of_it) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(long);
    for (int n = 0; n < 20; n++) {
        long value;
        WEFT_BIND(weft_task_category, doomed) CHECK_OK(weft_submit(results, hang_in_tree, 3));
        CHECK_EVENTUALLY(atomic_load(&inside) == 8); /* the parked ones' frames are taken, with one worker too */
        CHECK_GT(weft_kill_tasks(kernel, doomed, NULL), 0);
        CHECK_STATUS(weft_receive_result(results, &value, patience()), WEFT_KILLED);
        CHECK_EQ(atomic_load(&inside), 0);
    }
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}
