/* SPDX-License-Identifier: MIT */
/* vanished.h - threads that ended without a word are noticed now, for tests that count threads and may be repeated. */
#ifndef WEFT_TEST_VANISHED_H
#define WEFT_TEST_VANISHED_H

#include <sys/syscall.h>
#include <unistd.h>

#include "contract/common.h"

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
