/* SPDX-License-Identifier: MIT */
/* operation.c - one operation of an alternation: checking, trying, enlisting and withdrawing it. */
#include "comm/alternate.h"

#include "comm/future.h"
#include "sched/cancel.h"
#include "sched/kernel.h"

weft_status wefti_operation_check_other(const weft_operation *operation) {
    if (operation->kind == WEFT_OPERATION_GROUP) return operation->on.group != NULL ? WEFT_OK : WEFT_INVALID;
    if (operation->kind == WEFT_OPERATION_FUTURE) return operation->on.future != NULL ? WEFT_OK : WEFT_INVALID;
    bool descriptor = operation->kind == WEFT_OPERATION_READ || operation->kind == WEFT_OPERATION_WRITE;
    return descriptor && operation->on.descriptor >= 0 ? WEFT_OK : WEFT_INVALID;
}

static wefti_waiters *list_of(const weft_operation *operation) {
    weft_channel *channel = operation->on.channel;
    return operation->kind == WEFT_OPERATION_SEND ? &channel->senders : &channel->receivers;
}

/* Spin lock held; given up unless the answer is WEFT_BUSY. */
static weft_status do_now(wefti_visit *visit, const weft_operation *operation, const wefti_wait *mine) {
    weft_channel *channel = visit->channel;
    if (operation->kind != WEFT_OPERATION_SEND)
        return wefti_receive_now(visit, operation->element, operation->kind == WEFT_OPERATION_RESULT, mine);
    if (WEFTI_UNLIKELY(wefti_channel_closed(channel))) {
        wefti_visit_end(visit);
        return WEFT_CLOSED;
    }
    wefti_message m = {operation->element, NULL, mine, false};
    return wefti_send_now(visit, &m);
}

/* Begins, with the memory that the operation may need, its own or that of a sender whose value gets the place. */
static weft_status begin(wefti_visit *visit, const weft_operation *operation, wefti_strand *self,
                         weft_deadline deadline) {
    weft_channel *channel = operation->on.channel;
    if (channel->kind == WEFTI_BACKLOG &&
        (operation->kind == WEFT_OPERATION_SEND || wefti_first(&channel->senders) != NULL))
        return wefti_visit_with_room(visit, channel, self, deadline);
    weft_status status = wefti_visit_begin(visit, channel, self, deadline);
    if (status == WEFT_OK) visit->room = channel->kind != WEFTI_BACKLOG || wefti_backlog_has_room(channel);
    return status;
}

static bool writes(const weft_operation *operation) { return operation->kind == WEFT_OPERATION_WRITE; }

static weft_status try_other(const weft_operation *operation, const wefti_wait *mine) {
    if (operation->kind == WEFT_OPERATION_FUTURE) return weft_fulfilled(operation->on.future) ? WEFT_OK : WEFT_BUSY;
    if (operation->kind != WEFT_OPERATION_GROUP) {
        /* Enlisted, and perhaps reported already: the next report is asked for before the look. */
        if (mine != NULL) wefti_io_again(mine->kernel, operation->on.descriptor);
        return wefti_descriptor_ready(operation->on.descriptor, writes(operation)) ? WEFT_OK : WEFT_BUSY;
    }
    return weft_group_count(operation->on.group) == 0 ? WEFT_OK : WEFT_BUSY;
}

weft_status wefti_operation_try(weft_operation *operation, wefti_strand *self, const wefti_wait *mine,
                                weft_deadline deadline) {
    if (!wefti_operation_is_of_channel(operation)) return try_other(operation, mine);
    wefti_visit visit;
    weft_status status = begin(&visit, operation, self, deadline);
    if (WEFTI_UNLIKELY(status != WEFT_OK)) return status;
    status = do_now(&visit, operation, mine);
    if (status == WEFT_BUSY) wefti_visit_end(&visit);
    return status;
}

weft_status wefti_operation_try_alone(weft_operation *operation, wefti_strand *self) {
    weft_channel *channel = operation->on.channel;
    switch (operation->kind) {
    case WEFT_OPERATION_RECEIVE: return wefti_receive(channel, self, operation->element, WEFT_NOW);
    case WEFT_OPERATION_RESULT: return wefti_receive_result(channel, self, operation->element, WEFT_NOW);
    case WEFT_OPERATION_SEND: return wefti_send(channel, self, operation->element, WEFT_NOW);
    default: return try_other(operation, NULL);
    }
}

static weft_status enlist_other(weft_operation *operation, wefti_waiter *waiter) {
    waiter->result = false;
    waiter->condition = NULL;
    if (operation->kind == WEFT_OPERATION_FUTURE)
        return wefti_future_enlist(operation->on.future, waiter) ? WEFT_BUSY : WEFT_OK;
    if (operation->kind != WEFT_OPERATION_GROUP) {
        weft_kernel *kernel = waiter->wait->kernel;
        if (kernel == NULL) return WEFT_NO_KERNEL;
        return wefti_io_enlist(kernel, operation->on.descriptor, writes(operation), waiter);
    }
    return wefti_group_enlist(operation->on.group, waiter) ? WEFT_BUSY : WEFT_OK;
}

weft_status wefti_operation_enlist(weft_operation *operation, wefti_strand *self, wefti_waiter *waiter,
                                   weft_deadline deadline) {
    if (!wefti_operation_is_of_channel(operation)) return enlist_other(operation, waiter);
    wefti_visit visit;
    weft_status status = begin(&visit, operation, self, deadline);
    if (WEFTI_UNLIKELY(status != WEFT_OK)) return status;
    status = waiter->kept ? WEFT_BUSY : do_now(&visit, operation, waiter->wait);
    if (status != WEFT_BUSY) return status;
    waiter->slot = operation->element;
    waiter->result = operation->kind == WEFT_OPERATION_RESULT;
    waiter->condition = NULL;
    wefti_waiter_enlist(list_of(operation), waiter);
    wefti_visit_end(&visit);
    return WEFT_BUSY;
}

void wefti_operation_withdraw(weft_operation *operation, wefti_waiter *waiter) {
    if (wefti_operation_is_of_channel(operation))
        wefti_visit_withdraw(operation->on.channel, list_of(operation), waiter);
    else if (operation->kind == WEFT_OPERATION_FUTURE)
        wefti_future_delist(operation->on.future, waiter);
    else if (operation->kind != WEFT_OPERATION_GROUP)
        wefti_io_delist(waiter->wait->kernel, operation->on.descriptor, waiter);
    else
        wefti_group_delist(operation->on.group, waiter);
}

weft_deadline wefti_operation_due(const weft_operation *operation) {
    if (!wefti_operation_is_of_channel(operation)) return WEFT_FOREVER;
    const weft_channel *channel = operation->on.channel;
    return channel->kind == WEFTI_CLOCK ? wefti_load_relaxed(&channel->rare->next) : WEFT_FOREVER;
}
