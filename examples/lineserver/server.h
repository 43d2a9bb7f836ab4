/* SPDX-License-Identifier: MIT */
/* server.h - the line server: one task accepts, and one task serves each connection. */
#ifndef LINESERVER_SERVER_H
#define LINESERVER_SERVER_H

#include "net.h"

/* What all tasks of the server share; none of it changes while they run. */
typedef struct line_server {
    int listener;
    size_t most; /* connections at a time */
    weft_kernel *kernel;
    weft_group *connections; /* the tasks that serve */
    weft_channel *stop;      /* closed when the server is to end */
    weft_channel *wish;      /* a client wishes that the server ends */
    weft_channel *accepted;  /* gets the number of connections when no more are accepted */
    weft_channel *served;    /* gets a served_lines for each connection that has ended */
} line_server;

/* What there is to say about a connection that has ended. */
typedef struct served_lines {
    int lines;
    net_end end;
} served_lines;

/* A socket of the loopback that listens, on a port chosen by the system. -1: it has said why. */
int server_listen(const char *program, int *port);
/* Submits the task that accepts. */
weft_status server_start(line_server *server);

#endif
