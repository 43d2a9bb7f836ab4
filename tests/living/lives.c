/* SPDX-License-Identifier: MIT */
/* lives.c - a process with a kernel ends, or gets signals, in the way that its argument names. Row E5.
 *
 * Each time there is a task that computes, a hundred that wait, and a plain thread that waits. ends.sh looks at the
 * status; one that should not be is 1, with a line that says why.
 */
#define _GNU_SOURCE
#include <weft.h>

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define require(condition) ((condition) ? (void)0 : fail(#condition, __LINE__))

static void fail(const char *what, int line) {
    fprintf(stderr, "lives.c:%d: %s does not hold\n", line, what);
    _exit(1);
}

static weft_kernel *kernel;
static weft_channel *never, *results;
static atomic_bool stop;

WEFT_TASK(void, compute, (int, unused)) {
    while (!atomic_load(&stop)) (void)unused, weft_yield();
}
WEFT_TASK(void, wait_for_ever, (int, unused)) {
    (void)unused;
    int value;
    (void)weft_receive(never, &value, WEFT_FOREVER);
}
WEFT_TASK(int, twice, (int, n)) { return 2 * n; }

/* Deaf, so that signals to the process have the main thread and the workers to choose from. */
static void *waiting_thread(void *unused) {
    int value;
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    (void)weft_receive(never, &value, WEFT_FOREVER);
    return unused;
}

static void be_busy(void) {
    pthread_t thread;
    kernel = weft_make_kernel(2, NULL);
    require(kernel != NULL && (never = weft_make_channel(int)) != NULL && (results = weft_make_channel(int)) != NULL);
    require(weft_submit(NULL, compute, 0) == WEFT_OK);
    for (int i = 0; i < 100; i++) require(weft_submit(NULL, wait_for_ever, 0) == WEFT_OK);
    require(pthread_create(&thread, NULL, waiting_thread, NULL) == 0);
    pthread_detach(thread);
}

static void use_weft(void) {
    int value = 0;
    require(weft_submit(results, twice, 21) == WEFT_OK);
    require(weft_receive_result(results, &value, weft_after(30)) == WEFT_OK && value == 42);
}

/* ---- ways to end ---- */

static void exits(void) { exit(3); }

WEFT_TASK(void, exits_in_task, (int, code)) { exit(code); }

static void exits_in_a_task(void) {
    require(weft_submit(NULL, exits_in_task, 4) == WEFT_OK);
    for (;;) pause();
}

static void at_exit(void) {
    use_weft();
    atomic_store(&stop, true);
    require(weft_close(never) == WEFT_OK);
    require(weft_end_kernel(kernel, true) == WEFT_OK && weft_free_channel(results) == WEFT_OK);
    while (weft_free_channel(never) != WEFT_OK) sched_yield(); /* the plain thread leaves it just now */
    require(weft_free_kernel(kernel) == WEFT_OK);
}

static void ends_its_kernel_at_exit(void) {
    require(atexit(at_exit) == 0);
    exit(5);
}

static bool destructor_wanted;
static void at_destruction(void) __attribute__((destructor));
static void at_destruction(void) {
    if (destructor_wanted) use_weft();
}

static void uses_weft_in_a_static_destructor(void) {
    destructor_wanted = true;
    exit(6);
}

static void ends_at_once(void) { _exit(7); }

static void *exit_thread(void *unused) {
    (void)unused;
    weft_thread_call call;
    require(weft_enter_thread(&call) == WEFT_OK);
    exit(8); /* in an outer call */
}

static void exits_in_a_foreign_thread(void) {
    pthread_t thread;
    require(pthread_create(&thread, NULL, exit_thread, NULL) == 0);
    for (;;) pause();
}

WEFT_TASK(void, aborts_in_task, (int, unused)) {
    (void)unused;
    abort();
}

static void aborts(void) {
    signal(SIGABRT, SIG_DFL);
    require(weft_submit(NULL, aborts_in_task, 0) == WEFT_OK);
    for (;;) pause();
}

static void is_terminated(void) {
    require(kill(getpid(), SIGTERM) == 0);
    for (;;) pause();
}

static void exit_with_ten(void *unused) {
    (void)unused;
    exit(10);
}

WEFT_TASK(void, exits_in_protected, (int, unused)) {
    (void)unused;
    WEFT_UNWIND_PROTECT(exit_with_ten, NULL) {}
}

static void exits_in_a_cleanup(void) {
    require(weft_submit(NULL, exits_in_protected, 0) == WEFT_OK);
    for (;;) pause();
}

static void exits_quickly(void) {
    require(at_quick_exit(use_weft) == 0);
    quick_exit(11);
}

/* ---- other programs, from tasks ---- */

static int status_of(pid_t child) {
    int status = 0;
    require(waitpid(child, &status, 0) == child && WIFEXITED(status));
    return WEXITSTATUS(status);
}

WEFT_TASK(int, vforks, (int, n)) {
    pid_t child = vfork();
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", "exit 12", (char *)NULL);
        _exit(1);
    }
    return status_of(child) + n;
}

WEFT_TASK(int, spawns, (int, n)) {
    char shell[] = "sh", option[] = "-c", text[] = "exit 12", *arguments[] = {shell, option, text, NULL};
    pid_t child;
    require(posix_spawn(&child, "/bin/sh", NULL, NULL, arguments, environ) == 0);
    return status_of(child) + n;
}

WEFT_TASK(int, calls_the_system, (int, n)) { return WEXITSTATUS(system("exit 12")) + n; }

WEFT_TASK(int, opens_a_pipe, (int, n)) {
    int value = 0;
    FILE *pipe = popen("echo 12", "r");
    require(pipe != NULL && fscanf(pipe, "%d", &value) == 1 && pclose(pipe) == 0);
    return value + n;
}

static void starts_programs_in_tasks(void) {
    for (int round = 0; round < 5; round++) {
        int value = 0;
        require(weft_submit(results, vforks, 4) == WEFT_OK && weft_submit(results, spawns, 4) == WEFT_OK);
        require(weft_submit(results, calls_the_system, 4) == WEFT_OK);
        require(weft_submit(results, opens_a_pipe, 4) == WEFT_OK);
        for (int i = 0; i < 4; i++)
            require(weft_receive_result(results, &value, weft_after(30)) == WEFT_OK && value == 16);
    }
    exit(12);
}

/* Each generation has a kernel of its own, and those before are lost in it. */
static void forks_generations(void) {
    weft_kernel *parents = kernel;
    pid_t child = fork();
    if (child == 0) {
        pid_t grandchild;
        require(weft_free_kernel(parents) == WEFT_OK);
        be_busy();
        use_weft();
        if ((grandchild = fork()) != 0) exit(status_of(grandchild));
        be_busy();
        use_weft();
        exit(14);
    }
    use_weft();
    exit(status_of(child));
}

/* ---- signals that have handlers ---- */

static atomic_int main_thread, in_main, elsewhere;

static void note_thread(int number) {
    (void)number;
    if (weft_time() < 1 || strcmp(weft_status_name(WEFT_OK), "ok") != 0) abort(); /* handlers may */
    atomic_fetch_add((int)syscall(SYS_gettid) == atomic_load(&main_thread) ? &in_main : &elsewhere, 1);
}

/* Signals to the process come to the threads that the program has for them, and to no worker. */
static void gets_signals_in_its_own_threads(void) {
    struct sigaction action = {.sa_handler = note_thread, .sa_flags = SA_RESTART};
    atomic_store(&main_thread, (int)syscall(SYS_gettid));
    require(sigaction(SIGUSR1, &action, NULL) == 0 && sigaction(SIGALRM, &action, NULL) == 0);
    for (int i = 0; i < 500; i++) {
        require(kill(getpid(), i % 2 == 0 ? SIGUSR1 : SIGALRM) == 0);
        use_weft();
    }
    require(atomic_load(&in_main) > 0 && atomic_load(&elsewhere) == 0);
    _exit(0);
}

static bool is_of_a_fault(int number) {
    return number == SIGSEGV || number == SIGBUS || number == SIGFPE || number == SIGILL || number == SIGABRT;
}

/* Nobody finds his handlers replaced, but those of faults (docs/FAULTS.md), where weft_leave_faults_alone has not been
 * called. Only what a call asks for is set: weft_kill_tasks, weft_dump_on_signal. */
static void compare_handlers(const struct sigaction *before, bool faults_too) {
    struct sigaction now;
    for (int number = 1; number < NSIG; number++) {
        if (number >= 32 && number < SIGRTMIN) continue; /* the C library's own */
        if (is_of_a_fault(number) && !faults_too) continue;
        require(sigaction(number, NULL, &now) == 0);
        require(now.sa_handler == before[number].sa_handler);
    }
}

static void look_at_handlers(bool faults_too) {
    static struct sigaction before[NSIG];
    for (int number = 1; number < NSIG; number++) sigaction(number, NULL, &before[number]);
    be_busy();
    use_weft();
    compare_handlers(before, faults_too);
    _exit(0);
}

static void leaves_handlers_alone(void) { look_at_handlers(false); }

static void leaves_handlers_of_faults_alone_too(void) {
    require(weft_leave_faults_alone() == WEFT_OK);
    look_at_handlers(true);
}

static const struct way {
    const char *name;
    void (*go)(void);
    bool busy;
} ways[] = {{"exits", exits, true},
            {"exits_in_a_task", exits_in_a_task, true},
            {"ends_its_kernel_at_exit", ends_its_kernel_at_exit, true},
            {"uses_weft_in_a_static_destructor", uses_weft_in_a_static_destructor, true},
            {"ends_at_once", ends_at_once, true},
            {"exits_in_a_foreign_thread", exits_in_a_foreign_thread, true},
            {"exits_in_a_cleanup", exits_in_a_cleanup, true},
            {"exits_quickly", exits_quickly, true},
            {"starts_programs_in_tasks", starts_programs_in_tasks, true},
            {"forks_generations", forks_generations, true},
            {"aborts", aborts, true},
            {"is_terminated", is_terminated, true},
            {"gets_signals_in_its_own_threads", gets_signals_in_its_own_threads, true},
            {"leaves_handlers_alone", leaves_handlers_alone, false},
            {"leaves_handlers_of_faults_alone_too", leaves_handlers_of_faults_alone_too, false}};

int main(int argc, char **argv) {
    for (size_t i = 0; argc == 2 && i < sizeof ways / sizeof *ways; i++) {
        if (strcmp(argv[1], ways[i].name) != 0) continue;
        if (ways[i].busy) be_busy();
        ways[i].go();
    }
    return 1;
}
