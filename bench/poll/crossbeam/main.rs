// SPDX-License-Identifier: MIT
// main.rs - the peer crossbeam-channel: a selection with a default over channels on which nothing happens.
use crossbeam_channel::{bounded, select, Receiver};
use weftbench::*;

fn poll_one(c: &[Receiver<usize>], count: usize) -> usize {
    let mut other = 0;
    for _ in 0..count {
        select! {
            recv(c[0]) -> _ => panic!("something came"),
            default => other += 1,
        }
    }
    other
}

fn poll_eight(c: &[Receiver<usize>], count: usize) -> usize {
    let mut other = 0;
    for _ in 0..count {
        select! {
            recv(c[0]) -> _ => panic!("something came"),
            recv(c[1]) -> _ => panic!("something came"),
            recv(c[2]) -> _ => panic!("something came"),
            recv(c[3]) -> _ => panic!("something came"),
            recv(c[4]) -> _ => panic!("something came"),
            recv(c[5]) -> _ => panic!("something came"),
            recv(c[6]) -> _ => panic!("something came"),
            recv(c[7]) -> _ => panic!("something came"),
            default => other += 1,
        }
    }
    other
}

fn receive(c: &[Receiver<usize>], count: usize) -> usize {
    (0..count).filter(|_| c[0].try_recv().is_err()).count()
}

fn main() {
    let h = start(120);
    let (_senders, receivers): (Vec<_>, Vec<_>) = (0..8).map(|_| bounded::<usize>(0)).unzip();
    let count = h.count(2000000);
    let round = |poll: fn(&[Receiver<usize>], usize) -> usize| {
        let start = h.clock();
        assert_eq!(poll(&receivers, count), count);
        vec![(h.clock() - start) as f64 / count as f64]
    };
    h.measure(&["poll.1"], "ns/poll", || round(poll_one));
    h.measure(&["poll.1.receive"], "ns/poll", || round(receive));
    h.measure(&["poll.8"], "ns/poll", || round(poll_eight));
}
