/* SPDX-License-Identifier: MIT */
/* signal.c - handlers and signalling.
 *
 * The active handlers are a list, innermost first. To signal is to go along it; while one runs, the list begins outside
 * of its whole form, so what a handler signals goes to outer ones only. Whoever transfers control out of a handler
 * comes to a target whose frame knows the list that was active there.
 */
#include <stdarg.h>
#include <string.h>

#include "condition/condition.h"

/* ---- binding ---- */

weft_handler *weft_handlers_begin(weft_handler *handler, const weft_handler_clause *clauses, size_t count) {
    wefti_strand *self = wefti_strand_self();
    handler->clauses = clauses;
    handler->count = count;
    handler->begun = self != NULL;
    if (self == NULL) return handler; /* no memory for the process object: nobody will look for handlers */
    handler->outer = self->handlers;
    self->handlers = handler;
    return handler;
}

weft_handler *weft_handler_begin(weft_handler *handler, const weft_condition_type *type,
                                 void (*handle)(const weft_condition *condition, void *argument), void *argument) {
    handler->own = (weft_handler_clause){type, handle, argument};
    return weft_handlers_begin(handler, &handler->own, 1);
}

void weft_handler_end(weft_handler *handler) {
    wefti_strand *self = wefti_strand_now;
    if (handler->begun && self != NULL) self->handlers = handler->outer;
    handler->begun = false;
}

/* ---- signalling ---- */

static void run_form(wefti_strand *self, const weft_handler *form, const weft_condition *condition) {
    for (size_t i = 0; i < form->count; i++) {
        const weft_handler_clause *clause = &form->clauses[i];
        if (!weft_condition_is(condition, clause->type)) continue;
        self->handlers = form->outer;
        clause->handle(condition, clause->argument);
    }
}

void wefti_signal(wefti_strand *self, const weft_condition *condition) {
    weft_handler *active = self->handlers;
    for (const weft_handler *form = active; form != NULL; form = form->outer) run_form(self, form, condition);
    self->handlers = active;
}

bool wefti_handled(const wefti_strand *self, const weft_condition_type *type) {
    for (const weft_handler *form = self->handlers; form != NULL; form = form->outer)
        for (size_t i = 0; i < form->count; i++)
            if (weft_type_is(type, form->clauses[i].type)) return true;
    return false;
}

/* The message: the text itself where there is nothing to fill in. */
static const char *message_of(const weft_origin *origin, const char *format, va_list arguments, char *room) {
    if (format == NULL) return origin->type->name;
    if (strchr(format, '%') == NULL) return format;
    vsnprintf(room, WEFTI_MESSAGE_MOST, format, arguments);
    return room;
}

#define MAKE(condition, origin, format)                                                                                \
    char room[WEFTI_MESSAGE_MOST];                                                                                     \
    va_list arguments;                                                                                                 \
    va_start(arguments, format);                                                                                       \
    wefti_condition_make(&(condition), &(origin), message_of(&(origin), format, arguments, room));                     \
    va_end(arguments)

void weft_signal_from(weft_origin origin, const char *format, ...) {
    wefti_strand *self = wefti_strand_now;
    if (self == NULL || self->handlers == NULL) return;
    weft_condition condition;
    MAKE(condition, origin, format);
    wefti_signal(self, &condition);
}

void weft_error_from(weft_origin origin, const char *format, ...) {
    weft_condition condition;
    MAKE(condition, origin, format);
    weft_error_again(&condition);
}

static void warn(const weft_condition *condition) {
    if (wefti_strand_now != NULL) wefti_signal(wefti_strand_now, condition);
    fputs("weft: ", stderr);
    weft_print_condition(stderr, condition);
}

void weft_warn_from(weft_origin origin, const char *format, ...) {
    weft_condition condition;
    MAKE(condition, origin, format);
    WEFT_RESTART_CASE {
        WEFT_TRY { warn(&condition); }
        WEFT_RESTART("muffle-warning") { return; }
    }
}

void weft_signal_again(const weft_condition *condition) {
    wefti_strand *self = wefti_strand_now;
    if (self != NULL) wefti_signal(self, condition);
}

void weft_error_again(const weft_condition *condition) {
    wefti_strand *self = wefti_strand_self();
    if (self != NULL) wefti_signal(self, condition);
    wefti_unhandled(self, condition);
}
