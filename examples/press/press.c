/* SPDX-License-Identifier: MIT */
/* press.c - compresses one input into one output: sets up the run, starts its stages, and takes it down again. */
#include "press.h"

#include <string.h>

#include "compress.h"
#include "progress.h"
#include "reader.h"
#include "report.h"
#include "watcher.h"
#include "writer.h"

static const press_backend *choose_backend(const press_args *args) {
#if PRESS_WITH_LIBDEFLATE
    if (args->libdeflate) return &backend_libdeflate;
#endif
    (void)args;
    return &backend_zlib;
}

static bool make_kernel(press_run *run, compress_settings *settings) {
    /* No spinning: a block takes milliseconds, so searching saves nothing and takes time from those that compress. */
    const weft_kernel_options options = {
        .name = "weft-press", .context = compress_with, .context_argument = settings, .spin_count = WEFT_NO_SPIN};
    run->kernel = weft_make_kernel(run->args->workers, &options);
    if (run->kernel != NULL) return true;
    weft_status status = weft_last_status();
    if (status == WEFT_NOT_STARTED) status = WEFT_NO_MEMORY; /* a worker got no compressor */
    return report("cannot start the workers: %s", weft_status_message(status));
}

/* Enough blocks that the others can go on for a while when the system takes the processor from the worker whose block
 * the writer waits for. */
static size_t block_count(const press_run *run) { return 8 * (size_t)weft_kernel_worker_count(run->kernel) + 2; }

static bool make_channels(press_run *run) {
    size_t count = block_count(run), length = run->args->block_length;
    run->group = weft_make_group("blocks");
    run->order = weft_make_channel_with(press_block *, (&(weft_channel_options){.name = "order", .capacity = count}));
    run->over = weft_make_done_channel();
    if (run->group != NULL && run->order != NULL && run->over != NULL &&
        block_set_make(&run->set, count, length, run->backend->bound(length), run->kernel))
        return true;
    return report("cannot start: no memory");
}

/* In the order of the making, backwards. Only where the run has failed can a task still be at its block. */
static void take_down(press_run *run) {
    weft_wait_group(run->group, WEFT_FOREVER);
    block_set_free(&run->set);
    weft_free_channel(run->over);
    weft_free_channel(run->order);
    weft_free_group(run->group);
    weft_free_kernel(run->kernel);
    pthread_mutex_destroy(&run->lock);
}

static int start_thread(pthread_t *thread, void *(*function)(void *), void *argument) {
    int error = pthread_create(thread, NULL, function, argument);
    if (error != 0) report("cannot start a thread: %s", strerror(error));
    return error;
}

/* The stages: the reader has a thread of its own, the tasks have the workers, and this thread is the writer. */
static int work(press_run *run, press_watcher *watcher) {
    if (start_thread(&run->watcher, watcher_thread, watcher) != 0) return 1;
    int error = start_thread(&run->reader, reader_thread, run);
    if (error == 0) {
        writer_run(run);
        pthread_join(run->reader, NULL);
    }
    weft_close(run->over);
    pthread_join(run->watcher, NULL);
    return error != 0 ? 1 : run->failure;
}

int press(const press_args *args, press_input *input, press_output *output, press_samples *samples,
          press_totals *totals) {
    press_run run = {.args = args, .input = input, .output = output, .backend = choose_backend(args)};
    compress_settings settings = {run.backend, args->level};
    press_progress progress;
    press_watcher watcher = {&run, &progress, samples};
    int status = 1;
    pthread_mutex_init(&run.lock, NULL);
    progress_start(&progress, input->name, input_length(input), args->quiet);
    if (make_kernel(&run, &settings) && make_channels(&run)) {
        totals->workers = weft_kernel_worker_count(run.kernel);
        if (samples == NULL || samples_make(samples, totals->workers))
            status = work(&run, &watcher);
        else
            report("cannot start: no memory");
        if (samples != NULL && status == 0) samples_finish(samples, run.kernel);
    }
    totals->read = run.bytes_done;
    totals->written = run.bytes_written;
    if (status == 0) progress_summary(&progress, totals->read, totals->written);
    take_down(&run);
    return status;
}
