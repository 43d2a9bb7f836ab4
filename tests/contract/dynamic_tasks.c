/* SPDX-License-Identifier: MIT */
/* dynamic_tasks.c - what a task sees of dynamic variables: the worker's bindings, then the global value, and of the
 * submitter's bindings those that were captured for it (D2); and the library's own variables (D3, K1, K2). */
#include <weft.h>

#include <string.h>

#include "harness/harness.h"

WEFT_VARIABLE(int, foo, 0);
WEFT_VARIABLE(int, bar, 1);
WEFT_VARIABLE(const char *, who, "nobody");

typedef struct {
    int foo, bar;
} pair;

WEFT_TASK(pair, read_both) { return (pair){weft_get(foo), weft_get(bar)}; }

WEFT_TASK(pair, set_and_read, (int, value)) {
    weft_set(foo, value);
    return (pair){weft_get(foo), weft_get(bar)};
}

/* Makes a kernel and a channel for results of `size` bytes; false, with nothing made, if that failed. */
static bool begin(unsigned workers, const weft_kernel_options *options, size_t size, weft_kernel **kernel,
                  weft_channel **results) {
    *kernel = weft_make_kernel(workers, options);
    if (!CHECK_NOT_NULL(*kernel)) return false;
    *results = weft_make_channel_sized(size, &(weft_channel_options){.kernel = *kernel});
    if (CHECK_NOT_NULL(*results)) return true;
    CHECK_OK(weft_free_kernel(*kernel));
    return false;
}

static void finish(weft_kernel *kernel, weft_channel *results) {
    CHECK_OK(weft_end_kernel(kernel, true));
    CHECK_OK(weft_free_channel(results));
    CHECK_OK(weft_free_kernel(kernel));
}

static void expect(weft_channel *results, int wanted_foo, int wanted_bar) {
    pair found = {-1, -1};
    CHECK_OK(weft_receive_result(results, &found, WEFT_FOREVER));
    CHECK_EQ(found.foo, wanted_foo);
    CHECK_EQ(found.bar, wanted_bar);
}

TEST(task_sees_the_global_value_and_not_the_binding_of_its_submitter) {
    weft_kernel *kernel;
    weft_channel *results;
    if (!begin(harness_workers(), NULL, sizeof(pair), &kernel, &results)) return;
    WEFT_BIND(foo, 10) { CHECK_OK(weft_submit(results, read_both)); }
    expect(results, 0, 1);
    finish(kernel, results);
}

TEST(task_sees_a_captured_set_even_after_the_binding_ended) {
    weft_kernel *kernel;
    weft_channel *results;
    if (!begin(harness_workers(), NULL, sizeof(pair), &kernel, &results)) return;
    weft_environment *chosen = NULL, *all = NULL;
    WEFT_BIND(foo, 10) WEFT_BIND(bar, 11) {
        chosen = weft_capture((weft_variable *[]){&bar}, 1);
        all = weft_capture(NULL, 0);
    }
    CHECK_OK(weft_submit_with(&(weft_submit_options){.environment = chosen}, results, read_both));
    weft_release_environment(chosen); /* the task has its own reference */
    expect(results, 0, 11);
    CHECK_OK(weft_submit_with(&(weft_submit_options){.environment = all}, results, read_both));
    weft_release_environment(all);
    expect(results, 10, 11);
    finish(kernel, results);
}

TEST(sets_inside_a_task_change_its_own_copy_only) {
    weft_kernel *kernel;
    weft_channel *results;
    if (!begin(harness_workers(), NULL, sizeof(pair), &kernel, &results)) return;
    WEFT_BIND(foo, 10) {
        weft_environment *environment = weft_capture(NULL, 0);
        const weft_submit_options with = {.environment = environment};
        for (int i = 0; i < 20; i++) {
            CHECK_OK(weft_submit_with(&with, results, set_and_read, 100 + i));
            expect(results, 100 + i, 1);
            CHECK_OK(weft_submit_with(&with, results, read_both));
            expect(results, 10, 1);
        }
        weft_release_environment(environment);
        CHECK_EQ(weft_get(foo), 10);
    }
    CHECK_EQ(weft_get(foo), 0);
    finish(kernel, results);
}

