/* SPDX-License-Identifier: MIT */
/* threads_ending.c - threads that Weft did not make and that are cancelled, or exit, whatever they are doing. Row T3.
 *
 * Each state and each way to end: nobody hangs, the process object is gone, a message is not lost to the dead, and what
 * was protected has been cleaned up, once: this file is compiled with -fexceptions, as C++ always is, so that the C
 * library finds the clean-ups when it unwinds a thread that ends.
 */
#include "contract/common.h"

typedef struct victim {
    void (*live)(struct victim *self); /* the state */
    const char *waits;                 /* what it then waits for; NULL: it computes */
    weft_channel *channel;
    weft_mutex *mutex;
    weft_process process;
    pthread_t thread;
    atomic_int begun, cleaned;
    atomic_bool leave;
} victim;

static void note_cleaned(void *of) { atomic_fetch_add(&((victim *)of)->cleaned, 1); }

/* ---- states ---- */

static void compute(victim *self) {
    for (;;) {
        pthread_testcancel();
        if (atomic_load(&self->leave)) pthread_exit(NULL);
        sched_yield();
    }
}

static void receive(victim *self) {
    int value;
    weft_receive(self->channel, &value, WEFT_FOREVER);
    FAIL("it has received");
}

static void receive_in_time(victim *self) {
    int value;
    weft_receive(self->channel, &value, patience());
    FAIL("it has received");
}

static void alternate(victim *self) {
    int value;
    weft_operation operations[3];
    for (int i = 0; i < 3; i++) operations[i] = (weft_operation)WEFT_TO_RECEIVE(self->channel, &value);
    weft_alternate(operations, 3, WEFT_FAIR, WEFT_FOREVER);
    FAIL("it has received");
}

static void receive_protected(victim *self) {
    WEFT_UNWIND_PROTECT(note_cleaned, self) { receive(self); }
}

static void compute_protected(victim *self) {
    WEFT_UNWIND_PROTECT(note_cleaned, self) { compute(self); }
}

static void receive_with_mutex(victim *self) {
    WEFT_WITH_MUTEX(self->mutex) { receive(self); }
}

static int call_back(void *of) {
    victim *self = of;
    receive_protected(self);
    return 0;
}

static void receive_in_callback(victim *self) { weft_call_in_thread(call_back, self, NULL); }

/* ---- lives ---- */

static void *live(void *of) {
    victim *self = of;
    weft_thread_call call;
    CHECK_OK(weft_enter_thread(&call));
    pthread_cleanup_push(harness_frames_left, NULL);
    self->process = weft_current_process();
    WEFT_UNWIND_PROTECT(note_cleaned, self) {
        atomic_store(&self->begun, 1);
        self->live(self);
    }
    pthread_cleanup_pop(0);
    weft_leave_thread(&call);
    return NULL;
}

static bool is_there(const victim *self) {
    weft_process_info infos[64];
    size_t count = weft_list_processes(infos, 64);
    if (atomic_load(&self->begun) == 0) return false;
    for (size_t i = 0; i < count && i < 64; i++)
        if (infos[i].process == self->process)
            return self->waits == NULL || (infos[i].waits != NULL && strcmp(infos[i].waits, self->waits) == 0);
    return false;
}

static void leave(void *unused) { pthread_exit(unused); }

static void by_cancel(victim *self) { CHECK_EQ(pthread_cancel(self->thread), 0); }

/* In an interrupt where it waits; by itself where it computes. */
static void by_exit(victim *self) {
    atomic_store(&self->leave, true);
    if (self->waits != NULL) CHECK_OK(weft_interrupt_process(self->process, leave, NULL));
}

static void end_in(void (*state)(victim *self), const char *waits, void (*end)(victim *self), int cleaned) {
    victim v = {
        .live = state, .waits = waits, .channel = bounded_channel(sizeof(int), 1), .mutex = weft_make_mutex(NULL)};
    size_t before = weft_process_count();
    weft_hold hold;
    int value = 0;
    if (!start_thread(&v.thread, live, &v)) return;
    CHECK_EVENTUALLY(is_there(&v));
    end(&v);
    join_thread(v.thread);
    CHECK_EQ(weft_process_count(), before);
    CHECK_EQ(atomic_load(&v.cleaned), cleaned);
    CHECK_OK(weft_send(v.channel, &value, WEFT_NOW));
    CHECK_EQ(weft_count(v.channel), 1); /* nobody is there to take it */
    CHECK_OK(weft_lock_mutex(v.mutex, &hold, patience()));
    weft_unlock_mutex(&hold);
    CHECK_OK(weft_free_mutex(v.mutex));
    CHECK_OK(weft_free_channel(v.channel));
}

static void end_both_ways_in(void (*state)(victim *self), const char *waits, int cleaned) {
    end_in(state, waits, by_cancel, cleaned);
    end_in(state, waits, by_exit, cleaned);
}

TEST(a_thread_may_end_while_it_computes) { end_both_ways_in(compute, NULL, 1); }
TEST(a_thread_may_end_in_a_receive) { end_both_ways_in(receive, "receive", 1); }
TEST(a_thread_may_end_in_a_receive_with_a_deadline) { end_both_ways_in(receive_in_time, "receive", 1); }
TEST(a_thread_may_end_in_an_alternation) { end_both_ways_in(alternate, "alternation", 1); }
TEST(a_thread_may_end_in_a_protected_section_that_waits) { end_both_ways_in(receive_protected, "receive", 2); }
TEST(a_thread_may_end_in_a_protected_section_that_computes) { end_both_ways_in(compute_protected, NULL, 2); }
TEST(a_thread_that_ends_gives_its_mutex_back) { end_both_ways_in(receive_with_mutex, "receive", 1); }
TEST(a_thread_may_end_in_a_callback_that_waits) { end_both_ways_in(receive_in_callback, "receive", 2); }
