/* SPDX-License-Identifier: MIT */
/* kill.c - asking which tasks are to die, and seeing to it that they do; doom.h tells how it goes on on their side.
 *
 * Who kills looks at the stacks of the kernel for runners whose task seems to be meant, asks their workers one question
 * each, and waits for the answers. The marked ones go into a list. As long as that is not empty a thread of its own,
 * the reaper, repeats the strokes: at a task that blocks again after an interrupted call, that was not to be touched
 * just then, that waits now. It ends when nothing was to be done for some seconds.
 *
 * Locks: asking, over all of weft_kill_tasks but its end; listing, over the list, for short. The handler takes neither.
 * The end of a task whose mark is still in the list is noted by its worker (wefti_doom_lift), or found here.
 */
#include <weft/kill.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "condition/doom.h"
#include "cpu/divert.h"
#include "os/interrupt.h"
#include "os/text.h"
#include "os/walk.h"
#include "sched/attach.h"
#include "sched/kernel.h"
#include "sched/slice.h"

enum { LOOK_AGAIN = 10000000, LEAST_ASKS = 100 };
enum { FIRST_NAP = 30000, LONGEST_NAP = 2000000, ASK_AGAIN_NAP = 30000, MOST_AT_ONCE = 64 };
enum { REAPER_STACK = 64 * 1024, IDLE_SECONDS = 5, MOST_QUICK = 1000 };
#define LONGEST_ANSWER 2000000000
#define LONGEST_WAIT 60000000000           /* for one that has no processor */
#define LEAST_COMPUTED ((int64_t)10000000) /* a worker computes on its way to its loop, too */
#define DEADLINE_AT_FIRST ((int64_t)250000000)
#define LONGEST_DEADLINE 3600.0

static pthread_mutex_t asking = PTHREAD_MUTEX_INITIALIZER, listing = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER; /* there is something for the reaper */
static wefti_doom *all;                                /* under listing, as all of these */
static bool reaper_runs;
static weft_kill_counts counts; /* of those that are not in the list any more; marked: of all */
static WEFTI_ATOMIC(int64_t) patience = {DEADLINE_AT_FIRST}; /* relaxed: a number that somebody has set */
static bool looked, interrupts; /* under asking: whether code can be told apart here has been found out, and how */

/* ---- the list ---- */

static uint32_t state_of(const wefti_doom *doom) {
    return wefti_load_acquire(&doom->state); /* partner: wefti_doom_lift */
}

/* A task that ended by itself on a runner that has run no other since. */
static void note_end(wefti_doom *doom) {
    uint32_t marked = WEFTI_DOOM_MARKED;
    /* acquire: the type is cleared after the outcome; relaxed would do for the verdict. Partner: end(), loop.c */
    if (state_of(doom) == WEFTI_DOOM_MARKED && wefti_load_acquire(&doom->runner->type) == NULL)
        wefti_cas_acq_rel(&doom->state, &marked, (uint32_t)WEFTI_DOOM_ESCAPED);
}

static void count_end(const wefti_doom *doom) {
    uint32_t state = state_of(doom);
    if (state == WEFTI_DOOM_DEAD) counts.killed++;
    if (state == WEFTI_DOOM_ESCAPED) counts.escaped++;
    if (state == WEFTI_DOOM_LOST) counts.lost++;
}

/* listing held. Takes out and frees what nobody points to any more. */
static void forget_ended(void) {
    for (wefti_doom **at = &all; *at != NULL;) {
        wefti_doom *doom = *at;
        if (!wefti_load_acquire(&doom->lifted)) { /* partner: wefti_doom_lift */
            at = &doom->next;
            continue;
        }
        *at = doom->next;
        count_end(doom);
        free(doom);
    }
}

/* The kernel's threads are gone, and its stacks will be. */
static void forget_kernel(weft_kernel *kernel) {
    pthread_mutex_lock(&listing);
    for (wefti_doom *doom = all; doom != NULL; doom = doom->next) {
        if (doom->kernel != kernel || wefti_load_relaxed(&doom->lifted)) continue;
        uint32_t marked = WEFTI_DOOM_MARKED;
        wefti_cas_relaxed(&doom->state, &marked, (uint32_t)WEFTI_DOOM_ESCAPED); /* relaxed: nobody else is left */
        wefti_store_relaxed(&doom->lifted, true);
    }
    forget_ended();
    pthread_mutex_unlock(&listing);
}

