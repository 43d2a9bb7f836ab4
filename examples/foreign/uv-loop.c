/* SPDX-License-Identifier: MIT */
/* uv-loop.c - channels in libuv's loop. */
#include <uv.h>

#include "job.h"

static uv_poll_t results_watch, calls_watch;

static void stop_when_done(const job *j) {
    if (!is_done(j)) return;
    uv_close((uv_handle_t *)&results_watch, NULL); /* with nothing to watch, uv_run returns */
    uv_close((uv_handle_t *)&calls_watch, NULL);
}

static void results_ready(uv_poll_t *watch, int status, int events) {
    (void)status, (void)events;
    on_results(watch->data);
    stop_when_done(watch->data);
}

static void calls_ready(uv_poll_t *watch, int status, int events) {
    (void)status, (void)events;
    on_calls(watch->data);
    stop_when_done(watch->data);
}

static void watch(uv_loop_t *loop, uv_poll_t *handle, int descriptor, uv_poll_cb ready, job *j) {
    handle->data = j;
    if (uv_poll_init(loop, handle, descriptor) != 0 || uv_poll_start(handle, UV_READABLE, ready) != 0) exit(1);
}

int main(void) {
    job j;
    uv_loop_t loop;
    begin_job(&j);
    if (uv_loop_init(&loop) != 0) return 1;
    watch(&loop, &results_watch, results_descriptor(&j), results_ready, &j);
    watch(&loop, &calls_watch, calls_descriptor(&j), calls_ready, &j);
    uv_run(&loop, UV_RUN_DEFAULT);
    if (uv_loop_close(&loop) != 0) return 1;
    end_job(&j, "libuv");
    return 0;
}
