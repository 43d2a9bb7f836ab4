/* SPDX-License-Identifier: MIT */
/* case.c - handler cases and restart cases: targets with several ways in; finding and invoking restarts.
 *
 * A case goes through its clauses like this; what the clauses' macros ask for is answered by the phase:
 *
 *   BEGUN --go on--> COLLECT: all clauses --go on--> RUN: the block ----------go on---------> DONE
 *                                                      '-transfer-> CHOSEN: one clause --go on-'
 *
 * In RUN it is active: its frame is a target, its handlers and restarts are linked. The end of the frame, however it
 * comes, puts back the lists that were active before.
 */
#include <stdlib.h>
#include <string.h>

#include "condition/condition.h"
#include "os/os.h"
#include "sched/worker.h"

enum { BEGUN = 0, COLLECT = 1, RUN = 2, CHOSEN = 3, DONE = 4 };
enum { NO_CLAUSE = UINT32_MAX }; /* chosen: the case just ends; the macro knows */

weft_case *weft_case_begin(weft_case *self) {
    self->phase = BEGUN;
    self->target.frame.begun = false;
    self->condition = NULL;
    self->text = NULL;
    self->chosen = self->handlers = self->restarts = self->at = 0;
    return self;
}

weft_case *weft_case_ignoring(weft_case *self) {
    weft_case_begin(self);
    self->phase = COLLECT;
    weft_case_handle(self, &weft_type_error);
    self->clause_of[0] = (uint32_t)NO_CLAUSE;
    return self;
}

/* ---- becoming active, and no more ---- */

static void link_restarts(weft_case *self, wefti_strand *strand) {
    for (uint32_t i = self->restarts; i-- > 0;) { /* so that the first one listed is found first */
        self->ways[i].outer = strand->restarts;
        strand->restarts = &self->ways[i];
    }
}

static void activate(weft_case *self) {
    wefti_strand *strand = wefti_strand_self();
    self->phase = RUN;
    self->at = 0;
    if (strand == NULL) return; /* no memory for the process object: nobody will find it */
    wefti_target_begin(strand, &self->target);
    if (self->handlers > 0) weft_handlers_begin(&self->handler, self->clauses, self->handlers);
    link_restarts(self, strand);
}

static void release_kept(void *argument) {
    weft_case *self = argument;
    weft_release_condition(self->condition);
    free(self->text);
    self->condition = NULL;
    self->text = NULL;
}

/* Also called by the landing pad of the C frame, when control is on its way here: then wefti_target_leave jumps. */
static void finish(weft_case *self) {
    weft_frame *frame = &self->target.frame;
    if (self->phase == CHOSEN && wefti_strand_now->worker != NULL)
        wefti_runner_close_spare(wefti_runner_of_strand(wefti_strand_now));
    if (frame->begun && frame->run == NULL) wefti_target_leave(wefti_strand_now, &self->target);
    if (frame->begun) wefti_frame_end(wefti_strand_now, frame, true);
    self->phase = DONE;
    release_kept(self); /* of a case that just ends, where no clause was come to */
}

/* The block of the clause that was chosen begins: what it may leave by a transfer is a clean-up now. */
static void *arrive(weft_case *self, void *at) {
    if (wefti_strand_now->worker != NULL) wefti_runner_close_spare(wefti_runner_of_strand(wefti_strand_now));
    if (self->condition != NULL || self->text != NULL)
        wefti_frame_begin(wefti_strand_now, &self->target.frame, release_kept, self);
    return at;
}

bool weft_case_go_on(weft_case *self) {
    if (self->phase == BEGUN) {
        self->phase = COLLECT;
        return true;
    }
    if (self->phase == COLLECT) {
        activate(self);
        return true;
    }
    finish(self);
    return false;
}

void weft_case_leave(weft_case **self) { finish(*self); }

/* ---- transfers ---- */

static bool is_active_here(const weft_case *self) {
    return self->phase == RUN && self->target.frame.begun && self->target.owner == wefti_strand_now &&
           wefti_within_reach(wefti_strand_now, &self->target.frame);
}

WEFTI_NORETURN static void choose(weft_case *self, uint32_t clause) {
    self->phase = CHOSEN;
    self->chosen = clause;
    self->at = 0;
    wefti_unwind_to(wefti_strand_now, &self->target);
}

/* Bound around a worker's loop it is asked by tasks too, which cannot leave their own stacks, and bound around foreign
 * code by what that calls back: it declines. */
