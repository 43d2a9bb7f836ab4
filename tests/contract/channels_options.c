/* SPDX-License-Identifier: MIT */
/* channels_options.c - waiters served at random, channels of one worker, channels of a type, names. */
#include "contract/alternating.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- random order of waiters, as in Calispel: fairness among those who wait is uniform ---- */

typedef struct lottery {
    weft_channel *channel, *answers;
    int rounds, waiters;
    int firsts[8];
} lottery;

WEFT_TASK(void, draw, (lottery *, l), (int, number)) {
    int value = -1;
    CHECK_OK(weft_receive(l->channel, &value, WEFT_FOREVER));
    if (value == 0) l->firsts[number]++; /* one worker: no two at once */
}

WEFT_TASK(void, hand_out, (lottery *, l)) {
    for (int i = 0; i < l->waiters; i++) CHECK_OK(weft_send(l->channel, &i, WEFT_NOW));
}

static double chi_square(const int *counts, int places, int all) {
    double expected = (double)all / places, sum = 0;
    for (int i = 0; i < places; i++) sum += (counts[i] - expected) * (counts[i] - expected) / expected;
    return sum;
}

static void hold_lottery(lottery *l, crew *c) {
    for (int round = 0; round < l->rounds; round++) {
        for (int i = 0; i < l->waiters; i++) CHECK_OK(weft_submit_with(&c->options, NULL, draw, l, i));
        CHECK_OK(weft_submit_with(&c->options, NULL, hand_out, l));
        crew_wait(c);
    }
}

TEST(waiters_at_random_are_served_with_the_same_chance) {
    crew c = crew_of(1);
    lottery l = {.rounds = (int)harness_rounds(2000), .waiters = 5};
    l.channel =
        weft_make_channel_with(int, &(weft_channel_options){.rendezvous = true, .waiters = WEFT_WAITERS_AT_RANDOM});
    hold_lottery(&l, &c);
    /* 4 degrees of freedom: more than 40 has a chance below one in ten million. */
    CHECK_LT((int)chi_square(l.firsts, 5, l.rounds), 40);
    crew_wait(&c);
    CHECK_OK(weft_free_channel(l.channel));
    crew_end(&c);
}

TEST(waiters_in_order_are_served_in_order) {
    crew c = crew_of(1);
    lottery l = {.rounds = 20, .waiters = 5};
    l.channel = weft_make_channel_with(int, &(weft_channel_options){.capacity = 3});
    hold_lottery(&l, &c);
    CHECK_EQ(l.firsts[0], 20);
    crew_wait(&c);
    CHECK_OK(weft_free_channel(l.channel));
    crew_end(&c);
}

WEFT_TASK(void, offer, (lottery *, l), (int, number)) { CHECK_OK(weft_send(l->channel, &number, patience())); }

WEFT_TASK(void, collect, (lottery *, l)) {
    bool seen[8] = {false};
    for (int i = 0; i < l->waiters; i++) {
        int value = 0;
        CHECK_OK(weft_receive(l->channel, &value, WEFT_NOW));
        if (i == 0) l->firsts[value]++;
        CHECK(!seen[value]);
        seen[value] = true;
    }
}

TEST(senders_at_random_all_come_and_each_may_be_first) {
    crew c = crew_of(1);
    lottery l = {.rounds = (int)harness_rounds(1000), .waiters = 4};
    l.channel =
        weft_make_channel_with(int, &(weft_channel_options){.rendezvous = true, .waiters = WEFT_WAITERS_AT_RANDOM});
    for (int round = 0; round < l.rounds; round++) {
        for (int i = 0; i < l.waiters; i++) CHECK_OK(weft_submit_with(&c.options, NULL, offer, &l, i));
        CHECK_OK(weft_submit_with(&c.options, NULL, collect, &l));
        crew_wait(&c);
    }
    CHECK_LT((int)chi_square(l.firsts, 4, l.rounds), 40);
    crew_wait(&c);
    CHECK_OK(weft_free_channel(l.channel));
    crew_end(&c);
}

TEST(unknown_order_of_waiters_is_refused) {
    CHECK_NULL(weft_make_channel_with(int, &(weft_channel_options){.waiters = (weft_waiter_order)2}));
    CHECK_STATUS(weft_last_status(), WEFT_INVALID);
}

