/* SPDX-License-Identifier: MIT */
/* alternation.c - alternations explored: the claim of a wait on many things, hints, and withdrawing, with the real
 * channels, for threads.
 *
 * Properties: an operation's effect happens if and only if it is the one returned; no message is lost or doubled;
 * nobody is left waiting with a counterpart there (a deadlock is a failure); afterwards no channel knows of the wait.
 *
 * The schedules that would break it:
 *   hint      owner looks, finds nothing; sender finds it AWAY; owner opens, parks; sender waits too
 *   cross     both alternations enlist at both channels; each finds the other AWAY, and neither looks again
 *   stale     a claim is read from before the wait came back, and its waiter taken out of the list for good
 *   hand-over who does not wait looks at one of two before it can be done, and at the other after it could be
 */
#include <string.h>

#include "base/live.h"
#include "comm/alternate.h"
#include "engine/explore.h"
#include "os/chance.h"
#include "sched/attach.h"
#include "sched/kernel.h"

enum { CHANNELS = 2, CLAUSES = 2, MESSAGES = 64, STRANDS = 8, SENTINEL = 63 };

/* One thread of a test: what it does, and what came of it. */
typedef struct party {
    weft_operation operations[CLAUSES];
    uint32_t cells[CLAUSES]; /* what it sends, or where it receives: SENTINEL as long as it has not */
    unsigned count, rounds;
    weft_choice choice;
    weft_deadline deadline;
    uint8_t sent[MESSAGES], got[MESSAGES];
    unsigned messages, closed, timed_out, cancelled;
    bool insists;      /* begins anew until it has sent or received as many messages, without a deadline then */
    bool mortal, dead; /* it may be cancelled where it sleeps; it was, or has vanished */
    bool vanishes;     /* it may vanish there instead */
    void *grave[5];
} party;

static wefti_thread threads[STRANDS], *mortal; /* the first one's process object lies apart where it may be freed */
static party parties[STRANDS];
static weft_channel *channels[CHANNELS];
static weft_alternation *common;

/* ---- what the cores call of files that are not explored with them ---- */

uint32_t wefti_chance(uint32_t count) { return explore_choose(count); }
const wefti_condition wefti_buffer_failed;
void wefti_count_live(int change) { (void)change; }
void *wefti_fail(weft_status status) {
    wefti_strand_self()->last_status = (uint16_t)status;
    return NULL;
}
wefti_rare *wefti_channel_rare(weft_channel *channel) { return channel->rare; }
bool wefti_backlog_has_room(const weft_channel *channel) {
    (void)channel;
    explore_fail("no backlogs here");
}
wefti_element *wefti_backlog_put(weft_channel *channel, const void *value, const wefti_condition *condition) {
    (void)channel, (void)value, (void)condition;
    explore_fail("no backlogs here");
}
const wefti_condition *wefti_backlog_take(weft_channel *channel, void *value) {
    (void)channel, (void)value;
    explore_fail("no backlogs here");
}
wefti_element *wefti_backlog_front(weft_channel *channel) {
    (void)channel;
    explore_fail("no backlogs here");
}
bool wefti_backlog_take_front(weft_channel *channel, void *value, const wefti_condition **condition,
                              wefti_block **used) {
    (void)channel, (void)value, (void)condition, (void)used;
    explore_fail("no backlogs here");
}
void wefti_block_recycle(weft_channel *channel, wefti_block *block) {
    (void)channel, (void)block;
    explore_fail("no backlogs here");
}
wefti_block *wefti_block_make(weft_channel *channel, bool first) {
    (void)channel, (void)first;
    explore_fail("no backlogs here");
}
weft_status wefti_policy_put(weft_channel *channel, const void *value, const wefti_condition *condition) {
    (void)channel, (void)value, (void)condition;
    explore_fail("no buffers here");
}
weft_status wefti_policy_take(weft_channel *channel, void *value, const wefti_condition **condition) {
    (void)channel, (void)value, (void)condition;
    explore_fail("no buffers here");
}
weft_status wefti_policy_peek(weft_channel *channel, void *value) {
    (void)channel, (void)value;
    explore_fail("no buffers here");
}
bool wefti_gaps_front_ready(weft_channel *channel) {
    (void)channel;
    explore_fail("no gaps here");
}
weft_channel *wefti_channel_make_clock(bool never, size_t element_size, int64_t next, int64_t period) {
    (void)never, (void)element_size, (void)next, (void)period;
    explore_fail("clocks are made by hand here");
}
weft_deadline weft_after(double seconds) {
    (void)seconds;
    explore_fail("no times in seconds here");
}

/* ---- channels and parties ---- */

static weft_channel *make_channel(uint32_t capacity) {
    weft_channel *channel = explore_alloc(sizeof *channel);
    channel->kind = WEFTI_RING;
    channel->element_size = channel->size = sizeof(uint32_t);
    channel->capacity = capacity;
    if (capacity != 0) channel->ring = explore_alloc(capacity * wefti_stride(channel->size));
    return channel;
}

static weft_channel *make_clock(int64_t next) {
    weft_channel *channel = explore_alloc(sizeof *channel);
    channel->kind = WEFTI_CLOCK;
    channel->element_size = channel->size = sizeof(weft_deadline);
    wefti_atomic_init(&channel->odd, (uint16_t)(WEFTI_TIMED | WEFTI_OTHER));
    channel->rare = explore_alloc(sizeof *channel->rare);
    wefti_atomic_init(&channel->rare->next, next);
    return channel;
}

static wefti_thread *thread_of(unsigned n) { return n == 1 && mortal != NULL ? mortal : &threads[n]; }

