//! A results file of format version 1: every reader reads it, and nobody continues it.

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use amorph::linearity::cause::Cause;
use amorph::study::results;
use common::engine::{PROGRAM, python};

fn stored() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/results-version-1.h5")
}

fn amorph(arguments: &[&str]) -> Output {
    Command::new(PROGRAM).args(arguments).output().expect("the program runs")
}

fn says(arguments: &[&str], code: i32, fragments: &[&str]) -> String {
    let output = amorph(arguments);
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
    for fragment in fragments {
        assert!(text.contains(fragment), "{arguments:?}: no `{fragment}` in: {text}");
    }
    text
}

#[test]
fn its_codes_are_those_of_today() {
    let archive = results::open(&stored()).expect("readable");
    assert_eq!(archive.version(), 1);
    let column = archive.column_index(0, "D_n4/sweeps/gamma_star_cause").expect("there");
    let values = archive.column(0, column, &(0..2)).expect("readable");
    let mut counts = [0; 9];
    values.codes().iter().for_each(|&code| counts[usize::from(code)] += 1);
    assert_eq!(counts[usize::from(Cause::Curvature.code())], 7);
    assert_eq!(counts[usize::from(Cause::ContactChange.code())], 1);
    assert_eq!(Cause::from_version_1(0), Cause::NotApplicable.code());
    for cause in Cause::ALL.iter().filter(|cause| cause.code() > 0 && cause.code() < 8) {
        assert_eq!(Cause::from_version_1(cause.code()), cause.code());
    }
}

#[test]
fn every_reader_reads_it() {
    let file = stored().display().to_string();
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    says(&["status", &file], 3, &["10 of 20 items done, 10 failed", "unjammed"]);
    says(&["stats", &file], 0, &["curvature 88%", "g_c censored: 4 at gamma_max, of 8"]);
    says(&["stats", &file, "--json"], 0, &["\"lower\"", "\"kind\""]);
    says(
        &["check", &file, "--items", "10"],
        0,
        &["10 looked at; to rounding", "an earlier program wrote no checksum", "nothing is wrong"],
    );
    let frames = at("frames.xyz");
    says(&["export", &file, "-o", &frames, "--scenario", "soft"], 0, &[]);
    assert!(std::fs::read_to_string(&frames).expect("written").contains("Lattice"));
    let measured = at("measured.h5");
    says(
        &["measure", &file, "--scenario", "soft", "--replica", "1", "-o", &measured],
        0,
        &["32 particles in 2d"],
    );
}

#[test]
fn the_python_reader_reads_it_with_todays_codes() {
    let script = r#"
import sys
sys.path.insert(0, sys.argv[2])
import amorph_analysis
tree = amorph_analysis.open(sys.argv[1])
causes = tree["soft/D_n4/sweeps"]["gamma_star_cause"]
assert "not_applicable" in causes.attrs["flag_meanings"], causes.attrs
assert set(causes.values.ravel()) == {"curvature", "contact_change"}, causes
assert tree["failing/solids"]["pressure"].isnull().all()
"#;
    let analysis = Path::new(env!("CARGO_MANIFEST_DIR")).join("analysis");
    let read = Command::new(python()).args(["-c", script]).arg(stored()).arg(analysis).output();
    let read = read.expect("starts");
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
}

#[test]
fn it_is_not_continued_and_says_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("old.h5");
    std::fs::copy(stored(), &copy).expect("copied");
    let before = std::fs::read(&copy).expect("readable");
    let study = folder.path().join("study.toml");
    let archive = results::open(&copy).expect("readable");
    std::fs::write(&study, archive.study().canonical()).expect("writable");
    drop(archive);
    let (study, output) = (study.display().to_string(), copy.display().to_string());
    let reasons = ["format version 1 is read, but not continued", "0.1.0 (706ab771f7a9)"];
    for more in [&["--resume"][..], &["--resume", "--allow-version-change", "--retry-failed"]] {
        let mut arguments = vec!["run", &study, "-o", &output];
        arguments.extend(more);
        says(&arguments, 2, &reasons);
    }
    assert!(std::fs::read(&copy).expect("readable") == before, "the file was touched");
}
