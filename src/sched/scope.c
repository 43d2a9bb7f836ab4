/* SPDX-License-Identifier: MIT */
/* scope.c - scopes: beginning, cancelling, joining; see scope.h. */
#include "sched/scope.h"

#include <stdlib.h>

#include "base/live.h"
#include "dynamic/frame.h"
#include "sched/attach.h"
#include "sched/cancel.h"
#include "sched/kernel.h"

enum { TIMER_ARMED = 0, TIMER_OFF = 1, TIMER_FIRED = 2, TIMER_DONE = 3 };

struct weft_scope {
    wefti_member self; /* first: of the parent */
    weft_group *group;
    weft_submit_options options;
    weft_scope *outer;
    wefti_spinlock lock;
    weft_scope *inner, *next; /* scopes inside; their list is under the outer's lock */
    wefti_wait *wait;         /* of a thread that is the parent; under lock */
    const wefti_condition *failure;
    WEFTI_ATOMIC(uint32_t) why;
    WEFTI_ATOMIC(bool) elsewhere; /* it has had tasks in other kernels */
    bool timed;
    WEFTI_ATOMIC(uint32_t) timer_state;
    wefti_timer timer;
};

static const wefti_condition wait_cancelled = {WEFT_CANCELLED, "the wait was cancelled with its scope", NULL};

/* ---- members ---- */

static bool flag_is_set(const weft_scope *scope) {
    return (wefti_load_seq(&scope->group->odd) & WEFTI_GROUP_CANCELLED) != 0; /* partner: cancel */
}

bool wefti_is_cancelled(const wefti_strand *self) {
    const wefti_member *member = self->member;
    return member != NULL && self->uncancelled == 0 && self->cleaning == 0 && flag_is_set(member->scope);
}

static void link_to_worker(wefti_member *member, wefti_runner *runner) {
    wefti_worker *worker = runner->fiber.strand.worker;
    member->next = worker->members;
    member->back = &worker->members;
    if (member->next != NULL) member->next->back = &member->next;
    worker->members = member;
    wefti_add_seq(&worker->member_count, 1u); /* before any look at the flag; partner: mail_members */
    runner->watched |= WEFTI_TASK_SCOPED;
}

static void unlink_from_worker(wefti_member *member, wefti_worker *worker) {
    *member->back = member->next;
    if (member->next != NULL) member->next->back = member->back;
    wefti_add_relaxed(&worker->member_count, (uint32_t)-1); /* relaxed: mail in vain does no harm */
}

static void leave(wefti_member *member) {
    wefti_strand *self = member->strand;
    self->member = member->outer;
    if (self->worker == NULL) return;
    unlink_from_worker(member, self->worker);
    if (self->member == NULL) wefti_runner_of_strand(self)->watched &= (uint16_t)~WEFTI_TASK_SCOPED;
}

static void task_leaves(void *member) { leave(member); }

static void enter(wefti_member *member, wefti_strand *self, weft_scope *scope) {
    member->scope = scope;
    member->strand = self;
    member->outer = self->member;
    self->member = member;
    if (self->worker != NULL) link_to_worker(member, wefti_runner_of_strand(self));
}

void wefti_member_begin(wefti_member *member, wefti_runner *runner, weft_scope *scope) {
    wefti_strand *self = &runner->fiber.strand;
    runner->fiber.strand.movable = false; /* its worker's list has it */
    /* seq: before it is counted; partner: mail */
    if (self->worker->kernel != scope->options.kernel) wefti_store_seq(&scope->elsewhere, true);
    enter(member, self, scope);
    wefti_frame_begin(self, &member->frame, task_leaves, member);
}

wefti_member *wefti_members_drop(wefti_strand *strand) {
    wefti_member *dropped = strand->member;
    for (wefti_member *member = dropped; member != NULL; member = member->outer)
        unlink_from_worker(member, strand->worker);
    strand->member = NULL;
    return dropped;
}

/* ---- waits that begin ---- */

/* Whose wait has been won. */
static void tell(wefti_strand *strand) { wefti_condition_receive(strand, &wait_cancelled); }

bool wefti_cancelled_before(wefti_runner *self, wefti_wait *wait) {
    wefti_strand *strand = &self->fiber.strand;
    if (!wefti_is_cancelled(strand)) return false;
    bool won = wait != NULL ? wait->killable && wefti_wait_claim(wait, WEFT_CANCELLED) : wefti_withdraw_hook(self);
    if (!won) return false;
    wefti_store_relaxed(&self->what, NULL); /* relaxed: for dumps */
    tell(strand);
    return true;
}

