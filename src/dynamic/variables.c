/* SPDX-License-Identifier: MIT */
/* variables.c - the dynamic variables that Weft itself reads, with their global values. Row D3. */
#include "dynamic/env.h"

const char weft_category_default[] = "default";

WEFT_PUBLIC_VARIABLE(weft_kernel *, weft_current_kernel, NULL);
WEFT_PUBLIC_VARIABLE(weft_priority, weft_task_priority, WEFT_PRIORITY_DEFAULT);
WEFT_PUBLIC_VARIABLE(weft_category, weft_task_category, weft_category_default);
WEFT_PUBLIC_VARIABLE(bool, weft_debug_tasks, true);
WEFT_PUBLIC_VARIABLE(int64_t, weft_spin_count, 2000);

static void *no_handlers;
weft_variable wefti_task_handlers = {"task-handlers", &no_handlers, sizeof no_handlers, 0};
