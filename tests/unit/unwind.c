/* SPDX-License-Identifier: MIT */
/* unwind.c - the unwinder: which clean-ups run, in which order, how often, and what is in force meanwhile. Row C4. */
#include "condition/unwind.h"

#include <stdlib.h>
#include <string.h>
#include <weft.h>

#include "harness/harness.h"

WEFT_VARIABLE(int, depth, 0);

/* What has happened, a letter each. */
static char story[64];

static void tell(void *letter) {
    size_t length = strlen(story);
    if (length + 1 < sizeof story) story[length] = *(const char *)letter;
}

static void tell_depth(void *unused) {
    (void)unused;
    tell(&(char){(char)('0' + weft_get(depth))});
}

static void forget(void) { memset(story, 0, sizeof story); }

static char a[] = "a", b[] = "b", c[] = "c", d[] = "d";

/* ---- ways out of a block ---- */

static int leave_by(int way) {
    for (int i = 0; i < 2; i++) {
        WEFT_UNWIND_PROTECT(tell, a) {
            if (way == 1) break;
            if (way == 2) continue;
            if (way == 3) return 1;
            if (way == 4) goto out;
        }
        tell(b);
    }
out:
    return 0;
}

TEST(clean_up_runs_on_each_way_out_of_its_block) {
    static const char *const stories[] = {"abab", "abab", "abab", "a", "a"};
    for (int way = 0; way < 5; way++) {
        forget();
        leave_by(way);
        CHECK_STR(story, stories[way]);
        CHECK(wefti_strand_self()->frames == NULL);
    }
}

static void defer_two(void) {
    WEFT_DEFER(tell, a);
    WEFT_DEFER(tell, b);
    tell(c);
}

TEST(deferred_clean_ups_run_at_the_end_of_the_block_last_first) {
    forget();
    defer_two();
    CHECK_STR(story, "cba");
}

static void hand_on(void) {
    weft_frame frame;
    weft_protect_begin(&frame, tell, a);
    weft_protect_cancel(&frame);
    weft_protect_end(&frame);
}

TEST(cancelled_clean_up_does_not_run) {
    forget();
    hand_on();
    CHECK_STR(story, "");
}

/* ---- transfers ---- */

static WEFTI_NOINLINE void deep(int levels, weft_target *target) {
    if (levels == 0) wefti_unwind_to(wefti_strand_self(), target);
    WEFT_BIND(depth, levels) {
        WEFT_UNWIND_PROTECT(tell_depth, NULL) { deep(levels - 1, target); }
    }
    tell(d);
}

static bool arrives(void (*body)(weft_target *target)) {
    weft_target target;
    wefti_target_begin(wefti_strand_self(), &target);
    if (setjmp(target.place) != 0) return true;
    body(&target);
    wefti_target_leave(wefti_strand_self(), &target);
    return false;
}

static void go_deep(weft_target *target) { deep(3, target); }

TEST(transfer_runs_clean_ups_innermost_first_with_their_own_bindings) {
    forget();
    CHECK(arrives(go_deep));
    CHECK_STR(story, "123");
    CHECK_EQ(weft_get(depth), 0);
    CHECK(wefti_strand_self()->frames == NULL && wefti_strand_self()->unwinding == NULL);
}

static void call_off(void *target) {
    tell(a);
    wefti_unwind_to(wefti_strand_self(), target);
}

static void leave_to_inner(weft_target *outer) {
    weft_target inner;
    wefti_target_begin(wefti_strand_self(), &inner);
    if (setjmp(inner.place) == 0) {
        WEFT_UNWIND_PROTECT(tell, c) {
            WEFT_UNWIND_PROTECT(call_off, outer) {
                WEFT_UNWIND_PROTECT(tell, b) { wefti_unwind_to(wefti_strand_self(), &inner); }
            }
        }
    }
    tell(d); /* never: the clean-up goes further out */
}

TEST(clean_up_may_transfer_further_out) {
    forget();
    CHECK(arrives(leave_to_inner));
    CHECK_STR(story, "bac");
    CHECK(wefti_strand_self()->unwinding == NULL);
}

static void transfer_inside(void *unused) {
    (void)unused;
    CHECK(arrives(go_deep));
    tell(a);
}

static void clean_with_transfer(weft_target *target) {
    WEFT_UNWIND_PROTECT(tell, b) {
        WEFT_UNWIND_PROTECT(transfer_inside, NULL) { wefti_unwind_to(wefti_strand_self(), target); }
    }
}

TEST(clean_up_may_transfer_inside_itself_and_the_first_transfer_goes_on) {
    forget();
    CHECK(arrives(clean_with_transfer));
    CHECK_STR(story, "123ab");
    CHECK(wefti_strand_self()->unwinding == NULL);
}

static void protected_body(void *target) { wefti_unwind_to(wefti_strand_self(), target); }

static void call_protected(weft_target *target) { weft_call_protected(protected_body, target, tell, a); }

TEST(function_form_cleans_up_as_well) {
    forget();
    CHECK(arrives(call_protected));
    CHECK_STR(story, "a");
}

/* ---- the end of a task ---- */

static const wefti_condition given_up = {WEFT_FAILED, "given up", NULL};
static WEFTI_ATOMIC(int) cleaned;

static void count_clean(void *unused) {
    (void)unused;
    wefti_add_relaxed(&cleaned, 1);
}

