/* SPDX-License-Identifier: MIT */
/* conditions_tasks.c - conditions and tasks: handlers that travel, errors that become outcomes, errors that nobody
 * took, operations without a kernel. Rows C5 to C8 and K3; the sentences of lparallel's documents stand above the
 * tests. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weft.h>

#include "base/atomic.h"
#include "harness/harness.h"

WEFT_CONDITION_TYPE(parse_error, weft_type_error);
WEFT_CONDITION_TYPE(notice, weft_type_condition);

typedef struct scene {
    weft_kernel *kernel;
    weft_channel *results;
} scene;

static scene begin(void) {
    scene s = {weft_make_kernel((unsigned)harness_workers(), NULL), NULL};
    s.results = weft_make_channel(int);
    CHECK(s.kernel != NULL && s.results != NULL);
    return s;
}

static void end(scene *s) {
    CHECK_OK(weft_free_channel(s->results));
    CHECK_OK(weft_free_kernel(s->kernel));
}

static WEFTI_ATOMIC(int) cleaned, asked, noticed;

static void reset(void) {
    wefti_store_relaxed(&cleaned, 0);
    wefti_store_relaxed(&asked, 0);
    wefti_store_relaxed(&noticed, 0);
}

static void count_one(void *counter) { wefti_add_relaxed((WEFTI_ATOMIC(int) *)counter, 1); }

static void count_condition(const weft_condition *condition, void *counter) {
    (void)condition;
    count_one(counter);
}

WEFT_TASK(int, fail, (int, value)) {
    WEFT_DEFER(count_one, &cleaned);
    if (value == 0) weft_error_with(&parse_error, &value, "bad %s", "line");
    return value;
}

/* ---- "*debug-tasks-p*: If true (the default), the debugger is invoked when an error goes unhandled inside a task"
 * ---- */

static void ask(const weft_condition *condition, void *expected_task) {
    count_one(&asked);
    CHECK_STR(weft_condition_message(condition), "bad line");
    CHECK_STR(weft_task_name(), (const char *)expected_task);
}

TEST(unhandled_error_in_a_task_goes_to_the_debugger_and_then_to_the_receiver) {
    scene s = begin();
    int value;
    reset();
    CHECK(weft_get(weft_debug_tasks));
    weft_set_debugger(ask, (void *)(uintptr_t) "fail");
    CHECK_OK(weft_submit(s.results, fail, 0));
    CHECK_STATUS(weft_receive_result(s.results, &value, WEFT_FOREVER), WEFT_FAILED);
    CHECK_EQ(wefti_load_relaxed(&asked), 1);
    weft_set_debugger(NULL, NULL);
    end(&s);
}

static void choose_restart(const weft_condition *condition, void *argument) {
    int value = 12;
    (void)condition, (void)argument;
    count_one(&asked);
    weft_invoke_restart_with("use-value", &value);
}

WEFT_TASK(int, repair) {
    volatile int result = 0;
    WEFT_RESTART_CASE {
        WEFT_TRY { result = fail(0); }
        WEFT_RESTART_WITH("use-value", int, value) { result = value; }
    }
    return result;
}

TEST(debugger_may_choose_a_restart_of_the_task) {
    scene s = begin();
    int value = 0;
    reset();
    weft_set_debugger(choose_restart, NULL);
    CHECK_OK(weft_submit(s.results, repair));
    CHECK_OK(weft_receive_result(s.results, &value, WEFT_FOREVER));
    CHECK_EQ(value, 12);
    CHECK_EQ(wefti_load_relaxed(&cleaned), 1);
    weft_set_debugger(NULL, NULL);
    end(&s);
}

/* ---- "If false, unhandled errors from tasks are automatically transferred [...] via the transfer-error restart" ----
 */

static void never(const weft_condition *condition, void *argument) {
    (void)argument;
    CHECK_STR(weft_condition_message(condition), "the debugger is not to be asked");
}

