/* SPDX-License-Identifier: MIT */
/* spawned_list.c - the list of strands that have spawned: who searches it keeps away from its lock while one who has
 * spawned waits for it. Otherwise, where threads share a processor, searchers have it nearly always, and what they
 * search for is not spawned for minutes. */
#include <sched.h>
#include <stdatomic.h>

#include "contract/common.h"
#include "sched/frames.h"
#include "sched/kernel.h"

static weft_kernel *kernel;
static atomic_bool go_on, spawned;
static atomic_int done;

WEFT_TASK(void, stays) {
    while (!atomic_load(&go_on)) sched_yield();
}

WEFT_TASK(void, counts) { atomic_fetch_add(&done, 1); }

static void *spawn_and_stay(void *unused) {
    weft_spawn(counts);
    atomic_store(&spawned, true);
    while (!atomic_load(&go_on)) sched_yield();
    weft_sync(counts);
    return unused;
}

static uint32_t wanted(void) { return wefti_load_relaxed(&kernel->forks_wanted); }

TEST(who_searches_keeps_away_from_the_list_while_one_who_has_spawned_waits_for_it) {
    kernel = weft_make_kernel(1, &(weft_kernel_options){.use_caller = true});
    weft_channel *ends = weft_make_channel_sized(0, &(weft_channel_options){.kernel = kernel});
    CHECK_OK(weft_submit(ends, stays)); /* so the worker does not search: its part is done here */
    wefti_worker *worker = &kernel->workers[0];

    wefti_spin_lock(&kernel->forks_lock);
    pthread_t thread;
    if (!start_thread(&thread, spawn_and_stay, NULL)) return;
    CHECK_EVENTUALLY(wanted() == 1);
    CHECK(wefti_load_relaxed(&kernel->forker_count) == 0);
    wefti_spin_unlock(&kernel->forks_lock);
    CHECK_EVENTUALLY(atomic_load(&spawned));
    CHECK_EQ(wanted(), 0u);
    CHECK(wefti_frames_to_be_had(kernel));

    wefti_add_relaxed(&kernel->forks_wanted, 1u); /* another waits for it */
    CHECK(!wefti_frames_take(worker));
    wefti_spin_lock(&kernel->forks_lock);
    CHECK(wefti_frames_any(worker)); /* does not wait for the lock, and searches on */
    wefti_spin_unlock(&kernel->forks_lock);
    wefti_add_relaxed(&kernel->forks_wanted, (uint32_t)-1);

    atomic_store(&go_on, true);
    join_thread(thread);
    CHECK_EQ(atomic_load(&done), 1);
    CHECK_OK(weft_receive_done(ends, patience()));
    CHECK_OK(weft_free_channel(ends));
    end_and_free(kernel);
    atomic_store(&go_on, false);
    atomic_store(&spawned, false);
    atomic_store(&done, 0);
}
