/* SPDX-License-Identifier: MIT */
/* kernel.c - making, ending and freeing kernels.
 *
 * Creation is a handshake: all threads are started; each establishes its bindings, enters its context and from there
 * its loop, and reports; the creator waits for all reports, and only if all are good lets them go.
 *
 *   thread:  started -> bindings -> context -> arrived ---- go -----> loop -> leaves
 *                          \-> failed                  \--- stop ----------> leaves
 *
 * The memory of an ended kernel is kept for the next one of the same size and never given back: somebody who has just
 * made a task of it runnable may still be about to look whether its worker sleeps (wefti_wake_worker).
 */
#include "sched/kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dynamic/env.h"
#include "os/interrupt.h"
#include "sched/attach.h"
#include "sched/slice.h"
#include "sched/submit.h"

#define SHORTEST_SLICE 1e-4
#define LONGEST_SLICE 3600.0
enum { DEFAULT_SLICE = 10000000 };
enum { DEFAULT_STACK = 256 * 1024, THREAD_STACK = 512 * 1024 };

struct weft_worker_loop {
    wefti_worker *worker;
    bool entered;
};

enum { NO_WORD, GO, STOP }; /* the creator's word to the workers */

void (*wefti_kernel_ended_hook)(weft_kernel *kernel);
void (*wefti_kernel_gone_hook)(weft_kernel *kernel);
void (*wefti_kernel_begins_hook)(void);

/* ---- registry and recycling ---- */

static wefti_spinlock registry_lock;
static weft_kernel *registry; /* kernels in use; under registry_lock */
static weft_kernel *recycled; /* memory of freed ones; under registry_lock */

static void enlist(weft_kernel *kernel) {
    wefti_spin_lock(&registry_lock);
    kernel->next_kernel = registry;
    registry = kernel;
    wefti_spin_unlock(&registry_lock);
}

static void delist(weft_kernel *kernel) {
    wefti_spin_lock(&registry_lock);
    weft_kernel **at = &registry;
    while (*at != NULL && *at != kernel) at = &(*at)->next_kernel;
    if (*at == kernel) *at = kernel->next_kernel;
    wefti_spin_unlock(&registry_lock);
}

bool wefti_kernels_walk(wefti_kernel_visitor *visit, void *argument) {
    for (int tries = 0; !wefti_spin_try(&registry_lock); tries++) {
        if (tries > 10000) return false;
        wefti_pause();
    }
    for (weft_kernel *kernel = registry; kernel != NULL; kernel = kernel->next_kernel) visit(kernel, argument);
    wefti_spin_unlock(&registry_lock);
    return true;
}

void wefti_kernels_lock(void) { wefti_spin_lock(&registry_lock); }
void wefti_kernels_unlock(void) { wefti_spin_unlock(&registry_lock); }

/* Its locks may have been held by threads that are gone. */
static void lose(weft_kernel *kernel) {
    kernel->lost = kernel->joining = kernel->joined = true;
    pthread_mutex_init(&kernel->lock, NULL);
    pthread_mutex_init(&kernel->broadcast_lock, NULL);
    pthread_cond_init(&kernel->changed, NULL);
    wefti_inbox_lose(&kernel->inbox);
    wefti_inbox_lose(&kernel->low);
    wefti_io_lose(&kernel->io);
    wefti_store_relaxed(&kernel->state, (uint32_t)WEFTI_KERNEL_ENDED); /* relaxed: there is one thread */
}

static bool is_lost(const weft_kernel *kernel) {
    const weft_kernel *lost = registry;
    while (lost != NULL && lost != kernel) lost = lost->next_kernel;
    return lost != NULL;
}

void wefti_kernels_forked(weft_bound *bound) {
    weft_kernel **global = weft_current_kernel.global;
    for (weft_kernel *kernel = registry; kernel != NULL; kernel = kernel->next_kernel) lose(kernel);
    if (is_lost(*global)) *global = NULL;
    for (; bound != NULL; bound = bound->next) {
        weft_kernel **value = bound->value;
        if (bound->variable == &weft_current_kernel && is_lost(*value)) *value = NULL;
    }
    registry = NULL;
}

