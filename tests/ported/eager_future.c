/* SPDX-License-Identifier: MIT */
/* eager_future.c - pexec, pcall, yield and select of Eager Future, as the examples in Calispel's documentation use them
 * beside channels. A pexec is a future, a yield a force. Where an original sleeps until others wait, ours has a kernel
 * of one worker: when a later future has run there, all those before it wait. Row F2. */
#include "contract/common.h"

WEFT_TASK(bool, send_after, (double, seconds), (weft_channel *, channel), (int, value)) {
    if (seconds > 0) CHECK_OK(weft_sleep(weft_after(seconds)));
    return weft_send(channel, &value, patience()) == WEFT_OK;
}

WEFT_TASK(int, nothing, (int, unused)) { return unused; }
WEFT_TASK(int, plus, (weft_future *, a), (weft_future *, b)) {
    int left = 0, right = 0;
    CHECK_OK(weft_force(a, &left, WEFT_FOREVER));
    CHECK_OK(weft_force(b, &right, WEFT_FOREVER));
    return left + right;
}

static weft_channel *chan1, *chan2;

static weft_kernel *begin(void) {
    chan1 = weft_make_rendezvous(int);
    chan2 = weft_make_rendezvous(int);
    return kernel_of(1);
}

static void finish(weft_kernel *kernel) {
    CHECK_OK(weft_free_channel(chan1));
    CHECK_OK(weft_free_channel(chan2));
    end_and_free(kernel);
}

/* (pexec (! chan value)) */
static weft_future *pexec_send(weft_channel *channel, int value) { return weft_future(send_after, 0, channel, value); }

static void yield_true(weft_future *future) {
    bool sent = false;
    CHECK_OK(weft_force(future, &sent, patience()));
    CHECK(sent);
    weft_release_future(future);
}

/* Not with WEFT_FOREVER, with which it would be run here. */
static void when_all_before_wait(void) {
    int value;
    weft_future *last = weft_future(nothing, 1);
    CHECK_OK(weft_force(last, &value, patience()));
    weft_release_future(last);
}

/* (progn (pexec (sleep 1) (! *chan* 42)) (? *chan*)) => 42 T */
TEST(a_receive_waits_for_what_a_pexec_sends_later) {
    weft_kernel *kernel = begin();
    int value = 0;
    weft_future *sends = weft_future(send_after, 0.01, chan1, 42);
    CHECK_OK(weft_receive(chan1, &value, patience()));
    CHECK_EQ(value, 42);
    yield_true(sends);
    finish(kernel);
}

/* chan1 goes unused */
TEST(an_alternation_takes_what_a_pexec_sends) {
    weft_kernel *kernel = begin();
    int value = 0;
    weft_future *sends = pexec_send(chan2, 42);
    WEFT_PRI_ALT {
        WEFT_RECEIVE(chan1, &value) { FAIL("got a value from the first channel"); }
        WEFT_RECEIVE(chan2, &value) { CHECK_EQ(value, 42); }
    }
    yield_true(sends);
    finish(kernel);
}

/* "PRI-ALT chooses the first one available ..." */
TEST(of_two_pexecs_that_send_pri_alt_takes_the_first) {
    weft_kernel *kernel = begin();
    int value = 0;
    weft_future *one = pexec_send(chan1, 1), *two = pexec_send(chan2, 2);
    when_all_before_wait();
    WEFT_PRI_ALT {
        WEFT_RECEIVE(chan1, &value) {}
        WEFT_RECEIVE(chan2, &value) {}
    }
    CHECK_EQ(value, 1);
    CHECK(!weft_fulfilled(two));
    CHECK_OK(weft_receive(chan2, &value, patience()));
    yield_true(one);
    yield_true(two);
    finish(kernel);
}

/* "... whereas FAIR-ALT chooses any of the available operations": both come to be chosen. */
TEST(of_two_pexecs_that_send_fair_alt_takes_any) {
    weft_kernel *kernel = begin();
    int chosen[3] = {0, 0, 0};
    for (int i = 0; i < 64; i++) {
        int value = 0, other = 0;
        weft_future *one = pexec_send(chan1, 1), *two = pexec_send(chan2, 2);
        when_all_before_wait();
        WEFT_FAIR_ALT {
            WEFT_RECEIVE(chan1, &value) { CHECK_OK(weft_receive(chan2, &other, patience())); }
            WEFT_RECEIVE(chan2, &value) { CHECK_OK(weft_receive(chan1, &other, patience())); }
        }
        chosen[value]++;
        yield_true(one);
        yield_true(two);
    }
    CHECK(chosen[1] > 0 && chosen[2] > 0); /* or once in 2 to the power of 63 */
    finish(kernel);
}

/* (otherwise ...) with a pexec that still sleeps, and (otherwise :timeout 5), before which it sends */
TEST(a_pexec_that_sends_later_comes_after_otherwise_and_before_a_time_out) {
    weft_kernel *kernel = begin();
    int value = 0;
    bool timed_out = false;
    weft_future *sends = weft_future(send_after, 0.05, chan1, 7);
    WEFT_PRI_ALT {
        WEFT_RECEIVE(chan2, &value) { FAIL("nobody sends there"); }
        WEFT_OTHERWISE { timed_out = true; }
    }
    CHECK(timed_out);
    WEFT_PRI_ALT {
        WEFT_RECEIVE(chan1, &value) { CHECK_EQ(value, 7); }
        WEFT_RECEIVE(chan2, &value) { FAIL("nobody sends there"); }
        WEFT_OTHERWISE_AFTER(100.0) { FAIL("timed out"); }
    }
    yield_true(sends);
    finish(kernel);
}

static void *yield_in_thread(void *future) {
    int value = 0;
    CHECK_OK(weft_force(future, &value, patience()));
    return (void *)(intptr_t)value;
}

/* A pexec always starts, whether somebody yields it or not; several may yield the same one, and get the same. */
TEST(a_pexec_always_starts_and_several_yield_the_same) {
    weft_kernel *kernel = begin();
    int value = 0;
    weft_future *dropped = pexec_send(chan1, 5), *shared = weft_future(nothing, 9);
    weft_release_future(dropped);
    CHECK_OK(weft_receive(chan1, &value, patience()));
    CHECK_EQ(value, 5);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) CHECK_EQ(pthread_create(&threads[i], NULL, yield_in_thread, shared), 0);
    for (int i = 0; i < 4; i++) {
        void *got = NULL;
        pthread_join(threads[i], &got);
        CHECK_EQ((intptr_t)got, 9);
    }
    weft_release_future(shared);
    finish(kernel);
}

/* (pcall #'+ a b): the arguments are futures. (select a b): the first that has its value. */
TEST(pcall_takes_futures_and_select_gives_the_first_that_is_there) {
    weft_kernel *kernel = begin();
    int value = 0;
    weft_future *a = weft_future(nothing, 3), *b = weft_future(nothing, 4), *sum = weft_future(plus, a, b);
    CHECK_OK(weft_force(sum, &value, patience()));
    CHECK_EQ(value, 7);
    weft_future *waits = pexec_send(chan1, 1), *both[] = {waits, sum};
    CHECK_EQ(weft_select_future(both, 2, patience()), 1);
    CHECK_OK(weft_receive(chan1, &value, patience()));
    yield_true(waits);
    weft_release_future(a);
    weft_release_future(b);
    weft_release_future(sum);
    finish(kernel);
}
