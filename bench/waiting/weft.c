/* SPDX-License-Identifier: MIT */
/* weft.c - 100,000 tasks (-n) on a kernel of one worker each wait for a message on one channel and then answer.
 *
 * A task makes them, a thousand at a time, and a marker after each thousand: when that has run, those before it wait.
 * It then sends a message for each and receives each answer. The first round takes fresh stacks, the others recycled
 * ones.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weft.h>

#include "../harness/bench.h"

enum { BATCH = 1000 };

typedef struct result {
    double create, release, resident, tables;
} result;

static weft_channel *messages, *answers, *marks;

/* Bytes of page tables, which are not part of the resident size. */
static double page_tables(void) {
    char line[200];
    double size = 0;
    FILE *file = fopen("/proc/self/status", "r");
    bench_require(file != NULL, "cannot read /proc/self/status");
    while (fgets(line, sizeof line, file))
        if (strncmp(line, "VmPTE:", 6) == 0) size = strtod(line + 6, NULL) * 1024;
    fclose(file);
    return size;
}

WEFT_TASK(void, wait_and_answer) {
    int message;
    bench_require(weft_receive(messages, &message, WEFT_FOREVER) == WEFT_OK, "wait");
    bench_require(weft_send(answers, &message, WEFT_FOREVER) == WEFT_OK, "answer");
}

WEFT_TASK(void, mark) {}

/* Tasks begin in the order of their submission: when the mark is done, all before it have begun, and wait. */
static void let_begin(void) {
    bench_require(weft_submit(marks, mark) == WEFT_OK && weft_receive_done(marks, WEFT_FOREVER) == WEFT_OK, "mark");
}

static void release(int count) {
    int64_t sum = 0;
    for (int i = 0; i < count; i++) bench_require(weft_send(messages, &i, WEFT_FOREVER) == WEFT_OK, "send");
    for (int i = 0; i < count; i++) {
        int answer;
        bench_require(weft_receive(answers, &answer, WEFT_FOREVER) == WEFT_OK, "receive");
        sum += answer;
    }
    bench_require(sum == (int64_t)count * (count - 1) / 2, "an answer is missing");
}

WEFT_TASK(result, make_and_release, (int, count)) {
    double resident = (double)bench_resident(), tables = page_tables();
    int64_t start = bench_clock();
    for (int i = 0; i < count; i++) {
        bench_require(weft_submit(NULL, wait_and_answer) == WEFT_OK, "submit");
        if (i % BATCH == BATCH - 1) let_begin();
    }
    let_begin();
    int64_t made = bench_clock();
    result r = {.create = (double)(made - start) / count, .resident = ((double)bench_resident() - resident) / count};
    r.tables = (page_tables() - tables) / count;
    int64_t begin = bench_clock();
    release(count);
    r.release = (double)(bench_clock() - begin) / count;
    return r;
}

static result once(weft_channel *results, int count) {
    result r;
    bench_require(weft_submit(results, make_and_release, count) == WEFT_OK, "submit");
    bench_require(weft_receive_result(results, &r, WEFT_FOREVER) == WEFT_OK, "receive");
    return r;
}

static weft_kernel *begin(weft_channel **results) {
    weft_kernel_options kernel_options = {.stack_size = 16384};
    weft_kernel *kernel = weft_make_kernel(1, &kernel_options);
    bench_require(kernel != NULL, "no kernel");
    weft_channel_options options = {.kernel = kernel};
    messages = weft_make_channel(int);
    answers = weft_make_channel(int);
    marks = weft_make_channel_sized(0, &options);
    *results = weft_make_channel_with(result, &options);
    bench_require(messages && answers && marks && *results, "no channel");
    return kernel;
}

static void end(weft_kernel *kernel, weft_channel *results) {
    bench_require(weft_free_channel(messages) == WEFT_OK && weft_free_channel(answers) == WEFT_OK &&
                      weft_free_channel(marks) == WEFT_OK && weft_free_channel(results) == WEFT_OK &&
                      weft_free_kernel(kernel) == WEFT_OK,
                  "end");
}

static void round_of_waiting(void *argument, double *values) {
    int count = *(const int *)argument;
    weft_channel *results;
    weft_kernel *kernel = begin(&results);
    result fresh = once(results, count), recycled = once(results, count);
    end(kernel, results);
    memcpy(values,
           (double[]){fresh.resident, fresh.tables, fresh.create, recycled.create, fresh.release, recycled.release},
           6 * sizeof *values);
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "weft", 300);
    int count = (int)bench_count(100000);
    bench_figure figures[] = {{"waiting.resident", "bytes/task"},   {"waiting.page-tables", "bytes/task"},
                              {"waiting.create.fresh", "ns/task"},  {"waiting.create.recycled", "ns/task"},
                              {"waiting.release.fresh", "ns/task"}, {"waiting.release.recycled", "ns/task"}};
    bench_measure(figures, 6, round_of_waiting, &count);
    return 0;
}