static weft_kernel *take_memory(uint32_t worker_count) {
    wefti_spin_lock(&registry_lock);
    weft_kernel **at = &recycled;
    while (*at != NULL && (*at)->worker_count != worker_count) at = &(*at)->next_kernel;
    weft_kernel *kernel = *at;
    if (kernel != NULL) *at = kernel->next_kernel;
    wefti_spin_unlock(&registry_lock);
    if (kernel != NULL) return kernel;
    size_t size = sizeof *kernel + WEFTI_APART + worker_count * sizeof(wefti_worker);
    if (posix_memalign((void **)&kernel, WEFTI_APART, size) != 0) return NULL;
    memset(kernel, 0, size);
    kernel->worker_count = worker_count;
    uintptr_t workers = ((uintptr_t)(kernel + 1) + WEFTI_APART - 1) & ~(uintptr_t)(WEFTI_APART - 1);
    kernel->workers = (wefti_worker *)workers;
    for (uint32_t i = 0; i < worker_count; i++) kernel->workers[i].kernel = kernel;
    return kernel;
}

static void recycle(weft_kernel *kernel) {
    wefti_spin_lock(&registry_lock);
    kernel->next_kernel = recycled;
    recycled = kernel;
    wefti_spin_unlock(&registry_lock);
}

/* The worker on whose thread the caller runs, its context function included; NULL: none. */
static const wefti_worker *worker_here(void) {
    wefti_strand *self = wefti_strand_now;
    if (self == NULL) return NULL;
    return self->worker != NULL ? self->worker : wefti_load_relaxed(&wefti_thread_of_strand(self)->serving);
}

bool wefti_kernel_inside(const weft_kernel *kernel) {
    const wefti_worker *worker = worker_here();
    return worker != NULL && (kernel == NULL || worker->kernel == kernel);
}

/* The worker of this kernel that the caller runs on, or NULL. */
static wefti_worker *worker_of(const weft_kernel *kernel) {
    wefti_worker *worker = wefti_strand_now != NULL ? wefti_strand_now->worker : NULL;
    return worker != NULL && worker->kernel == kernel ? worker : NULL;
}

/* A task keeps the kernel from its end, and its worker is not quiet: so it counts where nobody else writes, whoever
 * counted the pledge it takes back. */
static void count_own(wefti_worker *worker, size_t pledges) {
    /* relaxed, both: partner is the kernel's lock, which each worker takes to become quiet, and live() is asked with it
     */
    wefti_store_relaxed(&worker->pledges, wefti_load_relaxed(&worker->pledges) + pledges);
}

bool wefti_kernel_pledge(weft_kernel *kernel) {
    wefti_worker *worker = worker_of(kernel);
    if (worker != NULL) {
        count_own(worker, 1);
        return true;
    }
    /* seq, both: either this sees that the kernel is ending, or who ends it counts the pledge. Partners: the store in
     * begin_ending and the load in live(), idle.c. */
    wefti_add_seq(&kernel->pledges, (size_t)1);
    if (WEFTI_LIKELY(wefti_load_seq(&kernel->state) < WEFTI_KERNEL_ENDING) || wefti_kernel_inside(kernel)) return true;
    wefti_kernel_redeem(kernel);
    return false;
}

void wefti_kernel_redeem(weft_kernel *kernel) {
    wefti_worker *worker = worker_of(kernel);
    if (worker != NULL) {
        count_own(worker, (size_t)-1); /* the last worker to become quiet will look */
        return;
    }
    /* seq, both: either this sees that the kernel is ending, and has somebody look, or who looks counts the redemption.
     * Partners: the store in begin_ending and the load in live(), idle.c. */
    wefti_add_seq(&kernel->pledges, (size_t)-1);
    if (wefti_load_seq(&kernel->state) >= WEFTI_KERNEL_ENDING)
        wefti_kernel_look_again(kernel); /* the kernel's memory outlives it, see the head of this file */
}

/* Replaces the global value of weft_current_kernel if it is `from`. */
static void replace_current(weft_kernel *from, weft_kernel *to) {
    /* acq_rel: who finds the kernel there finds it made; partner: the read in dynamic/env.c */
    __atomic_compare_exchange_n((weft_kernel **)weft_current_kernel.global, &from, to, false, __ATOMIC_ACQ_REL,
                                __ATOMIC_RELAXED);
}

