/* SPDX-License-Identifier: MIT */
/* channels.c - many send and receive at once, tasks and threads mixed: every message arrives once. */
#include "contract/common.h"

#include "stress/load.h"

/* ---- sums ---- */

typedef struct market {
    weft_channel *channel;
    atomic_int senders;
    atomic_ullong sent, received, count_sent, count_received;
    int each;
} market;

static void send_many(market *m, int from) {
    for (int i = 0; i < m->each; i++) {
        uint64_t value = (uint64_t)from * 1000003u + (uint64_t)i;
        if (!CHECK_OK(weft_send(m->channel, &value, patience()))) break;
        atomic_fetch_add(&m->sent, value);
        atomic_fetch_add(&m->count_sent, 1);
    }
    if (atomic_fetch_sub(&m->senders, 1) == 1) CHECK_OK(weft_close(m->channel));
}

static void receive_many(market *m) {
    uint64_t value = 0;
    weft_status status;
    while ((status = weft_receive(m->channel, &value, patience())) == WEFT_OK) {
        atomic_fetch_add(&m->received, value);
        atomic_fetch_add(&m->count_received, 1);
    }
    CHECK_STATUS(status, WEFT_CLOSED);
}

WEFT_TASK(void, sending, (market *, m), (int, from)) { send_many(m, from); }

WEFT_TASK(void, receiving, (market *, m)) { receive_many(m); }

static void *send_in_thread(void *m) {
    send_many(m, 77);
    return NULL;
}

static void *receive_in_thread(void *m) {
    receive_many(m);
    return NULL;
}

static void trade(weft_kernel *kernel, size_t capacity, int tasks, int each) {
    market m = {.channel = bounded_channel(sizeof(uint64_t), capacity), .senders = tasks + 2, .each = each};
    weft_group *group = weft_make_group(NULL);
    const weft_submit_options stay = {.kernel = kernel, .group = group};
    const weft_submit_options move = {.kernel = kernel, .group = group, .movable = true};
    pthread_t threads[4];
    for (int i = 0; i < tasks; i++) {
        CHECK_OK(weft_submit_with(i % 2 ? &stay : &move, NULL, receiving, &m));
        CHECK_OK(weft_submit_with(i % 3 ? &stay : &move, NULL, sending, &m, i));
    }
    for (int i = 0; i < 2; i++) start_thread(&threads[i], send_in_thread, &m);
    for (int i = 2; i < 4; i++) start_thread(&threads[i], receive_in_thread, &m);
    for (int i = 0; i < 4; i++) join_thread(threads[i]);
    CHECK_OK(weft_wait_group(group, patience()));
    CHECK_EQ(atomic_load(&m.count_sent), (uint64_t)(tasks + 2) * (uint64_t)each);
    CHECK_EQ(atomic_load(&m.count_received), atomic_load(&m.count_sent));
    CHECK_EQ(atomic_load(&m.received), atomic_load(&m.sent));
    CHECK(weft_is_empty(m.channel));
    CHECK_OK(weft_free_channel(m.channel));
    CHECK_OK(weft_free_group(group));
}

TEST_WITH_LIMIT(tasks_and_threads_trade_through_one_channel_and_nothing_is_lost, 120) {
    weft_kernel *kernel = kernel_here();
    weft_deadline until = load_end(4);
    for (size_t round = 0; weft_time() < until; round++) {
        static const size_t capacities[] = {0, 1, 2, 7, 100};
        trade(kernel, capacities[round % 5], 1 + (int)(round % 20), 300);
    }
    end_and_free(kernel);
}

/* ---- deadlines against matches ----
 *
 *   sender: hands the value to the receiver   receiver: its deadline passes
 * Both agree: either the receive returned the value, or the value is still there for the next one. */
typedef struct duel {
    weft_channel *there, *back;
    int rounds;
    uint64_t seed;
    atomic_int timeouts;
} duel;

