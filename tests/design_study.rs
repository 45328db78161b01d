//! The `[design]` table of a study: the real program on several ranks, killed and resumed, against
//! `amorph design` of the same solids, and its statistics against plain counting.

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use common::engine::{PROGRAM, contents, launch, ranks_of};
use serde_json::Value;

/// Two scenarios: several designs over several parameterisations beside sweeps, and one in 3d alone.
const STUDY: &str = r#"
version = 1
[study]
name = "designs"
replicas = 6
[solid]
dimension = 2
particles = 48
pressure = 0.1
[parameters]
species = [8, 12]
[features]
sets = [["stress", "elastic"], ["allosteric"]]
allosteric = { pairs = 2 }
[sweep]
parameters = ["D_n8"]
directions = 1
[design]
targets = ["G=-2%", "K=+0.5%, G=-1%", "K=+200%", "eta_1=+2%"]
parameters = ["D_n12"]
limit = 25
[[scenario]]
name = "flat"
[[scenario]]
name = "deep"
solid = { dimension = 3, particles = 40 }
sweep.parameters = []
design = { targets = ["G=-1%"], hold = ["volume"], parameters = ["D_n8"] }
"#;

struct Place(tempfile::TempDir);

impl Place {
    fn new(study: &str) -> Self {
        let place = Place(tempfile::tempdir().unwrap());
        std::fs::write(place.study(), study).unwrap();
        place
    }

    fn study(&self) -> PathBuf {
        self.0.path().join("study.toml")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs the study on so many ranks; what is printed.
    fn run(&self, ranks: usize, output: &Path, more: &[&str]) -> String {
        let mut command = launch(ranks, "300");
        command.arg("run").arg(self.study()).arg("-o").arg(output).args(more);
        succeeded(&command.output().unwrap(), 0)
    }
}

fn succeeded(output: &std::process::Output, code: i32) -> String {
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}{wrong}");
    said
}

fn program(arguments: &[&str], code: i32) -> String {
    succeeded(&Command::new(PROGRAM).args(arguments).output().unwrap(), code)
}

fn same(found: &[(String, Vec<u8>)], expected: &[(String, Vec<u8>)], what: &str) {
    assert_eq!(found.len(), expected.len());
    for ((name, ours), (_, theirs)) in found.iter().zip(expected) {
        assert!(ours == theirs, "{name} differs {what}");
    }
}

#[test]
fn designs_are_the_same_on_any_number_of_ranks_and_after_a_kill() {
    let place = Place::new(STUDY);
    let alone = place.path("alone.h5");
    let said = place.run(0, &alone, &[]);
    // Solids that do not reach their targets are no failures: the run ends with 0.
    assert!(said.contains("K=+0.5%,G=-1%") && said.contains("of 6"), "{said}");
    let status = program(&["status", alone.to_str().unwrap()], 0);
    assert!(status.contains("D_n12[G=-2%]: ") && status.contains(" of 6 reached the"), "{status}");
    let checked = program(&["check", alone.to_str().unwrap(), "--items", "6"], 0);
    assert!(checked.contains("nothing is wrong"), "{checked}");
    let expected = contents(&alone);
    assert!(expected.iter().any(|(name, _)| name == "/flat/D_n12/designs/G=-2%/theta"));
    for ranks in 1..=4 {
        let output = place.path(&format!("ranks-{ranks}.h5"));
        place.run(ranks, &output, &[]);
        same(&contents(&output), &expected, &format!("on {ranks} ranks"));
    }

    let output = place.path("killed.h5");
    let mut command = launch(2, "300");
    command.arg("run").arg(place.study()).arg("-o").arg(&output).args(["--commit-interval", "0"]);
    let mut job = command.stdout(std::process::Stdio::null()).spawn().unwrap();
    let started = Instant::now();
    let done = || {
        let output =
            Command::new(PROGRAM).args(["status", "--json"]).arg(&output).output().unwrap();
        let status: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let kinds = status["scenarios"][0]["kinds"].as_array().cloned().unwrap_or_default();
        let done = |kind: &Value| kind["items"]["done"].as_u64().unwrap_or(0);
        kinds.iter().filter(|kind| kind["reached"].is_u64()).map(done).sum::<u64>()
    };
    while done() < 2 && job.try_wait().unwrap().is_none() {
        assert!(started.elapsed() < Duration::from_secs(200), "no design is done");
        std::thread::sleep(Duration::from_millis(10));
    }
    for rank in ranks_of(&output) {
        // SAFETY: sends a signal to a process of this test.
        unsafe { libc::kill(rank as i32, libc::SIGKILL) };
    }
    job.wait().unwrap();
    place.run(3, &output, &["--resume"]);
    same(&contents(&output), &expected, "after a kill");
}

