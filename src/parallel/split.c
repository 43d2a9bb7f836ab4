/* SPDX-License-Identifier: MIT */
/* split.c - dividing a range; see split.h. */
#include "parallel/split.h"

#include <stdlib.h>

#include "dynamic/frame.h"
#include "lockfree/spinlock.h"
#include "parallel/request.h"
#include "sched/kernel.h"
#include "sched/submit.h"

enum {
    FEW = 32,         /* a split of so many is shared at once: they may be long */
    SAMPLE_NS = 2000, /* a piece of the caller alone aims at this time */
    WORTH_NS = 15000, /* this much work left is worth asking others */
    PIECE_NS = 50000, /* a piece is to take so long, up to four times as long, if the share allows it */
    SHARES = 4,       /* a piece is this part of a participant's share of what is left */
    MOST_PARTS = 512,
    LEAST_PART = 32
};

typedef struct shared_split {
    WEFTI_ALIGNED(WEFTI_APART) WEFTI_ATOMIC(size_t) next; /* the first element that nobody has taken */
    WEFTI_ATOMIC(size_t) done;                            /* elements; only where somebody wants to know */
    WEFTI_ALIGNED(WEFTI_APART) WEFTI_ATOMIC(size_t) inside;
    WEFTI_ATOMIC(size_t) references;
    WEFTI_ATOMIC(uint32_t) status;
    WEFTI_ATOMIC(const wefti_condition *) condition; /* of the first that failed with one */
    wefti_spinlock telling;                          /* held while progress is called */
    const weft_parallel_options *options;
    wefti_piece piece;
    void *context;
    size_t count, least, most, participants; /* most: what a participant's first piece may be */
    wefti_wait wait;                         /* the caller's */
    wefti_requests *home;                    /* of its requests for help */
} shared_split;

/* ---- pieces ---- */

static void stop(shared_split *split, weft_status status) {
    uint32_t none = WEFT_OK;
    wefti_cas_relaxed(&split->status, &none, (uint32_t)status); /* relaxed: read after the last has left */
    wefti_store_relaxed(&split->next, split->count); /* relaxed: one that takes a piece all the same does no harm */
}

/* most: elements that seem to take no longer than a piece should. */
static bool take(shared_split *split, size_t most, size_t *first, size_t *last) {
    size_t seen = wefti_load_relaxed(&split->next); /* relaxed, all: a number; elements are ordered by inside */
    if (seen >= split->count) return false;
    size_t piece = WEFTI_MIN((split->count - seen) / (SHARES * split->participants), most);
    piece = WEFTI_MAX(piece, split->least);
    *first = wefti_add_relaxed(&split->next, piece);
    if (*first >= split->count) return false;
    *last = WEFTI_MIN(*first + piece, split->count);
    return true;
}

static void tell(shared_split *split, size_t more) {
    const weft_parallel_options *options = split->options;
    wefti_add_relaxed(&split->done, more); /* relaxed: a number to show */
    if (!wefti_spin_try(&split->telling)) return;
    size_t done = wefti_load_relaxed(&split->done);
    if (done < split->count) options->progress(done, split->count, options->progress_context);
    wefti_spin_unlock(&split->telling);
}

static bool too_late(const weft_parallel_options *options, int64_t now) {
    return options->deadline != 0 && now >= options->deadline;
}

static void take_part(shared_split *split) {
    size_t first, last, most = split->most;
    int64_t before = wefti_clock();
    while (take(split, most, &first, &last)) {
        bool late = too_late(split->options, before);
        weft_status status = late ? WEFT_TIMED_OUT : split->piece(split->context, first, last);
        if (WEFTI_UNLIKELY(status != WEFT_OK)) stop(split, status);
        if (WEFTI_UNLIKELY(split->options->progress != NULL)) tell(split, last - first);
        int64_t now = wefti_clock(), passed = now - before;
        before = now;
        if (passed < PIECE_NS && most < split->count)
            most *= 2;
        else if (passed > 4 * PIECE_NS && most > 1)
            most /= 2;
    }
}

/* ---- coming and going ---- */

static void release(shared_split *split) {
    /* acq_rel: who frees it has seen the others' last accesses, which came before theirs */
    if (wefti_add_acq_rel(&split->references, (size_t)-1) == 1) free(split);
}

