/* SPDX-License-Identifier: MIT */
/* odd_ends.c - conditions, kills and faults inside of each other: kills from handlers and in clean-ups, errors in the
 * report of an error, restarts of others, faults in handlers and on small stacks, children of fork under a kill. Rows
 * C1 to C9, X1, X2.
 *
 * Those that need tasks to be interrupted, or their faults to be caught, skip where that is not so.
 */
#define _GNU_SOURCE 1

#include "contract/common.h"

#include <alloca.h>
#include <sched.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ALL = 31, LEFT_THE_LIBRARY = 7 };

static const char victims[] = "victims", others[] = "others";

static weft_kernel *kernel;
static weft_channel *results;
static atomic_int begun, cleaned;

static void open_scene_with(const weft_kernel_options *options) {
    weft_set(weft_debug_tasks, false);
    kernel = weft_make_kernel(harness_workers(), options);
    results = weft_make_channel(int);
    atomic_store(&begun, 0);
    atomic_store(&cleaned, 0);
}

static void open_scene(void) { open_scene_with(NULL); }

static void close_scene(void) {
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
    weft_set(weft_debug_tasks, true);
}

static bool anywhere(void) {
    if (weft_how_far_kills_reach() == WEFT_KILL_ANYWHERE) return true;
    SKIP("tasks are not interrupted here");
    return false;
}

static bool catchable(unsigned kind) {
    if ((weft_catchable_faults() & kind) == kind) return true;
    SKIP("such faults do not become conditions here");
    return false;
}

static weft_status outcome(void) {
    int value;
    return weft_receive_result(results, &value, patience());
}

static void clean(void *unused) {
    (void)unused;
    atomic_fetch_add(&cleaned, 1);
}

static volatile bool for_ever = true;
static void loop(void) {
    while (for_ever) __asm__ volatile("");
}

#define AS_VICTIM WEFT_BIND(weft_task_category, victims)

/* ---- kills from odd places ---- */

static void kill_own(const weft_condition *condition, void *argument) {
    (void)condition, (void)argument;
    weft_kill_tasks(NULL, victims, NULL);
    FAIL("a task that has killed its own category goes on");
}

WEFT_TASK(int, kills_itself_in_a_handler) {
    WEFT_UNWIND_PROTECT(clean, NULL)
    WEFT_HANDLER_BIND(&weft_type_error, kill_own, NULL) weft_error(&weft_type_error, "something");
    return 1;
}

TEST(a_handler_may_kill_the_task_it_runs_in) {
    open_scene();
    AS_VICTIM CHECK_OK(weft_submit(results, kills_itself_in_a_handler));
    CHECK_STATUS(outcome(), WEFT_KILLED);
    CHECK_EQ(atomic_load(&cleaned), 1);
    close_scene();
}

static void hang_in_handler(const weft_condition *condition, void *argument) {
    (void)condition, (void)argument;
    atomic_fetch_add(&begun, 1);
    if (weft_how_far_kills_reach() == WEFT_KILL_ANYWHERE)
        loop();
    else
        weft_sleep(WEFT_FOREVER);
}

WEFT_TASK(int, hangs_in_a_handler) {
    WEFT_UNWIND_PROTECT(clean, NULL)
    WEFT_HANDLER_BIND(&weft_type_error, hang_in_handler, NULL) weft_error(&weft_type_error, "something");
    return 1;
}

TEST(a_handler_that_does_not_return_is_killed_with_its_task) {
    open_scene();
    AS_VICTIM CHECK_OK(weft_submit(results, hangs_in_a_handler));
    CHECK_EVENTUALLY(atomic_load(&begun) == 1);
    CHECK_EQ(weft_kill_tasks(NULL, victims, NULL), 1);
    CHECK_STATUS(outcome(), WEFT_KILLED);
    CHECK_EQ(atomic_load(&cleaned), 1);
    close_scene();
}

static void kill_own_and_others(void *unused) {
    clean(unused);
    weft_kill_tasks(NULL, others, NULL);
    weft_kill_tasks(NULL, victims, NULL); /* itself: it is being left anyhow, or ends here */
    atomic_fetch_add(&cleaned, 10);
}

WEFT_TASK(int, kills_in_a_clean_up, (bool, waits)) {
    WEFT_UNWIND_PROTECT(clean, NULL) WEFT_UNWIND_PROTECT(kill_own_and_others, NULL) {
        atomic_fetch_add(&begun, 1);
        if (waits) weft_sleep(WEFT_FOREVER);
    }
    return 1;
}

WEFT_TASK(int, sleeps) {
    WEFT_UNWIND_PROTECT(clean, NULL) {
        atomic_fetch_add(&begun, 1);
        weft_sleep(WEFT_FOREVER);
    }
    return 1;
}

