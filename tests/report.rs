//! `amorph report`: pages of complete, unfinished and damaged results, of several files, of a
//! measurement and of a solid; read as XML, compared with `amorph stats`, and opened in a browser.

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use common::engine::{PROGRAM, python};

const STUDY: &str = "version = 1\n[study]\nname = \"two-kinds\"\nreplicas = 5\n\
    [solid]\ndimension = 2\nparticles = 64\npressure = 0.1\n\
    [features]\nsets = [[\"stress\"], [\"stress\", \"elastic\"]]\n\
    [parameters]\nkinds = [\"D\"]\nspecies = [2, 5, 20]\n\
    [sweep]\nset = [\"stress\", \"elastic\"]\nparameters = [\"D_n20\"]\n\
    [output]\ncurves = 1\n\
    [[scenario]]\nname = \"soft\"\n\
    [[scenario]]\nname = \"denser\"\n[scenario.solid]\npressure = 0.2\n";

/// Chromium's options where it may be root and has no network.
const BROWSER: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
];

fn amorph(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(PROGRAM);
    command.current_dir(folder).args(arguments).output().expect("the binary runs")
}

/// The exit code and what was said.
fn ended(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Runs a command that must succeed; returns what it prints.
fn printed(folder: &Path, arguments: &[&str]) -> String {
    let output = amorph(folder, arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {:?}", ended(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What tests/common/report.py says.
fn read(arguments: &[&Path], what: &str) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/common/report.py");
    let output = Command::new(python()).arg(script).arg(what).args(arguments).output();
    let output = output.expect("Python starts");
    assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The text of a page, which must be whole, well-formed and self-contained.
fn page(path: &Path) -> String {
    read(&[path], "page")
}

fn has(text: &str, fragments: &[&str]) {
    for fragment in fragments {
        assert!(text.contains(fragment), "no `{fragment}` in: {text}");
    }
}

/// A complete results file, made once; every test copies it.
fn complete() -> &'static Path {
    static MADE: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = MADE.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("study.toml"), STUDY).expect("written");
        printed(folder.path(), &["run", "study.toml", "-o", "all.h5", "-q"]);
        let path = folder.path().join("all.h5");
        (folder, path)
    });
    path
}

/// A folder with a copy of it.
fn copied(name: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    std::fs::copy(complete(), &path).expect("copied");
    (folder, path)
}

/// Overwrites the first values of a dataset of bytes.
fn overwrite(path: &Path, dataset: &str, bytes: &[u8]) {
    let file = common::open_to_change(path);
    let dataset = file.dataset(dataset).expect("there");
    let mut all: Vec<u8> = dataset.read_raw().expect("readable");
    all[..bytes.len()].copy_from_slice(bytes);
    dataset.write_raw(&all).expect("written");
    file.close().expect("closed");
}

#[test]
fn a_complete_study_has_every_section_and_the_numbers_of_stats() {
    // Its name must be escaped, and quoted for the shell.
    let name = "a<b & \"c\"'s.h5";
    let (folder, _) = copied(name);
    let folder = folder.path();
    printed(folder, &["report", name, "-o", "r.html", "--items", "2"]);
    let (report, json) = (folder.join("r.html"), folder.join("stats.json"));
    let text = page(&report);
    has(
        &text,
        &[
            "sections provenance progress check figures examples singular-values thresholds power-laws \
             solids configuration repeat",
            "Study two-kinds",
            "nothing is wrong",
            "bit for bit",
            "Nothing has failed.",
            "hash of the configuration",
            "[[scenario]] name = \"denser\"",
            "amorph stats 'a<b & \"c\"'\\''s.h5'",
            "Fig. 1 of scenario soft",
            "Fig. 3: scenario soft, D_n20, replica 0",
            "packing_fraction",
        ],
    );
    // Ranks of two scenarios, the susceptibilities, γ* and ζ; of each scenario the distributions of the
    // thresholds, of s and of ζ, a picture and a curve.
    has(&text, &["figures 15", "energy/length^3", "[energy/length^2]", "ζ − shuffled"]);
    assert!(!text.contains("Unfinished") && !text.contains("Damaged"));
    std::fs::write(&json, printed(folder, &["stats", name, "--json"])).expect("written");
    let compared = read(&[&report, &json], "statistics");
    assert_eq!(compared.trim(), "compared 571 intervals 8");
    assert!(std::fs::metadata(&report).expect("there").len() < 2_000_000);
}

