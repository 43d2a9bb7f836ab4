/* SPDX-License-Identifier: MIT */
/* kernel.c - operations without a kernel: a condition with restarts that provide one. Row K3. */
#include "condition/kernel.h"

static weft_kernel *make(unsigned count) {
    weft_kernel *kernel = weft_make_kernel(count, NULL);
    if (kernel == NULL)
        weft_error(&weft_type_kernel_creation, "no kernel of %u workers could be made: %s", count,
                   weft_status_message(weft_last_status()));
    return kernel;
}

static void signal_no_kernel(bool must) {
    static const char message[] = "no kernel was given and there is no current kernel";
    if (must) weft_error(&weft_type_no_kernel, message);
    weft_signal(&weft_type_no_kernel, message);
}

/* NULL: nobody chose a restart, or it gave none. */
static weft_kernel *ask(bool must) {
    weft_kernel *volatile kernel = NULL;
    WEFT_RESTART_CASE {
        WEFT_TRY { signal_no_kernel(must); }
        WEFT_RESTART_WITH("make-kernel", unsigned, count) { kernel = make(count); }
        WEFT_RESTART_WITH("store-value", weft_kernel *, given) { kernel = given; }
    }
    if (kernel != NULL) weft_set(weft_current_kernel, kernel);
    return kernel;
}

weft_kernel *weft_check_kernel(void) {
    weft_kernel *kernel = weft_get(weft_current_kernel);
    while (kernel == NULL) kernel = ask(true);
    return kernel;
}

weft_kernel *wefti_ask_kernel(const wefti_strand *self) {
    if (self == NULL || !wefti_handled(self, &weft_type_no_kernel)) return NULL;
    weft_kernel *kernel = weft_get(weft_current_kernel);
    return kernel != NULL ? kernel : ask(false);
}
