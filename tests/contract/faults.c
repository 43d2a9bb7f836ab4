/* SPDX-License-Identifier: MIT */
/* faults.c - faults of the machine in tasks: which become conditions, where, and with what; handlers of the program's
 * own. Row C9.
 *
 * Each test skips what cannot become a condition here (weft_catchable_faults), and says so. Faults that end the process
 * are in fatal_faults.c.
 */
#define _GNU_SOURCE 1

#include "contract/common.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ALL = 31 };

static weft_kernel *kernel;
static weft_channel *results;
static atomic_int cleaned;

/* What a task had allocated that did not come back: freed at the end of the scene. */
typedef struct block {
    struct block *next;
    char text[];
} block;

static _Atomic(block *) blocks;

static void free_blocks(void) {
    for (block *one = atomic_exchange(&blocks, NULL), *next; one != NULL; one = next) {
        next = one->next;
        free(one);
    }
}

static void open_scene(void) {
    weft_set(weft_debug_tasks, false);
    weft_set(weft_caught_faults, ALL);
    kernel = kernel_here();
    results = weft_make_channel(int);
    atomic_store(&cleaned, 0);
}

static void close_scene(void) {
    CHECK_OK(weft_free_channel(results));
    end_and_free(kernel);
    free_blocks();
    weft_set(weft_caught_faults, WEFT_FAULT_ARITHMETIC | WEFT_FAULT_STACK);
    weft_set(weft_debug_tasks, true);
}

/* Whether the kind can become a condition; else the test is skipped. */
static bool catchable(unsigned kind) {
    if ((weft_catchable_faults() & kind) == kind) return true;
    SKIP("tasks are not interrupted here, so their faults do not become conditions");
    return false;
}

static void clean(void *unused) {
    (void)unused;
    atomic_fetch_add(&cleaned, 1);
}

/* ---- faults ---- */

static volatile int zero;
static volatile size_t much = 100;
static int *volatile nowhere;
static void (*volatile no_code)(void);
static char *volatile not_a_text = (char *)16;
static volatile int sink;

static void divide(void) { sink = 10 / zero; }
static void write_to_null(void) { *nowhere = 1; }
static void read_null(void) { sink = *nowhere; }
static void read_far(void) { sink = *(int *)(uintptr_t)(0x8000000000000000u + (uintptr_t)zero); }
static void copy_from_null(void) {
    static char room[200];
    memcpy(room, not_a_text, much);
    sink = room[much / 2];
}
static void length_of_nothing(void) { sink = (int)strlen(not_a_text); }
static void print_nothing(void) {
    static char room[100];
    snprintf(room, sizeof room, "%s", not_a_text);
}
static void call_null(void) { no_code(); }
static void illegal(void) { HARNESS_ILLEGAL_INSTRUCTION(); }
static void past_the_file(void) {
    char name[] = "/tmp/weft-fault-XXXXXX";
    int file = mkstemp(name);
    unlink(name);
    volatile char *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, file, 0);
    close(file);
    sink = page[0];
}
static void aborts(void) { abort(); }

static int deeper(int level) {
    volatile char frame[200];
    frame[level % 200] = (char)level;
    return level < 0 ? 0 : deeper(level + 1) + frame[level % 200];
}
static void recurse(void) { sink = deeper(0); }

static int printing_deeper(int level) {
    char text[64];
    snprintf(text, sizeof text, "%d %g", level, level / 3.0);
    return level < 0 ? 0 : printing_deeper(level + 1) + text[0];
}
static void recurse_printing(void) { sink = printing_deeper(0); }

static int allocating_deeper(int level) {
    block *one = malloc(sizeof *one + 100 + (size_t)level % 1000);
    memset(one->text, 1, 100);
    one->next = atomic_load(&blocks);
    while (!atomic_compare_exchange_weak(&blocks, &one->next, one)) {
    }
    return level < 0 ? 0 : allocating_deeper(level + 1) + one->text[0];
}
static void recurse_allocating(void) { sink = allocating_deeper(0); }

static int waiting_deeper(int level) {
    volatile char frame[64];
    frame[level % 64] = 1;
    weft_yield();
    CHECK_STATUS(weft_sleep(WEFT_NOW), WEFT_OK);
    return level < 0 ? 0 : waiting_deeper(level + 1) + frame[level % 64];
}
static void recurse_waiting(void) { sink = waiting_deeper(0); }

