/* SPDX-License-Identifier: MIT */
/* threads_vanishing.c - threads that end by the bare system call where they wait: in a handler of a signal or in an
 * interrupt. They run nothing any more, not even what the C library has for threads that end. Rows T3, T5.
 *
 * The schedule that would break it: A waits and vanishes; it is joined, and its stack becomes B's, who fills it; C
 * comes to the list that A's place is in. Here each does so: B is a thread that writes over all of its stack.
 *
 * In each state: another who waits behind it is served, what it would have sent is not there, nobody touches its stack,
 * and the channel can be freed.
 */
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "contract/common.h"
#include "contract/vanished.h"

enum { VALUE = 31 };

typedef struct vanishing {
    weft_channel *channel, *other;
    weft_process process;
    pthread_t thread;
    atomic_bool begun, interrupted;
    sem_t served;
} vanishing;

typedef struct state {
    void (*live)(vanishing *self);
    const char *waits;
    void (*prepare)(vanishing *self);
    bool sends; /* into the channel, which is full */
} state;

/* ---- states: all but what they wait with lies on the stack ---- */

static void receive(vanishing *self) {
    int value = 0;
    weft_receive(self->channel, &value, WEFT_FOREVER);
}
static void receive_in_time(vanishing *self) {
    int value = 0;
    weft_receive(self->channel, &value, patience());
}
static void receive_nothing(vanishing *self) { weft_receive_sized(self->channel, NULL, sizeof(int), WEFT_FOREVER); }
static void receive_result(vanishing *self) {
    int value = 0;
    weft_receive_result(self->channel, &value, WEFT_FOREVER);
}
static void receive_locked(vanishing *self) {
    int value = 0;
    CHECK_OK(weft_lock_channel(self->channel, patience()));
    weft_receive(self->channel, &value, WEFT_FOREVER);
}
static void send(vanishing *self) {
    int value = 4;
    weft_send(self->channel, &value, WEFT_FOREVER);
}
static void alternate(vanishing *self) {
    int value = 0, never = 0;
    weft_operation operations[] = {WEFT_TO_RECEIVE(self->other, &never), WEFT_TO_RECEIVE(self->channel, &value),
                                   WEFT_TO_RECEIVE(self->channel, &value)};
    weft_alternate(operations, 3, WEFT_FAIR, WEFT_FOREVER);
}
static void alternate_many(vanishing *self) {
    int value = 0;
    weft_operation operations[40];
    for (int i = 0; i < 40; i++) operations[i] = WEFT_TO_RECEIVE(self->channel, &value);
    weft_alternate(operations, 40, WEFT_FAIR, patience());
}
static void alternate_to_send(vanishing *self) {
    int value = 4, never = 0;
    weft_operation operations[] = {WEFT_TO_SEND(self->channel, &value), WEFT_TO_RECEIVE(self->other, &never)};
    weft_alternate(operations, 2, WEFT_FAIR, WEFT_FOREVER);
}
static void receive_in_interrupt(void *of) {
    vanishing *self = of;
    atomic_store(&self->interrupted, true);
    receive(self);
}
static void wait_in_interrupt(vanishing *self) {
    CHECK_OK(weft_interrupt_process(self->process, receive_in_interrupt, self));
    int value = 0;
    weft_receive(self->other, &value, WEFT_FOREVER);
}

static void fill(vanishing *v) { CHECK_OK(weft_send(v->channel, &(int){1}, WEFT_NOW)); }

/* ---- vanishing ---- */

static const state *lived;

static void *live(void *of) {
    vanishing *self = of;
    self->process = weft_current_process();
    atomic_store(&self->begun, true);
    lived->live(self);
    FAIL("it goes on");
    return NULL;
}

static void vanish(int unused) {
    (void)unused;
    syscall(SYS_exit, 0);
}
static void vanish_in_interrupt(void *unused) {
    (void)unused;
    vanish(0);
}

static bool waits(const vanishing *self, const char *what) {
    weft_process_info infos[256];
    size_t count = weft_list_processes(infos, 256);
    for (size_t i = 0; atomic_load(&self->begun) && i < count && i < 256; i++)
        if (infos[i].process == self->process) return infos[i].waits != NULL && strcmp(infos[i].waits, what) == 0;
    return false;
}

static bool sleeps(int thread) {
    char path[64], now = '?';
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", thread);
    FILE *file = fopen(path, "r");
    if (file == NULL) return false;
    if (fscanf(file, "%*d (%*[^)]) %c", &now) != 1) now = '?';
    fclose(file);
    return now == 'S';
}

