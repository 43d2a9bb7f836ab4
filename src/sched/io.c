/* SPDX-License-Identifier: MIT */
/* io.c - waiting for descriptors; see io.h. */
#include "sched/io.h"

#include <stdlib.h>
#include <string.h>

#include <weft/descriptor.h>

#include "sched/attach.h"
#include "sched/kernel.h"

enum { LOOK_NANOSECONDS = 50000, MOST_EVENTS = 64, FIRST_ROOM = 64 };

/* The memory may be a former kernel's, and a late waker of that one still look who polls: so that is no plain access.
 */
void wefti_io_init(wefti_io *io) {
    io->open = io->ended = false;
    io->waiting = NULL;
    io->room = 0;
    wefti_store_relaxed(&io->watched, 0u); /* relaxed, all: nobody else knows of the kernel yet */
    wefti_store_relaxed(&io->poller, NULL);
    wefti_store_relaxed(&io->looked, (int64_t)0);
    memset(&io->events, 0, sizeof io->events);
    io->events.set = io->events.bell = -1;
    pthread_mutex_init(&io->lock, NULL);
}

void wefti_io_end(wefti_io *io) {
    if (io->open) wefti_events_close(&io->events);
    free(io->waiting);
    pthread_mutex_destroy(&io->lock);
}

void wefti_io_lose(wefti_io *io) {
    if (io->open) wefti_events_close(&io->events);
    wefti_io_init(io);
}

weft_kernel *wefti_io_kernel(const wefti_strand *self) {
    return self->worker != NULL ? self->worker->kernel : wefti_kernel_current();
}

/* ---- the table; lock held ---- */

static bool make_room(wefti_io *io, int descriptor) {
    if (!io->open && !(io->open = wefti_events_open(&io->events))) return false;
    if (descriptor < io->room) return true;
    int room = io->room < FIRST_ROOM ? FIRST_ROOM : io->room;
    while (room <= descriptor) room *= 2;
    wefti_waiters *waiting = realloc(io->waiting, (size_t)room * sizeof *waiting);
    if (waiting == NULL) return false;
    memset(waiting + io->room, 0, (size_t)(room - io->room) * sizeof *waiting);
    io->waiting = waiting;
    io->room = room;
    return true;
}

static unsigned wanted_of(const wefti_io *io, int descriptor) {
    unsigned wanted = 0;
    for (const wefti_waiter *w = wefti_first(&io->waiting[descriptor]); w != NULL; w = w->next)
        wanted |= w->result ? WEFTI_WRITE : WEFTI_READ;
    return wanted;
}

static void count_watched(wefti_io *io, int more) {
    /* release: with the set that has been made; partner: wefti_io_watches. The mutex orders the rest. */
    wefti_store_release(&io->watched, (uint32_t)((int)wefti_load_relaxed(&io->watched) + more));
}

static void unlist(wefti_io *io, int descriptor, wefti_waiter *waiter) {
    wefti_waiter_unlist(&io->waiting[descriptor], waiter);
    count_watched(io, -1);
}

/* Ends waits for what is ready with a status. Returns those to unpark. What is still wanted is watched again. */
static wefti_wait *serve(wefti_io *io, int descriptor, unsigned ready, weft_status status, wefti_wait *more) {
    bool left = false;
    for (wefti_waiter *waiter = wefti_first(&io->waiting[descriptor]), *next; waiter != NULL; waiter = next) {
        next = waiter->next;
        if ((ready & (waiter->result ? WEFTI_WRITE : WEFTI_READ)) == 0) {
            left = true;
            continue;
        }
        bool gone, won = wefti_waiter_claim(waiter, status, &gone);
        if (gone || (won && !waiter->kept)) unlist(io, descriptor, waiter);
        if (!won) continue;
        waiter->wait->woken = more;
        more = waiter->wait;
    }
    /* Those that were left a hint ask again when they look. */
    if (left) wefti_events_watch(&io->events, descriptor, wanted_of(io, descriptor) & ~ready);
    return more;
}

static void unpark_all(wefti_wait *waits) {
    for (wefti_wait *next; waits != NULL; waits = next) {
        next = waits->woken;
        wefti_unpark(waits);
    }
}

