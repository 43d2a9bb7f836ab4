/* SPDX-License-Identifier: MIT */
/* plugin.c - a plugin with a copy of Weft of its own, linked statically; copies.c has two of them, and one itself. */
#include <weft.h>

#include <stdlib.h>

#include "copies.h"

static weft_kernel *kernel;
static const char doomed[] = "doomed";

WEFT_TASK(int, plus, (int, a), (int, b)) { return a + b; }
WEFT_TASK(void, loop, (int, n)) {
    for (volatile int i = n;; i++) weft_yield();
}

int plugin_work(int n) {
    int value = -1;
    if (kernel == NULL && (kernel = weft_make_kernel(2, NULL)) == NULL) return -2;
    weft_channel *results = weft_make_channel(int);
    if (results == NULL) return -3;
    weft_submit(results, plus, n, PLUGIN_NUMBER);
    if (weft_receive_result(results, &value, weft_after(30)) != WEFT_OK) return -4;
    return weft_free_channel(results) == WEFT_OK ? value : -5;
}

/* Each copy has its own way of reaching its workers, and passes on what is not for it. */
int plugin_kill(void) {
    weft_channel *done = weft_make_done_channel();
    size_t killed = 0;
    if (weft_make_object_killable("test_living_plugin") != WEFT_OK) return -4; /* not the program's own code */
    WEFT_BIND(weft_task_category, doomed) {
        if (weft_submit(done, loop, 0) != WEFT_OK) return -1;
    }
    weft_deadline until = weft_after(30);
    while (killed == 0 && weft_time() < until) killed = weft_kill_tasks(kernel, doomed, NULL);
    if (killed != 1 || weft_receive_done(done, until) != WEFT_KILLED) return -2;
    return weft_free_channel(done) == WEFT_OK ? 0 : -3;
}

/* A plugin may have its kernel before dlopen returns, and another one when the program ends: it is not unloaded. */
__attribute__((constructor)) static void begin_early(void) {
    if (PLUGIN_NUMBER != 0 && plugin_work(1) != 1 + PLUGIN_NUMBER) abort();
}
__attribute__((destructor)) static void end_late(void) {
    if (PLUGIN_NUMBER != 0 && plugin_work(2) != 2 + PLUGIN_NUMBER) abort();
}

unsigned long plugin_processes(void) { return weft_process_count(); }

int plugin_end(void) {
    weft_kernel *mine = kernel;
    kernel = NULL;
    return weft_free_kernel(mine) == WEFT_OK ? 0 : -1;
}
