/* SPDX-License-Identifier: MIT */
/* 23-plug-ins.c - a host runs plug-ins as tasks, kills the one that does not come back, and goes on. */
#include <stdio.h>

#include <weft.h>

#include "check.h"

static const char plug_ins[] = "plug-ins"; /* a category is told by its address */

static void put_back(void *tool) { printf("  the clean-up put the %s back\n", (const char *)tool); }

static volatile bool for_ever = true;

/* What a plug-in does is not for the host to know. This one has a defect where the text is empty. */
static int length_of_first_word(const char *text) {
    int length = 0;
    while (*text == '\0' && for_ever) /* where kills reach only who waits, it must wait to be killed */
        if (weft_how_far_kills_reach() == WEFT_KILL_WAITING) weft_sleep(weft_after(0.001));
    while (text[length] != '\0' && text[length] != ' ') length++;
    return length;
}

WEFT_TASK(int, plug_in, (const char *, text)) {
    int length = 0;
    WEFT_UNWIND_PROTECT(put_back, "ruler") length = length_of_first_word(text);
    return length;
}

/* true: `length` is there. Else the plug-in was killed. */
static bool ask(weft_channel *answers, const char *text, int *length) {
    WEFT_BIND(weft_task_category, plug_ins) check(weft_submit(answers, plug_in, text));
    weft_status status = weft_receive_result(answers, length, weft_after(0.2));
    while (status == WEFT_TIMED_OUT) { /* again: one that has not begun is not killed */
        weft_kill_tasks(NULL, plug_ins, NULL);
        status = weft_receive_result(answers, length, weft_after(0.2));
    }
    return status == WEFT_OK;
}

int main(void) {
    static const char *const texts[] = {"a plug-in host", "", "goes on"};
    weft_kernel *kernel = weft_make_kernel(2, NULL);
    check_made(kernel);
    weft_channel *answers = weft_make_channel(int);
    check_made(answers);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int length = 0;
        printf("\"%s\":\n", texts[i]);
        if (ask(answers, texts[i], &length))
            printf("  the first word has %d letters\n", length);
        else
            printf("  the plug-in was killed\n");
    }
    check(weft_free_channel(answers));
    check(weft_free_kernel(kernel));
    return 0;
}
