/* SPDX-License-Identifier: MIT */
/* args.h - what the command line asks for. */
#ifndef PRESS_ARGS_H
#define PRESS_ARGS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct press_args {
    const char *input;  /* NULL: standard input */
    const char *output; /* of -o; NULL: beside the input, or standard output */
    const char *trace;  /* of --trace; NULL: none */
    bool to_stdout;     /* -c, or there is no file to name the output after */
    bool keep;          /* the input stays */
    bool force;
    bool quiet;
    bool chart;
    bool libdeflate;
    int level;           /* 1 to 9 */
    unsigned workers;    /* 0: as many as this process may use */
    size_t block_length; /* bytes of input that one task compresses */
} press_args;

typedef enum press_wish { PRESS_GO_ON, PRESS_STOP_WELL, PRESS_STOP_BADLY } press_wish;

/* Reads the command line; what is wrong with it, help and version are printed here. */
press_wish args_parse(press_args *args, int argc, char **argv);

#endif
