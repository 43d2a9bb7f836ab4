/* SPDX-License-Identifier: MIT */
/* submit.h - putting a task into a kernel's queues.
 *
 * The common case is inline, since some hundred million tasks a second depend on it: no options, default priority,
 * arguments that fit into one slot.
 */
#ifndef WEFTI_SUBMIT_H
#define WEFTI_SUBMIT_H

#include <string.h>

#include "dynamic/env.h"
#include "sched/cancel.h"
#include "sched/kernel.h"
#include "sched/task.h"

/* Where the value of a variable lies for this strand. */
static inline const void *wefti_cell_of(const wefti_strand *self, const weft_variable *variable) {
    const void *bound = wefti_variable_bound(self, variable);
    return WEFTI_UNLIKELY(bound != NULL) ? bound : variable->global;
}

/* Where it lies for a strand that has bound nothing beyond what its worker has; NULL: it has. */
static inline const wefti_cells *wefti_cells_of(const wefti_strand *self) {
    const wefti_worker *worker = self->worker;
    return WEFTI_LIKELY(worker != NULL && self->bound == worker->base) ? &worker->cells : NULL;
}

static inline weft_category wefti_category_here(const wefti_strand *self) {
    const wefti_cells *cells = wefti_cells_of(self);
    const weft_category *cell =
        WEFTI_LIKELY(cells != NULL) ? cells->category : wefti_cell_of(self, &weft_task_category);
    /* relaxed: a category is compared, never followed. The global value may be set meanwhile. */
    return __atomic_load_n(cell, __ATOMIC_RELAXED);
}

static inline weft_priority wefti_priority_here(const wefti_strand *self) {
    const wefti_cells *cells = wefti_cells_of(self);
    const weft_priority *cell =
        WEFTI_LIKELY(cells != NULL) ? cells->priority : wefti_cell_of(self, &weft_task_priority);
    return __atomic_load_n(cell, __ATOMIC_RELAXED); /* as above */
}

/* The current kernel as this strand sees it. */
static inline weft_kernel *wefti_kernel_seen_by(const wefti_strand *self) {
    const wefti_cells *cells = wefti_cells_of(self);
    weft_kernel *const *cell = WEFTI_LIKELY(cells != NULL) ? cells->kernel : wefti_cell_of(self, &weft_current_kernel);
    /* acquire: who finds a kernel there finds it made; partner: replace_current in kernel.c */
    return __atomic_load_n(cell, __ATOMIC_ACQUIRE);
}

enum { WEFTI_SMALL_ARGUMENTS = sizeof(wefti_slot) - sizeof(wefti_record) };

/* submit.c: every other case. */
weft_status wefti_submit_otherwise(weft_kernel *kernel, wefti_strand *self, const weft_submit_options *options,
                                   wefti_sink *sink, const weft_task_type *type, const void *arguments);

/* What a small task is made of. */
typedef struct wefti_small {
    const weft_task_type *type;
    wefti_sink *sink;
    weft_category category;
    weft_group *group; /* NULL: none */
    const void *arguments;
} wefti_small;

/* Up to 32 bytes, without a call: one would have the whole path keep its registers on the stack. */
static inline __attribute__((always_inline)) void wefti_copy_small(char *to, const char *from, uint32_t size) {
    if (size == 4) {
        memcpy(to, from, 4);
    } else if (size >= 16) {
        memcpy(to, from, 16);
        memcpy(to + size - 16, from + size - 16, 16);
    } else if (size >= 8) {
        memcpy(to, from, 8);
        memcpy(to + size - 8, from + size - 8, 8);
    } else if (size >= 4) {
        memcpy(to, from, 4);
        memcpy(to + size - 4, from + size - 4, 4);
    } else if (size != 0) {
        to[0] = from[0];
        to[size / 2] = from[size / 2];
        to[size - 1] = from[size - 1];
    }
}

