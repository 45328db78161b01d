//! Whatever stands in a configuration or in a solid file: an error or a result, never a panic.

mod common;

use std::path::Path;
use std::process::Command;

use amorph::format::solid_file;
use amorph::report::plan::Plan;
use amorph::solid::potential::Tail;
use amorph::study::config::Study;
use amorph::study::results;
use amorph::study::schema::schemas;
use common::engine::PROGRAM;
use proptest::prelude::*;

/// Keys of every table, a few that do not exist among them.
const KEYS: &[(&str, &[&str])] = &[
    ("study", &["name", "seed", "replicas", "first_replica", "repliccas"]),
    (
        "solid",
        &[
            "dimension",
            "particles",
            "structure",
            "size_ratio",
            "pressure",
            "packing_fraction",
            "start_packing_fraction",
            "k",
            "B",
            "a",
            "switch",
            "cutoff",
            "files",
            "pressure_tolerance",
            "max_attempts",
            "presure",
        ],
    ),
    ("features", &["modes", "sets", "mode"]),
    ("parameters", &["kinds", "species", "level"]),
    (
        "sweep",
        &[
            "set",
            "parameters",
            "directions",
            "signs",
            "gamma_min",
            "gamma_max",
            "points",
            "deviation",
            "bracket",
            "protocol",
            "start",
        ],
    ),
    ("output", &["curves", "vectors", "jacobian"]),
];

/// Values of every kind, sensible and not.
const VALUES: &[&str] = &[
    "0",
    "1",
    "2",
    "3",
    "10",
    "64",
    "256",
    "-1",
    "9223372036854775807",
    "1000000000000",
    "0.0",
    "0.1",
    "1e-6",
    "1e300",
    "-0.5",
    "nan",
    "inf",
    "-inf",
    "true",
    "\"\"",
    "\"all\"",
    "\"none\"",
    "\"plus\"",
    "\"both\"",
    "\"+\"",
    "\"disordered\"",
    "\"triangular\"",
    "\"fcc\"",
    "\"network\"",
    "\"file\"",
    "\"species\"",
    "\"particle\"",
    "\"warm\"",
    "\"referee\"",
    "[]",
    "[[]]",
    "[2, 5, 10]",
    "[2, 2]",
    "[1e9]",
    "[\"D\", \"Dk\"]",
    "[\"DkB\"]",
    "[\"B\"]",
    "[[\"stress\"]]",
    "[[\"stress\", \"elastic\", \"modes\"]]",
    "[[\"derived\"], [\"elastic\"]]",
    "[\"stress\"]",
    "[[1.0, 2.0], [2.0, 1.0]]",
    "[[1.0, 2.0], [3.0, 1.0]]",
    "{ random = 3 }",
    "{ from = 1.0, to = 2.0 }",
    "[\"a.h5\", \"b.h5:/x\"]",
    "1979-05-27T07:32:00Z",
    "\"\\u0000\\u00e9\"",
];

fn configuration() -> impl Strategy<Value = String> {
    let table = (0..KEYS.len(), prop::collection::vec((0..100_usize, 0..VALUES.len()), 0..4));
    let scenario = prop::collection::vec(table.clone(), 0..2);
    (prop::collection::vec(table, 0..6), prop::collection::vec(scenario, 0..3)).prop_map(
        |(tables, scenarios)| {
            // Begins with a valid study, so that most keys are reached.
            let mut keys: Vec<Vec<(String, String)>> = vec![Vec::new(); KEYS.len()];
            let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
            keys[0].push(pair("name", "\"s\""));
            keys[1].extend([
                pair("dimension", "2"),
                pair("particles", "64"),
                pair("pressure", "0.1"),
            ]);
            let assign =
                |keys: &mut Vec<(String, String)>, table: usize, entries: &[(usize, usize)]| {
                    for &(key, value) in entries {
                        let key = KEYS[table].1[key % KEYS[table].1.len()];
                        keys.retain(|(known, _)| known != key);
                        keys.push(pair(key, VALUES[value]));
                    }
                };
            for (table, entries) in &tables {
                assign(&mut keys[*table], *table, entries);
            }
            let mut text = "version = 1\n".to_owned();
            for ((name, _), keys) in KEYS.iter().zip(&keys) {
                text += &format!("[{name}]\n");
                text.extend(keys.iter().map(|(key, value)| format!("{key} = {value}\n")));
            }
            for (index, scenario) in scenarios.iter().enumerate() {
                text += &format!("[[scenario]]\nname = \"s{index}\"\n");
                let mut seen = Vec::new();
                for (table, entries) in scenario {
                    if *table > 0 && !seen.contains(table) {
                        seen.push(*table);
                        let mut keys = Vec::new();
                        assign(&mut keys, *table, entries);
                        text += &format!("[scenario.{}]\n", KEYS[*table].0);
                        text.extend(keys.iter().map(|(key, value)| format!("{key} = {value}\n")));
                    }
                }
            }
            text
        },
    )
}

