/* SPDX-License-Identifier: MIT */
/* alternation.c - alternations over sends meet alternations over receives: tasks and threads, of one time and kept, all
 * over the same channels without buffers. Every number that was sent is received once, and nobody is left waiting.
 *
 * 200,000 exchanges; WEFT_TEST_STRESS=50 makes them 10,000,000. */
#include "contract/alternating.h"

#include <stdlib.h>

#include "stress/load.h"

enum { CHANNELS = 8, TASKS = 8, THREADS = 4, SIDE = TASKS + THREADS };

typedef struct manner {
    bool random_order, closes, deadlines;
    int kept; /* percent of the parties */
} manner;

typedef struct fair {
    manner how;
    weft_channel *channels[CHANNELS];
    size_t each; /* numbers of one sender */
    uint64_t seed;
    atomic_size_t sent, received, duplicates;
    atomic_int senders, place, closed;
    atomic_uchar *seen;
} fair;

/* One who offers operations of one kind on all channels that are still open. */
typedef struct party {
    fair *fair;
    weft_operation operations[CHANNELS];
    size_t count, turn;
    uint64_t random;
    bool keeps;
    weft_alternation *kept;
    int64_t number;
} party;

static void enter(party *p, fair *f, weft_operation_kind kind) {
    int place = atomic_fetch_add(&f->place, 1);
    *p = (party){.fair = f, .count = CHANNELS, .random = f->seed + (uint64_t)place * 7919};
    p->keeps = (int)(harness_random(&p->random) % 100) < f->how.kept;
    for (size_t i = 0; i < CHANNELS; i++) {
        weft_channel *channel = f->channels[(i + (size_t)place) % CHANNELS];
        if (kind == WEFT_OPERATION_SEND)
            p->operations[i] = WEFT_TO_SEND(channel, &p->number);
        else
            p->operations[i] = WEFT_TO_RECEIVE(channel, &p->number);
    }
}

static weft_deadline deadline_of(party *p) {
    if (!p->fair->how.deadlines || harness_random(&p->random) % 4 != 0) return weft_after(60.0 * harness_slowness());
    return weft_after(1e-6 * (double)(harness_random(&p->random) % 100));
}

static weft_operation *alternate(party *p, weft_deadline deadline) {
    weft_choice choice = (weft_choice)(harness_random(&p->random) % 3);
    if (!p->keeps && choice == WEFT_IN_TURN) return weft_alternate_in_turn(p->operations, p->count, &p->turn, deadline);
    if (!p->keeps) return weft_alternate(p->operations, p->count, choice, deadline);
    if (p->kept == NULL && (p->kept = weft_make_alternation(p->operations, p->count)) == NULL) return NULL;
    return weft_alternate_again(p->kept, choice, deadline);
}

static void give_up_set(party *p) {
    CHECK_OK(weft_free_alternation(p->kept));
    p->kept = NULL;
}

/* Does one; false: all channels are closed, or something went wrong. */
static bool meet(party *p) {
    while (p->count > 0) {
        weft_deadline deadline = deadline_of(p);
        weft_operation *done = alternate(p, deadline);
        if (done == NULL && weft_last_status() == WEFT_TIMED_OUT && p->fair->how.deadlines) {
            CHECK_GE(weft_time(), deadline);
            continue;
        }
        if (!CHECK_NOT_NULL(done)) return false;
        if (done->status == WEFT_OK) return true;
        if (!CHECK_STATUS(done->status, WEFT_CLOSED)) return false;
        give_up_set(p);
        *done = p->operations[--p->count];
    }
    return false;
}

static void close_one(fair *f) {
    int place = atomic_fetch_add(&f->closed, 1);
    if (place < CHANNELS) CHECK_OK(weft_close(f->channels[place]));
}

static void send_all(fair *f, int sender) {
    party p;
    enter(&p, f, WEFT_OPERATION_SEND);
    size_t share = f->each * SIDE / (CHANNELS + 1) + 1;
    for (size_t i = 0; i < f->each; i++) {
        p.number = (int64_t)((size_t)sender * f->each + i);
        if (!meet(&p)) break;
        if ((atomic_fetch_add(&f->sent, 1) + 1) % share == 0 && f->how.closes) close_one(f);
    }
    give_up_set(&p);
    if (atomic_fetch_sub(&f->senders, 1) == 1)
        for (int i = 0; i < CHANNELS; i++) close_one(f);
}

static void receive_all(fair *f) {
    party p;
    enter(&p, f, WEFT_OPERATION_RECEIVE);
    for (p.number = -1; meet(&p); p.number = -1) {
        if (!CHECK(p.number >= 0 && (size_t)p.number < f->each * SIDE)) break;
        if (atomic_fetch_add(&f->seen[p.number], 1) != 0) atomic_fetch_add(&f->duplicates, 1);
        atomic_fetch_add(&f->received, 1);
    }
    give_up_set(&p);
}

WEFT_TASK(void, send_in_task, (fair *, f), (int, sender)) { send_all(f, sender); }

WEFT_TASK(void, receive_in_task, (fair *, f)) { receive_all(f); }

typedef struct visitor {
    fair *f;
    int sender;
} visitor;

static void *send_in_thread(void *argument) {
    const visitor *v = argument;
    send_all(v->f, v->sender);
    return NULL;
}

