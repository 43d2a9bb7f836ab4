// SPDX-License-Identifier: MIT
// main.rs - the peer crossbeam-channel: threads among themselves; streams, ping-pong, fan-in.
use crossbeam_channel::{bounded, Receiver, Select, Sender};
use std::thread::spawn;
use weftbench::*;

fn stream(h: &Harness, threads: usize) -> f64 {
    let each = h.count(500000) / threads;
    let (sender, receiver) = bounded::<usize>(128);
    let start = h.clock();
    let mut all = Vec::new();
    for _ in 0..threads {
        let (from, to) = (receiver.clone(), sender.clone());
        all.push(spawn(move || (0..each).map(|_| from.recv().unwrap()).sum::<usize>()));
        all.push(spawn(move || {
            (0..each).for_each(|i| to.send(i).unwrap());
            0
        }));
    }
    let sum: usize = all.into_iter().map(|thread| thread.join().unwrap()).sum();
    let time = h.clock() - start;
    assert_eq!(sum, threads * (each * (each - 1) / 2));
    (each * threads) as f64 * 1000.0 / time as f64
}

struct Court {
    forth: Sender<usize>,
    back: Receiver<usize>,
}

impl Court {
    fn trip(&self, value: usize) {
        self.forth.send(value).unwrap();
        assert_eq!(self.back.recv().unwrap(), value);
    }
}

fn with_court<R, F: FnOnce(&Court) -> R>(capacity: usize, apart: bool, body: F) -> R {
    let (forth, incoming) = bounded::<usize>(capacity);
    let (outgoing, back) = bounded::<usize>(capacity);
    let before = processors();
    let other = spawn(move || {
        if apart {
            settle(2);
        }
        for value in incoming {
            outgoing.send(value).unwrap();
        }
    });
    if apart {
        settle(1);
    }
    let court = Court { forth, back };
    let result = body(&court);
    drop(court);
    other.join().unwrap();
    settle(before);
    result
}

fn ping_pong(h: &Harness, capacity: usize, apart: bool) -> f64 {
    let count = h.count(5000);
    with_court(capacity, apart, |court| {
        court.trip(0);
        let start = h.clock();
        (0..count).for_each(|i| court.trip(i));
        (h.clock() - start) as f64 / count as f64
    })
}

fn parked(h: &Harness) -> f64 {
    with_court(0, false, |court| {
        let mut samples: Vec<f64> = (0..150)
            .map(|i| {
                pause();
                let start = h.clock();
                court.trip(i);
                (h.clock() - start) as f64 / 1000.0
            })
            .collect();
        percentile(&mut samples, 0.5)
    })
}

fn fan_in(h: &Harness) -> f64 {
    const SENDERS: usize = 64;
    let each = h.count(12800) / SENDERS;
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..SENDERS).map(|_| bounded::<usize>(0)).unzip();
    let mut select = Select::new();
    for receiver in &receivers {
        select.recv(receiver);
    }
    let start = h.clock();
    let threads: Vec<_> = senders
        .into_iter()
        .enumerate()
        .map(|(number, sender)| spawn(move || (0..each).for_each(|_| sender.send(number).unwrap())))
        .collect();
    // Only this many messages of each: a sender that has ended would be ready for ever.
    let mut left = vec![each; SENDERS];
    for _ in 0..each * SENDERS {
        let operation = select.select();
        let from = operation.index();
        assert_eq!(operation.recv(&receivers[from]).unwrap(), from);
        left[from] -= 1;
        if left[from] == 0 {
            select.remove(from);
        }
    }
    let time = h.clock() - start;
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    time as f64 / (each * SENDERS) as f64
}

fn main() {
    let h = start(300);
    h.measure(&["threads.buffered.1to1"], "M/s", || vec![stream(&h, 1)]);
    h.measure(&["threads.buffered.8to8"], "M/s", || vec![stream(&h, 8)]);
    h.measure(&["threads.pingpong"], "ns/trip", || vec![ping_pong(&h, 0, false)]);
    h.measure(&["threads.pingpong.apart"], "ns/trip", || vec![ping_pong(&h, 0, true)]);
    h.measure(&["threads.pingpong.capacity-1"], "ns/trip", || vec![ping_pong(&h, 1, false)]);
    h.measure(&["threads.pingpong.capacity-1.apart"], "ns/trip", || vec![ping_pong(&h, 1, true)]);
    h.measure(&["threads.parked.p50"], "us", || vec![parked(&h)]);
    h.measure(&["threads.fanin.64"], "ns/message", || vec![fan_in(&h)]);
}
