/* SPDX-License-Identifier: MIT */
/* scope.c - row X3: scopes. No task outlives its scope, every wait ends when it is cancelled, by a call, by its
 * deadline, by a task that fails, by a scope around it; and what ends how is told to the parent. */
#define _GNU_SOURCE 1

#include "contract/common.h"

#include <unistd.h>

WEFT_CONDITION_TYPE(bad_luck, weft_type_error);

typedef struct scene {
    weft_kernel *kernel;
    weft_channel *never, *full, *results;
    weft_group *ever;
    weft_future *promise;
    weft_mutex *mutex;
    int pipe[2];
    atomic_int begun, ended, cleaned;
    weft_scope *scope;
} scene;

WEFT_TASK(void, last_for_ever, (weft_channel *, until)) {
    int value;
    (void)weft_receive(until, &value, WEFT_FOREVER);
}

static void open_scene(scene *s) {
    weft_set(weft_debug_tasks, false);
    *s = (scene){.kernel = kernel_here(), .never = weft_make_channel(int), .results = weft_make_channel(int)};
    s->full = bounded_channel(sizeof(int), 1);
    CHECK_OK(weft_send(s->full, &(int){1}, WEFT_NOW));
    s->ever = weft_make_group("ever");
    s->promise = weft_make_promise(int);
    s->mutex = weft_make_mutex("taken");
    CHECK_EQ(pipe(s->pipe), 0);
}

static void close_scene(scene *s) {
    CHECK_OK(weft_free_channel(s->never));
    CHECK_OK(weft_free_channel(s->full));
    CHECK_OK(weft_free_channel(s->results));
    CHECK_OK(weft_free_group(s->ever));
    weft_release_future(s->promise);
    CHECK_OK(weft_free_mutex(s->mutex));
    close(s->pipe[0]);
    close(s->pipe[1]);
    end_and_free(s->kernel);
    weft_set(weft_debug_tasks, true);
}

/* ---- kinds of waits ---- */

static weft_status by_receive(scene *s) { return weft_receive(s->never, &(int){0}, WEFT_FOREVER); }
static weft_status by_receive_until(scene *s) { return weft_receive(s->never, &(int){0}, patience()); }
static weft_status by_result(scene *s) { return weft_receive_result(s->never, &(int){0}, WEFT_FOREVER); }
static weft_status by_send(scene *s) { return weft_send(s->full, &(int){0}, WEFT_FOREVER); }
static weft_status by_send_until(scene *s) { return weft_send(s->full, &(int){0}, patience()); }
static weft_status by_sleep(scene *s) { return s != NULL ? weft_sleep(patience()) : WEFT_INVALID; }
static weft_status by_group(scene *s) { return weft_wait_group(s->ever, WEFT_FOREVER); }
static weft_status by_future(scene *s) { return weft_force(s->promise, &(int){0}, WEFT_FOREVER); }
static weft_status by_descriptor(scene *s) { return weft_wait_readable(s->pipe[0], WEFT_FOREVER); }

static weft_status by_alternation(scene *s) {
    int in = 0, out = 0;
    weft_operation operations[] = {WEFT_TO_RECEIVE(s->never, &in), WEFT_TO_SEND(s->full, &out)};
    return weft_alternate(operations, 2, WEFT_FAIR, WEFT_FOREVER) == NULL ? weft_last_status() : WEFT_OK;
}

static weft_status by_mutex(scene *s) {
    weft_hold hold;
    return weft_lock_mutex(s->mutex, &hold, WEFT_FOREVER);
}

static const struct {
    const char *name;
    weft_status (*wait)(scene *s);
} kinds[] = {{"receive", by_receive},
             {"receive until", by_receive_until},
             {"result", by_result},
             {"send", by_send},
             {"send until", by_send_until},
             {"sleep", by_sleep},
             {"group", by_group},
             {"future", by_future},
             {"descriptor", by_descriptor},
             {"alternation", by_alternation},
             {"mutex", by_mutex}};
