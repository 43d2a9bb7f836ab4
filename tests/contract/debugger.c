/* SPDX-License-Identifier: MIT */
/* debugger.c - the debugger at a terminal, of which this test is the person, and the report where there is none. Row
 * C7.
 *
 * The program runs itself as a child, with a pseudo-terminal or a pipe as its standard streams.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <weft.h>

#include "harness/harness.h"

WEFT_CONDITION_TYPE(parse_error, weft_type_error);

WEFT_TASK(int, parse, (int, value)) {
    volatile int result = 0;
    WEFT_RESTART_CASE {
        WEFT_TRY { weft_error(&parse_error, "cannot read line %d", value); }
        WEFT_RESTART_WITH("use-value", int, given) { result = given; }
        WEFT_RESTART_WITH("use-text", const char *, given) { result = (int)strlen(given); }
        WEFT_RESTART("skip") { result = -1; }
    }
    return result;
}

/* A restart's argument must come to the task that failed, and to no other. */
WEFT_TASK(int, parse_and_compare, (int, value)) { return weft_call(parse, value) == 10 * value; }

static int child_of_many(int tasks) {
    weft_kernel *kernel = weft_make_kernel(3, NULL);
    weft_channel *results = weft_make_channel(int);
    int right = 0;
    for (int i = 0; i < tasks; i++) weft_submit(results, parse_and_compare, i + 1);
    for (int i = 0, value; i < tasks; i++)
        right += weft_receive_result(results, &value, WEFT_FOREVER) == WEFT_OK ? value : 0;
    weft_free_channel(results);
    weft_free_kernel(kernel);
    return right;
}

/* The person makes the kernel, and the operation goes on. */
static int child_without_kernel(void) {
    weft_kernel *kernel = weft_check_kernel();
    weft_channel *results = weft_make_channel(int);
    int value = 0, workers = (int)weft_kernel_worker_count(kernel);
    if (weft_submit(results, parse_and_compare, 1) != WEFT_OK) return 98;
    weft_receive_result(results, &value, WEFT_FOREVER);
    weft_free_channel(results);
    weft_free_kernel(kernel);
    return value == 1 ? workers : 97;
}

static int child(int tasks);

static int child_told(const char *what) {
    if (*what == 'k') return child_without_kernel();
    return *what == 'm' ? child_of_many(atoi(what + 1)) : child(atoi(what));
}

/* What the child does: the sum of the tasks' results is its status; 99: one of them failed. */
static int child(int tasks) {
    weft_kernel *kernel = weft_make_kernel(2, NULL);
    weft_channel *results = weft_make_channel(int);
    int sum = 0;
    for (int i = 0; i < tasks; i++) weft_submit(results, parse, 7);
    for (int i = 0, value; i < tasks; i++)
        sum += weft_receive_result(results, &value, WEFT_FOREVER) == WEFT_OK ? value : 99;
    weft_free_channel(results);
    weft_free_kernel(kernel);
    return sum;
}

static char seen[1 << 20];

/* Reads until the text has been seen after what was answered last, or the end; then answers. */
static bool expect(int terminal, const char *text, size_t *from) {
    size_t length = strlen(seen);
    for (;;) {
        const char *found = strstr(seen + *from, text);
        if (found != NULL) {
            *from = (size_t)(found - seen) + strlen(text);
            return true;
        }
        struct pollfd one = {terminal, POLLIN, 0};
        if (length + 1 >= sizeof seen || poll(&one, 1, 20000) <= 0) return false;
        ssize_t got = read(terminal, seen + length, sizeof seen - 1 - length);
        if (got <= 0) return false;
        length += (size_t)got;
        seen[length] = '\0';
    }
}

static void answer(int terminal, const char *line) {
    CHECK(write(terminal, line, strlen(line)) == (ssize_t)strlen(line));
}

/* A forked child would have none of the harness's threads: it is started anew, with what it is to do. */
static pid_t start(int in, int out, const char *what) {
    pid_t pid = fork();
    if (pid != 0) return pid;
    dup2(in, STDIN_FILENO);
    dup2(out, STDERR_FILENO);
    if (*what != '1') setenv("WEFT_NO_SOURCE_LINES", "1", 1); /* a process for each frame lasts, on a busy machine */
    setenv("WEFT_TEST_DEBUGGER", what, 1);
    harness_start_anew("when_started_as_a_child");
}

TEST(when_started_as_a_child_it_does_what_it_is_told) {
    const char *what = getenv("WEFT_TEST_DEBUGGER");
    if (what != NULL) _exit(child_told(what));
}

static int status_of(pid_t pid) {
    int status = 0;
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int open_terminal(int *slave) {
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) return -1;
    *slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    memset(seen, 0, sizeof seen);
    return master;
}

