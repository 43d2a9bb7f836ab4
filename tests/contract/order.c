/* SPDX-License-Identifier: MIT */
/* order.c - rows K8, K9: what runs first, and the categories of what runs. */
#include "contract/common.h"
#include "harness/rounds.h"

WEFT_TASK(void, hold, (gate *, g)) { pass_gate(g); }

WEFT_TASK(int, same, (int, number)) { return number; }

/* What the tasks of a kernel of one worker are, in the order in which they run: they are its results. */
typedef struct course {
    weft_kernel *kernel;
    weft_channel *results, *done;
    gate g;
} course;

static void course_begin(course *c) {
    *c = (course){.kernel = kernel_of(1)};
    c->results = weft_make_channel(int);
    c->done = weft_make_done_channel();
    CHECK_OK(weft_submit(c->done, hold, &c->g));
    wait_for_entered(&c->g, 1);
}

static void course_submit(course *c, int number, weft_priority priority) {
    WEFT_BIND(weft_task_priority, priority) CHECK_OK(weft_submit(c->results, same, number));
}

static void course_end(course *c, const int *wanted, int count) {
    open_gate(&c->g);
    for (int i = 0; i < count; i++) {
        int number = -1;
        if (!CHECK_OK(weft_receive_result(c->results, &number, patience()))) break;
        CHECK_EQ(number, wanted[i]);
    }
    CHECK_OK(weft_receive_done(c->done, patience()));
    CHECK_OK(weft_free_channel(c->results));
    CHECK_OK(weft_free_channel(c->done));
    end_and_free(c->kernel);
}

TEST(one_worker_runs_tasks_first_in_first_out) {
    enum { TASKS = 2000 };
    static int wanted[TASKS];
    course c;
    course_begin(&c);
    for (int i = 0; i < TASKS; i++) course_submit(&c, wanted[i] = i, WEFT_PRIORITY_DEFAULT);
    course_end(&c, wanted, TASKS);
}

TEST(low_tasks_run_after_all_pending_default_ones_in_their_order) {
    course c;
    course_begin(&c);
    course_submit(&c, 10, WEFT_PRIORITY_LOW);
    course_submit(&c, 0, WEFT_PRIORITY_DEFAULT);
    course_submit(&c, 11, WEFT_PRIORITY_LOW);
    course_submit(&c, 1, WEFT_PRIORITY_DEFAULT);
    course_submit(&c, 12, WEFT_PRIORITY_LOW);
    course_submit(&c, 2, WEFT_PRIORITY_DEFAULT);
    course_end(&c, (const int[]){0, 1, 2, 10, 11, 12}, 6);
}

WEFT_TASK(int, low_that_submits_default, (weft_channel *, results)) {
    CHECK_EQ(weft_get(weft_task_priority), WEFT_PRIORITY_DEFAULT);
    CHECK_OK(weft_submit(results, same, 1));
    return 0;
}

TEST(default_task_submitted_by_a_low_one_runs_before_the_next_low_one) {
    course c;
    course_begin(&c);
    WEFT_BIND(weft_task_priority, WEFT_PRIORITY_LOW) {
        CHECK_OK(weft_submit(c.results, low_that_submits_default, c.results));
        CHECK_OK(weft_submit(c.results, same, 2));
    }
    course_end(&c, (const int[]){0, 1, 2}, 3);
}

WEFT_TASK(int, submit_three, (weft_channel *, results)) {
    for (int i = 1; i <= 3; i++) CHECK_OK(weft_submit(results, same, i));
    return 0;
}

TEST(tasks_that_a_task_submits_run_first_in_first_out) {
    course c;
    course_begin(&c);
    CHECK_OK(weft_submit(c.results, submit_three, c.results));
    course_end(&c, (const int[]){0, 1, 2, 3}, 4);
}

/* An endless chain of default tasks must not keep out other tasks of default priority. */
typedef struct chain_of {
    atomic_bool stop;
    atomic_int links;
} chain_of;

static weft_status submit_link(chain_of *c);

WEFT_TASK(void, link_of, (chain_of *, c)) {
    atomic_fetch_add(&c->links, 1);
    if (!atomic_load(&c->stop)) CHECK_OK(submit_link(c));
}

static weft_status submit_link(chain_of *c) { return weft_submit(NULL, link_of, c); }