weft_status wefti_io_enlist(weft_kernel *kernel, int descriptor, bool write, wefti_waiter *waiter) {
    wefti_io *io = &kernel->io;
    if (descriptor < 0) return WEFT_INVALID;
    waiter->result = write;
    pthread_mutex_lock(&io->lock);
    weft_status status = io->ended ? WEFT_ENDED : WEFT_NO_MEMORY;
    if (!io->ended && make_room(io, descriptor)) {
        wefti_waiter_enlist(&io->waiting[descriptor], waiter);
        count_watched(io, 1);
        wefti_watched watched = wefti_events_watch(&io->events, descriptor, wanted_of(io, descriptor));
        static const weft_status meaning[] = {WEFT_BUSY, WEFT_OK, WEFT_INVALID, WEFT_NO_MEMORY};
        status = meaning[watched];
        if (status != WEFT_BUSY) unlist(io, descriptor, waiter);
    }
    pthread_mutex_unlock(&io->lock);
    /* A sleeper may have to become the poller. Workers that are awake take care of it before they sleep. */
    if (status == WEFT_BUSY && wefti_io_wants_poller(io)) wefti_kernel_look_again(kernel);
    return status;
}

void wefti_io_again(weft_kernel *kernel, int descriptor) {
    wefti_io *io = &kernel->io;
    pthread_mutex_lock(&io->lock);
    if (descriptor < io->room) wefti_events_watch(&io->events, descriptor, wanted_of(io, descriptor));
    pthread_mutex_unlock(&io->lock);
}

void wefti_io_delist(weft_kernel *kernel, int descriptor, wefti_waiter *waiter) {
    wefti_io *io = &kernel->io;
    pthread_mutex_lock(&io->lock);
    if (waiter->listed) unlist(io, descriptor, waiter);
    pthread_mutex_unlock(&io->lock);
}

/* ---- looking ---- */

static void serve_events(wefti_io *io, const wefti_event *events, int count) {
    wefti_wait *waits = NULL;
    pthread_mutex_lock(&io->lock);
    for (int i = 0; i < count; i++)
        if (events[i].descriptor < io->room) waits = serve(io, events[i].descriptor, events[i].ready, WEFT_OK, waits);
    pthread_mutex_unlock(&io->lock);
    unpark_all(waits);
}

bool wefti_io_become_poller(wefti_worker *worker) {
    wefti_io *io = &worker->kernel->io;
    if (!wefti_io_watches(io)) return false;
    wefti_worker *nobody = NULL;
    return wefti_cas_acq_rel(&io->poller, &nobody, worker); /* acq_rel: one after the other; partner: stop_polling */
}

void wefti_io_stop_polling(wefti_worker *worker) {
    wefti_store_release(&worker->kernel->io.poller, (wefti_worker *)NULL); /* partner: the next one's cas */
}

void wefti_io_sleep(wefti_worker *worker, int64_t deadline) {
    weft_kernel *kernel = worker->kernel;
    wefti_io *io = &kernel->io;
    wefti_event events[MOST_EVENTS];
    int count = 0;
    /* acquire: partner is the release in wefti_sleeper_wake */
    while (wefti_load_acquire(&worker->sleep) == WEFTI_ASLEEP && count == 0) {
        count = wefti_events_wait(&io->events, events, MOST_EVENTS, deadline);
        if (count == 0 && deadline != INT64_MAX && wefti_clock() >= deadline) break;
    }
    wefti_sleeper_retract(&kernel->idle, &worker->sleep);
    wefti_io_stop_polling(worker);
    wefti_store_relaxed(&io->looked, wefti_clock());
    serve_events(io, events, count);
}

void wefti_io_look(wefti_worker *worker) {
    wefti_io *io = &worker->kernel->io;
    if (WEFTI_LIKELY(!wefti_io_watches(io))) return;
    if (worker->now - wefti_load_relaxed(&io->looked) < LOOK_NANOSECONDS) return; /* relaxed: a guess */
    if (wefti_load_relaxed(&io->poller) != NULL) return; /* relaxed: a guess; that one will see to it */
    wefti_store_relaxed(&io->looked, worker->now);
    wefti_event events[MOST_EVENTS];
    int count = wefti_events_wait(&io->events, events, MOST_EVENTS, 0);
    serve_events(io, events, count);
}