static void begin(uint32_t capacity) {
    memset(threads, 0, sizeof threads);
    mortal = NULL;
    memset(parties, 0, sizeof parties);
    common = NULL;
    wefti_store_relaxed(&wefti_cpus_to_spin, 1u);
    explore_local(&wefti_strand_now);
    explore_state(threads, sizeof threads);
    explore_state(parties, sizeof parties);
    wefti_strand_now = &threads[0].strand;
    for (unsigned i = 0; i < CHANNELS; i++) channels[i] = make_channel(capacity);
    explore_name(&channels[0]->lock, "lock 0");
    explore_name(&channels[1]->lock, "lock 1");
}

/* The next clause of a party: send(n, to), receive(n, from). */
static void clause(unsigned n, weft_operation_kind kind, unsigned channel) {
    party *p = &parties[n];
    unsigned i = p->count++;
    p->cells[i] = kind == WEFT_OPERATION_SEND ? n * CLAUSES + i + 1 : SENTINEL;
    p->operations[i] = (weft_operation){
        .kind = kind, .on.channel = channels[channel], .element = &p->cells[i], .size = sizeof(uint32_t)};
    p->rounds = 1;
    p->deadline = WEFT_FOREVER;
}
static void to_send(unsigned n, unsigned channel) { clause(n, WEFT_OPERATION_SEND, channel); }
static void to_receive(unsigned n, unsigned channel) { clause(n, WEFT_OPERATION_RECEIVE, channel); }

static party *enter(void *of) {
    wefti_strand_now = &thread_of(explore_self())->strand;
    return of;
}

static void note_status(party *p, weft_status status) {
    p->closed += status == WEFT_CLOSED;
    p->timed_out += status == WEFT_TIMED_OUT;
    p->cancelled += status == WEFT_CANCELLED;
    explore_assert(status == WEFT_CLOSED || status == WEFT_TIMED_OUT || status == WEFT_CANCELLED);
}

/* What was returned: it alone has happened. */
static void note(party *p, const weft_operation *done) {
    weft_status status = wefti_strand_now->last_status;
    for (unsigned i = 0; i < p->count; i++) {
        bool mine = &p->operations[i] == done && done->status == WEFT_OK;
        if (mine) explore_assert(status == WEFT_OK);
        if (mine && p->operations[i].on.channel->kind == WEFTI_RING) p->messages++;
        if (p->operations[i].kind == WEFT_OPERATION_SEND) {
            if (mine) p->sent[p->cells[i]]++, p->cells[i] += 16; /* the next one is another */
        } else if (p->operations[i].on.channel->kind == WEFTI_RING) {
            explore_assert(mine == (p->cells[i] != SENTINEL));
            if (mine) p->got[p->cells[i]]++;
            p->cells[i] = SENTINEL;
        }
    }
    if (done == NULL || done->status != WEFT_OK) note_status(p, done == NULL ? status : done->status);
}

static void alternate_once(void *of) {
    party *p = enter(of);
    for (unsigned round = 0; round < p->rounds || (p->insists && p->messages < p->rounds); round++)
        note(p, weft_alternate(p->operations, p->count, p->choice, round < p->rounds ? p->deadline : WEFT_FOREVER));
}

static void alternate_kept(void *of) {
    party *p = enter(of);
    weft_alternation *kept = weft_make_alternation(p->operations, p->count);
    explore_assert(kept != NULL);
    for (unsigned round = 0; round < p->rounds || (p->insists && p->messages < p->rounds); round++)
        note(p, weft_alternate_again(kept, p->choice, round < p->rounds ? p->deadline : WEFT_FOREVER));
    explore_assert(weft_free_alternation(kept) == WEFT_OK);
}

/* The first clause as a single operation. */
static void do_plainly(void *of) {
    party *p = enter(of);
    for (unsigned round = 0; round < p->rounds; round++) {
        weft_operation *o = &p->operations[0];
        o->status = o->kind == WEFT_OPERATION_SEND
                        ? weft_send_sized(o->on.channel, o->element, o->size, p->deadline)
                        : weft_receive_sized(o->on.channel, o->element, o->size, p->deadline);
        wefti_strand_now->last_status = (uint16_t)o->status;
        note(p, o);
    }
}

static void close_1(void *unused) {
    enter(unused);
    explore_assert(weft_close(channels[1]) == WEFT_OK);
}

/* Claims the wait that is found in the list, if it is open, as a cancel does. false: there is none. */
static bool cancel_first(weft_channel *channel, const wefti_waiters *list) {
    wefti_spin_lock(&channel->lock);
    const wefti_waiter *waiter = wefti_first(list);
    wefti_wait *wait = waiter != NULL && wefti_wait_claim(waiter->wait, WEFT_CANCELLED) ? waiter->wait : NULL;
    wefti_spin_unlock(&channel->lock);
    if (wait != NULL) wefti_unpark(wait);
    return wait != NULL;
}

static void cancel(void *unused) {
    enter(unused);
    (void)cancel_first(channels[0], &channels[0]->receivers);
}

/* What a dead sender had sent is what another has received: of its clauses, one at most. */
static void settle(party *p) {
    unsigned taken = 0;
    for (unsigned i = 0; i < p->count && p->dead; i++) {
        if (p->operations[i].kind != WEFT_OPERATION_SEND) continue;
        for (unsigned n = 0; n < STRANDS; n++) p->sent[p->cells[i]] += parties[n].got[p->cells[i]];
        taken += p->sent[p->cells[i]];
    }
    explore_assert(taken <= 1);
}