/* ---- mail: what is done in a worker's normal course ---- */

/* Ends the waits of this worker's marked tasks, some at a time: ending one does not need the list. */
static void end_waits(wefti_worker *worker) {
    wefti_runner *waiting[MOST_AT_ONCE];
    size_t count = 0;
    pthread_mutex_lock(&listing);
    for (wefti_doom *doom = all; doom != NULL && count < MOST_AT_ONCE; doom = doom->next) {
        bool here = state_of(doom) == WEFTI_DOOM_MARKED && wefti_load_relaxed(&doom->runner->home) == worker;
        /* relaxed: written on this thread */
        if (here && wefti_load_relaxed(&doom->runner->what) != NULL) waiting[count++] = doom->runner;
    }
    pthread_mutex_unlock(&listing);
    for (size_t i = 0; i < count; i++)
        if (wefti_load_relaxed(&waiting[i]->doom) != NULL) wefti_doom_end_wait(waiting[i]);
}

static void on_mail(wefti_runner *self) {
    wefti_worker *worker = self->fiber.strand.worker;
    wefti_question *question = wefti_exchange_acq_rel(&worker->question, NULL); /* partner: ask */
    if (question != NULL) wefti_doom_answer(question);
    end_waits(worker);
}

static const wefti_chore chore = {on_mail};

/* ---- the reaper ---- */

static void bury(wefti_runner *self, void *argument) {
    (void)self;
    wefti_doom *doom = argument;
    wefti_task_bury(doom->runner, &wefti_task_killed);
    wefti_store_release(&doom->lifted, true); /* the last access; partner: forget_ended */
}

/* listing held. The thread of a lost task stays where it is, and in nobody's way; the worker goes on without it. */
static void replace(wefti_doom *doom) {
    wefti_worker *worker = wefti_load_relaxed(&doom->runner->home); /* relaxed: it cannot change any more */
    int left_behind = worker->thread_id;
    wefti_runner *burier = wefti_runner_fresh(worker, worker->kernel->stacks, worker->kernel->stack_size);
    if (burier == NULL) return;
    burier->first = bury;
    burier->first_argument = doom;
    if (!wefti_worker_replace(worker)) {
        wefti_runner_free(worker, burier);
        return;
    }
    doom->replaced = true;
    wefti_os_thread_least(left_behind);
    wefti_hands_over(burier);
    wefti_mailbox_push(&worker->mailbox, &burier->fiber.link);
    wefti_wake_worker(worker->kernel, worker);
}

/* listing held. */
static void repeat(wefti_doom *doom, int64_t now) {
    const wefti_runner *runner = doom->runner;
    wefti_worker *home = wefti_load_acquire(&runner->home); /* partner: wefti_runner_fresh */
    if (home == NULL) return;
    if (now - doom->since > wefti_load_relaxed(&patience)) wefti_store_relaxed(&doom->expired, true);
    if (wefti_load_relaxed(&runner->what) != NULL) /* relaxed: a guess; the next round will do as well */
        wefti_worker_mail(home, &chore);
    else if (interrupts && wefti_load_relaxed(&home->current) == runner && now >= wefti_load_relaxed(&doom->rest))
        wefti_interrupt(WEFTI_TO_END, home->thread_id);
}

/* listing held. Whether there is anything left to do. */
static bool repeat_all(void) {
    bool left = false;
    int64_t now = wefti_clock();
    for (wefti_doom *doom = all; doom != NULL; doom = doom->next) {
        note_end(doom);
        uint32_t state = state_of(doom);
        if (state == WEFTI_DOOM_LOST && !doom->replaced) replace(doom);
        if (state == WEFTI_DOOM_MARKED) repeat(doom, now);
        left |= state == WEFTI_DOOM_MARKED || (state == WEFTI_DOOM_LOST && !doom->replaced);
    }
    left |= wefti_doom_repeat_threads(interrupts);
    return left;
}

