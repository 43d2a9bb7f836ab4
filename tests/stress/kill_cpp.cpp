/* SPDX-License-Identifier: MIT */
/* kill_cpp.cpp - tasks that do nothing but throw and catch are killed, and other tasks throw and catch meanwhile: none
 * is lost, and the process can throw afterwards.
 *
 * Such a task is almost always in the system's unwinder, which is let finish; it is reached in the moments between. So
 * latencies are long: WEFT_TEST_LATENCIES prints them.
 */
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include <weft.h>

#include "harness/harness.h"
#include "stress/load.h"

namespace {

const char victims[] = "victims";
int begun, cleaned;

void count_clean_up(void *) { __atomic_fetch_add(&cleaned, 1, __ATOMIC_RELAXED); }

int thrown(int depth) {
    std::string text(static_cast<std::size_t>(depth) * 7, 'x'); /* has a destructor, and memory to give back */
    if (depth == 0) throw std::runtime_error("bottom");
    return thrown(depth - 1) + static_cast<int>(text.size());
}

int throw_and_catch(int depth) {
    try {
        return thrown(depth);
    } catch (const std::exception &) {
        return depth;
    }
}

} // namespace

WEFT_TASK(int, victim, (int, depth)) {
    weft_frame frame;
    weft_protect_begin(&frame, count_clean_up, nullptr);
    __atomic_fetch_add(&begun, 1, __ATOMIC_RELAXED);
    volatile int sum = 0;
    for (;;) sum = sum + throw_and_catch(depth);
    return 0;
}

/* Nobody's exceptions are left in flight by who was killed. */
WEFT_TASK(int, innocent, (int, depth)) { return std::uncaught_exceptions() == 0 ? throw_and_catch(depth) : -1; }

static void kill_some(weft_channel *outcomes, weft_channel *results, std::vector<double> &latencies) {
    int many = static_cast<int>(harness_workers()), value = 0, before = __atomic_load_n(&begun, __ATOMIC_RELAXED);
    WEFT_BIND(weft_task_category, victims) {
        for (int i = 0; i < many; i++) CHECK_OK(weft_submit(outcomes, victim, i % 5));
    }
    CHECK_EVENTUALLY(__atomic_load_n(&begun, __ATOMIC_RELAXED) == before + many);
    CHECK_OK(weft_submit(results, innocent, 3));
    weft_deadline start = weft_time();
    CHECK_EQ(weft_kill_tasks(nullptr, victims, nullptr), many);
    for (int i = 0; i < many; i++) {
        CHECK_STATUS(weft_receive_result(outcomes, &value, weft_after(60.0 * harness_slowness())), WEFT_KILLED);
        latencies.push_back(static_cast<double>(weft_time() - start) / 1e3);
    }
    CHECK_OK(weft_receive_result(results, &value, weft_after(60.0 * harness_slowness())));
    CHECK_EQ(value, 3);
}

TEST_WITH_LIMIT(tasks_that_throw_and_catch_are_killed, 3600) {
    if (weft_how_far_kills_reach() == WEFT_KILL_WAITING) {
        SKIP("tasks that compute are not killed here");
        return;
    }
    weft_kernel *kernel = weft_make_kernel(harness_workers(), nullptr);
    weft_channel *outcomes = weft_make_channel(int), *results = weft_make_channel(int);
    weft_kill_counts before, after;
    std::vector<double> latencies;
    begun = cleaned = 0;
    CHECK_OK(weft_set_kill_deadline(20)); /* they are hard to find outside of libraries, not impossible */
    weft_read_kill_counts(&before);
    /* With more workers than processors each takes the longer. */
    for (std::size_t round = load_rounds(16) / harness_workers() + 1; round > 0; round--)
        kill_some(outcomes, results, latencies);
    CHECK_OK(weft_wait_killed(nullptr, victims, weft_after(60), nullptr));
    weft_read_kill_counts(&after);
    CHECK_EQ(after.killed - before.killed, latencies.size());
    CHECK_EQ(after.lost - before.lost, 0);
    CHECK_EQ(cleaned, begun);
    std::sort(latencies.begin(), latencies.end());
    if (std::getenv("WEFT_TEST_LATENCIES") != nullptr)
        std::printf("# throw and catch: %zu kills, latency median %.1f us, p99 %.1f us\n", latencies.size(),
                    latencies[latencies.size() / 2], latencies[latencies.size() * 99 / 100]);
    CHECK_OK(weft_set_kill_deadline(0.25));
    CHECK_OK(weft_free_channel(outcomes));
    CHECK_OK(weft_free_channel(results));
    CHECK_OK(weft_free_kernel(kernel));
}
