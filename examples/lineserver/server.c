/* SPDX-License-Identifier: MIT */
/* server.c - the line server: what its tasks do. */
#include "server.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const double patience = 60; /* seconds in which a client neither sends nor reads */

static net_end say(const net_stream *stream, const char *text) { return net_write(stream, text, strlen(text)); }

/* Answers one line. NET_STOPPED: the client does not want more. */
static net_end answer(const line_server *server, const net_stream *stream, int lines, char *line, size_t length) {
    char text[64];
    if (strcmp(line, "/quit") == 0) return say(stream, "bye\n") == NET_OK ? NET_STOPPED : NET_BROKEN;
    if (strcmp(line, "/count") == 0) return snprintf(text, sizeof text, "%d\n", lines), say(stream, text);
    if (strcmp(line, "/clients") == 0)
        return snprintf(text, sizeof text, "%zu\n", weft_group_count(server->connections)), say(stream, text);
    if (strcmp(line, "/shutdown") == 0) {
        net_end end = say(stream, "shutting down\n");
        weft_send(server->wish, "", WEFT_NOW); /* full: another client has wished it already */
        return end;
    }
    for (size_t i = 0; i < length; i++) line[i] = (char)toupper((unsigned char)line[i]);
    line[length] = '\n'; /* in the place of its zero */
    return net_write(stream, line, length + 1);
}

/* One connection, from its first line to its end. It waits as if it blocked; its worker serves others meanwhile. */
WEFT_TASK(served_lines, serve, (const line_server *, server), (int, descriptor)) {
    served_lines all = {.lines = 0, .end = NET_OK};
    net_stream stream;
    char *line;
    size_t length;
    net_open(&stream, descriptor, server->stop, patience);
    while (all.end == NET_OK && !weft_is_closed(server->stop)) { /* who sends line on line must not hold it up */
        all.end = net_read_line(&stream, &line, &length);
        if (all.end == NET_OK) all.end = answer(server, &stream, ++all.lines, line, length);
    }
    if (all.end == NET_TOO_LONG) say(&stream, "error: line too long\n");
    if (all.end == NET_IDLE) say(&stream, "error: idle for too long\n");
    shutdown(descriptor, SHUT_WR); /* what was said is still sent */
    /* A close with bytes unread resets the connection, and the client might lose the last words. */
    while (all.end == NET_TOO_LONG && read(descriptor, stream.bytes, sizeof stream.bytes) > 0) {
    }
    close(descriptor);
    return all;
}

static weft_status begin_to_serve(const line_server *server, int descriptor) {
    const weft_submit_options options = {.group = server->connections};
    if (weft_group_count(server->connections) >= server->most) return WEFT_BUSY;
    return weft_submit_with(&options, server->served, serve, server, descriptor);
}

/* Whether to try again after an accept that gave nothing. */
static bool wait_to_accept(const line_server *server, int error) {
    if (error == EAGAIN || error == EWOULDBLOCK)
        return net_wait(server->listener, server->stop, (double)INFINITY) == NET_OK;
    if (error == EINTR || error == ECONNABORTED) return true; /* it had gone before we came */
    if (error != EMFILE && error != ENFILE && error != ENOBUFS && error != ENOMEM) return false;
    weft_sleep(weft_after(0.1)); /* until a connection ends and gives back what is short */
    return true;
}

WEFT_TASK(int, accept_all, (const line_server *, server)) {
    int accepted = 0;
    while (!weft_is_closed(server->stop)) {
        int descriptor = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor < 0) {
            if (!wait_to_accept(server, errno)) break;
        } else if (begin_to_serve(server, descriptor) == WEFT_OK) {
            accepted++;
        } else {
            net_stream refused;
            net_open(&refused, descriptor, NULL, 0);
            say(&refused, "error: too many connections\n");
            close(descriptor);
        }
    }
    return accepted;
}

weft_status server_start(line_server *server) { return weft_submit(server->accepted, accept_all, server); }

int server_listen(const char *program, int *port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener >= 0 && bind(listener, (const struct sockaddr *)&address, size) == 0 &&
        listen(listener, SOMAXCONN) == 0 && getsockname(listener, (struct sockaddr *)&address, &size) == 0) {
        *port = ntohs(address.sin_port);
        return listener;
    }
    perror(program);
    if (listener >= 0) close(listener);
    return -1;
}