/* Everything is over: nobody waits, and what was sent has been received or is still there. */
static void finish(void) {
    int sent[MESSAGES] = {0};
    explore_join();
    for (unsigned n = 0; n < STRANDS; n++) settle(&parties[n]);
    for (unsigned n = 0; n < STRANDS; n++)
        for (unsigned v = 0; v < MESSAGES; v++) sent[v] += parties[n].sent[v] - parties[n].got[v];
    for (unsigned i = 0; i < CHANNELS; i++) {
        uint32_t value;
        explore_assert(wefti_first(&channels[i]->receivers) == NULL && channels[i]->receivers.last == NULL);
        explore_assert(wefti_first(&channels[i]->senders) == NULL && channels[i]->senders.last == NULL);
        explore_assert(channels[i]->leaving == 0);
        if (channels[i]->kind != WEFTI_RING) continue;
        while (wefti_load_relaxed(&channels[i]->count) != 0) {
            wefti_ring_take(channels[i], &value);
            sent[value]--;
        }
    }
    for (unsigned v = 0; v < MESSAGES; v++) explore_assert(sent[v] == 0);
}

static void run(unsigned n, void (*what)(void *)) { explore_thread(what, &parties[n]); }

/* ---- two alternations, two channels ---- */

static void senders_against_receivers(uint32_t capacity) {
    begin(capacity);
    to_send(1, 0), to_send(1, 1);
    to_receive(2, 1), to_receive(2, 0);
    run(1, alternate_once);
    run(2, alternate_once);
    finish();
}
EXPLORE(two_alternations_meet, .exhaustive = true, .stale = 1) { senders_against_receivers(0); }
EXPLORE(two_alternations_meet_by_seeds, .share = 15) { senders_against_receivers(0); }
EXPLORE(two_alternations_meet_in_rings, .exhaustive = true, .stale = 1) { senders_against_receivers(1); }

/* Each sends to one channel and receives from the other; both ways may be possible at once, and one is done. */
static void mixed(unsigned first, unsigned second) {
    begin(0);
    to_send(1, first), to_receive(1, second);
    to_send(2, second), to_receive(2, first);
    run(1, alternate_once);
    run(2, alternate_once);
    finish();
}
EXPLORE(crossed_alternations_meet, .exhaustive = true, .stale = 1) { mixed(0, 1); }
EXPLORE(crossed_alternations_meet_by_seeds, .share = 15) { mixed(0, 1); }
EXPLORE(alternations_that_send_and_receive_at_one_channel_meet, .exhaustive = true, .stale = 1) { mixed(0, 0); }
EXPLORE(alternations_that_send_and_receive_at_one_channel_meet_by_seeds, .share = 15) { mixed(0, 0); }

EXPLORE(an_alternation_of_two_rounds_serves_another_and_a_plain_sender, .share = 15) {
    begin(explore_choose(2));
    to_receive(1, 0), to_receive(1, 1);
    to_send(2, 0), to_send(2, 1);
    to_send(3, 1);
    parties[1].rounds = 2;
    run(1, alternate_once);
    run(2, alternate_once);
    run(3, do_plainly);
    finish();
}
EXPLORE(three_alternations_and_a_plain_receiver, .share = 15) {
    begin(0);
    to_send(1, 0), to_receive(1, 1);
    to_send(2, 1), to_receive(2, 0);
    to_send(3, 0), to_send(3, 1);
    to_receive(4, 0);
    for (unsigned n = 1; n <= 4; n++) parties[n].deadline = wefti_clock() + 30000;
    run(1, alternate_once);
    run(2, alternate_once);
    run(3, alternate_once);
    run(4, do_plainly);
    finish();
}

/* ---- others who end the wait ---- */

/* Both give up, and then insist: what the first attempts left behind does no harm. */
static void deadlines(void (*what)(void *)) {
    begin(explore_choose(2));
    to_receive(1, 0), to_receive(1, 1);
    to_send(2, 0), to_send(2, 1);
    parties[1].deadline = parties[2].deadline = wefti_clock() + 30000;
    parties[1].insists = parties[2].insists = true;
    run(1, what);
    run(2, what);
    finish();
    if (parties[1].timed_out + parties[2].timed_out != 0) explore_saw("a time-out");
}
EXPLORE(a_deadline_competes_with_an_alternation, .share = 15) { deadlines(alternate_once); }
EXPLORE(a_deadline_competes_with_a_kept_alternation, .share = 15) { deadlines(alternate_kept); }
EXPLORE(a_close_ends_an_alternation, .share = 15) {
    begin(explore_choose(2));
    to_receive(1, 0), to_receive(1, 1);
    to_send(2, 1);
    run(1, alternate_once);
    run(2, do_plainly);
    explore_thread(close_1, NULL);
    finish();
    explore_assert(parties[1].closed <= 1 && parties[2].closed <= 1);
    if (parties[1].closed != 0) explore_saw("a close");
}
static void cancels(void (*what)(void *)) {
    begin(0);
    to_receive(1, 0), to_receive(1, 1);
    to_send(2, 1), to_send(2, 0);
    parties[1].insists = true;
    run(1, what);
    run(2, alternate_once);
    explore_thread(cancel, NULL);
    finish();
    if (parties[1].cancelled != 0) explore_saw("a cancel");
}
EXPLORE(a_cancel_competes_with_an_alternation, .share = 15) { cancels(alternate_once); }
EXPLORE(a_cancel_competes_with_a_kept_alternation, .share = 15) { cancels(alternate_kept); }

/* Two alternations over two channels, and those that `others` names: all that there is to interfere with a claim.
 * Whoever is left without a counterpart is ended by the close; where there is none, everybody has one. */
