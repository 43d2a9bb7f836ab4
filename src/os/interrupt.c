/* SPDX-License-Identifier: MIT */
/* interrupt.c - signals to single threads; see interrupt.h. */
#define _GNU_SOURCE 1

#include "os/interrupt.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/os.h"

enum { STACK_SIZE = 64 * 1024 };

static struct {
    const int number, flags;
    wefti_interrupt_handler *ours;
    struct sigaction before; /* what the program had */
} signals[] = {[WEFTI_TO_END] = {.number = SIGURG}, [WEFTI_TO_PAUSE] = {.number = SIGVTALRM, .flags = SA_RESTART}};

static void pass_on(const struct sigaction *before, int number, siginfo_t *information, void *interrupted) {
    if ((before->sa_flags & SA_SIGINFO) != 0)
        before->sa_sigaction(number, information, interrupted);
    else if (before->sa_handler != SIG_DFL && before->sa_handler != SIG_IGN)
        before->sa_handler(number);
}

static void on_signal(int number, siginfo_t *information, void *interrupted) {
    int saved = errno;
    wefti_interruption which = number == SIGURG ? WEFTI_TO_END : WEFTI_TO_PAUSE;
    if (!signals[which].ours(interrupted)) pass_on(&signals[which].before, number, information, interrupted);
    errno = saved;
}

bool wefti_interrupt_init(wefti_interruption which, wefti_interrupt_handler *handler) {
    struct sigaction now, mine;
    if (sigaction(signals[which].number, NULL, &now) != 0) return false;
    if ((now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == on_signal) return true;
    signals[which].ours = handler;
    signals[which].before = now;
    memset(&mine, 0, sizeof mine);
    mine.sa_sigaction = on_signal;
    mine.sa_flags = SA_SIGINFO | SA_ONSTACK | signals[which].flags;
    sigfillset(&mine.sa_mask);
    return sigaction(signals[which].number, &mine, NULL) == 0;
}

bool wefti_interrupt(wefti_interruption which, int thread_id) {
    int saved = errno;
    bool done = syscall(SYS_tgkill, getpid(), thread_id, signals[which].number) == 0;
    errno = saved;
    return done;
}

void wefti_os_thread_least(int thread_id) {
    struct sched_param none = {0};
    sched_setscheduler(thread_id, SCHED_IDLE, &none);
}

void wefti_os_thread_no_cancel(void) {
    int before_it;
    pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &before_it);
}

WEFTI_NORETURN void wefti_os_thread_vanish(void) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    for (;;) syscall(SYS_exit, 0);
}

void *wefti_signal_stack_begin(void) {
    stack_t now, mine;
    if (sigaltstack(NULL, &now) != 0 || (now.ss_flags & SS_DISABLE) == 0) return NULL;
    memset(&mine, 0, sizeof mine);
    mine.ss_sp = wefti_pages_map(STACK_SIZE);
    mine.ss_size = STACK_SIZE;
    if (mine.ss_sp == NULL) return NULL;
    if (sigaltstack(&mine, NULL) == 0) return mine.ss_sp;
    wefti_pages_unmap(mine.ss_sp, STACK_SIZE);
    return NULL;
}

void wefti_signal_stack_free(void *stack) {
    if (stack != NULL) wefti_pages_unmap(stack, STACK_SIZE);
}

void wefti_signal_stack_end(void *stack) {
    stack_t none;
    if (stack == NULL) return;
    memset(&none, 0, sizeof none);
    none.ss_flags = SS_DISABLE;
    sigaltstack(&none, NULL);
    wefti_signal_stack_free(stack);
}
