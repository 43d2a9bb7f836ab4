/* SPDX-License-Identifier: MIT */
/* dump.c - rows O2, O3: dumps and counters of a program that runs. */
#include "contract/common.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A dump, as a text that the caller frees. */
static char *dump_text(void) {
    FILE *file = tmpfile();
    if (!CHECK_NOT_NULL(file)) return NULL;
    CHECK_OK(weft_dump(fileno(file)));
    long size = (fseek(file, 0, SEEK_END), ftell(file));
    char *text = calloc(1, (size_t)size + 1);
    rewind(file);
    CHECK_EQ(fread(text, 1, (size_t)size, file), (size_t)size);
    fclose(file);
    return text;
}

/* The line that begins a task of this name, cut out into `line`; false if there is none. */
static bool line_of(const char *text, const char *task, char *line, size_t size) {
    for (const char *at = text; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL) {
        size_t length = strcspn(at, "\n");
        if (length >= size) length = size - 1;
        memcpy(line, at, length);
        line[length] = '\0';
        char name[64];
        if (sscanf(line, " task %63s", name) == 1 && strcmp(name, task) == 0) return true;
    }
    return false;
}

static size_t lines_of(const char *text, const char *part) {
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, part)); at++) count++;
    return count;
}

WEFT_TASK(void, computing_task, (gate *, g)) { pass_gate(g); }

WEFT_TASK(void, receiving_task, (weft_channel *, channel)) {
    CHECK_OK(weft_receive_sized(channel, NULL, sizeof(int), patience()));
}

WEFT_TASK(void, sending_task, (weft_channel *, channel)) { CHECK_OK(weft_send(channel, &(int){2}, patience())); }

/* Until it is killed: a time that is not too short for the slowest machine would be too long for others. */
WEFT_TASK(void, sleeping_task, (int, none)) {
    (void)none;
    CHECK_OK(weft_sleep(WEFT_FOREVER));
}

WEFT_TASK(void, grouped_task, (weft_group *, group)) { CHECK_OK(weft_wait_group(group, patience())); }

WEFT_TASK(void, pending_task, (int, none)) { (void)none; }

static void expect_line(const char *text, const char *task, const char *part, const char *second) {
    char line[300] = "";
    if (!CHECK(line_of(text, task, line, sizeof line))) return;
    if (!CHECK(strstr(line, part) != NULL) || !CHECK(strstr(line, second) != NULL)) FAIL("the line is: %s", line);
}

/* How long the line says that it has been so. */
static double seconds_of(const char *text, const char *task) {
    char line[300] = "";
    double seconds = -1;
    if (!CHECK(line_of(text, task, line, sizeof line))) return -1;
    const char *at = strstr(line, "  for ");
    if (!CHECK(at != NULL && sscanf(at, "  for %lf s", &seconds) == 1)) FAIL("the line is: %s", line);
    return seconds;
}

static const char weaving[] = "weaving", asleep[] = "asleep";

static uint64_t sum_of(weft_kernel *kernel, size_t offset) {
    uint64_t sum = 0;
    weft_worker_counters c;
    for (unsigned i = 0; i < weft_kernel_worker_count(kernel); i++)
        if (CHECK_OK(weft_read_counters(kernel, i, &c))) sum += *(uint64_t *)(void *)((char *)&c + offset);
    return sum;
}

#define SUM(kernel, field) sum_of(kernel, offsetof(weft_worker_counters, field))

TEST(dump_tells_of_each_task_what_it_does_and_waits_for) {
    weft_kernel *kernel = weft_make_kernel(harness_workers(), &(weft_kernel_options){.name = "loom"});
    if (!CHECK_NOT_NULL(kernel)) return;
    weft_channel *thread_channel = weft_make_channel_with(int, &(weft_channel_options){.name = "threads"});
    weft_channel *full = weft_make_channel_sized(sizeof(int), &(weft_channel_options){.name = "cloth", .capacity = 1});
    weft_group *group = weft_make_group("herd");
    gate g = {0, false};
    CHECK_OK(weft_send(full, &(int){1}, WEFT_NOW));
    WEFT_BIND(weft_task_category, weaving) CHECK_OK(weft_submit(NULL, receiving_task, thread_channel));
    CHECK_OK(weft_submit(NULL, sending_task, full));
    weft_deadline before = weft_time();
    WEFT_BIND(weft_task_category, asleep) CHECK_OK(weft_submit(NULL, sleeping_task, 0));
    CHECK_OK(weft_submit_with(&(weft_submit_options){.group = group}, NULL, receiving_task, thread_channel));
    CHECK_OK(weft_submit(NULL, grouped_task, group));
    CHECK_EVENTUALLY(SUM(kernel, parks) == 5);
    for (unsigned i = 0; i < harness_workers(); i++) CHECK_OK(weft_submit(NULL, computing_task, &g));
    wait_for_entered(&g, (int)harness_workers());
    for (int i = 0; i < 3; i++) CHECK_OK(weft_submit(NULL, pending_task, 0));
    WEFT_BIND(weft_task_priority, WEFT_PRIORITY_LOW) CHECK_OK(weft_submit(NULL, pending_task, 0));
    char *text = dump_text();
    double half = (double)(weft_time() - before) / 2e9;
    CHECK(strstr(text, "kernel \"loom\"") != NULL);
    expect_line(text, "computing_task", "running", "category default");
    expect_line(text, "receiving_task", "waits: receive", "\"threads\"");
    expect_line(text, "sending_task", "waits: send", "\"cloth\"");
    expect_line(text, "sleeping_task", "waits: sleep", "  for ");
    CHECK_NEAR(seconds_of(text, "sleeping_task"), half, half + 0.001); /* from 0 to what has passed */
    expect_line(text, "grouped_task", "waits: group", " 0x");
    CHECK_EQ(lines_of(text, "task pending_task"), 4);
    CHECK_EQ(lines_of(text, "  worker "), harness_workers());
    CHECK_EQ(lines_of(text, "running  for"), harness_workers());
    free(text);
    open_gate(&g);
    for (int i = 0; i < 2; i++) CHECK_OK(weft_send(thread_channel, &i, WEFT_NOW));
    CHECK_OK(weft_receive(full, &(int){0}, WEFT_NOW));
    CHECK_EVENTUALLY(weft_kill_tasks(kernel, asleep, NULL) == 1);
    CHECK_OK(weft_end_kernel(kernel, true));
    CHECK_OK(weft_free_channel(thread_channel));
    CHECK_OK(weft_free_channel(full));
    CHECK_OK(weft_free_group(group));
    CHECK_OK(weft_free_kernel(kernel));
}

