/* SPDX-License-Identifier: MIT */
/* svg.c - the picture of the workers over time as SVG: a row for each worker, a box for each block. */
#include <stdlib.h>

#include "chart.h"

enum { LEFT = 90, RIGHT = 150, TOP = 60, WIDTH = 1000, ROW = 30, GAP = 6, TICKS = 10, HUES = 6 };

static const char *const fills[HUES] = {"#2b7a9b", "#4aa3a2", "#7fb069", "#e6aa4c", "#d1695a", "#8d6a9f"};

static double x_of(const press_samples *samples, int64_t time) {
    double length = (double)(samples->end - samples->start);
    return LEFT + (length > 0 ? WIDTH * (double)(time - samples->start) / length : 0);
}

static void print_text(const char *text, FILE *to) {
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '<': fputs("&lt;", to); break;
        case '>': fputs("&gt;", to); break;
        case '&': fputs("&amp;", to); break;
        default: fputc((unsigned char)*text < ' ' ? '?' : *text, to); break;
        }
    }
}

static void print_head(const press_samples *samples, const char *title, FILE *to) {
    int height = TOP + (int)samples->workers * (ROW + GAP) + 50;
    fprintf(to,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
            "font-family=\"sans-serif\" font-size=\"13\" fill=\"#333\">\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n<text x=\"%d\" y=\"24\" font-size=\"16\">",
            LEFT + WIDTH + RIGHT, height, LEFT);
    print_text(title, to);
    fprintf(to, "</text>\n<text x=\"%d\" y=\"44\" fill=\"#777\">each box: one worker compressing one block</text>\n",
            LEFT);
}

static void print_ticks(const press_samples *samples, FILE *to) {
    double milliseconds = (double)(samples->end - samples->start) / 1e6;
    int bottom = TOP + (int)samples->workers * (ROW + GAP);
    for (int i = 0; i <= TICKS; i++) {
        int x = LEFT + WIDTH * i / TICKS;
        fprintf(to, "<path d=\"M%d %dV%d\" stroke=\"#ddd\"/>", x, TOP, bottom + 6);
        fprintf(to, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%.0f ms</text>\n", x, bottom + 22,
                milliseconds * i / TICKS);
    }
}

static void print_box(const press_samples *samples, unsigned worker, size_t from, size_t to_index, FILE *to) {
    int64_t end = to_index < samples->count ? samples->times[to_index] : samples->end;
    double x = x_of(samples, samples->times[from]);
    int y = TOP + (int)worker * (ROW + GAP);
    unsigned hue = (samples_lane(samples, from, worker) - 1u) % HUES;
    fprintf(to, "<rect x=\"%.2f\" y=\"%d\" width=\"%.2f\" height=\"%d\" fill=\"%s\"/>\n", x, y, x_of(samples, end) - x,
            ROW, fills[hue]);
}

static void print_row(const press_samples *samples, unsigned worker, FILE *to) {
    int y = TOP + (int)worker * (ROW + GAP);
    fprintf(to, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">worker %u</text>\n", LEFT - 8, y + 20, worker);
    fprintf(to, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"#f2f2f2\"/>\n", LEFT, y, WIDTH, ROW);
    size_t from = 0;
    for (size_t i = 1; i <= samples->count; i++) {
        sample_lane lane = samples_lane(samples, from, worker);
        if (i < samples->count && samples_lane(samples, i, worker) == lane) continue;
        if (lane != 0) print_box(samples, worker, from, i, to);
        from = i;
    }
    const weft_worker_counters *counters = &samples->counters[worker];
    fprintf(to, "<text x=\"%d\" y=\"%d\">%llu blocks, %.0f ms</text>\n", LEFT + WIDTH + 8, y + 20,
            (unsigned long long)counters->tasks, (double)counters->busy_nanoseconds / 1e6);
}

void chart_svg(const press_samples *samples, const char *title, FILE *to) {
    print_head(samples, title, to);
    print_ticks(samples, to);
    if (samples->count > 0)
        for (unsigned worker = 0; worker < samples->workers; worker++) print_row(samples, worker, to);
    fputs("</svg>\n", to);
}
