//! The continuation against the plain protocol (FIRE at every step of γ/200) on Scenario 1,
//! N = 256: `make referee`, about half an hour. `AMORPH_REFEREE_REPLICAS` (default 12) sets how many
//! solids, nine directions each.

mod common;
#[path = "common/solids.rs"]
mod solids;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use amorph::linearity::referee::agree;
use amorph::linearity::sweep::{Protocol, SweepProblem, SweepSettings, sweep};
use amorph::linearity::thresholds::Threshold;

/// Directions per solid: the leading right singular vectors.
const DIRECTIONS: usize = 9;

/// Where the referee starts; every threshold below it would show as a bracket from 0.
const REFEREE_GAMMA_MIN: f64 = 1e-4;

/// (name, agreement within, share of the directions that must agree).
const REQUIRED: [(&str, f64, f64); 3] =
    [("gamma_star", 0.01, 0.99), ("gamma_contact", 0.01, 1.0), ("gamma_rearrangement", 0.02, 0.97)];

fn show(threshold: &Threshold) -> String {
    format!("[{:.4e}, {:.4e}] {}", threshold.lo, threshold.hi, threshold.cause.name())
}

/// What came of the comparison of some directions.
#[derive(Default)]
struct Tally {
    directions: usize,
    agreed: [usize; 3],
    seconds: [f64; 2],
    evaluations: [u64; 2],
}

/// Sweeps the leading directions of a solid by both protocols.
fn compare<const D: usize>(replica: u64, tally: &Mutex<Tally>) {
    let plain = SweepSettings {
        protocol: Protocol::Referee,
        gamma_min: REFEREE_GAMMA_MIN,
        ..solids::SETTINGS
    };
    let (solid, space, svd) = solids::scenario_1::<D>(replica);
    for index in 0..DIRECTIONS {
        let direction = solids::direction(&svd, index);
        let problem = SweepProblem {
            solid: &solid,
            space: &space,
            direction: &direction,
            request: solids::FEATURES,
            weights: None,
        };
        let timed = |settings| {
            let start = Instant::now();
            let result = sweep(&problem, settings, false).unwrap();
            (result, start.elapsed().as_secs_f64())
        };
        let (ours, our_seconds) = timed(&solids::SETTINGS);
        let (theirs, their_seconds) = timed(&plain);
        let pairs = [
            (&ours.gamma_star, &theirs.gamma_star),
            (&ours.gamma_contact, &theirs.gamma_contact),
            (&ours.gamma_rearrangement, &theirs.gamma_rearrangement),
        ];
        let mut tally = tally.lock().unwrap();
        tally.directions += 1;
        tally.seconds[0] += our_seconds;
        tally.seconds[1] += their_seconds;
        tally.evaluations[0] += ours.counters.force_evaluations;
        tally.evaluations[1] += theirs.counters.force_evaluations;
        for (k, (a, b)) in pairs.into_iter().enumerate() {
            let (name, within, _) = REQUIRED[k];
            if agree(a, b, within) {
                tally.agreed[k] += 1;
            } else {
                println!(
                    "{D}d replica {replica} w_{index} {name}: {} — referee {}",
                    show(a),
                    show(b)
                );
            }
        }
    }
    let tally = tally.lock().unwrap();
    println!("{D}d replica {replica}: {:?} of {} directions agree", tally.agreed, tally.directions);
}

/// Solids are shared among as many threads as there are cores.
#[test]
#[ignore = "long: make referee"]
fn the_continuation_agrees_with_the_plain_protocol() {
    let replicas: u64 = std::env::var("AMORPH_REFEREE_REPLICAS")
        .map_or(12, |value| value.parse().expect("a number of replicas"));
    let next = AtomicU64::new(0);
    let tallies = [Mutex::new(Tally::default()), Mutex::new(Tally::default())];
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    // The longer ones first.
                    match next.fetch_add(1, Ordering::Relaxed) {
                        task if task < replicas => compare::<3>(task, &tallies[1]),
                        task if task < 2 * replicas => compare::<2>(task - replicas, &tallies[0]),
                        _ => break,
                    }
                }
            });
        }
    });
    println!("| d | directions | γ* | γ_c | γ_r | force evaluations | time |");
    for (dimension, tally) in [2, 3].into_iter().zip(&tallies) {
        let tally = tally.lock().unwrap();
        let [star, contact, rearrangement] = tally.agreed;
        println!(
            "| {dimension} | {} | {star} | {contact} | {rearrangement} | {:.0} × | {:.0} × |",
            tally.directions,
            tally.evaluations[1] as f64 / tally.evaluations[0] as f64,
            tally.seconds[1] / tally.seconds[0]
        );
    }
    for tally in &tallies {
        let tally = tally.lock().unwrap();
        assert!(tally.directions > 0);
        for ((name, _, share), agreed) in REQUIRED.into_iter().zip(tally.agreed) {
            let reached = agreed as f64 / tally.directions as f64;
            assert!(reached >= share, "{name}: {reached:.3} agree, {share} required");
        }
    }
}
