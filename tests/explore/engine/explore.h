/* SPDX-License-Identifier: MIT */
/* explore.h - tests over all schedules and all values that C11's memory model lets a load see.
 *
 * Idea: code that goes through base/atomic.h, compiled with WEFT_EXPLORE, calls the explorer at each atomic operation.
 * A test's threads are fibers on one OS thread; the explorer chooses who goes on and which of the stores a load sees,
 * either by a seed or exhaustively. The body of a test runs anew for each execution:
 *
 *     EXPLORE(the_message_is_seen) {
 *         box = explore_alloc(sizeof *box);
 *         explore_thread(sender, box);
 *         explore_thread(receiver, box);
 *         explore_join();
 *         explore_assert(box->received == 1);
 *     }
 *
 * Options stand behind the name: EXPLORE(name, .exhaustive = true, .preemptions = 2, .fails = "race").
 * docs/EXPLORER.md tells the memory model, the command line and how to read a failure.
 */
#ifndef WEFT_EXPLORE_H
#define WEFT_EXPLORE_H

#include "base/atomic.h"
#include "os/os.h"

typedef struct explore_test {
    const char *name;
    void (*body)(void);
    const char *fails; /* the test passes only if a failure is found whose text contains this */
    bool exhaustive;   /* every schedule within the bounds, in order; else by seeds */
    int preemptions;   /* most preemptions in one execution; 0: what the command line says (3) */
    int stale;         /* exhaustive: most loads of one execution that see an old store; 0: 6; negative: none */
    bool longer;       /* only with --long */
    bool merge;        /* exhaustive, without old loads: goes on from each state only once; see explore_state */
    int spurious;      /* exhaustive: most futex waits that return without reason; 0: none */
    unsigned steps;    /* operations after which an execution is called endless; 0: 20000 */
    unsigned share;    /* percent of the usual number of executions; 0: 100 */
    const char *file;
    struct explore_test *next;
} explore_test;

void explore_register(explore_test *test);

#define EXPLORE(function, ...)                                                                                         \
    static void function(void);                                                                                        \
    static explore_test function##_test = {.name = #function, .body = function, .file = __FILE__, __VA_ARGS__};        \
    __attribute__((constructor)) static void function##_register(void) { explore_register(&function##_test); }         \
    static void function(void)

/* Starts a thread of the test; at most 7. What the caller did before happens before all that it does. */
#define explore_thread(run, argument) explore_thread_named(#run, run, argument)
void explore_thread_named(const char *name, void (*run)(void *), void *argument);
/* Waits for all threads; what they did happens before what follows. */
void explore_join(void);
/* The number of the running thread: 0 is the test's body. */
unsigned explore_self(void);

#define explore_assert(condition)                                                                                      \
    ((condition) ? (void)0 : explore_fail("%s:%d: assertion '%s' does not hold", __FILE__, __LINE__, #condition))
WEFTI_NORETURN void explore_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A choice of the test's own, below n; part of the seed. 0 is tried first. */
unsigned explore_choose(unsigned n);
/* Marks that one execution was of the kind the test is about; the report says how many were. */
void explore_saw(const char *what);

/* Memory of one execution, zeroed; an atomic or announced access after explore_free, or beyond the end, is a failure.
 */
void *explore_alloc(size_t size);
void explore_free(void *memory);
/* Blocks allocated and not freed in this execution. */
size_t explore_live_blocks(void);

/* With .merge: memory of the test itself, all of which its threads read and write. */
void explore_state(const void *memory, size_t size);
/* Gives a word a name in traces. `name` must stay. */
void explore_name(const void *word, const char *name);
/* A pointer variable that each thread of the test has for itself (stands for thread-local variables). */
void explore_local(void *variable);
/* Whether light barriers are free in this execution. */
bool explore_asymmetric(void);
/* The virtual clock, without touching it. */
int64_t explore_now(void);
/* No sleep ends by the clock at that time or later: who would sleep until then instead of something earlier is stuck.
 * Of the program; INT64_MAX at first. */
extern int64_t explore_last_time;

#endif
