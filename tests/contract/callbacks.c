/* SPDX-License-Identifier: MIT */
/* callbacks.c - functions that foreign code calls back: in place, as tasks, behind a boundary. Rows T1, T2, T4.
 *
 * The foreign code is qsort, and a walk that keeps an account which a transfer past it would leave open, as a
 * library's lock would stay locked: after each test the account is closed. Each body runs in a plain thread and in a
 * task.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>

#include "contract/common.h"

WEFT_CONDITION_TYPE(bad_number, weft_type_error);

static atomic_int open_walks; /* frames of foreign code on some stack */
static atomic_int cleaned;

static void count_cleaned(void *unused) {
    (void)unused;
    atomic_fetch_add(&cleaned, 1);
}

/* Foreign code: calls back until somebody has had enough. */
static int walk(int (*each)(void *argument), void *argument, int rounds) {
    int answer = 0;
    atomic_fetch_add(&open_walks, 1);
    for (int i = 0; i < rounds && answer == 0; i++) answer = each(argument);
    atomic_fetch_sub(&open_walks, 1);
    return answer;
}

/* What it is given: the user's function, behind the boundary or as a task. */
typedef struct errand {
    int (*function)(void *argument);
    void *argument;
    weft_status status;
    int result;
} errand;

static int in_place(void *argument) {
    errand *e = argument;
    e->status = weft_call_in_thread(e->function, e->argument, &e->result);
    return e->status != WEFT_OK;
}

static int as_task(void *argument) {
    errand *e = argument;
    e->status = weft_call_as_task(NULL, e->function, e->argument, &e->result);
    return e->status != WEFT_OK;
}

/* ---- both kinds of callers ---- */

typedef void body(void);
WEFT_TASK(void, run_body, (body *, function)) { function(); }

static void *thread_of_body(void *argument) {
    (*(body **)argument)();
    return NULL;
}

static void in_thread_and_task(body *function) {
    pthread_t thread;
    weft_kernel *kernel = kernel_here();
    weft_channel *done = weft_make_done_channel();
    if (start_thread(&thread, thread_of_body, &function)) join_thread(thread);
    CHECK_OK(weft_submit(done, run_body, function));
    CHECK_OK(weft_receive_done(done, patience()));
    CHECK_OK(weft_free_channel(done));
    CHECK_EQ(atomic_load(&open_walks), 0);
    end_and_free(kernel);
}

/* ---- errors ---- */

static int fails(void *argument) {
    WEFT_UNWIND_PROTECT(count_cleaned, NULL) {
        if (--*(int *)argument == 0) weft_error(&bad_number, "no more");
    }
    return 0;
}

static void asked(const weft_condition *condition, void *argument) {
    (void)condition;
    atomic_fetch_add((atomic_int *)argument, 1);
}

static void errors_become_statuses(void) {
    int left = 3;
    atomic_int handlers = 0;
    errand e = {.function = fails, .argument = &left};
    int cleaned_before = atomic_load(&cleaned);
    volatile bool reached = false;
    WEFT_HANDLER_CASE {
        WEFT_TRY {
            WEFT_HANDLER_BIND(&bad_number, asked, &handlers) { CHECK_EQ(walk(in_place, &e, 10), 1); }
            reached = true;
        }
        WEFT_HANDLE(&bad_number, condition) { FAIL("it has passed: %s", weft_condition_message(condition)); }
    }
    CHECK(reached);
    CHECK_STATUS(e.status, WEFT_FAILED);
    CHECK_EQ(left, 0);
    CHECK_EQ(atomic_load(&handlers), 1); /* asked, at the place of the error */
    CHECK_EQ(atomic_load(&cleaned), cleaned_before + 3);
    CHECK(weft_condition_is(weft_last_condition(), &bad_number));
    CHECK_STR(weft_condition_message(weft_last_condition()), "no more");
}

TEST(an_error_ends_at_the_boundary_and_a_case_outside_declines) { in_thread_and_task(errors_become_statuses); }

static void raised_again(void) {
    int left = 1;
    errand e = {.function = fails, .argument = &left};
    volatile bool handled = false;
    WEFT_HANDLER_CASE {
        WEFT_TRY {
            if (walk(in_place, &e, 10) != 0) weft_error_again(weft_last_condition());
        }
        WEFT_HANDLE(&bad_number, condition) { handled = weft_condition_message(condition) != NULL; }
    }
    CHECK(handled);
}

TEST(what_ended_a_callback_is_raised_again_when_foreign_code_has_returned) { in_thread_and_task(raised_again); }

static void count_debugged(const weft_condition *condition, void *argument) { asked(condition, argument); }

