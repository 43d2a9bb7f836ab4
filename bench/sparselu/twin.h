/* SPDX-License-Identifier: MIT */
/* twin.h - LU factors of a sparse matrix of blocks: the matrix, the four operations on blocks, and the sequential loop.
 *
 * Source: the kernel sparselu of the Barcelona OpenMP Tasks Suite (Duran, Teruel, Ferrer, Martorell, Ayguade, 2009),
 * its pattern of empty blocks and its numbers; the code is our own.
 */
#ifndef SPARSELU_TWIN_H
#define SPARSELU_TWIN_H

#include <stdbool.h>

enum { LU_SIDE = 64 }; /* of a block */

typedef struct lu_matrix {
    int blocks;    /* in a row */
    float **block; /* blocks * blocks; NULL: all zero */
} lu_matrix;

lu_matrix lu_make(int blocks);
void lu_free(lu_matrix *matrix);
static inline float **lu_at(const lu_matrix *m, int row, int column) { return &m->block[row * m->blocks + column]; }

void lu_diagonal(float *diagonal);                                         /* factors it */
void lu_forward(const float *diagonal, float *right);                      /* a block beside the diagonal */
void lu_divide(const float *diagonal, float *below);                       /* one below it */
void lu_update(const float *below, const float *right, float **remaining); /* one of the rest; makes it if need be */

void lu_sequential(lu_matrix *matrix);
/* Whether all numbers are the same: each block sees its updates in one order, whoever does them. */
bool lu_same(const lu_matrix *a, const lu_matrix *b);
/* Whether the factors' product is the matrix, within the precision of the numbers. */
bool lu_is_product(const lu_matrix *factors, const lu_matrix *matrix);

#endif
