/* SPDX-License-Identifier: MIT */
/* threads_ending.c - threads that Weft did not make and that are cancelled, exit, or have their call killed, whatever
 * they are doing. Row T3.
 *
 * Each state and each way to end: nobody hangs, the process object is gone, what it waited for is as if it had never
 * come, and what was protected has been cleaned up, once: this file is compiled with -fexceptions, as C++ always is, so
 * that the C library finds the clean-ups when it unwinds a thread that ends.
 *
 * Where a wait cannot be left the thread ends after it: such a state has a `release`, which ends the wait. All states
 * go on to linger, where a thread that is to end does.
 */
#include <unistd.h>

#include "contract/common.h"

typedef struct victim victim;

typedef struct state {
    void (*live)(victim *self);
    const char *waits; /* what it then waits for; NULL: it computes */
    int cleaned;       /* clean-ups inside of that of its life */
    void (*prepare)(victim *self), (*release)(victim *self), (*after)(victim *self);
} state;

struct victim {
    const state *in;
    weft_channel *channel, *never;
    weft_mutex *mutex;
    weft_kernel *kernel;
    weft_group *group;
    weft_future *future;
    weft_alternation *kept;
    weft_operation operations[3];
    int value, pipe[2];
    weft_process process;
    pthread_t thread;
    atomic_int begun, cleaned;
    atomic_bool leave;
    bool killable;
};

static void note_cleaned(void *of) { atomic_fetch_add(&((victim *)of)->cleaned, 1); }

/* Where a thread that is to end does, once it gets here. */
static void linger(victim *self) {
    int value;
    pthread_cleanup_push(harness_frames_left, NULL);
    pthread_testcancel();
    if (atomic_load(&self->leave)) pthread_exit(NULL);
    weft_receive(self->never, &value, WEFT_FOREVER);
    FAIL("it goes on");
    pthread_cleanup_pop(0);
}

/* ---- states ---- */

static void compute(victim *self) {
    pthread_cleanup_push(harness_frames_left, NULL);
    for (;;) {
        pthread_testcancel();
        if (atomic_load(&self->leave)) pthread_exit(NULL);
        if (weft_how_far_kills_reach() == WEFT_KILL_WAITING) WEFT_WITHOUT_KILL {
            }                                             /* else there is no place to die */
        for (volatile int i = 0; i < 10000; i++) (void)i; /* a kill finds it outside of libraries */
        sched_yield();
    }
    pthread_cleanup_pop(0);
}

static void receive(victim *self) {
    weft_receive(self->channel, &self->value, WEFT_FOREVER);
    linger(self);
}

static void receive_in_time(victim *self) {
    weft_receive(self->channel, &self->value, patience());
    linger(self);
}

static void send_to_full(victim *self) {
    int value = 4;
    weft_send(self->channel, &value, WEFT_FOREVER);
    linger(self);
}

static void alternate(victim *self) {
    for (int i = 0; i < 3; i++) self->operations[i] = (weft_operation)WEFT_TO_RECEIVE(self->channel, &self->value);
    weft_alternate(self->operations, 3, WEFT_FAIR, WEFT_FOREVER);
    linger(self);
}

static void alternate_again(victim *self) {
    weft_alternate_again(self->kept, WEFT_FAIR, WEFT_FOREVER);
    linger(self);
}

static void sleep_long(victim *self) {
    weft_sleep(patience());
    linger(self);
}

static void read_descriptor(victim *self) {
    weft_wait_readable(self->pipe[0], WEFT_FOREVER);
    linger(self);
}

static void wait_for_group(victim *self) {
    weft_wait_group(self->group, WEFT_FOREVER);
    linger(self);
}

static void force(victim *self) {
    weft_force(self->future, &self->value, patience()); /* for ever would be to run it, if it has not begun */
    linger(self);
}

