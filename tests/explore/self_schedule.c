/* SPDX-License-Identifier: MIT */
/* self_schedule.c - the explorer must find the faults that concurrent code is known for: lost wake-ups, deadlocks, ABA,
 * memory used after it was freed, loops that never end. And it must not see them where there are none.
 */
#include "engine/explore.h"

typedef WEFTI_ATOMIC(uint32_t) word32;

/* ---- an eventcount: one thread announces itself and sleeps, one gives work and wakes ---- */

static struct {
    word32 work, sleeping;
    wefti_futex epoch;
} ec;

static void ec_begin(void) {
    wefti_atomic_init(&ec.work, 0u);
    wefti_atomic_init(&ec.sleeping, 0u);
    wefti_atomic_init(&ec.epoch, 0u);
    explore_name(&ec.work, "work");
    explore_name(&ec.sleeping, "sleeping");
    explore_name(&ec.epoch, "epoch");
}

static void ec_give(void) {
    if (wefti_load_relaxed(&ec.sleeping) == 0) return;
    wefti_add_release(&ec.epoch, 1u);
    wefti_futex_wake(&ec.epoch, 1);
}
static void ec_giver_good(void *unused) {
    (void)unused;
    wefti_store_relaxed(&ec.work, 1u);
    wefti_light_barrier();
    ec_give();
}
static void ec_giver_without_barrier(void *unused) {
    (void)unused;
    wefti_store_relaxed(&ec.work, 1u);
    ec_give();
}
static void ec_sleeper_good(void *unused) {
    (void)unused;
    while (wefti_load_relaxed(&ec.work) == 0) {
        uint32_t epoch = wefti_load_acquire(&ec.epoch);
        wefti_store_relaxed(&ec.sleeping, 1u);
        wefti_heavy_barrier();
        if (wefti_load_relaxed(&ec.work) == 0) wefti_futex_wait(&ec.epoch, epoch, INT64_MAX);
        wefti_store_relaxed(&ec.sleeping, 0u);
    }
}
static void ec_sleeper_without_last_look(void *unused) {
    (void)unused;
    while (wefti_load_relaxed(&ec.work) == 0) {
        uint32_t epoch = wefti_load_acquire(&ec.epoch);
        wefti_store_relaxed(&ec.sleeping, 1u);
        wefti_heavy_barrier();
        wefti_futex_wait(&ec.epoch, epoch, INT64_MAX);
        wefti_store_relaxed(&ec.sleeping, 0u);
    }
}
static void ec_run(void (*giver)(void *), void (*sleeper)(void *)) {
    ec_begin();
    explore_thread_named("giver", giver, NULL);
    explore_thread_named("sleeper", sleeper, NULL);
    explore_join();
}

EXPLORE(a_good_eventcount_loses_nothing, .exhaustive = true, .spurious = 1) { ec_run(ec_giver_good, ec_sleeper_good); }
EXPLORE(an_eventcount_without_barrier_loses_a_wake_up, .exhaustive = true, .fails = "deadlock") {
    ec_run(ec_giver_without_barrier, ec_sleeper_good);
}
EXPLORE(an_eventcount_without_last_look_loses_a_wake_up, .exhaustive = true, .fails = "deadlock") {
    ec_run(ec_giver_good, ec_sleeper_without_last_look);
}
EXPLORE(an_eventcount_without_barrier_loses_a_wake_up_by_seeds, .fails = "deadlock") {
    ec_run(ec_giver_without_barrier, ec_sleeper_good);
}

/* ---- sleeping ---- */

static wefti_futex door;
static uint32_t passed;

static void knock(void *unused) {
    (void)unused;
    if (wefti_futex_wait(&door, 0, INT64_MAX)) passed++; /* once, so a wake-up without reason shows */
    explore_assert(wefti_load_relaxed(&door) == 1);
}
static void open_door(void *unused) {
    (void)unused;
    wefti_store_relaxed(&door, 1u);
    wefti_futex_wake(&door, UINT32_MAX);
}
EXPLORE(a_futex_may_wake_without_reason, .exhaustive = true, .spurious = 1, .fails = "door") {
    wefti_atomic_init(&door, 0u);
    explore_thread(knock, NULL);
    explore_thread(open_door, NULL);
    explore_join();
}

