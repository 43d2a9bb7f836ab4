/* SPDX-License-Identifier: MIT */
/* driver.c - does a bit of everything that the library offers while some call fails, and checks that every answer is
 * one that the headers allow, that what was accepted is delivered, and that afterwards all of it works.
 *
 * The job runs in a thread of its own: what the library keeps for a thread ends with it, so that a leak shows. It runs
 * first with failures, then without; the second time everything must succeed. The runner (run.sh) chooses the failures
 * by the environment of fail_nth.c, limits the time, and compares what is left with a run without failures.
 *
 * Prints one line: calls of the chosen kind, failures injected, blocks and bytes left. Status 1: something was wrong.
 */
#define _GNU_SOURCE
#include <weft.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fail_nth.h"

enum { WORKERS = 2, WAITING = 40, SLEEPING = 4, GROUPED = 8, TIMEOUTS = 3, MESSAGES = 40 };
#define PATIENCE weft_after(10.0)

static bool strict; /* nothing may fail */
static unsigned problems;

static void problem(const char *what, weft_status status, int line) {
    problems++;
    dprintf(STDERR_FILENO, "driver.c:%d: %s: %s\n", line, what, weft_status_name(status));
}

/* Whether the call succeeded. Of errors only those named may come, and none when nothing fails. */
static bool allow(weft_status status, const char *what, int line, weft_status a, weft_status b, weft_status c) {
    if (status == WEFT_OK) return true;
    if (strict || (status != a && status != b && status != c)) problem(what, status, line);
    return false;
}

#define MUST(call) allow((call), #call, __LINE__, WEFT_OK, WEFT_OK, WEFT_OK)
#define MAY(call, error) allow((call), #call, __LINE__, error, error, error)
#define MAY2(call, error, other) allow((call), #call, __LINE__, error, other, other)
#define MAY3(call, error, other, third) allow((call), #call, __LINE__, error, other, third)
#define HOLDS(condition) ((condition) ? (void)0 : problem(#condition, WEFT_OK, __LINE__))
/* For a function that returns a pointer. */
#define HAVE(pointer) ((pointer) != NULL || MAY3(weft_last_status(), WEFT_NO_MEMORY, WEFT_NO_MEMORY, WEFT_NO_THREADS))

/* ---- tasks ---- */

typedef struct {
    char byte[8];
} small;
typedef struct {
    char byte[480];
} full;
typedef struct {
    char byte[481];
} over;
typedef struct {
    char byte[5000];
} large;
typedef struct {
    char byte[65536];
} largest;
typedef struct {
    char byte[3000];
} big_result;

WEFT_VARIABLE(int, level, 1);
WEFT_VARIABLE(bool, prepared, false);

WEFT_TASK(int, with_none) { return 0; }
WEFT_TASK(int, with_small, (small, s)) { return s.byte[7]; }
WEFT_TASK(int, with_full, (full, f)) { return f.byte[479]; }
WEFT_TASK(int, with_over, (over, o)) { return o.byte[480]; }
WEFT_TASK(int, with_large, (large, l)) { return l.byte[4999]; }
WEFT_TASK(int, with_largest, (largest, l)) { return l.byte[65535]; }
WEFT_TASK(int, read_level) { return weft_get(level); }
WEFT_TASK(big_result, give_much, (char, fill)) {
    big_result result;
    memset(result.byte, fill, sizeof result.byte);
    return result;
}
WEFT_TASK(int, sleep_a_little, (int, value)) {
    MAY(weft_sleep(weft_after(0.001)), WEFT_NO_MEMORY);
    weft_yield();
    return value;
}
WEFT_TASK(int, wait_for_message, (weft_channel *, messages)) {
    int value = 0;
    MAY2(weft_receive(messages, &value, WEFT_FOREVER), WEFT_NO_MEMORY, WEFT_CLOSED);
    return value;
}
/* Passes on what it receives, until a channel is closed; as both are bounded it waits in both directions. */
WEFT_TASK(void, pump, (weft_channel *, from), (weft_channel *, to)) {
    for (int value;;) {
        weft_status status = weft_receive(from, &value, WEFT_FOREVER);
        if (status == WEFT_OK) status = weft_send(to, &value, WEFT_FOREVER);
        if (status == WEFT_CLOSED || !MAY(status, WEFT_NO_MEMORY)) break;
    }
}
WEFT_TASK(int, submit_more, (weft_channel *, inner)) {
    int submitted = 0;
    for (int i = 0; i < 5; i++) submitted += MAY(weft_submit(inner, with_none), WEFT_NO_MEMORY);
    return submitted;
}

