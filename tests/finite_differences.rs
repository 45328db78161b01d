//! The Jacobian through the minimisation against differences: every displaced solid is relaxed
//! again down to the rounding floor, and counts only if its rattlers and the branch of the pair
//! energy of every bond are those of the undisplaced one.

mod common;

use amorph::relax::disorder::Disorder;
use amorph::relax::forces::Forces;
use amorph::relax::newton::relax;
use amorph::relax::prepare::{Recipe, Structure};
use amorph::response::features::{FeatureRequest, compute};
use amorph::response::jacobian::bond_jacobian;
use amorph::response::strain::elastic_pairs;
use amorph::solid::Solid;
use amorph::solid::assignment::Assignment;
use amorph::solid::contacts::Bond;
use amorph::solid::parameters::{ParameterKind, ParameterSpace, upper_index};
use amorph::system::words::Word;
use common::bond_model::{BondModel, deformation};
use common::differences::derivative;
use common::pair_formula::Branch;
use common::small::{
    EVERYTHING, blocks, branch, key, prepared, recipe, relaxed, respond, topology,
};
use common::{largest, largest_difference};
use std::ops::Range;

/// Largest error of a block of J (the rows of one kind of feature), in units of its largest element
/// with every parameter changed relatively.
const TOLERANCE: f64 = 1e-7;

/// The same for the columns of B and a of a stiff tail alone. They are so small that the rounding of
/// the coordinates shows in the differences: 1e-15 L times 2Ba², in units of B dy/dB, over a step
/// of 1e-4.
const TOLERANCE_STIFF_TAIL: f64 = 1e-6;

/// The first relative change of a single bond's parameter in the independent model.
const FIRST_STEP_OF_A_BOND: f64 = 2e-3;

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
fn check<const D: usize>(name: &str, solid: Solid<D>, kinds: &[ParameterKind]) {
    check_columns(name, solid, kinds, |_, _| true);
}