enum { PLAIN = 1, TIME_OUT = 2, CLOSE = 4, CANCEL = 8 };
static void two_alternations_and(unsigned others) {
    begin(0);
    to_send(1, 0), to_send(1, 1);
    to_receive(2, 1), to_receive(2, 0);
    if ((others & TIME_OUT) != 0) parties[2].deadline = wefti_clock() + 30000;
    parties[2].insists = (others & CLOSE) == 0;
    if ((others & (PLAIN | CLOSE)) == PLAIN) parties[2].rounds = 2; /* one message of each */
    if ((others & PLAIN) != 0) to_send(3, 1);
    run(1, alternate_once);
    run(2, alternate_once);
    if ((others & PLAIN) != 0) run(3, do_plainly);
    if ((others & CLOSE) != 0) explore_thread(close_1, NULL);
    if ((others & CANCEL) != 0) explore_thread(cancel, NULL);
    finish();
    if (parties[2].timed_out != 0) explore_saw("a time-out");
    if (parties[2].cancelled != 0) explore_saw("a cancel");
    if (parties[2].closed != 0) explore_saw("a close");
}
#define WHOLE .exhaustive = true, .merge = true
EXPLORE(two_alternations_and_a_plain_send, WHOLE, .preemptions = 2) { two_alternations_and(PLAIN); }
EXPLORE(two_alternations_and_a_plain_send_whole, WHOLE, .longer = true) { two_alternations_and(PLAIN); }
EXPLORE(two_alternations_and_a_time_out, WHOLE) { two_alternations_and(TIME_OUT); }
EXPLORE(two_alternations_and_a_close, WHOLE) { two_alternations_and(CLOSE); }
EXPLORE(two_alternations_and_a_cancel, WHOLE) { two_alternations_and(CANCEL); }
EXPLORE(two_alternations_a_plain_send_and_a_time_out, WHOLE, .longer = true) { two_alternations_and(PLAIN | TIME_OUT); }
EXPLORE(two_alternations_a_plain_send_and_a_close, WHOLE, .preemptions = 1) { two_alternations_and(PLAIN | CLOSE); }
EXPLORE(two_alternations_a_plain_send_and_a_close_whole, WHOLE, .longer = true) { two_alternations_and(PLAIN | CLOSE); }
EXPLORE(two_alternations_a_plain_send_and_a_cancel, WHOLE, .longer = true) { two_alternations_and(PLAIN | CANCEL); }
EXPLORE(two_alternations_a_time_out_and_a_close, WHOLE) { two_alternations_and(TIME_OUT | CLOSE); }
EXPLORE(two_alternations_a_time_out_and_a_cancel, WHOLE, .longer = true) { two_alternations_and(TIME_OUT | CANCEL); }
EXPLORE(two_alternations_a_close_and_a_cancel, WHOLE, .longer = true) { two_alternations_and(CLOSE | CANCEL); }
EXPLORE(two_alternations_and_all_of_them, WHOLE, .preemptions = 1) {
    two_alternations_and(PLAIN | TIME_OUT | CLOSE | CANCEL);
}
EXPLORE(two_alternations_and_all_of_them_twice, WHOLE, .preemptions = 2, .longer = true) {
    two_alternations_and(PLAIN | TIME_OUT | CLOSE | CANCEL);
}

/* A clock wakes an alternation in vain, since somebody else has received the time: it goes on, and its sender finds it.
 * The schedule that would break it: the wait is claimed by the clock; the sender finds it claimed, and takes its waiter
 * out for good; the owner tries the clock, in vain, and opens again. */
static void clocks(void (*what)(void *)) {
    begin(0);
    channels[0] = make_clock(wefti_clock() + 20000);
    to_receive(1, 0), to_receive(1, 1);
    to_receive(2, 0);
    to_send(3, 1);
    parties[1].operations[0].element = parties[2].operations[0].element = NULL;
    parties[1].insists = true;
    parties[2].deadline = wefti_clock() + 40000;
    run(1, what);
    run(2, do_plainly);
    run(3, do_plainly);
    finish();
    if (parties[2].timed_out == 0) explore_saw("a clock that another received");
}
EXPLORE(an_alternation_goes_on_after_a_clock_that_another_received, .share = 15) { clocks(alternate_once); }
EXPLORE(a_kept_alternation_goes_on_after_a_clock_that_another_received, .share = 15) { clocks(alternate_kept); }

/* ---- threads that vanish where they wait ---- */

/* In place of the system's own mark, and of what attach.c keeps for alternations. */
static WEFTI_ATOMIC(uint32_t) vanished[STRANDS];
static uint64_t larger[STRANDS][96], *larger_of_mortal;

static uint64_t *larger_of(unsigned n) { return n == 1 && mortal != NULL ? larger_of_mortal : larger[n]; }

bool wefti_life_is_over(wefti_life *life) {
    for (unsigned n = 1; n < STRANDS; n++)
        if (life == &thread_of(n)->life) return wefti_load_acquire(&vanished[n]) != 0; /* partner: vanish */
    explore_fail("whose life?");
}
void *wefti_berth_take(wefti_berth *berth, size_t size) {
    for (unsigned n = 1; n < STRANDS; n++)
        if (berth == &thread_of(n)->berth && berth->life != NULL && size <= sizeof larger[n]) return larger_of(n);
    return NULL;
}

/* It runs nothing any more. */
static void vanish(party *p) {
    p->dead = true;
    explore_saw("a thread that vanished");
    wefti_store_release(&vanished[p - parties], 1u); /* partner: wefti_life_is_over */
    __builtin_longjmp(p->grave, 1);
}

/* What was handed to it before it vanished went with it: by who had looked whether it was there. */
static void settle_vanished(unsigned n, bool alternates) {
    wefti_berth *berth = &thread_of(n)->berth;
    wefti_wait *wait = alternates ? (wefti_wait *)(void *)larger_of(n) : &berth->wait;
    if (parties[n].operations[0].kind == WEFT_OPERATION_SEND) return; /* settle has them */
    if (wefti_load_relaxed(&wait->claim) != 1u + (uint32_t)WEFT_OK) return;
    const wefti_waiter *chosen = alternates ? wait->chosen : &berth->waiter;
    parties[n].got[*(const uint32_t *)chosen->slot]++;
    explore_saw("a message that went along");
}

