/* SPDX-License-Identifier: MIT */
/* attach.h - the process object of a thread that Weft did not make: what its strand needs to wait.
 *
 * Made on the first use of Weft on a thread, kept until the thread ends (pthread key destructor) or an outer call ends
 * that was said to be the last. Workers' threads have one as well, for the time outside their loop.
 *
 *   none --first use--> KEPT --enter, depth 0--> IN AN OUTER CALL --leave--> KEPT, or (last callback) none
 *   KEPT, IN AN OUTER CALL --thread ends--> none --a later key's destructor uses Weft--> KEPT ...
 *
 * Initial bindings: values are computed once, into `values`. They lie there a second time, copied anew for each outer
 * call, and a third time, bound as long as the process object is there.
 *
 * Places: what a thread waits with in lists of channels lies with its process object, and not on its stack, which is
 * gone if the thread vanishes; `life` tells. See sched/park.h.
 *
 * Interrupts: a list under the registry's lock, and a word that says that there is one. They run on a strand of their
 * own in the same thread, since the thread's own may be in the middle of a wait whose notice comes at any time.
 */
#ifndef WEFTI_ATTACH_H
#define WEFTI_ATTACH_H

#include <weft/forkjoin.h>
#include <weft/kernel.h>

#include "dynamic/strand.h"
#include "lockfree/parker.h"
#include "os/life.h"
#include "sched/park.h"
#include "sched/spares.h"

enum { WEFTI_PROCESS_NAME = 24 };

struct wefti_worker;

enum { WEFTI_FIRST_PATIENCE = 20000 }; /* nanoseconds */

typedef struct wefti_errand {
    struct wefti_errand *next;
    void (*function)(void *argument);
    void *argument;
} wefti_errand;

/* Initial bindings as they were set once: immutable and counted. */
typedef struct wefti_initial {
    WEFTI_ATOMIC(size_t) references;
    size_t count, size; /* size: what wefti_bindings_size says */
    size_t sum;         /* of the values, each filled up to 16 */
    weft_worker_binding bindings[];
} wefti_initial;

enum { WEFTI_SMALL_ROOM = 64 };

/* The memory with which a plain thread waits in lists of channels. */
typedef struct wefti_berth {
    wefti_life *life; /* of the thread; NULL: it is not watched */
    /* Its wait there, if it has one; read by others once they have found it GUARDED. */
    const wefti_wait *watched;
    uint32_t places;             /* with that wait */
    bool parked;                 /* the thread's last wait, which may go on, is that one */
    bool held;                   /* it held the channel's own lock, and is to come back to it */
    WEFTI_ATOMIC(uint32_t) lost; /* of those places: taken out of their lists by others, since the thread is gone */
    wefti_wait wait;             /* a wait on one channel */
    wefti_waiter waiter;
    WEFTI_ALIGNED(16) unsigned char room[WEFTI_SMALL_ROOM]; /* for the element */
    void *larger;                                           /* memory for an alternation, kept; NULL: none yet */
    size_t larger_size;
    bool larger_used;
} wefti_berth;

typedef struct wefti_thread {
    wefti_strand strand; /* first; strand.worker is NULL */
    wefti_parker parker;
    WEFTI_ATOMIC(int) woken_from; /* on which processor the last one ran that unparked it */
    WEFTI_ATOMIC(int) waits_on;   /* on which processor it began its wait */
    int64_t patience;             /* nanoseconds of looking before it sleeps, as learned: see park.c */
    bool gives_way;               /* first to others on its processor, as learned */
    uint8_t crowded;              /* so many times more it does not: see wefti_give_way */
    weft_forks forks;             /* what it has spawned */
    wefti_spares spares;          /* blocks of timeouts */
    WEFTI_ATOMIC(uint32_t) depth; /* of explicit calls, the outer one is 1; written by the thread alone */
    bool last;                    /* the outer call was said to be the last */
    wefti_initial *initial;       /* NULL: none */
    char *values;                 /* see layout in attach.c; NULL: none */
    weft_bound *below, *top; /* the bindings of outer calls are linked from `top` on above `below`; NULL: not yet */
    WEFTI_ATOMIC(struct wefti_worker *) serving; /* the worker whose thread this is, or NULL; as depth */
    struct wefti_thread *owner; /* of the strand of an interrupt: the thread's own process object; else NULL */
    /* Killing: condition/kill_thread.c. */
    WEFTI_ATOMIC(uint32_t) kill; /* wefti_thread_kill */
    struct weft_target *end;     /* where a kill leads; NULL: it is in no call that can be killed */
    void *signal_stack;          /* given by Weft; NULL: none */
    wefti_berth berth;
    wefti_life life;
    struct wefti_thread *apart; /* the process object of an interrupt that runs; NULL: none, or it is on the stack */
    /* Takes the thread's waiter out where it waits, should the thread be cancelled there; NULL: it cannot be. */
    void (*withdraw)(void *argument);
    void *withdrawn;
    WEFTI_ATOMIC(const char *) waits;
    WEFTI_ATOMIC(uint32_t) pending; /* interrupts; changed under the registry's lock */
    wefti_errand *interrupts;       /* under the registry's lock, as all that follows */
    struct wefti_thread *next, **back;
    uint64_t number;
    int id;
    char name[WEFTI_PROCESS_NAME];
} wefti_thread;