TEST(person_at_the_terminal_sees_condition_restarts_and_backtrace_and_chooses_with_an_argument) {
    int slave = -1, master = open_terminal(&slave);
    size_t from = 0;
    if (!CHECK(master >= 0)) return;
    pid_t pid = start(slave, slave, "1");
    CHECK(expect(master, "unhandled error in task parse", &from));
    CHECK(expect(master, "parse_error: cannot read line 7", &from));
    CHECK(expect(master, "parse", &from));
    CHECK(expect(master, "0  use-value", &from));
    CHECK(expect(master, "3  transfer-error", &from));
    CHECK(expect(master, "restart 0-3> ", &from));
    answer(master, "nonsense\n");
    CHECK(expect(master, "restart 0-3> ", &from));
    answer(master, "0\n");
    CHECK(expect(master, "use-value> ", &from));
    answer(master, "12x\n");
    CHECK(expect(master, "restart 0-3> ", &from));
    answer(master, "0\n");
    CHECK(expect(master, "use-value> ", &from));
    answer(master, "42\n");
    CHECK_EQ(status_of(pid), 42);
    close(slave);
    close(master);
}

TEST(several_errors_are_looked_at_one_at_a_time) {
    int slave = -1, master = open_terminal(&slave);
    size_t from = 0;
    if (!CHECK(master >= 0)) return;
    pid_t pid = start(slave, slave, "4");
    for (int i = 0; i < 4; i++) {
        CHECK(expect(master, "unhandled error", &from));
        CHECK(expect(master, "restart 0-3> ", &from));
        answer(master, "1\n");
        CHECK(expect(master, "use-text> ", &from));
        answer(master, "three\n");
    }
    CHECK_EQ(status_of(pid), 4 * 5);
    close(slave);
    close(master);
}

/* Others fail while the first one is looked at: sooner or later both other workers wait. */
static void look_until_two_wait(int terminal, size_t *from) {
    for (int64_t end = weft_after(20); harness_nap(end);) {
        size_t before = *from;
        answer(terminal, "later\n");
        if (!CHECK(expect(terminal, "restart 0-3> ", from))) return;
        if (strstr(seen + before, "(2 more wait)") != NULL) return;
    }
    FAIL("nobody is said to wait");
}

TEST(each_of_several_errors_gets_the_argument_typed_for_it_and_who_waits_is_counted) {
    enum { MANY = 6 };
    int slave = -1, master = open_terminal(&slave);
    size_t from = 0;
    if (!CHECK(master >= 0)) return;
    pid_t pid = start(slave, slave, "m6");
    for (int i = 0; i < MANY; i++) {
        char number[16];
        CHECK(expect(master, "parse_error: cannot read line ", &from));
        const char *line = seen + from;
        CHECK(expect(master, "restart 0-3> ", &from));
        snprintf(number, sizeof number, "%d\n", 10 * atoi(line));
        if (i == 0) look_until_two_wait(master, &from);
        answer(master, "0\n");
        CHECK(expect(master, "use-value> ", &from));
        answer(master, number);
    }
    CHECK_EQ(status_of(pid), MANY);
    close(slave);
    close(master);
}

TEST(person_at_the_terminal_makes_the_kernel_that_is_wanting) {
    int slave = -1, master = open_terminal(&slave);
    size_t from = 0;
    if (!CHECK(master >= 0)) return;
    pid_t pid = start(slave, slave, "k");
    CHECK(expect(master, "unhandled error in a thread", &from));
    CHECK(expect(master, "no_kernel", &from));
    CHECK(expect(master, "0  make-kernel", &from));
    CHECK(expect(master, "1  store-value", &from));
    CHECK(expect(master, "restart 0-1> ", &from));
    answer(master, "1\n"); /* a pointer cannot be typed */
    CHECK(expect(master, "its argument cannot be typed", &from));
    CHECK(expect(master, "restart 0-1> ", &from));
    answer(master, "0\n");
    CHECK(expect(master, "make-kernel> ", &from));
    answer(master, "-1\n");
    CHECK(expect(master, "restart 0-1> ", &from));
    answer(master, "0\n");
    CHECK(expect(master, "make-kernel> ", &from));
    answer(master, "2\n");
    CHECK(expect(master, "unhandled error in task parse", &from)); /* the operation has gone on */
    CHECK(expect(master, "restart 0-3> ", &from));
    answer(master, "0\n");
    CHECK(expect(master, "use-value> ", &from));
    answer(master, "10\n");
    CHECK_EQ(status_of(pid), 2);
    close(slave);
    close(master);
}

TEST(without_a_terminal_a_report_is_written_and_the_error_is_transferred) {
    int ends[2], nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    size_t from = 0;
    memset(seen, 0, sizeof seen);
    if (!CHECK(pipe2(ends, O_CLOEXEC) == 0)) return;
    pid_t pid = start(nothing, ends[1], "1");
    close(ends[1]);
    CHECK(expect(ends[0], "weft: unhandled error in task parse, category default", &from));
    CHECK(expect(ends[0], "parse_error: cannot read line 7", &from));
    CHECK(strstr(seen, "restarts:") == NULL);
    while (read(ends[0], seen, sizeof seen) > 0) {
    }
    CHECK_EQ(status_of(pid), 99);
    close(ends[0]);
    close(nothing);
}