static void vanish_in(void (*what)(void *), party *p) {
    if (__builtin_setjmp(p->grave) == 0) what(p);
}
static void vanish_in_alternation(void *of) { vanish_in(alternate_once, of); }
static void vanish_plainly(void *of) { vanish_in(do_plainly, of); }

/* As attach.c does when it looks, at any time: whoever came to what the thread waited with afterwards would touch what
 * is freed. */
static bool eliminated;
static void eliminate(bool alternates) {
    if (!wefti_life_is_over(&mortal->life) || !wefti_berth_is_left(mortal)) return;
    if (mortal->berth.watched->chosen != NULL) explore_saw("one eliminated that had been served");
    settle_vanished(1, alternates);
    explore_free(larger_of_mortal);
    explore_free(mortal);
    eliminated = true;
}
static void eliminate_plain(void *unused) {
    (void)unused;
    eliminate(false);
}
static void eliminate_alternation(void *unused) {
    (void)unused;
    eliminate(true);
}

static void begin_vanishing(bool alternates, bool sender, uint32_t capacity) {
    begin(capacity);
    memset(vanished, 0, sizeof vanished);
    memset(larger, 0, sizeof larger);
    mortal = explore_alloc(sizeof *mortal);
    larger_of_mortal = explore_alloc(sizeof larger[1]);
    eliminated = false;
    mortal->berth.life = &mortal->life;
    for (unsigned n = 1; n <= 3; n++) {
        bool sends = (n == 3) != sender;
        sends ? to_send(n, 0) : to_receive(n, 0);
        if (n == 1 && alternates) sends ? to_send(n, 1) : to_receive(n, 1);
        parties[n].deadline = n == 1 ? WEFT_FOREVER : wefti_clock() + 30000;
    }
    parties[1].vanishes = true;
}

static void finish_vanishing(bool alternates) {
    bool met = false;
    explore_join();
    for (unsigned i = 0; i < CHANNELS && parties[1].dead; i++) {
        wefti_waiters_bury(channels[i], &channels[i]->senders);
        wefti_waiters_bury(channels[i], &channels[i]->receivers);
        /* One that vanished between being won and withdrawing, and was met meanwhile: it is waited for there. */
        met |= channels[i]->leaving != 0;
        if (alternates) channels[i]->leaving = 0;
    }
    if (parties[1].dead && !eliminated) eliminate(alternates);
    explore_assert(!parties[1].dead || eliminated != met);
    if (parties[1].dead && !eliminated) settle_vanished(1, alternates);
    finish();
}

/* One who vanishes beside one who waits for the same, against one who serves: both come to an end. */
static void vanishes(void (*what)(void *), bool sender, uint32_t capacity) {
    begin_vanishing(what == vanish_in_alternation, sender, capacity);
    run(1, what);
    run(2, do_plainly);
    run(3, do_plainly);
    finish_vanishing(what == vanish_in_alternation);
}

/* ---- threads that die where they wait ---- */

/* In place of the system's sleep in which a thread may be cancelled: what park.c's clean-up does, and it is gone. It
 * is found in any state: it sleeps, or another has won the wait and is about to tell it, or has told. */
bool wefti_futex_wait_cancelled(wefti_futex *word, uint32_t expected, int64_t deadline) {
    party *p = &parties[explore_self()];
    if (!p->mortal && !p->vanishes) return wefti_futex_wait(word, expected, deadline);
    if (!p->insists && explore_choose(2) == 0) { /* else at once, before it sleeps */
        bool in_time = wefti_futex_wait(word, expected, WEFTI_MIN(deadline, wefti_clock() + 10000));
        if (in_time && explore_choose(2) == 0) return true;
    }
    if (p->vanishes) vanish(p);
    wefti_thread *thread = thread_of(explore_self());
    if (thread->withdraw == NULL) explore_fail("it cannot be cancelled here");
    thread->withdraw(thread->withdrawn);
    thread->withdraw = NULL;
    __builtin_longjmp(p->grave, 1);
}

/* A message that was handed to it goes with it. */
static void bury(party *p) {
    p->dead = true;
    for (unsigned i = 0; i < p->count; i++)
        if (p->operations[i].kind == WEFT_OPERATION_RECEIVE && p->cells[i] != SENTINEL) {
            p->got[p->cells[i]]++;
            explore_saw("a message that went along");
        }
    settle_vanished((unsigned)(p - parties), false); /* a single receive has it with the process object */
    explore_saw("a death");
}

static void die_in(void (*what)(void *), party *p) {
    p->mortal = true;
    if (__builtin_setjmp(p->grave) == 0)
        what(p);
    else
        bury(p);
}
static void die_in_alternation(void *of) { die_in(alternate_once, of); }
static void die_plainly(void *of) { die_in(do_plainly, of); }

/* One who dies beside one who waits for the same, against one who serves: all three come to an end. */
static void deaths(void (*what)(void *), bool sender, uint32_t capacity) {
    begin(capacity);
    for (unsigned n = 1; n <= 3; n++) {
        bool sends = (n == 3) != sender;
        sends ? to_send(n, 0) : to_receive(n, 0);
        if (n == 1 && what == die_in_alternation) sends ? to_send(n, 1) : to_receive(n, 1);
        parties[n].deadline = n == 1 ? WEFT_FOREVER : wefti_clock() + 30000;
    }
    run(1, what);
    run(2, do_plainly);
    run(3, do_plainly);
    finish();
}
EXPLORE(a_thread_dies_where_it_receives, .exhaustive = true, .preemptions = 1, .stale = 1) {
    deaths(die_plainly, false, 0);
}
EXPLORE(a_thread_dies_where_it_receives_from_a_ring, .share = 15) { deaths(die_plainly, false, 1); }
EXPLORE(a_thread_dies_where_it_sends, .share = 15) { deaths(die_plainly, true, 0); }
EXPLORE(a_thread_dies_in_an_alternation_that_receives, .share = 15) {
    deaths(die_in_alternation, false, explore_choose(2));
}
EXPLORE(a_thread_dies_in_an_alternation_that_sends, .share = 15) { deaths(die_in_alternation, true, 0); }
EXPLORE(a_thread_dies_in_an_alternation_that_meets_another, .exhaustive = true, .preemptions = 1) {
    begin(0);
    to_send(1, 0), to_send(1, 1);
    to_receive(2, 1), to_receive(2, 0);
    parties[2].deadline = wefti_clock() + 30000;
    run(1, die_in_alternation);
    run(2, alternate_once);
    finish();
}

