/* SPDX-License-Identifier: MIT */
/* attach.h - the process object of a thread that Weft did not make: what its strand needs to wait.
 *
 * Made on the first use of Weft on a thread, kept until the thread ends (pthread key destructor). Workers' threads have
 * one as well, for the time outside their loop.
 */
#ifndef WEFTI_ATTACH_H
#define WEFTI_ATTACH_H

#include "dynamic/strand.h"
#include "lockfree/parker.h"

struct wefti_worker;

typedef struct wefti_thread {
    wefti_strand strand; /* first; strand.worker is NULL */
    wefti_parker parker;
    WEFTI_ATOMIC(int) waker_cpu;  /* 1 + the processor of who woke it last; 0: not known */
    int64_t patience;             /* how long it looks for the notice before it sleeps; 0: not learned yet */
    struct wefti_worker *serving; /* the worker whose thread this is, or NULL */
} wefti_thread;

static inline wefti_thread *wefti_thread_of_strand(wefti_strand *strand) {
    return WEFTI_CONTAINER(strand, wefti_thread, strand);
}

#endif