/* Three clean-ups, one of them counting eleven. */
TEST(a_clean_up_may_kill_others_and_its_own_task_and_comes_to_its_end) {
    open_scene();
    for (int waits = 0; waits < 2; waits++) {
        atomic_store(&begun, 0);
        atomic_store(&cleaned, 0);
        WEFT_BIND(weft_task_category, others) CHECK_OK(weft_submit(results, sleeps));
        CHECK_EVENTUALLY(atomic_load(&begun) == 1);
        AS_VICTIM CHECK_OK(weft_submit(results, kills_in_a_clean_up, waits != 0));
        CHECK_EVENTUALLY(atomic_load(&begun) == 2);
        if (waits) CHECK_EQ(weft_kill_tasks(NULL, victims, NULL), 1);
        weft_status one = outcome(), other = outcome();
        /* One that kills itself in a clean-up on its way out may be through before. */
        CHECK_EQ((one == WEFT_KILLED) + (other == WEFT_KILLED) + (!waits && (one == WEFT_OK || other == WEFT_OK)), 2);
        CHECK_OK(weft_wait_killed(NULL, NULL, patience(), NULL));
        CHECK_EQ(atomic_load(&cleaned), 13);
    }
    close_scene();
}

static void fail_while_cleaning(void *unused) {
    clean(unused);
    weft_error(&weft_type_error, "in a clean-up");
    FAIL("an error that nobody took has returned");
}

WEFT_TASK(int, fails_in_clean_ups) {
    WEFT_UNWIND_PROTECT(clean, NULL)
    WEFT_UNWIND_PROTECT(fail_while_cleaning, NULL) WEFT_UNWIND_PROTECT(fail_while_cleaning, NULL) {
        atomic_fetch_add(&begun, 1);
        weft_sleep(WEFT_FOREVER);
    }
    return 1;
}

TEST(an_error_in_a_clean_up_does_not_call_a_kill_off) {
    open_scene();
    AS_VICTIM CHECK_OK(weft_submit(results, fails_in_clean_ups));
    CHECK_EVENTUALLY(atomic_load(&begun) == 1);
    CHECK_EQ(weft_kill_tasks(NULL, victims, NULL), 1);
    CHECK_STATUS(outcome(), WEFT_KILLED);
    CHECK_EQ(atomic_load(&cleaned), 3);
    close_scene();
}

static void wait_while_cleaning(void *unused) {
    clean(unused);
    weft_sleep(WEFT_FOREVER);
    FAIL("a sleep for ever has ended");
}

WEFT_TASK(int, waits_in_a_clean_up) {
    WEFT_UNWIND_PROTECT(clean, NULL) WEFT_UNWIND_PROTECT(wait_while_cleaning, NULL) {
        atomic_fetch_add(&begun, 1);
        weft_sleep(WEFT_FOREVER);
    }
    return 1;
}

WEFT_CONDITION_TYPE(later_error, weft_type_error);

static void fail_later(void *unused) {
    clean(unused);
    weft_error(&later_error, "later %d", atomic_load(&cleaned));
}

/* Ten clean-ups, each of which fails while the error before is on its way out. */
WEFT_TASK(int, fails_on_its_way_out, (int, times)) {
    WEFT_UNWIND_PROTECT(fail_later, NULL) {
        if (times > 0) return weft_call(fails_on_its_way_out, times - 1);
        weft_error(&weft_type_error, "at first, and too long to lie anywhere but on the heap: %d", times);
    }
    return 1;
}

/* The harness counts conditions: none is left. */
TEST(an_error_in_a_clean_up_takes_the_place_of_the_one_on_its_way) {
    open_scene();
    CHECK_OK(weft_submit(results, fails_on_its_way_out, 9));
    CHECK_STATUS(outcome(), WEFT_FAILED);
    CHECK(weft_condition_is(weft_last_condition(), &later_error));
    CHECK_STR(weft_condition_message(weft_last_condition()), "later 10");
    CHECK_EQ(atomic_load(&cleaned), 10);
    close_scene();
}

TEST(a_clean_up_that_waits_in_weft_is_left_at_the_deadline_too) {
    open_scene();
    CHECK_OK(weft_set_kill_deadline(0.05));
    AS_VICTIM CHECK_OK(weft_submit(results, waits_in_a_clean_up));
    CHECK_EVENTUALLY(atomic_load(&begun) == 1);
    CHECK_EQ(weft_kill_tasks(NULL, victims, NULL), 1);
    CHECK_STATUS(outcome(), WEFT_KILLED);
    CHECK_EQ(atomic_load(&cleaned), 2);
    CHECK_OK(weft_set_kill_deadline(0.25));
    close_scene();
}