/* Who comes when the thread is gone: nobody has a deadline, and one who was served in its place would leave another who
 * waits for ever. */
static void after_it(void *of) {
    while (wefti_load_acquire(&vanished[1]) == 0) wefti_pause(); /* partner: vanish */
    do_plainly(of);
}
static void meet_behind(void (*what)(void *), bool sender, uint32_t capacity) {
    begin_vanishing(what == vanish_in_alternation, sender, capacity);
    parties[2].deadline = parties[3].deadline = WEFT_FOREVER;
    parties[1].insists = true; /* it vanishes whenever it is asked */
    run(1, what);
    run(2, after_it);
    run(3, after_it);
    finish_vanishing(what == vanish_in_alternation);
}

/* The same, and who looks for such threads. */
static void vanishes_and_goes(void (*what)(void *), bool sender, bool others) {
    bool alternates = what == vanish_in_alternation;
    begin_vanishing(alternates, sender, 0);
    run(1, what);
    if (others) run(2, do_plainly);
    run(3, do_plainly);
    explore_thread(alternates ? eliminate_alternation : eliminate_plain, NULL);
    finish_vanishing(alternates);
}

EXPLORE(a_thread_vanishes_where_it_receives, .exhaustive = true, .preemptions = 1, .stale = 1) {
    vanishes(vanish_plainly, false, 0);
}
EXPLORE(a_thread_vanishes_where_it_receives_from_a_ring, .share = 15) { vanishes(vanish_plainly, false, 1); }
EXPLORE(a_thread_vanishes_where_it_sends, .share = 15) { vanishes(vanish_plainly, true, 0); }
EXPLORE(a_thread_vanishes_in_an_alternation_that_receives, .share = 15) {
    vanishes(vanish_in_alternation, false, explore_choose(2));
}
EXPLORE(a_thread_vanishes_in_an_alternation_that_sends, .share = 15) { vanishes(vanish_in_alternation, true, 0); }
EXPLORE(others_meet_behind_a_thread_that_has_vanished, .exhaustive = true, .preemptions = 1) {
    bool sends = explore_choose(2) != 0;
    meet_behind(explore_choose(2) != 0 ? vanish_in_alternation : vanish_plainly, sends, 0);
}

EXPLORE(a_thread_that_vanishes_is_eliminated_under_nobody, .exhaustive = true, .preemptions = 1) {
    vanishes_and_goes(explore_choose(2) != 0 ? vanish_in_alternation : vanish_plainly, explore_choose(2) != 0, false);
}
EXPLORE(a_thread_that_vanishes_beside_others_is_eliminated_under_nobody, .share = 30) {
    vanishes_and_goes(explore_choose(2) != 0 ? vanish_in_alternation : vanish_plainly, explore_choose(2) != 0, true);
}

/* ---- looks that do not wait: one of two can be done at each moment, first the one, then the other ---- */

/* Makes the other operation of the party that looks possible, and then, if that one has not been done, the first
 * impossible. */
static void hand_over(void *of) {
    party *p = enter(of);
    for (unsigned i = 0; i < 2; i++) {
        weft_operation *o = &p->operations[i];
        o->status = o->kind == WEFT_OPERATION_SEND ? weft_send_sized(o->on.channel, o->element, o->size, WEFT_NOW)
                                                   : weft_receive_sized(o->on.channel, o->element, o->size, WEFT_NOW);
        explore_assert(i == 1 || o->status == WEFT_OK);
        wefti_strand_now->last_status = (uint16_t)o->status;
        note(p, o);
    }
}

static void fill(unsigned channel) {
    parties[0].sent[channel]++;
    explore_assert(weft_send_sized(channels[channel], &(uint32_t){channel}, sizeof(uint32_t), WEFT_NOW) == WEFT_OK);
}

static void looks(void (*what)(void *)) {
    unsigned first = explore_choose(2);
    bool sends = explore_choose(2) != 0;
    begin(1);
    fill(sends ? 1 - first : first);
    if (sends)
        to_send(1, 0), to_send(1, 1), to_receive(2, 1 - first), to_send(2, first);
    else
        to_receive(1, 0), to_receive(1, 1), to_send(2, 1 - first), to_receive(2, first);
    parties[1].deadline = WEFT_NOW;
    run(1, what);
    run(2, hand_over);
    finish();
    explore_assert(parties[1].messages == 1);
    explore_saw(parties[2].timed_out == 0 ? "handed over" : "done at once");
}

static void look_as_a_statement(void *of) {
    party *p = enter(of);
    const weft_operation *end = p->operations + p->count;
    explore_assert(!wefti_operations_in_vain(p->operations, end) || wefti_operations_after_all(p->operations, end));
    alternate_once(of);
}

typedef WEFTI_ATOMIC(unsigned) event; /* whether it has been */
static event looked, served;

static const wefti_waiters *where_waits(const weft_operation *operation) {
    const weft_channel *channel = operation->on.channel;
    return operation->kind == WEFT_OPERATION_SEND ? &channel->senders : &channel->receivers;
}