wefti_stack_pool *wefti_kernel_pool(weft_kernel *kernel, size_t stack_size) {
    unsigned class = (unsigned)__builtin_ctzll(stack_size) - WEFTI_SMALLEST_STACK_BITS;
    pthread_mutex_lock(&kernel->lock);
    wefti_stack_pool *pool = wefti_load_relaxed(&kernel->pools[class]);
    if (pool == NULL) {
        pool = wefti_stack_pool_make(stack_size);
        wefti_store_release(&kernel->pools[class], pool); /* partner: the acquire in trace/dump.c */
    }
    pthread_mutex_unlock(&kernel->lock);
    return pool;
}

/* ---- a worker's thread ---- */

static void find_cells(wefti_worker *worker, const wefti_strand *strand) {
    worker->cells.category = wefti_cell_of(strand, &weft_task_category);
    worker->cells.priority = wefti_cell_of(strand, &weft_task_priority);
    worker->cells.kernel = wefti_cell_of(strand, &weft_current_kernel);
}

static void report(weft_kernel *kernel, weft_status status) {
    pthread_mutex_lock(&kernel->lock);
    if (status != WEFT_OK && kernel->failure == WEFT_OK) kernel->failure = status;
    kernel->arrived++;
    pthread_cond_broadcast(&kernel->changed);
    pthread_mutex_unlock(&kernel->lock);
}

/* Waits for the creator's word. false: some worker failed, all end. Not with the lock and the condition: each would
 * have to have the lock once more, one after the other, and where there are many more workers than processors, and the
 * first ones compute already, each turn takes as long as the processors take to come round. */
static bool wait_for_go(weft_kernel *kernel) {
    uint32_t word;
    while ((word = wefti_load_acquire(&kernel->word)) == NO_WORD) /* partner: give_word */
        wefti_futex_wait(&kernel->word, NO_WORD, INT64_MAX);
    return word == GO;
}

WEFTI_NO_TSAN static WEFTI_NOINLINE void run_loop(wefti_worker *worker, wefti_thread *thread) {
    wefti_runner *first = wefti_runner_get(worker); /* made before the report: there is one */
    worker->now = worker->seen = wefti_clock();
    wefti_store_relaxed(&worker->busy_since, worker->now);
    wefti_store_relaxed(&worker->current, first);
    wefti_fiber_adopt(&worker->root);
    wefti_fiber_switch(&worker->root, &first->fiber, false);
    wefti_strand_now = &thread->strand;
    if (!worker->renewing) wefti_runner_free(worker, worker->retired); /* the runner that left last */
    worker->retired = NULL;
    wefti_fiber_end(&worker->root);
}

/* The worker has another thread, and with it other bindings. Runners in their loop have none of a task; those with a
 * task take them over after its end (WEFTI_TASK_DOOMED). */
static void hand_on_runners(wefti_worker *worker) {
    for (wefti_node *node = worker->idle; node != NULL; node = node->next) {
        wefti_strand *strand = &wefti_runner_of(node)->fiber.strand;
        strand->bound = strand->base = worker->base;
        strand->handlers = worker->handlers;
    }
    for (unsigned class = 0; class < WEFTI_STACK_CLASSES; class ++) {
        const wefti_stack_pool *pool =
            wefti_load_acquire(&worker->kernel->pools[class]); /* partner: wefti_kernel_pool */
        wefti_stack_walk walk = {0};
        uint32_t number;
        void *low;
        while (pool != NULL && (low = wefti_stack_walk_next(pool, &walk, &number)) != NULL) {
            wefti_runner *runner = wefti_runner_on(low, wefti_stack_size_of(pool), number);
            bool mine = wefti_load_acquire(&runner->home) == worker; /* partner: wefti_runner_fresh */
            /* relaxed: only this worker changes it */
            if (mine && wefti_load_relaxed(&runner->type) != NULL) runner->watched |= WEFTI_TASK_DOOMED;
        }
    }
}

