/* SPDX-License-Identifier: MIT */
/* dump.c - writing every kernel, worker and task to a descriptor, from anywhere, signal handlers included.
 *
 * It must work when the program hangs, so it waits for no lock: where one is not to be had at once it says so and goes
 * on. It allocates nothing and calls only what a signal handler may call. It reads the runners while they run: their
 * memory stays mapped as long as the kernel is registered, every field read is one word, and names are those of static
 * types.
 */
#include <weft/trace.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "sched/kernel.h"
#include "trace/dump.h"

enum { PENDING_SHOWN = 1000 };

void (*wefti_dump_object_hook)(wefti_dump *dump, const void *object);

/* ---- a writer without stdio ---- */

static void flush(wefti_dump *dump) {
    size_t at = 0;
    while (at < dump->used && !dump->failed) {
        ssize_t wrote = write(dump->descriptor, dump->text + at, dump->used - at);
        if (wrote > 0)
            at += (size_t)wrote;
        else if (wrote < 0 && errno != EINTR)
            dump->failed = true;
    }
    dump->used = 0;
}

void wefti_dump_text(wefti_dump *dump, const char *text) {
    for (; *text != '\0'; text++) {
        if (dump->used == sizeof dump->text) flush(dump);
        dump->text[dump->used++] = *text;
    }
}

static void put_based(wefti_dump *dump, uint64_t value, unsigned base, unsigned width) {
    char digits[24], *at = digits + sizeof digits;
    *--at = '\0';
    do {
        *--at = "0123456789abcdef"[value % base];
        value /= base;
        if (width > 0) width--;
    } while (value != 0 || width > 0);
    wefti_dump_text(dump, at);
}

void wefti_dump_number(wefti_dump *dump, uint64_t value) { put_based(dump, value, 10, 1); }

void wefti_dump_address(wefti_dump *dump, const void *address) {
    wefti_dump_text(dump, "0x");
    put_based(dump, (uintptr_t)address, 16, 1);
}

static void put_seconds(wefti_dump *dump, int64_t nanoseconds) {
    if (nanoseconds < 0) nanoseconds = 0;
    put_based(dump, (uint64_t)nanoseconds / 1000000000, 10, 1);
    wefti_dump_text(dump, ".");
    put_based(dump, (uint64_t)nanoseconds / 1000000 % 1000, 10, 3);
    wefti_dump_text(dump, " s");
}

static void put_padded(wefti_dump *dump, const char *text, size_t width) {
    size_t length = strlen(text);
    wefti_dump_text(dump, text);
    for (; length < width; length++) wefti_dump_text(dump, " ");
}

/* ---- tasks ---- */

static void put_category(wefti_dump *dump, weft_category category) {
    wefti_dump_text(dump, "  category ");
    if (category == weft_category_default)
        wefti_dump_text(dump, "default");
    else
        wefti_dump_address(dump, category);
}

/* The name that the wait brought along. The words may be of two waits, if it went on meanwhile; they end all the same.
 */
static void put_name(wefti_dump *dump, wefti_runner *runner) {
    uint64_t words[WEFTI_SHORT_NAME / 8];
    char name[sizeof words + 1];
    for (int i = 0; i < WEFTI_SHORT_NAME / 8; i++) words[i] = wefti_load_relaxed(&runner->name[i]);
    memcpy(name, words, sizeof words);
    name[sizeof words] = '\0';
    if (name[0] == '\0') return;
    wefti_dump_text(dump, " \"");
    wefti_dump_text(dump, name);
    wefti_dump_text(dump, "\"");
}

static void put_started(wefti_dump *dump, wefti_runner *runner, const weft_task_type *type, bool current) {
    wefti_dump_text(dump, "    task ");
    put_padded(dump, type->name, 20);
    put_category(dump, wefti_load_relaxed(&runner->category));
    const char *what = wefti_load_relaxed(&runner->what);
    const void *object = wefti_load_relaxed(&runner->object);
    if (what != NULL) {
        wefti_dump_text(dump, "  waits: ");
        wefti_dump_text(dump, what);
        if (object != NULL) {
            wefti_dump_text(dump, " ");
            wefti_dump_address(dump, object);
            put_name(dump, runner);
            if (wefti_dump_object_hook != NULL) wefti_dump_object_hook(dump, object);
        }
    } else {
        wefti_dump_text(dump, current ? "  running" : "  ready");
    }
    wefti_dump_text(dump, "  for ");
    put_seconds(dump, dump->now - wefti_load_relaxed(&runner->since));
    wefti_dump_text(dump, "\n");
}

static void put_pending(const wefti_slot *slot, void *argument) {
    wefti_dump *dump = argument;
    const wefti_record *record = (const wefti_record *)(const void *)slot;
    wefti_dump_text(dump, "    task ");
    put_padded(dump, record->type->name, 20);
    put_category(dump, record->category);
    wefti_dump_text(dump, "  pending\n");
}

