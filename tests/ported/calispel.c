/* SPDX-License-Identifier: MIT */
/* calispel.c - Calispel's own two tests, test-channel and test-concurrency, re-expressed, over every store.
 *
 * Origin: test.lisp of Calispel, ISC-style licence; nothing of its text is here. Writers send the numbers below a
 * count, each once, and readers keep what they receive; in between both sides are told over control channels to be slow
 * by turns, so that readers contend, or writers. At the end each number has been received once, and nothing is left.
 *
 * The original sends 2,000,000 messages and changes its condition every three seconds; this sends as many with
 * WEFT_TEST_STRESS=100, and changes after 0.3 seconds. By default it sends 20,000, and changes after 0.003; never
 * more often than after a millisecond, since orders come first, and who is given them faster than it can obey does
 * nothing else. It does not check the order, and says so; ours checks that what one writer sends through a
 * first-in-first-out store is received in its order. */
#include <weft/buffer.h>

#include "ported/crew.h"

#include <stdlib.h>

#include "stress/load.h"

enum { READERS = 4, WRITERS = 4, MESSAGES = 20000 };

typedef enum order { HIGH_SPEED, LOW_SPEED, CLEAN_UP } order;
typedef enum condition { NONE, READERS_CONTEND, WRITERS_CONTEND, CONDITIONS } condition;

typedef struct trial trial;

typedef struct member {
    trial *of;
    weft_channel *control;
    int from, to;     /* a writer's numbers */
    int *kept, count; /* a reader's */
    bool slow, cleaning;
} member;

struct trial {
    weft_channel *channel, *results, *expired;
    member reader[READERS], writer[WRITERS];
    int messages;
    bool ordered;
    double period;
};

static void obey(member *m, order told) {
    if (told == CLEAN_UP)
        m->cleaning = true;
    else
        m->slow = told == LOW_SPEED;
}

/* Reads until it has been told to clean up and nothing comes any more. */
static void reads(void *argument) {
    member *m = argument;
    order told = HIGH_SPEED;
    int message = 0;
    for (bool going = true; going;) {
        if (m->slow) CHECK_OK(weft_sleep(weft_after(0.0002)));
        WEFT_PRI_ALT {
            WEFT_RECEIVE(m->control, &told) { obey(m, told); }
            WEFT_RECEIVE(m->of->channel, &message) {
                if (CHECK_LT(m->count, m->of->messages)) m->kept[m->count++] = message;
            }
            WEFT_OTHERWISE_AT(m->cleaning ? WEFT_NOW : patience()) {
                CHECK(m->cleaning);
                going = false;
            }
        }
    }
    CHECK_OK(weft_send(m->of->results, &m, patience()));
    CHECK_OK(weft_send(m->of->expired, &m, patience()));
}

static void writes(void *argument) {
    member *m = argument;
    order told = HIGH_SPEED;
    while (m->from < m->to) {
        if (m->slow) CHECK_OK(weft_sleep(weft_after(0.0002)));
        WEFT_PRI_ALT {
            WEFT_RECEIVE(m->control, &told) { obey(m, told); }
            WEFT_SEND(m->of->channel, &m->from) { m->from++; }
        }
    }
    CHECK_OK(weft_send(m->of->expired, &m, patience()));
}

static void tell_all(member *members, int count, order what) {
    for (int i = 0; i < count; i++) CHECK_OK(weft_send(members[i].control, &what, patience()));
}

static void set_condition(trial *t, condition now) {
    tell_all(t->reader, READERS, now == WRITERS_CONTEND ? LOW_SPEED : HIGH_SPEED);
    tell_all(t->writer, WRITERS, now == READERS_CONTEND ? LOW_SPEED : HIGH_SPEED);
}

