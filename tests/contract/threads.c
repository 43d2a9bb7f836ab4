/* SPDX-License-Identifier: MIT */
/* threads.c - threads that Weft did not make: outer calls, process objects, bindings, interrupts, deaths, forks. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "contract/common.h"
#include "contract/vanished.h"
#include "harness/rounds.h"

WEFT_VARIABLE(int, level, 7);
WEFT_VARIABLE(int, other, 1);
static int computed;
static atomic_int ran;

WEFT_TASK(int, twice, (int, n)) { return 2 * n; }

static void in_thread_with(size_t stack, void *(*function)(void *), void *argument) {
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    size_t least = (size_t)sysconf(_SC_THREAD_STACK_MIN); /* differs from processor to processor */
    if (stack != 0) CHECK_EQ(pthread_attr_setstacksize(&attributes, stack > least ? stack : least), 0);
    if (CHECK_EQ(pthread_create(&thread, &attributes, function, argument), 0)) pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
}

static void in_thread(void *(*function)(void *), void *argument) { in_thread_with(0, function, argument); }

/* ---- outer calls and what is kept between them ---- */

static void *two_calls(void *argument) {
    (void)argument;
    weft_thread_call call;
    size_t before = weft_process_count();
    errno = 42;
    CHECK_OK(weft_enter_thread(&call));
    CHECK_EQ(errno, 42);
    weft_process mine = weft_current_process();
    CHECK_NE(mine, 0);
    weft_leave_thread(&call);
    CHECK_EQ(weft_process_count(), before + 1);
    CHECK_OK(weft_enter_thread(&call));
    CHECK_EQ(weft_current_process(), mine);
    CHECK(weft_last_callback_on_thread());
    CHECK_EQ(weft_process_count(), before + 1);
    weft_leave_thread(&call);
    CHECK_EQ(weft_process_count(), before);
    CHECK(!weft_last_callback_on_thread());
    CHECK_OK(weft_enter_thread(&call));
    CHECK_NE(weft_current_process(), mine);
    weft_leave_thread(&call);
    return NULL;
}

TEST(a_process_is_kept_between_outer_calls_until_the_last_and_ends_with_the_thread) {
    size_t before = weft_process_count();
    in_thread(two_calls, NULL);
    CHECK_EQ(weft_process_count(), before);
}

/* ---- what began before a call that is said to be the last ---- */

static void last_call(void) {
    weft_thread_call call;
    CHECK_OK(weft_enter_thread(&call));
    CHECK(weft_last_callback_on_thread());
    weft_leave_thread(&call);
}

static void note_asked(const weft_condition *condition, void *argument) {
    (void)condition;
    ++*(int *)argument;
}

static void note_run(void *argument) { ++*(int *)argument; }

static void *last_call_in_blocks(void *of) {
    int asked = 0, cleaned = 0;
    volatile int handled = 0;
    weft_mutex *mutex = weft_make_mutex(NULL);
    weft_channel *channel = of;
    weft_process mine = weft_current_process();
    WEFT_HANDLER_BIND(&weft_type_condition, note_asked, &asked) {
        last_call();
        weft_signal(&weft_type_condition, "still asked");
    }
    WEFT_HANDLER_CASE {
        WEFT_TRY {
            last_call();
            weft_error(&weft_type_error, "still handled");
        }
        WEFT_HANDLE(&weft_type_error, condition) { handled += condition != NULL; }
    }
    WEFT_UNWIND_PROTECT(note_run, &cleaned) last_call();
    WEFT_WITH_MUTEX(mutex) last_call();
    WEFT_WITH_LOCKED_CHANNEL(channel) last_call();
    WEFT_WITHOUT_KILL last_call();
    WEFT_SCOPE(all) {
        (void)all;
        last_call();
    }
    CHECK_EQ(asked, 1);
    CHECK_EQ(handled, 1);
    CHECK_EQ(cleaned, 1);
    CHECK_EQ(weft_current_process(), mine);
    last_call();
    CHECK_NE(weft_current_process(), mine);
    CHECK_OK(weft_free_mutex(mutex));
    return NULL;
}

TEST(a_process_stays_while_something_of_its_thread_needs_it) {
    weft_kernel *kernel = kernel_here();
    weft_channel *channel = bounded_channel(sizeof(int), 1);
    in_thread(last_call_in_blocks, channel);
    CHECK_OK(weft_free_channel(channel));
    end_and_free(kernel);
}

