/* SPDX-License-Identifier: MIT */
/* crash.c - what is told of a task's fault that ends the process: its name, its category, its callers.
 *
 * In the handler of the signal, where any lock may be held: so the first lines are written without one, and the callers
 * are named by a copy of the process, which is given up if it does not come to its end. Then their bare addresses have
 * to do.
 */
#include <stdio.h>
#include <string.h>
#include <unwind.h>

#include "condition/fault.h"
#include "cpu/divert.h"
#include "os/faults.h"
#include "os/os.h"
#include "sched/kernel.h"

typedef struct callers {
    uintptr_t pc;
    bool met;
    uint32_t depth;
    void *trace[WEFTI_TRACE_MOST];
} callers;

static _Unwind_Reason_Code look(struct _Unwind_Context *context, void *argument) {
    callers *c = argument;
    int exact = 0;
    uintptr_t address = (uintptr_t)_Unwind_GetIPInfo(context, &exact);
    c->met |= address == c->pc;
    if (address == 0 || c->depth == WEFTI_TRACE_MOST) return _URC_END_OF_STACK;
    if (c->met) c->trace[c->depth++] = (void *)(address + (exact != 0));
    return _URC_NO_REASON;
}

/* Where callers cannot be told from the handler's own, all are shown. */
static void find(callers *c, const wefti_signal_fault *fault) {
    memset(c, 0, sizeof *c);
    c->pc = WEFTI_CAN_DIVERT ? wefti_interrupted_pc(fault->interrupted) : 0;
    c->met = c->pc == 0;
    _Unwind_Backtrace(look, c);
}

static void name_callers(void *argument) {
    const callers *c = argument;
    wefti_trace_print(stderr, c->trace, c->depth);
    fflush(stderr);
}

static void say(const char *text) { wefti_say(text, strlen(text)); }

static void say_address(const void *address) {
    char text[2 + 2 * sizeof address + 1], *at = text + sizeof text - 1;
    uintptr_t left = (uintptr_t)address;
    *at = '\0';
    do {
        *--at = "0123456789abcdef"[left % 16];
        left /= 16;
    } while (left != 0);
    say("0x");
    say(at);
}

static void say_category(weft_category category) {
    if (category == weft_category_default)
        say("default");
    else
        say_address(category);
}

static void say_head(const wefti_runner *runner, const wefti_signal_fault *fault, const char *what) {
    const weft_task_type *type = wefti_load_relaxed(&runner->type); /* relaxed, both: its own */
    say("weft: fault: task '");
    say(type != NULL ? type->name : "?");
    say("', category ");
    say_category(wefti_load_relaxed(&runner->category));
    say(": ");
    say(fault->name);
    if (fault->address != NULL || fault->kind == WEFTI_SIGNAL_MEMORY) {
        say(" at ");
        say_address(fault->address);
    }
    if (what != NULL) say(", ");
    if (what != NULL) say(what);
    say("\n");
}

static WEFTI_ATOMIC(int) reporting;

/* One after the other; a second one in the same report finds nobody to wait for and goes on. */
static void wait_for_turn(void) {
    int nobody = 0;
    for (int i = 0; i < 6000 && !wefti_cas_relaxed(&reporting, &nobody, 1); i++) { /* relaxed: of the text alone */
        nobody = 0;
        wefti_os_nap(1000000);
    }
}

void wefti_crash_report(const wefti_runner *runner, const wefti_signal_fault *fault, const char *what) {
    callers c;
    wait_for_turn();
    say_head(runner, fault, what);
    find(&c, fault);
    if (!wefti_in_a_copy(name_callers, &c))
        for (uint32_t i = 0; i < c.depth; i++) {
            say("    ");
            say_address(c.trace[i]);
            say("\n");
        }
    wefti_store_relaxed(&reporting, 0);
}
