/* SPDX-License-Identifier: MIT */
/* errors.c - a storm of failing tasks, each received; memory stays flat. Row C6. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <weft.h>

#include "base/atomic.h"
#include "harness/harness.h"

WEFT_CONDITION_TYPE(storm_error, weft_type_error);

static WEFTI_ATOMIC(long) cleaned;

static void count_clean(void *unused) {
    (void)unused;
    wefti_add_relaxed(&cleaned, 1);
}

static int descend(int depth, int value) {
    WEFT_DEFER(count_clean, NULL);
    if (value < 0) return 0;
    if (depth == 0) weft_error_with(&storm_error, &value, "task %d failed", value);
    return descend(depth - 1, value) + 1;
}

WEFT_TASK(int, fails, (int, value)) {
    if (value % 5 == 0) weft_yield();
    return descend(value % 4, value);
}

static double stress(void) {
    const char *text = getenv("WEFT_TEST_STRESS");
    return text != NULL ? atof(text) : 1;
}

#ifdef __GLIBC__
static long heap_in_use(void) { return (long)mallinfo2().uordblks; }
#else
/* What the process has in memory. */
static long heap_in_use(void) {
    long all = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%ld %ld", &all, &resident) != 2) FAIL("no /proc/self/statm");
    if (file != NULL) fclose(file);
    return resident * sysconf(_SC_PAGESIZE);
}
#endif

static long storm(weft_channel *results, int count) {
    long expected = 0;
    enum { BATCH = 500 };
    for (int i = 0; i < count; i += BATCH) {
        for (int j = 0; j < BATCH; j++) {
            CHECK_OK(weft_submit(results, fails, i + j));
            expected += (i + j) % 4 + 1;
        }
        for (int j = 0; j < BATCH; j++) {
            int value;
            if (!CHECK_STATUS(weft_receive_result(results, &value, WEFT_FOREVER), WEFT_FAILED)) return expected;
            const weft_condition *condition = weft_last_condition();
            CHECK(weft_condition_is(condition, &storm_error) && weft_condition_backtrace(condition, NULL, 0) > 0);
        }
    }
    return expected;
}

TEST_WITH_LIMIT(storm_of_errors_is_received_and_memory_stays_flat, 300) {
    weft_kernel *kernel = weft_make_kernel((unsigned)harness_workers(), NULL);
    weft_channel *results = weft_make_channel(int);
    weft_set(weft_debug_tasks, false);
    wefti_store_relaxed(&cleaned, 0);
    long expected = storm(results, 5000), before = heap_in_use();
    int count = (int)(50000 * stress());
    expected += storm(results, count / 500 * 500);
    /* Caches of the allocator and chunks of queues settle below 2 MiB with 8 workers; 50,000 lost conditions are 20. */
    CHECK_LT(heap_in_use() - before, 4 << 20);
    CHECK_EQ(wefti_load_relaxed(&cleaned), expected);
    weft_set(weft_debug_tasks, true);
    CHECK_OK(weft_free_channel(results));
    CHECK_OK(weft_free_kernel(kernel));
}