static void compute_level(void *value, void *argument) {
    (void)argument;
    CHECK_EQ(weft_get(level), 7); /* no initial binding is in effect yet */
    CHECK_EQ(weft_get(other), 1);
    CHECK_NE(weft_current_process(), 0);
    computed++;
    *(int *)value = 30;
}

static void *bound_anew(void *argument) {
    (void)argument;
    weft_thread_call outer, inner;
    CHECK_OK(weft_enter_thread(&outer));
    CHECK_EQ(weft_get(level), 30);
    weft_set(level, 31);
    CHECK_OK(weft_enter_thread(&inner));
    CHECK_EQ(weft_get(level), 31); /* a recursive call binds nothing */
    weft_leave_thread(&inner);
    weft_leave_thread(&outer);
    CHECK_OK(weft_enter_thread(&outer));
    CHECK_EQ(weft_get(level), 30);
    CHECK_EQ(weft_get(other), 55);
    weft_leave_thread(&outer);
    CHECK_EQ(weft_get(level), 30); /* outside too, as long as the process object is kept */
    return NULL;
}

static void *read_first(void *argument) {
    (void)argument;
    CHECK_EQ(weft_get(level), 30);
    weft_set(level, 1);
    CHECK_EQ(weft_get(level), 1); /* an implicit call has no end at which it would be lost */
    return NULL;
}

TEST(initial_values_are_computed_once_a_process_and_bound_for_every_outer_call) {
    static int fifty_five = 55;
    weft_worker_binding bindings[] = {{&level, compute_level, NULL}, {&other, NULL, &fifty_five}};
    weft_kernel *kernel = kernel_here();
    computed = 0;
    CHECK_NE(weft_current_process(), 0); /* a process object that was made before keeps what it has: nothing */
    CHECK_OK(weft_set_process_initial_bindings(bindings, 2));
    in_thread(bound_anew, NULL);
    CHECK_EQ(computed, 1);
    in_thread(read_first, NULL);
    CHECK_EQ(computed, 2);
    CHECK_EQ(weft_get(level), 7);
    weft_kernel *second = kernel_of(1); /* workers have bindings of their own */
    CHECK_EQ(computed, 2);
    CHECK_OK(weft_set_process_initial_bindings(NULL, 0));
    CHECK_STATUS(weft_set_process_initial_bindings(NULL, 1), WEFT_INVALID);
    CHECK_STATUS(weft_set_process_initial_bindings(&(weft_worker_binding){0}, 1), WEFT_INVALID);
    end_and_free(second);
    end_and_free(kernel);
}

static void fail_to_compute(void *value, void *argument) {
    (void)value;
    atomic_fetch_add((atomic_int *)argument, 1);
    weft_error(&weft_type_error, "no value");
}

static void do_not_ask(const weft_condition *condition, void *argument) {
    atomic_fetch_add((atomic_int *)argument, weft_condition_message(condition) != NULL);
}

static void *cannot_enter(void *argument) {
    weft_thread_call call;
    CHECK_STATUS(weft_enter_thread(&call), WEFT_FAILED);
    CHECK_EQ(weft_current_process(), 0);
    return argument;
}

TEST(an_error_in_an_initial_value_leaves_no_process_half_made) {
    atomic_int computations = 0, debugged = 0;
    size_t before = weft_process_count();
    weft_worker_binding bindings[] = {{&level, fail_to_compute, &computations}};
    weft_set_debugger(do_not_ask, &debugged);
    CHECK_OK(weft_set_process_initial_bindings(bindings, 1));
    in_thread(cannot_enter, NULL);
    CHECK_OK(weft_set_process_initial_bindings(NULL, 0));
    weft_set_debugger(NULL, NULL);
    CHECK_EQ(atomic_load(&computations), 2);
    CHECK_EQ(atomic_load(&debugged), 2);
    CHECK_EQ(weft_process_count(), before);
}

static int answer(void *argument) { return *(int *)argument + 1; }

WEFT_TASK(int, calls_back, (int, n)) {
    weft_thread_call call;
    CHECK_OK(weft_enter_thread(&call));
    CHECK(!weft_last_callback_on_thread());
    CHECK_EQ(weft_current_process(), 0);
    int result = 0;
    CHECK_OK(weft_call_in_thread(answer, &n, &result));
    weft_leave_thread(&call);
    return result;
}

