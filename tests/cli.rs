//! Messages and exit codes of commands that cannot do their work.

use std::path::Path;
use std::process::{Command, Output};

fn amorph(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_amorph")).args(arguments).output().expect("the binary runs")
}

fn refused(arguments: &[&str], fragments: &[&str]) {
    let output = amorph(arguments);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
    for fragment in fragments {
        assert!(message.contains(fragment), "{arguments:?}: no `{fragment}` in: {message}");
    }
}

fn repository(path: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path).display().to_string()
}

#[test]
fn a_missing_or_foreign_file_is_refused_by_name() {
    let foreign = repository("tests/data/s2d_n064_p1e-1_D10.h5");
    let text = repository("Cargo.toml");
    refused(&["stats", "/nowhere/out.h5"], &["/nowhere/out.h5", "No such file"]);
    refused(&["stats", &foreign], &[&foreign, "attribute format", "amorph run"]);
    refused(&["stats", &text], &[&text, "not a readable HDF5 file"]);
    refused(&["plan", "/nowhere/study.toml"], &["/nowhere/study.toml", "cannot be read"]);
}

#[test]
fn an_existing_output_is_not_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = folder.path().join("out.h5");
    std::fs::write(&output, "precious").expect("writable");
    let output = output.display().to_string();
    let study = repository("configs/demo.toml");
    refused(&["run", &study, "-o", &output], &[&output, "exists already", "--resume"]);
    refused(&["run", &study, "-o", &output, "--resume"], &[&output, "not a readable HDF5 file"]);
    assert_eq!(std::fs::read_to_string(&output).expect("readable"), "precious");
}

#[test]
fn an_output_that_cannot_be_made_is_refused() {
    let study = repository("configs/demo.toml");
    refused(&["run", &study, "-o", "/nowhere/out.h5"], &["/nowhere/out.h5", "cannot create"]);
}

#[test]
fn a_bad_study_leaves_no_output() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = folder.path().join("out.h5").display().to_string();
    let study = repository("tests/config/bad/species-one.toml");
    refused(&["run", &study, "-o", &output], &["species-one.toml", "at least 2 species"]);
    assert_eq!(std::fs::read_dir(folder.path()).expect("readable").count(), 0);
}

#[test]
fn nothing_to_do_is_done() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = folder.path().join("out.h5").display().to_string();
    let study = repository("tests/config/good/nothing-to-do.toml");
    let ended = amorph(&["run", &study, "-o", &output]);
    let message = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(0), "{message}");
    let stats = amorph(&["stats", &output, "--json"]);
    assert_eq!(stats.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&stats.stdout).contains("\"pending\": 0"));
}

#[test]
fn the_plan_counts_items() {
    let output = amorph(&["plan", &repository("configs/scenario-01-2d.toml"), "--pilot", "1"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && text.contains("work items       100"), "{text}");
    for line in ["core-hours", "#SBATCH --ntasks=", "#SBATCH --time=00:", "#SBATCH --mem-per-cpu="]
    {
        assert!(text.contains(line), "no `{line}` in: {text}");
    }
}