bool wefti_thread_cancelled_before(wefti_strand *self, wefti_wait *wait) {
    weft_scope *scope = self->member->scope;
    if (!wait->killable || self->uncancelled != 0 || self->cleaning != 0) return false;
    wefti_spin_lock(&scope->lock);
    bool won = flag_is_set(scope) && wefti_wait_claim(wait, WEFT_CANCELLED);
    if (!won) scope->wait = wait;
    wefti_spin_unlock(&scope->lock);
    if (won) tell(self);
    return won;
}

void wefti_thread_waits_no_more(wefti_strand *self) {
    weft_scope *scope = self->member->scope;
    wefti_spin_lock(&scope->lock);
    scope->wait = NULL;
    wefti_spin_unlock(&scope->lock);
}

/* ---- waits that have begun ---- */

static void end_wait(wefti_runner *runner) {
    wefti_takes_over(runner); /* partner: its park, sched/park.c */
    wefti_wait *wait = runner->parked;
    if (wefti_load_relaxed(&runner->what) == NULL) return; /* relaxed: written on this thread, but for who wins it */
    if (wait != NULL ? !wait->killable || !wefti_wait_claim(wait, WEFT_CANCELLED) : !wefti_withdraw_hook(runner))
        return;
    tell(&runner->fiber.strand);
    wefti_unpark_with(wait != NULL ? wait : &runner->wait, (int)WEFT_CANCELLED);
}

/* Looks only at the innermost scope of each strand: who is cancelled further out is cancelled there. */
static void on_mail(wefti_runner *self) {
    const wefti_worker *worker = self->fiber.strand.worker;
    for (wefti_member *member = worker->members, *next; member != NULL; member = next) {
        next = member->next;
        wefti_strand *strand = member->strand;
        if (strand != &self->fiber.strand && strand->member == member && wefti_is_cancelled(strand))
            end_wait(wefti_runner_of_strand(strand));
    }
}

static const wefti_chore chore = {on_mail};

static void mail_members(weft_kernel *kernel, void *good) {
    for (uint32_t i = 0; i < kernel->worker_count; i++) {
        /* seq: after the flag; partner: link_to_worker */
        if (wefti_load_seq(&kernel->workers[i].member_count) == 0) continue;
        if (!wefti_worker_mail(&kernel->workers[i], &chore)) *(bool *)good = false;
    }
}

/* ---- cancelling ---- */

/* Lock held. */
static void end_wait_of_thread(weft_scope *scope) {
    wefti_wait *wait = scope->wait;
    if (wait == NULL || !wefti_wait_claim(wait, WEFT_CANCELLED)) return;
    tell(wait->strand);
    wefti_unpark(wait);
}

static bool cancel(weft_scope *scope, weft_status why) {
    bool good = true;
    uint32_t none = 0;
    wefti_cas_acq_rel(&scope->why, &none, 1u + (uint32_t)why); /* acq_rel: one reason; partner: weft_join_scope */
    wefti_spin_lock(&scope->lock);
    wefti_or_seq(&scope->group->odd, (uint32_t)WEFTI_GROUP_CANCELLED); /* partner: flag_is_set */
    end_wait_of_thread(scope);
    for (weft_scope *inner = scope->inner; inner != NULL; inner = inner->next)
        if (!cancel(inner, WEFT_CANCELLED)) good = false;
    weft_kernel *kernel = scope->options.kernel;
    const wefti_worker *parent = scope->self.strand->worker;
    mail_members(kernel, &good);
    /* seq: after the flag; partner: wefti_member_begin */
    if (wefti_load_seq(&scope->elsewhere) || (parent != NULL && parent->kernel != kernel))
        while (!wefti_kernels_walk(mail_members, &good)) wefti_pause();
    wefti_spin_unlock(&scope->lock);
    return good;
}

weft_status weft_cancel_scope(weft_scope *scope) {
    if (scope == NULL) return WEFT_INVALID;
    return cancel(scope, WEFT_CANCELLED) ? WEFT_OK : WEFT_NO_MEMORY;
}

bool weft_cancelled(void) {
    const wefti_strand *self = wefti_strand_now;
    return self != NULL && wefti_is_cancelled(self);
}

