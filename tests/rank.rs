//! How many features are independent when every bond has its own σ and k.

#[path = "common/solid_file.rs"]
mod writer;

use std::process::Command;

use amorph::format::solid_file::SolidData;
use amorph::relax::prepare::{Recipe, Structure, Target};
use amorph::solid::interactions::SymmetricTable;
use amorph::solid::potential::{Potential, Tail};
use amorph::solid::random::StreamKey;

fn prepared<const D: usize>() -> SolidData {
    let recipe = Recipe {
        particles: 256,
        structure: Structure::Disordered,
        size_ratio: 1.4,
        target: Target::Pressure(0.1),
        start_packing_fraction: None,
        k: SymmetricTable::uniform(2, 1.0),
        depths: SymmetricTable::uniform(2, 0.0),
        potential: Potential { a: 50.0, tail: Tail::DEFAULT, exponent: 2.0 },
        disorder: None,
        pressure_tolerance: 1e-6,
        max_attempts: 3,
    };
    let key = StreamKey { seed: 1, solid: 1, replica: 0, attempt: 0 };
    let solid = recipe.prepare::<D>(&key).unwrap().solid;
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