static bool enter(shared_split *split) {
    size_t seen = wefti_load_relaxed(&split->inside);
    do {
        if ((seen & 1) != 0) return false;
    } while (!wefti_cas_acquire(&split->inside, &seen,
                                seen + 2)); /* acquire: as in a lock; what it needs came with the task */
    return true;
}

static void leave(shared_split *split) {
    /* acq_rel: what was done inside is seen by the caller, who learns of it from this or from the last one's */
    if (wefti_add_acq_rel(&split->inside, (size_t)-2) != 3) return;
    if (wefti_wait_claim(&split->wait, WEFT_OK)) wefti_unpark(&split->wait);
}

/* The caller's end: afterwards nobody is inside, and who has not begun does not come here. */
static void close_split(shared_split *split) {
    /* relaxed: the caller holds one, so none of these is the last */
    wefti_add_relaxed(&split->references, 0 - wefti_requests_withdraw(split->home, split));
    wefti_strand *self = wefti_strand_now;
    wefti_wait_init(&split->wait, self, "parallel", split);
    /* acq_rel: the wait is ready for who leaves last; or all have left, and what they did is seen */
    if (wefti_or_acq_rel(&split->inside, (size_t)1) != 0) wefti_park(&split->wait, WEFT_FOREVER);
}

/* The caller is left by a transfer of control: nothing of its own may be used afterwards. */
static void abandon(void *argument) {
    shared_split *split = argument;
    stop(split, WEFT_CANCELLED);
    close_split(split);
    wefti_condition_drop(wefti_load_relaxed(&split->condition)); /* relaxed: all others have left */
    release(split);
}

/* ---- helpers ---- */

static void fail(const wefti_request *me, const wefti_condition *condition) {
    shared_split *split = me->whom;
    const wefti_condition *none = NULL;
    if (!me->entered || !wefti_cas_relaxed(&split->condition, &none, condition)) /* relaxed: read after all left */
        wefti_condition_drop(condition);
    if (me->entered) stop(split, condition->status);
}

static void end_of_helper(wefti_sink *sink, const void *value, const wefti_condition *condition) {
    wefti_request *me = WEFTI_CONTAINER(sink, wefti_request, sink);
    (void)value;
    wefti_request_begin(me); /* where it was dropped */
    if (WEFTI_UNLIKELY(condition != NULL)) fail(me, condition);
    if (me->entered) leave(me->whom);
    if (me->whom != NULL) release(me->whom);
    free(me);
}

static void help(void *arguments, void *result) {
    wefti_request *me = *(wefti_request **)arguments;
    (void)result;
    shared_split *split = wefti_request_begin(me);
    if (split == NULL || !enter(split)) return;
    me->entered = true;
    take_part(split);
}

static const weft_task_type helper_type = {"parallel", help, sizeof(wefti_request *), 0};

/* That none can be had is no error. */
static bool submit_helper(shared_split *split, wefti_strand *self, const wefti_request_key *key) {
    enum { MOST_WAITING = 64 };
    weft_kernel *kernel = split->options->kernel;
    size_t most = WEFTI_MAX((size_t)MOST_WAITING, 2 * (size_t)kernel->worker_count);
    wefti_request *one = wefti_request_make(split->home, split, key, most);
    if (one == NULL) return false;
    one->sink.deliver = end_of_helper;
    wefti_add_relaxed(&split->references, (size_t)1); /* relaxed: the caller holds one */
    if (wefti_submit(kernel, self, NULL, &one->sink, &helper_type, &one) == WEFT_OK) return true;
    wefti_request_begin(one);
    wefti_add_relaxed(&split->references, (size_t)-1);
    free(one);
    return false;
}

/* Asks for helpers: at first those that were asked in vain before. */
static void submit_helpers(shared_split *split, wefti_strand *self, const wefti_request_key *key, size_t helpers) {
    /* Before: they may begin before it is known how many. relaxed, both: the caller holds one */
    wefti_add_relaxed(&split->references, helpers);
    size_t found = wefti_requests_reuse(split->home, split, key, helpers);
    wefti_add_relaxed(&split->references, found - helpers);
    while (found < helpers && submit_helper(split, self, key)) found++;
}

/* Helpers are of the caller's category: who kills it stops all of the loop. And of its priority: a loop in a task of
 * low priority takes no worker from others. */