TEST(the_debugger_is_not_asked_for_what_a_boundary_takes) {
    atomic_int debugged = 0;
    int left = 1;
    weft_set_debugger(count_debugged, &debugged);
    CHECK_STATUS(weft_call_in_thread(fails, &left, NULL), WEFT_FAILED);
    weft_set_debugger(NULL, NULL);
    CHECK_EQ(atomic_load(&debugged), 0);
}

/* A comparison that cannot go on: the order is anything then, and qsort comes to its end. */
typedef struct comparison {
    int a, b;
} comparison;
static __thread weft_status sorting;

static int compare_checked(void *argument) {
    const comparison *c = argument;
    if (c->a < 0 || c->b < 0) weft_error(&bad_number, "%d is negative", c->a < 0 ? c->a : c->b);
    return c->a < c->b ? -1 : c->a > c->b;
}

static int compare(const void *a, const void *b) {
    int result = 0;
    comparison c = {*(const int *)a, *(const int *)b};
    if (sorting != WEFT_OK) return 0;
    sorting = weft_call_in_thread(compare_checked, &c, &result);
    return result;
}

static void sorts(void) {
    int numbers[1000];
    for (int i = 0; i < 1000; i++) numbers[i] = i * 7919 % 1000;
    sorting = WEFT_OK;
    qsort(numbers, 1000, sizeof *numbers, compare);
    CHECK_STATUS(sorting, WEFT_OK);
    for (int i = 0; i < 1000; i++)
        if (!CHECK_EQ(numbers[i], i)) break;
    numbers[500] = -5;
    qsort(numbers, 1000, sizeof *numbers, compare);
    CHECK_STATUS(sorting, WEFT_FAILED);
    CHECK_STR(weft_condition_message(weft_last_condition()), "-5 is negative");
}

TEST(qsort_comes_to_its_end_whatever_its_comparison_signals) { in_thread_and_task(sorts); }

/* ---- restarts and handlers on both sides ---- */

static int skips(void *argument) {
    volatile int skipped = 0;
    WEFT_RESTART_CASE {
        WEFT_TRY { fails(argument); }
        WEFT_RESTART("skip") { skipped = 1; }
    }
    CHECK_NULL(weft_find_restart("outside"));
    return skipped;
}

static void invoke_skip(const weft_condition *condition, void *unused) {
    (void)condition, (void)unused;
    CHECK_STATUS(weft_invoke_restart("outside"), WEFT_INVALID);
    weft_invoke_restart("skip");
}

static void restarts(void) {
    int left = 1;
    errand e = {.function = skips, .argument = &left};
    WEFT_RESTART_CASE {
        WEFT_TRY {
            WEFT_HANDLER_BIND(&bad_number, invoke_skip, NULL) {
                CHECK_EQ(walk(in_place, &e, 1), 0);
                CHECK_NOT_NULL(weft_find_restart("outside")); /* there again */
            }
        }
        WEFT_RESTART("outside") { FAIL("control has passed the boundary"); }
    }
    CHECK_OK(e.status);
    CHECK_EQ(e.result, 1);
}

TEST(a_handler_outside_may_choose_a_restart_inside_and_none_outside) { in_thread_and_task(restarts); }

static int transfers(void *argument) {
    int left = 1;
    WEFT_HANDLER_BIND(&weft_type_error, weft_invoke_transfer_error, NULL) { fails(&left); }
    return *(int *)argument;
}

static void transfers_end_there(void) {
    int one = 1;
    errand inner = {.function = transfers, .argument = &one};
    errand outer = {.function = in_place, .argument = &inner}; /* the innermost of two */
    CHECK_EQ(walk(in_place, &outer, 1), 0);
    CHECK_STATUS(inner.status, WEFT_FAILED);
    CHECK_OK(outer.status);
    CHECK_EQ(outer.result, 1);
}

TEST(a_transferred_error_comes_to_the_innermost_boundary) { in_thread_and_task(transfers_end_there); }

/* ---- as tasks ---- */

static int where(void *argument) {
    *(int *)argument = weft_kernel_worker_index();
    return 5;
}

static void passes_on(void) {
    int worker = -1, left = 2;
    errand e = {.function = where, .argument = &worker};
    CHECK_EQ(walk(as_task, &e, 3), 0);
    CHECK_EQ(e.result, 5);
    CHECK_GE(worker, 0);
    CHECK_LT(worker, (int)harness_workers());
    weft_set(weft_debug_tasks, false);
    e = (errand){.function = fails, .argument = &left};
    CHECK_EQ(walk(as_task, &e, 5), 1);
    CHECK_STATUS(e.status, WEFT_FAILED);
    CHECK_STR(weft_condition_message(weft_last_condition()), "no more");
}

