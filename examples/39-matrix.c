/* SPDX-License-Identifier: MIT */
/* 39-matrix.c - the product of two matrices in tiles, beside OpenBLAS where it is installed. Argument: the side. */
#include "check.h"

#include <math.h>

#ifdef EXAMPLES_OPENBLAS
#include <cblas.h>
#endif

typedef struct matrices {
    size_t side;
    double *a, *b, *c;
} matrices;

/* One tile of c: a few rows of b stay in the cache while all rows of the tile use them. */
static weft_status multiply(size_t row, size_t rows_end, size_t column, size_t columns_end, void *context) {
    const matrices *m = context;
    enum { DEPTH = 64 };
    for (size_t first = 0; first < m->side; first += DEPTH)
        for (size_t i = row; i < rows_end; i++) {
            double *restrict c = m->c + i * m->side;
            for (size_t k = first; k < first + DEPTH && k < m->side; k++) {
                const double *restrict b = m->b + k * m->side;
                double factor = m->a[i * m->side + k];
                for (size_t j = column; j < columns_end; j++) c[j] += factor * b[j];
            }
        }
    return WEFT_OK;
}

/* c times a vector is a times (b times the vector). */
static bool holds(const matrices *m) {
    bool good = true;
    double *inner = calloc(m->side, sizeof *inner);
    if (inner == NULL) return false;
    for (size_t i = 0; i < m->side; i++)
        for (size_t j = 0; j < m->side; j++) inner[i] += m->b[i * m->side + j] * (double)(j % 7);
    for (size_t i = 0; i < m->side; i++) {
        double difference = 0;
        for (size_t j = 0; j < m->side; j++)
            difference += m->c[i * m->side + j] * (double)(j % 7) - m->a[i * m->side + j] * inner[j];
        good = good && fabs(difference) < 1e-6 * (double)m->side;
    }
    free(inner);
    return good;
}

static void tell(const char *who, weft_deadline start, size_t side) {
    double seconds = (double)(weft_time() - start) / 1e9;
    fprintf(stderr, "%-8s %.2f billion operations a second\n", who, 2e-9 * (double)(side * side * side) / seconds);
}

int main(int argc, char **argv) {
    matrices m = {.side = argc > 1 ? (size_t)atol(argv[1]) : 300};
    size_t count = m.side * m.side;
    m.a = malloc(count * sizeof *m.a);
    m.b = malloc(count * sizeof *m.b);
    m.c = calloc(count, sizeof *m.c);
    if (count == 0 || m.a == NULL || m.b == NULL || m.c == NULL) return EXIT_FAILURE;
    for (size_t i = 0; i < count; i++) m.a[i] = (double)(i * 31 % 101) / 101, m.b[i] = (double)(i * 17 % 97) / 97;
    weft_kernel *kernel = weft_make_kernel(0, &(weft_kernel_options){.use_caller = true});
    check_made(kernel);
    weft_deadline start = weft_time();
    check(weft_for_tiles(NULL, m.side, m.side, 0, multiply, &m));
    tell("weft", start, m.side);
    printf("%zu by %zu: %s\n", m.side, m.side, holds(&m) ? "the product holds" : "wrong");
#ifdef EXAMPLES_OPENBLAS
    start = weft_time();
    int n = (int)m.side;
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1, m.a, n, m.b, n, 0, m.c, n);
    tell("OpenBLAS", start, m.side);
    if (!holds(&m)) return EXIT_FAILURE;
#endif
    check(weft_free_kernel(kernel));
    free(m.a), free(m.b), free(m.c);
    return EXIT_SUCCESS;
}
