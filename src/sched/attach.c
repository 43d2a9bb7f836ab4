/* SPDX-License-Identifier: MIT */
/* attach.c - making and freeing process objects of threads, and the outer calls on them. See attach.h.
 *
 * Source: LispWorks 7.1, "Foreign callbacks on threads not created by Lisp". A difference: what is called outside an
 * explicit outer call sees the initial bindings as well, for as long as the process object is there.
 */
#include "sched/attach.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <weft/thread.h>

#include "dynamic/env.h"
#include "dynamic/frame.h"
#include "os/interrupt.h"
#include "os/os.h"
#include "sched/forked.h"
#include "sched/frames.h"
#include "sched/park.h"
#include "sched/task.h"

__thread wefti_strand *wefti_strand_now __attribute__((tls_model("initial-exec")));

/* For weft_last_status where not even a process object can be had. */
static __thread weft_status bare_status;
static __thread bool
    calls_lost; /* in a child that a task forked: what that had entered may be left, and is not there */

const char wefti_end_mark[] = "end of task", wefti_boundary_mark[] = "boundary";

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool have_key;

/* ---- the registry ---- */

enum { SWEEP_AT_FIRST = 64 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static wefti_thread *processes; /* newest first; under lock, as all here */
static wefti_initial *initial;
static size_t process_count, sweep_at = SWEEP_AT_FIRST;
static uint64_t numbers_given;

void wefti_processes_lock(void) { pthread_mutex_lock(&lock); }
void wefti_processes_unlock(void) { pthread_mutex_unlock(&lock); }

static void release_initial(wefti_initial *set) {
    /* acq_rel: partner is the other releases; what any holder read is read before the last one frees it */
    if (set != NULL && wefti_add_acq_rel(&set->references, (size_t)-1) == 1) free(set);
}

static void take_out(wefti_thread *thread) {
    *thread->back = thread->next;
    if (thread->next != NULL) thread->next->back = thread->back;
    process_count--;
}

/* Others may come to it for as long as they like: a scope that it is the parent of, who runs what it has spawned, and
 * who asks whether it holds a channel's lock. One that waited with that lock held has passed it on. */
static bool is_known_to_others(const wefti_thread *thread) {
    const wefti_strand *self = &thread->strand;
    return self->member != NULL || self->locks > (thread->berth.held ? 1u : 0u) ||
           (thread->owner == NULL && wefti_forks_any(&thread->forks));
}

/* One that waited is left alone as long as others may hold what it waits with: until the last of its places in
 * channels was found lost or was served, or for ever if it waited for something else. */
static bool is_left(const wefti_thread *thread) {
    if (is_known_to_others(thread)) return false;
    return wefti_load_relaxed(&thread->waits) == NULL || wefti_berth_is_left(thread); /* relaxed: it is gone */
}

static bool has_vanished(wefti_thread *thread) {
    if (wefti_load_relaxed(&thread->serving) != NULL) return false; /* relaxed: of no matter while it lives */
    if (wefti_os_thread_lives(thread->id) && !wefti_life_is_over(&thread->life)) return false;
    return is_left(thread) && (thread->apart == NULL || is_left(thread->apart));
}

/* A thread that ended by the bare system call has run no destructor. Looked for whenever there are twice as many as
 * were left the last time. */
static wefti_thread *take_dead(void) {
    wefti_thread *dead = NULL;
    if (process_count < sweep_at) return NULL;
    for (wefti_thread *thread = processes, *next; thread != NULL; thread = next) {
        next = thread->next;
        if (!has_vanished(thread)) continue;
        take_out(thread);
        thread->next = dead;
        dead = thread;
    }
    sweep_at = WEFTI_MAX(2 * process_count, (size_t)SWEEP_AT_FIRST);
    return dead;
}

static wefti_thread *enlist(wefti_thread *thread) {
    pthread_mutex_lock(&lock);
    wefti_thread *dead = take_dead();
    thread->number = ++numbers_given;
    thread->next = processes;
    thread->back = &processes;
    if (processes != NULL) processes->back = &thread->next;
    processes = thread;
    process_count++;
    thread->initial = initial;
    if (initial != NULL) wefti_add_relaxed(&initial->references, (size_t)1); /* relaxed: under the lock */
    pthread_mutex_unlock(&lock);
    return dead;
}

static void delist(wefti_thread *thread) {
    pthread_mutex_lock(&lock);
    take_out(thread);
    pthread_mutex_unlock(&lock);
}

/* ---- making and eliminating ---- */

static void free_apart(wefti_thread *apart) {
    if (apart == NULL) return;
    free(apart->berth.larger);
    free(apart);
}

static void free_process(wefti_thread *thread) {
    while (thread->interrupts != NULL) {
        wefti_errand *next = thread->interrupts->next;
        free(thread->interrupts);
        thread->interrupts = next;
    }
    wefti_condition_forget(&thread->strand);
    wefti_signal_stack_end(thread->signal_stack);
    wefti_spares_end(&thread->spares);
    wefti_forks_end(&thread->forks);
    release_initial(thread->initial);
    free_apart(thread->apart);
    free(thread->berth.larger);
    free(thread->values);
    free(thread);
}

static void eliminate(wefti_thread *thread) {
    wefti_strand_now = NULL;
    delist(thread);
    wefti_life_end(&thread->life);
    free_process(thread);
}

/* May come several times for one thread: other keys' destructors may use Weft after this one. In a child of fork that a
 * task made, a value of the parent's. */
static void thread_ended(void *thread) {
    wefti_strand *self = wefti_strand_now;
    if (self == &((wefti_thread *)thread)->strand) eliminate(thread);
}

static void make_key(void) {
    /* For threads that wait for each other without a kernel. relaxed: a guess, as in kernel.c, which asks again */
    wefti_store_relaxed(&wefti_cpus_to_spin, wefti_cpus_of_process());
    wefti_fork_prepare();
    have_key = pthread_key_create(&key, thread_ended) == 0;
}

static size_t filled_up(size_t size) { return (size + 15) & ~(size_t)15; }

/* How `values` is laid out: the computed values; the values of an outer call, laid out alike, so that one copy renews
 * them; the bindings of an outer call; the bindings that are in effect as long as the process object is there. */
typedef struct layout {
    char *computed, *renewed;
    weft_bound *outer;
    char *lasting;
} layout;

static size_t sum_of_values(const wefti_initial *set) {
    size_t sum = 0;
    for (size_t i = 0; i < set->count; i++) sum += filled_up(set->bindings[i].variable->size);
    return sum;
}

static layout layout_of(const wefti_thread *thread) {
    const wefti_initial *set = thread->initial;
    layout l = {.computed = thread->values, .renewed = thread->values + set->sum};
    l.outer = (weft_bound *)(void *)(l.renewed + set->sum);
    l.lasting = (char *)(l.outer + set->count);
    return l;
}

static void compute_one(const weft_worker_binding *binding, void *value) {
    if (binding->compute != NULL)
        binding->compute(value, binding->argument);
    else
        memcpy(value, binding->argument, binding->variable->size);
}

/* The values, in the environment of the new process: none of the bindings is in effect while they are computed. */
static bool compute_values(wefti_thread *thread) {
    const wefti_initial *set = thread->initial;
    thread->values = malloc(2 * set->sum + set->count * sizeof(weft_bound) + set->size);
    if (thread->values == NULL) return false;
    layout l = layout_of(thread);
    weft_bound *top = thread->strand.bound;
    for (size_t i = 0; i < set->count; i++) {
        const weft_worker_binding *binding = &set->bindings[i];
        compute_one(binding, l.computed);
        top = wefti_binding_instantiate(binding->variable, l.computed, l.lasting, top);
        l.computed += filled_up(binding->variable->size);
        l.lasting += wefti_binding_size(binding->variable);
    }
    thread->strand.bound = top;
    return true;
}

/* An error that nobody takes goes to the debugger, as in a task; if that returns, no process object is made. */
static WEFTI_NOINLINE bool compute_or_fail(wefti_thread *thread) {
    wefti_end_target end;
    wefti_end_target_begin(&thread->strand, &end);
    if (setjmp(end.target.place) != 0) {
        wefti_condition_drop(end.outcome);
        bare_status = WEFT_FAILED;
        return false;
    }
    bool made = compute_values(thread);
    wefti_frame_end(&thread->strand, &end.target.frame, false);
    return made;
}

static WEFTI_NOINLINE void link_outer(wefti_thread *thread) {
    const wefti_initial *set = thread->initial;
    layout l = layout_of(thread);
    weft_bound *below = thread->strand.bound;
    for (size_t i = 0; i < set->count; i++) {
        l.outer[i] = weft_bind_begin(set->bindings[i].variable, l.renewed, &l.outer[i]);
        l.renewed += filled_up(set->bindings[i].variable->size);
    }
    /* Those that lie with the process object stay what they are; what is on the stack may be another one next time. */
    bool lasting = (char *)below >= l.lasting && (char *)below < l.lasting + set->size;
    thread->below = lasting ? below : NULL;
    thread->top = thread->strand.bound;
}

/* The computed values once more, above what is bound. */
static void bind_again(wefti_thread *thread) {
    const wefti_initial *set = thread->initial;
    memcpy(thread->values + set->sum, thread->values, set->sum);
    if (WEFTI_LIKELY(thread->strand.bound == thread->below))
        thread->strand.bound = thread->top;
    else
        link_outer(thread);
}

static wefti_thread *make_process(void) {
    if (pthread_once(&once, make_key) != 0 || !have_key) return NULL;
    wefti_thread *thread = calloc(1, sizeof *thread);
    if (thread == NULL || pthread_setspecific(key, thread) != 0) {
        free(thread);
        return NULL;
    }
    thread->patience = WEFTI_FIRST_PATIENCE;
    wefti_forks_init(&thread->forks);
    thread->strand.forks = &thread->forks;
    thread->id = wefti_os_thread_id();
    wefti_life_begin(&thread->life);
    thread->berth.life = &thread->life;
    wefti_bindings_adopt(&thread->strand);
    wefti_strand_now = &thread->strand;
    for (wefti_thread *dead = enlist(thread), *next; dead != NULL; dead = next) {
        next = dead->next;
        wefti_signal_stack_free(dead->signal_stack);
        dead->signal_stack = NULL;
        free_process(dead);
    }
    return thread;
}

wefti_strand *wefti_attach_worker(void) {
    wefti_thread *thread = make_process();
    if (thread == NULL) return NULL;
    release_initial(thread->initial);
    thread->initial = NULL;
    return &thread->strand;
}

wefti_strand *wefti_attach(void) {
    int before = errno;
    wefti_thread *thread = make_process();
    bare_status = WEFT_NO_MEMORY;
    bool made = thread != NULL && (thread->initial == NULL || compute_or_fail(thread));
    if (thread != NULL && !made) {
        wefti_bound_unattached = thread->strand.bound; /* what the thread had bound without one */
        pthread_setspecific(key, NULL);
        eliminate(thread);
    }
    errno = before;
    return made ? &thread->strand : NULL;
}

/* ---- what a thread waits with ---- */

void *wefti_berth_take(wefti_berth *berth, size_t size) {
    if (berth->larger_used) return NULL; /* by an alternation around this one */
    if (berth->larger_size < size) {
        void *larger = malloc(size);
        if (larger == NULL) return NULL;
        free(berth->larger);
        berth->larger = larger;
        berth->larger_size = size;
    }
    berth->larger_used = true;
    return berth->larger;
}

void wefti_berth_give(wefti_berth *berth) { berth->larger_used = false; }

/* ---- calls ---- */

/* Both: what is common runs straight on, without a branch that is taken and without saving a register, which is half of
 * what a call takes; what is rare is in functions apart. */

static WEFTI_NOINLINE weft_status enter_first(weft_thread_call *call) {
    if (call == NULL) return WEFT_INVALID;
    return wefti_attach() != NULL ? weft_enter_thread(call) : bare_status;
}

static WEFTI_NOINLINE weft_status enter_outer(wefti_thread *thread) {
    if (wefti_is_interrupted(thread)) wefti_run_interrupts(thread);
    if (thread->initial != NULL && wefti_load_relaxed(&thread->serving) == NULL) bind_again(thread);
    return WEFT_OK;
}

weft_status weft_enter_thread(weft_thread_call *call) {
    wefti_strand *self = wefti_strand_now;
    if (WEFTI_UNLIKELY(self == NULL || call == NULL)) return enter_first(call);
    call->bound = self->bound;
    if (WEFTI_UNLIKELY(self->worker != NULL)) return WEFT_OK;
    wefti_thread *thread = wefti_thread_of_strand(self);
    uint32_t depth = wefti_load_relaxed(&thread->depth); /* relaxed: written by this thread alone, others list it */
    wefti_store_relaxed(&thread->depth, depth + 1);
    if (WEFTI_LIKELY(depth != 0)) return WEFT_OK;
    if (WEFTI_LIKELY(thread->initial == NULL && !wefti_is_interrupted(thread))) return WEFT_OK;
    return enter_outer(thread);
}

/* Whether something that began before the outer call is still in effect, and would end with the process object: a lock,
 * clean-ups, handlers, restarts, a scope, what was spawned, a region without kill. */
static bool is_needed(const wefti_thread *thread) {
    const wefti_strand *self = &thread->strand;
    return self->locks != 0 || self->frames != NULL || self->handlers != NULL || self->restarts != NULL ||
           self->member != NULL || self->cleaning != 0 || self->uncancelled != 0 || self->unkillable != 0 ||
           wefti_forks_any(&thread->forks);
}

/* Bindings of the caller's own go on without one; not if they lie below the initial ones, which go with it. */
static WEFTI_NOINLINE void leave_last(wefti_thread *thread) {
    wefti_strand *self = &thread->strand;
    if (wefti_load_relaxed(&thread->depth) != 0) return; /* not yet */
    thread->last = false;
    if (is_needed(thread)) return;
    wefti_bound_unattached = thread->values == NULL ? self->bound : NULL;
    pthread_setspecific(key, NULL);
    eliminate(thread);
}

/* Nothing has been entered that could be left. */
static WEFTI_NOINLINE void leave_none(const weft_thread_call *call) {
    wefti_strand *self = wefti_strand_now;
    if (call == NULL || !calls_lost)
        wefti_stop_misuse("thread", "weft_leave_thread", "must leave what it has entered; calls it is in:", 0, "");
    *(self != NULL ? &self->bound : &wefti_bound_unattached) = call->bound;
}

void weft_leave_thread(weft_thread_call *call) {
    wefti_strand *self = wefti_strand_now;
    if (WEFTI_UNLIKELY(self == NULL || call == NULL)) {
        leave_none(call);
        return;
    }
    weft_bound *bound = call->bound;
    if (WEFTI_UNLIKELY(self->worker != NULL)) {
        self->bound = bound;
        return;
    }
    wefti_thread *thread = wefti_thread_of_strand(self);
    uint32_t depth = wefti_load_relaxed(&thread->depth); /* as above */
    if (WEFTI_UNLIKELY(depth == 0)) {
        leave_none(call);
        return;
    }
    if (WEFTI_UNLIKELY(self->bound != bound)) self->bound = bound; /* in an outer call, initial bindings end here */
    wefti_store_relaxed(&thread->depth, depth - 1);
    if (WEFTI_UNLIKELY(thread->last)) leave_last(thread);
}

bool weft_last_callback_on_thread(void) {
    wefti_strand *self = wefti_strand_now;
    if (self == NULL || self->worker != NULL) return false;
    wefti_thread *thread = wefti_thread_of_strand(self);
    if (wefti_load_relaxed(&thread->depth) == 0 || wefti_load_relaxed(&thread->serving) != NULL ||
        thread->owner != NULL)
        return false;
    thread->last = true;
    return true;
}

weft_status weft_set_process_initial_bindings(const weft_worker_binding *bindings, size_t count) {
    if (!wefti_bindings_valid(bindings, count)) return WEFT_INVALID;
    wefti_initial *set = NULL;
    if (count != 0) {
        set = malloc(sizeof *set + count * sizeof *bindings);
        if (set == NULL) return WEFT_NO_MEMORY;
        wefti_atomic_init(&set->references, (size_t)1);
        set->count = count;
        set->size = wefti_bindings_size(bindings, count);
        memcpy(set->bindings, bindings, count * sizeof *bindings);
        set->sum = sum_of_values(set);
    }
    pthread_mutex_lock(&lock);
    wefti_initial *former = initial;
    initial = set;
    pthread_mutex_unlock(&lock);
    wefti_store_relaxed(&wefti_initial_bindings, count != 0); /* relaxed: a thread that sees it late takes part late */
    release_initial(former);
    return WEFT_OK;
}

/* ---- processes ---- */

static wefti_thread *process_here(void) {
    wefti_strand *self = wefti_strand_self();
    if (self == NULL || self->worker != NULL) return NULL;
    wefti_thread *thread = wefti_thread_of_strand(self);
    return thread->owner != NULL ? thread->owner : thread;
}

weft_process weft_current_process(void) {
    const wefti_thread *thread = process_here();
    return thread != NULL ? thread->number : 0;
}

size_t weft_process_count(void) {
    pthread_mutex_lock(&lock);
    size_t count = process_count;
    pthread_mutex_unlock(&lock);
    return count;
}

static void describe(wefti_thread *thread, weft_process_info *info) {
    info->process = thread->number;
    info->thread = thread->id;
    info->calls = wefti_load_relaxed(&thread->depth); /* relaxed, all: a snapshot */
    info->waits = wefti_load_relaxed(&thread->waits);
    info->worker = wefti_load_relaxed(&thread->serving) != NULL;
    info->interrupts = wefti_load_relaxed(&thread->pending);
    memcpy(info->name, thread->name, sizeof info->name);
}

size_t weft_list_processes(weft_process_info *infos, size_t room) {
    size_t count = 0;
    pthread_mutex_lock(&lock);
    for (wefti_thread *thread = processes; thread != NULL; thread = thread->next, count++)
        if (infos != NULL && count < room) describe(thread, &infos[count]);
    pthread_mutex_unlock(&lock);
    return count;
}

weft_status weft_name_process(const char *name) {
    wefti_thread *thread = process_here();
    if (thread == NULL) return wefti_strand_now != NULL ? WEFT_INVALID : WEFT_NO_MEMORY;
    pthread_mutex_lock(&lock);
    memset(thread->name, 0, sizeof thread->name);
    if (name != NULL) memcpy(thread->name, name, strnlen(name, sizeof thread->name - 1));
    pthread_mutex_unlock(&lock);
    return WEFT_OK;
}

void wefti_processes_visit(uint64_t number, void (*visit)(wefti_thread *, void *), void *argument) {
    pthread_mutex_lock(&lock);
    for (wefti_thread *thread = processes; thread != NULL; thread = thread->next)
        if (number == 0 || thread->number == number) visit(thread, argument);
    pthread_mutex_unlock(&lock);
}

/* ---- interrupts ---- */

static wefti_thread *find(weft_process process) {
    wefti_thread *thread = processes;
    while (thread != NULL && thread->number != process) thread = thread->next;
    return thread;
}

static void put_last(wefti_thread *thread, wefti_errand *interrupt) {
    wefti_errand **at = &thread->interrupts;
    while (*at != NULL) at = &(*at)->next;
    *at = interrupt;
    wefti_add_seq(&thread->pending, 1u); /* partner: wefti_is_interrupted, after the sleeper has said that it sleeps */
    wefti_parker_disturb(&thread->parker);
}

weft_status weft_interrupt_process(weft_process process, void (*function)(void *argument), void *argument) {
    if (function == NULL) return WEFT_INVALID;
    wefti_errand *interrupt = malloc(sizeof *interrupt);
    if (interrupt == NULL) return WEFT_NO_MEMORY;
    *interrupt = (wefti_errand){NULL, function, argument};
    pthread_mutex_lock(&lock);
    wefti_thread *thread = find(process);
    bool found = thread != NULL && wefti_load_relaxed(&thread->serving) == NULL;
    if (found) put_last(thread, interrupt);
    pthread_mutex_unlock(&lock);
    if (!found) free(interrupt);
    return found ? WEFT_OK : WEFT_INVALID;
}

static wefti_errand *take_first(wefti_thread *thread) {
    pthread_mutex_lock(&lock);
    wefti_errand *first = thread->interrupts;
    if (first != NULL) {
        thread->interrupts = first->next;
        wefti_add_relaxed(&thread->pending, (uint32_t)-1); /* relaxed: under the lock */
    }
    pthread_mutex_unlock(&lock);
    return first;
}

static void run_interrupt(wefti_thread *thread, wefti_thread *apart, wefti_errand *interrupt) {
    *apart = (wefti_thread){
        .strand.bound = thread->strand.bound, .strand.handlers = thread->strand.handlers, .owner = thread};
    apart->berth.life = thread->apart == apart ? &thread->life : NULL;          /* not what is on the stack */
    wefti_store_relaxed(&apart->depth, wefti_load_relaxed(&thread->depth) + 1); /* what it calls is recursive */
    wefti_strand_now = &apart->strand;
    wefti_errand taken = *interrupt;
    free(interrupt); /* before: the function may end the thread */
    taken.function(taken.argument);
    wefti_strand_now = &thread->strand;
    free(apart->berth.larger);
}

void wefti_run_interrupts(wefti_thread *thread) {
    if (thread->owner != NULL) return; /* one runs already; the others follow */
    wefti_errand *interrupt;
    while ((interrupt = take_first(thread)) != NULL) {
        wefti_thread on_stack;
        thread->apart = malloc(sizeof *thread->apart);
        run_interrupt(thread, thread->apart != NULL ? thread->apart : &on_stack, interrupt);
        free(thread->apart);
        thread->apart = NULL;
    }
}

/* ---- fork ---- */

/* Those of threads that are not there any more; what they were doing just then is not looked at. */
static void forget_others(const wefti_thread *own) {
    for (wefti_thread *thread = processes, *next; thread != NULL; thread = next) {
        next = thread->next;
        if (thread == own) continue;
        wefti_signal_stack_free(thread->signal_stack);
        free_apart(thread->apart);
        free(thread->berth.larger);
        free(thread->values);
        free(thread);
    }
    processes = NULL;
    process_count = 0;
}

static wefti_thread *lost_with_task; /* of workers, in whose tasks this process and those before it were forked */

/* The process object of a plain thread. That of a worker is not the task's to let go: the child keeps its memory. */
static wefti_thread *own_of_thread(void) {
    wefti_strand *self = wefti_strand_now;
    return self != NULL && self->worker == NULL ? process_here() : NULL;
}

void wefti_processes_before_fork(void) {
    wefti_thread *own = own_of_thread();
    if (own != NULL) wefti_life_pause(&own->life);
}

void wefti_processes_after_fork(bool in_child) {
    wefti_thread *own = own_of_thread();
    if (own != NULL) (in_child ? wefti_life_begin : wefti_life_go_on)(&own->life);
}

static void keep_alone(wefti_thread *own) {
    own->next = NULL;
    own->back = &processes;
    own->id = wefti_os_thread_id();
    wefti_store_relaxed(&own->serving, NULL); /* relaxed: there is one thread */
    processes = own;
    process_count = 1;
}

/* A plain thread keeps its process object in the child, with the calls that it is in. A task's code that goes on there
 * is a plain thread's from here on: no worker is there to run it. Its bindings stay. */
void wefti_processes_forked(void) {
    wefti_strand *self = wefti_strand_now;
    wefti_thread *own = own_of_thread(), *lost = self != NULL && own == NULL ? pthread_getspecific(key) : NULL;
    forget_others(own != NULL ? own : lost);
    if (own != NULL) keep_alone(own);
    if (self == NULL || own != NULL) return;
    if (lost != NULL) { /* some C libraries still have its life on their list */
        lost->next = lost_with_task;
        lost_with_task = lost;
    }
    pthread_setspecific(key, NULL);
    wefti_strand_now = NULL;
    wefti_bound_unattached = self->bound;
    calls_lost = true;
}

/* ---- statuses ---- */

void *wefti_fail(weft_status status) {
    wefti_strand *self = wefti_strand_self();
    if (self != NULL)
        self->last_status = (uint16_t)status;
    else
        bare_status = status;
    return NULL;
}

weft_status weft_last_status(void) {
    wefti_strand *self = wefti_strand_now;
    return self != NULL ? (weft_status)self->last_status : bare_status;
}