weft_status weft_enter_worker_loop(weft_worker_loop *loop) {
    if (loop == NULL || loop->entered) return WEFT_INVALID;
    wefti_thread *thread = wefti_thread_of_strand(wefti_strand_self());
    wefti_worker *worker = loop->worker;
    loop->entered = true;
    worker->base = thread->strand.bound;
    worker->handlers = thread->strand.handlers;
    find_cells(worker, &thread->strand);
    if (worker->replaced || worker->renewing) hand_on_runners(worker);
    worker->renewing = false;
    bool ready = wefti_may_park(&(wefti_strand){.worker = worker});
    report(worker->kernel, ready ? WEFT_OK : WEFT_NO_MEMORY);
    if (wait_for_go(worker->kernel)) run_loop(worker, thread);
    return WEFT_OK;
}

/* The kernel has ended. acquire: partner wefti_kernel_pool. */
static void each_pool(weft_kernel *kernel, void (*what)(wefti_stack_pool *pool)) {
    for (unsigned class = 0; class < WEFTI_STACK_CLASSES; class ++) {
        wefti_stack_pool *pool = wefti_load_acquire(&kernel->pools[class]);
        if (pool != NULL) what(pool);
    }
}

static void free_idle_runners(wefti_worker *worker) {
    each_pool(worker->kernel, wefti_stack_pool_close);
    while (worker->idle != NULL) {
        wefti_runner *runner = wefti_runner_of(worker->idle);
        worker->idle = worker->idle->next;
        wefti_runner_free(worker, runner);
    }
    worker->idle_count = 0;
}

static void enter_context(wefti_worker *worker) {
    weft_kernel *kernel = worker->kernel;
    weft_worker_loop loop = {worker, false};
    if (kernel->context != NULL)
        kernel->context(&loop, kernel->context_argument);
    else
        weft_enter_worker_loop(&loop);
    if (loop.entered) return;
    if (worker->renewing)
        weft_enter_worker_loop(&loop); /* as it has served once, it goes on serving without */
    else
        report(kernel, WEFT_NOT_STARTED);
}

static void name_thread(const wefti_worker *worker) {
    char name[64];
    int cut = 11; /* leaves room for the number where the system allows 15 characters */
    snprintf(name, sizeof name, "%.*s/%u", cut, worker->kernel->name, worker->index);
    wefti_os_thread_name(name);
}

/* The worker's own kernel first, then what the options ask for. memory: that of a thread before; it stays where it is,
 * since tasks that wait refer to it. Returns it, NULL if there is none. */
static void *establish_bindings(wefti_strand *self, weft_kernel *kernel, char *memory) {
    size_t own = wefti_binding_size(&weft_current_kernel);
    if (memory == NULL) memory = malloc(own + wefti_bindings_size(kernel->bindings, kernel->binding_count));
    if (memory == NULL) return NULL;
    self->bound = wefti_binding_instantiate(&weft_current_kernel, &kernel, memory, self->bound);
    wefti_bindings_instantiate(kernel->bindings, kernel->binding_count, memory + own, self);
    return memory;
}

/* After a kill: the bindings are computed anew, in the same memory. false: the worker ends. */
static bool begins_anew(wefti_worker *worker, wefti_strand *self, weft_bound *outer) {
    if (!worker->renewing) return false;
    self->bound = outer;
    establish_bindings(self, worker->kernel, worker->bindings);
    return true;
}

static void serve(wefti_worker *worker) {
    weft_kernel *kernel = worker->kernel;
    wefti_strand *self = wefti_attach_worker();
    if (self == NULL) {
        report(kernel, WEFT_NO_MEMORY);
        return;
    }
    void *signal_stack = wefti_signal_stack_begin();
    worker->exceptions = wefti_exceptions_of_thread();
    worker->thread_id = wefti_os_thread_id();
    name_thread(worker);
    wefti_os_exact_timeouts();
    wefti_store_relaxed(&wefti_thread_of_strand(self)->serving, worker); /* relaxed: others list it */
    weft_bound *outer = self->bound;
    worker->bindings = establish_bindings(self, kernel, worker->bindings);
    if (worker->bindings == NULL) report(kernel, WEFT_NO_MEMORY);
    for (bool serves = worker->bindings != NULL; serves; serves = begins_anew(worker, self, outer))
        enter_context(worker);
    free_idle_runners(worker);
    self->bound = NULL;
    free(worker->bindings);
    worker->bindings = NULL;
    wefti_store_relaxed(&wefti_thread_of_strand(self)->serving, NULL);
    wefti_signal_stack_end(signal_stack);
}