TEST(without_debugging_an_unhandled_error_is_transferred_at_once) {
    scene s = begin();
    int value;
    reset();
    weft_set_debugger(never, NULL);
    weft_set(weft_debug_tasks, false);
    CHECK_OK(weft_submit(s.results, fail, 0));
    CHECK_STATUS(weft_receive_result(s.results, &value, WEFT_FOREVER), WEFT_FAILED);
    weft_set(weft_debug_tasks, true);
    CHECK_EQ(wefti_load_relaxed(&cleaned), 1);
    weft_set_debugger(NULL, NULL);
    end(&s);
}

/* "Read inside the worker": a binding of the submitter has no effect, one of the kernel's options has. */
TEST(debug_tasks_is_read_in_the_worker) {
    static const bool off = false;
    weft_worker_binding binding = {&weft_debug_tasks, NULL, (void *)(uintptr_t)&off};
    weft_kernel_options options = {.bindings = &binding, .binding_count = 1};
    weft_kernel *kernel = weft_make_kernel(1, &options);
    weft_channel *results = weft_make_channel(int);
    int value;
    weft_set_debugger(never, NULL);
    WEFT_BIND(weft_debug_tasks, true) CHECK_OK(weft_submit(results, fail, 0));
    CHECK_STATUS(weft_receive_result(results, &value, WEFT_FOREVER), WEFT_FAILED);
    weft_set_debugger(NULL, NULL);
    CHECK_OK(weft_free_channel(results));
    CHECK_OK(weft_free_kernel(kernel));
}

/* ---- "For local control over debugger invocation, bind a task handler" ---- */

TEST(task_handler_invokes_the_debugger_whatever_debug_tasks_is) {
    scene s = begin();
    int value;
    reset();
    weft_set_debugger(ask, (void *)(uintptr_t) "fail");
    weft_set(weft_debug_tasks, false);
    WEFT_TASK_HANDLER_BIND(&weft_type_error, weft_invoke_debugger, NULL) CHECK_OK(weft_submit(s.results, fail, 0));
    CHECK_STATUS(weft_receive_result(s.results, &value, WEFT_FOREVER), WEFT_FAILED);
    weft_set(weft_debug_tasks, true);
    CHECK_EQ(wefti_load_relaxed(&asked), 1);
    weft_set_debugger(NULL, NULL);
    end(&s);
}

TEST(task_handler_transfers_the_error) {
    scene s = begin();
    int value = 5;
    weft_set_debugger(never, NULL);
    WEFT_TASK_HANDLER_BIND(&weft_type_error, weft_invoke_transfer_error, NULL) {
        CHECK_OK(weft_submit(s.results, fail, 0));
        CHECK_OK(weft_submit(s.results, fail, 3));
    }
    weft_status first = weft_receive_result(s.results, &value, WEFT_FOREVER);
    weft_status second = weft_receive_result(s.results, &value, WEFT_FOREVER);
    CHECK(first + second == WEFT_OK + WEFT_FAILED);
    CHECK_EQ(value, 3);
    weft_set_debugger(NULL, NULL);
    end(&s);
}

/* ---- "task-handler-bind: like handler-bind but handles conditions signaled inside tasks created in body" ---- */

WEFT_TASK(int, signals) {
    weft_signal(&notice, "hello");
    return 1;
}

static void receive_one(weft_channel *results) {
    int value;
    CHECK_OK(weft_receive_result(results, &value, WEFT_FOREVER));
}

TEST(task_handlers_see_conditions_of_any_kind_and_of_tasks_created_in_their_extent_only) {
    scene s = begin();
    reset();
    WEFT_TASK_HANDLER_BIND(&weft_type_condition, count_condition, &noticed) {
        CHECK_OK(weft_submit(s.results, signals));
        weft_signal(&notice, "not a task");
    }
    CHECK_OK(weft_submit(s.results, signals));
    receive_one(s.results);
    receive_one(s.results);
    CHECK_EQ(wefti_load_relaxed(&noticed), 1);
    end(&s);
}

