/* SPDX-License-Identifier: MIT */
/* schedule.c - the threads of an execution: who goes on, who sleeps, what time it is.
 *
 * By seeds, an execution draws at its start how often it may preempt and how far apart the points for it lie; between
 * two such points a thread runs on, and the check is one decrement. Exhaustively, each point is a choice, and the list
 * of choices is walked like a counter. When a thread cannot go on, who goes on is a choice that costs nothing.
 */
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"

enum { BURST = 300, IDLE_ROUNDS = 3000, TIMEOUT_SHARE = 8, PATH_MOST = 1 << 20, PAUSES_MERGED = 64 };

engine explore_engine;
path_entry *explore_path;
size_t explore_path_length, explore_path_depth;

static void **local_variables[MOST_LOCALS];
static unsigned local_count;
static thread
    *listed[MOST_THREADS]; /* those of whom one is chosen; not on the stack, where it would be part of a state */

/* ---- choices ---- */

static unsigned next_choice(unsigned n) {
    if (explore_path_depth == explore_path_length) {
        if (explore_path_length == PATH_MOST) explore_fail("more than %d choices in one execution", PATH_MOST);
        explore_path[explore_path_length++] = (path_entry){(uint16_t)n, 0};
    }
    path_entry *at = &explore_path[explore_path_depth++];
    if (at->of == 0) at->of = (uint16_t)n; /* from the command line */
    if (at->of != n) {
        fprintf(stderr, "explore: %s is not deterministic: a choice of %u was one of %u before\n",
                explore_engine.test->name, n, at->of);
        exit(2);
    }
    return at->chosen;
}

unsigned choose(unsigned n) {
    if (n <= 1) return 0;
    if (!explore_engine.exhaustive) return (unsigned)(next_random() % n);
    unsigned chosen = next_choice(n);
    if (explore_engine.tracing) print_choice(chosen);
    return chosen;
}

unsigned explore_choose(unsigned n) {
    unsigned chosen = choose(n);
    note("chooses", NULL, chosen);
    return chosen;
}

/* Chooses who goes on; not from a state that has been followed before. */
static unsigned choose_thread(unsigned n) {
    engine *e = &explore_engine;
    if (n > 1 && e->merging && !e->tracing && explore_path_depth == explore_path_length && states_known()) {
        e->known = true;
        abandon();
    }
    return choose(n);
}

/* ---- ending an execution ---- */

void abandon(void) {
    explore_engine.running = false;
    switch_to(explore_engine.self, NULL);
    abort();
}

void explore_fail(const char *format, ...) {
    engine *e = &explore_engine;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(e->message, sizeof e->message, format, arguments);
    va_end(arguments);
    e->failed = true;
    abandon();
}

static const char *state_text(const thread *t) {
    static const char *const texts[] = {"could run", "spins", "sleeps", "waits for the others", "has ended"};
    return texts[t->state];
}

static WEFTI_NORETURN void fail_stuck(const char *what) {
    char text[900];
    size_t used = (size_t)snprintf(text, sizeof text, "%s:", what);
    for (unsigned i = 0; i < explore_engine.threads && used < sizeof text; i++) {
        const thread *t = &explore_engine.all[i];
        if (t->state == DONE) continue;
        used += (size_t)snprintf(text + used, sizeof text - used, "\n    T%u %s %s, last at %s", t->id, t->name,
                                 state_text(t), t->place != NULL ? place_text(t->place) : "its start");
        if (t->state == ASLEEP && used < sizeof text)
            used += (size_t)snprintf(text + used, sizeof text - used, ", on %s while it holds %llu (it holds %u)",
                                     word_name(t->word), (unsigned long long)t->expected, *(const uint32_t *)t->word);
    }
    explore_fail("%s", text);
}

/* ---- who goes on ---- */

static void draw_countdown(engine *e) {
    if (e->exhaustive)
        e->countdown = 0;
    else if (e->budget > 0)
        e->countdown = (int)(next_random() % (unsigned)(2 * e->gap));
    else
        e->countdown = BURST;
}

