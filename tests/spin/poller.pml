/* SPDX-License-Identifier: MIT */
/* poller.pml - which worker waits for descriptors, and who wakes it, as a Spin model; sched/io.h, sched/idle.c,
 * lockfree/sleepers.h.
 *
 * Two workers; a giver of one task; somebody who waits for a descriptor; the descriptor becomes ready at any time. A worker
 * that takes the task may be long at it (STUCK: for ever), so that the other one has to look after the descriptor.
 *
 * With PASSES another worker, which is busy, has seen that nobody polls, and looks at the set some time later.
 *
 * Checked: when nothing can happen any more, the task has been taken and the descriptor served. Each broken variant must be
 * caught: BREAK_BELL: the bell is not rung; BREAK_ASK: who begins to wait for a descriptor wakes nobody; BREAK_LEAVE: a
 * poller that goes to work leaves it at that; BREAK_LOOK: no last look before sleep; BREAK_CLEAR: who looks in passing
 * silences the bell.
 */
#define WORKERS 2
#define NOBODY WORKERS

byte work, sleepers, searchers = WORKERS;
bool asleep[WORKERS];
byte poller = NOBODY;
bool bell;
bool watched, armed, ready, served;

#define wants_poller (watched && poller == NOBODY)

/* A giver, after it has published: wakes one that sleeps, unless somebody searches. */
inline notify() {
    do
    :: sleepers == 0 || searchers != 0 -> break
    :: else ->
        w = 0;
        do
        :: w < WORKERS && !asleep[w] -> w++
        :: else -> break
        od;
        if
        :: w == WORKERS -> break
        :: else -> skip
        fi;
        searchers++;
        atomic {
            won = asleep[w];
            if
            :: won -> asleep[w] = false
            :: else -> searchers--
            fi
        }
        if
        :: won ->
            sleepers--;
#ifndef BREAK_BELL
            if
            :: poller == w -> bell = true
            :: else -> skip
            fi;
#endif
            break
        :: !won && searchers == 0 && (work > 0 || wants_poller) -> skip /* looks once more */
        :: else -> break
        fi
    od;
    w = 0; won = false /* what is over makes no states */
}

inline retract(me) {
    searchers++;
    atomic {
        if
        :: asleep[me] -> asleep[me] = false; sleepers--
        :: else -> searchers--
        fi
    }
}

proctype worker(byte me) {
    bool polls, event, won, mine;
    byte w;
top:
    atomic {
        mine = work > 0;
        if
        :: mine -> work--
        :: else -> skip
        fi
    }
    if
    :: mine ->
        atomic { searchers--; mine = searchers == 0 }
#ifndef BREAK_LEAVE
        if
        :: mine && (work > 0 || wants_poller) -> notify()
        :: else -> skip
        fi;
        if
        :: wants_poller -> notify()
        :: else -> skip
        fi;
#endif
#ifdef STUCK
end_stuck:
        false;
#endif
        searchers++;
        mine = false;
        goto top
    :: else -> skip
    fi;
    polls = false;
    atomic {
        if
        :: wants_poller -> poller = me; polls = true
        :: else -> skip
        fi
    }
    asleep[me] = true;
    sleepers++;
    searchers--;
#ifndef BREAK_LOOK
    if
    :: work > 0 || wants_poller ->
        retract(me);
        if
        :: polls -> poller = NOBODY
        :: else -> skip
        fi;
        goto top
    :: else -> skip
    fi;
#endif
    if
    :: polls ->
        event = false;
        do
        :: !asleep[me] || event -> break
        :: else ->
end_poll:   bell || (ready && armed);
            atomic {
                bell = false;
                event = ready && armed;
                if
                :: event -> armed = false
                :: else -> skip
                fi
            }
        od;
        retract(me);
        poller = NOBODY;
        if
        :: event -> atomic { served = true; watched = false }
        :: else -> skip
        fi;
        event = false; polls = false
    :: else ->
end_sleep:
        !asleep[me]
    fi;
    goto top
}

proctype giver() {
    byte w;
    bool won;
    work++;
    notify()
}

proctype waits() {
    byte w;
    bool won;
    watched = true;
    armed = true;
#ifndef BREAK_ASK
    if
    :: wants_poller -> notify()
    :: else -> skip
    fi
#endif
}

proctype becomes_ready() { ready = true }

#ifdef PASSES
proctype passes() {
    if
    :: poller == NOBODY -> skip
    :: else -> goto on
    fi;
    atomic {
#ifdef BREAK_CLEAR
        bell = false;
#endif
        if
        :: ready && armed -> armed = false; served = true; watched = false
        :: else -> skip
        fi
    }
on: skip
}
#endif

init {
    atomic {
        run worker(0);
        run worker(1);
        run giver();
        run waits();
#ifdef PASSES
        run passes();
#endif
        run becomes_ready()
    }
    timeout ->
    assert(work == 0);
    assert(served)
}
