/* SPDX-License-Identifier: MIT */
/* policy.c - (to come) */
#include "comm/policy.h"
#include "comm/store.h"
weft_status wefti_policy_check(const weft_buffer *b, size_t n) {
    (void)b, (void)n;
    return WEFT_INVALID;
}
bool wefti_policy_adopt(weft_channel *c, weft_buffer *b) {
    (void)c, (void)b;
    return false;
}
void wefti_policy_give_back(weft_channel *c) { (void)c; }
void wefti_policy_free(weft_channel *c) { (void)c; }
weft_status wefti_policy_put(weft_channel *c, const void *v, const wefti_condition *k) {
    (void)c, (void)v, (void)k;
    return WEFT_INVALID;
}
weft_status wefti_policy_take(weft_channel *c, void *v, const wefti_condition **k) {
    (void)c, (void)v, (void)k;
    return WEFT_INVALID;
}
weft_status wefti_policy_peek(weft_channel *c, void *v) {
    (void)c, (void)v;
    return WEFT_INVALID;
}
bool wefti_gaps_front_ready(weft_channel *c) { return wefti_stored(c) != 0; }
