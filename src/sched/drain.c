/* SPDX-License-Identifier: MIT */
/* drain.c - waiting for the tasks of a generation. The idea is told in drain.h. */
#include "sched/drain.h"

#include "sched/kernel.h"

bool wefti_outstanding(weft_kernel *kernel, unsigned generation) {
    uint64_t done = 0, submitted = 0;
    for (uint32_t i = 0; i < kernel->worker_count; i++)
        done += wefti_load_acquire(&kernel->workers[i].done[generation]); /* partner: the release in end(), loop.c */
    for (uint32_t i = 0; i < kernel->worker_count; i++)
        submitted += wefti_load_acquire(&kernel->workers[i].submitted[generation]);
    submitted += wefti_load_acquire(&kernel->inbox.submitted[generation]);
    submitted += wefti_load_acquire(&kernel->low.submitted[generation]);
    return submitted != done;
}

void wefti_drain_look_closely(weft_kernel *kernel) {
    /* acquire, and the generation after it: partner is the release in wait_for_old. With a generation from before the turn
     * this would look at the counts of the other one, and end the wait at once. */
    wefti_wait *wait = wefti_load_acquire(&kernel->drain.waiting);
    if (wait == NULL || wefti_outstanding(kernel, wefti_generation(kernel) ^ 1u)) return;
    /* acq_rel: one of several workers wins, and the waiter sees what the tasks did */
    if (!wefti_cas_acq_rel(&kernel->drain.waiting, &wait, (wefti_wait *)NULL)) return;
    if (wefti_wait_claim(wait, WEFT_OK)) wefti_unpark(wait);
}

static void wait_for_old(weft_kernel *kernel) {
    wefti_wait wait;
    wefti_wait_init(&wait, wefti_strand_self(), "drain", kernel);
    wefti_store_release(&kernel->drain.waiting, &wait); /* partner: wefti_drain_look_closely */
    wefti_wake_one(kernel); /* if all sleep, nobody else would look */
    for (uint32_t i = 0; i < kernel->worker_count; i++) wefti_wake_worker(kernel, &kernel->workers[i]);
    wefti_park(&wait, WEFT_FOREVER);
}

void wefti_drain_wait(weft_kernel *kernel) {
    for (int phase = 0; phase < 2; phase++) {
        /* seq: a submission that happens after the caller's return is counted in the new generation or later */
        wefti_store_seq(&kernel->drain.generation, wefti_generation(kernel) ^ 1u);
        wait_for_old(kernel);
    }
}
