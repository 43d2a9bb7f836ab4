/* SPDX-License-Identifier: MIT */
/* boundary.c - the boundary between Weft and frames of foreign code: what would leave a call becomes its status.
 *
 * Foreign code (a library that calls back, another language) has frames on the stack that know nothing of Weft's
 * transfers of control, and may hold locks and memory. So a call that comes out of them is a target that no transfer
 * passes:
 *
 *   stack, low to high:   [error] .. [clean-up] .. [boundary] .. [qsort] .. [handler case] .. [the task's end]
 *                                                   ^ ends here: WEFT_FAILED
 *
 *   errors          handlers are asked as everywhere, those outside too; if all decline, the boundary has it
 *   handler cases   outside decline, since they could only transfer
 *   restarts        outside are not there, but for transfer-error, which comes to the boundary
 *   kills           wait until the boundary is left: they unwind frames, and come back when foreign code has returned
 *   exceptions      of C++ are stopped with a message, where the C++ library can be asked whether there is one
 *   thread exits    go through: who ends its thread ends the frames on it
 *
 * The file is compiled with -fexceptions, so that leave_boundary runs whatever comes through.
 */
#include "condition/condition.h"
#include "condition/unwind.h"
#include "os/os.h"
#include "sched/attach.h"
#include "sched/slice.h"
#include "sched/worker.h"

#include <weft/thread.h>

typedef struct boundary {
    weft_thread_call call;
    wefti_end_target end;
    uint32_t unkillable; /* regions without kill before: this is one */
    bool entered, returned;
} boundary;

unsigned wefti_exceptions_in_flight(void) { return wefti_exceptions_of_thread()->uncaught; }

void wefti_exceptions_set_in_flight(unsigned count) {
    wefti_exceptions *here = wefti_exceptions_of_thread();
    if (here->uncaught != count) here->uncaught = count; /* where no C++ library is there it is 0 and stays so */
}

static weft_status enter_boundary(boundary *self) {
    weft_status status = weft_enter_thread(&self->call);
    if (status != WEFT_OK) return status;
    wefti_strand *strand = wefti_strand_now;
    wefti_end_target_begin(strand, &self->end);
    self->end.target.frame.argument = (void *)(uintptr_t)wefti_boundary_mark;
    strand->restarts = NULL;
    self->unkillable = strand->unkillable++;
    self->entered = true;
    return WEFT_OK;
}

/* Where a transfer is on its way to the boundary, it arrives here and does not return; the second time it does. */
static void leave_boundary(boundary *self) {
    if (!self->entered) return;
    wefti_target_leave(wefti_strand_now, &self->end.target);
    self->entered = false;
    if (!self->returned && wefti_exceptions_in_flight() != 0)
        wefti_stop_misuse("exception", "weft_call_in_thread", "must not leave a function that it calls; frames:", 1,
                          "");
    /* It does not die here, even if it is to: there are others' frames. */
    wefti_strand_now->unkillable = self->unkillable;
    if (wefti_strand_now->worker != NULL) wefti_slice_end_deferred(wefti_runner_of_strand(wefti_strand_now));
    weft_leave_thread(&self->call);
}

weft_status weft_call_in_thread(int (*function)(void *argument), void *argument, int *result) {
    __attribute__((cleanup(leave_boundary))) boundary here = {.entered = false};
    if (function == NULL) return WEFT_INVALID;
    weft_status status = enter_boundary(&here);
    if (status != WEFT_OK) return status;
    if (setjmp(here.end.target.place) != 0) {
        here.returned = true;
        if (wefti_strand_now->worker != NULL) wefti_runner_close_spare(wefti_runner_of_strand(wefti_strand_now));
        return wefti_condition_receive(wefti_strand_now, here.end.outcome);
    }
    int returned = function(argument);
    here.returned = true;
    if (result != NULL) *result = returned;
    return WEFT_OK;
}
