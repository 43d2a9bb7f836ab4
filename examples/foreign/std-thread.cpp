/* SPDX-License-Identifier: MIT */
/* std-thread.cpp - a std::thread, and what it brings: destructors, exceptions that stay on their side of a callback. */
#include <algorithm>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "../check.h"

WEFT_TASK(int, twice, (int, n)) { return 2 * n; }

// A comparison that uses Weft, called by std::sort: what it throws is caught on its own side.
static int compare_in_weft(void *argument) {
    auto *pair = static_cast<std::pair<int, int> *>(argument);
    try {
        if (pair->first == 13 || pair->second == 13) throw std::runtime_error("13 is not sorted");
        return pair->first < pair->second;
    } catch (const std::exception &error) {
        weft_error(&weft_type_error, "%s", error.what());
    }
}

static bool compare(int a, int b) {
    std::pair<int, int> pair(a, b);
    int less = 0;
    weft_status status = weft_call_in_thread(compare_in_weft, &pair, &less);
    if (status != WEFT_OK) throw std::runtime_error(weft_condition_message(weft_last_condition()));
    return less != 0;
}

static void sort(std::vector<int> numbers, std::string &said) {
    try {
        std::sort(numbers.begin(), numbers.end(), compare);
        said += "sorted, " + std::to_string(numbers.front()) + " to " + std::to_string(numbers.back()) + "; ";
    } catch (const std::exception &error) {
        said += error.what();
    }
}

int main() {
    weft_kernel *kernel = weft_make_kernel(2, nullptr);
    check_made(kernel);
    std::string said;
    long sum = 0;
    std::thread thread([&] {
        weft_channel *results = weft_make_channel(int);
        check_made(results);
        for (int n = 1; n <= 100; n++) check(weft_submit(results, twice, n));
        WEFT_DO_FAST_RECEIVES(int, value, results, 100) { sum += value; }
        check(weft_free_channel(results));
        sort({5, 3, 9, 1}, said);
        sort({5, 3, 13, 1}, said);
    });
    thread.join();
    std::printf("%ld\n%s\n", sum, said.c_str());
    check(weft_free_kernel(kernel));
    return 0;
}
