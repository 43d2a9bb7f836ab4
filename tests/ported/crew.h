/* SPDX-License-Identifier: MIT */
/* crew.h - what the ported tests of channels share: a crew of tasks or threads, and channels as their origins know
 * them.
 *
 * An original starts goroutines or threads. A test here is a body that starts the members of a crew, and runs three
 * times: body and members as tasks; all of them as plain threads; the body as a thread, its members by turns a task and
 * a thread. What a member does is a void function of one pointer. */
#ifndef WEFT_TEST_CREW_H
#define WEFT_TEST_CREW_H

#include "contract/common.h"

enum { CREW_MOST = 256 };

typedef enum crew_way { CREW_TASKS, CREW_THREADS, CREW_MIXED, CREW_WAYS } crew_way;

typedef void (*crew_run)(void *argument);
typedef struct crew_member {
    crew_run run;
    void *argument;
} crew_member;

typedef struct crew {
    crew_way way;
    unsigned started, threads;
    weft_group *group;
    pthread_t thread[CREW_MOST];
    crew_member member[CREW_MOST];
} crew;

typedef void (*crew_body)(crew *c);

WEFT_TASK(void, crew_task, (crew_run, run), (void *, argument)) { run(argument); }

WEFT_TASK(void, crew_body_task, (crew *, c), (crew_body, body)) { body(c); }

static inline void *crew_thread(void *member) {
    const crew_member *m = member;
    m->run(m->argument);
    return NULL;
}

/* Starts a member. */
static inline void start(crew *c, crew_run run, void *argument) {
    bool as_task = c->way == CREW_TASKS || (c->way == CREW_MIXED && c->started % 2 == 0);
    c->started++;
    if (as_task) {
        CHECK_OK(weft_submit_with((&(weft_submit_options){.group = c->group}), NULL, crew_task, run, argument));
        return;
    }
    if (!CHECK_LT(c->threads, CREW_MOST)) return;
    c->member[c->threads] = (crew_member){run, argument};
    if (start_thread(&c->thread[c->threads], crew_thread, &c->member[c->threads])) c->threads++;
}

/* Waits until all members started so far are done. */
static inline void all_done(crew *c) {
    CHECK_OK(weft_wait_group(c->group, patience()));
    for (unsigned i = 0; i < c->threads; i++) join_thread(c->thread[i]);
    c->threads = 0;
}

static inline void crew_run_body(crew *c, crew_body body) {
    if (c->way != CREW_TASKS) {
        body(c);
        return;
    }
    weft_group *group = weft_make_group(NULL);
    CHECK_OK(weft_submit_with((&(weft_submit_options){.group = group}), NULL, crew_body_task, c, body));
    CHECK_OK(weft_wait_group(group, WEFT_FOREVER)); /* the harness has a limit */
    CHECK_OK(weft_free_group(group));
}

static inline void in_all_ways(crew_body body) {
    for (int way = 0; way < CREW_WAYS; way++) {
        crew c = {.way = (crew_way)way, .group = weft_make_group(NULL)};
        weft_kernel *kernel = kernel_here();
        crew_run_body(&c, body);
        all_done(&c);
        end_and_free(kernel);
        CHECK_OK(weft_free_group(c.group));
    }
}

/* Defines a test whose body has a crew `c`. */
#define CREW_TEST(name)                                                                                                \
    static void name##_body(crew *c);                                                                                  \
    TEST(name) { in_all_ways(name##_body); }                                                                           \
    static void name##_body(crew *c)

/* A channel as Go and crossbeam make it: capacity 0 is a rendezvous. */
static inline weft_channel *make_sized(size_t element_size, size_t capacity) {
    if (capacity > 0) return bounded_channel(element_size, capacity);
    weft_channel *channel = weft_make_rendezvous_sized(element_size);
    CHECK_NOT_NULL(channel);
    return channel;
}

static inline weft_channel *make(size_t capacity) { return make_sized(sizeof(int), capacity); }

static inline weft_channel *make_unbounded(void) {
    weft_channel *channel = weft_make_channel(int);
    CHECK_NOT_NULL(channel);
    return channel;
}

static inline void free_all(weft_channel *const *channels, size_t count) {
    for (size_t i = 0; i < count; i++) CHECK_OK(weft_free_channel(channels[i]));
}

#define FREE_ALL(...)                                                                                                  \
    free_all((weft_channel *const[]){__VA_ARGS__}, sizeof((weft_channel *const[]){__VA_ARGS__}) / sizeof(void *))

static inline void put(weft_channel *channel, int value) { CHECK_OK(weft_send(channel, &value, patience())); }

static inline int get(weft_channel *channel) {
    int value = -1;
    CHECK_OK(weft_receive(channel, &value, patience()));
    return value;
}

/* A little while, in which others probably come to wait. No test depends on it. */
static inline void nap(void) { CHECK_OK(weft_sleep(weft_after(0.001))); }

static inline void yield_some(unsigned times) {
    while (times-- > 0) weft_yield();
}

/* Goes on, in a task too, until the condition holds. */
#define UNTIL(condition)                                                                                               \
    do {                                                                                                               \
        weft_deadline until_##__LINE__ = patience();                                                                   \
        while (!(condition) && weft_time() < until_##__LINE__) CHECK_OK(weft_sleep(weft_after(0.0002)));               \
        CHECK_LT(weft_time(), until_##__LINE__);                                                                       \
    } while (0)

#endif
