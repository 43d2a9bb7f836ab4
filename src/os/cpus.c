/* SPDX-License-Identifier: MIT */
/* cpus.c - how many CPUs this process may use.
 *
 * Three things limit it: the affinity mask, and the quotas of both versions of control groups. A quota holds for a
 * whole subtree, so each group from ours up to the root is asked, and the smallest answer counts. In a container the
 * list may name a path of the host, of which only the upper end is there: what is not there is passed over.
 */
#define _GNU_SOURCE 1

#include "os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT = 4096, PATH = 4096, SHORT_TEXT = 64, MOST_CPUS = 1 << 20 };

/* Too large for the stack of a task, which may ask this. */
typedef struct quota_search {
    char list[TEXT];
    char path[PATH];
    char self[PATH]; /* the group's path, cut shorter and shorter */
    const char *root;
    unsigned smallest; /* 0: no quota so far */
} quota_search;

/* Reads the beginning of a file as a text. Returns false if there is no such file. */
static bool read_text(const char *path, char *text, size_t size) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    size_t length = 0;
    ssize_t got = 1;
    while (length < size - 1 && got > 0) {
        got = read(file, text + length, size - 1 - length);
        if (got < 0 && errno == EINTR)
            got = 1;
        else if (got > 0)
            length += (size_t)got;
    }
    close(file);
    text[length] = '\0';
    return got >= 0;
}

/* Joins parts into search->path. Returns false if they are too long. */
static bool join(quota_search *search, const char *mount, const char *group, const char *file) {
    const char *const parts[] = {search->root, mount, group, file};
    size_t length = 0;
    for (int i = 0; i < 4; i++) {
        size_t more = strlen(parts[i]);
        if (length + more >= sizeof search->path) return false;
        memcpy(search->path + length, parts[i], more);
        length += more;
    }
    search->path[length] = '\0';
    return true;
}

static bool read_file(quota_search *search, const char *mount, const char *file, char *text) {
    return join(search, mount, search->self, file) && read_text(search->path, text, SHORT_TEXT);
}

static void found(quota_search *search, long long quota, long long period) {
    if (quota <= 0 || period <= 0) return; /* "max", -1, or not a number */
    long long cpus = quota / period + (quota % period != 0);
    unsigned limit = (unsigned)WEFTI_MIN(cpus, (long long)MOST_CPUS);
    if (search->smallest == 0 || limit < search->smallest) search->smallest = limit;
}

static void ask_version_2(quota_search *search, const char *mount) {
    char text[SHORT_TEXT], *rest;
    if (!read_file(search, mount, "/cpu.max", text)) return;
    long long quota = strtoll(text, &rest, 10); /* 0 for "max" */
    found(search, quota, strtoll(rest, NULL, 10));
}

static void ask_version_1(quota_search *search, const char *mount) {
    char quota[SHORT_TEXT], period[SHORT_TEXT];
    if (!read_file(search, mount, "/cpu.cfs_quota_us", quota)) return;
    if (!read_file(search, mount, "/cpu.cfs_period_us", period)) return;
    found(search, strtoll(quota, NULL, 10), strtoll(period, NULL, 10));
}

typedef void question(quota_search *search, const char *mount);

/* Asks the group and all above it. */
static void ask_upward(quota_search *search, question *ask, const char *mount, const char *group) {
    size_t length = strlen(group);
    if (length >= sizeof search->self) return;
    memcpy(search->self, group, length + 1);
    for (;;) {
        while (length > 0 && search->self[length - 1] == '/') length--;
        search->self[length] = '\0';
        ask(search, mount);
        if (length == 0) return;
        while (length > 0 && search->self[length - 1] != '/') length--;
    }
}

/* Whether "cpu" is one of the names, which commas part. */
static bool names_cpu(const char *controllers) {
    for (const char *name = controllers; name != NULL; name = strchr(name, ',')) {
        if (*name == ',') name++;
        if (strncmp(name, "cpu", 3) == 0 && (name[3] == ',' || name[3] == '\0')) return true;
    }
    return false;
}

/* One line of the list is "number:controllers:path"; version 2 has no controllers. */
static void ask_line(quota_search *search, char *line) {
    char *controllers = strchr(line, ':');
    char *group = controllers != NULL ? strchr(controllers + 1, ':') : NULL;
    if (group == NULL) return;
    *controllers++ = *group++ = '\0';
    if (*controllers == '\0') {
        ask_upward(search, ask_version_2, "", group);
        ask_upward(search, ask_version_2, "/unified", group);
    } else if (names_cpu(controllers)) {
        ask_upward(search, ask_version_1, "/cpu", group);
        ask_upward(search, ask_version_1, "/cpu,cpuacct", group);
        ask_upward(search, ask_version_1, "/cpuacct,cpu", group);
    }
}

unsigned wefti_cgroup_cpus(const char *cgroup_root, const char *self_cgroup_file) {
    quota_search *search = malloc(sizeof *search);
    if (search == NULL) return 0; /* a guess that harms nobody */
    search->root = cgroup_root;
    search->smallest = 0;
    if (read_text(self_cgroup_file, search->list, sizeof search->list)) {
        char *rest = search->list, *line;
        while ((line = strsep(&rest, "\n")) != NULL) ask_line(search, line);
    }
    unsigned smallest = search->smallest;
    free(search);
    return smallest;
}

static unsigned affinity_cpus(void) {
    for (size_t most = 1024; most <= MOST_CPUS; most *= 4) {
        size_t size = CPU_ALLOC_SIZE(most);
        cpu_set_t *set = CPU_ALLOC(most);
        if (set == NULL) return 1;
        /* The system refuses a set that is smaller than its own. */
        bool got = sched_getaffinity(0, size, set) == 0;
        int count = got ? CPU_COUNT_S(size, set) : 0;
        CPU_FREE(set);
        if (got) return (unsigned)WEFTI_MAX(count, 1);
        if (errno != EINVAL) break;
    }
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (unsigned)online : 1;
}

static unsigned within_quota(unsigned cpus) {
    unsigned quota = wefti_cgroup_cpus("/sys/fs/cgroup", "/proc/self/cgroup");
    return quota > 0 && quota < cpus ? quota : cpus;
}

unsigned wefti_cpu_count(void) { return within_quota(affinity_cpus()); }

unsigned wefti_cpus_of_process(void) {
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return within_quota(online > 0 ? (unsigned)online : 1);
}

int wefti_current_cpu(void) { return sched_getcpu(); }
