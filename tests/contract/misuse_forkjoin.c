/* SPDX-License-Identifier: MIT */
/* misuse_forkjoin.c - who breaks a rule of spawn and sync is stopped with a line that names the task and the rule. */
#ifdef NDEBUG
#undef NDEBUG /* that a task has not synced is to be noticed at once */
#endif
#include "contract/common.h"

WEFT_TASK(int, one, (int, i)) { return i; }
WEFT_TASK(int, other, (int, i)) { return i; }

WEFT_TASK(int, forgetful, (int, i)) {
    weft_spawn(one, i);
    return i;
}

static void sync_without_spawn(void) { weft_sync(one); }

static void sync_of_another(void) {
    weft_spawn(one, 1);
    weft_sync(other);
}

static void unsynced(void) {
    weft_spawn(forgetful, 1);
    weft_sync(forgetful);
}

static void unsynced_in_a_call(void) { weft_call(forgetful, 1); }

static void unsynced_in_a_submitted_task(void) {
    weft_kernel *kernel = weft_make_kernel(1, NULL);
    if (weft_submit(NULL, forgetful, 1) == WEFT_OK) weft_end_kernel(kernel, true);
}

static void (*const misuses[])(void) = {sync_without_spawn, sync_of_another, unsynced, unsynced_in_a_call,
                                        unsynced_in_a_submitted_task};

#include "contract/started_anew.h"

static size_t place_of(void (*misuse)(void)) {
    size_t which = 0;
    while (misuses[which] != misuse) which++;
    return which;
}

/* Runs it in a process of its own, which is to abort with this text on its stderr. */
static void is_stopped(void (*misuse)(void), const char *wanted) {
    int status = said_by(place_of(misuse), wanted);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

TEST(a_sync_without_a_spawn_is_stopped) { is_stopped(sync_without_spawn, "'one' is synced without a spawn"); }

TEST(a_sync_of_another_task_is_stopped) { is_stopped(sync_of_another, "'other' is synced before a task that was"); }

TEST(a_return_with_unsynced_spawns_is_stopped) {
    is_stopped(unsynced, "'forgetful' has returned before it had synced what it spawned");
}

TEST(a_plain_call_that_returns_with_unsynced_spawns_is_stopped) {
    is_stopped(unsynced_in_a_call, "'forgetful' has returned before it had synced what it spawned");
}

TEST(a_submitted_task_that_returns_with_unsynced_spawns_is_stopped) {
    is_stopped(unsynced_in_a_submitted_task, "'forgetful' has returned before it had synced what it spawned");
}
