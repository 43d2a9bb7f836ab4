/* SPDX-License-Identifier: MIT */
/* run.c - one compression: how it fails. */
#include "run.h"

#include <stdarg.h>
#include <stdio.h>

#include "report.h"
#include "signals.h"

void run_fail(press_run *run, int exit_status, const char *format, ...) {
    pthread_mutex_lock(&run->lock);
    bool first = run->failure == 0;
    if (first) run->failure = exit_status;
    pthread_mutex_unlock(&run->lock);
    if (!first) return;
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    report("%s", text);
    weft_cancel_group(run->group);
}

bool run_failed(const press_run *run) { return weft_group_cancelled(run->group); }

void run_enter_thread(press_run *run) {
    pthread_mutex_lock(&run->lock);
    run->waiting[run->waiting_count++] = pthread_self();
    pthread_mutex_unlock(&run->lock);
}

void run_leave_thread(press_run *run) {
    pthread_mutex_lock(&run->lock);
    for (unsigned i = 0; i < run->waiting_count; i++) {
        if (!pthread_equal(run->waiting[i], pthread_self())) continue;
        run->waiting[i] = run->waiting[--run->waiting_count];
        break;
    }
    pthread_mutex_unlock(&run->lock);
}

void run_interrupt(press_run *run) {
    pthread_mutex_lock(&run->lock);
    for (unsigned i = 0; i < run->waiting_count; i++) pthread_kill(run->waiting[i], SIGNALS_NUDGE);
    pthread_mutex_unlock(&run->lock);
}
