//! What must hold for every solid: invariance under translation, rotation and renumbering, the
//! scaling of lengths and energies, and the sum rules that follow from it.
//!
//! Lengths times λ (positions, box, D and 1/a) leave the energy alone, so that stress and C go
//! as λ^{−d} and ω as λ^{−1}. A uniform relative change of all D and 1/a at fixed box is therefore
//! a change of the box at fixed D and a and a change of units: with y ∝ length^{−n},
//!
//! ```text
//! Σ_s D_s ∂y/∂D_s − a ∂y/∂a = −n y − dy/d ln L          (d y/d ln L: isotropic, relaxed)
//! Σ k_st ∂y/∂k_st + Σ B_st ∂y/∂B_st = m y               (y ∝ energy^m)
//! ```

mod common;

use amorph::relax::forces::Forces;
use amorph::relax::newton::{finish, relax};
use amorph::relax::prepare::Structure;
use amorph::response::features::compute;
use amorph::response::strain::{components, elastic_index, elastic_pairs};
use amorph::solid::cell::Cell;
use amorph::solid::interactions::SymmetricTable;
use amorph::solid::parameters::{ParameterKind, ParameterSpace};
use amorph::solid::{Solid, Vector};
use common::differences::derivative;
use common::small::{
    EVERYTHING, Response, blocks, key, prepared, recipe, relaxed, respond, topology,
};
use common::{largest, largest_difference};
use nalgebra::SMatrix;
use rand::seq::SliceRandom;
use std::sync::LazyLock;

/// Largest disagreement, in units of a block's largest element, of two solids that are the same.
const ROUNDING: f64 = 1e-10;

/// Largest error of the sum rule whose one side is a difference.
const TOLERANCE: f64 = 1e-7;

/// The first relative change of the box.
const FIRST_STEP: f64 = 3e-4;

static SOLIDS_2D: LazyLock<Vec<(&str, Solid<2>)>> = LazyLock::new(solids);
static SOLIDS_3D: LazyLock<Vec<(&str, Solid<3>)>> = LazyLock::new(solids);

/// Every kind of solid, in a box that is not square.
fn solids<const D: usize>() -> Vec<(&'static str, Solid<D>)> {
    let particles = if D == 2 { 48 } else { 40 };
    [
        ("soft p = 0.1", Structure::Disordered, 1e-1, 0.0),
        ("soft p = 0.001", Structure::Disordered, 1e-3, 0.0),
        ("attractive B = 0.01", Structure::Disordered, 1e-1, 1e-2),
        ("attractive B = 0.1", Structure::Disordered, 1e-1, 1e-1),
        ("network", Structure::Network, 1e-1, 0.0),
    ]
    .into_iter()
    .map(|(name, structure, pressure, depth)| {
        let recipe = recipe(particles, structure, pressure, depth);
        let mut solid = prepared::<D>(&recipe, 0, 3).solid;
        // By 2%, but so little at low pressure that the solid stays jammed.
        let strain = 0.2 * pressure;
        let factors = Vector::<D>::from_fn(|axis, _| 1.0 + strain * [1.0, -1.0, 0.3][axis]);
        solid.cell = Cell::new(solid.cell.edges().component_mul(&factors));
        solid.positions.iter_mut().for_each(|x| *x = x.component_mul(&factors));
        relaxed(&mut solid);
        (name, solid)
    })
    .collect()
}

/// θ of everything that the solid has.
fn space_of<const D: usize>(solid: &Solid<D>) -> ParameterSpace {
    let kinds = if solid.interactions.attractive() {
        ParameterKind::ALL.to_vec()
    } else {
        vec![ParameterKind::Diameter, ParameterKind::Stiffness]
    };
    ParameterSpace::new(&kinds, solid.interactions.species())
}

/// y and J of a solid exactly where it is.
fn response_of<const D: usize>(solid: &Solid<D>) -> Response {
    let mut forces = Forces::new(solid);
    let mut equilibrium = finish(solid, &mut forces, None).unwrap();
    respond(solid, &mut equilibrium, &EVERYTHING, &space_of(solid))
}

/// All elements of J by rows.
fn elements(response: &Response, rows: std::ops::Range<usize>) -> Vec<f64> {
    let jacobian = &response.jacobian;
    rows.flat_map(|row| (0..jacobian.ncols()).map(move |q| jacobian[(row, q)])).collect()
}

