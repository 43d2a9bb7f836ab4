/* SPDX-License-Identifier: MIT */
/* parallel_cplusplus.cpp - loops and algorithms from C++: what the macros make, functions without a name as arguments,
 * elements of class types, statuses where something is wrong. Row P1. */
#include <weft.h>

#include <algorithm>
#include <vector>

#include "harness/harness.h"

struct point {
    int x, y;
    point turned() const { return {-y, x}; }
};

WEFT_LOOP(shift, i, (point *, points), (int, by)) { points[i].x += by; }
WEFT_MAP(point, turn, (point, p)) { return p.turned(); }
WEFT_MAP(double, length, (point, p), (double, unit)) { return unit * (p.x + p.y); }
WEFT_ORDER(by_x, point, a, b) { return a->x < b->x; }

static std::vector<point> points_of(size_t count) {
    std::vector<point> points;
    for (size_t i = 0; i < count; i++) points.push_back({static_cast<int>(i * 7919 % count), static_cast<int>(i)});
    return points;
}

TEST(loops_maps_and_sorts_from_cplusplus) {
    weft_kernel *kernel = weft_make_kernel(2, nullptr);
    if (!CHECK_NOT_NULL(kernel)) return;
    std::vector<point> points = points_of(50021), other(points.size());
    std::vector<double> lengths(points.size());
    CHECK_OK(weft_loop(shift, 0, points.size(), points.data(), 10));
    CHECK_OK(weft_map_by(turn, points.data(), other.data(), points.size()));
    CHECK_OK(weft_map_by(length, points.data(), lengths.data(), points.size(), 0.5));
    CHECK_OK(weft_sort_by(nullptr, by_x, points.data(), points.size()));
    size_t wrong = 0;
    for (size_t i = 0; i < points.size(); i++) {
        wrong += points[i].x != static_cast<int>(i) + 10;
        wrong += other[i].x != -static_cast<int>(i) || lengths[i] != 0.5 * (other[i].y - other[i].x);
    }
    CHECK_EQ(wrong, 0u);
    CHECK_OK(weft_free_kernel(kernel));
}

TEST(functions_without_a_name_are_arguments) {
    weft_kernel *kernel = weft_make_kernel(2, nullptr);
    if (!CHECK_NOT_NULL(kernel)) return;
    std::vector<point> points = points_of(30011), kept(points.size());
    auto even = [](const void *p, void *) -> bool { return static_cast<const point *>(p)->x % 2 == 0; };
    size_t number = 0, copied = 0, first = 0;
    CHECK_OK(weft_count_if(nullptr, points.data(), sizeof(point), points.size(), &number, even, nullptr));
    CHECK_OK(weft_filter(nullptr, points.data(), sizeof(point), points.size(), kept.data(), &copied, even, nullptr));
    CHECK_OK(weft_find(nullptr, points.data(), sizeof(point), points.size(), &first, even, nullptr));
    auto isEven = [&](const point &p) { return even(&p, nullptr); };
    CHECK_EQ(number, static_cast<size_t>(std::count_if(points.begin(), points.end(), isEven)));
    CHECK_EQ(copied, number);
    CHECK_EQ(first, 0u);
    auto compare = [](const void *a, const void *b, void *) -> int {
        return static_cast<const point *>(a)->x - static_cast<const point *>(b)->x;
    };
    CHECK_OK(weft_stable_sort(nullptr, points.data(), points.size(), sizeof(point), compare, nullptr));
    CHECK(std::is_sorted(points.begin(), points.end(), [](const point &a, const point &b) { return a.x < b.x; }));
    CHECK_OK(weft_free_kernel(kernel));
}

TEST(misuse_from_cplusplus_is_a_status) {
    point one = {1, 2};
    CHECK_EQ(weft_sort_by(nullptr, by_x, &one, 1), WEFT_OK);
    CHECK_EQ(weft_map_by(turn, &one, &one, 1), WEFT_NO_KERNEL);
    weft_kernel *kernel = weft_make_kernel(1, nullptr);
    if (!CHECK_NOT_NULL(kernel)) return;
    point *none = nullptr;
    CHECK_EQ(weft_sort_by(nullptr, by_x, none, 3), WEFT_INVALID);
    CHECK_EQ(weft_map_by(turn, none, &one, 1), WEFT_INVALID);
    CHECK_EQ(weft_loop(shift, 3, 1, none, 1), WEFT_OK);
    CHECK_EQ(weft_for_range(nullptr, 0, 9, nullptr, nullptr), WEFT_INVALID);
    CHECK_OK(weft_free_kernel(kernel));
}
