/* SPDX-License-Identifier: MIT */
/* timeout_or_match.c - a deadline against a match: one of the two is what happened, and both sides agree on which.
 *
 *   waiter: the deadline passes, it claims its wait     other: comes, claims the same wait, hands the value over
 *
 * Whoever loses the claim must not believe its own end: a value that a timed-out receiver took would be lost, one that
 * a timed-out sender still gave would be there twice. So values are numbered, and the next number is sent only when the
 * last one was. */
#include "contract/alternating.h"

#include <malloc.h>
#include <stdio.h>

#include "base/live.h"

typedef enum manner { SINGLY, BY_ALTERNATION, BY_KEPT_ALTERNATION } manner;

typedef struct duel {
    weft_channel *channel;
    uint64_t seed;
    int attempts, timed_out, sent, received;
    weft_deadline enough; /* no more attempts after this */
    bool sender_hurries;  /* or the receiver does */
    manner how;
} duel;

static weft_deadline soon(uint64_t *random) { return weft_after(1e-6 * (double)(harness_random(random) % 25)); }

static void pause_a_little(uint64_t *random) {
    weft_deadline until = soon(random);
    while (weft_time() < until) {
    }
}

/* One operation, in the way that the duel is about. */
static weft_status do_one(const duel *d, weft_operation *operation, weft_alternation *kept, weft_deadline deadline) {
    const weft_operation *done;
    if (d->how == SINGLY && operation->kind == WEFT_OPERATION_SEND)
        return weft_send_sized(d->channel, operation->element, operation->size, deadline);
    if (d->how == SINGLY) return weft_receive_sized(d->channel, operation->element, operation->size, deadline);
    done = kept != NULL ? weft_alternate_again(kept, WEFT_FAIR, deadline)
                        : weft_alternate(operation, 1, WEFT_FIRST_LISTED, deadline);
    return done != NULL ? done->status : weft_last_status();
}

static weft_alternation *keep(const duel *d, weft_operation *operation) {
    return d->how == BY_KEPT_ALTERNATION ? weft_make_alternation(operation, 1) : NULL;
}

/* Whoever hurries: whether to try the i-th time. On a machine that has no time for so many, as many as there is for;
 * and on where the other side had no processor as yet, so that none of a few was in time. */
static bool one_more(duel *d, int i, int matched) {
    bool wanted = i < d->attempts;
    if (wanted ? i % 64 != 0 : matched > 0) return wanted;
    bool more = weft_time() <= d->enough;
    d->attempts = !more ? i : wanted ? d->attempts : i + 1;
    return more;
}

static void send_numbers(duel *d) {
    uint64_t random = d->seed;
    int number = 0;
    weft_operation operation = WEFT_TO_SEND(d->channel, &number);
    weft_alternation *kept = keep(d, &operation);
    for (int i = 0; !d->sender_hurries || one_more(d, i, number); i++) {
        if (!d->sender_hurries) pause_a_little(&random);
        weft_status status = do_one(d, &operation, kept, d->sender_hurries ? soon(&random) : patience());
        if (status == WEFT_CLOSED) break;
        if (d->sender_hurries && status == WEFT_TIMED_OUT) {
            d->timed_out++;
            continue;
        }
        if (!CHECK_OK(status)) break;
        number++;
    }
    d->sent = number;
    CHECK_OK(weft_free_alternation(kept));
    CHECK_OK(weft_close(d->channel));
}

static void receive_numbers(duel *d) {
    uint64_t random = ~d->seed;
    int number = -1, next = 0;
    weft_operation operation = WEFT_TO_RECEIVE(d->channel, &number);
    weft_alternation *kept = keep(d, &operation);
    for (int i = 0; d->sender_hurries || one_more(d, i, next); i++) {
        if (d->sender_hurries) pause_a_little(&random);
        weft_status status = do_one(d, &operation, kept, d->sender_hurries ? patience() : soon(&random));
        if (status == WEFT_CLOSED) break;
        if (!d->sender_hurries && status == WEFT_TIMED_OUT) {
            d->timed_out++;
            continue;
        }
        if (!CHECK_OK(status) || !CHECK_EQ(number, next)) break;
        next++;
    }
    d->received = next;
    CHECK_OK(weft_free_alternation(kept));
    CHECK_OK(weft_close(d->channel));
}