WEFT_TASK(int, creates, (weft_channel *, results), (int, depth)) {
    if (depth > 0) CHECK_OK(weft_submit(results, creates, results, depth - 1));
    weft_signal(&notice, "hello");
    return depth;
}

TEST(task_handlers_travel_into_tasks_that_tasks_create) {
    scene s = begin();
    reset();
    WEFT_TASK_HANDLER_BIND(&notice, count_condition, &noticed) CHECK_OK(weft_submit(s.results, creates, s.results, 9));
    for (int i = 0; i < 10; i++) receive_one(s.results);
    CHECK_EQ(wefti_load_relaxed(&noticed), 10);
    end(&s);
}

static char story[16];

static void tell(const weft_condition *condition, void *letter) {
    (void)condition;
    story[strlen(story)] = *(char *)letter;
}

static char a[] = "a", b[] = "b", c[] = "c";

WEFT_TASK(int, signals_inside) {
    WEFT_HANDLER_BIND(&notice, tell, c) weft_signal(&notice, "hello");
    return 0;
}

TEST(task_handlers_run_innermost_first_after_those_of_the_task_itself) {
    scene s = begin();
    memset(story, 0, sizeof story);
    WEFT_TASK_HANDLER_BIND(&notice, tell, a) {
        WEFT_TASK_HANDLER_BIND(&weft_type_condition, tell, b) CHECK_OK(weft_submit(s.results, signals_inside));
    }
    receive_one(s.results);
    CHECK_STR(story, "cba");
    end(&s);
}

static void use_value(const weft_condition *condition, void *value) {
    (void)condition;
    weft_invoke_restart_with("use-value", (int *)value);
}

TEST(task_handler_chooses_a_restart_that_the_task_established) {
    scene s = begin();
    int chosen = 21, value = 0;
    WEFT_TASK_HANDLER_BIND(&parse_error, use_value, &chosen) CHECK_OK(weft_submit(s.results, repair));
    CHECK_OK(weft_receive_result(s.results, &value, WEFT_FOREVER));
    CHECK_EQ(value, 21);
    end(&s);
}

TEST(task_handlers_travel_with_options_and_from_plain_threads_and_with_low_priority) {
    scene s = begin();
    weft_group *group = weft_make_group(NULL);
    weft_submit_options options = {.group = group, .stack_size = 1 << 20};
    reset();
    WEFT_TASK_HANDLER_BIND(&notice, count_condition, &noticed) {
        CHECK_OK(weft_submit_with(&options, NULL, signals));
        WEFT_BIND(weft_task_priority, WEFT_PRIORITY_LOW) CHECK_OK(weft_submit(s.results, signals));
    }
    CHECK_OK(weft_wait_group(group, WEFT_FOREVER));
    receive_one(s.results);
    CHECK_EQ(wefti_load_relaxed(&noticed), 2);
    CHECK_OK(weft_free_group(group));
    end(&s);
}

static void context(weft_worker_loop *loop, void *argument) {
    WEFT_HANDLER_BIND(&notice, count_condition, argument) weft_enter_worker_loop(loop);
}

TEST(handler_bound_around_a_workers_loop_sees_its_tasks) {
    weft_kernel_options options = {.context = context, .context_argument = &noticed};
    weft_kernel *kernel = weft_make_kernel(2, &options);
    weft_channel *results = weft_make_channel(int);
    reset();
    CHECK_OK(weft_submit(results, signals));
    receive_one(results);
    CHECK_EQ(wefti_load_relaxed(&noticed), 1);
    CHECK_OK(weft_free_channel(results));
    CHECK_OK(weft_free_kernel(kernel));
}

/* ---- "invoke-transfer-error: equivalent to (invoke-restart 'transfer-error error)" ---- */

static void transfer_by_restart(const weft_condition *condition, void *unused) {
    (void)unused;
    CHECK_NOT_NULL(weft_find_restart("transfer-error"));
    weft_invoke_restart_with("transfer-error", &condition);
}

