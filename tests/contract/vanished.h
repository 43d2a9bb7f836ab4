/* SPDX-License-Identifier: MIT */
/* vanished.h - threads that end without a word: on small stacks, which others write over; and that it is noticed now.
 */
#ifndef WEFT_TEST_VANISHED_H
#define WEFT_TEST_VANISHED_H

#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "contract/common.h"

enum { SMALL_STACK = 256 * 1024 };

static inline pthread_t start_small(void *(*run)(void *), void *argument) {
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, SMALL_STACK);
    CHECK_EQ(pthread_create(&thread, &attributes, run, argument), 0);
    pthread_attr_destroy(&attributes);
    return thread;
}

/* Its stack is the one that has just become free. */
static inline void *write_over_stack(void *unused) {
    unsigned char all[SMALL_STACK - 64 * 1024];
    memset(all, 0xa5, sizeof all);
    __asm__ volatile("" : : "r"(all) : "memory");
    return unused;
}

/* An emulator that does not keep the system's list of robust mutexes, and sanitizers. */
#ifdef WEFTI_PORTABLE_WAIT
enum { WAITS_BY_CONDITION_VARIABLES = true };
#else
enum { WAITS_BY_CONDITION_VARIABLES = false };
#endif

static inline bool cannot_vanish(void) {
    void *head;
    size_t size;
    if (HARNESS_TSAN || HARNESS_ASAN)
        SKIP("sanitizers do not bear threads that end like this");
    else if (WAITS_BY_CONDITION_VARIABLES)
        SKIP("condition variables do not bear threads that end where they wait on them");
    else if (syscall(SYS_get_robust_list, 0, &head, &size) != 0 || head == NULL)
        SKIP("the system does not tell of threads that end like this");
    else
        return false;
    return true;
}

static inline void *attach_and_return(void *unused) {
    CHECK_NE(weft_current_process(), 0);
    return unused;
}

static inline void *attach_and_vanish(void *unused) {
    CHECK_NE(weft_current_process(), 0);
    syscall(SYS_exit, 0); /* no destructor runs */
    return unused;
}

static inline void start_and_join(void *(*function)(void *)) {
    pthread_t thread;
    if (start_thread(&thread, function, NULL)) join_thread(thread);
}

/* Threads come, and vanish, until Weft looks which of all that it knows are still there: at twice as many as there were
 * the last time, 64 at first. After each another comes which does not vanish: it is the one that looks. */
static inline void notice_the_vanished(void) {
    enum { MOST = 1024 };
    for (int i = 0; i < MOST; i++) {
        start_and_join(attach_and_vanish);
        size_t before = weft_process_count();
        start_and_join(attach_and_return);
        if (weft_process_count() < before) return;
    }
    FAIL("%d threads have vanished, and nobody has looked", MOST);
}

#endif