static void go(thread *to) {
    engine *e = &explore_engine;
    thread *from = e->self;
    if (to->state == ASLEEP) {
        to->timed_out = true;
        if (e->clock < to->deadline) e->clock = to->deadline;
    }
    to->state = READY;
    if (to == from) return;
    for (unsigned i = 0; i < local_count; i++) {
        from->locals[i] = *local_variables[i];
        *local_variables[i] = to->locals[i];
    }
    e->self = to;
    switch_to(from, to);
}

/* A thread that spins goes on when something has changed; in an exhaustive search, something of what it has looked at,
 * since it would only look and pause again. */
bool can_look_again(const thread *t) {
    const engine *e = &explore_engine;
    if (t->pause_mark == e->writes) return false;
    return !e->exhaustive || t->watch_count > MOST_LOOKS || model_has_changed(t);
}

int64_t explore_last_time = INT64_MAX;

static bool can_time_out(const thread *t) { return t->state == ASLEEP && t->deadline < explore_last_time; }

/* The threads other than self that may go on now; sleepers with a deadline come last, by seeds only now and then. */
static unsigned candidates(thread **list) {
    engine *e = &explore_engine;
    unsigned n = 0;
    for (unsigned i = 0; i < e->threads; i++) {
        thread *t = &e->all[i];
        if (t == e->self) continue;
        if (t->state == READY || (t->state == PAUSED && can_look_again(t))) list[n++] = t;
    }
    for (unsigned i = 0; i < e->threads; i++) {
        thread *t = &e->all[i];
        if (t != e->self && can_time_out(t) && (e->exhaustive || next_random() % TIMEOUT_SHARE == 0)) list[n++] = t;
    }
    return n;
}

static thread *first_to_time_out(void) {
    thread *first = NULL;
    for (unsigned i = 0; i < explore_engine.threads; i++) {
        thread *t = &explore_engine.all[i];
        if (can_time_out(t) && (first == NULL || t->deadline < first->deadline)) first = t;
    }
    return first;
}

static unsigned paused(thread **list) {
    unsigned n = 0;
    for (unsigned i = 0; i < explore_engine.threads; i++)
        if (explore_engine.all[i].state == PAUSED) list[n++] = &explore_engine.all[i];
    return n;
}

/* Self cannot or does not want to go on. */
static void leave(void) {
    engine *e = &explore_engine;
    thread **list = listed;
    unsigned n = candidates(list);
    if (n > 0) {
        go(list[choose_thread(n)]);
        return;
    }
    thread *late = first_to_time_out();
    n = paused(list);
    if (n > 0 && (late == NULL || e->idle_rounds % 4 != 3)) {
        if (++e->idle_rounds > IDLE_ROUNDS) fail_stuck("livelock, nothing changes any more");
        go(list[choose(n)]);
        return;
    }
    e->idle_rounds++;
    if (late == NULL) fail_stuck("deadlock");
    go(late);
}

static void preempt(void) {
    engine *e = &explore_engine;
    thread **list = listed;
    unsigned n = candidates(list);
    if (n == 0) return;
    unsigned chosen = e->exhaustive ? choose_thread(n + 1) : (unsigned)(next_random() % n) + 1;
    if (chosen == 0) return;
    e->budget--;
    e->countdown = 0; /* who is switched to draws for itself */
    go(list[chosen - 1]);
}

/* The same; returns when it goes on again. To preempt it before it has done anything is to have chosen another at once,
 * but where it goes on because its time is over: nobody can wake it any more. */
static void block(void) {
    thread *self = explore_engine.self;
    bool slept = self->state == ASLEEP;
    leave();
    self->fresh = self->freshest = !(slept && self->timed_out);
}

static bool would_ask(const engine *e) {
    thread **list = listed;
    return e->budget > 0 && e->unfinished > 1 && candidates(list) > 0;
}