TEST(transfer_error_is_a_restart_of_every_task_and_of_nothing_else) {
    scene s = begin();
    int value;
    CHECK_NULL(weft_find_restart("transfer-error"));
    WEFT_TASK_HANDLER_BIND(&weft_type_error, transfer_by_restart, NULL) CHECK_OK(weft_submit(s.results, fail, 0));
    CHECK_STATUS(weft_receive_result(s.results, &value, WEFT_FOREVER), WEFT_FAILED);
    end(&s);
}

/* ---- "After receive-result removes such an object from the channel, the corresponding error is signaled" ---- */

static void submit_failing(weft_channel *results) {
    WEFT_TASK_HANDLER_BIND(&weft_type_error, weft_invoke_transfer_error, NULL) CHECK_OK(weft_submit(results, fail, 0));
}

static int receive_raising(weft_channel *results) {
    int value;
    weft_must(weft_receive_result(results, &value, WEFT_FOREVER));
    return value;
}

static void check_received(const weft_condition *condition) {
    CHECK_STR(weft_condition_message(condition), "bad line");
    CHECK_EQ(*(const int *)weft_condition_payload(condition, NULL), 0);
    CHECK_NULL(weft_condition_task(condition));
    const weft_condition *cause = weft_condition_cause(condition);
    CHECK(weft_condition_is(cause, &parse_error));
    CHECK_STR(weft_condition_task(cause), "fail");
    CHECK(weft_condition_backtrace(cause, NULL, 0) > 0);
}

TEST(must_signals_the_error_in_the_receiver_with_the_tasks_own_as_its_cause) {
    scene s = begin();
    volatile bool handled = false;
    submit_failing(s.results);
    WEFT_HANDLER_CASE {
        WEFT_TRY { receive_raising(s.results); }
        WEFT_HANDLE(&parse_error, condition) {
            check_received(condition);
            handled = true;
        }
    }
    CHECK(handled);
    WEFT_HANDLER_CASE {
        WEFT_TRY { weft_must(WEFT_CLOSED); }
        WEFT_HANDLE(&weft_type_closed, condition) CHECK_STR(weft_condition_message(condition), "the channel is closed");
    }
    end(&s);
}

TEST(outcome_fills_in_the_condition_and_the_last_one_can_be_looked_at) {
    scene s = begin();
    int value;
    const weft_condition *condition;
    submit_failing(s.results);
    CHECK_STATUS(weft_outcome(weft_receive_result(s.results, &value, WEFT_FOREVER), &condition), WEFT_FAILED);
    CHECK(condition == weft_last_condition());
    CHECK_STR(weft_condition_message(condition), "bad line");
    CHECK_OK(weft_submit(s.results, fail, 1));
    CHECK_OK(weft_outcome(weft_receive_result(s.results, &value, WEFT_FOREVER), &(const weft_condition *){NULL}));
    weft_release_condition(condition);
    end(&s);
}

WEFT_TASK(int, receives, (weft_channel *, results)) {
    int value;
    CHECK_STATUS(weft_receive_result(results, &value, WEFT_FOREVER), WEFT_FAILED);
    CHECK_STR(weft_condition_message(weft_last_condition()), "bad line");
    CHECK_STATUS(weft_receive(results, &value, WEFT_FOREVER), WEFT_FAILED);
    CHECK_STR(weft_condition_message(weft_last_condition()), "bad line");
    return 0;
}

TEST(condition_is_handed_to_a_task_that_waits_in_any_kind_of_channel) {
    scene s = begin();
    for (size_t capacity = 0; capacity < 3; capacity++) {
        weft_channel_options options = {.capacity = capacity};
        weft_channel *inner = weft_make_channel_with(int, &options);
        CHECK_OK(weft_submit(s.results, receives, inner));
        submit_failing(inner);
        submit_failing(inner);
        receive_one(s.results);
        submit_failing(inner); /* freed with a condition in it, or on its way */
        CHECK_OK(weft_free_channel(inner));
    }
    end(&s);
}

