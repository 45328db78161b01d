//! A study as jobs of a cluster: parts of it, and the shipped job scripts under a scheduler that
//! only notes what it is asked.

mod common;

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use amorph::study::results;
use common::engine::{PROGRAM, ranks_of};

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

const SCRIPTS: [&str; 3] = ["amorph.slurm", "array.slurm", "preemptible.slurm"];

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("jobscripts").join(name)
}

/// A program that says and returns what the test has written into files.
const STUB: &str = "case $1 in
    status) [ -e results.h5 ] || { echo 'results.h5: no such file'; exit 2; }
            cat said; exit \"$(cat code)\" ;;
    run)    echo run >> calls; touch results.h5; [ ! -e next ] || mv next said ;;
esac";

/// A launcher that returns what the test has written into a file.
const LAUNCHER: &str = "\"$@\"; exit \"$(cat returned)\"";

impl Place {
    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("writable");
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn program(&self, name: &str, text: &str) -> PathBuf {
        self.write(name, &format!("#!/bin/bash\n{text}\n"));
        let executable = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(self.path(name), executable).expect("own file");
        self.path(name)
    }

    /// A place where `amorph` and `scontrol` are stubs.
    fn with_stubs() -> Self {
        let place = Place::new();
        place.program("amorph", STUB);
        place.program("launch", LAUNCHER);
        place.program(
            "scontrol",
            "[ \"$1\" != show ] || { cat shown; exit; }\n[ ! -e refuse ] && echo \"$@\" >> requeued",
        );
        place.write("shown", "   RunTime=00:00:01 TimeLimit=1-00:00:00 TimeMin=N/A\n");
        place.write("returned", "0");
        place
    }

    /// A job script as job 7, task 1 of 3, with the programs of the folder.
    fn job(&self, script: &Path) -> Command {
        let path = std::env::var("PATH").expect("a path");
        let mut command = Command::new("bash");
        command.arg(script).current_dir(self.folder.path());
        command.env("PATH", format!("{}:{path}", self.folder.path().display()));
        command.env("LAUNCHER", "launch").env("SLURM_JOB_ID", "7");
        command.env("SLURM_ARRAY_JOB_ID", "6").env("SLURM_ARRAY_TASK_ID", "1").env("TASKS", "3");
        command.env_remove("AMORPH").env_remove("STUDY").env_remove("OUTPUT");
        command
    }

    /// One round of the study that is `said` to be so far after it.
    fn round(&self, script: &str, said: &str, code: i32) -> Output {
        self.write("next", said);
        self.write("code", &code.to_string());
        self.job(&shipped(script)).output().expect("starts")
    }
}

#[test]
fn a_job_ends_as_the_file_says_whatever_the_launcher_returns() {
    for returned in ["0", "1", "75", "137"] {
        let place = Place::with_stubs();
        place.write("returned", returned);
        ends(&place.round("amorph.slurm", "9 of 10", 75), 0, &["job 7: 9 of 10"]);
        assert_eq!(place.read("requeued"), "requeue 7\n", "{returned}");
        ends(&place.round("amorph.slurm", "10 of 10", 0), 0, &["job 7: 10 of 10"]);
        ends(&place.round("amorph.slurm", "9 of 10, 1 failed", 3), 3, &["1 failed"]);
        assert_eq!(place.read("requeued"), "requeue 7\n", "{returned}");
        assert_eq!(place.read("calls"), "run\nrun\nrun\n");
    }
}

#[test]
fn a_job_that_cannot_be_requeued_does_not_end_well() {
    let place = Place::with_stubs();
    place.write("refuse", "");
    ends(&place.round("amorph.slurm", "9 of 10", 75), 75, &[]);
}

#[test]
fn a_job_without_a_file_ends_with_the_message() {
    let place = Place::with_stubs();
    place.program("launch", "echo 'the study is wrong'; exit 0");
    ends(&place.round("amorph.slurm", "", 75), 2, &["the study is wrong", "no such file"]);
    assert_eq!(place.read("requeued"), "");
}

#[test]
fn rounds_without_progress_come_to_an_end() {
    for (script, rounds) in [("amorph.slurm", 2), ("preemptible.slurm", 10)] {
        let place = Place::with_stubs();
        for said in ["1 of 9", "1 of 9", "2 of 9"] {
            ends(&place.round(script, said, 75), 0, &[said]);
        }
        for _ in 1..rounds {
            ends(&place.round(script, "2 of 9", 75), 0, &["2 of 9"]);
        }
        let message = format!("no progress in {rounds} rounds, not requeued");
        ends(&place.round(script, "2 of 9", 75), 75, &[&message, "--time", "--signal"]);
        assert_eq!(place.read("requeued").lines().count(), 2 + rounds);
    }
}