/* ---- parts of the job ---- */

static weft_channel *make(size_t size, size_t capacity, weft_kernel *kernel) {
    weft_channel *channel =
        weft_make_channel_sized(size, &(weft_channel_options){.name = "fault", .capacity = capacity, .kernel = kernel});
    return HAVE(channel) ? channel : NULL;
}

/* Receives so many results; each must arrive, as a value or as the condition that there was no memory for it. The first
 * receive of a thread may itself fail for want of memory, and is then made again. */
static void collect(weft_channel *results, int count, void *value, size_t size) {
    for (int i = 0; i < count; i++) {
        weft_status status = weft_receive_result_sized(results, value, size, PATIENCE);
        if (status == WEFT_NO_MEMORY && !strict) status = weft_receive_result_sized(results, value, size, PATIENCE);
        MAY(status, WEFT_FAILED);
    }
}

static void arguments_of_all_sizes(weft_kernel *kernel) {
    static full f;
    static over o;
    static large l;
    static largest ll;
    int value = 0, accepted = 0;
    weft_channel *results = make(sizeof(int), 0, kernel);
    if (!results) return;
    for (int i = 0; i < 3; i++) {
        accepted += MAY(weft_submit(results, with_none), WEFT_NO_MEMORY);
        accepted += MAY(weft_submit(results, with_small, (small){{0}}), WEFT_NO_MEMORY);
        accepted += MAY(weft_submit(results, with_full, f), WEFT_NO_MEMORY);
        accepted += MAY(weft_submit(results, with_over, o), WEFT_NO_MEMORY);
        accepted += MAY(weft_submit(results, with_large, l), WEFT_NO_MEMORY);
        accepted += MAY(weft_submit(results, with_largest, ll), WEFT_NO_MEMORY);
    }
    collect(results, accepted, &value, sizeof value);
    MUST(weft_free_channel(results));
}

static void large_results(weft_kernel *kernel) {
    static big_result result;
    int accepted = 0;
    weft_channel *results = make(sizeof result, 0, kernel);
    if (!results) return;
    for (int i = 0; i < 10; i++) accepted += MAY(weft_submit(results, give_much, 'x'), WEFT_NO_MEMORY);
    collect(results, accepted, &result, sizeof result);
    if (strict) HOLDS(result.byte[2999] == 'x');
    MUST(weft_free_channel(results));
}

static void captured_bindings(weft_kernel *kernel) {
    int value = 0;
    weft_channel *results = make(sizeof value, 0, kernel);
    if (!results) return;
    WEFT_BIND(level, 5) {
        weft_environment *environment = weft_capture(NULL, 0);
        if (HAVE(environment)) {
            const weft_submit_options with = {.environment = environment, .stack_size = 512 * 1024};
            int accepted = MAY(weft_submit_with(&with, results, read_level), WEFT_NO_MEMORY);
            weft_release_environment(environment);
            collect(results, accepted, &value, sizeof value);
            if (strict) HOLDS(value == 5);
        }
    }
    MUST(weft_free_channel(results));
}

