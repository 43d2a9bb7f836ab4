/* SPDX-License-Identifier: MIT */
/* standins.c - what sched/ calls of files that are not explored with it: it stops the test, or does nothing.
 *
 * All are weak, so that a test that wants more of one brings its own.
 */
#include "comm/future.h"
#include "comm/level.h"
#include "comm/policy.h"
#include "comm/store.h"
#include "engine/explore.h"
#include "os/chance.h"
#include "sched/attach.h"
#include "sched/cancel.h"
#include "sched/kernel.h"
#include "sched/scope.h"
#include "sched/slice.h"

#define WEAK __attribute__((weak))

__thread wefti_strand *wefti_strand_now;

WEAK uint32_t wefti_chance(uint32_t count) { return count - 1; }
WEAK wefti_strand *wefti_attach(void) { explore_fail("a strand without a thread"); }
WEAK void wefti_run_interrupts(wefti_thread *thread) {
    (void)thread;
    explore_fail("no interrupts here");
}
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
WEAK wefti_runner *wefti_movable_take(wefti_worker *worker) {
    (void)worker;
    return NULL;
}
WEAK bool wefti_movable_steal(wefti_worker *from, wefti_worker *to) {
    (void)from, (void)to;
    return false;
}
WEAK void wefti_wake_worker(weft_kernel *kernel, wefti_worker *worker) {
    (void)kernel, (void)worker;
    explore_fail("no workers here");
}
WEAK void wefti_slicer_ring(weft_kernel *kernel) {
    (void)kernel;
    explore_fail("no slices here");
}
WEAK void wefti_spares_trim(void) {}
WEAK bool wefti_life_is_over(wefti_life *life) {
    (void)life;
    return false;
}
WEAK void *wefti_berth_take(wefti_berth *berth, size_t size) {
    (void)berth, (void)size;
    return NULL;
}
WEAK void wefti_berth_give(wefti_berth *berth) { (void)berth; }
WEAK void wefti_runner_check(const wefti_runner *runner) { (void)runner; }
WEAK bool wefti_cancelled_before(wefti_runner *runner, wefti_wait *wait) {
    (void)runner, (void)wait;
    explore_fail("no scopes here");
}
WEAK bool wefti_thread_cancelled_before(wefti_strand *strand, wefti_wait *wait) {
    (void)strand, (void)wait;
    explore_fail("no scopes here");
}
WEAK void wefti_thread_waits_no_more(wefti_strand *strand) {
    (void)strand;
    explore_fail("no scopes here");
}
WEAK bool wefti_io_ring(weft_kernel *kernel, wefti_worker *worker) {
    (void)kernel, (void)worker;
    return false;
}
WEAK bool wefti_io_become_poller(wefti_worker *worker) {
    (void)worker;
    return false;
}
WEAK void wefti_io_look(wefti_worker *worker) { (void)worker; }
WEAK void wefti_io_stop_polling(wefti_worker *worker) { (void)worker; }
WEAK void wefti_io_sleep(wefti_worker *worker, int64_t deadline) {
    (void)worker, (void)deadline;
    explore_fail("no descriptors here");
}
WEAK weft_kernel *wefti_io_kernel(const wefti_strand *self) {
    (void)self;
    return NULL;
}
WEAK weft_status wefti_io_enlist(weft_kernel *kernel, int descriptor, bool write, wefti_waiter *waiter) {
    (void)kernel, (void)descriptor, (void)write, (void)waiter;
    explore_fail("no descriptors here");
}
WEAK void wefti_io_again(weft_kernel *kernel, int descriptor) {
    (void)kernel, (void)descriptor;
    explore_fail("no descriptors here");
}
WEAK void wefti_io_delist(weft_kernel *kernel, int descriptor, wefti_waiter *waiter) {
    (void)kernel, (void)descriptor, (void)waiter;
    explore_fail("no descriptors here");
}
WEAK bool wefti_descriptor_ready(int descriptor, bool write) {
    (void)descriptor, (void)write;
    return false;
}
WEAK size_t weft_group_count(const weft_group *group) {
    (void)group;
    return 0;
}
WEAK bool wefti_group_enlist(weft_group *group, wefti_waiter *waiter) {
    (void)group, (void)waiter;
    return false;
}
WEAK void wefti_group_delist(weft_group *group, wefti_waiter *waiter) { (void)group, (void)waiter; }
WEAK bool weft_fulfilled(const weft_future *future) {
    (void)future;
    explore_fail("a future");
}
WEAK bool wefti_future_enlist(weft_future *future, wefti_waiter *waiter) {
    (void)future, (void)waiter;
    explore_fail("a future");
}
WEAK void wefti_future_delist(weft_future *future, wefti_waiter *waiter) { (void)future, (void)waiter; }
WEAK void wefti_level_follow(weft_channel *channel) { (void)channel; }
WEAK size_t wefti_policy_remove_if(weft_channel *channel, bool (*match)(const void *element, void *argument),
                                   void *argument, bool *able) {
    (void)channel, (void)match, (void)argument;
    *able = false;
    return 0;
}
WEAK wefti_element *wefti_backlog_put(weft_channel *channel, const void *value, const wefti_condition *condition) {
    (void)channel, (void)value, (void)condition;
    explore_fail("no backlog here");
}
WEAK bool wefti_backlog_drop_front(weft_channel *channel, wefti_block **used) {
    (void)channel, (void)used;
    explore_fail("no backlog here");
}
WEAK const wefti_condition wefti_reserved = {WEFT_FAILED, "reserved", NULL},
                           wefti_abandoned = {WEFT_FAILED, "abandoned", NULL};
WEAK void *wefti_gaps_put(weft_channel *channel) {
    (void)channel;
    explore_fail("no places here");
}
WEAK bool wefti_channel_settle(weft_channel *channel) {
    (void)channel;
    return false;
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
/* The compiler's own operations, where a plain word is shared with a public header: not explored. */
void __tsan_atomic_signal_fence(int order);
uint32_t __tsan_atomic32_load(const volatile void *word, int order);
uint64_t __tsan_atomic64_load(const volatile void *word, int order);
WEAK void __tsan_atomic_signal_fence(int order) { (void)order; }
WEAK uint32_t __tsan_atomic32_load(const volatile void *word, int order) {
    (void)order;
    return *(const volatile uint32_t *)word;
}
WEAK uint64_t __tsan_atomic64_load(const volatile void *word, int order) {
    (void)order;
    return *(const volatile uint64_t *)word;
}
#endif
WEAK const wefti_condition wefti_outcome_lost = {WEFT_FAILED, "lost", NULL};
WEAK weft_status wefti_condition_receive(wefti_strand *receiver, const wefti_condition *condition) {
    (void)receiver;
    return condition->status;
}
