/* SPDX-License-Identifier: MIT */
/* frames.h - whether the C frames between here and a place further out have anything to do when they are left.
 *
 * Idea: the system's unwinder takes about 1,000 instructions for each C frame: it looks for the tables of the code,
 * interprets them, and asks the language's routine. Most frames have no such routine, and where none on the way has,
 * nobody needs to walk at all. What must be known of a frame for that is little, and always the same for one return
 * address: whether it has a table of landing pads, and where the next frame begins. So it is read from the compiler's
 * tables once and kept.
 *
 * Only for frames of the usual kind: the frame address is the stack or frame pointer and a number, the return address
 * lies just below it. Whatever else is met (signal frames, stacks that are realigned, code without tables) is answered
 * with false: walk.
 *
 * Source: the format of .eh_frame (Linux Standard Base 5.0, DWARF 4, section 6.4); keeping what was interpreted, by
 * Bastian, Kell, Zappa Nardelli, "Reliable and fast DWARF-based stack unwinding" (OOPSLA 2019), who compile all of it.
 */
#ifndef WEFTI_FRAMES_H
#define WEFTI_FRAMES_H

#include "base/base.h"

/* Whether none of the caller's C frames, up to and with the one in which the address `place` of this stack lies, has
 * landing pads. false: one has, or it cannot be told. */
bool wefti_frames_have_no_pads(uintptr_t place);

#endif
