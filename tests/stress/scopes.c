/* SPDX-License-Identifier: MIT */
/* scopes.c - scopes that are cancelled at random moments, by threads, deadlines and failures, while their tasks talk:
 * no message is lost or delivered twice, no task is left over, every wait ends. Row X3.
 *
 * A message counts as sent when its send returned WEFT_OK, and as received when a receive did; what is left in the
 * channels afterwards is received by the test. A wait that is won and cancelled at once would show in the counts.
 */
#include "contract/common.h"

#include "stress/load.h"

enum { CHANNELS = 3, TALKERS = 12, MOST_DEPTH = 3 };

WEFT_CONDITION_TYPE(bad_luck, weft_type_error);

static weft_channel *channels[CHANNELS];
static atomic_long sent, received;
static atomic_int alive;

static void count_out(void *unused) {
    (void)unused;
    atomic_fetch_sub(&alive, 1);
}

/* All may come to receive, or all to send: so who cancels does not wait for ever. */
static weft_status talk_once(uint64_t number, bool for_ever) {
    weft_channel *channel = channels[number % CHANNELS], *other = channels[(number / 7) % CHANNELS];
    weft_deadline deadline = number % 5 == 0 || !for_ever ? weft_after(0.0005) : WEFT_FOREVER;
    int in = 0, out = 1;
    weft_status status;
    if (number % 3 == 0) {
        weft_operation operations[] = {WEFT_TO_RECEIVE(other, &in), WEFT_TO_SEND(channel, &out)};
        const weft_operation *done = weft_alternate(operations, 2, WEFT_FAIR, deadline);
        if (done == NULL) return weft_last_status();
        status = done->status;
        if (status == WEFT_OK) atomic_fetch_add(done == &operations[0] ? &received : &sent, 1);
        return status;
    }
    status = number % 3 == 1 ? weft_send(channel, &out, deadline) : weft_receive(channel, &in, deadline);
    if (status == WEFT_OK) atomic_fetch_add(number % 3 == 1 ? &sent : &received, 1);
    return status;
}

WEFT_TASK(int, talk, (uint64_t, seed), (int, depth)) {
    uint64_t random = seed;
    atomic_fetch_add(&alive, 1);
    WEFT_UNWIND_PROTECT(count_out, NULL) {
        if (depth > 0 && seed % 3 == 0) {
            weft_scope *inner = weft_begin_scope(NULL, WEFT_FOREVER);
            CHECK_OK(weft_scope_submit(inner, NULL, talk, seed + 1, depth - 1));
            CHECK_OK(weft_scope_submit(inner, NULL, talk, seed + 2, depth - 1));
            weft_status status = weft_join_scope(inner);
            CHECK(status == WEFT_CANCELLED || status == WEFT_FAILED);
        }
        for (;;) {
            weft_status status = talk_once(harness_random(&random), true);
            if (status == WEFT_CANCELLED) break;
            CHECK(status == WEFT_OK || status == WEFT_TIMED_OUT);
            if (harness_random(&random) % 2000 == 0) weft_error(&bad_luck, "now and then");
            if (harness_random(&random) % 50 == 0) weft_yield();
        }
    }
    return 1;
}

static void *cancel_later(void *argument) {
    weft_scope *scope = argument;
    for (uint64_t pause = ((uintptr_t)scope >> 6) % 3000; pause > 0; pause--) __asm__ volatile("");
    if ((uintptr_t)scope / 64 % 2 == 0) sched_yield();
    CHECK_OK(weft_cancel_scope(scope));
    return NULL;
}

static void drain(void) {
    for (int i = 0; i < CHANNELS; i++)
        while (weft_receive(channels[i], &(int){0}, WEFT_NOW) == WEFT_OK) atomic_fetch_add(&received, 1);
}

static void round_of(weft_kernel *kernel, uint64_t *random) {
    uint64_t how = harness_random(random) % 3;
    weft_scope *scope = weft_begin_scope(kernel, how == 0 ? weft_after(0.002) : WEFT_FOREVER);
    pthread_t thread;
    for (int i = 0; i < TALKERS; i++)
        CHECK_OK(weft_scope_submit(scope, NULL, talk, harness_random(random), MOST_DEPTH));
    if (how == 1) start_thread(&thread, cancel_later, scope);
    for (weft_status status = WEFT_OK; status != WEFT_CANCELLED;) {
        status = talk_once(harness_random(random), how != 2);
        if (how == 2 && harness_random(random) % 100 == 0) CHECK_OK(weft_cancel_scope(scope));
    }
    if (how == 1) join_thread(thread);
    weft_status status = weft_join_scope(scope);
    CHECK(status == WEFT_CANCELLED || status == WEFT_TIMED_OUT || status == WEFT_FAILED);
    CHECK_EQ(atomic_load(&alive), 0);
    drain();
    CHECK_EQ(atomic_load(&sent), atomic_load(&received));
}

TEST_WITH_LIMIT(cancelled_scopes_lose_no_message_and_leave_no_task, 120) {
    weft_kernel *kernel = kernel_here();
    uint64_t random = harness_seed();
    weft_deadline end = load_end(3);
    weft_set(weft_debug_tasks, false);
    atomic_store(&sent, 0);
    atomic_store(&received, 0);
    channels[0] = weft_make_channel(int);
    channels[1] = bounded_channel(sizeof(int), 3);
    channels[2] = bounded_channel(sizeof(int), 0);
    do round_of(kernel, &random);
    while (weft_time() < end);
    for (int i = 0; i < CHANNELS; i++) CHECK_OK(weft_free_channel(channels[i]));
    weft_set(weft_debug_tasks, true);
    end_and_free(kernel);
}
