/* SPDX-License-Identifier: MIT */
/* submit.c - submitting tasks: from a call to a record in a queue. */
#include "sched/submit.h"

#include <stdlib.h>
#include <string.h>

#include "base/copy.h"
#include "dynamic/env.h"
#include "sched/cancel.h"
#include "sched/handlers.h"
#include "sched/kernel.h"
#include "sched/slice.h"

enum { LARGEST_ARGUMENTS = 64 * 1024 };

/* What a submission comes to once its options are read. */
typedef struct submission {
    const weft_task_type *type;
    const void *arguments;
    size_t inline_size; /* of the arguments, or of the pointer to them */
    const wefti_extras *extras;
    void *heap;
    uint32_t slots;
    wefti_record head;
} submission;

static bool check(const weft_task_type *type, const void *arguments, const weft_submit_options *options) {
    if (type == NULL || type->invoke == NULL || type->argument_size > LARGEST_ARGUMENTS) return false;
    if (type->argument_size > 0 && arguments == NULL) return false;
    return options == NULL ||
           (options->stack_size <= WEFTI_LARGEST_STACK && (unsigned)options->slicing <= WEFT_NOT_SLICED);
}

/* Says how long the record will be, and copies arguments that are too long for it. */
static bool measure(submission *s) {
    size_t fixed = sizeof(wefti_record) + (s->extras != NULL ? sizeof(wefti_extras) : 0);
    s->inline_size = s->type->argument_size;
    if (WEFTI_UNLIKELY(fixed + s->inline_size > WEFTI_RECORD_MOST_SLOTS * sizeof(wefti_slot))) {
        s->heap = malloc(s->inline_size);
        if (s->heap == NULL) return false;
        memcpy(s->heap, s->arguments, s->inline_size);
        s->arguments = &s->heap;
        s->inline_size = sizeof s->heap;
        s->head.flags |= WEFTI_TASK_HEAP;
    }
    s->slots = (uint32_t)((fixed + s->inline_size + sizeof(wefti_slot) - 1) / sizeof(wefti_slot));
    s->head.slots = (uint8_t)s->slots;
    return true;
}

static void write_record(const submission *s, wefti_slot *room, unsigned generation) {
    wefti_record *record = (wefti_record *)(void *)room;
    *record = s->head;
    record->generation = (uint8_t)generation;
    char *at = (char *)(record + 1);
    if (s->extras != NULL) {
        memcpy(at, s->extras, sizeof *s->extras);
        at += sizeof *s->extras;
    }
    wefti_copy(at, s->arguments, s->inline_size);
}

static weft_status put_own(wefti_worker *worker, const submission *s) {
    wefti_slot *room = wefti_queue_reserve(&worker->queue, s->slots);
    if (room == NULL) return WEFT_NO_MEMORY;
    unsigned generation = wefti_generation(worker->kernel);
    write_record(s, room, generation);
    wefti_count(&worker->submitted[generation]); /* relaxed: ordered by the release in publish, and in end() */
    wefti_queue_publish(&worker->queue, s->slots);
    return WEFT_OK;
}

static weft_status put_outside(weft_kernel *kernel, wefti_inbox *inbox, const submission *s, bool insider) {
    bool closed;
    wefti_slot *room = wefti_inbox_reserve(inbox, s->slots, &closed, insider);
    if (room == NULL) return closed ? WEFT_ENDED : WEFT_NO_MEMORY;
    unsigned generation = wefti_generation(kernel);
    write_record(s, room, generation);
    wefti_count(&inbox->submitted[generation]); /* as in put_own; written with push_lock held */
    wefti_inbox_publish(inbox, s->slots);
    return WEFT_OK;
}

static weft_status put(weft_kernel *kernel, wefti_strand *self, const submission *s, weft_priority priority) {
    wefti_worker *worker = self->worker;
    bool own = worker != NULL && worker->kernel == kernel;
    weft_status status;
    if (WEFTI_UNLIKELY(priority == WEFT_PRIORITY_LOW))
        status = put_outside(kernel, &kernel->low, s, own); /* its own tasks may submit to a kernel that is ending */
    else if (own)
        status = put_own(worker, s);
    else
        status = put_outside(kernel, &kernel->inbox, s, false);
    if (WEFTI_LIKELY(status == WEFT_OK)) wefti_notify(kernel, &kernel->idle);
    return status;
}

static bool has_extras(const weft_submit_options *options) {
    return options->group != NULL || options->environment != NULL || options->stack_size != 0;
}

