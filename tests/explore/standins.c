/* SPDX-License-Identifier: MIT */
/* standins.c - what sched/ calls of files that are not explored with it: it stops the test, or does nothing.
 *
 * All are weak, so that a test that wants more of one brings its own.
 */
#include "engine/explore.h"
#include "sched/attach.h"
#include "sched/kernel.h"

#define WEAK __attribute__((weak))

__thread wefti_strand *wefti_strand_now;

WEAK wefti_strand *wefti_attach(void) { explore_fail("a strand without a thread"); }
WEAK wefti_runner *wefti_runner_get(wefti_worker *worker) {
    (void)worker;
    explore_fail("no runners here");
}
WEAK void wefti_runner_free(wefti_worker *worker, wefti_runner *runner) {
    (void)worker, (void)runner;
    explore_fail("no runners here");
}
WEAK void wefti_poll(wefti_worker *worker) {
    (void)worker;
    explore_fail("no workers here");
}
WEAK wefti_runner *wefti_runner_next(wefti_worker *worker) {
    (void)worker;
    return NULL;
}
WEAK void wefti_runner_ready(wefti_worker *worker, wefti_runner *runner) {
    (void)worker, (void)runner;
    explore_fail("no runners here");
}
WEAK wefti_runner *wefti_movable_take(wefti_worker *from, wefti_worker *to) {
    (void)from, (void)to;
    return NULL;
}
WEAK void wefti_wake_worker(weft_kernel *kernel, wefti_worker *worker) {
    (void)kernel, (void)worker;
    explore_fail("no workers here");
}
WEAK void wefti_runner_check(const wefti_runner *runner) { (void)runner; }
WEAK bool wefti_io_ring(weft_kernel *kernel, wefti_worker *worker) {
    (void)kernel, (void)worker;
    return false;
}
WEAK bool wefti_io_become_poller(wefti_worker *worker) {
    (void)worker;
    return false;
}
WEAK void wefti_io_stop_polling(wefti_worker *worker) { (void)worker; }
WEAK void wefti_io_sleep(wefti_worker *worker, int64_t deadline) {
    (void)worker, (void)deadline;
    explore_fail("no descriptors here");
}
WEAK int wefti_context_switch(wefti_context *from, wefti_context *to) {
    (void)from, (void)to;
    explore_fail("no switches here");
    return 0;
}

/* The instrumentation makes fiber/annotate.h believe in ThreadSanitizer. */
#if WEFTI_TSAN
WEAK void __tsan_switch_to_fiber(void *fiber, unsigned flags) { (void)fiber, (void)flags; }
WEAK void __tsan_release(void *address) { (void)address; }
#endif
