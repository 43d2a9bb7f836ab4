/* SPDX-License-Identifier: MIT */
/* driver.c - weft-linedriver: many clients of the line server at once, one task each, that check every answer.
 *
 * weft-linedriver PORT CONNECTIONS LINES talk|shutdown|hold. All connections are open at the same time. talk: each
 * sends its lines and ends in one of four ways; shutdown: and then the server is told to end; hold: they are kept until
 * the server ends them. */
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../check.h"
#include "net.h"

static const char program[] = "weft-linedriver";
static const double patience = 60; /* seconds for an answer */

typedef struct client_plan {
    int port, connections, lines;
    bool hold;
    weft_channel *open; /* gets a word from each connection that has had its first answer */
    weft_channel *go;   /* closed when all have */
} client_plan;

/* A connection to the server, or -1. */
static int connect_to(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int error = 0, descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    socklen_t size = sizeof error;
    if (descriptor < 0) return -1;
    if (connect(descriptor, (const struct sockaddr *)&address, sizeof address) == 0) return descriptor;
    if (errno == EINPROGRESS && weft_wait_writable(descriptor, weft_after(patience)) == WEFT_OK &&
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0)
        return descriptor;
    close(descriptor);
    return -1;
}

/* Whether the next line of the server is this one. */
static bool hears(net_stream *stream, const char *expected) {
    char *line;
    size_t length;
    net_end end = net_read_line(stream, &line, &length);
    if (end == NET_OK && strcmp(line, expected) == 0) return true;
    fprintf(stderr, "%s: expected '%s', found %s%s\n", program, expected, end == NET_OK ? line : "end ",
            end == NET_OK ? "" : (const char *[]){"", "stopped", "idle", "of stream", "too long", "broken"}[end]);
    return false;
}

static bool at_end(net_stream *stream) {
    char *line;
    size_t length;
    return net_read_line(stream, &line, &length) == NET_AT_END;
}

static bool says(net_stream *stream, const char *text) { return net_write(stream, text, strlen(text)) == NET_OK; }

static bool asks(net_stream *stream, const char *text, const char *expected) {
    return says(stream, text) && hears(stream, expected);
}

/* One line, in two pieces, and its answer. */
static bool exchange(net_stream *stream, int number, int line) {
    char text[64], expected[64];
    snprintf(text, sizeof text, "client %d, line %d: the weft goes over and under\n", number, line);
    size_t half = strlen(text) / 2, i = 0;
    for (; text[i] != '\n'; i++) expected[i] = (char)toupper((unsigned char)text[i]);
    expected[i] = '\0';
    return net_write(stream, text, half) == NET_OK && says(stream, text + half) && hears(stream, expected);
}

static bool too_long(net_stream *stream) {
    char text[2 * LONGEST_LINE];
    memset(text, 'x', sizeof text);
    return net_write(stream, text, sizeof text) == NET_OK && hears(stream, "error: line too long") && at_end(stream);
}

static bool half_closed(net_stream *stream) {
    return says(stream, "no end of line") && shutdown(stream->descriptor, SHUT_WR) == 0 &&
           hears(stream, "NO END OF LINE") && at_end(stream);
}

/* Goes away with a line on its way, and without a farewell. */
static bool reset(net_stream *stream) {
    const struct linger none = {.l_onoff = 1, .l_linger = 0};
    return says(stream, "never answered\n") &&
           setsockopt(stream->descriptor, SOL_SOCKET, SO_LINGER, &none, sizeof none) == 0;
}

static bool says_goodbye(net_stream *stream, int number) {
    switch (number % 8) {
    case 1: return too_long(stream);
    case 3: return half_closed(stream);
    case 5: return reset(stream);
    default: return asks(stream, "/quit\n", "bye") && at_end(stream);
    }
}

