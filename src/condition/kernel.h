/* SPDX-License-Identifier: MIT */
/* kernel.h - what an operation does that finds no kernel. */
#ifndef WEFTI_CONDITION_KERNEL_H
#define WEFTI_CONDITION_KERNEL_H

#include "condition/condition.h"

/* Where somebody handles weft_type_no_kernel: signals it, with restarts make-kernel and store-value, unless there is a
 * current kernel by now. Returns the kernel to go on with, or NULL. */
weft_kernel *wefti_ask_kernel(const wefti_strand *self);

#endif
