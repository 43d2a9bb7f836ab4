/* SPDX-License-Identifier: MIT */
/* statics.cpp - a kernel that a static object of C++ makes before main and ends after it. */
#include <cstdio>
#include <cstdlib>
#include <weft.h>

WEFT_TASK(int, twice, (int, n)) { return 2 * n; }

struct world {
    weft_kernel *kernel;
    weft_channel *results;
    world() : kernel(weft_make_kernel(2, nullptr)), results(weft_make_channel(int)) { work(21); }
    ~world() {
        work(4);
        if (weft_free_channel(results) != WEFT_OK || weft_free_kernel(kernel) != WEFT_OK) std::_Exit(1);
    }
    void work(int n) const {
        int value = 0;
        if (weft_submit(results, twice, n) != WEFT_OK) std::_Exit(1);
        if (weft_receive_result(results, &value, weft_after(30)) != WEFT_OK || value != 2 * n) std::_Exit(1);
    }
};

static world everything;

int main() {
    everything.work(3);
    return 9;
}
