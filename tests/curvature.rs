//! The second derivatives d²y/dγ² in closed form against differences: of J Δθ̂ and of y itself,
//! along Δθ̂, every displaced solid relaxed again.

mod common;

use amorph::relax::forces::Forces;
use amorph::relax::newton::relax;
use amorph::relax::prepare::{Recipe, Structure};
use amorph::response::curvature::{DirectionResponse, curvature, first_derivatives, gamma_tilde};
use amorph::response::linear::LinearResponse;
use amorph::response::modes::lowest_modes;
use amorph::solid::parameters::{ParameterDirection, ParameterKind, ParameterSpace};
use common::differences::{derivative, second_derivative};
use common::small::{EVERYTHING, key, prepared, recipe, relaxed, respond, topology};
use common::{largest, largest_difference};
use rand::RngExt;

/// Largest error against differences of J Δθ̂, in units of a block's largest element.
const TOLERANCE: f64 = 1e-7;

/// The same against second differences of y, whose rounding is divided by the step squared.
const TOLERANCE_TWICE: f64 = 1e-3;

/// The first γ.
const FIRST_STEP: f64 = 3e-4;

/// A random direction that changes all parameters by comparable fractions, |Δθ̂| = 1.
fn direction(space: &ParameterSpace, theta: &[f64]) -> Vec<f64> {
    let mut random = key(7).stream(amorph::solid::random::Purpose::Directions(space.len()));
    let relative: Vec<f64> =
        theta.iter().map(|value| value * (2.0 * random.random::<f64>() - 1.0)).collect();
    let norm = relative.iter().map(|x| x * x).sum::<f64>().sqrt();
    relative.iter().map(|x| x / norm).collect()
}

fn check<const D: usize>(name: &str, recipe: &Recipe, kinds: &[ParameterKind]) {
    let mut solid = prepared::<D>(recipe, 0, 3).solid;
    let mut equilibrium = relaxed(&mut solid);
    let reference = topology(&solid, &equilibrium);
    let space = ParameterSpace::new(kinds, 3);
    let theta = space.values(&solid.interactions);
    let hat = direction(&space, &theta);
    // γ in units in which the largest relative change of a parameter is 1.
    let unit = 1.0 / hat.iter().zip(&theta).fold(0.0, |max, (w, t)| f64::max(max, (w / t).abs()));

    let modes = lowest_modes(&solid, &mut equilibrium, EVERYTHING.modes);
    let response = LinearResponse::new(&solid, &equilibrium);
    let along =
        DirectionResponse::new(&response, &ParameterDirection::new(&space, &hat), &solid.species);
    let exact = curvature(&response, &along, &modes, &EVERYTHING);
    let (stress_rate, elastic_rate) = first_derivatives(&response, &along);

    let at = |gamma: f64| {
        let mut moved = solid.clone();
        let changed: Vec<f64> = theta.iter().zip(&hat).map(|(t, w)| t + gamma * w).collect();
        space.apply(&mut moved.interactions, &changed);
        let mut forces = Forces::new(&moved);
        let mut equilibrium = relax(&mut moved, &mut forces).ok()?;
        if topology(&moved, &equilibrium) != reference {
            return None;
        }
        let response = respond(&moved, &mut equilibrium, &EVERYTHING, &space);
        let linear: Vec<f64> = (0..response.values.len())
            .map(|row| (0..space.len()).map(|q| response.jacobian[(row, q)] * hat[q]).sum())
            .collect();
        Some((response.values, linear))
    };
    let forward = at(0.0).unwrap().1;
    let s_and_c: Vec<f64> = stress_rate.into_iter().chain(elastic_rate).collect();
    let error = largest_difference(&forward[..s_and_c.len()], &s_and_c) / largest(&s_and_c);
    assert!(error < 1e-11, "{name}: the forward and the adjoint form differ by {error:e}");

    let blocks = common::small::blocks::<D>(&EVERYTHING);
    let ranges: Vec<_> = blocks.iter().map(|(_, range)| range.clone()).collect();
    let step = FIRST_STEP * unit;
    let of_linear = derivative(|t| Some(at(t)?.1), step, &ranges).values;
    let of_values = second_derivative(|t| Some(at(t)?.0), step, &ranges).values;
    for (block, rows) in blocks {
        let scale = largest(&exact[rows.clone()]);
        let first = largest_difference(&of_linear[rows.clone()], &exact[rows.clone()]) / scale;
        let second = largest_difference(&of_values[rows.clone()], &exact[rows]) / scale;
        println!("{name} d² {block}: {first:.1e} from J, {second:.1e} from y, of {scale:.1e}");
        assert!(first < TOLERANCE, "{name} d² {block}: {first:e} from differences of J");
        assert!(second < TOLERANCE_TWICE, "{name} d² {block}: {second:e} from differences of y");
    }
}

