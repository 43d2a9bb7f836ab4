// SPDX-License-Identifier: MIT
// harness.rs - rounds, medians and output of the peers in Rust; the same options and lines as bench.h.
use std::time::{Duration, Instant};

extern "C" {
    fn alarm(seconds: u32) -> u32;
    fn sched_setaffinity(thread: i32, size: usize, mask: *const u64) -> i32;
    fn sched_getaffinity(thread: i32, size: usize, mask: *mut u64) -> i32;
}

pub struct Harness {
    rounds: usize,
    count: usize,
    filter: String,
    begun: Instant,
}

/// Reads the options and sets the alarm that ends a program that hangs.
pub fn start(limit: u32) -> Harness {
    let mut harness = Harness { rounds: 7, count: 0, filter: String::new(), begun: Instant::now() };
    let mut arguments = std::env::args().skip(1);
    while let Some(option) = arguments.next() {
        let value = arguments.next().expect("an option without its value");
        match option.as_str() {
            "-r" => harness.rounds = value.parse().expect("-r ROUNDS"),
            "-n" => harness.count = value.parse().expect("-n COUNT"),
            "-f" => harness.filter = value,
            _ => panic!("options: -r ROUNDS -n COUNT -f TEXT"),
        }
    }
    assert!(harness.rounds > 0);
    unsafe { alarm(limit) };
    harness
}

impl Harness {
    /// The value of -n, or the default.
    pub fn count(&self, otherwise: usize) -> usize {
        if self.count > 0 { self.count } else { otherwise }
    }

    /// Monotonic nanoseconds.
    pub fn clock(&self) -> i64 {
        self.begun.elapsed().as_nanos() as i64
    }

    /// Runs a warm-up and the rounds; `round` gives one value for each figure.
    pub fn measure<F: FnMut() -> Vec<f64>>(&self, names: &[&str], unit: &str, mut round: F) {
        if !names.iter().any(|name| name.contains(&self.filter)) {
            return;
        }
        round();
        let kept: Vec<Vec<f64>> = (0..self.rounds).map(|_| round()).collect();
        for (i, name) in names.iter().enumerate().filter(|(_, name)| name.contains(&self.filter)) {
            let mut values: Vec<f64> = kept.iter().map(|values| values[i]).collect();
            let median = percentile(&mut values, 0.5);
            let (least, most) = (values[0], values[values.len() - 1]);
            let party = option_env!("WEFT_BENCH_PARTY").unwrap_or("crossbeam");
            println!("{}/{}\t{:.6}\t{}\t{:.6}\t{:.6}\t{}", name, party, median, unit, least, most, values.len());
        }
    }
}

/// Sorts the samples and returns the given part of them.
pub fn percentile(samples: &mut [f64], part: f64) -> f64 {
    samples.sort_by(|a, b| a.partial_cmp(b).unwrap());
    samples[(part * (samples.len() - 1) as f64 + 0.5) as usize]
}

/// The processors of the calling thread: a set of the first 64.
pub fn processors() -> u64 {
    let mut mask = [0u64; 16];
    assert!(unsafe { sched_getaffinity(0, 128, mask.as_mut_ptr()) } >= 0);
    mask[0]
}

/// Keeps the calling thread, and those it makes, on these processors.
pub fn settle(set: u64) {
    let mut mask = [0u64; 16];
    mask[0] = set;
    assert!(unsafe { sched_setaffinity(0, 128, mask.as_ptr()) } == 0);
}

pub fn pause() {
    std::thread::sleep(Duration::from_millis(2));
}

/// The next channel: the same for all parties.
pub fn next_of(state: &mut u32, count: usize) -> usize {
    *state = state.wrapping_mul(1664525).wrapping_add(1013904223);
    (*state >> 16) as usize % count
}