/* listing held, and given up meanwhile. */
static void nap(int64_t nanoseconds) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    int64_t nanosecond = until.tv_nsec + nanoseconds;
    until.tv_sec += nanosecond / 1000000000;
    until.tv_nsec = nanosecond % 1000000000;
    pthread_cond_timedwait(&more, &listing, &until);
}

/* How long to nap after a nap so long. Who is met where nothing can be done, nearly always in the same few places (the
 * unwinder, longjmp), is met elsewhere the sooner the more often it is looked at: so for a while that is done. */
static int64_t next_nap(int64_t pause, unsigned *quick) {
    /* relaxed: a hint */
    if (*quick < MOST_QUICK && wefti_exchange_relaxed(&wefti_doom_eluded, false)) {
        ++*quick;
        return FIRST_NAP;
    }
    return WEFTI_MIN(pause + pause / 2, (int64_t)LONGEST_NAP);
}

static void reap(void *argument) {
    (void)argument;
    wefti_os_thread_name("weft/reaper");
    pthread_mutex_lock(&listing);
    int64_t pause = FIRST_NAP, idle_since = 0;
    unsigned quick = 0;
    for (;;) {
        bool left = repeat_all();
        forget_ended();
        if (left) {
            nap(pause);
            pause = next_nap(pause, &quick);
            idle_since = 0;
            continue;
        }
        pause = FIRST_NAP;
        quick = 0;
        int64_t now = wefti_clock();
        if (idle_since == 0) idle_since = now;
        if (now - idle_since >= (int64_t)IDLE_SECONDS * 1000000000) break;
        nap((int64_t)IDLE_SECONDS * 1000000000);
    }
    reaper_runs = false;
    pthread_mutex_unlock(&listing);
}

/* listing held. Where no thread can be had, the next kill starts one. */
static void call_reaper(void) {
    wefti_os_thread thread;
    if (reaper_runs) {
        pthread_cond_signal(&more);
    } else if (wefti_os_thread_start(&thread, reap, NULL, REAPER_STACK) == 0) {
        wefti_os_thread_detach(&thread);
        reaper_runs = true;
    }
}

/* ---- asking ---- */

typedef struct search {
    weft_kernel *kernel;
    weft_category category;
    wefti_question *questions; /* one for each worker; NULL: just count */
    size_t found;
    bool no_memory, unanswered;
} search;

static void look_at(search *s, wefti_runner *runner) {
    wefti_worker *home = wefti_load_acquire(&runner->home); /* partner: wefti_runner_fresh */
    if (home == NULL || home->kernel != s->kernel) return;
    /* relaxed, both: whoever knows that the task has begun sees it; the worker itself decides */
    if (wefti_load_relaxed(&runner->type) == NULL || wefti_load_relaxed(&runner->category) != s->category) return;
    s->found++;
    if (s->questions == NULL) return;
    wefti_doom *doom = calloc(1, sizeof *doom);
    if (doom == NULL) {
        s->no_memory = true;
        return;
    }
    *doom = (wefti_doom){.runner = runner, .kernel = s->kernel, .category = s->category, .since = wefti_clock()};
    wefti_question *question = &s->questions[home->index];
    doom->next = question->dooms;
    question->dooms = doom;
}

static void look_at_all(search *s) {
    for (unsigned class = 0; class < WEFTI_STACK_CLASSES; class ++) {
        const wefti_stack_pool *pool = wefti_load_acquire(&s->kernel->pools[class]); /* partner: wefti_kernel_pool */
        wefti_stack_walk walk = {0};
        uint32_t number;
        void *low;
        while (pool != NULL && (low = wefti_stack_walk_next(pool, &walk, &number)) != NULL)
            look_at(s, wefti_runner_on(low, (size_t)1 << (class + WEFTI_SMALLEST_STACK_BITS), number));
    }
}

/* Through the handler, or through the mail where tasks cannot be interrupted. */
static void ask(wefti_question *question) {
    wefti_worker *worker = question->worker;
    question->again = question->unsent = false;
    question->used = wefti_os_thread_used(worker->thread_id);
    wefti_store_relaxed(&question->answered, 0u);
    wefti_store_release(&worker->question, question); /* partners: the exchanges in the handler and in on_mail */
    if (interrupts ? wefti_interrupt(WEFTI_TO_END, worker->thread_id) : wefti_worker_mail(worker, &chore)) return;
    /* It cannot be asked: so that nobody waits for its answer. relaxed: the caller's own, unless it was taken */
    if (wefti_exchange_acq_rel(&worker->question, NULL) != question) return;
    question->unsent = !interrupts;
    wefti_store_relaxed(&question->answered, 1u);
}