/// The blocks of y and J of two responses agree.
fn agree<const D: usize>(name: &str, ours: &Response, expected: &Response) {
    let space = ours.jacobian.ncols();
    assert_eq!(space, expected.jacobian.ncols());
    let mut worst = 0.0_f64;
    for (block, rows) in blocks::<D>(&EVERYTHING) {
        let of_y = (&ours.values[rows.clone()], &expected.values[rows.clone()]);
        let of_j = (&elements(ours, rows.clone())[..], &elements(expected, rows.clone())[..]);
        for (what, (ours, expected)) in [("y", of_y), ("J", of_j)] {
            // The stress of an unstressed network is rounding.
            let scale = largest(expected).max(1e-3);
            let error = largest_difference(ours, expected) / scale;
            assert!(error < ROUNDING, "{name} {D}d, {what} of {block}: {error:e}");
            worst = worst.max(error);
        }
    }
    println!("{name} {D}d: {worst:.1e}");
}

fn translation<const D: usize>(solids: &[(&str, Solid<D>)]) {
    for (name, solid) in solids {
        let edges = solid.cell.edges();
        let mut moved = solid.clone();
        for (i, position) in moved.positions.iter_mut().enumerate() {
            // Another periodic image of every particle, too.
            *position += Vector::from_fn(|axis, _| {
                0.317 * (axis + 1) as f64 + edges[axis] * ((i + axis) % 3) as f64 - edges[axis]
            });
        }
        agree::<D>(&format!("{name}, translated"), &response_of(&moved), &response_of(solid));
    }
}

#[test]
fn translation_and_the_choice_of_periodic_images_change_nothing() {
    translation(&SOLIDS_2D);
    translation(&SOLIDS_3D);
}

/// The features of a solid after the rotation (or reflection) x → Q x.
fn rotated_features<const D: usize>(values: &[f64], q: &SMatrix<f64, D, D>) -> Vec<f64> {
    let strains = components(D);
    let mut rotated = values.to_vec();
    let place = |i: usize, j: usize| {
        strains.iter().position(|&(a, b)| (a, b) == (i.min(j), i.max(j))).unwrap()
    };
    let indices = || (0..D).flat_map(|i| (0..D).map(move |j| (i, j)));
    for (row, &(alpha, beta)) in strains.iter().enumerate() {
        rotated[row] =
            indices().map(|(i, j)| q[(alpha, i)] * q[(beta, j)] * values[place(i, j)]).sum();
    }
    let first = strains.len();
    for (row, &(a, b)) in elastic_pairs(D).iter().enumerate() {
        let ((alpha, beta), (gamma, delta)) = (strains[a], strains[b]);
        rotated[first + row] = indices()
            .flat_map(|(i, j)| indices().map(move |(k, l)| (i, j, k, l)))
            .map(|(i, j, k, l)| {
                let weight = q[(alpha, i)] * q[(beta, j)] * q[(gamma, k)] * q[(delta, l)];
                weight * values[first + elastic_index(D, place(i, j), place(k, l))]
            })
            .sum();
    }
    rotated
}

fn rotation<const D: usize>(solids: &[(&str, Solid<D>)], q: &SMatrix<f64, D, D>) {
    for (name, solid) in solids {
        let mut turned = solid.clone();
        turned.cell = Cell::new((q * solid.cell.edges()).abs());
        turned.positions.iter_mut().for_each(|x| *x = q * *x);
        let original = response_of(solid);
        let columns: Vec<Vec<f64>> = (0..original.jacobian.ncols())
            .map(|column| {
                let values: Vec<f64> =
                    (0..original.values.len()).map(|r| original.jacobian[(r, column)]).collect();
                rotated_features(&values, q)
            })
            .collect();
        let expected = Response {
            values: rotated_features(&original.values, q),
            jacobian: faer::Mat::from_fn(original.values.len(), columns.len(), |row, column| {
                columns[column][row]
            }),
            ..original
        };
        agree::<D>(&format!("{name}, rotated"), &response_of(&turned), &expected);
    }
}

