//! Every solid that is made, computed again by plain means over the corners of what a configuration
//! accepts: forces over all pairs, pressure and elastic constants by dense linear algebra.

mod common;
#[path = "common/plain.rs"]
mod plain;

use std::collections::BTreeMap;
use std::time::Instant;

use amorph::relax::RelaxError;
use amorph::relax::prepare::Structure;
use amorph::response::features::{FeatureRequest, compute};
use amorph::solid::random::StreamKey;
use common::small::recipe;
use plain::plain;

/// One cell of the scan.
#[derive(Clone, Copy)]
struct Cell {
    dimension: usize,
    particles: usize,
    pressure: f64,
    depth: f64,
}

/// What came of a cell.
#[derive(Default)]
struct Tally {
    solids: u64,
    failed: u64,
    attempts: u64,
    seconds: f64,
    slowest: f64,
    relaxations: u64,
    most: u64,
    fractions: f64,
    wrong: Vec<String>,
    reasons: BTreeMap<String, u64>,
    worst: [f64; 4],
}

fn run<const D: usize>(cell: Cell, solids: u64, dense: bool) -> Tally {
    let recipe = recipe(cell.particles, Structure::Disordered, cell.pressure, cell.depth);
    let mut tally = Tally::default();
    for replica in 0..solids {
        let key = StreamKey { seed: 3, solid: 5, replica, attempt: 0 };
        let start = Instant::now();
        let made = recipe.prepare::<D>(&key);
        let seconds = start.elapsed().as_secs_f64();
        tally.seconds += seconds;
        tally.slowest = tally.slowest.max(seconds);
        let mut prepared = match made {
            Ok(prepared) => prepared,
            Err(RelaxError::NoAttemptLeft { attempts, last }) => {
                tally.failed += 1;
                tally.attempts += attempts;
                *tally.reasons.entry(kind(&last)).or_default() += 1;
                continue;
            }
            Err(other) => panic!("{other}"),
        };
        tally.solids += 1;
        tally.attempts += prepared.attempts;
        tally.relaxations += prepared.relaxations;
        tally.most = tally.most.max(prepared.relaxations);
        tally.fractions += prepared.solid.packing_fraction();
        for reason in &prepared.discarded {
            *tally.reasons.entry(kind(reason)).or_default() += 1;
        }
        if !dense {
            continue;
        }
        let request = FeatureRequest { elastic: true, ..FeatureRequest::NONE };
        let ours = compute(&prepared.solid, &mut prepared.equilibrium, &request, false).values;
        let theirs = plain(&prepared.solid);
        let scale = theirs.elastic.iter().fold(0.0_f64, |max, c| max.max(c.abs()));
        let elastic =
            ours.iter().zip(&theirs.elastic).fold(0.0_f64, |max, (a, b)| max.max((a - b).abs()))
                / scale;
        let pressure = (theirs.pressure / prepared.equilibrium.pressure - 1.0).abs();
        for (worst, value) in
            tally.worst.iter_mut().zip([theirs.stiff, theirs.relative, pressure, elastic])
        {
            *worst = worst.max(value);
        }
        let target = (theirs.pressure / cell.pressure - 1.0).abs();
        if !(theirs.stiff <= 1e-11
            && theirs.relative <= 1e-8
            && pressure <= 1e-8
            && elastic <= 1e-8
            && target <= recipe.pressure_tolerance * 1.01
            && theirs.negative == 0)
        {
            tally.wrong.push(format!(
                "replica {replica}: F {:.1e} {:.1e}, p {pressure:.1e} target {target:.1e}, C {elastic:.1e}, negative {}, zero {}, rattlers {}",
                theirs.stiff, theirs.relative, theirs.negative, theirs.zero_modes,
                prepared.equilibrium.contacts.rattler_count()
            ));
        }
    }
    tally
}

/// A reason without its numbers.
fn kind(reason: &str) -> String {
    reason
        .split(|c: char| c.is_ascii_digit() || c == '=')
        .next()
        .unwrap_or_default()
        .trim()
        .to_owned()
}

fn show(cell: Cell, tally: &Tally) {
    let n = (tally.solids + tally.failed) as f64;
    println!(
        "| {}d | {} | {:e} | {} | {} | {} | {:.2} | {:.1} {} φ {:.4} | {:.2} | {:.2} | {:.0e} {:.0e} {:.0e} {:.0e} | {} | {:?}",
        cell.dimension,
        cell.particles,
        cell.pressure,
        cell.depth,
        tally.solids,
        tally.failed,
        tally.attempts as f64 / n,
        tally.relaxations as f64 / tally.solids as f64,
        tally.most,
        tally.fractions / tally.solids as f64,
        tally.seconds / n,
        tally.slowest,
        tally.worst[0],
        tally.worst[1],
        tally.worst[2],
        tally.worst[3],
        tally.wrong.len(),
        tally.reasons
    );
    for line in &tally.wrong {
        println!("    {line}");
    }
}

