/* SPDX-License-Identifier: MIT */
/* doom.h - tasks that are to die: how one is chosen, and how it is brought to its end.
 *
 * Idea: which tasks of a worker are meant can be said exactly only on that worker's own thread. So who kills asks a
 * question: it leaves a list of runners with the worker and interrupts its thread; the handler of the signal marks
 * those whose task has begun and is of the category, and answers. A mark is a doom, and stays with the runner until its
 * task has ended: the next task of a runner that is marked takes the longer way in the loop, where the mark is lifted.
 *
 *   runner->doom:  NULL --handler, mail or caller, on the worker's thread--> doom --lift, on the same--> NULL
 *   doom->state:   ASKED --on the worker's thread--> MARKED --> DEAD       killed, its outcome delivered
 *                    |                                 |-----> ESCAPED     its task ended by itself before
 *                    +--> SPARED                       +-----> LOST        its thread was given up, see kill.c
 *
 * A marked task dies where it keeps nothing that others need:
 *
 *   in the program's own code        at once: the handler diverts it (cpu/divert.h)
 *   in a library, or in Weft         when that returns to the program: the handler sets a barrier
 *   waiting                          a runner that is mailed to its worker claims its wait with WEFTI_KILLED
 *   in a region without kill, or     when it leaves them
 *   holding a channel's lock
 *
 * There it is unwound, its clean-ups run, and wefti_task_abandon brings the runner back to its loop.
 *
 * A stroke walks the stack, which takes as long as that is deep: 100,000 calls are more than the reaper's longest nap.
 * So whoever was struck in vain is left alone for some times as long as that took, or it would do nothing but be
 * walked.
 *
 * Invariants
 *   D1  runner->doom and the bit WEFTI_TASK_DOOMED are written on the thread of the runner's worker only
 *   D2  a task is struck only while frames of the program are on its stack, so never between two tasks
 *   D3  a doom is freed only after it was lifted, or after the kernel's threads are gone
 *   D4  runner->barrier is set by handlers on that thread only, and cleared by them and by what they interrupt
 */
#ifndef WEFTI_DOOM_H
#define WEFTI_DOOM_H

#include "os/os.h"
#include "os/walk.h"
#include "sched/worker.h"

enum { WEFTI_DOOM_ASKED, WEFTI_DOOM_SPARED, WEFTI_DOOM_MARKED, WEFTI_DOOM_DEAD, WEFTI_DOOM_ESCAPED, WEFTI_DOOM_LOST };

typedef WEFTI_ATOMIC(bool) wefti_doom_flag;

typedef struct wefti_doom {
    struct wefti_doom *next; /* all of them; under the lock of kill.c */
    wefti_runner *runner;
    weft_kernel *kernel;
    weft_category category;
    int64_t since;
    WEFTI_ATOMIC(uint32_t) state;
    wefti_doom_flag lifted;     /* the runner does not point here any more */
    unsigned strokes;           /* since its time is over; the worker's thread's */
    bool replaced;              /* the thread of a lost one; the reaper's */
    wefti_doom_flag expired;    /* its time is over: harsher means are right */
    WEFTI_ATOMIC(int64_t) rest; /* it is not interrupted again before that, so that it gets on; relaxed: a hint */
} wefti_doom;

/* Asked of one worker. Lives until it was answered, or taken back out of worker->question. */
typedef struct wefti_question {
    wefti_worker *worker;
    wefti_doom *dooms; /* linked by next */
    bool again;        /* some task could not be told to have begun or ended */
    bool unsent;       /* there was no memory for the mail */
    int64_t used;      /* processor time of the worker's thread when it was asked; 0 where it is interrupted */
    wefti_futex answered;
} wefti_question;

/* The handler of the signal. */
bool wefti_doom_interrupt(void *interrupted);

/* On the worker's own thread, in its normal course: answers what was asked, and ends the waits of the marked tasks. */
void wefti_doom_answer(wefti_question *question);
void wefti_doom_end_wait(wefti_runner *runner);

/* Ends the running task as killed. */
WEFTI_NORETURN void wefti_doom_die(wefti_strand *self);

/* What it has spawned was killed on another worker, and is of its category: the running task ends as killed too, though
 * nobody has marked it yet. Returns where it must not, and outside of tasks. */
void wefti_doom_follow(wefti_strand *self);

/* The running task is in a call of Weft's, which keeps nothing: it dies there if it is marked. */
void wefti_doom_die_if_due(wefti_strand *self);

/* A task goes on after its slice, at any instruction of the program: it dies there if it is to. */
void wefti_doom_after_slice(wefti_strand *self);

/* Whether the running task is marked, and nothing keeps it from dying here. */
bool wefti_doom_is_due(const wefti_runner *runner);

/* Lifts the runner's doom: on its thread, when its task has ended. */
void wefti_doom_lift(wefti_runner *runner);

/* When who has been struck since `begun` may be interrupted again. */
int64_t wefti_doom_rest(int64_t begun);

/* kill_thread.c: the same for the calls of plain threads. In the handler: whether the signal was for it. */
bool wefti_doom_strike_thread(wefti_strand *strand, void *interrupted);
WEFTI_NORETURN void wefti_doom_thread_die(wefti_strand *self, unsigned how);
/* Interrupts those that are marked once more. Whether there are any. */
bool wefti_doom_repeat_threads(bool interrupts);

/* Whether what was interrupted may be left just there. */
bool wefti_doom_may_leave(const wefti_walk *walk);
/* kill.c: finds out how far kills reach here. Whether threads can be interrupted. */
bool wefti_doom_begin(void);
/* Has the reaper see to what has been marked; not before, or it may look, find nothing and sleep for seconds. */
void wefti_doom_go_on(void);

/* Set by comm/: takes the waiter of a runner that has parked with wefti_park_single out of its channel and claims its
 * wait. false: it was won by others. */
extern bool (*wefti_withdraw_hook)(wefti_runner *runner);

/* The handler met code that was loaded after the table of code was made. */
extern wefti_doom_flag wefti_doom_met_unknown;
/* The handler found a task where nothing can be done just then: it is worth asking again soon. */
extern wefti_doom_flag wefti_doom_eluded;

extern const wefti_condition wefti_task_killed;

#endif