static void sleeping_and_waiting(weft_kernel *kernel) {
    int value = 0, accepted = 0;
    weft_channel *results = make(sizeof value, 0, kernel), *messages = make(sizeof value, 0, NULL);
    if (results && messages) {
        for (int i = 0; i < SLEEPING; i++) accepted += MAY(weft_submit(results, sleep_a_little, i), WEFT_NO_MEMORY);
        for (int i = 0; i < WAITING; i++)
            accepted += MAY(weft_submit(results, wait_for_message, messages), WEFT_NO_MEMORY);
        for (int i = 0; i < WAITING; i++) MAY(weft_send(messages, &i, WEFT_NOW), WEFT_NO_MEMORY);
        MUST(weft_close(messages)); /* frees those that still wait */
        collect(results, accepted, &value, sizeof value);
    }
    /* A task that is about to leave its last receive counts as a user of the channel: its result came before. */
    MUST(weft_free_channel(messages));
    MUST(weft_free_channel(results));
}

static void bounded_pump(weft_kernel *kernel) {
    int value = -1, sent = 0, got = 0;
    weft_channel *done = make(0, 0, kernel), *from = make(sizeof value, 2, NULL), *to = make(sizeof value, 2, NULL);
    if (done && from && to && MAY(weft_submit(done, pump, from, to), WEFT_NO_MEMORY)) {
        for (int i = 0; i < MESSAGES; i++) {
            sent += MAY3(weft_send(from, &i, PATIENCE), WEFT_NO_MEMORY, WEFT_TIMED_OUT, WEFT_NO_MEMORY);
            if (!MAY3(weft_receive(to, &value, weft_after(strict ? 10.0 : 0.2)), WEFT_NO_MEMORY, WEFT_TIMED_OUT,
                      WEFT_NO_MEMORY))
                break;
            got++;
            if (strict) HOLDS(value == i);
        }
        if (strict) HOLDS(sent == MESSAGES && got == MESSAGES);
        MUST(weft_close(from));
        MUST(weft_close(to));
        collect(done, 1, NULL, 0);
    }
    MUST(weft_free_channel(to));
    MUST(weft_free_channel(from));
    MUST(weft_free_channel(done));
}

/* ---- descriptors ---- */

/* Whatever the system refuses: an answer, in time. */
WEFT_TASK(int, read_byte, (int, descriptor)) {
    char byte = 0;
    weft_status status = weft_wait_readable(descriptor, PATIENCE);
    if (MAY(status, WEFT_NO_MEMORY) && read(descriptor, &byte, 1) != 1) problem("read", status, __LINE__);
    return byte;
}

static void descriptors(weft_kernel *kernel) {
    int ends[2], byte = 0;
    weft_channel *results = make(sizeof byte, 0, kernel);
    if (results && pipe2(ends, O_CLOEXEC) == 0) {
        weft_operation operation = {.kind = WEFT_OPERATION_READ, .on.descriptor = ends[0]};
        bool accepted = MAY(weft_submit(results, read_byte, ends[0]), WEFT_NO_MEMORY);
        weft_status status = weft_wait_readable(ends[0], weft_after(0.001)); /* nothing comes */
        if (status != WEFT_TIMED_OUT) MAY(status, WEFT_NO_MEMORY);
        if (write(ends[1], "x", 1) != 1) problem("write", WEFT_OK, __LINE__);
        if (accepted) collect(results, 1, &byte, sizeof byte);
        if (strict) HOLDS(byte == 'x');
        if (write(ends[1], "y", 1) != 1) problem("write", WEFT_OK, __LINE__);
        if (weft_alternate(&operation, 1, WEFT_FIRST_LISTED, PATIENCE) == NULL) MAY(weft_last_status(), WEFT_NO_MEMORY);
        close(ends[0]);
        close(ends[1]);
    }
    MUST(weft_free_channel(results));
}

/* ---- alternations over more channels than fit on the stack, clocks, and what fills a channel in other ways ---- */

enum { OPERATIONS = 40 };