TEST(a_task_may_call_what_calls_back) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(int);
    int value = 0;
    CHECK_OK(weft_submit(results, calls_back, 4));
    CHECK_OK(weft_receive_result(results, &value, patience()));
    CHECK_EQ(value, 5);
    CHECK_STATUS(weft_call_in_thread(NULL, NULL, NULL), WEFT_INVALID);
    CHECK_STATUS(weft_enter_thread(NULL), WEFT_INVALID);
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
}

/* ---- listing, naming, interrupting ---- */

typedef struct waiting {
    weft_channel *channel, *ready;
    weft_process process;
    int received, depth;
} waiting;

static void *wait_named(void *argument) {
    waiting *w = argument;
    CHECK_OK(weft_name_process("a thread with a name that is too long"));
    w->process = weft_current_process();
    CHECK_OK(weft_send(w->ready, &(int){1}, patience()));
    CHECK_OK(weft_receive(w->channel, &w->received, patience()));
    return NULL;
}

static bool find(weft_process process, weft_process_info *found) {
    weft_process_info infos[64];
    size_t count = weft_list_processes(infos, 64);
    for (size_t i = 0; i < count && i < 64; i++)
        if (infos[i].process == process) {
            *found = infos[i];
            return true;
        }
    return false;
}

static bool is_waiting(weft_process process) {
    weft_process_info info;
    return find(process, &info) && info.waits != NULL && strcmp(info.waits, "receive") == 0;
}

/* Waits itself, for what another sends meanwhile, in the middle of the thread's own wait. */
static void interrupt(void *argument) {
    waiting *w = argument;
    int value = 0;
    CHECK_EQ(weft_current_process(), w->process);
    CHECK_OK(weft_receive(w->ready, &value, patience()));
    CHECK_EQ(value, 77);
    atomic_fetch_add(&ran, 1);
}

TEST(a_waiting_thread_is_listed_and_interrupted_and_goes_on_waiting) {
    waiting w = {.channel = bounded_channel(sizeof(int), 1), .ready = bounded_channel(sizeof(int), 4)};
    pthread_t thread;
    int value;
    atomic_store(&ran, 0);
    CHECK_EQ(pthread_create(&thread, NULL, wait_named, &w), 0);
    CHECK_OK(weft_receive(w.ready, &value, patience()));
    CHECK_EVENTUALLY(is_waiting(w.process));
    weft_process_info info = {0};
    CHECK(find(w.process, &info));
    CHECK_STR(info.name, "a thread with a name th");
    CHECK(!info.worker);
    for (int i = 0; i < 3; i++) {
        CHECK_OK(weft_interrupt_process(w.process, interrupt, &w));
        CHECK_OK(weft_send(w.ready, &(int){77}, patience()));
    }
    CHECK_EVENTUALLY(atomic_load(&ran) == 3);
    CHECK_OK(weft_send(w.channel, &(int){5}, patience()));
    pthread_join(thread, NULL);
    CHECK_EQ(w.received, 5);
    CHECK_STATUS(weft_interrupt_process(w.process, interrupt, &w), WEFT_INVALID);
    CHECK_STATUS(weft_interrupt_process(1, NULL, &w), WEFT_INVALID);
    CHECK_OK(weft_free_channel(w.channel));
    CHECK_OK(weft_free_channel(w.ready));
}

WEFT_CONDITION_TYPE(wanted_elsewhere, weft_type_condition);

static void note_wanted(const weft_condition *condition, void *argument) {
    CHECK_STR(weft_condition_message(condition), "come");
    CHECK_EQ(weft_current_process(), ((waiting *)argument)->process);
    atomic_fetch_add(&ran, 1);
}

static void *wait_with_handler(void *argument) {
    waiting *w = argument;
    WEFT_HANDLER_CASE {
        WEFT_TRY { WEFT_HANDLER_BIND(&wanted_elsewhere, note_wanted, w) wait_named(argument); }
        WEFT_HANDLE(&wanted_elsewhere, condition) { FAIL("it has left its wait: %p", (const void *)condition); }
    }
    return NULL;
}

static void signal_come(void *unused) {
    (void)unused;
    weft_signal(&wanted_elsewhere, "come");
}