#[test]
fn a_signal_reaches_the_launcher_and_one_at_the_start_is_mentioned() {
    let comes_back = [
        ("amorph.slurm", "USR1", "1-00:00:00", true),
        // Whoever has cancelled a job does not want it back.
        ("amorph.slurm", "TERM", "1-00:00:00", false),
        ("amorph.slurm", "TERM", "00:00:08", true),
        ("preemptible.slurm", "TERM", "1-00:00:00", true),
    ];
    for (script, signal, limit, requeued) in comes_back {
        let place = Place::with_stubs();
        place.write("shown", &format!("   RunTime=00:00:01 TimeLimit={limit} TimeMin=N/A\n"));
        place.program(
            "launch",
            "trap 'echo told > told; exit 0' USR1; touch up\nwhile sleep 0.1; do :; done",
        );
        let mut command = place.job(&shipped(script));
        let job = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
        let started = Instant::now();
        while !place.path("up").exists() {
            assert!(started.elapsed() < Duration::from_secs(60), "the launcher does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        let sent =
            Command::new("kill").args([&format!("-{signal}"), &job.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
        let output = job.wait_with_output().expect("waitable");
        let lead = "is the lead of --signal as long as --time?";
        ends(&output, if requeued { 0 } else { 75 }, &["told to stop after only", lead]);
        assert_eq!(place.read("told"), "told\n", "{script} {signal}");
        let calls = if requeued { "requeue 7\n" } else { "" };
        assert_eq!(place.read("requeued"), calls, "{script} {signal}");
    }
}

/// Ranks, scripts and programs are real but for SLURM's own; AMORPH_SIGNALS asks for more than a few.
#[test]
fn a_signal_to_a_job_under_the_real_launcher_ends_in_a_requeue() {
    let signals = std::env::var("AMORPH_SIGNALS").ok().and_then(|text| text.parse().ok());
    let launcher = std::env::var("MPIRUN").unwrap_or_else(|_| "mpirun".to_owned());
    for round in 0..signals.unwrap_or(2) {
        let (script, signal) = [("amorph.slurm", "USR1"), ("preemptible.slurm", "TERM")][round % 2];
        let place = Place::with_stubs();
        place.write("study.toml", &STUDY.replace("1_0", "20_000"));
        let mut command = place.job(&shipped(script));
        command.env("AMORPH", PROGRAM).env("LAUNCHER", format!("{launcher} -n 2"));
        command.env("OMPI_ALLOW_RUN_AS_ROOT", "1").env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
        command.env("OMPI_MCA_rmaps_base_oversubscribe", "1");
        command.env("OMPI_MCA_orte_tmpdir_base", place.path(""));
        let job = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
        let started = Instant::now();
        while ranks_of(Path::new("results.h5")).len() < 2 || !place.path("results.h5").exists() {
            assert!(started.elapsed() < Duration::from_secs(60), "the ranks do not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        // Not at the same moment of the run each time.
        std::thread::sleep(Duration::from_millis(100 * (round as u64 % 7)));
        let mut kill = Command::new("kill");
        let sent = kill.args([&format!("-{signal}"), &job.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
        let output = job.wait_with_output().expect("waitable");
        ends(&output, 0, &["job 7: study"]);
        assert_eq!(place.read("requeued"), "requeue 7\n", "round {round}");
        ends(&place.amorph(&["status", "results.h5", "--study", "study.toml"]), 75, &[]);
    }
}

#[test]
fn every_job_script_goes_on_in_the_same_way() {
    let rest = |name: &str| {
        let text = std::fs::read_to_string(shipped(name)).expect("readable");
        let (_, rest) = text.split_once("# ---- From here on").expect("a mark");
        rest.to_owned()
    };
    assert!(rest(SCRIPTS[0]).lines().count() > 40);
    SCRIPTS.iter().for_each(|name| assert_eq!(rest(name), rest(SCRIPTS[0]), "{name}"));
}

#[test]
fn a_task_of_an_array_computes_its_part_and_the_analysis_waits_for_it() {
    let place = Place::with_stubs();
    let real = |script: &str, returned: &str, arguments: &[&str]| {
        place.write("returned", returned);
        let mut command = place.job(&shipped(script));
        command.env("AMORPH", PROGRAM).args(arguments).output().expect("starts")
    };
    // Nothing is computed: the launcher takes the program's place.
    place.program("launch", "\"$@\" --max-time 0; exit 0");
    ends(&real("array.slurm", "0", &[]), 0, &["job 6_1: study quick: 0 of 9 items done"]);
    assert_eq!(place.read("requeued"), "requeue 6_1\n");
    ends(&real("analysis.slurm", "0", &["quick-1.h5"]), 75, &["0 of 9 items"]);
    place.program("launch", LAUNCHER);
    ends(&real("array.slurm", "75", &[]), 0, &["study quick: 9 of 9 items done"]);
    ends(&real("analysis.slurm", "0", &["quick-1.h5"]), 0, &["nothing is wrong", "3 solids"]);
    let archive = results::open(&place.path("quick-1.h5")).expect("readable");
    assert_eq!((archive.study().first_replica, archive.study().replicas), (23, 3));
}

#[test]
fn the_printed_job_script_runs_as_it_is() {
    let place = Place::with_stubs();
    let plan = |more: &[&str]| {
        place.amorph(&[&["plan", "study.toml", "--slurm", "--pilot", "20"], more].concat())
    };
    let output = plan(&["--ranks", "3", "--time", "00:30:00"]);
    ends(&output, 0, &["core-hours", "#SBATCH --ntasks=3\n", "#SBATCH --time=00:30:00\n"]);
    std::fs::write(place.path("job.slurm"), &output.stdout).expect("writable");
    let ended = place.job(&place.path("job.slurm")).output().expect("starts");
    ends(&ended, 0, &["job 7: study quick: 30 of 30 items done"]);
    assert!(place.path("quick.h5").exists());
    ends(&plan(&["--time", "60"]), 2, &["--time is too short: a job is told to stop 60 s before"]);
}

#[test]
fn no_job_script_is_printed_for_what_cannot_run() {
    let place = Place::new();
    let hopeless = STUDY.replace("pressure = 0.1", "packing_fraction = 0.3\nmax_attempts = 1");
    let missing = STUDY
        .replace("pressure = 0.1", "structure = \"file\"\nfiles = [\"a.h5:/solid\"]")
        .replace("replicas = 1_0\nfirst_replica = 20", "replicas = 1");
    let huge = STUDY.replace("1_0", "100_000_000").replace("= 32", "= 4096");
    for (name, text, message) in [
        ("hopeless.toml", hopeless, "all of the pilot's"),
        ("missing.toml", missing, "a.h5:/solid: there is no such solid file"),
        ("huge.toml", huge, "are free there"),
    ] {
        place.write(name, &text);
        let output = place.amorph(&["plan", name, "--slurm", "--pilot", "20"]);
        ends(&output, 2, &[message]);
        assert!(output.stdout.is_empty(), "{name}");
    }
}

#[test]
fn the_log_begins_with_one_line_that_says_all_and_quiet_is_quiet() {
    let place = Place::new();
    let run = |more: &[&str]| {
        let mut command = Command::new(PROGRAM);
        command.args(["run", "study.toml", "-o", "out.h5", "--resume", "--replicas", "20:21"]);
        command.args(more).current_dir(place.folder.path());
        command.env("SLURM_JOB_ID", "7").env("SLURM_RESTART_COUNT", "2");
        command.output().expect("starts")
    };
    let said = run(&["--max-time", "0"]);
    ends(
        &said,
        75,
        &[
            "job 7, round 3, 1 ranks on 1 hosts: study quick, replicas 20:21, study.toml into out.h5",
        ],
    );
    let quiet = run(&["--quiet"]);
    ends(&quiet, 0, &[]);
    assert!(quiet.stdout.is_empty() && quiet.stderr.is_empty(), "{quiet:?}");
}

#[test]
fn a_time_below_the_longest_item_is_refused() {
    let place = Place::new();
    let run = |more: &[&str]| {
        let arguments = ["run", "study.toml", "-o", "out.h5", "--resume", "--replicas", "20:21"];
        place.amorph(&[&arguments, more].concat())
    };
    ends(&run(&[]), 0, &["3 items in"]);
    // As if the items had been slow, and one of them were still to be computed.
    let file = hdf5::File::open_rw(place.path("out.h5")).expect("opens");
    file.dataset("items/seconds").expect("there").write_raw(&[100.0; 3]).expect("written");
    file.dataset("items/state").expect("there").write_raw(&[1_u8, 1, 0]).expect("written");
    file.close().expect("closes");
    let message = "nothing was begun: the longest item in the file took 100.0 s";
    ends(&run(&["--max-time", "50"]), 2, &["1 items to compute", message]);
    ends(&run(&["--max-time", "200"]), 0, &["1 items in"]);
}
