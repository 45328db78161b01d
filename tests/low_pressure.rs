//! Attractive solids at low pressure against reference cases that plain dense computation made
//! (`tests/data/attractive_*.h5`): stress and elastic constants at the stored positions, and J by
//! 4-point differences of solids that it relaxed itself.
//!
//! `cargo test --test low_pressure -- --ignored` makes the files anew.

mod common;
#[path = "common/plain.rs"]
mod plain;

use amorph::format::solid_file;
use amorph::relax::prepare::Structure;
use amorph::response::features::FeatureRequest;
use amorph::solid::Solid;
use amorph::solid::parameters::{ParameterKind, ParameterSpace};
use amorph::solid::potential::Tail;
use common::small::{prepared, recipe, relaxed, respond};
use common::{largest, largest_difference, numbers};

const SPECIES: usize = 4;
const FEATURES: FeatureRequest =
    FeatureRequest { stress: true, elastic: true, modes: 0, derived: false, pairs: Vec::new() };

/// Largest error of stress and C, in units of the largest element.
const VALUES: f64 = 1e-10;

/// Largest error of J: that of the differences.
const JACOBIAN: f64 = 1e-6;

/// The first step in θ; a quarter of it follows where it changes a pair.
const STEP: f64 = 4e-5;

/// Differences of smaller steps are rounding.
const SMALLEST_STEP: f64 = 5e-6;

/// (name, particles, p, B).
const CASES_2D: [(&str, usize, f64, f64); 2] = [
    ("attractive_2d_n048_p1e-2_B1e-2", 48, 1e-2, 1e-2),
    ("attractive_2d_n048_p1e-3_B1e-2", 48, 1e-3, 1e-2),
];
const CASES_3D: [(&str, usize, f64, f64); 1] = [("attractive_3d_n040_p1e-2_B1e-2", 40, 1e-2, 1e-2)];

fn space() -> ParameterSpace {
    ParameterSpace::new(
        &[ParameterKind::Diameter, ParameterKind::Stiffness, ParameterKind::Depth],
        SPECIES,
    )
}

fn check<const D: usize>(name: &str) {
    let path = format!("tests/data/{name}.h5");
    let file = common::open(&path);
    let mut solid = solid_file::read(&path).unwrap().solid::<D>(Tail::DEFAULT).unwrap();
    let mut equilibrium = relaxed(&mut solid);
    let ours = respond(&solid, &mut equilibrium, &FEATURES, &space());
    let columns = space().len();
    for (block, rows) in
        [("stress", 0..D * (D + 1) / 2), ("elastic", D * (D + 1) / 2..FEATURES.len(D))]
    {
        let values = numbers(&file, block);
        let error = largest_difference(&ours.values[rows.clone()], &values) / largest(&values);
        assert!(error < VALUES, "{name} {block}: {error:e}");
        let theirs = numbers(&file, &format!("jacobian_of_{block}"));
        let jacobian: Vec<f64> = rows
            .flat_map(|row| (0..columns).map(move |q| (row, q)))
            .map(|place| ours.jacobian[place])
            .collect();
        let difference = largest_difference(&jacobian, &theirs) / largest(&theirs);
        println!("{name} {block}: {error:.1e}, J {difference:.1e}");
        assert!(difference < JACOBIAN, "{name} J of {block}: {difference:e}");
    }
}

#[test]
fn attractive_solids_at_low_pressure_are_those_of_plain_computation() {
    CASES_2D.iter().for_each(|case| check::<2>(case.0));
    CASES_3D.iter().for_each(|case| check::<3>(case.0));
}

/// J by 4-point differences, row-major (n_y, n_θ); `None` where every step changes a pair.
fn jacobian<const D: usize>(solid: &Solid<D>) -> Option<Vec<f64>> {
    let space = space();
    let theta = space.values(&solid.interactions);
    let pairs = plain::plain(solid).pairs;
    let y = |q: usize, change: f64| -> Option<Vec<f64>> {
        let mut moved = solid.clone();
        let mut changed = theta.clone();
        changed[q] += change;
        space.apply(&mut moved.interactions, &changed);
        let (_, state) = plain::relaxed(moved);
        let same = state.pairs == pairs;
        same.then(|| state.stress.iter().chain(&state.elastic).copied().collect())
    };
    let columns: Option<Vec<Vec<f64>>> = (0..space.len())
        .map(|q| {
            let mut step = STEP * theta[q];
            loop {
                let sides: Option<Vec<Vec<f64>>> =
                    [-2.0, -1.0, 1.0, 2.0].into_iter().map(|n| y(q, n * step)).collect();
                if let Some(y) = sides {
                    let slope = |row: usize| {
                        (y[0][row] - 8.0 * y[1][row] + 8.0 * y[2][row] - y[3][row]) / (12.0 * step)
                    };
                    return Some((0..y[0].len()).map(slope).collect());
                }
                step *= 0.25;
                if step < SMALLEST_STEP * theta[q] {
                    return None;
                }
            }
        })
        .collect();
    let columns = columns?;
    let rows = 0..columns[0].len();
    Some(rows.flat_map(|row| columns.iter().map(move |column| column[row])).collect())
}

fn make<const D: usize>((name, particles, pressure, depth): (&str, usize, f64, f64)) {
    let recipe = recipe(particles, Structure::Disordered, pressure, depth);
    // The first solid of which differences can be taken.
    let (solid, state, jacobian) = (0..)
        .find_map(|replica| {
            let (solid, state) = plain::relaxed(prepared::<D>(&recipe, replica, SPECIES).solid);
            jacobian(&solid).map(|jacobian| (solid, state, jacobian))
        })
        .unwrap();
    let file = hdf5::File::create(format!("tests/data/{name}.h5")).unwrap();
    let write = |name: &str, shape: [usize; 2], values: &[f64]| {
        let dataset = file.new_dataset::<f64>().shape(shape).create(name).unwrap();
        dataset.write_raw(values).unwrap();
    };
    let flat = |name: &str, values: &[f64]| {
        file.new_dataset::<f64>()
            .shape(values.len())
            .create(name)
            .unwrap()
            .write_raw(values)
            .unwrap();
    };
    let positions: Vec<f64> = solid.positions.iter().flatten().copied().collect();
    write("positions", [solid.len(), D], &positions);
    flat("box", solid.cell.edges().as_slice());
    let species: Vec<i64> = solid.species.iter().map(|&s| s as i64).collect();
    file.new_dataset::<i64>()
        .shape(species.len())
        .create("species")
        .unwrap()
        .write_raw(&species)
        .unwrap();
    flat("diameters", &solid.interactions.diameters);
    write("k", [SPECIES, SPECIES], &solid.interactions.k.to_vec());
    write("B", [SPECIES, SPECIES], &solid.interactions.depths.to_vec());
    file.new_attr::<f64>().create("a").unwrap().write_scalar(&50.0).unwrap();
    flat("stress", &state.stress);
    flat("elastic", &state.elastic);
    let columns = space().len();
    let rows = state.stress.len();
    write("jacobian_of_stress", [rows, columns], &jacobian[..rows * columns]);
    write("jacobian_of_elastic", [state.elastic.len(), columns], &jacobian[rows * columns..]);
}

#[test]
#[ignore = "makes the reference cases anew"]
fn the_reference_cases_are_made() {
    CASES_2D.into_iter().for_each(make::<2>);
    CASES_3D.into_iter().for_each(make::<3>);
}