/* ---- channels of one worker ---- */

typedef struct household {
    weft_channel *channel;
    int rounds;
    int64_t sum;
} household;

WEFT_TASK(void, give_at_home, (household *, h)) {
    for (int i = 1; i <= h->rounds; i++) CHECK_OK(weft_send(h->channel, &i, WEFT_FOREVER));
    CHECK_OK(weft_close(h->channel));
}

WEFT_TASK(void, take_at_home, (household *, h)) {
    WEFT_FOR_EACH_RECEIVED(int, value, h->channel) h->sum += value;
    CHECK_STATUS(weft_last_status(), WEFT_CLOSED);
}

static void run_at_home(weft_channel_options options) {
    crew c = crew_of(1);
    household h = {.channel = weft_make_channel_with(int, &options), .rounds = 1000};
    CHECK_OK(weft_submit_with(&c.options, NULL, give_at_home, &h));
    CHECK_OK(weft_submit_with(&c.options, NULL, take_at_home, &h));
    crew_wait(&c);
    CHECK_EQ(h.sum, 500500);
    CHECK_OK(weft_free_channel(h.channel));
    crew_end(&c);
}

TEST(local_channel_serves_the_tasks_of_its_worker) {
    run_at_home((weft_channel_options){.local = true, .rendezvous = true});
    run_at_home((weft_channel_options){.local = true, .capacity = 1});
    run_at_home((weft_channel_options){.local = true, .capacity = 64});
    run_at_home((weft_channel_options){.local = true});
    run_at_home((weft_channel_options){.local = true, .capacity = 3, .waiters = WEFT_WAITERS_AT_RANDOM});
}

WEFT_TASK(void, alternate_at_home, (household *, h)) {
    int value = 0;
    for (bool open = true; open;) {
        WEFT_PRI_ALT {
            WEFT_RECEIVE(h->channel, &value) {
                open = weft_last_status() == WEFT_OK;
                if (open) h->sum += value;
            }
            WEFT_OTHERWISE_AFTER(15.0) {
                FAIL("nothing came");
                open = false;
            }
        }
    }
}

TEST(local_channel_takes_part_in_alternations) {
    crew c = crew_of(1);
    household h = {.rounds = 1000};
    h.channel = weft_make_channel_with(int, &(weft_channel_options){.local = true, .rendezvous = true});
    CHECK_OK(weft_submit_with(&c.options, NULL, alternate_at_home, &h));
    CHECK_OK(weft_submit_with(&c.options, NULL, give_at_home, &h));
    crew_wait(&c);
    CHECK_EQ(h.sum, 500500);
    CHECK_OK(weft_free_channel(h.channel));
    crew_end(&c);
}

WEFT_TASK(void, first_use, (household *, h)) { CHECK_OK(weft_send(h->channel, &(int){1}, WEFT_NOW)); }

TEST(local_channel_refuses_who_is_not_of_its_worker) {
    crew c = crew_of(1);
    household h = {.channel = weft_make_channel_with(int, &(weft_channel_options){.local = true, .capacity = 2})};
    CHECK_OK(weft_submit_with(&c.options, NULL, first_use, &h));
    crew_wait(&c);
    int value = 5;
    weft_operation operation = WEFT_TO_RECEIVE(h.channel, &value);
    CHECK_STATUS(weft_send(h.channel, &value, WEFT_NOW), WEFT_INVALID);
    CHECK_STATUS(weft_receive(h.channel, &value, WEFT_FOREVER), WEFT_INVALID);
    const weft_operation *done = weft_alternate(&operation, 1, WEFT_FIRST_LISTED, WEFT_FOREVER);
    CHECK(done == NULL || operation.status == WEFT_INVALID);
    CHECK_STATUS(weft_last_status(), WEFT_INVALID);
    CHECK_STATUS(weft_submit(h.channel, first_use, &h), WEFT_INVALID);
    CHECK_EQ(value, 5);
    CHECK_EQ(weft_count(h.channel), 1);
    crew_wait(&c);
    CHECK_OK(weft_free_channel(h.channel));
    crew_end(&c);
}

/* ---- channels of a type ---- */

typedef struct job {
    int number;
    double cost;
    char name[20];
} job;

WEFT_CHANNEL_TYPE(job_channel, job);
WEFT_CHANNEL_TYPE(text_channel, const char *);