static void alternate_over(weft_channel **channels, weft_channel *late, int *values) {
    weft_operation operations[OPERATIONS + 1];
    for (int i = 0; i < OPERATIONS; i++) operations[i] = WEFT_TO_RECEIVE(channels[i], &values[i]);
    operations[OPERATIONS] = WEFT_TO_RECEIVE(late, (weft_deadline *)NULL);
    weft_operation *done = weft_alternate(operations, OPERATIONS + 1, WEFT_FAIR, PATIENCE); /* waits for the clock */
    if (done == NULL)
        MAY(weft_last_status(), WEFT_NO_MEMORY);
    else if (MAY(done->status, WEFT_NO_MEMORY))
        HOLDS(done == operations + OPERATIONS);
    weft_alternation *kept = weft_make_alternation(operations, OPERATIONS);
    if (HAVE(kept)) {
        weft_status status = weft_send(channels[7], &(int){7}, weft_after(0.001)); /* nobody waits there now */
        if (status != WEFT_TIMED_OUT) MAY(status, WEFT_NO_MEMORY);
        done = weft_alternate_again(kept, WEFT_IN_TURN, weft_after(0.001));
        if (strict) HOLDS(status == WEFT_TIMED_OUT && done == NULL && weft_last_status() == WEFT_TIMED_OUT);
    }
    MUST(weft_free_alternation(kept));
}

static void alternations(void) {
    weft_channel *channels[OPERATIONS] = {NULL}, *late = weft_make_after(weft_after(0.002)),
                 *every = weft_make_every(1.0);
    int values[OPERATIONS] = {0};
    int have = HAVE(late) + HAVE(every);
    for (int i = 0; i < OPERATIONS; i++) have += HAVE(channels[i] = weft_make_rendezvous(int));
    if (have == OPERATIONS + 2) alternate_over(channels, late, values);
    for (int i = 0; i < OPERATIONS; i++) MUST(weft_free_channel(channels[i]));
    MUST(weft_free_channel(every));
    MUST(weft_free_channel(late));
}

/* Batches, places that are filled where they lie, and an end with a reason: each is done whole or not at all. */
static void other_ways_to_fill(void) {
    int values[300] = {0};
    size_t sent = 0;
    void *place = NULL;
    weft_channel *channel = make(sizeof(int), 0, NULL);
    if (!channel) return;
    MAY(weft_send_many_sized(channel, values, 300, sizeof *values, WEFT_NOW, &sent), WEFT_NO_MEMORY);
    HOLDS(weft_count(channel) == sent);
    if (MAY(weft_reserve(channel, &place, WEFT_NOW), WEFT_NO_MEMORY)) {
        *(int *)place = 1;
        MUST(weft_commit(channel, place));
    }
    if (MAY(weft_reserve(channel, &place, WEFT_NOW), WEFT_NO_MEMORY)) MUST(weft_abandon(channel, place));
    MAY(weft_close_with(channel, "no more of it"), WEFT_NO_MEMORY);
    MUST(weft_free_channel(channel));
}

static void channel_as_descriptor(void) {
    int value = 1;
    weft_channel *channel = make(sizeof value, 0, NULL);
    if (!channel) return;
    int descriptor = weft_channel_descriptor(channel);
    if (descriptor < 0) MAY(weft_last_status(), WEFT_NO_MEMORY);
    bool sent = MAY(weft_send(channel, &value, WEFT_NOW), WEFT_NO_MEMORY);
    if (sent && descriptor >= 0) MAY(weft_wait_readable(descriptor, PATIENCE), WEFT_NO_MEMORY);
    MUST(weft_free_channel(channel));
}

static void call_made(void *argument) { ++*(int *)argument; }

WEFT_TASK(int, call_blocking) {
    int calls = 0;
    bool made = MAY2(weft_call_blocking(call_made, &calls), WEFT_NO_THREADS, WEFT_NO_MEMORY);
    return calls - made; /* made if and only if it says so */
}

static void blocking_calls(weft_kernel *kernel) {
    int difference = 0;
    weft_channel *results = make(sizeof difference, 0, kernel);
    if (results && MAY(weft_submit(results, call_blocking), WEFT_NO_MEMORY)) {
        collect(results, 1, &difference, sizeof difference);
        HOLDS(difference == 0);
    }
    MUST(weft_free_channel(results));
}