TEST(a_dry_run_beside_kills_counts_what_is_there) {
    open_scene();
    enum { MANY = 50 };
    for (int round = 0; round < 20; round++) {
        size_t before = MANY + 1, marked = 0, ended = 0;
        atomic_store(&begun, 0);
        AS_VICTIM for (int i = 0; i < MANY; i++) CHECK_OK(weft_submit(results, sleeps));
        CHECK_EVENTUALLY(atomic_load(&begun) == MANY);
        CHECK_EQ(weft_kill_tasks(NULL, victims, &(weft_kill_options){.dry_run = true}), MANY);
        marked = weft_kill_tasks(NULL, victims, NULL);
        CHECK_EQ(marked, MANY);
        for (; ended < MANY; ended++) { /* fewer and fewer */
            size_t now = weft_kill_tasks(NULL, victims, &(weft_kill_options){.dry_run = true});
            CHECK_LE(now, before);
            CHECK_LE(now, MANY);
            before = now;
            CHECK_STATUS(outcome(), WEFT_KILLED);
        }
        CHECK_OK(weft_wait_killed(NULL, NULL, patience(), NULL));
        CHECK_EQ(weft_kill_tasks(NULL, victims, &(weft_kill_options){.dry_run = true}), 0);
    }
    CHECK_EQ(atomic_load(&cleaned), 20 * MANY);
    close_scene();
}

/* ---- restarts and reports ---- */

static _Atomic(const weft_restart *) found;

WEFT_TASK(int, offers_a_restart, (gate *, g)) {
    volatile int way = 0;
    WEFT_RESTART_CASE {
        WEFT_TRY {
            atomic_store(&found, weft_find_restart("go-on"));
            pass_gate(g);
        }
        WEFT_RESTART("go-on") { way = 1; }
    }
    return way;
}

static void invoke_from_elsewhere(const weft_condition *condition, void *argument) {
    (void)condition, (void)argument;
    CHECK_STATUS(weft_invoke(atomic_load(&found), NULL, 0), WEFT_INVALID);
    atomic_fetch_add(&begun, 1);
}

TEST(the_restart_of_another_task_is_refused) {
    open_scene();
    gate g = {0, false};
    int way = -1;
    CHECK_OK(weft_submit(results, offers_a_restart, &g));
    wait_for_entered(&g, 1);
    WEFT_HANDLER_BIND(&weft_type_warning, invoke_from_elsewhere, NULL) weft_signal(&weft_type_warning, "elsewhere");
    CHECK_EQ(atomic_load(&begun), 1);
    open_gate(&g);
    CHECK_OK(weft_receive_result(results, &way, patience()));
    CHECK_EQ(way, 0);
    close_scene();
}

static void fail_in_debugger(const weft_condition *condition, void *argument) {
    (void)condition, (void)argument;
    atomic_fetch_add(&begun, 1);
    weft_error(&weft_type_error, "in the debugger");
}

WEFT_TASK(int, fails) {
    WEFT_UNWIND_PROTECT(clean, NULL) weft_error(&weft_type_error, "first");
    return 1;
}

/* It is not shown to the debugger, which might fail again. The next error is. */
TEST(an_error_in_the_debugger_is_the_outcome_of_its_task) {
    open_scene();
    weft_set(weft_debug_tasks, true);
    weft_set_debugger(fail_in_debugger, NULL);
    for (int i = 1; i <= 3; i++) {
        CHECK_OK(weft_submit(results, fails));
        CHECK_STATUS(outcome(), WEFT_FAILED);
        if (CHECK_NOT_NULL(weft_last_condition()))
            CHECK_STR(weft_condition_message(weft_last_condition()), "in the debugger");
        CHECK_EQ(atomic_load(&cleaned), i);
        CHECK_EQ(atomic_load(&begun), i);
    }
    weft_set_debugger(NULL, NULL);
    close_scene();
}

enum { HUGE_TEXT = 1 << 20 };

WEFT_TASK(int, fails_at_length, (const char *, text)) {
    weft_error(&weft_type_error, "a long story: %s", text);
    return 1;
}

TEST(a_message_of_a_mebibyte_is_cut_off_as_documented) {
    open_scene();
    char *text = malloc(HUGE_TEXT + 1);
    memset(text, 'x', HUGE_TEXT);
    text[HUGE_TEXT] = '\0';
    CHECK_OK(weft_submit(results, fails_at_length, text));
    CHECK_STATUS(outcome(), WEFT_FAILED);
    const char *message = weft_condition_message(weft_last_condition());
    CHECK_EQ(strlen(message), 255);
    CHECK_EQ(message[254], 'x');
    free(text);
    close_scene();
}

static int ignore_down(int depth) {
    volatile int after = 0;
    WEFT_IGNORE_ERRORS {
        if (depth == 0) weft_error(&weft_type_error, "at the bottom");
        after = ignore_down(depth - 1);
    }
    return after + 1;
}

WEFT_TASK(int, ignores, (int, depth)) { return ignore_down(depth); }

TEST(errors_are_ignored_by_the_innermost_of_many_blocks) {
    open_scene();
    int value = 0;
    CHECK_OK(weft_submit(results, ignores, 50));
    CHECK_OK(weft_receive_result(results, &value, patience()));
    CHECK_EQ(value, 51);
    close_scene();
}

static jmp_buf inside;

static void jump_inside(void) { longjmp(inside, 1); }

