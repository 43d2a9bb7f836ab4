/* SPDX-License-Identifier: MIT */
/* context_switch.c - a context keeps what a callee must keep, runs on its own stack, and may change threads. */
#include "harness/harness.h"

#include <execinfo.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/context.h"
#include "fiber/annotate.h"

enum { STACK = 256 * 1024 };

/* Two sides of one conversation: `home` on the thread, `away` on a stack of its own. */
typedef struct two_sides {
    wefti_context home, away;
    wefti_annotation home_notes, away_notes;
    char *stack;
    void (*body)(struct two_sides *pair);
    uintptr_t place; /* an address on the away side's stack */
    uint64_t value;
    double sum;
    int frames;
    WEFTI_ATOMIC(int) order; /* when a switch shall order nothing (annotate.h), this does */
} two_sides;

static inline __attribute__((always_inline)) void visit(two_sides *pair) {
    wefti_add_release(&pair->order, 1);
    wefti_annotate_leave(&pair->home_notes, &pair->away_notes, false);
    wefti_context_switch(&pair->home, &pair->away);
    wefti_annotate_arrive(&pair->home_notes);
    wefti_load_acquire(&pair->order);
}

static inline __attribute__((always_inline)) void go_home(two_sides *pair, bool last) {
    wefti_add_release(&pair->order, 1);
    wefti_annotate_leave(&pair->away_notes, &pair->home_notes, last);
    wefti_context_switch(&pair->away, &pair->home);
    wefti_annotate_arrive(&pair->away_notes);
    wefti_load_acquire(&pair->order);
}

static void entry(void *argument) {
    two_sides *self = argument;
    wefti_annotate_arrive(&self->away_notes);
    wefti_load_acquire(&self->order);
    self->body(self);
    go_home(self, true);
    abort();
}

static bool begin(two_sides *pair, void (*body)(two_sides *pair)) {
    memset(pair, 0, sizeof *pair);
    pair->body = body;
    pair->stack = malloc(STACK);
    if (!CHECK_NOT_NULL(pair->stack)) return false;
    wefti_annotate_adopt(&pair->home_notes);
    wefti_annotate_make(&pair->away_notes, pair->stack, STACK);
    wefti_context_make(&pair->away, pair->stack, STACK, entry, pair);
    return true;
}

static void end(two_sides *pair) {
    wefti_annotate_end(&pair->away_notes);
    wefti_annotate_end(&pair->home_notes);
    free(pair->stack);
}

static void __attribute__((noinline)) note_place(two_sides *pair) {
    pair->place = (uintptr_t)__builtin_frame_address(0);
}

TEST(a_context_runs_on_its_own_stack_and_comes_back) {
    two_sides pair;
    if (!begin(&pair, note_place)) return;
    visit(&pair);
    CHECK_GE(pair.place, (uintptr_t)pair.stack);
    CHECK_LT(pair.place, (uintptr_t)pair.stack + STACK);
    end(&pair);
}

static void note_left(two_sides *pair) {
    pair->value = wefti_context_is_left(&pair->home) && !wefti_context_is_left(&pair->away);
}

TEST(the_one_that_runs_is_not_left_and_the_other_is) {
    two_sides pair;
    if (!begin(&pair, note_left)) return;
    CHECK(wefti_context_is_left(&pair.away));
    visit(&pair);
    CHECK_EQ(pair.value, 1);
    CHECK(!wefti_context_is_left(&pair.home));
    CHECK(wefti_context_is_left(&pair.away));
    end(&pair);
}

/* An aligned store of 16 bytes faults if entry was called with a wrong stack pointer. */
static void __attribute__((noinline)) store_aligned(two_sides *pair) {
    typedef struct {
        WEFTI_ALIGNED(16) uint64_t words[2];
    } aligned;
    volatile aligned local = {{1, 2}};
    pair->value = (uintptr_t)&local % 16 + local.words[0] + local.words[1];
}

TEST(the_stack_is_aligned_when_entry_is_called) {
    two_sides pair;
    if (!begin(&pair, store_aligned)) return;
    visit(&pair);
    CHECK_EQ(pair.value, 3);
    end(&pair);
}

/* More live values than there are registers that a callee keeps, integers and floating point numbers. */
#define LIVE_VALUES(seed)                                                                                              \
    uint64_t a = (seed), b = a * 3, c = b * 5, d = c * 7, e = d * 11, f = e * 13, g = f * 17, h = g * 19, i = h * 23;  \
    uint64_t j = i * 29, k = j * 31, l = k * 37;                                                                       \
    double p = 1.5 + (double)(seed), q = p * 1.25, r = q * 1.5, s = r * 0.75, t = s * 1.125, u = t * 0.5, v = u * 3,   \
           w = v * 0.25
#define MIX_LIVE_VALUES                                                                                                \
    a += l, b ^= a, c += b, d ^= c, e += d, f ^= e, g += f, h ^= g, i += h, j ^= i, k += j, l ^= k, p += q, q -= r,    \
        r += s, s -= t, t += u, u -= v, v += w, w -= p * 0.5
#define SUM_OF_LIVE_VALUES (a + b + c + d + e + f + g + h + i + j + k + l)

static uint64_t work_alone(uint64_t seed, int rounds, double *sum) {
    LIVE_VALUES(seed);
    for (int n = 0; n < rounds; n++) MIX_LIVE_VALUES;
    *sum = p + q + r + s + t + u + v + w;
    return SUM_OF_LIVE_VALUES;
}