static void ask(shared_split *split, wefti_strand *self, size_t helpers) {
    wefti_request_key key = {weft_get(weft_task_category), weft_get(weft_task_priority), wefti_handlers_here(self)};
    if (self->worker != NULL) {
        const wefti_runner *runner = wefti_runner_of_strand(self);
        key.category = wefti_load_relaxed(&runner->category); /* relaxed: its own */
        if (runner->low) key.priority = WEFT_PRIORITY_LOW;
    }
    WEFT_BIND(weft_task_category, key.category)
    WEFT_BIND(weft_task_priority, key.priority) { submit_helpers(split, self, &key, helpers); }
}

/* What the caller knows. */
typedef struct plan {
    const weft_parallel_options *options;
    wefti_piece piece;
    void *context;
    size_t count, done, helpers;
    size_t most; /* elements for a piece that is not too long, as it seems */
} plan;

static shared_split *make(const plan *p, const wefti_strand *self, size_t helpers) {
    shared_split *split = aligned_alloc(WEFTI_APART, sizeof *split);
    if (split == NULL) return NULL;
    wefti_atomic_init(&split->next, p->done);
    wefti_atomic_init(&split->done, p->done);
    wefti_atomic_init(&split->inside, (size_t)0);
    wefti_atomic_init(&split->references, (size_t)1);
    wefti_atomic_init(&split->status, (uint32_t)WEFT_OK);
    wefti_atomic_init(&split->condition, NULL);
    wefti_atomic_init(&split->telling, 0u);
    split->options = p->options;
    split->piece = p->piece;
    split->context = p->context;
    split->count = p->count;
    split->least = p->options->parts != 0 ? (p->count - 1) / p->options->parts + 1 : 1;
    split->most = p->most;
    split->participants = helpers + 1;
    split->home = self->worker != NULL ? &self->worker->requests : &p->options->kernel->requests;
    return split;
}

static weft_status go_on_with_others(shared_split *split, wefti_strand *self, size_t helpers) {
    weft_frame frame;
    wefti_frame_begin(self, &frame, abandon, split);
    ask(split, self, helpers);
    take_part(split);
    wefti_frame_end(wefti_strand_now, &frame, false);
    close_split(split);
    /* relaxed, both: all others have left */
    weft_status status = (weft_status)wefti_load_relaxed(&split->status);
    const wefti_condition *condition = wefti_load_relaxed(&split->condition);
    release(split);
    return condition != NULL ? wefti_condition_receive(self, condition) : status;
}

/* ---- the caller ---- */

static void tell_alone(const plan *p) {
    const weft_parallel_options *options = p->options;
    if (options->progress != NULL && p->done < p->count)
        options->progress(p->done, p->count, options->progress_context);
}

/* Whether what is left seems to be worth asking others for. */
static bool worth_asking(const plan *p, int64_t elapsed) {
    if (p->helpers == 0 || elapsed < SAMPLE_NS) return false;
    return (double)elapsed / (double)p->done * (double)(p->count - p->done) > WORTH_NS;
}

#define ASK_OTHERS ((weft_status)-1)

/* The caller alone, until all is done (or an error), or others are worth asking: then ASK_OTHERS. */
static weft_status alone(plan *p) {
    int64_t start = wefti_clock(), before = start;
    while (p->done < p->count) {
        size_t last = WEFTI_MIN(p->done + p->most, p->count);
        weft_status status = p->piece(p->context, p->done, last);
        if (status != WEFT_OK) return status;
        p->done = last;
        if (last == p->count) break;
        int64_t now = wefti_clock();
        if (p->options->deadline != 0 && now >= p->options->deadline) return WEFT_TIMED_OUT;
        tell_alone(p);
        if (worth_asking(p, now - start)) return ASK_OTHERS;
        if (now - before < SAMPLE_NS) p->most *= 2;
        before = now;
    }
    return WEFT_OK;
}

static weft_status divide(plan *p, wefti_strand *self) {
    bool at_once = p->helpers > 0 && (p->count <= FEW || p->options->parts > 1);
    weft_status status = at_once ? ASK_OTHERS : alone(p);
    if (status != ASK_OTHERS) return status;
    size_t helpers = WEFTI_MIN(p->helpers, p->count - p->done - (p->done < p->count));
    shared_split *split = wefti_may_park(self) ? make(p, self, helpers) : NULL;
    if (split != NULL) return go_on_with_others(split, self, helpers);
    p->helpers = 0; /* no memory: the caller does it all */
    return alone(p);
}

