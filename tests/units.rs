//! The unit of energy is arbitrary: k → εk, B → εB, p → εp changes nothing but the unit of what comes
//! out, bit for bit where ε is a power of 4.

mod common;

use amorph::linearity::problem::SweepProblem;
use amorph::linearity::settings::SweepSettings;
use amorph::linearity::sweep::sweep;
use amorph::linearity::thresholds::Threshold;
use amorph::relax::prepare::{Recipe, Structure, Target};
use amorph::response::features::FeatureRequest;
use amorph::response::susceptibility::{RANK_TOLERANCE, decompose};
use amorph::solid::interactions::SymmetricTable;
use amorph::solid::parameters::{ParameterKind, ParameterSpace};
use amorph::study::config::Study;
use common::small::{EVERYTHING, prepared, recipe, respond};
use faer::Mat;

/// Everything that is compared, in units of ε.
struct Outcome {
    /// Positions and box [length].
    lengths: Vec<f64>,
    /// Stress, elastic constants and derived features but ν [energy/length^d], with their J over D.
    energies: Vec<f64>,
    /// Frequencies [energy^½/length] with their J over D.
    frequencies: Vec<f64>,
    /// γ*, γ_c, γ_r over D [length].
    thresholds: Vec<f64>,
}

fn scaled(recipe: &Recipe, unit: f64) -> Recipe {
    let table = |table: &SymmetricTable| SymmetricTable::from_fn(2, |s, t| unit * table.get(s, t));
    let Target::Pressure(value) = recipe.target else { unreachable!() };
    Recipe {
        k: table(&recipe.k),
        depths: table(&recipe.depths),
        target: Target::Pressure(unit * value),
        ..recipe.clone()
    }
}

fn outcome<const D: usize>(recipe: &Recipe, unit: f64) -> Outcome {
    const SPECIES: usize = 6;
    let mut made = prepared::<D>(&scaled(recipe, unit), 3, SPECIES);
    let space = ParameterSpace::new(&[ParameterKind::Diameter], SPECIES);
    let response = respond(&made.solid, &mut made.equilibrium, &EVERYTHING, &space);
    let edges = made.solid.cell.edges();
    let (mut energies, mut frequencies) = (Vec::new(), Vec::new());
    let stresses = EVERYTHING.len(D) - EVERYTHING.modes - 4;
    for row in 0..EVERYTHING.len(D) - 1 {
        let mode = (stresses..stresses + EVERYTHING.modes).contains(&row);
        let (list, unit) =
            if mode { (&mut frequencies, unit.sqrt()) } else { (&mut energies, unit) };
        list.push(response.values[row] / unit);
        list.extend((0..space.len()).map(|q| response.jacobian[(row, q)] / unit));
    }
    let request = FeatureRequest { modes: 0, derived: false, ..EVERYTHING };
    let jacobian =
        Mat::from_fn(stresses, space.len(), |row, column| response.jacobian[(row, column)]);
    let svd = decompose(jacobian.as_ref(), RANK_TOLERANCE, 0.0).unwrap();
    let settings = SweepSettings { gamma_max: 3e-2, points: 5, ..SweepSettings::DEFAULT };
    let thresholds = (0..2)
        .flat_map(|mode| {
            let direction: Vec<f64> = (0..space.len()).map(|q| svd.right[(mode, q)]).collect();
            let problem = SweepProblem {
                solid: &made.solid,
                space: &space,
                direction: &direction,
                request: request.clone(),
                weights: None,
            };
            let found = sweep(&problem, &settings, false).unwrap();
            let ends = |threshold: Threshold| [threshold.lo, threshold.hi];
            [found.gamma_star, found.gamma_contact, found.gamma_rearrangement]
                .into_iter()
                .flat_map(ends)
                .collect::<Vec<f64>>()
        })
        .collect();
    let positions = made.solid.positions.iter().flat_map(|r| r.iter().copied().collect::<Vec<_>>());
    Outcome {
        lengths: edges.iter().copied().chain(positions).collect(),
        energies,
        frequencies,
        thresholds,
    }
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

fn check<const D: usize>(particles: usize, pressure: f64, depth: f64) {
    let recipe = recipe(particles, Structure::Disordered, pressure, depth);
    let one = outcome::<D>(&recipe, 1.0);
    assert!(one.thresholds.iter().any(|x| x.is_finite()));
    for unit in [4.0_f64.powi(-3), 64.0, 4.0_f64.powi(8)] {
        let other = outcome::<D>(&recipe, unit);
        let place = format!("{D}d p = {pressure}, B = {depth}, ε = {unit}");
        assert_eq!(bits(&one.lengths), bits(&other.lengths), "{place}: positions");
        assert_eq!(bits(&one.energies), bits(&other.energies), "{place}: stress, C, J");
        assert_eq!(bits(&one.frequencies), bits(&other.frequencies), "{place}: frequencies");
        assert_eq!(bits(&one.thresholds), bits(&other.thresholds), "{place}: thresholds");
    }
    // Any other unit: to rounding, which the way to the minimum raises.
    let other = outcome::<D>(&recipe, 100.0);
    for (name, a, b) in [
        ("positions", &one.lengths, &other.lengths),
        ("stress, C, J", &one.energies, &other.energies),
        ("frequencies", &one.frequencies, &other.frequencies),
    ] {
        let error = common::largest_difference(a, b) / common::largest(a);
        assert!(error < 1e-7, "{D}d p = {pressure}, B = {depth}, ε = 100: {name} {error:e}");
    }
}

#[test]
fn soft_spheres_scale_with_the_unit_of_energy() {
    check::<2>(48, 1e-1, 0.0);
    check::<3>(48, 1e-3, 0.0);
}

#[test]
fn attractive_particles_scale_with_the_unit_of_energy() {
    check::<2>(48, 1e-2, 1e-2);
    check::<3>(48, 1e-1, 1e-1);
}

#[test]
fn the_random_streams_do_not_know_the_unit_of_energy() {
    let identity = |k: f64, b: f64, p: f64| {
        let text = format!(
            "version = 1\n[study]\nname = \"units\"\n[solid]\ndimension = 2\nparticles = 64\nk = {k:?}\nB = {b:?}\npressure = {p:?}\n"
        );
        Study::parse("units.toml", &text).unwrap().scenarios[0].solid.identity()
    };
    assert_eq!(identity(1.0, 0.01, 0.1), identity(64.0, 0.64, 6.4));
    assert_ne!(identity(1.0, 0.01, 0.1), identity(64.0, 0.01, 6.4));
    // p is limited in units of k.
    let text = |k: f64| {
        format!(
            "version = 1\n[study]\nname = \"units\"\n[solid]\ndimension = 2\nparticles = 64\nk = {k:?}\npressure = 5.0\n"
        )
    };
    assert!(Study::parse("units.toml", &text(100.0)).is_ok());
    assert!(Study::parse("units.toml", &text(1.0)).is_err());
}