typedef struct kind {
    const char *name;
    void (*fault)(void);
    unsigned kind;
    int signal;
    const weft_condition_type *type;
} kind;

static const kind kinds[] = {
    {"division by zero", divide, WEFT_FAULT_ARITHMETIC, SIGFPE, &weft_type_arithmetic_fault},
    {"write to NULL", write_to_null, WEFT_FAULT_MEMORY, SIGSEGV, &weft_type_memory_fault},
    {"read of NULL", read_null, WEFT_FAULT_MEMORY, SIGSEGV, &weft_type_memory_fault},
    {"read of no address", read_far, WEFT_FAULT_MEMORY, SIGSEGV, &weft_type_memory_fault},
    {"memcpy", copy_from_null, WEFT_FAULT_MEMORY, SIGSEGV, &weft_type_memory_fault},
    {"strlen", length_of_nothing, WEFT_FAULT_MEMORY, SIGSEGV, &weft_type_memory_fault},
    {"snprintf", print_nothing, WEFT_FAULT_MEMORY, SIGSEGV, &weft_type_memory_fault},
    {"call of NULL", call_null, WEFT_FAULT_MEMORY, SIGSEGV, &weft_type_memory_fault},
    {"past the end of a file", past_the_file, WEFT_FAULT_MEMORY, SIGBUS, &weft_type_memory_fault},
    {"illegal instruction", illegal, WEFT_FAULT_INSTRUCTION, SIGILL, &weft_type_instruction_fault},
    {"abort", aborts, WEFT_FAULT_ABORT, SIGABRT, &weft_type_aborted},
    {"recursion", recurse, WEFT_FAULT_STACK, SIGSEGV, &weft_type_stack_exhausted},
    {"recursion with snprintf", recurse_printing, WEFT_FAULT_STACK, SIGSEGV, &weft_type_stack_exhausted},
    {"recursion with malloc", recurse_allocating, WEFT_FAULT_STACK, SIGSEGV, &weft_type_stack_exhausted},
    {"recursion with waits", recurse_waiting, WEFT_FAULT_STACK, SIGSEGV, &weft_type_stack_exhausted}};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* waits: it is a fiber that was left and gone on with. */
WEFT_TASK(int, faulting, (const kind *, k), (bool, waits)) {
    WEFT_UNWIND_PROTECT(clean, NULL) {
        if (waits) CHECK_OK(weft_sleep(weft_after(0.0001)));
        k->fault();
    }
    FAIL("%s: it went on", k->name);
    return 1;
}

static void receive_fault(const kind *k) {
    int value = 0;
    if (!CHECK_STATUS(weft_receive_result(results, &value, patience()), WEFT_FAILED)) return;
    const weft_condition *condition = weft_last_condition();
    size_t size = 0;
    const weft_fault *fault = weft_condition_payload(condition, &size);
    if (!CHECK(weft_condition_is(condition, k->type))) weft_print_condition(stderr, condition);
    CHECK(weft_condition_is(condition, &weft_type_fault));
    CHECK_STR(weft_condition_task(condition), "faulting");
    CHECK_GE(weft_condition_backtrace(condition, NULL, 0), 2);
    if (CHECK_EQ(size, sizeof *fault)) CHECK_EQ(fault->signal, k->signal);
}

static void fault_in_tasks(int times, bool waits) {
    for (int i = 0; i < KINDS; i++) {
        int before = atomic_load(&cleaned);
        for (int n = 0; n < times; n++) CHECK_OK(weft_submit(results, faulting, &kinds[i], waits));
        for (int n = 0; n < times; n++) receive_fault(&kinds[i]);
        if (!CHECK_EQ(atomic_load(&cleaned) - before, times)) FAIL("%s: its clean-ups", kinds[i].name);
    }
}

TEST(each_kind_of_fault_is_the_outcome_of_its_task) {
    if (!catchable(ALL)) return;
    open_scene();
    fault_in_tasks(5, false);
    close_scene();
}

TEST(so_it_is_in_a_task_that_has_waited) {
    if (!catchable(ALL)) return;
    open_scene();
    fault_in_tasks(5, true);
    close_scene();
}

