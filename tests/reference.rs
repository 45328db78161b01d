//! The physics against numbers that others computed (`tests/data/README.md`).

mod common;

use amorph::format::solid_file;
use amorph::relax::forces::Forces;
use amorph::relax::newton::finish;
use amorph::response::curvature::{DirectionResponse, curvature, gamma_tilde};
use amorph::response::features::{FeatureRequest, compute};
use amorph::response::jacobian::BondJacobians;
use amorph::response::linear::LinearResponse;
use amorph::response::susceptibility::{RANK_TOLERANCE, decompose};
use amorph::solid::cell::Cell;
use amorph::solid::interactions::{Interactions, SymmetricTable};
use amorph::solid::parameters::{ParameterDirection, ParameterKind, ParameterSpace};
use amorph::solid::potential::{Potential, Tail};
use amorph::solid::{Solid, Vector};
use amorph::system::words::Word;
use common::{largest, largest_difference, numbers};

const SOFT: [&str; 4] =
    ["s2d_n064_p1e-1_D10", "s3d_n064_p1e-1_D30", "s2d_n064_p1e-1_Dk4", "s2d_n064_p1e-3_D10"];

fn kinds(columns: &[String]) -> Vec<ParameterKind> {
    ParameterKind::ALL
        .into_iter()
        .filter(|kind| columns.iter().any(|column| column.starts_with(kind.word())))
        .collect()
}

fn check<const D: usize>(name: &str, tolerance: f64) {
    let path = format!("tests/data/{name}.h5");
    let file = common::open(&path);
    let data = solid_file::read(&path).unwrap();
    let solid = data.solid::<D>(Tail::DEFAULT).unwrap();
    let mut forces = Forces::new(&solid);
    let mut equilibrium = finish(&solid, &mut forces, None).unwrap();
    let rattlers: Vec<i8> = file.dataset("rattler").unwrap().read_raw::<i8>().unwrap();
    let ours: Vec<i8> = equilibrium.contacts.rattler.iter().map(|&r| i8::from(r)).collect();
    assert_eq!(ours, rattlers, "{name}: rattlers");

    let modes = 10;
    let request = FeatureRequest { stress: true, elastic: true, modes, ..FeatureRequest::NONE };
    let features = compute(&solid, &mut equilibrium, &request, true);
    let stress: Vec<f64> = numbers(&file, "stress").iter().map(|s| -s).collect();
    let n_s = stress.len();
    let n_c = numbers(&file, "C").len();
    for (block, expected, range) in [
        ("stress", stress.clone(), 0..n_s),
        ("C", numbers(&file, "C"), n_s..n_s + n_c),
        ("omega", numbers(&file, "frequencies"), n_s + n_c..n_s + n_c + modes),
    ] {
        let error = largest_difference(&features.values[range], &expected) / largest(&expected);
        println!("{name} {block}: {error:.1e}");
        assert!(error < tolerance, "{name} {block}: {error:e}");
    }

    let columns = common::strings(&file, "jacobian/columns");
    let space = ParameterSpace::new(&kinds(&columns), data.diameters.len());
    assert_eq!(space.len(), columns.len());
    let bonds = &equilibrium.contacts.bonds;
    let jacobian = BondJacobians::new(&solid, bonds, &features.sensitivities, space.kinds())
        .projected(bonds, &solid.species, &space)
        .matrix;
    for (block, sign, rows) in [
        ("stress", -1.0, 0..n_s),
        ("C", 1.0, n_s..n_s + n_c),
        ("omega", 1.0, n_s + n_c..n_s + n_c + modes),
    ] {
        let expected: Vec<f64> =
            numbers(&file, &format!("jacobian/{block}")).iter().map(|x| sign * x).collect();
        let ours: Vec<f64> = rows
            .flat_map(|row| (0..space.len()).map(move |column| (row, column)))
            .map(|(row, column)| jacobian[(row, column)])
            .collect();
        let error = largest_difference(&ours, &expected) / largest(&expected);
        println!("{name} J({block}): {error:.1e}");
        assert!(error < 1e-9, "{name} J({block}): {error:e}");
    }
    for (set, rows) in [
        ("stress", 0..n_s),
        ("C", n_s..n_s + n_c),
        ("C+stress", 0..n_s + n_c),
        ("omega", n_s + n_c..n_s + n_c + modes),
        ("C+stress+omega", 0..n_s + n_c + modes),
    ] {
        let expected = numbers(&file, &format!("svd/{set}/singular_values"));
        let ours =
            decompose(jacobian.as_ref().subrows(rows.start, rows.len()), RANK_TOLERANCE, 0.0)
                .unwrap()
                .singular_values;
        let error = largest_difference(&ours, &expected) / expected[0];
        println!("{name} s({set}): {error:.1e}");
        assert!(error < 1e-10, "{name} s({set}): {error:e}");
    }

    let response = LinearResponse::new(&solid, &equilibrium);
    for direction in ["w0", "w1"] {
        let at = |what: &str| numbers(&file, &format!("directions/{direction}/{what}"));
        let w = at("w");
        let along =
            DirectionResponse::new(&response, &ParameterDirection::new(&space, &w), &solid.species);
        // The reference's stress is compression positive.
        let ours: Vec<f64> = curvature(&response, &along, &features.modes, &request)
            .iter()
            .enumerate()
            .map(|(row, x)| if row < n_s { -x } else { *x })
            .collect();
        let group = file.group(&format!("directions/{direction}")).unwrap();
        let attribute = |what: &str| group.attr(what).unwrap().read_scalar::<f64>().unwrap();
        let expected = at("y2");
        let error = largest_difference(&ours, &expected) / largest(&expected);
        let stated = attribute("y2_rel_error_estimate");
        println!("{name} {direction} y2: {error:.1e}, stated {stated:.1e}");
        assert!(error < stated.max(1e-9), "{name} {direction} y2: {error:e}, stated {stated:e}");
        let ours = gamma_tilde(&at("Jw")[..n_s + n_c], &ours[..n_s + n_c], 0.1);
        let error = (ours / attribute("gamma_tilde") - 1.0).abs();
        assert!(error < 1e-6, "{name} {direction} gamma_tilde: {error:e}");
    }
}