/* What a record of this kernel says. */
static uint8_t flags_of(weft_kernel *kernel, const weft_submit_options *options) {
    unsigned flags = options->movable ? WEFTI_TASK_MOVABLE : 0;
    if (options->slicing == WEFT_SLICED &&
        wefti_load_acquire(&kernel->slicer) == NULL) /* partner: wefti_slicer_begin */
        wefti_slicer_begin(kernel);
    if (options->slicing != WEFT_SLICED_AS_KERNEL && (options->slicing == WEFT_SLICED) != kernel->slices)
        flags |= WEFTI_TASK_CONTRARY;
    return (uint8_t)flags;
}

/* The record's own references. */
static void fill_in(wefti_extras *extras, const weft_submit_options *options, wefti_strand *self) {
    wefti_handlers_retain(extras->handlers);
    if (options == NULL) return;
    extras->group = options->group;
    extras->environment = wefti_environment_retain(options->environment);
    extras->stack_size = options->stack_size;
    if (options->group != NULL) wefti_group_join(options->group, self->worker);
}

static WEFTI_NOINLINE weft_status submit_general(weft_kernel *kernel, wefti_strand *self,
                                                 const weft_submit_options *options, wefti_sink *sink,
                                                 const weft_task_type *type, const void *arguments,
                                                 weft_priority priority) {
    submission s = {.type = type, .arguments = arguments};
    s.head.type = type;
    s.head.sink = sink;
    s.head.category = wefti_category_here(self);
    if (WEFTI_UNLIKELY(s.head.category == NULL || (unsigned)priority > WEFT_PRIORITY_LOW)) return WEFT_INVALID;
    wefti_extras extras = {.handlers = wefti_handlers_here(self)};
    if (options != NULL) s.head.flags |= flags_of(kernel, options);
    if (extras.handlers != NULL || (options != NULL && has_extras(options))) {
        fill_in(&extras, options, self);
        s.extras = &extras;
        s.head.flags |= WEFTI_TASK_EXTRAS;
        if (extras.stack_size > kernel->stack_size) s.head.flags |= WEFTI_TASK_STACK;
    }
    weft_status status = measure(&s) ? put(kernel, self, &s, priority) : WEFT_NO_MEMORY;
    if (WEFTI_UNLIKELY(status != WEFT_OK)) {
        free(s.heap);
        wefti_handlers_release(extras.handlers);
        weft_release_environment(extras.environment);
        if (extras.group != NULL) wefti_group_leave(extras.group);
    }
    return status;
}

/* A small task without options, from outside. */
static inline __attribute__((always_inline)) weft_status submit_outside(weft_kernel *kernel, const wefti_small *small) {
    bool closed;
    wefti_slot *room = wefti_inbox_reserve(&kernel->inbox, 1, &closed, false);
    if (WEFTI_UNLIKELY(room == NULL)) return closed ? WEFT_ENDED : WEFT_NO_MEMORY;
    unsigned generation = wefti_generation(kernel);
    wefti_write_small(room, small, generation);
    wefti_count(&kernel->inbox.submitted[generation]); /* as in put_own; written with push_lock held */
    wefti_inbox_publish(&kernel->inbox, 1);
    wefti_notify(kernel, &kernel->idle);
    return WEFT_OK;
}

static WEFTI_NOINLINE weft_status submit_checked(weft_kernel *kernel, wefti_strand *self,
                                                 const weft_submit_options *options, wefti_sink *sink,
                                                 const weft_task_type *type, const void *arguments) {
    if (!check(type, arguments, options)) return WEFT_INVALID;
    return submit_general(kernel, self, options, sink, type, arguments, wefti_priority_here(self));
}

weft_status wefti_submit_otherwise(weft_kernel *kernel, wefti_strand *self, const weft_submit_options *options,
                                   wefti_sink *sink, const weft_task_type *type, const void *arguments) {
    bool outside = self->worker == NULL || self->worker->kernel != kernel;
    if (WEFTI_UNLIKELY(!outside || options != NULL || !wefti_is_small(type, arguments, WEFTI_SMALL_ARGUMENTS)))
        return submit_checked(kernel, self, options, sink, type, arguments);
    /* relaxed, both: as in wefti_category_here */
    weft_category category =
        __atomic_load_n((const weft_category *)wefti_cell_of(self, &weft_task_category), __ATOMIC_RELAXED);
    weft_priority priority =
        __atomic_load_n((const weft_priority *)wefti_cell_of(self, &weft_task_priority), __ATOMIC_RELAXED);
    if (WEFTI_UNLIKELY(category == NULL || priority != WEFT_PRIORITY_DEFAULT || wefti_handlers_here(self) != NULL))
        return submit_checked(kernel, self, options, sink, type, arguments);
    return submit_outside(kernel, &(wefti_small){type, sink, category, NULL, arguments});
}