/// The cells of the whole scan.
fn cells() -> Vec<Cell> {
    let mut cells = Vec::new();
    for dimension in [2, 3] {
        for particles in [64, 256] {
            for depth in [0.0, 0.001, 0.01, 0.03, 0.1] {
                for pressure in [1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5] {
                    // At p = 1 the box of 64 spheres is too small: the configuration refuses it.
                    let fits = pressure < 1.0 || dimension == 2 || particles > 64;
                    if fits && (depth == 0.0 || (1e-3..=0.1).contains(&pressure)) {
                        cells.push(Cell { dimension, particles, pressure, depth });
                    }
                }
            }
        }
    }
    // Large soft solids at low pressure: the rounding of their forces.
    for particles in [1024, 4096] {
        cells.push(Cell { dimension: 2, particles, pressure: 1e-5, depth: 0.0 });
    }
    cells
}

/// Beyond this size there are fewer solids, and no dense computation.
const LARGEST_DENSE: usize = 256;
const LARGE_SOLIDS: u64 = 5;

/// Replicas of a cell that may fail, and attempts per replica.
const FAILED: f64 = 0.01;
const ATTEMPTS: f64 = 1.2;

/// What a cell falls short of.
fn shortcomings(cell: Cell, tally: &Tally) -> Vec<String> {
    let n = (tally.solids + tally.failed) as f64;
    let place = format!(
        "{}d N = {} p = {:e} B = {}",
        cell.dimension, cell.particles, cell.pressure, cell.depth
    );
    let mut lines: Vec<String> =
        tally.wrong.iter().map(|line| format!("{place}: {line}")).collect();
    if tally.failed as f64 > FAILED * n {
        lines.push(format!("{place}: {} of {n} failed: {:?}", tally.failed, tally.reasons));
    }
    if tally.attempts as f64 > ATTEMPTS * n {
        lines.push(format!("{place}: {} attempts for {n} solids", tally.attempts));
    }
    lines
}

fn scanned(cell: Cell, solids: u64, dense: bool) -> Vec<String> {
    let large = cell.particles > LARGEST_DENSE;
    let (solids, dense) = if large { (LARGE_SOLIDS, false) } else { (solids, dense) };
    let tally = match cell.dimension {
        2 => run::<2>(cell, solids, dense),
        _ => run::<3>(cell, solids, dense),
    };
    show(cell, &tally);
    shortcomings(cell, &tally)
}

#[test]
fn a_sample_of_the_corners_is_what_plain_computation_says() {
    let sample = |dimension, particles, pressure, depth| {
        scanned(Cell { dimension, particles, pressure, depth }, 3, true)
    };
    let mut short = Vec::new();
    for (pressure, depth) in
        [(1e-3, 0.0), (1e-5, 0.0), (1e-2, 1e-3), (1e-1, 1e-2), (1e-2, 1e-2), (1e-3, 3e-2)]
    {
        short.extend(sample(2, 64, pressure, depth));
        short.extend(sample(3, 48, pressure, depth));
    }
    short.extend(sample(2, 48, 1e-3, 1e-1));
    short.extend(sample(2, 64, 1.0, 0.0));
    short.extend(sample(3, 80, 1.0, 0.0));
    assert!(short.is_empty(), "{short:#?}");
}

#[test]
#[ignore = "long: make scan"]
fn scan() {
    let number = |name: &str, default: u64| {
        std::env::var(name).map_or(default, |value| value.parse().expect("a number"))
    };
    let solids = number("AMORPH_SCAN_SOLIDS", 20);
    let only = number("AMORPH_SCAN_PARTICLES", 0) as usize;
    let dense = number("AMORPH_SCAN_DENSE", 1) == 1;
    let dimension = number("AMORPH_SCAN_DIMENSION", 0) as usize;
    let float =
        |name: &str| std::env::var(name).map_or(f64::NAN, |value| value.parse().expect("a number"));
    let (depth, pressure) = (float("AMORPH_SCAN_DEPTH"), float("AMORPH_SCAN_PRESSURE"));
    let chosen = |cell: &Cell| {
        (only == 0 || cell.particles == only)
            && (dimension == 0 || cell.dimension == dimension)
            && (depth.is_nan() || cell.depth == depth)
            && (pressure.is_nan() || cell.pressure == pressure)
    };
    println!(
        "| d | N | p | B | solids | failed | attempts | relaxations (mean, most), packing fraction | \
         s per solid | slowest | F/stiffest, F/mean, p, C | wrong | reasons"
    );
    let short: Vec<String> =
        cells().into_iter().filter(chosen).flat_map(|cell| scanned(cell, solids, dense)).collect();
    assert!(short.is_empty(), "{short:#?}");
}
