/* SPDX-License-Identifier: MIT */
/* threads_unusual.c - threads with a small stack, deaf to signals, with signal stacks of their own, on each of which
 * all is done that threads may do: errors, callbacks, tasks, kills, cancels. Row T4.
 *
 * Below a signal stack of a thread's own lies a page that nobody may touch: what a kill does there has to fit.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "contract/common.h"

typedef struct kind {
    const char *name;
    size_t stack, signal_stack; /* 0: as usual; none of its own */
    bool deaf;
} kind;

/* 8 KiB is what SIGSTKSZ was for long, and what most programs take. */
enum { SMALL = 64 * 1024, PAGE = 4096, FORMER_SIGSTKSZ = 8192 };

static const kind kinds[] = {{.name = "small", .stack = SMALL},
                             {.name = "deaf", .deaf = true},
                             {.name = "large signal stack", .signal_stack = SMALL},
                             {.name = "signal stack", .signal_stack = FORMER_SIGSTKSZ},
                             {.name = "all of it", .stack = SMALL, .signal_stack = FORMER_SIGSTKSZ, .deaf = true}};
enum { KINDS = sizeof kinds / sizeof *kinds };

typedef struct unusual unusual;
struct unusual {
    const kind *of;
    void (*live)(unusual *self);
    int (*body)(void *self); /* of a call that can be killed */
    weft_channel *never;
    _Atomic weft_process process;
    atomic_int inside, cleaned, marked;
    weft_status status;
};

/* ---- such a thread ---- */

static size_t signal_stack_of(const kind *of) {
    size_t least = (size_t)sysconf(_SC_MINSIGSTKSZ) * 2; /* more than 4 KiB where registers are many */
    return of->signal_stack > least ? of->signal_stack : (least + PAGE - 1) / PAGE * PAGE;
}

static char *begin_signal_stack(const kind *of) {
    size_t size = signal_stack_of(of);
    char *memory = mmap(NULL, PAGE + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!CHECK(memory != MAP_FAILED)) return NULL;
    CHECK_EQ(mprotect(memory, PAGE, PROT_NONE), 0);
    CHECK_EQ(sigaltstack(&(stack_t){.ss_sp = memory + PAGE, .ss_size = size}, NULL), 0);
    return memory;
}

/* It is still the thread's own. */
static void end_signal_stack(const kind *of, char *memory) {
    stack_t now;
    if (memory == NULL) return;
    CHECK_EQ(sigaltstack(NULL, &now), 0);
    CHECK_PTR(now.ss_sp, memory + PAGE);
    CHECK_EQ(now.ss_size, signal_stack_of(of));
    CHECK_EQ(sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL), 0);
    munmap(memory, PAGE + signal_stack_of(of));
}

static void *run(void *argument) {
    unusual *self = argument;
    sigset_t all, now;
    sigfillset(&all);
    if (self->of->deaf) pthread_sigmask(SIG_SETMASK, &all, NULL);
    char *memory = self->of->signal_stack != 0 ? begin_signal_stack(self->of) : NULL;
    self->live(self);
    end_signal_stack(self->of, memory);
    pthread_sigmask(SIG_SETMASK, NULL, &now);
    CHECK_EQ(sigismember(&now, SIGUSR1), self->of->deaf);
    return NULL;
}

static bool start_unusual(pthread_t *thread, unusual *self) {
    pthread_attr_t attributes;
    size_t least = (size_t)sysconf(_SC_THREAD_STACK_MIN), stack = self->of->stack;
    pthread_attr_init(&attributes);
    if (stack != 0) CHECK_EQ(pthread_attr_setstacksize(&attributes, stack > least ? stack : least), 0);
    bool started = CHECK_EQ(pthread_create(thread, &attributes, run, self), 0);
    pthread_attr_destroy(&attributes);
    return started;
}

/* Each kind lives so, one after the other; `meanwhile` is what another thread does to it. */
static void each_kind(unusual model, void (*meanwhile)(unusual *self, pthread_t thread)) {
    for (int i = 0; i < KINDS; i++) {
        unusual self = model;
        pthread_t thread;
        self.of = &kinds[i];
        self.never = bounded_channel(sizeof(int), 1);
        if (start_unusual(&thread, &self)) {
            if (meanwhile != NULL) meanwhile(&self, thread);
            join_thread(thread);
        }
        CHECK_OK(weft_send(self.never, &(int){1}, WEFT_NOW)); /* nobody waits there any more */
        CHECK_EQ(weft_count(self.never), 1);
        CHECK_OK(weft_free_channel(self.never));
    }
}

/* ---- what threads do ---- */

WEFT_TASK(int, half, (int, n)) {
    if (n % 2 != 0) WEFT_HANDLER_BIND(&weft_type_error, weft_invoke_transfer_error, NULL)
    weft_error(&weft_type_error, "%d is odd", n);
    return n / 2;
}

static int half_here(void *n) {
    if (*(int *)n % 2 != 0) weft_error(&weft_type_error, "%d is odd", *(int *)n);
    return *(int *)n / 2;
}

static void note_cleaned(void *of) { atomic_fetch_add(&((unusual *)of)->cleaned, 1); }

static void handle(unusual *self) {
    volatile bool handled = false;
    WEFT_HANDLER_CASE {
        WEFT_TRY { WEFT_UNWIND_PROTECT(note_cleaned, self) weft_error(&weft_type_error, "here: %.3f", 0.25); }
        WEFT_HANDLE(&weft_type_error, condition) {
            handled = strcmp(weft_condition_message(condition), "here: 0.250") == 0;
        }
    }
    CHECK(handled);
    CHECK_EQ(atomic_load(&self->cleaned), 1);
}