static void wait_for_mutex(victim *self) {
    weft_hold hold;
    weft_lock_mutex(self->mutex, &hold, WEFT_FOREVER);
    FAIL("it has the mutex");
}

static void wait_for_lock(victim *self) {
    if (weft_lock_channel(self->channel, WEFT_FOREVER) == WEFT_OK) weft_unlock_channel(self->channel);
    linger(self);
}

static void receive_locked(victim *self) {
    CHECK_OK(weft_lock_channel(self->channel, WEFT_FOREVER));
    weft_receive(self->channel, &self->value, WEFT_FOREVER);
    weft_unlock_channel(self->channel);
    linger(self);
}

static void receive_protected(victim *self) {
    WEFT_UNWIND_PROTECT(note_cleaned, self) { receive(self); }
}

static void compute_protected(victim *self) {
    WEFT_UNWIND_PROTECT(note_cleaned, self) { compute(self); }
}

/* A clean-up that waits itself, on the way out. */
static void receive_and_note(void *of) {
    victim *self = of;
    int value = 0;
    CHECK_OK(weft_receive(self->channel, &value, patience()));
    CHECK_EQ(value, 31);
    note_cleaned(self);
}

static void wait_with_waiting_cleanup(victim *self) {
    WEFT_UNWIND_PROTECT(receive_and_note, self) { linger(self); }
}

static void receive_with_mutex(victim *self) {
    WEFT_WITH_MUTEX(self->mutex) { receive(self); }
}

static void receive_in_recursive_call(victim *self) {
    weft_thread_call inner, innermost;
    CHECK_OK(weft_enter_thread(&inner));
    CHECK_OK(weft_enter_thread(&innermost));
    receive_protected(self);
}

static void receive_in_scope(victim *self) {
    WEFT_SCOPE(all) {
        (void)all;
        receive(self);
    }
}

static int call_back(void *of) {
    victim *self = of;
    WEFT_UNWIND_PROTECT(note_cleaned, self) {
        weft_receive(self->channel, &self->value, WEFT_FOREVER);
        if (!self->killable) linger(self);
    }
    return 0;
}

static void receive_in_callback(victim *self) {
    weft_call_in_thread(call_back, self, NULL);
    linger(self);
}

static int wait_in_task(void *of) {
    return weft_receive(((victim *)of)->channel, &((victim *)of)->value, WEFT_FOREVER) == WEFT_OK;
}

static void call_as_task(victim *self) {
    weft_call_as_task(NULL, wait_in_task, self, NULL);
    linger(self);
}

static void read_byte(void *of) {
    victim *self = of;
    ssize_t count = read(self->pipe[0], &self->value, 1);
    CHECK(count == 1 || self->killable); /* a kill may interrupt it first */
}

static void call_blocking(victim *self) {
    weft_call_blocking(read_byte, self);
    linger(self);
}

static void wait_in_interrupt(void *of) {
    victim *self = of;
    weft_receive(self->channel, &self->value, WEFT_FOREVER);
    if (atomic_load(&self->leave)) pthread_exit(NULL);
}

static void interrupted(victim *self) {
    CHECK_OK(weft_interrupt_process(self->process, wait_in_interrupt, self));
    linger(self);
}

WEFT_TASK(int, run_by_forcer, (victim *, v)) {
    receive_protected(v);
    return 0;
}

/* The future's task runs here; who else forces it must not wait for ever. */
static void run_delay(victim *self) {
    weft_force(self->future, NULL, WEFT_FOREVER);
    linger(self);
}

/* ---- lives ---- */

static int live_on(void *of) {
    victim *self = of;
    WEFT_UNWIND_PROTECT(note_cleaned, self) {
        self->process = weft_current_process();
        atomic_store(&self->begun, 1);
        self->in->live(self);
    }
    return 0;
}

