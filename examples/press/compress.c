/* SPDX-License-Identifier: MIT */
/* compress.c - the task of the workers, and what each worker has for it.
 *
 * A compressor is large and slow to make, so it belongs to a worker and not to a task. A task stays on the worker that
 * began it, hence whatever weft_get finds here is in nobody else's hands.
 */
#include "compress.h"

typedef struct worker_compressor {
    const press_backend *backend;
    void *compressor;
} worker_compressor;

WEFT_VARIABLE(worker_compressor, own, {NULL, NULL});

void compress_with(weft_worker_loop *loop, void *settings) {
    const compress_settings *wanted = settings;
    worker_compressor mine = {wanted->backend, wanted->backend->open(wanted->level)};
    if (mine.compressor == NULL) return; /* the kernel is not made then */
    WEFT_BIND(own, mine) { weft_enter_worker_loop(loop); }
    mine.backend->close(mine.compressor);
}

WEFT_PUBLIC_TASK(press_packed, compress_block, (press_block *, work)) {
    worker_compressor mine = weft_get(own);
    return mine.backend->pack(mine.compressor, work);
}