static void worker_thread(void *argument) {
    wefti_worker *worker = argument;
    weft_kernel *kernel = worker->kernel;
    serve(worker);
    pthread_mutex_lock(&kernel->lock);
    worker->gone = true;
    pthread_cond_broadcast(&kernel->changed);
    pthread_mutex_unlock(&kernel->lock);
}

bool wefti_worker_replace(wefti_worker *worker) {
    weft_kernel *kernel = worker->kernel;
    wefti_os_thread thread;
    worker->replaced = true;
    if (wefti_os_thread_start(&thread, worker_thread, worker, THREAD_STACK) != 0) return false;
    pthread_mutex_lock(&kernel->lock);
    wefti_os_thread_detach(&worker->thread);
    worker->thread = thread;
    pthread_mutex_unlock(&kernel->lock);
    return true;
}

/* ---- making ---- */

static weft_status check_options(unsigned worker_count, const weft_kernel_options *options, size_t *stack_size) {
    if (worker_count > WEFT_MAX_WORKERS) return WEFT_INVALID;
    size_t wanted = options->stack_size != 0 ? options->stack_size : DEFAULT_STACK;
    if (wanted < WEFTI_SMALLEST_STACK || wanted > WEFTI_LARGEST_STACK) return WEFT_INVALID;
    if (options->spin_count < WEFT_NO_SPIN) return WEFT_INVALID;
    if (options->binding_count > 0 && options->bindings == NULL) return WEFT_INVALID;
    if (!wefti_bindings_valid(options->bindings, options->binding_count)) return WEFT_INVALID;
    if (!(options->slice >= 0 && options->slice <= LONGEST_SLICE)) return WEFT_INVALID;
    if (options->slice > 0 && options->slice < SHORTEST_SLICE) return WEFT_INVALID;
    for (*stack_size = WEFTI_SMALLEST_STACK; *stack_size < wanted;) *stack_size *= 2;
    return WEFT_OK;
}

static bool init_worker(weft_kernel *kernel, wefti_worker *worker, uint32_t index) {
    wefti_worker blank = {.kernel = kernel, .index = index, .random = index * 2654435761u + 1, .poll_every = 64};
    memcpy(worker, &blank,
           offsetof(wefti_worker, mailbox)); /* `sleep` stays AWAKE: a late waker may be looking at it */
    worker->movable = (wefti_runners){NULL, NULL};
    wefti_atomic_init(&worker->question, NULL);
    wefti_atomic_init(&worker->slice_over, false);
    wefti_atomic_init(&worker->least_slice, (int64_t)0);
    find_cells(worker, &(wefti_strand){.bound = NULL});
    wefti_wheel_init(&worker->wheel, wefti_clock(), true);
    return wefti_queue_init(&worker->queue, &kernel->depot);
}

static bool copy_options(weft_kernel *kernel, const weft_kernel_options *options) {
    kernel->name = strdup(options->name != NULL ? options->name : "weft");
    kernel->bindings = NULL;
    kernel->binding_count = options->binding_count;
    if (options->binding_count > 0) {
        kernel->bindings = calloc(options->binding_count, sizeof *options->bindings);
        if (kernel->bindings == NULL) return false;
        memcpy(kernel->bindings, options->bindings, options->binding_count * sizeof *options->bindings);
    }
    kernel->context = options->context;
    kernel->context_argument = options->context_argument;
    int64_t spin = options->spin_count != 0 ? options->spin_count : weft_get(weft_spin_count);
    kernel->spin_count = spin > 0 && wefti_load_relaxed(&wefti_cpus_to_spin) > 1 ? spin : 0;
    kernel->use_caller = options->use_caller;
    kernel->slices = options->slice > 0;
    kernel->slice = kernel->slices ? (int64_t)(options->slice * 1e9) : DEFAULT_SLICE;
    return kernel->name != NULL;
}

