/* SPDX-License-Identifier: MIT */
/* stop.c - the end of a process whose caller has broken a rule that no status can tell of any more.
 *
 * Needs little stack and no memory: it may run where both have been spoiled.
 */
#include "os/os.h"

#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static struct iovec piece(const char *text) { return (struct iovec){(void *)(uintptr_t)text, strlen(text)}; }

static const char *decimal(size_t number, char room[24]) {
    char *digit = room + 23;
    *digit = '\0';
    do *--digit = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    return digit;
}

WEFTI_NORETURN void wefti_stop_misuse(const char *what, const char *name, const char *rule, size_t number,
                                      const char *unit) {
    char room[24];
    struct iovec line[] = {
        piece("weft: misuse: "),      piece(what), piece(" '"), piece(name), piece("' "), piece(rule), piece(" "),
        piece(decimal(number, room)), piece(unit), piece("\n")};
    ssize_t written = writev(STDERR_FILENO, line, sizeof line / sizeof *line);
    (void)written; /* whether or not it can be told, the process cannot go on */
    abort();
}