WEFT_TASK(int, jumps) {
    volatile int jumped = 0;
    WEFT_UNWIND_PROTECT(clean, NULL) {
        if (setjmp(inside) == 0) jump_inside();
        jumped++;
        WEFT_IGNORE_ERRORS weft_error(&weft_type_error, "after a jump");
        jumped++;
    }
    return jumped;
}

TEST(a_jump_inside_of_a_block_leaves_the_block_as_it_was) {
    open_scene();
    int value = 0;
    CHECK_OK(weft_submit(results, jumps));
    CHECK_OK(weft_receive_result(results, &value, patience()));
    CHECK_EQ(value, 2);
    CHECK_EQ(atomic_load(&cleaned), 1);
    close_scene();
}

/* ---- more blocks inside of each other than sixteen bits can count ---- */

enum { VERY_MANY = 65536, MANY_CLEANUPS_STACK = 128 << 20 };

static atomic_bool told, held_on;
static weft_without_kill regions[VERY_MANY];
static weft_without_cancel shields[VERY_MANY];

/* A transfer puts back the counts of where it arrives; then this waits until the task has been killed or cancelled. */
static void outlast_the_end(void) {
    WEFT_IGNORE_ERRORS weft_error(&weft_type_error, "something");
    atomic_fetch_add(&begun, 1);
    while (!atomic_load(&told))
        if (weft_sleep(weft_after(1e-4)) != WEFT_OK) return;
    if (weft_sleep(weft_after(1e-3)) == WEFT_OK) atomic_store(&held_on, true);
}

WEFT_TASK(int, stands_in_very_many_regions) {
    for (int i = 0; i < VERY_MANY; i++) regions[i] = weft_without_kill_begin();
    outlast_the_end();
    for (int i = VERY_MANY; i-- > 0;) weft_without_kill_end(&regions[i]);
    return 1;
}

static int cleanups_left;

static void clean_inside(void *unused) {
    if (--cleanups_left == 0) {
        outlast_the_end();
        return;
    }
    weft_frame frame;
    weft_protect_begin(&frame, clean_inside, unused);
    weft_protect_end(&frame);
}

WEFT_TASK(int, stands_in_very_many_cleanups) {
    cleanups_left = VERY_MANY;
    WEFT_UNWIND_PROTECT(clean_inside, NULL) {}
    weft_sleep(weft_after(1000));
    return 1;
}

WEFT_TASK(int, stands_in_very_many_shields) {
    for (int i = 0; i < VERY_MANY; i++) shields[i] = weft_without_cancel_begin();
    outlast_the_end();
    for (int i = VERY_MANY; i-- > 0;) weft_without_cancel_end(&shields[i]);
    return weft_sleep(weft_after(1000)) == WEFT_CANCELLED;
}

static void is_killed_outside_of_them(void) {
    CHECK_EVENTUALLY(atomic_load(&begun) == 1);
    CHECK_EQ(weft_kill_tasks(NULL, victims, NULL), 1);
    atomic_store(&told, true);
    CHECK_STATUS(outcome(), WEFT_KILLED);
    CHECK(atomic_load(&held_on));
}

static void open_scene_of_many(void) {
    open_scene();
    atomic_store(&told, false);
    atomic_store(&held_on, false);
}

TEST(a_task_in_65536_regions_without_kill_is_in_a_region) {
    open_scene_of_many();
    AS_VICTIM CHECK_OK(weft_submit(results, stands_in_very_many_regions));
    is_killed_outside_of_them();
    close_scene();
}

TEST(a_task_in_65536_cleanups_is_in_a_cleanup) {
    if (HARNESS_TSAN) {
        SKIP("ThreadSanitizer keeps no more frames of a stack than that");
        return;
    }
    open_scene_of_many();
    weft_submit_options options = {.stack_size = MANY_CLEANUPS_STACK};
    CHECK_OK(weft_set_kill_deadline(60)); /* a clean-up that waits is left then */
    AS_VICTIM CHECK_OK(weft_submit_with(&options, results, stands_in_very_many_cleanups));
    is_killed_outside_of_them();
    CHECK_OK(weft_set_kill_deadline(0.25));
    close_scene();
}

TEST(a_task_in_65536_blocks_without_cancel_is_not_cancelled_there) {
    int value = 0;
    open_scene_of_many();
    weft_scope *scope = weft_begin_scope(NULL, WEFT_FOREVER);
    CHECK_OK(weft_scope_submit(scope, results, stands_in_very_many_shields));
    CHECK_EVENTUALLY(atomic_load(&begun) == 1);
    CHECK_OK(weft_cancel_scope(scope));
    atomic_store(&told, true);
    CHECK_STATUS(weft_join_scope(scope), WEFT_CANCELLED);
    CHECK_OK(weft_receive_result(results, &value, patience()));
    CHECK_EQ(value, 1);
    CHECK(atomic_load(&held_on));
    close_scene();
}

/* ---- a stack that takes longer to walk than the reaper waits between two strokes ---- */

enum { VERY_DEEP = 100000, DEEP_STACK = 128 << 20 };

static void *volatile allocated;