enum { KINDS = sizeof kinds / sizeof *kinds };

static void count_clean_up(void *of) { atomic_fetch_add(&((scene *)of)->cleaned, 1); }

/* Twice: later waits end too. */
WEFT_TASK(int, waiting, (scene *, s), (int, kind)) {
    WEFT_UNWIND_PROTECT(count_clean_up, s) {
        atomic_fetch_add(&s->begun, 1);
        for (int i = 0; i < 2; i++) {
            weft_status status = kinds[kind].wait(s);
            if (!CHECK_STATUS(status, WEFT_CANCELLED)) FAIL("%s, wait %d", kinds[kind].name, i + 1);
            CHECK(weft_condition_is(weft_last_condition(), &weft_type_task_cancelled));
            CHECK(weft_cancelled());
        }
    }
    atomic_fetch_add(&s->ended, 1);
    return 1;
}

/* Something that the group waits for, and somebody who has the mutex, outside of the scope. */
typedef struct outside {
    weft_channel *end;
    weft_hold hold;
} outside;

static void begin_outside(scene *s, outside *o) {
    o->end = weft_make_channel(int);
    const weft_submit_options options = {.group = s->ever, .kernel = s->kernel};
    CHECK_OK(weft_submit_with(&options, NULL, last_for_ever, o->end));
    CHECK_OK(weft_lock_mutex(s->mutex, &o->hold, WEFT_FOREVER));
}

static void end_outside(scene *s, outside *o) {
    weft_unlock_mutex(&o->hold);
    CHECK_OK(weft_send(o->end, &(int){1}, patience()));
    CHECK_OK(weft_wait_group(s->ever, patience()));
    CHECK_OK(weft_free_channel(o->end));
}

TEST(every_wait_of_its_tasks_ends_when_a_scope_is_cancelled) {
    scene s;
    outside o;
    open_scene(&s);
    begin_outside(&s, &o);
    weft_scope *scope = weft_begin_scope(s.kernel, WEFT_FOREVER);
    for (int kind = 0; kind < KINDS; kind++) CHECK_OK(weft_scope_submit(scope, s.results, waiting, &s, kind));
    CHECK_EVENTUALLY(atomic_load(&s.begun) == KINDS);
    CHECK_OK(weft_cancel_scope(scope));
    CHECK_OK(weft_cancel_scope(scope));
    CHECK_STATUS(weft_join_scope(scope), WEFT_CANCELLED);
    CHECK_EQ(atomic_load(&s.ended), KINDS);
    CHECK_EQ(atomic_load(&s.cleaned), KINDS);
    for (int kind = 0; kind < KINDS; kind++) CHECK_OK(weft_receive_result(s.results, &(int){0}, patience()));
    CHECK(!weft_cancelled());
    end_outside(&s, &o);
    close_scene(&s);
}

static void *cancel_soon(void *argument) {
    scene *s = argument;
    for (int i = 0; i < 100; i++) sched_yield();
    CHECK_OK(weft_cancel_scope(s->scope));
    atomic_fetch_add(&s->ended, 1);
    return NULL;
}

TEST(every_wait_of_a_thread_ends_when_its_scope_is_cancelled) {
    scene s;
    outside o;
    open_scene(&s);
    begin_outside(&s, &o);
    weft_unlock_mutex(&o.hold); /* which a thread would have itself */
    for (int kind = 0; kind < KINDS - 1; kind++) {
        pthread_t thread;
        s.scope = weft_begin_scope(s.kernel, WEFT_FOREVER);
        start_thread(&thread, cancel_soon, &s);
        for (int i = 0; i < 2; i++)
            if (!CHECK_STATUS(kinds[kind].wait(&s), WEFT_CANCELLED)) FAIL("%s, wait %d", kinds[kind].name, i + 1);
        join_thread(thread);
        CHECK_STATUS(weft_join_scope(s.scope), WEFT_CANCELLED);
    }
    CHECK_OK(weft_lock_mutex(s.mutex, &o.hold, WEFT_FOREVER));
    end_outside(&s, &o);
    close_scene(&s);
}

