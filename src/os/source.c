/* SPDX-License-Identifier: MIT */
/* source.c - the source line of an address, asked of addr2line, where that is installed. For reports alone: it starts a
 * process. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/os.h"

extern char **environ;

static pid_t start(const char *object, uintptr_t offset, int answer) {
    char address[32];
    snprintf(address, sizeof address, "0x%zx", (size_t)offset);
    const char *const arguments[] = {"addr2line", "-f", "-s", "-C", "-e", object, address, NULL};
    posix_spawn_file_actions_t actions;
    pid_t child = -1;
    if (posix_spawn_file_actions_init(&actions) != 0) return -1;
    posix_spawn_file_actions_adddup2(&actions, answer, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    int error = posix_spawnp(&child, arguments[0], &actions, NULL, (char *const *)(uintptr_t)arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return error == 0 ? child : -1;
}

static size_t read_all(int from, char *text, size_t room) {
    size_t length = 0;
    for (ssize_t got; length + 1 < room; length += (size_t)got) {
        got = read(from, text + length, room - 1 - length);
        if (got < 0 && errno == EINTR)
            got = 0;
        else if (got <= 0)
            break;
    }
    text[length] = '\0';
    return length;
}

/* "function\nfile:line\n" becomes "function (file:line)". */
static bool rewrite(char *text, char *place, size_t room) {
    char *rest = NULL, *function = strtok_r(text, "\n", &rest), *line = strtok_r(NULL, "\n", &rest);
    if (function == NULL || line == NULL || function[0] == '?') return false;
    bool known = line[0] != '?';
    snprintf(place, room, known ? "%s (%s)" : "%s", function, line);
    return true;
}

bool wefti_source_line(const char *object, uintptr_t offset, char *place, size_t room) {
    int ends[2];
    if (object == NULL || getenv("WEFT_NO_SOURCE_LINES") != NULL) return false;
    if (strchr(object, '/') == NULL) object = "/proc/self/exe"; /* as it was called */
    char target[512];
    if (strcmp(object, "/proc/self/exe") == 0) {
        ssize_t length = readlink(object, target, sizeof target - 1);
        if (length <= 0) return false;
        target[length] = '\0';
        object = target;
    }
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    pid_t child = start(object, offset, ends[1]);
    close(ends[1]);
    char text[1024];
    size_t length = child > 0 ? read_all(ends[0], text, sizeof text) : 0;
    close(ends[0]);
    int status;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return length > 0 && rewrite(text, place, room);
}
