/* SPDX-License-Identifier: MIT */
/* broadcast.c - running a task at the same time once in each worker.
 *
 * First everything submitted before is waited for (sched/drain.h). Then each worker gets a runner of its own through
 * its mailbox, so that no distribution can go wrong; the runners meet: each blocks its worker's thread until the last
 * has come, then all call the function. Broadcasts to one kernel queue up on a mutex, since two that each held some
 * workers would wait for each other for ever, as they do in the original.
 */
#include <stdlib.h>
#include <string.h>

#include "comm/channel.h"
#include "condition/kernel.h"
#include "sched/kernel.h"
#include "sched/submit.h"

typedef struct broadcast {
    const weft_task_type *type;
    const void *arguments;
    unsigned char *results;
    weft_status *outcomes;
    weft_category category;
    uint32_t workers;
    unsigned char *scratch; /* a copy of the arguments and room for a result, for each worker */
    size_t scratch_each;
    wefti_futex arrived, done;
    WEFTI_ATOMIC(const wefti_condition *) failure; /* of the first task that failed; NULL: none */
} broadcast;

/* One arrival, or end; the last one wakes those who wait for all. */
static void count_in(wefti_futex *word, uint32_t all) {
    /* acq_rel: what each did before is seen by who waits; partner: wait_for_all */
    if (wefti_add_acq_rel(word, 1u) + 1 == all) wefti_futex_wake(word, INT32_MAX);
}

static void wait_for_all(wefti_futex *word, uint32_t all) {
    uint32_t seen;
    while ((seen = wefti_load_acquire(word)) < all) /* partner: count_in */
        wefti_futex_wait(word, seen, INT64_MAX);
}

/* An error of the task ends here; of several, the one that comes first is kept for the caller. */
static weft_status give_outcome(broadcast *b, const wefti_condition *condition) {
    weft_status status = condition->status;
    const wefti_condition *none = NULL;
    /* acq_rel: the caller takes it after all have ended; partner: there */
    if (!wefti_cas_acq_rel(&b->failure, &none, condition)) wefti_condition_drop(condition);
    return status;
}

static WEFTI_NOINLINE weft_status invoke(broadcast *b, wefti_strand *self, void *arguments, void *result) {
    wefti_end_target end;
    wefti_end_target_begin(self, &end);
    if (setjmp(end.target.place) != 0) return give_outcome(b, end.outcome);
    b->type->invoke(arguments, result);
    wefti_frame_end(self, &end.target.frame, false);
    return WEFT_OK;
}

static void gather(wefti_runner *self, void *argument) {
    broadcast *b = argument;
    wefti_worker *worker = self->fiber.strand.worker;
    unsigned char *arguments = b->scratch + worker->index * b->scratch_each;
    unsigned char *result = arguments + ((b->type->argument_size + 15u) & ~15u);
    wefti_store_relaxed(&self->category, b->category);
    wefti_store_relaxed(&self->type, b->type);
    count_in(&b->arrived, b->workers);
    wait_for_all(&b->arrived, b->workers);
    weft_status status = invoke(b, &self->fiber.strand, arguments, result);
    size_t size = b->type->result_size;
    if (b->results != NULL && status == WEFT_OK) memcpy(b->results + worker->index * size, result, size);
    if (b->outcomes != NULL) b->outcomes[worker->index] = status;
    wefti_store_relaxed(&self->type, NULL);
    count_in(&b->done, b->workers); /* the last access: the caller may return from here on */
}

static bool prepare(broadcast *b, wefti_node **runners, weft_kernel *kernel) {
    *runners = NULL;
    b->scratch_each =
        ((b->type->argument_size + 15u) & ~(size_t)15) + ((b->type->result_size + 15u) & ~(size_t)15) + 16;
    b->scratch = malloc(b->scratch_each * b->workers);
    if (b->scratch == NULL) return false;
    for (uint32_t i = b->workers; i-- > 0;) {
        unsigned char *arguments = b->scratch + i * b->scratch_each;
        if (b->type->argument_size > 0) memcpy(arguments, b->arguments, b->type->argument_size);
        wefti_runner *runner = wefti_runner_fresh(&kernel->workers[i], kernel->stacks, kernel->stack_size);
        if (runner == NULL) return false;
        runner->first = gather;
        runner->first_argument = b;
        runner->fiber.link.next = *runners;
        *runners = &runner->fiber.link;
    }
    return true;
}

static void give_up(broadcast *b, wefti_node *runners) {
    while (runners != NULL) {
        wefti_runner *runner = wefti_runner_of(runners);
        runners = runners->next;
        wefti_runner_free(runner->fiber.strand.worker, runner);
    }
    free(b->scratch);
}

static weft_status run(weft_kernel *kernel, broadcast *b) {
    wefti_node *runners;
    if (!prepare(b, &runners, kernel)) {
        give_up(b, runners);
        return WEFT_NO_MEMORY;
    }
    wefti_drain_wait(kernel);
    while (runners != NULL) {
        wefti_node *next = runners->next;
        wefti_worker *worker = wefti_runner_of(runners)->fiber.strand.worker;
        wefti_mailbox_push(&worker->mailbox, runners);
        wefti_wake_worker(kernel, worker);
        runners = next;
    }
    wait_for_all(&b->done, b->workers);
    free(b->scratch);
    /* acquire: partner is give_outcome */
    return wefti_received(wefti_strand_self(), wefti_load_acquire(&b->failure));
}

weft_status weft_broadcast_task(weft_kernel *kernel, const weft_task_type *type, const void *arguments, void *results,
                                weft_status *outcomes) {
    if (wefti_kernel_inside(NULL)) return WEFT_IN_WORKER;
    if (type == NULL || type->invoke == NULL || (arguments == NULL && type->argument_size > 0)) return WEFT_INVALID;
    if (kernel == NULL) kernel = wefti_kernel_current();
    if (wefti_strand_self() == NULL) return WEFT_NO_MEMORY;
    if (kernel == NULL && (kernel = wefti_ask_kernel(wefti_strand_self())) == NULL) return WEFT_NO_KERNEL;
    if (!wefti_kernel_pledge(kernel)) return WEFT_ENDED;
    broadcast b = {.type = type, .arguments = arguments, .results = results, .outcomes = outcomes};
    b.category = weft_get(weft_task_category);
    b.workers = kernel->worker_count;
    pthread_mutex_lock(&kernel->broadcast_lock);
    weft_status status = run(kernel, &b);
    pthread_mutex_unlock(&kernel->broadcast_lock);
    wefti_kernel_redeem(kernel);
    return status;
}
