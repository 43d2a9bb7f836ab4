/* SPDX-License-Identifier: MIT */
/* twin.c - blocks and their operations, and the sequential factorisation. */
#include "twin.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = LU_SIDE };

static float *make_block(void) {
    float *block = calloc(SIDE * SIDE, sizeof *block);
    if (block != NULL) return block;
    fputs("sparselu: no memory\n", stderr);
    exit(1);
}

static bool is_empty(int row, int column) {
    if (row == column || row == column - 1 || row - 1 == column) return false;
    if (row < column ? row % 3 != 0 : column % 3 != 0) return true;
    return row % 2 == 1 || column % 2 == 1;
}

lu_matrix lu_make(int blocks) {
    lu_matrix m = {blocks, calloc((size_t)(blocks * blocks), sizeof(float *))};
    unsigned state = 1325;
    for (int at = 0; at < blocks * blocks; at++) {
        if (is_empty(at / blocks, at % blocks)) continue;
        float *block = m.block[at] = make_block();
        for (int i = 0; i < SIDE * SIDE; i++) {
            state = 3125 * state % 65536;
            block[i] = ((float)state - 32768) / 16384;
        }
        /* without exchanges of rows the diagonal has to prevail */
        if (at / blocks == at % blocks)
            for (int i = 0; i < SIDE; i++) block[i * SIDE + i] += (float)(4 * SIDE);
    }
    return m;
}

void lu_free(lu_matrix *m) {
    for (int at = 0; at < m->blocks * m->blocks; at++) free(m->block[at]);
    free(m->block);
}

void lu_diagonal(float *d) {
    for (int k = 0; k < SIDE; k++)
        for (int i = k + 1; i < SIDE; i++) {
            float factor = d[i * SIDE + k] /= d[k * SIDE + k];
            for (int j = k + 1; j < SIDE; j++) d[i * SIDE + j] -= factor * d[k * SIDE + j];
        }
}

void lu_forward(const float *restrict d, float *restrict right) {
    for (int k = 0; k < SIDE; k++)
        for (int i = k + 1; i < SIDE; i++)
            for (int j = 0; j < SIDE; j++) right[i * SIDE + j] -= d[i * SIDE + k] * right[k * SIDE + j];
}

void lu_divide(const float *restrict d, float *restrict below) {
    for (int i = 0; i < SIDE; i++)
        for (int k = 0; k < SIDE; k++) {
            float factor = below[i * SIDE + k] /= d[k * SIDE + k];
            for (int j = k + 1; j < SIDE; j++) below[i * SIDE + j] -= factor * d[k * SIDE + j];
        }
}

void lu_update(const float *below, const float *right, float **remaining) {
    if (*remaining == NULL) *remaining = make_block();
    float *restrict rest = *remaining;
    for (int i = 0; i < SIDE; i++)
        for (int k = 0; k < SIDE; k++) {
            float factor = below[i * SIDE + k];
            for (int j = 0; j < SIDE; j++) rest[i * SIDE + j] -= factor * right[k * SIDE + j];
        }
}

void lu_sequential(lu_matrix *m) {
    for (int k = 0; k < m->blocks; k++) {
        float *diagonal = *lu_at(m, k, k);
        lu_diagonal(diagonal);
        for (int j = k + 1; j < m->blocks; j++)
            if (*lu_at(m, k, j) != NULL) lu_forward(diagonal, *lu_at(m, k, j));
        for (int i = k + 1; i < m->blocks; i++)
            if (*lu_at(m, i, k) != NULL) lu_divide(diagonal, *lu_at(m, i, k));
        for (int i = k + 1; i < m->blocks; i++)
            for (int j = k + 1; j < m->blocks; j++)
                if (*lu_at(m, i, k) != NULL && *lu_at(m, k, j) != NULL)
                    lu_update(*lu_at(m, i, k), *lu_at(m, k, j), lu_at(m, i, j));
    }
}

bool lu_same(const lu_matrix *a, const lu_matrix *b) {
    for (int at = 0; at < a->blocks * a->blocks; at++) {
        const float *x = a->block[at], *y = b->block[at];
        if ((x == NULL) != (y == NULL)) return false;
        if (x != NULL && memcmp(x, y, SIDE * SIDE * sizeof *x) != 0) return false;
    }
    return true;
}

/* An element of the lower factor, whose diagonal is 1, or of the upper one. */
static double factor_at(const lu_matrix *m, int row, int column, bool lower) {
    const float *block = *lu_at(m, row / SIDE, column / SIDE);
    if (lower && row == column) return 1;
    if (block == NULL || (lower ? row < column : row > column)) return 0;
    return (double)block[row % SIDE * SIDE + column % SIDE];
}

bool lu_is_product(const lu_matrix *factors, const lu_matrix *matrix) {
    int side = factors->blocks * SIDE;
    for (int row = 0; row < side; row += 37)
        for (int column = 0; column < side; column += 41) {
            const float *block = *lu_at(matrix, row / SIDE, column / SIDE);
            double sum = 0, wanted = block != NULL ? (double)block[row % SIDE * SIDE + column % SIDE] : 0;
            for (int k = 0; k < side && k <= row && k <= column; k++)
                sum += factor_at(factors, row, k, true) * factor_at(factors, k, column, false);
            if (!(fabs(sum - wanted) < 1e-3)) return false;
        }
    return true;
}
