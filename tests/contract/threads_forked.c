/* SPDX-License-Identifier: MIT */
/* threads_forked.c - what becomes of the process object of a thread that forks, in the child. Rows T3, E5.
 *
 * The child has this one alone, and goes on with it: the calls that the thread is in are left there, others entered, it
 * is eliminated, and made anew. A child ends with 0 if all is as it should be, else with the line that was not.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "contract/common.h"

#if HARNESS_TSAN
/* Else it ends a child of a process with threads that makes a thread. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void) { return "die_after_fork=0"; }
#endif

WEFT_VARIABLE(int, level, 7);

#define IN_CHILD(condition) ((condition) ? (void)0 : _exit(1 + __LINE__ % 250))

/* As another program, which looks for no leaks of what the parent's other threads had. */
static _Noreturn void end_child(void) {
    execlp("true", "true", (char *)NULL);
    _exit(1);
}

static void has_ended_well(pid_t child) {
    int status = -1;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status));
    CHECK_EQ(WEXITSTATUS(status), 0);
}

/* See threads.c. */
static bool no_threads_in_a_child(void) {
    bool none = getenv("WEFT_TEST_EMULATOR") != NULL;
#ifndef __clang__
    none = none || HARNESS_TSAN;
#endif
    if (none) SKIP("a child of fork can make no threads here");
    return none;
}

/* ---- a thread among others that have process objects, too ---- */

static weft_channel *never;

static void *wait_for_ever(void *unused) {
    int value;
    CHECK_STATUS(weft_receive(never, &value, WEFT_FOREVER), WEFT_CLOSED);
    return unused;
}

static bool others_wait(size_t wanted) {
    weft_process_info infos[64];
    size_t count = weft_list_processes(infos, 64), waits = 0;
    for (size_t i = 0; i < count && i < 64; i++) waits += infos[i].waits != NULL;
    return waits == wanted;
}

static void among_others(void *(*function)(void *)) {
    pthread_t others[3], thread;
    never = weft_make_channel(int);
    for (int i = 0; i < 3; i++) CHECK_EQ(pthread_create(&others[i], NULL, wait_for_ever, NULL), 0);
    CHECK_EVENTUALLY(others_wait(3));
    if (start_thread(&thread, function, NULL)) join_thread(thread);
    CHECK_OK(weft_close(never));
    for (int i = 0; i < 3; i++) join_thread(others[i]);
    CHECK_OK(weft_free_channel(never));
}

/* The only one: this thread's, in so many calls. */
static void is_alone(weft_process process, unsigned calls) {
    weft_process_info info = {0};
    IN_CHILD(weft_process_count() == 1 && weft_list_processes(&info, 1) == 1);
    IN_CHILD(info.process == process && weft_current_process() == process);
    IN_CHILD(info.thread == (int)syscall(SYS_gettid) && info.calls == calls && info.waits == NULL);
}

static void eliminate_and_make_anew(weft_process former) {
    weft_thread_call call;
    IN_CHILD(weft_enter_thread(&call) == WEFT_OK && weft_last_callback_on_thread());
    weft_leave_thread(&call);
    IN_CHILD(weft_process_count() == 0);
    IN_CHILD(weft_current_process() != former && weft_process_count() == 1);
}

static void *fork_in_a_call(void *unused) {
    weft_thread_call call;
    CHECK_OK(weft_enter_thread(&call));
    weft_set(level, 31);
    weft_process mine = weft_current_process();
    pid_t child = fork();
    if (child == 0) {
        is_alone(mine, 1);
        IN_CHILD(weft_get(level) == 31);
        weft_leave_thread(&call);
        is_alone(mine, 0);
        IN_CHILD(weft_get(level) == 30); /* bound again, and computed once */
        eliminate_and_make_anew(mine);
        end_child();
    }
    has_ended_well(child);
    CHECK_EQ(weft_current_process(), mine);
    weft_leave_thread(&call);
    return unused;
}

static void thirty(void *value, void *computed) { *(int *)value = 30 + (*(int *)computed)++; }

TEST(a_thread_that_forks_has_its_process_object_and_its_calls_in_the_child) {
    int computed = 0;
    CHECK_NE(weft_current_process(), 0); /* made before, without bindings */
    weft_worker_binding bindings[] = {{&level, thirty, &computed}};
    CHECK_OK(weft_set_process_initial_bindings(bindings, 1));
    pthread_t thread;
    if (start_thread(&thread, fork_in_a_call, NULL)) join_thread(thread);
    CHECK_EQ(computed, 1);
    CHECK_OK(weft_set_process_initial_bindings(NULL, 0));
}

static void *fork_among_others(void *unused) {
    weft_process mine = weft_current_process();
    pid_t child = fork();
    if (child == 0) {
        is_alone(mine, 0);
        eliminate_and_make_anew(mine);
        end_child();
    }
    has_ended_well(child);
    CHECK_EQ(weft_current_process(), mine);
    return unused;
}

TEST(process_objects_of_other_threads_are_gone_in_the_child) { among_others(fork_among_others); }

/* ---- in an interrupt ---- */

static void fork_here(void *child) { *(pid_t *)child = fork(); }

