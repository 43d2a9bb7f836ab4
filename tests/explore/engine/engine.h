/* SPDX-License-Identifier: MIT */
/* engine.h - what the files of the explorer share.
 *
 *   main.c      the command line, runs of executions, mutation runs
 *   schedule.c  threads, choices, sleeping and the virtual clock
 *   model.c     atomic words: histories, views, fences
 *   quiet.c     words at which a preemption would change nothing
 *   plain.c     plain memory: races, freed memory, allocation
 *   states.c    states that a search need not go on from twice
 *   report.c    places, traces, failures
 *   switch.c    stacks
 */
#ifndef WEFT_EXPLORE_ENGINE_H
#define WEFT_EXPLORE_ENGINE_H

#include "explore.h"

enum {
    MOST_THREADS = 8,
    MOST_WORDS = 192,
    HISTORY = 8,
    STACK_BYTES = 256 * 1024,
    MOST_LOCALS = 4,
    MOST_LOOKS = 4,
    MOST_STEPS = 30000
};

/* What a thread (or a message) knows: how far it has seen each thread's plain accesses, and the newest store of each
 * word that it may not go behind. Entries of `seen` from `reach` on are zero and not stored. */
typedef struct view {
    uint32_t clock[MOST_THREADS];
    int reach;
    int16_t seen[MOST_WORDS] __attribute__((aligned(16)));
} view;

enum state { READY, PAUSED, ASLEEP, JOINING, DONE };

typedef struct thread {
    void *stack_pointer; /* switch.c */
    enum state state;
    unsigned id;
    const char *name;
    void (*run)(void *);
    void *argument;
    const wefti_place *place; /* of its last operation */
    const void *word;         /* ASLEEP: on this futex ... */
    uint64_t expected;        /* ... which held this */
    int64_t deadline;
    bool timed_out;
    bool paused_before; /* has done nothing since its last pause */
    uint64_t pause_mark;
    int looks[MOST_LOOKS],
        watch[MOST_LOOKS];            /* words accessed since its last pause; and between that and the one before */
    unsigned look_count, watch_count; /* MOST_LOOKS + 1: more, or time */
    uint64_t held;                    /* locks, as quiet.c numbers them */
    bool fresh, freshest; /* has done nothing that others notice (nothing at all) since it was chosen to go on */
    unsigned burst;
    void *locals[MOST_LOCALS];
    bool has_pending, has_released;
    view now;      /* what it has seen */
    view pending;  /* what relaxed loads brought, for the next acquire fence */
    view released; /* what it had seen at its last release fence */
} thread;

typedef struct engine {
    /* of the execution */
    thread *self;
    unsigned threads, unfinished;
    unsigned steps, most_steps;
    uint64_t writes;
    unsigned idle_rounds;
    int64_t clock;
    bool asymmetric;
    bool running;
    bool alone; /* only the body has run so far, or it has joined all: nothing can race, nothing is old */
    bool failed;
    bool tracing;
    uint32_t generation; /* tells entries of tables that belong to this execution */
    /* choices */
    bool exhaustive;
    uint64_t random;
    uint64_t seed;
    int countdown; /* operations until the next possible preemption */
    int gap;
    int budget;            /* preemptions left */
    int old_loads;         /* exhaustive: loads of old stores left */
    int spurious;          /* exhaustive: spurious wake-ups left */
    unsigned stale_chance; /* of 256 */
    const explore_test *test;
    bool barrier_met;
    bool watching;   /* learns which words are quiet */
    bool learned;    /* a word that was quiet is not: begin anew */
    bool merging;    /* follows each state only once */
    bool known;      /* the execution has come to one that was followed before */
    bool all_points; /* no word is quiet: a path from the command line */
    uint64_t total_steps;
    char message[1024];
    thread all[MOST_THREADS];
} engine;

extern engine explore_engine;

static inline uint64_t next_random(void) { /* xorshift64* */
    uint64_t x = explore_engine.random;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    explore_engine.random = x;
    return (x * UINT64_C(2685821657736338717)) >> 16;
}

/* switch.c */
void switch_clear(const thread *thread); /* as far as an execution is likely to use its stack */
const char *switch_stack_top(const thread *thread);
void switch_init(void);
void switch_make(thread *thread);
void switch_to(thread *from, thread *to); /* either may be NULL: the engine itself */

/* schedule.c */
unsigned choose(unsigned n);
void execute(void (*body)(void));
void schedule_slow(void);
void end_thread(void);
bool is_local(const void *memory); /* of a thread-local variable */
bool can_look_again(const thread *spinning);
WEFTI_NORETURN void abandon(void);
typedef struct path_entry {
    uint16_t of, chosen;
} path_entry;
extern path_entry *explore_path;
extern size_t explore_path_length, explore_path_depth;

