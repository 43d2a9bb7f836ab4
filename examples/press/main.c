/* SPDX-License-Identifier: MIT */
/* main.c - weft-press, a parallel gzip: from the command line to the file that has its name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chart.h"
#include "press.h"
#include "report.h"
#include "signals.h"

static bool open_output(press_output *output, const press_args *args, const press_input *input) {
    if (args->to_stdout) return output_open_stream(output, args->force);
    char beside[PATH_MAX];
    const char *path = args->output;
    if (path == NULL) {
        int length = snprintf(beside, sizeof beside, "%s.gz", input->path);
        if (length < 0 || (size_t)length >= sizeof beside) return report("%s: the name is too long", input->path);
        path = beside;
    }
    if (input->path != NULL && S_ISREG(input->status.st_mode) && output_is(path, &input->status))
        return report("%s: is the input", path);
    if (!output_open_file(output, path, args->force)) return false;
    output->name = args->output != NULL ? args->output : output->path;
    return true;
}

/* The picture is made in memory first, so that it arrives whole or not at all. */
static bool write_picture(press_output *picture, const press_args *args, const press_samples *samples,
                          const press_totals *totals) {
    char title[512];
    snprintf(title, sizeof title, "weft-press -%d -p %u: %.1f MB to %.1f MB in %.2f s", args->level, totals->workers,
             (double)totals->read / 1e6, (double)totals->written / 1e6, (double)(samples->end - samples->start) / 1e9);
    char *text = NULL;
    size_t length = 0, written = 0;
    FILE *memory = open_memstream(&text, &length);
    if (memory == NULL) return report("cannot draw: no memory");
    chart_svg(samples, title, memory);
    bool good = fclose(memory) == 0 || report("cannot draw: no memory");
    int error = good ? output_write(picture, text, length, &written) : 0;
    free(text);
    if (error != 0) return report("%s: cannot be written: %s", picture->name, strerror(error));
    return good && output_commit(picture, NULL);
}

static bool finish(const press_args *args, press_input *input, press_output *output) {
    if (!args->keep && !input_unchanged(input)) return false;
    if (!output_commit(output, input->path != NULL ? &input->status : NULL)) return false;
    return args->keep || input_remove(input);
}

static int compress_and_draw(const press_args *args, press_input *input, press_output *output, press_output *picture) {
    press_samples samples = {0};
    press_totals totals = {0};
    bool drawn = args->chart || args->trace != NULL;
    int status = press(args, input, output, drawn ? &samples : NULL, &totals);
    if (status == 0 && !finish(args, input, output)) status = 1;
    if (status == 0 && args->chart) chart_print(&samples, stderr);
    if (status == 0 && args->trace != NULL && !write_picture(picture, args, &samples, &totals)) status = 1;
    samples_free(&samples);
    return status;
}

static int run_all(const press_args *args) {
    press_input input;
    press_output output = {.descriptor = -1}, picture = {.descriptor = -1};
    if (!input_open(&input, args)) return 1;
    int status = 1;
    bool good = open_output(&output, args, &input);
    /* before the work, so that a bad name is not found out after it */
    if (good && args->trace != NULL) good = output_open_file(&picture, args->trace, true);
    if (good) status = compress_and_draw(args, &input, &output, &picture);
    output_discard(&picture);
    output_discard(&output);
    input_close(&input);
    return status;
}

int main(int argc, char **argv) {
    press_args args;
    press_wish wish = args_parse(&args, argc, argv);
    if (wish != PRESS_GO_ON) return wish == PRESS_STOP_WELL ? 0 : 1;
    signals_install();
    int status = run_all(&args);
    int signal_number = signals_caught();
    return status == 1 && signal_number != 0 ? 128 + signal_number : status; /* a call that it ended, such as open */
}