/* Until when a worker that is asked by mail need not be looked at: one that computes for the kill deadline does not
 * come to its loop in time. One that waits for a processor will, as soon as it gets one, and uses none meanwhile. */
static int64_t next_look(const wefti_question *question, int64_t deadline) {
    if (interrupts) return deadline;
    int64_t used = wefti_os_thread_used(question->worker->thread_id) - question->used;
    int64_t left = WEFTI_MAX(wefti_load_relaxed(&patience), LEAST_COMPUTED) - used;
    return left <= 0 ? 0 : WEFTI_MIN(deadline, wefti_clock() + WEFTI_MAX(left, (int64_t)LONGEST_NAP));
}

/* The time is over, but it could not have answered: it has waited for a processor all the while. */
static bool had_no_processor(const wefti_question *question, int64_t deadline) {
    int id = question->worker->thread_id;
    return wefti_clock() < deadline + LONGEST_WAIT && wefti_os_thread_wants_processor(id) &&
           wefti_os_thread_used(id) - question->used < LEAST_COMPUTED;
}

/* Until it is answered, or for so long that it is taken back. */
static void wait_for_answer(wefti_question *question, int64_t deadline) {
    bool begun = false;
    int64_t until = deadline;
    /* acquire: partner is close_question */
    while (wefti_load_acquire(&question->answered) == 0) {
        int64_t look = begun ? INT64_MAX : next_look(question, until);
        if (wefti_futex_wait(&question->answered, 0, look)) continue;
        if (look != 0 && wefti_clock() < until) continue;
        if (look != 0 && had_no_processor(question, deadline)) {
            until = wefti_clock() + LOOK_AGAIN;
            continue;
        }
        if (wefti_exchange_acq_rel(&question->worker->question, NULL) == question) return; /* nobody has begun to */
        begun = true;
    }
}

/* Who is met where its task is about to begin or has just ended is asked some times more, also where the time was over
 * before it had a processor. */
static void ask_until_told(wefti_question *question, int64_t deadline) {
    for (int asks = 1;; asks++) {
        wait_for_answer(question, deadline);
        if (!question->again || (asks >= LEAST_ASKS && wefti_clock() >= deadline)) return;
        wefti_os_nap(ASK_AGAIN_NAP);
        for (wefti_doom *doom = question->dooms; doom != NULL; doom = doom->next)
            if (state_of(doom) == WEFTI_DOOM_SPARED) wefti_store_relaxed(&doom->state, (uint32_t)WEFTI_DOOM_ASKED);
        ask(question);
    }
}

/* Relaxed: nobody else is at it any more. */
static bool is_unanswered(const wefti_question *question) {
    return wefti_load_relaxed(&question->answered) == 0 || question->again;
}

/* listing held: keeps those that were marked. Returns how many. */
static size_t keep_marked(wefti_question *question) {
    size_t marked = 0;
    for (wefti_doom *doom = question->dooms, *next; doom != NULL; doom = next) {
        next = doom->next;
        uint32_t state = state_of(doom);
        if (state == WEFTI_DOOM_ASKED || state == WEFTI_DOOM_SPARED) {
            free(doom);
            continue;
        }
        doom->next = all;
        all = doom;
        marked++;
    }
    counts.marked += marked;
    return marked;
}