static void call_back(void) {
    int value = 0;
    CHECK_OK(weft_call_in_thread(half_here, &(int){8}, &value));
    CHECK_EQ(value, 4);
    CHECK_STATUS(weft_call_in_thread(half_here, &(int){7}, &value), WEFT_FAILED);
    CHECK_STR(weft_condition_message(weft_last_condition()), "7 is odd");
    CHECK_OK(weft_call_as_task(NULL, half_here, &(int){6}, &value));
    CHECK_EQ(value, 3);
}

static void submit(void) {
    int value = 0;
    weft_channel *results = weft_make_channel(int);
    CHECK_OK(weft_submit(results, half, 4));
    CHECK_OK(weft_receive_result(results, &value, patience()));
    CHECK_EQ(value, 2);
    CHECK_OK(weft_submit(results, half, 5));
    CHECK_STATUS(weft_receive_result(results, &value, patience()), WEFT_FAILED);
    CHECK_STR(weft_condition_message(weft_last_condition()), "5 is odd");
    weft_operation operation = WEFT_TO_RECEIVE(results, &value);
    CHECK_NULL(weft_alternate(&operation, 1, WEFT_FAIR, weft_after(0.001)));
    CHECK_OK(weft_free_channel(results));
    weft_future *future = weft_future(half, 10);
    CHECK_OK(weft_force(future, &value, patience()));
    CHECK_EQ(value, 5);
    weft_release_future(future);
}

static void do_all(unusual *self) {
    submit();
    handle(self);
    call_back();
}

TEST(threads_of_each_kind_submit_fail_handle_and_are_called_back) {
    weft_kernel *kernel = kernel_here();
    each_kind((unusual){.live = do_all}, NULL);
    end_and_free(kernel);
}

/* ---- ended from outside ---- */

static int protect(void *of) {
    unusual *self = of;
    WEFT_UNWIND_PROTECT(note_cleaned, self) {
        atomic_store(&self->inside, 1);
        return self->body(self);
    }
    return 0;
}

/* Twice: the thread goes on, and with a new process object. */
static void call_killable(unusual *self) {
    for (int round = 1; round <= 2; round++) {
        atomic_store(&self->process, weft_current_process());
        CHECK_STATUS(weft_call_killable(protect, self, NULL), WEFT_KILLED);
        CHECK_EQ(atomic_load(&self->cleaned), round);
    }
}

static void kill_twice(unusual *self, pthread_t unused) {
    (void)unused;
    for (int round = 1; round <= 2; round++) {
        CHECK_EVENTUALLY(atomic_load(&self->inside) == 1);
        atomic_store(&self->inside, 0);
        CHECK_OK(weft_kill_process(atomic_load(&self->process)));
        atomic_store(&self->marked, round);
        CHECK_EVENTUALLY(atomic_load(&self->cleaned) == round);
    }
}

static int receive(void *of) {
    int value;
    return weft_receive(((unusual *)of)->never, &value, WEFT_FOREVER) == WEFT_OK;
}

static int alternate(void *of) {
    int value;
    weft_operation operation = WEFT_TO_RECEIVE(((unusual *)of)->never, &value);
    return weft_alternate(&operation, 1, WEFT_FAIR, WEFT_FOREVER) != NULL;
}

/* One that is deaf goes on until it comes to Weft. */
static int compute(void *of) {
    unusual *self = of;
    bool interrupted = weft_how_far_kills_reach() == WEFT_KILL_ANYWHERE && !self->of->deaf;
    while (interrupted || atomic_load(&self->marked) == atomic_load(&self->cleaned)) __asm__ volatile("" ::"r"(of));
    WEFT_WITHOUT_KILL {}
    return 0;
}

TEST(threads_of_each_kind_are_killed_where_they_wait) {
    each_kind((unusual){.live = call_killable, .body = receive}, kill_twice);
    each_kind((unusual){.live = call_killable, .body = alternate}, kill_twice);
}

TEST(threads_of_each_kind_are_killed_where_they_compute_and_deaf_ones_when_they_come_to_weft) {
    each_kind((unusual){.live = call_killable, .body = compute}, kill_twice);
}

static void wait_to_die(unusual *self) {
    pthread_cleanup_push(harness_frames_left, NULL);
    atomic_store(&self->process, weft_current_process());
    atomic_store(&self->inside, 1);
    receive(self);
    FAIL("it goes on");
    pthread_cleanup_pop(0);
}

static void cancel(unusual *self, pthread_t thread) {
    CHECK_EVENTUALLY(atomic_load(&self->inside) == 1);
    CHECK_EQ(pthread_cancel(thread), 0);
}

static void leave(void *unused) { pthread_exit(unused); }

static void have_exit(unusual *self, pthread_t unused) {
    (void)unused;
    CHECK_EVENTUALLY(atomic_load(&self->inside) == 1);
    CHECK_OK(weft_interrupt_process(atomic_load(&self->process), leave, NULL));
}

TEST(threads_of_each_kind_are_cancelled_and_exit_where_they_wait) {
    size_t before = weft_process_count();
    each_kind((unusual){.live = wait_to_die}, cancel);
    each_kind((unusual){.live = wait_to_die}, have_exit);
    CHECK_EQ(weft_process_count(), before);
}
