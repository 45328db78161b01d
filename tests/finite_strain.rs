//! Stress and elastic constants against finite strain F = 1 + ε with re-relaxation.
//!
//! Twice: in the library's own orthogonal cells, whose edges are changed, and in an independent
//! model with a fixed list of bonds (`common/bond_model.rs`), which can be sheared too.

mod common;

use amorph::relax::forces::Forces;
use amorph::relax::newton::relax;
use amorph::relax::prepare::{Recipe, Structure};
use amorph::response::linear::LinearResponse;
use amorph::response::strain::{components, elastic_index, elastic_pairs};
use amorph::solid::Solid;
use amorph::solid::cell::Cell;
use common::bond_model::{BondModel, deformation};
use common::differences::{derivative, second_derivative};
use common::small::{prepared, recipe, relaxed, topology};
use common::{largest, largest_difference};
use std::ops::Range;

/// Largest error of first differences, in units of the largest constant.
const TOLERANCE: f64 = 1e-8;

/// The same of second differences of the energy, whose rounding is divided by the strain squared.
const TOLERANCE_TWICE: f64 = 1e-6;

/// Largest disagreement of two exact evaluations.
const ROUNDING: f64 = 1e-11;

/// The first strain; smaller ones follow.
const FIRST_STRAIN: f64 = 2e-3;

fn recipes<const D: usize>() -> Vec<(&'static str, Recipe)> {
    let particles = if D == 2 { 48 } else { 40 };
    vec![
        ("soft p = 0.1", recipe(particles, Structure::Disordered, 1e-1, 0.0)),
        ("soft p = 0.001", recipe(particles, Structure::Disordered, 1e-3, 0.0)),
        ("attractive B = 0.01", recipe(particles, Structure::Disordered, 1e-1, 1e-2)),
        ("attractive B = 0.1", recipe(particles, Structure::Disordered, 1e-1, 1e-1)),
        ("network", recipe(particles, Structure::Network, 1e-1, 0.0)),
    ]
}

/// One block that holds every element.
#[allow(clippy::single_range_in_vec_init)]
fn whole(len: usize) -> [Range<usize>; 1] {
    [0..len]
}

fn check_model<const D: usize>(name: &str, recipe: &Recipe) {
    let mut solid = prepared::<D>(recipe, 0, 2).solid;
    let equilibrium = relaxed(&mut solid);
    let response = LinearResponse::new(&solid, &equilibrium);
    let (stress, elastic) = (response.stress(), response.elastic_constants());
    let mut model = BondModel::new(&solid, &equilibrium);
    let strains = components(D).len();
    let undeformed = deformation::<D>(&vec![0.0; strains]);
    model.relax(&undeformed).unwrap();
    let scale = largest(&elastic);

    // Exactly: dense linear algebra with automatic differentiation.
    let matrix = model.elastic_matrix();
    let exact: Vec<f64> = elastic_pairs(D).iter().map(|&(a, b)| matrix[(a, b)]).collect();
    let error = largest_difference(&elastic, &exact) / scale;
    assert!(error < ROUNDING, "{name} {D}d: C {error:e}");
    let error = largest_difference(&stress, &model.strain_gradient(&undeformed)) / scale;
    assert!(error < ROUNDING, "{name} {D}d: stress {error:e}");

    let strained = |direction: &[f64], t: f64| {
        let f = deformation::<D>(&direction.iter().map(|x| x * t).collect::<Vec<_>>());
        let mut moved = model.clone();
        moved.relax(&f)?;
        Some((moved.energy(&f) / model.volume, moved.strain_gradient(&f)))
    };
    let unit = |a: usize| (0..strains).map(|b| f64::from(a == b)).collect::<Vec<_>>();
    let mut errors = [0.0_f64; 3];
    for a in 0..strains {
        // s_a and C_ab from U(γ_a) and from the forces on the cell.
        let direction = unit(a);
        let of_energy =
            derivative(|t| Some(vec![strained(&direction, t)?.0]), FIRST_STRAIN, &whole(1)).values;
        errors[0] = errors[0].max((of_energy[0] - stress[a]).abs());
        let of_stress =
            derivative(|t| Some(strained(&direction, t)?.1), FIRST_STRAIN, &whole(strains)).values;
        for (b, value) in of_stress.iter().enumerate() {
            let constant = elastic[elastic_index(D, a, b)];
            errors[1] = errors[1].max((value - constant).abs());
        }
        // C_aa + 2 C_ab + C_bb from the energy alone.
        for b in a.saturating_sub(1)..=a {
            let both: Vec<f64> = (0..strains).map(|c| f64::from(c == a || c == b)).collect();
            let value =
                second_derivative(|t| Some(vec![strained(&both, t)?.0]), FIRST_STRAIN, &whole(1))
                    .values[0];
            let constant = |a, b| elastic[elastic_index(D, a, b)];
            let expected = if a == b {
                constant(a, a)
            } else {
                constant(a, a) + 2.0 * constant(a, b) + constant(b, b)
            };
            errors[2] = errors[2].max((value - expected).abs());
        }
    }
    let [of_s, of_c, of_u] = errors.map(|error| error / scale);
    println!("{name} {D}d: s from U {of_s:.1e}, C from s {of_c:.1e}, C from U {of_u:.1e}");
    assert!(of_s < TOLERANCE, "{name} {D}d: stress from the energy {of_s:e}");
    assert!(of_c < TOLERANCE, "{name} {D}d: C from the stress {of_c:e}");
    assert!(of_u < TOLERANCE_TWICE, "{name} {D}d: C from the energy {of_u:e}");
}

