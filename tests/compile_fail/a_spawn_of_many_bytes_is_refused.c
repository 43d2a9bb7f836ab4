/* SPDX-License-Identifier: MIT */
/* a_spawn_of_many_bytes_is_refused.c - what is spawned has a slot of 48 bytes; a submission may have more. */
#include <weft.h>

typedef struct board {
    char squares[64];
} board;

WEFT_TASK(int, first, (board, b)) { return b.squares[0]; }
WEFT_TASK(int, first_there, (const board *, b)) { return b->squares[0]; }

int try_it(const board *b);
int try_it(const board *b) {
#ifdef RIGHT
    weft_spawn(first_there, b);
    return weft_sync(first_there) + weft_call(first, *b);
#else
    weft_spawn(first, *b);
    return weft_sync(first) + weft_call(first_there, b);
#endif
}
