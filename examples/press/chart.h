/* SPDX-License-Identifier: MIT */
/* chart.h - pictures of the workers over time: for the terminal, and as SVG. */
#ifndef PRESS_CHART_H
#define PRESS_CHART_H

#include <stdio.h>

#include "samples.h"

/* Draws a chart of characters. */
void chart_print(const press_samples *samples, FILE *to);

/* Writes an SVG picture. title: named in it. */
void chart_svg(const press_samples *samples, const char *title, FILE *to);

#endif