TEST(a_callback_may_run_as_a_task_from_a_thread_and_from_a_task) {
    in_thread_and_task(passes_on);
    weft_set(weft_debug_tasks, true);
}

static const char doomed[] = "doomed";

static int waits_for_ever(void *argument) {
    int value;
    weft_receive((weft_channel *)argument, &value, WEFT_FOREVER);
    return 0;
}

static void *kills_soon(void *kernel) {
    size_t killed = 0;
    weft_deadline until = patience();
    while (killed == 0 && weft_time() < until) killed = weft_kill_tasks(kernel, doomed, NULL);
    CHECK_EQ(killed, 1);
    return NULL;
}

TEST(a_callback_as_a_task_that_is_killed_or_cancelled_says_so) {
    weft_kernel *kernel = kernel_here();
    weft_channel *never = bounded_channel(sizeof(int), 1);
    pthread_t killer;
    if (start_thread(&killer, kills_soon, kernel)) {
        WEFT_BIND(weft_task_category, doomed) {
            CHECK_STATUS(weft_call_as_task(NULL, waits_for_ever, never, NULL), WEFT_KILLED);
        }
        join_thread(killer);
    }
    weft_group *group = weft_make_group(NULL);
    CHECK_OK(weft_cancel_group(group));
    weft_submit_options options = {.group = group};
    CHECK_STATUS(weft_call_as_task(&options, waits_for_ever, never, NULL), WEFT_CANCELLED);
    CHECK_OK(weft_free_group(group));
    CHECK_OK(weft_free_channel(never));
    end_and_free(kernel);
}

TEST(a_callback_as_a_task_wants_a_function_and_a_kernel) {
    CHECK_STATUS(weft_call_as_task(NULL, where, NULL, NULL), WEFT_NO_KERNEL);
    CHECK_STATUS(weft_call_as_task(NULL, NULL, NULL, NULL), WEFT_INVALID);
    CHECK_STATUS(weft_call_in_thread(NULL, NULL, NULL), WEFT_INVALID);
    weft_kernel *kernel = kernel_here();
    weft_channel *channel = bounded_channel(sizeof(int), 1);
    CHECK_OK(weft_lock_channel(channel, patience()));
    CHECK_STATUS(weft_call_as_task(NULL, where, NULL, NULL), WEFT_INVALID);
    CHECK_OK(weft_unlock_channel(channel));
    CHECK_OK(weft_free_channel(channel));
    end_and_free(kernel);
}

/* ---- on a thread's own stack ---- */

typedef struct on_thread {
    weft_call_on_thread call; /* first */
    int n;
} on_thread;

static void sum_on_thread(void *arguments, void *result) {
    const on_thread *a = arguments;
    CHECK_EQ(weft_kernel_worker_index(), -1);
    CHECK_NE(weft_current_process(), 0); /* a plain thread */
    if (a->n < 0) weft_error(&bad_number, "%d is negative", a->n);
    *(int *)result = a->n + 1;
}