void wefti_scope_failed(weft_scope *scope, const wefti_condition *condition) {
    uint32_t none = 0;
    if (wefti_load_acquire(&scope->why) != 0) return; /* partner: cancel */
    /* acq_rel: one reason; partner: cancel, and weft_join_scope, which waits for this task before it reads */
    if (!wefti_cas_acq_rel(&scope->why, &none, 1u + (uint32_t)condition->status)) return;
    scope->failure = wefti_condition_retain(condition);
    cancel(scope, condition->status);
}

/* ---- the deadline ---- */

static bool claim_deadline(wefti_timer *timer) {
    weft_scope *scope = WEFTI_CONTAINER(timer, weft_scope, timer);
    uint32_t armed = TIMER_ARMED;
    /* acq_rel: one winner; partner: disarm */
    return wefti_cas_acq_rel(&scope->timer_state, &armed, (uint32_t)TIMER_FIRED);
}

static void deliver_deadline(wefti_timer *timer) {
    weft_scope *scope = WEFTI_CONTAINER(timer, weft_scope, timer);
    cancel(scope, WEFT_TIMED_OUT);
    wefti_store_release(&scope->timer_state, (uint32_t)TIMER_DONE); /* the last access; partner: disarm */
}

static void arm(weft_scope *scope, weft_deadline deadline) {
    scope->timed = deadline != WEFT_FOREVER && deadline > WEFT_NOW;
    if (deadline <= WEFT_NOW) cancel(scope, WEFT_TIMED_OUT);
    if (!scope->timed) return;
    scope->timer.deadline = deadline;
    scope->timer.claim = claim_deadline;
    scope->timer.deliver = deliver_deadline;
    if (wefti_timer_arm(&scope->options.kernel->wheel, &scope->timer)) wefti_kernel_look_again(scope->options.kernel);
}

static void disarm(weft_scope *scope) {
    uint32_t armed = TIMER_ARMED;
    if (!scope->timed) return;
    if (wefti_cas_acq_rel(&scope->timer_state, &armed, (uint32_t)TIMER_OFF)) { /* partner: claim_deadline */
        wefti_timer_cancel(&scope->options.kernel->wheel, &scope->timer);
        return;
    }
    while (wefti_load_acquire(&scope->timer_state) != TIMER_DONE) weft_yield(); /* partner: deliver_deadline */
}

/* ---- beginning and ending ---- */

static void join_outer(weft_scope *scope) {
    weft_scope *outer = scope->outer;
    if (outer == NULL) return;
    wefti_spin_lock(&outer->lock);
    scope->next = outer->inner;
    outer->inner = scope;
    if (flag_is_set(outer)) cancel(scope, WEFT_CANCELLED);
    wefti_spin_unlock(&outer->lock);
}

static void leave_outer(weft_scope *scope) {
    weft_scope *outer = scope->outer;
    if (outer == NULL) return;
    wefti_spin_lock(&outer->lock);
    weft_scope **at = &outer->inner;
    while (*at != scope) at = &(*at)->next;
    *at = scope->next;
    wefti_spin_unlock(&outer->lock);
}

/* Whatever happens: without memory to wait it looks again and again. */
static void wait_for_all(weft_scope *scope) {
    wefti_strand *self = wefti_strand_now; /* the parent, or who buries it */
    self->uncancelled++;
    while (weft_group_count(scope->group) != 0)
        if (weft_wait_group(scope->group, WEFT_FOREVER) != WEFT_OK) weft_yield();
    self->uncancelled--;
}

/* Its parent is no member any more. */
static void dissolve(weft_scope *scope) {
    weft_kernel *kernel = scope->options.kernel;
    disarm(scope);
    leave_outer(scope);
    scope->group->scope = NULL;
    (void)weft_free_group(scope->group);
    wefti_condition_drop(scope->failure);
    free(scope);
    wefti_kernel_redeem(kernel);
}

static void end(weft_scope *scope) {
    leave(&scope->self);
    dissolve(scope);
}

/* Control leaves the parent otherwise than by the join. */
static void abandon(void *argument) {
    weft_scope *scope = argument;
    wefti_strand *self = wefti_strand_now;
    cancel(scope, WEFT_CANCELLED);
    self->unkillable++; /* not even left when the time of a kill is over */
    wait_for_all(scope);
    self->unkillable--;
    end(scope);
}

