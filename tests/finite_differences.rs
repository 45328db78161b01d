//! The Jacobian through the minimisation against differences: every displaced solid is relaxed
//! again down to the rounding floor, and counts only if its rattlers and the branch of the pair
//! energy of every bond are those of the undisplaced one.

mod common;

use std::ops::Range;

use amorph::relax::forces::Forces;
use amorph::relax::newton::relax;
use amorph::relax::prepare::Structure;
use amorph::response::features::compute;
use amorph::solid::Solid;
use amorph::solid::parameters::{ParameterKind, ParameterSpace};
use common::differences::derivative;
use common::small::{EVERYTHING, blocks, prepared, recipe, relaxed, respond, topology};

/// Largest error of a block of J (the rows of one kind of feature), in units of its largest element
/// with every parameter changed relatively.
const TOLERANCE: f64 = 1e-7;

/// The same for the columns of B and a of a stiff tail alone. They are so small that the rounding of
/// the coordinates shows in the differences: 1e-15 L times 2Ba², in units of B dy/dB, over a step
/// of 1e-4.
const TOLERANCE_STIFF_TAIL: f64 = 1e-6;

/// The depth B from which on the tail is stiff [energy]: 2Ba² is some 250 k/D².
const STIFF_TAIL: f64 = 0.05;

/// Elements of blocks that vanish, as stress by k in an unstressed network [energy/length^d].
const VANISHING: f64 = 1e-12;

/// The first relative change of a parameter; smaller ones follow.
const FIRST_STEP: f64 = 1e-4;

/// The same for attractive solids: their forces are rounded more coarsely, so that no step that
/// leaves the topology unchanged is too large.
const FIRST_STEP_ATTRACTIVE: f64 = 3e-4;

const SPHERES: [ParameterKind; 2] = [ParameterKind::Diameter, ParameterKind::Stiffness];

/// y with one parameter changed and the solid relaxed from where it was; `None` where the topology
/// changes.
fn features_at<const D: usize>(
    solid: &Solid<D>,
    space: &ParameterSpace,
    theta: &[f64],
    reference: &common::small::Topology,
) -> Option<Vec<f64>> {
    let mut moved = solid.clone();
    space.apply(&mut moved.interactions, theta);
    let mut forces = Forces::new(&moved);
    let mut equilibrium = relax(&mut moved, &mut forces).ok()?;
    if topology(&moved, &equilibrium) != *reference {
        return None;
    }
    Some(compute(&moved, &mut equilibrium, &EVERYTHING, false).values)
}

/// J of every feature with respect to every parameter of these kinds.
fn check<const D: usize>(name: &str, mut solid: Solid<D>, kinds: &[ParameterKind]) {
    let attractive = solid.interactions.attractive();
    let first_step = if attractive { FIRST_STEP_ATTRACTIVE } else { FIRST_STEP };
    let mut equilibrium = relaxed(&mut solid);
    let reference = topology(&solid, &equilibrium);
    let space = ParameterSpace::new(kinds, solid.interactions.species());
    let response = respond(&solid, &mut equilibrium, &EVERYTHING, &space);
    assert!(response.degenerate.iter().all(|&degenerate| !degenerate), "{name}: degenerate");
    let blocks = blocks::<D>(&EVERYTHING);
    let ranges: Vec<_> = blocks.iter().map(|(_, range)| range.clone()).collect();
    let theta = space.values(&solid.interactions);
    let by_differences: Vec<Vec<f64>> = (0..space.len())
        .map(|q| {
            let y = |t: f64| {
                let mut changed = theta.clone();
                changed[q] *= 1.0 + t;
                features_at(&solid, &space, &changed, &reference)
            };
            derivative(y, first_step, &ranges).values
        })
        .collect();
    let stiff = solid.interactions.depths.upper().any(|depth| depth > STIFF_TAIL);
    let mut failures = Vec::new();
    let mut judge = |what: String, columns: Range<usize>, rows: &Range<usize>, tolerance: f64| {
        let (mut scale, mut error) = (0.0_f64, 0.0_f64);
        for (row, q) in rows.clone().flat_map(|r| columns.clone().map(move |q| (r, q))) {
            let exact = theta[q] * response.jacobian[(row, q)];
            scale = scale.max(exact.abs());
            let difference = (by_differences[q][row] - exact).abs();
            error = if difference <= error { error } else { difference };
        }
        let relative = if scale > VANISHING { error / scale } else { error };
        println!("{name} {what}: {relative:.1e} of {scale:.1e}");
        if relative.is_nan() || relative >= tolerance {
            failures.push(format!("{what}: {relative:.1e}"));
        }
    };
    for (block, rows) in &blocks {
        judge(format!("d {block}"), 0..space.len(), rows, TOLERANCE);
        for kind in kinds {
            let offset = space.offset(*kind).unwrap();
            let of_tail = matches!(kind, ParameterKind::Depth | ParameterKind::InverseRange);
            judge(
                format!("d {block} / d ln {}", kind.symbol()),
                offset..offset + kind.count(space.species()),
                rows,
                if stiff && of_tail { TOLERANCE_STIFF_TAIL } else { TOLERANCE },
            );
        }
    }
    assert!(failures.is_empty(), "{name}: {failures:?}");
}

fn check_soft_spheres<const D: usize>(particles: usize, pressure: f64, replica: u64) {
    let recipe = recipe(particles, Structure::Disordered, pressure, 0.0);
    let solid = prepared::<D>(&recipe, replica, 4);
    if pressure < 1e-2 {
        assert!(solid.equilibrium.contacts.rattler_count() > 0, "no rattlers: another replica");
    }
    check(&format!("soft {D}d p = {pressure:e}"), solid.solid, &SPHERES);
}

#[test]
fn jacobian_of_soft_disks_matches_relaxed_differences() {
    check_soft_spheres::<2>(64, 1e-1, 0);
}

#[test]
fn jacobian_of_soft_disks_with_rattlers_matches_relaxed_differences() {
    check_soft_spheres::<2>(64, 1e-3, 0);
}

#[test]
fn jacobian_of_soft_spheres_matches_relaxed_differences() {
    check_soft_spheres::<3>(48, 1e-1, 0);
}

#[test]
fn jacobian_of_soft_spheres_with_rattlers_matches_relaxed_differences() {
    check_soft_spheres::<3>(48, 1e-3, 1);
}

fn check_attractive<const D: usize>(particles: usize, depth: f64, replica: u64) {
    let recipe = recipe(particles, Structure::Disordered, 1e-1, depth);
    let solid = prepared::<D>(&recipe, replica, 3);
    check(&format!("attractive {D}d B = {depth:e}"), solid.solid, &ParameterKind::ALL);
}

#[test]
fn jacobian_of_attractive_disks_matches_relaxed_differences() {
    check_attractive::<2>(48, 1e-2, 0);
    check_attractive::<2>(48, 1e-1, 0);
}

#[test]
fn jacobian_of_attractive_spheres_matches_relaxed_differences() {
    check_attractive::<3>(48, 1e-2, 0);
    check_attractive::<3>(48, 1e-1, 0);
}

fn check_network<const D: usize>(particles: usize) {
    let recipe = recipe(particles, Structure::Network, 1e-1, 0.0);
    check(&format!("network {D}d"), prepared::<D>(&recipe, 0, 4).solid, &SPHERES);
}

#[test]
fn jacobian_of_a_spring_network_matches_relaxed_differences() {
    check_network::<2>(64);
    check_network::<3>(48);
}
