/* SPDX-License-Identifier: MIT */
/* fault.c - deciding on faults in the handler of their signal, and raising them; see fault.h. */
#include "condition/fault.h"

#include <pthread.h>

#include <weft/fault.h>
#include <weft/forkjoin.h>
#include <weft/future.h>
#include <weft/kill.h>
#include <weft/parallel.h>

#include "condition/condition.h"
#include "condition/unwind.h"
#include "cpu/divert.h"
#include "dynamic/env.h"
#include "os/faults.h"
#include "os/os.h"
#include "os/text.h"
#include "os/walk.h"
#include "sched/kernel.h"

enum { ROOM_TO_RAISE = 4096 };

WEFT_PUBLIC_VARIABLE(unsigned, weft_caught_faults, WEFT_FAULT_ARITHMETIC | WEFT_FAULT_STACK);

static WEFTI_ATOMIC(unsigned) catchable; /* relaxed: set before the first task runs */

/* ---- raising ---- */

static const weft_condition_type *type_of(unsigned kind) {
    switch (kind) {
    case WEFT_FAULT_ARITHMETIC: return &weft_type_arithmetic_fault;
    case WEFT_FAULT_STACK: return &weft_type_stack_exhausted;
    case WEFT_FAULT_MEMORY: return &weft_type_memory_fault;
    case WEFT_FAULT_INSTRUCTION: return &weft_type_instruction_fault;
    default: return &weft_type_aborted;
    }
}

static void describe(char *text, size_t room, const wefti_runner_fault *fault, size_t stack_size) {
    const char *name = fault->name;
    switch (fault->kind) {
    case WEFT_FAULT_STACK: snprintf(text, room, "the stack of %zu bytes is used up", stack_size); break;
    case WEFT_FAULT_ABORT: snprintf(text, room, "%s: the program has aborted", name); break;
    case WEFT_FAULT_ARITHMETIC:
    case WEFT_FAULT_INSTRUCTION: snprintf(text, room, "%s in the instruction at %p", name, fault->instruction); break;
    default: snprintf(text, room, "%s at the address %p", name, fault->address);
    }
}

WEFTI_NORETURN void wefti_fault_raise(wefti_strand *self) {
    wefti_runner *runner = wefti_runner_of_strand(self);
    wefti_runner_fault fault = runner->fault;
    runner->fault.stage = WEFTI_FAULT_NONE;
    weft_fault payload = {fault.signal, fault.code, fault.address, fault.instruction};
    weft_origin origin = {NULL, NULL, 0, type_of(fault.kind), &payload, sizeof payload, NULL};
    char text[WEFTI_MESSAGE_MOST];
    weft_condition condition;
    describe(text, sizeof text, &fault, wefti_stack_size_of(runner->pool));
    wefti_condition_make(&condition, &origin, text);
    wefti_broken here = {self->broken, fault.place, &condition};
    self->broken = &here;
    weft_error_again(&condition);
}

void wefti_fault_returns(wefti_runner *runner, void *const *where) {
    if (runner->fault.stage != WEFTI_FAULT_AT_RETURN) return;
    runner->fault.place = (uintptr_t)(where + 1);
    runner->fault.instruction = *where;
}

void wefti_fault_forget(wefti_runner *runner) { runner->fault.stage = WEFTI_FAULT_NONE; }

/* ---- deciding: in the handler ---- */

/* Functions of Weft that call the program back where it may signal errors, and those that everything comes through that
 * calls handlers or clean-ups: whoever calls these keeps nothing, since control may leave for good there. One of them
 * among the callers is enough, wherever the compiler has let one function take the place of another on the stack. */
static wefti_text_function *const raising[] = {
    (wefti_text_function *)weft_signal_from,
    (wefti_text_function *)weft_error_from,
    (wefti_text_function *)weft_warn_from,
    (wefti_text_function *)weft_signal_again,
    (wefti_text_function *)weft_error_again,
    (wefti_text_function *)weft_must_at,
    (wefti_text_function *)weft_call_protected,
    (wefti_text_function *)weft_call_handling,
    (wefti_text_function *)weft_protect_end,
    (wefti_text_function *)weft_invoke,
    (wefti_text_function *)weft_forks_reclaim,
    (wefti_text_function *)weft_force_future,
    (wefti_text_function *)weft_must_force_at,
    (wefti_text_function *)weft_for_range,
    (wefti_text_function *)weft_for_tiles,
    (wefti_text_function *)weft_map,
    (wefti_text_function *)weft_reduce,
    (wefti_text_function *)weft_map_reduce,
    (wefti_text_function *)weft_scan,
    (wefti_text_function *)weft_filter,
    (wefti_text_function *)weft_partition,
    (wefti_text_function *)weft_count_if,
    (wefti_text_function *)weft_find,
    (wefti_text_function *)weft_find_any,
    (wefti_text_function *)weft_every,
    (wefti_text_function *)weft_some,
    (wefti_text_function *)weft_least,
    (wefti_text_function *)weft_greatest,
    (wefti_text_function *)weft_sort,
    (wefti_text_function *)weft_stable_sort,
    (wefti_text_function *)weft_merge,
    (wefti_text_function *)weft_all,
    (wefti_text_function *)weft_invoke_debugger,
    (wefti_text_function *)weft_invoke_transfer_error,
    (wefti_text_function *)wefti_signal,
    (wefti_text_function *)wefti_unwind_to,
    (wefti_text_function *)wefti_unwind_out,
    (wefti_text_function *)wefti_unwind_task,
    (wefti_text_function *)wefti_target_leave,
#if WEFTI_CAN_DIVERT
    wefti_diverted_entry, /* both: the error that a fault is */
    wefti_barrier_reached,
#endif
};

