/* SPDX-License-Identifier: MIT */
/* worker.h - a worker: one OS thread, its queue, and the runners on which its tasks run.
 *
 * A runner is a fiber with a worker's loop on it. The running one takes the next task and calls it, there and then, as
 * a function. If that task has to wait, its runner is left as it stands and another one goes on with the loop; later
 * the waiting runner is switched to, its task ends, and its loop goes on from there. So a task that never waits never
 * switches, and a task that waits costs the stack it stands on.
 *
 *            takes a task            task waits                 unparked                 loop or a parking runner
 *   IN LOOP ------------> IN TASK ------------> PARKED ----------------------> READY -----------------------> IN TASK
 *     ^ |                   |  ^                                                                                 |
 *     | | loop goes on with | task ends                                                                          |
 *     | v a ready runner    v                                                                                    |
 *    IDLE                IN LOOP <-------------------------------------------------------------------------------+
 *
 * Exactly one runner of a worker is running. All other fields are the worker's own unless said otherwise.
 */
#ifndef WEFTI_WORKER_H
#define WEFTI_WORKER_H

#include <weft/forkjoin.h>
#include <weft/kernel.h>
#include <weft/trace.h>

#include "fiber/fiber.h"
#include "fiber/stack.h"
#include "lockfree/inbox.h"
#include "lockfree/mailbox.h"
#include "lockfree/queue.h"
#include "lockfree/sleepers.h"
#include "sched/exceptions.h"
#include "sched/park.h"
#include "sched/spares.h"
#include "sched/task.h"

enum { WEFTI_FAULT_NONE, WEFTI_FAULT_NOW, WEFTI_FAULT_AT_RETURN };

/* A fault of the task that a runner runs: condition/fault.h. */
typedef struct wefti_runner_fault {
    uint8_t stage;
    bool spare_open; /* of the stack */
    unsigned kind;
    int signal, code;
    const char *name;
    const void *address, *instruction;
    uintptr_t place; /* the stack pointer there */
} wefti_runner_fault;

/* Three lines are all that a wait for one channel and its end touch, so that many waiting tasks stay in the cache: the
 * first of the fiber, and the two that begin with `number` and with `what`. What says "dumps" may be looked
 * at by a dump at any time. */
typedef struct wefti_runner {
    wefti_fiber fiber; /* first; its link is in one of: mailbox, ready, movable, idle */
    weft_fork *fork;   /* the spawned task of another strand that it runs; NULL: none */
    wefti_stack_pool *pool;
    wefti_exceptions exceptions; /* what it has taken along, see `keeps` */
    /* here a line begins */
    uint32_t number; /* of its stack */
    /* WEFTI_TASK_WATCHED: the system gave no guard for its stack, so its canary is looked at. WEFTI_TASK_DOOMED: its
     * doom is of the task that runs, and is lifted before the next one. WEFTI_TASK_SCOPED: it is in a scope. Else 0. */
    uint16_t watched;
    bool dying;          /* its clean-ups run */
    bool keeps;          /* it does not run, and has taken along what it handles */
    wefti_waiter waiter; /* with `wait` */
    wefti_slot *slots;   /* the record of the task that runs; old while none does */
    /* and here */
    WEFTI_ATOMIC(const char *) what;                   /* dumps: what it waits for; NULL: nothing */
    WEFTI_ATOMIC(const void *) object;                 /* dumps: and on what */
    WEFTI_ATOMIC(uint64_t) name[WEFTI_SHORT_NAME / 8]; /* dumps: of the object */
    WEFTI_ATOMIC(int64_t) since;                       /* dumps: when its state began */
    wefti_wait wait;    /* for operations on one channel without a deadline, see wefti_park_single */
    wefti_wait *parked; /* where it has parked otherwise; NULL: in that one, or nowhere */
    void (*first)(struct wefti_runner *self, void *argument); /* done once, before its loop; NULL: nothing */
    void *first_argument;
    weft_forks forks; /* what it has spawned, see frames.h */
    /* Killing: condition/doom.h. */
    WEFTI_ATOMIC(struct wefti_doom *) doom; /* the task that runs is to die; NULL: it is not */
    WEFTI_ATOMIC(void **) barrier;          /* where on its stack there is one; NULL: none. D4 of condition/doom.h */
    wefti_runner_fault fault;
    /* Slices: slice.h. */
    bool contrary;  /* the task is sliced where its kernel does not do that, or not where it does */
    bool slice_due; /* it gives way at its barrier, or at the end of its region */
    bool sliced;    /* it has been switched away at the end of its slice */
    bool low;       /* the task that runs is of low priority, and so are those that help it */
    WEFTI_ATOMIC(struct wefti_worker *) home;  /* dumps: NULL: this is no runner yet, or none any more */
    WEFTI_ATOMIC(const weft_task_type *) type; /* dumps: the task it runs; NULL: in its loop */
    WEFTI_ATOMIC(weft_category) category;      /* dumps: and of it */
} wefti_runner;

