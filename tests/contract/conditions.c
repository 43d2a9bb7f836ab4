/* SPDX-License-Identifier: MIT */
/* conditions.c - signalling, handlers, restarts and cases, in a thread and in a task alike. Rows C1 to C4. */
#include <string.h>
#include <weft.h>

#include "harness/harness.h"

WEFT_CONDITION_TYPE(parse_error, weft_type_error);
WEFT_CONDITION_TYPE(number_error, parse_error);
WEFT_CONDITION_TYPE(notice, weft_type_condition);

/* Each body runs in a plain thread and in a task. */
static void in_both(void (*body)(void));

#define TEST_IN_BOTH(name)                                                                                             \
    static void name##_body(void);                                                                                     \
    TEST(name) { in_both(name##_body); }                                                                               \
    static void name##_body(void)

static char story[64];

static void tell(void *letter) {
    size_t length = strlen(story);
    if (length + 1 < sizeof story) story[length] = *(const char *)letter;
}

static void note(const weft_condition *condition, void *letter) {
    (void)condition;
    tell(letter);
}

static void forget(void) { memset(story, 0, sizeof story); }

static char a[] = "a", b[] = "b", c[] = "c", d[] = "d";

WEFT_TASK(int, run_body, (void *, body)) {
    void (*function)(void);
    memcpy(&function, &body, sizeof function);
    function();
    return 0;
}

static void in_both(void (*body)(void)) {
    void *pointer;
    memcpy(&pointer, &body, sizeof pointer);
    forget();
    body();
    weft_kernel *kernel = weft_make_kernel((unsigned)harness_workers(), NULL);
    weft_channel *results = weft_make_channel(int);
    int result;
    forget();
    CHECK_OK(weft_submit(results, run_body, pointer));
    CHECK_OK(weft_receive_result(results, &result, WEFT_FOREVER));
    CHECK_OK(weft_free_channel(results));
    CHECK_OK(weft_free_kernel(kernel));
}

/* ---- C1: signalling ---- */

TEST_IN_BOTH(signal_without_a_handler_returns) {
    weft_signal(&notice, "nothing");
    tell(a);
    CHECK_STR(story, "a");
}

TEST_IN_BOTH(handlers_run_innermost_first_and_decline_by_returning) {
    WEFT_HANDLER_BIND(&weft_type_condition, note, a) {
        WEFT_HANDLER_BIND(&weft_type_error, note, b) {
            WEFT_HANDLER_BIND(&parse_error, note, c) {
                weft_signal(&parse_error, "bad");
                weft_signal(&notice, "good");
            }
        }
    }
    weft_signal(&parse_error, "nobody hears");
    CHECK_STR(story, "cbaa");
}

static void look(const weft_condition *condition, void *found) {
    size_t size;
    const char *file, *function;
    int line;
    const int *payload = weft_condition_payload(condition, &size);
    CHECK(weft_condition_is(condition, &parse_error) && !weft_condition_is(condition, &notice));
    CHECK(weft_condition_type_of(condition) == &number_error);
    CHECK_STR(weft_condition_message(condition), "bad number 7 in x");
    CHECK(size == sizeof(int) && *payload == 42);
    CHECK(weft_condition_place(condition, &file, &function, &line));
    CHECK(strstr(file, "conditions.c") != NULL && line > 0);
    CHECK_STATUS(weft_condition_status(condition), WEFT_FAILED);
    *(const weft_condition **)found = weft_retain_condition(condition);
}

static const weft_condition *signal_number(void) {
    const weft_condition *found = NULL;
    int payload = 42;
    WEFT_HANDLER_BIND(&parse_error, look, &found) {
        weft_signal_with(&number_error, &payload, "bad number %d in %s", 7, "x");
    }
    return found;
}

TEST_IN_BOTH(condition_has_type_message_payload_and_place_also_when_it_is_kept) {
    const weft_condition *found = signal_number();
    CHECK_STR(weft_condition_message(found), "bad number 7 in x");
    CHECK(*(const int *)weft_condition_payload(found, NULL) == 42);
    CHECK(weft_retain_condition(found) == found);
    weft_release_condition(found);
    weft_release_condition(found);
}

static void signal_more(const weft_condition *condition, void *letter) {
    tell(letter);
    if (weft_condition_is(condition, &parse_error)) weft_signal(&notice, "from a handler");
    tell(letter);
}

TEST_IN_BOTH(while_a_handler_runs_only_the_handlers_outside_of_it_are_active) {
    WEFT_HANDLER_BIND(&weft_type_condition, note, a) {
        const weft_handler_clause clauses[] = {{&parse_error, signal_more, b}, {&weft_type_condition, note, c}};
        WEFT_HANDLERS_BIND(clauses) {
            WEFT_HANDLER_BIND(&weft_type_condition, note, d) { weft_signal(&parse_error, "bad"); }
        }
    }
    CHECK_STR(story, "dbabca"); /* the notice goes to the outermost alone */
}

static void cascade(const weft_condition *condition, void *letter) {
    tell(letter);
    (void)condition;
    if (*(const char *)letter != 'a') weft_signal(&parse_error, "again");
    tell(&(char){(char)(*(const char *)letter - 'a' + 'A')});
}

TEST_IN_BOTH(error_cascade_has_the_order_of_handler_bind) {
    WEFT_HANDLER_BIND(&parse_error, cascade, a) {
        WEFT_HANDLER_BIND(&parse_error, cascade, b) { weft_signal(&parse_error, "first"); }
    }
    CHECK_STR(story, "baABaA");
}

/* ---- C2: handler case ---- */

static void raise(void *unused) {
    (void)unused;
    WEFT_DEFER(tell, a);
    weft_error(&number_error, "bad %s", "thing");
}

TEST_IN_BOTH(handler_case_unwinds_and_runs_the_first_clause_that_matches) {
    WEFT_HANDLER_CASE {
        WEFT_TRY {
            raise(NULL);
            tell(d);
        }
        WEFT_HANDLE(&notice, condition) {
            (void)condition;
            tell(d);
        }
        WEFT_HANDLE(&parse_error, condition) {
            CHECK_STR(weft_condition_message(condition), "bad thing");
            tell(b);
        }
        WEFT_HANDLE(&weft_type_error, condition) {
            (void)condition;
            tell(d);
        }
    }
    tell(c);
    CHECK_STR(story, "abc");
}

TEST_IN_BOTH(handler_case_without_a_signal_runs_no_clause) {
    WEFT_HANDLER_CASE {
        WEFT_TRY { tell(a); }
        WEFT_HANDLE(&weft_type_condition, condition) {
            (void)condition;
            tell(b);
        }
    }
    CHECK_STR(story, "a");
}

static int leave_case(int way) {
    for (int i = 0; i < 1; i++) {
        WEFT_HANDLER_CASE {
            WEFT_TRY {
                if (way == 0) break;
                if (way == 1) continue;
                if (way == 2) return 1;
                if (way == 3) goto out;
                raise(NULL);
            }
            WEFT_HANDLE(&parse_error, condition) {
                if (way == 4) return weft_condition_message(condition) != NULL;
                if (way == 5) goto out;
            }
        }
    }
out:
    return 0;
}

TEST_IN_BOTH(case_is_left_cleanly_by_break_continue_return_and_goto) {
    for (int way = 0; way < 7; way++) leave_case(way);
    weft_signal(&parse_error, "nobody hears");
    CHECK_STR(story, "aaa");
}

static void inner_case(void) {
    WEFT_HANDLER_CASE {
        WEFT_TRY { raise(NULL); }
        WEFT_HANDLE(&parse_error, condition) {
            tell(b);
            weft_error_because(condition, &notice, "outer");
        }
    }
}

static void check_cause(const weft_condition *condition) {
    CHECK_STR(weft_condition_message(condition), "outer");
    CHECK_STR(weft_condition_message(weft_condition_cause(condition)), "bad thing");
}

TEST_IN_BOTH(error_in_a_clause_goes_to_the_outer_case_and_keeps_its_cause) {
    WEFT_HANDLER_CASE {
        WEFT_TRY { inner_case(); }
        WEFT_HANDLE(&notice, condition) { check_cause(condition); }
    }
    CHECK_STR(story, "ab");
}

TEST_IN_BOTH(call_handling_is_the_function_form) {
    const weft_condition *condition;
    CHECK(!weft_call_handling(raise, NULL, &weft_type_error, &condition));
    CHECK_STR(weft_condition_message(condition), "bad thing");
    weft_release_condition(condition);
    CHECK(weft_call_handling(tell, b, &weft_type_error, &condition));
    CHECK_NULL(condition);
    CHECK_STR(story, "ab");
}

TEST_IN_BOTH(ignore_errors_ends_the_block_and_nothing_else) {
    WEFT_IGNORE_ERRORS {
        raise(NULL);
        tell(d);
    }
    WEFT_IGNORE_ERRORS { tell(b); }
    CHECK_STR(story, "ab");
}

/* ---- C3: restarts ---- */

static int parse(const char *text) {
    volatile int result = 0;
    WEFT_RESTART_CASE {
        WEFT_TRY {
            if (text == NULL) weft_error(&parse_error, "no text");
            result = 1;
        }
        WEFT_RESTART_WITH("use-value", int, given) { result = given; }
        WEFT_RESTART_WITH("use-text", const char *, given) { result = (int)strlen(given); }
        WEFT_RESTART("skip") { result = -1; }
    }
    return result;
}

static void use_value(const weft_condition *condition, void *value) {
    (void)condition;
    weft_invoke_restart_with("use-value", (int *)value);
}

static void use_text(const weft_condition *condition, void *unused) {
    (void)condition, (void)unused;
    char text[] = "four";
    const char *pointer = text;
    weft_invoke_restart_with("use-text", &pointer);
}

static void skip(const weft_condition *condition, void *unused) {
    (void)condition, (void)unused;
    weft_invoke_restart("skip");
}

TEST_IN_BOTH(handler_chooses_a_restart_and_its_argument) {
    int value = 17;
    CHECK_EQ(parse("x"), 1);
    WEFT_HANDLER_BIND(&parse_error, use_value, &value) CHECK_EQ(parse(NULL), 17);
    WEFT_HANDLER_BIND(&parse_error, use_text, NULL) CHECK_EQ(parse(NULL), 4);
    WEFT_HANDLER_BIND(&parse_error, skip, NULL) CHECK_EQ(parse(NULL), -1);
}

static void count_restarts(const weft_condition *condition, void *unused) {
    const weft_restart *restarts[16];
    (void)condition, (void)unused;
    size_t count = weft_list_restarts(restarts, 16), expected = weft_task_name() != NULL ? 7 : 6;
    CHECK_EQ(count, expected);
    CHECK_STR(restarts[0]->name, "use-value");
    CHECK(restarts[0]->kind == WEFT_ARGUMENT_INTEGER && restarts[1]->kind == WEFT_ARGUMENT_TEXT);
    CHECK(weft_find_restart("use-value") == restarts[0]); /* the innermost */
    CHECK_NULL(weft_find_restart("none"));
    long wrong = 1;
    CHECK_STATUS(weft_invoke_restart("none"), WEFT_INVALID);
    CHECK_STATUS(weft_invoke_restart("use-value"), WEFT_WRONG_SIZE);
    CHECK_STATUS(weft_invoke_restart_with("use-value", &wrong), WEFT_WRONG_SIZE);
    CHECK_STATUS(weft_invoke_restart_with("use-value", (int *)NULL), WEFT_INVALID);
    CHECK_STATUS(weft_invoke_restart_with("none", &wrong), WEFT_INVALID);
    CHECK_STATUS(weft_invoke(restarts[0], NULL, sizeof(int)), WEFT_INVALID);
    CHECK_STATUS(weft_invoke(restarts[0], &wrong, 0), WEFT_WRONG_SIZE);
    CHECK_STATUS(weft_invoke(restarts[2], NULL, 1), WEFT_INVALID);
    CHECK_STATUS(weft_invoke(restarts[2], &wrong, 1), WEFT_WRONG_SIZE); /* skip takes none */
    CHECK_STATUS(weft_invoke(NULL, NULL, 0), WEFT_INVALID);
    if (count == 7) CHECK_STATUS(weft_invoke(restarts[6], NULL, sizeof condition), WEFT_INVALID); /* transfer-error */
    weft_invoke(restarts[5], NULL, 0);                                                            /* the outer skip */
}

static int parse_inside(void) {
    volatile int result = 0;
    WEFT_RESTART_CASE {
        WEFT_TRY { result = parse(NULL); }
        WEFT_RESTART_WITH("use-value", int, given) { result = given; }
        WEFT_RESTART_WITH("use-real", double, given) { result = (int)given; }
        WEFT_RESTART("skip") { result = -2; }
    }
    return result;
}

TEST_IN_BOTH(restarts_are_found_and_listed_innermost_first) {
    WEFT_HANDLER_BIND(&parse_error, count_restarts, NULL) CHECK_EQ(parse_inside(), -2);
    CHECK_NULL(weft_find_restart("skip"));
}

WEFT_VARIABLE(int, level, 0);

static void tell_level(void *unused) {
    (void)unused;
    tell(&(char){(char)('0' + weft_get(level))});
}

static int descend(int depth) {
    if (depth == 0) weft_error(&parse_error, "deep");
    WEFT_BIND(level, depth) {
        WEFT_UNWIND_PROTECT(tell_level, NULL) { return descend(depth - 1) + 1; }
    }
    return 0;
}

static int descend_with_restart(void) {
    volatile int result = 0;
    WEFT_RESTART_CASE {
        WEFT_TRY { result = descend(5); }
        WEFT_RESTART("skip") { result = -1; }
    }
    return result;
}

TEST_IN_BOTH(restart_unwinds_through_every_clean_up_with_the_bindings_of_its_place) {
    WEFT_HANDLER_BIND(&parse_error, skip, NULL) CHECK_EQ(descend_with_restart(), -1);
    CHECK_STR(story, "12345");
    CHECK_EQ(weft_get(level), 0);
}

/* ---- warnings ---- */

static void muffle(const weft_condition *condition, void *letter) {
    CHECK(weft_condition_is(condition, &weft_type_warning));
    tell(letter);
    weft_invoke_restart("muffle-warning");
}

TEST_IN_BOTH(warning_can_be_muffled) {
    WEFT_HANDLER_BIND(&weft_type_warning, muffle, a) { weft_warn(&weft_type_warning, "only %d left", 3); }
    CHECK_STR(story, "a");
}

/* ---- types ---- */

TEST(each_status_has_a_type_that_is_an_error) {
    for (int status = WEFT_TIMED_OUT; status <= WEFT_NOT_STARTED; status++) {
        const weft_condition_type *type = weft_type_of_status((weft_status)status);
        CHECK(weft_type_is(type, &weft_type_error));
        CHECK(type != &weft_type_status_error);
    }
    CHECK(!weft_type_is(&weft_type_warning, &weft_type_error));
    CHECK(weft_type_is(&weft_type_memory_fault, &weft_type_fault));
}
