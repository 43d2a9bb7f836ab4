/* SPDX-License-Identifier: MIT */
/* conditions_cleanup.c - __attribute__((cleanup)) in C that was compiled with -fexceptions: it runs where control is
 * transferred at a synchronous point (restarts, cases, transferred errors, kills in waits, at the end of a region and
 * by oneself), in one order with Weft's own clean-ups. Row C4.
 */
#include "contract/common.h"

static const char victims[] = "victims";

static weft_kernel *kernel;
static weft_channel *results, *never;
static char story[64];
static atomic_int begun;
static atomic_bool marked;

static void tell(char letter) {
    size_t length = strlen(story);
    if (length + 1 < sizeof story) story[length] = letter;
}

static void tell_of(const char *letter) { tell(*letter); }
static void tell_own(void *letter) { tell(*(const char *)letter); }

static void open_scene(void) {
    weft_set(weft_debug_tasks, false);
    memset(story, 0, sizeof story);
    atomic_store(&begun, 0);
    atomic_store(&marked, false);
    kernel = kernel_here();
    results = weft_make_channel(int);
    never = weft_make_channel(int);
}

static void close_scene(void) {
    CHECK_OK(weft_free_channel(results));
    CHECK_OK(weft_free_channel(never));
    end_and_free(kernel);
    weft_set(weft_debug_tasks, true);
}

/* ---- how a stack of blocks is left ---- */

static void fail(void) { weft_error(&weft_type_error, "something"); }

static void skip(void) { weft_invoke_restart("skip"); }

static void nap(void) {
    atomic_fetch_add(&begun, 1);
    weft_sleep(weft_after(1000));
}

static void receive(void) {
    int value;
    atomic_fetch_add(&begun, 1);
    weft_receive(never, &value, WEFT_FOREVER);
}

static void end_region(void) {
    WEFT_WITHOUT_KILL {
        atomic_fetch_add(&begun, 1);
        while (!atomic_load(&marked)) weft_sleep(weft_after(1e-4));
    }
}

static void kill_own(void) { weft_kill_tasks(NULL, victims, NULL); }

/* Each level has a clean-up of the compiler's, of Weft's, of the compiler's, and all of the next level inside. */
__attribute__((noinline)) static int descend(int depth, void (*leave)(void)) {
    char last __attribute__((cleanup(tell_of), unused)) = (char)('c' + 3 * depth), own = (char)('b' + 3 * depth);
    volatile int below = 0;
    WEFT_UNWIND_PROTECT(tell_own, &own) {
        char first __attribute__((cleanup(tell_of), unused)) = (char)('a' + 3 * depth);
        if (depth > 0)
            below = descend(depth - 1, leave);
        else
            leave();
    }
    return below + 1;
}

#define WHOLE_STORY "abcdefghi"

WEFT_TASK(int, descending, (int, how)) {
    static void (*const ways[])(void) = {fail, nap, receive, end_region, kill_own};
    return descend(2, ways[how]);
}

/* ---- in a thread and in a task ---- */

static int restarted(void) {
    volatile int result = 0;
    WEFT_RESTART_CASE {
        WEFT_TRY { result = descend(2, skip); }
        WEFT_RESTART("skip") { result = -1; }
    }
    return result;
}

static int handled(void) {
    volatile int result = 0;
    WEFT_HANDLER_CASE {
        WEFT_TRY { result = descend(2, fail); }
        WEFT_HANDLE(&weft_type_error, condition) { result = condition != NULL ? -2 : 0; }
    }
    return result;
}

WEFT_TASK(int, restarting) { return restarted(); }
WEFT_TASK(int, handling) { return handled(); }

static void receive_answer(int answer) {
    int value = 0;
    CHECK_OK(weft_receive_result(results, &value, patience()));
    CHECK_EQ(value, answer);
    CHECK_STR(story, WHOLE_STORY);
}

TEST(cleanups_of_the_compiler_run_in_order_on_a_restart_and_on_a_case) {
    open_scene();
    CHECK_EQ(restarted(), -1);
    CHECK_STR(story, WHOLE_STORY);
    memset(story, 0, sizeof story);
    CHECK_EQ(handled(), -2);
    CHECK_STR(story, WHOLE_STORY);
    memset(story, 0, sizeof story);
    CHECK_OK(weft_submit(results, restarting));
    receive_answer(-1);
    memset(story, 0, sizeof story);
    CHECK_OK(weft_submit(results, handling));
    receive_answer(-2);
    close_scene();
}

/* ---- at the end of a task ---- */

static void ends_with(int how, bool kills, weft_status wanted) {
    int value;
    open_scene();
    WEFT_BIND(weft_task_category, victims) CHECK_OK(weft_submit(results, descending, how));
    if (kills) {
        CHECK_EVENTUALLY(atomic_load(&begun) == 1);
        CHECK_EQ(weft_kill_tasks(NULL, victims, NULL), 1);
        atomic_store(&marked, true);
    }
    CHECK_STATUS(weft_receive_result(results, &value, patience()), wanted);
    CHECK_STR(story, WHOLE_STORY);
    close_scene();
}

TEST(cleanups_of_the_compiler_run_for_a_transferred_error) { ends_with(0, false, WEFT_FAILED); }

TEST(cleanups_of_the_compiler_run_for_a_kill_in_a_sleep) { ends_with(1, true, WEFT_KILLED); }

TEST(cleanups_of_the_compiler_run_for_a_kill_in_a_receive) { ends_with(2, true, WEFT_KILLED); }

TEST(cleanups_of_the_compiler_run_for_a_kill_at_the_end_of_a_region) { ends_with(3, true, WEFT_KILLED); }

TEST(cleanups_of_the_compiler_run_for_a_task_that_kills_itself) { ends_with(4, false, WEFT_KILLED); }