#[test]
fn an_unfinished_study_is_called_so() {
    let (folder, path) = copied("part.h5");
    overwrite(&path, "/items/state", &[0; 15]);
    printed(folder.path(), &["report", "part.h5", "-o", "r.html"]);
    let text = page(&folder.path().join("r.html"));
    has(&text, &["Unfinished: 15 of 100 work items are pending", "the same with --resume"]);
    let json = folder.path().join("stats.json");
    std::fs::write(&json, printed(folder.path(), &["stats", "part.h5", "--json"]))
        .expect("written");
    read(&[&folder.path().join("r.html"), &json], "statistics");
}

#[test]
fn a_study_of_which_nothing_is_done_has_a_report() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("s.toml"), STUDY).expect("written");
    let output =
        amorph(folder.path(), &["run", "s.toml", "-o", "none.h5", "-q", "--max-time", "0"]);
    assert_eq!(output.status.code(), Some(75), "{:?}", ended(&output));
    printed(folder.path(), &["report", "none.h5", "-o", "r.html"]);
    let text = page(&folder.path().join("r.html"));
    has(
        &text,
        &["Unfinished: 100 of 100", "Nothing is done yet that could be drawn.", "figures 0"],
    );
}

#[test]
fn damage_is_said_and_left_out_and_the_exit_code_is_three() {
    let (folder, path) = copied("bad.h5");
    let file = common::open_to_change(&path);
    let energy = file.dataset("soft/solids/energy").expect("there");
    let mut values: Vec<f64> = energy.read_raw().expect("readable");
    values[1] *= 1e9;
    energy.write_raw(&values).expect("written");
    // The file is closed with the last dataset.
    drop(energy);
    file.close().expect("closed");
    let output = amorph(folder.path(), &["report", "bad.h5", "-o", "r.html"]);
    let (code, said) = ended(&output);
    assert_eq!(code, Some(3), "{said}");
    has(&said, &["r.html", "something is wrong"]);
    let text = page(&folder.path().join("r.html"));
    has(&text, &["Damaged: the checksum of 1 items", "WRONG", "soft, replica 1, solid"]);
    let output = amorph(folder.path(), &["report", "bad.h5", "-o", "n.html", "--no-check"]);
    assert_eq!(ended(&output).0, Some(3));
    has(&page(&folder.path().join("n.html")), &["Left out (--no-check)", "Damaged"]);
}

#[test]
fn several_files_of_a_study_give_the_numbers_of_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    std::fs::write(folder.join("study.toml"), STUDY).expect("written");
    for (part, file) in [("2:5", "b.h5"), ("0:2", "a.h5")] {
        printed(folder, &["run", "study.toml", "--replicas", part, "-o", file, "-q"]);
    }
    printed(folder, &["report", "b.h5", "a.h5", "-o", "r.html"]);
    let text = page(&folder.join("r.html"));
    has(
        &text,
        &["replicas 0 to 4", "replicas = 5", "--replicas 0:2 -o a.h5", "--replicas 2:5 -o b.h5"],
    );
    let whole = complete().display().to_string();
    std::fs::write(folder.join("j"), printed(folder, &["stats", &whole, "--json"]))
        .expect("written");
    let compared = read(&[&folder.join("r.html"), &folder.join("j")], "statistics");
    assert_eq!(compared.trim(), "compared 571 intervals 8");
    // Another study does not belong to them.
    let other = STUDY.replace("0.2", "0.15");
    std::fs::write(folder.join("other.toml"), other).expect("written");
    printed(folder, &["run", "other.toml", "--replicas", "0:1", "-o", "o.h5", "-q"]);
    let (code, said) = ended(&amorph(folder, &["report", "a.h5", "o.h5", "-o", "x.html"]));
    assert!(code == Some(2) && said.contains("another study"), "{said}");
    assert!(!folder.join("x.html").exists());
}

