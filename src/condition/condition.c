/* SPDX-License-Identifier: MIT */
/* condition.c - condition objects: keeping them beyond their signal, looking into them, printing them. */
#include "condition/condition.h"

#include <stdlib.h>
#include <string.h>

#include "base/live.h"

static const wefti_condition not_kept = {WEFT_FAILED, "there was no memory to keep the condition", NULL};

static void release(const wefti_condition *base) { weft_release_condition(wefti_condition_public(base)); }

static weft_status status_of(const weft_condition_type *type) {
    while (type->status == WEFT_OK && type->parent != NULL) type = type->parent;
    return type->status != WEFT_OK ? type->status : WEFT_FAILED;
}

void wefti_condition_make(weft_condition *self, const weft_origin *origin, const char *message) {
    *self = (weft_condition){.base = {WEFT_FAILED, message, release},
                             .line = origin->line,
                             .type = origin->type,
                             .file = origin->file,
                             .function = origin->function,
                             .payload = origin->payload,
                             .payload_size = origin->payload_size,
                             .cause = origin->cause};
}

/* ---- keeping ---- */

static size_t filled_up(size_t size) { return (size + 15) & ~(size_t)15; }

/* Moves the parts of the copy behind it, one after the other. */
static void *place(char **at, const void *from, size_t size, size_t room) {
    void *to = *at;
    if (size > 0) memcpy(to, from, size);
    *at += room;
    return to;
}

/* One that is kept as the cause of another is counted with that one. */
static void count_cause(const weft_condition *cause, int change) {
    if (cause != NULL && wefti_condition_full(cause) != NULL) wefti_count_live(change);
}

const weft_condition *wefti_condition_copy(const weft_condition *condition, const wefti_end *end) {
    const weft_condition *from = wefti_condition_full(condition);
    if (from == NULL) return condition;
    size_t length = strlen(from->base.message) + 1, trace = (end != NULL ? end->depth : 0) * sizeof(void *);
    weft_condition *copy = malloc(filled_up(sizeof *copy) + filled_up(from->payload_size) + filled_up(trace) + length);
    if (copy == NULL) return wefti_condition_public(&not_kept);
    *copy = *from;
    char *at = (char *)copy + filled_up(sizeof *copy);
    copy->payload =
        from->payload != NULL ? place(&at, from->payload, from->payload_size, filled_up(from->payload_size)) : NULL;
    copy->trace = place(&at, end != NULL ? end->trace : NULL, trace, filled_up(trace));
    copy->depth = end != NULL ? end->depth : 0;
    if (end != NULL) copy->task = end->task;
    copy->base.message = place(&at, from->base.message, length, length);
    copy->base.status = status_of(from->type);
    copy->cause = weft_retain_condition(from->cause);
    count_cause(copy->cause, -1);
    wefti_atomic_init(&copy->references, 1u);
    wefti_count_live(1);
    return copy;
}

const weft_condition *weft_retain_condition(const weft_condition *condition) {
    if (condition == NULL || wefti_condition_full(condition) == NULL) return condition;
    weft_condition *self = (weft_condition *)(uintptr_t)condition;
    if (wefti_load_relaxed(&self->references) == 0) return wefti_condition_copy(condition, NULL); /* its signaller's */
    wefti_add_relaxed(&self->references, 1u); /* relaxed: the caller has one, so it cannot reach zero meanwhile */
    return condition;
}

void weft_release_condition(const weft_condition *condition) {
    if (condition == NULL || wefti_condition_full(condition) == NULL) return;
    weft_condition *self = (weft_condition *)(uintptr_t)condition;
    if (wefti_load_relaxed(&self->references) == 0) return; /* as above */
    /* acq_rel: partner is the other releases; what any holder read is read before the last one frees it. */
    if (wefti_add_acq_rel(&self->references, (uint32_t)-1) != 1) return;
    count_cause(self->cause, 1);
    weft_release_condition(self->cause);
    free(self);
    wefti_count_live(-1);
}

/* ---- looking ---- */

const weft_condition_type *weft_condition_type_of(const weft_condition *condition) {
    const weft_condition *full = wefti_condition_full(condition);
    return full != NULL ? full->type : weft_type_of_status(condition->base.status);
}

bool weft_condition_is(const weft_condition *condition, const weft_condition_type *type) {
    return condition != NULL && weft_type_is(weft_condition_type_of(condition), type);
}

const char *weft_condition_message(const weft_condition *condition) { return condition->base.message; }

weft_status weft_condition_status(const weft_condition *condition) {
    return status_of(weft_condition_type_of(condition));
}

const void *weft_condition_payload(const weft_condition *condition, size_t *size) {
    const weft_condition *full = wefti_condition_full(condition);
    if (size != NULL) *size = full != NULL ? full->payload_size : 0;
    return full != NULL ? full->payload : NULL;
}

const weft_condition *weft_condition_cause(const weft_condition *condition) {
    const weft_condition *full = wefti_condition_full(condition);
    return full != NULL ? full->cause : NULL;
}

/* The body of a task has a name of its own, which its writer does not know. */
static const char *written_name(const char *function) {
    static const char body[] = "wefti_body_of_";
    bool is_body = function != NULL && strncmp(function, body, sizeof body - 1) == 0;
    return is_body ? function + sizeof body - 1 : function;
}

bool weft_condition_place(const weft_condition *condition, const char **file, const char **function, int *line) {
    const weft_condition *full = wefti_condition_full(condition);
    if (file != NULL) *file = full != NULL ? full->file : NULL;
    if (function != NULL) *function = full != NULL ? written_name(full->function) : NULL;
    if (line != NULL) *line = full != NULL ? full->line : 0;
    return full != NULL && full->file != NULL;
}

const char *weft_condition_task(const weft_condition *condition) {
    const weft_condition *full = wefti_condition_full(condition);
    return full != NULL ? full->task : NULL;
}

size_t weft_condition_backtrace(const weft_condition *condition, void **addresses, size_t room) {
    const weft_condition *full = wefti_condition_full(condition);
    if (full == NULL) return 0;
    for (size_t i = 0; i < room && i < full->depth; i++) addresses[i] = full->trace[i];
    return full->depth;
}

/* ---- printing ---- */

static void print_one(FILE *to, const weft_condition *condition) {
    const char *file, *function, *task = weft_condition_task(condition);
    int line;
    fprintf(to, "%s: %s\n", weft_condition_type_of(condition)->name, weft_condition_message(condition));
    if (weft_condition_place(condition, &file, &function, &line))
        fprintf(to, "  signalled in %s (%s:%d)\n", function, file, line);
    if (task != NULL) fprintf(to, "  in task %s:\n", task);
    const weft_condition *full = wefti_condition_full(condition);
    if (full != NULL) wefti_trace_print(to, full->trace, full->depth);
}

void weft_print_condition(FILE *to, const weft_condition *condition) {
    for (; condition != NULL; condition = weft_condition_cause(condition)) {
        print_one(to, condition);
        if (weft_condition_cause(condition) != NULL) fputs("caused by ", to);
    }
}