static void *live(void *of) {
    victim *self = of;
    weft_thread_call call;
    if (self->killable) {
        CHECK_STATUS(weft_call_killable(live_on, self, NULL), WEFT_KILLED);
        return NULL;
    }
    CHECK_OK(weft_enter_thread(&call));
    pthread_cleanup_push(harness_frames_left, NULL);
    live_on(self);
    pthread_cleanup_pop(0);
    weft_leave_thread(&call);
    return NULL;
}

static bool is_there(const victim *self) {
    weft_process_info infos[64];
    size_t count = weft_list_processes(infos, 64);
    const char *waits = self->in->waits;
    if (atomic_load(&self->begun) == 0) return false;
    for (size_t i = 0; i < count && i < 64; i++)
        if (infos[i].process == self->process)
            return waits == NULL || (infos[i].waits != NULL && strcmp(infos[i].waits, waits) == 0);
    return false;
}

static void leave(void *unused) { pthread_exit(unused); }

static void by_cancel(victim *self) { CHECK_EQ(pthread_cancel(self->thread), 0); }

/* In an interrupt where it waits; by itself where it computes, or already runs an interrupt. */
static void by_exit(victim *self) {
    atomic_store(&self->leave, true);
    if (self->in->waits != NULL && self->in->live != interrupted)
        CHECK_OK(weft_interrupt_process(self->process, leave, NULL));
}

static void by_kill(victim *self) { CHECK_OK(weft_kill_process(self->process)); }

static void open_victim(victim *v, const state *in, bool killable) {
    *v = (victim){.in = in, .killable = killable, .mutex = weft_make_mutex(NULL), .pipe = {-1, -1}};
    v->channel = bounded_channel(sizeof(int), 1);
    v->never = bounded_channel(sizeof(int), 1);
    if (in->prepare != NULL) in->prepare(v);
}

/* All that it waited on is as it was: nobody is there to take what is sent, or holds what it had. */
static void close_victim(victim *v) {
    weft_hold hold;
    if (v->in->after != NULL) v->in->after(v);
    CHECK_OK(weft_lock_channel(v->channel, patience()));
    CHECK_OK(weft_unlock_channel(v->channel));
    CHECK_OK(weft_send(v->channel, &(int){1}, WEFT_NOW));
    CHECK_EQ(weft_count(v->channel), 1);
    CHECK_OK(weft_lock_mutex(v->mutex, &hold, patience()));
    weft_unlock_mutex(&hold);
    CHECK_OK(weft_free_mutex(v->mutex));
    CHECK_OK(weft_free_channel(v->channel));
    CHECK_OK(weft_free_channel(v->never));
    if (v->kernel != NULL) end_and_free(v->kernel);
    for (int i = 0; i < 2; i++)
        if (v->pipe[i] >= 0) close(v->pipe[i]);
}

static void end_in(const state *in, void (*end)(victim *self)) {
    static victim v; /* not on the stack: an alternation that is kept goes on being used */
    CHECK_NE(weft_current_process(), 0);
    size_t before = weft_process_count();
    open_victim(&v, in, end == by_kill);
    if (v.kernel != NULL) before = weft_process_count();
    if (!start_thread(&v.thread, live, &v)) return;
    CHECK_EVENTUALLY(is_there(&v));
    end(&v);
    if (in->release != NULL) in->release(&v);
    join_thread(v.thread);
    CHECK_EQ(weft_process_count(), before);
    CHECK_EQ(atomic_load(&v.cleaned), in->cleaned + 1);
    /* It has been cancelled in the interrupt, if it slept there before what is to release it came. */
    if (in->live == interrupted && end == by_cancel) weft_receive(v.channel, &v.value, WEFT_NOW);
    close_victim(&v);
}

static void end_each_way_in(const state *in) {
    end_in(in, by_cancel);
    end_in(in, by_exit);
    end_in(in, by_kill);
}

/* ---- what is waited for ---- */

