/* SPDX-License-Identifier: MIT */
/* gzip.h - what stands before and after the compressed data in a gzip member (RFC 1952). */
#ifndef PRESS_GZIP_H
#define PRESS_GZIP_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "input.h"

enum { GZIP_HEADER_ROOM = 16 + NAME_MAX, GZIP_TRAILER_LENGTH = 8 };

/* Writes a header to `at`, with the name and the time of a file; returns its length. */
size_t gzip_header(unsigned char at[GZIP_HEADER_ROOM], const press_input *input, int level);

/* Writes the trailer. length: of the data before compression. */
void gzip_trailer(unsigned char at[GZIP_TRAILER_LENGTH], uint32_t check, uint64_t length);

#endif