/// The values of a dataset of one replica.
fn values(file: &hdf5::File, path: &str, replica: usize) -> Vec<f64> {
    let dataset = file.dataset(path).unwrap_or_else(|_| panic!("{path}"));
    let all: Vec<f64> = dataset.read_raw().unwrap();
    let row = all.len() / dataset.shape()[0];
    all[replica * row..(replica + 1) * row].to_vec()
}

#[test]
fn a_design_of_the_ensemble_is_that_of_the_solid_alone() {
    let place = Place::new(&STUDY.replace("replicas = 6", "replicas = 2"));
    let results = place.path("results.h5");
    place.run(2, &results, &[]);
    for (scenario, theta, target, hold) in [
        ("flat", "D_n12", "G=-2%", None),
        ("flat", "D_n12", "K=+0.5%,G=-1%", None),
        ("flat", "D_n12", "K=+200%", None),
        ("flat", "D_n12", "eta_1=+2%", None),
        ("deep", "D_n8", "G=-1%", Some("volume")),
    ] {
        let file = common::open(results.to_str().unwrap());
        let path = |name: &str| format!("{scenario}/{theta}/designs/{target}/{name}");
        let codes: Vec<u8> = file.dataset(&path("outcome")).unwrap().read_raw().unwrap();
        let alone = place.path(&format!("{scenario} {target}.h5"));
        let mut command = Command::new(PROGRAM);
        command.arg("design").arg(&results).args(["--scenario", scenario, "--replica", "1"]);
        command.args(["--parameterisation", theta, "--target", target, "--limit", "25"]);
        command.args(hold.iter().flat_map(|hold| ["--hold", hold])).arg("-o").arg(&alone);
        succeeded(&command.output().unwrap(), if codes[1] == 1 { 0 } else { 3 });
        let one = common::open(alone.to_str().unwrap());
        let numbers = |name: &str| one.dataset(name).unwrap().read_raw::<f64>().unwrap();
        let of_ensemble = |name: &str| values(&file, &path(name), 1);
        let bits = |values: Vec<f64>| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        for (name, there) in [
            ("positions", "positions"),
            ("theta", "diameters"),
            ("targets", "targets"),
            ("fresh_features", "fresh_features"),
            ("gamma_star", "one_step/gamma_star"),
            ("step_features", "one_step/achieved"),
        ] {
            assert_eq!(bits(of_ensemble(name)), bits(numbers(there)), "{target}: {name}");
        }
        let residual = *numbers("path/residual").last().unwrap();
        assert_eq!(of_ensemble("residual"), [residual]);
        let change = numbers("one_step/delta_theta");
        let length = change.iter().map(|x| x * x).sum::<f64>().sqrt();
        assert!((of_ensemble("step_length")[0] / length - 1.0).abs() < 1e-14);
        // s and u: the step in one is J^+ of what is wanted.
        let (s, along) = (of_ensemble("susceptibilities"), of_ensemble("components"));
        let from_s = s.iter().zip(&along).map(|(s, c)| (c / s) * (c / s)).sum::<f64>().sqrt();
        assert!((from_s / length - 1.0).abs() < 1e-9, "{from_s} {length}");
    }
}

#[test]
fn a_designed_solid_can_be_measured_checked_and_exported() {
    let place = Place::new(&STUDY.replace("replicas = 6", "replicas = 2"));
    let results = place.path("results.h5");
    place.run(2, &results, &[]);
    let name = results.to_str().unwrap();
    let selected = ["--scenario", "flat", "--replica", "1", "--parameterisation", "D_n12"];
    let measured = place.path("measured.h5");
    let mut command = Command::new(PROGRAM);
    command.args(["measure", name, "-o"]).arg(&measured).args(selected);
    succeeded(&command.args(["--design", "G=-2%", "--features", "derived"]).output().unwrap(), 0);
    let file = common::open(name);
    let designed = values(&file, "flat/D_n12/designs/G=-2%/features", 1)[0];
    let one = common::open(measured.to_str().unwrap());
    let features: Vec<f64> = one.dataset("features").unwrap().read_raw().unwrap();
    // p, K, G, nu.
    assert!((features[2] / designed - 1.0).abs() < 1e-9, "{} {designed}", features[2]);
    let before = values(&file, "flat/D_n12/designs/G=-2%/target_start", 1)[0];
    assert!((features[2] / before - 1.0).abs() > 1e-3);

    let xyz = place.path("designed.xyz");
    let xyz_name = xyz.to_str().unwrap();
    program(&["export", name, "--scenario", "flat", "--design", "D_n12/G=-2%", "-o", xyz_name], 0);
    let frames = std::fs::read_to_string(&xyz).unwrap();
    assert_eq!(frames.matches("design=\"G=-2%\"").count(), 2, "{frames}");
    let radius = frames.lines().nth(50 + 2).unwrap().split_whitespace().nth(4).unwrap();
    let diameters = values(&file, "flat/D_n12/designs/G=-2%/theta", 1);
    let radius: f64 = radius.parse().unwrap();
    assert!(diameters.iter().any(|d| 0.5 * d == radius), "{radius} {diameters:?}");

    for (arguments, said) in [
        (
            ["--parameterisation", "D_n12", "--design", "G=-3%"],
            "G=-2%; K=+0.5%,G=-1%; K=+200%; eta_1=+2%",
        ),
        (["--parameterisation", "D_n8", "--design", "G=-2%"], "D_n8 has none"),
    ] {
        let mut command = Command::new(PROGRAM);
        command.args(["measure", name, "--scenario", "flat", "--replica", "1", "-o"]);
        let output = command.arg(place.path("never.h5")).args(arguments).output().unwrap();
        succeeded(&output, 2);
        let wrong = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(wrong.contains(said), "{wrong}");
    }
    let output = Command::new(PROGRAM).args(["export", name, "--design", "D_n12/G=-2%"]).output();
    let wrong = String::from_utf8_lossy(&output.unwrap().stderr).into_owned();
    assert!(wrong.contains("scenario deep has D_n8/G=-1%"), "{wrong}");
    assert!(!place.path("never.h5").exists());
}