/* asking held. */
static size_t ask_all(search *s, const wefti_strand *self) {
    /* Who is asked answers as soon as it gets a processor, which may take a while on a busy machine. */
    int64_t deadline = wefti_clock() + WEFTI_MAX(wefti_load_relaxed(&patience), (int64_t)LONGEST_ANSWER);
    const wefti_worker *here = self->worker;
    size_t marked = 0;
    for (uint32_t i = 0; i < s->kernel->worker_count; i++)
        if (s->questions[i].dooms != NULL && s->questions[i].worker != here) ask(&s->questions[i]);
    for (uint32_t i = 0; i < s->kernel->worker_count; i++) {
        wefti_question *question = &s->questions[i];
        if (question->dooms == NULL) continue;
        if (question->worker == here)
            wefti_doom_answer(question);
        else
            ask_until_told(question, deadline);
        s->no_memory |= question->unsent;
        s->unanswered |= is_unanswered(question);
    }
    pthread_mutex_lock(&listing);
    for (uint32_t i = 0; i < s->kernel->worker_count; i++) marked += keep_marked(&s->questions[i]);
    if (marked > 0) call_reaper();
    pthread_mutex_unlock(&listing);
    return marked;
}

/* ---- killing ---- */

static void die_if_marked(void) {
    wefti_strand *self = wefti_strand_now;
    wefti_doom_die(self);
}

/* Tells the floors below what they may ask of this one. */
__attribute__((constructor)) static void introduce(void) {
    wefti_die_hook = die_if_marked;
    wefti_doom_lift_hook = wefti_doom_lift;
    wefti_doomed_hook = wefti_doom_die_if_due;
    wefti_slice_over_hook = wefti_doom_after_slice;
    wefti_kernel_gone_hook = forget_kernel;
}

/* asking held. */
static void look_once(void) {
    bool again = wefti_exchange_relaxed(&wefti_doom_met_unknown, false);
    if (looked && !again) return;
    looked = true;
    interrupts = WEFTI_CAN_DIVERT && wefti_walk_init() && wefti_text_refresh();
}

static bool prepare(search *s) {
    uint32_t count = s->kernel->worker_count;
    s->questions = calloc(count, sizeof *s->questions);
    if (s->questions == NULL) return false;
    for (uint32_t i = 0; i < count; i++) s->questions[i].worker = &s->kernel->workers[i];
    if (interrupts && !wefti_interrupt_init(WEFTI_TO_END, wefti_doom_interrupt)) interrupts = false;
    return true;
}

/* While others ask, a worker answers: they may be asking it. */
static void begin_asking(const wefti_strand *self) {
    while (pthread_mutex_trylock(&asking) != 0) {
        wefti_question *question = NULL;
        if (self->worker != NULL) question = wefti_exchange_acq_rel(&self->worker->question, NULL); /* partner: ask */
        if (question != NULL) wefti_doom_answer(question);
        wefti_os_nap(ASK_AGAIN_NAP);
    }
}

bool wefti_doom_begin(void) {
    const wefti_strand nobody = {.worker = NULL}, *self = wefti_strand_now;
    begin_asking(self != NULL ? self : &nobody);
    look_once();
    if (interrupts && !wefti_interrupt_init(WEFTI_TO_END, wefti_doom_interrupt)) interrupts = false;
    bool can = interrupts;
    pthread_mutex_unlock(&asking);
    return can;
}

void wefti_doom_go_on(void) {
    pthread_mutex_lock(&listing);
    call_reaper();
    pthread_mutex_unlock(&listing);
}

static size_t kill_marked(search *s, const wefti_strand *self) {
    size_t marked = 0;
    begin_asking(self);
    look_once();
    if (prepare(s)) {
        look_at_all(s);
        marked = ask_all(s, self);
        free(s->questions);
    } else {
        s->no_memory = true;
    }
    pthread_mutex_unlock(&asking);
    return marked;
}

size_t weft_kill_tasks(weft_kernel *kernel, weft_category category, const weft_kill_options *options) {
    wefti_strand *self = wefti_strand_self();
    if (kernel == NULL) kernel = wefti_kernel_current();
    wefti_fail(category == NULL ? WEFT_INVALID : self == NULL ? WEFT_NO_MEMORY : WEFT_OK);
    if (category == NULL || kernel == NULL || self == NULL) return 0;
    search s = {.kernel = kernel, .category = category};
    if (options != NULL && options->dry_run) {
        look_at_all(&s);
        return s.found;
    }
    size_t marked = kill_marked(&s, self);
    if (s.no_memory || s.unanswered) wefti_fail(s.no_memory ? WEFT_NO_MEMORY : WEFT_TIMED_OUT);
    if (self->worker != NULL && wefti_doom_is_due(wefti_runner_of_strand(self))) wefti_doom_die(self);
    return marked;
}

