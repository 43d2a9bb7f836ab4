/* SPDX-License-Identifier: MIT */
/* env.h - dynamic bindings as the scheduler sees them: quick reading, captured environments, bindings of workers.
 *
 * Idea: the bindings in effect are a list on stacks, innermost first, that starts at the strand. Each binding holds a
 * mask, the union of the identity bits of itself and of all outer ones, so that reading a variable that is bound
 * nowhere ends at the first look. Up to 64 variables have bits of their own; beyond that bits are shared, which costs a
 * walk and changes no result.
 *
 *     strand->bound -> [ WEFT_BIND ] -> [ WEFT_BIND ] -> [ captured ] -> [ context ] -> [ worker's ] -> NULL
 *                      '----------- the task's own -------------'        '- from strand->base on -'
 *
 * A captured environment is immutable and counted; a task that starts with one makes bindings of its own from it, with
 * copies of the values, in memory that the scheduler provides.
 *
 * Invariants
 *   I1  b->mask == (b->next ? b->next->mask : 0) | identity of b->variable, and that identity is not 0
 *   I2  a list is read and changed only by its strand
 */
#ifndef WEFTI_ENV_H
#define WEFTI_ENV_H

#include <weft/kernel.h>

#include "base/atomic.h"
#include "dynamic/strand.h"

enum { WEFTI_VARIABLE_MAX = 64 }; /* bytes of the largest value */

/* The bindings of a plain thread for which no process object could be had. */
extern __thread weft_bound *wefti_bound_unattached __attribute__((tls_model("initial-exec")));

/* Whether threads that Weft did not make begin with bindings: then reading makes a process object. Set by sched. */
typedef WEFTI_ATOMIC(bool) wefti_switch;
extern wefti_switch wefti_initial_bindings;

/* What sched/attach.c calls for a process object just made: it takes over what the thread bound without one. */
static inline void wefti_bindings_adopt(wefti_strand *strand) {
    strand->bound = wefti_bound_unattached;
    wefti_bound_unattached = NULL;
}

/* The public struct has a plain word, since public headers know no atomics; every access goes through here.
 * relaxed: a variable has a bit before a binding of it is linked, and its strand, which alone reads that list, was then
 * ordered after the choice (by program order, or by the submission of the task that brought the captured set). */
static inline uint64_t wefti_variable_identity(const weft_variable *variable) {
    return __atomic_load_n(&variable->identity, __ATOMIC_RELAXED);
}

/* The innermost binding of the variable in a list, or NULL. */
static inline weft_bound *wefti_bound_find(weft_bound *bound, const weft_variable *variable) {
    uint64_t identity = wefti_variable_identity(variable);
    for (; bound && (bound->mask & identity); bound = bound->next)
        if (bound->variable == variable) return bound;
    return NULL;
}

/* variables.c: the set of handlers that tasks created here get (sched/handlers.h). Never captured: it is counted. */
extern weft_variable wefti_task_handlers;

/* For hot paths: where the innermost value of the variable lies, or NULL if it is not bound in the strand. */
static inline void *wefti_variable_bound(const wefti_strand *strand, const weft_variable *variable) {
    weft_bound *bound = wefti_bound_find(strand->bound, variable);
    return WEFTI_UNLIKELY(bound != NULL) ? bound->value : NULL;
}

/* Adds a reference. NULL gives NULL. */
weft_environment *wefti_environment_retain(weft_environment *environment);

/* Bytes of memory, aligned to 8, that wefti_environment_instantiate needs; 0 for NULL. */
size_t wefti_environment_size(const weft_environment *environment);

/* Builds bindings with copies of the captured values, above `outer`. Returns the innermost: `outer` for NULL or an
 * empty set. Does not allocate, keeps no reference. */
weft_bound *wefti_environment_instantiate(const weft_environment *environment, void *memory, weft_bound *outer);

/* Whether every binding of a kernel's options names a variable and says where its value comes from. */
bool wefti_bindings_valid(const weft_worker_binding *bindings, size_t count);

/* Bytes of memory, aligned to 8, that wefti_bindings_instantiate needs. */
size_t wefti_bindings_size(const weft_worker_binding *bindings, size_t count);

/* Computes and establishes the bindings of a worker, in order, above what is bound in its strand; runs as that strand.
 * Each compute function sees the bindings before its own. They last as long as the memory: the caller puts the former
 * strand->bound back. */
void wefti_bindings_instantiate(const weft_worker_binding *bindings, size_t count, void *memory, wefti_strand *strand);

/* Binds one variable to a copy of a value, in memory of wefti_binding_size(variable) bytes, aligned to 8. */
size_t wefti_binding_size(const weft_variable *variable);
weft_bound *wefti_binding_instantiate(weft_variable *variable, const void *value, void *memory, weft_bound *outer);

#endif
