/* SPDX-License-Identifier: MIT */
/* for.c - loops over ranges and rectangles. */
#include "parallel/split.h"

enum { LOOP_GRAIN = 1, SIDE_OF_A_BLOCK = 32 };

typedef struct loop {
    wefti_split split;
    void (*body)(size_t from, size_t to, void *context);
    void *context;
} loop;

static void run_loop(wefti_split *split, size_t part, size_t from, size_t to) {
    loop *self = WEFTI_CONTAINER(split, loop, split);
    (void)part;
    self->body(from, to, self->context);
}

weft_status weft_for(size_t from, size_t to, void (*body)(size_t from, size_t to, void *context), void *context,
                     const weft_parallel_options *options) {
    if (body == NULL) return WEFT_INVALID;
    loop self = {.body = body, .context = context};
    wefti_split_begin(&self.split, from, to, LOOP_GRAIN, options);
    self.split.run = run_loop;
    return wefti_split_run(&self.split);
}

/* ---- rectangles: blocks, row after row of them ---- */

typedef struct field {
    wefti_split split;
    void (*body)(size_t row, size_t rows_end, size_t column, size_t columns_end, void *context);
    void *context;
    size_t rows, columns, height, width, across; /* of all; of a block; blocks side by side */
} field;

static void run_blocks(wefti_split *split, size_t part, size_t from, size_t to) {
    field *self = WEFTI_CONTAINER(split, field, split);
    (void)part;
    for (size_t block = from; block < to; block++) {
        size_t row = block / self->across * self->height, column = block % self->across * self->width;
        self->body(row, WEFTI_MIN(row + self->height, self->rows), column,
                   WEFTI_MIN(column + self->width, self->columns), self->context);
    }
}

weft_status weft_for_2d(size_t rows, size_t columns,
                        void (*body)(size_t row, size_t rows_end, size_t column, size_t columns_end, void *context),
                        void *context, const weft_parallel_options *options) {
    if (body == NULL) return WEFT_INVALID;
    if (rows == 0 || columns == 0) return WEFT_OK;
    field self = {.body = body, .context = context, .rows = rows, .columns = columns};
    self.height = self.width = SIDE_OF_A_BLOCK;
    self.across = (columns + self.width - 1) / self.width;
    wefti_split_begin(&self.split, 0, self.across * ((rows + self.height - 1) / self.height), 1, options);
    self.split.run = run_blocks;
    return wefti_split_run(&self.split);
}