TEST(broadcast_tells_which_workers_failed) {
    scene s = begin();
    int values[64];
    weft_status outcomes[64];
    struct fail_arguments arguments = {0};
    unsigned workers = weft_kernel_worker_count(NULL);
    weft_set(weft_debug_tasks, false);
    CHECK_STATUS(weft_broadcast_task(NULL, &weft_task_of_fail, &arguments, values, outcomes), WEFT_FAILED);
    for (unsigned i = 0; i < workers; i++) CHECK_STATUS(outcomes[i], WEFT_FAILED);
    CHECK_STR(weft_condition_message(weft_last_condition()), "bad line");
    weft_set(weft_debug_tasks, true);
    end(&s);
}

/* ---- reports ---- */

TEST(report_names_type_message_place_task_and_functions) {
    scene s = begin();
    int value;
    char *text = NULL;
    size_t size;
    submit_failing(s.results);
    CHECK_STATUS(weft_receive_result(s.results, &value, WEFT_FOREVER), WEFT_FAILED);
    FILE *file = open_memstream(&text, &size);
    weft_print_condition(file, weft_last_condition());
    fclose(file);
    CHECK(strstr(text, "parse_error: bad line") != NULL);
    CHECK(strstr(text, "signalled in fail (") != NULL);
    CHECK(strstr(text, "in task fail:") != NULL);
    CHECK(strstr(text, "     0 ") != NULL);
    free(text);
    end(&s);
}

/* ---- "check-kernel: Ensures the value of *kernel* is a kernel instance. Provides the MAKE-KERNEL and STORE-VALUE
 * restarts. Returns *kernel*." ---- */

static void make_three(const weft_condition *condition, void *unused) {
    unsigned count = 3;
    (void)unused;
    CHECK(weft_condition_is(condition, &weft_type_no_kernel));
    weft_invoke_restart_with("make-kernel", &count);
}

static void store(const weft_condition *condition, void *kernel) {
    (void)condition;
    weft_invoke_restart_with("store-value", (weft_kernel **)kernel);
}

TEST(check_kernel_offers_to_make_a_kernel) {
    weft_kernel *volatile kernel = NULL;
    WEFT_HANDLER_BIND(&weft_type_no_kernel, make_three, NULL) kernel = weft_check_kernel();
    CHECK(kernel != NULL && kernel == weft_get(weft_current_kernel) && weft_check_kernel() == kernel);
    CHECK_EQ(weft_kernel_worker_count(kernel), 3u);
    CHECK_OK(weft_free_kernel(kernel));
}

static void make_too_many(const weft_condition *condition, void *unused) {
    unsigned count = UINT32_MAX;
    (void)condition, (void)unused;
    weft_invoke_restart_with("make-kernel", &count);
}

TEST(kernel_that_cannot_be_made_is_an_error_of_its_own_type) {
    volatile bool told = false;
    WEFT_HANDLER_CASE {
        WEFT_TRY { WEFT_HANDLER_BIND(&weft_type_no_kernel, make_too_many, NULL) weft_check_kernel(); }
        WEFT_HANDLE(&weft_type_kernel_creation, condition) {
            CHECK(strstr(weft_condition_message(condition), "no kernel of 4294967295 workers could be made") != NULL);
            told = true;
        }
    }
    CHECK(told);
    CHECK_NULL(weft_get(weft_current_kernel));
}

