/* SPDX-License-Identifier: MIT */
/* foreign.c - many short-lived threads that Weft did not make, and many that die where they wait.
 *
 * 10,000 threads, 64 at a time: each submits, receives, alternates, fails (a task of its own, a call of its own, a
 * receive), and ends as threads end, with or without a word to Weft. Afterwards there are as many process objects as
 * before and the memory has not grown. As many under sanitizers and Valgrind; there those tell of leaks. 1,000
 * threads die while they hold a place among a channel's waiters, under a stream of messages, in every way that a thread
 * can: cancelled, by exiting, when their call was killed, by the bare system call, and by returning with the place
 * kept. Every message that was not taken by a thread that died with it arrives.
 */
#include <malloc.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "contract/common.h"
#include "contract/vanished.h"

enum { AT_ONCE = 64, SHORT_LIVED = 10000, DYING = 1000, CROWD = 50 };

WEFT_TASK(int, square, (int, n)) { return n * n; }

WEFT_TASK(int, fails, (int, n)) {
    WEFT_HANDLER_BIND(&weft_type_error, weft_invoke_transfer_error, NULL) weft_error(&weft_type_error, "number %d", n);
    return n;
}

static weft_channel *never_filled;

static int fails_here(void *argument) { weft_error(&weft_type_error, "number %d", *(int *)argument); }

static void fail_in_both_ways(weft_channel *results, int n) {
    int value;
    CHECK_OK(weft_submit(results, fails, n));
    CHECK_STATUS(weft_receive_result(results, &value, patience()), WEFT_FAILED);
    CHECK_EQ(atoi(weft_condition_message(weft_last_condition()) + strlen("number ")), n);
    CHECK_STATUS(weft_call_in_thread(fails_here, &n, NULL), WEFT_FAILED);
}

static void *live_shortly(void *argument) {
    int n = (int)(intptr_t)argument % 1000, value = -1;
    weft_channel *results = weft_make_channel(int);
    CHECK_OK(weft_submit(results, square, n));
    if (n % 2 == 0) {
        CHECK_OK(weft_receive_result(results, &value, patience()));
        CHECK_EQ(value, n * n);
    }
    if (n % 2 == 0) fail_in_both_ways(results, n);
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
#if HARNESS_ASAN || HARNESS_TSAN || !defined(__GLIBC__)
    return 0;
#else
    return mallinfo2().uordblks;
#endif
}

/* A kernel of its own, since its queues keep some memory for later. */
static void many_in_a_kernel(size_t count) {
    weft_kernel *kernel = kernel_here();
    never_filled = bounded_channel(sizeof(int), 1);
    many(count);
    CHECK_OK(weft_free_channel(never_filled));
    end_and_free(kernel);
}

TEST_WITH_LIMIT(many_short_lived_threads_leave_nothing_behind, 600) {
    CHECK_NE(weft_current_process(), 0); /* made before they are counted */
    many_in_a_kernel(16 * AT_ONCE);      /* what is made once, and kept for the next, is made now */
    size_t processes = weft_process_count(), heap = heap_in_use();
    many_in_a_kernel(SHORT_LIVED);
    CHECK_EQ(weft_process_count(), processes);
    CHECK_LT(heap_in_use(), heap + 64 * 1024); /* not 7 bytes a thread */
}

typedef enum way { CANCELLED, EXITS, KILLED, VANISHES, RETURNS, WAYS } way;

typedef struct mortal {
    pthread_t thread;
    way way;
    weft_channel *channel;
    weft_operation operation;
    weft_alternation *kept; /* of one that returns: its place stays */
    int value;
    _Atomic weft_process process;
    atomic_int taken;
    atomic_bool leave;
} mortal;

static int wait_for_ever(void *argument) {
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
    return 0;
}

static void wait_until_left(mortal *m) {
    while (!atomic_load(&m->leave))
        if (weft_alternate_again(m->kept, WEFT_FAIR, weft_after(0.001)) != NULL) atomic_fetch_add(&m->taken, 1);
}

