//! The engine under a real MPI, with synthetic work.
//!
//! The test program starts itself under `mpirun`; the ignored test `one_rank` is what runs there.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

#[path = "../../../tests/common/contents.rs"]
mod file;

use super::*;
use crate::format::archive::State;
use crate::study::request::Request;
use crate::study::results;
use crate::study::run::run;
use crate::study::synthetic::Synthetic;

const TEXT: &str = "version = 1\n[study]\nname = \"s\"\nreplicas = 9\nfirst_replica = 3\n\
    [solid]\ndimension = 2\nparticles = 64\npressure = 0.1\n\
    [parameters]\nspecies = [2, 20]\n[output]\ncurves = 2\n\
    [[scenario]]\nname = \"first\"\n[[scenario]]\nname = \"second\"\n\
    [scenario.features]\nsets = [[\"stress\"], [\"elastic\", \"modes\"]]\n";

/// Long enough for any of these tests; a hang ends here.
const TIMEOUT: &str = "120";

/// What a rank does with the synthetic work, by the variable that says so.
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
#[ignore = "started by the other tests under mpirun"]
fn one_rank() {
    let output = PathBuf::from(std::env::var("ENGINE_OUTPUT").expect("set by the parent"));
    let job = Job::start();
    if setting("ENGINE_PANIC_ON") == Some(job.rank() as u64) {
        panic!("a panic outside the physics");
    }
    let request = Request {
        replicas: None,
        study: output.with_extension("toml"),
        output,
        resume: true,
        retry_failed: false,
        commit_interval: Some(Duration::from_millis(setting("ENGINE_COMMIT_MS").unwrap_or(20))),
        deadline: setting("ENGINE_MAX_TIME_MS")
            .map(|limit| Instant::now() + Duration::from_millis(limit)),
        max_failures: setting("ENGINE_MAX_FAILURES"),
        allow_version_change: false,
        stop: Arc::default(),
        quiet: false,
        inform: |_| {},
    };
    let make = |study| {
        let mut work = Synthetic::new(study);
        work.failing = setting("ENGINE_FAILING");
        work.panicking = setting("ENGINE_PANICKING");
        work.delay = Duration::from_micros(setting("ENGINE_DELAY_US").unwrap_or(500));
        work
    };
    run(&job, &request, make).expect("it runs");
    job.finish();
}

fn mpirun(ranks: usize, output: &Path, variables: &[(&str, u64)]) -> Output {
    std::fs::write(output.with_extension("toml"), TEXT).expect("writable");
    let program = std::env::current_exe().expect("a test program");
    let mut command = Command::new("timeout");
    command.args(["-k", "5", TIMEOUT]);
    if ranks > 0 {
        let launcher = std::env::var("MPIRUN").unwrap_or_else(|_| "mpirun".to_owned());
        command.args([&launcher, "-n", &ranks.to_string()]);
    }
    command
        .arg(program)
        .args(["--exact", "study::runner::tests::one_rank", "--ignored", "--nocapture"])
        .env("ENGINE_OUTPUT", output)
        // Open MPI's own folder is for all programs of a user: who ends last removes it under the others.
        .env("OMPI_MCA_orte_tmpdir_base", output.parent().expect("a folder"))
        .envs(variables.iter().map(|(name, value)| (name, value.to_string())))
        .output()
        .expect("mpirun starts")
}

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

fn succeeds(output: &Output) {
    assert!(output.status.success(), "{}", text(output));
}

/// Every dataset of the file but those that may differ between runs.
fn contents(path: &Path) -> Vec<(String, Vec<u8>)> {
    file::contents(path, &["/items/seconds", "/items/host", "/items/finished"])
}

fn states(path: &Path) -> [usize; 3] {
    let archive = results::open(path).expect("readable");
    let states = archive.states(&(0..archive.layout().items())).expect("readable");
    State::COUNTED.map(|state| states.iter().filter(|&&found| found == state).count())
}

#[test]
fn the_file_is_the_same_for_any_number_of_ranks() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut reference = None;
    for ranks in 0..=4 {
        let path = folder.path().join(format!("{ranks}.h5"));
        let output = mpirun(ranks, &path, &[]);
        succeeds(&output);
        assert_eq!(states(&path)[State::Pending as usize], 0, "{}", text(&output));
        let contents = contents(&path);
        let expected = reference.get_or_insert_with(|| contents.clone());
        assert!(contents == *expected, "{ranks} ranks give another file");
    }
}

#[test]
fn a_failing_solid_is_recorded_and_the_others_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    for (variable, reason) in [
        ("ENGINE_FAILING", "not jammed?a test"),
        ("ENGINE_PANICKING", "panic: a panic in the physics"),
    ] {
        let path = folder.path().join(format!("{variable}.h5"));
        let output = mpirun(2, &path, &[(variable, 5)]);
        succeeds(&output);
        assert!(!text(&output).contains("internal error"), "{}", text(&output));
        let archive = results::open(&path).expect("readable");
        let rows = archive.layout().rows(1, &(2..3));
        let reasons = archive.reasons(&rows).expect("readable");
        assert_eq!(reasons[0], reason);
        assert!(reasons[1..].iter().all(|r| *r == format!("the solid failed: {reason}")));
        let failed = (0..2).map(|scenario| archive.layout().parts(scenario)).sum();
        let total = archive.layout().items() as usize;
        assert_eq!(states(&path), [0, total - failed, failed]);
    }
}

#[test]
fn a_panic_on_one_rank_ends_the_job_with_its_message() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = mpirun(3, &folder.path().join("out.h5"), &[("ENGINE_PANIC_ON", 1)]);
    assert!(!output.status.success());
    assert_ne!(output.status.code(), Some(124), "it hung: {}", text(&output));
    assert!(text(&output).contains("rank 1: internal error"), "{}", text(&output));
    assert!(text(&output).contains("a panic outside the physics"), "{}", text(&output));
}

#[test]
fn an_interrupted_run_continues_with_another_number_of_ranks() {
    let folder = tempfile::tempdir().expect("a folder");
    let reference = folder.path().join("reference.h5");
    succeeds(&mpirun(1, &reference, &[]));
    let path = folder.path().join("out.h5");
    let mut rounds = 0;
    let mut ranks = 1;
    while !path.exists() || states(&path)[State::Pending as usize] > 0 {
        succeeds(&mpirun(ranks, &path, &[("ENGINE_DELAY_US", 5000), ("ENGINE_MAX_TIME_MS", 200)]));
        ranks = ranks % 4 + 1;
        rounds += 1;
        assert!(rounds < 50, "no progress: {:?}", states(&path));
    }
    assert!(rounds > 1, "the limit of time had no effect");
    assert!(contents(&path) == contents(&reference));
}
