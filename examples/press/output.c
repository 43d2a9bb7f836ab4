/* SPDX-License-Identifier: MIT */
/* output.c - where the result goes: a temporary file that gets its name at the end, or a stream. */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report.h"

static bool complain(const press_output *output, const char *what) {
    return report("%s: %s: %s", output->name, what, strerror(errno));
}

bool output_open_stream(press_output *output, bool force) {
    *output = (press_output){.descriptor = STDOUT_FILENO, .name = "standard output"};
    if (!force && isatty(STDOUT_FILENO)) return report("compressed data is not written to a terminal (use -f)");
    return true;
}

/* The directory of the target, so that the final rename stays in one file system. */
static bool name_temporary(press_output *output) {
    const char *slash = strrchr(output->path, '/');
    int directory = slash != NULL ? (int)(slash + 1 - output->path) : 0;
    int length =
        snprintf(output->temporary, sizeof output->temporary, "%.*s.weft-press-XXXXXX", directory, output->path);
    if (length > 0 && (size_t)length < sizeof output->temporary) return true;
    output->temporary[0] = '\0';
    errno = ENAMETOOLONG;
    return complain(output, "cannot be made");
}

static bool open_temporary(press_output *output) {
    if (!name_temporary(output)) return false;
    output->descriptor = mkostemp(output->temporary, O_CLOEXEC);
    if (output->descriptor >= 0) return true;
    output->temporary[0] = '\0';
    return complain(output, "cannot be made");
}

static bool open_special(press_output *output) {
    output->path[0] = '\0';
    output->descriptor = open(output->name, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    return output->descriptor >= 0 || complain(output, "cannot be opened");
}

bool output_open_file(press_output *output, const char *path, bool replace) {
    *output = (press_output){.descriptor = -1, .name = path, .replace = replace};
    if (strlen(path) == 0 || strlen(path) >= sizeof output->path) {
        errno = strlen(path) == 0 ? ENOENT : ENAMETOOLONG;
        return complain(output, "cannot be made");
    }
    strcpy(output->path, path);
    struct stat there;
    if (stat(path, &there) == 0) {
        if (S_ISDIR(there.st_mode)) return report("%s: is a directory", path);
        if (!S_ISREG(there.st_mode)) return open_special(output);
        if (!replace) return report("%s: exists already (use -f to replace it)", path);
    }
    return open_temporary(output);
}

bool output_is(const char *path, const struct stat *status) {
    struct stat there;
    return stat(path, &there) == 0 && there.st_dev == status->st_dev && there.st_ino == status->st_ino;
}

int output_write(press_output *output, const void *bytes, size_t length, size_t *written) {
    while (*written < length) {
        ssize_t count = write(output->descriptor, (const char *)bytes + *written, length - *written);
        if (count < 0) return errno;
        *written += (size_t)count;
    }
    return 0;
}

/* Mode, owner and times of the input, as far as this user may give them away; without an input, the mode of any new
 * file. */
static bool copy_attributes(const press_output *output, const struct stat *like) {
    mode_t mask = umask(0);
    umask(mask);
    mode_t mode = like != NULL ? like->st_mode & 0777 : 0666 & ~mask;
    if (like != NULL && fchown(output->descriptor, like->st_uid, like->st_gid) != 0 &&
        fchown(output->descriptor, (uid_t)-1, like->st_gid) != 0)
        mode &= like->st_mode & 0707; /* the file belongs to another group now: that one gets no rights */
    if (fchmod(output->descriptor, mode) != 0) return false;
    if (like == NULL) return true;
    const struct timespec times[2] = {like->st_atim, like->st_mtim};
    return futimens(output->descriptor, times) == 0;
}

static bool give_name(const press_output *output) {
    if (output->replace) return rename(output->temporary, output->path) == 0;
    if (renameat2(AT_FDCWD, output->temporary, AT_FDCWD, output->path, RENAME_NOREPLACE) == 0) return true;
    if (errno != EINVAL && errno != ENOSYS) return false;
    return rename(output->temporary, output->path) == 0; /* this file system cannot do without replacing */
}

static bool finish(press_output *output, const struct stat *like) {
    if (output->temporary[0] != '\0' && !copy_attributes(output, like)) return false;
    int descriptor = output->descriptor;
    output->descriptor = -1;
    if (close(descriptor) != 0) return false; /* some file systems say only here that they are full */
    return output->temporary[0] == '\0' || give_name(output);
}

bool output_commit(press_output *output, const struct stat *like) {
    if (!finish(output, like)) {
        complain(output, "cannot be written");
        output_discard(output);
        return false;
    }
    output->temporary[0] = '\0';
    return true;
}

void output_discard(press_output *output) {
    if (output->descriptor >= 0 && output->descriptor != STDOUT_FILENO) close(output->descriptor);
    output->descriptor = -1;
    if (output->temporary[0] != '\0') unlink(output->temporary);
    output->temporary[0] = '\0';
}