/// The smallest value with at least this share of the values at or below it.
fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[((share * sorted.len() as f64).ceil().max(1.0) as usize) - 1]
}

#[test]
fn statistics_are_those_of_plain_counting() {
    let place = Place::new(&STUDY.replace("replicas = 6", "replicas = 9"));
    let results = place.path("results.h5");
    place.run(2, &results, &[]);
    let name = results.to_str().unwrap();
    let statistics: Value = serde_json::from_str(&program(&["stats", "--json", name], 0)).unwrap();
    let file = common::open(name);
    let mut outcomes = std::collections::BTreeSet::new();
    let designs = ["G=-2%", "K=+0.5%,G=-1%", "K=+200%", "eta_1=+2%"];
    for (index, target) in designs.into_iter().enumerate() {
        let group = format!("flat/D_n12/designs/{target}");
        let codes: Vec<u8> = file.dataset(&format!("{group}/outcome")).unwrap().read_raw().unwrap();
        outcomes.extend(codes.iter().copied());
        let reached = codes.iter().filter(|&&code| code == 1).count();
        let of = &statistics["scenarios"][0]["parameterisations"][1]["designs"][index];
        assert_eq!(of["name"], target);
        assert_eq!(of["success"]["solids"], 9);
        assert_eq!(of["success"]["reached"], reached);
        for code in 0..7_u8 {
            let count = codes.iter().filter(|&&found| found == code).count();
            assert_eq!(of["outcomes"][usize::from(code)], count, "{target}: {code}");
        }
        let stored = |name: &str| -> Vec<f64> {
            let path = format!("statistics/{group}/{name}");
            file.dataset(&path).unwrap_or_else(|_| panic!("{path}")).read_raw().unwrap()
        };
        assert_eq!(stored("reached"), [reached as f64]);
        // Wilson: the ends of the interval solve |p - k/n| = z sqrt(p (1 - p)/n).
        let (n, z) = (9.0, 1.959_963_984_540_054);
        for p in stored("reached_interval") {
            let off = (p - reached as f64 / n).abs() - z * (p * (1.0 - p) / n).max(0.0).sqrt();
            assert!(off.abs() < 1e-9, "{target}: {p}");
        }
        let length: Vec<f64> =
            file.dataset(&format!("{group}/step_length")).unwrap().read_raw().unwrap();
        let expected = [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0].map(|at| quantile(&length, at));
        assert_eq!(stored("step_length"), expected);
        let steps: Vec<i32> =
            file.dataset(&format!("{group}/linearisations")).unwrap().read_raw().unwrap();
        let steps: Vec<f64> = steps.into_iter().map(f64::from).collect();
        assert_eq!(stored("linearisations")[3], quantile(&steps, 0.5));
        // Quarters of the solids in the order of the length of one step: 2, 2, 2, 3.
        let mut sorted: Vec<(f64, u8)> = length.iter().copied().zip(codes).collect();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        let parts = stored("reached_by_step_length");
        for (part, range) in [0..2, 2..4, 4..6, 6..9].into_iter().enumerate() {
            let own = &sorted[range];
            let reached = own.iter().filter(|(_, code)| *code == 1).count();
            let expected = [own[0].0, own[own.len() - 1].0, own.len() as f64, reached as f64];
            assert_eq!(parts[6 * part..6 * part + 4], expected, "{target}: part {part}");
        }
    }
    // A test of one outcome alone would see little.
    assert!(outcomes.len() > 1, "{outcomes:?}");
    let csv = program(&["stats", "--csv", name], 0);
    assert!(csv.contains("flat,D_n12,\"K=+0.5%,G=-1%\",outcome,,reached,"), "{csv}");
    let page = place.path("report.html");
    program(&["report", name, "-o", page.to_str().unwrap(), "--no-check"], 0);
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("How the designs end") && page.contains("K=+0.5%,G=-1%"));
}