WEFT_TASK(void, send_in_task, (duel *, d)) { send_numbers(d); }

WEFT_TASK(void, receive_in_task, (duel *, d)) { receive_numbers(d); }

static void *send_in_thread(void *d) {
    send_numbers(d);
    return NULL;
}

static void *receive_in_thread(void *d) {
    receive_numbers(d);
    return NULL;
}

/* tasks: how many of the two sides are tasks; the others are threads. */
static void fight(int tasks, bool sender_hurries, manner how, size_t attempts) {
    crew c = crew_here();
    const int wanted = (int)harness_rounds(attempts);
    duel d = {.channel = rendezvous(), .seed = harness_seed(), .sender_hurries = sender_hurries, .how = how};
    d.attempts = wanted;
    d.enough = weft_after((attempts > 10000 ? 20.0 : 5.0) * harness_slowness());
    pthread_t threads[2];
    if (tasks == 2)
        CHECK_OK(weft_submit_with(&c.options, NULL, send_in_task, &d));
    else
        start_thread(&threads[0], send_in_thread, &d);
    if (tasks >= 1)
        CHECK_OK(weft_submit_with(&c.options, NULL, receive_in_task, &d));
    else
        start_thread(&threads[1], receive_in_thread, &d);
    for (int i = 0; i < 2 - tasks; i++) join_thread(threads[i]);
    CHECK_OK(
        weft_wait_group(c.group, WEFT_FOREVER)); /* both use what lies here: the test's own limit tells of a hang */
    if (d.attempts < wanted) fprintf(stderr, "# time for %d attempts of %d\n", d.attempts, wanted);
    CHECK_EQ(d.sent, d.received);
    CHECK_GT(d.sent, 0);
    CHECK_EQ((sender_hurries ? d.sent : d.received) + d.timed_out, d.attempts);
    CHECK_OK(weft_free_channel(d.channel));
    crew_end(&c);
}

TEST_WITH_LIMIT(task_that_receives_in_time_or_not_agrees_with_the_task_that_sends, 120) {
    fight(2, false, SINGLY, 100000);
}

TEST_WITH_LIMIT(task_that_sends_in_time_or_not_agrees_with_the_task_that_receives, 120) {
    fight(2, true, SINGLY, 100000);
}

TEST_WITH_LIMIT(task_that_receives_in_time_or_not_agrees_with_the_thread_that_sends, 120) {
    fight(1, false, SINGLY, 100000);
}

TEST_WITH_LIMIT(thread_that_sends_in_time_or_not_agrees_with_the_task_that_receives, 120) {
    fight(1, true, SINGLY, 100000);
}

TEST_WITH_LIMIT(thread_that_receives_in_time_or_not_agrees_with_the_thread_that_sends, 120) {
    fight(0, false, SINGLY, 100000);
}

TEST_WITH_LIMIT(thread_that_sends_in_time_or_not_agrees_with_the_thread_that_receives, 120) {
    fight(0, true, SINGLY, 100000);
}

TEST_WITH_LIMIT(alternations_in_time_or_not_agree, 120) {
    for (int tasks = 0; tasks <= 2; tasks++) {
        fight(tasks, false, BY_ALTERNATION, 10000);
        fight(tasks, true, BY_ALTERNATION, 10000);
    }
}

TEST_WITH_LIMIT(kept_alternations_in_time_or_not_agree, 120) {
    for (int tasks = 0; tasks <= 2; tasks++) {
        fight(tasks, false, BY_KEPT_ALTERNATION, 10000);
        fight(tasks, true, BY_KEPT_ALTERNATION, 10000);
    }
}

/* ---- many time-outs ---- */

typedef struct patient {
    weft_channel *channel, *never;
    atomic_int done, late;
    uint64_t seed;
} patient;

/* Time-outs of 1 to 200 ms, none early, and late by less than anything but an overloaded machine explains. */
static void wait_in_vain(patient *p, int number) {
    uint64_t random = p->seed + (uint64_t)number * 977;
    weft_deadline until = weft_after(1e-3 * (double)(1 + harness_random(&random) % 200));
    int value = 3;
    weft_status status;
    if (number % 3 == 0) {
        status = weft_receive(p->channel, &value, until);
    } else {
        weft_operation operations[] = {WEFT_TO_RECEIVE(p->channel, &value), WEFT_TO_RECEIVE(p->never, &value)};
        CHECK_NULL(weft_alternate(operations, 2, WEFT_FAIR, until));
        status = weft_last_status();
    }
    weft_deadline now = weft_time();
    CHECK_STATUS(status, WEFT_TIMED_OUT);
    CHECK_GE(now, until);
    if (now - until > (int64_t)(5e9 * harness_slowness() * harness_strain())) atomic_fetch_add(&p->late, 1);
    atomic_fetch_add(&p->done, 1);
}

