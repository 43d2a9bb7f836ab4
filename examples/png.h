/* SPDX-License-Identifier: MIT */
/* png.h - writes a picture as a PNG file, without compression, so that no library is needed. */
#ifndef EXAMPLES_PNG_H
#define EXAMPLES_PNG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef struct png_file {
    FILE *file;
    uint32_t crc, low, high; /* of a chunk; of all that is compressed (Adler-32) */
} png_file;

static void png_put(png_file *png, const void *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        png->crc ^= ((const unsigned char *)bytes)[i];
        for (int bit = 0; bit < 8; bit++) png->crc = png->crc >> 1 ^ (png->crc & 1 ? 0xedb88320u : 0);
    }
    fwrite(bytes, 1, count, png->file);
}

static void png_put_number(png_file *png, size_t number) {
    for (int shift = 24; shift >= 0; shift -= 8) png_put(png, &(unsigned char){(unsigned char)(number >> shift)}, 1);
}

static void png_begin(png_file *png, const char *type, size_t length) {
    png_put_number(png, length);
    png->crc = UINT32_MAX;
    png_put(png, type, 4);
}

static void png_end(png_file *png) { png_put_number(png, ~png->crc); }

/* A row is a block of its own, of a byte that says "no filter", and its pixels. */
static void png_put_row(png_file *png, const unsigned char *rgb, size_t bytes, bool last) {
    size_t length = bytes + 1;
    const unsigned char head[] = {last,
                                  (unsigned char)length,
                                  (unsigned char)(length >> 8),
                                  (unsigned char)~length,
                                  (unsigned char)(~length >> 8),
                                  0};
    png_put(png, head, sizeof head);
    png_put(png, rgb, bytes);
    png->high = (png->high + png->low) % 65521;
    for (size_t i = 0; i < bytes; i++) {
        png->low = (png->low + rgb[i]) % 65521;
        png->high = (png->high + png->low) % 65521;
    }
}

/* Three bytes a pixel, at most 21,844 pixels a row. */
static bool png_write(const char *name, const unsigned char *rgb, size_t width, size_t height) {
    png_file png = {fopen(name, "wb"), 0, 1, 0};
    if (png.file == NULL || width == 0 || 3 * width + 1 > 65535) return false;
    fwrite("\211PNG\r\n\032\n", 1, 8, png.file);
    png_begin(&png, "IHDR", 13);
    png_put_number(&png, width);
    png_put_number(&png, height);
    png_put(&png, "\10\2\0\0", 5); /* eight bits of red, green and blue */
    png_end(&png);
    png_begin(&png, "IDAT", 2 + height * (3 * width + 6) + 4);
    png_put(&png, "\170\1", 2);
    for (size_t row = 0; row < height; row++) png_put_row(&png, rgb + 3 * width * row, 3 * width, row + 1 == height);
    png_put_number(&png, (size_t)png.high << 16 | png.low);
    png_end(&png);
    png_begin(&png, "IEND", 0);
    png_end(&png);
    bool good = !ferror(png.file);
    return fclose(png.file) == 0 && good;
}

#endif
