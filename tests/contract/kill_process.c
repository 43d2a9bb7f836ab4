/* SPDX-License-Identifier: MIT */
/* kill_process.c - a call on a thread that Weft did not make is ended from outside, wherever it is. Rows T4, X1, X2. */
#include "contract/common.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

typedef struct scene scene;
struct scene {
    int (*body)(scene *s); /* what the call does */
    _Atomic weft_process process;
    atomic_int inside, cleaned, rounds;
    atomic_bool open;
    weft_channel *never;
    weft_mutex *mutex;
    int descriptors[2];
    int result;
    weft_status status;
};

static void count_clean_up(void *of) { atomic_fetch_add(&((scene *)of)->cleaned, 1); }

static int protected_body(void *of) {
    scene *s = of;
    int result = 0;
    WEFT_UNWIND_PROTECT(count_clean_up, s) {
        atomic_fetch_add(&s->inside, 1); /* here, so that no kill comes between the two */
        result = s->body(s);
    }
    return result;
}

static void *run_call(void *of) {
    scene *s = of;
    s->result = -1;
    atomic_store(&s->process, weft_current_process());
    s->status = weft_call_killable(protected_body, s, &s->result);
    return NULL;
}

static void open_scene(scene *s, int (*body)(scene *)) {
    *s = (scene){.body = body, .never = weft_make_channel(int), .mutex = weft_make_mutex("guard")};
    CHECK_EQ(pipe(s->descriptors), 0);
}

static void close_scene(scene *s) {
    CHECK_OK(weft_free_channel(s->never));
    CHECK_OK(weft_free_mutex(s->mutex));
    close(s->descriptors[0]);
    close(s->descriptors[1]);
}

/* Runs it on a thread, kills it there, and looks what became of it. */
static void kill_in(int (*body)(scene *)) {
    scene s;
    pthread_t thread;
    open_scene(&s, body);
    if (start_thread(&thread, run_call, &s)) {
        CHECK_EVENTUALLY(atomic_load(&s.inside) == 1);
        CHECK_OK(weft_kill_process(atomic_load(&s.process)));
        join_thread(thread);
    }
    CHECK_STATUS(s.status, WEFT_KILLED);
    CHECK_EQ(s.result, -1);
    CHECK_EQ(atomic_load(&s.cleaned), 1);
    close_scene(&s);
}

static bool skipped(void) {
    if (weft_how_far_kills_reach() == WEFT_KILL_ANYWHERE) return false;
    SKIP("calls that compute or block are not ended here");
    return true;
}

/* ---- where it is found ---- */

static volatile bool for_ever = true; /* no compiler may know */

static int compute(scene *s) {
    while (for_ever) __asm__ volatile("" ::"r"(s));
    return 0;
}

static int allocate(scene *s) {
    while (for_ever) {
        char *memory = malloc(100 + (size_t)(atomic_fetch_add(&s->rounds, 1) % 5000));
        if (memory != NULL) *(volatile char *)memory = 1;
        for (volatile int i = 0; i < 20; i++) {
        }
        free(memory);
    }
    return 0;
}

static int print(scene *s) {
    char text[64];
    while (for_ever) snprintf(text, sizeof text, "%d %f", atomic_fetch_add(&s->rounds, 1), 0.5);
    return 0;
}

static int read_silence(scene *s) {
    char byte;
    while (for_ever)
        if (read(s->descriptors[0], &byte, 1) > 0) return 1;
    return 0;
}

static int nap(scene *s) {
    (void)s;
    while (for_ever) nanosleep(&(struct timespec){1000, 0}, NULL);
    return 0;
}

TEST(call_that_computes_is_ended) {
    if (!skipped()) kill_in(compute);
}

TEST(call_that_allocates_or_prints_is_ended_outside_of_the_library) {
    if (skipped()) return;
    kill_in(allocate);
    kill_in(print);
    char *memory = malloc(1000); /* nothing is locked or broken */
    CHECK_NOT_NULL(memory);
    free(memory);
}

TEST(call_that_blocks_in_the_system_is_ended) {
    if (skipped()) return;
    kill_in(read_silence);
    kill_in(nap);
}

static int receive(scene *s) {
    int value;
    weft_receive(s->never, &value, WEFT_FOREVER);
    return 1;
}

static int sleep_in_weft(scene *s) {
    (void)s;
    weft_sleep(weft_after(1000));
    return 1;
}

static int alternate(scene *s) {
    int value;
    weft_operation operations[] = {WEFT_TO_RECEIVE(s->never, &value)};
    weft_alternate(operations, 1, WEFT_FAIR, WEFT_FOREVER);
    return 1;
}