weft_status wefti_split(const weft_parallel_options *options, size_t count, wefti_piece piece, void *context) {
    if (count == 0) return WEFT_OK;
    if (options->deadline != 0 && wefti_clock() >= options->deadline) return WEFT_TIMED_OUT;
    size_t workers = options->kernel->worker_count;
    wefti_strand *self = wefti_strand_now;
    plan p = {options, piece, context, count, 0, self->worker != NULL ? workers - 1 : workers, 1};
    if (options->parts == 1) p.helpers = 0;
    weft_status status = divide(&p, self);
    if (status == WEFT_OK && options->progress != NULL) options->progress(count, count, options->progress_context);
    return status;
}

size_t wefti_part_count(const weft_parallel_options *options, size_t count) {
    if (options->parts != 0) return WEFTI_MIN(options->parts, count);
    if (count <= FEW) return count;
    return WEFTI_MIN(WEFTI_MAX(count / LEAST_PART, (size_t)FEW), (size_t)MOST_PARTS);
}

size_t wefti_parallel_workers(const weft_parallel_options *options) { return options->kernel->worker_count; }

/* ---- several splits ---- */

/* Where a step ends the next begins: that of the whole is told in the end. Of splits one after the other, so what is
 * counted here is changed by nobody else. */
static void tell_step(size_t done, size_t total, void *context) {
    wefti_steps *s = context;
    double share = ((double)s->done + (double)done / (double)total) / (double)s->steps;
    size_t shown = (size_t)((double)s->count * share);
    if (done == total)
        s->done++;
    else if (shown < s->count)
        s->whole->progress(shown, s->count, s->whole->progress_context);
}

void wefti_steps_begin(wefti_steps *s, const weft_parallel_options *whole, size_t count, size_t steps) {
    *s = (wefti_steps){*whole, whole, count, steps, 0};
    if (whole->progress == NULL) return;
    s->options.progress = tell_step;
    s->options.progress_context = s;
}

weft_status wefti_steps_end(const wefti_steps *s, weft_status status) {
    const weft_parallel_options *whole = s->whole;
    if (status == WEFT_OK && whole->progress != NULL) whole->progress(s->count, s->count, whole->progress_context);
    return status;
}

/* ---- from outside ---- */

typedef struct outside_call {
    wefti_sink sink;
    wefti_wait wait;
    weft_status (*function)(const weft_parallel_options *options, void *context);
    const weft_parallel_options *options;
    void *context;
    const wefti_condition *condition;
    weft_status status;
} outside_call;

static void end_of_call(wefti_sink *sink, const void *value, const wefti_condition *condition) {
    outside_call *call = WEFTI_CONTAINER(sink, outside_call, sink);
    (void)value;
    call->condition = condition;
    if (wefti_wait_claim(&call->wait, WEFT_OK)) wefti_unpark(&call->wait);
}

static void do_call(void *arguments, void *result) {
    outside_call *call = *(outside_call **)arguments;
    (void)result;
    call->status = call->function(call->options, call->context);
}

static const weft_task_type call_type = {"parallel", do_call, sizeof(outside_call *), 0};

static weft_status call_inside(wefti_strand *self, outside_call *call) {
    if (!wefti_may_park(self)) return WEFT_NO_MEMORY;
    call->sink.deliver = end_of_call;
    wefti_wait_init(&call->wait, self, "parallel", call);
    call->wait.kernel = call->options->kernel;
    weft_status status = wefti_submit(call->options->kernel, self, NULL, &call->sink, &call_type, &call);
    if (status != WEFT_OK) return status;
    wefti_park(&call->wait, WEFT_FOREVER);
    return call->condition != NULL ? wefti_condition_receive(self, call->condition) : call->status;
}

weft_status wefti_parallel(const weft_parallel_options *options,
                           weft_status (*function)(const weft_parallel_options *options, void *context),
                           void *context) {
    weft_parallel_options mine = {0};
    if (options != NULL) mine = *options;
    if (mine.kernel == NULL) mine.kernel = wefti_kernel_current();
    if (mine.kernel == NULL) return WEFT_NO_KERNEL;
    wefti_strand *self = wefti_strand_self();
    if (self == NULL) return WEFT_NO_MEMORY;
    if (self->worker != NULL ? self->worker->kernel == mine.kernel : mine.kernel->use_caller)
        return function(&mine, context);
    return call_inside(self, &(outside_call){.function = function, .options = &mine, .context = context});
}
