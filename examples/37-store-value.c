/* SPDX-License-Identifier: MIT */
/* 37-store-value.c - futures that fail, and who forces them chooses a value instead, once for all. */
#include "check.h"

WEFT_TASK(int, quotient, (int, a), (int, b)) {
    if (b == 0) weft_error(&weft_type_error, "%d is not to be divided by 0", a);
    return a / b;
}

static void use_zero(const weft_condition *condition, void *unused) {
    (void)unused;
    printf("  asked: %s\n", weft_condition_message(condition));
    weft_invoke_restart_with("store-value", &(int){0}); /* does not come back */
}

int main(void) {
    weft_kernel *kernel = weft_make_kernel(2, NULL);
    check_made(kernel);
    weft_future *quotients[4];
    WEFT_TASK_HANDLER_BIND(&weft_type_error, weft_invoke_transfer_error, NULL) {
        for (int i = 0; i < 4; i++) quotients[i] = weft_future(quotient, 6, i);
    }
    for (int turn = 1; turn <= 2; turn++) {
        printf("turn %d\n", turn);
        WEFT_HANDLER_BIND(&weft_type_error, use_zero, NULL) {
            for (int i = 0; i < 4; i++) {
                int value = -1;
                weft_must_force(quotients[i], &value, WEFT_FOREVER);
                printf("  6 / %d = %d\n", i, value);
            }
        }
    }
    for (int i = 0; i < 4; i++) weft_release_future(quotients[i]);
    check(weft_free_kernel(kernel));
    return 0;
}
