/* SPDX-License-Identifier: MIT */
/* compress.h - the task of the workers, and what each worker has for it. */
#ifndef PRESS_COMPRESS_H
#define PRESS_COMPRESS_H

#include "backend.h"

/* Compresses a block with the compressor of the worker that runs it. */
WEFT_DECLARE_TASK(press_packed, compress_block, (press_block *, work));

typedef struct compress_settings {
    const press_backend *backend;
    int level;
} compress_settings;

/* The context of the kernel's workers: gives each a compressor for its whole life. settings: a compress_settings. */
void compress_with(weft_worker_loop *loop, void *settings);

#endif