TEST(set_in_a_task_without_bindings_changes_the_global_value) {
    weft_kernel *kernel;
    weft_channel *results;
    if (!begin(harness_workers(), NULL, sizeof(pair), &kernel, &results)) return;
    CHECK_OK(weft_submit(results, set_and_read, 5));
    expect(results, 5, 1);
    CHECK_EQ(weft_get(foo), 5);
    weft_set(foo, 0);
    finish(kernel, results);
}

/* ---- the guide's example: bindings of workers and a context ---- */

static int computed;

static void compute_foo(void *value, void *argument) {
    __atomic_add_fetch(&computed, 1, __ATOMIC_RELAXED);
    *(int *)value = 1 + *(int *)argument;
}

static void bar_context(weft_worker_loop *loop, void *argument) {
    (void)argument;
    WEFT_BIND(bar, weft_get(foo) + 1) { CHECK_OK(weft_enter_worker_loop(loop)); }
}

TEST(tasks_see_the_bindings_and_the_context_of_their_worker) {
    int ninety_eight = 98;
    const weft_worker_binding bindings[] = {{&foo, compute_foo, &ninety_eight}};
    const weft_kernel_options options = {.bindings = bindings, .binding_count = 1, .context = bar_context};
    weft_kernel *kernel;
    weft_channel *results;
    computed = 0;
    if (!begin(harness_workers(), &options, sizeof(pair), &kernel, &results)) return;
    CHECK_EQ(computed, harness_workers()); /* once inside each worker */
    CHECK_EQ(weft_get(foo), 0);
    CHECK_EQ(weft_get(bar), 1);
    for (int i = 0; i < 50; i++) CHECK_OK(weft_submit(results, read_both));
    for (int i = 0; i < 50; i++) expect(results, 99, 100);
    finish(kernel, results);
}

TEST(captured_binding_hides_that_of_the_worker) {
    int ninety_eight = 98;
    const weft_worker_binding bindings[] = {{&foo, compute_foo, &ninety_eight}};
    weft_kernel *kernel;
    weft_channel *results;
    if (!begin(harness_workers(), &(weft_kernel_options){.bindings = bindings, .binding_count = 1}, sizeof(pair),
               &kernel, &results))
        return;
    WEFT_BIND(foo, 10) {
        weft_environment *environment = weft_capture(NULL, 0);
        CHECK_OK(weft_submit_with(&(weft_submit_options){.environment = environment}, results, read_both));
        weft_release_environment(environment);
    }
    expect(results, 10, 1);
    finish(kernel, results);
}

TEST(set_of_a_worker_binding_is_seen_by_later_tasks_of_that_worker) {
    int ninety_eight = 98;
    const weft_worker_binding bindings[] = {{&foo, compute_foo, &ninety_eight}};
    weft_kernel *kernel;
    weft_channel *results;
    if (!begin(1, &(weft_kernel_options){.bindings = bindings, .binding_count = 1}, sizeof(pair), &kernel, &results))
        return;
    CHECK_OK(weft_submit(results, set_and_read, 7));
    expect(results, 7, 1);
    CHECK_OK(weft_submit(results, read_both));
    expect(results, 7, 1);
    CHECK_EQ(weft_get(foo), 0);
    finish(kernel, results);
}

/* ---- bindings of a task that waits ---- */

WEFT_TASK(pair, bind_wait_and_read, (int, value), (weft_channel *, began), (weft_channel *, go)) {
    pair found = {-1, -1};
    WEFT_BIND(foo, value) {
        char token = 0;
        CHECK_OK(weft_send(began, &token, WEFT_FOREVER));
        CHECK_OK(weft_receive(go, &token, WEFT_FOREVER));
        found = (pair){weft_get(foo), weft_get(bar)};
    }
    if (weft_get(foo) != 0) found.foo = -2;
    return found;
}

