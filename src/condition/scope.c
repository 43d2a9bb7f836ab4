/* SPDX-License-Identifier: MIT */
/* scope.c - scopes as blocks: what their beginning and their end signal. */
#include <weft/scope.h>

#include "condition/condition.h"

void weft_check_cancelled(void) {
    if (weft_cancelled()) weft_error(&weft_type_task_cancelled, "the scope of the task has been cancelled");
}

weft_scope *weft_enter_scope(const char *file, const char *function, int line, weft_deadline deadline) {
    weft_scope *scope = weft_begin_scope(NULL, deadline);
    if (scope == NULL) weft_must_at(file, function, line, weft_last_status());
    return scope;
}

/* Who has cancelled it, or a scope around it, knows that. */
void weft_close_scope(weft_scope **scope, const char *file, const char *function, int line) {
    weft_scope *ended = *scope;
    *scope = NULL;
    weft_status status = weft_join_scope(ended);
    if (status != WEFT_CANCELLED) weft_must_at(file, function, line, status);
}
