/* SPDX-License-Identifier: MIT */
/* os_cpus.c - the number of CPUs follows the affinity mask and the quotas of both versions of control groups. */
#define _GNU_SOURCE 1

#include "harness/harness.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/os.h"

/* ---- a control group file system of our own ---- */

static char root[64];
static char made[32][256]; /* what to remove in the end */
static int made_count;

static void remember(const char *path) {
    if (CHECK_LT(made_count, 32)) snprintf(made[made_count++], sizeof made[0], "%s", path);
}

static void begin_tree(void) {
    snprintf(root, sizeof root, "/tmp/weft-cgroup-XXXXXX");
    made_count = 0;
    if (CHECK_NOT_NULL(mkdtemp(root))) remember(root);
}

static void end_tree(void) {
    while (made_count > 0) {
        made_count--;
        if (unlink(made[made_count]) != 0) rmdir(made[made_count]);
    }
}

/* Writes a file below the root, and makes the folders on the way to it. */
static void put(const char *path, const char *text) {
    char whole[256];
    snprintf(whole, sizeof whole, "%s/%s", root, path);
    for (char *slash = strchr(whole + strlen(root) + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(whole, 0700) == 0) remember(whole);
        *slash = '/';
    }
    FILE *file = fopen(whole, "w");
    if (!CHECK_NOT_NULL(file)) return;
    fputs(text, file);
    fclose(file);
    remember(whole);
}

static unsigned ask(const char *list) {
    char path[256];
    put("self", list);
    snprintf(path, sizeof path, "%s/self", root);
    return wefti_cgroup_cpus(root, path);
}

/* ---- version 2 ---- */

TEST(a_quota_of_version_2_is_rounded_up) {
    begin_tree();
    put("app/cpu.max", "250000 100000\n");
    CHECK_EQ(ask("0::/app\n"), 3);
    end_tree();
}

TEST(a_part_of_a_cpu_is_one) {
    begin_tree();
    put("app/cpu.max", "1000 100000\n");
    CHECK_EQ(ask("0::/app\n"), 1);
    end_tree();
}

TEST(max_is_no_quota) {
    begin_tree();
    put("app/cpu.max", "max 100000\n");
    CHECK_EQ(ask("0::/app\n"), 0);
    end_tree();
}

TEST(the_smallest_quota_on_the_way_up_counts) {
    begin_tree();
    put("cpu.max", "800000 100000\n");
    put("a/cpu.max", "200000 100000\n");
    put("a/b/cpu.max", "max 100000\n");
    put("a/b/c/cpu.max", "400000 100000\n");
    CHECK_EQ(ask("0::/a/b/c\n"), 2);
    end_tree();
}

TEST(a_quota_of_the_root_counts) {
    begin_tree();
    put("cpu.max", "300000 100000\n");
    CHECK_EQ(ask("0::/\n"), 3);
    end_tree();
}

TEST(groups_that_are_not_there_are_passed_over) {
    begin_tree();
    put("cpu.max", "500000 100000\n");
    CHECK_EQ(ask("0::/of/the/host/only\n"), 5);
    end_tree();
}

TEST(version_2_beside_version_1_is_found) {
    begin_tree();
    put("unified/app/cpu.max", "100000 100000\n");
    CHECK_EQ(ask("3:memory:/app\n0::/app\n"), 1);
    end_tree();
}

/* ---- version 1 ---- */

TEST(a_quota_of_version_1_is_rounded_up) {
    begin_tree();
    put("cpu/app/cpu.cfs_quota_us", "150000\n");
    put("cpu/app/cpu.cfs_period_us", "100000\n");
    CHECK_EQ(ask("4:memory:/other\n3:cpu,cpuacct:/app\n2:cpuset:/\n"), 2);
    end_tree();
}

TEST(minus_one_is_no_quota) {
    begin_tree();
    put("cpu/app/cpu.cfs_quota_us", "-1\n");
    put("cpu/app/cpu.cfs_period_us", "100000\n");
    CHECK_EQ(ask("3:cpu:/app\n"), 0);
    end_tree();
}

TEST(a_mount_named_after_two_controllers_is_found) {
    begin_tree();
    put("cpu,cpuacct/app/cpu.cfs_quota_us", "400000\n");
    put("cpu,cpuacct/app/cpu.cfs_period_us", "100000\n");
    CHECK_EQ(ask("3:cpuacct,cpu:/app/below\n"), 4);
    end_tree();
}

TEST(the_smaller_of_both_versions_counts) {
    begin_tree();
    put("cpu/cpu.cfs_quota_us", "600000\n");
    put("cpu/cpu.cfs_period_us", "100000\n");
    put("unified/cpu.max", "200000 100000\n");
    CHECK_EQ(ask("3:cpu:/\n0::/\n"), 2);
    end_tree();
}

TEST(controllers_that_only_begin_like_cpu_are_others) {
    begin_tree();
    put("cpu/cpu.cfs_quota_us", "100000\n");
    put("cpu/cpu.cfs_period_us", "100000\n");
    CHECK_EQ(ask("3:cpuset:/\n2:cpuacct:/\n"), 0);
    CHECK_EQ(ask("3:cpuset,cpuacct,cpu:/\n"), 1);
    end_tree();
}

/* ---- bad input ---- */

TEST(nonsense_is_no_quota) {
    static const char *const values[] = {"",           "\n",         "x y\n",       "100000",
                                         "100000 0\n", "0 100000\n", "-5 100000\n", "1 -1\n"};
    begin_tree();
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        put("cpu.max", values[i]);
        CHECK_EQ(ask("0::/\n"), 0);
    }
    put("cpu.max", "100000 100000\n");
    CHECK_EQ(ask(""), 0);
    CHECK_EQ(ask("\n\n"), 0);
    CHECK_EQ(ask("no colons\n"), 0);
    CHECK_EQ(ask("one:colon\n"), 0);
    CHECK_EQ(ask("0::"), 1); /* an empty path is the root */
    CHECK_EQ(wefti_cgroup_cpus(root, "/nonexistent/list"), 0);
    end_tree();
}

TEST(huge_numbers_and_long_paths_do_no_harm) {
    begin_tree();
    put("cpu.max", "9223372036854775807 1\n");
    CHECK_GE(ask("0::/\n"), 1024);
    static char list[6000];
    memset(list, 'a', sizeof list - 1);
    memcpy(list, "0::/", 4);
    ask(list);
    end_tree();
}

/* ---- the process itself ---- */

TEST(an_affinity_mask_of_one_cpu_gives_one) {
    cpu_set_t before, one;
    if (sched_getaffinity(0, sizeof before, &before) != 0) {
        SKIP("more CPUs than fit this test's set");
        return;
    }
    int cpu = wefti_current_cpu();
    if (cpu < 0 || cpu >= CPU_SETSIZE) {
        SKIP("the system does not say where we run");
        return;
    }
    CPU_ZERO(&one);
    CPU_SET((size_t)cpu, &one);
    CHECK_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    CHECK_EQ(wefti_cpu_count(), 1);
    CHECK_EQ(wefti_current_cpu(), cpu);
    CHECK_EQ(sched_setaffinity(0, sizeof before, &before), 0);
    CHECK_GE(wefti_cpu_count(), 1);
    CHECK_LE(wefti_cpu_count(), CPU_COUNT(&before));
}
