//! Every shipped configuration gives results that `check` finds nothing wrong with.

mod common;

use std::path::Path;
use std::process::Command;

use common::engine::{PROGRAM, launch};

/// Seconds that a run may take before it is called hung.
const TIMEOUT: &str = "600";
/// Swept directions of a solid.
const DIRECTIONS: u64 = 1;

/// N in place of a scan over N, whose large solids take minutes.
const PARTICLES: u64 = 64;

/// The configuration with one replica and one direction, and one N where it scans N; every scenario as
/// shipped otherwise.
fn reduced(path: &Path) -> String {
    let text = std::fs::read_to_string(path).expect("readable");
    let mut study: toml::Table = text.parse().expect("TOML");
    let table = |study: &mut toml::Table, name: &str| -> toml::Table {
        study.get(name).and_then(|it| it.as_table().cloned()).unwrap_or_default()
    };
    let mut general = table(&mut study, "study");
    general.insert("replicas".to_owned(), toml::Value::Integer(1));
    study.insert("study".to_owned(), general.into());
    let mut sweep = table(&mut study, "sweep");
    sweep.insert("directions".to_owned(), toml::Value::Integer(DIRECTIONS as i64));
    study.insert("sweep".to_owned(), sweep.into());
    let mut solid = table(&mut study, "solid");
    if solid.get("particles").is_some_and(toml::Value::is_array) {
        solid.insert("particles".to_owned(), toml::Value::Integer(PARTICLES as i64));
    }
    study.insert("solid".to_owned(), solid.into());
    toml::to_string(&study).expect("TOML")
}

#[test]
fn every_shipped_configuration_passes_check() {
    let folder = tempfile::tempdir().expect("a folder");
    let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs");
    let mut shipped: Vec<_> = configs
        .read_dir()
        .expect("a folder")
        .map(|entry| entry.expect("readable").path())
        .collect();
    shipped.sort();
    assert!(shipped.len() >= 9, "{shipped:?}");
    // Stages of an ensemble design need their solids: tests/rounds.rs has small ones.
    let is_design = |path: &std::path::PathBuf| {
        std::fs::read_to_string(path).expect("readable").contains("[ensemble_design]")
    };
    shipped.retain(|path| !is_design(path));
    for path in shipped {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let started = std::time::Instant::now();
        let study = folder.path().join(format!("{name}.toml"));
        let output = folder.path().join(format!("{name}.h5"));
        std::fs::write(&study, reduced(&path)).expect("writable");
        let run = launch(2, TIMEOUT).arg("run").arg(&study).arg("-o").arg(&output).output();
        let run = run.expect("starts");
        assert!(run.status.success(), "{name}: {}", String::from_utf8_lossy(&run.stderr));
        let ran = started.elapsed().as_secs_f64();
        let checked = Command::new(PROGRAM).arg("check").arg(&output).output().expect("starts");
        let text = String::from_utf8_lossy(&checked.stdout);
        println!("{name}: {ran:.1} s, {:.1} s with check", started.elapsed().as_secs_f64());
        assert!(checked.status.success() && text.contains("nothing is wrong"), "{name}: {text}");
        assert!(!text.contains("WRONG"), "{name}: {text}");
        assert!(!text.contains("every step changes a contact"), "{name}: {text}");
    }
}
