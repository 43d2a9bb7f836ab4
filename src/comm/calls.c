/* SPDX-License-Identifier: MIT */
/* calls.c - calls that foreign code brings: out of a channel in the thread of its loop, and as tasks of a kernel. */
#include <weft/condition.h>
#include <weft/descriptor.h>
#include <weft/thread.h>

#include "sched/submit.h"

size_t weft_run_calls(weft_channel *calls, size_t most, double seconds) {
    weft_deadline end = weft_after(seconds);
    size_t count = 0;
    weft_status status = WEFT_OK;
    weft_call call;
    while (count < most && (count == 0 || weft_time() < end)) {
        status = weft_receive_sized(calls, &call, sizeof call, WEFT_NOW);
        if (status != WEFT_OK) break;
        if (call.function != NULL) call.function(call.argument);
        count++;
    }
    wefti_fail(status);
    return count;
}

/* ---- as a task ---- */

/* On the caller's stack until the outcome is there: the wait has no deadline, is not cancelled and not killed. */
typedef struct errand {
    wefti_sink sink;
    wefti_wait wait;
    const wefti_condition *condition; /* NULL: there is a value */
    int value;
} errand;

typedef struct request {
    int (*function)(void *argument);
    void *argument;
} request;

static void invoke(void *arguments, void *result) {
    const request *asked = arguments;
    *(int *)result = asked->function(asked->argument);
}

static const weft_task_type called_back = {"callback", invoke, sizeof(request), sizeof(int)};

static void deliver(wefti_sink *sink, const void *value, const wefti_condition *condition) {
    errand *one = WEFTI_CONTAINER(sink, errand, sink);
    if (condition == NULL) one->value = *(const int *)value;
    one->condition = condition;
    if (wefti_wait_claim(&one->wait, WEFT_OK)) wefti_unpark(&one->wait);
}

/* A thread is to end where it waits: after the task, which uses what is here. */
static void leave_call(void *argument) {
    errand *one = argument;
    wefti_await_notice(one->wait.strand);
    if (one->condition != NULL) wefti_condition_receive(one->wait.strand, one->condition);
}

weft_status weft_call_as_task(const weft_submit_options *options, int (*function)(void *argument), void *argument,
                              int *result) {
    if (function == NULL) return WEFT_INVALID;
    wefti_strand *self = wefti_strand_self();
    if (self == NULL) return WEFT_NO_MEMORY;
    if (self->locks != 0) return WEFT_INVALID;
    if (!wefti_may_park(self)) return WEFT_NO_MEMORY;
    weft_kernel *kernel = options != NULL && options->kernel != NULL ? options->kernel : wefti_kernel_seen_by(self);
    if (kernel == NULL) return WEFT_NO_KERNEL;
    errand one = {.sink = {deliver}};
    wefti_wait_init(&one.wait, self, "callback", NULL);
    one.wait.kernel = kernel;
    weft_status status = wefti_submit(kernel, self, options, &one.sink, &called_back, &(request){function, argument});
    if (status != WEFT_OK) return status;
    wefti_park_mortal(&one.wait, WEFT_FOREVER, leave_call, &one);
    if (one.condition != NULL) return wefti_condition_receive(self, one.condition);
    if (result != NULL) *result = one.value;
    return WEFT_OK;
}

/* ---- on a thread's own stack ---- */

typedef struct blocks {
    void *arguments, *result;
} blocks;

static void invoke_here(void *argument) {
    const blocks *b = argument;
    ((const weft_call_on_thread *)b->arguments)->function(b->arguments, b->result);
}

void weft_invoke_on_thread(void *arguments, void *result) {
    blocks b = {arguments, result};
    weft_status status = weft_call_blocking(invoke_here, &b);
    if (status == WEFT_FAILED) weft_invoke_transfer_error(weft_last_condition(), NULL); /* the debugger was asked */
    weft_must(status);
}
