/* SPDX-License-Identifier: MIT */
/* forked.c - what becomes of Weft in a child of fork.
 *
 * The child has one thread. Of the parent's kernels it has the memory and none of the workers: each is marked as lost,
 * which means ended, joined and closed to tasks; it is nobody's current kernel, and freeing it frees nothing. The child
 * may make a kernel of its own. Nothing is done in the parent but holding two locks for as long as fork takes.
 * Memory that all threads share (spares.c, comm/places.c) has handlers of its own.
 */
#include "sched/forked.h"

#include <pthread.h>

#include "sched/attach.h"
#include "sched/kernel.h"

static void before(void) {
    wefti_processes_before_fork();
    wefti_kernels_lock();
    wefti_processes_lock();
}

static void unlock(void) {
    wefti_processes_unlock();
    wefti_kernels_unlock();
}

static void after_in_parent(void) {
    unlock();
    wefti_processes_after_fork(false);
}

/* Given up for the parent's kill: here it goes on. Its own bindings lie on its stack; those of its worker, outward of
 * them, are the next thread's there, or have been freed. */
static void take_back(wefti_runner *given_up) {
    wefti_strand *strand = &given_up->fiber.strand;
    weft_bound **at = &strand->bound;
    while (*at != NULL && *at != strand->base) at = &(*at)->next;
    *at = NULL;
    if (wefti_strand_now == NULL) wefti_strand_now = strand;
    wefti_runner_given_up = NULL;
}

/* A return barrier was set for a kill or a slice of the parent's: in the child nobody would know what it is for. */
static void clear_barrier(void) {
    wefti_runner *given_up = wefti_runner_given_up;
    wefti_strand *self = wefti_strand_now;
    bool runs = self != NULL && self->worker != NULL;
    wefti_runner *runner = runs ? wefti_runner_of_strand(self) : given_up;
    if (runner != NULL) wefti_runner_clear_barrier(runner);
    if (given_up != NULL) take_back(given_up);
}

static void after_in_child(void) {
    clear_barrier();
    weft_bound *bound = wefti_strand_now != NULL ? wefti_strand_now->bound : NULL;
    wefti_kernels_forked(bound);
    wefti_processes_forked();
    wefti_blocking_forked();
    unlock();
    wefti_processes_after_fork(true);
}

void wefti_fork_prepare(void) { pthread_atfork(before, after_in_parent, after_in_child); }
