/* SPDX-License-Identifier: MIT */
/* dynamic_defaults.c - the library's own variables and their global values (D3). */
#include <weft/kernel.h>

#include "harness/harness.h"

TEST(own_variables_have_the_documented_global_values) {
    CHECK_NULL(weft_get(weft_current_kernel));
    CHECK_EQ(weft_get(weft_task_priority), WEFT_PRIORITY_DEFAULT);
    CHECK_PTR(weft_get(weft_task_category), weft_category_default);
    CHECK_EQ(weft_get(weft_debug_tasks), true);
    CHECK_EQ(weft_get(weft_spin_count), 2000);
}

TEST(own_variables_can_be_bound_and_set) {
    static const char mine[] = "mine";
    WEFT_BIND(weft_task_category, mine) WEFT_BIND(weft_task_priority, WEFT_PRIORITY_LOW) {
        CHECK_PTR(weft_get(weft_task_category), mine);
        CHECK_EQ(weft_get(weft_task_priority), WEFT_PRIORITY_LOW);
        weft_set(weft_task_category, weft_category_default);
        CHECK_PTR(weft_get(weft_task_category), weft_category_default);
    }
    weft_set(weft_spin_count, 5);
    CHECK_EQ(weft_get(weft_spin_count), 5);
    weft_set(weft_spin_count, 2000);
}
