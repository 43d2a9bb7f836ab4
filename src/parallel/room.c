/* SPDX-License-Identifier: MIT */
/* room.c - memory that an algorithm needs for a while. */
#include <stdlib.h>

#include "os/os.h"
#include "parallel/split.h"

enum { LARGE = 4 << 20 }; /* bytes: less is not worth whole large pages */

void *wefti_parallel_room(size_t size) {
    void *room = malloc(size);
    if (room != NULL && size >= LARGE) wefti_pages_large(room, size);
    return room;
}
