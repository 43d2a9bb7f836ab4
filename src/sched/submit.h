/* SPDX-License-Identifier: MIT */
/* submit.h - putting a task into a kernel's queues. */
#ifndef WEFTI_SUBMIT_H
#define WEFTI_SUBMIT_H

#include "sched/task.h"

/* Submits a task whose outcome goes to `sink` (NULL: dropped). kernel is not NULL. Statuses as weft_submit_task. */
weft_status wefti_submit(weft_kernel *kernel, const weft_submit_options *options, wefti_sink *sink,
                         const weft_task_type *type, const void *arguments);

#endif