#if defined __x86_64__ && !defined WEFTI_PORTABLE_SWITCH && WEFTI_VALGRIND && !WEFTI_ASAN && !WEFTI_TSAN
_Static_assert(offsetof(wefti_runner, number) % WEFTI_LINE == 0 && offsetof(wefti_runner, what) % WEFTI_LINE == 0,
               "what a wait touches begins its lines");
#endif

/* A first in, first out list of runners. */
typedef struct wefti_runners {
    wefti_node *first, *last;
} wefti_runners;

/* Where the variables that a submission reads lie for who binds none of them itself: so it need not search. */
typedef struct wefti_cells {
    const weft_category *category;
    const weft_priority *priority;
    weft_kernel *const *kernel;
} wefti_cells;

/* Requests for help that are in a queue: parallel/request.h. */
typedef struct wefti_requests {
    wefti_spinlock lock; /* over all of it */
    struct wefti_request *first;
    size_t count;
} wefti_requests;

/* An idle worker's eye on another's work, see sched/idle.c. */
typedef struct wefti_watch {
    struct wefti_worker *victim; /* NULL: nobody yet */
    uint64_t progress;           /* what it had done at the last look */
    uint32_t rounds;             /* of the search since it last got on */
    uint32_t interval, away;     /* rounds left out from one look to the next, and still to be left out */
} wefti_watch;

