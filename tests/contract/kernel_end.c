/* SPDX-License-Identifier: MIT */
/* kernel_end.c - row K4: ending a kernel runs everything that was accepted, once, and then nothing more. */
#include "contract/common.h"

WEFT_TASK(int, same, (int, number)) { return number; }

WEFT_TASK(void, count, (atomic_int *, counter)) { atomic_fetch_add(counter, 1); }

WEFT_TASK(void, hold, (gate *, g)) { pass_gate(g); }

TEST(end_runs_all_that_is_pending_of_both_priorities) {
    weft_kernel *kernel = kernel_here();
    gate g = {0, false};
    atomic_int ran = 0;
    for (unsigned i = 0; i < harness_workers(); i++) CHECK_OK(weft_submit(NULL, hold, &g));
    wait_for_entered(&g, (int)harness_workers());
    for (int i = 0; i < 200; i++) CHECK_OK(weft_submit(NULL, count, &ran));
    WEFT_BIND(weft_task_priority, WEFT_PRIORITY_LOW) {
        for (int i = 0; i < 200; i++) CHECK_OK(weft_submit(NULL, count, &ran));
    }
    CHECK_OK(weft_end_kernel(kernel, false));
    CHECK_EQ(atomic_load(&ran), 0);
    open_gate(&g);
    CHECK_OK(weft_end_kernel(kernel, true));
    CHECK_EQ(atomic_load(&ran), 400);
    CHECK_OK(weft_free_kernel(kernel));
}

/* A task that submits itself again, as long as there are links left. */
static weft_status submit_chain(atomic_int *links);

WEFT_TASK(void, chain, (atomic_int *, links)) {
    if (atomic_fetch_sub(links, 1) > 1) CHECK_OK(submit_chain(links));
}

static weft_status submit_chain(atomic_int *links) { return weft_submit(NULL, chain, links); }

TEST(chain_that_submits_itself_again_is_run_to_its_end) {
    for (weft_priority priority = WEFT_PRIORITY_DEFAULT; priority <= WEFT_PRIORITY_LOW; priority++) {
        weft_kernel *kernel = kernel_here();
        atomic_int links = 1000;
        WEFT_BIND(weft_task_priority, priority) CHECK_OK(submit_chain(&links));
        CHECK_OK(weft_end_kernel(kernel, true));
        CHECK_EQ(atomic_load(&links), 0);
        CHECK_OK(weft_free_kernel(kernel));
    }
}

WEFT_TASK(void, answer_when_asked, (weft_channel *, asked), (weft_channel *, answers)) {
    int number = 0;
    CHECK_OK(weft_receive(asked, &number, patience()));
    CHECK_OK(weft_send(answers, &(int){number + 1}, patience()));
}

TEST(end_waits_for_tasks_that_wait) {
    weft_kernel *kernel = kernel_here();
    weft_channel *asked = weft_make_channel(int), *answers = weft_make_channel(int);
    for (int i = 0; i < 100; i++) CHECK_OK(weft_submit(NULL, answer_when_asked, asked, answers));
    CHECK_OK(weft_end_kernel(kernel, false));
    for (int i = 0; i < 100; i++) CHECK_OK(weft_send(asked, &i, patience()));
    int sum = 0, number;
    for (int i = 0; i < 100 && CHECK_OK(weft_receive(answers, &number, patience())); i++) sum += number;
    CHECK_EQ(sum, 5050);
    CHECK_OK(weft_end_kernel(kernel, true));
    CHECK_OK(weft_free_channel(asked));
    CHECK_OK(weft_free_channel(answers));
    CHECK_OK(weft_free_kernel(kernel));
}

TEST(results_can_be_received_after_the_end_and_then_it_is_said_that_there_are_no_more) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(int);
    for (int i = 1; i <= 10; i++) CHECK_OK(weft_submit(results, same, i));
    CHECK_OK(weft_end_kernel(kernel, true));
    int sum = 0, value;
    weft_status status;
    while ((status = weft_receive_result(results, &value, patience())) == WEFT_OK) sum += value;
    CHECK_STATUS(status, WEFT_ENDED);
    CHECK_EQ(sum, 55);
    CHECK_OK(weft_free_channel(results));
    CHECK_OK(weft_free_kernel(kernel));
}

typedef struct waiting {
    weft_channel *channel;
    atomic_int begun;
} waiting;

static void *wait_for_a_result(void *argument) {
    waiting *w = argument;
    int value;
    atomic_fetch_add(&w->begun, 1);
    CHECK_STATUS(weft_receive_result(w->channel, &value, patience()), WEFT_ENDED);
    return NULL;
}

TEST(who_waits_for_a_result_learns_that_the_kernel_ended) {
    weft_kernel *kernel = kernel_here();
    waiting w = {weft_make_channel(int), 0};
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) start_thread(&threads[i], wait_for_a_result, &w);
    CHECK_EVENTUALLY(atomic_load(&w.begun) == 3);
    CHECK_OK(weft_end_kernel(kernel, true));
    for (int i = 0; i < 3; i++) join_thread(threads[i]);
    CHECK_OK(weft_free_channel(w.channel));
    CHECK_OK(weft_free_kernel(kernel));
}

static void *wait_for_a_message(void *argument) {
    waiting *w = argument;
    int value = 0;
    atomic_fetch_add(&w->begun, 1);
    CHECK_OK(weft_receive(w->channel, &value, patience()));
    CHECK_EQ(value, 5);
    return NULL;
}

