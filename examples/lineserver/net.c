/* SPDX-License-Identifier: MIT */
/* net.c - lines over sockets that do not block. */
#include "net.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

void net_open(net_stream *stream, int descriptor, weft_channel *stop, double patience) {
    stream->descriptor = descriptor;
    stream->stop = stop;
    stream->patience = patience;
    stream->begin = stream->end = 0;
}

net_end net_wait(int descriptor, weft_channel *stop, double seconds) {
    char unused;
    net_end end = NET_BROKEN; /* no clause runs: there is no memory for the wait, or no watch left in the system */
    WEFT_PRI_ALT {
        WEFT_RECEIVE_IF(stop != NULL, stop, &unused) { end = NET_STOPPED; }
        WEFT_READABLE(descriptor) { end = weft_last_status() == WEFT_OK ? NET_OK : NET_BROKEN; }
        WEFT_OTHERWISE_AFTER(seconds) { end = NET_IDLE; }
    }
    return end;
}

/* Reads what is there, at least one byte. */
static net_end fill(net_stream *stream) {
    memmove(stream->bytes, stream->bytes + stream->begin, stream->end - stream->begin);
    stream->end -= stream->begin;
    stream->begin = 0;
    if (stream->end == sizeof stream->bytes) return NET_TOO_LONG;
    for (;;) {
        ssize_t got = read(stream->descriptor, stream->bytes + stream->end, sizeof stream->bytes - stream->end);
        if (got > 0) return stream->end += (size_t)got, NET_OK;
        if (got == 0) return NET_AT_END;
        if (errno == EINTR) continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK) return NET_BROKEN;
        net_end end = net_wait(stream->descriptor, stream->stop, stream->patience);
        if (end != NET_OK) return end;
    }
}

/* Takes so many bytes from the front, and as many as `and_end` behind them. */
static net_end take(net_stream *stream, size_t bytes, size_t and_end, char **line, size_t *length) {
    *line = stream->bytes + stream->begin;
    stream->begin += bytes + and_end;
    if (bytes > 0 && (*line)[bytes - 1] == '\r') bytes--;
    (*line)[bytes] = '\0';
    *length = bytes;
    return NET_OK;
}

net_end net_read_line(net_stream *stream, char **line, size_t *length) {
    for (;;) {
        const char *front = stream->bytes + stream->begin;
        size_t there = stream->end - stream->begin;
        const char *newline = there > 0 ? memchr(front, '\n', there) : NULL;
        if (newline != NULL) return take(stream, (size_t)(newline - front), 1, line, length);
        net_end end = fill(stream);
        /* fewer than the whole room, or it would have been too long: there is a place for the zero */
        if (end == NET_AT_END && there > 0) return take(stream, there, 0, line, length);
        if (end != NET_OK) return end;
    }
}

net_end net_write(const net_stream *stream, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t sent = send(stream->descriptor, bytes, length, MSG_NOSIGNAL);
        if (sent >= 0) {
            bytes += sent;
            length -= (size_t)sent;
            continue;
        }
        if (errno == EINTR) continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK) return NET_BROKEN;
        weft_status status = weft_wait_writable(stream->descriptor, weft_after(stream->patience));
        if (status != WEFT_OK) return status == WEFT_TIMED_OUT ? NET_IDLE : NET_BROKEN;
    }
    return NET_OK;
}

bool net_need_descriptors(const char *program, size_t count) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return perror(program), false;
    if (limit.rlim_cur >= count) return true;
    limit.rlim_cur = count;
    if (limit.rlim_max >= count && setrlimit(RLIMIT_NOFILE, &limit) == 0) return true;
    fprintf(stderr, "%s: %zu descriptors are needed, and at most %llu are allowed (see ulimit -Hn)\n", program, count,
            (unsigned long long)limit.rlim_max);
    return false;
}

long net_number(const char *text, long least, long most) {
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' && number >= least && number <= most ? number : -1;
}
