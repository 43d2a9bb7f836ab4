/* SPDX-License-Identifier: MIT */
/* args.c - what the command line asks for. */
#include "args.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weft.h>

#include "report.h"

enum { CHART = 256, TRACE, LIBDEFLATE };
enum { SMALLEST_BLOCK_KIB = 32, USUAL_BLOCK_KIB = 128, LARGEST_BLOCK_KIB = 16384 };

static const char help_text[] =
    "Usage: weft-press [OPTION]... [FILE]\n"
    "Compresses FILE to FILE.gz, on several processors at once; what it makes, gzip -d reads.\n"
    "As gzip does, it removes FILE when it has succeeded, unless -k, -c or -o is given.\n"
    "Without FILE, or when FILE is -, it compresses standard input to standard output.\n"
    "\n"
    "  -1 ... -9             fast ... small (default -6)\n"
    "  -p, --workers=N       how many workers compress (default: as many as this process may use)\n"
    "  -k, --keep            keep FILE\n"
    "  -c, --stdout          write to standard output, keep FILE\n"
    "  -o, --output=OUT      write to OUT, keep FILE\n"
    "  -f, --force           replace an output that exists; also links and terminals\n"
    "  -q, --quiet           no progress, no summary\n"
    "  -b, --block=KIB       input a task compresses, 32 to 16384 KiB (default 128)\n"
    "      --libdeflate      compress with libdeflate: faster, one gzip member a block\n"
    "      --chart           afterwards, show on standard error what each worker did\n"
    "      --trace=FILE.svg  draw a picture of the workers over time\n"
    "  -h, --help            this text\n"
    "  -V, --version         the version\n"
    "\n"
    "Output goes to a temporary file beside the target and gets its name at the end. After a failure, or\n"
    "when interrupted, nothing is left of it. The status is 0 when all went well, 1 after a failure,\n"
    "and 128 plus the number of the signal when interrupted. The output does not depend on -p.\n";

static const struct option long_options[] = {
    {"workers", required_argument, NULL, 'p'},
    {"keep", no_argument, NULL, 'k'},
    {"stdout", no_argument, NULL, 'c'},
    {"output", required_argument, NULL, 'o'},
    {"force", no_argument, NULL, 'f'},
    {"quiet", no_argument, NULL, 'q'},
    {"block", required_argument, NULL, 'b'},
    {"libdeflate", no_argument, NULL, LIBDEFLATE},
    {"chart", no_argument, NULL, CHART},
    {"trace", required_argument, NULL, TRACE},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

static bool parse_number(const char *text, unsigned least, unsigned most, const char *what, unsigned *number) {
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    bool digits = text[0] >= '0' && text[0] <= '9' && *end == '\0';
    if (!digits || errno != 0 || value < least || value > most)
        return report("%s must be a number from %u to %u, not '%s'", what, least, most, text);
    *number = (unsigned)value;
    return true;
}

static bool parse_block(press_args *args, const char *text) {
    unsigned kib = 0;
    if (!parse_number(text, SMALLEST_BLOCK_KIB, LARGEST_BLOCK_KIB, "-b", &kib)) return false;
    args->block_length = (size_t)kib * 1024;
    return true;
}

static bool bad_option(int option, char **argv) {
    const char *word = argv[optind - 1];
    if (option == ':') return report("option '%s' needs a value (see --help)", word);
    if (optopt != 0 && strncmp(word, "--", 2) != 0) return report("unknown option '-%c' (see --help)", optopt);
    return report("unknown or ambiguous option '%s' (see --help)", word);
}

static bool take_option(press_args *args, int option, char **argv) {
    switch (option) {
    case 'p': return parse_number(optarg, 1, WEFT_MAX_WORKERS, "-p", &args->workers);
    case 'b': return parse_block(args, optarg);
    case 'k': args->keep = true; return true;
    case 'c': args->to_stdout = true; return true;
    case 'o': args->output = optarg; return true;
    case 'f': args->force = true; return true;
    case 'q': args->quiet = true; return true;
    case CHART: args->chart = true; return true;
    case TRACE: args->trace = optarg; return true;
    case LIBDEFLATE: args->libdeflate = true; return true;
    default: break;
    }
    if (option < '1' || option > '9') return bad_option(option, argv);
    args->level = option - '0';
    return true;
}

/* What the options mean together. */
static bool conclude(press_args *args, int argc, char **argv) {
    if (argc - optind > 1) return report("one file at a time, please: '%s' is one too many", argv[optind + 1]);
    if (args->libdeflate && !PRESS_WITH_LIBDEFLATE) return report("libdeflate was not there when this was built");
    if (args->to_stdout && args->output != NULL) return report("-c and -o exclude each other");
    if (optind < argc && strcmp(argv[optind], "-") != 0) args->input = argv[optind];
    if (args->input == NULL && args->output == NULL) args->to_stdout = true;
    if (args->to_stdout || args->output != NULL) args->keep = true;
    return true;
}

press_wish args_parse(press_args *args, int argc, char **argv) {
    *args = (press_args){.level = 6, .block_length = (size_t)USUAL_BLOCK_KIB * 1024};
    opterr = 0;
    int option;
    while ((option = getopt_long(argc, argv, ":123456789p:kco:fqb:hV", long_options, NULL)) != -1) {
        if (option == 'h') fputs(help_text, stdout);
        if (option == 'V') puts("weft-press " WEFT_VERSION);
        if (option == 'h' || option == 'V') return fflush(stdout) == 0 ? PRESS_STOP_WELL : PRESS_STOP_BADLY;
        if (!take_option(args, option, argv)) return PRESS_STOP_BADLY;
    }
    return conclude(args, argc, argv) ? PRESS_GO_ON : PRESS_STOP_BADLY;
}
