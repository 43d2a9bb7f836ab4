/* SPDX-License-Identifier: MIT */
/* net.h - lines over sockets that do not block: what the line server and its client driver share. */
#ifndef LINESERVER_NET_H
#define LINESERVER_NET_H

#include <stdbool.h>
#include <stdio.h>

#include <weft.h>

enum { LONGEST_LINE = 1024 }; /* without its end */

/* How a wait or a read ended. */
typedef enum net_end {
    NET_OK,
    NET_STOPPED,  /* the stop channel was closed */
    NET_IDLE,     /* nothing happened for too long */
    NET_AT_END,   /* the other side has sent all that it will send */
    NET_TOO_LONG, /* there is no end of the line in LONGEST_LINE bytes */
    NET_BROKEN    /* reset, or another error */
} net_end;

/* One side of a connection, and what has been read of it. */
typedef struct net_stream {
    int descriptor;
    weft_channel *stop; /* closed: all reading ends; NULL: none */
    double patience;    /* seconds */
    size_t begin, end;  /* of what is in `bytes` and not yet a line */
    char bytes[LONGEST_LINE + 1];
} net_stream;

void net_open(net_stream *stream, int descriptor, weft_channel *stop, double patience);

/* The next line, without its end and without a carriage return before it; ended by a zero. Valid until the next call.
 * What comes before the end of the stream is a line, too. */
net_end net_read_line(net_stream *stream, char **line, size_t *length);

/* Sends all; NET_IDLE if the other side does not read for too long. */
net_end net_write(const net_stream *stream, const char *bytes, size_t length);

/* Waits until the descriptor can be read from, the stop channel is closed, or the seconds are over. */
net_end net_wait(int descriptor, weft_channel *stop, double seconds);

/* Makes sure that the process may have so many descriptors. On false it has said why on standard error. */
bool net_need_descriptors(const char *program, size_t count);

/* The number in an argument of the program; -1 if it is none from `least` to `most`. */
long net_number(const char *text, long least, long most);

#endif
