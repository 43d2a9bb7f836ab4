/* SPDX-License-Identifier: MIT */
/* glib-loop.c - channels in GLib's main loop, as every GTK program has one. */
#include <glib-unix.h>
#include <glib.h>

#include "job.h"

static GMainLoop *loop;

static gboolean results_ready(gint descriptor, GIOCondition condition, gpointer j) {
    (void)descriptor, (void)condition;
    on_results(j);
    if (is_done(j)) g_main_loop_quit(loop);
    return G_SOURCE_CONTINUE;
}

static gboolean calls_ready(gint descriptor, GIOCondition condition, gpointer j) {
    (void)descriptor, (void)condition;
    on_calls(j);
    if (is_done(j)) g_main_loop_quit(loop);
    return G_SOURCE_CONTINUE;
}

int main(void) {
    job j;
    begin_job(&j);
    loop = g_main_loop_new(NULL, FALSE);
    guint results = g_unix_fd_add(results_descriptor(&j), G_IO_IN, results_ready, &j);
    guint calls = g_unix_fd_add(calls_descriptor(&j), G_IO_IN, calls_ready, &j);
    g_main_loop_run(loop);
    g_source_remove(results);
    g_source_remove(calls);
    g_main_loop_unref(loop);
    end_job(&j, "GLib");
    return 0;
}