TEST(condition_tells_address_and_place_of_the_fault) {
    if (!catchable(ALL)) return;
    open_scene();
    nowhere = (int *)64;
    CHECK_OK(weft_submit(results, faulting, &kinds[1], false));
    receive_fault(&kinds[1]);
    nowhere = NULL;
    const weft_fault *fault = weft_condition_payload(weft_last_condition(), NULL);
    void *first = NULL;
    weft_condition_backtrace(weft_last_condition(), &first, 1);
    CHECK_PTR(fault->address, (void *)64);
    CHECK_PTR(fault->instruction, (char *)first - 1);
    CHECK(strstr(weft_condition_message(weft_last_condition()), "SIGSEGV at the address 0x40") != NULL);
    close_scene();
}

/* ---- handlers and cases ---- */

static atomic_int asked;

static void ask(const weft_condition *condition, void *unused) {
    (void)unused;
    CHECK(weft_condition_is(condition, &weft_type_fault));
    atomic_fetch_add(&asked, 1);
}

static void skip_it(const weft_condition *condition, void *unused) {
    (void)condition, (void)unused;
    weft_invoke_restart("skip");
}

WEFT_TASK(int, careful, (const kind *, k), (int, times)) {
    volatile int taken = 0;
    for (volatile int i = 0; i < times; i++) {
        WEFT_HANDLER_BIND(&weft_type_fault, ask, NULL) {
            WEFT_HANDLER_CASE {
                WEFT_TRY {
                    WEFT_UNWIND_PROTECT(clean, NULL) { k->fault(); }
                }
                WEFT_HANDLE(k->type, condition) {
                    CHECK_NOT_NULL(condition);
                    taken++;
                }
            }
        }
    }
    return taken;
}

WEFT_TASK(int, restarting, (const kind *, k)) {
    volatile int skipped = 0;
    WEFT_HANDLER_BIND(&weft_type_fault, skip_it, NULL) {
        WEFT_RESTART_CASE {
            WEFT_TRY { k->fault(); }
            WEFT_RESTART("skip") { skipped = 1; }
        }
    }
    return skipped;
}

static void receive_value(int wanted) {
    int value = -1;
    CHECK_OK(weft_receive_result(results, &value, patience()));
    CHECK_EQ(value, wanted);
}

TEST(handlers_run_and_a_case_takes_it_and_the_task_goes_on_and_faults_again) {
    if (!catchable(ALL)) return;
    open_scene();
    for (int i = 0; i < KINDS; i++) {
        atomic_store(&asked, 0);
        atomic_store(&cleaned, 0);
        CHECK_OK(weft_submit(results, careful, &kinds[i], 4));
        receive_value(4);
        CHECK_EQ(atomic_load(&asked), 0); /* the case is inside of the other handler, and comes first */
        if (!CHECK_EQ(atomic_load(&cleaned), 4)) FAIL("%s", kinds[i].name);
    }
    close_scene();
}

TEST(restart_chosen_by_a_handler_leaves_the_fault) {
    if (!catchable(ALL)) return;
    open_scene();
    for (int i = 0; i < KINDS; i++) {
        CHECK_OK(weft_submit(results, restarting, &kinds[i]));
        receive_value(1);
    }
    close_scene();
}

/* ---- where ---- */

static int by_dividing(const void *a, const void *b) { return (10 + (a < b)) / zero; }

static void sort_by_dividing(void) {
    int numbers[10] = {3, 1, 2};
    qsort(numbers, 10, sizeof *numbers, by_dividing);
}

static int deep_comparison(const void *a, const void *b) { return deeper(0) + (a < b); }

static void sort_too_deep(void) {
    int numbers[10] = {3, 1, 2};
    qsort(numbers, 10, sizeof *numbers, deep_comparison);
}

static void fault_in_handler(const weft_condition *condition, void *unused) {
    (void)condition, (void)unused;
    divide();
}

static void fault_while_signalling(void) {
    WEFT_HANDLER_BIND(&weft_type_warning, fault_in_handler, NULL) weft_signal(&weft_type_warning, "look");
}

static void divide_in_cleanup(void *unused) {
    (void)unused;
    divide();
}

static void fault_in_cleanup(void) {
    WEFT_UNWIND_PROTECT(divide_in_cleanup, NULL) { sink = 1; }
}

