/* SPDX-License-Identifier: MIT */
/* chart.c - the picture of the workers over time for the terminal. */
#include "chart.h"

#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 64, STEPS = 8 };

static const char *const blocks[STEPS + 1] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
static const char *const letters[STEPS + 1] = {" ", ".", ":", "-", "=", "+", "*", "#", "@"};

static bool terminal_knows_utf8(void) {
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (value == NULL || *value == '\0') continue;
        return strcasestr(value, "utf-8") != NULL || strcasestr(value, "utf8") != NULL;
    }
    return false;
}

typedef struct chart_column {
    unsigned looks;
    unsigned busy;
} chart_column;

static void count_columns(const press_samples *samples, unsigned worker, chart_column columns[COLUMNS]) {
    int64_t length = samples->end - samples->start;
    for (size_t i = 0; i < samples->count; i++) {
        int64_t at = (samples->times[i] - samples->start) * COLUMNS / (length > 0 ? length : 1);
        chart_column *column = &columns[at < COLUMNS ? at : COLUMNS - 1];
        column->looks++;
        column->busy += samples_lane(samples, i, worker) != 0;
    }
}

static void print_row(const press_samples *samples, unsigned worker, const char *const *marks, FILE *to) {
    chart_column columns[COLUMNS] = {{0, 0}};
    count_columns(samples, worker, columns);
    fprintf(to, "%4u |", worker);
    unsigned step = 0; /* a column that nobody looked at looks like the one before */
    for (int i = 0; i < COLUMNS; i++) {
        if (columns[i].looks > 0) step = (columns[i].busy * STEPS + columns[i].looks / 2) / columns[i].looks;
        fputs(marks[step], to);
    }
    const weft_worker_counters *counters = &samples->counters[worker];
    double busy = (double)counters->busy_nanoseconds / (double)(samples->end - samples->start + 1);
    fprintf(to, "| %3.0f %%  %llu blocks\n", busy < 1 ? 100 * busy : 100.0, (unsigned long long)counters->tasks);
}

void chart_print(const press_samples *samples, FILE *to) {
    const char *const *marks = terminal_knows_utf8() ? blocks : letters;
    double seconds = (double)(samples->end - samples->start) / 1e9;
    fprintf(to, "workers over %.2f s (a column is %.0f ms; full: compressing, empty: idle)\n", seconds,
            1000 * seconds / COLUMNS);
    for (unsigned worker = 0; worker < samples->workers; worker++) print_row(samples, worker, marks, to);
}