typedef struct wefti_worker {
    /* the owner's lines */
    WEFTI_ALIGNED(WEFTI_APART) wefti_runners ready;
    uint32_t tick;                /* counts choices of what runs next */
    uint32_t poll_every;          /* ticks between two looks at the clock: a power of two */
    wefti_node *idle;             /* runners in their loop, last in, first out */
    wefti_runner *retired;        /* ended, still to be given back by who comes next */
    wefti_exceptions *exceptions; /* its thread's C++ exceptions */
    weft_kernel *kernel;
    uint32_t index, random;
    bool poll_due;             /* the loop is to look at mailbox and clock */
    bool tasks_first;          /* somebody yielded: tasks that have not begun come before runners that are ready */
    uint32_t streak;           /* how often in a row the inbox had little more when the last share was used up */
    wefti_watch queue_watch;   /* of whom it may steal tasks from, if that one gets nowhere */
    wefti_watch movable_watch; /* the same for runners that may move */
    int64_t rounds;            /* of searching before it sleeps, at most the kernel's spin_count */
    int64_t lateness;          /* of the system, at the end of its sleeps: the least, as learned; nanoseconds */
    bool by_clock;             /* its last sleep ended at its deadline */
    uint8_t crowded;           /* so many times more it does not give way */
    bool obliged;              /* a thread waits for its processor, which has woken it, or which it has unparked */
    int64_t trimmed;           /* when this worker last trimmed the depot */
    bool late;                 /* the processor came long after the wake-up: others have it */
    uint32_t idle_count;
    int64_t now;                   /* the clock when the worker last looked at it */
    int64_t seen;                  /* and when anybody here did, for dumps */
    weft_bound *base;              /* the worker's own bindings */
    struct weft_handler *handlers; /* bound by its context function */
    wefti_cells cells;             /* as seen from `base` */
    weft_fork *stolen;             /* a spawned task that it has taken and is to run; NULL: none */
    struct wefti_forker *stolen_from;
    uint32_t asked, patience; /* for frames in vain; how often before it does not wait for an answer */
    wefti_fiber root;         /* the OS thread's own stack: context function, start and end */
    wefti_os_thread thread;
    int thread_id;                /* the system's number for the thread */
    void *bindings;               /* memory of the worker's own bindings; a thread that takes over uses it anew */
    bool gone;                    /* its thread is about to end; under the kernel's lock */
    bool replaced;                /* its thread is another than at first; written before that begins */
    bool renew;                   /* a task was killed: it is to begin anew, see loop.c */
    bool renewing;                /* it has left its loop for that */
    struct wefti_member *members; /* of its runners in scopes, scope.h */
    WEFTI_ATOMIC(uint32_t) member_count;
    wefti_spares spares; /* blocks of futures and timeouts */
    weft_group *leaving; /* one whose tally is this worker's and has tasks of its own to be carried over; NULL: none */
    WEFTI_ATOMIC(wefti_runner *) current;
    WEFTI_ATOMIC(int) cpu; /* where it ran when it last looked; -1: asleep */
    /* counters: written by the owner alone, read by anyone */
    WEFTI_ATOMIC(uint64_t) submitted[2], done[2]; /* by generation, see drain.h */
    WEFTI_ATOMIC(uint64_t) begun; /* beyond those taken from the queue, which have begun but for those handed over */
    WEFTI_ATOMIC(uint64_t) steals, parks, sleeps, stacks, slices;
    WEFTI_ATOMIC(size_t) pledges;               /* more or less promised here than redeemed, see wefti_kernel_pledge */
    WEFTI_ATOMIC(int64_t) busy, busy_since;     /* busy_since 0: searching or asleep */
    WEFTI_ATOMIC(struct weft_channel *) inside; /* the channel that a task of this worker is inside of, comm/bias.h */
    uint32_t low_slots;                         /* of the task of low priority to run next; 0: none */
    WEFTI_ALIGNED(64) wefti_slot low[WEFTI_RECORD_MOST_SLOTS]; /* not in the queue, where it would count as pending */
    wefti_queue queue;
    wefti_wheel wheel;
    /* written by others */
    WEFTI_ALIGNED(WEFTI_APART) wefti_mailbox mailbox;
    WEFTI_ALIGNED(WEFTI_APART) wefti_sleeper sleep;
    WEFTI_ATOMIC(int64_t) woken;  /* when somebody tried to wake it; 0: nobody has since it fell asleep */
    WEFTI_ATOMIC(int) woken_from; /* on which processor the last one ran that woke it */
    WEFTI_ALIGNED(WEFTI_APART) wefti_spinlock movable_lock;
    wefti_requests requests; /* of tasks here */
    wefti_runners movable;   /* ready runners that any worker may go on with; under movable_lock */
    WEFTI_ATOMIC(uint32_t) movable_count;
    WEFTI_ATOMIC(int64_t) least_slice;              /* ns of processor time; its handler's, see slice.c */
    WEFTI_ATOMIC(bool) slice_over;                  /* its thread is being interrupted for that, see slice.h */
    WEFTI_ATOMIC(struct wefti_question *) question; /* which of its tasks are to die, condition/doom.h; NULL: none */
} wefti_worker;

static inline wefti_runner *wefti_runner_of(wefti_node *node) {
    return WEFTI_CONTAINER(node, wefti_runner, fiber.link);
}