/// The same for the parameters that are chosen.
fn check_columns<const D: usize>(
    name: &str,
    mut solid: Solid<D>,
    kinds: &[ParameterKind],
    chosen: impl Fn(&ParameterSpace, usize) -> bool,
) {
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
    let by_differences: Vec<Option<Vec<f64>>> = (0..space.len())
        .map(|q| {
            if !chosen(&space, q) {
                return None;
            }
            let y = |t: f64| {
                let mut changed = theta.clone();
                changed[q] *= 1.0 + t;
                features_at(&solid, &space, &changed, &reference)
            };
            Some(derivative(y, first_step, &ranges).values)
        })
        .collect();
    let stiff = solid.interactions.depths.upper().any(|depth| depth > STIFF_TAIL);
    let mut failures = Vec::new();
    let mut judge = |what: String, columns: Range<usize>, rows: &Range<usize>, tolerance: f64| {
        let (mut scale, mut error) = (0.0_f64, 0.0_f64);
        for (q, row) in columns.flat_map(|q| rows.clone().map(move |row| (q, row))) {
            let Some(differences) = &by_differences[q] else { continue };
            let exact = theta[q] * response.jacobian[(row, q)];
            scale = scale.max(exact.abs());
            let difference = (differences[row] - exact).abs();
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
                format!("d {block} / d ln {}", kind.word()),
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

fn check_power<const D: usize>(particles: usize, pressure: f64, exponent: f64) {
    let mut recipe = recipe(particles, Structure::Disordered, pressure, 0.0);
    recipe.potential.exponent = exponent;
    let name = format!("α = {exponent} {D}d p = {pressure:e}");
    check(&name, prepared::<D>(&recipe, 0, 4).solid, &SPHERES);
}

#[test]
fn jacobian_of_hertzian_disks_and_spheres_matches_relaxed_differences() {
    for pressure in [1e-1, 1e-3] {
        check_power::<2>(64, pressure, 2.5);
        check_power::<3>(48, pressure, 2.5);
    }
}

#[test]
fn jacobian_of_cubic_cores_matches_relaxed_differences() {
    for pressure in [1e-1, 1e-3] {
        check_power::<2>(64, pressure, 3.0);
        check_power::<3>(48, pressure, 3.0);
    }
}

fn check_polydisperse<const D: usize>(structure: Structure, particles: usize, pressure: f64) {
    let disorder = Some(Disorder { polydispersity: 0.1, defects: 0.0 });
    let recipe = Recipe { disorder, ..recipe(particles, structure, pressure, 0.0) };
    let name = format!("polydisperse {structure:?} {D}d p = {pressure:e}");
    check(&name, prepared::<D>(&recipe, 1, 4).solid, &SPHERES);
}

#[test]
fn jacobian_of_polydisperse_solids_matches_relaxed_differences() {
    for pressure in [1e-1, 1e-3] {
        check_polydisperse::<2>(Structure::Disordered, 64, pressure);
        check_polydisperse::<3>(Structure::Disordered, 48, pressure);
    }
    check_polydisperse::<2>(Structure::Crystal, 80, 1e-1);
    check_polydisperse::<3>(Structure::Crystal, 108, 1e-1);
}

fn check_attractive<const D: usize>(particles: usize, depth: f64, replica: u64) {
    let recipe = recipe(particles, Structure::Disordered, 1e-1, depth);
    let solid = prepared::<D>(&recipe, replica, if D == 2 { 3 } else { 2 });
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

/// Every particle a species of its own: the columns of D are those of the particles, and those of k
/// and B those of the pairs.
fn by_particle<const D: usize>(recipe: &Recipe, replica: u64) -> Solid<D> {
    let solid = recipe.prepare::<D>(&key(replica)).unwrap().solid;
    let assignment = Assignment::particles(&solid);
    solid.reassigned(assignment.species, assignment.interactions)
}

#[test]
fn jacobian_by_the_diameter_of_every_particle_matches_relaxed_differences() {
    let soft = recipe(48, Structure::Disordered, 1e-3, 0.0);
    check("particles 2d p = 0.001", by_particle::<2>(&soft, 0), &[ParameterKind::Diameter]);
    let attractive = recipe(32, Structure::Disordered, 1e-1, 1e-2);
    check("particles 2d B = 0.01", by_particle::<2>(&attractive, 0), &[ParameterKind::Diameter]);
    let soft = recipe(40, Structure::Disordered, 1e-1, 0.0);
    check("particles 3d p = 0.1", by_particle::<3>(&soft, 0), &[ParameterKind::Diameter]);
}

#[test]
fn only_the_diameters_of_rattlers_have_zero_columns_and_are_flagged() {
    let recipe = recipe(48, Structure::Disordered, 1e-3, 0.0);
    let mut solid = by_particle::<2>(&recipe, 0);
    let mut equilibrium = relaxed(&mut solid);
    let rattler = equilibrium.contacts.rattler.clone();
    assert!(rattler.contains(&true));
    let space = ParameterSpace::new(&[ParameterKind::Diameter], solid.len());
    let response = respond(&solid, &mut equilibrium, &EVERYTHING, &space);
    assert_eq!(response.inert, rattler);
    for (q, &rattles) in rattler.iter().enumerate() {
        let zero = (0..response.values.len()).all(|row| response.jacobian[(row, q)] == 0.0);
        assert_eq!(zero, rattles, "particle {q}");
    }
}

/// Some bonds of every branch that occurs.
fn sampled<const D: usize>(
    solid: &Solid<D>,
    bonds: &[Bond<D>],
    of_each: usize,
) -> Vec<(usize, Branch)> {
    let branch_of = |bond| branch(&solid.interactions.potential, bond);
    [Branch::Core, Branch::Spring, Branch::Morse, Branch::Switch]
        .into_iter()
        .flat_map(|wanted| {
            let all: Vec<usize> =
                (0..bonds.len()).filter(|&b| branch_of(&bonds[b]) == wanted).collect();
            let stride = all.len().div_ceil(of_each).max(1);
            all.into_iter().step_by(stride).map(move |b| (b, wanted)).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn jacobian_by_k_and_b_of_single_pairs_matches_relaxed_differences() {
    let recipe = recipe(32, Structure::Disordered, 1e-1, 1e-2);
    let mut solid = by_particle::<2>(&recipe, 1);
    let bonds = relaxed(&mut solid).contacts.bonds;
    let sample = sampled(&solid, &bonds, 4);
    for wanted in [Branch::Core, Branch::Morse, Branch::Switch] {
        assert!(sample.iter().any(|&(_, branch)| branch == wanted), "no bond on {wanted:?}");
    }
    let chosen = move |space: &ParameterSpace, q: usize| {
        sample.iter().any(|&(b, branch)| {
            // k acts in the core, B on the tail (in the core it is a constant).
            let kind = match branch {
                Branch::Core => ParameterKind::Stiffness,
                _ => ParameterKind::Depth,
            };
            let pair = upper_index(space.species(), bonds[b].i, bonds[b].j);
            q == space.offset(kind).unwrap() + pair
        })
    };
    let kinds = [ParameterKind::Stiffness, ParameterKind::Depth];
    check_columns("pairs 2d B = 0.01", solid, &kinds, chosen);
}

/// Bond-level columns against the independent model, one bond's parameter changed at a time.
fn check_bonds<const D: usize>(name: &str, recipe: &Recipe, replica: u64) {
    let mut solid = recipe.prepare::<D>(&key(replica)).unwrap().solid;
    let mut equilibrium = relaxed(&mut solid);
    let request = FeatureRequest { derived: false, ..EVERYTHING };
    let features = compute(&solid, &mut equilibrium, &request, true);
    let undeformed = deformation::<D>(&[]);
    let mut model = BondModel::new(&solid, &equilibrium);
    model.relax(&undeformed).unwrap();
    let blocks = &blocks::<D>(&request)[..3];
    let ranges: Vec<_> = blocks.iter().map(|(_, range)| range.clone()).collect();
    let bonds = &equilibrium.contacts.bonds;
    let sample = sampled(&solid, bonds, 3);
    for (parameter, kind) in
        [ParameterKind::Diameter, ParameterKind::Stiffness, ParameterKind::Depth]
            .into_iter()
            .enumerate()
    {
        let jacobian = bond_jacobian(&solid, bonds, &features.sensitivities, kind);
        let (mut exact, mut differences) = (Vec::new(), Vec::new());
        for &(b, _) in &sample {
            let value = model.bonds[b].parameters[parameter];
            // Of a spring the model's σ is the rest length λ_b σ_b.
            let theta = if parameter == 0 { value / bonds[b].stretch } else { value };
            exact.push((0..request.len(D)).map(|r| theta * jacobian[(r, b)]).collect::<Vec<_>>());
            let y = |t: f64| {
                let mut moved = model.clone();
                moved.bonds[b].parameters[parameter] = value * (1.0 + t);
                moved.relax(&undeformed)?;
                let mut values = moved.strain_gradient(&undeformed);
                let matrix = moved.elastic_matrix();
                values.extend(elastic_pairs(D).iter().map(|&(a, b)| matrix[(a, b)]));
                values.extend(moved.frequencies(request.modes));
                Some(values)
            };
            differences.push(derivative(y, FIRST_STEP_OF_A_BOND, &ranges).values);
        }
        for (block, rows) in blocks {
            let of_block = |columns: &[Vec<f64>]| -> Vec<f64> {
                columns.iter().flat_map(|column| column[rows.clone()].to_vec()).collect()
            };
            let (exact, differences) = (of_block(&exact), of_block(&differences));
            let scale = largest(&exact);
            let error = largest_difference(&exact, &differences);
            let relative = if scale > VANISHING { error / scale } else { error };
            println!("{name} {D}d d {block} / d ln {}_b: {relative:.1e}", kind.word());
            assert!(relative < TOLERANCE, "{name} {D}d {block} by {kind:?}: {relative:e}");
        }
    }
}

#[test]
fn jacobian_by_sigma_k_and_b_of_single_bonds_matches_an_independent_model() {
    let disordered =
        |particles, pressure, depth| recipe(particles, Structure::Disordered, pressure, depth);
    check_bonds::<2>("bonds p = 0.001", &disordered(32, 1e-3, 0.0), 0);
    check_bonds::<2>("bonds B = 0.01", &disordered(32, 1e-1, 1e-2), 0);
    check_bonds::<2>("bonds B = 0.1", &disordered(32, 1e-1, 1e-1), 0);
    check_bonds::<2>("bonds network", &recipe(32, Structure::Network, 1e-1, 0.0), 0);
    check_bonds::<3>("bonds p = 0.1", &disordered(32, 1e-1, 0.0), 0);
    check_bonds::<3>("bonds B = 0.01", &disordered(40, 1e-1, 1e-2), 0);
}
