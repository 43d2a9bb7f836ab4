/* SPDX-License-Identifier: MIT */
/* conditions_cpp.cpp - conditions in C++: destructors run in order with clean-ups, and the macros compile. Rows C2 to
 * C4. */
#include <string>
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
