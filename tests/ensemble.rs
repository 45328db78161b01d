//! The main job end to end: the real program, the real physics, one file.

mod common;

use std::path::Path;
use std::process::Command;

use common::engine::{contents, launch, python};

/// Two small scenarios: every kind of column, more solids than ranks and fewer.
const STUDY: &str = r#"
version = 1
[study]
name = "ranks"
replicas = 3
[solid]
dimension = 2
particles = 32
pressure = 0.1
[features]
modes = 3
sets = [["stress"], ["stress", "elastic"], ["stress", "elastic", "modes"]]
[parameters]
kinds = ["D", "Dk"]
species = [2, 6]
[sweep]
set = ["stress", "elastic"]
parameters = ["D_n6"]
gamma_max = 1e-2
signs = "both"
[output]
curves = 2
snapshots = 1
[[scenario]]
name = "flat"
[[scenario]]
name = "deep"
solid = { dimension = 3, particles = 40, pressure = 0.05 }
"#;

fn run(ranks: usize, study: &Path, output: &Path) -> String {
    let result = launch(ranks, "300").arg("run").arg(study).arg("-o").arg(output).output().unwrap();
    let text = String::from_utf8_lossy(&result.stdout).into_owned();
    assert!(
        result.status.success(),
        "{ranks} ranks: {text}{}",
        String::from_utf8_lossy(&result.stderr)
    );
    text
}

#[test]
fn the_file_is_the_same_bit_for_bit_from_any_number_of_ranks() {
    let place = tempfile::tempdir().unwrap();
    let study = place.path().join("study.toml");
    std::fs::write(&study, STUDY).unwrap();
    let alone = place.path().join("alone.h5");
    run(0, &study, &alone);
    let expected = contents(&alone);
    assert!(expected.iter().any(|(name, _)| name.ends_with("gamma_star")));
    assert!(expected.iter().any(|(name, _)| name.starts_with("/statistics")));
    for ranks in 1..=4 {
        let output = place.path().join(format!("ranks-{ranks}.h5"));
        run(ranks, &study, &output);
        let found = contents(&output);
        assert_eq!(found.len(), expected.len());
        for ((name, ours), (_, theirs)) in found.iter().zip(&expected) {
            assert!(ours == theirs, "{name} differs on {ranks} ranks");
        }
    }
}

#[test]
fn scenario_1_in_2d_is_fully_independent_in_every_solid_and_any_tool_reads_it() {
    let place = tempfile::tempdir().unwrap();
    let output = place.path().join("scenario.h5");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = run(2, &root.join("configs/scenario-01-2d.toml"), &output);
    assert!(table.contains("10 of 10"), "{table}");
    let file = hdf5::File::open(&output).unwrap();
    let rank = file.dataset("main/D_n40/stress+elastic/rank").unwrap().read_raw::<i32>().unwrap();
    assert_eq!(rank, [9; 10]);
    drop(file);

    let header = Command::new("h5dump").arg("-H").arg(&output).output().expect("h5dump is there");
    assert!(header.status.success());
    assert!(String::from_utf8_lossy(&header.stdout).contains("gamma_star"));
    let script = r#"
import sys, h5py, numpy, xarray
file = sys.argv[1]
with h5py.File(file) as h:
    assert h["main/solids/positions"].shape == (10, 256, 2)
    assert numpy.isfinite(h["main/D_n40/jacobian"][:]).all()
for group in ["main/solids", "main/D_n40", "main/D_n40/stress+elastic", "main/D_n40/sweeps",
              "main/D_n40/sweeps/curve"]:
    with xarray.open_dataset(file, group=group, engine="h5netcdf") as data:
        assert "replica" in data.dims, group
        data.load()
with xarray.open_dataset(file, group="main/features", engine="h5netcdf") as data:
    assert [x.decode() if isinstance(x, bytes) else str(x) for x in data["feature"].values][:3] == [
        "stress_xx", "stress_yy", "stress_xy"], data["feature"]
"#;
    let read = Command::new(python()).args(["-c", script]).arg(&output).output().unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
}

/// Swept directions (all nine of stress and C), curves and signs of one study.
fn sweeps(directions: &str, signs: &str, curves: usize) -> String {
    format!(
        r#"
version = 1
[study]
name = "blocks"
replicas = 2
[solid]
dimension = 2
particles = 32
pressure = 0.1
[features]
sets = [["stress", "elastic"]]
[parameters]
kinds = ["D"]
species = [12]
[sweep]
{directions}
gamma_max = 3e-2
signs = "{signs}"
[output]
curves = {curves}
"#
    )
}

#[test]
fn no_threshold_depends_on_the_blocks_of_directions_or_on_curves() {
    let place = tempfile::tempdir().unwrap();
    // Every direction in a block of its own; both signs of it in one; fewer of them; with curves.
    let variants = [
        ("alone", sweeps("", "+", 0), 1, 9),
        ("pairs", sweeps("", "both", 0), 2, 9),
        ("fewer", sweeps("directions = 4", "both", 0), 2, 4),
        ("drawn", sweeps("", "+", 2), 1, 9),
    ];
    let names = ["gamma_star", "gamma_contact", "gamma_rearrangement", "factorisations"];
    let mut alone: Vec<Vec<Vec<u64>>> = Vec::new();
    for (name, study, signs, count) in variants {
        let path = place.path().join(format!("{name}.toml"));
        std::fs::write(&path, study).unwrap();
        let output = place.path().join(format!("{name}.h5"));
        run(2, &path, &output);
        let file = hdf5::File::open(&output).unwrap();
        let columns: Vec<Vec<Vec<u64>>> = names
            .iter()
            .map(|column| {
                let set = file.dataset(&format!("main/D_n12/sweeps/{column}")).unwrap();
                let rows = 2 * count * signs;
                let flat = set.read_raw::<f64>().unwrap();
                assert!(flat.len().is_multiple_of(rows), "{name} {column}: {:?}", set.shape());
                let width = flat.len() / rows;
                // The + rows of both replicas.
                flat.chunks(width)
                    .enumerate()
                    .filter(|(row, _)| row % signs == 0)
                    .map(|(_, row)| row.iter().map(|value| value.to_bits()).collect())
                    .collect()
            })
            .collect();
        if alone.is_empty() {
            alone = columns;
            continue;
        }
        for (column, (ours, theirs)) in names.iter().zip(columns.iter().zip(&alone)) {
            for (row, found) in ours.iter().enumerate() {
                let (replica, direction) = (row / count, row % count);
                assert_eq!(*found, theirs[replica * 9 + direction], "{name} {column} row {row}");
            }
        }
    }
    assert!(alone[0].iter().all(|bracket| f64::from_bits(bracket[0]) > 0.0));
}
