/* SPDX-License-Identifier: MIT */
/* fatal_faults.c - faults that do not become conditions: what is told, what the process dies of, and that the handlers
 * of the program go on working, whenever they were installed. Row C9.
 *
 * Each runs in a process of its own. Under sanitizers Weft installs no handlers: there it is the sanitizer that tells.
 */
#define _GNU_SOURCE 1

#include "contract/common.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ALL = 31, WENT_ON = 7, HANDLED = 9, ANY = 0 };

static int *volatile nowhere = (int *)16; /* not NULL, of which UndefinedBehaviorSanitizer would speak first */
static volatile int zero;
static volatile int sink;

void a_function_that_writes_nowhere(void);
__attribute__((noinline)) void a_function_that_writes_nowhere(void) { *nowhere = 1; }

WEFT_TASK(int, writes_nowhere) {
    a_function_that_writes_nowhere();
    return 1;
}

WEFT_TASK(int, aborts) { abort(); }

WEFT_TASK(int, frees_twice) {
    void *volatile memory = malloc(40);
    free(memory);
    free(memory);
    return sink;
}

WEFT_TASK(int, prints_nothing) { return fputs((char *)(uintptr_t)(16 + zero), stderr); }

WEFT_TASK(int, sends_nothing) {
    weft_channel *channel = bounded_channel(sizeof(int), 1);
    return (int)weft_send(channel, (int *)(uintptr_t)(16 + zero), WEFT_NOW);
}

static int deeper(int level) {
    volatile char frame[100];
    frame[level % 100] = (char)level;
    return level < 0 ? 0 : deeper(level + 1) + frame[level % 100];
}

WEFT_TASK(int, recurses) { return deeper(0); }

WEFT_TASK(int, divides) { return 10 / zero; }

/* Submits one to a kernel, which is the first of the process, and waits for what becomes of it. */
#define RUN(task, options)                                                                                             \
    do {                                                                                                               \
        weft_kernel *kernel = weft_make_kernel(1, (options));                                                          \
        weft_channel *results = weft_make_channel_with(int, (&(weft_channel_options){.kernel = kernel}));              \
        int result;                                                                                                    \
        weft_set(weft_debug_tasks, false);                                                                             \
        if (weft_submit(results, task) != WEFT_OK) _exit(1);                                                           \
        if (weft_receive_result(results, &result, patience()) == WEFT_FAILED) _exit(WENT_ON);                          \
        _exit(0);                                                                                                      \
    } while (0)

static void write_nowhere(void) { RUN(writes_nowhere, NULL); }
static void abort_in_a_task(void) { RUN(aborts, NULL); }
static void overflow_a_small_stack(void) { RUN(recurses, (&(weft_kernel_options){.stack_size = 16 * 1024})); }

static void free_twice(void) {
    weft_set(weft_caught_faults, ALL);
    RUN(frees_twice, NULL);
}

static void print_nothing(void) {
    weft_set(weft_caught_faults, ALL);
    RUN(prints_nothing, NULL);
}

static void send_nothing(void) {
    weft_set(weft_caught_faults, ALL);
    RUN(sends_nothing, NULL);
}

static void fault_in_a_thread(void) {
    weft_set(weft_caught_faults, ALL);
    if (weft_make_kernel(1, NULL) == NULL) _exit(1);
    a_function_that_writes_nowhere();
}

/* ---- handlers of the program ---- */

static sigjmp_buf back;
static volatile int seen;

static void answer(int number) {
    static const char text[] = "the program's own handler\n";
    seen = number;
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0) _exit(1);
    _exit(HANDLED);
}

static void jump_back(int number, siginfo_t *information, void *interrupted) {
    (void)information, (void)interrupted;
    seen = number;
    siglongjmp(back, 1);
}

static void offer_then_jump(int number, siginfo_t *information, void *interrupted) {
    if (!weft_take_fault(number, information, interrupted)) jump_back(number, information, interrupted);
}

