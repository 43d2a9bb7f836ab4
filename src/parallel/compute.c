/* SPDX-License-Identifier: MIT */
/* compute.c - computing a graph: its nodes as tasks, each submitted by the last of those it waits for. */
#include "parallel/graph.h"

#include <string.h>

#include "sched/handlers.h"
#include "sched/kernel.h"
#include "sched/submit.h"
#include "sched/worker.h"

/* Nodes that wait for nothing are fed a few at a time. With more workers than one twice as many each time: a thief
 * takes a share of what it finds, and pays some microseconds each time that it comes. */
enum { FED_AT_ONCE = 64, MOST_FED = 1024 };

/* ---- the answer ---- */

/* Under the lock: answers the caller, if it is still there. Returns its wait, to be unparked. */
static wefti_wait *answer(weft_graph *graph) {
    wefti_call *call = graph->call;
    graph->call = NULL;
    if (call == NULL || !wefti_wait_claim(&call->wait, WEFT_OK)) return NULL;
    const wefti_node_object *wanted = graph->wanted;
    const wefti_condition *failure =
        wefti_load_relaxed(&wanted->failure);               /* relaxed: ordered by the lock, or its own */
    uint32_t trouble = wefti_load_relaxed(&graph->trouble); /* relaxed: as submit */
    call->status = trouble != WEFT_OK ? (weft_status)trouble : WEFT_CANCELLED;
    if (failure != NULL) {
        call->condition = &weft_retain_condition(wefti_condition_public(failure))->base;
    } else if (wefti_ready_is_done(&wanted->ready)) {
        call->status = WEFT_OK;
        if (call->result != NULL && wanted->size != 0) memcpy(call->result, wanted->value, wanted->size);
    }
    return &call->wait;
}

/* The wanted node has failed: nobody need wait for the rest. */
static void answer_failed(weft_graph *graph) {
    wefti_store_relaxed(&graph->stopping, true); /* relaxed: a node that begins all the same does no harm */
    wefti_spin_lock(&graph->lock);
    wefti_wait *wait = answer(graph);
    wefti_spin_unlock(&graph->lock);
    if (wait != NULL) wefti_unpark(wait);
}

static void come_to_rest(weft_graph *graph) {
    wefti_handlers *handlers = graph->handlers;
    graph->handlers = NULL;
    wefti_spin_lock(&graph->lock);
    wefti_wait *wait = answer(graph);
    graph->state = WEFTI_GRAPH_REST;
    wefti_wait *woken = wefti_graph_claim_waiters(graph);
    wefti_spin_unlock(&graph->lock); /* from here on it may be freed */
    wefti_handlers_release(handlers);
    if (wait != NULL) wefti_unpark(wait);
    wefti_graph_unpark(woken);
}

static void give_back(weft_graph *graph, size_t tokens) {
    if (wefti_tokens_give_back(&graph->tokens, tokens)) come_to_rest(graph);
}

/* ---- failing ---- */

/* By who has claimed it. */
static void say_why(wefti_node_object *node, const wefti_condition *why) {
    const weft_condition *kept = weft_retain_condition(wefti_condition_public(why));
    wefti_store_release(&node->failure, &kept->base); /* the condition; partner: weft_node_failure */
}

/* Takes over the condition. All that depend on the node fail with it, each claimed by one. */
static void fail(wefti_node_object *node, const wefti_condition *why) {
    weft_graph *graph = node->graph;
    bool wanted = false;
    wefti_node_object *list = wefti_ready_fail(&node->ready) ? node : NULL;
    node->link = NULL;
    while (list != NULL) {
        wefti_node_object *one = list;
        list = one->link;
        say_why(one, why);
        wanted = wanted || one == graph->wanted;
        for (const wefti_edge *edge = one->needed_by; edge != NULL; edge = edge->next) {
            if (!wefti_ready_fail(&edge->of->ready)) continue;
            edge->of->link = list;
            list = edge->of;
        }
    }
    wefti_condition_drop(why);
    if (wanted) answer_failed(graph);
}

/* ---- submitting ---- */

