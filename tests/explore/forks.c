/* SPDX-License-Identifier: MIT */
/* forks.c - spawned tasks explored: lockfree/forks.h with its owner and two thieves.
 *
 * Property: each spawned task runs once, and its owner sees what it left, whether nobody took it, or a thief that was
 * done before the sync, or one that was waited for. Without the exchange and the cas on the state of a frame:
 *     owner: finds it not done                 leaves its wait          sleeps for ever
 *     thief:                      makes it done            (saw no wait)
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
}

static void run(weft_fork *frame) {
    runs[frame->data[0]]++;
    frame->data[1] = (unsigned char)(frame->data[0] + 10);
}

/* As weft_spawn and weft_forks_attend do. */
static void spawn(unsigned char number) {
    weft_fork *frame = forks->top;
    frame->data[0] = number;
    frame->data[1] = 0;
    frame->type = &some_type;
    forks->top = frame + 1;
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

/* As weft_sync and weft_forks_reclaim do. */
static void sync_one(unsigned char number) {
    weft_fork *frame = forks->top - 1;
    if (!wefti_frame_is_marked(frame) || wefti_deque_reclaim(deque)) {
        forks->top = frame;
        run(frame);
    } else {
        wait_for(frame);
        wefti_deque_settle(deque);
        forks->top = frame;
    }
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

static void thieve(void *unused) {
    (void)unused;
    wefti_deque_ask(deque);
    weft_fork *frame = wefti_deque_steal(deque);
    if (frame == NULL) return;
    run(frame);
    wefti_futex *waits = wefti_frame_done(frame);
    if (waits == NULL) return;
    wefti_store_release(waits, 1u);
    wefti_futex_wake(waits, 1);
}
static void thieve_twice(void *unused) {
    thieve(unused);
    thieve(unused);
}

static void finish(unsigned count) {
    explore_join();
    explore_assert(forks->top == frames);
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
