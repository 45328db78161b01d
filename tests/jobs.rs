//! A study as jobs of a cluster: parts of it, and the shipped job scripts under a scheduler that
//! only notes what it is asked.

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use amorph::study::results;
use common::engine::PROGRAM;

/// A quick study.
const STUDY: &str = "version = 1\n[study]\nname = \"quick\"\nreplicas = 1_0\nfirst_replica = 20\n\
    [solid]\ndimension = 2\nparticles = 32\npressure = 0.1\n[features]\nsets = [[\"stress\"]]\n\
    [parameters]\nspecies = [2]\n[sweep]\npoints = 4\n";

/// A folder with the study.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("study.toml"), STUDY).expect("writable");
        Place { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn amorph(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).current_dir(self.folder.path()).output().expect("starts")
    }
}

fn ends(output: &Output, code: i32, fragments: &[&str]) {
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stderr),
        String::from_utf8_lossy(&output.stdout)
    );
    assert_eq!(output.status.code(), Some(code), "{text}");
    for fragment in fragments {
        assert!(text.contains(fragment), "no `{fragment}` in: {text}");
    }
}

fn ensemble(path: &Path) -> (String, u64) {
    let archive = results::open(path).expect("readable");
    (archive.attribute("ensemble_hash").expect("there"), archive.study().first_replica)
}

#[test]
fn parts_of_a_study_are_together_the_study() {
    let place = Place::new();
    ends(&place.amorph(&["run", "study.toml", "-o", "all.h5"]), 0, &["30 items in"]);
    for (part, items) in [("20:23", "9 items in"), ("23:30", "21 items in")] {
        let output = format!("{}.h5", &part[..2]);
        ends(&place.amorph(&["run", "study.toml", "-o", &output, "--replicas", part]), 0, &[items]);
    }
    let (hash, first) = ensemble(&place.path("all.h5"));
    assert_eq!(first, 20);
    assert_eq!(ensemble(&place.path("20.h5")), (hash.clone(), 20));
    assert_eq!(ensemble(&place.path("23.h5")), (hash, 23));
    let stats = |files: &[&str]| {
        let output = place.amorph(&[&["stats"], files].concat());
        ends(&output, 0, &["10 solids"]);
        String::from_utf8(output.stdout).expect("text")
    };
    assert_eq!(stats(&["20.h5", "23.h5"]), stats(&["all.h5"]));

    // A part goes on as itself, and says so; nothing else does.
    let resume = |more: &[&str]| {
        let arguments = ["run", "study.toml", "-o", "part.h5", "--resume"];
        place.amorph(&[&arguments, more].concat())
    };
    let part = ["--replicas", "28:30"];
    ends(
        &resume(&[&part[..], &["--max-time", "0"]].concat()),
        75,
        &["`amorph run study.toml --replicas 28:30 -o part.h5 --resume`"],
    );
    ends(&resume(&[]), 2, &["study.replicas is 2 in the file and 10 in the study"]);
    ends(&resume(&part), 0, &["6 items to compute"]);
}

#[test]
fn a_part_that_the_study_does_not_have_is_refused() {
    let place = Place::new();
    for (part, message) in [
        ("0:5", "study.toml: holds the replicas 20:30, not 0:5"),
        ("25:31", "study.toml: holds the replicas 20:30, not 25:31"),
        ("25:25", "allowed: A:B with A below B"),
        ("26:25", "allowed: A:B with A below B"),
        ("-1:25", "allowed: A:B with A below B"),
        ("25", "allowed: A:B with A below B"),
    ] {
        let part = format!("--replicas={part}");
        ends(&place.amorph(&["run", "study.toml", "-o", "out.h5", &part]), 2, &[message]);
    }
    assert!(!place.path("out.h5").exists());
}

#[test]
fn a_script_can_ask_for_a_value_of_the_study() {
    let place = Place::new();
    let value = |key| {
        let output = place.amorph(&["config", "show", "study.toml", key]);
        String::from_utf8(output.stdout).expect("text")
    };
    assert_eq!(value("name"), "quick\n");
    assert_eq!(value("replicas"), "10\n");
    assert_eq!(value("first_replica"), "20\n");
    ends(
        &place.amorph(&["config", "show", "study.toml", "pressure"]),
        2,
        &["possible values: name, seed, replicas, first_replica"],
    );
}
