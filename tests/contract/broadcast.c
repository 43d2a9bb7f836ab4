/* SPDX-License-Identifier: MIT */
/* broadcast.c - row K11: a task runs at the same time once in each worker, after all that came before. */
#include "contract/common.h"

WEFT_TASK(int, index_here, (int, plus)) { return weft_kernel_worker_index() + plus; }

WEFT_TASK(void, count, (atomic_int *, counter)) { atomic_fetch_add(counter, 1); }

TEST(results_of_a_broadcast_are_in_worker_order) {
    for (unsigned workers = 1; workers <= 16; workers++) {
        weft_kernel *kernel = kernel_of(workers);
        int results[16] = {0};
        for (int round = 0; round < 2; round++) {
            CHECK_OK(weft_broadcast(kernel, results, index_here, 100 * round));
            for (unsigned i = 0; i < workers; i++) CHECK_EQ(results[i], 100 * round + (int)i);
        }
        end_and_free(kernel);
    }
}

WEFT_TASK(int, counted_so_far, (atomic_int *, counter)) { return atomic_load(counter); }

TEST(broadcast_waits_for_pending_tasks) {
    weft_kernel *kernel = kernel_here();
    atomic_int counter = 0;
    int seen[8] = {0};
    for (int round = 1; round <= 10; round++) {
        for (int i = 0; i < 1000; i++) CHECK_OK(weft_submit(NULL, count, &counter));
        CHECK_OK(weft_broadcast(kernel, seen, counted_so_far, &counter));
        for (unsigned i = 0; i < harness_workers() && i < 8; i++) CHECK_EQ(seen[i], 1000 * round);
    }
    end_and_free(kernel);
}

TEST(broadcast_waits_for_pending_tasks_of_low_priority) {
    weft_kernel *kernel = kernel_here();
    atomic_int counter = 0;
    int seen[8] = {0};
    WEFT_BIND(weft_task_priority, WEFT_PRIORITY_LOW) {
        for (int i = 0; i < 200; i++) CHECK_OK(weft_submit(NULL, count, &counter));
    }
    CHECK_OK(weft_broadcast(kernel, seen, counted_so_far, &counter));
    for (unsigned i = 0; i < harness_workers() && i < 8; i++) CHECK_EQ(seen[i], 200);
    end_and_free(kernel);
}

WEFT_TASK(void, count_after_message, (weft_channel *, channel), (atomic_int *, counter)) {
    CHECK_OK(weft_receive_sized(channel, NULL, sizeof(int), patience()));
    atomic_fetch_add(counter, 1);
}

static void *send_hundred(void *channel) {
    for (int i = 0; i < 100; i++) {
        weft_sleep(weft_after(1e-4));
        CHECK_OK(weft_send((weft_channel *)channel, &i, patience()));
    }
    return NULL;
}

TEST(broadcast_waits_for_tasks_that_wait) {
    weft_kernel *kernel = kernel_here();
    weft_channel *channel = weft_make_channel(int);
    atomic_int counter = 0;
    int seen[8] = {0};
    pthread_t thread;
    for (int i = 0; i < 100; i++) CHECK_OK(weft_submit(NULL, count_after_message, channel, &counter));
    start_thread(&thread, send_hundred, channel);
    CHECK_OK(weft_broadcast(kernel, seen, counted_so_far, &counter));
    for (unsigned i = 0; i < harness_workers() && i < 8; i++) CHECK_EQ(seen[i], 100);
    join_thread(thread);
    CHECK_OK(weft_free_channel(channel));
    end_and_free(kernel);
}

WEFT_TASK(int, meet_all, (gate *, g), (int, all)) {
    atomic_fetch_add(&g->entered, 1);
    weft_deadline until = patience();
    while (atomic_load(&g->entered) < all && weft_time() < until) sched_yield();
    return atomic_load(&g->entered) == all;
}