static weft_status submit_record(weft_graph *graph, wefti_strand *self, wefti_sink *sink, const weft_task_type *type,
                                 const void *arguments, bool low) {
    if (WEFTI_LIKELY(graph->plain && !low)) return wefti_submit(graph->kernel, self, NULL, sink, type, arguments);
    weft_priority priority = low ? WEFT_PRIORITY_LOW : graph->priority;
    weft_status status = WEFT_OK;
    WEFT_BIND(weft_task_category, graph->category) {
        WEFT_BIND(weft_task_priority, priority) {
            weft_bound bound = weft_bind_begin(&wefti_task_handlers, &graph->handlers, &bound);
            status = wefti_submit(graph->kernel, self, NULL, sink, type, arguments);
            weft_bind_end(&bound);
        }
    }
    return status;
}

/* It has a token. */
static void submit(wefti_node_object *node, wefti_strand *self) {
    weft_graph *graph = node->graph;
    node->link = node;
    node->cursor = 1;
    const wefti_node_arguments arguments = {node, graph};
    weft_status status = submit_record(graph, self, &node->sink, &node->type->task, &arguments, node->low);
    if (WEFTI_LIKELY(status == WEFT_OK)) return;
    wefti_store_relaxed(&graph->trouble, (uint32_t)status); /* relaxed, both: read when all is at rest */
    wefti_store_relaxed(&graph->stopping, true);
    give_back(graph, 1);
}

/* Those linked, each with a token. Once the last is submitted it may have run, and the graph be gone. */
static void submit_all(wefti_node_object *list, wefti_strand *self) {
    for (wefti_node_object *next; list != NULL; list = next) {
        next = list->link;
        submit(list, self);
    }
}

/* ---- a node ---- */

static void tell(weft_graph *graph) {
    size_t done = wefti_add_relaxed(&graph->done, (size_t)1) + 1; /* relaxed: a number to show */
    if (done == graph->total || !wefti_spin_try(&graph->telling)) return;
    graph->progress(wefti_load_relaxed(&graph->done), graph->total, graph->progress_context);
    wefti_spin_unlock(&graph->telling);
}

/* The node above, if it is the only one, and of this computation. */
static wefti_node_object *only_above(const wefti_node_object *node) {
    const wefti_edge *edge = node->needed_by;
    return edge != NULL && edge->next == NULL && edge->of->round == node->round ? edge->of : NULL;
}

/* Arrives at all that need it; if that is one, also for so many others that the task has gathered. Returns those that
 * are ready now, linked; *made: how many. */
static wefti_node_object *arrive(const wefti_node_object *node, uint32_t gathered, size_t *made) {
    wefti_node_object *ready = NULL;
    uint32_t round = node->round;
    for (const wefti_edge *edge = node->needed_by; edge != NULL; edge = edge->next) {
        wefti_node_object *of = edge->of;
        if (of->round != round || !wefti_ready_arrive(&of->ready, gathered + 1)) continue; /* not of this computation */
        of->link = ready;
        ready = of;
        ++*made;
    }
    return ready;
}

/* Its value is there. */
static void finish(const wefti_node_object *node) {
    weft_graph *graph = node->graph;
    wefti_ready_finish((wefti_ready *)(uintptr_t)&node->ready);
    if (WEFTI_UNLIKELY(graph->progress != NULL)) tell(graph);
}

/* The end of a task that does not go on: tokens are what it has. */
static void complete(const wefti_node_object *node, size_t tokens) {
    weft_graph *graph = node->graph;
    size_t made = 0;
    finish(node);
    wefti_node_object *ready = arrive(node, 0, &made);
    if (made > tokens) wefti_tokens_add(&graph->tokens, made - tokens);
    if (made < tokens) give_back(graph, tokens - made);
    if (made != 0) submit_all(ready, wefti_strand_now);
}

void wefti_node_deliver(wefti_sink *sink, const void *value, const wefti_condition *condition) {
    (void)value;
    const wefti_node_object *head = WEFTI_CONTAINER(sink, wefti_node_object, sink);
    wefti_node_object *node = head->link;
    weft_graph *graph = head->graph;
    size_t tokens = head->cursor;
    if (condition == NULL && node != NULL && node->ran) {
        complete(node, tokens);
        return;
    }
    if (condition != NULL && node != NULL)
        fail(node, condition);
    else
        wefti_condition_drop(condition);
    give_back(graph, tokens);
}

