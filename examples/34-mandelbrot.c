/* SPDX-License-Identifier: MIT */
/* 34-mandelbrot.c - a picture, computed in blocks, with a progress bar on stderr. Arguments: a file to write (PNG), its
 * width. */
#include "check.h"
#include "png.h"

typedef struct picture {
    size_t width, height;
    unsigned char *rgb;
} picture;

static int steps_at(double x, double y) {
    double a = 0, b = 0;
    int step = 0;
    for (; step < 255 && a * a + b * b < 4; step++) {
        double next = a * a - b * b + x;
        b = 2 * a * b + y;
        a = next;
    }
    return step;
}

static weft_status paint(size_t row, size_t rows_end, size_t column, size_t columns_end, void *context) {
    const picture *p = context;
    for (size_t r = row; r < rows_end; r++)
        for (size_t c = column; c < columns_end; c++) {
            double scale = 3.0 / (double)p->width;
            int steps = steps_at((double)c * scale - 2.2, ((double)r - (double)p->height / 2) * scale);
            unsigned char *pixel = p->rgb + 3 * (r * p->width + c);
            pixel[0] = (unsigned char)(steps == 255 ? 0 : steps * 5);
            pixel[1] = (unsigned char)(steps == 255 ? 0 : steps * 9);
            pixel[2] = (unsigned char)(steps == 255 ? 0 : 60 + steps * 13);
        }
    return WEFT_OK;
}

static void show(size_t done, size_t all, void *context) {
    (void)context;
    static const char bar[] = "##################################################";
    fprintf(stderr, "\r[%-50.*s] %3zu %%", (int)(done * 50 / all), bar, done * 100 / all);
    if (done == all) fputc('\n', stderr);
}

int main(int argc, char **argv) {
    picture p = {.width = argc > 2 ? (size_t)atol(argv[2]) : 240};
    p.height = p.width * 2 / 3;
    p.rgb = malloc(3 * p.width * p.height);
    if (p.rgb == NULL) return EXIT_FAILURE;
    weft_kernel *kernel = weft_make_kernel(0, &(weft_kernel_options){.use_caller = true});
    check_made(kernel);
    const weft_parallel_options options = {.progress = show};
    check(weft_for_tiles(&options, p.height, p.width, 0, paint, &p));
    check(weft_free_kernel(kernel));

    size_t inside = 0;
    for (size_t i = 0; i < p.width * p.height; i++) inside += p.rgb[3 * i + 2] == 0;
    printf("%zu by %zu, inside the set: %s\n", p.width, p.height,
           inside * 100 / (p.width * p.height) == 25 ? "a quarter" : "another part");
    if (argc > 1 && !png_write(argv[1], p.rgb, p.width, p.height)) return EXIT_FAILURE;
    free(p.rgb);
    return EXIT_SUCCESS;
}