TEST(binding_of_a_waiting_task_stays_its_own) {
    enum { WAITING = 20 };
    weft_kernel *kernel;
    weft_channel *results;
    if (!begin(harness_workers(), NULL, sizeof(pair), &kernel, &results)) return;
    weft_channel *began = weft_make_channel(char), *go = weft_make_channel(char);
    char token = 1;
    bool seen[WAITING] = {false};
    for (int i = 0; i < WAITING; i++) CHECK_OK(weft_submit(results, bind_wait_and_read, 100 + i, began, go));
    for (int i = 0; i < WAITING; i++) CHECK_OK(weft_receive(began, &token, WEFT_FOREVER));
    CHECK_OK(weft_submit(results, read_both));
    expect(results, 0, 1);
    for (int i = 0; i < WAITING; i++) CHECK_OK(weft_send(go, &token, WEFT_FOREVER));
    for (int i = 0; i < WAITING; i++) {
        pair found = {-1, -1};
        CHECK_OK(weft_receive_result(results, &found, WEFT_FOREVER));
        if (CHECK(found.foo >= 100 && found.foo < 100 + WAITING)) seen[found.foo - 100] = true;
    }
    for (int i = 0; i < WAITING; i++) CHECK(seen[i]);
    CHECK_OK(weft_free_channel(began));
    CHECK_OK(weft_free_channel(go));
    finish(kernel, results);
}

/* ---- capturing inside a task ---- */

WEFT_TASK(pair, submit_read_both_with_captured, (weft_channel *, inner)) {
    WEFT_BIND(bar, 20) {
        weft_environment *environment = weft_capture(NULL, 0);
        CHECK_OK(weft_submit_with(&(weft_submit_options){.environment = environment}, inner, read_both));
        weft_release_environment(environment);
    }
    return weft_call(read_both);
}

TEST(task_hands_on_what_it_was_given_and_bound_itself) {
    weft_kernel *kernel;
    weft_channel *results;
    if (!begin(harness_workers(), NULL, sizeof(pair), &kernel, &results)) return;
    weft_channel *inner = weft_make_channel_with(pair, &(weft_channel_options){.kernel = kernel});
    WEFT_BIND(foo, 10) {
        weft_environment *environment = weft_capture(NULL, 0);
        const weft_submit_options with = {.environment = environment};
        CHECK_OK(weft_submit_with(&with, results, submit_read_both_with_captured, inner));
        weft_release_environment(environment);
    }
    expect(results, 10, 1);
    expect(inner, 10, 20);
    CHECK_OK(weft_free_channel(inner));
    finish(kernel, results);
}

/* With the worker's binding captured the inner task would see 99; it must see the global value. */
WEFT_TASK(int, submit_elsewhere_with_captured, (weft_channel *, elsewhere)) {
    weft_environment *environment = weft_capture(NULL, 0);
    weft_status status = weft_submit_with(&(weft_submit_options){.environment = environment}, elsewhere, read_both);
    weft_release_environment(environment);
    return (int)status;
}

TEST(capture_of_all_leaves_out_the_bindings_of_the_worker) {
    int ninety_eight = 98, status = -1;
    const weft_worker_binding bindings[] = {{&foo, compute_foo, &ninety_eight}};
    weft_kernel *kernel, *other;
    weft_channel *results, *elsewhere;
    const weft_kernel_options options = {.bindings = bindings, .binding_count = 1, .context = bar_context};
    if (!begin(harness_workers(), &options, sizeof(int), &kernel, &results)) return;
    if (begin(1, NULL, sizeof(pair), &other, &elsewhere)) {
        CHECK_OK(weft_submit(results, submit_elsewhere_with_captured, elsewhere));
        CHECK_OK(weft_receive_result(results, &status, WEFT_FOREVER));
        CHECK_EQ(status, WEFT_OK);
        expect(elsewhere, 0, 1);
        finish(other, elsewhere);
    }
    finish(kernel, results);
}

/* ---- the library's own variables ---- */