TEST(typed_channel_carries_its_type_through_every_operation) {
    job_channel *jobs = weft_make_typed_channel(job_channel, &(weft_channel_options){.capacity = 4, .name = "jobs"});
    job in = {1, 2.5, "first"}, out = {0};
    CHECK_EQ(weft_element_size(weft_untyped(jobs)), sizeof(job));
    CHECK_STR(weft_channel_name(weft_untyped(jobs)), "jobs");
    CHECK_OK(weft_send(jobs, &in, WEFT_NOW));
    CHECK_OK(weft_peek(jobs, &out));
    CHECK_EQ(out.number, 1);
    out = (job){0};
    CHECK_OK(weft_receive(jobs, &out, WEFT_NOW));
    CHECK_STR(out.name, "first");
    CHECK_NEAR(out.cost, 2.5, 0);
    weft_operation operations[] = {WEFT_TO_RECEIVE(jobs, &out), WEFT_TO_SEND(jobs, &in)};
    CHECK_PTR(weft_alternate(operations, 2, WEFT_FIRST_LISTED, WEFT_NOW), &operations[1]);
    CHECK_PTR(weft_alternate(operations, 2, WEFT_FIRST_LISTED, WEFT_NOW), &operations[0]);
    CHECK_OK(weft_free_channel(weft_untyped(jobs)));
}

TEST(constant_elements_may_be_sent_to_a_typed_channel) {
    job_channel *jobs = weft_make_typed_channel(job_channel, NULL);
    static const job constant = {7, 0.5, "constant"};
    job out = {0};
    CHECK_OK(weft_send(jobs, &constant, WEFT_NOW));
    WEFT_PRI_ALT {
        WEFT_SEND(jobs, &constant) {}
    }
    int seen = 0;
    CHECK_OK(weft_close(weft_untyped(jobs)));
    WEFT_FOR_EACH_RECEIVED(job, each, jobs) {
        seen++;
        out = each;
    }
    CHECK_EQ(seen, 2);
    CHECK_EQ(out.number, 7);
    CHECK_OK(weft_free_channel(weft_untyped(jobs)));
}

TEST(typed_channel_of_pointers_carries_pointers) {
    text_channel *texts = weft_make_typed_channel(text_channel, NULL);
    const char *in = "thread", *out = NULL;
    WEFT_PRI_ALT {
        WEFT_RECEIVE(texts, &out) { FAIL("nothing is there"); }
        WEFT_SEND(texts, &in) {}
    }
    WEFT_PRI_ALT {
        WEFT_RECEIVE(texts, &out) { CHECK_PTR(out, in); }
    }
    CHECK_PTR(out, in);
    CHECK_OK(weft_free_channel(weft_untyped(texts)));
}

TEST(rendezvous_of_a_type_is_made_with_the_option) {
    job_channel *jobs = weft_make_typed_channel(job_channel, &(weft_channel_options){.rendezvous = true});
    job one = {0};
    CHECK_STATUS(weft_send(jobs, &one, WEFT_NOW), WEFT_TIMED_OUT);
    CHECK_OK(weft_free_channel(weft_untyped(jobs)));
}

/* ---- the price of an idle channel ---- */

static size_t resident_bytes(void) {
    size_t all = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file != NULL && fscanf(file, "%zu %zu", &all, &resident) != 2) resident = 0;
    if (file != NULL) fclose(file);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

TEST_WITH_LIMIT(a_million_idle_rendezvous_channels_fit_into_one_process, 120) {
    size_t count = harness_rounds(1000000);
    weft_channel **channels = malloc(count * sizeof *channels);
    memset(channels, 1, count * sizeof *channels);
    size_t before = resident_bytes();
    for (size_t i = 0; i < count; i++) channels[i] = weft_make_rendezvous(int);
    size_t each = (resident_bytes() - before) / count;
    fprintf(stderr, "# %zu idle rendezvous channels: %zu bytes each\n", count, each);
    if (harness_slowness() == 1) CHECK_LE(each, 384); /* 128 of its own, and what the allocator leaves between them */
    CHECK_STATUS(weft_send(channels[count / 2], &(int){1}, WEFT_NOW), WEFT_TIMED_OUT);
    free_all(channels, count);
    free(channels);
}