TEST(what_an_interrupt_signals_is_signalled_to_the_waiting_thread) {
    waiting w = {.channel = bounded_channel(sizeof(int), 1), .ready = bounded_channel(sizeof(int), 4)};
    pthread_t thread;
    int value;
    atomic_store(&ran, 0);
    CHECK_EQ(pthread_create(&thread, NULL, wait_with_handler, &w), 0);
    CHECK_OK(weft_receive(w.ready, &value, patience()));
    CHECK_EVENTUALLY(is_waiting(w.process));
    CHECK_OK(weft_interrupt_process(w.process, signal_come, NULL));
    CHECK_EVENTUALLY(atomic_load(&ran) == 1);
    CHECK_OK(weft_send(w.channel, &(int){5}, patience()));
    pthread_join(thread, NULL);
    CHECK_EQ(w.received, 5);
    CHECK_OK(weft_free_channel(w.channel));
    CHECK_OK(weft_free_channel(w.ready));
}

static void count_run(void *argument) { atomic_fetch_add((atomic_int *)argument, 1); }

TEST(an_interrupt_runs_at_the_next_outer_call) {
    weft_thread_call call;
    atomic_int count = 0;
    CHECK_OK(weft_interrupt_process(weft_current_process(), count_run, &count));
    CHECK_EQ(atomic_load(&count), 0);
    CHECK_OK(weft_enter_thread(&call));
    CHECK_EQ(atomic_load(&count), 1);
    weft_leave_thread(&call);
}

static void add_one(void *argument) { ++*(int *)argument; }

TEST(calls_are_run_in_slices_by_who_looks_after_their_channel) {
    weft_channel *calls = bounded_channel(sizeof(weft_call), 8);
    int n = 0;
    weft_call call = {add_one, &n};
    for (int i = 0; i < 5; i++) CHECK_OK(weft_send(calls, &call, WEFT_NOW));
    CHECK_EQ(weft_run_calls(calls, 3, 10.0), 3);
    CHECK_STATUS(weft_last_status(), WEFT_OK);
    CHECK_EQ(weft_run_calls(calls, 3, 10.0), 2);
    CHECK_STATUS(weft_last_status(), WEFT_TIMED_OUT);
    CHECK_EQ(n, 5);
    CHECK_OK(weft_close(calls));
    CHECK_EQ(weft_run_calls(calls, 3, 10.0), 0);
    CHECK_STATUS(weft_last_status(), WEFT_CLOSED);
    CHECK_OK(weft_free_channel(calls));
}

/* ---- deaths ---- */

static void *receive_for_ever(void *argument) {
    int value;
    CHECK_OK(weft_receive((weft_channel *)argument, &value, WEFT_FOREVER));
    return NULL;
}

static void *receive_timed(void *argument) {
    int value;
    CHECK_OK(weft_receive((weft_channel *)argument, &value, patience()));
    return NULL;
}

static void *alternate_for_ever(void *argument) {
    int value;
    weft_operation operations[20];
    for (int i = 0; i < 20; i++) operations[i] = (weft_operation)WEFT_TO_RECEIVE((weft_channel *)argument, &value);
    weft_alternate(operations, 20, WEFT_FAIR, WEFT_FOREVER);
    return NULL;
}

static size_t waiting_now(void) {
    weft_process_info infos[64];
    size_t count = weft_list_processes(infos, 64), waits = 0;
    for (size_t i = 0; i < count && i < 64; i++) waits += !infos[i].worker && infos[i].waits != NULL;
    return waits;
}

static void cancelled_where_it_waits(void *(*function)(void *)) {
    weft_channel *channel = bounded_channel(sizeof(int), 1);
    pthread_t threads[8], last;
    size_t before = weft_process_count();
    for (int i = 0; i < 8; i++) CHECK_EQ(pthread_create(&threads[i], NULL, function, channel), 0);
    CHECK_EVENTUALLY(waiting_now() == 8);
    for (int i = 0; i < 8; i++) CHECK_EQ(pthread_cancel(threads[i]), 0);
    for (int i = 0; i < 8; i++) {
        void *result;
        CHECK_EQ(pthread_join(threads[i], &result), 0);
        CHECK_PTR(result, PTHREAD_CANCELED);
    }
    CHECK_EQ(weft_process_count(), before);
    CHECK_EQ(pthread_create(&last, NULL, receive_timed, channel), 0);
    CHECK_OK(weft_send(channel, &(int){1}, patience())); /* not lost to one of the dead */
    pthread_join(last, NULL);
    CHECK_OK(weft_free_channel(channel));
}

