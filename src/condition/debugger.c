/* SPDX-License-Identifier: MIT */
/* debugger.c - what happens to an error that no handler took, as long as no restart has been chosen.
 *
 * One error at a time: who comes while another is being looked at waits, with its worker, and is counted. The lock is
 * given up before a restart is invoked.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "condition/condition.h"
#include "sched/worker.h"

enum { RESTARTS_MOST = 64, LINE_MOST = 512 };

static struct {
    pthread_mutex_t hook_lock;
    weft_debugger *hook;
    void *argument;
    pthread_mutex_t terminal;
    WEFTI_ATOMIC(uint32_t) waiting;
} debugger = {PTHREAD_MUTEX_INITIALIZER, NULL, NULL, PTHREAD_MUTEX_INITIALIZER, {0}};

void weft_set_debugger(weft_debugger *hook, void *argument) {
    pthread_mutex_lock(&debugger.hook_lock);
    debugger.hook = hook;
    debugger.argument = argument;
    pthread_mutex_unlock(&debugger.hook_lock);
}

/* ---- what is shown ---- */

static void print_here(const weft_condition *condition) {
    void *trace[WEFTI_TRACE_MOST];
    uint32_t depth = wefti_trace_take(trace, WEFTI_TRACE_MOST, condition);
    if (weft_condition_task(condition) == NULL) wefti_trace_print(stderr, trace, depth);
}

static void print_whose(const char *task) {
    const wefti_strand *self = wefti_strand_now;
    if (task == NULL || self == NULL || self->worker == NULL) {
        fprintf(stderr, "weft: unhandled error in %s%s\n", task != NULL ? "task " : "a thread",
                task != NULL ? task : "");
        return;
    }
    /* relaxed: its own */
    weft_category category = wefti_load_relaxed(&wefti_runner_of_strand((wefti_strand *)(uintptr_t)self)->category);
    if (category == weft_category_default)
        fprintf(stderr, "weft: unhandled error in task %s, category default\n", task);
    else
        fprintf(stderr, "weft: unhandled error in task %s, category %p\n", task, category);
}

static void report(const weft_condition *condition) {
    print_whose(weft_task_name());
    weft_print_condition(stderr, condition);
    print_here(condition);
}

static void show_restarts(const weft_restart *const *restarts, size_t count) {
    fputs("restarts:\n", stderr);
    for (size_t i = 0; i < count; i++) {
        const char *text = restarts[i]->report;
        fprintf(stderr, "  %zu  %s%s%s\n", i, restarts[i]->name, text != NULL ? ": " : "", text != NULL ? text : "");
    }
}

/* ---- what is typed ---- */

/* Straight from the descriptor: the application's own buffer of stdin is left alone. */
static bool read_line(char *line) {
    size_t length = 0;
    for (char letter; length + 1 < LINE_MOST;) {
        ssize_t got = read(STDIN_FILENO, &letter, 1);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        if (letter == '\n') break;
        line[length++] = letter;
    }
    line[length] = '\0';
    return true;
}

typedef union typed {
    unsigned char bytes[WEFTI_ARGUMENT_MOST];
    long long integer;
    unsigned long long number;
    double real;
    const char *text;
} typed;

/* Into an integer of the size that the restart wants; machines with the low byte first. false: it does not fit. */
static bool fits(const weft_restart *restart, const typed *value) {
    unsigned bits = (unsigned)restart->size * 8;
    if (bits >= 64) return true;
    if (restart->kind == WEFT_ARGUMENT_UNSIGNED) return value->number >> bits == 0;
    return value->integer >= -(1LL << (bits - 1)) && value->integer < 1LL << (bits - 1);
}

static bool parse(const weft_restart *restart, char *line, typed *value) {
    char *end = line;
    errno = 0;
    switch (restart->kind) {
    case WEFT_ARGUMENT_INTEGER: value->integer = strtoll(line, &end, 0); break;
    case WEFT_ARGUMENT_UNSIGNED: value->number = strtoull(line, &end, 0); break;
    case WEFT_ARGUMENT_REAL: value->real = strtod(line, &end); break;
    case WEFT_ARGUMENT_TEXT: value->text = line; return true;
    default: return false;
    }
    if (errno != 0 || end == line || *end != '\0') return false;
    return restart->kind == WEFT_ARGUMENT_REAL || fits(restart, value);
}

