/* SPDX-License-Identifier: MIT */
/* a_wrong_value_for_a_variable_is_refused.c - a dynamic variable takes values of its type. */
#include <weft.h>

WEFT_VARIABLE(const char *, title, "none");

weft_status try_it(weft_channel *channel);
weft_status try_it(weft_channel *channel) {
#ifdef RIGHT
    weft_set(title, "some");
    return channel ? WEFT_OK : WEFT_INVALID;
#else
    weft_set(title, 17);
    return channel ? WEFT_OK : WEFT_INVALID;
#endif
}