/* ---- what the parent is told ---- */

WEFT_TASK(int, add, (int, a), (int, b)) { return a + b; }

TEST(a_scope_waits_for_its_tasks) {
    scene s;
    int sum = 0, value;
    open_scene(&s);
    WEFT_SCOPE(scope) {
        for (int i = 0; i < 50; i++) CHECK_OK(weft_scope_submit(scope, s.results, add, i, 1));
    }
    for (int i = 0; i < 50; i++) {
        CHECK_OK(weft_receive_result(s.results, &value, WEFT_NOW)); /* all are there */
        sum += value;
    }
    CHECK_EQ(sum, 50 * 51 / 2);
    weft_scope *empty = weft_begin_scope(NULL, WEFT_FOREVER);
    CHECK_OK(weft_join_scope(empty));
    close_scene(&s);
}

WEFT_TASK(int, failing, (scene *, s)) {
    while (atomic_load(&s->begun) < KINDS) weft_yield();
    weft_error(&bad_luck, "no luck today");
}

static void fail_among_others(void *argument) {
    scene *s = argument;
    WEFT_SCOPE(scope) {
        for (int kind = 0; kind < KINDS; kind++) CHECK_OK(weft_scope_submit(scope, NULL, waiting, s, kind));
        CHECK_OK(weft_scope_submit(scope, NULL, failing, s));
        CHECK_STATUS(weft_sleep(patience()), WEFT_CANCELLED); /* the parent hears of it where it waits */
    }
    FAIL("the error did not come to the parent");
}

TEST(error_of_a_task_cancels_its_siblings_and_is_signalled_in_the_parent) {
    scene s;
    outside o;
    const weft_condition *condition = NULL;
    open_scene(&s);
    begin_outside(&s, &o);
    CHECK(!weft_call_handling(fail_among_others, &s, &bad_luck, &condition));
    CHECK_STR(weft_condition_message(condition), "no luck today");
    CHECK_STR(weft_condition_task(weft_condition_cause(condition)), "failing");
    CHECK_EQ(atomic_load(&s.ended), KINDS);
    weft_release_condition(condition);
    end_outside(&s, &o);
    close_scene(&s);
}

WEFT_TASK(int, parent_task, (scene *, s)) {
    weft_scope *scope = weft_begin_scope(NULL, WEFT_FOREVER);
    for (int kind = 0; kind < KINDS; kind++) CHECK_OK(weft_scope_submit(scope, NULL, waiting, s, kind));
    CHECK_OK(weft_scope_submit(scope, NULL, failing, s));
    CHECK_STATUS(weft_receive(s->never, &(int){0}, WEFT_FOREVER), WEFT_CANCELLED);
    CHECK_STATUS(weft_join_scope(scope), WEFT_FAILED);
    CHECK(weft_condition_is(weft_last_condition(), &bad_luck));
    CHECK_EQ(atomic_load(&s->ended), KINDS);
    return 5;
}

TEST(a_task_may_be_the_parent) {
    scene s;
    outside o;
    int value = 0;
    open_scene(&s);
    begin_outside(&s, &o);
    CHECK_OK(weft_submit(s.results, parent_task, &s));
    CHECK_OK(weft_receive_result(s.results, &value, patience()));
    CHECK_EQ(value, 5);
    end_outside(&s, &o);
    close_scene(&s);
}

