//! What a year on several clusters does to files: damaged datasets, locks of elsewhere, left-overs of
//! crashes, folders that are not the working directory.

mod common;

use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use amorph::format::solid_file::SolidData;
use amorph::report::check::check;
use amorph::study::results;
use amorph::system::temporary::host;
use common::engine::{PROGRAM, contents, launch};

#[path = "common/solid_file.rs"]
mod solid_file;

/// A run that takes longer has hung [s].
const TIMEOUT: &str = "100";

const STUDY: &str = "version = 1\n[study]\nname = \"hard\"\nreplicas = 2\n[solid]\ndimension = 2\n\
    particles = 32\npressure = 0.1\n[features]\nsets = [[\"stress\"]]\n[parameters]\nspecies = [2]\n\
    [sweep]\npoints = 4\n[output]\ncurves = 1\nsnapshots = 1\n";

fn place(study: &str) -> (tempfile::TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("study.toml");
    std::fs::write(&path, study).expect("writable");
    let output = folder.path().join("out.h5");
    (folder, path, output)
}

fn run(study: &Path, output: &Path) -> Command {
    let mut command = launch(0, TIMEOUT);
    command.arg("run").arg(study).arg("-o").arg(output);
    command
}

fn ends(command: &mut Command, code: i32, fragments: &[&str]) {
    let output: Output = command.output().expect("it starts");
    let (error, out) = (&output.stderr, &output.stdout);
    let text = format!("{}{}", String::from_utf8_lossy(error), String::from_utf8_lossy(out));
    assert_eq!(output.status.code(), Some(code), "{text}");
    for fragment in fragments {
        assert!(text.contains(fragment), "no `{fragment}` in: {text}");
    }
}

/// Every dataset with its place and length in the file.
fn datasets(path: &Path) -> Vec<(String, u64, u64)> {
    let file = common::open(path);
    let (mut found, mut groups) = (Vec::new(), vec![file.as_group().expect("the root")]);
    while let Some(group) = groups.pop() {
        groups.extend(group.groups().expect("readable"));
        for dataset in group.datasets().expect("readable") {
            found.push((
                dataset.name(),
                dataset.offset().expect("a place"),
                dataset.storage_size(),
            ));
        }
    }
    found
}

fn flip(file: &Path, place: u64) {
    let raw = std::fs::OpenOptions::new().read(true).write(true).open(file).expect("opens");
    let mut byte = [0];
    raw.read_exact_at(&mut byte, place).expect("readable");
    raw.write_all_at(&[byte[0] ^ 4], place).expect("writable");
}

#[test]
fn a_flipped_byte_in_any_dataset_is_found_by_check() {
    let one = STUDY.replace("replicas = 2", "replicas = 1").replace("points = 4", "directions = 1");
    let (_folder, study, output) = place(&one);
    ends(&mut run(&study, &output), 0, &[]);
    let is_clean = || {
        let archive = results::open(&output).expect("readable");
        check(&archive, 0).expect("checked").is_clean()
    };
    assert!(is_clean());
    let all = datasets(&output);
    assert!(all.len() > 100, "{} datasets", all.len());
    // When, where and by what an item was computed: no number depends on it.
    let harmless = ["seconds", "finished", "host", "program", "processor"];
    for (name, offset, length) in all {
        for place in [offset + length / 2, offset + length - 1] {
            flip(&output, place);
            let expected = harmless.iter().any(|field| name == format!("/items/{field}"));
            assert_eq!(is_clean(), expected, "{name} at {}", place - offset);
            flip(&output, place);
        }
    }
    assert!(is_clean());
}

#[test]
fn a_dataset_of_another_shape_or_type_is_refused_without_memory() {
    let (folder, study, output) = place(STUDY);
    ends(&mut run(&study, &output), 0, &[]);
    let long = 10_000_000_000_usize;
    type Change = fn(&hdf5::Group, &str, usize);
    let shapes: Change = |group, name, long| {
        group.new_dataset::<f64>().chunk((1, 1)).shape((long, 3)).create(name).expect("made");
    };
    let cells: Change = |group, name, _| {
        group.new_dataset::<[[u8; 1 << 20]; 2]>().chunk(1).shape(6).create(name).expect("made");
    };
    let types: Change = |group, name, _| {
        group.new_dataset::<f32>().shape((2, 3)).create(name).expect("made");
    };
    for (change, name) in
        [(shapes, "main/features/values"), (cells, "items/reason"), (types, "main/features/values")]
    {
        let copy = folder.path().join("copy.h5");
        std::fs::copy(&output, &copy).expect("copied");
        let file = hdf5::File::open_rw(&copy).expect("readable");
        file.unlink(name).expect("there");
        change(&file, name, long);
        file.close().expect("closed");
        for command in ["status", "stats", "check", "export"] {
            // 400 MB of addresses for everything, libraries included.
            let mut limited = Command::new("sh");
            limited.args(["-c", "ulimit -d 200000; exec \"$0\" \"$@\"", PROGRAM, command]);
            ends(limited.arg(&copy), 1, &["is damaged", name, "expected"]);
        }
    }
}

/// A program that stands for SLURM's.
fn stand_in(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("writable");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("permitted");
}