static void to_clause(const weft_condition *condition, void *argument) {
    weft_case *self = argument;
    uint32_t which = 0;
    if (!is_active_here(self)) return;
    while (!weft_condition_is(condition, self->clauses[which].type)) which++;
    self->condition = weft_retain_condition(condition);
    choose(self, self->clause_of[which]);
}

static bool keep_argument(weft_case *self, const weft_restart *restart, const void *argument, size_t size) {
    if (size == 0) return true;
    memcpy(self->argument, argument, size);
    if (restart->kind != WEFT_ARGUMENT_TEXT) return true;
    const char *text = *(const char *const *)argument;
    if (text == NULL) return true;
    if ((self->text = strdup(text)) == NULL) return false;
    memcpy(self->argument, &self->text, sizeof self->text);
    return true;
}

weft_status weft_invoke(const weft_restart *restart, const void *argument, size_t size) {
    if (restart == NULL || (argument == NULL && size != 0)) return WEFT_INVALID;
    if (size != restart->size && (restart->invoke == NULL || size != 0)) return WEFT_WRONG_SIZE;
    if (restart->invoke != NULL) return restart->invoke(restart, size != 0 ? argument : NULL);
    weft_case *self = restart->at;
    if (!is_active_here(self)) return WEFT_INVALID;
    if (!keep_argument(self, restart, argument, size)) return WEFT_NO_MEMORY;
    choose(self, restart->clause);
}

/* ---- clauses ---- */

bool weft_case_runs(weft_case *self) { return self->phase == RUN; }

static void check_room(uint32_t have) {
    if (have >= WEFTI_CLAUSES_OF_CASE)
        wefti_stop_misuse("case", "WEFT_HANDLER_CASE", "has at most", WEFTI_CLAUSES_OF_CASE, " clauses of a kind");
}

const weft_condition *weft_case_handle(weft_case *self, const weft_condition_type *type) {
    uint32_t clause = self->at++;
    if (self->phase == CHOSEN) return clause == self->chosen ? arrive(self, (void *)(uintptr_t)self->condition) : NULL;
    if (self->phase != COLLECT) return NULL;
    check_room(self->handlers);
    self->clause_of[self->handlers] = clause;
    self->clauses[self->handlers++] = (weft_handler_clause){type, to_clause, self};
    return NULL;
}

void *weft_case_restart(weft_case *self, const char *name, size_t size, weft_argument_kind kind) {
    uint32_t clause = self->at++;
    if (self->phase == CHOSEN) return clause == self->chosen ? arrive(self, self->argument) : NULL;
    if (self->phase != COLLECT) return NULL;
    check_room(self->restarts);
    if (size > WEFTI_ARGUMENT_MOST)
        wefti_stop_misuse("restart", name, "takes an argument of at most", WEFTI_ARGUMENT_MOST, " bytes");
    self->ways[self->restarts++] =
        (weft_restart){.name = name, .kind = kind, .size = size, .clause = clause, .at = self};
    return NULL;
}

bool weft_call_handling(void (*body)(void *argument), void *argument, const weft_condition_type *type,
                        const weft_condition **condition) {
    if (condition != NULL) *condition = NULL;
    WEFT_HANDLER_CASE {
        WEFT_TRY { body(argument); }
        WEFT_HANDLE(type, found) {
            if (condition != NULL) *condition = weft_retain_condition(found);
            return false;
        }
    }
    return true;
}

/* ---- restarts ---- */

const weft_restart *weft_find_restart(const char *name) {
    wefti_strand *self = wefti_strand_now;
    if (self == NULL || name == NULL) return NULL;
    for (const weft_restart *restart = self->restarts; restart != NULL; restart = restart->outer)
        if (strcmp(restart->name, name) == 0) return restart;
    const weft_restart *last = wefti_task_restart(self);
    return last != NULL && strcmp(last->name, name) == 0 ? last : NULL;
}

size_t weft_list_restarts(const weft_restart **restarts, size_t room) {
    wefti_strand *self = wefti_strand_now;
    size_t count = 0;
    if (self == NULL) return 0;
    for (const weft_restart *restart = self->restarts; restart != NULL; restart = restart->outer)
        if (count++ < room) restarts[count - 1] = restart;
    const weft_restart *last = wefti_task_restart(self);
    if (last != NULL && count++ < room) restarts[count - 1] = last;
    return count;
}

weft_status weft_invoke_restart(const char *name) { return weft_invoke(weft_find_restart(name), NULL, 0); }
