/* SPDX-License-Identifier: MIT */
/* faults.c - handlers of faults; see faults.h. */
#define _GNU_SOURCE 1

#include "os/faults.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "os/os.h"

typedef struct known {
    int number, kind;
    const char *name;
} known;

static const known signals[] = {{SIGFPE, WEFTI_SIGNAL_ARITHMETIC, "SIGFPE"},
                                {SIGSEGV, WEFTI_SIGNAL_MEMORY, "SIGSEGV"},
                                {SIGBUS, WEFTI_SIGNAL_MEMORY, "SIGBUS"},
                                {SIGILL, WEFTI_SIGNAL_INSTRUCTION, "SIGILL"},
                                {SIGABRT, WEFTI_SIGNAL_ABORT, "SIGABRT"}};
enum { SIGNALS = sizeof signals / sizeof *signals };

static struct sigaction before[SIGNALS]; /* what the program had; written before ours is installed */
static wefti_fault_handler *ours;

static int place_of(int number) {
    int at = 0;
    while (at < SIGNALS && signals[at].number != number) at++;
    return at;
}

/* ---- what the program had ---- */

static bool has_handler(const struct sigaction *action) {
    return (action->sa_flags & SA_SIGINFO) != 0 || (action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN);
}

/* Its handler sees the mask that it would have seen: our own blocks everything. */
static void call_former(const struct sigaction *former, int number, siginfo_t *information, void *interrupted) {
    sigset_t mask = ((ucontext_t *)interrupted)->uc_sigmask, mine;
    for (int signal = 1; signal < NSIG; signal++)
        if (sigismember(&former->sa_mask, signal) == 1) sigaddset(&mask, signal);
    if ((former->sa_flags & SA_NODEFER) == 0) sigaddset(&mask, number);
    pthread_sigmask(SIG_SETMASK, &mask, &mine);
    if ((former->sa_flags & SA_SIGINFO) != 0)
        former->sa_sigaction(number, information, interrupted);
    else
        former->sa_handler(number);
    pthread_sigmask(SIG_SETMASK, &mine, NULL);
}

/* The instruction is done again, or abort goes on, and then the system does what it does by default; what was merely
 * sent is sent again. */
static void leave_to_system(int number, const siginfo_t *information) {
    struct sigaction none;
    memset(&none, 0, sizeof none);
    none.sa_handler = SIG_DFL;
    sigaction(number, &none, NULL);
    if (information->si_code <= 0) syscall(SYS_tgkill, getpid(), wefti_os_thread_id(), number);
}

static void pass_on(int number, siginfo_t *information, void *interrupted) {
    struct sigaction *former = &before[place_of(number)];
    if (has_handler(former)) {
        struct sigaction called = *former;
        if (((unsigned)former->sa_flags & (unsigned)SA_RESETHAND) != 0) {
            former->sa_flags = 0;
            former->sa_handler = SIG_DFL;
        }
        call_former(&called, number, information, interrupted);
        return;
    }
    bool ignored = former->sa_handler == SIG_IGN && information->si_code <= 0;
    if (!ignored) leave_to_system(number, information);
}

/* ---- ours ---- */

/* A signal that somebody has sent is no fault; abort sends its own to the thread itself. */
static bool is_fault(int number, const siginfo_t *information) {
    if (number != SIGABRT) return information->si_code > 0;
    return information->si_code == SI_TKILL && information->si_pid == getpid();
}

bool wefti_faults_offer(wefti_fault_handler *handler, int number, void *information, void *interrupted) {
    siginfo_t *said = information;
    int at = place_of(number);
    if (at == SIGNALS || !is_fault(number, said)) return false;
    bool addressed = number != SIGABRT && said->si_code != SI_KERNEL;
    wefti_signal_fault fault = {.signal = number,
                                .code = said->si_code,
                                .kind = signals[at].kind,
                                .name = signals[at].name,
                                .address = addressed ? said->si_addr : NULL,
                                .interrupted = interrupted,
                                .last = !has_handler(&before[at])};
    return handler(&fault);
}

static void on_signal(int number, siginfo_t *information, void *interrupted) {
    int saved = errno;
    if (!wefti_faults_offer(ours, number, information, interrupted)) pass_on(number, information, interrupted);
    errno = saved;
}

bool wefti_faults_init(wefti_fault_handler *handler) {
    struct sigaction mine;
    memset(&mine, 0, sizeof mine);
    mine.sa_sigaction = on_signal;
    mine.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigfillset(&mine.sa_mask);
    ours = handler;
    for (int i = 0; i < SIGNALS; i++) {
        if (sigaction(signals[i].number, NULL, &before[i]) != 0) return false;
        if (sigaction(signals[i].number, &mine, NULL) != 0) return false;
    }
    return true;
}

/* ---- telling ---- */

void wefti_say(const char *text, size_t length) {
    while (length > 0) {
        ssize_t wrote = write(STDERR_FILENO, text, length);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) return;
        text += wrote;
        length -= (size_t)wrote;
    }
}

/* Not fork, which waits for locks. No signal tells of its end, which is nobody's business but ours. */
bool wefti_in_a_copy(void (*function)(void *argument), void *argument) {
    enum { PATIENCE = 5000 };
    long copy = syscall(SYS_clone, 0, 0, 0, 0, 0);
    if (copy == 0) {
        function(argument);
        _exit(0);
    }
    int status = 1;
    for (int i = 0; copy > 0 && i < PATIENCE; i++) {
        long ended = syscall(SYS_wait4, copy, &status, WNOHANG | __WALL, NULL);
        if (ended == copy) return WIFEXITED(status) && WEXITSTATUS(status) == 0;
        if (ended < 0 && errno != EINTR) return false;
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    }
    if (copy > 0) {
        syscall(SYS_kill, copy, SIGKILL);
        syscall(SYS_wait4, copy, &status, __WALL, NULL);
    }
    return false;
}