const SPHERES: [ParameterKind; 2] = [ParameterKind::Diameter, ParameterKind::Stiffness];

#[test]
fn curvature_of_soft_spheres_matches_differences_of_the_jacobian_and_of_the_features() {
    let recipe = |n, p| recipe(n, Structure::Disordered, p, 0.0);
    check::<2>("soft 2d p = 0.1, D k", &recipe(48, 1e-1), &SPHERES);
    check::<2>("soft 2d p = 0.1, k", &recipe(48, 1e-1), &[ParameterKind::Stiffness]);
    check::<2>("soft 2d p = 0.001, D k", &recipe(48, 1e-3), &SPHERES);
    check::<3>("soft 3d p = 0.1, D k", &recipe(40, 1e-1), &SPHERES);
    check::<3>("soft 3d p = 0.001, D", &recipe(40, 1e-3), &[ParameterKind::Diameter]);
}

#[test]
fn curvature_of_cores_of_other_exponents_matches_differences_of_the_jacobian_and_of_the_features() {
    let recipe = |n, p, exponent| {
        let mut recipe = recipe(n, Structure::Disordered, p, 0.0);
        recipe.potential.exponent = exponent;
        recipe
    };
    check::<2>("α = 2.5 2d p = 0.1, D k", &recipe(48, 1e-1, 2.5), &SPHERES);
    check::<3>("α = 3 3d p = 0.1, D k", &recipe(40, 1e-1, 3.0), &SPHERES);
    check::<2>("α = 2.5 2d p = 0.001, D k", &recipe(48, 1e-3, 2.5), &SPHERES);
}

#[test]
fn curvature_of_attractive_solids_matches_differences_of_the_jacobian_and_of_the_features() {
    let recipe = |n, depth| recipe(n, Structure::Disordered, 1e-1, depth);
    check::<2>("attractive 2d B = 0.01, D k B a", &recipe(48, 1e-2), &ParameterKind::ALL);
    check::<2>("attractive 2d B = 0.1, D k B a", &recipe(48, 1e-1), &ParameterKind::ALL);
    let tail = [ParameterKind::Depth, ParameterKind::InverseRange];
    check::<2>("attractive 2d B = 0.03, B a", &recipe(48, 3e-2), &tail);
    check::<3>("attractive 3d B = 0.01, D k B a", &recipe(40, 1e-2), &ParameterKind::ALL);
    check::<3>(
        "attractive 3d B = 0.1, D B",
        &recipe(40, 1e-1),
        &[ParameterKind::Diameter, ParameterKind::Depth],
    );
}

#[test]
fn curvature_of_spring_networks_matches_differences_of_the_jacobian_and_of_the_features() {
    check::<2>("network 2d, D k", &recipe(48, Structure::Network, 1e-1, 0.0), &SPHERES);
    check::<3>("network 3d, D k", &recipe(40, Structure::Network, 1e-1, 0.0), &SPHERES);
}

#[test]
fn gamma_tilde_is_where_the_quadratic_term_is_the_given_fraction_of_the_linear_one() {
    let (linear, bend) = ([3.0, -4.0], [0.0, 20.0]);
    let gamma = gamma_tilde(&linear, &bend, 0.1);
    assert!((0.5 * 20.0 * gamma * gamma - 0.1 * 5.0 * gamma).abs() < 1e-15, "{gamma}");
    assert_eq!(gamma_tilde(&linear, &[0.0, 0.0], 0.1), f64::INFINITY);
}
