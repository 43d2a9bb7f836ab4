/* SPDX-License-Identifier: MIT */
/* conduct.h - what Weft's programs that measure tasks among themselves share: a task that starts the others and waits.
 *
 * The thread that measures only looks on: it submits a conductor, and that submits the players, all in one group, so
 * that no message of the measurement crosses to a thread outside the kernel. Players are movable or stay, as said.
 */
#ifndef BENCH_CONDUCT_H
#define BENCH_CONDUCT_H

#include <weft.h>

#include "bench.h"

typedef struct conduct_stage {
    weft_kernel *kernel;
    weft_channel *results;        /* of the conductor: double */
    weft_submit_options options;  /* for the players: their group, and whether they may move */
    weft_channel_options channel; /* for their channels; begins as one without a buffer */
} conduct_stage;

/* What a conductor plays: starts players with weft_submit_with(&stage->options, NULL, ...), returns a value. */
typedef double conduct_piece(conduct_stage *stage, void *argument);

WEFT_TASK(double, conductor, (conduct_piece *, piece), (conduct_stage *, stage), (void *, argument)) {
    return piece(stage, argument);
}

/* Ends the program unless it went well. */
static inline void conduct_well(weft_status status, const char *what) { bench_require(status == WEFT_OK, what); }

/* A kernel whose tasks have small stacks, so that many can wait. */
static inline conduct_stage conduct_begin(unsigned workers, bool movable) {
    weft_kernel_options kernel_options = {.stack_size = 16384};
    conduct_stage stage = {.kernel = weft_make_kernel(workers, &kernel_options)};
    bench_require(stage.kernel != NULL, "no kernel");
    weft_channel_options results = {.kernel = stage.kernel};
    stage.results = weft_make_channel_with(double, &results);
    stage.options = (weft_submit_options){.kernel = stage.kernel, .group = weft_make_group(NULL), .movable = movable};
    stage.channel = (weft_channel_options){.kernel = stage.kernel, .rendezvous = true};
    bench_require(stage.results != NULL && stage.options.group != NULL, "no stage");
    return stage;
}

/* Plays a piece in a task; returns what it returned. */
static inline double conduct(conduct_stage *stage, conduct_piece *piece, void *argument) {
    double value = 0;
    conduct_well(weft_submit(stage->results, conductor, piece, stage, argument), "submit the conductor");
    conduct_well(weft_receive_result(stage->results, &value, WEFT_FOREVER), "receive from the conductor");
    return value;
}

/* In a piece: waits for all players. */
static inline void conduct_rest(const conduct_stage *stage) {
    conduct_well(weft_wait_group(stage->options.group, WEFT_FOREVER), "wait for the players");
}

static inline void conduct_end(conduct_stage *stage) {
    conduct_well(weft_free_channel(stage->results), "free the results");
    conduct_well(weft_free_group(stage->options.group), "free the group");
    conduct_well(weft_free_kernel(stage->kernel), "free the kernel");
}

/* One of the ways in which a piece is measured. */
typedef struct conduct_way {
    const char *name; /* of the figure */
    unsigned workers;
    bool movable, local; /* the players; their channels */
} conduct_way;

/* The channels of a way, of this size and capacity; without capacity they have no buffer. */
static inline weft_channel *conduct_channel(const conduct_stage *stage, size_t size, size_t capacity) {
    weft_channel_options options = stage->channel;
    options.capacity = capacity;
    options.rendezvous = capacity == 0;
    weft_channel *channel = weft_make_channel_sized(size, &options);
    bench_require(channel != NULL, "no channel");
    return channel;
}

typedef struct conduct_measurement {
    conduct_stage stage;
    conduct_piece *piece;
    void *argument;
} conduct_measurement;

static inline void conduct_round(void *argument, double *values) {
    conduct_measurement *m = (conduct_measurement *)argument;
    values[0] = conduct(&m->stage, m->piece, m->argument);
}

/* Measures a piece in one way: a kernel of its own, the rounds, the end. */
static inline void conduct_measure(conduct_way way, const char *unit, conduct_piece *piece, void *argument) {
    if (!bench_wanted(way.name)) return;
    conduct_measurement m = {conduct_begin(way.workers, way.movable), piece, argument};
    m.stage.channel.local = way.local;
    bench_figure figure = {way.name, unit};
    bench_measure(&figure, 1, conduct_round, &m);
    conduct_end(&m.stage);
}

#endif
