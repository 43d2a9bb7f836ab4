/* SPDX-License-Identifier: MIT */
/* weft.c - calls into Weft on threads that it did not make.
 *
 * outer.first: on a fresh thread, the median of many, the process object included. outer.later: a pair of enter and
 * leave on the same thread, .b8 and .b32 with so many initial bindings; outer.recursive: inside another;
 * outer.last: with the process object eliminated each time. outer.object: bytes of the heap that a kept process object
 * takes, .b32 with so many initial bindings of 8 bytes each.
 */
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <weft.h>

#include "../harness/bench.h"

enum { THREADS = 400, CALLS = 20000 }; /* calls of a round: less than a slice of a busy machine */

static void enter(weft_thread_call *call) { bench_require(weft_enter_thread(call) == WEFT_OK, "enter"); }

static void *first(void *argument) {
    double *value = argument;
    weft_thread_call call;
    bench_clock(); /* the clock's own first call */
    int64_t start = bench_clock();
    enter(&call);
    weft_leave_thread(&call);
    *value = (double)(bench_clock() - start);
    return NULL;
}

static void in_thread(void *(*function)(void *), void *argument) {
    pthread_t thread;
    bench_require(pthread_create(&thread, NULL, function, argument) == 0 && pthread_join(thread, NULL) == 0, "thread");
}

static void round_of_first(void *argument, double *values) {
    static double samples[THREADS];
    (void)argument;
    for (int i = 0; i < THREADS; i++) in_thread(first, &samples[i]);
    values[0] = bench_percentile(samples, THREADS, 0.5);
}

typedef struct loop {
    bool inside, last;
    double value;
} loop;

static void *many(void *argument) {
    loop *l = argument;
    weft_thread_call call, outer;
    long calls = bench_count(CALLS);
    enter(&outer);
    if (!l->inside) weft_leave_thread(&outer);
    int64_t start = bench_clock();
    bool entered = true;
    for (long i = 0; i < calls; i++) {
        entered &= weft_enter_thread(&call) == WEFT_OK;
        if (l->last) weft_last_callback_on_thread();
        weft_leave_thread(&call);
    }
    l->value = (double)(bench_clock() - start) / (double)calls;
    bench_require(entered, "enter");
    if (l->inside) weft_leave_thread(&outer);
    return NULL;
}

static void round_of_many(void *argument, double *values) {
    loop *l = argument;
    in_thread(many, l);
    values[0] = l->value;
}

WEFT_VARIABLE(long, v0, 0);
static weft_variable variables[32];
static long globals[32];

static void with_bindings(size_t count) {
    weft_worker_binding bindings[32];
    for (size_t i = 0; i < count; i++) {
        variables[i] = (weft_variable){"v", &globals[i], sizeof(long), 0};
        bindings[i] = (weft_worker_binding){&variables[i], NULL, &globals[i]};
    }
    bench_require(weft_set_process_initial_bindings(count != 0 ? bindings : NULL, count) == WEFT_OK, "bindings");
}

static void measure(const char *name, bool inside, bool last, size_t bindings) {
    loop l = {inside, last, 0};
    bench_figure figure = {name, "ns/call"};
    with_bindings(bindings);
    bench_measure(&figure, 1, round_of_many, &l);
    with_bindings(0);
}

/* ---- memory ---- */

typedef struct keeper {
    pthread_barrier_t before, made, measured;
} keeper;

static void *keep_object(void *argument) {
    keeper *k = argument;
    free(bench_allocate(1)); /* what the C library keeps for the thread */
    pthread_barrier_wait(&k->before);
    weft_thread_call call;
    enter(&call);
    weft_leave_thread(&call);
    pthread_barrier_wait(&k->made);
    pthread_barrier_wait(&k->measured);
    return NULL;
}

enum { KEPT = 100 };

static void round_of_objects(void *argument, double *values) {
    keeper k;
    pthread_t threads[KEPT];
    (void)argument;
    pthread_barrier_init(&k.before, NULL, KEPT + 1);
    pthread_barrier_init(&k.made, NULL, KEPT + 1);
    pthread_barrier_init(&k.measured, NULL, KEPT + 1);
    for (int i = 0; i < KEPT; i++) bench_require(pthread_create(&threads[i], NULL, keep_object, &k) == 0, "thread");
    size_t before = mallinfo2().uordblks;
    pthread_barrier_wait(&k.before);
    pthread_barrier_wait(&k.made);
    values[0] = (double)(mallinfo2().uordblks - before) / KEPT;
    pthread_barrier_wait(&k.measured);
    for (int i = 0; i < KEPT; i++) pthread_join(threads[i], NULL);
}

static void measure_objects(const char *name, size_t bindings) {
    bench_figure figure = {name, "bytes"};
    with_bindings(bindings);
    bench_measure(&figure, 1, round_of_objects, NULL);
    with_bindings(0);
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "weft", 120);
    weft_set(v0, 1);
    bench_figure figure = {"outer.first", "ns/call"};
    bench_measure(&figure, 1, round_of_first, NULL);
    measure("outer.later", false, false, 0);
    measure("outer.later.b8", false, false, 8);
    measure("outer.later.b32", false, false, 32);
    measure("outer.recursive", true, false, 0);
    measure("outer.last", false, true, 0);
    measure_objects("outer.object", 0);
    measure_objects("outer.object.b32", 32);
    return 0;
}