static bool ask_argument(const weft_restart *restart, char *line, typed *value) {
    if (restart->kind == WEFT_ARGUMENT_NONE || restart->invoke != NULL) return true;
    if (restart->kind == WEFT_ARGUMENT_OTHER) {
        fputs("its argument cannot be typed\n", stderr);
        return false;
    }
    fprintf(stderr, "%s> ", restart->name);
    if (!read_line(line)) return false;
    if (parse(restart, line, value)) return true;
    fputs("that is no such value\n", stderr);
    return false;
}

/* A restart, with its argument; NULL: none, the input has ended. */
static const weft_restart *ask(const weft_restart *const *restarts, size_t count, char *line, typed *value) {
    for (;;) {
        uint32_t others = wefti_load_relaxed(&debugger.waiting); /* relaxed: for a person */
        if (others > 0) fprintf(stderr, "(%u more wait)\n", others);
        fprintf(stderr, "restart 0-%zu> ", count - 1);
        if (!read_line(line)) return NULL;
        char *end;
        unsigned long number = strtoul(line, &end, 10);
        if (end == line || *end != '\0' || number >= count) continue;
        if (ask_argument(restarts[number], line, value)) return restarts[number];
    }
}

static void invoke(const weft_restart *restart, const weft_condition *condition, const typed *value) {
    if (restart->invoke != NULL && restart->kind == WEFT_ARGUMENT_OTHER)
        weft_invoke(restart, &condition, sizeof condition);
    else
        weft_invoke(restart, restart->size > 0 ? value->bytes : NULL, restart->size);
}

/* ---- the default ---- */

static void lock(void) {
    wefti_add_relaxed(&debugger.waiting, 1u); /* relaxed: a count for a person */
    pthread_mutex_lock(&debugger.terminal);
    wefti_add_relaxed(&debugger.waiting, UINT32_MAX);
}

static void interact(const weft_condition *condition) {
    const weft_restart *restarts[RESTARTS_MOST];
    size_t count = weft_list_restarts(restarts, RESTARTS_MOST);
    if (count > RESTARTS_MOST) count = RESTARTS_MOST;
    char line[LINE_MOST];
    typed value;
    memset(&value, 0, sizeof value);
    lock();
    report(condition);
    if (count > 0) show_restarts(restarts, count);
    const weft_restart *chosen = count > 0 ? ask(restarts, count, line, &value) : NULL;
    pthread_mutex_unlock(&debugger.terminal);
    if (chosen != NULL) invoke(chosen, condition, &value);
}

static void debug_by_default(const weft_condition *condition) {
    if (isatty(STDIN_FILENO) && isatty(STDERR_FILENO)) {
        interact(condition);
        return;
    }
    lock();
    report(condition);
    pthread_mutex_unlock(&debugger.terminal);
}

static void ask_hook(const weft_condition *condition) {
    pthread_mutex_lock(&debugger.hook_lock);
    weft_debugger *hook = debugger.hook;
    void *argument = debugger.argument;
    pthread_mutex_unlock(&debugger.hook_lock);
    if (hook != NULL)
        hook(condition, argument);
    else
        debug_by_default(condition);
}

static void come_back(void *strand) { ((wefti_strand *)strand)->debugging = false; }

/* An error of the debugger's own is not shown to it: it might fail again. */
void wefti_debug(wefti_strand *self, const weft_condition *condition) {
    weft_frame frame;
    if (self == NULL) ask_hook(condition);
    if (self == NULL || self->debugging) return;
    self->debugging = true;
    wefti_frame_begin(self, &frame, come_back, self);
    ask_hook(condition);
    wefti_frame_end(self, &frame, true);
}

void weft_invoke_debugger(const weft_condition *condition, void *unused) {
    (void)unused;
    if (condition == NULL) return;
    wefti_debug(wefti_strand_now, condition);
    wefti_transfer(wefti_strand_now, condition);
}
