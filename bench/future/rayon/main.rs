// SPDX-License-Identifier: MIT
// main.rs - the peer in rayon, which has no futures: a join for each, and a scope with a thousand tasks, or all of them.
use weftbench::Harness;

const BATCH: usize = 1000;

fn half(value: i32) -> i32 {
    unsafe { std::ptr::read_volatile(&value) / 2 }
}

fn one_by_one(harness: &Harness, count: usize) -> f64 {
    let start = harness.clock();
    let mut sum = 0;
    for _ in 0..count {
        sum += rayon::join(|| (), || half(2)).1 as usize;
    }
    assert!(sum == count);
    (harness.clock() - start) as f64 / count as f64
}

fn batches(harness: &Harness, count: usize, size: usize) -> f64 {
    let mut values = vec![0; size];
    let start = harness.clock();
    for _ in 0..count / size {
        rayon::scope(|scope| {
            for value in values.iter_mut() {
                scope.spawn(move |_| *value = half(2));
            }
        });
        assert!(values.iter().map(|value| *value as usize).sum::<usize>() == size);
    }
    (harness.clock() - start) as f64 / count as f64
}

fn measure(harness: &Harness, workers: usize, names: &[&str]) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(workers).build().unwrap();
    let count = harness.count(1000000);
    harness.measure(names, "ns", || {
        pool.install(|| {
            vec![one_by_one(harness, count), batches(harness, count, BATCH), batches(harness, count, count)]
        })
    });
}

fn main() {
    let harness = weftbench::start(180);
    measure(&harness, 1, &["future.single.w1", "future.batch.w1", "future.flight.w1"]);
    measure(&harness, 2, &["future.single.w2", "future.batch.w2", "future.flight.w2"]);
}