/* The list tells what the thread waited for before the interrupt, on its way to which it may hold the lock of an
 * allocator: one that vanished there would keep it for ever. From here on it holds none, and sleeps in the receive. */
static bool waits_in_interrupt(const vanishing *self) {
    weft_process_info infos[256];
    size_t count = weft_list_processes(infos, 256);
    for (size_t i = 0; atomic_load(&self->interrupted) && i < count && i < 256; i++)
        if (infos[i].process == self->process) return sleeps(infos[i].thread);
    return false;
}

static void *take_one(void *of) {
    vanishing *v = of;
    if (lived->sends) {
        int value = 7;
        CHECK_OK(weft_send(v->channel, &value, patience()));
    } else {
        int value = 0;
        CHECK_OK(weft_receive(v->channel, &value, patience()));
        CHECK_EQ(value, VALUE);
    }
    return NULL;
}

/* Who comes behind the one that has vanished. */
static void pass_by(vanishing *v) {
    pthread_t behind;
    int value = 0;
    if (!start_thread(&behind, take_one, v)) return;
    CHECK_EVENTUALLY(atomic_load(&v->begun));
    if (lived->sends) {
        CHECK_OK(weft_receive(v->channel, &value, patience()));
        CHECK_EQ(value, 1);
        CHECK_OK(weft_receive(v->channel, &value, patience()));
        CHECK_EQ(value, 7); /* not what the other would have sent */
    } else {
        CHECK_OK(weft_send(v->channel, &(int){VALUE}, patience()));
    }
    join_thread(behind);
}

static void vanish_in(const state *in, bool by_signal) {
    vanishing *v = calloc(1, sizeof *v);
    struct sigaction action = {.sa_handler = vanish}, former;
    if (!CHECK_NOT_NULL(v)) return;
    lived = in;
    v->channel = bounded_channel(sizeof(int), 1);
    v->other = bounded_channel(sizeof(int), 1);
    if (in->prepare != NULL) in->prepare(v);
    sigaction(SIGUSR2, &action, &former);
    v->thread = start_small(live, v);
    CHECK_EVENTUALLY(waits(v, in->waits));
    if (in->live == wait_in_interrupt) CHECK_EVENTUALLY(waits_in_interrupt(v));
    if (by_signal)
        CHECK_EQ(pthread_kill(v->thread, SIGUSR2), 0);
    else
        CHECK_OK(weft_interrupt_process(v->process, vanish_in_interrupt, NULL));
    join_thread(v->thread);
    join_thread(start_small(write_over_stack, NULL));
    pass_by(v);
    sigaction(SIGUSR2, &former, NULL);
    CHECK_OK(weft_free_channel(v->channel));
    CHECK_OK(weft_free_channel(v->other));
    free(v);
}

static void vanish_each_way_in(const state *in) {
    if (cannot_vanish()) return;
    vanish_in(in, true);
    if (in->live != wait_in_interrupt) vanish_in(in, false); /* interrupts run one after the other */
}

#define VANISHES_IN(...) vanish_each_way_in(&(state){__VA_ARGS__})

TEST(a_thread_may_vanish_in_a_receive) { VANISHES_IN(.live = receive, .waits = "receive"); }
TEST(a_thread_may_vanish_in_a_receive_with_a_deadline) { VANISHES_IN(.live = receive_in_time, .waits = "receive"); }
TEST(a_thread_may_vanish_where_it_receives_nothing) { VANISHES_IN(.live = receive_nothing, .waits = "receive"); }
TEST(a_thread_may_vanish_where_it_receives_a_result) { VANISHES_IN(.live = receive_result, .waits = "result"); }
TEST(a_thread_may_vanish_in_a_receive_with_the_channel_locked) {
    VANISHES_IN(.live = receive_locked, .waits = "receive");
}
TEST(a_thread_may_vanish_in_a_send) { VANISHES_IN(.live = send, .waits = "send", .prepare = fill, .sends = true); }
TEST(a_thread_may_vanish_in_an_alternation) { VANISHES_IN(.live = alternate, .waits = "alternation"); }
TEST(a_thread_may_vanish_in_an_alternation_of_many) { VANISHES_IN(.live = alternate_many, .waits = "alternation"); }
TEST(a_thread_may_vanish_in_an_alternation_that_sends) {
    VANISHES_IN(.live = alternate_to_send, .waits = "alternation", .prepare = fill, .sends = true);
}
TEST(a_thread_may_vanish_in_an_interrupt_that_waits) { VANISHES_IN(.live = wait_in_interrupt, .waits = "receive"); }

/* ---- a channel that nobody comes to any more ---- */