/* Frees what init_kernel has made, in reverse. Works on a half-made kernel. */
static void end_kernel_memory(weft_kernel *kernel) {
    for (uint32_t i = 0; i < kernel->worker_count; i++) {
        wefti_queue_end(&kernel->workers[i].queue);
        wefti_spares_end(&kernel->workers[i].spares);
    }
    wefti_inbox_end(&kernel->low);
    wefti_inbox_end(&kernel->inbox);
    for (int i = 0; i < WEFTI_STACK_CLASSES; i++) {
        wefti_stack_pool *pool = wefti_load_relaxed(&kernel->pools[i]);
        if (pool != NULL) wefti_stack_pool_free(pool);
        wefti_atomic_init(&kernel->pools[i], NULL);
    }
    kernel->stacks = NULL;
    wefti_depot_end(&kernel->depot);
    wefti_io_end(&kernel->io);
    pthread_cond_destroy(&kernel->changed);
    pthread_mutex_destroy(&kernel->broadcast_lock);
    pthread_mutex_destroy(&kernel->lock);
    free(kernel->bindings);
    free(kernel->name);
    recycle(kernel);
}

static bool init_kernel(weft_kernel *kernel, const weft_kernel_options *options, size_t stack_size) {
    pthread_mutex_init(&kernel->lock, NULL);
    pthread_mutex_init(&kernel->broadcast_lock, NULL);
    pthread_cond_init(&kernel->changed, NULL);
    wefti_atomic_init(&kernel->state, (uint32_t)WEFTI_KERNEL_MAKING);
    wefti_atomic_init(&kernel->word, (uint32_t)NO_WORD);
    wefti_atomic_init(&kernel->users, (size_t)0);
    wefti_atomic_init(&kernel->slicer, NULL);
    wefti_atomic_init(&kernel->pledges, (size_t)0);
    memset(&kernel->drain, 0, sizeof kernel->drain);
    wefti_io_init(&kernel->io);
    kernel->forkers = NULL;
    wefti_atomic_init(&kernel->forks_lock, 0u);
    wefti_atomic_init(&kernel->forks_wanted, 0u);
    wefti_atomic_init(&kernel->forker_count, 0u);
    kernel->arrived = kernel->quiet = kernel->started = 0;
    kernel->failure = WEFT_OK;
    kernel->lost = kernel->joining = kernel->joined = kernel->ending_thread_started = false;
    kernel->stack_size = stack_size;
    wefti_wheel_init(&kernel->wheel, wefti_clock(), false);
    /* All of them are begun, whatever fails, so that end_kernel_memory finds nothing of the memory's former life. */
    bool options_good = copy_options(kernel, options);
    bool inbox_good = wefti_inbox_init(&kernel->inbox, &kernel->depot);
    bool low_good = wefti_inbox_init(&kernel->low, &kernel->depot);
    bool good = options_good && inbox_good && low_good;
    for (uint32_t i = 0; i < kernel->worker_count; i++)
        if (!init_worker(kernel, &kernel->workers[i], i)) good = false;
    kernel->stacks = wefti_kernel_pool(kernel, stack_size);
    return good && kernel->stacks != NULL;
}

static void join_workers(weft_kernel *kernel) {
    for (uint32_t i = 0; i < kernel->started; i++) {
        pthread_mutex_lock(&kernel->lock); /* its thread may be replaced up to then */
        while (!kernel->workers[i].gone) pthread_cond_wait(&kernel->changed, &kernel->lock);
        pthread_mutex_unlock(&kernel->lock);
        wefti_os_thread_join(&kernel->workers[i].thread);
    }
    kernel->started = 0;
}

static void give_word(weft_kernel *kernel, uint32_t word) {
    wefti_store_release(&kernel->word, word); /* the workers see the kernel made; partner: wait_for_go */
    wefti_futex_wake(&kernel->word, UINT32_MAX);
}