/* ---- taking out by content ---- */

static bool is_odd(const void *element, void *unused) {
    (void)unused;
    return *(const int *)element % 2 != 0;
}

/* Where there is no memory for it nothing is taken out; the order is kept in any case. */
static void taking_out(void) {
    enum { SENT = 500 };
    int value = 0, last = -1;
    size_t removed = 0, left;
    weft_channel *channel = make(sizeof value, 0, NULL);
    if (!channel) return;
    for (int i = 0; i < SENT; i++) MAY(weft_send(channel, &i, WEFT_NOW), WEFT_NO_MEMORY);
    left = weft_count(channel);
    if (!MAY(weft_remove_if(channel, is_odd, NULL, &removed), WEFT_NO_MEMORY)) HOLDS(removed == 0);
    if (strict) HOLDS(removed == SENT / 2);
    HOLDS(weft_count(channel) == left - removed);
    for (; weft_count(channel) != 0; last = value) {
        weft_status status = weft_receive(channel, &value, WEFT_NOW);
        if (!MAY(status, WEFT_NO_MEMORY)) break;
        HOLDS(value > last);
    }
    MUST(weft_free_channel(channel));
}

static void locked_operations(void) {
    int value = 7;
    const int initial[3] = {1, 2, 3};
    const weft_channel_options options = {.initial = initial, .initial_count = 3, .capacity = 4};
    weft_channel *queue = weft_make_channel_with(int, &options);
    if (!HAVE(queue)) return;
    WEFT_WITH_LOCKED_CHANNEL(queue) {
        if (MAY(weft_receive(queue, &value, WEFT_NOW), WEFT_NO_MEMORY)) HOLDS(value == 1);
        if (MAY(weft_send(queue, &value, WEFT_NOW), WEFT_NO_MEMORY)) HOLDS(weft_count(queue) == 3);
    }
    if (MAY(weft_peek(queue, &value), WEFT_NO_MEMORY) && strict) HOLDS(value == 2);
    MUST(weft_free_channel(queue));
}

/* Some of the tasks may have run before the group was cancelled. */
static void collect_cancelled(weft_channel *results, int count) {
    for (int i = 0, value; i < count; i++) {
        weft_status status = weft_receive_result(results, &value, PATIENCE);
        if (status != WEFT_CANCELLED) MAY2(status, WEFT_FAILED, WEFT_NO_MEMORY);
    }
}

static void groups(weft_kernel *kernel) {
    int accepted = 0;
    weft_channel *results = make(sizeof(int), 0, kernel);
    weft_group *group = weft_make_group("fault");
    if (HAVE(group) && results) {
        const weft_submit_options with = {.group = group};
        for (int i = 0; i < GROUPED; i++)
            accepted += MAY(weft_submit_with(&with, results, sleep_a_little, i), WEFT_NO_MEMORY);
        weft_status status = weft_wait_group(group, weft_after(0.0005)); /* either may come first */
        if (status != WEFT_TIMED_OUT) MAY(status, WEFT_NO_MEMORY);
        MUST(weft_cancel_group(group));
        MAY(weft_wait_group(group, PATIENCE), WEFT_NO_MEMORY);
        collect_cancelled(results, accepted);
    }
    MUST(weft_free_group(group));
    MUST(weft_free_channel(results));
}

static void timeouts(weft_kernel *kernel) {
    int value = 1, accepted = 0;
    weft_channel *results = make(sizeof value, 0, kernel);
    weft_timeout *made[TIMEOUTS] = {NULL};
    if (!results) return;
    for (int i = 0; i < TIMEOUTS; i++) {
        made[i] = weft_submit_timeout(results, i == 0 ? 1000.0 : 0.001, &value);
        accepted += HAVE(made[i]);
    }
    if (made[0]) MUST(weft_cancel_timeout(made[0], &value));
    collect(results, accepted, &value, sizeof value);
    for (int i = 0; i < TIMEOUTS; i++) weft_free_timeout(made[i]);
    MUST(weft_free_channel(results));
}