TEST(deadline_cancels_all_of_it) {
    scene s;
    open_scene(&s);
    weft_scope *scope = weft_begin_scope(s.kernel, weft_after(0.01));
    for (int i = 0; i < 10; i++) CHECK_OK(weft_scope_submit(scope, NULL, waiting, &s, i % 6));
    CHECK_STATUS(by_receive(&s), WEFT_CANCELLED);
    CHECK_STATUS(weft_join_scope(scope), WEFT_TIMED_OUT);
    CHECK_EQ(atomic_load(&s.ended), atomic_load(&s.begun)); /* some may not have begun */
    scope = weft_begin_scope(s.kernel, WEFT_NOW);
    CHECK(weft_cancelled());
    CHECK_OK(weft_scope_submit(scope, s.results, add, 1, 2));
    CHECK_STATUS(weft_join_scope(scope), WEFT_TIMED_OUT);
    CHECK_STATUS(weft_receive_result(s.results, &(int){0}, patience()), WEFT_CANCELLED);
    scope = weft_begin_scope(s.kernel, patience());
    CHECK_OK(weft_scope_submit(scope, NULL, add, 1, 2));
    CHECK_OK(weft_join_scope(scope));
    close_scene(&s);
}

static void be_late(void *argument) {
    scene *s = argument;
    WEFT_SCOPE_UNTIL(scope, weft_after(0.005)) {
        CHECK_OK(weft_scope_submit(scope, NULL, waiting, s, 0));
        CHECK_STATUS(by_sleep(s), WEFT_CANCELLED);
    }
}

TEST(block_signals_that_its_deadline_has_passed) {
    scene s;
    open_scene(&s);
    CHECK(!weft_call_handling(be_late, &s, &weft_type_timed_out, NULL));
    close_scene(&s);
}

static const char doomed[] = "doomed";

TEST(killed_task_counts_as_failed) {
    scene s;
    open_scene(&s);
    weft_scope *scope = weft_begin_scope(s.kernel, WEFT_FOREVER);
    CHECK_OK(weft_scope_submit(scope, NULL, waiting, &s, 0));
    WEFT_BIND(weft_task_category, doomed) CHECK_OK(weft_scope_submit(scope, NULL, last_for_ever, s.never));
    CHECK_EVENTUALLY(weft_kill_tasks(s.kernel, doomed, &(weft_kill_options){.dry_run = true}) == 1);
    CHECK_EVENTUALLY(atomic_load(&s.begun) == 1);
    CHECK_EVENTUALLY(weft_kill_tasks(s.kernel, doomed, NULL) == 1);
    CHECK_STATUS(weft_join_scope(scope), WEFT_KILLED);
    CHECK_EQ(atomic_load(&s.ended), 1);
    close_scene(&s);
}

/* ---- tasks ---- */

WEFT_TASK(int, computing, (scene *, s)) {
    atomic_fetch_add(&s->begun, 1);
    weft_deadline until = patience();
    while (!weft_cancelled() && weft_time() < until) sched_yield();
    weft_check_cancelled();
    return 1;
}

TEST(task_that_computes_may_ask_and_one_not_begun_never_begins) {
    scene s;
    int workers = (int)harness_workers(), cancelled = 0;
    open_scene(&s);
    weft_scope *scope = weft_begin_scope(s.kernel, WEFT_FOREVER);
    for (int i = 0; i < workers; i++) CHECK_OK(weft_scope_submit(scope, s.results, computing, &s));
    CHECK_EVENTUALLY(atomic_load(&s.begun) == workers);
    for (int i = 0; i < 20; i++) CHECK_OK(weft_scope_submit(scope, s.results, computing, &s));
    CHECK_OK(weft_cancel_scope(scope));
    CHECK_STATUS(weft_join_scope(scope), WEFT_CANCELLED);
    CHECK_EQ(atomic_load(&s.begun), workers);
    for (int i = 0; i < workers + 20; i++)
        cancelled += weft_receive_result(s.results, &(int){0}, patience()) == WEFT_CANCELLED;
    CHECK_EQ(cancelled, workers + 20);
    close_scene(&s);
}

static void say_goodbye(void *argument) {
    scene *s = argument;
    CHECK_OK(weft_sleep(weft_after(0.001)));
    atomic_fetch_add(&s->cleaned, 1);
}

