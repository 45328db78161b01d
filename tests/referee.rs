//! The continuation against the plain protocol (FIRE at every step of γ/200) on Scenario 1,
//! N = 256: `make referee`, about an hour. `AMORPH_REFEREE_REPLICAS` (default 12) sets how many
//! solids, nine directions each.

mod common;
#[path = "common/solids.rs"]
mod solids;

use std::time::Instant;

use amorph::linearity::referee::agree;
use amorph::linearity::sweep::{Protocol, Start, SweepProblem, SweepSettings, sweep};
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

fn compare<const D: usize>() {
    let replicas: u64 = std::env::var("AMORPH_REFEREE_REPLICAS")
        .map_or(12, |value| value.parse().expect("a number of replicas"));
    let settings = SweepSettings {
        gamma_min: 1e-6,
        gamma_max: 1e-1,
        points: 26,
        deviation: 0.1,
        bracket: 0.01,
        protocol: Protocol::Continuation,
        start: Start::Warm,
    };
    let plain =
        SweepSettings { protocol: Protocol::Referee, gamma_min: REFEREE_GAMMA_MIN, ..settings };
    let mut agreed = [0_usize; 3];
    let mut directions = 0_usize;
    let (mut ours_seconds, mut plain_seconds) = (0.0, 0.0);
    for replica in 0..replicas {
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
            let start = Instant::now();
            let ours = sweep(&problem, &settings, false).unwrap();
            ours_seconds += start.elapsed().as_secs_f64();
            let start = Instant::now();
            let theirs = sweep(&problem, &plain, false).unwrap();
            plain_seconds += start.elapsed().as_secs_f64();
            directions += 1;
            let pairs = [
                (&ours.gamma_star, &theirs.gamma_star),
                (&ours.gamma_contact, &theirs.gamma_contact),
                (&ours.gamma_rearrangement, &theirs.gamma_rearrangement),
            ];
            for (k, (a, b)) in pairs.into_iter().enumerate() {
                if agree(a, b, REQUIRED[k].1) {
                    agreed[k] += 1;
                } else {
                    println!(
                        "{D}d replica {replica} w_{index} {}: {} — referee {}",
                        REQUIRED[k].0,
                        show(a),
                        show(b)
                    );
                }
            }
        }
        println!("{D}d replica {replica}: {agreed:?} of {directions} directions agree");
    }
    println!(
        "| {D}d | {directions} | {} | {} | {} | {:.0} |",
        agreed[0],
        agreed[1],
        agreed[2],
        plain_seconds / ours_seconds
    );
    for (k, (name, _, share)) in REQUIRED.into_iter().enumerate() {
        let reached = agreed[k] as f64 / directions as f64;
        assert!(reached >= share, "{D}d {name}: {reached:.3} agree, {share} required");
    }
}

#[test]
#[ignore = "about half an hour: make referee"]
fn the_continuation_agrees_with_the_plain_protocol_in_2d() {
    compare::<2>();
}

#[test]
#[ignore = "about an hour: make referee"]
fn the_continuation_agrees_with_the_plain_protocol_in_3d() {
    compare::<3>();
}
