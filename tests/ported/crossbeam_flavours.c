/* SPDX-License-Identifier: MIT */
/* crossbeam_flavours.c - crossbeam-channel's tests of its flavours array, list and zero, re-expressed.
 *
 * Origin: crossbeam-channel/tests/array.rs, list.rs and zero.rs, dual MIT and Apache-2.0; the name of the original
 * stands in that of ours, after its flavour. A disconnected channel is a closed one. The originals sleep to be in step;
 * here the sides tell each other over a second channel. */
#include "ported/crew.h"

#include "stress/load.h"

typedef weft_channel *(*flavour)(size_t element_size, size_t capacity);

static weft_channel *array(size_t element_size, size_t capacity) { return bounded_channel(element_size, capacity); }

static weft_channel *list(size_t element_size, size_t capacity) {
    (void)capacity;
    return weft_make_channel_sized(element_size, NULL);
}

static weft_channel *zero(size_t element_size, size_t capacity) {
    (void)capacity;
    return weft_make_rendezvous_sized(element_size);
}

#define TEST_OF(which, name)                                                                                           \
    CREW_TEST(which##_##name) { name(c, which); }
#define TEST_OF_ARRAY_AND_LIST(name) TEST_OF(array, name) TEST_OF(list, name)
#define TEST_OF_ARRAY_AND_ZERO(name) TEST_OF(array, name) TEST_OF(zero, name)
#define TEST_OF_ALL(name) TEST_OF_ARRAY_AND_LIST(name) TEST_OF(zero, name)

/* Two sides: a channel, and one over which they tell each other how far they are. */
typedef struct sides {
    weft_channel *ch, *step;
    int count;
} sides;

static sides sides_of(flavour of, size_t capacity) { return (sides){of(sizeof(int), capacity), make(0), 0}; }

static void free_sides(crew *c, const sides *s) {
    all_done(c);
    FREE_ALL(s->ch, s->step);
}

static weft_status receive_at(weft_channel *ch, int *value, double seconds) {
    return weft_receive(ch, value, weft_after(seconds));
}

/* ---- one side ---- */

TEST(array_smoke) {
    weft_channel *ch = array(sizeof(int), 1);
    int value = 0;
    put(ch, 7);
    CHECK_OK(weft_receive(ch, &value, WEFT_NOW));
    CHECK_EQ(value, 7);
    put(ch, 8);
    CHECK_EQ(get(ch), 8);
    CHECK_STATUS(weft_receive(ch, &value, WEFT_NOW), WEFT_TIMED_OUT);
    CHECK_STATUS(receive_at(ch, &value, 0.01), WEFT_TIMED_OUT);
    CHECK_OK(weft_free_channel(ch));
}

TEST(list_smoke) {
    weft_channel *ch = list(sizeof(int), 0);
    put(ch, 7);
    CHECK_EQ(get(ch), 7);
    put(ch, 8);
    CHECK_EQ(get(ch), 8);
    CHECK_STATUS(weft_receive(ch, &(int){0}, WEFT_NOW), WEFT_TIMED_OUT);
    CHECK_STATUS(receive_at(ch, &(int){0}, 0.01), WEFT_TIMED_OUT);
    CHECK_OK(weft_free_channel(ch));
}

TEST(zero_smoke) {
    weft_channel *ch = zero(sizeof(int), 0);
    CHECK_STATUS(weft_send(ch, &(int){7}, WEFT_NOW), WEFT_TIMED_OUT);
    CHECK_STATUS(weft_receive(ch, &(int){0}, WEFT_NOW), WEFT_TIMED_OUT);
    CHECK_OK(weft_free_channel(ch));
}

/* None is 0 here, and so is that of a rendezvous. */
TEST(array_list_zero_capacity) {
    for (size_t i = 1; i < 10; i++) {
        weft_channel *ch = array(0, i);
        CHECK_EQ(weft_capacity(ch), i);
        CHECK_OK(weft_free_channel(ch));
    }
    weft_channel *unbounded = list(0, 0), *rendezvous = zero(0, 0);
    CHECK_EQ(weft_capacity(unbounded), 0);
    CHECK_EQ(weft_capacity(rendezvous), 0);
    FREE_ALL(unbounded, rendezvous);
}

static void check_level(weft_channel *ch, size_t count, bool full) {
    CHECK_EQ(weft_count(ch), count);
    CHECK_EQ(weft_is_empty(ch), count == 0);
    CHECK_EQ(weft_is_full(ch), full);
}

TEST(array_len_empty_full) {
    weft_channel *ch = array(0, 2);
    check_level(ch, 0, false);
    CHECK_OK(weft_send_sized(ch, NULL, 0, WEFT_NOW));
    check_level(ch, 1, false);
    CHECK_OK(weft_send_sized(ch, NULL, 0, WEFT_NOW));
    check_level(ch, 2, true);
    CHECK_OK(weft_receive_sized(ch, NULL, 0, WEFT_NOW));
    check_level(ch, 1, false);
    CHECK_OK(weft_free_channel(ch));
}

TEST(list_len_empty_full) {
    weft_channel *ch = list(0, 0);
    check_level(ch, 0, false);
    CHECK_OK(weft_send_sized(ch, NULL, 0, WEFT_NOW));
    check_level(ch, 1, false);
    CHECK_OK(weft_receive_sized(ch, NULL, 0, WEFT_NOW));
    check_level(ch, 0, false);
    CHECK_OK(weft_free_channel(ch));
}

static void sends_one(void *ch) { put((weft_channel *)ch, 1); }

CREW_TEST(zero_len_empty_full) {
    weft_channel *ch = zero(sizeof(int), 0);
    check_level(ch, 0, true);
    start(c, sends_one, ch);
    get(ch);
    check_level(ch, 0, true);
    all_done(c);
    CHECK_OK(weft_free_channel(ch));
}

/* ---- one side tries, the other does ---- */

static void sends_seven_and_closes(void *argument) {
    const sides *s = argument;
    get(s->step);
    put(s->ch, 7);
    put(s->step, 1);
    get(s->step);
    CHECK_OK(weft_close(s->ch));
    put(s->step, 1);
}

static void try_recv(crew *c, flavour of) {
    sides s = sides_of(of, 100);
    int value = 0;
    start(c, sends_seven_and_closes, &s);
    CHECK_STATUS(weft_receive(s.ch, &value, WEFT_NOW), WEFT_TIMED_OUT);
    put(s.step, 1);
    UNTIL(weft_receive(s.ch, &value, WEFT_NOW) == WEFT_OK);
    CHECK_EQ(value, 7);
    get(s.step);
    CHECK_STATUS(weft_receive(s.ch, &value, WEFT_NOW), WEFT_TIMED_OUT);
    put(s.step, 1);
    get(s.step);
    CHECK_STATUS(weft_receive(s.ch, &value, WEFT_NOW), WEFT_CLOSED);
    free_sides(c, &s);
}
TEST_OF_ALL(try_recv)

static void sends_three_and_closes(void *argument) {
    const sides *s = argument;
    nap();
    for (int i = 7; i <= 9; i++) put(s->ch, i);
    CHECK_OK(weft_close(s->ch));
}

static void recv(crew *c, flavour of) {
    sides s = sides_of(of, 100);
    start(c, sends_three_and_closes, &s);
    for (int i = 7; i <= 9; i++) {
        CHECK_EQ(get(s.ch), i);
        nap();
    }
    CHECK_STATUS(weft_receive(s.ch, &(int){0}, patience()), WEFT_CLOSED);
    free_sides(c, &s);
}
TEST_OF_ALL(recv)

static void recv_timeout(crew *c, flavour of) {
    sides s = sides_of(of, 100);
    int value = 0;
    start(c, sends_seven_and_closes, &s);
    weft_deadline due = weft_after(0.01);
    CHECK_STATUS(weft_receive(s.ch, &value, due), WEFT_TIMED_OUT);
    CHECK_GE(weft_time(), due);
    put(s.step, 1);
    CHECK_OK(weft_receive(s.ch, &value, patience()));
    CHECK_EQ(value, 7);
    get(s.step);
    put(s.step, 1);
    CHECK_STATUS(weft_receive(s.ch, &value, patience()), WEFT_CLOSED);
    get(s.step);
    free_sides(c, &s);
}
TEST_OF_ALL(recv_timeout)

/* list.rs, recv_timeout_nonempty_expired: what is there is received, though the deadline has passed */
static void recv_timeout_nonempty_expired(crew *c, flavour of) {
    sides s = sides_of(of, 100);
    weft_deadline past = weft_time();
    put(s.ch, 5);
    int value = 0;
    CHECK_OK(weft_receive(s.ch, &value, past));
    CHECK_EQ(value, 5);
    CHECK_STATUS(weft_receive(s.ch, &value, past), WEFT_TIMED_OUT);
    free_sides(c, &s);
}
TEST_OF_ARRAY_AND_LIST(recv_timeout_nonempty_expired)

static void makes_room(void *argument) {
    const sides *s = argument;
    get(s->step);
    CHECK_EQ(get(s->ch), 1);
    CHECK_EQ(get(s->ch), 3);
    CHECK_STATUS(weft_receive(s->ch, &(int){0}, WEFT_NOW), WEFT_TIMED_OUT);
    CHECK_OK(weft_close(s->ch));
    put(s->step, 1);
}

/* Also: list.rs, where a send never waits */
CREW_TEST(array_try_send) {
    sides s = sides_of(array, 1);
    start(c, makes_room, &s);
    CHECK_OK(weft_send(s.ch, &(int){1}, WEFT_NOW));
    CHECK_STATUS(weft_send(s.ch, &(int){2}, WEFT_NOW), WEFT_TIMED_OUT);
    put(s.step, 1);
    UNTIL(weft_send(s.ch, &(int){3}, WEFT_NOW) == WEFT_OK);
    get(s.step);
    CHECK_STATUS(weft_send(s.ch, &(int){4}, WEFT_NOW), WEFT_CLOSED);
    free_sides(c, &s);
}

TEST(list_try_send_and_send_and_send_timeout) {
    weft_channel *ch = list(sizeof(int), 0);
    for (int i = 0; i < 1000; i++) CHECK_OK(weft_send(ch, &i, WEFT_NOW));
    CHECK_OK(weft_send(ch, &(int){1000}, weft_after(0.01)));
    CHECK_OK(weft_send(ch, &(int){1001}, WEFT_FOREVER));
    for (int i = 0; i < 1002; i++) CHECK_EQ(get(ch), i);
    CHECK_OK(weft_close(ch));
    CHECK_STATUS(weft_send(ch, &(int){777}, WEFT_NOW), WEFT_CLOSED);
    CHECK_STATUS(weft_send(ch, &(int){777}, weft_after(0.01)), WEFT_CLOSED);
    CHECK_OK(weft_free_channel(ch));
}

static void receives_eight_and_closes(void *argument) {
    const sides *s = argument;
    get(s->step);
    CHECK_EQ(get(s->ch), 8);
    CHECK_OK(weft_close(s->ch));
    put(s->step, 1);
}

CREW_TEST(zero_try_send_and_send_timeout) {
    sides s = sides_of(zero, 0);
    start(c, receives_eight_and_closes, &s);
    CHECK_STATUS(weft_send(s.ch, &(int){7}, WEFT_NOW), WEFT_TIMED_OUT);
    weft_deadline due = weft_after(0.01);
    CHECK_STATUS(weft_send(s.ch, &(int){7}, due), WEFT_TIMED_OUT);
    CHECK_GE(weft_time(), due);
    put(s.step, 1);
    UNTIL(weft_send(s.ch, &(int){8}, WEFT_NOW) == WEFT_OK);
    get(s.step);
    CHECK_STATUS(weft_send(s.ch, &(int){9}, WEFT_NOW), WEFT_CLOSED);
    CHECK_STATUS(weft_send(s.ch, &(int){9}, patience()), WEFT_CLOSED);
    free_sides(c, &s);
}

static void receives_three(void *argument) {
    const sides *s = argument;
    nap();
    for (int i = 7; i <= 9; i++) CHECK_EQ(get(s->ch), i);
}

static void send(crew *c, flavour of) {
    sides s = sides_of(of, 1);
    start(c, receives_three, &s);
    for (int i = 7; i <= 9; i++) {
        put(s.ch, i);
        nap();
    }
    free_sides(c, &s);
}
TEST_OF_ARRAY_AND_ZERO(send)

static void takes_slowly(void *argument) {
    const sides *s = argument;
    get(s->step);
    CHECK_EQ(get(s->ch), 1);
    put(s->step, 1);
    get(s->step);
    CHECK_EQ(get(s->ch), 2);
    CHECK_EQ(get(s->ch), 4);
    CHECK_OK(weft_close(s->ch));
    put(s->step, 1);
}

CREW_TEST(array_send_timeout) {
    sides s = sides_of(array, 2);
    start(c, takes_slowly, &s);
    CHECK_OK(weft_send(s.ch, &(int){1}, patience()));
    CHECK_OK(weft_send(s.ch, &(int){2}, patience()));
    CHECK_STATUS(weft_send(s.ch, &(int){3}, weft_after(0.01)), WEFT_TIMED_OUT);
    put(s.step, 1);
    get(s.step);
    CHECK_OK(weft_send(s.ch, &(int){4}, patience()));
    put(s.step, 1);
    get(s.step);
    CHECK_STATUS(weft_send(s.ch, &(int){5}, patience()), WEFT_CLOSED);
    free_sides(c, &s);
}

static void send_after_disconnect(crew *c, flavour of) {
    sides s = sides_of(of, 100);
    for (int i = 1; i <= 3; i++) put(s.ch, i);
    CHECK_OK(weft_close(s.ch));
    CHECK_STATUS(weft_send(s.ch, &(int){4}, WEFT_FOREVER), WEFT_CLOSED);
    CHECK_STATUS(weft_send(s.ch, &(int){5}, WEFT_NOW), WEFT_CLOSED);
    CHECK_STATUS(weft_send(s.ch, &(int){6}, weft_after(0.5)), WEFT_CLOSED);
    free_sides(c, &s);
}
TEST_OF_ARRAY_AND_LIST(send_after_disconnect)

static void recv_after_disconnect(crew *c, flavour of) {
    sides s = sides_of(of, 100);
    for (int i = 1; i <= 3; i++) put(s.ch, i);
    CHECK_OK(weft_close(s.ch));
    for (int i = 1; i <= 3; i++) CHECK_EQ(get(s.ch), i);
    CHECK_STATUS(weft_receive(s.ch, &(int){0}, WEFT_FOREVER), WEFT_CLOSED);
    free_sides(c, &s);
}
TEST_OF_ARRAY_AND_LIST(recv_after_disconnect)

/* ---- lengths ---- */

enum { ROOM = 1000 };

static void receives_within_room(void *argument) {
    const sides *s = argument;
    for (int i = 0; i < s->count; i++) {
        CHECK_EQ(get(s->ch), i);
        CHECK_LE(weft_count(s->ch), (size_t)(weft_capacity(s->ch) != 0 ? ROOM : s->count));
    }
}

static void fill_by_fifties(weft_channel *ch) {
    for (int round = 0; round < ROOM / 10; round++) {
        for (int i = 0; i < 50; i++) {
            put(ch, i);
            CHECK_EQ(weft_count(ch), i + 1);
        }
        for (int i = 0; i < 50; i++) {
            get(ch);
            CHECK_EQ(weft_count(ch), 50 - i - 1);
        }
    }
}

static void len(crew *c, flavour of) {
    sides s = sides_of(of, ROOM);
    s.count = (int)harness_rounds(25000);
    CHECK_EQ(weft_count(s.ch), 0);
    if (of != zero) fill_by_fifties(s.ch);
    start(c, receives_within_room, &s);
    for (int i = 0; i < s.count; i++) {
        put(s.ch, i);
        CHECK_LE(weft_count(s.ch), (size_t)(of == array ? ROOM : of == zero ? 0 : s.count));
    }
    all_done(c);
    CHECK_EQ(weft_count(s.ch), 0);
    free_sides(c, &s);
}
TEST_OF_ALL(len)

/* ---- closing wakes ---- */

static void send_is_closed(void *ch) {
    CHECK_STATUS(weft_send((weft_channel *)ch, &(int){0}, patience()), WEFT_CLOSED);
}

static void receive_is_closed(void *ch) {
    CHECK_STATUS(weft_receive((weft_channel *)ch, &(int){0}, patience()), WEFT_CLOSED);
}

static void disconnect_wakes_sender(crew *c, flavour of) {
    sides s = sides_of(of, 1);
    if (of == array) put(s.ch, 0);
    start(c, send_is_closed, s.ch);
    start(c, send_is_closed, s.ch);
    nap();
    CHECK_OK(weft_close(s.ch));
    free_sides(c, &s);
}
TEST_OF_ARRAY_AND_ZERO(disconnect_wakes_sender)

static void disconnect_wakes_receiver(crew *c, flavour of) {
    sides s = sides_of(of, 1);
    start(c, receive_is_closed, s.ch);
    start(c, receive_is_closed, s.ch);
    nap();
    CHECK_OK(weft_close(s.ch));
    free_sides(c, &s);
}
TEST_OF_ALL(disconnect_wakes_receiver)

/* ---- many messages ---- */

static void receives_in_order_to_the_end(void *argument) {
    const sides *s = argument;
    for (int i = 0; i < s->count; i++) CHECK_EQ(get(s->ch), i);
    CHECK_STATUS(weft_receive(s->ch, &(int){0}, patience()), WEFT_CLOSED);
}

static void spsc(crew *c, flavour of) {
    sides s = sides_of(of, 3);
    s.count = (int)load_rounds(30000);
    start(c, receives_in_order_to_the_end, &s);
    for (int i = 0; i < s.count; i++) put(s.ch, i);
    CHECK_OK(weft_close(s.ch));
    free_sides(c, &s);
}
TEST_OF_ALL(spsc)

enum { THREADS = 4, MANY = 5000 };
typedef struct many {
    weft_channel *ch;
    int count;
    atomic_int seen[MANY];
} many;

static void counts(void *argument) {
    many *m = argument;
    for (int i = 0; i < m->count; i++) {
        int value = get(m->ch);
        if (CHECK(value >= 0 && value < m->count)) atomic_fetch_add(&m->seen[value], 1);
    }
}

static void sends_to_count(void *argument) {
    const many *m = argument;
    for (int i = 0; i < m->count; i++) put(m->ch, i);
}

static void mpmc(crew *c, flavour of) {
    many m = {.ch = of(sizeof(int), 3), .count = (int)harness_rounds(MANY)};
    for (int i = 0; i < THREADS; i++) start(c, counts, &m);
    for (int i = 0; i < THREADS; i++) start(c, sends_to_count, &m);
    all_done(c);
    for (int i = 0; i < m.count; i++) CHECK_EQ(atomic_load(&m.seen[i]), THREADS);
    CHECK_STATUS(weft_receive(m.ch, &(int){0}, WEFT_NOW), WEFT_TIMED_OUT);
    CHECK_OK(weft_free_channel(m.ch));
}
TEST_OF_ALL(mpmc)

static void receives_one(void *ch) { CHECK_EQ(get((weft_channel *)ch), 1); }

static void stress_oneshot(crew *c, flavour of) {
    size_t rounds = harness_rounds(400);
    for (size_t i = 0; i < rounds; i++) {
        weft_channel *ch = of(sizeof(int), 1);
        start(c, receives_one, ch);
        start(c, sends_one, ch);
        all_done(c);
        CHECK_OK(weft_free_channel(ch));
    }
}
TEST_OF_ALL(stress_oneshot)

/* ch: the answers; step: the requests */
static void asks_until_enough(void *argument) {
    const sides *s = argument;
    for (int count = 0; count < s->count; weft_send(s->step, &(int){1}, WEFT_NOW)) {
        int x;
        while (count < s->count && weft_receive(s->ch, &x, WEFT_NOW) == WEFT_OK) count += x;
        weft_yield();
    }
    CHECK_OK(weft_close(s->step));
    CHECK_OK(weft_close(s->ch));
}

static void stress_iter(crew *c, flavour of) {
    sides s = {of(sizeof(int), 1), of(sizeof(int), 1), (int)harness_rounds(1000)};
    start(c, asks_until_enough, &s);
    WEFT_FOR_EACH_RECEIVED(int, request, s.step) {
        if (weft_send(s.ch, &request, patience()) != WEFT_OK) break;
    }
    free_sides(c, &s);
}
TEST_OF_ALL(stress_iter)

static void sends_impatiently(void *argument) {
    const sides *s = argument;
    for (int i = 0; i < s->count; i++) {
        if (i % 2 == 0) CHECK_OK(weft_sleep(weft_after(0.002)));
        while (weft_send(s->ch, &i, weft_after(0.0005)) != WEFT_OK) {
        }
    }
}

static void receives_impatiently(void *argument) {
    const sides *s = argument;
    for (int i = 0, value; i < s->count; i++) {
        if (i % 2 == 0) CHECK_OK(weft_sleep(weft_after(0.002)));
        while (weft_receive(s->ch, &value, weft_after(0.0005)) != WEFT_OK) {
        }
        CHECK_EQ(value, i);
    }
}

static void stress_timeout_two_threads(crew *c, flavour of) {
    sides s = sides_of(of, 2);
    s.count = (int)harness_rounds(100);
    start(c, sends_impatiently, &s);
    start(c, receives_impatiently, &s);
    free_sides(c, &s);
}
TEST_OF_ALL(stress_timeout_two_threads)

/* ---- what becomes of elements ---- */

static atomic_int drops_seen;

static void drop(void *element) {
    (void)element;
    atomic_fetch_add(&drops_seen, 1);
}

static void receives_count(void *argument) {
    const sides *s = argument;
    for (int i = 0; i < s->count; i++) get(s->ch);
}

static weft_channel *dropping(flavour of) {
    weft_channel_options options = {.destroy = drop, .capacity = of == array ? 50 : 0, .rendezvous = of == zero};
    return weft_make_channel_with(int, &options);
}

/* What is received is the receiver's and not destroyed; what is left is, once each. */
static void drops(crew *c, flavour of) {
    uint64_t random = harness_seed();
    for (int run = 0; run < 10; run++) {
        sides s = {dropping(of), make(0), (int)(harness_random(&random) % harness_rounds(3000))};
        int left = of == zero ? 0 : (int)(harness_random(&random) % 50);
        atomic_store(&drops_seen, 0);
        start(c, receives_count, &s);
        for (int i = 0; i < s.count; i++) put(s.ch, i);
        all_done(c);
        for (int i = 0; i < left; i++) put(s.ch, i);
        CHECK_EQ(atomic_load(&drops_seen), 0);
        free_sides(c, &s);
        CHECK_EQ(atomic_load(&drops_seen), left);
    }
}
TEST_OF_ALL(drops)

/* drop_unreceived; closing does not, since what is in a closed channel can still be received: draining does. And the
 * part of panic_on_drop that is not of panics: each element is destroyed once. */
static void drop_unreceived(crew *c, flavour of) {
    weft_channel *ch = dropping(of);
    (void)c;
    atomic_store(&drops_seen, 0);
    put(ch, 1);
    put(ch, 2);
    CHECK_OK(weft_close(ch));
    CHECK_EQ(atomic_load(&drops_seen), 0);
    CHECK_EQ(weft_drain(ch), 2);
    CHECK_EQ(atomic_load(&drops_seen), 2);
    CHECK_OK(weft_free_channel(ch));
    CHECK_EQ(atomic_load(&drops_seen), 2);
}
TEST_OF_ARRAY_AND_LIST(drop_unreceived)

/* list.rs, stack_overflow: elements larger than some stacks */
TEST(list_stack_overflow) {
    typedef struct big {
        char data[32768];
    } big;
    static big in, out;
    weft_channel *ch = list(sizeof in, 0);
    for (size_t i = 0; i < sizeof in.data; i++) in.data[i] = (char)i;
    for (int i = 0; i < 3; i++) CHECK_OK(weft_send(ch, &in, WEFT_NOW));
    int got = 0;
    for (; weft_receive(ch, &out, WEFT_NOW) == WEFT_OK; got++) CHECK(memcmp(&in, &out, sizeof in) == 0);
    CHECK_EQ(got, 3);
    CHECK_OK(weft_free_channel(ch));
}

/* ---- order ---- */

static void sends_then_receives_now(void *argument) {
    const many *m = argument;
    for (int i = 0; i < m->count; i++) {
        put(m->ch, 0);
        CHECK_OK(weft_receive(m->ch, &(int){0}, WEFT_NOW));
    }
}

/* After a send there is something to receive, since each takes out no more than it has put in. */
static void linearizable(crew *c, flavour of) {
    many m = {.ch = of(sizeof(int), THREADS), .count = (int)harness_rounds(10000)};
    for (int i = 0; i < THREADS; i++) start(c, sends_then_receives_now, &m);
    all_done(c);
    CHECK_OK(weft_free_channel(m.ch));
}
TEST_OF_ARRAY_AND_LIST(linearizable)

/* ---- fairness ---- */

enum { CHOICES = 10000 };

static void check_hits(const int *hits, int count, int all) {
    for (int i = 0; i < count; i++) CHECK_GE(hits[i], all / count / 2);
}

static void fairness_of_full(crew *c, flavour of) {
    weft_channel *one = of(sizeof(int), CHOICES), *two = of(sizeof(int), CHOICES);
    int hits[2] = {0};
    (void)c;
    for (int i = 0; i < CHOICES; i++) {
        put(one, i);
        put(two, i);
    }
    for (int i = 0; i < CHOICES; i++) {
        WEFT_FAIR_ALT {
            WEFT_RECEIVE_ANY(one) { hits[0]++; }
            WEFT_RECEIVE_ANY(two) { hits[1]++; }
        }
    }
    check_hits(hits, 2, CHOICES);
    FREE_ALL(one, two);
}
TEST_OF_ARRAY_AND_LIST(fairness_of_full)

static void receive_five_ways(weft_channel *ch, int *hits) {
    WEFT_FAIR_ALT {
        for (int way = 0; way < 5; way++) WEFT_RECEIVE_ANY(ch) {
                hits[way]++;
            }
    }
}

static void fairness_duplicates_of_full(crew *c, flavour of) {
    weft_channel *ch = of(sizeof(int), CHOICES);
    int hits[5] = {0};
    (void)c;
    for (int i = 0; i < CHOICES; i++) put(ch, i);
    for (int i = 0; i < CHOICES; i++) receive_five_ways(ch, hits);
    check_hits(hits, 5, CHOICES);
    CHECK_OK(weft_free_channel(ch));
}
TEST_OF_ARRAY_AND_LIST(fairness_duplicates_of_full)

typedef struct pair {
    weft_channel *one, *two;
    int count;
} pair;

static void receives_from_either(void *argument) {
    const pair *p = argument;
    int hits[2] = {0};
    for (int i = 0; i < p->count; i++) {
        WEFT_FAIR_ALT {
            WEFT_RECEIVE_ANY(p->one) { hits[0]++; }
            WEFT_RECEIVE_ANY(p->two) { hits[1]++; }
        }
    }
    check_hits(hits, 2, p->count);
}

CREW_TEST(zero_fairness) {
    pair p = {zero(sizeof(int), 0), zero(sizeof(int), 0), (int)harness_rounds(CHOICES)};
    int hits[2] = {0}, value = 0;
    start(c, receives_from_either, &p);
    for (int i = 0; i < p.count; i++) {
        WEFT_FAIR_ALT {
            WEFT_SEND(p.one, &value) { hits[0]++; }
            WEFT_SEND(p.two, &value) { hits[1]++; }
        }
    }
    check_hits(hits, 2, p.count);
    all_done(c);
    FREE_ALL(p.one, p.two);
}

static void receives_five_ways(void *argument) {
    const pair *p = argument;
    int hits[5] = {0};
    for (int i = 0; i < p->count; i++) receive_five_ways(p->one, hits);
    check_hits(hits, 5, p->count);
}

CREW_TEST(zero_fairness_duplicates) {
    pair p = {zero(sizeof(int), 0), NULL, (int)harness_rounds(CHOICES)};
    int hits[5] = {0}, value = 0;
    start(c, receives_five_ways, &p);
    for (int i = 0; i < p.count; i++) {
        WEFT_FAIR_ALT {
            for (int way = 0; way < 5; way++) WEFT_SEND(p.one, &value) {
                    hits[way]++;
                }
        }
    }
    check_hits(hits, 5, p.count);
    all_done(c);
    CHECK_OK(weft_free_channel(p.one));
}

/* ---- within each other ---- */

static int *received(weft_channel *ch, int *value) {
    *value = get(ch);
    return value;
}

/* The clause's own value makes the room it needs. (That a value which is not needed is not computed is otherwise here:
 * a clause is evaluated before it is known whether it can be done.) */
static void recv_in_send(crew *c, flavour of) {
    weft_channel *ch = of(sizeof(int), 1);
    int value = 0, sent = 0;
    (void)c;
    put(ch, 3);
    WEFT_FAIR_ALT {
        WEFT_SEND(ch, received(ch, &value)) { sent++; }
    }
    CHECK_EQ(sent, 1);
    CHECK_EQ(get(ch), 3);
    CHECK_OK(weft_free_channel(ch));
}
TEST_OF_ARRAY_AND_LIST(recv_in_send)

typedef struct journey {
    weft_channel *first;
    flavour of;
    int count;
} journey;

static void sends_channels(void *argument) {
    const journey *j = argument;
    weft_channel *at = j->first;
    for (int i = 0; i < j->count; i++) {
        weft_channel *next = j->of(sizeof(weft_channel *), 1);
        CHECK_OK(weft_send(at, &next, patience()));
        at = next;
    }
}

static void channel_through_channel(crew *c, flavour of) {
    enum { MOST = 1000 };
    journey j = {of(sizeof(weft_channel *), 1), of, (int)harness_rounds(MOST)};
    static weft_channel *all[MOST + 1];
    all[0] = j.first;
    start(c, sends_channels, &j);
    for (int i = 0; i < j.count; i++) CHECK_OK(weft_receive(all[i], &all[i + 1], patience()));
    all_done(c);
    free_all(all, (size_t)j.count + 1);
}
TEST_OF_ALL(channel_through_channel)
