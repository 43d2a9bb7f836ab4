/* SPDX-License-Identifier: MIT */
/* forks.c - spawned tasks explored: lockfree/forks.h with its owner and two thieves.
 *
 * Property: each spawned task runs once, and its owner sees what it left, whether nobody took it, or a thief that was
 * done before the sync, or one that was waited for. Without the exchange and the cas on the state of a frame:
 *     owner: finds it not done                 leaves its wait          sleeps for ever
 *     thief:                      makes it done            (saw no wait)
 * Without the barriers, where a thief exposes what the owner has not published:
 *     owner: looks for a mark, finds none                      lowers top, runs it
 *     thief:                             marks, finds it below top            runs it too
 * And if what is put in the place of one that was taken back were seen later than the top above it:
 *     owner: takes one back                    puts another there, raises top
 *     thief:               marks it (too late)                               finds the old mark, and top above
 */
#include <weft/task.h>

#include "engine/explore.h"
#include "lockfree/forks.h"

enum { FRAMES = 4 };

static const weft_task_type some_type;
static weft_forks *forks;
static wefti_deque *deque;
static weft_fork *frames;
static uint32_t runs[FRAMES];
static wefti_futex woken;

static void begin(void) {
    forks = explore_alloc(sizeof *forks);
    deque = explore_alloc(sizeof *deque);
    frames = explore_alloc(FRAMES * sizeof *frames);
    wefti_deque_begin(deque, forks, frames);
    wefti_atomic_init(&woken, 0u);
    for (int i = 0; i < FRAMES; i++) runs[i] = 0;
    explore_name(&deque->tail, "tail");
    explore_name(&deque->shared, "shared");
    explore_name(&forks->limit, "limit");
    explore_name(&forks->top, "top");
}

static void run(weft_fork *frame) {
    runs[frame->data[0]]++;
    frame->data[1] = (unsigned char)(frame->data[0] + 10);
}

/* As weft_spawn and weft_forks_attend do. */
static void spawn(unsigned char number) {
    weft_fork *frame = wefti_load_relaxed(&forks->top);
    frame->data[0] = number;
    frame->data[1] = 0;
    wefti_store_relaxed(&frame->type, &some_type);
    wefti_store_release(&forks->top, frame + 1); /* partner: the acquire in wefti_deque_depth */
    if (frame == frames) wefti_frame_mark(frame);
    if (frame < wefti_load_relaxed(&forks->limit)) return;
    wefti_store_relaxed(&forks->limit, frames + FRAMES);
    wefti_deque_publish(deque);
}

static void wait_for(weft_fork *frame) {
    explore_saw("a stolen frame");
    if (wefti_frame_is_done(frame)) return;
    wefti_store_relaxed(&woken, 0u);
    if (!wefti_frame_await(frame, &woken)) return;
    explore_saw("a wait");
    while (wefti_load_acquire(&woken) == 0) wefti_futex_wait(&woken, 0, INT64_MAX);
}

/* As weft_forks_reclaim does. */
static bool reclaim(weft_fork *frame) {
    wefti_store_release(&forks->top, frame + 1);
    if (wefti_deque_reclaim(deque)) return true;
    wait_for(frame);
    wefti_deque_settle(deque);
    return false;
}
/* As weft_sync does. */
static void sync_one(unsigned char number) {
    weft_fork *frame = wefti_load_relaxed(&forks->top) - 1;
    wefti_store_release(&forks->top, frame);
    wefti_light_barrier(); /* partner: the heavy barrier in wefti_deque_expose */
    if (!wefti_word_is_marked(wefti_load_relaxed(&frame->type)) || reclaim(frame)) run(frame);
    explore_assert(wefti_load_relaxed(&forks->top) == frame);
    explore_assert(frame->data[0] == number);
    explore_assert(frame->data[1] == number + 10);
    explore_assert(runs[number] == 1);
}

static void own_two(void *unused) {
    (void)unused;
    spawn(0);
    spawn(1);
    sync_one(1);
    sync_one(0);
}
/* A slot is used again, after what was there has been stolen or not. */
static void own_three(void *unused) {
    (void)unused;
    spawn(0);
    spawn(1);
    sync_one(1);
    spawn(2);
    sync_one(2);
    sync_one(0);
}
static void own_deep(void *unused) {
    (void)unused;
    for (unsigned char i = 0; i < FRAMES; i++) spawn(i);
    for (unsigned char i = FRAMES; i-- > 0;) sync_one(i);
}

/* As join_for does: a kill has come, perhaps after the first step of a sync. What was stolen is waited for. */
static void own_until_killed(void *half_a_sync) {
    spawn(0);
    spawn(1);
    if (half_a_sync != NULL) wefti_store_release(&forks->top, frames + 1);
    wefti_deque_restore(deque);
    for (weft_fork *top; (top = wefti_load_relaxed(&forks->top)) > frames;) {
        if (wefti_deque_reclaim(deque)) continue;
        wait_for(top - 1);
        explore_assert(runs[top - 1 - frames] == 1);
        wefti_deque_settle(deque);
    }
    for (int i = 0; i < 2; i++) frames[i].data[1] = 0; /* its end: nobody has to do with them any more */
}

