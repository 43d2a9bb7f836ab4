/* SPDX-License-Identifier: MIT */
/* submit.h - putting a task into a kernel's queues.
 *
 * The common case is inline, since some hundred million tasks a second depend on it: no options, default priority,
 * arguments that fit into one slot.
 */
#ifndef WEFTI_SUBMIT_H
#define WEFTI_SUBMIT_H

#include "base/copy.h"
#include "dynamic/env.h"
#include "sched/cancel.h"
#include "sched/kernel.h"
#include "sched/task.h"

/* The value of a pointer-sized or int-sized variable, without a call. */
static inline const void *wefti_cell_of(const wefti_strand *self, const weft_variable *variable) {
    const void *bound = wefti_variable_bound(self, variable);
    return WEFTI_UNLIKELY(bound != NULL) ? bound : variable->global;
}

static inline weft_category wefti_category_here(const wefti_strand *self) {
    /* relaxed: a category is compared, never followed. The global value may be set meanwhile. */
    return __atomic_load_n((const weft_category *)wefti_cell_of(self, &weft_task_category), __ATOMIC_RELAXED);
}

static inline weft_priority wefti_priority_here(const wefti_strand *self) {
    return __atomic_load_n((const weft_priority *)wefti_cell_of(self, &weft_task_priority),
                           __ATOMIC_RELAXED); /* as above */
}

/* The current kernel as this strand sees it. */
static inline weft_kernel *wefti_kernel_seen_by(const wefti_strand *self) {
    /* acquire: who finds a kernel there finds it made; partner: replace_current in kernel.c */
    return __atomic_load_n((weft_kernel *const *)wefti_cell_of(self, &weft_current_kernel), __ATOMIC_ACQUIRE);
}

enum { WEFTI_SMALL_ARGUMENTS = sizeof(wefti_slot) - sizeof(wefti_record) };

/* Every other case. */
weft_status wefti_submit_slowly(weft_kernel *kernel, const weft_submit_options *options, wefti_sink *sink,
                                const weft_task_type *type, const void *arguments);

/* What a small task is made of. */
typedef struct wefti_small {
    const weft_task_type *type;
    wefti_sink *sink;
    weft_category category;
    weft_group *group; /* NULL: none */
    const void *arguments;
} wefti_small;

static inline __attribute__((always_inline)) void wefti_write_small(wefti_slot *room, const wefti_small *small,
                                                                    unsigned generation) {
    wefti_record *record = (wefti_record *)(void *)room;
    uint8_t flags = small->group != NULL ? WEFTI_TASK_GROUP : 0;
    *record = (wefti_record){.type = small->type,
                             .sink = small->sink,
                             .category = small->category,
                             .slots = 1,
                             .flags = flags,
                             .generation = (uint8_t)generation};
    char *at = (char *)(record + 1);
    if (flags != 0) {
        *(weft_group **)(void *)at = small->group;
        at += sizeof(wefti_membership);
    }
    wefti_copy(at, small->arguments, small->type->argument_size);
}

/* A task's child, to the worker's own queue. */
static inline __attribute__((always_inline)) weft_status wefti_submit_own(weft_kernel *kernel, wefti_worker *worker,
                                                                          const wefti_small *small) {
    unsigned generation = wefti_generation(kernel);
    wefti_slot *room = wefti_queue_reserve(&worker->queue, 1);
    if (WEFTI_UNLIKELY(room == NULL)) return WEFT_NO_MEMORY;
    wefti_write_small(room, small, generation);
    wefti_count(&worker->submitted[generation]); /* relaxed: ordered by the release in publish, and in end() */
    wefti_queue_publish(&worker->queue, 1);
    return WEFT_OK;
}

static inline __attribute__((always_inline)) weft_status wefti_submit_outside(weft_kernel *kernel,
                                                                              const wefti_small *small) {
    bool closed;
    wefti_slot *room = wefti_inbox_reserve(&kernel->inbox, 1, &closed, false);
    if (WEFTI_UNLIKELY(room == NULL)) return closed ? WEFT_ENDED : WEFT_NO_MEMORY;
    unsigned generation = wefti_generation(kernel);
    wefti_write_small(room, small, generation);
    wefti_count(&kernel->inbox.submitted[generation]); /* as above; written with push_lock held */
    wefti_inbox_publish(&kernel->inbox, 1);
    return WEFT_OK;
}

/* Whether the options ask for nothing but a group, if that. */
static inline bool wefti_is_plain(const weft_submit_options *options) {
    return options->environment == NULL && options->stack_size == 0 && !options->movable;
}

/* Submits if the task is small, and says WEFT_BUSY if it is not. Inlined once with a group and once without. */
static inline __attribute__((always_inline)) weft_status wefti_submit_small(weft_kernel *kernel, wefti_strand *self,
                                                                            const wefti_small *small, uint32_t room) {
    uint32_t size = small->type->argument_size;
    if (WEFTI_UNLIKELY(size > room || (small->arguments == NULL && size > 0) || small->type->invoke == NULL ||
                       small->category == NULL || wefti_priority_here(self) != WEFT_PRIORITY_DEFAULT))
        return WEFT_BUSY;
    if (small->group != NULL) wefti_group_join(small->group);
    wefti_worker *worker = self->worker;
    bool own = worker != NULL && worker->kernel == kernel;
    weft_status status = own ? wefti_submit_own(kernel, worker, small) : wefti_submit_outside(kernel, small);
    if (WEFTI_LIKELY(status == WEFT_OK))
        wefti_notify(kernel, &kernel->idle);
    else if (small->group != NULL)
        wefti_group_leave(small->group);
    return status;
}

/* Submits a task whose outcome goes to `sink` (NULL: dropped). kernel, type and self are not NULL. Statuses as
 * weft_submit_task. */
static inline __attribute__((always_inline)) weft_status wefti_submit(weft_kernel *kernel, wefti_strand *self,
                                                                      const weft_submit_options *options,
                                                                      wefti_sink *sink, const weft_task_type *type,
                                                                      const void *arguments) {
    weft_status status = WEFT_BUSY;
    wefti_small small = {type, sink, wefti_category_here(self), NULL, arguments};
    if (WEFTI_LIKELY(options == NULL)) {
        status = wefti_submit_small(kernel, self, &small, WEFTI_SMALL_ARGUMENTS);
    } else if (options->group != NULL && wefti_is_plain(options)) {
        small.group = options->group;
        status = wefti_submit_small(kernel, self, &small, WEFTI_SMALL_ARGUMENTS - (uint32_t)sizeof(wefti_membership));
    }
    return WEFTI_LIKELY(status != WEFT_BUSY) ? status : wefti_submit_slowly(kernel, options, sink, type, arguments);
}

#endif
