/* SPDX-License-Identifier: MIT */
/* input.c - the file or stream that is compressed. */
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "report.h"

static bool ends_with(const char *text, const char *end) {
    size_t length = strlen(text), tail = strlen(end);
    return length > tail && strcmp(text + length - tail, end) == 0;
}

/* What gzip refuses too, where it would put FILE.gz in the place of FILE. */
static bool may_replace(const press_input *input, const press_args *args) {
    if (!S_ISREG(input->status.st_mode)) return report("%s: not a regular file (use -c or -o)", input->name);
    if (args->force) return true;
    if (ends_with(input->path, ".gz")) return report("%s: has the suffix .gz already (use -f)", input->name);
    if (!args->keep && input->status.st_nlink > 1) return report("%s: has other links (use -k or -f)", input->name);
    return true;
}

static bool check(press_input *input, const press_args *args) {
    if (fstat(input->descriptor, &input->status) != 0) return report("%s: %s", input->name, strerror(errno));
    if (S_ISDIR(input->status.st_mode)) return report("%s: is a directory", input->name);
    bool beside = !args->to_stdout && args->output == NULL;
    return !beside || may_replace(input, args);
}

bool input_open(press_input *input, const press_args *args) {
    input->path = args->input;
    input->name = args->input != NULL ? args->input : "standard input";
    if (input->path == NULL) {
        input->descriptor = STDIN_FILENO;
    } else {
        /* A link that is removed is not the file: do not follow it unless told so. */
        int follow = args->keep || args->force ? 0 : O_NOFOLLOW;
        input->descriptor = open(input->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | follow);
        if (input->descriptor < 0 && errno == ELOOP && follow != 0)
            return report("%s: is a symbolic link (use -k or -f)", input->name);
        if (input->descriptor < 0) return report("%s: %s", input->name, strerror(errno));
    }
    if (check(input, args)) return true;
    input_close(input);
    return false;
}

long long input_length(const press_input *input) {
    if (!S_ISREG(input->status.st_mode)) return 0;
    long long at = lseek(input->descriptor, 0, SEEK_CUR); /* standard input may stand in the middle of a file */
    return at >= 0 && at < input->status.st_size ? input->status.st_size - at : 0;
}

bool input_unchanged(const press_input *input) {
    struct stat now;
    if (fstat(input->descriptor, &now) != 0) return report("%s: %s", input->name, strerror(errno));
    const struct stat *then = &input->status;
    if (now.st_size == then->st_size && now.st_mtim.tv_sec == then->st_mtim.tv_sec &&
        now.st_mtim.tv_nsec == then->st_mtim.tv_nsec)
        return true;
    return report("%s: changed while it was read", input->name);
}

bool input_remove(const press_input *input) {
    return unlink(input->path) == 0 || report("%s: cannot be removed: %s", input->name, strerror(errno));
}

void input_close(press_input *input) {
    if (input->path != NULL && input->descriptor >= 0) close(input->descriptor);
    input->descriptor = -1;
}
