/* SPDX-License-Identifier: MIT */
/* gzip.c - what stands before and after the compressed data in a gzip member (RFC 1952). */
#include "gzip.h"

#include <string.h>

enum { DEFLATE = 8, HAS_NAME = 8, SLOWEST = 2, FASTEST = 4, UNIX = 3 };

static void put_32(unsigned char *at, uint32_t value) {
    for (int i = 0; i < 4; i++) at[i] = (unsigned char)(value >> (8 * i));
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

size_t gzip_header(unsigned char at[GZIP_HEADER_ROOM], const press_input *input, int level) {
    const char *name = input->path != NULL ? base_name(input->path) : "";
    size_t length = strlen(name);
    if (length > NAME_MAX) length = 0;
    memset(at, 0, 10);
    at[0] = 0x1f;
    at[1] = 0x8b;
    at[2] = DEFLATE;
    at[3] = length > 0 ? HAS_NAME : 0;
    if (input->path != NULL && input->status.st_mtime > 0) put_32(at + 4, (uint32_t)input->status.st_mtime);
    at[8] = level == 9 ? SLOWEST : level == 1 ? FASTEST : 0;
    at[9] = UNIX;
    if (length == 0) return 10;
    memcpy(at + 10, name, length);
    at[10 + length] = 0;
    return 10 + length + 1;
}

void gzip_trailer(unsigned char at[GZIP_TRAILER_LENGTH], uint32_t check, uint64_t length) {
    put_32(at, check);
    put_32(at + 4, (uint32_t)length);
}
