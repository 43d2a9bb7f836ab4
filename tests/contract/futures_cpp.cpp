/* SPDX-License-Identifier: MIT */
/* futures_cpp.cpp - rows F1, F3 from C++17: futures, a failure raised and replaced, graphs, sequences. */
#include "harness/harness.h"

#include <weft.h>

static weft_deadline patience() { return weft_after(15.0 * harness_slowness()); }

WEFT_TASK(int, add, (int, a), (int, b)) { return a + b; }
WEFT_TASK(int, broken, (const char *, why)) {
    weft_error(&weft_type_error, "%s", why);
    return 0;
}

WEFT_NODE(int, border) { return 2; }
WEFT_NODE(double, width, (int, border)) { return 7 + 2 * border; }
WEFT_NODE(const char *, unit) { return "cm"; }
WEFT_NODE(void, shown, (double, width), (const char *, unit)) {
    CHECK_NEAR(width, 11.0, 0.0);
    CHECK_STR(unit, "cm");
}
WEFT_NODE_OVER(long, sum, inputs) { return 1 + weft_input(inputs, 0, long); }

static weft_kernel *kernel_here() {
    weft_kernel *kernel = weft_make_kernel(harness_workers(), nullptr);
    CHECK_NOT_NULL(kernel);
    return kernel;
}

static void end_and_free(weft_kernel *kernel) {
    CHECK_OK(weft_end_kernel(kernel, true));
    CHECK_OK(weft_free_kernel(kernel));
}

static int forty = 40;

TEST(futures_work_in_cplusplus) {
    weft_kernel *kernel = kernel_here();
    weft_future *all[] = {weft_future(add, 3, 4), weft_speculate(add, 3, 4), weft_delay(add, 3, 4),
                          weft_make_promise(int)};
    int value = 7;
    CHECK_OK(weft_fulfil(all[3], &value));
    for (weft_future *future : all) {
        value = 0;
        CHECK_OK(weft_force(future, &value, patience()));
        CHECK_EQ(value, 7);
        CHECK_OK(weft_must_force(future, &value, patience()));
        weft_release_future(future);
    }
    end_and_free(kernel);
}

TEST(a_failure_is_replaced_in_cplusplus) {
    weft_kernel *kernel = kernel_here();
    weft_set(weft_debug_tasks, false);
    weft_future *future = weft_future(broken, "glass");
    int value = 0;
    WEFT_HANDLER_BIND(
        &weft_type_error, [](const weft_condition *, void *) { weft_invoke_restart_with("store-value", &forty); },
        nullptr) {
        CHECK_OK(weft_must_force(future, &value, patience()));
    }
    CHECK_EQ(value, 40);
    weft_release_future(future);
    weft_set(weft_debug_tasks, true);
    end_and_free(kernel);
}

TEST(graphs_work_in_cplusplus) {
    weft_kernel *kernel = kernel_here();
    weft_graph *graph = weft_make_graph("c++");
    CHECK_OK(weft_define(graph, shown, width, unit));
    CHECK_OK(weft_define(graph, width, border));
    CHECK_OK(weft_define(graph, border));
    CHECK_OK(weft_define(graph, unit));
    CHECK_OK(weft_compute(graph, shown, nullptr, patience()));
    long one = 1, value = 0;
    weft_node need = 1;
    CHECK_OK(weft_give(graph, 1, &one));
    CHECK_OK(weft_define_node(graph, 2, &weft_node_of_sum, nullptr, &need, 1));
    CHECK_OK(weft_compute_node(graph, nullptr, 2, &value, sizeof value, patience()));
    CHECK_EQ(value, 2);
    CHECK_OK(weft_free_graph(graph));
    end_and_free(kernel);
}