TEST(callbacks_of_qsort_and_handlers_and_cleanups_may_fault) {
    static const kind places[] = {
        {"qsort", sort_by_dividing, 1, SIGFPE, &weft_type_arithmetic_fault},
        {"qsort, too deep", sort_too_deep, 2, SIGSEGV, &weft_type_stack_exhausted},
        {"a handler", fault_while_signalling, 1, SIGFPE, &weft_type_arithmetic_fault},
        {"a clean-up", fault_in_cleanup, 1, SIGFPE, &weft_type_arithmetic_fault},
    };
    if (!catchable(ALL)) return;
    open_scene();
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        CHECK_OK(weft_submit(results, faulting, &places[i], false));
        receive_fault(&places[i]);
    }
    close_scene();
}

/* ---- each way into Weft on which it calls the program back, where that may signal errors ---- */

static void divide_it(const weft_condition *condition, void *unused) {
    (void)condition, (void)unused;
    divide();
}

static void free_channel(void *channel) { CHECK_OK(weft_free_channel(channel)); }
static void join(void *scope) { weft_join_scope(scope); }
static void choose_nothing(const weft_condition *condition, void *unused) { (void)condition, (void)unused; }

#define IN_HANDLER_OF(type) WEFT_HANDLER_BIND(&(type), divide_it, NULL)
#define WITH_CLEANUP WEFT_UNWIND_PROTECT(divide_in_cleanup, NULL)

static void signal_on(const weft_condition *condition, void *unused) {
    (void)unused;
    weft_signal_again(condition);
}

static void by_signal_again(void) {
    IN_HANDLER_OF(weft_type_error)
    WEFT_HANDLER_BIND(&weft_type_warning, signal_on, NULL)
    WEFT_HANDLER_CASE {
        WEFT_TRY { weft_error(&weft_type_error, "something"); }
        WEFT_HANDLE(&weft_type_closed, condition) { (void)condition; }
    }
}

static void by_error(void) { IN_HANDLER_OF(weft_type_error) weft_error(&weft_type_error, "something"); }

static void by_warning(void) { IN_HANDLER_OF(weft_type_warning) weft_warn(&weft_type_warning, "something"); }

static void by_must(void) { IN_HANDLER_OF(weft_type_closed) weft_must(WEFT_CLOSED); }

static void by_restart(void) {
    WEFT_HANDLER_BIND(&weft_type_error, skip_it, NULL)
    WEFT_RESTART_CASE {
        WEFT_TRY { WITH_CLEANUP weft_error(&weft_type_error, "something"); }
        WEFT_RESTART("skip") { sink = 1; }
    }
}

static void by_restart_without_condition(void) {
    WEFT_RESTART_CASE {
        WEFT_TRY { WITH_CLEANUP weft_invoke_restart("skip"); }
        WEFT_RESTART("skip") { sink = 1; }
    }
}

static void by_restart_with_argument(void) {
    int number = 1;
    WEFT_RESTART_CASE {
        WEFT_TRY { WITH_CLEANUP weft_invoke_restart_with("use-value", &number); }
        WEFT_RESTART_WITH("use-value", int, given) { sink = given; }
    }
}

static void release_and_divide(void *condition) {
    weft_release_condition(*(const weft_condition **)condition);
    divide();
}

static void transfer(void) {
    static const weft_condition *kept;
    WEFT_HANDLER_CASE {
        WEFT_TRY { weft_error(&weft_type_error, "something"); }
        WEFT_HANDLE(&weft_type_error, condition) { kept = weft_retain_condition(condition); }
    }
    WEFT_UNWIND_PROTECT(release_and_divide, &kept) weft_invoke_transfer_error(kept, NULL);
}

static void transfer_by_name(void) {
    WEFT_HANDLER_CASE {
        WEFT_TRY { weft_error(&weft_type_error, "something"); }
        WEFT_HANDLE(&weft_type_error, condition) {
            WITH_CLEANUP weft_invoke_restart_with("transfer-error", &condition);
        }
    }
}

static void be_debugged(void) {
    WEFT_HANDLER_CASE {
        WEFT_TRY { weft_error(&weft_type_error, "something"); }
        WEFT_HANDLE(&weft_type_error, condition) { WITH_CLEANUP weft_invoke_debugger(condition, NULL); }
    }
}