static void *receive_in_thread(void *f) {
    receive_all(f);
    return NULL;
}

static void start_parties(fair *f, crew *c, pthread_t *threads, visitor *visitors) {
    weft_submit_options movable = c->options;
    movable.movable = true;
    for (int i = 0; i < TASKS; i++) {
        CHECK_OK(weft_submit_with(i % 2 ? &movable : &c->options, NULL, send_in_task, f, i));
        CHECK_OK(weft_submit_with(i % 3 ? &movable : &c->options, NULL, receive_in_task, f));
    }
    for (int i = 0; i < THREADS; i++) {
        visitors[i] = (visitor){f, TASKS + i};
        start_thread(&threads[2 * i], send_in_thread, &visitors[i]);
        start_thread(&threads[2 * i + 1], receive_in_thread, f);
    }
}

static void check_numbers(const fair *f) {
    CHECK_EQ(atomic_load(&f->sent), atomic_load(&f->received));
    CHECK_EQ(atomic_load(&f->duplicates), 0);
    if (!f->how.closes) CHECK_EQ(atomic_load(&f->sent), f->each * SIDE);
    CHECK_GT(atomic_load(&f->sent), 0);
}

static void hold(manner how, size_t exchanges) {
    crew c = crew_here();
    fair f = {.how = how, .each = load_rounds(exchanges) / SIDE + 1, .seed = harness_seed(), .senders = SIDE};
    weft_channel_options options = {.rendezvous = true};
    if (how.random_order) options.waiters = WEFT_WAITERS_AT_RANDOM;
    f.seen = calloc(f.each * SIDE, sizeof *f.seen);
    for (int i = 0; i < CHANNELS; i++) f.channels[i] = weft_make_channel_with(int64_t, &options);
    pthread_t threads[2 * THREADS];
    visitor visitors[THREADS];
    start_parties(&f, &c, threads, visitors);
    for (int i = 0; i < 2 * THREADS; i++) join_thread(threads[i]);
    crew_wait(&c);
    check_numbers(&f);
    free_all(f.channels, CHANNELS);
    free(f.seen);
    crew_end(&c);
}

TEST_WITH_LIMIT(alternations_meet_and_nothing_is_lost_or_doubled, 1800) { hold((manner){.kept = 0}, 200000); }

TEST_WITH_LIMIT(kept_alternations_meet_and_nothing_is_lost_or_doubled, 1800) { hold((manner){.kept = 100}, 100000); }

TEST_WITH_LIMIT(kept_ones_meet_those_of_one_time, 1800) { hold((manner){.kept = 50}, 100000); }

TEST_WITH_LIMIT(alternations_with_random_order_of_waiters_lose_nothing, 1800) {
    hold((manner){.kept = 30, .random_order = true}, 50000);
}

TEST_WITH_LIMIT(alternations_that_time_out_lose_nothing, 1800) {
    hold((manner){.kept = 50, .deadlines = true}, 50000);
    hold((manner){.kept = 50, .deadlines = true, .random_order = true}, 20000);
}

TEST_WITH_LIMIT(channels_closed_in_between_lose_nothing, 1800) {
    for (int i = 0; i < 4; i++)
        hold((manner){.kept = 50, .closes = true, .deadlines = i % 2 == 1, .random_order = i / 2 == 1}, 20000);
}

/* ---- sets that are freed by another than their user, while their channel is in use ---- */

enum { SETS = 32 };

typedef struct loan {
    weft_channel *channel, *lent;
    weft_alternation *sets[SETS];
    atomic_bool freed;
} loan;

static void pass_one(const loan *l, int64_t *value) {
    CHECK_OK(weft_send(l->channel, value, WEFT_NOW));
    CHECK_OK(weft_receive(l->channel, value, WEFT_NOW));
}

/* Uses the channel alone for a while, then lends the sets and goes on with the channel. */
WEFT_TASK(void, lend, (loan *, l)) {
    int64_t value = 1;
    weft_operation operations[SETS];
    for (int i = 0; i < SETS; i++) {
        operations[i] = WEFT_TO_RECEIVE(l->channel, &value);
        l->sets[i] = weft_make_alternation(&operations[i], 1);
    }
    for (int i = 0; i < 200; i++) pass_one(l, &value);
    CHECK_OK(weft_send(l->lent, &value, WEFT_FOREVER));
    while (!atomic_load(&l->freed)) pass_one(l, &value);
}

TEST_WITH_LIMIT(kept_alternations_are_freed_by_another_while_their_channel_is_in_use, 300) {
    crew c = crew_here();
    weft_channel *lent = weft_make_channel(int64_t);
    for (size_t round = load_rounds(1000); round > 0; round--) {
        loan l = {.channel = weft_make_channel_with(int64_t, &(weft_channel_options){.capacity = 4}), .lent = lent};
        int64_t value;
        CHECK_OK(weft_submit_with(&c.options, NULL, lend, &l));
        CHECK_OK(weft_receive(lent, &value, WEFT_FOREVER));
        for (int i = 0; i < SETS; i++) CHECK_OK(weft_free_alternation(l.sets[i]));
        atomic_store(&l.freed, true);
        crew_wait(&c);
        CHECK_OK(weft_free_channel(l.channel));
    }
    CHECK_OK(weft_free_channel(lent));
    crew_end(&c);
}