static void submissions_from_tasks(weft_kernel *kernel) {
    int submitted = 0, value = 0;
    weft_channel *results = make(sizeof(int), 0, kernel), *inner = make(sizeof(int), 0, kernel);
    if (results && inner && MAY(weft_submit(results, submit_more, inner), WEFT_NO_MEMORY)) {
        collect(results, 1, &submitted, sizeof submitted);
        collect(inner, submitted, &value, sizeof value);
    }
    MUST(weft_free_channel(inner));
    MUST(weft_free_channel(results));
}

static void broadcast_and_look(weft_kernel *kernel) {
    int levels[WORKERS] = {0};
    weft_status outcomes[WORKERS] = {WEFT_OK};
    weft_worker_counters counters;
    if (MAY(weft_broadcast_task(kernel, &weft_task_of_read_level, NULL, levels, outcomes), WEFT_NO_MEMORY))
        for (int i = 0; i < WORKERS; i++)
            if (MAY(outcomes[i], WEFT_FAILED)) HOLDS(levels[i] == 3);
    MUST(weft_read_counters(kernel, 0, &counters));
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere >= 0) {
        MUST(weft_dump(nowhere));
        close(nowhere);
    } else {
        HOLDS(!strict);
    }
}

static void *receive_in_a_plain_thread(void *channel) {
    int value;
    MAY2(weft_receive((weft_channel *)channel, &value, WEFT_FOREVER), WEFT_NO_MEMORY, WEFT_CLOSED);
    return NULL;
}

static void plain_thread_waits(void) {
    int value = 1;
    pthread_t thread;
    weft_channel *channel = make(sizeof value, 0, NULL);
    if (!channel) return;
    if (pthread_create(&thread, NULL, receive_in_a_plain_thread, channel) == 0) {
        MAY(weft_send(channel, &value, WEFT_NOW), WEFT_NO_MEMORY);
        MUST(weft_close(channel));
        pthread_join(thread, NULL);
    }
    MUST(weft_free_channel(channel));
}

/* ---- buffers ---- */

enum { PUTS = 60 };

typedef struct {
    int number;
    char rest[252];
} parcel;

static int parcels_out[PUTS];

static int by_number(const void *a, const void *b) {
    const parcel *x = a, *y = b;
    return (x->number > y->number) - (x->number < y->number);
}

static void parcel_is_out(void *element) { parcels_out[((const parcel *)element)->number]++; }

static void take_parcel(weft_buffer *buffer) {
    parcel p;
    size_t before = weft_buffer_size(buffer);
    MUST(weft_dequeue(buffer, &p)); /* needs no memory */
    parcel_is_out(&p);
    HOLDS(weft_buffer_size(buffer) == before - 1);
}

/* What was accepted comes out or is dropped, once; a put that failed has changed nothing. */
static void fill_and_empty(weft_buffer *buffer) {
    bool accepted[PUTS];
    if (!HAVE(buffer)) return;
    memset(parcels_out, 0, sizeof parcels_out);
    MUST(weft_set_buffer_destroy(buffer, parcel_is_out));
    for (int i = 0; i < PUTS; i++) {
        size_t before = weft_buffer_size(buffer);
        accepted[i] = MAY(weft_enqueue(buffer, (&(parcel){.number = i})), WEFT_NO_MEMORY);
        HOLDS(weft_buffer_size(buffer) ==
              before + (accepted[i] && !(before != 0 && before == weft_buffer_capacity(buffer))));
        if (i % 4 == 3 && before > 0) take_parcel(buffer);
    }
    while (!weft_buffer_empty(buffer)) take_parcel(buffer);
    for (int i = 0; i < PUTS; i++) HOLDS(parcels_out[i] == accepted[i]);
    MUST(weft_free_buffer(buffer));
}