static void vanish_and_free(const state *in, weft_status closed) {
    vanishing v = {.channel = bounded_channel(sizeof(int), 1), .other = bounded_channel(sizeof(int), 1)};
    lived = in;
    struct sigaction action = {.sa_handler = vanish}, former;
    if (in->prepare != NULL) in->prepare(&v);
    sigaction(SIGUSR2, &action, &former);
    v.thread = start_small(live, &v);
    CHECK_EVENTUALLY(waits(&v, in->waits));
    CHECK_STATUS(weft_free_channel(v.channel), WEFT_BUSY);
    CHECK_EQ(pthread_kill(v.thread, SIGUSR2), 0);
    join_thread(v.thread);
    sigaction(SIGUSR2, &former, NULL);
    if (closed == WEFT_CLOSED) CHECK_OK(weft_close(v.channel));
    CHECK_OK(weft_free_channel(v.channel));
    CHECK_OK(weft_free_channel(v.other));
}

TEST(a_channel_where_only_vanished_threads_wait_can_be_freed) {
    if (cannot_vanish()) return;
    for (int close = 0; close < 2; close++) {
        weft_status closed = close != 0 ? WEFT_CLOSED : WEFT_OK;
        vanish_and_free(&(state){.live = receive, .waits = "receive"}, closed);
        vanish_and_free(&(state){.live = send, .waits = "send", .prepare = fill}, closed);
        vanish_and_free(&(state){.live = alternate, .waits = "alternation"}, closed);
        vanish_and_free(&(state){.live = receive_locked, .waits = "receive"}, closed);
    }
}

/* ---- one that has been served, and does not come to know it ---- */

static void vanish_when_served(void *of) {
    vanishing *self = of;
    atomic_store(&self->interrupted, true);
    while (sem_wait(&self->served) != 0) continue; /* not with Weft: its own wait is the one that is won meanwhile */
    vanish(0);
}

/* It is won while an interrupt runs: what it is handed goes along. */
static void serve(const vanishing *v) {
    int value = VALUE;
    if (lived->sends) {
        CHECK_OK(weft_receive(v->channel, &value, WEFT_NOW));
        CHECK_EQ(value, 1); /* and what it sends has come in */
        CHECK_OK(weft_receive(v->channel, &value, WEFT_NOW));
        CHECK_EQ(value, 4);
    } else {
        CHECK_OK(weft_send(v->channel, &value, WEFT_NOW));
    }
    CHECK_STATUS(weft_receive(v->channel, &value, WEFT_NOW), WEFT_TIMED_OUT);
}

static void vanish_served_in(const state *in) {
    vanishing v = {.channel = bounded_channel(sizeof(int), 1), .other = bounded_channel(sizeof(int), 1)};
    lived = in;
    sem_init(&v.served, 0, 0);
    notice_the_vanished();
    size_t before = weft_process_count();
    if (in->prepare != NULL) in->prepare(&v);
    v.thread = start_small(live, &v);
    CHECK_EVENTUALLY(waits(&v, in->waits));
    CHECK_OK(weft_interrupt_process(v.process, vanish_when_served, &v));
    CHECK_EVENTUALLY(atomic_load(&v.interrupted));
    serve(&v);
    CHECK_EQ(weft_process_count(), before + 1);
    sem_post(&v.served);
    join_thread(v.thread);
    join_thread(start_small(write_over_stack, NULL));
    CHECK_OK(weft_free_channel(v.channel)); /* the other places of an alternation are dropped with their channels */
    notice_the_vanished();
    CHECK_EQ(weft_process_count(), before + (lived->live == alternate)); /* it is still in the other channel */
    CHECK_OK(weft_free_channel(v.other));
    notice_the_vanished();
    CHECK_EQ(weft_process_count(), before);
    sem_destroy(&v.served);
}

TEST(the_process_object_of_one_that_had_been_served_is_eliminated) {
    if (cannot_vanish()) return;
    vanish_served_in(&(state){.live = receive, .waits = "receive"});
    vanish_served_in(&(state){.live = send, .waits = "send", .prepare = fill, .sends = true});
    vanish_served_in(&(state){.live = alternate, .waits = "alternation"});
}

/* ---- many ---- */

/* Each leaves a process object, which is found when there are twice as many as were left the last time. */
TEST(process_objects_of_threads_that_vanish_where_they_wait_are_eliminated) {
    enum { VANISHING = 300 };
    static const state in = {.live = alternate, .waits = "alternation"};
    if (cannot_vanish()) return;
    CHECK_NE(weft_current_process(), 0);
    size_t before = weft_process_count();
    for (int i = 0; i < VANISHING; i++) vanish_in(&in, i % 2 == 0);
    CHECK_LT(weft_process_count(), before + 64 + 8);
}