TEST(signal_writes_a_dump_to_stderr) {
    weft_kernel *kernel = weft_make_kernel(harness_workers(), &(weft_kernel_options){.name = "signalled"});
    if (!CHECK_NOT_NULL(kernel)) return;
    FILE *file = tmpfile();
    gate g = {0, false};
    CHECK_OK(weft_submit(NULL, computing_task, &g));
    wait_for_entered(&g, 1);
    CHECK_OK(weft_dump_on_signal(SIGUSR1));
    int before = dup(STDERR_FILENO);
    CHECK(dup2(fileno(file), STDERR_FILENO) >= 0);
    CHECK_EQ(raise(SIGUSR1), 0);
    CHECK(dup2(before, STDERR_FILENO) >= 0);
    close(before);
    signal(SIGUSR1, SIG_DFL);
    char text[4000] = "";
    rewind(file);
    CHECK_GT(fread(text, 1, sizeof text - 1, file), 0);
    CHECK(strstr(text, "kernel \"signalled\"") != NULL);
    CHECK(strstr(text, "task computing_task") != NULL);
    fclose(file);
    open_gate(&g);
    end_and_free(kernel);
}

/* ---- under load ---- */

WEFT_TASK(void, loading_task, (weft_channel *, channel), (atomic_bool *, stop)) {
    for (int i = 0; !atomic_load(stop); i++) {
        if (i % 16 == 0) weft_yield();
        if (weft_send(channel, &i, weft_after(0.01)) == WEFT_OK)
            (void)weft_receive(channel, &(int){0}, weft_after(0.01));
    }
}

TEST(dumps_from_several_threads_of_a_program_under_load_are_whole) {
    weft_kernel *kernel = kernel_here();
    weft_channel *channel =
        weft_make_channel_sized(sizeof(int), &(weft_channel_options){.name = "busy", .capacity = 3});
    atomic_bool stop = false;
    for (int i = 0; i < 30; i++) CHECK_OK(weft_submit(NULL, loading_task, channel, &stop));
    for (size_t round = 0; round < harness_rounds(100) + 3; round++) {
        char *text = dump_text();
        CHECK(strncmp(text, "weft dump\n", 10) == 0);
        CHECK_EQ(text[strlen(text) - 1], '\n');
        CHECK_EQ(lines_of(text, "  worker "), harness_workers());
        for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
            size_t length = strcspn(line, "\n");
            if (strncmp(line, "    task ", 9) == 0) CHECK(length > 40 && length < 200);
        }
        free(text);
    }
    atomic_store(&stop, true);
    CHECK_OK(weft_end_kernel(kernel, true));
    CHECK_OK(weft_free_channel(channel));
    CHECK_OK(weft_free_kernel(kernel));
}

/* ---- counters ---- */

TEST(counters_count_tasks_waits_and_what_is_pending) {
    weft_kernel *kernel = kernel_here();
    weft_channel *channel = weft_make_channel(int), *done = weft_make_done_channel();
    gate g = {0, false};
    for (int i = 0; i < 1000; i++) CHECK_OK(weft_submit(done, pending_task, 0));
    for (int i = 0; i < 1000; i++) CHECK_OK(weft_receive_done(done, patience()));
    CHECK_EVENTUALLY(SUM(kernel, tasks) == 1000);
    CHECK_EQ(SUM(kernel, parks), 0);
    for (int i = 0; i < 7; i++) CHECK_OK(weft_submit(done, receiving_task, channel));
    CHECK_EVENTUALLY(SUM(kernel, parks) == 7);
    CHECK_EQ(SUM(kernel, live), 7);
    CHECK_GE(SUM(kernel, stacks), 7);
    for (unsigned i = 0; i < harness_workers(); i++) CHECK_OK(weft_submit(NULL, computing_task, &g));
    wait_for_entered(&g, (int)harness_workers());
    weft_worker_counters c;
    for (unsigned i = 0; i < harness_workers(); i++) {
        CHECK_OK(weft_read_counters(kernel, i, &c));
        CHECK(c.busy);
        CHECK_GT(c.busy_nanoseconds, 0);
    }
    CHECK_EQ(SUM(kernel, live), 7 + harness_workers());
    open_gate(&g);
    for (int i = 0; i < 7; i++) CHECK_OK(weft_send(channel, &i, WEFT_NOW));
    for (int i = 0; i < 7; i++) CHECK_OK(weft_receive_done(done, patience()));
    CHECK_EVENTUALLY(SUM(kernel, tasks) == 1007 + harness_workers());
    CHECK_EVENTUALLY(SUM(kernel, live) == 0);
    CHECK_EQ(SUM(kernel, pending), 0);
    CHECK_OK(weft_free_channel(channel));
    CHECK_OK(weft_free_channel(done));
    end_and_free(kernel);
}