static void install(int number, void (*handle)(int, siginfo_t *, void *)) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = handle;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigfillset(&action.sa_mask);
    if (sigaction(number, &action, NULL) != 0) _exit(1);
}

static void handler_of_before_gets_it(void) {
    signal(SIGSEGV, answer);
    RUN(writes_nowhere, NULL);
}

static void thread_jumps_out(void) {
    if (sigsetjmp(back, 1) == 0) a_function_that_writes_nowhere();
    if (seen != SIGSEGV) _exit(1);
    seen = 0;
}

static void handler_of_before_serves_threads(void) {
    install(SIGSEGV, jump_back);
    weft_set(weft_caught_faults, ALL);
    weft_kernel *kernel = weft_make_kernel(1, NULL);
    for (int i = 0; i < 3; i++) thread_jumps_out();
    end_and_free(kernel);
    _exit(HANDLED);
}

static void handler_of_before_serves_tasks_too(void) {
    install(SIGSEGV, jump_back);
    weft_set(weft_caught_faults, ALL);
    if (weft_catchable_faults() == 0) _exit(WENT_ON);
    RUN(writes_nowhere, NULL);
}

static void handler_of_later_offers_it(void) {
    weft_kernel *kernel = weft_make_kernel(1, NULL);
    weft_channel *results = weft_make_channel_with(int, (&(weft_channel_options){.kernel = kernel}));
    int result;
    install(SIGFPE, offer_then_jump);
    install(SIGSEGV, offer_then_jump);
    weft_set(weft_debug_tasks, false);
    for (int i = 0; i < 3; i++) {
        thread_jumps_out();
        if (weft_catchable_faults() == 0) continue;
        if (weft_submit(results, divides) != WEFT_OK) _exit(1);
        if (weft_receive_result(results, &result, patience()) != WEFT_FAILED) _exit(2);
    }
    _exit(HANDLED);
}

static void left_alone(void) {
    struct sigaction former, now;
    sigaction(SIGFPE, NULL, &former);
    if (weft_leave_faults_alone() != WEFT_OK) _exit(1);
    weft_kernel *kernel = weft_make_kernel(1, NULL);
    sigaction(SIGFPE, NULL, &now);
    bool alone = now.sa_handler == former.sa_handler && weft_catchable_faults() == 0;
    end_and_free(kernel);
    _exit(alone ? HANDLED : 1);
}

/* ---- looking at one ---- */

static void (*const children[])(void) = {write_nowhere,
                                         abort_in_a_task,
                                         overflow_a_small_stack,
                                         free_twice,
                                         print_nothing,
                                         send_nothing,
                                         fault_in_a_thread,
                                         handler_of_before_gets_it,
                                         handler_of_before_serves_threads,
                                         handler_of_before_serves_tasks_too,
                                         handler_of_later_offers_it,
                                         left_alone};

/* A forked child would have none of the harness's threads, and ThreadSanitizer lets it make none: it is started anew.
 */
static _Noreturn void start(size_t which, int standard_error) {
    char number[16];
    struct rlimit none = {0, 0};
    snprintf(number, sizeof number, "%zu", which);
    setrlimit(RLIMIT_CORE, &none);
    dup2(standard_error, STDERR_FILENO);
    setenv("WEFT_TEST_FAULT", number, 1);
    harness_start_anew("when_started_as_a_child");
}

TEST(when_started_as_a_child_it_does_what_it_is_told) {
    const char *number = getenv("WEFT_TEST_FAULT");
    if (number == NULL) return;
    children[atoi(number)]();
    _exit(0);
}

static int status_of(void (*child)(void), char *said, size_t room) {
    int ends[2], status = 0;
    size_t which = 0, length = 0;
    while (children[which] != child) which++;
    if (!CHECK_EQ(pipe(ends), 0)) return -1;
    pid_t process = fork();
    if (process == 0) start(which, ends[1]);
    close(ends[1]);
    for (ssize_t got; length < room - 1 && (got = read(ends[0], said + length, room - 1 - length)) > 0;)
        length += (size_t)got;
    said[length] = '\0';
    close(ends[0]);
    CHECK_EQ(waitpid(process, &status, 0), process);
    return status;
}

