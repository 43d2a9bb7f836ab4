/* SPDX-License-Identifier: MIT */
/* 10-broadcast.c - a task that runs once in each worker, at the same time in all of them. */
#include "check.h"

enum { WORKERS = 4 };

/* Each comes, and leaves only when all have come: so they do run at the same time. */
WEFT_TASK(int, meet, (weft_channel *, arrivals), (weft_channel *, leave)) {
    int index = weft_kernel_worker_index(), word;
    check(weft_send(arrivals, &index, WEFT_FOREVER));
    if (index == 0) {
        for (int i = 0; i < WORKERS; i++) check(weft_receive(arrivals, &word, WEFT_FOREVER));
        for (int i = 0; i < WORKERS; i++) check(weft_send(leave, &i, WEFT_FOREVER));
    }
    check(weft_receive(leave, &word, WEFT_FOREVER));
    return index;
}

int main(void) {
    weft_kernel *kernel = weft_make_kernel(WORKERS, NULL);
    check_made(kernel);
    weft_channel *arrivals = weft_make_channel(int);
    check_made(arrivals);
    weft_channel *leave = weft_make_channel(int);
    check_made(leave);

    int indices[WORKERS]; /* the results, in the order of the workers */
    check(weft_broadcast(kernel, indices, meet, arrivals, leave));
    for (int i = 0; i < WORKERS; i++) printf("worker %d answered %d\n", i, indices[i]);

    check(weft_free_channel(leave));
    check(weft_free_channel(arrivals));
    check(weft_free_kernel(kernel));
    return 0;
}
