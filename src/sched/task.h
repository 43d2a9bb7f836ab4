/* SPDX-License-Identifier: MIT */
/* task.h - a task between its submission and its outcome.
 *
 * A task that has not begun is a record in a queue, nothing else: no object, no allocation. When it begins, its record
 * is copied to the stack it runs on. Its outcome goes to a sink (a channel, a broadcast, ...), which is all that this
 * floor knows of channels.
 */
#ifndef WEFTI_TASK_H
#define WEFTI_TASK_H

#include <weft/task.h>

#include "lockfree/chunk.h"

/* Why there is no value: what every condition begins with (condition/condition.h). This floor makes static ones only.
 */
typedef struct wefti_condition {
    weft_status status; /* what the receiver of such an element gets: WEFT_FAILED, WEFT_CANCELLED */
    const char *message;
    void (*release)(const struct wefti_condition *self); /* gives one reference back; NULL: it is for ever */
} wefti_condition;

extern const wefti_condition wefti_task_cancelled;

/* Gives back a reference, where one is kept instead of a value: an outcome that nobody receives. NULL is allowed. */
static inline void wefti_condition_drop(const wefti_condition *condition) {
    if (condition != NULL && condition->release != NULL) condition->release(condition);
}

/* condition/outcome.c: hands over to a strand the condition that it receives, a reference; returns its status. The
 * strand is the caller's own, or waits and has been claimed by the caller. */
struct wefti_strand;
weft_status wefti_condition_receive(struct wefti_strand *receiver, const wefti_condition *condition);

/* The same condition with one reference more. */
const wefti_condition *wefti_condition_retain(const wefti_condition *condition);

/* The strand ends. */
void wefti_condition_forget(struct wefti_strand *receiver);

/* Where outcomes go. `deliver` gets a value or, if condition is not NULL, a reference to that, which is its own from
 * then on; it may park the caller. */
typedef struct wefti_sink {
    void (*deliver)(struct wefti_sink *sink, const void *value, const wefti_condition *condition);
} wefti_sink;

enum wefti_record_flag {
    WEFTI_TASK_EXTRAS = 1,   /* wefti_extras stand before the arguments */
    WEFTI_TASK_HEAP = 2,     /* the arguments are a pointer to malloc'ed memory */
    WEFTI_TASK_MOVABLE = 4,  /* may go on on another worker */
    WEFTI_TASK_STACK = 8,    /* wants a stack of its own size */
    WEFTI_TASK_GROUP = 16,   /* a wefti_membership stands before the arguments (and no extras) */
    WEFTI_TASK_WATCHED = 32, /* never in a record: of the runner, see worker.h; beside the others one look tells both */
    WEFTI_TASK_DOOMED = 64,  /* the same */
    WEFTI_TASK_CONTRARY = 128, /* of slices it has what its kernel has not by default */
    WEFTI_TASK_SCOPED = 256    /* never in a record, as WATCHED */
};

typedef struct wefti_record {
    const weft_task_type *type;
    wefti_sink *sink; /* NULL: the outcome is dropped */
    weft_category category;
    uint8_t slots;      /* stands at WEFTI_RECORD_LENGTH */
    uint8_t flags;      /* wefti_record_flag */
    uint8_t generation; /* which of two counts it is in: see drain.h */
    uint8_t unused[5];
} wefti_record;

typedef struct wefti_extras {
    weft_group *group;
    weft_environment *environment;
    size_t stack_size;
    struct wefti_handlers *handlers; /* that travel with it */
} wefti_extras;

/* All that most tasks of a group need beside their arguments. */
typedef struct wefti_membership {
    weft_group *group;
    size_t unused;
} wefti_membership;

_Static_assert(offsetof(wefti_record, slots) == WEFTI_RECORD_LENGTH, "the queue reads the length there");
_Static_assert(sizeof(wefti_record) == 32 && sizeof(wefti_extras) == 32, "arguments stay 16-byte aligned");

enum { WEFTI_INLINE_BYTES = WEFTI_RECORD_MOST_SLOTS * (int)sizeof(wefti_slot) - (int)sizeof(wefti_record) };

static inline wefti_extras *wefti_record_extras(wefti_record *record) {
    return (record->flags & WEFTI_TASK_EXTRAS) != 0 ? (wefti_extras *)(record + 1) : NULL;
}

static inline void *wefti_record_arguments(wefti_record *record) {
    unsigned char *at = (unsigned char *)(record + 1);
    if (WEFTI_UNLIKELY((record->flags & WEFTI_TASK_EXTRAS) != 0)) at += sizeof(wefti_extras);
    if ((record->flags & WEFTI_TASK_GROUP) != 0) at += sizeof(wefti_membership);
    if ((record->flags & WEFTI_TASK_HEAP) != 0) return *(void **)(void *)at;
    return at;
}

#endif
