/* SPDX-License-Identifier: MIT */
/* twin.c - matrices, their sums, and the sequential product. */
#include "twin.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double *numbers(size_t count) {
    double *memory = malloc(count * sizeof *memory);
    if (memory != NULL) return memory;
    fputs("strassen: no memory\n", stderr);
    exit(1);
}

void product_plain(const product *p) {
    for (size_t i = 0; i < p->side; i++) {
        double *restrict row = p->c.at + i * p->c.stride;
        memset(row, 0, p->side * sizeof *row);
        for (size_t k = 0; k < p->side; k++) {
            double factor = p->a.at[i * p->a.stride + k];
            const double *restrict other = p->b.at + k * p->b.stride;
            for (size_t j = 0; j < p->side; j++) row[j] += factor * other[j];
        }
    }
}

static square quarter(square s, size_t half, int down, int right) {
    return (square){s.at + (size_t)down * half * s.stride + (size_t)right * half, s.stride};
}

/* x + sign y, in memory of its own. */
static square sum(size_t half, square x, square y, double sign, double **memory) {
    square to = {*memory, half};
    *memory += half * half;
    for (size_t i = 0; i < half; i++) {
        double *restrict row = to.at + i * half;
        const double *a = x.at + i * x.stride, *b = y.at + i * y.stride;
        for (size_t j = 0; j < half; j++) row[j] = a[j] + sign * b[j];
    }
    return to;
}

double *product_split(const product *p, product parts[STRASSEN_PRODUCTS]) {
    size_t half = p->side / 2;
    double *memory = numbers((10 + STRASSEN_PRODUCTS) * half * half), *next = memory;
    square a = quarter(p->a, half, 0, 0), b = quarter(p->a, half, 0, 1), c = quarter(p->a, half, 1, 0);
    square d = quarter(p->a, half, 1, 1), e = quarter(p->b, half, 0, 0), f = quarter(p->b, half, 0, 1);
    square g = quarter(p->b, half, 1, 0), h = quarter(p->b, half, 1, 1);
    parts[0] = (product){half, a, sum(half, f, h, -1, &next), {0}};
    parts[1] = (product){half, sum(half, a, b, 1, &next), h, {0}};
    parts[2] = (product){half, sum(half, c, d, 1, &next), e, {0}};
    parts[3] = (product){half, d, sum(half, g, e, -1, &next), {0}};
    parts[4].a = sum(half, a, d, 1, &next);
    parts[4].b = sum(half, e, h, 1, &next);
    parts[5].a = sum(half, b, d, -1, &next);
    parts[5].b = sum(half, g, h, 1, &next);
    parts[6].a = sum(half, a, c, -1, &next);
    parts[6].b = sum(half, e, f, 1, &next);
    for (int i = 0; i < STRASSEN_PRODUCTS; i++, next += half * half) {
        parts[i].side = half;
        parts[i].c = (square){next, half};
    }
    return memory;
}

void product_join(const product *p, const product parts[STRASSEN_PRODUCTS], double *memory) {
    size_t half = p->side / 2;
    square upper = quarter(p->c, half, 0, 0), lower = quarter(p->c, half, 1, 0);
    for (size_t i = 0; i < half; i++) {
        double *restrict top = upper.at + i * upper.stride, *restrict bottom = lower.at + i * lower.stride;
        const double *m[STRASSEN_PRODUCTS];
        for (int k = 0; k < STRASSEN_PRODUCTS; k++) m[k] = parts[k].c.at + i * half;
        for (size_t j = 0; j < half; j++) {
            top[j] = m[4][j] + m[3][j] - m[1][j] + m[5][j];
            top[half + j] = m[0][j] + m[1][j];
            bottom[j] = m[2][j] + m[3][j];
            bottom[half + j] = m[0][j] + m[4][j] - m[2][j] - m[6][j];
        }
    }
    free(memory);
}

void product_sequential(const product *p) {
    product parts[STRASSEN_PRODUCTS];
    if (p->side <= STRASSEN_LEAST) {
        product_plain(p);
        return;
    }
    double *memory = product_split(p, parts);
    for (int i = 0; i < STRASSEN_PRODUCTS; i++) product_sequential(&parts[i]);
    product_join(p, parts, memory);
}

product product_make(size_t side) {
    double *memory = numbers(3 * side * side);
    uint32_t state = 1;
    for (size_t i = 0; i < 2 * side * side; i++) {
        state = state * 1664525u + 1013904223u;
        memory[i] = (double)(state >> 8) / 16777216 - 0.5;
    }
    return (product){side, {memory, side}, {memory + side * side, side}, {memory + 2 * side * side, side}};
}

void product_free(product *p) { free(p->a.at); }

static void apply(size_t side, square s, const double *vector, double *result) {
    for (size_t i = 0; i < side; i++) {
        result[i] = 0;
        for (size_t j = 0; j < side; j++) result[i] += s.at[i * s.stride + j] * vector[j];
    }
}

bool product_holds(const product *p) {
    double *vector = numbers(4 * p->side), *inner = vector + p->side, *wanted = inner + p->side;
    double *got = wanted + p->side;
    bool holds = true;
    for (size_t i = 0; i < p->side; i++) vector[i] = (double)(i * 2654435761u % 1000) / 1000;
    apply(p->side, p->b, vector, inner);
    apply(p->side, p->a, inner, wanted);
    apply(p->side, p->c, vector, got);
    for (size_t i = 0; i < p->side; i++) holds = holds && fabs(got[i] - wanted[i]) < 1e-6 * (double)p->side;
    free(vector);
    return holds;
}