static void wait_until(void *deadline) {
    bool woken = wefti_futex_wait(&door, 0, *(int64_t *)deadline);
    explore_saw(woken ? "a wake-up" : "a time-out");
    explore_assert(woken || explore_now() >= *(int64_t *)deadline);
}
EXPLORE(a_deadline_ends_a_wait, ) {
    int64_t *deadline = explore_alloc(sizeof *deadline);
    *deadline = wefti_clock() + 1000000;
    wefti_atomic_init(&door, 0u);
    explore_thread(wait_until, deadline);
    if (explore_choose(2) == 1) explore_thread(open_door, NULL);
    explore_join();
}

/* ---- deadlock and livelock ---- */

static word32 lock_a, lock_b;

static void take(word32 *lock) {
    while (wefti_exchange_acquire(lock, 1u) != 0) wefti_pause();
}
static void a_then_b(void *unused) {
    (void)unused;
    take(&lock_a);
    take(&lock_b);
    wefti_store_release(&lock_b, 0u);
    wefti_store_release(&lock_a, 0u);
}
static void b_then_a(void *unused) {
    (void)unused;
    take(&lock_b);
    take(&lock_a);
    wefti_store_release(&lock_a, 0u);
    wefti_store_release(&lock_b, 0u);
}
static void locks_begin(void) {
    wefti_atomic_init(&lock_a, 0u);
    wefti_atomic_init(&lock_b, 0u);
}
EXPLORE(locks_in_two_orders_never_end, .fails = "endless") {
    locks_begin();
    explore_thread(a_then_b, NULL);
    explore_thread(b_then_a, NULL);
    explore_join();
}
EXPLORE(locks_in_one_order_end, ) {
    locks_begin();
    explore_thread(a_then_b, NULL);
    explore_thread(a_then_b, NULL);
    explore_join();
}

static void wait_for_ever(void *unused) {
    (void)unused;
    while (wefti_load_acquire(&lock_a) == 0) wefti_pause();
}
EXPLORE(waiting_for_what_never_comes_is_a_livelock, .fails = "livelock") {
    locks_begin();
    explore_thread(wait_for_ever, NULL);
    explore_join();
}
static void let_go(void *unused) {
    (void)unused;
    wefti_store_release(&lock_a, 1u);
}
EXPLORE(waiting_for_what_comes_ends, .exhaustive = true) {
    locks_begin();
    explore_thread(wait_for_ever, NULL);
    explore_thread(let_go, NULL);
    explore_join();
}

/* ---- a stack whose pop believes that an equal top is the same top (ABA) ---- */

typedef struct node {
    WEFTI_ATOMIC(struct node *) next; /* atomic, so that the fault to be found is not a race on it */
    WEFTI_ATOMIC(bool) taken;
} node;
static WEFTI_ATOMIC(node *) top;

static void push(node *n) {
    node *old = wefti_load_relaxed(&top);
    do wefti_store_relaxed(&n->next, old);
    while (!wefti_cas_release(&top, &old, n));
}
static node *naive_pop(void) {
    node *old = wefti_load_acquire(&top);
    while (old != NULL) {
        node *next = wefti_load_relaxed(&old->next);
        if (wefti_cas_acq_rel(&top, &old, next)) return old;
    }
    return NULL;
}
static void own(node *n) { explore_assert(!wefti_exchange_relaxed(&n->taken, true)); }
static void pop_one(void *unused) {
    (void)unused;
    node *n = naive_pop();
    if (n != NULL) own(n);
}
static void pop_two_push_first(void *unused) {
    (void)unused;
    node *a = naive_pop(), *b = naive_pop();
    if (b != NULL) own(b);
    if (a != NULL) push(a);
}
EXPLORE(a_naive_stack_gives_a_node_twice, .fails = "taken") {
    wefti_atomic_init(&top, NULL);
    for (int i = 0; i < 3; i++) push(explore_alloc(sizeof(node)));
    explore_thread(pop_one, NULL);
    explore_thread(pop_two_push_first, NULL);
    explore_join();
    pop_one(NULL);
    pop_one(NULL);
}

/* ---- a cas loop that does not look at what was found ---- */

static word32 total;

static void add_wrongly(void *unused) {
    (void)unused;
    uint32_t old = wefti_load_relaxed(&total), wanted = old + 1;
    while (!wefti_cas_relaxed(&total, &old, wanted)) {
    } /* `wanted` stays as it was */
}
static void add_rightly(void *unused) {
    (void)unused;
    uint32_t old = wefti_load_relaxed(&total);
    while (!wefti_cas_relaxed(&total, &old, old + 1)) {
    }
}
static void run_adds(void (*add)(void *)) {
    wefti_atomic_init(&total, 0u);
    explore_thread_named("adder", add, NULL);
    explore_thread_named("adder", add, NULL);
    explore_join();
    explore_assert(wefti_load_relaxed(&total) == 2);
}
EXPLORE(a_cas_loop_with_an_old_wish_loses_an_update, .exhaustive = true, .fails = "== 2") { run_adds(add_wrongly); }
EXPLORE(a_cas_loop_loses_nothing, .exhaustive = true) { run_adds(add_rightly); }

