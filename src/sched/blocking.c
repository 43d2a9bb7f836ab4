/* SPDX-License-Identifier: MIT */
/* blocking.c - calls that may block, made on threads kept for them.
 *
 * One queue for the process, first in, first out. A thread is started for a call if none is idle and there are fewer
 * than the limit; one that finds nothing to do for some seconds ends. One mutex guards it all.
 */
#include <pthread.h>

#include <weft/descriptor.h>

#include "dynamic/frame.h"
#include "sched/attach.h"
#include "sched/kernel.h"

enum { LIMIT_AT_FIRST = 64, LARGEST_LIMIT = 10000, IDLE_SECONDS = 5 };

typedef struct call {
    struct call *next;
    void (*function)(void *argument);
    void *argument;
    wefti_wait wait;
    const wefti_condition *failure; /* an error that nobody took; NULL: none */
} call;

static struct {
    pthread_mutex_t lock;
    pthread_cond_t work;
    call *first, **last;
    size_t threads, idle, limit;
    size_t calls; /* running or waiting */
} pool = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL, NULL, 0, 0, LIMIT_AT_FIRST, 0};

static void put_last(call *one) {
    if (pool.first == NULL) pool.last = &pool.first;
    one->next = NULL;
    *pool.last = one;
    pool.last = &one->next;
}

static void take_out(const call *one) {
    call **at = &pool.first;
    while (*at != one) at = &(*at)->next;
    *at = one->next;
    if (pool.last == &one->next) pool.last = at;
}

/* An error that nobody takes ends the call, and is received by who made it. */
static void call_function(call *one) {
    wefti_end_target end;
    if (wefti_strand_self() == NULL) {
        one->function(one->argument);
        return;
    }
    wefti_end_target_begin(wefti_strand_now, &end);
    if (setjmp(end.target.place) != 0) {
        one->failure = end.outcome;
        return;
    }
    one->function(one->argument);
    wefti_frame_end(wefti_strand_now, &end.target.frame, false);
}

/* Lock held, and given up meanwhile. */
static void make_call(call *one) {
    pool.first = one->next;
    pthread_mutex_unlock(&pool.lock);
    call_function(one);
    pthread_mutex_lock(&pool.lock);
    pool.calls--;
    pthread_mutex_unlock(&pool.lock);
    if (wefti_wait_claim(&one->wait, WEFT_OK)) wefti_unpark(&one->wait);
    pthread_mutex_lock(&pool.lock);
}

/* Lock held. false: nothing came for some seconds. */
static bool wait_for_call(void) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += IDLE_SECONDS;
    int error = 0;
    pool.idle++;
    while (pool.first == NULL && error == 0) error = pthread_cond_timedwait(&pool.work, &pool.lock, &until);
    pool.idle--;
    return pool.first != NULL;
}

static void run(void *argument) {
    (void)argument;
    wefti_os_thread_name("weft/blocking");
    pthread_mutex_lock(&pool.lock);
    while (pool.threads <= pool.limit && (pool.first != NULL || wait_for_call())) make_call(pool.first);
    pool.threads--;
    pthread_mutex_unlock(&pool.lock);
}

/* Lock held: makes sure that somebody will come to make the calls. */
static weft_status see_to_it(const call *one) {
    if (pool.idle > 0) {
        pthread_cond_signal(&pool.work);
        return WEFT_OK;
    }
    if (pool.threads >= pool.limit) return WEFT_OK;
    wefti_os_thread thread;
    pool.threads++;
    if (wefti_os_thread_start(&thread, run, NULL, 0) == 0) {
        wefti_os_thread_detach(&thread);
        return WEFT_OK;
    }
    pool.threads--;
    if (pool.threads > 0) return WEFT_OK; /* those that there are will come to it */
    take_out(one);
    pool.calls--;
    return WEFT_NO_THREADS;
}

void wefti_blocking_forked(void) {
    pthread_mutex_init(&pool.lock, NULL);
    pthread_cond_init(&pool.work, NULL);
    pool.first = NULL;
    pool.threads = pool.idle = pool.calls = 0;
}

static WEFTI_NOINLINE weft_status call_elsewhere(wefti_strand *self, void (*function)(void *argument), void *argument) {
    if (!wefti_may_park(self)) return WEFT_NO_MEMORY;
    call one = {.function = function, .argument = argument};
    wefti_wait_init(&one.wait, self, "blocking call", NULL);
    pthread_mutex_lock(&pool.lock);
    put_last(&one);
    pool.calls++;
    weft_status status = see_to_it(&one);
    pthread_mutex_unlock(&pool.lock);
    if (status == WEFT_OK) status = wefti_park(&one.wait, WEFT_FOREVER);
    return one.failure != NULL ? wefti_condition_receive(self, one.failure) : status;
}

/* In a plain thread in place, where it may be cancelled: with nothing of ours on the stack that would be left. */
weft_status weft_call_blocking(void (*function)(void *argument), void *argument) {
    if (function == NULL) return WEFT_INVALID;
    wefti_strand *self = wefti_strand_self();
    if (self == NULL) return WEFT_NO_MEMORY;
    if (self->worker != NULL) return call_elsewhere(self, function, argument);
    function(argument);
    return WEFT_OK;
}

size_t weft_blocking_count(void) {
    pthread_mutex_lock(&pool.lock);
    size_t calls = pool.calls;
    pthread_mutex_unlock(&pool.lock);
    return calls;
}

size_t weft_blocking_limit(void) {
    pthread_mutex_lock(&pool.lock);
    size_t limit = pool.limit;
    pthread_mutex_unlock(&pool.lock);
    return limit;
}

weft_status weft_set_blocking_limit(size_t limit) {
    if (limit < 1 || limit > LARGEST_LIMIT) return WEFT_INVALID;
    pthread_mutex_lock(&pool.lock);
    pool.limit = limit;
    pthread_cond_broadcast(&pool.work);
    pthread_mutex_unlock(&pool.lock);
    return WEFT_OK;
}
