//! The first minutes: `amorph init`, and the study that it writes.

mod common;

use std::path::Path;
use std::process::{Command, Output};

use common::engine::PROGRAM;

fn amorph(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(PROGRAM);
    command.current_dir(folder).args(arguments).output().expect("the binary runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What a command prints; it must succeed.
fn printed(folder: &Path, arguments: &[&str]) -> String {
    let output = amorph(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn a_study_of_every_kind_is_written_commented_and_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, kind, line) in [
        ("soft", None, "structure = \"disordered\""),
        ("sticky", Some("--attractive"), "B = 0.01"),
        ("springs", Some("--network"), "structure = \"network\""),
        ("lattice", Some("--crystal"), "structure = \"triangular\""),
    ] {
        let file = format!("{name}.toml");
        let said = printed(folder.path(), &[&["init", name], kind.as_slice()].concat());
        assert!(said.contains(&format!("amorph plan {file}")), "{said}");
        let written = std::fs::read_to_string(folder.path().join(&file)).expect("written");
        assert!(written.contains(&format!("\n{line}\n")), "{written}");
        // A scenario of its own would only be in the way.
        assert!(written.contains("\n[solid]\n") && !written.contains("[[scenario]]"), "{written}");
        // Every key but the first, `version`, stands under its meaning.
        let lines: Vec<&str> = written.lines().collect();
        let keys = |line: &str| line.contains(" = ") && !line.starts_with('#');
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| keys(line)).skip(1) {
            assert!(lines[at - 1].starts_with("# "), "no comment above: {line}");
        }
        printed(folder.path(), &["plan", &file, "--pilot", "0"]);
        let shown = printed(folder.path(), &["config", "show", &file]);
        assert!(shown.contains(&format!("name = \"{name}\"")), "{shown}");
        let one = written.replace("replicas = 6", "replicas = 1");
        std::fs::write(folder.path().join("one.toml"), one).expect("written");
        let said = printed(folder.path(), &["run", "one.toml", "-o", &format!("{name}.h5")]);
        assert!(said.contains(" 0 failed") || !said.contains("failed"), "{said}");
    }
}

#[test]
fn an_existing_study_is_not_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    printed(folder.path(), &["init"]);
    let path = folder.path().join("study.toml");
    std::fs::write(&path, "mine").expect("written");
    for arguments in [&["init"][..], &["init", "study.toml", "--network"]] {
        let output = amorph(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(2));
        let message = text(&output.stderr);
        assert!(message.contains("study.toml") && message.contains("exists"), "{message}");
    }
    assert_eq!(std::fs::read_to_string(&path).expect("there"), "mine");
    for bad in [&["init", "a/b"][..], &["init", "--network", "--crystal"]] {
        assert_eq!(amorph(folder.path(), bad).status.code(), Some(2), "{bad:?}");
    }
}
