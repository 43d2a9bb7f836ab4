/* SPDX-License-Identifier: MIT */
/* forkjoin_deep.c - recursion that is too deep is an error of type stack-exhausted: of who spawns or calls so deep, who
 * may handle it, of the task, and so of who receives its result. Rows C9, J1.
 */
#include "contract/common.h"

enum { MILLION = 1000000, DEEP = 20000 /* ThreadSanitizer's own stack of calls has 65,536 places */ };

WEFT_TASK(long, one, (int, i)) { return i; }

/* Every level spawns, and calls one level deeper. */
WEFT_TASK(long, spawning, (int, levels)) {
    if (levels == 0) return 0;
    weft_spawn(one, 1);
    long deeper = weft_call(spawning, levels - 1);
    return weft_sync(one) + deeper;
}

/* The deeper level runs at the sync, or elsewhere. */
WEFT_TASK(long, syncing, (int, levels)) {
    if (levels == 0) return 0;
    volatile long mine = 1; /* or the compiler may make a loop of it */
    weft_spawn(syncing, levels - 1);
    long deeper = weft_sync(syncing);
    return deeper + mine;
}

WEFT_TASK(long, calling, (int, levels)) {
    if (levels == 0) return 0;
    volatile long mine = 1;
    long deeper = weft_call(calling, levels - 1);
    return deeper + mine;
}

static void is_exhausted(weft_channel *results) {
    long value;
    if (!CHECK_STATUS(weft_receive_result(results, &value, patience()), WEFT_FAILED)) return;
    const weft_condition *condition = weft_last_condition();
    if (!CHECK(weft_condition_is(condition, &weft_type_stack_exhausted))) weft_print_condition(stderr, condition);
}

static void receive_value(weft_channel *results, long wanted) {
    long value = -1;
    CHECK_OK(weft_receive_result(results, &value, patience()));
    CHECK_EQ(value, wanted);
}

typedef struct scene {
    weft_kernel *kernel;
    weft_channel *results;
} scene;

static scene open_scene_of(unsigned workers) {
    weft_set(weft_debug_tasks, false);
    weft_kernel *kernel = kernel_of(workers);
    return (scene){kernel, weft_make_channel(long)};
}

static scene open_scene(void) { return open_scene_of(harness_workers()); }

static void close_scene(scene s) {
    CHECK_OK(weft_submit(s.results, spawning, 100)); /* all is well afterwards */
    receive_value(s.results, 100);
    CHECK_OK(weft_free_channel(s.results));
    end_and_free(s.kernel);
    weft_set(weft_debug_tasks, true);
}

TEST(a_million_levels_that_spawn_are_the_error_of_the_task) {
    scene s = open_scene();
    for (int i = 0; i < 10; i++) {
        CHECK_OK(weft_submit(s.results, spawning, MILLION));
        is_exhausted(s.results);
    }
    close_scene(s);
}

TEST(a_million_levels_that_run_at_their_syncs_are_the_error_of_the_task) {
    if (weft_catchable_faults() == 0) {
        SKIP("a recursion that is not seen by its spawns ends at the guard here");
        return;
    }
    scene s = open_scene_of(1); /* of several, one takes each level from another, and has a stack for each */
    for (int i = 0; i < 10; i++) {
        CHECK_OK(weft_submit(s.results, syncing, MILLION));
        is_exhausted(s.results);
    }
    close_scene(s);
}

TEST(levels_that_run_at_their_syncs_or_elsewhere_are_right_or_the_error_of_the_task) {
    if (weft_catchable_faults() == 0) {
        SKIP("a recursion that is not seen by its spawns ends at the guard here");
        return;
    }
    scene s = open_scene();
    for (int i = 0; i < 10; i++) {
        long value = 0;
        CHECK_OK(weft_submit(s.results, syncing, DEEP));
        weft_status status = weft_receive_result(s.results, &value, patience());
        if (status == WEFT_OK)
            CHECK_EQ(value, DEEP);
        else if (CHECK_STATUS(status, WEFT_FAILED))
            CHECK(weft_condition_is(weft_last_condition(), &weft_type_stack_exhausted));
    }
    close_scene(s);
}

TEST(a_million_levels_of_calls_are_the_error_of_the_task) {
    if (weft_catchable_faults() == 0) {
        SKIP("plain calls end at the guard here");
        return;
    }
    scene s = open_scene();
    for (int i = 0; i < 10; i++) {
        CHECK_OK(weft_submit(s.results, calling, MILLION));
        is_exhausted(s.results);
    }
    close_scene(s);
}

WEFT_TASK(long, careful, (int, levels)) {
    volatile long value = 0;
    WEFT_HANDLER_CASE {
        WEFT_TRY { value = weft_call(spawning, levels); }
        WEFT_HANDLE(&weft_type_stack_exhausted, condition) { value = condition != NULL ? -7 : 0; }
    }
    return value == -7 ? value + weft_call(spawning, 50) : value;
}

TEST(who_calls_may_handle_it_and_go_on) {
    scene s = open_scene();
    for (int i = 0; i < 10; i++) {
        CHECK_OK(weft_submit(s.results, careful, MILLION));
        receive_value(s.results, 43);
    }
    close_scene(s);
}

TEST(on_a_larger_stack_it_may_go_deeper) {
    scene s = open_scene();
    const weft_submit_options options = {.stack_size = (size_t)256 << 20};
    CHECK_OK(weft_submit_with(&options, s.results, spawning, DEEP));
    receive_value(s.results, DEEP);
    close_scene(s);
}

static void spawn_too_many(void) {
    for (int i = 0; i < 2 * MILLION; i++) weft_spawn(one, i);
}

TEST(more_spawns_than_there_may_be_are_an_error) {
    volatile bool handled = false;
    WEFT_HANDLER_CASE {
        WEFT_TRY { spawn_too_many(); }
        WEFT_HANDLE(&weft_type_stack_exhausted, condition) {
            handled = true;
            CHECK_STR(weft_condition_message(condition), "task 'one' is spawned while not synced are already 1048575");
        }
    }
    CHECK(handled);
    weft_spawn(one, 5);
    CHECK_EQ(weft_sync(one), 5);
}
