/* SPDX-License-Identifier: MIT */
/* weft.h - all of Weft in one include. */
#ifndef WEFT_H
#define WEFT_H

#include <weft/alternation.h>
#include <weft/base.h>
#include <weft/buffer.h>
#include <weft/channel.h>
#include <weft/condition.h>
#include <weft/descriptor.h>
#include <weft/dynamic.h>
#include <weft/fault.h>
#include <weft/forkjoin.h>
#include <weft/future.h>
#include <weft/graph.h>
#include <weft/group.h>
#include <weft/kernel.h>
#include <weft/kill.h>
#include <weft/mutex.h>
#include <weft/order.h>
#include <weft/parallel.h>
#include <weft/scope.h>
#include <weft/task.h>
#include <weft/thread.h>
#include <weft/timeout.h>
#include <weft/trace.h>
#include <weft/unwind.h>

#endif