static unsigned kind_of(const wefti_runner *runner, const wefti_signal_fault *fault) {
    uintptr_t address = (uintptr_t)fault->address, low = (uintptr_t)runner->fiber.stack_low;
    switch (fault->kind) {
    case WEFTI_SIGNAL_ARITHMETIC: return WEFT_FAULT_ARITHMETIC;
    case WEFTI_SIGNAL_INSTRUCTION: return WEFT_FAULT_INSTRUCTION;
    case WEFTI_SIGNAL_ABORT: return WEFT_FAULT_ABORT;
    default: break;
    }
    uintptr_t base = low & ~(uintptr_t)(wefti_stack_size_of(runner->pool) - 1);
    return address >= base && address < low ? WEFT_FAULT_STACK : WEFT_FAULT_MEMORY;
}

static unsigned caught_by(const wefti_strand *self) {
    const unsigned *bound = wefti_variable_bound(self, &weft_caught_faults);
    /* relaxed: a number that somebody has set */
    return __atomic_load_n(bound != NULL ? bound : (unsigned *)weft_caught_faults.global, __ATOMIC_RELAXED);
}

static bool is_caught(const wefti_strand *self, unsigned kind) {
    unsigned reach = wefti_load_relaxed(&catchable); /* relaxed: see there */
    return (reach & kind) != 0 && wefti_in_task(self) && (caught_by(self) & kind) != 0;
}

/* Whether the innermost run of library code can be left behind. */
static bool may_leave_top(const wefti_walk *walk, unsigned kind, uintptr_t pc) {
    const wefti_run *top = &walk->top;
    if (kind == WEFT_FAULT_ABORT)
        return top->there && !top->ours && (wefti_text_traits(top->entry) & WEFTI_TRAIT_ABORTS) != 0;
    if (!top->there) return true;
    if (kind == WEFT_FAULT_STACK || top->ours) return false;
    return (wefti_text_traits(top->entry) & wefti_text_traits(pc) & WEFTI_TRAIT_LEAF) != 0;
}

static void note(wefti_runner *runner, const wefti_signal_fault *fault, unsigned kind, uint8_t stage) {
    runner->fault = (wefti_runner_fault){.stage = stage,
                                         .spare_open = runner->fault.spare_open,
                                         .kind = kind,
                                         .signal = fault->signal,
                                         .code = fault->code,
                                         .name = fault->name,
                                         .address = fault->address,
                                         .instruction = (const void *)wefti_interrupted_pc(fault->interrupted),
                                         .place = wefti_interrupted_sp(fault->interrupted)};
}

static bool raise_now(wefti_runner *runner, const wefti_signal_fault *fault, unsigned kind) {
    uintptr_t lowest = (uintptr_t)runner->fiber.stack_low;
    if (runner->fault.spare_open) lowest -= wefti_stack_spare(runner->pool, runner->fiber.stack_low);
    note(runner, fault, kind, WEFTI_FAULT_NOW);
    wefti_interrupted_calm(fault->interrupted);
    if (wefti_divert_interrupted(fault->interrupted, lowest + ROOM_TO_RAISE)) return true;
    runner->fault.stage = WEFTI_FAULT_NONE;
    return false;
}

/* Where a barrier is already it is a kill's, and does as well. */
static bool raise_at_return(wefti_runner *runner, const wefti_signal_fault *fault, const wefti_run *run) {
    if (run->slot == NULL) return false;
    note(runner, fault, WEFT_FAULT_STACK, WEFTI_FAULT_AT_RETURN);
    wefti_runner_set_barrier(runner, run->slot, false);
    return true;
}

/* The walk is not to meet a barrier of a kill; whoever is to die and was diverted for a fault dies the next time. */
static bool take_walked(wefti_runner *runner, const wefti_signal_fault *fault, unsigned kind) {
    uintptr_t pc = wefti_interrupted_pc(fault->interrupted);
    wefti_walk walk;
    wefti_walk_callers(&walk, pc, 0);
    if (!walk.whole || !walk.program) return false;
    if (kind == WEFT_FAULT_STACK && !wefti_runner_open_spare(runner)) return false;
    if (!walk.held.there && may_leave_top(&walk, kind, pc)) return raise_now(runner, fault, kind);
    return kind == WEFT_FAULT_STACK && raise_at_return(runner, fault, walk.held.there ? &walk.held : &walk.top);
}