TEST(a_thread_cancelled_in_a_receive_gives_its_place_up) { cancelled_where_it_waits(receive_for_ever); }
TEST(a_thread_cancelled_in_a_receive_with_a_deadline_gives_its_place_up) { cancelled_where_it_waits(receive_timed); }
TEST(a_thread_cancelled_in_an_alternation_gives_its_places_up) { cancelled_where_it_waits(alternate_for_ever); }

static void exit_here(int number) {
    (void)number;
    pthread_exit(NULL);
}

/* Not with ThreadSanitizer. It keeps a handler back until the thread is in a call that it knows to block; a thread that
 * does nothing but syscall(SYS_futex, ...) in a loop never gets there, and twelve lines with such a thread, whose
 * handler calls pthread_exit, do not end under it; with pause() in its place they do, and pthread_exit is reported as
 * unsafe in a handler, since it loads the unwinder. */
TEST(a_thread_that_exits_in_a_signal_handler_where_it_waits_gives_its_place_up) {
    if (HARNESS_TSAN) {
        SKIP("ThreadSanitizer keeps the handler back");
        return;
    }
    weft_channel *channel = bounded_channel(sizeof(int), 1);
    struct sigaction action = {.sa_handler = exit_here}, former;
    pthread_t thread;
    sigaction(SIGUSR2, &action, &former);
    CHECK_EQ(pthread_create(&thread, NULL, receive_for_ever, channel), 0);
    CHECK_EVENTUALLY(waiting_now() == 1);
    pthread_kill(thread, SIGUSR2);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_OK(weft_send(channel, &(int){1}, WEFT_NOW));
    CHECK_EQ(weft_count(channel), 1);
    sigaction(SIGUSR2, &former, NULL);
    CHECK_OK(weft_free_channel(channel));
}

/* ThreadSanitizer forgets a thread in the fourth round of destructors, the last that there is, before Weft's comes to
 * its turn: so one less. */
enum { ROUNDS_OF_DESTRUCTORS = HARNESS_TSAN ? 2 : 3 };

/* ---- threads that end without a word ---- */

/* Not with sanitizers: both keep what they know of a thread in memory that the C library hands to the next one, and
 * find it in use there (AddressSanitizer: "CHECK failed" in SetCurrentThread) or wait for ever for the thread's end. */
TEST(threads_that_end_by_the_bare_system_call_are_noticed_in_the_end) {
    if (HARNESS_TSAN || HARNESS_ASAN) {
        SKIP("sanitizers do not bear threads that end like this");
        return;
    }
    enum { VANISHING = 200, MANY = 40 }; /* so many that those which stay are not the most */
    size_t before = weft_process_count(), most = 0;
    for (int i = 0; i < VANISHING || (weft_process_count() < before + MANY && i < 2 * VANISHING); i++) {
        in_thread(attach_and_vanish, NULL);
        most = weft_process_count() > most ? weft_process_count() : most;
    }
    CHECK_LT(most, before + 64 + 2);
    CHECK_GE(weft_process_count(), before + MANY);
    notice_the_vanished();
    CHECK_EQ(weft_process_count(), before); /* which later tests count on */
}

static pthread_key_t own_key;
static weft_channel *for_destructors;

static void uses_weft(void *value) {
    intptr_t round = (intptr_t)value;
    CHECK_OK(weft_send(for_destructors, &(int){(int)round}, WEFT_NOW));
    if (round < ROUNDS_OF_DESTRUCTORS) pthread_setspecific(own_key, (void *)(round + 1));
}

static void *with_own_key(void *argument) {
    pthread_setspecific(own_key, (void *)1);
    CHECK_NE(weft_current_process(), 0);
    return argument;
}

TEST(destructors_of_other_keys_may_use_weft) {
    size_t before = weft_process_count();
    for_destructors = bounded_channel(sizeof(int), 8);
    CHECK_EQ(pthread_key_create(&own_key, uses_weft), 0);
    in_thread(with_own_key, NULL);
    CHECK_EQ(weft_count(for_destructors), ROUNDS_OF_DESTRUCTORS);
    CHECK_EQ(weft_process_count(), before);
    pthread_key_delete(own_key);
    CHECK_OK(weft_free_channel(for_destructors));
}

