//! The continuation against the plain protocol (FIRE at every step of γ/200): soft and attractive
//! solids, 2d and 3d, over two decades of pressure. `make referee` compares more than a thousand
//! directions and takes hours; `AMORPH_REFEREE_REPLICAS` (default 7) sets how many solids of each cell,
//! nine directions each; `AMORPH_REFEREE_AFTER` goes on after so many directions. A sample runs with the
//! other tests.

mod common;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use amorph::linearity::referee::agree;
use amorph::linearity::thresholds::{SweepResult, Threshold};
use amorph::solid::parameters::ParameterKind;
use common::protocols::{
    CONTINUATION, Case, DEPTHS, DIRECTIONS, PRESSURES, cases, outcome, referee, thresholds,
};

/// (name, agreement within).
const COMPARED: [(&str, f64); 3] =
    [("gamma_star", 0.01), ("gamma_contact", 0.01), ("gamma_rearrangement", 0.02)];

/// Share of the thresholds that must agree; docs/thresholds.md explains those that do not.
const REQUIRED: f64 = 0.99;

fn show(threshold: &Threshold) -> String {
    format!("[{:.4e}, {:.4e}] {}", threshold.lo, threshold.hi, threshold.cause.name())
}

/// Directions between two tables of a long comparison.
const SHOWN_EVERY: usize = 20;

/// What came of the comparison of a cell's directions.
#[derive(Default)]
struct Tally {
    directions: usize,
    agreed: [usize; 3],
    seconds: [f64; 2],
    evaluations: [u64; 2],
    factorisations: u64,
}

impl Tally {
    fn add(&mut self, case: &Case, [ours, theirs]: [(&SweepResult, f64); 2]) {
        self.directions += 1;
        self.factorisations += ours.0.counters.factorisations;
        for (k, (result, seconds)) in [ours, theirs].into_iter().enumerate() {
            self.seconds[k] += seconds;
            self.evaluations[k] += result.counters.force_evaluations;
        }
        let pairs = thresholds(ours.0).into_iter().zip(thresholds(theirs.0));
        for (k, (a, b)) in pairs.enumerate() {
            let (name, within) = COMPARED[k];
            if agree(&a, &b, within) {
                self.agreed[k] += 1;
            } else {
                println!("{case:?} {name}: {} — referee {}", show(&a), show(&b));
            }
        }
    }
}

/// Sweeps a direction by both protocols.
fn compare(case: &Case, tally: &Mutex<Tally>) {
    let timed = |settings| {
        let start = Instant::now();
        let result = outcome(case, &settings);
        (result, start.elapsed().as_secs_f64())
    };
    let ours = timed(CONTINUATION);
    let theirs = timed(referee(&ours.0));
    tally.lock().unwrap().add(case, [(&ours.0, ours.1), (&theirs.0, theirs.1)]);
}

/// The cell of a case, as its row in the table begins.
fn cell(case: &Case) -> String {
    format!("{} | {:e} | {}", case.dimension, case.pressure, case.depth)
}

/// Compares all cases on as many threads as there are cores; returns the thresholds that differ.
fn compare_all(cases: &[Case]) -> usize {
    let mut tallies: BTreeMap<String, Mutex<Tally>> = BTreeMap::new();
    for case in cases {
        tallies.entry(cell(case)).or_default();
    }
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(index) else { break };
                    compare(case, &tallies[&cell(case)]);
                    if (index + 1).is_multiple_of(SHOWN_EVERY) {
                        table(&tallies);
                    }
                }
            });
        }
    });
    table(&tallies)
}

/// Prints what the cells have come to; returns the thresholds that differ.
fn table(tallies: &BTreeMap<String, Mutex<Tally>>) -> usize {
    println!("| d | p | B | directions | γ* | γ_c | γ_r | factorisations | evaluations | time |");
    let mut differ = 0;
    for (name, tally) in tallies {
        let tally = tally.lock().unwrap();
        let [star, contact, rearrangement] = tally.agreed;
        println!(
            "| {name} | {} | {star} | {contact} | {rearrangement} | {:.0} | {:.0} × | {:.0} × |",
            tally.directions,
            tally.factorisations as f64 / tally.directions as f64,
            tally.evaluations[1] as f64 / tally.evaluations[0] as f64,
            tally.seconds[1] / tally.seconds[0]
        );
        differ += COMPARED.len() * tally.directions - star - contact - rearrangement;
    }
    differ
}

#[test]
#[ignore = "long: make referee"]
fn the_continuation_agrees_with_the_plain_protocol() {
    let number = |name: &str, default: usize| {
        std::env::var(name).map_or(default, |value| value.parse().expect(name))
    };
    let replicas = number("AMORPH_REFEREE_REPLICAS", 7) as u64;
    let mut all = Vec::new();
    // All cells in turn: what has been compared so far covers them evenly.
    for dimension in [2, 3] {
        for pressure in PRESSURES {
            for depth in DEPTHS {
                all.extend(cases(dimension, pressure, depth, replicas));
            }
        }
    }
    all.sort_by_key(|case| case.replica);
    all.drain(..number("AMORPH_REFEREE_AFTER", 0).min(all.len()));
    let differ = compare_all(&all);
    let allowed = (1.0 - REQUIRED) * (COMPARED.len() * all.len()) as f64;
    println!("{differ} thresholds of {} directions differ", all.len());
    assert!(differ as f64 <= allowed, "{differ} differ, {allowed} allowed");
}

#[test]
fn the_continuation_agrees_with_the_plain_protocol_where_the_stiffness_vanishes_at_contact() {
    let mut cases = Vec::new();
    for (dimension, exponent, pressure) in
        [(2, 2.5, 1e-1), (2, 3.0, 1e-2), (2, 2.25, 1e-3), (3, 2.5, 1e-1)]
    {
        cases.extend([0, 4, 8].map(|direction| Case {
            dimension,
            particles: 64,
            pressure,
            depth: 0.0,
            exponent,
            kinds: &[ParameterKind::Diameter],
            modes: 0,
            replica: 0,
            direction,
        }));
    }
    assert_eq!(compare_all(&cases), 0);
}

#[test]
fn a_sample_of_the_continuation_agrees_with_the_plain_protocol() {
    let soft = |dimension, direction| Case {
        dimension,
        particles: 64,
        pressure: 1e-1,
        depth: 0.0,
        exponent: 2.0,
        kinds: &[ParameterKind::Diameter],
        modes: 0,
        replica: 0,
        direction,
    };
    let sample = [
        soft(2, 0),
        soft(2, 3),
        soft(2, DIRECTIONS - 1),
        Case { pressure: 1e-2, ..soft(2, 1) },
        Case { depth: 0.01, ..soft(2, 2) },
        Case { modes: 4, ..soft(3, 0) },
        // A rattler that hangs on one particle meets a second one: further on by 3% where the backbone
        // is not shifted against it, and missed where it leaps.
        Case { pressure: 1e-3, depth: 0.01, ..soft(2, 2) },
        Case { pressure: 1e-3, depth: 0.01, ..soft(2, 5) },
    ];
    assert_eq!(compare_all(&sample), 0);
}
