/* SPDX-License-Identifier: MIT */
/* twin.h - the product of two square matrices by seven products of halves: Strassen's algorithm.
 *
 * Source: Strassen, Gaussian elimination is not optimal (1969), a kernel of the Barcelona OpenMP Tasks Suite (2009);
 * the code is our own.
 */
#ifndef STRASSEN_TWIN_H
#define STRASSEN_TWIN_H

#include <stdbool.h>
#include <stddef.h>

enum { STRASSEN_LEAST = 64, STRASSEN_PRODUCTS = 7 }; /* shorter sides are multiplied plainly */

/* A part of a matrix: rows lie `stride` numbers apart. */
typedef struct square {
    double *at;
    size_t stride;
} square;

/* c = a b */
typedef struct product {
    size_t side; /* a power of two */
    square a, b, c;
} product;

void product_plain(const product *p);
/* Makes the seven products whose sums are the halves of c. Returns the memory that they are in. */
double *product_split(const product *p, product parts[STRASSEN_PRODUCTS]);
/* Adds them up, and frees the memory. */
void product_join(const product *p, const product parts[STRASSEN_PRODUCTS], double *memory);
void product_sequential(const product *p);

product product_make(size_t side);
void product_free(product *p);
/* Whether c is a b, as far as a random vector tells (Freivalds). */
bool product_holds(const product *p);

#endif
