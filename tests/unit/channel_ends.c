/* SPDX-License-Identifier: MIT */
/* channel_ends.c - rings whose two ends have locks of their own (comm/ends.h): everything that may happen to a channel,
 * while threads and tasks send and receive. */
#include "contract/common.h"
#include "stress/load.h"

bool wefti_ends_make(weft_channel *channel); /* comm/ends.h, which does not stand beside weft.h */

enum { CAPACITY = 16, THREADS = 3, TASKS = 4, BATCH = 5 };

/* A channel of values with its ends apart, filled so far that its front is at `turned`. */
static weft_channel *apart(size_t turned) {
    weft_channel *channel = bounded_channel(sizeof(uint64_t), CAPACITY);
    for (uint64_t i = 0, value; i < turned; i++) {
        CHECK_OK(weft_send(channel, &i, WEFT_NOW));
        CHECK_OK(weft_receive(channel, &value, WEFT_NOW));
    }
    CHECK(wefti_ends_make(channel));
    return channel;
}

TEST(elements_keep_their_order_whatever_way_they_go) {
    for (size_t turned = 0; turned < CAPACITY; turned++) {
        weft_channel *channel = apart(turned);
        uint64_t batch[CAPACITY], value = 0, next_in = 0, next_out = 0;
        size_t done;
        for (int round = 0; round < 40; round++) {
            for (int i = 0; i < round % 7; i++, next_in++) CHECK_OK(weft_send(channel, &next_in, WEFT_NOW));
            for (int i = 0; i < BATCH; i++) batch[i] = next_in++;
            CHECK_OK(weft_send_many(channel, batch, BATCH, WEFT_NOW, &done));
            CHECK_EQ(weft_count(channel), next_in - next_out);
            CHECK_OK(weft_peek(channel, &value));
            CHECK_EQ(value, next_out);
            CHECK_OK(weft_receive_many(channel, batch, 3, WEFT_NOW, &done));
            CHECK_EQ(done, 3);
            for (int i = 0; i < 3; i++) CHECK_EQ(batch[i], next_out++);
            while (weft_receive(channel, &value, WEFT_NOW) == WEFT_OK) CHECK_EQ(value, next_out++);
            CHECK_EQ(next_out, next_in);
            CHECK(weft_is_empty(channel));
        }
        CHECK_OK(weft_free_channel(channel));
    }
}

TEST(a_full_ring_refuses_and_an_empty_one_has_nothing) {
    weft_channel *channel = apart(5);
    uint64_t value = 0;
    CHECK_STATUS(weft_receive(channel, &value, WEFT_NOW), WEFT_TIMED_OUT);
    CHECK_STATUS(weft_receive(channel, &value, weft_after(0.001)), WEFT_TIMED_OUT);
    for (uint64_t i = 0; i < CAPACITY; i++) CHECK_OK(weft_send(channel, &i, WEFT_NOW));
    CHECK(weft_is_full(channel));
    CHECK_STATUS(weft_send(channel, &value, WEFT_NOW), WEFT_TIMED_OUT);
    CHECK_STATUS(weft_send(channel, &value, weft_after(0.001)), WEFT_TIMED_OUT);
    CHECK_OK(weft_close(channel));
    CHECK_STATUS(weft_send(channel, &value, WEFT_NOW), WEFT_CLOSED);
    for (uint64_t i = 0; i < CAPACITY; i++) {
        CHECK_OK(weft_receive(channel, &value, WEFT_NOW));
        CHECK_EQ(value, i);
    }
    CHECK_STATUS(weft_receive(channel, &value, WEFT_NOW), WEFT_CLOSED);
    CHECK_OK(weft_free_channel(channel));
}

TEST(a_lock_that_is_held_holds_up_both_ends) {
    weft_channel *channel = apart(0);
    uint64_t value = 7;
    CHECK_OK(weft_send(channel, &value, WEFT_NOW));
    CHECK_OK(weft_lock_channel(channel, WEFT_FOREVER));
    CHECK_OK(weft_receive(channel, &value, WEFT_NOW)); /* the holder */
    CHECK_OK(weft_send(channel, &value, WEFT_NOW));
    CHECK_OK(weft_unlock_channel(channel));
    void *place;
    CHECK_OK(weft_reserve(channel, &place, WEFT_NOW));
    CHECK_OK(weft_receive(channel, &value, WEFT_NOW));
    CHECK_STATUS(weft_receive(channel, &value, WEFT_NOW), WEFT_TIMED_OUT); /* not filled yet */
    *(uint64_t *)place = 9;
    CHECK_OK(weft_commit(channel, place));
    CHECK_OK(weft_receive(channel, &value, WEFT_NOW));
    CHECK_EQ(value, 9);
    CHECK_OK(weft_free_channel(channel));
}

/* ---- everything at once ---- */

typedef struct fair {
    weft_channel *channel;
    atomic_int senders;
    atomic_ullong sent, received, count_sent, count_received;
    int each;
    uint64_t seed;
} fair;

static void note_sent(fair *f, uint64_t value, size_t count) {
    atomic_fetch_add(&f->sent, value);
    atomic_fetch_add(&f->count_sent, count);
}

static void note_received(fair *f, uint64_t value) {
    atomic_fetch_add(&f->received, value);
    atomic_fetch_add(&f->count_received, 1);
}

