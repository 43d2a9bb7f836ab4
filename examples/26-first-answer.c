/* SPDX-License-Identifier: MIT */
/* 26-first-answer.c - several servers are asked at once, the first answer counts: the scope cancels the other tasks,
 * and none of them outlives it. Then the same with a deadline that is too short for all of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <weft.h>

#include "check.h"

/* A server that takes its time; whoever is cancelled in a wait is told so, and gives up. */
WEFT_TASK(void, ask, (weft_channel *, answers), (int, server)) {
    double seconds = server == 3 ? 0.01 : 600;
    if (weft_sleep(weft_after(seconds)) == WEFT_CANCELLED) return;
    check(weft_send(answers, &server, WEFT_FOREVER));
}

static int first_answer(weft_channel *answers) {
    int first = 0;
    WEFT_SCOPE(asking) {
        for (int server = 1; server <= 5; server++) check(weft_scope_submit(asking, NULL, ask, answers, server));
        check(weft_receive(answers, &first, WEFT_FOREVER));
        check(weft_cancel_scope(asking));
    }
    return first;
}

static bool answered_in_time(weft_channel *answers) {
    weft_scope *asking = weft_begin_scope(NULL, weft_after(0.01));
    int first;
    check_made(asking);
    check(weft_scope_submit(asking, NULL, ask, answers, 4));
    weft_status status = weft_receive(answers, &first, WEFT_FOREVER); /* ends with the scope */
    return weft_join_scope(asking) == WEFT_OK && status == WEFT_OK;
}

int main(void) {
    weft_kernel *kernel = weft_make_kernel(2, NULL);
    weft_channel *answers = weft_make_channel(int);
    check_made(kernel);
    check_made(answers);
    printf("the first answer is of server %d\n", first_answer(answers));
    printf("an answer in time: %s\n", answered_in_time(answers) ? "yes" : "no");
    check(weft_free_channel(answers));
    check(weft_free_kernel(kernel));
    return 0;
}