/* Nothing is asked here; but it would be, were nothing left out, and so a path that is printed has a place for it. */
void quiet_point(const wefti_place *place) {
    engine *e = &explore_engine;
    thread *self = e->self;
    self->place = place;
    self->paused_before = false;
    if (++e->steps > e->most_steps) fail_stuck("endless: more operations than an execution may have");
    if (e->tracing && !self->freshest && would_ask(e)) print_choice(0);
    self->freshest = false;
}

/* Whether self has done something since it was chosen. */
static bool may_be_preempted(engine *e) {
    thread *self = e->self;
    bool fresh = self->fresh, freshest = self->freshest;
    self->fresh = self->freshest = false;
    if (!e->exhaustive || !fresh) return true;
    if (e->tracing && !freshest && would_ask(e)) print_choice(0);
    return false;
}

/* Not counted: whoever runs very long without a pause lets the others go on. */
static void be_fair(void) {
    thread **list = listed;
    unsigned n = candidates(list);
    if (n > 0) go(list[choose(n)]);
}

void schedule_slow(void) {
    engine *e = &explore_engine;
    if (e->steps > e->most_steps) fail_stuck("endless: more operations than an execution may have");
    if (e->unfinished > 1) {
        if (!may_be_preempted(e))
            ;
        else if (e->budget > 0)
            preempt();
        else if (!e->exhaustive)
            be_fair();
    }
    draw_countdown(e);
}

void wefti_explore_pause(void) {
    engine *e = &explore_engine;
    thread *self = e->self;
    if (++e->steps > e->most_steps) fail_stuck("endless: more operations than an execution may have");
    if (e->unfinished == 1) return;
    if (self->paused_before && ++self->burst % PAUSES_MERGED != 0) return; /* it has not looked since */
    if (!self->paused_before) self->burst = 0;
    self->paused_before = true;
    self->state = PAUSED;
    self->pause_mark = e->writes;
    if (self->look_count > 0) {
        memcpy(self->watch, self->looks, sizeof self->watch);
        self->watch_count = self->look_count;
        self->look_count = 0;
    }
    block();
}

void wefti_os_yield(void) { wefti_explore_pause(); }

int wefti_current_cpu(void) { /* only hints depend on it, so every answer must do */
    return explore_engine.exhaustive ? 0 : (int)(next_random() & 1);
}

/* ---- sleeping and time ---- */

static bool wakes_spuriously(engine *e) {
    if (!e->exhaustive) return next_random() % 16 == 0;
    if (e->spurious == 0 || choose(2) == 0) return false;
    e->spurious--;
    return true;
}

bool wefti_futex_wait(wefti_futex *word, uint32_t expected, int64_t deadline) {
    static wefti_place place = {"", "", "", 0, WEFTI_OP_LOAD, WEFTI_RELAXED, 0, 0};
    engine *e = &explore_engine;
    const wefti_place *before = e->self->place;
    point(&place);
    thread *self = e->self;
    self->place = before;
    uint64_t holds = model_newest(&word->wefti_value, sizeof word->wefti_value);
    if (holds != expected) {
        note("does not sleep, the futex has changed", word, holds);
        return true;
    }
    if (e->clock >= deadline) return false;
    if (wakes_spuriously(e)) {
        note("wakes up from the futex without reason", word, holds);
        return true;
    }
    note("sleeps on the futex", word, holds);
    self->word = word;
    self->expected = expected;
    self->deadline = deadline;
    self->timed_out = false;
    self->state = ASLEEP;
    block();
    note(self->timed_out ? "its deadline has passed" : "was woken", word, *(uint32_t *)word);
    return !self->timed_out;
}

/* A test that is about cancelling brings its own. */
__attribute__((weak)) bool wefti_futex_wait_cancelled(wefti_futex *word, uint32_t expected, int64_t deadline) {
    return wefti_futex_wait(word, expected, deadline);
}