static bool rob(void) {
    weft_fork *frame = wefti_deque_steal(deque);
    if (frame == NULL) return false;
    run(frame);
    wefti_futex *waits = wefti_frame_done(frame);
    if (waits == NULL) return true;
    wefti_store_release(waits, 1u);
    wefti_futex_wake(waits, 1);
    return true;
}
static void thieve(void *unused) {
    (void)unused;
    wefti_deque_ask(deque);
    rob();
}
/* Does not wait for an answer. */
static void expose(void *unused) {
    (void)unused;
    if (wefti_deque_expose(deque)) explore_saw("exposed frames");
    rob();
}
static void expose_twice(void *unused) {
    expose(unused);
    expose(unused);
}
static void thieve_twice(void *unused) {
    thieve(unused);
    thieve(unused);
}

/* The owner waits in the middle: its worker, on the same thread, publishes what it has and takes the oldest, as take_of
 * in sched/frames.c; and once more, when another task has ended there. */
static void own_that_waits(void *unused) {
    (void)unused;
    spawn(0);
    spawn(1);
    for (int i = 0; i < 2; i++) {
        if (!wefti_deque_has_frames(deque)) wefti_deque_publish(deque);
        if (rob()) explore_saw("a frame that its worker took while the owner waited");
    }
    spawn(2);
    sync_one(2);
    sync_one(1);
    sync_one(0);
}

static void finish(unsigned count) {
    explore_join();
    explore_assert(wefti_load_relaxed(&forks->top) == frames);
    for (unsigned i = 0; i < count; i++) explore_assert(runs[i] == 1);
}

EXPLORE(two_frames_and_a_thief, .exhaustive = true, .preemptions = 2) {
    begin();
    explore_thread(own_two, NULL);
    explore_thread(thieve, NULL);
    finish(2);
}
EXPLORE(a_frame_is_used_again_with_two_thieves, .exhaustive = true, .preemptions = 1) {
    begin();
    explore_thread(own_three, NULL);
    explore_thread(thieve, NULL);
    explore_thread(thieve, NULL);
    finish(3);
}
EXPLORE(many_frames_and_two_thieves_that_come_again, ) {
    begin();
    explore_thread(own_deep, NULL);
    explore_thread(thieve_twice, NULL);
    explore_thread(thieve_twice, NULL);
    finish(FRAMES);
}
EXPLORE(private_frames_are_exposed, .exhaustive = true, .preemptions = 2) {
    begin();
    explore_thread(own_two, NULL);
    explore_thread(expose, NULL);
    finish(2);
}
EXPLORE(a_frame_is_replaced_while_it_is_exposed, .exhaustive = true, .preemptions = 1) {
    begin();
    explore_thread(own_three, NULL);
    explore_thread(expose_twice, NULL);
    finish(3);
}
EXPLORE(one_asks_and_one_does_not, ) {
    begin();
    explore_thread(own_deep, NULL);
    explore_thread(thieve_twice, NULL);
    explore_thread(expose_twice, NULL);
    finish(FRAMES);
}
EXPLORE(two_expose_what_is_replaced, ) {
    begin();
    explore_thread(own_three, NULL);
    explore_thread(expose_twice, NULL);
    explore_thread(expose, NULL);
    finish(3);
}
/* Whoever has taken a frame is done with it before the end of the owner. */
static void until_killed(void *half_a_sync) {
    begin();
    explore_thread(own_until_killed, half_a_sync);
    explore_thread(expose_twice, NULL);
    explore_join();
    explore_assert(wefti_load_relaxed(&forks->top) == frames);
    explore_assert(wefti_load_relaxed(&deque->shared) == 0 && wefti_load_relaxed(&deque->tail) == 0);
    explore_assert(runs[0] <= 1 && runs[1] <= 1);
}
EXPLORE(an_owner_that_is_killed_joins_what_is_left, .exhaustive = true, .preemptions = 2) { until_killed(NULL); }
EXPLORE(an_owner_that_is_killed_in_a_sync_joins_what_is_left, .exhaustive = true, .preemptions = 2) {
    until_killed(&deque);
}
EXPLORE(what_an_owner_that_waits_has_spawned_is_run_once, .exhaustive = true, .preemptions = 2, .stale = 2) {
    begin();
    explore_thread(own_that_waits, NULL);
    explore_thread(thieve, NULL);
    finish(3);
}
EXPLORE(what_an_owner_that_waits_has_spawned_may_be_exposed_too, ) {
    begin();
    explore_thread(own_that_waits, NULL);
    explore_thread(expose_twice, NULL);
    explore_thread(thieve, NULL);
    finish(3);
}
