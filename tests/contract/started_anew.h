/* SPDX-License-Identifier: MIT */
/* started_anew.h - a misuse in a process of its own, and what that says before it is stopped.
 *
 * A forked child would have none of the harness's threads, and ThreadSanitizer lets it make none: it is started anew.
 * The file that includes this defines `misuses` before.
 */
#ifndef WEFT_TEST_STARTED_ANEW_H
#define WEFT_TEST_STARTED_ANEW_H

#include "contract/common.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void start(size_t which, int standard_error) {
    char number[16];
    snprintf(number, sizeof number, "%zu", which);
    dup2(standard_error, STDERR_FILENO);
    setenv("WEFT_TEST_MISUSE", number, 1);
    harness_start_anew("when_started_as_a_child");
}

TEST(when_started_as_a_child_it_does_what_it_is_told) {
    const char *number = getenv("WEFT_TEST_MISUSE");
    if (number == NULL) return;
    signal(SIGABRT, SIG_DFL);
    misuses[atoi(number)]();
    _exit(0);
}

/* Runs it, which is to say this on its stderr; returns the status of its process. */
static int said_by(size_t which, const char *wanted) {
    char said[4096] = "";
    int ends[2], status = 0;
    if (!CHECK_EQ(pipe(ends), 0)) return 0;
    pid_t child = fork();
    if (child == 0) start(which, ends[1]);
    close(ends[1]);
    size_t length = 0;
    for (ssize_t got; length < sizeof said - 1 && (got = read(ends[0], said + length, sizeof said - 1 - length)) > 0;)
        length += (size_t)got;
    close(ends[0]);
    CHECK_EQ(waitpid(child, &status, 0), child);
    if (!CHECK(strstr(said, wanted) != NULL)) FAIL("it said: %s", said);
    return status;
}

#endif
