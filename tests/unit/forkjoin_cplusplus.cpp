/* SPDX-License-Identifier: MIT */
/* forkjoin_cplusplus.cpp - spawn, call and sync from C++: results of class types, references to the spawner's, in a
 * body and outside of one, and by workers. Rows J1, J2. */
#include <weft.h>

#include <vector>

#include "harness/harness.h"

WEFT_TASK(long, fib, (int, n)) {
    if (n < 2) return n;
    weft_spawn(fib, n - 1);
    long b = weft_call(fib, n - 2);
    return weft_sync(fib) + b;
}

struct range {
    int least, most;
    range joined(range other) const {
        return {least < other.least ? least : other.least, most > other.most ? most : other.most};
    }
};

WEFT_TASK(range, bounds, (const int *, values), (size_t, count)) {
    if (count == 1) return range{values[0], values[0]};
    weft_spawn(bounds, values, count / 2);
    range right = weft_call(bounds, values + count / 2, count - count / 2);
    return weft_sync(bounds).joined(right);
}

WEFT_TASK(void, fill, (std::vector<int> *, values), (size_t, from), (size_t, to)) {
    if (to - from > 1) {
        size_t middle = from + (to - from) / 2;
        weft_spawn(fill, values, from, middle);
        weft_spawn(fill, values, middle, to);
        weft_sync(fill);
        weft_sync(fill);
    } else {
        (*values)[from] = static_cast<int>(from) - 300;
    }
}

static long fib_by_calls(int n) { return n < 2 ? n : fib_by_calls(n - 1) + fib_by_calls(n - 2); }

TEST(a_thread_spawns_and_syncs_from_cplusplus) {
    std::vector<int> values(1000);
    weft_call(fill, &values, size_t(0), values.size());
    weft_spawn(bounds, values.data(), values.size());
    CHECK_EQ(weft_call(fib, 18), fib_by_calls(18));
    range all = weft_sync(bounds);
    CHECK_EQ(all.least, -300);
    CHECK_EQ(all.most, 699);
    CHECK_EQ(fib(15), fib_by_calls(15));
}

TEST(workers_take_what_cplusplus_has_spawned) {
    weft_kernel_options options = {};
    options.use_caller = true;
    weft_kernel *kernel = weft_make_kernel(2, &options);
    if (!CHECK_NOT_NULL(kernel)) return;
    weft_channel *results = weft_make_channel_sized(sizeof(long), nullptr);
    for (int n = 10; n < 24; n++) {
        long value = 0;
        CHECK_OK(weft_submit(results, fib, n));
        CHECK_EQ(weft_call(fib, n), fib_by_calls(n));
        CHECK_OK(weft_receive_result(results, &value, weft_after(60)));
        CHECK_EQ(value, fib_by_calls(n));
    }
    CHECK_OK(weft_free_channel(results));
    CHECK_OK(weft_end_kernel(kernel, true));
    CHECK_OK(weft_free_kernel(kernel));
}

WEFT_TASK(range, around, (int, value)) { return range{value - 1, value + 1}; }

/* Many in a row, then as many syncs: the workers take the earliest of them without the spawner. */
WEFT_TASK(range, around_all, (int, count)) {
    range all = {0, 0};
    for (int i = 0; i < count; i++) weft_spawn(around, i);
    for (int i = 0; i < count; i++) all = all.joined(weft_sync(around));
    return all;
}

TEST(workers_take_what_cplusplus_has_spawned_in_a_row) {
    weft_kernel *kernel = weft_make_kernel(2, nullptr);
    if (!CHECK_NOT_NULL(kernel)) return;
    weft_channel *results = weft_make_channel_sized(sizeof(range), nullptr);
    for (int count = 1; count < 3000; count += 97) {
        range all = {0, 0};
        CHECK_OK(weft_submit(results, around_all, count));
        CHECK_OK(weft_receive_result(results, &all, weft_after(60)));
        CHECK_EQ(all.least, -1);
        CHECK_EQ(all.most, count);
    }
    CHECK_OK(weft_free_channel(results));
    CHECK_OK(weft_end_kernel(kernel, true));
    CHECK_OK(weft_free_kernel(kernel));
}