static bool one_waits_at(const weft_operation *operation) {
    if (wefti_first_seen(where_waits(operation)) == NULL) return false;
    wefti_spin_lock(&operation->on.channel->lock);
    const wefti_waiter *first = wefti_first(where_waits(operation));
    uint32_t claim = first != NULL ? wefti_load_acquire(&first->wait->claim) : (uint32_t)WEFTI_AWAY;
    wefti_spin_unlock(&operation->on.channel->lock);
    return claim == WEFTI_OPEN || claim == WEFTI_GUARDED; /* an alternation may be AWAY */
}

static void pause_until_one_waits_at(const weft_operation *operation, event *or_else) {
    while (!one_waits_at(operation) && wefti_load_acquire(or_else) == 0) wefti_pause();
}

/* Once somebody waits at the first channel. */
static void look_once_one_waits(void *of) {
    pause_until_one_waits_at(&parties[2].operations[0], &served);
    alternate_once(of);
    wefti_store_release(&looked, 1u); /* partner: pause_until_one_waits_at */
}

static void pause_until_both_wait(void) {
    for (unsigned n = 2; n <= 3; n++) pause_until_one_waits_at(&parties[n].operations[0], &looked);
}

static void serve_other(party *p) {
    p->operations[0].on.channel = parties[3].operations[0].on.channel;
    p->deadline = WEFT_FOREVER;
    do_plainly(p);
}

/* Once somebody waits at each channel, it serves the one at the first; or the one that is left. */
static void serve_first(void *of) {
    party *p = enter(of);
    pause_until_both_wait();
    do_plainly(p);
    wefti_store_release(&served, 1u); /* as above */
    if (p->messages != 0)
        explore_saw("handed over");
    else
        serve_other(p);
}

/* Or it cancels the wait at the first; or serves the one that is left. */
static void cancel_at_first(void *of) {
    party *p = enter(of);
    pause_until_both_wait();
    const weft_operation *waits = &parties[2].operations[0];
    bool cancelled = cancel_first(waits->on.channel, where_waits(waits));
    wefti_store_release(&served, 1u); /* as above */
    if (cancelled)
        explore_saw("cancelled");
    else
        serve_other(p);
}

/* The same without places: one waits at the one, then another at the other. elsewhere: the first waits at a third
 * channel as well, and is served there. */
static void looks_at_waiters(void (*what)(void *), bool elsewhere) {
    unsigned first = explore_choose(2);
    void (*looking)(unsigned, unsigned) = explore_choose(2) != 0 ? to_send : to_receive;
    void (*waiting)(unsigned, unsigned) = looking == to_send ? to_receive : to_send;
    begin(0);
    looking(1, 0), looking(1, 1);
    waiting(2, first), waiting(3, 1 - first);
    looking(4, first);
    if (elsewhere) {
        waiting(2, first);
        parties[2].operations[1].on.channel = parties[4].operations[0].on.channel = make_channel(0);
        wefti_atomic_init(&vanished[2], 0u);
        if (explore_choose(2) != 0) threads[2].berth.life = &threads[2].life; /* its wait is GUARDED while it sleeps */
    }
    wefti_atomic_init(&looked, 0u);
    wefti_atomic_init(&served, 0u);
    parties[1].deadline = parties[4].deadline = WEFT_NOW;
    run(1, look_once_one_waits);
    run(2, elsewhere ? alternate_once : do_plainly);
    run(3, do_plainly);
    run(4, what);
    finish();
    explore_assert(parties[1].messages == 1);
}

EXPLORE(a_look_finds_what_is_handed_over, .exhaustive = true, .stale = 1) { looks(alternate_once); }
EXPLORE(a_look_of_a_kept_alternation_finds_what_is_handed_over, .exhaustive = true, .stale = 1) {
    looks(alternate_kept);
}
EXPLORE(a_look_of_a_statement_finds_what_is_handed_over, .exhaustive = true, .stale = 2) {
    begin(1);
    unsigned first = explore_choose(2);
    fill(first);
    to_receive(1, 0), to_receive(1, 1), to_send(2, 1 - first), to_receive(2, first);
    parties[1].deadline = WEFT_NOW;
    run(1, look_as_a_statement);
    run(2, hand_over);
    finish();
    explore_saw(parties[2].timed_out == 0 ? "handed over" : "done at once");
}
EXPLORE(a_look_finds_who_waits_next, .exhaustive = true, .preemptions = 1, .stale = 1) {
    looks_at_waiters(serve_first, false);
}
EXPLORE(a_look_finds_who_waits_next_by_seeds, .share = 15) { looks_at_waiters(serve_first, false); }
EXPLORE(a_look_finds_who_waits_beside_one_that_is_cancelled, .share = 15) { looks_at_waiters(cancel_at_first, false); }
EXPLORE(a_look_finds_who_waits_beside_one_that_is_served_elsewhere, .share = 15) {
    looks_at_waiters(serve_first, true);
}

/* ---- kept ---- */

