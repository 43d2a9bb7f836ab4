/* SPDX-License-Identifier: MIT */
/* plus.cpp - the same as main.c, in C++. */
#include <cstdio>

#include <weft.h>

WEFT_TASK(int, add, (int, a), (int, b)) { return a + b; }

int main() {
    int seven = 0;
    weft_kernel *kernel = weft_make_kernel(2, nullptr);
    weft_channel *results = weft_make_channel(int);
    if (!kernel || !results || weft_submit(results, add, 3, 4) != WEFT_OK ||
        weft_receive_result(results, &seven, WEFT_FOREVER) != WEFT_OK)
        return 1;
    if (weft_free_channel(results) != WEFT_OK || weft_free_kernel(kernel) != WEFT_OK) return 1;
    std::printf("weft %s: 3 + 4 = %d\n", WEFT_VERSION, seven);
    return seven != 7;
}
