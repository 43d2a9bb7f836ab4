/* SPDX-License-Identifier: MIT */
/* 01-hello-task.c - a task is submitted through a channel, and its result is received from it. */
#include <stdio.h>

#include <weft.h>

/* A task is a plain function; the macro also makes what it takes to submit it with typed arguments. */
WEFT_TASK(int, add, (int, a), (int, b)) { return a + b; }

int main(void) {
    weft_kernel *kernel = weft_make_kernel(0, NULL); /* 0: as many workers as this process may use */
    weft_channel *results = weft_make_channel(int);
    int seven = 0;
    weft_status status = weft_last_status();
    if (kernel != NULL && results != NULL) {
        status = weft_submit(results, add, 3, 4);
        if (status == WEFT_OK) status = weft_receive_result(results, &seven, WEFT_FOREVER);
    }
    if (status == WEFT_OK)
        printf("3 + 4 = %d\n", seven);
    else
        fprintf(stderr, "01-hello-task: %s\n", weft_status_message(status));
    bool freed = weft_free_channel(results) == WEFT_OK && weft_free_kernel(kernel) == WEFT_OK;
    return status == WEFT_OK && freed ? 0 : 1;
}