/* ---- unusual threads ---- */

static void *work(void *argument) {
    weft_channel *results = weft_make_channel(int);
    int value = 0;
    CHECK_OK(weft_submit(results, twice, 21));
    CHECK_OK(weft_receive_result(results, &value, patience()));
    CHECK_EQ(value, 42);
    weft_operation operation = WEFT_TO_RECEIVE(results, &value);
    CHECK_NULL(weft_alternate(&operation, 1, WEFT_FAIR, weft_after(0.001)));
    CHECK_OK(weft_free_channel(results));
    return argument;
}

/* All that row T4 names and the others do not. */
static void *work_with_conditions_and_futures(void *argument) {
    int value = 0;
    weft_future *future = weft_future(twice, 4);
    CHECK_OK(weft_force(future, &value, patience()));
    CHECK_EQ(value, 8);
    weft_release_future(future);
    volatile bool handled = false;
    WEFT_HANDLER_CASE {
        WEFT_TRY { weft_error(&weft_type_error, "here"); }
        WEFT_HANDLE(&weft_type_error, condition) { handled = strcmp(weft_condition_message(condition), "here") == 0; }
    }
    CHECK(handled);
    return argument;
}

TEST(a_foreign_thread_forces_signals_and_handles) {
    weft_kernel *kernel = kernel_here();
    in_thread(work_with_conditions_and_futures, NULL);
    end_and_free(kernel);
}

static void *work_deaf(void *argument) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    return work(argument);
}

/* Before others, where the system lets it; else behind them. */
static void *work_with_a_policy(void *argument) {
    const struct sched_param first = {.sched_priority = 1}, last = {.sched_priority = 0};
    if (pthread_setschedparam(pthread_self(), SCHED_RR, &first) != 0)
        CHECK_EQ(pthread_setschedparam(pthread_self(), SCHED_BATCH, &last), 0);
    return work(argument);
}

static void *work_with_own_stack(void *argument) {
    static char memory[64 * 1024];
    stack_t own = {.ss_sp = memory, .ss_size = sizeof memory}, now;
    CHECK_EQ(sigaltstack(&own, NULL), 0);
    work(argument);
    CHECK_EQ(sigaltstack(NULL, &now), 0);
    CHECK_PTR(now.ss_sp, memory);
    now.ss_flags = SS_DISABLE;
    sigaltstack(&now, NULL);
    return argument;
}

TEST(small_stacks_blocked_signals_policies_and_own_signal_stacks_are_no_matter) {
    weft_kernel *kernel = kernel_here();
    in_thread_with(64 * 1024, work, NULL);
    in_thread(work_deaf, NULL);
    in_thread(work_with_own_stack, NULL);
    in_thread(work_with_a_policy, NULL);
    end_and_free(kernel);
}

/* ---- fork ---- */

#if HARNESS_TSAN
/* Else it ends a child of a process with threads that makes a thread. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void) { return "die_after_fork=0"; }
#endif

static int wait_for(pid_t child) {
    int status = -1;
    CHECK_EQ(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/* NULL if a child of fork can make threads here, as everywhere but under an emulator and with gcc's ThreadSanitizer.
 * That has the threads of the parent listed in the child too, by pthread_t; the C library gives the child's first
 * thread the stack of one of these, and with it its pthread_t, and the runtime ends the child: "dup thread with used
 * id". One thread that waits, fork, and pthread_create in the child are enough for that; that of clang bears it. */
static const char *why_no_threads_in_a_child(void) {
    if (getenv("WEFT_TEST_EMULATOR") != NULL) return "under an emulator a child of fork can make no threads";
#ifndef __clang__
    if (HARNESS_TSAN) return "gcc's ThreadSanitizer ends a child of fork that makes a thread";
#endif
    return NULL;
}

