/* SPDX-License-Identifier: MIT */
/* progress.c - the line on the terminal that says how far it is. */
#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <weft.h>

enum { BAR_WIDTH = 30, NAME_WIDTH = 24 };

static double seconds_since(int64_t start) { return (double)(weft_time() - start) / 1e9; }

void progress_start(press_progress *progress, const char *name, long long length, bool quiet) {
    const char *slash = strrchr(name, '/');
    progress->name = slash != NULL ? slash + 1 : name;
    progress->length = length;
    progress->start = weft_time();
    progress->shown = !quiet && isatty(STDERR_FILENO);
}

static void print_time_left(double seconds) {
    if (seconds > 359999) seconds = 359999;
    unsigned left = (unsigned)(seconds + 0.999);
    if (left >= 3600)
        fprintf(stderr, "  %u:%02u:%02u left", left / 3600, left / 60 % 60, left % 60);
    else
        fprintf(stderr, "  %u:%02u left", left / 60, left % 60);
}

static void print_bar(double part) {
    char bar[BAR_WIDTH + 1];
    int full = (int)(part * BAR_WIDTH);
    for (int i = 0; i < BAR_WIDTH; i++) bar[i] = i < full ? '#' : '.';
    bar[BAR_WIDTH] = '\0';
    fprintf(stderr, "  %3d %%  [%s]", (int)(part * 100), bar);
}

void progress_show(const press_progress *progress, uint64_t done) {
    if (!progress->shown) return;
    double seconds = seconds_since(progress->start);
    double rate = seconds > 0 ? (double)done / seconds : 0;
    double length = (double)progress->length;
    double part = length > 0 ? (double)done / length : 0;
    flockfile(stderr);
    fprintf(stderr, "\r\033[K%.*s", NAME_WIDTH, progress->name);
    if (length > 0) print_bar(part < 1 ? part : 1);
    fprintf(stderr, "  %.1f MB  %.1f MB/s", (double)done / 1e6, rate / 1e6);
    if (length > 0 && rate > 0 && (double)done < length) print_time_left((length - (double)done) / rate);
    fflush(stderr);
    funlockfile(stderr);
}

void progress_summary(const press_progress *progress, uint64_t done, uint64_t written) {
    if (!progress->shown) return;
    double seconds = seconds_since(progress->start);
    double rate = seconds > 0 ? (double)done / seconds / 1e6 : 0;
    double part = done > 0 ? 100.0 * (double)written / (double)done : 100.0;
    progress_wipe(progress);
    fprintf(stderr, "%s: %.2f MB to %.2f MB (%.1f %%) in %.2f s, %.1f MB/s\n", progress->name, (double)done / 1e6,
            (double)written / 1e6, part, seconds, rate);
}

void progress_wipe(const press_progress *progress) {
    if (!progress->shown) return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
}
