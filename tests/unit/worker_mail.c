/* SPDX-License-Identifier: MIT */
/* worker_mail.c - chores that are mailed to a worker: those that come too late, and those that are on their way. */
#include <weft.h>

#include <stdatomic.h>

#include "harness/harness.h"
#include "sched/kernel.h"

static atomic_int chores, contexts;

static void count_chore(wefti_runner *self) {
    (void)self;
    atomic_fetch_add(&chores, 1);
}

static const wefti_chore counting = {count_chore};

static weft_deadline patience(void) { return weft_after(15.0 * harness_slowness() * harness_strain()); }

WEFT_TASK(int, seven) { return 7; }

static void run_seven(weft_kernel *kernel) {
    int value = 0;
    weft_channel *results = weft_make_channel(int);
    WEFT_BIND(weft_current_kernel, kernel) { CHECK_OK(weft_submit(results, seven)); }
    CHECK_OK(weft_receive_result(results, &value, patience()));
    CHECK_EQ(value, 7);
    CHECK_OK(weft_free_channel(results));
}

/* The memory of a kernel is used for the next one of as many workers: what is left in there would be found. */
TEST(chore_for_a_worker_that_has_ended_is_freed_and_not_found_by_the_next_kernel) {
    atomic_store(&chores, 0);
    for (int round = 0; round < 3; round++) {
        weft_kernel *kernel = weft_make_kernel(harness_workers(), NULL);
        run_seven(kernel);
        CHECK_OK(weft_end_kernel(kernel, true));
        for (unsigned i = 0; i < harness_workers(); i++)
            for (int n = 0; n < 2; n++) CHECK(wefti_worker_mail(&kernel->workers[i], &counting));
        CHECK_OK(weft_free_kernel(kernel));
    }
    CHECK_EQ(atomic_load(&chores), 0);
}

TEST(chore_is_done_once_by_a_worker_that_serves) {
    atomic_store(&chores, 0);
    weft_kernel *kernel = weft_make_kernel(1, NULL);
    for (int round = 1; round <= 10; round++) {
        CHECK(wefti_worker_mail(&kernel->workers[0], &counting));
        CHECK_EVENTUALLY(atomic_load(&chores) == round);
    }
    run_seven(kernel);
    CHECK_OK(weft_free_kernel(kernel));
    CHECK_EQ(atomic_load(&chores), 10);
}

static const char blue[] = "blue";

static void count_context(weft_worker_loop *loop, void *unused) {
    (void)unused;
    atomic_fetch_add(&contexts, 1);
    weft_enter_worker_loop(loop);
}

WEFT_TASK(int, mail_and_die, (weft_kernel *, kernel)) {
    CHECK(wefti_worker_mail(&kernel->workers[0], &counting));
    weft_kill_tasks(kernel, blue, NULL);
    return 0;
}

WEFT_TASK(int, contexts_so_far) { return atomic_load(&contexts); }

TEST(chore_on_its_way_does_not_keep_a_worker_from_beginning_anew) {
    atomic_store(&contexts, 0);
    weft_kernel *kernel = weft_make_kernel(1, &(weft_kernel_options){.context = count_context});
    weft_channel *results = weft_make_channel(int);
    WEFT_BIND(weft_current_kernel, kernel) for (int round = 1; round <= 20; round++) {
        int value = 0;
        WEFT_BIND(weft_task_category, blue) { CHECK_OK(weft_submit(results, mail_and_die, kernel)); }
        CHECK_STATUS(weft_receive_result(results, &value, patience()), WEFT_KILLED);
        CHECK_OK(weft_submit(results, contexts_so_far));
        CHECK_OK(weft_receive_result(results, &value, patience()));
        CHECK_EQ(value, 1 + round);
    }
    CHECK_OK(weft_free_channel(results));
    CHECK_OK(weft_free_kernel(kernel));
}