/* 0: all as it should be; else the number of what was not. */
static int child_of(weft_kernel *parents) {
    alarm(20);
    int value = 0;
    weft_channel *results = weft_make_channel_with(int, &(weft_channel_options){0});
    if (weft_get(weft_current_kernel) != NULL) return 1;
    if (weft_submit(results, twice, 1) != WEFT_NO_KERNEL) return 2;
    if (weft_end_kernel(parents, true) != WEFT_OK || weft_free_kernel(parents) != WEFT_OK) return 3;
    if (why_no_threads_in_a_child() != NULL) return 0;
    weft_kernel *own = weft_make_kernel(2, NULL);
    if (own == NULL) return 4;
    weft_set(weft_current_kernel, own);
    weft_channel *fresh = weft_make_channel(int);
    if (weft_submit(fresh, twice, 4) != WEFT_OK) return 5;
    if (weft_receive_result(fresh, &value, weft_after(10)) != WEFT_OK || value != 8) return 6;
    if (weft_free_channel(fresh) != WEFT_OK || weft_free_kernel(own) != WEFT_OK) return 7;
    return 0;
}

/* A child that is well becomes another program: it ends with status 0 too, and who looks for leaks at an end does not
 * find what the parent's other threads had, which is lost here. */
static _Noreturn void end_child(int status) {
    if (status == 0) execlp("true", "true", (char *)NULL);
    _exit(status);
}

TEST(a_child_of_fork_has_no_kernel_and_may_make_one) {
    weft_kernel *kernel = kernel_here();
    for (int i = 0; i < 5; i++) {
        pid_t child = fork();
        if (child == 0) end_child(child_of(kernel));
        CHECK_EQ(wait_for(child), 0);
    }
    in_thread(work, NULL); /* the parent's goes on */
    end_and_free(kernel);
    if (why_no_threads_in_a_child() != NULL) SKIP("a kernel of the child's own: %s", why_no_threads_in_a_child());
}

/* Memory of futures and of small channels comes from places that all threads share. A fork while another thread is
 * there must not leave the child with a lock that nobody gives back. */
static void make_and_free(void) {
    weft_future *future = weft_make_promise(int);
    weft_channel *channel = weft_make_rendezvous(int);
    int value = 0, three = 3;
    if (future != NULL && weft_fulfil(future, &three) == WEFT_OK) CHECK_OK(weft_force(future, &value, WEFT_NOW));
    CHECK_EQ(value, 3);
    weft_release_future(future);
    CHECK_OK(weft_free_channel(channel));
}

static atomic_bool enough_made;

static void *make_and_free_all_the_time(void *unused) {
    (void)unused;
    while (!atomic_load(&enough_made)) make_and_free();
    return NULL;
}

TEST(a_child_of_fork_makes_futures_and_channels_while_the_parent_did) {
    if (HARNESS_ASAN) {
        SKIP("the sanitizer's allocator leaves a child with the locks of threads that it does not have");
        return;
    }
    pthread_t makers[2];
    atomic_store(&enough_made, false);
    for (int i = 0; i < 2; i++) CHECK_EQ(pthread_create(&makers[i], NULL, make_and_free_all_the_time, NULL), 0);
    for (size_t round = 0; harness_one_more_round(round, 60); round++) {
        pid_t child = fork();
        if (child == 0) {
            alarm(20);
            make_and_free();
            end_child(0);
        }
        if (!CHECK_EQ(wait_for(child), 0)) break;
    }
    atomic_store(&enough_made, true);
    for (int i = 0; i < 2; i++) pthread_join(makers[i], NULL);
}

WEFT_TASK(int, forks, (int, n)) {
    weft_kernel *kernel = weft_get(weft_current_kernel);
    pid_t child = fork();
    if (child == 0) end_child(child_of(kernel));
    return wait_for(child) + n;
}

WEFT_TASK(int, forks_and_executes, (int, n)) {
    pid_t child = fork();
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", "exit 3", (char *)NULL);
        _exit(4);
    }
    return wait_for(child) + n;
}

TEST(a_task_may_fork_and_execute) {
    weft_kernel *kernel = kernel_here();
    weft_channel *results = weft_make_channel(int);
    int value;
    for (int i = 0; i < 5; i++) CHECK_OK(weft_submit(results, forks_and_executes, 10));
    for (int i = 0; i < 5; i++) {
        CHECK_OK(weft_receive_result(results, &value, patience()));
        CHECK_EQ(value, 13);
    }
    CHECK_OK(weft_submit(results, forks, 0));
    CHECK_OK(weft_receive_result(results, &value, patience()));
    CHECK_EQ(value, 0);
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
    if (why_no_threads_in_a_child() != NULL) SKIP("a kernel of the child's own: %s", why_no_threads_in_a_child());
}