WEFT_TASK(int, polite, (scene *, s)) {
    WEFT_UNWIND_PROTECT(say_goodbye, s) {
        atomic_fetch_add(&s->begun, 1);
        CHECK_STATUS(by_receive(s), WEFT_CANCELLED);
        WEFT_WITHOUT_CANCEL {
            CHECK(!weft_cancelled());
            CHECK_OK(weft_sleep(weft_after(0.001)));
        }
        CHECK_STATUS(by_sleep(s), WEFT_CANCELLED);
    }
    return 1;
}

TEST(cleanups_and_blocks_without_cancel_wait_as_ever) {
    scene s;
    open_scene(&s);
    weft_scope *scope = weft_begin_scope(s.kernel, WEFT_FOREVER);
    for (int i = 0; i < 5; i++) CHECK_OK(weft_scope_submit(scope, NULL, polite, &s));
    CHECK_EVENTUALLY(atomic_load(&s.begun) == 5);
    CHECK_OK(weft_cancel_scope(scope));
    CHECK_STATUS(weft_join_scope(scope), WEFT_CANCELLED);
    CHECK_EQ(atomic_load(&s.cleaned), 5);
    close_scene(&s);
}

TEST(futures_and_movable_tasks_belong_to_it_too) {
    scene s;
    open_scene(&s);
    weft_scope *scope = weft_begin_scope(s.kernel, WEFT_FOREVER);
    weft_future *future = weft_future_with(weft_scope_options(scope), waiting, &s, 0);
    weft_submit_options options = {.group = weft_scope_group(scope), .movable = true, .stack_size = 1 << 20};
    CHECK_OK(weft_submit_with(&options, s.results, waiting, &s, 3));
    CHECK_EVENTUALLY(atomic_load(&s.begun) == 2);
    CHECK_OK(weft_cancel_scope(scope));
    CHECK_STATUS(weft_join_scope(scope), WEFT_CANCELLED);
    CHECK_EQ(atomic_load(&s.ended), 2);
    CHECK_OK(weft_receive_result(s.results, &(int){0}, patience()));
    CHECK_OK(weft_force(future, &(int){0}, patience()));
    weft_release_future(future);
    close_scene(&s);
}

/* ---- scopes in scopes ---- */

WEFT_TASK(int, nest, (scene *, s), (int, depth)) {
    if (depth == 0) return weft_call(waiting, s, 1);
    weft_scope *scope = weft_begin_scope(NULL, WEFT_FOREVER);
    CHECK_OK(weft_scope_submit(scope, NULL, nest, s, depth - 1));
    CHECK_OK(weft_scope_submit(scope, NULL, nest, s, depth - 1));
    CHECK_STATUS(weft_join_scope(scope), WEFT_CANCELLED);
    return 1;
}

TEST(cancelling_a_scope_cancels_those_inside) {
    scene s;
    open_scene(&s);
    weft_scope *scope = weft_begin_scope(s.kernel, WEFT_FOREVER);
    CHECK_OK(weft_scope_submit(scope, NULL, nest, &s, 4));
    CHECK_EVENTUALLY(atomic_load(&s.begun) == 16);
    CHECK_OK(weft_cancel_scope(scope));
    CHECK_STATUS(weft_join_scope(scope), WEFT_CANCELLED);
    CHECK_EQ(atomic_load(&s.ended), 16);
    close_scene(&s);
}

TEST(cancelling_a_scope_leaves_the_one_around_it_alone) {
    scene s;
    open_scene(&s);
    weft_scope *outer = weft_begin_scope(s.kernel, WEFT_FOREVER);
    weft_scope *inner = weft_begin_scope(s.kernel, WEFT_FOREVER);
    CHECK_STATUS(weft_join_scope(outer), WEFT_INVALID); /* not the innermost */
    CHECK_OK(weft_scope_submit(outer, s.results, add, 4, 5));
    CHECK_OK(weft_cancel_scope(inner));
    CHECK_STATUS(by_sleep(&s), WEFT_CANCELLED);
    CHECK_STATUS(weft_join_scope(inner), WEFT_CANCELLED);
    CHECK_OK(weft_sleep(weft_after(0.0001)));
    CHECK_OK(weft_receive_result(s.results, &(int){0}, patience()));
    CHECK_OK(weft_join_scope(outer));
    close_scene(&s);
}