#[test]
fn rotation_by_90_degrees_turns_stress_and_c_as_tensors_and_leaves_the_frequencies() {
    rotation(&SOLIDS_2D, &SMatrix::<f64, 2, 2>::new(0.0, -1.0, 1.0, 0.0));
    rotation(&SOLIDS_3D, &SMatrix::<f64, 3, 3>::new(0.0, -1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0));
    rotation(&SOLIDS_3D, &SMatrix::<f64, 3, 3>::new(0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0));
}

fn renumbering<const D: usize>(solids: &[(&str, Solid<D>)]) {
    for (name, solid) in solids {
        let mut order: Vec<usize> = (0..solid.len()).collect();
        order.shuffle(&mut key(3).stream(amorph::solid::random::Purpose::Positions));
        let mut moved = solid.clone();
        let mut place = vec![0; solid.len()];
        for (new, &old) in order.iter().enumerate() {
            place[old] = new;
            moved.positions[new] = solid.positions[old];
            moved.species[new] = solid.species[old];
        }
        moved.springs = solid.springs.as_ref().map(|springs| {
            let mut renamed: Vec<_> = springs
                .iter()
                .map(|spring| {
                    let (i, j) = (place[spring.i], place[spring.j]);
                    amorph::solid::SpringBond { i: i.min(j), j: i.max(j), ..*spring }
                })
                .collect();
            renamed.sort_by_key(|spring| (spring.i, spring.j));
            renamed.into()
        });
        agree::<D>(&format!("{name}, renumbered"), &response_of(&moved), &response_of(solid));
    }
}

#[test]
fn the_order_of_the_particles_changes_nothing() {
    renumbering(&SOLIDS_2D);
    renumbering(&SOLIDS_3D);
}

/// y ∝ length^{−n} energy^m of every row: (n, m).
fn dimensions<const D: usize>() -> Vec<(f64, f64)> {
    let d = D as f64;
    let mut of_rows = Vec::new();
    for (block, rows) in blocks::<D>(&EVERYTHING) {
        let dimension = match block {
            "omega" => (1.0, 0.5),
            "nu" => (0.0, 0.0),
            _ => (d, 1.0),
        };
        of_rows.resize(rows.end, dimension);
    }
    of_rows
}

/// The response after lengths were scaled by λ and energies by ε, from dimensions alone.
fn scaled_response<const D: usize>(
    original: Response,
    space: &ParameterSpace,
    lambda: f64,
    epsilon: f64,
) -> Response {
    let dimensions = dimensions::<D>();
    let factor = |row: usize| {
        let (n, m) = dimensions[row];
        lambda.powf(-n) * epsilon.powf(m)
    };
    let unit = |q: usize| match space.kind_of(q).unwrap() {
        ParameterKind::Diameter => lambda,
        ParameterKind::Stiffness | ParameterKind::Depth => epsilon,
        ParameterKind::InverseRange => 1.0 / lambda,
    };
    Response {
        values: original.values.iter().enumerate().map(|(row, y)| factor(row) * y).collect(),
        jacobian: faer::Mat::from_fn(original.values.len(), space.len(), |row, q| {
            original.jacobian[(row, q)] * factor(row) / unit(q)
        }),
        ..original
    }
}

fn scaling<const D: usize>(solids: &[(&str, Solid<D>)], lambda: f64, epsilon: f64) {
    for (name, solid) in solids {
        let mut scaled = solid.clone();
        scaled.cell = solid.cell.scaled(lambda);
        scaled.positions.iter_mut().for_each(|x| *x *= lambda);
        scaled.interactions.diameters.iter_mut().for_each(|diameter| *diameter *= lambda);
        scaled.interactions.potential.a /= lambda;
        let times = |table: &SymmetricTable| {
            SymmetricTable::from_fn(table.species(), |s, t| epsilon * table.get(s, t))
        };
        scaled.interactions.k = times(&solid.interactions.k);
        scaled.interactions.depths = times(&solid.interactions.depths);
        let expected = scaled_response::<D>(response_of(solid), &space_of(solid), lambda, epsilon);
        let name = format!("{name}, lengths × {lambda}, energies × {epsilon}");
        agree::<D>(&name, &response_of(&scaled), &expected);
    }
}

#[test]
fn scaling_all_lengths_scales_features_and_jacobian_by_their_dimension() {
    scaling(&SOLIDS_2D, 1.37, 1.0);
    scaling(&SOLIDS_3D, 0.71, 1.0);
}

