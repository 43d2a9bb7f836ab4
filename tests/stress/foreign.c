/* SPDX-License-Identifier: MIT */
/* foreign.c - many short-lived threads that Weft did not make, and many that die where they wait.
 *
 * 10,000 threads, 64 at a time: each submits, receives, alternates, fails to receive, and ends as threads end, with or
 * without a word to Weft. Afterwards there are as many process objects as before and the memory has not grown. 1,000
 * threads are cancelled while they hold a place among a channel's waiters, under a stream of messages: every message
 * that was not taken by a thread that died with it arrives.
 */
#include <malloc.h>
#include <unistd.h>

#include "contract/common.h"

#if defined(__SANITIZE_ADDRESS__)
#define WITH_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ADDRESS_SANITIZER 1
#endif
#endif
#ifndef WITH_ADDRESS_SANITIZER
#define WITH_ADDRESS_SANITIZER 0
#endif

enum { AT_ONCE = 64, SHORT_LIVED = 10000, DYING = 1000, CROWD = 50 };

WEFT_TASK(int, square, (int, n)) { return n * n; }

static weft_channel *never_filled;

static void *live_shortly(void *argument) {
    int n = (int)(intptr_t)argument % 1000, value = -1;
    weft_channel *results = weft_make_channel(int);
    CHECK_OK(weft_submit(results, square, n));
    if (n % 2 == 0) {
        CHECK_OK(weft_receive_result(results, &value, patience()));
        CHECK_EQ(value, n * n);
    }
    weft_operation operations[] = {WEFT_TO_RECEIVE(never_filled, &value), WEFT_TO_RECEIVE(results, &value)};
    weft_operation *done = weft_alternate(operations, 2, WEFT_FAIR, n % 2 == 0 ? weft_after(0.0001) : patience());
    CHECK_PTR(done, n % 2 == 0 ? NULL : &operations[1]);
    CHECK_STATUS(weft_receive(never_filled, &value, WEFT_NOW), WEFT_TIMED_OUT);
    CHECK_OK(weft_free_channel(results));
    if (n % 5 == 0) pthread_exit(NULL);
    return NULL;
}

static void many(size_t count) {
    pthread_t threads[AT_ONCE];
    for (size_t i = 0; i < count; i++) {
        if (i >= AT_ONCE) pthread_join(threads[i % AT_ONCE], NULL);
        if (!CHECK_EQ(pthread_create(&threads[i % AT_ONCE], NULL, live_shortly, (void *)(intptr_t)i), 0)) return;
    }
    for (size_t i = count > AT_ONCE ? count - AT_ONCE : 0; i < count; i++) pthread_join(threads[i % AT_ONCE], NULL);
}

/* 0: not to be had here. */
static size_t heap_in_use(void) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__GLIBC__)
    return 0;
#else
    return mallinfo2().uordblks;
#endif
}

TEST_WITH_LIMIT(many_short_lived_threads_leave_nothing_behind, 120) {
    weft_kernel *kernel = kernel_here();
    size_t count = harness_rounds(SHORT_LIVED);
    never_filled = bounded_channel(sizeof(int), 1);
    CHECK_NE(weft_current_process(), 0); /* made before they are counted */
    many(count);                         /* what is made once, and kept for the next, is made now */
    size_t processes = weft_process_count(), heap, grown = SIZE_MAX;
    /* Workers keep up to 16 chunks of 16 KiB each, which they may come by in any of these rounds, but not in all. */
    for (int round = 0; round < 8 && grown > 256 * 1024; round++) {
        heap = heap_in_use();
        many(count);
        CHECK_EQ(weft_process_count(), processes);
        grown = heap_in_use() > heap ? heap_in_use() - heap : 0;
    }
    CHECK_LE(grown, 256 * 1024);
    CHECK_OK(weft_free_channel(never_filled));
    end_and_free(kernel);
}

typedef struct mortal {
    pthread_t thread;
    weft_channel *channel;
    atomic_int taken;
} mortal;

static void *wait_and_die(void *argument) {
    mortal *m = argument;
    int value;
    weft_operation operation = WEFT_TO_RECEIVE(m->channel, &value);
    for (;;) {
        pthread_testcancel(); /* the other place where it dies: between two waits */
        bool alternates = atomic_load(&m->taken) % 2 == 1;
        weft_status status = WEFT_OK;
        if (alternates)
            CHECK_NOT_NULL(weft_alternate(&operation, 1, WEFT_FAIR, WEFT_FOREVER));
        else
            status = weft_receive(m->channel, &value, WEFT_FOREVER);
        CHECK_OK(status);
        atomic_fetch_add(&m->taken, 1);
    }
    return NULL;
}

TEST_WITH_LIMIT(threads_that_die_where_they_wait_hang_nobody, 120) {
    if (WITH_ADDRESS_SANITIZER) {
        SKIP("AddressSanitizer does not know that the stack of a cancelled thread is left");
        return;
    }
    weft_kernel *kernel = kernel_here();
    weft_channel *channel = bounded_channel(sizeof(int), 1);
    CHECK_NE(weft_current_process(), 0); /* made before they are counted */
    size_t processes = weft_process_count(), rounds = harness_rounds(DYING) / CROWD + 1;
    mortal *crowd = calloc(CROWD, sizeof *crowd);
    for (size_t round = 0; round < rounds && crowd != NULL; round++) {
        int sent = 0, taken = 0, left = 0, value;
        for (int i = 0; i < CROWD; i++) {
            crowd[i].channel = channel;
            atomic_store(&crowd[i].taken, 0);
            CHECK_EQ(pthread_create(&crowd[i].thread, NULL, wait_and_die, &crowd[i]), 0);
        }
        for (int i = 0; i < CROWD; i++) { /* among messages that are on their way */
            for (int n = 0; n < 3; n++) sent += weft_send(channel, &n, WEFT_NOW) == WEFT_OK;
            CHECK_EQ(pthread_cancel(crowd[i].thread), 0);
        }
        for (int i = 0; i < CROWD; i++) {
            pthread_join(crowd[i].thread, NULL);
            taken += atomic_load(&crowd[i].taken);
        }
        while (weft_receive(channel, &value, WEFT_NOW) == WEFT_OK) left++;
        CHECK_LE(taken + left, sent);         /* never twice */
        CHECK_GE(taken + left + CROWD, sent); /* each of the dead takes at most one along */
        CHECK_EQ(weft_process_count(), processes);
    }
    free(crowd);
    CHECK_OK(weft_free_channel(channel));
    end_and_free(kernel);
}
