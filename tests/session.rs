//! The session of docs/first-study.md, as a new user types it.

mod common;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use common::engine::{PROGRAM, python};

/// The commands of a page: everything in its `sh` blocks.
fn commands(page: &str) -> String {
    let blocks = page.split("```sh\n").skip(1);
    blocks.map(|block| block.split_once("```").expect("a closed block").0).collect()
}

#[test]
fn every_command_of_the_first_study_works() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/first-study.md")).expect("readable");
    let script = commands(&page);
    assert!(script.lines().count() > 25, "{script}");
    let folder = tempfile::tempdir().expect("a folder");
    let clone = folder.path();
    // What a clone has after `make demo`, with the program under test.
    std::fs::create_dir_all(clone.join("target/release")).expect("made");
    std::os::unix::fs::symlink(PROGRAM, clone.join("target/release/amorph")).expect("linked");
    if let Ok(launcher) = std::env::var("MPIRUN") {
        let script = clone.join("target/release/mpirun");
        // Found without this script in the way, started with it (and the program) in the path.
        let (program, options) = launcher.split_once(' ').unwrap_or((&launcher, ""));
        let found = format!("\"$(PATH=${{PATH#*:}} command -v {program})\" {options}");
        std::fs::write(&script, format!("#!/bin/sh\nexec {found} \"$@\"\n")).expect("written");
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755))
            .expect("own file");
    }
    std::os::unix::fs::symlink(root.join("analysis"), clone.join("analysis")).expect("linked");
    let environment = Path::new(&python()).ancestors().nth(2).expect("an environment").to_owned();
    std::os::unix::fs::symlink(environment, clone.join(".venv")).expect("linked");
    let output = Command::new("timeout")
        .args(["-k", "5", "400", "bash", "-euc", &script])
        .current_dir(clone)
        .output()
        .expect("bash runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    for expected in ["nothing is wrong", "6 of 6", "60 of 60 items done", "directions: 162"] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    let page = std::fs::read_to_string(clone.join("studies/glue.html")).expect("reported");
    assert!(page.contains("</html>") && page.contains("<svg"));
    let picture = std::fs::read(clone.join("studies/glue.png")).expect("drawn");
    assert!(picture.starts_with(b"\x89PNG") && picture.len() > 10_000);
}
