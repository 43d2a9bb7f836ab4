/* SPDX-License-Identifier: MIT */
/* misuse_thread.c - who leaves a call that it has not entered is stopped with a line that names the function. */
#include "contract/common.h"

static void leave_before_anything(void) {
    weft_thread_call call = {NULL};
    weft_leave_thread(&call);
}

static void leave_twice(void) {
    weft_thread_call call;
    if (weft_enter_thread(&call) != WEFT_OK) return;
    weft_leave_thread(&call);
    weft_leave_thread(&call);
}

static void leave_after_the_last(void) {
    weft_thread_call call;
    if (weft_enter_thread(&call) != WEFT_OK || !weft_last_callback_on_thread()) return;
    weft_leave_thread(&call);
    weft_leave_thread(&call);
}

static void leave_null(void) {
    weft_thread_call call;
    if (weft_enter_thread(&call) == WEFT_OK) weft_leave_thread(NULL);
}

static void (*const misuses[])(void) = {leave_before_anything, leave_twice, leave_after_the_last, leave_null};

#include "contract/started_anew.h"

static void is_stopped(size_t which) {
    int status = said_by(which, "'weft_leave_thread' must leave what it has entered");
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

TEST(a_thread_that_leaves_before_it_has_used_weft_is_stopped) { is_stopped(0); }
TEST(a_thread_that_leaves_twice_is_stopped) { is_stopped(1); }
TEST(a_thread_that_leaves_again_after_its_last_call_is_stopped) { is_stopped(2); }
TEST(a_thread_that_leaves_null_is_stopped) { is_stopped(3); }
