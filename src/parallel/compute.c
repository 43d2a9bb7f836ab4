/* SPDX-License-Identifier: MIT */
/* compute.c - computing a graph: its nodes as tasks, each submitted by the last of those it waits for. */
#include "parallel/graph.h"

#include <string.h>

#include "sched/handlers.h"
#include "sched/kernel.h"
#include "sched/submit.h"

enum { FED_AT_ONCE = 64 };

static void give_token_back(weft_graph *graph);

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

static void give_token_back(weft_graph *graph) {
    if (wefti_tokens_give_back(&graph->tokens)) come_to_rest(graph);
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
    weft_status status = submit_record(graph, self, &node->sink, &node->type->task, &node, node->low);
    if (WEFTI_LIKELY(status == WEFT_OK)) return;
    wefti_store_relaxed(&graph->trouble, (uint32_t)status); /* relaxed, both: read when all is at rest */
    wefti_store_relaxed(&graph->stopping, true);
    give_token_back(graph);
}

/* ---- a node ---- */

void weft_run_node(void *arguments, void *result) {
    (void)result;
    wefti_node_object *node = *(wefti_node_object **)arguments;
    if (WEFTI_UNLIKELY(wefti_load_relaxed(&node->graph->stopping))) return; /* relaxed: as in answer_failed */
    node->type->compute((const weft_inputs *)(const void *)node, node->value);
    node->ran = true;
}

static void tell(weft_graph *graph) {
    size_t done = wefti_add_relaxed(&graph->done, (size_t)1) + 1; /* relaxed: a number to show */
    if (done == graph->total || !wefti_spin_try(&graph->telling)) return;
    graph->progress(wefti_load_relaxed(&graph->done), graph->total, graph->progress_context);
    wefti_spin_unlock(&graph->telling);
}

/* Arrives at all that need it. Returns those that are ready now, linked; *made: how many. */
static wefti_node_object *arrive(const wefti_node_object *node, size_t *made) {
    wefti_node_object *ready = NULL;
    uint32_t round = node->round;
    for (const wefti_edge *edge = node->needed_by; edge != NULL; edge = edge->next) {
        wefti_node_object *of = edge->of;
        if (of->round != round || !wefti_ready_arrive(&of->ready)) continue; /* not of this computation */
        of->link = ready;
        ready = of;
        ++*made;
    }
    return ready;
}

/* Its value is there. It has a token, which goes on to one that is ready now. */
static void complete(wefti_node_object *node) {
    weft_graph *graph = node->graph;
    size_t made = 0;
    wefti_ready_finish(&node->ready);
    if (WEFTI_UNLIKELY(graph->progress != NULL)) tell(graph);
    wefti_node_object *ready = arrive(node, &made);
    if (made == 0) {
        give_token_back(graph);
        return;
    }
    if (made > 1) wefti_tokens_add(&graph->tokens, made - 1);
    wefti_strand *self = wefti_strand_now;
    for (wefti_node_object *next; made > 0; made--, ready = next) {
        next = ready->link; /* once submitted it may have run, and the graph with the last of them be gone */
        submit(ready, self);
    }
}

void wefti_node_deliver(wefti_sink *sink, const void *value, const wefti_condition *condition) {
    (void)value;
    wefti_node_object *node = WEFTI_CONTAINER(sink, wefti_node_object, sink);
    weft_graph *graph = node->graph;
    if (WEFTI_LIKELY(condition == NULL && node->ran)) {
        complete(node);
        return;
    }
    if (condition != NULL) fail(node, condition);
    give_token_back(graph);
}

/* ---- the first nodes ---- */

/* Submits some of those that wait for nothing. Returns whether there are more. With a token. */
static bool feed(weft_graph *graph, wefti_strand *self) {
    for (int i = 0; i < FED_AT_ONCE && graph->first != NULL; i++) {
        wefti_node_object *node = graph->first;
        if (wefti_load_relaxed(&graph->stopping)) return false; /* relaxed: as in answer_failed */
        graph->first = node->link;
        wefti_tokens_add(&graph->tokens, 1);
        submit(node, self);
    }
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
    give_token_back(graph);
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
    wefti_atomic_init(&graph->telling, 0u);
    wefti_atomic_init(&graph->stopping, false);
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