static inline __attribute__((always_inline)) void wefti_write_small(wefti_slot *room, const wefti_small *small,
                                                                    unsigned generation) {
    wefti_record *record = (wefti_record *)(void *)room;
    record->type = small->type;
    record->sink = small->sink;
    record->category = small->category;
    record->slots = 1;
    record->flags = small->group != NULL ? WEFTI_TASK_GROUP : 0;
    record->generation = (uint8_t)generation;
    char *at = (char *)(record + 1);
    if (small->group != NULL) {
        *(weft_group **)(void *)at = small->group;
        at += sizeof(wefti_membership);
    }
    wefti_copy_small(at, small->arguments, small->type->argument_size);
}

/* A task's child, to the worker's own queue. WEFT_BUSY: there is no room in the chunk. */
static inline __attribute__((always_inline)) weft_status wefti_submit_own(weft_kernel *kernel, wefti_worker *worker,
                                                                          const wefti_small *small) {
    wefti_slot *room = wefti_queue_room(&worker->queue);
    if (WEFTI_UNLIKELY(room == NULL)) return WEFT_BUSY;
    if (small->group != NULL) wefti_group_join(small->group, worker);
    unsigned generation = wefti_generation(kernel);
    wefti_write_small(room, small, generation);
    wefti_count(&worker->submitted[generation]); /* relaxed: ordered by the release in publish, and in end() */
    wefti_queue_publish(&worker->queue, 1);
    wefti_notify(kernel, &kernel->idle);
    return WEFT_OK;
}

/* Whether the options ask for nothing but a group, if that. */
static inline bool wefti_is_plain(const weft_submit_options *options) {
    return options->environment == NULL && options->stack_size == 0 && !options->movable;
}

/* Whether a task fits into one slot, of which `room` bytes are for its arguments. */
static inline __attribute__((always_inline)) bool wefti_is_small(const weft_task_type *type, const void *arguments,
                                                                 uint32_t room) {
    uint32_t size = type->argument_size;
    return size <= room && (arguments != NULL || size == 0) && type->invoke != NULL;
}

/* A task of this kernel, which has bound nothing itself, submits a small one. WEFT_BUSY: it does not. Inlined once with
 * a group and once without. */
static inline __attribute__((always_inline)) weft_status
wefti_submit_child(weft_kernel *kernel, const wefti_strand *self, weft_group *group, wefti_sink *sink,
                   const weft_task_type *type, const void *arguments) {
    uint32_t room = WEFTI_SMALL_ARGUMENTS - (group != NULL ? (uint32_t)sizeof(wefti_membership) : 0);
    wefti_worker *worker = self->worker;
    if (WEFTI_UNLIKELY(worker == NULL || self->bound != worker->base || worker->kernel != kernel)) return WEFT_BUSY;
    /* relaxed, both: as in wefti_category_here */
    weft_category category = __atomic_load_n(worker->cells.category, __ATOMIC_RELAXED);
    weft_priority priority = __atomic_load_n(worker->cells.priority, __ATOMIC_RELAXED);
    if (WEFTI_UNLIKELY(category == NULL || priority != WEFT_PRIORITY_DEFAULT || !wefti_is_small(type, arguments, room)))
        return WEFT_BUSY;
    return wefti_submit_own(kernel, worker, &(wefti_small){type, sink, category, group, arguments});
}

/* Submits a task whose outcome goes to `sink` (NULL: dropped). kernel, type and self are not NULL. Statuses as
 * weft_submit_task. */
static inline __attribute__((always_inline)) weft_status wefti_submit(weft_kernel *kernel, wefti_strand *self,
                                                                      const weft_submit_options *options,
                                                                      wefti_sink *sink, const weft_task_type *type,
                                                                      const void *arguments) {
    weft_status status = WEFT_BUSY;
    if (WEFTI_LIKELY(options == NULL))
        status = wefti_submit_child(kernel, self, NULL, sink, type, arguments);
    else if (options->group != NULL && wefti_is_plain(options))
        status = wefti_submit_child(kernel, self, options->group, sink, type, arguments);
    if (WEFTI_LIKELY(status != WEFT_BUSY)) return status;
    return wefti_submit_otherwise(kernel, self, options, sink, type, arguments);
}

#endif
