/* SPDX-License-Identifier: MIT */
/* callbacks_cpp.cpp - frames of C++ between Weft and what it calls back: destructors run, exceptions stay on their
 * side.
 */
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <weft.h>

#include "harness/harness.h"

WEFT_CONDITION_TYPE(bad_number, weft_type_error);

static int alive;

struct counted {
    counted() { alive++; }
    ~counted() { alive--; }
    counted(const counted &) = delete;
    counted &operator=(const counted &) = delete;
};

/* ---- an error that a boundary takes, between frames with destructors on both sides ---- */

static int fails(void *) {
    counted inside;
    std::string text(100, 'x');
    weft_error(&bad_number, "from %d objects", alive);
}

static int foreign_frames(int depth) {
    counted here;
    std::vector<int> memory(static_cast<size_t>(depth) + 1);
    if (depth > 0) return foreign_frames(depth - 1);
    return weft_call_in_thread(fails, nullptr, nullptr) == WEFT_OK ? 0 : -1;
}

TEST(frames_of_cplusplus_below_a_boundary_return_and_those_above_are_unwound) {
    volatile bool passed = false;
    WEFT_HANDLER_CASE {
        WEFT_TRY {
            counted outside;
            CHECK_EQ(foreign_frames(3), -1);
            CHECK_EQ(alive, 1);
        }
        WEFT_HANDLE(&bad_number, condition) { passed = condition != nullptr; }
    }
    CHECK(!passed);
    CHECK_EQ(alive, 0);
    CHECK_STR(weft_condition_message(weft_last_condition()), "from 6 objects");
}

/* ---- std::sort with a comparison behind the boundary; its failure crosses std::sort as an exception ---- */

static int less_than(void *of) {
    auto *pair = static_cast<std::pair<int, int> *>(of);
    if (pair->first < 0 || pair->second < 0) weft_error(&bad_number, "negative");
    return pair->first < pair->second;
}

static bool compare(int a, int b) {
    std::pair<int, int> pair(a, b);
    int less = 0;
    if (weft_call_in_thread(less_than, &pair, &less) != WEFT_OK) throw std::invalid_argument("negative");
    return less != 0;
}

static void sort_in_thread() {
    std::vector<int> numbers = {3, 1, 2};
    std::sort(numbers.begin(), numbers.end(), compare);
    CHECK_EQ(numbers[0], 1);
    CHECK_EQ(numbers[2], 3);
    bool thrown = false;
    numbers[1] = -1;
    try {
        std::sort(numbers.begin(), numbers.end(), compare);
    } catch (const std::invalid_argument &) {
        thrown = true;
    }
    CHECK(thrown);
    CHECK(weft_condition_is(weft_last_condition(), &bad_number));
}

TEST(what_ends_a_comparison_may_leave_std_sort_as_an_exception) {
    size_t before = weft_process_count();
    std::thread(sort_in_thread).join();
    CHECK_EQ(weft_process_count(), before);
}

/* ---- an exception that would pass the boundary ---- */

static int throws(void *) { throw std::runtime_error("it passes"); }

/* In a process of its own, started anew, as ThreadSanitizer has it. */
TEST(when_started_as_a_child_it_lets_an_exception_pass) {
    if (std::getenv("WEFT_TEST_THROWS") == nullptr) return;
    signal(SIGABRT, SIG_DFL);
    try {
        weft_call_in_thread(throws, nullptr, nullptr);
    } catch (...) {
        _exit(1);
    }
    _exit(0);
}

TEST(an_exception_that_would_pass_a_boundary_stops_the_process_with_a_line) {
    char said[1024] = "";
    int ends[2], status = 0;
    if (!CHECK_EQ(pipe(ends), 0)) return;
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        setenv("WEFT_TEST_THROWS", "1", 1);
        harness_start_anew("when_started_as_a_child");
    }
    close(ends[1]);
    size_t length = 0;
    for (ssize_t got; length < sizeof said - 1 && (got = read(ends[0], said + length, sizeof said - 1 - length)) > 0;)
        length += static_cast<size_t>(got);
    close(ends[0]);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    if (!CHECK(std::string(said).find("'weft_call_in_thread' must not leave a function") != std::string::npos))
        FAIL("it said: %s", said);
}

static int throws_and_catches(void *) {
    try {
        throw std::runtime_error("inside");
    } catch (const std::exception &) {
        return 7;
    }
}

static int errs_while_caught(void *) {
    try {
        throw std::runtime_error("inside");
    } catch (const std::exception &error) {
        std::string text = error.what();
        weft_error(&bad_number, "%s", text.c_str());
    }
}

TEST(exceptions_that_are_caught_inside_are_no_matter) {
    int result = 0;
    CHECK_OK(weft_call_in_thread(throws_and_catches, nullptr, &result));
    CHECK_EQ(result, 7);
    CHECK_STATUS(weft_call_in_thread(errs_while_caught, nullptr, &result), WEFT_FAILED);
    CHECK_STR(weft_condition_message(weft_last_condition()), "inside");
    CHECK_OK(weft_call_in_thread(throws_and_catches, nullptr, &result));
}