#[test]
fn a_lock_of_another_cluster_is_not_taken_over_though_this_one_knows_no_such_job() {
    let (folder, study, output) = place(STUDY);
    let programs = folder.path().join("bin");
    std::fs::create_dir(&programs).expect("made");
    stand_in(
        &programs,
        "squeue",
        "echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1",
    );
    stand_in(&programs, "scontrol", "echo 'ClusterName             = beta'");
    let lock = folder.path().join("out.h5.lock");
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default());
    for (cluster, code) in [("alpha", 2), ("", 2), ("beta", 0)] {
        let holder = format!(
            "{{\"host\": \"elsewhere\", \"boot\": \"\", \"pid\": 1, \"process_start\": 1, \"job\": \"17\", \
             \"cluster\": \"{cluster}\", \"round\": 0, \"ranks\": 4, \"since\": \"2026-01-01T00:00:00Z\"}}"
        );
        std::fs::write(&lock, holder).expect("writable");
        let mut command = run(&study, &output);
        command.env("PATH", &path).env_remove("SLURM_CLUSTER_NAME");
        let said: &[&str] = if code == 0 { &[] } else { &["elsewhere", "which cannot be told"] };
        ends(&mut command, code, said);
        assert_eq!(lock.exists(), code != 0, "{cluster}");
    }
}

#[test]
fn what_a_crash_has_left_is_cleaned_up_by_the_next_run() {
    let (folder, study, output) = place(STUDY);
    let dead = format!("{}.{}", host(), u32::MAX);
    for name in [format!("out.h5.{dead}"), format!("out.h5.lock.{dead}"), "out.h5.new".to_owned()] {
        std::fs::write(folder.path().join(name), "half").expect("writable");
    }
    ends(&mut run(&study, &output), 0, &[]);
    let mut left: Vec<_> = std::fs::read_dir(folder.path())
        .expect("readable")
        .map(|entry| entry.expect("readable").file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["out.h5", "study.toml"]);
}

/// A solid in a square box, whose particles do not touch in any special way.
fn solid() -> SolidData {
    let particles = 16;
    let positions = (0..particles)
        .flat_map(|i| {
            let (x, y) = ((i % 4) as f64, (i / 4) as f64);
            [x + 0.5 * (y % 2.0) + 0.01 * (7 * i % 5) as f64, 0.87 * y]
        })
        .collect();
    SolidData {
        positions,
        edges: vec![4.0, 3.48],
        species: (0..particles).map(|i| i % 2).collect(),
        diameters: vec![1.1, 1.2],
        k: vec![1.0; 4],
        depths: vec![0.0; 4],
        a: 50.0,
        tail: None,
        exponent: 2.0,
        size_factors: None,
        springs: None,
        directions: Some((vec![0.6, 0.8], 2)),
    }
}

const FROM_FILES: &str = "version = 1\n[study]\nname = \"files\"\nreplicas = 2\n[solid]\ndimension = 2\n\
    particles = 16\nstructure = \"file\"\nfiles = [\"solids/a.h5\", \"solids/a.h5:/\"]\n[features]\n\
    sets = [[\"stress\"]]\n[parameters]\nspecies = [2]\n[sweep]\npoints = 4\n\
    directions = { file = \"solids/a.h5\" }\n";

#[test]
fn files_that_a_study_names_stand_in_its_folder_wherever_it_is_run_from() {
    let (folder, study, output) = place(FROM_FILES);
    std::fs::create_dir(folder.path().join("solids")).expect("made");
    solid_file::write(&folder.path().join("solids/a.h5"), "/", &solid());
    let elsewhere = tempfile::tempdir().expect("a folder");
    let here = |directory: &Path, arguments: &[&str]| {
        let mut command = Command::new(PROGRAM);
        command.current_dir(directory).args(arguments);
        command
    };
    let (path, out) = (study.to_str().expect("UTF-8"), output.to_str().expect("UTF-8"));
    // From another directory, in parallel, stopped and continued from a third one.
    let mut parallel = launch(2, TIMEOUT);
    parallel.current_dir(elsewhere.path()).args(["run", path, "-o", out, "--max-time", "0"]);
    ends(&mut parallel, 75, &["items are pending"]);
    ends(&mut here(Path::new("/"), &["run", path, "-o", out, "--resume"]), 0, &[" 0 failed"]);
    // As a relative path, from the folder and from below it.
    for (directory, path, name) in [
        (folder.path().to_owned(), "study.toml", "1.h5"),
        (folder.path().join("solids"), "../study.toml", "../2.h5"),
    ] {
        ends(&mut here(&directory, &["run", path, "-o", name]), 0, &[]);
        assert!(contents(&directory.join(name)) == contents(&output));
        ends(&mut here(&directory, &["plan", path]), 0, &["pilot"]);
        ends(&mut here(&directory, &["config", "show", path]), 0, &["\"solids/a.h5\""]);
    }
    // Readers need the solid files too: they are found from anywhere.
    ends(&mut here(elsewhere.path(), &["check", out, "--items", "4"]), 0, &["nothing is wrong"]);
    // Everything moved: the same study, which goes on; the results find the files beside them.
    let moved = elsewhere.path().join("moved");
    std::fs::rename(folder.path(), &moved).expect("moved");
    let out = moved.join("out.h5");
    ends(here(Path::new("/"), &["check", "--items", "4"]).arg(&out), 0, &["nothing is wrong"]);
    ends(
        here(Path::new("/"), &["run", "--resume"])
            .arg(moved.join("study.toml"))
            .arg("-o")
            .arg(&out),
        0,
        &[],
    );
    // A file that is missing is named with its place.
    std::fs::remove_file(moved.join("solids/a.h5")).expect("removable");
    let missing = moved.join("solids/a.h5").display().to_string();
    ends(here(Path::new("/"), &["plan", "--slurm"]).arg(moved.join("study.toml")), 2, &[&missing]);
}