#[test]
fn stress_and_elastic_constants_match_finite_strain_of_every_component_in_2d() {
    for (name, recipe) in recipes::<2>() {
        check_model::<2>(name, &recipe);
    }
}

#[test]
fn stress_and_elastic_constants_match_finite_strain_of_every_component_in_3d() {
    for (name, recipe) in recipes::<3>() {
        check_model::<3>(name, &recipe);
    }
}

/// The solid with its edges strained and its positions with them.
fn stretched<const D: usize>(solid: &Solid<D>, strain: &[f64]) -> Solid<D> {
    let factors = nalgebra::SVector::<f64, D>::from_fn(|axis, _| 1.0 + strain[axis]);
    let mut moved = solid.clone();
    moved.cell = Cell::new(solid.cell.edges().component_mul(&factors));
    moved.positions.iter_mut().for_each(|x| *x = x.component_mul(&factors));
    moved
}

/// Strains of the edges, relaxed by the library in its own cell.
fn check_cells<const D: usize>(name: &str, recipe: &Recipe) {
    let mut solid = prepared::<D>(recipe, 0, 2).solid;
    if solid.springs.is_some() {
        // A network keeps its images by construction; its cell may not be square.
        solid = stretched(&solid, &[0.01, -0.005, 0.004][..D]);
    }
    let equilibrium = relaxed(&mut solid);
    let reference = topology(&solid, &equilibrium);
    let response = LinearResponse::new(&solid, &equilibrium);
    let (stress, elastic) = (response.stress(), response.elastic_constants());
    let scale = largest(&elastic);
    let volume = solid.cell.volume();

    // (U, ∂U/∂ε_αα)/V of the strained, relaxed solid.
    let strained = |strain: &[f64]| -> Option<Vec<f64>> {
        let mut moved = stretched(&solid, strain);
        let mut forces = Forces::new(&moved);
        let equilibrium = relax(&mut moved, &mut forces).ok()?;
        if topology(&moved, &equilibrium) != reference {
            return None;
        }
        let cauchy = LinearResponse::new(&moved, &equilibrium).stress();
        let grown = moved.cell.volume() / volume;
        let mut values = vec![forces.energy(&moved) / volume];
        values.extend((0..D).map(|axis| cauchy[axis] * grown / (1.0 + strain[axis])));
        Some(values)
    };
    let mut errors = [0.0_f64; 3];
    for a in 0..D {
        for b in 0..=a {
            let along = |t: f64| {
                strained(
                    &(0..D).map(|c| if c == a || c == b { t } else { 0.0 }).collect::<Vec<_>>(),
                )
            };
            let first = derivative(along, FIRST_STRAIN, &[0..1, 1..D + 1]).values;
            let twice = second_derivative(along, FIRST_STRAIN, &[0..1, 1..D + 1]).values;
            let constant = |a: usize, b: usize| elastic[elastic_index(D, a, b)];
            let (s, u) = if a == b {
                (stress[a], constant(a, a))
            } else {
                (stress[a] + stress[b], constant(a, a) + 2.0 * constant(a, b) + constant(b, b))
            };
            errors[0] = errors[0].max((first[0] - s).abs());
            for c in 0..D {
                let expected =
                    if a == b { constant(a, c) } else { constant(a, c) + constant(b, c) };
                errors[1] = errors[1].max((first[1 + c] - expected).abs());
            }
            errors[2] = errors[2].max((twice[0] - u).abs());
        }
    }
    let [of_s, of_c, of_u] = errors.map(|error| error / scale);
    println!("{name} {D}d cells: s from U {of_s:.1e}, C from s {of_c:.1e}, C from U {of_u:.1e}");
    assert!(of_s < TOLERANCE, "{name} {D}d: stress from the energy {of_s:e}");
    assert!(of_c < TOLERANCE, "{name} {D}d: C from the stress {of_c:e}");
    assert!(of_u < TOLERANCE_TWICE, "{name} {D}d: C from the energy {of_u:e}");
}

#[test]
fn stress_and_elastic_constants_match_relaxation_in_strained_boxes() {
    for (name, recipe) in recipes::<2>() {
        check_cells::<2>(name, &recipe);
    }
    for (name, recipe) in recipes::<3>() {
        check_cells::<3>(name, &recipe);
    }
}