void wefti_futex_wake(wefti_futex *word, uint32_t count) {
    static wefti_place place = {"", "", "", 0, WEFTI_OP_LOAD, WEFTI_RELAXED, 0, 0};
    engine *e = &explore_engine;
    const wefti_place *before = e->self->place;
    point(&place);
    e->self->place = before;
    note("wakes the futex", word, count);
    for (; count > 0; count--) {
        thread **list = listed;
        unsigned n = 0;
        for (unsigned i = 0; i < e->threads; i++)
            if (e->all[i].state == ASLEEP && e->all[i].word == word) list[n++] = &e->all[i];
        if (n == 0) return;
        list[choose(n)]->state = READY;
        e->idle_rounds = 0;
    }
}

int64_t wefti_clock(void) {
    engine *e = &explore_engine;
    e->self->look_count = MOST_LOOKS + 1; /* a loop that looks at the time may end by itself */
    e->clock += !e->exhaustive && (next_random() & 1) != 0 ? 100 : 10000;
    return e->clock;
}

int64_t explore_now(void) { return explore_engine.clock; }

/* ---- threads ---- */

void end_thread(void) {
    engine *e = &explore_engine;
    thread *self = e->self;
    note("ends", NULL, 0);
    self->state = DONE;
    if (--e->unfinished == 1 && e->all[0].state == JOINING) e->all[0].state = READY;
    block();
}

static void start(const char *name, void (*run)(void *), void *argument, const thread *parent) {
    engine *e = &explore_engine;
    thread *t = &e->all[e->threads];
    t->id = e->threads;
    t->name = name;
    t->run = run;
    t->argument = argument;
    t->state = READY;
    t->place = NULL;
    t->burst = 0;
    t->paused_before = false;
    t->look_count = t->watch_count = 0;
    t->held = 0;
    t->fresh = t->freshest = true;
    for (unsigned i = 0; i < MOST_LOCALS; i++) t->locals[i] = NULL;
    e->threads++;
    e->unfinished++;
    model_start_thread(t, parent);
    if (e->merging) switch_clear(t);
    switch_make(t);
}

void explore_thread_named(const char *name, void (*run)(void *), void *argument) {
    engine *e = &explore_engine;
    if (e->threads == MOST_THREADS) explore_fail("more than %d threads", MOST_THREADS - 1);
    e->alone = false;
    start(name, run, argument, e->self);
    note("starts a thread", NULL, e->threads - 1);
    draw_countdown(e);
}

void explore_join(void) {
    engine *e = &explore_engine;
    thread *self = e->self;
    if (self->id != 0) explore_fail("explore_join is for the test's body");
    if (e->unfinished > 1) {
        self->state = JOINING;
        block();
    }
    for (unsigned i = 1; i < e->threads; i++) model_join_thread(self, &e->all[i]);
    e->alone = true;
    note("has joined all", NULL, 0);
}

unsigned explore_self(void) { return explore_engine.self->id; }

void explore_local(void *variable) {
    if (local_count == MOST_LOCALS) explore_fail("more than %d thread-local variables", MOST_LOCALS);
    local_variables[local_count++] = variable;
}

bool is_local(const void *memory) {
    for (unsigned i = 0; i < local_count; i++)
        if ((const void *)local_variables[i] == memory) return true;
    return false;
}

bool explore_asymmetric(void) { return explore_engine.asymmetric; }

/* ---- one execution ---- */

static void run_body(void *body) {
    (*(void (**)(void))body)();
    explore_join();
    abandon();
}

void execute(void (*body)(void)) {
    engine *e = &explore_engine;
    if (++e->generation == 0) e->generation = 1;
    e->threads = e->unfinished = 0;
    e->steps = 0;
    e->writes = 0;
    e->idle_rounds = 0;
    e->clock = 1000000;
    e->failed = e->known = false;
    e->alone = true;
    local_count = 0;
    explore_path_depth = 0;
    model_begin();
    plain_begin();
    states_begin();
    start("body", run_body, &body, NULL);
    draw_countdown(e);
    e->self = &e->all[0];
    e->running = true;
    switch_to(NULL, e->self);
    e->total_steps += e->steps;
}
