/* SPDX-License-Identifier: MIT */
/* 32-queens.c - the queens' problem: spawns in a loop, syncs in another. Argument: how many queens, at most 16. */
#include "check.h"

enum { MOST = 16 };

typedef struct board {
    int queens;
    char column[MOST]; /* of each row's queen */
} board;

static bool safe(const board *b, int row) {
    for (int i = 0; i < row; i++)
        if (b->column[i] == b->column[row] || abs(b->column[i] - b->column[row]) == row - i) return false;
    return true;
}

static long by_calls(board b, int row) {
    long sum = row == b.queens;
    for (int column = 0; row < b.queens && column < b.queens; column++) {
        b.column[row] = (char)column;
        if (safe(&b, row)) sum += by_calls(b, row + 1);
    }
    return sum;
}

/* A board fits in the arguments of a spawned task, so each has its own. */
WEFT_TASK(long, place, (board, b), (int, row)) {
    if (row == b.queens) return 1;
    int spawned = 0;
    long sum = 0;
    for (int column = 0; column < b.queens; column++) {
        b.column[row] = (char)column;
        if (!safe(&b, row)) continue;
        weft_spawn(place, b, row + 1);
        spawned++;
    }
    while (spawned-- > 0) sum += weft_sync(place);
    return sum;
}

int main(int argc, char **argv) {
    board empty = {.queens = argc > 1 ? atoi(argv[1]) : 9};
    if (empty.queens < 1 || empty.queens > MOST) return EXIT_FAILURE;
    weft_kernel *kernel = weft_make_kernel(0, NULL);
    check_made(kernel);
    weft_channel *results = weft_make_channel(long);
    check_made(results);
    check(weft_submit(results, place, empty, 0));
    long forked;
    check(weft_receive_result(results, &forked, WEFT_FOREVER));
    printf("%d queens: %ld solutions, by calls %ld\n", empty.queens, forked, by_calls(empty, 0));
    check(weft_free_channel(results));
    check(weft_free_kernel(kernel));
    return EXIT_SUCCESS;
}