static bool take(wefti_runner *runner, const wefti_signal_fault *fault, unsigned kind) {
    void **barrier = wefti_runner_clear_barrier(runner);
    bool taken = take_walked(runner, fault, kind);
    /* relaxed: D4 */
    if (barrier != NULL && wefti_load_relaxed(&runner->barrier) == NULL && runner->fault.stage != WEFTI_FAULT_NOW)
        wefti_runner_set_barrier(runner, barrier, runner->slice_due);
    return taken;
}

/* The program has called what is no code: the caller is known all the same. */
static void see_caller(const wefti_runner *runner, const wefti_signal_fault *fault) {
    uintptr_t pc = wefti_interrupted_pc(fault->interrupted), sp = wefti_interrupted_sp(fault->interrupted);
    if (fault->kind != WEFTI_SIGNAL_MEMORY || (uintptr_t)fault->address != pc) return;
    if (wefti_text_of(pc) != WEFTI_TEXT_UNKNOWN || sp % sizeof(void *) != 0) return;
    if (sp < (uintptr_t)runner->fiber.stack_low || sp >= (uintptr_t)runner) return;
    if (wefti_text_of(*(const uintptr_t *)sp - 1) == WEFTI_TEXT_PROGRAM) wefti_interrupted_return(fault->interrupted);
}

static bool stands_on(const wefti_runner *runner, uintptr_t sp) {
    uintptr_t size = wefti_stack_size_of(runner->pool);
    return sp >= ((uintptr_t)runner & ~(size - 1)) && sp < (uintptr_t)runner;
}

/* In the middle of a switch the strand is the next one already. */
static wefti_runner *runner_at(const wefti_worker *worker, uintptr_t sp) {
    for (unsigned class = 0; class < WEFTI_STACK_CLASSES; class ++) {
        const wefti_stack_pool *pool =
            wefti_load_acquire(&worker->kernel->pools[class]); /* partner: wefti_kernel_pool */
        uint32_t number;
        void *low = pool != NULL ? wefti_stack_around(pool, (const void *)sp, &number) : NULL;
        if (low == NULL) continue;
        wefti_runner *runner = wefti_runner_on(low, wefti_stack_size_of(pool), number);
        bool mine = wefti_load_relaxed(&runner->home) == worker; /* relaxed: as of this thread */
        return mine && stands_on(runner, sp) ? runner : NULL;
    }
    return NULL;
}

static wefti_runner *faulting_runner(const wefti_signal_fault *fault) {
    wefti_strand *self = wefti_strand_now;
    if (self == NULL || self->worker == NULL) return NULL;
    wefti_runner *runner = wefti_runner_of_strand(self);
    uintptr_t sp = wefti_interrupted_sp(fault->interrupted);
    return !WEFTI_CAN_DIVERT || stands_on(runner, sp) ? runner : runner_at(self->worker, sp);
}

static bool on_fault(const wefti_signal_fault *fault) {
    wefti_runner *runner = faulting_runner(fault);
    if (runner == NULL) return false;
    const wefti_strand *self = &runner->fiber.strand;
    unsigned kind = kind_of(runner, fault);
    if (is_caught(self, kind)) {
        see_caller(runner, fault);
        if (take(runner, fault, kind)) return true;
    }
    if (fault->last && wefti_in_task(self))
        wefti_crash_report(runner, fault, kind == WEFT_FAULT_STACK ? "its stack is used up" : NULL);
    return false;
}

/* ---- beginning ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool installed, left_alone; /* under lock */

static void begin(void) {
    if (WEFTI_ASAN || WEFTI_TSAN) return; /* they tell of faults themselves */
    unsigned all = WEFT_FAULT_ARITHMETIC | WEFT_FAULT_STACK | WEFT_FAULT_MEMORY | WEFT_FAULT_INSTRUCTION;
    if (weft_how_far_kills_reach() == WEFT_KILL_ANYWHERE) wefti_store_relaxed(&catchable, all | WEFT_FAULT_ABORT);
    wefti_faults_init(on_fault);
}

/* Before the first kernel has a worker. */
static void begin_once(void) {
    pthread_mutex_lock(&lock);
    if (!installed && !left_alone) begin();
    installed = true;
    pthread_mutex_unlock(&lock);
}

__attribute__((constructor)) static void introduce(void) {
    wefti_text_raising(raising, sizeof raising / sizeof *raising);
    wefti_kernel_begins_hook = begin_once;
}

weft_status weft_leave_faults_alone(void) {
    pthread_mutex_lock(&lock);
    bool late = installed && !left_alone;
    left_alone |= !installed;
    pthread_mutex_unlock(&lock);
    return late ? WEFT_BUSY : WEFT_OK;
}

unsigned weft_catchable_faults(void) {
    begin_once();
    return wefti_load_relaxed(&catchable);
}

bool weft_take_fault(int number, void *information, void *interrupted) {
    return wefti_faults_offer(on_fault, number, information, interrupted);
}
