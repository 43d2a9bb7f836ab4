/* SPDX-License-Identifier: MIT */
/* twin.c - the sequential count. */
#include "twin.h"

uint64_t nqueens_sequential(int queens, int row, const board *b) {
    if (row == queens) return 1;
    uint64_t sum = 0;
    for (int column = 0; column < queens; column++) {
        board next = *b;
        next.at[row] = (char)column;
        if (board_is_safe(&next, row)) sum += nqueens_sequential(queens, row + 1, &next);
    }
    return sum;
}