/* What a client does once all are connected. */
static bool talk(net_stream *stream, const client_plan *plan, int number) {
    char count[32];
    for (int line = 2; line <= plan->lines; line++)
        if (!exchange(stream, number, line)) return false;
    snprintf(count, sizeof count, "%d", plan->lines + 1);
    return asks(stream, "/count\n", count) && says_goodbye(stream, number);
}

/* One client: whether all went as it should. */
WEFT_TASK(bool, client, (const client_plan *, plan), (int, number)) {
    net_stream stream;
    char word = 0;
    net_open(&stream, connect_to(plan->port), NULL, patience);
    bool right = stream.descriptor >= 0 && exchange(&stream, number, 1);
    check(weft_send(plan->open, &word, WEFT_FOREVER));
    weft_status status = weft_receive(plan->go, &word, WEFT_FOREVER);
    right = right && status == WEFT_CLOSED && (plan->hold ? at_end(&stream) : talk(&stream, plan, number));
    if (stream.descriptor >= 0) close(stream.descriptor);
    return right;
}

/* A connection that asks one thing. */
static bool one_question(int port, const char *question, const char *expected) {
    net_stream stream;
    int descriptor = connect_to(port);
    if (descriptor < 0) return false;
    net_open(&stream, descriptor, NULL, patience);
    bool right = asks(&stream, question, expected);
    close(descriptor);
    return right;
}

/* Lets them go once all are there, and counts those for whom all went well. */
static int count_right(const client_plan *plan, weft_channel *results) {
    char word, clients[32];
    int right = 0;
    bool one;
    for (int i = 0; i < plan->connections; i++) check(weft_receive(plan->open, &word, WEFT_FOREVER));
    snprintf(clients, sizeof clients, "%d", plan->connections + 1); /* this one, too */
    bool all_open = one_question(plan->port, "/clients\n", clients);
    if (all_open) printf("%d connections are open\n", plan->connections);
    fflush(stdout);
    check(weft_close(plan->go));
    for (int i = 0; i < plan->connections; i++) {
        check(weft_receive_result(results, &one, WEFT_FOREVER));
        right += one;
    }
    return all_open ? right : -1;
}

int main(int argc, char **argv) {
    const char *mode = argc == 5 ? argv[4] : "";
    bool hold = strcmp(mode, "hold") == 0, end = strcmp(mode, "shutdown") == 0;
    client_plan plan = {.hold = hold};
    plan.port = argc == 5 ? (int)net_number(argv[1], 1, 65535) : -1;
    plan.connections = argc == 5 ? (int)net_number(argv[2], 1, 100000) : -1;
    plan.lines = argc == 5 ? (int)net_number(argv[3], 1, 1000000) : -1;
    if (plan.port < 0 || plan.connections < 0 || plan.lines < 0 || (!hold && !end && strcmp(mode, "talk") != 0))
        return fprintf(stderr, "usage: %s PORT CONNECTIONS LINES talk|shutdown|hold\n", program), 2;
    if (!net_need_descriptors(program, (size_t)plan.connections + 64)) return EXIT_FAILURE;

    weft_kernel *kernel = weft_make_kernel(0, NULL);
    check_made(kernel);
    weft_channel *results = weft_make_channel(bool);
    check_made(results);
    check_made(plan.open = weft_make_channel(char));
    check_made(plan.go = weft_make_channel(char));
    for (int i = 0; i < plan.connections; i++) check(weft_submit(results, client, &plan, i));
    int right = count_right(&plan, results);
    printf("%d of %d connections as they should be\n", right, plan.connections);
    bool all_right = right == plan.connections && (!end || one_question(plan.port, "/shutdown\n", "shutting down"));

    check(weft_end_kernel(kernel, true));
    check(weft_free_channel(plan.go));
    check(weft_free_channel(plan.open));
    check(weft_free_channel(results));
    check(weft_free_kernel(kernel));
    return all_right ? EXIT_SUCCESS : EXIT_FAILURE;
}
