//! The first minutes: `amorph init`, and the study that it writes.

mod common;
#[path = "common/solid_file.rs"]
mod writer;

use std::path::Path;
use std::process::{Command, Output};

use amorph::format::solid_file;
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

#[test]
fn the_version_names_the_commit_and_the_libraries() {
    let here = Path::new(".");
    let (short, long) = (printed(here, &["-V"]), printed(here, &["--version"]));
    let commit = amorph::system::program::program();
    assert_eq!(short, format!("amorph {commit}\n"));
    assert!(long.starts_with(&short), "{long}");
    for line in ["\nMPI    ", "\nHDF5   1.", "\nbuilt  rustc "] {
        assert!(long.contains(line), "no `{line}` in: {long}");
    }
}

#[test]
fn the_program_is_installed_with_its_manual_and_completions() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut make = Command::new("make");
    make.current_dir(env!("CARGO_MANIFEST_DIR")).args(["-o", "build", "install"]);
    make.arg(format!("AMORPH={PROGRAM}")).arg(format!("PREFIX={}", folder.path().display()));
    let output = make.output().expect("make starts");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let read = |path: &str| std::fs::read_to_string(folder.path().join(path)).expect(path);
    assert!(read("share/man/man1/amorph.1").contains("amorph\\-run"));
    assert!(read("share/man/man1/amorph-run.1").contains("\\-\\-resume"));
    assert!(read("share/bash-completion/completions/amorph").contains("--resume"));
    assert!(read("share/zsh/site-functions/_amorph").starts_with("#compdef amorph"));
    assert!(read("share/fish/vendor_completions.d/amorph.fish").contains("-c amorph"));
    let installed = Command::new(folder.path().join("bin/amorph")).arg("-V").output();
    assert!(installed.expect("it runs").status.success());
}

/// How the program ends when nobody reads what it prints.
fn unread(folder: &Path, arguments: &[&str]) -> Output {
    let mut child = Command::new(PROGRAM)
        .current_dir(folder)
        .args(arguments)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the binary runs");
    drop(child.stdout.take());
    child.wait_with_output().expect("it ends")
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure_and_a_device_is_written_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    printed(folder, &["init", "s"]);
    let one = std::fs::read_to_string(folder.join("s.toml")).expect("written");
    let one = one.replace("replicas = 6", "replicas = 1").replace("[\"D_n40\"]", "[]");
    std::fs::write(folder.join("s.toml"), one).expect("written");
    for arguments in [
        &["run", "s.toml", "-o", "s.h5"][..],
        &["stats", "s.h5"],
        &["stats", "s.h5", "--json"],
        &["status", "s.h5"],
        &["check", "s.h5"],
        &["export", "s.h5"],
        &["plan", "s.toml", "--pilot", "0"],
        &["plan", "s.toml", "--pilot", "0", "--json"],
        &["config", "show", "s.toml"],
        &["config", "keys"],
        &["completions", "bash"],
        &["init", "t"],
        &["measure", "s.h5", "--scenario", "main", "--replica", "0", "-o", "m.h5"],
        &["--help"],
        &["--version"],
    ] {
        let output = unread(folder, arguments);
        let message = text(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {message}");
        assert!(!message.contains("panicked") && !message.contains("pipe"), "{message}");
    }
    // A full disk is one.
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a device");
    let mut command = Command::new(PROGRAM);
    let output = command.current_dir(folder).args(["stats", "s.h5"]).stdout(full).output();
    let output = output.expect("the binary runs");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("No space left"), "{}", text(&output.stderr));
    printed(folder, &["export", "s.h5", "-o", "/dev/null"]);
    assert!(!Path::new("/dev/null").is_file(), "the device is still one");
    assert_eq!(amorph(folder, &["export", "s.h5", "-o", "s.toml"]).status.code(), Some(2));
}

#[test]
fn a_group_is_named_with_or_without_its_slash_and_an_energy_may_be_one_number() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("solid.h5");
    let reference = "tests/data/s2d_n064_p1e-1_D10.h5";
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join(reference);
    let data = solid_file::read(&reference.display().to_string()).expect("a solid");
    writer::write(&path, "one", &data);
    let file = common::open_to_change(&path);
    for name in ["k", "B"] {
        let table: Vec<f64> = file.dataset(&format!("one/{name}")).unwrap().read_raw().unwrap();
        file.unlink(&format!("one/{name}")).unwrap();
        let scalar = file.new_dataset::<f64>().create(format!("one/{name}").as_str()).unwrap();
        scalar.write_scalar(&table[0]).unwrap();
        assert!(table.iter().all(|value| *value == table[0]), "the reference has one {name}");
    }
    file.close().unwrap();
    for address in ["one", "/one"] {
        let address = format!("{}:{address}", path.display());
        assert_eq!(solid_file::read(&address).expect("a solid"), data, "{address}");
    }
    let nothing = solid_file::read(&format!("{}:two", path.display())).expect_err("no group");
    assert!(nothing.to_string().contains("no group `/two`"), "{nothing}");
    // A colon in a file's own name.
    let odd = folder.path().join("a:b.h5");
    std::fs::copy(&reference, &odd).expect("copied");
    assert_eq!(solid_file::read(&odd.display().to_string()).expect("a solid"), data);
}