TEST(a_scope_begun_inside_a_cancelled_one_is_cancelled) {
    scene s;
    open_scene(&s);
    weft_scope *outer = weft_begin_scope(s.kernel, WEFT_FOREVER);
    CHECK_OK(weft_cancel_scope(outer));
    weft_scope *inner = weft_begin_scope(s.kernel, WEFT_FOREVER);
    CHECK(weft_cancelled());
    CHECK_STATUS(weft_join_scope(inner), WEFT_CANCELLED);
    CHECK_STATUS(weft_join_scope(outer), WEFT_CANCELLED);
    close_scene(&s);
}

/* ---- other ways out ---- */

TEST(block_that_is_left_cancels_and_joins) {
    scene s;
    open_scene(&s);
    WEFT_SCOPE(scope) {
        for (int i = 0; i < 4; i++) CHECK_OK(weft_scope_submit(scope, NULL, waiting, &s, i));
        CHECK_EVENTUALLY(atomic_load(&s.begun) == 4);
        break;
    }
    CHECK_EQ(atomic_load(&s.ended), 4);
    close_scene(&s);
}

static void transfer_out(void *argument) {
    scene *s = argument;
    weft_scope *scope = weft_begin_scope(s->kernel, WEFT_FOREVER);
    for (int i = 0; i < 4; i++) CHECK_OK(weft_scope_submit(scope, NULL, waiting, s, i));
    CHECK_EVENTUALLY(atomic_load(&s->begun) == 4);
    weft_error(&bad_luck, "out of here");
}

TEST(transfer_of_control_cancels_and_joins) {
    scene s;
    open_scene(&s);
    CHECK(!weft_call_handling(transfer_out, &s, &bad_luck, NULL));
    CHECK_EQ(atomic_load(&s.ended), 4);
    CHECK(!weft_cancelled());
    close_scene(&s);
}

WEFT_TASK(int, doomed_parent, (scene *, s)) {
    WEFT_SCOPE(scope) {
        for (int i = 0; i < 4; i++) CHECK_OK(weft_scope_submit(scope, NULL, waiting, s, i));
        CHECK_STATUS(weft_receive(s->never, &(int){0}, WEFT_FOREVER), WEFT_OK);
    }
    return 1;
}

TEST(tasks_do_not_outlive_a_parent_that_is_killed) {
    scene s;
    open_scene(&s);
    WEFT_BIND(weft_task_category, doomed) CHECK_OK(weft_submit(s.results, doomed_parent, &s));
    CHECK_EVENTUALLY(atomic_load(&s.begun) == 4);
    CHECK_EQ(weft_kill_tasks(s.kernel, doomed, NULL), 1);
    CHECK_STATUS(weft_receive_result(s.results, &(int){0}, patience()), WEFT_KILLED);
    CHECK_EQ(atomic_load(&s.ended), 4);
    close_scene(&s);
}

/* ---- misuse ---- */

TEST(scopes_that_cannot_be_are_refused) {
    CHECK_NULL(weft_begin_scope(NULL, WEFT_FOREVER));
    CHECK_STATUS(weft_last_status(), WEFT_NO_KERNEL);
    CHECK_STATUS(weft_join_scope(NULL), WEFT_INVALID);
    CHECK_STATUS(weft_cancel_scope(NULL), WEFT_INVALID);
    CHECK_NULL(weft_scope_group(NULL));
    CHECK(!weft_cancelled());
    weft_kernel *kernel = kernel_here();
    CHECK_OK(weft_end_kernel(kernel, true));
    CHECK_NULL(weft_begin_scope(kernel, WEFT_FOREVER));
    CHECK_STATUS(weft_last_status(), WEFT_ENDED);
    CHECK_OK(weft_free_kernel(kernel));
}