/* Cycles through the conditions until so many of the members have come to their end. */
static void wait_for_expired(trial *t, int count, bool writers) {
    condition now = NONE;
    weft_deadline cycle = weft_after(t->period);
    while (count > 0) {
        const member *gone = NULL;
        WEFT_PRI_ALT {
            WEFT_RECEIVE(t->expired, &gone) {
                CHECK((gone >= t->writer && gone < t->writer + WRITERS) == writers);
                count--;
            }
            WEFT_OTHERWISE_AT(cycle) {
                now = (now + 1) % CONDITIONS;
                set_condition(t, now);
                cycle = weft_after(t->period);
            }
        }
    }
}

/* Each number once; and of each writer those that one reader has, in their order. */
static void verify_results(trial *t) {
    char *seen = calloc((size_t)t->messages, 1);
    int duplicates = 0, missing = 0, vectors = 0;
    const member *result;
    for (; weft_receive(t->results, &result, WEFT_NOW) == WEFT_OK; vectors++) {
        int last[WRITERS] = {-1, -1, -1, -1};
        for (int i = 0; i < result->count; i++) {
            int number = result->kept[i], writer = (int)((int64_t)number * WRITERS / t->messages);
            duplicates += seen[number]++ != 0;
            if (t->ordered) CHECK_LT(last[writer], number);
            last[writer] = number;
        }
    }
    for (int i = 0; i < t->messages; i++) missing += seen[i] == 0;
    CHECK_EQ(vectors, READERS);
    CHECK_EQ(duplicates, 0);
    CHECK_EQ(missing, 0);
    free(seen);
}

/* Nothing lingers but orders to be slow or fast that came too late. */
static void verify_emptiness(trial *t) {
    order told;
    WEFT_PRI_ALT {
        WEFT_RECEIVE_ANY(t->channel) { FAIL("a message is left"); }
        WEFT_RECEIVE_ANY(t->results) { FAIL("a result is left"); }
        WEFT_RECEIVE_ANY(t->expired) { FAIL("a notice is left"); }
        WEFT_OTHERWISE_AFTER(0.005) {}
    }
    for (int i = 0; i < READERS; i++)
        while (weft_receive(t->reader[i].control, &told, WEFT_NOW) == WEFT_OK) CHECK(told != CLEAN_UP);
    for (int i = 0; i < WRITERS; i++)
        while (weft_receive(t->writer[i].control, &told, WEFT_NOW) == WEFT_OK) CHECK(told != CLEAN_UP);
}

static weft_channel *control_channel(void) { return weft_make_channel(order); }

static void begin(trial *t, crew *c) {
    weft_channel_options at_random = {.buffer = weft_make_random_buffer(sizeof(member *), 0)};
    t->results = weft_make_channel_with(member *, &at_random);
    t->expired = bounded_channel(sizeof(member *), READERS + WRITERS);
    for (int i = 0; i < READERS; i++) {
        t->reader[i] = (member){.of = t, .control = control_channel()};
        t->reader[i].kept = malloc((size_t)t->messages * sizeof(int));
        start(c, reads, &t->reader[i]);
    }
    for (int i = 0; i < WRITERS; i++) {
        int from = (int)((int64_t)t->messages * i / WRITERS), to = (int)((int64_t)t->messages * (i + 1) / WRITERS);
        t->writer[i] = (member){.of = t, .control = control_channel(), .from = from, .to = to};
        start(c, writes, &t->writer[i]);
    }
}

static void finish(trial *t) {
    for (int i = 0; i < READERS; i++) {
        CHECK_OK(weft_free_channel(t->reader[i].control));
        free(t->reader[i].kept);
    }
    for (int i = 0; i < WRITERS; i++) CHECK_OK(weft_free_channel(t->writer[i].control));
    FREE_ALL(t->channel, t->results, t->expired);
}

static int messages_here(int part) {
    int messages = (int)load_rounds((size_t)(MESSAGES / part));
    return messages < WRITERS ? WRITERS : messages / WRITERS * WRITERS;
}

static double period_here(void) {
    double scaled = 0.003 * load_scale();
    return scaled < 0.001 ? 0.001 : scaled;
}