static void fill(victim *v) { CHECK_OK(weft_send(v->channel, &(int){1}, WEFT_NOW)); }
static void empty(victim *v) {
    CHECK_EQ(weft_count(v->channel), 1);
    CHECK_OK(weft_receive(v->channel, &v->value, WEFT_NOW));
    CHECK_STATUS(weft_receive(v->channel, &v->value, WEFT_NOW), WEFT_TIMED_OUT); /* what it would send is not there */
}

static void keep(victim *v) {
    for (int i = 0; i < 3; i++) v->operations[i] = (weft_operation)WEFT_TO_RECEIVE(v->channel, &v->value);
    CHECK_NOT_NULL(v->kept = weft_make_alternation(v->operations, 3));
}

/* It is there for the next who uses it. */
static void use_again(victim *v) {
    fill(v);
    CHECK_NOT_NULL(weft_alternate_again(v->kept, WEFT_FAIR, patience()));
    CHECK_NULL(weft_alternate_again(v->kept, WEFT_FAIR, WEFT_NOW));
    CHECK_OK(weft_free_alternation(v->kept));
}

static void lock(victim *v) { CHECK_OK(weft_lock_channel(v->channel, patience())); }
static void unlock(victim *v) { CHECK_OK(weft_unlock_channel(v->channel)); }

static void make_pipe(victim *v) {
    v->kernel = kernel_here();
    CHECK_EQ(pipe(v->pipe), 0);
}
static void write_byte(victim *v) { CHECK_EQ(write(v->pipe[1], "x", 1), 1); }

WEFT_TASK(int, take, (weft_channel *, from)) {
    int value = -1;
    CHECK_OK(weft_receive(from, &value, patience()));
    return value;
}

static void make_group(victim *v) {
    v->kernel = kernel_here();
    v->group = weft_make_group(NULL);
    CHECK_OK(weft_submit_with((&(weft_submit_options){.group = v->group}), NULL, take, v->channel));
}
static void end_group(victim *v) {
    fill(v);
    CHECK_OK(weft_wait_group(v->group, patience()));
    CHECK_OK(weft_free_group(v->group));
}

static void make_future(victim *v) {
    v->kernel = kernel_here();
    CHECK_NOT_NULL(v->future = weft_future(take, v->channel));
}
static void force_here(victim *v) {
    fill(v);
    CHECK_OK(weft_force(v->future, &v->value, patience()));
    weft_release_future(v->future);
}

static void make_delay(victim *v) { CHECK_NOT_NULL(v->future = weft_delay(run_by_forcer, v)); }
static void force_failed(victim *v) {
    weft_status status = weft_force(v->future, NULL, patience());
    CHECK(status == WEFT_FAILED || status == WEFT_KILLED);
    weft_release_future(v->future);
}

static void make_kernel(victim *v) { v->kernel = kernel_here(); }
static void send_it(victim *v) { CHECK_OK(weft_send(v->channel, &(int){31}, patience())); }
static void send_to_killable(victim *v) {
    if (v->killable) send_it(v);
}

#define ENDS_IN(...) end_each_way_in(&(state){__VA_ARGS__})

