//! Every solid that is made, computed again by plain means over the corners of what a configuration
//! accepts: forces over all pairs, pressure and elastic constants by dense linear algebra.

mod common;

use std::collections::BTreeMap;
use std::time::Instant;

use amorph::relax::RelaxError;
use amorph::relax::prepare::{Recipe, Structure, Target};
use amorph::response::features::{FeatureRequest, compute};
use amorph::solid::random::StreamKey;
use amorph::solid::{Solid, Vector};
use common::small::recipe;
use nalgebra::{DMatrix, DVector};

/// One cell of the scan.
#[derive(Clone, Copy)]
struct Cell {
    dimension: usize,
    particles: usize,
    pressure: f64,
    depth: f64,
}

/// What plain computation says about a solid.
struct Plain {
    /// max|F| over all particles and pairs, in units of the stiffest bond's curvature.
    stiff: f64,
    /// The same in units of the mean contact force.
    relative: f64,
    pressure: f64,
    elastic: Vec<f64>,
    zero_modes: usize,
    negative: usize,
}

/// The strain components in the order of the elastic constants.
fn components<const D: usize>() -> Vec<(usize, usize)> {
    if D == 2 {
        vec![(0, 0), (1, 1), (0, 1)]
    } else {
        vec![(0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)]
    }
}

const ELASTIC_2D: [(usize, usize); 6] = [(0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)];
/// xxxx yyyy zzzz yzyz xzxz xyxy yyzz xxzz xxyy xxyz xxxz xxxy yyyz yyxz yyxy zzyz zzxz zzxy yzxz
/// yzxy xzxy over (xx, yy, zz, yz, xz, xy).
const ELASTIC_3D: [(usize, usize); 21] = [
    (0, 0),
    (1, 1),
    (2, 2),
    (3, 3),
    (4, 4),
    (5, 5),
    (1, 2),
    (0, 2),
    (0, 1),
    (0, 3),
    (0, 4),
    (0, 5),
    (1, 3),
    (1, 4),
    (1, 5),
    (2, 3),
    (2, 4),
    (2, 5),
    (3, 4),
    (3, 5),
    (4, 5),
];

/// Everything from the pair energies alone: all pairs, no list, no rattlers, dense matrices.
fn plain<const D: usize>(solid: &Solid<D>) -> Plain {
    let n = solid.len();
    let potential = &solid.interactions.potential;
    let strains: Vec<DMatrix<f64>> = components::<D>()
        .into_iter()
        .map(|(a, b)| {
            let mut e = DMatrix::zeros(D, D);
            e[(a, b)] += 0.5;
            e[(b, a)] += 0.5;
            e
        })
        .collect();
    let mut hessian = DMatrix::<f64>::zeros(n * D, n * D);
    let mut coupling = vec![DVector::<f64>::zeros(n * D); strains.len()];
    let mut affine = DMatrix::<f64>::zeros(strains.len(), strains.len());
    let mut forces = vec![Vector::<D>::zeros(); n];
    let (mut virial, mut total, mut bonds, mut stiffest) = (0.0, 0.0, 0_usize, 0.0_f64);
    for i in 0..n {
        for j in i + 1..n {
            let r = solid.separation(i, j);
            let distance = r.norm();
            let pair = solid.pair(i, j);
            if !potential.interacts(&pair, distance) {
                continue;
            }
            let [slope, curvature, ..] = potential.radial(&pair, distance);
            forces[i] -= r * (slope / distance);
            forces[j] += r * (slope / distance);
            virial += slope * distance;
            total += slope.abs();
            bonds += 1;
            let core = pair.k / (pair.sigma * pair.sigma);
            stiffest = stiffest.max(core).max(2.0 * pair.depth * potential.a * potential.a);
            // Without the contacts that only touch: 1e-9 is far above the rounding, and a pair of a
            // rattler carries no force at all.
            if slope.abs() * pair.sigma / pair.k < 1e-12 * (1.0 + total / bonds as f64) {
                continue;
            }
            let normal = r / distance;
            let phi1 = slope / distance;
            let h = nalgebra::SMatrix::<f64, D, D>::identity() * phi1
                + normal * normal.transpose() * (curvature - phi1);
            for (row, column, sign) in [(i, i, 1.0), (j, j, 1.0), (i, j, -1.0), (j, i, -1.0)] {
                let mut view = hessian.view_mut((row * D, column * D), (D, D));
                view += h * sign;
            }
            let r = DVector::from_iterator(D, r.iter().copied());
            let h = DMatrix::from_iterator(D, D, h.iter().copied());
            for (a, strain) in strains.iter().enumerate() {
                let moved = strain * &r;
                let pull = &h * &moved;
                for axis in 0..D {
                    coupling[a][i * D + axis] += pull[axis];
                    coupling[a][j * D + axis] -= pull[axis];
                }
                for (b, other) in strains.iter().enumerate() {
                    affine[(a, b)] += (other * &r).dot(&pull);
                }
            }
        }
    }
    let volume = solid.cell.volume();
    let eigen = hessian.symmetric_eigen();
    let limit = 1e-11 * stiffest;
    let mut relaxed = affine;
    let (mut zero_modes, mut negative) = (0, 0);
    for (mode, &value) in eigen.eigenvalues.iter().enumerate() {
        if value.abs() <= limit {
            zero_modes += 1;
            continue;
        }
        negative += usize::from(value < 0.0);
        let v = eigen.eigenvectors.column(mode);
        let share: Vec<f64> = coupling.iter().map(|xi| xi.dot(&v)).collect();
        for a in 0..strains.len() {
            for b in 0..strains.len() {
                relaxed[(a, b)] -= share[a] * share[b] / value;
            }
        }
    }
    let order: &[(usize, usize)] = if D == 2 { &ELASTIC_2D } else { &ELASTIC_3D };
    let max_force = forces.iter().map(Vector::norm).fold(0.0, f64::max);
    Plain {
        stiff: max_force / stiffest,
        relative: max_force / (total / bonds as f64),
        pressure: -virial / (D as f64 * volume),
        elastic: order.iter().map(|&(a, b)| relaxed[(a, b)] / volume).collect(),
        zero_modes,
        negative,
    }
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
    let recipe =
        Recipe { ..recipe(cell.particles, Structure::Disordered, cell.pressure, cell.depth) };
    let Target::Pressure { tolerance, .. } = recipe.target else { unreachable!() };
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
        let request = FeatureRequest { stress: false, elastic: true, modes: 0, derived: false };
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
            && target <= tolerance * 1.01
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
                    if depth == 0.0 || pressure >= 1e-3 {
                        cells.push(Cell { dimension, particles, pressure, depth });
                    }
                }
            }
        }
    }
    cells
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
    for cell in cells().into_iter().filter(chosen) {
        let tally = match cell.dimension {
            2 => run::<2>(cell, solids, dense),
            _ => run::<3>(cell, solids, dense),
        };
        show(cell, &tally);
    }
}