static inline wefti_runner *wefti_runner_of_strand(wefti_strand *strand) {
    return WEFTI_CONTAINER(strand, wefti_runner, fiber.strand);
}

static inline void wefti_runners_put(wefti_runners *list, wefti_node *node) {
    node->next = NULL;
    if (list->first == NULL)
        list->first = node;
    else
        list->last->next = node;
    list->last = node;
}

static inline wefti_node *wefti_runners_take(wefti_runners *list) {
    wefti_node *node = list->first;
    if (node != NULL) list->first = node->next;
    return node;
}

/* Adds to a counter that only this thread writes. */
#define wefti_count(counter) wefti_store_relaxed(counter, wefti_load_relaxed(counter) + 1)

/* As wefti_unpark_with, by a task of this worker; worker: NULL is allowed. */
static inline void wefti_unpark_near(wefti_worker *worker, wefti_wait *wait, int answer) {
    wefti_runner *runner = wefti_runner_of_strand(wait->strand);
    if (WEFTI_UNLIKELY(worker == NULL || wait->strand->worker != worker || runner->fiber.strand.movable)) {
        wefti_unpark_with(wait, answer);
        return;
    }
    runner->fiber.context.answer = answer;
    wefti_store_relaxed(&runner->what, NULL); /* relaxed: for dumps */
    wefti_hands_over(runner);
    wefti_runners_put(&worker->ready, &runner->fiber.link);
}

/* Set by comm/: takes the waiter of a runner that has parked with wefti_park_single out of its channel and claims its
 * wait. false: it was won by others. */
extern bool (*wefti_withdraw_hook)(wefti_runner *runner);

/* runner.c: a runner in its loop, from the idle ones or fresh; NULL: no stack to be had. */
wefti_runner *wefti_runner_get(wefti_worker *worker);
wefti_runner *wefti_runner_on(void *low, size_t stack_size, uint32_t number); /* the one whose stack this is */
wefti_runner *wefti_runner_fresh(wefti_worker *worker, wefti_stack_pool *pool, size_t stack_size);
void wefti_runner_free(wefti_worker *worker, wefti_runner *runner);

/* Something that a worker does in its normal course, on a runner of its own. */
typedef struct wefti_chore {
    void (*run)(wefti_runner *self);
} wefti_chore;

/* By any thread that keeps the kernel from being freed, though not from ending: the worker's tasks may all have ended
 * when the chore comes, and it is never run then. Not one of the worker's runners until it begins, so that a worker
 * which is to begin anew does not wait for it. false: no stack to be had. */
bool wefti_worker_mail(wefti_worker *worker, const wefti_chore *chore);
/* Frees the chores that came too late. The worker's thread is gone, and nobody mails any more. */
void wefti_worker_refuse_mail(wefti_worker *worker);
/* Leaves `from` for `to` on this worker. Where it is the last thing a function does, that becomes a jump, and the
 * switch comes back to the function's caller: each return after a change of stacks is one that the processor predicts
 * wrong. */
WEFTI_NO_TSAN static inline __attribute__((always_inline)) int
wefti_runner_switch(wefti_worker *worker, wefti_runner *from, wefti_runner *to, bool last) {
    wefti_store_relaxed(&worker->current, to); /* relaxed: for dumps and task_categories_running */
    return wefti_fiber_switch(&from->fiber, &to->fiber, last);
}
/* What the running task takes along when it is left: it keeps that, and has it back when it goes on. H1, exceptions.h.
 */
