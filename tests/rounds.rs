//! Ensemble design: one θ for the means of freshly prepared solids, in rounds of one MPI job.

mod common;

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use common::engine::{PROGRAM, contents, launch, ranks_of};
use common::{numbers, open, strings};

/// Seconds that a run may take before it is called hung.
const TIMEOUT: &str = "300";

/// A study of small solids with this table of parameters and of the design.
fn study(place: &Path, solid: &str, parameters: &str, design: &str) -> std::path::PathBuf {
    let text = format!(
        "version = 1\n[study]\nname = \"rounds\"\nreplicas = 28\n\
         [solid]\ndimension = 2\nparticles = 32\n{solid}\n\
         [parameters]\n{parameters}\n[ensemble_design]\n{design}\n"
    );
    let path = place.join("study.toml");
    std::fs::write(&path, text).unwrap();
    path
}

/// More pressure at the same bulk modulus.
fn pressure(place: &Path) -> std::path::PathBuf {
    let design = "targets = [\"p=+10%\"]\nhold = [\"K\"]\nrounds = 5";
    study(place, "pressure = 0.1", "kinds = [\"Dk\"]\nspecies = [2]", design)
}

fn run(ranks: usize, study: &Path, output: &Path, more: &[&str]) -> Output {
    let mut command = launch(ranks, TIMEOUT);
    command.arg("run").arg(study).arg("-o").arg(output).args(more);
    command.output().unwrap()
}

fn text(output: &Output) -> String {
    let [out, err] = [&output.stdout, &output.stderr].map(|it| String::from_utf8_lossy(it));
    format!("{out}{err}")
}

fn check(file: &Path) -> Output {
    Command::new(PROGRAM).arg("check").arg(file).args(["--items", "6"]).output().unwrap()
}

fn assert_same(found: &Path, expected: &Path) {
    let (found, expected) = (contents(found), contents(expected));
    assert_eq!(found.len(), expected.len());
    for ((name, ours), (_, theirs)) in found.iter().zip(&expected) {
        assert!(ours == theirs, "{name} differs");
    }
}

#[test]
fn a_design_has_the_same_bits_on_any_number_of_ranks_and_after_any_stop() {
    let place = tempfile::tempdir().unwrap();
    let study = pressure(place.path());
    let alone = place.path().join("alone.h5");
    let output = run(0, &study, &alone, &[]);
    assert!(matches!(output.status.code(), Some(0 | 3)), "{}", text(&output));
    assert!(text(&output).contains("outcome: "), "{}", text(&output));
    let file = open(&alone);
    // Every stage that was needed has its place in time, and its centre.
    let (order, theta) = (numbers(&file, "/rounds/order"), numbers(&file, "/rounds/theta"));
    let needed = order.iter().filter(|place| **place > 0.0).count();
    assert!(needed > 3 && theta.iter().filter(|it| it.is_finite()).count() == 5 * needed);
    drop(file);
    for ranks in 1..=4 {
        let output = place.path().join(format!("ranks-{ranks}.h5"));
        let ran = run(ranks, &study, &output, &[]);
        assert!(matches!(ran.status.code(), Some(0 | 3)), "{}", text(&ran));
        assert_same(&output, &alone);
    }

    // By the clock, again and again.
    let stopped = place.path().join("stopped.h5");
    let mut stops = 0;
    for attempt in 0..100 {
        // Whatever the machine does beside, some limit is too short and a later one is not.
        let limit = format!("{:.1}", 0.2 + 0.1 * f64::from(attempt));
        let ran = run(2, &study, &stopped, &["--resume", "--max-time", &limit, "--quiet"]);
        stops += usize::from(ran.status.code() == Some(75));
        if matches!(ran.status.code(), Some(0 | 3)) {
            break;
        }
    }
    assert!(stops > 0, "it was never stopped");
    assert_same(&stopped, &alone);

    // Killed where it stands, in one stage and in another.
    let killed = place.path().join("killed.h5");
    let mut kills = 0;
    for attempt in 0..100 {
        let mut command = launch(1 + attempt % 3, TIMEOUT);
        command.arg("run").arg(&study).arg("-o").arg(&killed);
        command.args(["--resume", "--quiet", "--commit-interval", "0.02"]);
        let mut child = command.stdout(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(250 + 137 * (attempt as u64 % 7)));
        for rank in ranks_of(&killed) {
            kills += usize::from(
                Command::new("kill").args(["-9", &rank.to_string()]).status().unwrap().success(),
            );
        }
        if matches!(child.wait().unwrap().code(), Some(0 | 3)) {
            break;
        }
    }
    assert!(kills > 1, "nothing was killed");
    let output = run(2, &study, &killed, &["--resume"]);
    assert!(matches!(output.status.code(), Some(0 | 3)), "{}", text(&output));
    assert_same(&killed, &alone);
}