/* Starts the threads and waits for their reports. */
static weft_status start_workers(weft_kernel *kernel) {
    weft_status status = WEFT_OK;
    for (kernel->started = 0; kernel->started < kernel->worker_count; kernel->started++) {
        wefti_worker *worker = &kernel->workers[kernel->started];
        if (wefti_os_thread_start(&worker->thread, worker_thread, worker, THREAD_STACK) != 0) {
            status = WEFT_NO_THREADS;
            break;
        }
    }
    pthread_mutex_lock(&kernel->lock);
    while (kernel->arrived < kernel->started) pthread_cond_wait(&kernel->changed, &kernel->lock);
    if (status == WEFT_OK) status = kernel->failure;
    if (status == WEFT_OK)
        wefti_store_release(&kernel->state, (uint32_t)WEFTI_KERNEL_RUNNING); /* partner: state_of in idle.c */
    pthread_mutex_unlock(&kernel->lock);
    give_word(kernel, status == WEFT_OK ? GO : STOP);
    return status;
}

weft_kernel *weft_make_kernel(unsigned worker_count, const weft_kernel_options *options) {
    static const weft_kernel_options defaults;
    if (options == NULL) options = &defaults;
    size_t stack_size;
    weft_status status = check_options(worker_count, options, &stack_size);
    if (status != WEFT_OK) return wefti_fail(status);
    if (wefti_kernel_begins_hook != NULL) wefti_kernel_begins_hook();
    wefti_barrier_init();
    unsigned cpus = wefti_cpu_count();
    wefti_store_relaxed(&wefti_cpus_to_spin, cpus); /* relaxed: several may do this at once; a guess */
    weft_kernel *kernel = take_memory(worker_count != 0 ? worker_count : cpus);
    if (kernel == NULL) return wefti_fail(WEFT_NO_MEMORY);
    status = init_kernel(kernel, options, stack_size) ? start_workers(kernel) : WEFT_NO_MEMORY;
    if (status == WEFT_OK && kernel->slices) wefti_slicer_begin(kernel);
    if (status != WEFT_OK) {
        join_workers(kernel);
        end_kernel_memory(kernel);
        return wefti_fail(status);
    }
    enlist(kernel);
    replace_current(NULL, kernel);
    return kernel;
}

/* ---- ending ---- */

/* Closes it to the outside and tells the workers. Idempotent. */
static void begin_ending(weft_kernel *kernel) {
    if (kernel->lost) return;
    pthread_mutex_lock(&kernel->lock);
    bool first = wefti_load_relaxed(&kernel->state) == WEFTI_KERNEL_RUNNING;
    if (first) {
        wefti_inbox_close(&kernel->inbox);
        wefti_inbox_close(&kernel->low);
        wefti_store_seq(&kernel->state,
                        (uint32_t)WEFTI_KERNEL_ENDING); /* partners: state_of, idle.c; wefti_kernel_pledge */
    }
    pthread_mutex_unlock(&kernel->lock);
    if (!first) return;
    for (uint32_t i = 0; i < kernel->worker_count; i++) wefti_wake_worker(kernel, &kernel->workers[i]);
    replace_current(kernel, NULL);
    if (weft_get(weft_current_kernel) == kernel && !wefti_kernel_inside(kernel)) weft_set(weft_current_kernel, NULL);
}

static void finish_ending(weft_kernel *kernel) {
    pthread_mutex_lock(&kernel->lock);
    if (kernel->joined) {
        pthread_mutex_unlock(&kernel->lock);
        return;
    }
    if (kernel->joining) {
        while (!kernel->joined) pthread_cond_wait(&kernel->changed, &kernel->lock);
        pthread_mutex_unlock(&kernel->lock);
        return;
    }
    kernel->joining = true;
    pthread_mutex_unlock(&kernel->lock);
    join_workers(kernel);
    each_pool(kernel, wefti_stack_pool_forget);
    wefti_slicer_end(kernel);
    wefti_io_kernel_ended(kernel);
    if (wefti_kernel_ended_hook != NULL) wefti_kernel_ended_hook(kernel);
    pthread_mutex_lock(&kernel->lock);
    kernel->joined = true;
    pthread_cond_broadcast(&kernel->changed);
    pthread_mutex_unlock(&kernel->lock);
}