static void put_inbox(wefti_dump *dump, wefti_inbox *inbox, const char *name) {
    uint64_t pending = wefti_load_relaxed(&inbox->pushed) - wefti_load_relaxed(&inbox->taken);
    if (pending == 0) return;
    wefti_dump_text(dump, "  ");
    wefti_dump_text(dump, name);
    wefti_dump_text(dump, ": ");
    wefti_dump_number(dump, pending);
    wefti_dump_text(dump, " pending\n");
    if (!wefti_inbox_walk(inbox, PENDING_SHOWN, put_pending, dump)) wefti_dump_text(dump, "    (in use just now)\n");
}

/* Every task that has begun, worker by worker would need a pass for each; so: once over the stacks of a pool. */
static void put_pool(wefti_dump *dump, weft_kernel *kernel, const wefti_stack_pool *pool, size_t stack_size,
                     uint32_t worker) {
    wefti_stack_walk walk = {0};
    uint32_t number;
    void *low;
    while ((low = wefti_stack_walk_next(pool, &walk, &number)) != NULL) {
        wefti_runner *runner = wefti_runner_on(low, stack_size, number);
        const wefti_worker *home = wefti_load_acquire(&runner->home); /* partner: wefti_runner_fresh */
        const weft_task_type *type = wefti_load_relaxed(&runner->type);
        if (type == NULL || home != &kernel->workers[worker]) continue;
        put_started(dump, runner, type, wefti_load_relaxed(&home->current) == runner);
    }
}

/* ---- workers and kernels ---- */

static void put_worker(wefti_dump *dump, weft_kernel *kernel, uint32_t index) {
    weft_worker_counters c;
    weft_read_counters(kernel, index, &c);
    wefti_dump_text(dump, "  worker ");
    wefti_dump_number(dump, index);
    wefti_dump_text(dump, wefti_load_relaxed(&kernel->workers[index].sleep) == WEFTI_ASLEEP ? ": asleep"
                          : c.busy                                                          ? ": busy"
                                                                                            : ": searching");
    wefti_dump_text(dump, ", ");
    wefti_dump_number(dump, c.live);
    wefti_dump_text(dump, " live, ");
    wefti_dump_number(dump, c.pending);
    wefti_dump_text(dump, " pending, ");
    wefti_dump_number(dump, c.tasks);
    wefti_dump_text(dump, " done, ");
    wefti_dump_number(dump, c.stacks);
    wefti_dump_text(dump, " stacks\n");
    for (unsigned class = 0; class < WEFTI_STACK_CLASSES; class ++) {
        const wefti_stack_pool *pool = wefti_load_acquire(&kernel->pools[class]); /* partner: wefti_kernel_pool */
        if (pool != NULL) put_pool(dump, kernel, pool, (size_t)1 << (class + WEFTI_SMALLEST_STACK_BITS), index);
    }
    if (!wefti_queue_walk(&kernel->workers[index].queue, PENDING_SHOWN, put_pending, dump))
        wefti_dump_text(dump, "    (its queue is in use just now)\n");
}

static void put_kernel(weft_kernel *kernel, void *argument) {
    static const char *const states[] = {"being made", "running", "ending", "ended"};
    wefti_dump *dump = argument;
    uint32_t state = wefti_load_acquire(&kernel->state); /* partners: the releases in sched/kernel.c and idle.c */
    wefti_dump_text(dump, "kernel \"");
    wefti_dump_text(dump, kernel->name);
    wefti_dump_text(dump, "\": ");
    wefti_dump_number(dump, kernel->worker_count);
    wefti_dump_text(dump, " workers, ");
    wefti_dump_text(dump, states[state]);
    wefti_dump_text(dump, "\n");
    if (state == WEFTI_KERNEL_ENDED) return;
    for (uint32_t i = 0; i < kernel->worker_count; i++) put_worker(dump, kernel, i);
    put_inbox(dump, &kernel->inbox, "inbox");
    put_inbox(dump, &kernel->low, "low priority");
}

weft_status weft_dump(int descriptor) {
    wefti_dump dump = {.descriptor = descriptor, .now = wefti_clock()};
    int saved = errno;
    wefti_dump_text(&dump, "weft dump\n");
    if (!wefti_kernels_walk(put_kernel, &dump)) wefti_dump_text(&dump, "(the list of kernels is in use just now)\n");
    flush(&dump);
    errno = saved;
    return dump.failed ? WEFT_INVALID : WEFT_OK;
}

static void on_signal(int number) {
    (void)number;
    weft_dump(STDERR_FILENO);
}

weft_status weft_dump_on_signal(int signal_number) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    return sigaction(signal_number, &action, NULL) == 0 ? WEFT_OK : WEFT_INVALID;
}
