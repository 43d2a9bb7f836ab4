// SPDX-License-Identifier: MIT
// main.rs - the peer crossbeam-channel: selection over 2 to 512 channels by one thread, or between two threads.
use crossbeam_channel::{bounded, Receiver, Select};
use std::thread::spawn;
use weftbench::*;

fn take(select: &mut Select, receivers: &[Receiver<usize>]) {
    let operation = select.select();
    let from = operation.index();
    assert_eq!(operation.recv(&receivers[from]).unwrap(), from);
}

/// The operations are added once and selected from again and again, as in our array.
fn alternate(h: &Harness, count: usize, blocking: bool) -> f64 {
    let most = if count <= 8 { 200000 } else if count <= 64 { 50000 } else { 10000 };
    let messages = h.count(if blocking { most / 10 } else { most });
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..count).map(|_| bounded(if blocking { 0 } else { 1 })).unzip();
    let mut select = Select::new();
    for receiver in &receivers {
        select.recv(receiver);
    }
    let mut state = 1;
    let start = h.clock();
    if !blocking {
        for _ in 0..messages {
            let to = next_of(&mut state, count);
            senders[to].send(to).unwrap();
            take(&mut select, &receivers);
        }
        return (h.clock() - start) as f64 / messages as f64;
    }
    let other = spawn(move || {
        for _ in 0..messages {
            let to = next_of(&mut state, count);
            senders[to].send(to).unwrap();
        }
        senders
    });
    (0..messages).for_each(|_| take(&mut select, &receivers));
    let time = h.clock() - start;
    other.join().unwrap();
    time as f64 / messages as f64
}

fn main() {
    let h = start(300);
    for count in [2, 8, 64, 512] {
        h.measure(&[&format!("alternate.ready.{}", count)], "ns/message", || vec![alternate(&h, count, false)]);
    }
    for count in [2, 8, 64, 512] {
        h.measure(&[&format!("alternate.blocking.{}", count)], "ns/message", || vec![alternate(&h, count, true)]);
    }
}
