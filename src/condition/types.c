/* SPDX-License-Identifier: MIT */
/* types.c - the types of conditions that Weft itself signals, or that others descend from. */
#include <weft/condition.h>

#define TYPE(name, parent, status) const weft_condition_type weft_type_##name = {#name, &weft_type_##parent, status}

const weft_condition_type weft_type_condition = {"condition", NULL, WEFT_FAILED};
TYPE(warning, condition, WEFT_OK);
TYPE(error, condition, WEFT_OK);
TYPE(status_error, error, WEFT_OK);
TYPE(timed_out, status_error, WEFT_OK);
TYPE(closed, status_error, WEFT_OK);
TYPE(no_kernel, status_error, WEFT_OK);
TYPE(ended, status_error, WEFT_OK);
TYPE(invalid, status_error, WEFT_OK);
TYPE(wrong_size, status_error, WEFT_OK);
TYPE(no_memory, status_error, WEFT_OK);
TYPE(no_threads, status_error, WEFT_OK);
TYPE(in_worker, status_error, WEFT_OK);
TYPE(busy, status_error, WEFT_OK);
TYPE(kernel_creation, status_error, WEFT_OK);
TYPE(task_error, error, WEFT_OK);
TYPE(task_killed, task_error, WEFT_KILLED);
TYPE(task_cancelled, task_error, WEFT_CANCELLED);
TYPE(fault, error, WEFT_OK);
TYPE(arithmetic_fault, fault, WEFT_OK);
TYPE(memory_fault, fault, WEFT_OK);
TYPE(stack_exhausted, fault, WEFT_OK);
TYPE(instruction_fault, fault, WEFT_OK);
TYPE(aborted, fault, WEFT_OK);

bool weft_type_is(const weft_condition_type *type, const weft_condition_type *ancestor) {
    while (type != NULL && type != ancestor) type = type->parent;
    return type != NULL;
}

const weft_condition_type *weft_type_of_status(weft_status status) {
    static const weft_condition_type *const types[] = {
        [WEFT_TIMED_OUT] = &weft_type_timed_out,
        [WEFT_CLOSED] = &weft_type_closed,
        [WEFT_FAILED] = &weft_type_task_error,
        [WEFT_CANCELLED] = &weft_type_task_cancelled,
        [WEFT_NO_KERNEL] = &weft_type_no_kernel,
        [WEFT_ENDED] = &weft_type_ended,
        [WEFT_INVALID] = &weft_type_invalid,
        [WEFT_WRONG_SIZE] = &weft_type_wrong_size,
        [WEFT_NO_MEMORY] = &weft_type_no_memory,
        [WEFT_NO_THREADS] = &weft_type_no_threads,
        [WEFT_IN_WORKER] = &weft_type_in_worker,
        [WEFT_BUSY] = &weft_type_busy,
        [WEFT_NOT_STARTED] = &weft_type_kernel_creation,
        [WEFT_KILLED] = &weft_type_task_killed,
    };
    bool known = (unsigned)status < sizeof types / sizeof *types && types[status] != NULL;
    return known ? types[status] : &weft_type_status_error;
}