/* ---- a task: one node after another ---- */

/* Whether the task may run another node: nothing else waits for the worker, and nobody has a word with the task. Counts
 * as the loop does after each task; when it is time to look at mailbox and clock, the loop is to find that itself. */
static bool may_go_on(const wefti_runner *runner, wefti_worker *worker) {
    if (worker->ready.first != NULL || runner->watched != 0) return false;
    if (((worker->tick + 1) & (worker->poll_every - 1)) == 0) return false;
    worker->tick++;
    return true;
}

/* The task keeps a token for itself, beside those for `others`. */
static void share_tokens(wefti_node_object *head, size_t others) {
    if (head->cursor > others) {
        head->cursor -= (uint32_t)others;
        return;
    }
    wefti_tokens_add(&head->graph->tokens, others + 1 - head->cursor);
    head->cursor = 1;
}

/* Whether nobody else waits for a node of this computation. */
static bool feeds_only(const wefti_node_object *node, const wefti_node_object *above) {
    const wefti_edge *edge = node->needed_by;
    return edge != NULL && edge->of == above && edge->next == NULL;
}

/* The next task of the worker's own queue, if that is a node of this graph, of the same type, and of those that `above`
 * alone waits for (NULL: any): taken out of it, with its token. Until then a thief may have it, and the graph that it
 * is of be gone: so nothing that it points to is looked at unless that is this graph. An earlier one in the same memory
 * it cannot be: what stands in the queue came there behind a node of this graph, or was there to be run, by which its
 * own graph is another. */
static wefti_node_object *take_next(wefti_node_object *head, const wefti_node_object *node,
                                    const wefti_node_object *above, wefti_worker *worker) {
    const wefti_slot *slot = wefti_queue_front(&worker->queue);
    const wefti_record *record = (const wefti_record *)(const void *)slot;
    if (slot == NULL || record->type != &node->type->task || record->flags != 0) return NULL;
    const wefti_node_arguments arguments = *(const wefti_node_arguments *)(const void *)(record + 1);
    unsigned generation = record->generation;
    if (arguments.graph != head->graph || (above != NULL && !feeds_only(arguments.node, above))) return NULL;
    if (!wefti_queue_take_front(&worker->queue)) return NULL;
    /* release: as at the end of a task that the loop runs */
    wefti_store_release(&worker->done[generation], wefti_load_relaxed(&worker->done[generation]) + 1);
    head->cursor += arguments.node->cursor;
    return arguments.node;
}

/* The node's value is there. Returns one to go on with; NULL: none, and the task has its tokens to give back.
 * *gathered: how many nodes before this one have not arrived yet at the only one above them all. If the next one is
 * such a node too, this one does not either: what is above waits for that one anyway. */
static wefti_node_object *go_on(wefti_node_object *head, const wefti_node_object *node, uint32_t *gathered,
                                wefti_strand *self) {
    size_t made = 0;
    const wefti_node_object *above = only_above(node);
    wefti_node_object *ready, *next = NULL;
    finish(node);
    if (above != NULL && !head->low && (next = take_next(head, node, above, self->worker)) != NULL) {
        ++*gathered;
        return next;
    }
    ready = arrive(node, *gathered, &made);
    *gathered = 0;
    if (made == 0) return head->low ? NULL : take_next(head, node, NULL, self->worker);
    if (ready->low == head->low) {
        next = ready;
        ready = next->link;
        made--;
    }
    share_tokens(head, made);
    submit_all(ready, self);
    return next;
}

/* The task ends, and its last node is yet to arrive: so this cannot make the one above ready. Where a node fails, or
 * the computation is stopped, what was gathered need not arrive (R1). */
static void arrive_gathered(const wefti_node_object *node, uint32_t gathered) {
    if (gathered != 0) wefti_ready_arrive(&only_above(node)->ready, gathered);
}

