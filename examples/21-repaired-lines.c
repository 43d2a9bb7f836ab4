/* SPDX-License-Identifier: MIT */
/* 21-repaired-lines.c - a parser offers ways to go on at a bad line; which one is taken is chosen in main.
 *
 * The handler runs inside the task, where the line is still known, and nothing has been unwound.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weft.h>

#include "check.h"

WEFT_CONDITION_TYPE(bad_number, weft_type_error);

static long parse_line(const char *line) {
    volatile long number = 0;
    WEFT_RESTART_CASE {
        WEFT_TRY {
            char *end;
            number = strtol(line, &end, 10);
            if (end == line || *end != '\0') weft_error_with(&bad_number, &line, "'%s' is no number", line);
        }
        WEFT_RESTART_WITH("use-value", long, given) { number = given; }
        WEFT_RESTART("skip-line") { number = 0; }
    }
    return number;
}

WEFT_TASK(long, sum_lines, (const char *const *, lines), (int, count)) {
    long sum = 0;
    for (int i = 0; i < count; i++) sum += parse_line(lines[i]);
    return sum;
}

/* The policy: a word for a number is understood, anything else is skipped. */
static void repair(const weft_condition *condition, void *argument) {
    long *repaired = argument, seven = 7;
    const char *const *line = weft_condition_payload(condition, NULL);
    ++*repaired;
    if (strcmp(*line, "seven") == 0) weft_invoke_restart_with("use-value", &seven);
    weft_invoke_restart("skip-line");
}

int main(void) {
    static const char *const lines[] = {"10", "20", "seven", "5", "many", "-2"};
    weft_kernel *kernel = weft_make_kernel(1, NULL);
    weft_channel *results = weft_make_channel(long);
    check_made(kernel);
    check_made(results);
    long sum, repaired = 0;
    WEFT_TASK_HANDLER_BIND(&bad_number, repair, &repaired) { check(weft_submit(results, sum_lines, lines, 6)); }
    check(weft_receive_result(results, &sum, WEFT_FOREVER));
    printf("the sum is %ld, %ld lines were repaired\n", sum, repaired);
    check(weft_free_channel(results));
    check(weft_free_kernel(kernel));
    return 0;
}