static void ending_thread(void *kernel) {
    wefti_os_thread_name("weft/ending");
    finish_ending(kernel);
}

weft_status weft_end_kernel(weft_kernel *kernel, bool wait) {
    if (kernel == NULL) return WEFT_NO_KERNEL;
    if (kernel->lost) return WEFT_OK;
    if (wait && wefti_kernel_inside(kernel)) return WEFT_IN_WORKER;
    begin_ending(kernel);
    if (wait) {
        finish_ending(kernel);
        return WEFT_OK;
    }
    weft_status status = WEFT_OK;
    pthread_mutex_lock(&kernel->lock);
    if (!kernel->ending_thread_started && !kernel->joining) {
        kernel->ending_thread_started =
            wefti_os_thread_start(&kernel->ending_thread, ending_thread, kernel, THREAD_STACK) == 0;
        if (!kernel->ending_thread_started) status = WEFT_NO_THREADS;
    }
    pthread_mutex_unlock(&kernel->lock);
    return status;
}

weft_status weft_free_kernel(weft_kernel *kernel) {
    if (kernel == NULL || kernel->lost) return WEFT_OK;
    if (wefti_kernel_inside(kernel)) return WEFT_IN_WORKER;
    if (wefti_load_acquire(&kernel->users) != 0) return WEFT_BUSY; /* partner: the release of the last user */
    begin_ending(kernel);
    finish_ending(kernel);
    if (kernel->ending_thread_started) wefti_os_thread_join(&kernel->ending_thread);
    delist(kernel);
    if (wefti_kernel_gone_hook != NULL) wefti_kernel_gone_hook(kernel);
    /* Who cancels or kills may have mailed a worker whose last task ended meanwhile; from here on nobody does. */
    for (uint32_t i = 0; i < kernel->worker_count; i++) wefti_worker_refuse_mail(&kernel->workers[i]);
    end_kernel_memory(kernel);
    return WEFT_OK;
}

/* ---- reading ---- */

weft_kernel *wefti_kernel_current(void) { return weft_get(weft_current_kernel); }

static const weft_kernel *or_current(const weft_kernel *kernel) {
    return kernel != NULL ? kernel : wefti_kernel_current();
}

const char *weft_kernel_name(const weft_kernel *kernel) {
    kernel = or_current(kernel);
    return kernel != NULL ? kernel->name : NULL;
}

unsigned weft_kernel_worker_count(const weft_kernel *kernel) {
    kernel = or_current(kernel);
    return kernel != NULL ? kernel->worker_count : 0;
}

const weft_worker_binding *weft_kernel_bindings(const weft_kernel *kernel, size_t *count) {
    kernel = or_current(kernel);
    if (count != NULL) *count = kernel != NULL ? kernel->binding_count : 0;
    return kernel != NULL ? kernel->bindings : NULL;
}

void (*weft_kernel_context(const weft_kernel *kernel))(weft_worker_loop *, void *) {
    kernel = or_current(kernel);
    return kernel != NULL ? kernel->context : NULL;
}

int weft_kernel_worker_index(void) {
    const wefti_worker *worker = worker_here();
    return worker != NULL ? (int)worker->index : -1;
}

size_t weft_task_categories_running(const weft_kernel *kernel, weft_category *categories, size_t room) {
    kernel = or_current(kernel);
    if (kernel == NULL) return 0;
    for (uint32_t i = 0; categories != NULL && i < kernel->worker_count && i < room; i++) {
        wefti_runner *runner = wefti_load_relaxed(&kernel->workers[i].current);
        /* A runner's memory stays mapped while its kernel runs; what is read of it may be old. */
        bool running = runner != NULL && wefti_load_relaxed(&runner->type) != NULL;
        categories[i] = running ? wefti_load_relaxed(&runner->category) : NULL;
    }
    return kernel->worker_count;
}

const char *weft_task_name(void) {
    wefti_strand *self = wefti_strand_now;
    if (self == NULL || self->worker == NULL) return NULL;
    const weft_task_type *type = wefti_load_relaxed(&wefti_runner_of_strand(self)->type);
    return type != NULL ? type->name : NULL;
}