static void *wait_and_die(void *argument) {
    mortal *m = argument;
    pthread_cleanup_push(harness_frames_left, NULL);
    atomic_store(&m->process, weft_current_process());
    if (m->way == RETURNS)
        wait_until_left(m);
    else if (m->way == KILLED)
        CHECK_STATUS(weft_call_killable(wait_for_ever, m, NULL), WEFT_KILLED);
    else
        wait_for_ever(m);
    pthread_cleanup_pop(0);
    return NULL;
}

static void exit_here(void *unused) { pthread_exit(unused); }
static void vanish_here(void *unused) {
    (void)unused;
    syscall(SYS_exit, 0);
}

static bool has_begun_to_die(mortal *m) {
    weft_process process = atomic_load(&m->process);
    if (process == 0) return false;
    switch (m->way) {
    case CANCELLED: return pthread_cancel(m->thread) == 0;
    case EXITS: return weft_interrupt_process(process, exit_here, NULL) == WEFT_OK;
    case KILLED: return weft_kill_process(process) == WEFT_OK; /* not yet in its call: once more */
    case VANISHES: return weft_interrupt_process(process, vanish_here, NULL) == WEFT_OK;
    default: atomic_store(&m->leave, true); return true;
    }
}

/* Sanitizers do not bear threads that vanish, nor do condition variables on which they wait; an emulator does not keep
 * the system's list of robust mutexes. */
static bool may_vanish(void) {
#ifdef WEFTI_PORTABLE_WAIT
    return false;
#else
    void *head;
    size_t size;
    return !HARNESS_TSAN && !HARNESS_ASAN && syscall(SYS_get_robust_list, 0, &head, &size) == 0 && head != NULL;
#endif
}

static void bear(mortal *m, weft_channel *channel, int number) {
    *m = (mortal){.channel = channel, .way = (way)(number % WAYS)};
    if (m->way == VANISHES && !may_vanish()) m->way = CANCELLED;
    m->operation = (weft_operation)WEFT_TO_RECEIVE(channel, &m->value);
    if (m->way == RETURNS) CHECK_NOT_NULL(m->kept = weft_make_alternation(&m->operation, 1));
    CHECK_EQ(pthread_create(&m->thread, NULL, wait_and_die, m), 0);
}

/* Afterwards each place that is still there is one of a thread that is not. */
static int let_all_die(mortal *crowd, weft_channel *channel, int *sent) {
    int taken = 0;
    for (int i = 0; i < CROWD; i++) { /* among messages that are on their way */
        for (int n = 0; n < 3; n++) *sent += weft_send(channel, &n, WEFT_NOW) == WEFT_OK;
        CHECK_EVENTUALLY(has_begun_to_die(&crowd[i]));
    }
    for (int i = 0; i < CROWD; i++) {
        pthread_join(crowd[i].thread, NULL);
        taken += atomic_load(&crowd[i].taken);
    }
    return taken;
}

TEST_WITH_LIMIT(threads_that_die_where_they_wait_hang_nobody, 120) {
    weft_kernel *kernel = kernel_here();
    weft_channel *channel = bounded_channel(sizeof(int), 1);
    CHECK_NE(weft_current_process(), 0); /* made before they are counted */
    size_t processes = weft_process_count(), rounds = DYING / CROWD;
    mortal *crowd = calloc(CROWD, sizeof *crowd);
    for (size_t round = 0; round < rounds && crowd != NULL; round++) {
        int sent = 0, left = 0, value = 0;
        for (int i = 0; i < CROWD; i++) bear(&crowd[i], channel, i + (int)round);
        int taken = let_all_die(crowd, channel, &sent);
        while (weft_receive(channel, &value, WEFT_NOW) == WEFT_OK) left++;
        CHECK_OK(weft_send(channel, &value, patience())); /* past all their places */
        CHECK_OK(weft_receive(channel, &value, WEFT_NOW));
        CHECK_LE(taken + left, sent);         /* never twice */
        CHECK_GE(taken + left + CROWD, sent); /* each of the dead takes at most one along */
        for (int i = 0; i < CROWD; i++) CHECK_OK(weft_free_alternation(crowd[i].kept));
    }
    if (may_vanish()) notice_the_vanished(); /* else from time to time */
    CHECK_EQ(weft_process_count(), processes);
    free(crowd);
    CHECK_OK(weft_free_channel(channel));
    end_and_free(kernel);
}
