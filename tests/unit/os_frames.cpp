/* SPDX-License-Identifier: MIT */
/* os_frames.cpp - C frames with and without something to do when they are left are told apart, whatever else they do.
 */
#include <csetjmp>
#include <cstdint>
#include <cstring>

#include "harness/harness.h"

extern "C" bool wefti_frames_have_no_pads(std::uintptr_t place);

namespace {

volatile int sink, many = 40;

struct cleaner {
    ~cleaner() { sink = sink + 1; }
};

/* An address in the frame of who asks for it. */
#define HERE reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0))

__attribute__((noinline)) bool ask(std::uintptr_t place) {
    bool none = wefti_frames_have_no_pads(place);
    sink = none;
    return none;
}

__attribute__((noinline)) bool plainly(int depth, std::uintptr_t place) {
    volatile char room[24];
    room[0] = static_cast<char>(depth);
    bool none = depth == 0 ? ask(place) : plainly(depth - 1, place);
    sink = room[0];
    return none;
}

/* Its frame has no fixed size, so it is told by the frame pointer. */
__attribute__((noinline)) bool with_array(int depth, std::uintptr_t place) {
    volatile char *room = static_cast<volatile char *>(__builtin_alloca(static_cast<std::size_t>(many + depth)));
    room[depth] = 1;
    bool none = depth == 0 ? plainly(3, place) : with_array(depth - 1, place);
    sink = room[depth];
    return none;
}

/* Uses every register that a callee keeps, the frame pointer too where it is free. */
__attribute__((noinline)) bool with_registers(long a, long b, long c, long d, long e, long f, std::uintptr_t place) {
    long x = a * b, y = c * d, z = e * f, u = a + f, v = b + e;
    for (int i = 0; i < many; i++) x += y, y ^= z, z += u, u ^= v, v += x;
    bool none = with_array(4, place);
    sink = static_cast<int>(x + y + z + u + v);
    return none;
}

__attribute__((noinline)) bool with_destructor(int depth, std::uintptr_t place) {
    cleaner here;
    return depth == 0 ? plainly(2, place) : with_destructor(depth - 1, place);
}

__attribute__((noinline)) bool plainly_above(std::uintptr_t *mine) {
    *mine = HERE - 64;
    return with_array(2, HERE);
}

__attribute__((noinline)) bool with_destructor_above() {
    cleaner here;
    std::uintptr_t place;
    return plainly_above(&place); /* this frame is further out, and not asked for */
}

bool works() {
    if (plainly(0, HERE)) return true;
    SKIP("tables of frames are not read here");
    return false;
}

} // namespace

TEST(frames_without_destructors_have_nothing_to_do) {
    if (!works()) return;
    for (int round = 0; round < 3; round++) { /* read, and then kept */
        CHECK(plainly(10, HERE));
        CHECK(with_array(10, HERE));
        CHECK(with_registers(1, 2, 3, 4, 5, 6, HERE));
    }
}

TEST(one_frame_with_a_destructor_between_is_found) {
    for (int round = 0; round < 3; round++)
        for (int depth = 0; depth < 5; depth++) CHECK(!with_destructor(depth, HERE));
}

TEST(frames_further_out_are_not_asked) {
    if (!works()) return;
    CHECK(with_destructor_above());
}

TEST(place_outside_of_the_stack_is_not_reached) { CHECK(!plainly(3, UINTPTR_MAX - 64)); }
