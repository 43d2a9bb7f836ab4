/* SPDX-License-Identifier: MIT */
/* weft.h - all of Weft in one include. */
#ifndef WEFT_H
#define WEFT_H

#include <weft/alternation.h>
#include <weft/base.h>
#include <weft/buffer.h>
#include <weft/channel.h>
#include <weft/descriptor.h>
#include <weft/dynamic.h>
#include <weft/group.h>
#include <weft/kernel.h>
#include <weft/task.h>
#include <weft/thread.h>
#include <weft/timeout.h>
#include <weft/trace.h>

#endif
