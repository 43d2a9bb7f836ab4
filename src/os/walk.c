/* SPDX-License-Identifier: MIT */
/* walk.c - walking the callers with the compiler's own unwinder; see walk.h. */
#define _GNU_SOURCE 1

#include "os/walk.h"

#include <string.h>
#include <unwind.h>

#include "os/text.h"
#include "os/valgrind.h"

#if defined(__GLIBC__)
#include <dlfcn.h>
#endif

enum { MOST_FRAMES = 1 << 24 };

typedef struct walking {
    wefti_walk *walk;
    uintptr_t pc;     /* until it is met, frames are of the handler */
    uintptr_t limit;  /* 0: none */
    bool reached;     /* the limit */
    unsigned frames;  /* since then */
    bool past_leaves; /* a frame was met that is of no leaf */
    bool in_run, run_is_top, run_signal, run_ours, run_searches, run_others, run_raises;
    uintptr_t run_entry;
} walking;

static void end_run(walking *w, struct _Unwind_Context *caller) {
    unsigned traits = wefti_text_traits(w->run_entry);
    w->in_run = false;
    if (!w->run_is_top && (traits & WEFTI_TRAIT_CALLS) != 0) return;
    wefti_run *run = w->run_is_top ? &w->walk->top : &w->walk->middle;
    bool alone = w->run_signal || (traits & WEFTI_TRAIT_NO_BARRIER) != 0;
    /* What the unwinder calls the frame address here is that of the callee: the return address lies just below it, but
     * for code that keeps it elsewhere, such as the last instructions of longjmp. */
    void **slot = (void **)(_Unwind_GetCFA(caller) - sizeof(void *));
    if ((uintptr_t)*slot != _Unwind_GetIP(caller)) alone = true;
    bool throws = w->run_searches && !w->run_others && (traits & WEFTI_TRAIT_THROWS) != 0;
    if (w->run_searches) alone = true;
    *run = (wefti_run){true, run->ours || w->run_ours, throws, w->run_entry, alone ? NULL : slot};
    if (!w->run_is_top && !w->run_raises) w->walk->held = *run;
}

static void in_run(walking *w, uintptr_t place, bool ours) {
    if (!w->in_run) {
        w->in_run = true;
        w->run_is_top = !w->past_leaves;
        w->run_signal = w->run_ours = w->run_searches = w->run_others = w->run_raises = false;
    }
    w->run_ours |= ours;
    w->run_entry = place;
    /* A library that has called Weft may keep something. In the top run nothing may be left anyway. */
    w->run_raises =
        ours && (w->run_raises || (w->walk->program && (wefti_text_traits(place) & WEFTI_TRAIT_RAISES) != 0));
}

enum { OF_EXCEPTIONS = WEFTI_TRAIT_UNWINDS | WEFTI_TRAIT_SEARCHES | WEFTI_TRAIT_THROWS | WEFTI_TRAIT_CPLUSPLUS };

/* Whether the walk may go on past a frame of the innermost run. Before the unwinder goes on in a landing pad it writes
 * over the registers that its own frames have saved, and then they lead nowhere. It has not done so yet where it looks
 * tables up, or asks the personality of a frame what that wants; nothing is held there either, unless the dynamic
 * linker or somebody else has been called from there. */
static bool may_pass(walking *w, uintptr_t place, wefti_text text) {
    if (text == WEFTI_TEXT_OURS) return !w->run_searches; /* a transfer of Weft's own */
    if (w->run_ours) return true;
    unsigned traits = wefti_text_traits(place);
    if ((traits & OF_EXCEPTIONS) == 0) w->run_others = true;
    if ((traits & WEFTI_TRAIT_SEARCHES) != 0 && !w->run_others) w->run_searches = true;
    return (traits & WEFTI_TRAIT_UNWINDS) == 0 || w->run_searches;
}

static _Unwind_Reason_Code look(struct _Unwind_Context *context, void *argument) {
    walking *w = argument;
    int exact = 0; /* the address is of an instruction that was interrupted, and not of one after a call */
    uintptr_t ip = _Unwind_GetIPInfo(context, &exact);
    if (w->frames == 0 && ip != w->pc) return _URC_NO_REASON;
    if (ip == 0) return _URC_NO_REASON;
    if (w->limit != 0 && w->frames > 0 && _Unwind_GetCFA(context) > w->limit) {
        w->reached = true;
        return _URC_NORMAL_STOP;
    }
    uintptr_t place = w->frames == 0 || exact ? ip : ip - 1;
    wefti_text text = wefti_text_of(place);
    if (text == WEFTI_TEXT_UNKNOWN || w->frames >= MOST_FRAMES) {
        w->walk->unknown = true;
        return _URC_NORMAL_STOP;
    }
    if (text == WEFTI_TEXT_LEAF && !w->in_run) {
        w->frames++; /* its caller tells */
        return _URC_NO_REASON;
    }
    if (text == WEFTI_TEXT_PROGRAM) {
        if (w->in_run) {
            w->run_signal = exact && w->frames > 0;
            end_run(w, context);
        }
        w->walk->program = true;
    } else {
        in_run(w, place, text == WEFTI_TEXT_OURS);
        if (!w->walk->program && !may_pass(w, place, text)) return _URC_NORMAL_STOP;
    }
    w->past_leaves = true;
    w->frames++;
    return _URC_NO_REASON;
}

void wefti_walk_callers(wefti_walk *walk, uintptr_t pc, uintptr_t limit) {
    memset(walk, 0, sizeof *walk);
    walking w = {.walk = walk, .pc = pc, .limit = limit};
    _Unwind_Reason_Code end = _Unwind_Backtrace(look, &w);
    /* The last run is the base: the loop of a runner. */
    walk->whole = (end == _URC_END_OF_STACK || w.reached) && w.in_run && w.run_ours && !walk->unknown;
}

static _Unwind_Reason_Code stop_at_once(struct _Unwind_Context *context, void *argument) {
    (void)context;
    (void)argument;
    return _URC_NORMAL_STOP;
}

bool wefti_walk_init(void) {
    if (RUNNING_ON_VALGRIND) return false; /* it takes the changes of other frames for errors */
    _Unwind_Backtrace(stop_at_once, NULL); /* what the unwinder does once only, it does here */
#if defined(__GLIBC__)
    extern __typeof__(dlsym) dlsym __attribute__((weak));
    return dlsym != NULL && dlsym(RTLD_DEFAULT, "_dl_find_object") != NULL;
#else
    return false;
#endif
}
