/* SPDX-License-Identifier: MIT */
/* os_text.c - whose code an address lies in: Weft's, linked statically here, the program's, or a library's. */
#define _GNU_SOURCE 1

#include "os/text.h"

#include <dlfcn.h>
#include <weft.h>

#include "cpu/divert.h"
#include "harness/harness.h"
#include "sched/worker.h"

static uintptr_t place_of(void (*function)(void)) { return (uintptr_t)function; }
#define PLACE(function) place_of((void (*)(void))(function))

static void mine(void) {}

static bool here(void) {
    if (WEFTI_CAN_DIVERT && wefti_text_refresh()) return true;
    SKIP("code is not told apart here");
    return false;
}

TEST(code_of_weft_is_told_from_that_of_the_program_it_is_linked_into) {
    if (!here()) return;
    CHECK_EQ(wefti_text_of(PLACE(weft_submit_task)), WEFTI_TEXT_OURS);
    CHECK_EQ(wefti_text_of(PLACE(weft_receive_sized)), WEFTI_TEXT_OURS);
    CHECK_EQ(wefti_text_of(PLACE(wefti_loop)), WEFTI_TEXT_OURS);
    CHECK_EQ(wefti_text_of(PLACE(wefti_context_switch)), WEFTI_TEXT_OURS); /* assembly */
    CHECK_EQ(wefti_text_of(PLACE(mine)), WEFTI_TEXT_PROGRAM);
    CHECK_EQ(wefti_text_of(PLACE(harness_workers)), WEFTI_TEXT_PROGRAM); /* another archive */
}

TEST(code_of_libraries_and_what_is_no_code_are_told) {
    if (!here()) return;
    CHECK_EQ(wefti_text_of((uintptr_t)dlsym(RTLD_DEFAULT, "malloc")), WEFTI_TEXT_LIBRARY);
    CHECK_EQ(wefti_text_of((uintptr_t)dlsym(RTLD_DEFAULT, "fprintf")), WEFTI_TEXT_LIBRARY);
    CHECK_EQ(wefti_text_of(0), WEFTI_TEXT_UNKNOWN);
    int variable;
    CHECK_EQ(wefti_text_of((uintptr_t)&variable), WEFTI_TEXT_UNKNOWN);
}

TEST(functions_with_a_trait_are_known_by_their_whole_length) {
    if (!here()) return;
    uintptr_t sorts = (uintptr_t)dlsym(RTLD_DEFAULT, "qsort"), reads = (uintptr_t)dlsym(RTLD_DEFAULT, "read");
    CHECK_EQ(wefti_text_traits(sorts), WEFTI_TRAIT_CALLS);
    CHECK_EQ(wefti_text_traits(reads), WEFTI_TRAIT_BLOCKS);
    CHECK_EQ(wefti_text_traits(reads + 4), WEFTI_TRAIT_BLOCKS);
    CHECK_EQ(wefti_text_traits((uintptr_t)dlsym(RTLD_DEFAULT, "_setjmp")), WEFTI_TRAIT_NO_BARRIER);
    CHECK_EQ(wefti_text_traits((uintptr_t)dlsym(RTLD_DEFAULT, "malloc")), 0);
}