enum { ROUNDS = 500 };

static void work_away(two_sides *pair) {
    LIVE_VALUES(7);
    for (int n = 0; n < ROUNDS; n++) {
        MIX_LIVE_VALUES;
        go_home(pair, false);
    }
    pair->sum = p + q + r + s + t + u + v + w;
    pair->value = SUM_OF_LIVE_VALUES;
}

TEST(values_in_registers_survive_switches_on_both_sides) {
    two_sides pair;
    if (!begin(&pair, work_away)) return;
    LIVE_VALUES(99);
    for (int n = 0; n < ROUNDS; n++) {
        MIX_LIVE_VALUES;
        visit(&pair);
    }
    visit(&pair);
    double home_sum, away_sum;
    CHECK_EQ(SUM_OF_LIVE_VALUES, work_alone(99, ROUNDS, &home_sum));
    CHECK_EQ(pair.value, work_alone(7, ROUNDS, &away_sum));
    CHECK(memcmp(&pair.sum, &away_sum, sizeof away_sum) == 0);
    double sum = p + q + r + s + t + u + v + w;
    CHECK(memcmp(&sum, &home_sum, sizeof home_sum) == 0);
    end(&pair);
}

static void __attribute__((noinline)) count_frames(two_sides *pair) {
    void *frames[64];
    pair->frames = backtrace(frames, 64);
}

TEST(a_backtrace_ends_at_the_first_frame_of_the_stack) {
    two_sides pair;
    if (!begin(&pair, count_frames)) return;
    void *warm[4];
    backtrace(warm, 4); /* loads the unwinder, which wants more stack than this test is about */
    visit(&pair);
    CHECK_GE(pair.frames, 2);
    CHECK_LE(pair.frames, 8);
    end(&pair);
}

static unsigned __attribute__((noinline)) recurse(unsigned depth) {
    volatile unsigned char frame[512];
    memset((void *)(uintptr_t)frame, (int)(depth & 0xff), sizeof frame);
    if (depth == 0) return frame[0];
    return recurse(depth - 1) + frame[depth % sizeof frame];
}

static void recurse_away(two_sides *pair) { pair->value = recurse(100); }

TEST(deep_calls_work_away_from_home) {
    two_sides pair;
    if (!begin(&pair, recurse_away)) return;
    visit(&pair);
    CHECK_EQ(pair.value, recurse(100));
    end(&pair);
}

/* Two threads run one context in turn. It passes the turn on before it has left, so the other thread has to wait for
 * that:
 *
 *     thread 0, on the context: count, turn = 1 ........ push registers, (left)
 *     thread 1, on its own stack: ......... sees turn == 1, waits for "left", switches to the context
 */

enum { TURNS = 2000 };

typedef struct visitor {
    wefti_context context;
    wefti_annotation notes;
    struct shared_context *shared;
    unsigned number;
    pthread_t thread;
} visitor;

typedef struct shared_context {
    wefti_context context;
    wefti_annotation notes;
    WEFTI_ATOMIC(unsigned) turn;
    struct visitor *visitor; /* on whose thread the context runs; who has the turn may write */
    uint64_t count;          /* the same */
    visitor visitors[2];
} shared_context;

static void count_turns(void *argument) {
    shared_context *self = argument;
    wefti_annotate_arrive(&self->notes);
    for (;;) {
        wefti_load_acquire(&self->turn); /* partner: take_turns */
        self->count++;
        visitor *home = self->visitor;
        wefti_store_release(&self->turn, 1 - home->number); /* partner: take_turns */
        wefti_annotate_leave(&self->notes, &home->notes, false);
        wefti_context_switch(&self->context, &home->context);
        wefti_annotate_arrive(&self->notes);
    }
}

static void *take_turns(void *argument) {
    visitor *self = argument;
    shared_context *shared = self->shared;
    wefti_annotate_adopt(&self->notes);
    for (size_t turns = harness_rounds(TURNS); turns > 0; turns--) {
        while (wefti_load_acquire(&shared->turn) != self->number) sched_yield(); /* partner: count_turns */
        while (!wefti_context_is_left(&shared->context)) sched_yield();
        shared->visitor = self;
        wefti_store_release(&shared->turn, self->number); /* partner: count_turns */
        wefti_annotate_leave(&self->notes, &shared->notes, false);
        wefti_context_switch(&self->context, &shared->context);
        wefti_annotate_arrive(&self->notes);
        wefti_load_acquire(&shared->turn); /* partner: count_turns; for the one who reads the count in the end */
    }
    wefti_annotate_end(&self->notes);
    return NULL;
}

TEST(another_thread_may_go_on_as_soon_as_a_context_is_left) {
    shared_context shared;
    memset(&shared, 0, sizeof shared);
    char *stack = malloc(STACK);
    if (!CHECK_NOT_NULL(stack)) return;
    wefti_annotate_make(&shared.notes, stack, STACK);
    wefti_context_make(&shared.context, stack, STACK, count_turns, &shared);
    for (unsigned i = 0; i < 2; i++) {
        shared.visitors[i].shared = &shared;
        shared.visitors[i].number = i;
        pthread_create(&shared.visitors[i].thread, NULL, take_turns, &shared.visitors[i]);
    }
    for (unsigned i = 0; i < 2; i++) pthread_join(shared.visitors[i].thread, NULL);
    CHECK_EQ(shared.count, 2 * harness_rounds(TURNS));
    wefti_annotate_end(&shared.notes);
    free(stack);
}
