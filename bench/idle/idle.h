/* SPDX-License-Identifier: MIT */
/* idle.h - what the threads of this process, except the caller, use of the CPU while nothing is to be done. */
#ifndef BENCH_IDLE_H
#define BENCH_IDLE_H

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../harness/bench.h"

typedef struct idle_use {
    double cpu;     /* nanoseconds */
    double wakeups; /* voluntary context switches: times a thread woke and went to sleep again */
} idle_use;

static long idle_switches(const char *thread) {
    char path[300], line[200];
    long switches = -1;
    snprintf(path, sizeof path, "/proc/self/task/%s/status", thread);
    FILE *file = fopen(path, "r");
    bench_require(file != NULL, "cannot read the status of a thread");
    while (switches < 0 && fgets(line, sizeof line, file))
        if (strncmp(line, "voluntary_ctxt_switches:", 24) == 0) switches = strtol(line + 24, NULL, 10);
    fclose(file);
    return switches;
}

static double idle_cpu(const char *thread) {
    char path[300];
    double run = 0;
    snprintf(path, sizeof path, "/proc/self/task/%s/schedstat", thread);
    FILE *file = fopen(path, "r");
    bench_require(file && fscanf(file, "%lf", &run) == 1, "cannot read the schedstat of a thread");
    fclose(file);
    return run;
}

static idle_use idle_read(void) {
    idle_use use = {0, 0};
    DIR *threads = opendir("/proc/self/task");
    bench_require(threads != NULL, "cannot list the threads");
    for (struct dirent *entry; (entry = readdir(threads)) != NULL;) {
        if (!isdigit((unsigned char)entry->d_name[0]) || strtol(entry->d_name, NULL, 10) == getpid()) continue;
        use.cpu += idle_cpu(entry->d_name);
        use.wakeups += (double)idle_switches(entry->d_name);
    }
    closedir(threads);
    return use;
}

/* Lets the others settle for a second, then watches them for `seconds`; prints the figures of the party. */
static void idle_watch(const char *party, long seconds) {
    bench_pause(1000000000);
    idle_use before = idle_read();
    bench_pause((int64_t)seconds * 1000000000);
    idle_use after = idle_read();
    double share = (after.cpu - before.cpu) / ((double)seconds * 1e9) * 100, wakeups = after.wakeups - before.wakeups;
    if (bench_wanted("idle.cpu")) bench_print("idle.cpu", party, "% of a core", &share, 1);
    if (bench_wanted("idle.wakeups")) bench_print("idle.wakeups", party, "in all", &wakeups, 1);
}

#endif