/* head->link is the node that runs, or ran last; head->cursor how many tokens the task has. */
void weft_run_node(void *arguments, void *result) {
    (void)result;
    uint32_t gathered = 0;
    wefti_node_object *head = ((const wefti_node_arguments *)arguments)->node, *node = head;
    const weft_graph *graph = head->graph;
    wefti_strand *self = wefti_strand_now;
    wefti_runner *runner = wefti_runner_of_strand(self);
    for (;;) {
        if (WEFTI_UNLIKELY(wefti_load_relaxed(&graph->stopping))) return; /* relaxed: as in answer_failed */
        node->type->compute((const weft_inputs *)(const void *)node, node->value);
        node->ran = true;
        if (!may_go_on(runner, self->worker)) {
            arrive_gathered(node, gathered);
            return;
        }
        node = go_on(head, node, &gathered, self);
        head->link = node;
        if (node == NULL) return;
        wefti_store_relaxed(&runner->type, &node->type->task); /* relaxed: for dumps */
    }
}

/* ---- the first nodes ---- */

/* Takes some of those that wait for nothing off the list, linked. *count: how many. */
static wefti_node_object *take_first(weft_graph *graph, size_t *count) {
    wefti_node_object *list = graph->first, *last = NULL;
    for (*count = 0; graph->first != NULL && *count < graph->fed_at_once; ++*count) {
        last = graph->first;
        graph->first = last->link;
    }
    if (last != NULL) last->link = NULL;
    if (graph->kernel->worker_count > 1 && graph->fed_at_once < MOST_FED) graph->fed_at_once *= 2;
    return list;
}

/* Submits some of those that wait for nothing. Returns whether there are more. With a token. */
static bool feed(weft_graph *graph, wefti_strand *self) {
    if (wefti_load_relaxed(&graph->stopping)) return false; /* relaxed: as in answer_failed */
    size_t count;
    wefti_node_object *list = take_first(graph, &count);
    wefti_tokens_add(&graph->tokens, count);
    submit_all(list, self);
    return graph->first != NULL;
}

static void feed_again(void *arguments, void *result) {
    (void)arguments;
    (void)result;
}

/* First in, first out: by the time that this one runs, those before it have been taken. So no more records lie in
 * queues than are fed at once. */
static const weft_task_type feeder_type = {"graph", feed_again, 0, 0};

static void feed_on(weft_graph *graph, wefti_strand *self) {
    while (feed(graph, self)) {
        if (submit_record(graph, self, &graph->feeder, &feeder_type, NULL, false) == WEFT_OK) return;
    }
    give_back(graph, 1);
}

static void deliver_feeder(wefti_sink *sink, const void *value, const wefti_condition *condition) {
    (void)value;
    weft_graph *graph = WEFTI_CONTAINER(sink, weft_graph, feeder);
    if (condition != NULL) { /* killed: as if it had run */
        wefti_condition_drop(condition);
        wefti_store_relaxed(&graph->stopping, true); /* relaxed: as in answer_failed */
    }
    feed_on(graph, wefti_strand_now);
}

/* ---- the caller ---- */

static void prepare(weft_graph *graph, wefti_strand *self, const weft_compute_options *options) {
    graph->category = wefti_category_here(self);
    graph->priority = wefti_priority_here(self);
    graph->handlers = wefti_handlers_retain(wefti_handlers_here(self));
    graph->plain =
        graph->category == weft_category_default && graph->priority == WEFT_PRIORITY_DEFAULT && graph->handlers == NULL;
    graph->progress = options != NULL ? options->progress : NULL;
    graph->progress_context = options != NULL ? options->progress_context : NULL;
    graph->feeder.deliver = deliver_feeder;
    graph->fed_at_once = FED_AT_ONCE;
    wefti_atomic_init(&graph->telling, 0u);
    wefti_store_relaxed(&graph->stopping,
                        false); /* relaxed: a cancel at this time is of the one before, or of this one */
    wefti_atomic_init(&graph->trouble, (uint32_t)WEFT_OK);
    wefti_atomic_init(&graph->tokens, (size_t)1);
    wefti_atomic_init(&graph->done, (size_t)0);
}

/* The graph is EDITED, and RUNNING afterwards. */
static weft_status run(weft_graph *graph, wefti_strand *self, wefti_call *call, weft_deadline deadline) {
    wefti_wait_init(&call->wait, self, "graph", graph);
    call->wait.killable = self->worker != NULL;
    call->wait.kernel = graph->kernel;
    wefti_spin_lock(&graph->lock);
    graph->state = WEFTI_GRAPH_RUNNING;
    graph->call = call;
    wefti_spin_unlock(&graph->lock);
    feed_on(graph, self);
    weft_status status = wefti_park(&call->wait, deadline);
    if (status == WEFT_OK)
        return call->condition != NULL ? wefti_condition_receive(self, call->condition) : call->status;
    wefti_spin_lock(&graph->lock);
    if (graph->call == call) {
        graph->call = NULL;
        wefti_store_relaxed(&graph->stopping, true); /* relaxed: as in answer_failed */
    }
    wefti_spin_unlock(&graph->lock);
    wefti_die_if_killed(status);
    return status;
}

