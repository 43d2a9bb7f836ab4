/* SPDX-License-Identifier: MIT */
/* a_wrong_value_for_a_binding_is_refused.c - a binding of a dynamic variable takes values of its type. */
#include <weft.h>

WEFT_VARIABLE(const char *, title, "none");

weft_status try_it(weft_channel *channel);
weft_status try_it(weft_channel *channel) {
#ifdef RIGHT
    WEFT_BIND(title, "some") { return channel ? WEFT_OK : WEFT_INVALID; }
    return WEFT_OK;
#else
    WEFT_BIND(title, 17) { return channel ? WEFT_OK : WEFT_INVALID; }
    return WEFT_OK;
#endif
}