WEFT_TASK(void, wait_in_task, (patient *, p), (int, number)) { wait_in_vain(p, number); }

typedef struct patient_thread {
    patient *p;
    int number;
} patient_thread;

static void *wait_in_thread(void *argument) {
    const patient_thread *t = argument;
    wait_in_vain(t->p, t->number);
    return NULL;
}

static int thousand_time_outs(void) {
    enum { TASKS = 984, THREADS = 16 };
    crew c = crew_here();
    patient p = {.channel = rendezvous(), .never = weft_make_never(sizeof(int)), .seed = harness_seed()};
    pthread_t threads[THREADS];
    patient_thread arguments[THREADS];
    for (int i = 0; i < TASKS; i++) CHECK_OK(weft_submit_with(&c.options, NULL, wait_in_task, &p, i));
    for (int i = 0; i < THREADS; i++) {
        arguments[i] = (patient_thread){&p, TASKS + i};
        start_thread(&threads[i], wait_in_thread, &arguments[i]);
    }
    for (int i = 0; i < THREADS; i++) join_thread(threads[i]);
    crew_wait(&c);
    CHECK_EQ(atomic_load(&p.done), TASKS + THREADS);
    free_all((weft_channel *[]){p.channel, p.never}, 2);
    crew_end(&c);
    return atomic_load(&p.late);
}

TEST(thousand_time_outs_at_once_are_none_early_and_none_very_late) {
    int tries = 3; /* another program may hold the machine up once */
    while (thousand_time_outs() != 0 && --tries > 0) {
    }
    CHECK_GT(tries, 0);
}

/* ---- satisfied long before its time ---- */

static void ask_and_answer(weft_channel *there, weft_channel *back, int rounds, bool asks) {
    for (int i = 0; i < rounds; i++) {
        int value = i;
        if (asks) CHECK_OK(weft_send(there, &value, weft_after(3600)));
        WEFT_PRI_ALT {
            WEFT_RECEIVE(asks ? back : there, &value) { CHECK_EQ(value, i); }
            WEFT_OTHERWISE_AFTER(3600) { FAIL("an hour has passed"); }
        }
        if (!asks) CHECK_OK(weft_send(back, &value, weft_after(3600)));
    }
}

WEFT_TASK(void, ask_in_task, (weft_channel *, there), (weft_channel *, back), (int, rounds)) {
    ask_and_answer(there, back, rounds, true);
}

WEFT_TASK(void, answer_in_task, (weft_channel *, there), (weft_channel *, back), (int, rounds)) {
    ask_and_answer(there, back, rounds, false);
}

static void exchange(crew *c, weft_channel *there, weft_channel *back, int rounds) {
    CHECK_OK(weft_submit_with(&c->options, NULL, ask_in_task, there, back, rounds));
    CHECK_OK(weft_submit_with(&c->options, NULL, answer_in_task, there, back, rounds));
    crew_wait(c);
    CHECK_OK(weft_submit_with(&c->options, NULL, answer_in_task, there, back, rounds));
    ask_and_answer(there, back, rounds, true);
    crew_wait(c);
}

TEST(operations_satisfied_before_their_hour_leave_nothing_behind) {
    crew c = crew_here();
    weft_channel *there = rendezvous(), *back = rendezvous();
    exchange(&c, there, back, 50); /* what is made once is made now */
    int threads = harness_threads();
    size_t live = wefti_live_objects(), bytes = mallinfo2().uordblks;
    exchange(&c, there, back, 1250);      /* four operations with a deadline in each, twice: 10,000 */
    CHECK_LE(harness_threads(), threads); /* one that has been joined may have been listed for a moment longer */
    CHECK_EQ(wefti_live_objects(), live);
    CHECK_LT(mallinfo2().uordblks, bytes + 65536);
    free_all((weft_channel *[]){there, back}, 2);
    crew_end(&c);
}