TEST(end_of_a_kernel_does_not_end_the_wait_for_a_message) {
    weft_kernel *kernel = kernel_here();
    waiting w = {weft_make_channel(int), 0};
    pthread_t thread;
    start_thread(&thread, wait_for_a_message, &w);
    CHECK_EVENTUALLY(weft_free_channel(NULL) == WEFT_OK && atomic_load(&w.begun) == 1);
    weft_sleep(weft_after(0.02)); /* it may wait by now; the test holds either way */
    CHECK_OK(weft_end_kernel(kernel, true));
    CHECK_OK(weft_send(w.channel, &(int){5}, WEFT_NOW));
    join_thread(thread);
    CHECK_OK(weft_free_channel(w.channel));
    CHECK_OK(weft_free_kernel(kernel));
}

static void *end_and_wait(void *kernel) {
    CHECK_OK(weft_end_kernel(kernel, true));
    return NULL;
}

TEST(several_may_end_a_kernel_at_once) {
    for (int round = 0; round < 30; round++) {
        weft_kernel *kernel = kernel_here();
        atomic_int ran = 0;
        pthread_t threads[4];
        for (int i = 0; i < 100; i++) CHECK_OK(weft_submit(NULL, count, &ran));
        for (int i = 0; i < 4; i++) start_thread(&threads[i], end_and_wait, kernel);
        CHECK_OK(weft_end_kernel(kernel, false));
        for (int i = 0; i < 4; i++) join_thread(threads[i]);
        CHECK_EQ(atomic_load(&ran), 100);
        CHECK_OK(weft_end_kernel(kernel, false));
        CHECK_OK(weft_end_kernel(kernel, true));
        CHECK_OK(weft_free_kernel(kernel));
    }
}

WEFT_TASK(weft_status, end_own, (weft_kernel *, kernel), (bool, wait)) { return weft_end_kernel(kernel, wait); }

TEST(task_may_end_its_own_kernel_without_waiting) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(weft_status);
    weft_status status = WEFT_INVALID;
    CHECK_OK(weft_submit(results, end_own, kernel, false));
    CHECK_OK(weft_receive_result(results, &status, patience()));
    CHECK_OK(status);
    CHECK_OK(weft_end_kernel(kernel, true));
    CHECK_OK(weft_free_channel(results));
    CHECK_OK(weft_free_kernel(kernel));
}

WEFT_TASK(weft_status, end_other, (weft_kernel *, kernel)) { return weft_end_kernel(kernel, true); }

TEST(task_may_end_another_kernel_and_wait) {
    weft_kernel *kernel = kernel_here(), *other = kernel_here();
    weft_channel *results = weft_make_channel(weft_status);
    weft_status status = WEFT_INVALID;
    CHECK_OK(weft_submit(results, end_other, other));
    CHECK_OK(weft_receive_result(results, &status, patience()));
    CHECK_OK(status);
    CHECK_OK(weft_free_kernel(other));
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

TEST(ended_kernel_is_no_longer_current) {
    weft_kernel *kernel = kernel_here();
    CHECK_PTR(weft_get(weft_current_kernel), kernel);
    CHECK_OK(weft_end_kernel(kernel, false));
    CHECK_NULL(weft_get(weft_current_kernel));
    CHECK_OK(weft_free_kernel(kernel));
    weft_kernel *bound = kernel_here();
    weft_set(weft_current_kernel, NULL);
    WEFT_BIND(weft_current_kernel, bound) {
        CHECK_OK(weft_end_kernel(bound, true));
        CHECK_NULL(weft_get(weft_current_kernel));
    }
    CHECK_OK(weft_free_kernel(bound));
}

/* ---- submissions that race with the end ---- */

enum { MOST_ACCEPTED = 20000, MOST_LOW = 1000 }; /* for machines on which the end is long in coming */

typedef struct submitter {
    weft_channel *results;
    int accepted;
    weft_priority priority;
    atomic_bool *go;
} submitter;

static void *submit_until_refused(void *argument) {
    submitter *s = argument;
    weft_status status = WEFT_OK;
    int most = s->priority == WEFT_PRIORITY_LOW ? MOST_LOW : MOST_ACCEPTED;
    while (!atomic_load(s->go)) sched_yield();
    WEFT_BIND(weft_task_priority, s->priority) {
        while (s->accepted < most && (status = weft_submit(s->results, same, 1)) == WEFT_OK) s->accepted++;
    }
    CHECK(status == WEFT_ENDED || s->accepted == most);
    return NULL;
}

/* The original lost 32 of 300,093 tasks here: each was accepted, and its result never came. */
TEST(task_that_races_with_the_end_is_refused_or_its_result_arrives) {
    enum { SUBMITTERS = 3 };
    for (size_t round = 0; round < harness_rounds(30) + 2; round++) {
        weft_kernel *kernel = kernel_here();
        weft_channel *results = weft_make_channel(int);
        atomic_bool go = false;
        submitter submitters[SUBMITTERS];
        pthread_t threads[SUBMITTERS];
        for (int i = 0; i < SUBMITTERS; i++) {
            submitters[i] = (submitter){results, 0, i == 0 ? WEFT_PRIORITY_LOW : WEFT_PRIORITY_DEFAULT, &go};
            start_thread(&threads[i], submit_until_refused, &submitters[i]);
        }
        atomic_store(&go, true);
        for (size_t n = 0; n < round; n++) sched_yield();
        CHECK_OK(weft_end_kernel(kernel, true));
        int accepted = 0, got = 0, value;
        for (int i = 0; i < SUBMITTERS; i++) {
            join_thread(threads[i]);
            accepted += submitters[i].accepted;
        }
        while (weft_receive_result(results, &value, patience()) == WEFT_OK) got += value;
        CHECK_EQ(got, accepted);
        CHECK_OK(weft_free_channel(results));
        CHECK_OK(weft_free_kernel(kernel));
    }
}