#[test]
fn a_measurement_and_a_solid_have_reports() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let solid = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/s2d_n064_p1e-1_D10.h5");
    let solid = solid.display().to_string();
    printed(folder, &["measure", &solid, "-o", "m.h5", "--sweep", "--directions", "3"]);
    printed(folder, &["report", "m.h5", "-o", "m.html"]);
    let text = page(&folder.join("m.html"));
    has(
        &text,
        &[
            "sections provenance solid figures features singular-values directions parameters repeat",
            "Measurement m.h5",
            "64 particles in 2d, 10 parameters, 3 directions",
            "C_xxxx",
            "At the minimum: 64 particles",
            "Fig. 3: direction 1",
            // The picture, the spectrum and two curves.
            "figures 4",
        ],
    );
    printed(folder, &["report", &solid, "-o", "s.html"]);
    let text = page(&folder.join("s.html"));
    has(
        &text,
        &["sections solid figures species repeat", "figures 1", "contacts that bear a force"],
    );
    // Of more than one thing there is no report.
    let (code, said) = ended(&amorph(folder, &["report", "m.h5", &solid, "-o", "x.html"]));
    assert!(code == Some(2) && said.contains("give it alone"), "{said}");
}

#[test]
fn nothing_is_overwritten_and_what_is_no_result_is_refused_by_name() {
    let (folder, _) = copied("all.h5");
    let folder = folder.path();
    std::fs::write(folder.join("mine.html"), "mine").expect("written");
    for (arguments, fragments) in [
        (&["report", "all.h5", "-o", "mine.html"][..], &["mine.html", "exists already"][..]),
        (&["report", "all.h5", "-o", "nowhere/r.html"], &["nowhere/r.html", "cannot"]),
        (&["report", "mine.html", "-o", "r.html"], &["mine.html", "neither", "amorph measure"]),
        (&["report", "gone.h5", "-o", "r.html"], &["gone.h5"]),
        (&["report", "all.h5", "all.h5", "-o", "r.html"], &["all.h5", "disjoint replicas"]),
        (&["report", "all.h5", "-o", "r.html", "--no-check", "--items", "1"], &["--items"]),
    ] {
        let (code, said) = ended(&amorph(folder, arguments));
        assert_eq!(code, Some(2), "{arguments:?}: {said}");
        has(&said, fragments);
    }
    assert_eq!(std::fs::read_to_string(folder.join("mine.html")).expect("there"), "mine");
    assert_eq!(std::fs::read_dir(folder).expect("readable").count(), 2);
}

/// The browser: `make test` installs Debian's chromium, and CHROMIUM names another one.
fn browser() -> String {
    let named = std::env::var("CHROMIUM").ok().into_iter();
    let known = named.chain(["chromium", "chromium-browser"].map(str::to_owned));
    let starts = |name: &String| Command::new(name).arg("--version").output().is_ok();
    let found = known.into_iter().find(starts);
    found.expect("no chromium: `make test` installs it, or CHROMIUM names it")
}

#[test]
fn a_browser_shows_the_figures() {
    let (folder, _) = copied("all.h5");
    let folder = folder.path();
    printed(folder, &["report", "all.h5", "-o", "r.html", "--no-check"]);
    let shot = folder.join("shot.png");
    let mut command = Command::new("timeout");
    command.args(["-k", "5", "300", &browser()]).args(BROWSER);
    command.arg(format!("--user-data-dir={}", folder.join("profile").display()));
    command.args([&format!("--screenshot={}", shot.display()), "--window-size=1200,6000"]);
    let output = command.arg(format!("file://{}", folder.join("r.html").display())).output();
    let output = output.expect("it starts");
    assert!(shot.exists(), "no screenshot: {}", String::from_utf8_lossy(&output.stderr));
    has(&read(&[&shot], "picture"), &["size 6000 1200"]);
    if let Some(kept) = std::env::var_os("AMORPH_SCREENSHOT") {
        std::fs::copy(&shot, kept).expect("copied");
    }
}