TEST(submitting_without_a_kernel_goes_on_with_the_one_that_is_given) {
    weft_channel *results = weft_make_channel(int);
    int value;
    CHECK_STATUS(weft_submit(results, fail, 4), WEFT_NO_KERNEL);
    WEFT_HANDLER_BIND(&weft_type_no_kernel, make_three, NULL) CHECK_OK(weft_submit(results, fail, 4));
    CHECK_OK(weft_receive_result(results, &value, WEFT_FOREVER));
    CHECK_EQ(value, 4);
    weft_kernel *kernel = weft_get(weft_current_kernel);
    WEFT_BIND(weft_current_kernel, NULL) {
        CHECK_STATUS(weft_submit(NULL, fail, 1), WEFT_NO_KERNEL);
        WEFT_HANDLER_BIND(&weft_type_no_kernel, store, &kernel) CHECK_OK(weft_submit(NULL, fail, 1));
        CHECK_OK(weft_submit(NULL, fail, 1)); /* the binding was set */
    }
    CHECK_OK(weft_free_kernel(kernel));
    CHECK_OK(weft_free_channel(results));
}

TEST(timeout_without_a_kernel_goes_on_with_the_one_that_is_given) {
    weft_channel *results = weft_make_channel(int);
    int expired = 3, cancelled = 4, value = 0;
    weft_timeout *soon = NULL, *never = NULL;
    CHECK_NULL(weft_submit_timeout(results, 0.001, &expired));
    CHECK_STATUS(weft_last_status(), WEFT_NO_KERNEL);
    WEFT_HANDLER_BIND(&weft_type_no_kernel, make_three, NULL) soon = weft_submit_timeout(results, 0.001, &expired);
    CHECK_NOT_NULL(soon);
    CHECK_OK(weft_receive_result(results, &value, WEFT_FOREVER));
    CHECK_EQ(value, 3);
    weft_kernel *kernel = weft_get(weft_current_kernel);
    WEFT_BIND(weft_current_kernel, NULL) {
        WEFT_HANDLER_BIND(&weft_type_no_kernel, store, &kernel) never = weft_submit_timeout(results, 1000, &expired);
        CHECK_NOT_NULL(never);
        CHECK_OK(weft_cancel_timeout(never, &cancelled));
        CHECK_OK(weft_receive_result(results, &value, WEFT_FOREVER));
        CHECK_EQ(value, 4);
    }
    weft_free_timeout(soon);
    weft_free_timeout(never);
    CHECK_OK(weft_free_kernel(kernel));
    CHECK_OK(weft_free_channel(results));
}

TEST(handler_that_declines_leaves_the_status) {
    reset();
    WEFT_HANDLER_BIND(&weft_type_error, count_condition, &noticed) {
        CHECK_STATUS(weft_submit(NULL, fail, 1), WEFT_NO_KERNEL);
        CHECK_STATUS(weft_broadcast_task(NULL, &weft_task_of_signals, NULL, NULL, NULL), WEFT_NO_KERNEL);
    }
    CHECK_EQ(wefti_load_relaxed(&noticed), 2);
}

/* ---- what else may fail in a task ---- */

static void fail_in_call(void *unused) {
    (void)unused;
    fail(0);
}

WEFT_TASK(int, calls) {
    CHECK_STATUS(weft_call_blocking(fail_in_call, NULL), WEFT_FAILED);
    CHECK_STR(weft_condition_message(weft_last_condition()), "bad line");
    return 0;
}

TEST(error_in_a_blocking_call_is_received_by_who_made_it) {
    scene s = begin();
    weft_set(weft_debug_tasks, false);
    CHECK_OK(weft_submit(s.results, calls));
    receive_one(s.results);
    weft_set(weft_debug_tasks, true);
    end(&s);
}

WEFT_TASK(int, fails_with_lock, (weft_channel *, channel)) {
    WEFT_WITH_LOCKED_CHANNEL(channel) { fail(0); }
    return 0;
}

TEST(error_in_a_locked_block_gives_the_lock_back) {
    scene s = begin();
    int value;
    weft_set(weft_debug_tasks, false);
    CHECK_OK(weft_submit(s.results, fails_with_lock, s.results));
    CHECK_STATUS(weft_receive_result(s.results, &value, WEFT_FOREVER), WEFT_FAILED);
    CHECK_OK(weft_lock_channel(s.results, weft_after(10)));
    CHECK_OK(weft_unlock_channel(s.results));
    weft_set(weft_debug_tasks, true);
    end(&s);
}