static inline void wefti_runner_keep_exceptions(wefti_runner *self) {
    wefti_exceptions *here = self->fiber.strand.worker->exceptions;
    self->exceptions = *here;
    self->keeps = true;
    *here = (wefti_exceptions){NULL, 0};
}
static inline void wefti_runner_have_exceptions(wefti_runner *self) {
    if (self->keeps) *self->fiber.strand.worker->exceptions = self->exceptions; /* another's by now, if it is movable */
    self->keeps = false;
}
/* Puts a runner where this worker (or, if it is movable, any) goes on with it. */
void wefti_runner_ready(wefti_worker *worker, wefti_runner *runner);
/* Ends the process if the task that runs has written below its stack. For runners that are watched. */
void wefti_runner_check(const wefti_runner *runner);
/* Lifts a doom that was of the task before; set by condition/kill.c. For runners that are WEFTI_TASK_DOOMED. */
extern void (*wefti_doom_lift_hook)(wefti_runner *runner);
/* On its thread, in a handler too: whether the function of a task is under way. Else what runs is the loop, or a
 * function of the program that the delivery of an outcome calls. */
static inline bool wefti_task_is_inside(const wefti_runner *self) {
    /* relaxed, both: its own */
    return wefti_load_relaxed(&self->category) != NULL && wefti_load_relaxed(&self->type) != NULL;
}
/* Whether a task runs here that is being killed. */
static inline bool wefti_is_dying(wefti_strand *self) {
    return self->worker != NULL && wefti_runner_of_strand(self)->dying;
}
/* After a task of others has been run inside this one, up to an end of its own: if it was this one that was killed
 * there, it goes on to die. */
static inline void wefti_die_further(wefti_strand *self, bool was_dying) {
    if (WEFTI_UNLIKELY(!was_dying && wefti_is_dying(self))) wefti_die_hook();
}
/* Opens the spare of its stack; the next task on it closes it at the latest. false: it is open, or there is none.
 * Async-signal-safe. */
bool wefti_runner_open_spare(wefti_runner *runner);
/* Takes the return barrier from its stack, should there be one: where it was, or NULL. On the runner's thread; a
 * handler that does so too may come in between. Async-signal-safe. */
void **wefti_runner_clear_barrier(wefti_runner *runner);
/* The runner that this thread had when it was given up: it is no worker's any more, and ends at its barrier. NULL: it
 * was not. Read by a child of fork, in which it goes on. */
extern __thread wefti_runner *wefti_runner_given_up __attribute__((tls_model("initial-exec")));
/* Sets one at `slot`; all: for a slice, which keeps all registers. Async-signal-safe. */
void wefti_runner_set_barrier(wefti_runner *runner, void **slot, bool all);
/* Closes the spare of its stack, should it be open, unless the caller stands near it. */
void wefti_runner_close_spare(wefti_runner *runner);
/* A runner that is marked comes out of the loop in a call of Weft's: ends its task, if it may. Set by
 * condition/kill.c. */
extern void (*wefti_doomed_hook)(wefti_strand *self);
/* A ready runner, or NULL. */
wefti_runner *wefti_runner_next(wefti_worker *worker);

/* A movable runner that is ready here; NULL: none. */
wefti_runner *wefti_movable_take(wefti_worker *worker);
/* Takes half of those of another worker here; false: there were none. */
bool wefti_movable_steal(wefti_worker *from, wefti_worker *to);

/* loop.c: what a runner does. */
void wefti_loop(void *runner);
/* Ends the running task with a condition, a reference to which it takes over, in place of a value. Its stack has been
 * unwound: what is left on it is forgotten, and the runner begins its loop anew from the top. Then all is as after a
 * normal end. The runner runs a task that came as a record: not a broadcast. */
WEFTI_NORETURN void wefti_task_abandon(wefti_runner *self, const wefti_condition *condition);
/* The same, on a worker's own runner, for another runner whose thread was given up: its stack stays as it is. */
void wefti_task_bury(wefti_runner *lost, const wefti_condition *condition);
/* kernel.c: gives the worker another thread; the one it had is stuck in its task, off Weft's code, and left to itself.
 * false: none is to be had. */
bool wefti_worker_replace(wefti_worker *worker);
/* Whether the runner runs such a task, which can be abandoned. */
bool wefti_task_runs(const wefti_runner *self);
/* Looks at the mailbox, the clock and the timers. */
void wefti_poll(wefti_worker *worker);

#endif