static weft_status send_in_some_way(fair *f, uint64_t *random, uint64_t value) {
    uint64_t batch[BATCH] = {value, value + 1, value + 2, value + 3, value + 4};
    weft_operation operation = WEFT_TO_SEND(f->channel, &value);
    size_t sent = 0;
    weft_status status = WEFT_TIMED_OUT;
    switch (harness_random(random) % 8) {
    case 0:
        status = weft_send_many(f->channel, batch, BATCH, patience(), &sent);
        for (size_t i = 0; i < sent; i++) note_sent(f, batch[i], 1);
        return status;
    case 1: {
        const weft_operation *done = weft_alternate(&operation, 1, WEFT_FAIR, patience());
        status = done != NULL ? done->status : weft_last_status();
        break;
    }
    case 2: status = weft_send(f->channel, &value, weft_after(1e-6)); break;
    case 3: status = weft_send(f->channel, &value, WEFT_NOW); break;
    default: status = weft_send(f->channel, &value, patience());
    }
    if (status == WEFT_OK) note_sent(f, value, 1);
    return status == WEFT_TIMED_OUT ? WEFT_OK : status;
}

static weft_status receive_in_some_way(fair *f, uint64_t *random) {
    uint64_t value = 0, batch[BATCH];
    weft_operation operation = WEFT_TO_RECEIVE(f->channel, &value);
    size_t received = 0;
    weft_status status;
    switch (harness_random(random) % 8) {
    case 0:
        status = weft_receive_many(f->channel, batch, BATCH, patience(), &received);
        for (size_t i = 0; i < received; i++) note_received(f, batch[i]);
        return status;
    case 1: {
        const weft_operation *done = weft_alternate(&operation, 1, WEFT_FAIR, patience());
        status = done != NULL ? done->status : weft_last_status();
        break;
    }
    case 2: status = weft_receive(f->channel, &value, weft_after(1e-6)); break;
    case 3: status = weft_receive(f->channel, &value, WEFT_NOW); break;
    default: status = weft_receive(f->channel, &value, patience());
    }
    if (status == WEFT_OK) note_received(f, value);
    return status == WEFT_TIMED_OUT ? WEFT_OK : status;
}

static void send_all(fair *f, int from) {
    uint64_t random = f->seed + (uint64_t)from;
    for (int i = 0; i < f->each; i++)
        if (!CHECK_OK(send_in_some_way(f, &random, (uint64_t)from * 1000003u + (uint64_t)i))) break;
    if (atomic_fetch_sub(&f->senders, 1) == 1) CHECK_OK(weft_close(f->channel));
}

static void receive_all(fair *f, int to) {
    uint64_t random = ~f->seed + (uint64_t)to;
    weft_status status;
    while ((status = receive_in_some_way(f, &random)) == WEFT_OK) continue;
    CHECK_STATUS(status, WEFT_CLOSED);
}

WEFT_TASK(void, sends, (fair *, f), (int, from)) { send_all(f, from); }
WEFT_TASK(void, receives, (fair *, f), (int, to)) { receive_all(f, to); }

static void *sends_in_thread(void *f) {
    send_all(f, 77);
    return NULL;
}

static void *receives_in_thread(void *f) {
    receive_all(f, 78);
    return NULL;
}

/* A kept alternation comes and goes, the ends get stuck and are looked at. */
static void *looks_on(void *argument) {
    fair *f = argument;
    uint64_t value;
    weft_status status = WEFT_OK;
    while (status != WEFT_CLOSED) {
        weft_operation operation = WEFT_TO_RECEIVE(f->channel, &value);
        weft_alternation *kept = weft_make_alternation(&operation, 1);
        CHECK_NOT_NULL(kept);
        for (int i = 0; i < 10 && status != WEFT_CLOSED; i++) {
            const weft_operation *done = weft_alternate_again(kept, WEFT_FAIR, weft_after(1e-4));
            status = done != NULL ? done->status : WEFT_TIMED_OUT;
            if (status == WEFT_OK) note_received(f, value);
        }
        CHECK_OK(weft_free_alternation(kept));
        CHECK(weft_count(f->channel) <= CAPACITY);
        (void)weft_peek(f->channel, &value);
    }
    return NULL;
}

static void hold(weft_kernel *kernel, bool tasks, bool looked_at, size_t round) {
    int count = tasks ? TASKS : 0;
    fair f = {.channel = round % 2 ? apart(round % CAPACITY) : bounded_channel(sizeof(uint64_t), CAPACITY),
              .senders = THREADS + count,
              .each = 400,
              .seed = harness_seed() + round};
    weft_group *group = weft_make_group(NULL);
    pthread_t threads[2 * THREADS], looker;
    for (int i = 0; i < count; i++) {
        const weft_submit_options options = {.kernel = kernel, .group = group, .movable = i % 2 == 0};
        CHECK_OK(weft_submit_with(&options, NULL, receives, &f, i));
        CHECK_OK(weft_submit_with(&options, NULL, sends, &f, i));
    }
    for (int i = 0; i < 2 * THREADS; i++) start_thread(&threads[i], i % 2 ? sends_in_thread : receives_in_thread, &f);
    if (looked_at) start_thread(&looker, looks_on, &f);
    for (int i = 0; i < 2 * THREADS; i++) join_thread(threads[i]);
    if (looked_at) join_thread(looker);
    CHECK_OK(weft_wait_group(group, patience()));
    CHECK_EQ(atomic_load(&f.count_received), atomic_load(&f.count_sent));
    CHECK_EQ(atomic_load(&f.received), atomic_load(&f.sent));
    CHECK(weft_is_empty(f.channel));
    CHECK_OK(weft_free_channel(f.channel));
    CHECK_OK(weft_free_group(group));
}

TEST_WITH_LIMIT(threads_and_tasks_send_and_receive_in_all_ways_and_nothing_is_lost, 120) {
    weft_kernel *kernel = kernel_here();
    weft_deadline until = load_end(4);
    for (size_t round = 0; weft_time() < until; round++) hold(kernel, round % 3 != 0, round % 4 < 2, round);
    end_and_free(kernel);
}