__attribute__((noinline)) static int allocate_deep_down(int depth) {
    if (depth > 0) return allocate_deep_down(depth - 1) + (allocated == NULL);
    atomic_fetch_add(&begun, 1);
    while (for_ever) {
        allocated = malloc(100);
        free(allocated);
    }
    return 1;
}

WEFT_TASK(int, allocates_deep_down) {
    WEFT_UNWIND_PROTECT(clean, NULL) return allocate_deep_down(VERY_DEEP);
    return 1;
}

TEST(a_task_a_hundred_thousand_calls_deep_in_a_library_is_killed) {
    weft_kill_counts before, after;
    if (!anywhere()) return;
    open_scene();
    CHECK_OK(weft_set_kill_deadline(60));
    weft_read_kill_counts(&before);
    for (int i = 1; i <= 5; i++) {
        weft_submit_options options = {.stack_size = DEEP_STACK};
        AS_VICTIM CHECK_OK(weft_submit_with(&options, results, allocates_deep_down));
        CHECK_EVENTUALLY(atomic_load(&begun) == i);
        CHECK_EQ(weft_kill_tasks(NULL, victims, NULL), 1);
        CHECK_STATUS(outcome(), WEFT_KILLED);
        CHECK_EQ(atomic_load(&cleaned), i);
    }
    weft_read_kill_counts(&after);
    CHECK_EQ(after.lost, before.lost);
    CHECK_OK(weft_set_kill_deadline(0.25));
    close_scene();
}

/* ---- blocks that a transfer leaves ---- */

WEFT_TASK(int, leaves_a_region_by_a_transfer) {
    WEFT_IGNORE_ERRORS {
        WEFT_WITHOUT_KILL { WEFT_WITHOUT_CANCEL weft_error(&weft_type_error, "out of both"); }
    }
    WEFT_UNWIND_PROTECT(clean, NULL) {
        atomic_fetch_add(&begun, 1);
        weft_sleep(weft_after(1000));
    }
    return 1;
}

/* Also the next task of the runner, which must not be in it. */
TEST(a_task_that_has_left_a_region_without_kill_by_a_transfer_can_be_killed) {
    open_scene();
    for (int i = 1; i <= 10; i++) {
        AS_VICTIM CHECK_OK(weft_submit(results, leaves_a_region_by_a_transfer));
        CHECK_EVENTUALLY(atomic_load(&begun) == i);
        CHECK_EQ(weft_kill_tasks(NULL, victims, NULL), 1);
        CHECK_STATUS(outcome(), WEFT_KILLED);
    }
    CHECK_EQ(atomic_load(&cleaned), 10);
    close_scene();
}

TEST(a_task_that_has_left_a_block_without_cancel_by_a_transfer_can_be_cancelled) {
    open_scene();
    for (int i = 1; i <= 10; i++) {
        weft_scope *scope = weft_begin_scope(NULL, WEFT_FOREVER);
        CHECK_OK(weft_scope_submit(scope, NULL, leaves_a_region_by_a_transfer));
        CHECK_EVENTUALLY(atomic_load(&begun) == i);
        CHECK_OK(weft_cancel_scope(scope));
        CHECK_STATUS(weft_join_scope(scope), WEFT_CANCELLED);
        CHECK_EQ(atomic_load(&cleaned), i);
    }
    close_scene();
}

WEFT_TASK(int, joins_a_scope) {
    WEFT_SCOPE(children) CHECK_OK(weft_scope_submit(children, NULL, sleeps));
    return 1;
}

/* While it waits for its children it is not cancelled; who comes after it on its stack is. */
TEST(a_parent_killed_in_its_join_leaves_nothing_to_who_comes_after) {
    open_scene();
    for (int i = 0; i < 50; i++) {
        AS_VICTIM CHECK_OK(weft_submit(results, joins_a_scope));
        CHECK_EVENTUALLY(atomic_load(&begun) == i + 1);
        CHECK_EQ(weft_kill_tasks(NULL, victims, NULL), 1);
        CHECK_STATUS(outcome(), WEFT_KILLED);
        CHECK_EQ(atomic_load(&cleaned), i + 1);
    }
    close_scene();
}

/* ---- stacks ---- */

static int go_down(int depth) {
    volatile char here[256];
    here[0] = (char)depth;
    return depth < 0 ? 0 : go_down(depth + 1) + here[0];
}

static void overflow(const weft_condition *condition, void *argument) {
    (void)argument;
    if (!weft_condition_is(condition, &weft_type_stack_exhausted)) go_down(0);
}

WEFT_TASK(int, overflows_in_a_handler) {
    WEFT_UNWIND_PROTECT(clean, NULL)
    WEFT_HANDLER_BIND(&weft_type_error, overflow, NULL) weft_error(&weft_type_error, "something");
    return 1;
}