static void buffers(void) {
    fill_and_empty(weft_make_unbounded_buffer(sizeof(parcel)));
    fill_and_empty(weft_make_drop_oldest_buffer(sizeof(parcel), 30));
    fill_and_empty(weft_make_lifo_buffer(sizeof(parcel), 0));
    fill_and_empty(weft_make_priority_buffer(sizeof(parcel), 0, by_number));
}

/* ---- the job ---- */

static void compute_level(void *value, void *argument) { *(int *)value = *(int *)argument + weft_get(level); }

static void context(weft_worker_loop *loop, void *argument) {
    (void)argument;
    WEFT_BIND(prepared, true) { MUST(weft_enter_worker_loop(loop)); }
}

static weft_kernel *make_kernel(void) {
    static int two = 2;
    static bool yes = true;
    static const weft_worker_binding bindings[] = {{&level, compute_level, &two}, {&prepared, NULL, &yes}};
    weft_kernel *kernel = weft_make_kernel(
        WORKERS,
        &(weft_kernel_options){.name = "faulty", .bindings = bindings, .binding_count = 2, .context = context});
    return HAVE(kernel) ? kernel : NULL;
}

/* The results of what was accepted outlive the workers. */
static void end_before_receiving(weft_kernel *kernel, bool without_waiting) {
    enum { TASKS = 30 };
    int value = 0, accepted = 0;
    weft_channel *results = make(sizeof value, 0, kernel);
    for (int i = 0; results && i < TASKS; i++) accepted += MAY(weft_submit(results, with_none), WEFT_NO_MEMORY);
    if (without_waiting) MAY(weft_end_kernel(kernel, false), WEFT_NO_THREADS);
    MUST(weft_end_kernel(kernel, true));
    if (results) {
        collect(results, accepted, &value, sizeof value);
        HOLDS(weft_receive_result(results, &value, PATIENCE) == WEFT_ENDED);
    }
    MUST(weft_free_channel(results));
}

/* ---- futures, graphs, loops ---- */

static void force_and_drop(weft_future *future) {
    int value = 0;
    if (HAVE(future)) MAY2(weft_force(future, &value, PATIENCE), WEFT_NO_MEMORY, WEFT_FAILED);
    weft_release_future(future);
}

static void futures(weft_kernel *kernel) {
    const weft_submit_options options = {.kernel = kernel};
    weft_future *all[GROUPED];
    for (int i = 0; i < GROUPED; i++) all[i] = weft_future_with(&options, with_none);
    for (int i = 0; i < GROUPED; i++) force_and_drop(all[i]);
    force_and_drop(weft_delay(with_full, (full){{0}}));
    weft_future *promise = weft_make_promise(int), *chain = promise != NULL ? weft_make_chain(promise) : NULL;
    if (HAVE(promise) && HAVE(chain)) {
        int value = 0;
        MUST(weft_fail_future(chain, "no value"));
        weft_status status = weft_force(promise, &value, WEFT_NOW);
        HOLDS(status == WEFT_FAILED || (!strict && status == WEFT_NO_MEMORY));
        MUST(weft_store(promise, &(int){5}));
        MUST(weft_force(chain, &value, WEFT_NOW));
        HOLDS(value == 5);
    }
    weft_release_future(chain);
    weft_release_future(promise);
}

WEFT_NODE_OVER(long, plus_one, inputs) { return 1 + (weft_input_count(inputs) != 0 ? weft_input(inputs, 0, long) : 0); }

static void graphs(weft_kernel *kernel) {
    const weft_compute_options options = {.kernel = kernel};
    weft_graph *graph = weft_make_graph("faults");
    if (!HAVE(graph)) return;
    bool whole = true;
    for (weft_node i = 1; i <= 100 && whole; i++) {
        weft_node need = i - 1;
        whole = MAY(weft_define_node(graph, i, &weft_node_of_plus_one, NULL, &need, i > 1), WEFT_NO_MEMORY);
    }
    long value = 0;
    if (whole && MAY(weft_compute_node(graph, &options, 100, &value, sizeof value, PATIENCE), WEFT_NO_MEMORY))
        HOLDS(value == 100);
    weft_status status = weft_compute_node(graph, &options, 777, NULL, 0, PATIENCE);
    HOLDS(status == WEFT_FAILED || (!strict && status == WEFT_NO_MEMORY)); /* there is no such node */
    MAY(weft_free_graph(graph), WEFT_NO_MEMORY);
}