#[test]
fn scaling_all_energies_scales_features_and_jacobian_by_their_dimension() {
    scaling(&SOLIDS_2D, 1.0, 2.3);
    scaling(&SOLIDS_3D, 1.0, 0.6);
}

/// Σ_q θ_q ∂y/∂θ_q over the parameters of some kinds, each with its sign.
fn relative_change(
    response: &Response,
    space: &ParameterSpace,
    theta: &[f64],
    sign: impl Fn(ParameterKind) -> f64,
) -> Vec<f64> {
    (0..response.values.len())
        .map(|row| {
            (0..space.len())
                .map(|q| sign(space.kind_of(q).unwrap()) * theta[q] * response.jacobian[(row, q)])
                .sum()
        })
        .collect()
}

fn energy_sum_rule<const D: usize>(solids: &[(&str, Solid<D>)]) {
    for (name, solid) in solids {
        let (response, space) = (response_of(solid), space_of(solid));
        let theta = space.values(&solid.interactions);
        let sum = relative_change(&response, &space, &theta, |kind| match kind {
            ParameterKind::Stiffness | ParameterKind::Depth => 1.0,
            ParameterKind::Diameter | ParameterKind::InverseRange => 0.0,
        });
        let dimensions = dimensions::<D>();
        for (block, rows) in blocks::<D>(&EVERYTHING) {
            let expected: Vec<f64> =
                rows.clone().map(|row| dimensions[row].1 * response.values[row]).collect();
            let scale = largest(&response.values[rows.clone()]).max(1e-3);
            let error = largest_difference(&sum[rows], &expected) / scale;
            println!("{name} {D}d, {block}: {error:.1e}");
            assert!(error < ROUNDING, "{name} {D}d, {block}: {error:e}");
        }
    }
}

#[test]
fn a_uniform_relative_change_of_all_k_and_b_changes_features_by_their_own_value() {
    energy_sum_rule(&SOLIDS_2D);
    energy_sum_rule(&SOLIDS_3D);
}

fn length_sum_rule<const D: usize>(solids: &[(&str, Solid<D>)]) {
    for (name, solid) in solids {
        // The rest lengths of a network go with D, so that the rule holds for it as it stands.
        let (response, space) = (response_of(solid), space_of(solid));
        let theta = space.values(&solid.interactions);
        let sum = relative_change(&response, &space, &theta, |kind| match kind {
            ParameterKind::Diameter => 1.0,
            ParameterKind::InverseRange => -1.0,
            ParameterKind::Stiffness | ParameterKind::Depth => 0.0,
        });
        let mut forces = Forces::new(solid);
        let reference = topology(solid, &finish(solid, &mut forces, None).unwrap());
        let expanded = |t: f64| {
            let mut moved = solid.clone();
            moved.cell = solid.cell.scaled(1.0 + t);
            moved.positions.iter_mut().for_each(|x| *x *= 1.0 + t);
            let mut forces = Forces::new(&moved);
            let mut equilibrium = relax(&mut moved, &mut forces).ok()?;
            if topology(&moved, &equilibrium) != reference {
                return None;
            }
            Some(compute(&moved, &mut equilibrium, &EVERYTHING, false).values)
        };
        let blocks = blocks::<D>(&EVERYTHING);
        let ranges: Vec<_> = blocks.iter().map(|(_, rows)| rows.clone()).collect();
        let by_box = derivative(expanded, FIRST_STEP, &ranges).values;
        let dimensions = dimensions::<D>();
        for (block, rows) in blocks {
            let expected: Vec<f64> = rows
                .clone()
                .map(|row| -dimensions[row].0 * response.values[row] - by_box[row])
                .collect();
            let error = largest_difference(&sum[rows], &expected) / largest(&expected);
            println!("{name} {D}d, {block}: {error:.1e}");
            assert!(error < TOLERANCE, "{name} {D}d, {block}: {error:e}");
        }
    }
}

#[test]
fn a_uniform_relative_change_of_all_diameters_and_ranges_is_a_change_of_the_box() {
    length_sum_rule(&SOLIDS_2D);
    length_sum_rule(&SOLIDS_3D);
}