TEST(call_that_waits_in_weft_is_ended_and_leaves_no_waiter) {
    kill_in(sleep_in_weft);
    kill_in(alternate);
    scene s;
    pthread_t thread;
    int value = 5;
    open_scene(&s, receive);
    if (start_thread(&thread, run_call, &s)) {
        CHECK_EVENTUALLY(atomic_load(&s.inside) == 1);
        CHECK_OK(weft_kill_process(atomic_load(&s.process)));
        join_thread(thread);
    }
    CHECK_STATUS(s.status, WEFT_KILLED);
    CHECK_OK(weft_send(s.never, &value, WEFT_NOW));
    CHECK_OK(weft_receive(s.never, &value, WEFT_NOW));
    CHECK_EQ(value, 5);
    close_scene(&s);
}

static int hold_mutex(scene *s) {
    WEFT_WITH_MUTEX(s->mutex) sleep_in_weft(s);
    return 1;
}

TEST(mutex_of_an_ended_call_is_given_back) {
    scene s;
    pthread_t thread;
    weft_hold hold;
    open_scene(&s, hold_mutex);
    if (start_thread(&thread, run_call, &s)) {
        CHECK_EVENTUALLY(atomic_load(&s.inside) == 1);
        CHECK_OK(weft_kill_process(atomic_load(&s.process)));
        join_thread(thread);
    }
    CHECK_OK(weft_lock_mutex(s.mutex, &hold, weft_after(1)));
    weft_unlock_mutex(&hold);
    close_scene(&s);
}

static int kill_oneself(scene *s) {
    weft_kill_process(atomic_load(&s->process));
    atomic_fetch_add(&s->rounds, 1); /* not come to */
    return 1;
}

/* A process object goes with its call; the thread has another one when it comes back. */
TEST(process_object_of_an_ended_call_is_eliminated) {
    scene s;
    open_scene(&s, kill_oneself);
    weft_process former = weft_current_process();
    size_t before = weft_process_count();
    run_call(&s);
    CHECK_STATUS(s.status, WEFT_KILLED);
    CHECK_EQ(weft_process_count(), before - 1);
    CHECK_NE(weft_current_process(), former);
    CHECK_EQ(weft_process_count(), before);
    close_scene(&s);
}

static int in_a_region(scene *s) {
    WEFT_WITHOUT_KILL {
        atomic_fetch_add(&s->rounds, 1);
        while (!atomic_load(&s->open)) weft_sleep(weft_after(1e-4));
        atomic_fetch_add(&s->rounds, 1);
    }
    atomic_fetch_add(&s->rounds, 100);
    return 1;
}

TEST(region_without_kill_is_finished_first) {
    scene s;
    pthread_t thread;
    open_scene(&s, in_a_region);
    if (start_thread(&thread, run_call, &s)) {
        CHECK_EVENTUALLY(atomic_load(&s.rounds) == 1);
        CHECK_OK(weft_kill_process(atomic_load(&s.process)));
        CHECK_OK(weft_kill_process(atomic_load(&s.process))); /* twice is once */
        CHECK_OK(weft_sleep(weft_after(0.005)));
        CHECK_EQ(atomic_load(&s.rounds), 1);
        atomic_store(&s.open, true);
        join_thread(thread);
    }
    CHECK_STATUS(s.status, WEFT_KILLED);
    CHECK_EQ(atomic_load(&s.rounds), 2);
    close_scene(&s);
}

/* ---- which call ---- */

static int call_again(scene *s) {
    int result = 0;
    s->body = sleep_in_weft;
    weft_status status = weft_call_killable(protected_body, s, &result);
    atomic_fetch_add(&s->rounds, 1); /* not come to */
    return (int)status;
}

TEST(outermost_call_is_ended_and_the_thread_goes_on) {
    scene s;
    pthread_t thread;
    open_scene(&s, call_again);
    if (start_thread(&thread, run_call, &s)) {
        CHECK_EVENTUALLY(atomic_load(&s.inside) == 2);
        CHECK_OK(weft_kill_process(atomic_load(&s.process)));
        join_thread(thread);
    }
    CHECK_STATUS(s.status, WEFT_KILLED);
    CHECK_EQ(atomic_load(&s.cleaned), 2);
    CHECK_EQ(atomic_load(&s.rounds), 0);
    close_scene(&s);
}

static int seventeen(scene *s) {
    (void)s;
    return 17;
}