static void *fork_in_an_interrupt(void *unused) {
    weft_thread_call call;
    pid_t child = -1;
    weft_process mine = weft_current_process();
    CHECK_OK(weft_interrupt_process(mine, fork_here, &child));
    CHECK_OK(weft_enter_thread(&call));
    if (child == 0) {
        is_alone(mine, 1);
        weft_leave_thread(&call);
        eliminate_and_make_anew(mine);
        end_child();
    }
    has_ended_well(child);
    weft_leave_thread(&call);
    return unused;
}

TEST(a_child_that_an_interrupt_forked_goes_on_with_the_threads_process_object) { among_others(fork_in_an_interrupt); }

/* ---- in a task ---- */

WEFT_TASK(void, fork_in_a_tasks_call, (int, unused)) {
    (void)unused;
    weft_thread_call call, inner;
    CHECK_OK(weft_enter_thread(&call));
    pid_t child = fork();
    if (child == 0) {
        IN_CHILD(weft_process_count() == 0);
        IN_CHILD(weft_enter_thread(&inner) == WEFT_OK && weft_process_count() == 1);
        weft_leave_thread(&inner);
        weft_leave_thread(&call); /* what the task has entered is not there, and may be left */
        is_alone(weft_current_process(), 0);
        eliminate_and_make_anew(weft_current_process());
        weft_leave_thread(&call);
        end_child();
    }
    has_ended_well(child);
    weft_leave_thread(&call);
}

TEST(a_child_that_a_task_forked_is_a_plain_thread_and_may_leave_the_tasks_calls) {
    weft_kernel *kernel = kernel_here();
    weft_channel *done = weft_make_done_channel();
    CHECK_OK(weft_submit(done, fork_in_a_tasks_call, 0));
    CHECK_OK(weft_receive_done(done, patience()));
    CHECK_OK(weft_free_channel(done));
    end_and_free(kernel);
}

/* ---- the thread that forked ends, and the child goes on without it ---- */

typedef struct family {
    int elder;
    weft_process process;
    weft_channel *channel;
} family;

static void vanish(void *unused) {
    (void)unused;
    syscall(SYS_exit, 0);
}

/* As the system tells: the first thread of a process stays listed when it has ended. */
static bool has_ended(int thread_id) {
    char path[64], state = 'Z';
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", thread_id);
    FILE *file = fopen(path, "r");
    bool read = file != NULL && fscanf(file, "%*d (%*[^)]) %c", &state) == 1;
    if (file != NULL) fclose(file);
    return !read || state == 'Z' || state == 'X';
}

static void wait_in_child(bool (*held)(void *), void *argument) {
    weft_deadline until = patience();
    while (!held(argument)) {
        IN_CHILD(weft_time() < until);
        usleep(1000);
    }
}

static bool elder_waits(void *unused) {
    (void)unused;
    return others_wait(1);
}
static bool elder_has_ended(void *of) { return has_ended(((family *)of)->elder); }

static void *outlive_who_exits(void *of) {
    family *f = of;
    wait_in_child(elder_has_ended, f); /* ThreadSanitizer would not know whom pthread_join names */
    IN_CHILD(weft_current_process() != f->process && weft_process_count() == 1);
    end_child();
}

static void *outlive_who_vanishes(void *of) {
    family *f = of;
    int value = 4;
    wait_in_child(elder_waits, NULL);
    IN_CHILD(weft_interrupt_process(f->process, vanish, NULL) == WEFT_OK);
    wait_in_child(elder_has_ended, f);
    IN_CHILD(weft_send(f->channel, &value, WEFT_NOW) == WEFT_OK);
    IN_CHILD(weft_receive(f->channel, &value, WEFT_NOW) == WEFT_OK && value == 4); /* not handed to it */
    end_child();
}

static void live_in_child(weft_channel *channel, void *(*younger)(void *)) {
    static family f;
    pthread_t thread;
    int value;
    f = (family){(int)syscall(SYS_gettid), weft_current_process(), channel};
    IN_CHILD(pthread_create(&thread, NULL, younger, &f) == 0);
    if (younger == outlive_who_vanishes) weft_receive(channel, &value, WEFT_FOREVER);
    pthread_exit(NULL);
}

static void fork_and_end(void *(*younger)(void *)) {
    weft_channel *channel = bounded_channel(sizeof(int), 1);
    CHECK_NE(weft_current_process(), 0);
    pid_t child = fork();
    if (child == 0) live_in_child(channel, younger);
    has_ended_well(child);
    CHECK_OK(weft_free_channel(channel));
}

TEST(the_thread_that_forked_may_exit_in_the_child) {
    if (!no_threads_in_a_child()) fork_and_end(outlive_who_exits);
}

TEST(the_thread_that_forked_may_vanish_in_the_child_where_it_waits) {
    if (HARNESS_TSAN || HARNESS_ASAN) {
        SKIP("sanitizers do not bear threads that end like this");
        return;
    }
#ifdef WEFTI_PORTABLE_WAIT
    SKIP("one that vanishes in a condition variable holds up others");
#else
    if (!no_threads_in_a_child()) fork_and_end(outlive_who_vanishes);
#endif
}