#[test]
fn all_stages_share_one_box_and_every_solid_has_the_parameters_that_the_file_says() {
    let place = tempfile::tempdir().unwrap();
    let (study, output) = (pressure(place.path()), place.path().join("out.h5"));
    let ran = run(2, &study, &output, &[]);
    assert!(matches!(ran.status.code(), Some(0 | 3)), "{}", text(&ran));
    let file = open(&output);
    let stages = strings(&file, "/rounds/stage");
    assert_eq!(stages.len(), 6 + 3 * 2);
    assert_eq!(strings(&file, "/rounds/parameter").join(" "), "D_0 D_1 k_0_0 k_0_1 k_1_1");
    let boxes = |stage: &str| numbers(&file, &format!("/{stage}/solids/box"));
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let volumes: Vec<f64> = boxes("box").chunks(2).map(|edges| edges[0] * edges[1]).collect();
    let edge = mean(&volumes).sqrt();
    for stage in ["start", "round_1", "round_2"] {
        assert!(boxes(stage).iter().all(|value| (value / edge - 1.0).abs() < 1e-12), "{stage}");
    }
    // Fresh solids in every stage.
    let first = |stage: &str| numbers(&file, &format!("/{stage}/solids/positions"))[0];
    assert!(first("start") != first("round_1") && first("round_1") != first("round_2"));
    // At the start all stand at θ₀; in a round some beside the centre, in pairs around it.
    let theta = numbers(&file, "/rounds/theta");
    let all = numbers(&file, "/rounds/theta_of_solids");
    let of = |stage: usize, slot: usize| &all[(stage * 28 + slot) * 5..][..5];
    assert_eq!(&theta[..5], [1.0, 1.4, 1.0, 1.0, 1.0]);
    assert!((0..28).all(|slot| of(0, slot) == &theta[..5]));
    assert!(of(1, 0) == &theta[..5] && of(1, 1) == &theta[..5] && of(1, 2) != &theta[..5]);
    for q in 0..5 {
        let pair = (of(1, 2)[q] * of(1, 3)[q]).sqrt();
        assert!((pair / theta[5 + q] - 1.0).abs() < 1e-12);
    }
    // Pressure scales with k, so with these parameters it is what the row says.
    let values = numbers(&file, "/round_1/features/values");
    let labels = strings(&file, "/round_1/features/feature");
    let place_of = labels.iter().position(|label| label == "K").unwrap();
    drop(file);
    let measured = place.path().join("measured.h5");
    let command = |program: &str, more: &[&str]| {
        Command::new(PROGRAM).arg(program).arg(&output).args(more).output().unwrap()
    };
    let row = ["--scenario", "round_1", "--replica", "2"];
    let name = measured.to_str().unwrap();
    let found = command("measure", &[&row[..], &["-o", name]].concat());
    assert!(found.status.success(), "{}", text(&found));
    let solid = open(&measured);
    let features = numbers(&solid, "features");
    let names = strings(&solid, "feature");
    for (label, value) in names.iter().zip(features) {
        let Some(at) = labels.iter().position(|known| known == label) else { continue };
        let stored = values[2 * labels.len() + at];
        assert!((value - stored).abs() <= 1e-9 * values[2 * labels.len() + place_of], "{label}");
    }
    let found = command("export", &row);
    let frame = text(&found);
    let diameters = [of(1, 2)[0], of(1, 2)[1]];
    let column = frame.lines().nth(1).unwrap();
    assert!(column.contains("radius"), "{column}");
    for diameter in diameters {
        let radius = format!("{:.6}", 0.5 * diameter);
        assert!(frame.contains(&radius[..radius.len() - 1]), "{radius}: {frame}");
    }
}

#[test]
fn what_no_parameter_moves_ends_infeasible_with_the_combination_named() {
    let place = tempfile::tempdir().unwrap();
    let one_k = "kinds = [\"k\"]\nspecies = [1]";
    let solid = "size_ratio = 1.0\npacking_fraction = 1.0";
    for (design, expected) in [
        ("targets = [\"nu=-0.9\"]", ["no parameter moves", "-1.000 nu", "infeasible"]),
        ("targets = [\"K=+50%\"]\nhold = [\"G\"]", ["no parameter moves", "K -", "infeasible"]),
    ] {
        let study = study(place.path(), solid, one_k, design);
        let more = std::fs::read_to_string(&study).unwrap().replace("= 28", "= 80");
        std::fs::write(&study, more).unwrap();
        let output = place.path().join("infeasible.h5");
        let ran = run(2, &study, &output, &[]);
        assert_eq!(ran.status.code(), Some(3), "{}", text(&ran));
        for fragment in expected {
            assert!(text(&ran).contains(fragment), "{fragment}: {}", text(&ran));
        }
        let file = open(&output);
        let outcome = file.dataset("/rounds/outcome").unwrap().read_raw::<u8>().unwrap();
        assert_eq!(outcome, [3]);
        let length: f64 = numbers(&file, "/rounds/unmoved").iter().map(|c| c * c).sum();
        assert!((length - 1.0).abs() < 1e-12);
        drop(file);
        // What was not needed is no failure.
        let status = Command::new(PROGRAM).arg("status").arg(&output).output().unwrap();
        assert!(status.status.success(), "{}", text(&status));
        assert!(check(&output).status.success(), "{}", text(&check(&output)));
        std::fs::remove_file(&output).unwrap();
    }
}