/* ---- memory ---- */

typedef struct object {
    word32 holders;
    uint32_t value;
} object;

static void drop(object *o, uint32_t (*minus_one)(word32 *)) {
    if (minus_one(&o->holders) == 1) explore_free(o);
}
static uint32_t minus_one_acq_rel(word32 *word) { return wefti_add_acq_rel(word, UINT32_MAX); }
static uint32_t minus_one_relaxed(word32 *word) { return wefti_add_relaxed(word, UINT32_MAX); }
static uint32_t minus_one_torn(word32 *word) {
    uint32_t old = wefti_load_acquire(word);
    wefti_store_release(word, old - 1);
    return old;
}
static void use_rightly(void *of) {
    object *o = of;
    uint32_t value = o->value;
    explore_assert(value == 5);
    drop(o, minus_one_acq_rel);
}
static void use_relaxed(void *of) {
    object *o = of;
    uint32_t value = o->value;
    explore_assert(value == 5);
    drop(o, minus_one_relaxed);
}
static void use_after_drop(void *of) {
    object *o = of;
    drop(o, minus_one_acq_rel);
    explore_assert(o->value == 5);
}
static void free_and_tell(void *of) {
    explore_free(of);
    wefti_store_release(&total, 1u);
}
static void use_when_told(void *of) {
    if (wefti_load_acquire(&total) == 1) explore_assert(((object *)of)->value == 5);
}
static void use_torn(void *of) { drop(of, minus_one_torn); }
static void run_objects(void (*use)(void *)) {
    object *o = explore_alloc(sizeof *o);
    o->value = 5;
    wefti_atomic_init(&o->holders, 2u);
    explore_thread_named("user", use, o);
    explore_thread_named("user", use, o);
    explore_join();
    explore_assert(explore_live_blocks() == 0);
}
EXPLORE(a_counted_object_is_freed_once, .exhaustive = true) { run_objects(use_rightly); }
EXPLORE(a_count_without_order_races_with_the_free, .exhaustive = true, .fails = "race") { run_objects(use_relaxed); }
EXPLORE(use_after_the_last_drop_is_a_race_or_worse, .exhaustive = true, .fails = "race") {
    run_objects(use_after_drop);
}
EXPLORE(use_after_free_is_found, .exhaustive = true, .fails = "use after free") {
    object *o = explore_alloc(sizeof *o);
    wefti_atomic_init(&total, 0u);
    explore_thread(free_and_tell, o);
    explore_thread(use_when_told, o);
    explore_join();
}
EXPLORE(a_torn_count_leaks, .exhaustive = true, .fails = "explore_live_blocks() == 0") { run_objects(use_torn); }
EXPLORE(access_outside_of_a_block_is_found, .fails = "outside") {
    char *bytes = explore_alloc(16);
    explore_assert(bytes[16 + explore_choose(1)] == 0);
}
EXPLORE(a_crash_is_a_failure, .fails = "crash") {
    word32 *nowhere = (word32 *)(uintptr_t)0x1000000000;
    wefti_store_relaxed(nowhere, 1u);
}

/* ---- bounds ---- */

static word32 turns;

static void turn(void *of) {
    uint32_t mine = *(uint32_t *)of;
    for (uint32_t i = mine; i < 6; i += 2) {
        uint32_t expected = i;
        wefti_cas_relaxed(&turns, &expected, i + 1);
    }
}
static void run_turns(void) {
    static const uint32_t numbers[] = {0, 1};
    wefti_atomic_init(&turns, 0u);
    explore_thread_named("even", turn, (void *)(uintptr_t)&numbers[0]);
    explore_thread_named("odd", turn, (void *)(uintptr_t)&numbers[1]);
    explore_join();
    explore_assert(wefti_load_relaxed(&turns) != 6);
}
EXPLORE(six_turns_need_five_switches, .exhaustive = true, .preemptions = 5, .fails = "!= 6") { run_turns(); }
EXPLORE(three_preemptions_are_too_few_for_six_turns, .exhaustive = true, .preemptions = 3) { run_turns(); }