TEST(call_that_returns_gives_its_result_and_cannot_be_ended_any_more) {
    scene s;
    open_scene(&s, seventeen);
    weft_process self = weft_current_process();
    CHECK_STATUS(weft_kill_process(self), WEFT_INVALID);
    run_call(&s);
    CHECK_OK(s.status);
    CHECK_EQ(s.result, 17);
    CHECK_EQ(atomic_load(&s.cleaned), 1);
    CHECK_STATUS(weft_kill_process(self), WEFT_INVALID);
    CHECK_STATUS(weft_kill_process(0), WEFT_INVALID);
    CHECK_STATUS(weft_call_killable(NULL, NULL, NULL), WEFT_INVALID);
    close_scene(&s);
}

TEST(thread_that_ends_its_own_call_does_not_return_from_that) {
    scene s;
    open_scene(&s, kill_oneself);
    for (int round = 1; round < 4; round++) {
        run_call(&s);
        CHECK_STATUS(s.status, WEFT_KILLED);
        CHECK_EQ(atomic_load(&s.cleaned), round);
    }
    CHECK_EQ(atomic_load(&s.rounds), 0);
    close_scene(&s);
}

WEFT_VARIABLE(int, level, 1);

static int bind_and_sleep(scene *s) {
    WEFT_BIND(level, 9) return sleep_in_weft(s);
    return 1;
}

/* How many explicit calls the calling thread is in. */
static unsigned calls_here(void) {
    weft_process_info infos[64];
    size_t count = weft_list_processes(infos, 64);
    for (size_t i = 0; i < count && i < 64; i++)
        if (infos[i].process == weft_current_process()) return infos[i].calls;
    return 0;
}

static void *read_level_after(void *of) {
    scene *s = of;
    weft_thread_call call;
    run_call(s);
    s->result = weft_get(level);
    CHECK_OK(weft_enter_thread(&call)); /* an outer one: none is left open */
    s->result += calls_here() == 1 ? 100 : 0;
    weft_leave_thread(&call);
    return NULL;
}

TEST(bindings_and_calls_of_an_ended_call_are_gone) {
    scene s;
    pthread_t thread;
    open_scene(&s, bind_and_sleep);
    if (start_thread(&thread, read_level_after, &s)) {
        CHECK_EVENTUALLY(atomic_load(&s.inside) == 1);
        CHECK_OK(weft_kill_process(atomic_load(&s.process)));
        join_thread(thread);
    }
    CHECK_STATUS(s.status, WEFT_KILLED);
    CHECK_EQ(s.result, 101);
    close_scene(&s);
}

WEFT_TASK(int, in_a_task, (scene *, s)) {
    int result = 0;
    CHECK_OK(weft_call_killable(protected_body, s, &result));
    return result;
}

TEST(in_a_task_it_is_a_plain_call) {
    scene s;
    int value = 0;
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(int);
    open_scene(&s, seventeen);
    CHECK_OK(weft_submit(results, in_a_task, &s));
    CHECK_OK(weft_receive_result(results, &value, patience()));
    CHECK_EQ(value, 17);
    close_scene(&s);
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

/* ---- races ---- */

static int return_soon(scene *s) {
    for (volatile int i = 0; i < 2000; i++) {
    }
    return atomic_fetch_add(&s->rounds, 1);
}

static void *call_again_and_again(void *of) {
    scene *s = of;
    int killed = 0;
    atomic_store(&s->process, weft_current_process());
    while (!atomic_load(&s->open)) {
        weft_status status = weft_call_killable(protected_body, s, NULL);
        if (status == WEFT_KILLED) killed++;
        CHECK(status == WEFT_OK || status == WEFT_KILLED);
    }
    s->result = killed;
    return NULL;
}

TEST(kill_that_races_with_the_return_ends_one_call_or_none) {
    scene s;
    pthread_t thread;
    open_scene(&s, return_soon);
    int marked = 0;
    if (start_thread(&thread, call_again_and_again, &s)) {
        CHECK_EVENTUALLY(atomic_load(&s.inside) > 0);
        for (size_t round = 0; round < harness_rounds(2000); round++)
            marked += weft_kill_process(atomic_load(&s.process)) == WEFT_OK;
        atomic_store(&s.open, true);
        join_thread(thread);
    }
    CHECK_LE(s.result, marked);
    /* Each once, killed or not; a kill may come between the beginning of the clean-up and the count. */
    CHECK_GE(atomic_load(&s.cleaned), atomic_load(&s.inside));
    CHECK_LE(atomic_load(&s.cleaned), atomic_load(&s.inside) + s.result);
    close_scene(&s);
}