#[test]
fn check_finds_a_decision_that_does_not_follow_and_a_flipped_bit() {
    let place = tempfile::tempdir().unwrap();
    let (study, output) = (pressure(place.path()), place.path().join("out.h5"));
    let ran = run(1, &study, &output, &[]);
    assert!(matches!(ran.status.code(), Some(0 | 3)), "{}", text(&ran));
    let checked = check(&output);
    assert!(checked.status.success(), "{}", text(&checked));
    assert!(text(&checked).contains("decisions of the rounds, made again: 20 looked at"));
    // Nothing is said of a Jacobian that was not asked for.
    assert!(text(&checked).contains("J against finite differences: 0 looked at\n"));
    assert!(!text(&checked).contains("every step changes a contact"), "{}", text(&checked));
    let flip = |file: &Path, dataset: &str| {
        use std::os::unix::fs::FileExt as _;
        let offset = open(file).dataset(dataset).unwrap().offset().unwrap();
        let raw = std::fs::File::options().read(true).write(true).open(file).unwrap();
        let mut byte = [0_u8];
        // The sixth byte of a number: a millionth to a hundredth of it.
        raw.read_exact_at(&mut byte, offset + 5).unwrap();
        raw.write_all_at(&[byte[0] ^ 0x80], offset + 5).unwrap();
    };
    for dataset in ["/rounds/theta", "/round_2/features/values", "/rounds/slope"] {
        let damaged = place.path().join("damaged.h5");
        std::fs::copy(&output, &damaged).unwrap();
        flip(&damaged, dataset);
        let checked = check(&damaged);
        assert_eq!(checked.status.code(), Some(3), "{dataset}: {}", text(&checked));
        // Computed again from what is whole.
        let again = run(2, &study, &damaged, &["--resume"]);
        assert!(matches!(again.status.code(), Some(0 | 3)), "{}", text(&again));
        assert_same(&damaged, &output);
    }
}

#[test]
fn a_wrong_design_is_refused_with_its_key_and_nothing_is_written() {
    let place = tempfile::tempdir().unwrap();
    let output = place.path().join("out.h5");
    let (solid, theta) = ("pressure = 0.1", "kinds = [\"Dk\"]\nspecies = [2]");
    for (design, parameters, fragments) in [
        ("targets = [\"kk=+5%\"]", theta, ["ensemble_design.targets[0]", "unknown feature"]),
        ("targets = [\"K=5%\"]", theta, ["ensemble_design.targets[0]", "NAME=+5%"]),
        ("targets = [\"K=nan\"]", theta, ["ensemble_design.targets[0]", "finite"]),
        ("targets = [\"K=+5%\"]\nhold = [\"K\"]", theta, ["ensemble_design.hold", "once"]),
        ("hold = [\"K\"]", theta, ["ensemble_design.targets", "missing"]),
        ("targets = [\"K=+5%\"]\nround = 3", theta, ["ensemble_design.round", "rounds"]),
        ("targets = [\"K=+5%\"]", "species = [2, 4]", ["parameters", "one number of species"]),
        ("targets = [\"K=+5%\"]", "species = [12]", ["study.replicas", "at least 52"]),
        (
            "targets = [\"K=+5%\"]\nbounds = { D = [1.1, 2.0] }",
            theta,
            ["ensemble_design.bounds.D", "low <= 1"],
        ),
    ] {
        let study = study(place.path(), solid, parameters, design);
        let ran = run(0, &study, &output, &[]);
        assert_eq!(ran.status.code(), Some(2), "{design}: {}", text(&ran));
        for fragment in fragments.iter().chain(&["study.toml"]) {
            assert!(text(&ran).contains(fragment), "{design}: {fragment}: {}", text(&ran));
        }
        assert!(!output.exists(), "{design}");
    }
    // A part of the solids is another design.
    let study = pressure(place.path());
    let ran = run(0, &study, &output, &["--replicas", "0:10"]);
    assert_eq!(ran.status.code(), Some(2), "{}", text(&ran));
}