/// Everything that is done with a study before it is run.
fn parse(text: &str) -> bool {
    match Study::parse("study.toml", text) {
        Err(error) => {
            assert!(error.to_string().contains("study.toml"), "{error}");
            false
        }
        Ok(study) => {
            let again = Study::parse("canonical", &study.canonical()).expect("canonical");
            assert_eq!(study, again);
            assert!(!study.annotated().is_empty());
            // Beyond this the plan itself would be what takes the memory.
            if study.replicas < 1_000_000 {
                let schemas = schemas(&study);
                assert_eq!(schemas.len(), study.scenarios.len());
                assert!(Plan::new(&study).items >= study.replicas);
            }
            true
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_configuration_is_an_error_or_a_study(text in configuration()) {
        parse(&text);
    }

    #[test]
    fn any_text_is_an_error_or_a_study(text in "\\PC{0,200}") {
        parse(&text);
    }
}

/// The datasets of a solid file, whole or spoilt.
#[derive(Clone, Debug)]
struct Spoilt {
    positions: Vec<f64>,
    columns: usize,
    edges: Vec<f64>,
    species: Vec<i64>,
    diameters: Vec<f64>,
    k: Vec<f64>,
    missing: Option<usize>,
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => 0.5..8.0,
        1 => prop::sample::select(vec![0.0, -1.0, f64::NAN, f64::INFINITY, 1e-300, 1e300]),
    ]
}

fn solid() -> impl Strategy<Value = Spoilt> {
    (
        prop::collection::vec(number(), 0..24),
        1..4_usize,
        prop::collection::vec(number(), 0..4),
        prop::collection::vec(prop_oneof![8 => 0..2_i64, 1 => -1..40_i64], 0..10),
        prop::collection::vec(number(), 0..4),
        prop::collection::vec(number(), 0..10),
        prop::option::weighted(0.2, 0..5_usize),
    )
        .prop_map(|(positions, columns, edges, species, diameters, k, missing)| Spoilt {
            positions,
            columns,
            edges,
            species,
            diameters,
            k,
            missing,
        })
}

fn write(path: &Path, solid: &Spoilt) -> hdf5::Result<()> {
    let file = hdf5::File::create(path)?;
    let rows = solid.positions.len() / solid.columns;
    let write = |index: usize, name: &str, values: &[f64], shape: Vec<usize>| -> hdf5::Result<()> {
        if solid.missing != Some(index) {
            file.new_dataset::<f64>().shape(shape).create(name)?.write_raw(values)?;
        }
        Ok(())
    };
    let positions = &solid.positions[..rows * solid.columns];
    write(0, "positions", positions, vec![rows, solid.columns])?;
    write(1, "box", &solid.edges, vec![solid.edges.len()])?;
    write(2, "diameters", &solid.diameters, vec![solid.diameters.len()])?;
    let side = solid.k.len().isqrt();
    write(3, "k", &solid.k[..side * side], vec![side, side])?;
    write(4, "B", &vec![0.0; side * side], vec![side, side])?;
    file.new_dataset::<i64>()
        .shape(solid.species.len())
        .create("species")?
        .write_raw(&solid.species)?;
    file.close()
}

fn read(path: &Path) {
    match solid_file::read(&path.display().to_string()) {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(data) => {
            let solid = match data.dimension() {
                2 => data.solid::<2>(Tail::DEFAULT).map(|solid| solid.len()),
                _ => data.solid::<3>(Tail::DEFAULT).map(|solid| solid.len()),
            };
            if let Ok(count) = solid {
                assert_eq!(count, data.species.len());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_solid_file_is_an_error_or_a_solid(spoilt in solid()) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("solid.h5");
        write(&path, &spoilt).expect("written");
        read(&path);
    }
}

#[test]
fn truncated_and_foreign_files_are_refused_by_every_command() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/s2d_n064_p1e-1_D10.h5");
    let bytes = std::fs::read(&whole).expect("readable");
    let path = folder.path().join("bad.h5");
    for length in [0, 7, 8, 64, 512, 2048, bytes.len() / 2, bytes.len() - 1] {
        std::fs::write(&path, &bytes[..length]).expect("writable");
        read(&path);
        assert!(results::open(&path).is_err(), "{length} bytes are a results file");
    }
    for foreign in [&b"not HDF5 at all"[..], b"\x89HDF\r\n\x1a\n", &[0; 4096], &[0xff; 4096]] {
        std::fs::write(&path, foreign).expect("writable");
        read(&path);
        for command in ["status", "stats", "check", "export"] {
            let output = Command::new(PROGRAM).arg(command).arg(&path).output().expect("runs");
            let message = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(2), "{command}: {message}");
            assert!(message.contains("bad.h5"), "{command}: {message}");
        }
    }
    std::fs::copy(&whole, &path).expect("copied");
    for command in ["status", "stats", "check", "export"] {
        let output = Command::new(PROGRAM).arg(command).arg(&path).output().expect("runs");
        assert_eq!(output.status.code(), Some(2), "{command}");
    }
}
