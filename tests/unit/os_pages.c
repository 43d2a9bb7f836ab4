/* SPDX-License-Identifier: MIT */
/* os_pages.c - pages are zero, guards are faults and stay, forgotten pages are zero again. */
#include "harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "os/os.h"

/* Whether the byte can be read; the system says so without a fault of ours. */
static bool readable(const char *byte) {
    int ends[2];
    if (pipe(ends) != 0) return false;
    bool good = write(ends[1], byte, 1) == 1;
    if (!good && errno != EFAULT) FAIL("write: %s", strerror(errno));
    close(ends[0]);
    close(ends[1]);
    return good;
}

TEST(the_page_size_is_a_power_of_two) {
    size_t size = wefti_page_size();
    CHECK_GE(size, 4096);
    CHECK_EQ(size & (size - 1), 0);
}

TEST(pages_are_zero_and_can_be_written) {
    size_t size = 4 * wefti_page_size();
    char *pages = wefti_pages_map(size);
    if (!CHECK_NOT_NULL(pages)) return;
    CHECK_EQ(pages[0], 0);
    CHECK_EQ(pages[size - 1], 0);
    memset(pages, 1, size);
    wefti_pages_unmap(pages, size);
}

TEST(more_than_there_is_gives_null) { CHECK_NULL(wefti_pages_map((size_t)1 << 62)); }

TEST(forgotten_pages_are_zero_again) {
    size_t page = wefti_page_size(), size = 4 * page;
    char *pages = wefti_pages_map(size);
    if (!CHECK_NOT_NULL(pages)) return;
    memset(pages, 1, size);
    wefti_pages_forget(pages + page, 2 * page);
    CHECK_EQ(pages[page - 1], 1);
    CHECK_EQ(pages[page], 0);
    CHECK_EQ(pages[3 * page - 1], 0);
    CHECK_EQ(pages[3 * page], 1);
    wefti_pages_unmap(pages, size);
}

TEST(a_guard_cannot_be_read_and_its_neighbours_can) {
    size_t page = wefti_page_size(), size = 3 * page;
    char *pages = wefti_pages_map(size);
    if (!CHECK_NOT_NULL(pages)) return;
    if (!CHECK(wefti_pages_guard(pages + page))) return;
    CHECK(readable(pages + page - 1));
    CHECK(!readable(pages + page));
    CHECK(!readable(pages + 2 * page - 1));
    CHECK(readable(pages + 2 * page));
    wefti_pages_unmap(pages, size);
}

TEST(a_part_of_a_guard_opens_and_closes) {
    size_t page = wefti_page_size(), size = 8 * page, mappings = 0;
    char *pages = wefti_pages_map(size);
    if (!CHECK_NOT_NULL(pages)) return;
    CHECK_EQ(wefti_pages_guard_many(pages, 4 * page, 4 * page, 1, &mappings), 1);
    for (int round = 0; round < 3; round++) {
        CHECK(!readable(pages) && !readable(pages + page) && !readable(pages + 4 * page - 1));
        CHECK(wefti_pages_open(pages + page, 3 * page));
        CHECK(!readable(pages));
        CHECK_EQ(pages[page], 0);
        memset(pages + page, 1, 3 * page);
        CHECK(wefti_pages_close(pages + page, 3 * page));
        CHECK(readable(pages + 4 * page));
    }
    wefti_pages_unmap(pages, size);
    wefti_pages_guards_gone(mappings);
}

TEST(guards_stay_when_memory_is_forgotten) {
    size_t page = wefti_page_size(), size = 3 * page;
    char *pages = wefti_pages_map(size);
    if (!CHECK_NOT_NULL(pages)) return;
    CHECK(wefti_pages_guard(pages));
    memset(pages + page, 1, 2 * page);
    wefti_pages_forget(pages, size);
    CHECK(!readable(pages));
    CHECK_EQ(pages[page], 0);
    wefti_pages_unmap(pages, size);
}

TEST(many_guards_are_made_at_once) {
    enum { COUNT = 200 };
    size_t page = wefti_page_size(), stride = 4 * page, size = COUNT * stride, mappings = 0;
    char *pages = wefti_pages_map(size);
    if (!CHECK_NOT_NULL(pages)) return;
    CHECK_EQ(wefti_pages_guard_many(pages, wefti_page_size(), stride, COUNT, &mappings), COUNT);
    CHECK(mappings == 0 || mappings == COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        if (!CHECK(!readable(pages + i * stride))) break;
        if (!CHECK(readable(pages + i * stride + page))) break;
    }
    CHECK_EQ(wefti_pages_guard_many(pages, wefti_page_size(), stride, 0, &mappings), 0);
    wefti_pages_unmap(pages, size);
    wefti_pages_guards_gone(mappings);
}

/* Where guards cost mappings they end some time, in order and not by exhausting the process; given back, they can be
 * had again. Where they are free there is no end. */
TEST(guards_that_cost_mappings_are_limited_and_returned) {
    enum { COUNT = 16000 };
    size_t page = wefti_page_size(), stride = 2 * page, size = COUNT * stride, mappings = 0;
    for (int round = 0; round < 2; round++) {
        char *pages = wefti_pages_map(size);
        if (!CHECK_NOT_NULL(pages)) return;
        mappings = 0;
        size_t got = wefti_pages_guard_many(pages, wefti_page_size(), stride, COUNT, &mappings);
        CHECK(mappings == 0 ? got == COUNT : got == mappings && got >= 10000 && got < COUNT);
        void *more = wefti_pages_map(page); /* there is room for the rest of the program */
        CHECK_NOT_NULL(more);
        wefti_pages_unmap(more, page);
        wefti_pages_unmap(pages, size);
        wefti_pages_guards_gone(mappings);
    }
}