TEST(endless_chain_of_tasks_does_not_starve_others_of_its_priority) {
    weft_kernel *kernel = kernel_of(1);
    weft_channel *results = weft_make_channel(int);
    chain_of c = {false, 0};
    int value = 0;
    CHECK_OK(submit_link(&c));
    CHECK_EVENTUALLY(atomic_load(&c.links) > 100);
    CHECK_OK(weft_submit(results, same, 9));
    CHECK_OK(weft_receive_result(results, &value, patience()));
    CHECK_EQ(value, 9);
    atomic_store(&c.stop, true);
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

/* Two tasks that compute until both are there: neither may be left behind a worker that sleeps. */
static void meet(gate *g, int all) {
    atomic_fetch_add(&g->entered, 1);
    weft_deadline until = patience();
    while (atomic_load(&g->entered) < all && weft_time() < until) sched_yield();
    CHECK_EQ(atomic_load(&g->entered), all);
}

WEFT_TASK(void, meet_all, (gate *, g), (int, all)) { meet(g, all); }

static void all_workers_meet(weft_priority priority) {
    int all = (int)harness_workers();
    weft_kernel *kernel = kernel_here();
    weft_channel *done = weft_make_done_channel();
    for (size_t round = 0; harness_one_more_round(round, harness_rounds(200)); round++) {
        gate g = {0, false};
        WEFT_BIND(weft_task_priority, priority) {
            for (int i = 0; i < all; i++) CHECK_OK(weft_submit(done, meet_all, &g, all));
        }
        for (int i = 0; i < all; i++) CHECK_OK(weft_receive_done(done, patience()));
        if (atomic_load(&g.entered) != all) break;
        if (round % 8 == 0) weft_sleep(weft_after(0.001)); /* so that some rounds find the workers asleep */
    }
    CHECK_OK(weft_free_channel(done));
    end_and_free(kernel);
}

TEST(as_many_tasks_as_workers_run_at_the_same_time) { all_workers_meet(WEFT_PRIORITY_DEFAULT); }

TEST(as_many_low_tasks_as_workers_run_at_the_same_time) { all_workers_meet(WEFT_PRIORITY_LOW); }

/* Many more workers than processors, and tasks that compute until all have begun: those that have not must not have to
 * come to a processor one after the other, each behind all that compute. */
WEFT_TASK(void, compute_until, (gate *, g)) {
    atomic_fetch_add(&g->entered, 1);
    while (!atomic_load_explicit(&g->open, memory_order_relaxed)) {
    }
}

TEST(as_many_endless_tasks_as_workers_all_begin_however_few_the_processors_are) {
    enum { MANY = 64 };
    weft_kernel *kernel = kernel_of(MANY);
    weft_channel *done = weft_make_done_channel();
    gate g = {0, false};
    for (int i = 0; i < MANY; i++) CHECK_OK(weft_submit(done, compute_until, &g));
    CHECK_EVENTUALLY(atomic_load(&g.entered) == MANY);
    open_gate(&g);
    for (int i = 0; i < MANY; i++) CHECK_OK(weft_receive_done(done, patience()));
    CHECK_OK(weft_free_channel(done));
    end_and_free(kernel);
}

/* ---- categories ---- */

static const char weaving[] = "weaving";

static size_t running_with(weft_category category) {
    weft_category running[64];
    size_t count = weft_task_categories_running(NULL, running, 64), found = 0;
    CHECK_EQ(count, harness_workers());
    for (size_t i = 0; i < count; i++) found += running[i] == category;
    return found;
}

TEST(categories_running_has_one_entry_a_worker) {
    weft_kernel *kernel = kernel_here();
    gate g = {0, false}, h = {0, false};
    CHECK_EVENTUALLY(running_with(NULL) == harness_workers());
    CHECK_OK(weft_submit(NULL, hold, &g));
    wait_for_entered(&g, 1);
    CHECK_EQ(running_with(weft_category_default), 1);
    CHECK_EQ(running_with(NULL), harness_workers() - 1);
    WEFT_BIND(weft_task_category, weaving) {
        for (unsigned i = 1; i < harness_workers(); i++) CHECK_OK(weft_submit(NULL, hold, &h));
    }
    wait_for_entered(&h, (int)harness_workers() - 1);
    CHECK_EQ(running_with(weaving), harness_workers() - 1);
    CHECK_EQ(running_with(NULL), 0);
    open_gate(&g);
    open_gate(&h);
    CHECK_EVENTUALLY(running_with(NULL) == harness_workers());
    end_and_free(kernel);
}

TEST(category_may_be_any_pointer_sized_value_compared_by_identity) {
    weft_kernel *kernel = kernel_here();
    gate g = {0, false};
    char twin[] = "weaving";
    WEFT_BIND(weft_task_category, (weft_category)(uintptr_t)999) CHECK_OK(weft_submit(NULL, hold, &g));
    wait_for_entered(&g, 1);
    CHECK_EQ(running_with((weft_category)(uintptr_t)999), 1);
    CHECK_EQ(running_with(weaving) + running_with(twin), 0);
    open_gate(&g);
    end_and_free(kernel);
}

WEFT_TASK(void, wait_for_one, (weft_channel *, channel)) {
    CHECK_OK(weft_receive_sized(channel, NULL, sizeof(int), patience()));
}

TEST(task_that_waits_does_not_count_as_running) {
    weft_kernel *kernel = kernel_here();
    weft_channel *channel = weft_make_channel(int), *done = weft_make_done_channel();
    weft_worker_counters c;
    WEFT_BIND(weft_task_category, weaving) CHECK_OK(weft_submit(done, wait_for_one, channel));
    uint64_t live = 0;
    CHECK_EVENTUALLY(({
        live = 0;
        for (unsigned i = 0; i < harness_workers(); i++)
            if (weft_read_counters(kernel, i, &c) == WEFT_OK) live += c.parks;
        live == 1;
    }));
    CHECK_EVENTUALLY(running_with(NULL) == harness_workers());
    CHECK_OK(weft_send(channel, &(int){1}, WEFT_NOW));
    CHECK_OK(weft_receive_done(done, patience()));
    CHECK_OK(weft_free_channel(channel));
    CHECK_OK(weft_free_channel(done));
    end_and_free(kernel);
}