TEST(a_stack_that_a_handler_uses_up_is_the_error_of_its_task) {
    if (!catchable(WEFT_FAULT_STACK)) return;
    open_scene();
    for (int i = 0; i < 20; i++) {
        CHECK_OK(weft_submit(results, overflows_in_a_handler));
        CHECK_STATUS(outcome(), WEFT_FAILED);
        CHECK(weft_condition_is(weft_last_condition(), &weft_type_stack_exhausted));
        CHECK_EQ(atomic_load(&cleaned), i + 1);
    }
    close_scene();
}

static volatile int zero;
static volatile int sink;

WEFT_TASK(int, divides) {
    WEFT_UNWIND_PROTECT(clean, NULL) sink = 10 / zero;
    return 1;
}

TEST(a_fault_on_the_smallest_stack_is_the_error_of_its_task) {
    if (!catchable(WEFT_FAULT_ARITHMETIC)) return;
    open_scene_with(&(weft_kernel_options){.stack_size = 16 * 1024});
    for (int i = 0; i < 20; i++) {
        CHECK_OK(weft_submit(results, divides));
        CHECK_STATUS(outcome(), WEFT_FAILED);
        CHECK(weft_condition_is(weft_last_condition(), &weft_type_arithmetic_fault));
    }
    CHECK_EQ(atomic_load(&cleaned), 20);
    close_scene();
}

WEFT_TASK(int, loops_deep_down, (size_t, bytes)) {
    WEFT_UNWIND_PROTECT(clean, NULL) {
        volatile char *room = alloca(bytes);
        room[0] = 1;
        atomic_fetch_add(&begun, 1);
        loop();
    }
    return 1;
}

/* Its clean-ups need some room as well. Where there is none it is left behind, as one that is stuck in a library. */
TEST(a_task_that_has_used_nearly_all_of_its_stack_is_killed_or_left_behind) {
    if (!anywhere()) return;
    open_scene_with(&(weft_kernel_options){.stack_size = 16 * 1024});
    weft_kill_counts before, after;
    weft_read_kill_counts(&before);
    CHECK_OK(weft_set_kill_deadline(0.05));
    for (size_t used = 4096; used <= 8 * 1024; used += 1024) {
        int expected = atomic_load(&begun) + 1;
        AS_VICTIM CHECK_OK(weft_submit(results, loops_deep_down, used));
        CHECK_EVENTUALLY(atomic_load(&begun) == expected);
        CHECK_EQ(weft_kill_tasks(NULL, victims, NULL), 1);
        if (!CHECK_STATUS(outcome(), WEFT_KILLED)) break;
    }
    CHECK_OK(weft_wait_killed(NULL, NULL, patience(), NULL));
    weft_read_kill_counts(&after);
    CHECK_EQ(after.killed - before.killed + after.lost - before.lost, after.marked - before.marked);
    CHECK_EQ(after.lost - before.lost, (size_t)(atomic_load(&begun) - atomic_load(&cleaned)));
    CHECK_OK(weft_submit(results, jumps)); /* the workers go on */
    CHECK_OK(outcome());
    CHECK_OK(weft_set_kill_deadline(0.25));
    CHECK_GT(after.lost - before.lost, 0);
    close_scene();
}

enum { SMALLEST = 16 * 1024, GUARD = 4096 };

/* The stack lies at a multiple of its size and begins with its guard. */
WEFT_TASK(int, loops_at_the_last_bytes, (size_t, left)) {
    WEFT_UNWIND_PROTECT(clean, NULL) {
        uintptr_t here = (uintptr_t)__builtin_frame_address(0);
        volatile char *room = alloca((here & (SMALLEST - 1)) - GUARD - left);
        room[0] = 1;
        atomic_fetch_add(&begun, 1);
        loop();
    }
    return 1;
}

TEST(a_task_that_stands_at_the_last_bytes_of_its_stack_is_left_behind) {
    if (!anywhere()) return;
    open_scene_with(&(weft_kernel_options){.stack_size = SMALLEST});
    CHECK_OK(weft_set_kill_deadline(0.02));
    for (size_t left = 256; left <= 1024; left += 128) {
        int expected = atomic_load(&begun) + 1, cleaned_before = atomic_load(&cleaned);
        AS_VICTIM CHECK_OK(weft_submit(results, loops_at_the_last_bytes, left));
        CHECK_EVENTUALLY(atomic_load(&begun) == expected);
        CHECK_EQ(weft_kill_tasks(NULL, victims, NULL), 1);
        if (!CHECK_STATUS(outcome(), WEFT_KILLED)) break;
        CHECK_EQ(atomic_load(&cleaned), cleaned_before);
        CHECK_OK(weft_submit(results, jumps));
        CHECK_OK(outcome());
    }
    CHECK_OK(weft_wait_killed(NULL, NULL, patience(), NULL));
    CHECK_OK(weft_set_kill_deadline(0.25));
    close_scene();
}

/* How many bytes a task has below its own frame: the first finds out, by using them up. */
static volatile uintptr_t lowest;
static volatile size_t bytes_of_stack;

static int touch_down(int depth) {
    volatile char here[64];
    here[0] = (char)depth;
    lowest = (uintptr_t)here;
    return depth < 0 ? 0 : touch_down(depth + 1) + here[0];
}