/* ---- asking what became of them ---- */

static size_t count_marked(const weft_kernel *kernel, weft_category category) {
    size_t marked = 0;
    pthread_mutex_lock(&listing);
    for (wefti_doom *doom = all; doom != NULL; doom = doom->next) {
        if ((kernel != NULL && doom->kernel != kernel) || (category != NULL && doom->category != category)) continue;
        note_end(doom);
        if (state_of(doom) == WEFTI_DOOM_MARKED) marked++;
    }
    pthread_mutex_unlock(&listing);
    return marked;
}

/* Looks again and again, ever more rarely: whoever dies tells nobody. */
weft_status weft_wait_killed(weft_kernel *kernel, weft_category category, weft_deadline deadline, size_t *lost) {
    if (kernel == NULL) kernel = wefti_kernel_current();
    weft_status status = WEFT_OK;
    int64_t pause = FIRST_NAP;
    while (status == WEFT_OK && count_marked(kernel, category) != 0) {
        int64_t now = wefti_clock();
        if (now >= deadline) status = WEFT_TIMED_OUT;
        if (status == WEFT_OK) status = weft_sleep(WEFTI_MIN(now + pause, deadline));
        pause = WEFTI_MIN(pause * 2, (int64_t)LONGEST_NAP);
    }
    weft_kill_counts now;
    weft_read_kill_counts(&now);
    if (lost != NULL) *lost = now.lost;
    return status;
}

void weft_read_kill_counts(weft_kill_counts *result) {
    pthread_mutex_lock(&listing);
    forget_ended();
    *result = counts;
    for (wefti_doom *doom = all; doom != NULL; doom = doom->next) {
        note_end(doom);
        uint32_t state = state_of(doom);
        result->escaped += state == WEFTI_DOOM_ESCAPED;
        result->lost += state == WEFTI_DOOM_LOST;
        result->killed += state == WEFTI_DOOM_DEAD;
        result->dying += state == WEFTI_DOOM_MARKED;
    }
    pthread_mutex_unlock(&listing);
}

weft_status weft_set_kill_deadline(double seconds) {
    if (!(seconds > 0 && seconds <= LONGEST_DEADLINE)) return WEFT_INVALID;
    wefti_store_relaxed(&patience, (int64_t)(seconds * 1e9));
    return WEFT_OK;
}

weft_kill_reach weft_how_far_kills_reach(void) {
    static WEFTI_ATOMIC(int) known; /* 1 more than the answer; relaxed: whoever finds out anew finds the same */
    if (wefti_load_relaxed(&known) == 0) {
        const wefti_strand nobody = {.worker = NULL}, *self = wefti_strand_now;
        begin_asking(self != NULL ? self : &nobody);
        look_once();
        wefti_store_relaxed(&known, 1 + (int)(interrupts ? WEFT_KILL_ANYWHERE : WEFT_KILL_WAITING));
        pthread_mutex_unlock(&asking);
    }
    return (weft_kill_reach)(wefti_load_relaxed(&known) - 1);
}

weft_status weft_make_object_killable(const char *name) {
    if (name == NULL || *name == '\0') return WEFT_INVALID;
    pthread_mutex_lock(&asking);
    bool added = wefti_text_add(name);
    looked = false;
    pthread_mutex_unlock(&asking);
    return added ? WEFT_OK : WEFT_NO_MEMORY;
}

/* ---- regions without kill ---- */

weft_without_kill weft_without_kill_begin(void) {
    wefti_strand *self = wefti_strand_now;
    if (self == NULL) return (weft_without_kill){NULL, 0, true};
    return (weft_without_kill){self, self->unkillable++, true};
}

void weft_without_kill_end(weft_without_kill *region) {
    wefti_strand *self = region->task;
    if (self == NULL) return;
    region->task = NULL;
    self->unkillable = region->outer;
    if (self->worker == NULL) {
        if (wefti_thread_is_due(wefti_thread_of_strand(self))) wefti_doom_die(self);
        return;
    }
    wefti_runner *runner = wefti_runner_of_strand(self);
    if (wefti_doom_is_due(runner)) wefti_doom_die(self);
    wefti_slice_end_deferred(runner);
}