typedef struct {
    weft_kernel *kernel;
    weft_priority priority;
    weft_category category;
    bool debug;
} own;

WEFT_TASK(own, read_own) {
    return (own){weft_get(weft_current_kernel), weft_get(weft_task_priority), weft_get(weft_task_category),
                 weft_get(weft_debug_tasks)};
}

TEST(tasks_do_not_inherit_priority_and_category) {
    static const char mine[] = "mine";
    weft_kernel *kernel;
    weft_channel *results;
    own found = {0};
    if (!begin(harness_workers(), NULL, sizeof(own), &kernel, &results)) return;
    WEFT_BIND(weft_task_priority, WEFT_PRIORITY_LOW) WEFT_BIND(weft_task_category, mine) {
        CHECK_OK(weft_submit(results, read_own));
    }
    CHECK_OK(weft_receive_result(results, &found, WEFT_FOREVER));
    CHECK_EQ(found.priority, WEFT_PRIORITY_DEFAULT);
    CHECK_PTR(found.category, weft_category_default);
    CHECK(found.debug);
    finish(kernel, results);
}

TEST(first_kernel_becomes_current_and_each_worker_binds_its_own) {
    weft_kernel *first, *second;
    weft_channel *of_first, *of_second;
    own found = {0};
    CHECK_NULL(weft_get(weft_current_kernel));
    if (!begin(harness_workers(), NULL, sizeof(own), &first, &of_first)) return;
    CHECK_PTR(weft_get(weft_current_kernel), first);
    if (begin(1, NULL, sizeof(own), &second, &of_second)) {
        CHECK_PTR(weft_get(weft_current_kernel), first);
        CHECK_OK(weft_submit(of_second, read_own));
        CHECK_OK(weft_receive_result(of_second, &found, WEFT_FOREVER));
        CHECK_PTR(found.kernel, second);
        CHECK_OK(weft_submit(of_first, read_own));
        CHECK_OK(weft_receive_result(of_first, &found, WEFT_FOREVER));
        CHECK_PTR(found.kernel, first);
        finish(second, of_second);
        CHECK_PTR(weft_get(weft_current_kernel), first);
    }
    finish(first, of_first);
    CHECK_NULL(weft_get(weft_current_kernel));
}

TEST(bound_current_kernel_is_used_where_none_is_named) {
    weft_kernel *first, *second;
    weft_channel *of_first, *of_second;
    own found = {0};
    if (!begin(1, NULL, sizeof(own), &first, &of_first)) return;
    if (begin(1, NULL, sizeof(own), &second, &of_second)) {
        WEFT_BIND(weft_current_kernel, second) {
            CHECK_PTR(weft_kernel_bindings(NULL, NULL), weft_kernel_bindings(second, NULL));
            weft_channel *channel = weft_make_channel(own);
            CHECK_OK(weft_submit(channel, read_own));
            CHECK_OK(weft_receive_result(channel, &found, WEFT_FOREVER));
            CHECK_PTR(found.kernel, second);
            CHECK_OK(weft_free_channel(channel));
        }
        finish(second, of_second);
    }
    finish(first, of_first);
}

TEST(bindings_of_a_kernel_can_be_read_back) {
    int ninety_eight = 98;
    size_t count = 7;
    const weft_worker_binding bindings[] = {{&foo, compute_foo, &ninety_eight}, {&bar, NULL, &ninety_eight}};
    weft_kernel *kernel;
    weft_channel *results;
    if (!begin(1, &(weft_kernel_options){.bindings = bindings, .binding_count = 2}, sizeof(pair), &kernel, &results))
        return;
    const weft_worker_binding *found = weft_kernel_bindings(kernel, &count);
    CHECK_EQ(count, 2);
    CHECK(found != bindings); /* copied */
    CHECK(memcmp(found, bindings, sizeof bindings) == 0);
    CHECK_OK(weft_submit(results, read_both));
    expect(results, 99, 98);
    CHECK_STR(weft_get(who), "nobody");
    finish(kernel, results);
}
