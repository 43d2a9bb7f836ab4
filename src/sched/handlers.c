/* SPDX-License-Identifier: MIT */
/* handlers.c - sets of handlers that travel with tasks. */
#include "sched/handlers.h"

#include <stdlib.h>
#include <string.h>

wefti_handlers *wefti_handlers_make(wefti_handlers *outer, const weft_handler_clause *clauses, size_t count) {
    wefti_handlers *handlers = malloc(sizeof *handlers + count * sizeof *clauses);
    if (handlers == NULL) return NULL;
    wefti_atomic_init(&handlers->references, (size_t)1);
    handlers->outer = wefti_handlers_retain(outer);
    handlers->depth = outer != NULL ? outer->depth + 1 : 1;
    handlers->count = count;
    memcpy(handlers->clauses, clauses, count * sizeof *clauses);
    return handlers;
}

wefti_handlers *wefti_handlers_retain(wefti_handlers *handlers) {
    /* relaxed: the caller has a reference, so the count cannot reach zero meanwhile */
    if (handlers != NULL) wefti_add_relaxed(&handlers->references, (size_t)1);
    return handlers;
}

void wefti_handlers_release(wefti_handlers *handlers) {
    while (handlers != NULL) {
        wefti_handlers *outer = handlers->outer;
        /* acq_rel: partner is the other releases; what any holder read is read before the last one frees it. */
        if (wefti_add_acq_rel(&handlers->references, (size_t)-1) != 1) return;
        free(handlers);
        handlers = outer;
    }
}

void wefti_handlers_establish(const wefti_handlers *handlers, weft_handler *forms, wefti_strand *self) {
    weft_handler *outer = self->handlers;
    self->handlers = forms;
    for (; handlers != NULL; handlers = handlers->outer, forms++) {
        forms->clauses = handlers->clauses;
        forms->count = handlers->count;
        forms->outer = handlers->outer != NULL ? forms + 1 : outer;
    }
}
