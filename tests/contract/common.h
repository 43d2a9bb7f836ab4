/* SPDX-License-Identifier: MIT */
/* common.h - what many contract, ported and stress tests need: kernels that end, deadlines that fail a test, gates. */
#ifndef WEFT_TEST_COMMON_H
#define WEFT_TEST_COMMON_H

#include <weft.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "harness/harness.h"

/* Long enough for anything that must happen: a test whose wait passes it fails, and does not hang. */
static inline weft_deadline patience(void) { return weft_after(15.0 * harness_slowness() * harness_strain()); }

static inline weft_kernel *kernel_of(unsigned workers) {
    weft_kernel *kernel = weft_make_kernel(workers, NULL);
    CHECK_NOT_NULL(kernel);
    return kernel;
}

/* A kernel with as many workers as this run is about. */
static inline weft_kernel *kernel_here(void) { return kernel_of(harness_workers()); }

static inline void end_and_free(weft_kernel *kernel) {
    CHECK_OK(weft_end_kernel(kernel, true));
    CHECK_OK(weft_free_kernel(kernel));
}

static inline weft_channel *bounded_channel(size_t element_size, size_t capacity) {
    weft_channel *channel = weft_make_channel_sized(element_size, &(weft_channel_options){.capacity = capacity});
    CHECK_NOT_NULL(channel);
    return channel;
}

/* No thread is there but the harness's own. */
#define CHECK_NO_THREAD_LEFT() CHECK_EVENTUALLY(harness_threads() == harness_own_threads())

/* A task that keeps its worker busy, computing, until the gate is opened. */
typedef struct gate {
    atomic_int entered;
    atomic_bool open;
} gate;

static inline void pass_gate(gate *g) {
    atomic_fetch_add(&g->entered, 1);
    weft_deadline until = patience();
    while (!atomic_load(&g->open) && weft_time() < until) sched_yield();
    CHECK(atomic_load(&g->open));
}

static inline void wait_for_entered(gate *g, int count) { CHECK_EVENTUALLY(atomic_load(&g->entered) >= count); }

static inline void open_gate(gate *g) { atomic_store(&g->open, true); }

static inline bool start_thread(pthread_t *thread, void *(*run)(void *), void *argument) {
    return CHECK_EQ(pthread_create(thread, NULL, run, argument), 0);
}

static inline void join_thread(pthread_t thread) { CHECK_EQ(pthread_join(thread, NULL), 0); }

#endif
