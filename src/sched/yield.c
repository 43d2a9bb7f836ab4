/* SPDX-License-Identifier: MIT */
/* yield.c - giving way and sleeping. */
#include <weft/task.h>

#include "sched/kernel.h"

void weft_yield(void) {
    wefti_strand *strand = wefti_strand_now;
    if (strand == NULL || strand->worker == NULL) {
        wefti_os_yield();
        return;
    }
    wefti_worker *worker = strand->worker;
    wefti_runner *self = wefti_runner_of_strand(strand), *next;
    if (WEFTI_UNLIKELY(++worker->tick % 64 == 0) || worker->ready.first == NULL) {
        /* Through the loop, which looks at mailbox, clock and tasks that have not begun. */
        if (!wefti_may_park(strand)) return;
        next = wefti_runner_get(worker);
        worker->tasks_first = true;
    } else {
        next = wefti_runner_of(wefti_runners_take(&worker->ready));
    }
    wefti_runner_ready(worker, self);
    wefti_runner_switch(worker, self, next);
}

weft_status weft_sleep(weft_deadline deadline) {
    if (deadline <= wefti_clock()) return WEFT_OK;
    wefti_strand *self = wefti_strand_self();
    if (self == NULL || !wefti_may_park(self)) return WEFT_NO_MEMORY;
    wefti_wait wait;
    wefti_wait_init(&wait, self, "sleep", NULL);
    weft_status status = wefti_park(&wait, deadline);
    return status == WEFT_TIMED_OUT ? WEFT_OK : status;
}
