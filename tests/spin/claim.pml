/* SPDX-License-Identifier: MIT */
/* claim.pml - the claim of a wait on several things, as a Spin model; sched/park.h, comm/alternate.c.
 *
 * Two alternations at two rendezvous channels: A sends to 0 or to 1, B receives from 1 or from 0. A plain sender at
 * channel 1 (PLAIN; ALONE: it and B alone), a time-out for B (TIMEOUT) and a close of channel 1 (CLOSE) where they are defined. An operation under
 * a channel's lock is one step, except where it touches what is not under the lock: claims and hints.
 *
 * Checked: an effect happens if and only if it is returned (done against effects), each message is handed over once, no
 * end state but that all have ended or wait without a counterpart, and after the end no channel knows of a wait.
 * BREAK_SECOND: a hint without the second claim. BREAK_LOOK: opening without a look at the hints. Both must be caught.
 */
#define AWAY 0
#define OPEN 1
#define CLAIMED 2   /* by a counterpart */
#define ENDED 3     /* by the time-out */
#define SHUT 4      /* by the close */

#define A 0
#define B 1
#define P 2         /* the plain sender: one place, never away */

byte claim[3];
byte chosen[3];
bool hint[6];       /* alternation * 2 + channel */
bool listed[6];     /* at the channel: A and P as senders, B as receiver */
bool lock[2];
bool closed;
bool over[3];       /* the strand has returned */
byte outcome[3];    /* CLAIMED: a message was handed over, by which channel: through; ENDED, SHUT: none was */
byte through[3];
byte effects[3];    /* what counterparts or the strand itself did to its operations */
byte handed;        /* messages received by B */
bool notice[3];
bool parked[3];

#define take(c) atomic { !lock[c] -> lock[c] = true }
#define give(c) lock[c] = false

/* Under c's lock: tries to win the wait of w through its waiter at c. `won` says whether. */
inline try_claim(w, c, how) {
    won = false;
    if
    :: !listed[w * 2 + c] -> skip
    :: else ->
        atomic {
            if
            :: claim[w] == OPEN -> claim[w] = how; chosen[w] = c; won = true
            :: else -> seen = claim[w]
            fi
        }
        if
        :: won -> listed[w * 2 + c] = false
        :: else ->
            if
            :: seen == AWAY && !hint[w * 2 + c] ->
                hint[w * 2 + c] = true;
#ifndef BREAK_SECOND
                atomic {
                    if
                    :: claim[w] == OPEN -> claim[w] = how; chosen[w] = c; won = true; listed[w * 2 + c] = false
                    :: else -> skip
                    fi
                }
#endif
                skip
            :: else -> skip
            fi
        fi
    fi
}

/* Under c's lock: the strand `me` does its operation at c with w, which it has won. */
inline match(me, w, c) {
    effects[me]++; effects[w]++; handed++;
    done = true
}

/* Under c's lock, which is given up if it is done: tries the operation of `me` at c. */
inline do_now(me, c) {
    done = false;
    if
    :: closed && c == 1 -> outcome[me] = SHUT; done = true; give(c)
    :: else ->
        if
        :: me == B ->
            try_claim(A, c, CLAIMED);
            if
            :: won -> match(B, A, c); outcome[B] = CLAIMED; through[B] = c; give(c); notice[A] = true
            :: else ->
#ifdef PLAIN
                try_claim(P, c, CLAIMED);
                if
                :: won -> match(B, P, c); outcome[B] = CLAIMED; through[B] = c; give(c); notice[P] = true
                :: else -> skip
                fi
#else
                skip
#endif
            fi
        :: else ->
            try_claim(B, c, CLAIMED);
            if
            :: won -> match(me, B, c); outcome[me] = CLAIMED; through[me] = c; give(c); notice[B] = true
            :: else -> skip
            fi
        fi
    fi
}

proctype alternation(byte me) {
    bool won, done, more;
    byte seen, i, c;
    /* enlist: A at 0 then 1, B at 1 then 0 */
    i = 0;
    do
    :: i < 2 ->
        c = (me == A -> i : 1 - i);
        take(c);
        do_now(me, c);
        if
        :: done -> goto withdraw
        :: else -> listed[me * 2 + c] = true; give(c)
        fi;
        i++
    :: else -> break
    od;
open:
    claim[me] = OPEN;
#ifndef BREAK_LOOK
    more = hint[me * 2];
    more = more || hint[me * 2 + 1];
    if
    :: more ->
        atomic {
            if
            :: claim[me] == OPEN -> claim[me] = AWAY
            :: else -> more = false
            fi
        }
    :: else -> skip
    fi;
    if
    :: more -> goto look
    :: else -> skip
    fi;
#endif
    parked[me] = true;
end:
    notice[me] -> parked[me] = false;
    if
    :: claim[me] == CLAIMED -> outcome[me] = CLAIMED; through[me] = chosen[me]
    :: else -> outcome[me] = claim[me]
    fi;
    goto withdraw;
look:
    do
    :: hint[me * 2] || hint[me * 2 + 1] ->
        c = (hint[me * 2] -> 0 : 1);
        hint[me * 2 + c] = false;
        take(c);
        do_now(me, c);
        if
        :: done -> goto withdraw
        :: else -> give(c)
        fi
    :: else -> goto open
    od;
withdraw:
    take(0); listed[me * 2] = false; give(0);
    take(1); listed[me * 2 + 1] = false; give(1);
    over[me] = true
}

#ifdef PLAIN
proctype plain_sender() {
    bool won, done;
    byte seen;
    take(1);
    do_now(P, 1);
    if
    :: done && outcome[P] == SHUT -> give(1)
    :: done -> skip
    :: else ->
        claim[P] = OPEN; listed[P * 2 + 1] = true;
        give(1);
end:    notice[P] -> outcome[P] = claim[P]
    fi;
    over[P] = true
}
#endif

#ifdef TIMEOUT
/* While it waits, and no sooner, the deadline may pass; or it is too far away. */
proctype time_out() {
    bool won = false;
    if
    :: skip
    :: atomic { parked[B] && claim[B] == OPEN -> claim[B] = ENDED; won = true }
    :: over[B] -> skip
    fi;
    if
    :: won -> notice[B] = true
    :: else -> skip
    fi
}
#endif

#ifdef CLOSE
inline close_one(w) {
    try_claim(w, 1, SHUT);
    if
    :: won -> notice[w] = true
    :: else -> skip
    fi
}
proctype closer() {
    bool won;
    byte seen;
    take(1);
    closed = true;
    close_one(A);
    close_one(B);
#ifdef PLAIN
    close_one(P);
#endif
    give(1)
}
#endif

inline check_one(w) {
    assert(effects[w] == (over[w] && outcome[w] == CLAIMED -> 1 : 0));
    assert(!over[w] || !(listed[w * 2] || listed[w * 2 + 1]))
}

init {
    atomic {
#ifndef ALONE
        run alternation(A);
#else
        over[A] = true;
#endif
        run alternation(B);
#ifdef PLAIN
        run plain_sender();
#else
        over[P] = true;
#endif
#ifdef TIMEOUT
        run time_out();
#endif
#ifdef CLOSE
        run closer()
#endif
    }
    /* Nobody can do anything any more. */
    timeout ->
    check_one(A);
    check_one(B);
    check_one(P);
    assert(handed == effects[B]);
    assert(effects[A] + effects[P] == effects[B]);
    assert(effects[A] == 0 || effects[P] == 0);
    assert(over[B]); /* A at least is its counterpart, until a close ends both */
#ifdef CLOSE
    assert(over[A] && over[P])
#endif
}