/* With the graph EDITED. WEFT_BUSY: it is to be run; else the answer. */
static weft_status look(weft_graph *graph, wefti_node_object *node, void *result, size_t size, weft_deadline deadline) {
    if (result != NULL && (node->type != NULL || node->given) && node->size != size) return WEFT_WRONG_SIZE;
    if (wefti_ready_is_done(&node->ready)) {
        if (result != NULL && size != 0) memcpy(result, node->value, size);
        return WEFT_OK;
    }
    const wefti_condition *failure = wefti_load_relaxed(&node->failure); /* relaxed: at rest */
    if (failure != NULL)
        return wefti_condition_receive(wefti_strand_now, &weft_retain_condition(wefti_condition_public(failure))->base);
    graph->round++;
    graph->wanted = node;
    graph->first = graph->last = NULL;
    graph->total = 0;
    weft_status status = wefti_graph_collect(graph, node);
    if (status != WEFT_OK) return status;
    return deadline <= WEFT_NOW ? WEFT_TIMED_OUT : WEFT_BUSY;
}

static weft_status unknown_node(weft_node id) {
    char message[64];
    snprintf(message, sizeof message, "node %zu is not defined", (size_t)id);
    return wefti_graph_fail(&weft_type_node_undefined, message, &id, 1);
}

/* The kernel's status, too late to be found in the middle: WEFT_OK if nodes can be submitted to it. */
static weft_status find_kernel(weft_graph *graph, wefti_strand *self, const weft_compute_options *options) {
    graph->kernel = options != NULL && options->kernel != NULL ? options->kernel : wefti_kernel_seen_by(self);
    if (graph->kernel == NULL) return WEFT_NO_KERNEL;
    return wefti_may_park(self) ? WEFT_OK : WEFT_NO_MEMORY;
}

weft_status weft_compute_node(weft_graph *graph, const weft_compute_options *options, weft_node id, void *result,
                              size_t size, weft_deadline deadline) {
    if (graph == NULL) return WEFT_INVALID;
    weft_status status = wefti_graph_enter(graph, deadline > WEFT_NOW ? deadline : WEFT_NOW);
    if (status != WEFT_OK) return status;
    wefti_strand *self = wefti_strand_now;
    wefti_node_object *node = wefti_graph_find(graph, id);
    status = node != NULL ? look(graph, node, result, size, deadline) : unknown_node(id);
    if (status == WEFT_BUSY) {
        status = find_kernel(graph, self, options);
        if (status == WEFT_OK) {
            wefti_call call = {.result = result};
            size_t total = graph->total;
            prepare(graph, self, options);
            status = run(graph, self, &call, deadline);
            if (status == WEFT_OK && options != NULL && options->progress != NULL)
                options->progress(total, total, options->progress_context);
            return status;
        }
    }
    wefti_graph_leave(graph);
    return status;
}

weft_status weft_cancel_graph(weft_graph *graph) {
    if (graph == NULL) return WEFT_INVALID;
    wefti_store_relaxed(&graph->stopping, true); /* relaxed: as in answer_failed */
    return WEFT_OK;
}

/* ---- what a node asks ---- */

static const wefti_node_object *node_of(const weft_inputs *inputs) {
    return (const wefti_node_object *)(const void *)inputs;
}

uint32_t weft_input_count(const weft_inputs *inputs) { return node_of(inputs)->count; }

const void *weft_input_value(const weft_inputs *inputs, uint32_t place) {
    return place < node_of(inputs)->count ? node_of(inputs)->needs[place].on->value : NULL;
}

void *weft_input_context(const weft_inputs *inputs) { return node_of(inputs)->context; }

weft_node weft_input_node(const weft_inputs *inputs) { return node_of(inputs)->id; }
