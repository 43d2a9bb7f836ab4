/* SPDX-License-Identifier: MIT */
/* thread.c - OS threads. */
#define _GNU_SOURCE 1

#include "os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { NAME_SIZE = 16 };

typedef struct beginning {
    void (*run)(void *);
    void *argument;
} beginning;

static void *begin(void *memory) {
    beginning my = *(beginning *)memory;
    free(memory);
    my.run(my.argument);
    return NULL;
}

/* What a thread of ours lets through: faults of its own, what profilers send, and SIGURG, which nobody handles unless
 * it wants to interrupt a thread. All others are for the threads that the program has for them. */
static void signals_to_block(sigset_t *blocked) {
    static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS, SIGPROF, SIGURG, SIGVTALRM};
    sigfillset(blocked);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) sigdelset(blocked, own[i]);
}

static int set_stack(pthread_attr_t *attributes, size_t stack_size) {
    if (stack_size == 0) return 0;
    size_t page = wefti_page_size();
    size_t size = WEFTI_MAX(stack_size, (size_t)PTHREAD_STACK_MIN);
    return pthread_attr_setstacksize(attributes, (size + page - 1) & ~(page - 1));
}

static int create(wefti_os_thread *thread, const pthread_attr_t *attributes, beginning *how) {
    pthread_t created;
    sigset_t blocked, before;
    signals_to_block(&blocked);
    /* A new thread begins with the mask of its maker. */
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    int error = pthread_create(&created, attributes, begin, how);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error == 0) thread->handle = (uintptr_t)created;
    return error;
}

int wefti_os_thread_start(wefti_os_thread *thread, void (*run)(void *), void *argument, size_t stack_size) {
    pthread_attr_t attributes;
    int error = pthread_attr_init(&attributes);
    if (error != 0) return error;
    beginning *how = malloc(sizeof *how);
    error = how != NULL ? set_stack(&attributes, stack_size) : ENOMEM;
    if (error == 0) {
        how->run = run;
        how->argument = argument;
        error = create(thread, &attributes, how);
    }
    if (error != 0) free(how);
    pthread_attr_destroy(&attributes);
    return error;
}

void wefti_os_thread_join(wefti_os_thread *thread) { pthread_join((pthread_t)thread->handle, NULL); }

void wefti_os_thread_detach(wefti_os_thread *thread) { pthread_detach((pthread_t)thread->handle); }

void wefti_os_thread_name(const char *name) {
    char cut[NAME_SIZE] = {0};
    memcpy(cut, name, strnlen(name, sizeof cut - 1));
    pthread_setname_np(pthread_self(), cut);
}

void wefti_os_yield(void) { sched_yield(); }

void wefti_os_nap(int64_t nanoseconds) { nanosleep(&(struct timespec){0, (long)nanoseconds}, NULL); }

int wefti_os_thread_id(void) { return (int)syscall(SYS_gettid); }

int64_t wefti_os_thread_used(int thread_id) {
    struct timespec used;
    clockid_t clock =
        (clockid_t)(~(unsigned)thread_id << 3 | 6); /* as the system numbers them; pthread_t may be gone */
    if (clock_gettime(clock, &used) != 0) return 0;
    return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

bool wefti_os_thread_wants_processor(int id) {
    char path[48], text[512];
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", id);
    int before = errno, file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = file >= 0 ? read(file, text, sizeof text - 1) : -1;
    if (file >= 0) close(file);
    errno = before;
    text[WEFTI_MAX(size, (ssize_t)0)] = '\0';
    const char *state = strrchr(text, ')'); /* after the name, which may contain anything */
    return state != NULL && strncmp(state, ") R", 3) == 0;
}

bool wefti_os_thread_lives(int id) {
    int before = errno;
    bool lives = syscall(SYS_tgkill, getpid(), id, 0) == 0 || errno != ESRCH;
    errno = before;
    return lives;
}

void wefti_os_exact_timeouts(void) {
    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); /* else the system may be 50 microseconds late */
}
