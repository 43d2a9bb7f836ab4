/* SPDX-License-Identifier: MIT */
/* another_struct_is_refused.c - a task that wants a struct is given one of another type and the same fields. */
#include <weft.h>

struct point {
    double x, y;
};
struct size {
    double x, y;
};
WEFT_TASK(double, area, (struct point, corner)) { return corner.x * corner.y; }

weft_status try_it(weft_channel *channel);
weft_status try_it(weft_channel *channel) {
#ifdef RIGHT
    struct point corner = {3, 4};
    return weft_submit(channel, area, corner);
#else
    struct size corner = {3, 4};
    return weft_submit(channel, area, corner);
#endif
}