TEST(all_workers_run_a_broadcast_at_the_same_time) {
    weft_kernel *kernel = kernel_here();
    for (int round = 0; round < 50; round++) {
        gate g = {0, false};
        int met[8] = {0};
        CHECK_OK(weft_broadcast(kernel, met, meet_all, &g, (int)harness_workers()));
        for (unsigned i = 0; i < harness_workers() && i < 8; i++) CHECK_EQ(met[i], 1);
    }
    end_and_free(kernel);
}

typedef struct caster {
    weft_kernel *kernel;
    int number, rounds;
} caster;

static void *broadcast_often(void *argument) {
    caster *c = argument;
    int results[8] = {0};
    for (int i = 0; i < c->rounds; i++) {
        if (!CHECK_OK(weft_broadcast(c->kernel, results, index_here, c->number))) break;
        for (unsigned w = 0; w < harness_workers() && w < 8; w++) CHECK_EQ(results[w], c->number + (int)w);
    }
    return NULL;
}

/* In the original each holds some workers and waits for the others, for ever. */
TEST(two_threads_may_broadcast_at_once) {
    weft_kernel *kernel = kernel_here();
    pthread_t threads[2];
    caster casters[2];
    for (int i = 0; i < 2; i++) {
        casters[i] = (caster){kernel, 1000 * i, (int)harness_rounds(200)};
        start_thread(&threads[i], broadcast_often, &casters[i]);
    }
    for (int i = 0; i < 2; i++) join_thread(threads[i]);
    end_and_free(kernel);
}

/* A task of a broadcast may wait like any other. */
WEFT_TASK(int, ask_and_wait, (weft_channel *, questions), (weft_channel *, answers)) {
    int index = weft_kernel_worker_index(), answer = 0;
    CHECK_OK(weft_send(questions, &index, patience()));
    CHECK_OK(weft_receive(answers, &answer, patience()));
    return answer;
}

static void *answer_all(void *argument) {
    weft_channel **channels = argument;
    for (unsigned i = 0; i < harness_workers(); i++) {
        CHECK_OK(weft_receive_sized(channels[0], NULL, sizeof(int), patience()));
        CHECK_OK(weft_send(channels[1], &(int){7}, patience()));
    }
    return NULL;
}

TEST(task_of_a_broadcast_may_wait) {
    weft_kernel *kernel = kernel_here();
    weft_channel *channels[2] = {weft_make_channel(int), weft_make_channel(int)};
    pthread_t thread;
    int results[8] = {0};
    start_thread(&thread, answer_all, channels);
    CHECK_OK(weft_broadcast(kernel, results, ask_and_wait, channels[0], channels[1]));
    for (unsigned i = 0; i < harness_workers() && i < 8; i++) CHECK_EQ(results[i], 7);
    join_thread(thread);
    CHECK_OK(weft_free_channel(channels[0]));
    CHECK_OK(weft_free_channel(channels[1]));
    end_and_free(kernel);
}

static const char loud[] = "loud";

WEFT_TASK(weft_category, category_here, (int, none)) {
    (void)none;
    weft_category running[8] = {NULL};
    weft_task_categories_running(NULL, running, 8);
    int index = weft_kernel_worker_index();
    return index < 8 ? running[index] : loud;
}

TEST(broadcast_has_the_category_that_is_current) {
    weft_kernel *kernel = kernel_here();
    weft_category seen[8] = {NULL};
    WEFT_BIND(weft_task_category, loud) CHECK_OK(weft_broadcast(kernel, seen, category_here, 0));
    for (unsigned i = 0; i < harness_workers() && i < 8; i++) CHECK_PTR(seen[i], loud);
    end_and_free(kernel);
}

WEFT_TASK(int, submit_and_count, (atomic_int *, counter)) {
    for (int i = 0; i < 10; i++) CHECK_OK(weft_submit(NULL, count, counter));
    return 0;
}

TEST(task_of_a_broadcast_may_submit) {
    weft_kernel *kernel = kernel_here();
    atomic_int counter = 0;
    CHECK_OK(weft_broadcast(kernel, (int *)NULL, submit_and_count, &counter));
    CHECK_OK(weft_end_kernel(kernel, true));
    CHECK_EQ(atomic_load(&counter), 10 * (int)harness_workers());
    CHECK_OK(weft_free_kernel(kernel));
}
