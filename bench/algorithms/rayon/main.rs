// SPDX-License-Identifier: MIT
// main.rs - the same with rayon: its iterators and slices; it has no scan.
use rayon::prelude::*;
use std::ffi::CStr;
use weftbench::Harness;

const TEXT_ROOM: usize = 16;

struct Data {
    doubles: Vec<f64>,
    more_doubles: Vec<f64>,
    ints: Vec<i32>,
    records: Vec<(i32, u32)>,
    letters: Vec<u8>,
    texts: usize,
}

fn random(state: &mut u64) -> u32 {
    *state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
    (*state >> 32) as u32
}

impl Data {
    fn new(count: usize) -> Data {
        let texts = count / 10;
        let mut data = Data {
            doubles: vec![0.0; count],
            more_doubles: vec![1.0; count],
            ints: vec![0; count],
            records: vec![(0, 0); count],
            letters: vec![0; texts * TEXT_ROOM],
            texts,
        };
        data.fill();
        data
    }

    fn fill(&mut self) {
        let (mut i, mut d, mut s) = (1, 2, 4);
        self.ints.iter_mut().for_each(|x| *x = random(&mut i) as i32);
        self.doubles.iter_mut().for_each(|x| *x = random(&mut d) as f64 / 4294967296.0);
        for text in self.letters.chunks_mut(TEXT_ROOM) {
            let length = 6 + (random(&mut s) % 9) as usize;
            text[..length].iter_mut().for_each(|c| *c = b'a' + (random(&mut s) % 26) as u8);
            text[length] = 0;
        }
    }

    fn fill_records(&mut self) {
        let mut r = 3;
        let fresh = |(i, x): (usize, &mut (i32, u32))| *x = ((random(&mut r) >> 8) as i32, i as u32);
        self.records.iter_mut().enumerate().for_each(fresh);
    }

    fn strings(&self) -> Vec<&CStr> {
        let text = |t: &[u8]| unsafe { CStr::from_ptr(t.as_ptr().cast()) };
        self.letters.chunks(TEXT_ROOM).map(text).map(|t| unsafe { &*(t as *const CStr) }).collect()
    }
}

fn sorted<T, F: Fn(&T, &T) -> bool>(list: &[T], good: F) {
    assert!(list.windows(2).all(|pair| good(&pair[0], &pair[1])));
}

fn measure(harness: &Harness, pool: &rayon::ThreadPool, data: &mut Data, workers: &str) {
    let count = data.ints.len() as f64;
    let name = |kernel: &str| format!("{}.{}", kernel, workers);
    let passes = [name("map"), name("reduce"), name("filter")];
    let sorts = [name("sort.int"), name("sort.double"), name("sort.text"), name("sort.record"), name("sort.stable")];
    let time = |work: &mut (dyn FnMut() + Send)| {
        let start = harness.clock();
        pool.install(|| work());
        (harness.clock() - start) as f64
    };
    harness.measure(&passes.iter().map(String::as_str).collect::<Vec<_>>(), "ns", || {
        let (mut sum, mut kept) = (0.0, Vec::new());
        let (from, to) = (&data.doubles, &mut data.more_doubles);
        let map = time(&mut || to.par_iter_mut().zip(from.par_iter()).for_each(|(y, x)| *y = 3.0 * x + 1.0));
        let reduce = time(&mut || sum = from.par_iter().sum());
        let ints = &data.ints;
        let filter = time(&mut || kept = ints.par_iter().copied().filter(|x| x & 1 != 0).collect::<Vec<i32>>());
        assert!(sum > 0.0 && kept.len() == ints.iter().filter(|x| *x & 1 != 0).count());
        vec![map / count, reduce / count, filter / count]
    });
    harness.measure(&sorts.iter().map(String::as_str).collect::<Vec<_>>(), "ns", || {
        data.fill();
        data.fill_records();
        let ints = &mut data.ints;
        let int = time(&mut || ints.par_sort_unstable());
        let doubles = &mut data.doubles;
        let double = time(&mut || doubles.par_sort_unstable_by(|a, b| a.partial_cmp(b).unwrap()));
        let mut strings = data.strings();
        let text = time(&mut || strings.par_sort_unstable());
        sorted(&strings, |a, b| a <= b);
        let records = &mut data.records;
        let record = time(&mut || records.par_sort_unstable_by(|a, b| a.0.cmp(&b.0)));
        sorted(&data.records, |a, b| a.0 <= b.0);
        data.fill_records();
        let records = &mut data.records;
        let stable = time(&mut || records.par_sort_by(|a, b| a.0.cmp(&b.0)));
        sorted(&data.records, |a, b| a <= b);
        sorted(&data.ints, |a, b| a <= b);
        sorted(&data.doubles, |a, b| a <= b);
        vec![int / count, double / count, text / data.texts as f64, record / count, stable / count]
    });
}

fn main() {
    let harness = weftbench::start(390);
    let mut data = Data::new(harness.count(10_000_000));
    for workers in 1..=2 {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(workers).build().unwrap();
        measure(&harness, &pool, &mut data, if workers == 1 { "w1" } else { "w2" });
    }
}