static weft_status add_up(size_t first, size_t last, void *sum) {
    for (size_t i = first; i < last; i++) __atomic_add_fetch((long *)sum, (long)i, __ATOMIC_RELAXED);
    return WEFT_OK;
}
static int compare_longs(const void *a, const void *b, void *unused) {
    (void)unused;
    long x = *(const long *)a, y = *(const long *)b;
    return (x > y) - (x < y);
}

static void loops(weft_kernel *kernel) {
    const weft_parallel_options options = {.kernel = kernel, .parts = 4};
    long sum = 0, values[500];
    if (MAY(weft_for_range(&options, 0, 1000, add_up, &sum), WEFT_NO_MEMORY)) HOLDS(sum == 499500);
    for (long i = 0; i < 500; i++) values[i] = i * 7919 % 500;
    if (MAY(weft_stable_sort(&options, values, 500, sizeof *values, compare_longs, NULL), WEFT_NO_MEMORY))
        HOLDS(values[0] == 0 && values[499] == 499);
}

static void job(bool without_waiting) {
    locked_operations();
    plain_thread_waits();
    taking_out();
    channel_as_descriptor();
    alternations();
    other_ways_to_fill();
    buffers();
    weft_kernel *kernel = make_kernel();
    if (!kernel) return;
    arguments_of_all_sizes(kernel);
    large_results(kernel);
    captured_bindings(kernel);
    sleeping_and_waiting(kernel);
    bounded_pump(kernel);
    groups(kernel);
    timeouts(kernel);
    submissions_from_tasks(kernel);
    broadcast_and_look(kernel);
    descriptors(kernel);
    blocking_calls(kernel);
    futures(kernel);
    graphs(kernel);
    loops(kernel);
    end_before_receiving(kernel, without_waiting);
    MUST(weft_free_kernel(kernel));
}

/* ---- with failures ---- */

static void (*arm)(void), (*disarm)(void);
static void (*read_report)(fail_report *, int);

#ifdef FAIL_WRAPPED
static void find_failures(void) {
    arm = fail_arm;
    disarm = fail_disarm;
    read_report = fail_read;
}
#else
static void find_failures(void) {
    arm = (void (*)(void))(uintptr_t)dlsym(RTLD_DEFAULT, "fail_arm");
    disarm = (void (*)(void))(uintptr_t)dlsym(RTLD_DEFAULT, "fail_disarm");
    read_report = (void (*)(fail_report *, int))(uintptr_t)dlsym(RTLD_DEFAULT, "fail_read");
}
#endif

static void *with_failures(void *unused) {
    (void)unused;
    if (arm) arm();
    job(true);
    if (disarm) disarm();
    return NULL;
}

static void *without_failures(void *unused) {
    (void)unused;
    strict = true;
    job(false);
    return NULL;
}

static int open_descriptors(void) {
    int open = 0;
    for (int descriptor = 0; descriptor < 1024; descriptor++) open += fcntl(descriptor, F_GETFD) >= 0;
    return open;
}

int main(void) {
    pthread_t thread;
    fail_report report = {0, 0, 0, 0};
    find_failures();
    if (pthread_create(&thread, NULL, with_failures, NULL) != 0) return 2;
    pthread_join(thread, NULL);
    if (pthread_create(&thread, NULL, without_failures, NULL) != 0) return 2;
    pthread_join(thread, NULL);
    if (read_report) read_report(&report, getenv("WEFT_FAIL_DETAILS") != NULL);
    printf("calls %u injected %u blocks %zu mapped %zu descriptors %d\n", report.calls, report.injected, report.blocks,
           report.mapped, open_descriptors());
    return problems > 0;
}
