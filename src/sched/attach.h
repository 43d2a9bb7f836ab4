/* SPDX-License-Identifier: MIT */
/* attach.h - the process object of a thread that Weft did not make: what its strand needs to wait.
 *
 * Made on the first use of Weft on a thread, kept until the thread ends (pthread key destructor). Workers' threads have
 * one as well, for the time outside their loop.
 */
#ifndef WEFTI_ATTACH_H
#define WEFTI_ATTACH_H

#include <weft/forkjoin.h>

#include "dynamic/strand.h"
#include "lockfree/parker.h"

struct wefti_worker;

enum { WEFTI_FIRST_PATIENCE = 20000 }; /* nanoseconds */

typedef struct wefti_thread {
    wefti_strand strand; /* first; strand.worker is NULL */
    wefti_parker parker;
    WEFTI_ATOMIC(int) woken_from; /* on which processor the last one ran that unparked it */
    int64_t patience;             /* nanoseconds of looking before it sleeps, as learned: see park.c */
    weft_forks forks;             /* what it has spawned */
    struct wefti_worker *serving; /* the worker whose thread this is, or NULL */
} wefti_thread;

static inline wefti_thread *wefti_thread_of_strand(wefti_strand *strand) {
    return WEFTI_CONTAINER(strand, wefti_thread, strand);
}

#endif
