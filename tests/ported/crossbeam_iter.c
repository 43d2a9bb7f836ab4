/* SPDX-License-Identifier: MIT */
/* crossbeam_iter.c - crossbeam-channel's tests of iteration, of the sameness of channels, and of threads that end.
 *
 * Origin: crossbeam-channel/tests/iter.rs, same_channel.rs and thread_locals.rs, dual MIT and Apache-2.0; the name of
 * the original stands in that of ours. */
#include "ported/crew.h"

typedef struct io {
    weft_channel *in, *out;
} io;

static void adds_all(void *argument) {
    const io *x = argument;
    int sum = 0;
    WEFT_FOR_EACH_RECEIVED(int, value, x->in) sum += value;
    put(x->out, sum);
}

CREW_TEST(nested_recv_iter) {
    io x = {make_unbounded(), make_unbounded()};
    start(c, adds_all, &x);
    put(x.in, 3);
    put(x.in, 1);
    put(x.in, 2);
    CHECK_OK(weft_close(x.in));
    CHECK_EQ(get(x.out), 6);
    all_done(c);
    FREE_ALL(x.in, x.out);
}

static void adds_until_three(void *argument) {
    const io *x = argument;
    int sum = 0;
    WEFT_FOR_EACH_RECEIVED(int, value, x->in) {
        if (sum >= 3) break;
        sum += value;
    }
    put(x->out, sum);
}

CREW_TEST(recv_iter_break) {
    io x = {make_unbounded(), make_unbounded()};
    start(c, adds_until_three, &x);
    for (int i = 0; i < 4; i++) put(x.in, 2);
    CHECK_EQ(get(x.out), 4);
    CHECK_OK(weft_close(x.in));
    all_done(c);
    CHECK_EQ(weft_count(x.in), 1); /* the one at which it left was taken */
    FREE_ALL(x.in, x.out);
}

/* in: the answers, out: the requests */
static void asks_until_six(void *argument) {
    const io *x = argument;
    for (int sum = 0, value; sum < 6; put(x->out, 0)) {
        while (sum < 6 && weft_receive(x->in, &value, WEFT_NOW) == WEFT_OK) sum += value;
        if (sum < 6) weft_yield();
    }
    CHECK_OK(weft_close(x->out));
}

/* recv_try_iter: a receive that does not wait, in a loop */
CREW_TEST(recv_try_iter) {
    io x = {make_unbounded(), make_unbounded()};
    start(c, asks_until_six, &x);
    WEFT_FOR_EACH_RECEIVED(int, request, x.out) put(x.in, 2 + request);
    CHECK_STATUS(weft_last_status(), WEFT_CLOSED);
    all_done(c);
    FREE_ALL(x.in, x.out);
}

/* recv_into_iter_owned and recv_into_iter_borrowed */
TEST(recv_into_iter) {
    weft_channel *ch = make_unbounded();
    int expected = 1;
    put(ch, 1);
    put(ch, 2);
    CHECK_OK(weft_close(ch));
    WEFT_FOR_EACH_RECEIVED(int, value, ch) CHECK_EQ(value, expected++);
    CHECK_EQ(expected, 3);
    CHECK_STATUS(weft_receive(ch, &expected, WEFT_FOREVER), WEFT_CLOSED);
    CHECK_OK(weft_free_channel(ch));
}

/* All seven of same_channel.rs: a channel is its pointer, and no two that live are the same. */
TEST(same_channel) {
    weft_channel *ch[] = {make(0),
                          make(0),
                          make(1),
                          make(1),
                          make_unbounded(),
                          make_unbounded(),
                          weft_make_after(WEFT_FOREVER),
                          weft_make_after(WEFT_FOREVER),
                          weft_make_every(1),
                          weft_make_every(1),
                          weft_make_never(0),
                          weft_make_never(0)};
    enum { ALL = sizeof ch / sizeof *ch };
    for (int i = 0; i < ALL; i++)
        for (int j = 0; j < i; j++) CHECK(ch[i] != ch[j]);
    free_all(ch, ALL);
}

static void waits_in_a_destructor(void *ch) {
    int value;
    WEFT_FAIR_ALT {
        WEFT_RECEIVE((weft_channel *)ch, &value) { FAIL("nobody sends"); }
        WEFT_OTHERWISE_AFTER(0.005) {}
    }
    put((weft_channel *)ch, 8);
}

typedef struct leaver {
    weft_channel *begin, *late;
    pthread_key_t key;
} leaver;

static void *leaves(void *argument) {
    const leaver *l = argument;
    CHECK_EQ(pthread_setspecific(l->key, l->late), 0);
    get(l->begin);
    return NULL;
}

/* use_while_exiting: a thread waits for channels also when what is its own is being given back */
TEST(use_while_exiting) {
    leaver l = {make(0), make_unbounded(), 0};
    pthread_t thread;
    CHECK_EQ(pthread_key_create(&l.key, waits_in_a_destructor), 0);
    for (int i = 0; i < 10; i++) {
        start_thread(&thread, leaves, &l);
        put(l.begin, 0);
        join_thread(thread);
        CHECK_EQ(get(l.late), 8);
    }
    CHECK_EQ(pthread_key_delete(l.key), 0);
    FREE_ALL(l.begin, l.late);
}
