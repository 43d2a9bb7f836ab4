/* SPDX-License-Identifier: MIT */
/* main.c - weft-lineserver: says each line back in capitals. Argument: most connections at a time.
 *
 * It prints its port, serves until SIGTERM, SIGINT or a client's /shutdown, and then prints what it has done. Commands
 * of a client: /count (its lines so far), /clients (how many there are), /quit, /shutdown. */
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "../check.h"
#include "server.h"

static const char program[] = "weft-lineserver";

/* Signals come as something to read, so that they can be waited for beside all else. Before any thread is made. */
static int open_signals(void) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    int descriptor =
        sigprocmask(SIG_BLOCK, &signals, NULL) == 0 ? signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC) : -1;
    if (descriptor < 0) perror(program);
    return descriptor;
}

static void make_channels(line_server *server) {
    const weft_channel_options one = {.capacity = 1};
    check_made(server->connections = weft_make_group("connections"));
    check_made(server->stop = weft_make_channel(char));
    check_made(server->wish = weft_make_channel_with(char, &one));
    check_made(server->accepted = weft_make_channel(int));
    check_made(server->served = weft_make_channel(served_lines));
}

static void free_channels(line_server *server) {
    check(weft_free_group(server->connections));
    weft_channel *channels[] = {server->stop, server->wish, server->accepted, server->served};
    for (size_t i = 0; i < sizeof channels / sizeof *channels; i++) check(weft_free_channel(channels[i]));
}

typedef struct totals {
    int connections, lines, broken;
} totals;

static void add(totals *all, served_lines one) {
    all->connections++;
    all->lines += one.lines;
    all->broken += one.end == NET_BROKEN;
}

/* Until somebody says that it is enough; the accounts are kept meanwhile. */
static void watch(const line_server *server, int signals, totals *all) {
    served_lines one;
    WEFT_PRI_ALT_LOOP {
        WEFT_READABLE(signals) { break; }
        WEFT_RECEIVE_ANY(server->wish) { break; }
        WEFT_RECEIVE_RESULT(server->served, &one) { add(all, one); }
    }
}

/* Every connection comes to the end of the line it is at; then it is closed, and its account comes. */
static void stop(const line_server *server, totals *all) {
    int accepted;
    served_lines one;
    check(weft_close(server->stop));
    check(weft_receive_result(server->accepted, &accepted, WEFT_FOREVER));
    while (all->connections < accepted) {
        check(weft_receive_result(server->served, &one, WEFT_FOREVER));
        add(all, one);
    }
}

int main(int argc, char **argv) {
    int port;
    long most = argc > 1 ? net_number(argv[1], 1, 100000) : 1000;
    if (argc > 2 || most < 0) return fprintf(stderr, "usage: %s [most connections]\n", program), 2;
    line_server server = {.most = (size_t)most};
    if (!net_need_descriptors(program, server.most + 64)) return EXIT_FAILURE;
    int signals = open_signals();
    server.listener = signals >= 0 ? server_listen(program, &port) : -1;
    if (server.listener < 0) return EXIT_FAILURE;

    check_made(server.kernel = weft_make_kernel(0, NULL));
    make_channels(&server);
    check(server_start(&server));
    printf("port %d\n", port);
    fflush(stdout);

    totals all = {0, 0, 0};
    watch(&server, signals, &all);
    stop(&server, &all);
    printf("%d connections, %d lines, %d broken\n", all.connections, all.lines, all.broken);

    check(weft_end_kernel(server.kernel, true));
    free_channels(&server);
    check(weft_free_kernel(server.kernel));
    close(server.listener);
    close(signals);
    return 0;
}