static void abandon(int levels, unsigned how) {
    WEFT_UNWIND_PROTECT(count_clean, NULL) {
        if (levels == 0)
            wefti_unwind_task(wefti_strand_self(), &given_up, how);
        else
            abandon(levels - 1, how);
    }
}

static void wait_and_fail(void *group) {
    weft_wait_group(group, WEFT_FOREVER);
    count_clean(NULL);
}

WEFT_TASK(int, plain, (int, value), (int, how)) {
    weft_sleep(weft_after(value % 4 == 3 ? 1e-4 : 0)); /* so that many runners are used */
    WEFT_BIND(depth, value) {
        if (value % 2 == 0) abandon(value % 5, (unsigned)how);
    }
    return weft_get(depth) + value;
}

static int fails(weft_channel *results, int count) {
    int failed = 0;
    for (int i = 0; i < count; i++) {
        int value;
        weft_status status = weft_receive_result(results, &value, WEFT_FOREVER);
        if (status == WEFT_FAILED)
            failed++;
        else
            CHECK(status == WEFT_OK && value % 2 == 1);
    }
    return failed;
}

static void run_many(unsigned how) {
    enum { COUNT = 2000 };
    weft_kernel *kernel = weft_make_kernel(2, NULL);
    weft_channel *results = weft_make_channel(int);
    weft_group *group = weft_make_group("failing");
    wefti_store_relaxed(&cleaned, 0);
    int expected = 0;
    for (int i = 0; i < COUNT; i++) {
        weft_submit_options options = {.group = i % 3 == 0 ? group : NULL, .movable = i % 7 == 0};
        CHECK_OK(weft_submit_with(&options, results, plain, i, (int)how));
        if (i % 2 == 0) expected += i % 5 + 1;
    }
    CHECK_EQ(fails(results, COUNT), COUNT / 2);
    CHECK_EQ(wefti_load_relaxed(&cleaned), expected);
    CHECK_OK(weft_wait_group(group, WEFT_FOREVER));
    CHECK_OK(weft_free_group(group));
    CHECK_OK(weft_free_channel(results));
    CHECK_OK(weft_free_kernel(kernel));
}

TEST(abandoned_tasks_deliver_their_condition_and_the_runners_go_on) { run_many(0); }

TEST(abandoned_tasks_are_cleaned_up_by_the_list_alone_too) { run_many(WEFTI_UNWIND_LIST); }

typedef struct large {
    char bytes[4000];
} large;

WEFT_TASK(large, unusual, (large, argument)) {
    WEFT_UNWIND_PROTECT(count_clean, NULL) { wefti_unwind_task(wefti_strand_self(), &given_up, 0); }
    return argument;
}

TEST(abandoned_task_gives_back_arguments_result_environment_and_its_own_stack) {
    weft_kernel *kernel = weft_make_kernel(1, NULL);
    weft_channel *results = weft_make_channel(large);
    weft_environment *environment = NULL;
    WEFT_BIND(depth, 5) environment = weft_capture(NULL, 0);
    static large argument;
    for (int i = 0; i < 20; i++) {
        weft_submit_options options = {.environment = environment, .stack_size = i % 2 == 0 ? 0 : 1 << 20};
        CHECK_OK(weft_submit_with(&options, results, unusual, argument));
    }
    for (int i = 0; i < 20; i++) CHECK_STATUS(weft_receive_result(results, &argument, WEFT_FOREVER), WEFT_FAILED);
    weft_release_environment(environment);
    CHECK_OK(weft_free_channel(results));
    CHECK_OK(weft_free_kernel(kernel));
}

static void wait_a_while(void *unused) {
    (void)unused;
    CHECK_OK(weft_sleep(weft_after(0.002)));
    count_clean(NULL);
}

WEFT_TASK(void, waits_in_clean_up) {
    WEFT_UNWIND_PROTECT(wait_a_while, NULL) { wefti_unwind_task(wefti_strand_self(), &given_up, 0); }
}

TEST(clean_ups_of_an_abandoned_task_may_wait) {
    weft_kernel *kernel = weft_make_kernel(1, NULL);
    weft_group *group = weft_make_group(NULL);
    weft_submit_options options = {.group = group};
    wefti_store_relaxed(&cleaned, 0);
    for (int i = 0; i < 10; i++) CHECK_OK(weft_submit_with(&options, NULL, waits_in_clean_up));
    wait_and_fail(group);
    CHECK_EQ(wefti_load_relaxed(&cleaned), 11);
    CHECK_OK(weft_free_group(group));
    CHECK_OK(weft_free_kernel(kernel));
}

WEFT_TASK(int, insists) {
    weft_target target;
    wefti_target_begin(wefti_strand_self(), &target);
    if (setjmp(target.place) == 0) {
        WEFT_UNWIND_PROTECT(call_off, &target) {
            wefti_unwind_task(wefti_strand_self(), &given_up, WEFTI_UNWIND_INSISTS);
        }
    }
    tell(d); /* never */
    return 0;
}

TEST(transfer_that_insists_is_not_called_off_by_a_clean_up) {
    weft_kernel *kernel = weft_make_kernel(1, NULL);
    weft_channel *results = weft_make_channel(int);
    forget();
    CHECK_OK(weft_submit(results, insists));
    int result;
    CHECK_STATUS(weft_receive_result(results, &result, WEFT_FOREVER), WEFT_FAILED);
    CHECK_STR(story, "a");
    CHECK_OK(weft_free_channel(results));
    CHECK_OK(weft_free_kernel(kernel));
}