#[test]
fn soft_spheres_agree_with_the_reference() {
    for name in SOFT {
        if name.starts_with("s3d") {
            check::<3>(name, 1e-11);
        } else {
            check::<2>(name, 1e-11);
        }
    }
}

#[test]
fn attractive_solids_agree_with_the_reference() {
    check::<2>("m2d_n064_p1e-1_B1e-2_D12", 1e-10);
    check::<2>("m2d_n032_p1e-1_B1e-1_DB3", 1e-10);
}

#[test]
fn a_crystal_agrees_with_the_reference_and_has_rank_one() {
    let path = "tests/data/x2d_tri_n080_p1e-1_D16.h5";
    let file = common::open(path);
    let data = solid_file::read(path).unwrap();
    let solid = data.solid::<2>(Tail::DEFAULT).unwrap();
    let mut forces = Forces::new(&solid);
    let mut equilibrium = finish(&solid, &mut forces, None).unwrap();
    let request = FeatureRequest { stress: true, elastic: true, modes: 10, ..FeatureRequest::NONE };
    let features = compute(&solid, &mut equilibrium, &request, true);
    let stress: Vec<f64> = numbers(&file, "stress").iter().map(|s| -s).collect();
    let expected: Vec<f64> = stress
        .into_iter()
        .chain(numbers(&file, "C"))
        .chain(numbers(&file, "frequencies"))
        .collect();
    let error = largest_difference(&features.values, &expected) / largest(&expected);
    assert!(error < 1e-11, "{error:e}: {:?} {expected:?}", features.values);
    assert!(features.degenerate[9..].iter().all(|&degenerate| degenerate));
    let space = ParameterSpace::new(&[ParameterKind::Diameter], 16);
    let bonds = &equilibrium.contacts.bonds;
    let jacobian = BondJacobians::new(&solid, bonds, &features.sensitivities, space.kinds())
        .projected(bonds, &solid.species, &space)
        .matrix;
    for (block, sign, first) in [("stress", -1.0, 0), ("C", 1.0, 3)] {
        let expected: Vec<f64> =
            numbers(&file, &format!("jacobian/{block}")).iter().map(|x| sign * x).collect();
        let rows = expected.len() / 16;
        let ours: Vec<f64> = (first..first + rows)
            .flat_map(|row| (0..16).map(move |column| (row, column)))
            .map(|(row, column)| jacobian[(row, column)])
            .collect();
        let error = largest_difference(&ours, &expected) / largest(&expected);
        assert!(error < 1e-9, "J({block}): {error:e}");
    }
    let svd = decompose(jacobian.as_ref().subrows(0, 9), RANK_TOLERANCE, 0.0).unwrap();
    assert_eq!(svd.rank, 1);
    let expected = numbers(&file, "svd/C+stress/singular_values");
    assert!((svd.singular_values[0] / expected[0] - 1.0).abs() < 1e-10);
}