TEST(a_task_may_run_on_a_threads_own_stack) {
    static const weft_task_type type = {"on a thread", weft_invoke_on_thread, sizeof(on_thread), sizeof(int)};
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(int);
    int value = 0;
    atomic_int debugged = 0;
    weft_set_debugger(count_debugged, &debugged);
    CHECK_OK(weft_submit_task(NULL, results, &type, &(on_thread){{sum_on_thread}, 4}));
    CHECK_OK(weft_receive_result(results, &value, patience()));
    CHECK_EQ(value, 5);
    CHECK_OK(weft_submit_task(NULL, results, &type, &(on_thread){{sum_on_thread}, -4}));
    CHECK_STATUS(weft_receive_result(results, &value, patience()), WEFT_FAILED);
    CHECK_STR(weft_condition_message(weft_last_condition()), "-4 is negative");
    CHECK_NULL(weft_condition_cause(weft_last_condition())); /* the same error, not another that it has caused */
    CHECK_EQ(atomic_load(&debugged), 1);
    weft_set_debugger(NULL, NULL);
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

/* ---- kills and exits ---- */

typedef struct visit {
    weft_channel *in, *ready;
    FILE *file;
    weft_process process;
} visit;

static int waits_inside(void *argument) {
    visit *v = argument;
    int value = 0;
    CHECK_OK(weft_send(v->ready, &value, patience()));
    CHECK_OK(weft_receive(v->in, &value, patience())); /* marked by now, and not dead */
    return value;
}

/* The C library calls it with the file's lock held. */
static ssize_t read_for_file(void *cookie, char *to, size_t size) {
    errand e = {.function = waits_inside, .argument = cookie};
    if (size == 0 || in_place(&e) != 0) return -1;
    *to = (char)e.result;
    return 1;
}

WEFT_TASK(void, to_be_killed, (visit *, v)) {
    int value = fgetc(v->file);
    CHECK_EQ(value, 'x');
    weft_receive(v->in, &value, WEFT_FOREVER);
    FAIL("it has outlived its kill");
}

TEST(a_kill_waits_until_foreign_code_has_returned) {
    weft_kernel *kernel = kernel_here();
    visit v = {.in = bounded_channel(sizeof(int), 1), .ready = bounded_channel(sizeof(int), 1)};
    v.file = fopencookie(&v, "r", (cookie_io_functions_t){.read = read_for_file});
    weft_channel *done = weft_make_done_channel();
    int value;
    WEFT_BIND(weft_task_category, doomed) CHECK_OK(weft_submit(done, to_be_killed, &v));
    CHECK_OK(weft_receive(v.ready, &value, patience()));
    CHECK_EQ(weft_kill_tasks(kernel, doomed, NULL), 1);
    CHECK_STATUS(weft_receive_done(done, weft_after(0.05)), WEFT_TIMED_OUT);
    CHECK_NE(ftrylockfile(v.file), 0);
    CHECK_OK(weft_send(v.in, &(int){'x'}, patience()));
    CHECK_STATUS(weft_receive_done(done, patience()), WEFT_KILLED);
    if (CHECK_EQ(ftrylockfile(v.file), 0)) fclose(v.file);
    CHECK_OK(weft_free_channel(done));
    CHECK_OK(weft_free_channel(v.in));
    CHECK_OK(weft_free_channel(v.ready));
    end_and_free(kernel);
}

/* The same for the call of a plain thread. */
static int calls_file(void *argument) {
    visit *v = argument;
    int value = fgetc(v->file);
    CHECK_EQ(value, 'x');
    weft_receive(v->in, &value, WEFT_FOREVER);
    FAIL("it has outlived its kill");
    return 0;
}

static void *killable_thread(void *argument) {
    visit *v = argument;
    v->process = weft_current_process();
    CHECK_STATUS(weft_call_killable(calls_file, v, NULL), WEFT_KILLED);
    return NULL;
}

TEST(a_kill_of_a_threads_call_waits_as_well) {
    visit v = {.in = bounded_channel(sizeof(int), 1), .ready = bounded_channel(sizeof(int), 1)};
    v.file = fopencookie(&v, "r", (cookie_io_functions_t){.read = read_for_file});
    pthread_t thread;
    int value;
    if (!start_thread(&thread, killable_thread, &v)) return;
    CHECK_OK(weft_receive(v.ready, &value, patience()));
    CHECK_OK(weft_kill_process(v.process));
    CHECK_NE(ftrylockfile(v.file), 0);
    CHECK_OK(weft_send(v.in, &(int){'x'}, patience()));
    join_thread(thread);
    if (CHECK_EQ(ftrylockfile(v.file), 0)) fclose(v.file);
    CHECK_OK(weft_free_channel(v.in));
    CHECK_OK(weft_free_channel(v.ready));
}

static int exits(void *argument) {
    WEFT_UNWIND_PROTECT(count_cleaned, NULL) pthread_exit(argument);
    return 0;
}

static void *calls_and_exits(void *argument) {
    weft_call_in_thread(exits, argument, NULL);
    FAIL("it goes on");
    return NULL;
}

TEST(a_thread_may_exit_in_a_callback) {
    pthread_t thread;
    int mark;
    void *result = NULL;
    size_t before = weft_process_count();
    if (!start_thread(&thread, calls_and_exits, &mark)) return;
    CHECK_EQ(pthread_join(thread, &result), 0);
    CHECK_PTR(result, &mark);
    CHECK_EQ(weft_process_count(), before);
}

/* ---- many at once ---- */

static void *sorts_in_a_thread(void *unused) {
    sorts();
    return unused;
}

TEST(many_threads_call_back_at_once) {
    enum { THREADS = 32 };
    pthread_t threads[THREADS];
    size_t before = weft_process_count(), started = 0;
    while (started < THREADS && start_thread(&threads[started], sorts_in_a_thread, NULL)) started++;
    for (size_t i = 0; i < started; i++) join_thread(threads[i]);
    CHECK_LE(weft_process_count(), before); /* a worker of an earlier test may have been on its way out */
}