WEFT_TASK(int, measures_its_stack) {
    WEFT_HANDLER_CASE {
        WEFT_TRY { sink = touch_down(0); }
        WEFT_HANDLE(&weft_type_stack_exhausted, condition) { sink = condition != NULL; }
    }
    bytes_of_stack = (uintptr_t)__builtin_frame_address(0) - lowest;
    return 1;
}

typedef enum deep_end { WAITS, FAILS, COMPUTES } deep_end;

WEFT_TASK(int, ends_deep_down, (size_t, left), (deep_end, how)) {
    WEFT_UNWIND_PROTECT(clean, NULL) {
        volatile char *room = alloca(bytes_of_stack - left);
        room[0] = 1;
        atomic_fetch_add(&begun, 1);
        if (how == FAILS) weft_error(&weft_type_error, "deep down");
        if (how == COMPUTES) loop();
        CHECK_OK(weft_sleep(WEFT_FOREVER));
    }
    return 1;
}

static void loop_in_handler(const weft_condition *condition, void *argument) {
    (void)condition, (void)argument;
    atomic_fetch_add(&begun, 1);
    loop();
}

WEFT_TASK(int, hangs_in_the_handler_of_a_fault, (bool, of_stack)) {
    WEFT_UNWIND_PROTECT(clean, NULL)
    WEFT_HANDLER_BIND(&weft_type_error, loop_in_handler, NULL) sink = of_stack ? touch_down(0) : 10 / zero;
    return 1;
}

/* It runs above the place of the fault, on the spare if the stack is used up. */
TEST(a_handler_of_a_fault_that_hangs_can_be_killed) {
    if (!catchable(WEFT_FAULT_STACK | WEFT_FAULT_ARITHMETIC)) return;
    open_scene();
    for (int i = 0; i < 10; i++) {
        AS_VICTIM CHECK_OK(weft_submit(results, hangs_in_the_handler_of_a_fault, i % 2 == 0));
        CHECK_EVENTUALLY(atomic_load(&begun) == i + 1);
        CHECK_EQ(weft_kill_tasks(NULL, victims, NULL), 1);
        if (!CHECK_STATUS(outcome(), WEFT_KILLED)) break;
        CHECK_EQ(atomic_load(&cleaned), i + 1);
    }
    close_scene();
}

/* The unwinder needs some of it, and so do clean-ups. */
static bool dies_deep_down(size_t left, deep_end how) {
    int expected = atomic_load(&begun) + 1;
    AS_VICTIM CHECK_OK(weft_submit(results, ends_deep_down, left, how));
    if (!CHECK_EVENTUALLY(atomic_load(&begun) == expected)) return false;
    CHECK_EQ(weft_kill_tasks(NULL, victims, NULL), 1);
    return CHECK_STATUS(outcome(), WEFT_KILLED) && CHECK_EQ(atomic_load(&cleaned), expected);
}

/* The unwinder needs some of it, and so do clean-ups. */
TEST(a_task_where_nearly_all_of_its_stack_is_used_can_be_killed_and_can_fail) {
    if (!catchable(WEFT_FAULT_STACK)) return;
    open_scene();
    CHECK_OK(weft_submit(results, measures_its_stack));
    CHECK_OK(outcome());
    /* The first two KiB are for the way to the task, which is longer on a stack whose spare is to be closed. */
    for (size_t left = 2048; left <= 8 * 1024; left += 256) {
        if (!dies_deep_down(left, WAITS) || !dies_deep_down(left, COMPUTES)) break;
        CHECK_OK(weft_submit(results, ends_deep_down, left, FAILS));
        if (!CHECK_STATUS(outcome(), WEFT_FAILED)) break;
        CHECK_EQ(atomic_load(&cleaned), atomic_load(&begun));
    }
    close_scene();
}

/* ---- a task that is lost while it is the parent of a scope ---- */

/* One for each round, and kept: the thread that is stuck ends with the mutex in its hands. */
typedef struct mire {
    pthread_mutex_t mutex;
    pthread_cond_t unstuck;
    bool may_return;
    struct mire *before;
} mire;

static mire *mires;

WEFT_TASK(int, gets_stuck_in_a_scope, (mire *, m)) {
    WEFT_SCOPE_UNTIL(children, weft_after(1000)) {
        CHECK_OK(weft_scope_submit(children, NULL, sleeps));
        atomic_fetch_add(&begun, 1);
        pthread_mutex_lock(&m->mutex);
        while (!m->may_return) pthread_cond_wait(&m->unstuck, &m->mutex);
        pthread_mutex_unlock(&m->mutex);
    }
    return 1;
}

