/* SPDX-License-Identifier: MIT */
/* vanished.h - threads that ended without a word are noticed now, for tests that count threads and may be repeated. */
#ifndef WEFT_TEST_VANISHED_H
#define WEFT_TEST_VANISHED_H

#include <semaphore.h>
#include <stdlib.h>

#include "contract/common.h"

typedef struct notice {
    sem_t attached, let_go;
} notice;

static inline void *attach_and_stay(void *argument) {
    notice *n = argument;
    CHECK_NE(weft_current_process(), 0);
    sem_post(&n->attached);
    sem_wait(&n->let_go);
    return NULL;
}

/* Threads come, and stay, until Weft looks which of all that it knows are still there: at twice as many as there were
 * the last time, 64 at first. */
static inline void notice_the_vanished(void) {
    enum { MOST = 512 };
    pthread_t *threads = malloc(MOST * sizeof *threads);
    notice n;
    int started = 0;
    sem_init(&n.attached, 0, 0);
    sem_init(&n.let_go, 0, 0);
    for (size_t last = 0, now = weft_process_count(); CHECK_NOT_NULL(threads) && now > last && started < MOST;) {
        last = now;
        if (!start_thread(&threads[started], attach_and_stay, &n)) break;
        started++;
        sem_wait(&n.attached);
        now = weft_process_count();
    }
    CHECK_LT(started, MOST);
    for (int i = 0; i < started; i++) sem_post(&n.let_go);
    for (int i = 0; i < started; i++) join_thread(threads[i]);
    sem_destroy(&n.attached);
    sem_destroy(&n.let_go);
    free(threads);
}

#endif
