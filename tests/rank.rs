//! How many features are independent when every bond has its own σ and k.

#[path = "common/solid_file.rs"]
mod writer;

use std::process::Command;

use amorph::analysis::solid::Analysis;
use amorph::analysis::theta::Theta;
use amorph::format::solid_file::SolidData;
use amorph::relax::prepare::{Recipe, Structure, Target};
use amorph::response::features::{FeatureKind, FeatureRequest};
use amorph::response::susceptibility::RANK_TOLERANCE;
use amorph::solid::interactions::SymmetricTable;
use amorph::solid::parameters::ParameterKind;
use amorph::solid::potential::{Potential, Tail};
use amorph::solid::random::StreamKey;

fn recipe(structure: Structure) -> Recipe {
    Recipe {
        particles: 256,
        structure,
        size_ratio: 1.4,
        target: Target::Pressure(0.1),
        start_packing_fraction: None,
        k: SymmetricTable::uniform(2, 1.0),
        depths: SymmetricTable::uniform(2, 0.0),
        potential: Potential { a: 50.0, tail: Tail::DEFAULT, exponent: 2.0 },
        disorder: None,
        pressure_tolerance: 1e-6,
        max_attempts: 3,
    }
}

const KEY: StreamKey = StreamKey { seed: 1, solid: 1, replica: 0, attempt: 0 };

fn prepared<const D: usize>() -> SolidData {
    let solid = recipe(Structure::Disordered).prepare::<D>(&KEY).unwrap().solid;
    SolidData {
        positions: solid.positions.iter().flatten().copied().collect(),
        edges: solid.cell.edges().iter().copied().collect(),
        species: solid.species,
        diameters: solid.interactions.diameters,
        k: solid.interactions.k.to_vec(),
        depths: solid.interactions.depths.to_vec(),
        a: 50.0,
        tail: None,
        exponent: 2.0,
        size_factors: None,
        springs: None,
        directions: None,
    }
}

fn check<const D: usize>(features: i64) {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.h5"), folder.path().join("out.h5"));
    writer::write(&input, "/", &prepared::<D>());
    let ended = Command::new(env!("CARGO_BIN_EXE_amorph"))
        .args(["measure", input.to_str().unwrap(), "-o", output.to_str().unwrap()])
        .args(["--level", "bond", "--parameters", "D,k"])
        .args(["--features", "stress,elastic,modes:10"])
        .output()
        .unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let file = hdf5::File::open(&output).unwrap();
    let rank: i32 = file.dataset("rank").unwrap().read_scalar().unwrap();
    let s: Vec<f64> = file.dataset("singular_values").unwrap().read_raw().unwrap();
    println!("{D}d: rank {rank}, s from {:e} to {:e}", s[0], s[s.len() - 1]);
    assert_eq!(i64::from(rank), features, "{s:?}");
    assert!(s[s.len() - 1] > 1e-6 * s[0], "{s:?}");
}

#[test]
fn bonds_tune_every_feature_independently() {
    check::<2>(3 + 6 + 10);
    check::<3>(6 + 21 + 10);
}

/// No spring is stretched, so no k moves the stress, and what is left of its rows is rounding.
fn check_network<const D: usize>(stress: usize, elastic: usize) {
    let solid = recipe(Structure::Network).prepare::<D>(&KEY).unwrap().solid;
    let both = [FeatureKind::Stress, FeatureKind::Elastic];
    let rank = |kind: ParameterKind, set: &[FeatureKind]| {
        let request = FeatureRequest::new(set, 0, &[]);
        let analysis = Analysis::new(solid.clone(), request, &[kind], RANK_TOLERANCE).unwrap();
        let theta = Theta::of_bonds(&analysis, &[kind]).unwrap();
        theta.set(&analysis, set).unwrap().svd.rank
    };
    assert_eq!(rank(ParameterKind::Stiffness, &both[..1]), 0);
    assert_eq!(rank(ParameterKind::Stiffness, &both), elastic);
    assert_eq!(rank(ParameterKind::Diameter, &both[..1]), stress);
    assert_eq!(rank(ParameterKind::Diameter, &both), stress + elastic);
}

#[test]
fn the_stress_of_an_unstressed_network_does_not_depend_on_k() {
    check_network::<2>(3, 6);
    check_network::<3>(6, 21);
}