static void by_check_kernel(void) {
    WEFT_BIND(weft_current_kernel, NULL) IN_HANDLER_OF(weft_type_no_kernel) weft_check_kernel();
}

WEFT_TASK(int, nothing) { return 0; }

static void by_submitting(void) {
    WEFT_BIND(weft_current_kernel, NULL) IN_HANDLER_OF(weft_type_no_kernel) weft_submit(NULL, nothing);
}

static void by_submitting_with_options(void) {
    weft_submit_options options = {.stack_size = 1 << 16};
    WEFT_BIND(weft_current_kernel, NULL)
    IN_HANDLER_OF(weft_type_no_kernel) weft_submit_with(&options, NULL, nothing);
}

static void by_timeout(void) {
    weft_channel *other = NULL;
    int value = 0;
    WEFT_BIND(weft_current_kernel, NULL) {
        other = weft_make_channel(int);
        WEFT_UNWIND_PROTECT(free_channel, other)
        IN_HANDLER_OF(weft_type_no_kernel) weft_free_timeout(weft_submit_timeout(other, 1, &value));
    }
}

static void by_cancelled_scope(void) {
    WEFT_HANDLER_BIND(&weft_type_task_cancelled, divide_it, NULL) {
        weft_scope *scope = weft_begin_scope(NULL, WEFT_FOREVER);
        WEFT_UNWIND_PROTECT(join, scope) {
            weft_cancel_scope(scope);
            weft_check_cancelled();
        }
    }
}

static void by_scope(void) {
    IN_HANDLER_OF(weft_type_timed_out)
    WEFT_SCOPE_UNTIL(scope, WEFT_NOW) { CHECK_NOT_NULL(scope); }
}

static void divide_body(void *unused) {
    (void)unused;
    divide();
}

static void by_call_protected(void) { weft_call_protected(divide_body, NULL, clean, NULL); }

static void by_call_handling(void) { weft_call_handling(divide_body, NULL, &weft_type_closed, NULL); }

TEST(whatever_weft_calls_back_on_any_way_that_may_signal_may_fault) {
    static const kind ways[] = {
        {"weft_signal_again", by_signal_again, 1, SIGFPE, &weft_type_arithmetic_fault},
        {"weft_error", by_error, 1, SIGFPE, &weft_type_arithmetic_fault},
        {"weft_warn", by_warning, 1, SIGFPE, &weft_type_arithmetic_fault},
        {"weft_must", by_must, 1, SIGFPE, &weft_type_arithmetic_fault},
        {"a restart of an error", by_restart, 1, SIGFPE, &weft_type_arithmetic_fault},
        {"weft_invoke_restart", by_restart_without_condition, 1, SIGFPE, &weft_type_arithmetic_fault},
        {"weft_invoke", by_restart_with_argument, 1, SIGFPE, &weft_type_arithmetic_fault},
        {"weft_invoke_transfer_error", transfer, 1, SIGFPE, &weft_type_arithmetic_fault},
        {"the restart transfer-error", transfer_by_name, 1, SIGFPE, &weft_type_arithmetic_fault},
        {"weft_invoke_debugger", be_debugged, 1, SIGFPE, &weft_type_arithmetic_fault},
        {"weft_check_kernel", by_check_kernel, 1, SIGFPE, &weft_type_arithmetic_fault},
        {"weft_submit", by_submitting, 1, SIGFPE, &weft_type_arithmetic_fault},
        {"weft_submit_with", by_submitting_with_options, 1, SIGFPE, &weft_type_arithmetic_fault},
        {"weft_submit_timeout", by_timeout, 1, SIGFPE, &weft_type_arithmetic_fault},
        {"weft_check_cancelled", by_cancelled_scope, 1, SIGFPE, &weft_type_arithmetic_fault},
        {"the end of a scope", by_scope, 1, SIGFPE, &weft_type_arithmetic_fault},
        {"weft_call_protected", by_call_protected, 1, SIGFPE, &weft_type_arithmetic_fault},
        {"weft_call_handling", by_call_handling, 1, SIGFPE, &weft_type_arithmetic_fault},
    };
    if (!catchable(ALL)) return;
    open_scene();
    weft_set_debugger(choose_nothing, NULL);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        CHECK_OK(weft_submit(results, faulting, &ways[i], false));
        receive_fault(&ways[i]);
    }
    weft_set_debugger(NULL, NULL);
    close_scene();
}

