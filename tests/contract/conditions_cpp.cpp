/* SPDX-License-Identifier: MIT */
/* conditions_cpp.cpp - conditions in C++: destructors run in order with clean-ups, and the macros compile. Rows C2 to
 * C4. */
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <weft.h>

#include "harness/harness.h"

WEFT_CONDITION_TYPE(bad, weft_type_error);

static std::string story;

struct teller {
    char letter;
    explicit teller(char which) : letter(which) {}
    ~teller() { story += letter; }
};

static void tell(void *letter) { story += *static_cast<char *>(letter); }

static char x = 'x', y = 'y';

static int descend(int depth) {
    teller outer(static_cast<char>('a' + depth));
    WEFT_UNWIND_PROTECT(tell, depth == 0 ? &x : &y) {
        teller inner(static_cast<char>('A' + depth));
        if (depth == 0) weft_error(&bad, "number %d", 7);
        descend(depth - 1);
    }
    return depth;
}

static void raise_and_handle() {
    WEFT_HANDLER_CASE {
        WEFT_TRY {
            teller here('t');
            descend(1);
        }
        WEFT_HANDLE(&bad, condition) { story += weft_condition_message(condition); }
    }
}

TEST(destructors_and_clean_ups_run_interleaved_in_order) {
    story.clear();
    raise_and_handle();
    CHECK_STR(story.c_str(), "AxaBybtnumber 7");
}

static void skip(const weft_condition *, void *) { weft_invoke_restart("skip"); }

static void use(const weft_condition *, void *) {
    long value = 5;
    weft_invoke_restart_with("use-value", &value);
}

static long parse() {
    volatile long result = 0;
    WEFT_RESTART_CASE {
        WEFT_TRY {
            teller here('t');
            weft_error(&bad, nullptr);
        }
        WEFT_RESTART("skip") { result = -1; }
        WEFT_RESTART_WITH("use-value", long, value) { result = value; }
    }
    return result;
}

TEST(restarts_destroy_what_they_leave) {
    story.clear();
    WEFT_HANDLER_BIND(&bad, skip, nullptr) { CHECK_EQ(parse(), -1L); }
    const weft_handler_clause clauses[] = {{&bad, use, nullptr}};
    WEFT_HANDLERS_BIND(clauses) { CHECK_EQ(parse(), 5L); }
    CHECK_STR(story.c_str(), "tt");
}

WEFT_TASK(int, fails, (int, value)) {
    teller here('f');
    descend(value);
    return value;
}

TEST(transferred_error_destroys_the_whole_task) {
    weft_kernel *kernel = weft_make_kernel(1, nullptr);
    weft_channel *results = weft_make_channel(int);
    int value;
    story.clear();
    WEFT_TASK_HANDLER_BIND(&weft_type_error, weft_invoke_transfer_error, nullptr) { weft_submit(results, fails, 1); }
    CHECK_STATUS(weft_receive_result(results, &value, WEFT_FOREVER), WEFT_FAILED);
    CHECK_STR(story.c_str(), "AxaBybf");
    CHECK_OK(weft_free_channel(results));
    CHECK_OK(weft_free_kernel(kernel));
}

static void defer() {
    teller here('h');
    WEFT_DEFER(tell, &x);
    throw 1;
}

TEST(clean_up_runs_on_an_exception) {
    story.clear();
    try {
        defer();
    } catch (int) {
        story += 'c';
    }
    WEFT_IGNORE_ERRORS { weft_error(&bad, "nothing"); }
    CHECK_STR(story.c_str(), "xhc");
}

static volatile bool for_ever = true;
static int begun;

static void fail_while_cleaning(void *letter) {
    teller here('f');
    tell(letter);
    weft_error(&bad, "in a clean-up");
}

/* Interrupted in a block with a handler, where the C++ library allows nobody to come through. */
WEFT_TASK(int, loops_with_bad_clean_ups, (int, value)) {
    WEFT_UNWIND_PROTECT(tell, &y) WEFT_UNWIND_PROTECT(fail_while_cleaning, &x) {
        try {
            std::string text(100, 'x');
            __atomic_store_n(&begun, 1, __ATOMIC_RELEASE);
            while (for_ever) __asm__ volatile("");
            value += static_cast<int>(text.size());
        } catch (const std::exception &) {
            value++;
        }
    }
    return value;
}

TEST(an_error_in_a_clean_up_of_a_killed_task_does_not_pass_the_interrupted_frame) {
    if (weft_how_far_kills_reach() == WEFT_KILL_WAITING) {
        SKIP("tasks that compute are not killed here");
        return;
    }
    static const char victims[] = "victims";
    story.clear();
    weft_kernel *kernel = weft_make_kernel(1, nullptr);
    weft_channel *results = weft_make_channel(int);
    weft_set(weft_debug_tasks, false);
    begun = 0;
    WEFT_BIND(weft_task_category, victims) CHECK_OK(weft_submit(results, loops_with_bad_clean_ups, 1));
    CHECK_EVENTUALLY(__atomic_load_n(&begun, __ATOMIC_ACQUIRE) == 1);
    CHECK_EQ(weft_kill_tasks(kernel, victims, nullptr), 1);
    int value;
    CHECK_STATUS(weft_receive_result(results, &value, weft_after(15)), WEFT_KILLED);
    CHECK(story == "xfy" || story == "xy"); /* a destructor in the clean-up may be passed over */
    weft_set(weft_debug_tasks, true);
    CHECK_OK(weft_free_channel(results));
    CHECK_OK(weft_free_kernel(kernel));
}

WEFT_TASK(int, throws, (const char *, what)) { throw std::runtime_error(what); }

static void throw_out_of_a_task() {
    weft_kernel *kernel = weft_make_kernel(1, nullptr);
    weft_channel *results = weft_make_channel(int);
    int value;
    if (weft_submit(results, throws, "out of a task") != WEFT_OK) _exit(1);
    (void)weft_receive_result(results, &value, weft_after(30));
    (void)weft_free_channel(results);
    (void)weft_free_kernel(kernel);
    _exit(0);
}

static bool is_child() { return std::getenv("WEFT_TEST_CHILD") != nullptr; }

TEST(when_started_as_a_child_it_throws_out_of_a_task) {
    if (is_child()) throw_out_of_a_task();
}

/* As one that leaves main. */
TEST(exception_that_leaves_a_task_ends_the_process) {
    int ends[2], status = 0;
    if (is_child() || !CHECK_EQ(pipe(ends), 0)) return;
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        setenv("WEFT_TEST_CHILD", "1", 1);
        harness_start_anew("when_started_as_a_child");
    }
    close(ends[1]);
    std::string said;
    char some[512];
    for (ssize_t got; (got = read(ends[0], some, sizeof some)) > 0;) said.append(some, static_cast<std::size_t>(got));
    close(ends[0]);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(!WIFEXITED(status) || WEXITSTATUS(status) > 1); /* a sanitizer may exit in its own way */
    CHECK(said.find("out of a task") != std::string::npos);
}
