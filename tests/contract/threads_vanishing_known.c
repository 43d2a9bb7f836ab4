/* SPDX-License-Identifier: MIT */
/* threads_vanishing_known.c - threads that end by the bare system call and that others may come to afterwards: as the
 * parent of a scope, with spawned tasks, with a channel's lock. Rows T3, T5.
 *
 * The schedule that would break it: A begins a scope and vanishes; its process object is eliminated, and another's lies
 * there; B cancels the scope, and ends that one's wait. So the object has to stay, for ever: each test runs in a
 * process of its own.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "contract/common.h"
#include "contract/vanished.h"

enum { WELL = 7, OTHERS = 20 };

static weft_kernel *kernel;
static weft_channel *channel, *other;
static weft_scope *_Atomic scope;
static atomic_int begun, done;
static weft_process vanishing;
static double scope_lasts; /* seconds; 0: for ever */

/* ---- what they leave behind ---- */

WEFT_TASK(void, waits_for_ever, (weft_channel *, never)) {
    int value;
    atomic_fetch_add(&begun, 1);
    weft_receive(never, &value, WEFT_FOREVER); /* until it is cancelled */
    atomic_fetch_add(&done, 1);
}

WEFT_TASK(void, counts) { atomic_fetch_add(&done, 1); }

static void begin_scope(void) {
    vanishing = weft_current_process();
    weft_scope *mine = weft_begin_scope(kernel, scope_lasts > 0 ? weft_after(scope_lasts) : WEFT_FOREVER);
    if (!CHECK_NOT_NULL(mine)) return;
    for (int i = 0; i < OTHERS; i++) CHECK_OK(weft_scope_submit(mine, NULL, waits_for_ever, other));
    if (scope_lasts <= 0) CHECK_EVENTUALLY(atomic_load(&begun) == OTHERS); /* one that has not is not run any more */
    atomic_store(&scope, mine);
}

static void *vanish_in_a_scope(void *unused) {
    begin_scope();
    syscall(SYS_exit, 0);
    return unused;
}

static void *wait_in_a_scope(void *unused) {
    int value;
    begin_scope();
    weft_receive(channel, &value, WEFT_FOREVER);
    FAIL("it goes on");
    return unused;
}

static void *vanish_with_spawned_tasks(void *unused) {
    for (int i = 0; i < OTHERS; i++) weft_spawn(counts);
    syscall(SYS_exit, 0);
    return unused;
}

static void *vanish_with_a_lock(void *unused) {
    CHECK_OK(weft_lock_channel(channel, patience()));
    syscall(SYS_exit, 0);
    return unused;
}

/* ---- who come later ---- */

static void *is_not_the_holder(void *unused) {
    CHECK_STATUS(weft_unlock_channel(channel), WEFT_INVALID);
    CHECK_STATUS(weft_lock_channel(channel, weft_after(0.001)), WEFT_TIMED_OUT);
    return unused;
}

static void *is_in_no_scope(void *unused) {
    int value = 0;
    CHECK_STATUS(weft_receive(channel, &value, weft_after(0.01)), WEFT_TIMED_OUT);
    CHECK_STATUS(weft_join_scope(atomic_load(&scope)), WEFT_INVALID);
    CHECK(!weft_cancelled());
    return unused;
}

static void vanish_by_signal(int unused) {
    (void)unused;
    syscall(SYS_exit, 0);
}

static bool it_waits(void) {
    weft_process_info infos[64];
    size_t count = weft_list_processes(infos, 64);
    for (size_t i = 0; atomic_load(&scope) != NULL && i < count && i < 64; i++)
        if (infos[i].process == vanishing) return infos[i].waits != NULL;
    return false;
}

/* It is gone, its stack written over, and who has vanished has been looked for; its process object is there. */
static void run_and_vanish(void *(*what)(void *)) {
    CHECK_NE(weft_current_process(), 0);
    notice_the_vanished();
    size_t before = weft_process_count();
    pthread_t thread = start_small(what, NULL);
    if (what == wait_in_a_scope) {
        struct sigaction action = {.sa_handler = vanish_by_signal};
        sigaction(SIGUSR2, &action, NULL);
        CHECK_EVENTUALLY(it_waits());
        CHECK_EQ(pthread_kill(thread, SIGUSR2), 0);
    }
    join_thread(thread);
    join_thread(start_small(write_over_stack, NULL));
    for (int i = 0; i < 2; i++) notice_the_vanished();
    CHECK_EQ(weft_process_count(), before + 1);
}

static void come_later(void *(*what)(void *)) {
    for (int i = 0; i < OTHERS; i++) start_and_join(what);
}

/* ---- what is left behind, met ---- */

static void cancel_what_is_left(void *(*what)(void *)) {
    run_and_vanish(what);
    weft_scope *left = atomic_load(&scope);
    if (scope_lasts <= 0) {
        CHECK_EQ(weft_group_count(weft_scope_group(left)), (size_t)OTHERS);
        CHECK_OK(weft_cancel_scope(left));
    }
    CHECK_OK(weft_wait_group(weft_scope_group(left), patience()));
    CHECK_EQ(atomic_load(&done), atomic_load(&begun));
    CHECK_OK(weft_cancel_scope(left));
    come_later(is_in_no_scope);
}

static void a_scope(void) { cancel_what_is_left(vanish_in_a_scope); }

static void a_scope_where_it_waited(void) { cancel_what_is_left(wait_in_a_scope); }

static void a_scope_with_a_deadline(void) {
    scope_lasts = 0.3;
    cancel_what_is_left(wait_in_a_scope);
}

static void spawned_tasks(void) {
    run_and_vanish(vanish_with_spawned_tasks);
    CHECK_EVENTUALLY(atomic_load(&done) >= 1); /* the others nobody takes without their spawner */
}

static void a_lock(void) {
    run_and_vanish(vanish_with_a_lock);
    come_later(is_not_the_holder);
    CHECK_STATUS(weft_free_channel(channel), WEFT_BUSY);
}

/* ---- in processes of their own ---- */

static void (*const met[])(void) = {a_scope, a_scope_where_it_waited, a_scope_with_a_deadline, spawned_tasks, a_lock};
enum { MET = sizeof met / sizeof *met };

TEST(when_started_as_a_child_it_meets_what_was_left) {
    const char *number = getenv("WEFT_TEST_MET");
    if (number == NULL) return;
    kernel = weft_make_kernel(harness_workers(), &(weft_kernel_options){.use_caller = true});
    channel = bounded_channel(sizeof(int), 1);
    other = bounded_channel(sizeof(int), 1);
    if (CHECK_NOT_NULL(kernel) && atoi(number) < MET) met[atoi(number)]();
    fflush(NULL);
    _exit(harness_has_failed() ? 1 : WELL);
}

static void meets(size_t which) {
    int status = 0;
    char number[16];
    if (cannot_vanish()) return;
    snprintf(number, sizeof number, "%zu", which);
    pid_t child = fork();
    if (child == 0) {
        setenv("WEFT_TEST_MET", number, 1);
        harness_start_anew("when_started_as_a_child");
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status));
    CHECK_EQ(WEXITSTATUS(status), WELL);
}

TEST(a_scope_whose_parent_has_vanished_can_be_cancelled) { meets(0); }
TEST(a_scope_whose_parent_has_vanished_where_it_waited_can_be_cancelled) { meets(1); }
TEST(a_scope_whose_parent_has_vanished_ends_at_its_deadline) { meets(2); }
TEST(what_one_has_spawned_that_has_vanished_is_begun) { meets(3); }
TEST(the_lock_of_one_that_has_vanished_is_nobody_elses) { meets(4); }
