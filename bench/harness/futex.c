/* SPDX-License-Identifier: MIT */
/* futex.c - the raw futex hand-off; see futex.h. */
#define _GNU_SOURCE
#include "futex.h"
#include "bench.h"

#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

static _Alignas(128) _Atomic uint32_t request;
static _Alignas(128) _Atomic uint32_t answer;
static _Atomic bool ending;
static pthread_t thread;

static void await(_Atomic uint32_t *word, uint32_t old) {
    while (atomic_load_explicit(word, memory_order_acquire) == old)
        syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, old, NULL, NULL, 0);
}

static void post(_Atomic uint32_t *word, uint32_t value) {
    atomic_store_explicit(word, value, memory_order_release);
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void *serve(void *unused) {
    (void)unused;
    for (uint32_t seen = 0;; seen++) {
        await(&request, seen);
        if (atomic_load_explicit(&ending, memory_order_relaxed)) return NULL;
        post(&answer, seen + 1);
    }
}

void bench_futex_start(void) {
    atomic_store(&request, 0);
    atomic_store(&answer, 0);
    atomic_store(&ending, false);
    bench_require(pthread_create(&thread, NULL, serve, NULL) == 0, "no thread");
}

double bench_futex_round_trip(void) {
    uint32_t turn = atomic_load_explicit(&request, memory_order_relaxed);
    int64_t start = bench_clock();
    post(&request, turn + 1);
    await(&answer, turn);
    return (double)(bench_clock() - start);
}

void bench_futex_end(void) {
    atomic_store_explicit(&ending, true, memory_order_relaxed);
    post(&request, atomic_load(&request) + 1);
    pthread_join(thread, NULL);
}
