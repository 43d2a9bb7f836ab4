/* SPDX-License-Identifier: MIT */
/* slices_cpp.cpp - tasks in C++ that are switched away while they handle an exception keep it. Row K19. */
#include <exception>
#include <weft.h>

#include "harness/harness.h"

namespace {

struct trouble {
    int number;
};

bool over;
int begun, wrong;

bool goes_on() { return !__atomic_load_n(&over, __ATOMIC_RELAXED); }

void spend() {
    for (volatile int i = 0; i < 3000; i++) {
    }
}

} // namespace

/* Others throw and catch while this one is in its catch block: each finds its own there, and throws that one on. */
WEFT_TASK(int, throw_and_catch, (int, mine)) {
    __atomic_fetch_add(&begun, 1, __ATOMIC_RELAXED);
    while (goes_on()) {
        try {
            try {
                throw trouble{mine};
            } catch (const trouble &first) {
                spend();
                if (first.number != mine || std::uncaught_exceptions() != 0)
                    __atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
                throw;
            }
        } catch (const trouble &second) {
            spend();
            if (second.number != mine) __atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
        }
    }
    return mine;
}

TEST(exception_that_is_being_handled_is_the_tasks_own) {
    if (!weft_slices_work()) {
        SKIP("no time slices here");
        return;
    }
    __atomic_store_n(&begun, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&wrong, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&over, false, __ATOMIC_RELAXED);
    weft_kernel_options options = {};
    options.slice = 0.0005;
    weft_kernel *kernel = weft_make_kernel(1, &options);
    weft_channel *results = weft_make_channel(int);
    weft_worker_counters counters = {};
    int value;
    for (int i = 0; i < 4; i++) CHECK_OK(weft_submit(results, throw_and_catch, i));
    CHECK_EVENTUALLY(__atomic_load_n(&begun, __ATOMIC_RELAXED) == 4 &&
                     weft_read_counters(kernel, 0, &counters) == WEFT_OK && counters.slices > 150);
    __atomic_store_n(&over, true, __ATOMIC_RELAXED);
    for (int i = 0; i < 4; i++) CHECK_OK(weft_receive_result(results, &value, WEFT_FOREVER));
    CHECK_EQ(wrong, 0);
    CHECK_OK(weft_free_channel(results));
    CHECK_OK(weft_free_kernel(kernel));
}