static weft_scope *scope_of_parent(wefti_member *member) {
    return member == &member->scope->self ? member->scope : NULL;
}

/* The members of a task lie on its stack, which stays; those of scopes in the scopes. The waits come last: a task may
 * take its time to end. */
void wefti_scopes_bury(wefti_member *members) {
    for (wefti_member *member = members; member != NULL; member = member->outer)
        if (scope_of_parent(member) != NULL) cancel(member->scope, WEFT_KILLED);
    for (wefti_member *member = members, *outer; member != NULL; member = outer) {
        outer = member->outer;
        weft_scope *scope = scope_of_parent(member);
        if (scope == NULL) continue;
        wait_for_all(scope);
        dissolve(scope);
    }
}

static weft_scope *make(weft_kernel *kernel, wefti_strand *self) {
    weft_scope *scope = calloc(1, sizeof *scope);
    if (scope == NULL || (scope->group = weft_make_group("scope")) == NULL) {
        free(scope);
        return NULL;
    }
    scope->group->scope = scope;
    wefti_store_relaxed(&scope->group->odd, (uint32_t)WEFTI_GROUP_SCOPED); /* relaxed: nobody knows it yet */
    scope->options = (weft_submit_options){.kernel = kernel, .group = scope->group};
    scope->outer = self->member != NULL ? self->member->scope : NULL;
    return scope;
}

weft_scope *weft_begin_scope(weft_kernel *kernel, weft_deadline deadline) {
    wefti_strand *self = wefti_strand_self();
    if (self == NULL) return wefti_fail(WEFT_NO_MEMORY);
    if (self->worker != NULL && self->movable) return wefti_fail(WEFT_INVALID);
    if (kernel == NULL) kernel = wefti_kernel_current();
    if (kernel == NULL) return wefti_fail(WEFT_NO_KERNEL);
    if (!wefti_kernel_pledge(kernel)) return wefti_fail(WEFT_ENDED);
    weft_scope *scope = make(kernel, self);
    if (scope == NULL) {
        wefti_kernel_redeem(kernel);
        return wefti_fail(WEFT_NO_MEMORY);
    }
    enter(&scope->self, self, scope);
    wefti_frame_begin(self, &scope->self.frame, abandon, scope);
    join_outer(scope);
    arm(scope, deadline);
    return scope;
}

static weft_status outcome_of(weft_scope *scope) {
    uint32_t why = wefti_load_acquire(&scope->why); /* partner: cancel */
    if (why == 0) return WEFT_OK;
    if (scope->failure == NULL) return (weft_status)(why - 1);
    const wefti_condition *failure = scope->failure;
    scope->failure = NULL;
    return wefti_condition_receive(scope->self.strand, failure);
}

weft_status weft_join_scope(weft_scope *scope) {
    wefti_strand *self = wefti_strand_now;
    if (scope == NULL || self == NULL || self->member != &scope->self) return WEFT_INVALID;
    wait_for_all(scope);
    disarm(scope);
    scope->timed = false;
    weft_status status = outcome_of(scope);
    wefti_frame_end(self, &scope->self.frame, false);
    end(scope);
    return status;
}

/* A transfer has ended and freed it already, if this comes as a clean-up of a compiler; so it is found by its place. */
void weft_leave_scope(weft_scope **scope) {
    weft_scope *self = *scope;
    const wefti_strand *strand = wefti_strand_now;
    *scope = NULL;
    if (self == NULL || strand == NULL) return;
    for (const wefti_member *member = strand->member; member != NULL; member = member->outer)
        if (member == &self->self) {
            weft_protect_end(&self->self.frame);
            return;
        }
}

const weft_submit_options *weft_scope_options(const weft_scope *scope) {
    return scope != NULL ? &scope->options : NULL;
}

weft_group *weft_scope_group(const weft_scope *scope) { return scope != NULL ? scope->group : NULL; }

/* ---- farewells ---- */

weft_without_cancel weft_without_cancel_begin(void) {
    wefti_strand *self = wefti_strand_self();
    if (self == NULL) return (weft_without_cancel){NULL, 0, true};
    return (weft_without_cancel){self, self->uncancelled++, true};
}

void weft_without_cancel_end(weft_without_cancel *block) {
    wefti_strand *self = block->strand;
    if (self != NULL) self->uncancelled = block->outer;
    block->strand = NULL;
}
