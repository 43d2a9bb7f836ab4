/* SPDX-License-Identifier: MIT */
/* dynamic_cplusplus.cpp - D1 from C++: the same macros, and an exception ends the bindings it leaves. */
#include <weft/kernel.h>

#include <stdexcept>

#include "harness/harness.h"

struct point {
    int x, y;
};

WEFT_VARIABLE(int, depth, 7);
WEFT_VARIABLE(point, origin, {1, 2});
WEFT_VARIABLE(const char *, title, "global");

namespace inner {
WEFT_VARIABLE(int, depth, 70);
}

static void throws_inside_two_bindings() {
    WEFT_BIND(depth, 8) WEFT_BIND(depth, 9) {
        if (weft_get(depth) == 9) throw std::runtime_error("out");
    }
}

TEST(exception_ends_the_bindings_it_leaves) {
    bool caught = false;
    WEFT_BIND(depth, 20) {
        try {
            throws_inside_two_bindings();
        } catch (const std::runtime_error &) {
            caught = true;
            CHECK_EQ(weft_get(depth), 20);
        }
    }
    CHECK(caught);
    CHECK_EQ(weft_get(depth), 7);
}

static int returned() {
    WEFT_BIND(depth, 8) { return weft_get(depth); }
    return -1;
}

TEST(ordinary_ways_out_end_the_binding) {
    CHECK_EQ(returned(), 8);
    for (int i = 0; i < 2; i++) {
        WEFT_BIND(depth, i) { break; }
    }
    WEFT_BIND(depth, 3) { continue; }
    CHECK_EQ(weft_get(depth), 7);
}

TEST(struct_values_are_bound_and_set) {
    WEFT_BIND(origin, point{3, 4}) {
        CHECK_EQ(weft_get(origin).y, 4);
        weft_set(origin, point{5, 6});
        CHECK_EQ(weft_get(origin).x, 5);
    }
    CHECK_EQ(weft_get(origin).x, 1);
}

TEST(variable_in_a_namespace_is_another_variable) {
    using namespace inner;
    WEFT_BIND(title, "bound") { CHECK_EQ(::weft_get_depth(), 7); }
    CHECK_EQ(inner::weft_get_depth(), 70);
}

TEST(variables_of_weft_can_be_bound_from_cplusplus) {
    WEFT_BIND(weft_task_priority, WEFT_PRIORITY_LOW) { CHECK_EQ(weft_get(weft_task_priority), WEFT_PRIORITY_LOW); }
    CHECK_EQ(weft_get(weft_task_priority), WEFT_PRIORITY_DEFAULT);
}
