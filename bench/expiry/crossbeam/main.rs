// SPDX-License-Identifier: MIT
// main.rs - the peer crossbeam-channel: a receive by a thread whose time-out of 1 ms fires; how late, in microseconds.
use crossbeam_channel::bounded;
use std::time::Duration;
use weftbench::*;

fn main() {
    let h = start(120);
    let (_sender, receiver) = bounded::<usize>(0);
    h.measure(&["expiry.thread.p50", "expiry.thread.p99"], "us", || {
        let mut late: Vec<f64> = (0..200)
            .map(|_| {
                let deadline = h.clock() + 1000000;
                assert!(receiver.recv_timeout(Duration::from_millis(1)).is_err());
                (h.clock() - deadline) as f64 / 1000.0
            })
            .collect();
        vec![percentile(&mut late, 0.5), percentile(&mut late, 0.99)]
    });
}