bool wefti_io_ring(weft_kernel *kernel, wefti_worker *worker) {
    /* acquire: with the set that it waits on; as it is now, see the head of io.h */
    if (WEFTI_LIKELY(wefti_load_acquire(&kernel->io.poller) != worker)) return false;
    wefti_events_ring(&kernel->io.events);
    return true;
}

/* ---- ends ---- */

static void end_waits(wefti_io *io, int descriptor, weft_status status) {
    wefti_wait *waits = NULL;
    pthread_mutex_lock(&io->lock);
    if (status == WEFT_ENDED) io->ended = true; /* who comes later would wait for ever */
    int first = descriptor < 0 ? 0 : descriptor, last = descriptor < 0 ? io->room - 1 : descriptor;
    for (int i = first; i <= last && i < io->room; i++) {
        waits = serve(io, i, WEFTI_READ | WEFTI_WRITE, status, waits);
        if (descriptor >= 0) wefti_events_forget(&io->events, i);
    }
    pthread_mutex_unlock(&io->lock);
    unpark_all(waits);
}

void wefti_io_kernel_ended(weft_kernel *kernel) { end_waits(&kernel->io, -1, WEFT_ENDED); }

static void forget_in(weft_kernel *kernel, void *descriptor) {
    end_waits(&kernel->io, *(int *)descriptor, WEFT_CLOSED);
}

weft_status weft_forget_descriptor(int descriptor) {
    if (descriptor < 0) return WEFT_INVALID;
    return wefti_kernels_walk(forget_in, &descriptor) ? WEFT_OK : WEFT_BUSY;
}

/* ---- waiting for one ---- */

static weft_status wait_alone(int descriptor, bool write, weft_deadline deadline) {
    int answer = wefti_descriptor_wait(descriptor, write, deadline <= WEFT_NOW ? 0 : deadline);
    return answer > 0 ? WEFT_OK : answer < 0 ? WEFT_INVALID : WEFT_TIMED_OUT;
}

typedef struct place {
    weft_kernel *kernel;
    int descriptor;
    wefti_waiter *waiter;
} place;

/* A thread is cancelled where it waits. */
static void leave_descriptor(void *argument) {
    const place *mine = argument;
    wefti_wait_given_up(mine->waiter->wait);
    wefti_io_delist(mine->kernel, mine->descriptor, mine->waiter);
    wefti_add_release(&mine->kernel->users, (size_t)-1); /* as in wait_for */
}

static weft_status wait_in(weft_kernel *kernel, wefti_strand *self, int descriptor, bool write,
                           weft_deadline deadline) {
    wefti_wait wait;
    wefti_waiter waiter = {.wait = &wait, .shared = true};
    wefti_wait_init(&wait, self, write ? "write" : "read", NULL);
    wait.kernel = kernel;
    wait.killable = true;
    weft_status status = wefti_io_enlist(kernel, descriptor, write, &waiter);
    if (status != WEFT_BUSY) return status;
    status = wefti_park_mortal(&wait, deadline, leave_descriptor, &(place){kernel, descriptor, &waiter});
    wefti_io_delist(kernel, descriptor, &waiter);
    return status;
}

static weft_status wait_for(int descriptor, bool write, weft_deadline deadline) {
    if (descriptor < 0) return WEFT_INVALID;
    if (deadline <= WEFT_NOW) return wait_alone(descriptor, write, WEFT_NOW);
    wefti_strand *self = wefti_strand_self();
    if (self == NULL || !wefti_may_park(self)) return WEFT_NO_MEMORY;
    weft_kernel *kernel = wefti_io_kernel(self);
    if (kernel == NULL) return wait_alone(descriptor, write, deadline);
    if (self->worker == NULL) wefti_add_relaxed(&kernel->users, (size_t)1); /* relaxed: the caller keeps the kernel */
    weft_status status = wait_in(kernel, self, descriptor, write, deadline);
    if (self->worker == NULL) wefti_add_release(&kernel->users, (size_t)-1); /* partner: weft_free_kernel */
    wefti_die_if_killed(status); /* not before: what it counted would stay */
    return status == WEFT_ENDED ? wait_alone(descriptor, write, deadline) : status;
}

weft_status weft_wait_readable(int descriptor, weft_deadline deadline) { return wait_for(descriptor, false, deadline); }

weft_status weft_wait_writable(int descriptor, weft_deadline deadline) { return wait_for(descriptor, true, deadline); }