WEFT_TASK(int, dividing_below, (int, depth)) {
    if (depth == 0) divide();
    weft_spawn(dividing_below, depth - 1);
    int other = depth;
    return weft_sync(dividing_below) + other;
}

TEST(fault_of_a_spawned_task_is_raised_at_the_sync) {
    if (!catchable(ALL)) return;
    open_scene();
    for (int i = 0; i < 20; i++) {
        int value;
        CHECK_OK(weft_submit(results, dividing_below, 5));
        CHECK_STATUS(weft_receive_result(results, &value, patience()), WEFT_FAILED);
        CHECK(weft_condition_is(weft_last_condition(), &weft_type_arithmetic_fault));
    }
    close_scene();
}

WEFT_TASK(int, broadcast_fault) {
    divide();
    return 1;
}

TEST(fault_in_a_broadcast_is_told_of) {
    if (!catchable(ALL)) return;
    open_scene();
    CHECK_STATUS(weft_broadcast(kernel, NULL, broadcast_fault), WEFT_FAILED);
    CHECK(weft_condition_is(weft_last_condition(), &weft_type_arithmetic_fault));
    close_scene();
}

TEST(a_floating_point_unit_that_was_told_to_trap_complains_once) {
    if (!catchable(ALL)) return;
    open_scene();
    CHECK_OK(weft_submit(results, careful, &kinds[0], 3));
    receive_value(3);
    volatile long double third = 1.0L;
    CHECK(third / 3 < 1);
    close_scene();
}

/* ---- who decides ---- */

WEFT_TASK(int, choosy, (const kind *, k)) {
    volatile int taken = 0;
    WEFT_BIND(weft_caught_faults, k->kind) {
        WEFT_HANDLER_CASE {
            WEFT_TRY { k->fault(); }
            WEFT_HANDLE(&weft_type_fault, condition) { taken = condition != NULL; }
        }
    }
    return taken;
}

TEST(a_block_chooses_what_is_caught) {
    if (!catchable(ALL)) return;
    open_scene();
    weft_set(weft_caught_faults, 0u);
    for (int i = 0; i < KINDS; i++) {
        CHECK_OK(weft_submit(results, choosy, &kinds[i]));
        receive_value(1);
    }
    close_scene();
}

WEFT_TASK(unsigned, what_is_caught) { return weft_get(weft_caught_faults); }

TEST(kernels_and_tasks_have_their_own_choice) {
    unsigned mine = WEFT_FAULT_MEMORY, seen = 0;
    const weft_worker_binding binding = {&weft_caught_faults, NULL, &mine};
    weft_kernel *own = weft_make_kernel(1, &(weft_kernel_options){.bindings = &binding, .binding_count = 1});
    weft_channel *answers = weft_make_channel(unsigned);
    weft_variable *const captured[] = {&weft_caught_faults};
    CHECK_OK(weft_submit(answers, what_is_caught));
    CHECK_OK(weft_receive_result(answers, &seen, patience()));
    CHECK_EQ(seen, WEFT_FAULT_MEMORY);
    weft_environment *environment = NULL;
    WEFT_BIND(weft_caught_faults, WEFT_FAULT_ABORT) environment = weft_capture(captured, 1);
    CHECK_OK(weft_submit_with(&(weft_submit_options){.environment = environment}, answers, what_is_caught));
    CHECK_OK(weft_receive_result(answers, &seen, patience()));
    CHECK_EQ(seen, WEFT_FAULT_ABORT);
    weft_release_environment(environment);
    CHECK_OK(weft_free_channel(answers));
    end_and_free(own);
}

TEST(at_first_arithmetic_faults_and_exhausted_stacks_are_caught) {
    CHECK_EQ(weft_get(weft_caught_faults), WEFT_FAULT_ARITHMETIC | WEFT_FAULT_STACK);
}

TEST(handlers_of_faults_are_there_once_there_is_a_kernel) {
    struct sigaction now;
    weft_kernel *any = kernel_here();
    CHECK_STATUS(weft_leave_faults_alone(), WEFT_BUSY);
    sigaction(SIGFPE, NULL, &now);
    if (weft_catchable_faults() != 0) CHECK((now.sa_flags & SA_ONSTACK) != 0);
    end_and_free(any);
}
