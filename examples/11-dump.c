/* SPDX-License-Identifier: MIT */
/* 11-dump.c - a dump shows every task and what it waits for; here, one that waits on a channel with a name. */
#include "check.h"

#include <string.h>

WEFT_TASK(int, forgetful, (weft_channel *, started), (weft_channel *, answers)) {
    int word = 1;
    check(weft_send(started, &word, WEFT_FOREVER));
    check(weft_receive(answers, &word, WEFT_FOREVER));
    return word;
}

static bool contains(FILE *file, const char *words) {
    static char line[4096];
    bool found = false;
    rewind(file);
    while (fgets(line, sizeof line, file) != NULL) found = found || strstr(line, words) != NULL;
    return found;
}

int main(void) {
    weft_kernel *kernel = weft_make_kernel(1, NULL);
    check_made(kernel);
    weft_channel *results = weft_make_channel(int);
    check_made(results);
    weft_channel *started = weft_make_channel(int);
    check_made(started);
    weft_channel *answers = weft_make_channel_with(int, (&(weft_channel_options){.name = "answers"}));
    check_made(answers);
    int word;
    check(weft_submit(results, forgetful, started, answers));
    check(weft_receive(started, &word, WEFT_FOREVER));

    /* Also from a debugger or by a signal: see weft_dump_on_signal. */
    FILE *file = tmpfile();
    if (file == NULL) return 1;
    check(weft_dump(fileno(file)));
    printf("the dump names the task: %s\n", contains(file, "forgetful") ? "yes" : "no");
    fclose(file);

    check(weft_send(answers, &word, WEFT_FOREVER));
    check(weft_receive_result(results, &word, WEFT_FOREVER));
    printf("it has ended: %d\n", word);

    check(weft_free_channel(answers));
    check(weft_free_channel(started));
    check(weft_free_channel(results));
    check(weft_free_kernel(kernel));
    return 0;
}