void quiet_point(const wefti_place *place);
void states_clear_below(void);      /* states.c */
void print_choice(unsigned chosen); /* for a path that is to be printed */

/* quiet.c */
void quiet_begin(void); /* of a test */
bool quiet(const void *memory, bool write);
void quiet_store(const void *memory, uint64_t value);                             /* before it */
void quiet_update(const void *memory, unsigned op, uint64_t value, uint64_t old); /* after it */

/* A scheduling point, before an operation. */
static inline void point(const wefti_place *place) {
    engine *e = &explore_engine;
    thread *self = e->self;
    self->place = place;
    self->paused_before = false;
    e->steps++;
    if (WEFTI_LIKELY(--e->countdown >= 0)) return;
    schedule_slow();
}

/* The same before an access to a word; none where the word is quiet. */
static inline void point_at(const void *memory, bool write, const wefti_place *place) {
    engine *e = &explore_engine;
    if (WEFTI_UNLIKELY(e->merging)) states_clear_below();
    bool left_out = e->watching && quiet(memory, write) && e->exhaustive;
    if (left_out)
        quiet_point(place);
    else
        point(place);
}

/* states.c */
void states_forget(void); /* before a search */
void states_begin(void);  /* an execution */
bool states_known(void);
size_t states_count(void);

/* model.c */
void model_begin(void);
uintptr_t model_address(int index);             /* of a word */
bool model_has_changed(const thread *spinning); /* something of what it watches */
void model_start_thread(thread *child, const thread *parent);
void model_join_thread(thread *self, const thread *other);
uint64_t model_newest(const void *word, size_t size); /* and makes the caller see it */
/* Fails unless all accesses to words in [low, high) happened before now. */
void model_free_range(uintptr_t low, uintptr_t high);

/* plain.c */
void plain_begin(void);
uint64_t plain_hash(uint64_t hash, uint64_t (*mix)(uint64_t hash, const void *memory, size_t size));
void plain_access(const void *memory, size_t size, bool write, const wefti_place *place, const void *code);
void plain_check_alive(const void *memory, size_t size, const wefti_place *place, const void *code);
/* What code under test calls in the place of the C library's (renamed by the build). */
void *explore_malloc(size_t size);
void *explore_realloc(void *memory, size_t size);
void *explore_calloc(size_t count, size_t size);
void *explore_aligned_alloc(size_t alignment, size_t size);
int explore_posix_memalign(void **memory, size_t alignment, size_t size);
void *explore_memcpy(void *to, const void *from, size_t size);
void *explore_memset(void *memory, int value, size_t size);
void *explore_memmove(void *to, const void *from, size_t size);

/* report.c */
typedef struct entry {
    unsigned thread;
    int kind; /* a WEFTI_OP_, or one of the below */
    const wefti_place *place;
    const void *code; /* of a plain access without a place */
    const void *word;
    size_t size;
    uint64_t value, other;
    int age; /* of the store a load has seen: 0 the newest */
    unsigned order;
    const char *note;
} entry;
enum { ENTRY_NOTE = 100, ENTRY_CAS_FAILED };
void trace_begin(void);
void trace(entry entry);
void trace_print(unsigned most, bool plain);
unsigned place_count(void);
wefti_place *place_at(unsigned i);
const char *place_tag(unsigned i); /* file.c:function:op_order(word)#n, the same in every build */
const char *place_text(const wefti_place *place);
/* The order after weakening; weak: 0 as written, 1 relaxed, 2 acquire, 3 release, 4 acq_rel. */
static inline unsigned place_order(const wefti_place *place) {
    static const unsigned char orders[] = {0, WEFTI_RELAXED, WEFTI_ACQUIRE, WEFTI_RELEASE, WEFTI_ACQ_REL};
    return WEFTI_LIKELY(place->weak == 0) ? place->order : orders[place->weak];
}
bool place_strong(const wefti_place *place);  /* whether there is something to weaken */
bool place_is_ours(const wefti_place *place); /* in a test, not in the library */
const char *word_name(const void *word);
void report_init(void);
void saw_reset(void);
void saw_print(void);

static inline void note(const char *text, const void *word, uint64_t value) {
    if (WEFTI_LIKELY(!explore_engine.tracing)) return;
    trace((entry){.thread = explore_engine.self->id, .kind = ENTRY_NOTE, .note = text, .word = word, .value = value});
}

#endif
