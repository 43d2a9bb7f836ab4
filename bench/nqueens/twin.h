/* SPDX-License-Identifier: MIT */
/* twin.h - the board, and the sequential count of solutions. */
#ifndef NQUEENS_TWIN_H
#define NQUEENS_TWIN_H

#include <stdint.h>

enum { QUEENS_MOST = 16 };

typedef struct board {
    char at[QUEENS_MOST]; /* the column of each row's queen */
} board;

static inline int board_is_safe(const board *b, int row) {
    for (int i = 0; i < row; i++)
        if (b->at[i] == b->at[row] || b->at[i] - b->at[row] == row - i || b->at[row] - b->at[i] == row - i) return 0;
    return 1;
}

/* Solutions with `row` queens in place. */
uint64_t nqueens_sequential(int queens, int row, const board *b);

/* Solutions of 8 to 14 queens. */
static inline uint64_t nqueens_known(int queens) {
    static const uint64_t known[] = {92, 352, 724, 2680, 14200, 73712, 365596};
    return known[queens - 8];
}

#endif