static void kept_against_plain(uint32_t capacity) {
    begin(capacity);
    to_receive(1, 0), to_receive(1, 1);
    parties[1].rounds = 2;
    to_send(2, 0);
    to_send(3, 1);
    run(1, alternate_kept);
    run(2, do_plainly);
    run(3, do_plainly);
    finish();
}
EXPLORE(a_kept_alternation_receives_from_two_senders, .share = 15) { kept_against_plain(0); }
EXPLORE(a_kept_alternation_receives_from_two_rings, .share = 15) { kept_against_plain(1); }
EXPLORE(a_kept_alternation_misses_no_send, .exhaustive = true, .stale = 1) {
    begin(explore_choose(2));
    to_receive(1, 0);
    to_send(2, 0);
    parties[1].rounds = parties[2].rounds = 2;
    run(1, alternate_kept);
    run(2, do_plainly);
    finish();
}
EXPLORE(a_kept_alternation_sends_to_plain_receivers, .share = 15) {
    begin(explore_choose(2));
    to_send(1, 0), to_send(1, 1);
    parties[1].rounds = 2;
    to_receive(2, 0), to_receive(2, 1);
    parties[2].rounds = 2;
    run(1, alternate_kept);
    run(2, alternate_once);
    finish();
}
EXPLORE(two_kept_alternations_meet_twice, .share = 15) {
    begin(0);
    to_send(1, 0), to_send(1, 1);
    to_receive(2, 1), to_receive(2, 0);
    parties[1].rounds = parties[2].rounds = 2;
    run(1, alternate_kept);
    run(2, alternate_kept);
    finish();
}
static void again(void *of) {
    party *p = enter(of);
    weft_operation *done = weft_alternate_again(common, WEFT_FIRST_LISTED, WEFT_NOW);
    if (done == NULL && wefti_strand_now->last_status == WEFT_BUSY) {
        explore_saw("busy");
        return;
    }
    explore_assert(done != NULL && done->status == WEFT_OK);
    p->got[*(uint32_t *)done->element]++; /* a race, if the one before is not over */
    *(uint32_t *)done->element = SENTINEL;
}
static void wait_in_common(void *of) {
    party *p = enter(of);
    note(p, weft_alternate_again(common, WEFT_FIRST_LISTED, WEFT_FOREVER));
}
static void die_in_common(void *of) { die_in(wait_in_common, of); }

/* It is there for the next, who finds what is left and frees it. */
EXPLORE(a_thread_dies_in_a_kept_alternation, .share = 15) {
    begin(explore_choose(2));
    to_receive(1, 0), to_receive(1, 1);
    to_send(2, 0);
    parties[2].deadline = wefti_clock() + 30000;
    common = weft_make_alternation(parties[1].operations, 2);
    run(1, die_in_common);
    run(2, do_plainly);
    explore_join();
    if (weft_alternate_again(common, WEFT_FIRST_LISTED, WEFT_NOW) != NULL) {
        explore_saw("a message for the next");
        parties[0].got[parties[1].cells[0]]++;
        parties[1].cells[0] = SENTINEL;
    }
    explore_assert(weft_free_alternation(common) == WEFT_OK);
    finish();
}

static void wait_when_free(void *of) {
    party *p = enter(of);
    const weft_operation *done;
    while ((done = weft_alternate_again(common, WEFT_FIRST_LISTED, WEFT_FOREVER)) == NULL &&
           wefti_strand_now->last_status == WEFT_BUSY)
        wefti_pause();
    note(p, done);
}
static void die_in_common_unburied(void *of) {
    party *p = of;
    p->mortal = true;
    if (__builtin_setjmp(p->grave) == 0) {
        wait_when_free(of);
        return;
    }
    p->dead = true;
    explore_saw("a death");
}
static void look_once(void *of) {
    party *p = enter(of);
    weft_operation *done = weft_alternate_again(common, WEFT_FIRST_LISTED, WEFT_NOW);
    if (done == NULL) return; /* nothing there, or it is not dead yet */
    explore_saw("a message for another");
    p->got[*(uint32_t *)done->element]++;
    *(uint32_t *)done->element = SENTINEL;
}

/* Who goes on with it sees how the dead left it. */
EXPLORE(another_uses_what_a_thread_has_died_in, .share = 15) {
    begin(1);
    to_receive(1, 0), to_receive(1, 1);
    to_send(2, 0);
    parties[2].deadline = wefti_clock() + 30000;
    common = weft_make_alternation(parties[1].operations, 2);
    run(1, die_in_common_unburied);
    run(2, do_plainly);
    explore_thread(look_once, &parties[3]);
    explore_join();
    weft_alternate_again(common, WEFT_FIRST_LISTED, WEFT_NOW); /* what nobody has received */
    for (unsigned i = 0; i < CHANNELS; i++) {
        if (parties[1].cells[i] != SENTINEL) parties[0].got[parties[1].cells[i]]++;
        parties[1].cells[i] = SENTINEL;
    }
    explore_assert(weft_free_alternation(common) == WEFT_OK);
    finish();
}

/* The word `busy`: whoever comes next sees what the last one left. */
EXPLORE(two_threads_use_a_kept_alternation_in_turn, .exhaustive = true, .stale = 2) {
    begin(1);
    to_receive(1, 0), to_receive(1, 1);
    for (uint32_t i = 0; i < CHANNELS; i++) {
        uint32_t value = i + 1;
        wefti_ring_put(channels[i], &value, NULL);
        parties[0].sent[value] = 1;
    }
    common = weft_make_alternation(parties[1].operations, 2);
    explore_thread(again, &parties[2]);
    explore_thread(again, &parties[3]);
    explore_join();
    explore_assert(weft_free_alternation(common) == WEFT_OK);
    finish();
}

static WEFTI_ATOMIC(uint32_t) told; /* relaxed: orders nothing */
static void look_and_tell(void *unused) {
    enter(unused);
    explore_assert(weft_alternate_again(common, WEFT_FIRST_LISTED, WEFT_NOW) == NULL);
    wefti_store_relaxed(&told, 1u);
}
static void free_when_told(void *unused) {
    enter(unused);
    while (wefti_load_relaxed(&told) == 0) wefti_pause();
    explore_assert(weft_free_alternation(common) == WEFT_OK);
}
/* Who frees it sees what the last user left. */
EXPLORE(a_kept_alternation_is_freed_after_its_last_use, .exhaustive = true, .stale = 2) {
    begin(1);
    to_receive(1, 0), to_receive(1, 1);
    wefti_atomic_init(&told, 0u);
    common = weft_make_alternation(parties[1].operations, 2);
    explore_thread(look_and_tell, NULL);
    explore_thread(free_when_told, NULL);
    finish();
}