static bool sanitized(void) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    return true;
#endif
#endif
    return false;
}

static char said[1 << 16];

/* It dies of the signal, after it has said this. A sanitizer says something else, and ends the process as it likes. */
static void dies(void (*child)(void), int number, const char *wanted) {
    int status = status_of(child, said, sizeof said);
    if (sanitized()) {
        CHECK(strstr(said, "Sanitizer") != NULL || WIFSIGNALED(status));
        return;
    }
    if (!CHECK(WIFSIGNALED(status) && (number == ANY || WTERMSIG(status) == number)))
        FAIL("status %x, it said: %s", status, said);
    if (wanted != NULL && !CHECK(strstr(said, wanted) != NULL)) FAIL("it said: %s", said);
}

static void exits(void (*child)(void), int code) {
    int status = status_of(child, said, sizeof said);
    if (!CHECK(WIFEXITED(status) && WEXITSTATUS(status) == code)) FAIL("status %x, it said: %s", status, said);
}

/* ---- what is told ---- */

TEST(fault_that_is_not_caught_is_told_with_task_category_and_callers) {
    dies(write_nowhere, SIGSEGV, "weft: fault: task 'writes_nowhere', category default: SIGSEGV at 0x10\n");
    if (sanitized()) return;
    /* An emulator makes no copy of a process whose end is nobody's business: addresses alone, then. */
    const char *first = getenv("WEFT_TEST_EMULATOR") != NULL ? "\n    0x" : "\n     0 ";
    CHECK(strstr(said, first) != NULL);
    /* In a program without a dynamic linker nobody knows names. */
    if (weft_catchable_faults() != 0) CHECK(strstr(said, "a_function_that_writes_nowhere") != NULL);
}

TEST(abort_of_a_task_is_told_and_ends_the_process) {
    dies(abort_in_a_task, SIGABRT, "weft: fault: task 'aborts', category default: SIGABRT\n");
}

TEST(small_stack_that_is_used_up_is_told_and_ends_the_process) {
    if (weft_catchable_faults() == 0) {
        SKIP("guards are told from other memory only where tasks are interrupted");
        return;
    }
    dies(overflow_a_small_stack, SIGSEGV, "its stack is used up");
}

/* ---- what never becomes a condition ---- */

TEST(heap_that_the_c_library_finds_broken_ends_the_process) {
    if (sanitized())
        SKIP("the heap is the sanitizer's own here");
    else
        dies(free_twice, ANY, NULL); /* how is the library's business */
}

TEST(fault_in_a_function_that_holds_a_lock_ends_the_process) { dies(print_nothing, SIGSEGV, NULL); }

TEST(fault_inside_of_weft_ends_the_process) { dies(send_nothing, SIGSEGV, NULL); }

TEST(fault_in_a_thread_is_none_of_wefts_business) {
    dies(fault_in_a_thread, SIGSEGV, NULL);
    CHECK(strstr(said, "weft: fault") == NULL);
}

/* ---- handlers of the program ---- */

TEST(handler_of_before_gets_what_is_not_caught) {
    exits(handler_of_before_gets_it, HANDLED);
    CHECK(strstr(said, "the program's own handler") != NULL);
    CHECK(strstr(said, "weft: fault") == NULL);
}

TEST(handler_of_before_may_jump_out_in_a_thread) { exits(handler_of_before_serves_threads, HANDLED); }

TEST(what_is_caught_does_not_come_to_the_handler_of_before) { exits(handler_of_before_serves_tasks_too, WENT_ON); }

TEST(handler_of_later_offers_faults_to_weft_first) { exits(handler_of_later_offers_it, HANDLED); }

TEST(faults_are_left_alone_if_that_is_wanted) { exits(left_alone, HANDLED); }
