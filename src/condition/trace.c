/* SPDX-License-Identifier: MIT */
/* trace.c - backtraces: taken by walking the stack with unwind tables, named when they are printed. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unwind.h>

#include "condition/condition.h"
#include "os/os.h"

typedef struct walk {
    void **trace;
    uint32_t count, room;
    uintptr_t from;
} walk;

static _Unwind_Reason_Code look_at_frame(struct _Unwind_Context *context, void *argument) {
    walk *w = argument;
    int exact = 0; /* an instruction that was interrupted: noted as if it were a call */
    uintptr_t bottom = (uintptr_t)_Unwind_GetCFA(context), address = (uintptr_t)_Unwind_GetIPInfo(context, &exact);
    if (address == 0 || w->count == w->room) return _URC_END_OF_STACK;
    if (bottom > w->from) w->trace[w->count++] = (void *)(address + (exact != 0));
    return _URC_NO_REASON;
}

/* What lies below `from` is Weft's own: signalling and handlers. Something on another stack is not a place here. */
uint32_t wefti_trace_take(void **trace, uint32_t room, const weft_condition *signalled) {
    const wefti_broken *broken = wefti_strand_now != NULL ? wefti_strand_now->broken : NULL;
    const void *from = signalled;
    if (broken != NULL && broken->condition == signalled)
        from = (const void *)(broken->place - 1); /* the unwinder tells where frames begin */
    uintptr_t here = (uintptr_t)__builtin_frame_address(0), far = (uintptr_t)from - here;
    walk w = {trace, 0, room, far < (1 << 20) ? (uintptr_t)from : here};
    _Unwind_Backtrace(look_at_frame, &w);
    return w.count;
}

static void print_frame(FILE *to, uint32_t number, void *address) {
    /* One less: a call at the very end of a function returns behind it. */
    const char *pc = (const char *)address - 1;
    Dl_info info = {0};
    char place[256];
    bool known = dladdr(pc, &info) != 0;
    const char *base = known ? info.dli_fbase : NULL;
    bool line = known && wefti_source_line(info.dli_fname, (uintptr_t)(pc - base), place, sizeof place);
    fprintf(to, "    %2u ", number);
    if (line)
        fprintf(to, "%s\n", place);
    else if (known && info.dli_sname != NULL)
        fprintf(to, "%s + %zu\n", info.dli_sname, (size_t)(pc + 1 - (const char *)info.dli_saddr));
    else if (known)
        fprintf(to, "%s + 0x%zx\n", info.dli_fname, (size_t)(pc + 1 - base));
    else
        fprintf(to, "%p\n", address);
}

void wefti_trace_print(FILE *to, void *const *trace, uint32_t depth) {
    for (uint32_t i = 0; i < depth; i++) print_frame(to, i, trace[i]);
}
