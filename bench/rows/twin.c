/* SPDX-License-Identifier: MIT */
/* twin.c - the piece of work, compiled alone, and the sequential row. */
#include "twin.h"

uint64_t rows_work(int number, int steps) {
    uint64_t x = (uint64_t)number;
    for (int i = 0; i < steps; i++) x = (x ^ x >> 15) * 0x9e3779b97f4a7c15u;
    return x;
}

uint64_t rows_sequential(int steps) {
    uint64_t sum = 0;
    for (int i = 0; i < ROWS_TASKS; i++) sum += rows_work(i, steps);
    return sum;
}
