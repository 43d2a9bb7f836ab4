/* SPDX-License-Identifier: MIT */
/* text.h - where the code of Weft lies, told by each of its files, so that it can be told from the program's own.
 *
 * Idea: a handler of signals wants to know whether it has interrupted Weft or its user. In a program that Weft is
 * linked into statically both lie in one object. So each file of the library leaves a pair of labels around the code
 * that it puts in each of the compiler's code sections, and a note of the two in the section weft_text_parts, whose
 * begin and end the linker names. The label at the end stands in the last subsection of its section, so nothing of the
 * file comes after it. The notes are distances: they need no work when the program is loaded.
 *
 * Not covered: functions in sections of their own (-ffunction-sections) and link-time optimisation. os/text.c looks
 * whether some functions that it knows are covered, and says so if not.
 */
#ifndef WEFTI_TEXT_PARTS_H
#define WEFTI_TEXT_PARTS_H

/* clang-format off */
#if defined(__ASSEMBLER__)

.macro weft_text_part
.pushsection .text, "ax", %progbits
.Lweft_text_from:
.subsection 8191
.Lweft_text_to:
.popsection
.pushsection weft_text_parts, "a", %progbits
.balign 4
.long .Lweft_text_from - .
.long .Lweft_text_to - .
.popsection
.endm
weft_text_part

#elif defined(WEFTI_INSIDE) && !defined(WEFT_EXPLORE) && defined(__ELF__)

__asm__(
    ".macro weft_text_part section\n"
    ".pushsection \\section, \"ax\", %progbits\n"
    ".Lweft_text_from\\@:\n"
    ".subsection 8191\n"
    ".Lweft_text_to\\@:\n"
    ".popsection\n"
    ".pushsection weft_text_parts, \"a\", %progbits\n"
    ".balign 4\n"
    ".long .Lweft_text_from\\@ - .\n"
    ".long .Lweft_text_to\\@ - .\n"
    ".popsection\n"
    ".endm\n"
    "weft_text_part .text\n"
    "weft_text_part .text.unlikely\n"
    "weft_text_part .text.hot\n"
    "weft_text_part .text.startup\n"
    "weft_text_part .text.exit\n"
    ".purgem weft_text_part\n");
#endif
/* clang-format on */

#endif
