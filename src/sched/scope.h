/* SPDX-License-Identifier: MIT */
/* scope.h - scopes as waits and tasks see them.
 *
 * A strand that is in a scope, as its parent or as one of its tasks, has a *member*, innermost first; runners' members
 * are also in a list of their worker, which its thread alone touches. The group of a scope leads to it, so a task of
 * the group becomes a member when it begins (sched/loop.c).
 *
 *   why:  0 --a task fails, the deadline, a cancel; the first wins--> 1 + status     then the group is cancelled
 *
 * Who cancels sets the group's flag, and then sees to it that waits that have begun are ended:
 *
 *   of a runner    by mail to its worker, if that has members: there the runner cannot go on meanwhile (as with kills)
 *   of a thread    the scope's parent: under the scope's lock, where it leaves its wait
 *
 * Waits that begin look first. No wait is missed:
 *
 *   member:  counted with its worker;  flag set? no: parks        canceller:  sets the flag;  worker has members? mail
 *
 * Both are two accesses in one order that all agree on: the member sees the flag or the canceller the member. A runner
 * that has looked parks before its worker looks at its mail, since both are the same thread. A thread looks and leaves
 * its wait under the lock.
 *
 * Locks: of an outer scope before those inside of it. Held for the mail too, which takes memory; cancelling is rare.
 *
 * Invariants
 *   S1  a scope is freed by its parent, after the last of its tasks has left its group, and inner scopes are joined
 *   S2  a member is unlinked before its task leaves the group
 *   S3  a scope inside a cancelled one is cancelled
 */
#ifndef WEFTI_SCOPE_H
#define WEFTI_SCOPE_H

#include <weft/scope.h>

#include "sched/worker.h"

typedef struct wefti_member {
    weft_frame frame; /* first: unlinks it */
    struct wefti_member *outer;
    weft_scope *scope;
    wefti_strand *strand;
    struct wefti_member *next, **back; /* of the worker */
} wefti_member;

/* A task of the scope begins and ends on this runner: its frame unlinks it. */
void wefti_member_begin(wefti_member *member, wefti_runner *runner, weft_scope *scope);

/* A lost task is buried: it is no member any more. Returns what it was. */
wefti_member *wefti_members_drop(wefti_strand *strand);
/* The scopes that it was the parent of are cancelled, and end with their last task: the runner waits for that. */
void wefti_scopes_bury(wefti_member *members);

/* A task of the scope has ended with a condition, whose reference stays the caller's. */
void wefti_scope_failed(weft_scope *scope, const wefti_condition *condition);

/* Whether waits of this strand are to end at once. */
bool wefti_is_cancelled(const wefti_strand *strand);
/* Runner: the wait that is about to begin is won, with WEFT_CANCELLED. wait: NULL: the single one. */
bool wefti_cancelled_before(wefti_runner *runner, wefti_wait *wait);
/* Thread, in a scope: the same, or else the wait is left where the scope's cancellation finds it. */
bool wefti_thread_cancelled_before(wefti_strand *strand, wefti_wait *wait);
void wefti_thread_waits_no_more(wefti_strand *strand);

#endif
