/* SPDX-License-Identifier: MIT */
/* handlers.h - sets of handlers that travel with tasks.
 *
 * A set is immutable and counted, and leads to the set outside of it. The dynamic variable wefti_task_handlers says
 * which one is in force; so whoever has bound it comes to the general way of submitting by itself, and others pay
 * nothing. A task that was created in its extent keeps a reference, and while it runs has the handlers bound, and the
 * variable too.
 */
#ifndef WEFTI_HANDLERS_H
#define WEFTI_HANDLERS_H

#include <weft/condition.h>

#include "dynamic/env.h"

typedef struct wefti_handlers {
    WEFTI_ATOMIC(size_t) references;
    struct wefti_handlers *outer; /* a reference */
    size_t depth;                 /* of this set and those outside of it */
    size_t count;
    weft_handler_clause clauses[];
} wefti_handlers;

/* The set in force for tasks that are created here; NULL: none. */
static inline wefti_handlers *wefti_handlers_here(const wefti_strand *self) {
    wefti_handlers *const *bound = wefti_variable_bound(self, &wefti_task_handlers);
    return bound != NULL ? *bound : NULL;
}

wefti_handlers *wefti_handlers_make(wefti_handlers *outer, const weft_handler_clause *clauses, size_t count);
wefti_handlers *wefti_handlers_retain(wefti_handlers *handlers);
void wefti_handlers_release(wefti_handlers *handlers); /* NULL allowed */

/* Binds them in a strand that is to run a task, by means of `depth` forms. */
void wefti_handlers_establish(const wefti_handlers *handlers, weft_handler *forms, wefti_strand *self);

#endif
