/* SPDX-License-Identifier: MIT */
/* weft.c - two workers: a task sends to a waiting task and goes on computing. How long until the receiver runs?
 *
 * wake.movable: the receiver was started on the sender's own worker and is free to move, so that the other, idle worker
 * has to take it. wake.other: the receiver stays on the other worker, which is idle and asleep. The sender sleeps
 * between its sends, and computes for half a millisecond after each.
 */
#include <weft.h>

#include "../harness/bench.h"

enum { SENDS = 200, COMPUTE = 500000, PAUSE = 1000000, TRIES = 2000 };

static weft_channel *messages, *placed;
static double late[SENDS];

/* Says on which worker it runs, waits for the word to stay, and then takes the time of each message. */
WEFT_TASK(void, receiver) {
    int64_t sent;
    int worker = weft_kernel_worker_index();
    bench_require(weft_send(placed, &worker, WEFT_FOREVER) == WEFT_OK, "send");
    bench_require(weft_receive(messages, &sent, WEFT_FOREVER) == WEFT_OK, "receive");
    for (int i = 0; sent != 0 && i < SENDS; i++) {
        bench_require(weft_receive(messages, &sent, WEFT_FOREVER) == WEFT_OK, "receive");
        late[i] = (double)(bench_clock() - sent) / 1000;
    }
}

/* Starts the receiver where it is wanted: here by giving way at once, there by keeping this worker busy. */
static bool start_receiver(weft_channel *done, bool here) {
    weft_submit_options options = {.movable = here};
    int worker = -1;
    bench_require(weft_submit_with(&options, done, receiver) == WEFT_OK, "submit");
    if (here)
        bench_require(weft_receive(placed, &worker, WEFT_FOREVER) == WEFT_OK, "receive");
    else
        while (weft_receive(placed, &worker, WEFT_NOW) != WEFT_OK)
            ;
    int64_t word = (worker == weft_kernel_worker_index()) == here;
    bench_require(weft_send(messages, &word, WEFT_FOREVER) == WEFT_OK, "send");
    if (!word) bench_require(weft_receive_done(done, WEFT_FOREVER) == WEFT_OK, "done");
    return word;
}

WEFT_TASK(void, sender, (bool, here), (weft_channel *, done)) {
    int tries = 0;
    while (!start_receiver(done, here))
        bench_require(++tries < TRIES, "the receiver never started on the worker that was wanted");
    for (int i = 0; i < SENDS; i++) {
        bench_require(weft_sleep(weft_time() + PAUSE) == WEFT_OK, "sleep");
        int64_t now = bench_clock();
        bench_require(weft_send(messages, &now, WEFT_FOREVER) == WEFT_OK, "send");
        bench_spin(COMPUTE);
    }
    bench_require(weft_receive_done(done, WEFT_FOREVER) == WEFT_OK, "done");
}

typedef struct setting {
    bool here;
    weft_channel *done, *receiver_done;
} setting;

static void round_of_wakes(void *argument, double *values) {
    setting *s = argument;
    bench_require(weft_submit(s->done, sender, s->here, s->receiver_done) == WEFT_OK, "submit");
    bench_require(weft_receive_done(s->done, WEFT_FOREVER) == WEFT_OK, "done");
    values[0] = bench_percentile(late, SENDS, 0.5);
    values[1] = bench_percentile(late, SENDS, 0.99);
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "weft", 120);
    weft_kernel *kernel = weft_make_kernel(2, NULL);
    bench_require(kernel != NULL, "no kernel");
    weft_channel_options options = {.kernel = kernel};
    messages = weft_make_channel(int64_t);
    placed = weft_make_channel(int);
    setting s = {true, weft_make_channel_sized(0, &options), weft_make_channel_sized(0, &options)};
    bench_require(messages && placed && s.done && s.receiver_done, "no channel");
    bench_measure((bench_figure[]){{"wake.movable.p50", "us"}, {"wake.movable.p99", "us"}}, 2, round_of_wakes, &s);
    s.here = false;
    bench_measure((bench_figure[]){{"wake.other.p50", "us"}, {"wake.other.p99", "us"}}, 2, round_of_wakes, &s);
    bench_require(weft_free_channel(messages) == WEFT_OK && weft_free_channel(placed) == WEFT_OK &&
                      weft_free_channel(s.done) == WEFT_OK && weft_free_channel(s.receiver_done) == WEFT_OK &&
                      weft_free_kernel(kernel) == WEFT_OK,
                  "end");
    return 0;
}