static inline wefti_thread *wefti_thread_of_strand(wefti_strand *strand) {
    return WEFTI_CONTAINER(strand, wefti_thread, strand);
}

/* The call that a thread is in:  NONE --begins--> OPEN --weft_kill_process--> MARKED --the thread--> DYING --> NONE
 *                                                     '---------returns by itself---------> NONE <---'           */
enum wefti_thread_kill { WEFTI_CALL_NONE, WEFTI_CALL_OPEN, WEFTI_CALL_MARKED, WEFTI_CALL_DYING };

static inline bool wefti_thread_may_die(const wefti_thread *thread) {
    return thread->strand.unkillable == 0 && thread->strand.locks == 0 && thread->strand.cleaning == 0;
}

/* The thread is about to wait with memory of its berth, at so many places. */
static inline void wefti_berth_watch(wefti_berth *berth, wefti_wait *wait, uint32_t places) {
    wait->in_berth = true;
    wait->chosen = NULL; /* see wefti_berth_is_left */
    berth->watched = berth->life != NULL ? wait : NULL;
    berth->places = places;
    berth->held = false;
    wefti_store_relaxed(&berth->lost, 0u); /* relaxed: others change it once the wait is published */
}

/* park.c, under the thing's lock: a waiter that is lost was taken out of its list, and is not touched any more. */
void wefti_place_lost(wefti_waiter *waiter);

/* park.c, under the thing's lock: whether the thread of a listed waiter has vanished, and so the waiter is lost. */
bool wefti_find_lost(wefti_waiter *waiter);

/* park.c, of a thread that has vanished in a wait: whether nobody will touch what it waits with any more. */
bool wefti_berth_is_left(const wefti_thread *thread);

/* Memory of the berth of at least this size, until it is given back. NULL: none, or it is in use. */
void *wefti_berth_take(wefti_berth *berth, size_t size);
void wefti_berth_give(wefti_berth *berth);

/* Whether the thread's call is marked, and nothing keeps it from ending here. relaxed: marked before an errand */
static inline bool wefti_thread_is_due(wefti_thread *thread) {
    if (WEFTI_LIKELY(thread->end == NULL)) return false; /* it is in none */
    return wefti_load_relaxed(&thread->kill) == WEFTI_CALL_MARKED && wefti_thread_may_die(thread);
}

/* Whether the strand's waits are to be such that a kill, or the end of its scope, can end them. */
static inline bool wefti_can_be_killed(wefti_strand *self) {
    return self->worker != NULL || self->member != NULL || wefti_thread_of_strand(self)->end != NULL;
}

/* Calls visit for the process of this number, 0: for each, with the registry's lock held. */
void wefti_processes_visit(uint64_t number, void (*visit)(wefti_thread *thread, void *argument), void *argument);

/* The process object of a worker's thread, without initial bindings. NULL: no memory. */
wefti_strand *wefti_attach_worker(void);

/* For fork: what the calling thread holds all the time is let go meanwhile. Without the lock. */
void wefti_processes_before_fork(void);
void wefti_processes_after_fork(bool in_child);
/* The registry's lock, for fork. */
void wefti_processes_lock(void);
void wefti_processes_unlock(void);
/* In the child, lock held: forgets all processes but that of the caller, which is a plain thread now. */
void wefti_processes_forked(void);

/* Runs what weft_interrupt_process has left. Own thread, no lock held. */
void wefti_run_interrupts(wefti_thread *thread);

static inline bool wefti_is_interrupted(wefti_thread *thread) {
    return WEFTI_UNLIKELY(wefti_load_seq(&thread->pending) != 0); /* partner: wefti_parker_disturb in process.c */
}

#endif