/// One packing of a jax-md data file.
fn packing<const D: usize>(file: &hdf5::File, record: usize) -> Solid<D> {
    let row = |name: &str| {
        let all = numbers(file, name);
        let width = all.len() / file.dataset(name).unwrap().shape()[0];
        all[record * width..(record + 1) * width].to_vec()
    };
    let edges: Vec<f64> = (0..D).map(|axis| row("box")[axis * D + axis]).collect();
    let diameters: Vec<f64> = row("rad").iter().map(|radius| 2.0 * radius).collect();
    let particles = diameters.len();
    Solid {
        cell: Cell::new(Vector::from_column_slice(&edges)),
        positions: row("pos")
            .chunks_exact(D)
            .map(|x| Vector::from_fn(|axis, _| x[axis] * edges[axis]))
            .collect(),
        species: (0..particles).collect(),
        interactions: Interactions {
            diameters,
            k: SymmetricTable::uniform(particles, 1.0),
            depths: SymmetricTable::uniform(particles, 0.0),
            potential: Potential { a: 50.0, tail: Tail::DEFAULT, exponent: 2.0 },
        },
        size_factors: None,
        springs: None,
    }
}

fn check_packings<const D: usize>(path: &str) {
    let file = common::open(path);
    let (elastic, stress) = (numbers(&file, "Cijkl"), numbers(&file, "Stress"));
    let records = file.dataset("Cijkl").unwrap().shape()[0];
    assert_eq!(records, 10);
    for record in 0..records {
        let solid = packing::<D>(&file, record);
        let mut forces = Forces::new(&solid);
        let equilibrium = finish(&solid, &mut forces, None).unwrap();
        let response = LinearResponse::new(&solid, &equilibrium);
        let ours = response.elastic_constants();
        let expected = &elastic[record * ours.len()..(record + 1) * ours.len()];
        let error = largest_difference(&ours, expected) / largest(expected);
        assert!(error < 1e-12, "{path} {record}: C {error:e}");
        let expected = &stress[record * D * D..(record + 1) * D * D];
        for (value, &(alpha, beta)) in
            response.stress().iter().zip(amorph::response::strain::components(D))
        {
            let theirs = expected[alpha * D + beta];
            assert!((value - theirs).abs() < 1e-12, "{path} {record}: {value} {theirs}");
        }
    }
}

#[test]
fn elastic_constants_of_other_codes_packings_are_reproduced() {
    check_packings::<2>("tests/data/2d_polyuniform_N64_Lp-1.0.nc");
    check_packings::<3>("tests/data/3d_bi_N128_Lp-1.0.nc");
}