/* The channel is freed. */
static void test_channel(crew *c, weft_channel *channel, int messages, bool ordered) {
    trial t = {.channel = channel, .messages = messages, .ordered = ordered, .period = period_here()};
    CHECK_NOT_NULL(channel);
    begin(&t, c);
    set_condition(&t, NONE);
    wait_for_expired(&t, WRITERS, true);
    tell_all(t.reader, READERS, CLEAN_UP);
    wait_for_expired(&t, READERS, false);
    all_done(c);
    verify_results(&t);
    verify_emptiness(&t);
    finish(&t);
}

static weft_channel *with_buffer(weft_buffer *buffer) {
    weft_channel_options options = {.buffer = buffer};
    return weft_make_channel_with(int, &options);
}

static int by_number(const void *a, const void *b) {
    int one = *(const int *)a, two = *(const int *)b;
    return (one > two) - (one < two);
}

/* ---- test-channel, over each store that loses nothing ---- */

enum { SOAK_LIMIT = 600 };
#define STORE_TEST(name, ordered, make_it)                                                                             \
    static void name##_body(crew *c) { test_channel(c, make_it, messages_here(1), ordered); }                          \
    TEST_WITH_LIMIT(name, SOAK_LIMIT) { in_all_ways(name##_body); }

STORE_TEST(channel_of_a_rendezvous, true, make(0))
STORE_TEST(channel_bounded_by_one, true, make(1))
STORE_TEST(channel_bounded, true, make(64))
STORE_TEST(channel_unbounded, true, make_unbounded())
STORE_TEST(channel_with_a_fifo_buffer, true, with_buffer(weft_make_fifo_buffer(sizeof(int), 64)))
STORE_TEST(channel_with_an_unbounded_buffer, true, with_buffer(weft_make_unbounded_buffer(sizeof(int))))
STORE_TEST(channel_with_a_random_buffer, false, with_buffer(weft_make_random_buffer(sizeof(int), 64)))
STORE_TEST(channel_with_a_random_buffer_without_limit, false, with_buffer(weft_make_random_buffer(sizeof(int), 0)))
STORE_TEST(channel_with_a_lifo_buffer, false, with_buffer(weft_make_lifo_buffer(sizeof(int), 64)))
STORE_TEST(channel_with_a_priority_buffer, false, with_buffer(weft_make_priority_buffer(sizeof(int), 64, by_number)))
STORE_TEST(channel_that_serves_at_random, false,
           weft_make_channel_with(int,
                                  (&(weft_channel_options){.rendezvous = true, .waiters = WEFT_WAITERS_AT_RANDOM})))

/* ---- test-concurrency ---- */

enum { TRIALS = 8 };
typedef struct future {
    crew c;
    pthread_t thread;
    size_t capacity;
} future;

static void *runs_a_trial(void *argument) {
    future *f = argument;
    test_channel(&f->c, make(f->capacity), messages_here(TRIALS), true);
    return NULL;
}

static void test_concurrency(size_t capacity) {
    static future futures[TRIALS];
    weft_kernel *kernel = kernel_here();
    for (int i = 0; i < TRIALS; i++) {
        futures[i].c = (crew){.way = (crew_way)(i % CREW_WAYS), .group = weft_make_group(NULL)};
        futures[i].capacity = capacity;
        start_thread(&futures[i].thread, runs_a_trial, &futures[i]);
    }
    for (int i = 0; i < TRIALS; i++) {
        join_thread(futures[i].thread);
        CHECK_OK(weft_free_group(futures[i].c.group));
    }
    end_and_free(kernel);
}

/* Eight trials at once, each with a channel and a crew of its own: tasks, threads, or both */
TEST_WITH_LIMIT(concurrency_of_rendezvous, SOAK_LIMIT) { test_concurrency(0); }

TEST_WITH_LIMIT(concurrency_of_bounded_channels, SOAK_LIMIT) { test_concurrency(16); }
