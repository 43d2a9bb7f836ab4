/* SPDX-License-Identifier: MIT */
/* drain.c - waiting for the tasks of a generation. The idea is told in drain.h. */
#include "sched/drain.h"

#include "sched/kernel.h"

bool wefti_outstanding(weft_kernel *kernel, unsigned generation) {
    uint64_t done = 0, submitted = 0;
    for (uint32_t i = 0; i < kernel->worker_count; i++)
        done += wefti_load_acquire(&kernel->workers[i].done[generation]); /* partner: the release in end(), loop.c */
    /* acquire, all: read after `done`, and a task that was counted out had been counted in. Partners: the counts in
     * wefti_submit_own and its kin, which the publication of the task, or the end of the submitter, releases. */
    for (uint32_t i = 0; i < kernel->worker_count; i++)
        submitted += wefti_load_acquire(&kernel->workers[i].submitted[generation]);
    submitted += wefti_load_acquire(&kernel->inbox.submitted[generation]);
    submitted += wefti_load_acquire(&kernel->low.submitted[generation]);
    return submitted != done;
}

void wefti_drain_look_closely(weft_kernel *kernel) {
    /* acquire: partner is the release in wait_for. The ticket says which generation it is about, and never comes back:
     * a generation read here could be of the phase before, and the next phase waits with the same object at the same
     * place, so a verdict about one phase could end the other. */
    uint64_t ticket = wefti_load_acquire(&kernel->drain.ticket);
    if (ticket == 0 || wefti_outstanding(kernel, ticket & 1)) return;
    /* acq_rel: one of several workers wins, and the waiter sees what the tasks did */
    if (!wefti_cas_acq_rel(&kernel->drain.ticket, &ticket, UINT64_C(0))) return;
    wefti_wait *wait = kernel->drain.wait; /* the winner's alone until it unparks */
    if (wefti_wait_claim(wait, WEFT_OK)) wefti_unpark(wait);
}

static void wait_for(weft_kernel *kernel, unsigned generation) {
    wefti_wait wait;
    wefti_wait_init(&wait, wefti_strand_self(), "drain", kernel);
    kernel->drain.wait = &wait;
    /* release: partner is the acquire in wefti_drain_look_closely */
    wefti_store_release(&kernel->drain.ticket, ++kernel->drain.tickets * 2 + generation);
    wefti_wake_one(kernel); /* if all sleep, nobody else would look */
    for (uint32_t i = 0; i < kernel->worker_count; i++) wefti_wake_worker(kernel, &kernel->workers[i]);
    wefti_park(&wait, WEFT_FOREVER);
}

void wefti_drain_wait(weft_kernel *kernel) {
    for (int phase = 0; phase < 2; phase++) {
        /* seq: a submission that happens after the caller's return is counted in the new generation or later */
        unsigned old = wefti_generation(kernel);
        wefti_store_seq(&kernel->drain.generation, old ^ 1u);
        wait_for(kernel, old);
    }
}