TEST(scope_of_a_task_that_is_left_behind_is_cancelled_and_keeps_nobody) {
    if (!anywhere()) return;
    open_scene();
    mire *m = calloc(1, sizeof *m);
    if (!CHECK_NOT_NULL(m)) return;
    pthread_mutex_init(&m->mutex, NULL);
    pthread_cond_init(&m->unstuck, NULL);
    m->before = mires;
    mires = m;
    CHECK_OK(weft_set_kill_deadline(0.05));
    AS_VICTIM CHECK_OK(weft_submit(results, gets_stuck_in_a_scope, m));
    CHECK_EVENTUALLY(atomic_load(&begun) == (harness_workers() > 1 ? 2 : 1));
    CHECK_EQ(weft_kill_tasks(NULL, victims, NULL), 1);
    CHECK_STATUS(outcome(), WEFT_KILLED);
    CHECK_EVENTUALLY(atomic_load(&cleaned) == (atomic_load(&begun) - 1)); /* the child's, if it had begun */
    CHECK_OK(weft_set_kill_deadline(0.25));
    close_scene(); /* the kernel ends */
    pthread_mutex_lock(&m->mutex);
    m->may_return = true;
    pthread_cond_broadcast(&m->unstuck);
    pthread_mutex_unlock(&m->mutex); /* its thread ends now */
}

/* ---- a child of fork under a kill ---- */

typedef struct forking {
    gate marked;
    atomic_int thread, child;
} forking;

/* Called by a library, to which it returns twice. */
static ssize_t fork_inside(void *cookie, const char *text, size_t size) {
    forking *f = cookie;
    (void)text;
    atomic_store(&f->thread, (int)syscall(SYS_gettid));
    pass_gate(&f->marked);
    pid_t child = fork();
    if (child != 0) atomic_store(&f->child, child);
    return (ssize_t)size;
}

WEFT_TASK(int, forks_in_a_library, (forking *, f)) {
    FILE *file = fopencookie(f, "w", (cookie_io_functions_t){.write = fork_inside});
    fputs("x", file);
    fflush(file); /* a return barrier is here when it forks */
    if (atomic_load(&f->child) == 0) _exit(LEFT_THE_LIBRARY);
    loop();
    return 1;
}

WEFT_VARIABLE(int, own_number, 0);

/* What the program had bound, and Weft itself, are there in the child. */
WEFT_TASK(int, forks_in_a_library_with_bindings, (forking *, f)) {
    FILE *file = fopencookie(f, "w", (cookie_io_functions_t){.write = fork_inside});
    WEFT_BIND(own_number, 12) {
        fputs("x", file);
        fflush(file);
        bool bound = weft_get(own_number) == 12, unbound = false;
        WEFT_BIND(own_number, 13) unbound = weft_get(own_number) == 13;
        if (atomic_load(&f->child) == 0)
            _exit(bound && unbound && weft_get(own_number) == 12 && weft_current_process() != 0 ? LEFT_THE_LIBRARY : 1);
    }
    return 1; /* not reached: the parent's thread ends when it leaves the library */
}

static void wait_for_child(const forking *f) {
    int status = 0;
    CHECK_EVENTUALLY(atomic_load(&f->child) > 0);
    CHECK_EQ(waitpid(atomic_load(&f->child), &status, 0), atomic_load(&f->child));
    CHECK(WIFEXITED(status));
    CHECK_EQ(WEXITSTATUS(status), LEFT_THE_LIBRARY);
}

/* Its thread was left behind at the deadline, and ends where it leaves the library. The child's would, too, and the
 * child with it, without a word. */
TEST(a_child_made_by_a_task_that_was_left_behind_returns_to_the_program) {
    if (!anywhere()) return;
    open_scene();
    CHECK_OK(weft_set_kill_deadline(0.02));
    for (int i = 0; i < 3; i++) {
        forking f = {.child = 0};
        AS_VICTIM CHECK_OK(weft_submit(results, forks_in_a_library_with_bindings, &f));
        wait_for_entered(&f.marked, 1);
        CHECK_EQ(weft_kill_tasks(NULL, victims, NULL), 1);
        CHECK_STATUS(outcome(), WEFT_KILLED);
        /* Where that is allowed: the priority that it was left with is next to none on a busy machine. */
        sched_setscheduler(atomic_load(&f.thread), SCHED_OTHER, &(struct sched_param){0});
        open_gate(&f.marked);
        wait_for_child(&f);
    }
    CHECK_OK(weft_set_kill_deadline(0.25));
    close_scene();
}

/* The barrier is the parent's: the child goes on as if nobody had killed. */
TEST(a_child_made_while_a_return_barrier_is_set_returns_to_the_program) {
    if (!anywhere()) return;
    open_scene();
    for (int i = 0; i < 5; i++) {
        forking f = {.child = 0};
        AS_VICTIM CHECK_OK(weft_submit(results, forks_in_a_library, &f));
        wait_for_entered(&f.marked, 1);
        CHECK_EQ(weft_kill_tasks(NULL, victims, NULL), 1);
        usleep(2000); /* likely, and not needed: the reaper has asked again */
        open_gate(&f.marked);
        CHECK_STATUS(outcome(), WEFT_KILLED);
        wait_for_child(&f);
    }
    close_scene();
}