static void answer_duel(duel *d) {
    uint64_t random = d->seed;
    for (int next = 0; next < d->rounds;) {
        int value = -1;
        weft_deadline deadline = weft_after(1e-6 * (double)(harness_random(&random) % 30));
        weft_status status = weft_receive(d->there, &value, deadline);
        if (status == WEFT_TIMED_OUT) {
            atomic_fetch_add(&d->timeouts, 1);
            continue;
        }
        if (!CHECK_OK(status) || !CHECK_EQ(value, next)) return;
        next++;
        if (!CHECK_OK(weft_send(d->back, &value, patience()))) return;
    }
}

WEFT_TASK(void, answer_in_task, (duel *, d)) { answer_duel(d); }

static void *answer_in_thread(void *d) {
    answer_duel(d);
    return NULL;
}

static void ask_duel(duel *d) {
    uint64_t random = ~d->seed;
    for (int i = 0; i < d->rounds; i++) {
        int value = -1;
        weft_deadline pause = weft_after(1e-6 * (double)(harness_random(&random) % 30));
        while (weft_time() < pause) continue;
        if (!CHECK_OK(weft_send(d->there, &i, patience()))) return;
        if (!CHECK_OK(weft_receive(d->back, &value, patience())) || !CHECK_EQ(value, i)) return;
    }
}

TEST_WITH_LIMIT(receive_with_a_deadline_around_the_time_of_the_send_loses_nothing, 120) {
    weft_kernel *kernel = kernel_here();
    const int fewest = 1000, rounds = (int)load_rounds(50000); /* fewer may not see a time-out */
    duel d = {weft_make_channel(int), weft_make_channel(int), rounds < fewest ? fewest : rounds, harness_seed(), 0};
    weft_channel *done = weft_make_done_channel();
    pthread_t thread;
    CHECK_OK(weft_submit(done, answer_in_task, &d));
    ask_duel(&d);
    CHECK_OK(weft_receive_done(done, patience()));
    CHECK(weft_is_empty(d.there));
    start_thread(&thread, answer_in_thread, &d);
    ask_duel(&d);
    join_thread(thread);
    CHECK(weft_is_empty(d.there));
    CHECK_GT(atomic_load(&d.timeouts), 0);
    CHECK_OK(weft_free_channel(d.there));
    CHECK_OK(weft_free_channel(d.back));
    CHECK_OK(weft_free_channel(done));
    end_and_free(kernel);
}

/* Senders to a full channel give up too; what was sent arrives, what timed out does not. */
static void send_impatiently(market *m, int from, uint64_t random) {
    for (int i = 0; i < m->each; i++) {
        uint64_t value = (uint64_t)from * 1000003u + (uint64_t)i;
        weft_status status = weft_send(m->channel, &value, weft_after(1e-6 * (double)(harness_random(&random) % 40)));
        if (status == WEFT_OK) {
            atomic_fetch_add(&m->sent, value);
            atomic_fetch_add(&m->count_sent, 1);
        } else {
            CHECK_STATUS(status, WEFT_TIMED_OUT);
        }
    }
    if (atomic_fetch_sub(&m->senders, 1) == 1) CHECK_OK(weft_close(m->channel));
}

static void receive_impatiently(market *m, uint64_t random) {
    uint64_t value = 0;
    weft_status status = WEFT_OK;
    while (status == WEFT_OK || status == WEFT_TIMED_OUT) {
        status = weft_receive(m->channel, &value, weft_after(1e-6 * (double)(harness_random(&random) % 40)));
        if (status != WEFT_OK) continue;
        atomic_fetch_add(&m->received, value);
        atomic_fetch_add(&m->count_received, 1);
    }
    CHECK_STATUS(status, WEFT_CLOSED);
}

WEFT_TASK(void, impatient_sender, (market *, m), (int, from), (uint64_t, random)) { send_impatiently(m, from, random); }

WEFT_TASK(void, impatient_receiver, (market *, m), (uint64_t, random)) { receive_impatiently(m, random); }

static void *impatient_thread(void *m) {
    receive_impatiently(m, harness_seed());
    return NULL;
}