TEST(a_thread_may_end_while_it_computes) { ENDS_IN(.live = compute); }
TEST(a_thread_may_end_in_a_receive) { ENDS_IN(.live = receive, .waits = "receive"); }
TEST(a_thread_may_end_in_a_receive_with_a_deadline) { ENDS_IN(.live = receive_in_time, .waits = "receive"); }
TEST(a_thread_may_end_in_a_send) { ENDS_IN(.live = send_to_full, .waits = "send", .prepare = fill, .after = empty); }
TEST(a_thread_may_end_in_an_alternation) { ENDS_IN(.live = alternate, .waits = "alternation"); }
TEST(a_thread_may_end_in_an_alternation_that_is_kept) {
    ENDS_IN(.live = alternate_again, .waits = "alternation", .prepare = keep, .after = use_again);
}
TEST(a_thread_may_end_in_a_sleep) { ENDS_IN(.live = sleep_long, .waits = "sleep"); }
TEST(a_thread_may_end_where_it_waits_for_a_descriptor) {
    ENDS_IN(.live = read_descriptor, .waits = "read", .prepare = make_pipe);
}
TEST(a_thread_may_end_where_it_waits_for_a_group) {
    ENDS_IN(.live = wait_for_group, .waits = "group", .prepare = make_group, .after = end_group);
}
TEST(a_thread_may_end_where_it_waits_for_a_future) {
    ENDS_IN(.live = force, .waits = "future", .prepare = make_future, .after = force_here);
}
TEST(a_thread_may_end_in_the_middle_of_a_future) {
    ENDS_IN(.live = run_delay, .waits = "receive", .cleaned = 1, .prepare = make_delay, .after = force_failed);
}
TEST(a_thread_may_end_where_it_waits_for_a_lock) {
    ENDS_IN(.live = wait_for_lock, .waits = "channel lock", .prepare = lock, .release = unlock);
}
TEST(a_thread_may_end_in_a_receive_with_the_channel_locked) {
    ENDS_IN(.live = receive_locked, .waits = "receive", .release = send_to_killable);
}
TEST(a_thread_may_end_in_a_protected_section_that_waits) {
    ENDS_IN(.live = receive_protected, .waits = "receive", .cleaned = 1);
}
TEST(a_thread_may_end_in_a_protected_section_that_computes) { ENDS_IN(.live = compute_protected, .cleaned = 1); }
TEST(a_thread_that_ends_may_wait_in_its_cleanups) {
    ENDS_IN(.live = wait_with_waiting_cleanup, .waits = "receive", .cleaned = 1, .release = send_it);
}
TEST(a_thread_that_ends_gives_its_mutex_back) { ENDS_IN(.live = receive_with_mutex, .waits = "receive"); }
TEST(a_thread_may_end_in_a_recursive_call) {
    ENDS_IN(.live = receive_in_recursive_call, .waits = "receive", .cleaned = 1);
}
TEST(a_thread_may_end_in_a_scope) { ENDS_IN(.live = receive_in_scope, .waits = "receive", .prepare = make_kernel); }
TEST(a_thread_may_end_in_a_callback_that_waits) {
    ENDS_IN(.live = receive_in_callback, .waits = "receive", .cleaned = 1, .release = send_to_killable);
}
TEST(a_thread_may_end_where_it_waits_for_a_callback_as_a_task) {
    ENDS_IN(.live = call_as_task, .waits = "callback", .prepare = make_kernel, .release = send_it);
}
TEST(a_thread_may_end_in_a_call_that_blocks) {
    ENDS_IN(.live = call_blocking, .prepare = make_pipe, .release = write_byte);
}
TEST(a_thread_may_end_in_an_interrupt_that_waits) {
    ENDS_IN(.live = interrupted, .waits = "receive", .release = send_it);
}

/* The mutex is held by who ends them, so the two are told apart. */
static void end_where_it_waits_for_a_mutex(void (*end)(victim *self)) {
    static const state in = {.live = wait_for_mutex, .waits = "mutex"};
    victim v;
    weft_hold hold;
    open_victim(&v, &in, end == by_kill);
    CHECK_OK(weft_lock_mutex(v.mutex, &hold, patience()));
    if (!start_thread(&v.thread, live, &v)) return;
    CHECK_EVENTUALLY(is_there(&v));
    end(&v);
    join_thread(v.thread);
    weft_unlock_mutex(&hold);
    CHECK_EQ(atomic_load(&v.cleaned), 1);
    close_victim(&v);
}

TEST(a_thread_may_end_where_it_waits_for_a_mutex) {
    end_where_it_waits_for_a_mutex(by_cancel);
    end_where_it_waits_for_a_mutex(by_exit);
    end_where_it_waits_for_a_mutex(by_kill);
}