TEST_WITH_LIMIT(senders_and_receivers_that_give_up_agree_on_what_was_sent, 120) {
    weft_kernel *kernel = kernel_here();
    weft_deadline until = load_end(4);
    uint64_t random = harness_seed();
    for (size_t round = 0; weft_time() < until; round++) {
        market m = {.channel = bounded_channel(sizeof(uint64_t), 1 + round % 3), .senders = 6, .each = 500};
        weft_group *group = weft_make_group(NULL);
        const weft_submit_options options = {.group = group, .movable = round % 2 == 1};
        pthread_t thread;
        for (int i = 0; i < 6; i++) {
            CHECK_OK(weft_submit_with(&options, NULL, impatient_sender, &m, i, harness_random(&random)));
            CHECK_OK(weft_submit_with(&options, NULL, impatient_receiver, &m, harness_random(&random)));
        }
        start_thread(&thread, impatient_thread, &m);
        join_thread(thread);
        CHECK_OK(weft_wait_group(group, patience()));
        CHECK_EQ(atomic_load(&m.received), atomic_load(&m.sent));
        CHECK_EQ(atomic_load(&m.count_received), atomic_load(&m.count_sent));
        CHECK_OK(weft_free_channel(m.channel));
        CHECK_OK(weft_free_group(group));
    }
    end_and_free(kernel);
}

/* ---- locked blocks ---- */

typedef struct locked {
    weft_channel *queue;
    int rounds;
} locked;

static void move_blocks(locked *l, uint64_t random) {
    for (int i = 0; i < l->rounds; i++) {
        if (harness_random(&random) % 4 == 0) { /* one element, outside a block: goes to the back at once */
            int one = -1;
            WEFT_WITH_LOCKED_CHANNEL(l->queue) {
                CHECK_OK(weft_receive(l->queue, &one, patience()));
                CHECK_OK(weft_send(l->queue, &one, patience()));
            }
            continue;
        }
        if (weft_lock_channel(l->queue, weft_after(1e-6 * (double)(harness_random(&random) % 50))) != WEFT_OK) continue;
        int a = -1, b = -1;
        CHECK_EQ(weft_count(l->queue), 3);
        CHECK_OK(weft_receive(l->queue, &a, WEFT_NOW));
        CHECK_OK(weft_receive(l->queue, &b, WEFT_NOW));
        CHECK_OK(weft_send(l->queue, &a, WEFT_NOW));
        CHECK_OK(weft_send(l->queue, &b, WEFT_NOW));
        CHECK_OK(weft_unlock_channel(l->queue));
    }
}

WEFT_TASK(void, move_in_task, (locked *, l), (uint64_t, random)) { move_blocks(l, random); }

static void *move_in_thread(void *l) {
    move_blocks(l, harness_seed());
    return NULL;
}

TEST_WITH_LIMIT(locked_blocks_of_tasks_and_threads_do_not_mix, 120) {
    weft_kernel *kernel = kernel_here();
    weft_deadline until = load_end(3);
    uint64_t random = harness_seed();
    while (weft_time() < until) {
        const weft_channel_options options = {.capacity = 3, .initial = (const int[]){1, 2, 3}, .initial_count = 3};
        locked l = {weft_make_channel_with(int, &options), 300};
        weft_group *group = weft_make_group(NULL);
        pthread_t thread;
        for (int i = 0; i < 5; i++)
            CHECK_OK(weft_submit_with(&(weft_submit_options){.group = group}, NULL, move_in_task, &l,
                                      harness_random(&random)));
        start_thread(&thread, move_in_thread, &l);
        join_thread(thread);
        CHECK_OK(weft_wait_group(group, patience()));
        int sum = 0, one = 0;
        while (weft_receive(l.queue, &one, WEFT_NOW) == WEFT_OK) sum += one;
        CHECK_EQ(sum, 6);
        CHECK_OK(weft_free_channel(l.queue));
        CHECK_OK(weft_free_group(group));
    }
    end_and_free(kernel);
}
