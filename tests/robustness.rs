//! What can go wrong with a job on a cluster: each with a clear message and exit code, and nothing
//! committed is lost.

mod common;

use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use amorph::format::archive::State;
use amorph::study::lock::lock_path;
use amorph::study::results;
use common::engine::{PROGRAM, contents, launch, launcher_of, python, ranks_of};

/// A run that takes longer has hung [s].
const TIMEOUT: &str = "100";
const TIMED_OUT: i32 = 124;

fn study(replicas: u64) -> String {
    format!(
        "version = 1\n[study]\nname = \"robust\"\nreplicas = {replicas}\n[solid]\ndimension = 2\n\
         particles = 32\npressure = 0.1\n[features]\nsets = [[\"stress\"]]\n\
         [parameters]\nspecies = [2]\n[sweep]\npoints = 4\n[output]\ncurves = 2\n"
    )
}

struct Place {
    _folder: tempfile::TempDir,
    study: PathBuf,
    output: PathBuf,
}

impl Place {
    fn new(replicas: u64) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let study_path = folder.path().join("study.toml");
        std::fs::write(&study_path, study(replicas)).expect("writable");
        Place { study: study_path, output: folder.path().join("out.h5"), _folder: folder }
    }

    fn command(&self, ranks: usize) -> Command {
        let mut command = launch(ranks, TIMEOUT);
        command.arg("run").arg(&self.study).arg("-o").arg(&self.output);
        command
    }

    fn run(&self, ranks: usize, arguments: &[&str]) -> Output {
        self.command(ranks).args(arguments).output().expect("it starts")
    }

    /// Starts a run and waits until it has committed something.
    fn start(&self, ranks: usize, arguments: &[&str]) -> Child {
        self.start_command(self.command(ranks), arguments)
    }

    fn start_command(&self, mut command: Command, arguments: &[&str]) -> Child {
        let mut child = command
            .args(["--commit-interval", "0.02"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let started = Instant::now();
        while done(&self.output).is_none_or(|done| done < 5) {
            let over = child.try_wait().expect("waitable").is_some();
            assert!(!over && started.elapsed() < Duration::from_secs(60), "nothing is committed");
            std::thread::sleep(Duration::from_millis(5));
        }
        child
    }
}

fn done(output: &Path) -> Option<usize> {
    let archive = results::open(output).ok()?;
    let states = archive.states(&(0..archive.layout().items())).ok()?;
    Some(states.iter().filter(|&&state| state == State::Done).count())
}

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stderr),
        String::from_utf8_lossy(&output.stdout)
    )
}

fn ends(output: &Output, code: i32, fragments: &[&str]) {
    let text = text(output);
    assert_eq!(output.status.code(), Some(code), "{text}");
    for fragment in fragments {
        assert!(text.contains(fragment), "no `{fragment}` in: {text}");
    }
}

fn amorph(arguments: &[&str], file: &Path) -> Output {
    Command::new(PROGRAM).arg(arguments[0]).arg(file).args(&arguments[1..]).output().expect("runs")
}

fn signal(name: &str, pid: u32) {
    let status = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status();
    assert!(status.expect("kill runs").success());
}

#[test]
fn a_second_job_on_the_same_output_is_refused() {
    let place = Place::new(4000);
    let mut first = place.start(2, &[]);
    let second = place.run(2, &["--resume"]);
    ends(&second, 2, &["is being written by process", "wait until it has ended"]);
    assert!(lock_path(&place.output).exists(), "the second job took the first one's lock away");
    // Readers are free.
    ends(&amorph(&["status"], &place.output), 75, &["running", "time left", "D_n2"]);
    ends(&amorph(&["stats"], &place.output), 0, &["scenario"]);
    for rank in ranks_of(&place.output) {
        signal("TERM", rank);
    }
    assert_eq!(first.wait().expect("waitable").code(), Some(75));
    assert!(!lock_path(&place.output).exists());
    ends(&amorph(&["status"], &place.output), 75, &["none: ", "--resume"]);
}

#[test]
fn a_terminated_job_ends_in_its_grace_and_loses_nothing() {
    for grace in [30, 5] {
        let place = Place::new(4000);
        let mut child = place.start(2, &[]);
        let before = done(&place.output).expect("readable");
        let ranks = ranks_of(&place.output);
        assert_eq!(ranks.len(), 2);
        // As SLURM does: the ranks get SIGTERM, and SIGKILL after the grace.
        ranks.iter().for_each(|&rank| signal("TERM", rank));
        let started = Instant::now();
        while child.try_wait().expect("waitable").is_none() {
            if started.elapsed() > Duration::from_secs(grace) {
                ranks_of(&place.output).into_iter().for_each(|rank| signal("KILL", rank));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let output = child.wait_with_output().expect("waitable");
        ends(&output, 75, &["items are pending: continue with"]);
        assert!(done(&place.output).expect("readable") >= before);
        assert!(amorph(&["check"], &place.output).status.success());
    }
}

/// Open MPI passes SIGUSR1 on; on SIGTERM and SIGINT it tells its ranks after a second and kills
/// them after another one, whatever they do, and exits with a code of its own.
#[test]
fn a_signal_to_the_launcher_ends_the_job_and_loses_nothing() {
    for (name, code) in [("USR1", Some(75)), ("TERM", None), ("INT", None)] {
        let place = Place::new(4000);
        let child = place.start(2, &[]);
        let before = done(&place.output).expect("readable");
        signal(name, launcher_of(child.id()).expect("a launcher"));
        let output = child.wait_with_output().expect("waitable");
        let found = output.status.code();
        // MPICH's launcher returns anything.
        if std::env::var("MPIRUN").is_ok_and(|launcher| launcher != "mpirun") {
            assert_ne!(found, Some(TIMED_OUT), "{name}: {}", text(&output));
        } else {
            assert!(![Some(0), Some(TIMED_OUT)].contains(&found), "{name}: {}", text(&output));
            assert!(code.is_none_or(|code| found == Some(code)), "{name}: {}", text(&output));
        }
        assert!(ranks_of(&place.output).is_empty(), "{name}: a rank goes on");
        assert!(done(&place.output).expect("readable") >= before);
        assert!(amorph(&["check"], &place.output).status.success());
        // Longer than the longest item takes on a busy machine.
        ends(&place.run(2, &["--resume", "--max-time", "4"]), 75, &["resume "]);
    }
}

/// A solid that takes far longer than any test waits.
fn endless(text: &str) -> String {
    text.replace("particles = 32", "particles = 4096").replace("dimension = 2", "dimension = 3")
}

#[test]
fn a_stopped_job_stores_what_is_finished_before_what_runs_is() {
    let place = Place::new(1);
    let slow = "[[scenario]]\nname = \"quick\"\n[[scenario]]\nname = \"slow\"\n\
                solid = { dimension = 3, particles = 4096, pressure = 0.1 }\n";
    std::fs::write(&place.study, study(1) + slow).expect("writable");
    let mut command = place.command(0);
    command.args(["--commit-interval", "1000"]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("starts");
    let started = Instant::now();
    while !place.output.exists() && started.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(10));
    }
    // Until the slow solid is at work: the quick one takes a few hundredths of this.
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(done(&place.output), Some(0));
    let rank = ranks_of(&place.output)[0];
    signal("TERM", rank);
    let asked = Instant::now();
    while done(&place.output) == Some(0) {
        assert!(asked.elapsed() < Duration::from_secs(10), "nothing is stored after a signal");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(child.try_wait().expect("waitable").is_none(), "the slow solid was not at work");
    signal("KILL", rank);
    let _ = child.wait();
    assert_eq!(done(&place.output), Some(3));
    ends(&amorph(&["check"], &place.output), 0, &["nothing is wrong"]);
}

#[test]
fn a_second_interrupt_stops_at_once() {
    let place = Place::new(2);
    std::fs::write(&place.study, endless(&study(2))).expect("writable");
    let mut child =
        place.command(0).stderr(Stdio::null()).stdout(Stdio::null()).spawn().expect("starts");
    let started = Instant::now();
    while !place.output.exists() && started.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(10));
    }
    // Until it computes: before, the first signal ends it at once, softly.
    std::thread::sleep(Duration::from_secs(2));
    let rank = ranks_of(&place.output)[0];
    signal("INT", rank);
    std::thread::sleep(Duration::from_millis(200));
    assert!(child.try_wait().expect("waitable").is_none(), "the first one stops softly");
    signal("INT", rank);
    let asked = Instant::now();
    assert_eq!(child.wait().expect("waitable").code(), Some(130));
    assert!(asked.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_file_that_vanishes_ends_the_job_with_a_message() {
    fn delete(output: &Path) {
        std::fs::remove_file(output).expect("removable");
    }
    fn rename(output: &Path) {
        std::fs::rename(output, output.with_extension("other")).expect("renamed");
    }
    fn replace(output: &Path) {
        std::fs::copy(output, output.with_extension("other")).expect("copied");
        std::fs::rename(output.with_extension("other"), output).expect("replaced");
    }
    type Way = fn(&Path);
    let ways: [(Way, &str); 3] = [
        (delete, "has been deleted while"),
        (rename, "has been renamed or moved"),
        (replace, "has been replaced by another file"),
    ];
    for (vanish, message) in ways {
        let place = Place::new(4000);
        let child = place.start(2, &[]);
        vanish(&place.output);
        ends(&child.wait_with_output().expect("waitable"), 1, &[message]);
    }
}

#[test]
fn a_rank_dies_with_its_launcher() {
    let place = Place::new(4000);
    let mut child = place.start(3, &[]);
    signal("KILL", launcher_of(child.id()).expect("a launcher"));
    let _ = child.wait();
    let started = Instant::now();
    while !ranks_of(&place.output).is_empty() {
        assert!(started.elapsed() < Duration::from_secs(5), "ranks go on without a launcher");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_full_disk_shows_at_the_start() {
    let place = Place::new(4000);
    let small = Mount::tmpfs("300k");
    let output = small.path.join("out.h5");
    let run = |arguments: &[&str]| -> Output {
        launch(2, TIMEOUT)
            .arg("run")
            .arg(&place.study)
            .arg("-o")
            .arg(&output)
            .args(arguments)
            .output()
            .expect("starts")
    };
    ends(&run(&[]), 2, &["only", "are free there", "free space"]);
    assert_eq!(std::fs::read_dir(&small.path).expect("readable").count(), 0);
}

/// A file system that cannot reserve space.
const NO_RESERVATION: &str = r"
#include <errno.h>
#include <sys/types.h>
int fallocate(int file, int mode, off_t offset, off_t length) { errno = EOPNOTSUPP; return -1; }
int fallocate64(int file, int mode, off_t offset, off_t length) { errno = EOPNOTSUPP; return -1; }
";

#[test]
fn a_disk_that_becomes_full_ends_the_job_with_a_message() {
    for reserves in [true, false] {
        let mut place = Place::new(4000);
        let small = Mount::tmpfs("64m");
        let library = preloaded(NO_RESERVATION, place.study.parent().expect("a folder"));
        place.output = small.path.join("out.h5");
        let mut command = place.command(2);
        if !reserves {
            command.env("LD_PRELOAD", library);
        }
        let child = place.start_command(command, &["--max-time", "8"]);
        let before = done(&place.output).expect("readable");
        let filler = small.path.join("filler");
        let mut file = std::fs::File::create(&filler).expect("makable");
        while std::io::Write::write(&mut file, &[1; 4096]).is_ok_and(|written| written > 0) {}
        drop(file);
        let output = child.wait_with_output().expect("waitable");
        if reserves {
            // Nothing can happen: the space has been reserved.
            ends(&output, 75, &[]);
        } else {
            ends(&output, 1, &["the file system is full", "--resume"]);
        }
        std::fs::remove_file(filler).expect("removable");
        assert!(done(&place.output).expect("readable") >= before);
        ends(&amorph(&["check"], &place.output), 0, &["nothing is wrong"]);
        ends(&place.run(2, &["--resume", "--max-time", "1"]), 75, &["resume "]);
    }
}

#[test]
fn h5py_reads_the_file_while_two_ranks_write() {
    let place = Place::new(4000);
    let mut child = place.start(2, &[]);
    let script = r#"
import sys, time, h5py, numpy
file, deadline, seen = sys.argv[1], time.monotonic() + 60, []
def visit(name, item):
    if isinstance(item, h5py.Dataset):
        item[()]
while len(set(seen)) < 5:
    assert time.monotonic() < deadline, seen
    with h5py.File(file, "r") as h:
        state = h["items/state"][()]
        seen.append(int((state == 1).sum()))
        positions = h["main/solids/positions"][()]
        solids = state.reshape(4000, -1)[:, 0] == 1
        assert solids.any() and numpy.isfinite(positions[solids]).all()
        h.visititems(visit)
assert seen == sorted(seen), seen
"#;
    let read = Command::new(python()).args(["-c", script]).arg(&place.output).output();
    let read = read.expect("starts");
    assert!(child.try_wait().expect("waitable").is_none(), "nobody wrote any more");
    ranks_of(&place.output).into_iter().for_each(|rank| signal("TERM", rank));
    ends(&child.wait_with_output().expect("waitable"), 75, &[]);
    ends(&read, 0, &[]);
    ends(&amorph(&["check"], &place.output), 0, &["nothing is wrong"]);
}

#[test]
fn a_directory_that_cannot_be_written_is_refused() {
    let place = Place::new(3);
    let read_only = Mount::tmpfs("4m");
    read_only.remount("ro");
    let output = read_only.path.join("out.h5");
    let ended = launch(2, TIMEOUT).arg("run").arg(&place.study).arg("-o").arg(&output).output();
    ends(&ended.expect("starts"), 2, &["cannot create a file", "that you may write to"]);
}

/// A file system of its own.
struct Mount {
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Mount {
    /// Needs root: without, the test fails and says so, because nothing was tested.
    fn tmpfs(size: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("mount");
        std::fs::create_dir(&path).expect("makable");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(&path);
        let output = mount.output().expect("mount runs");
        assert!(
            output.status.success(),
            "NOT TESTED: a tmpfs cannot be mounted here ({}); run this test as root",
            text(&output).trim()
        );
        Mount { path, _folder: folder }
    }

    fn remount(&self, option: &str) {
        let status = Command::new("mount")
            .args(["-o", &format!("remount,{option}")])
            .arg(&self.path)
            .status();
        assert!(status.expect("mount runs").success());
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.path).status();
    }
}

#[test]
fn fewer_items_than_ranks_and_none_at_all_are_done() {
    let few = Place::new(1);
    ends(&few.run(4, &[]), 0, &["3 items in"]);
    let none = Place::new(0);
    ends(&none.run(3, &[]), 0, &["0 items in"]);
    ends(&none.run(2, &["--resume"]), 0, &["0 items to compute"]);
    for arguments in [&["status"][..], &["stats"], &["check", "--items", "3"], &["export"]] {
        ends(&amorph(arguments, &none.output), 0, &[]);
    }
}

#[test]
fn a_flipped_byte_is_found_by_check_and_repaired_by_resume() {
    let place = Place::new(6);
    ends(&place.run(2, &[]), 0, &[]);
    let good = contents(&place.output);
    ends(
        &amorph(&["check", "--items", "12"], &place.output),
        0,
        &["nothing is wrong", "12 looked at"],
    );
    let archive = results::open(&place.output).expect("readable");
    let columns: Vec<String> =
        archive.schemas()[0].columns.iter().map(|column| format!("main/{}", column.path)).collect();
    drop(archive);
    assert!(columns.len() > 40, "{columns:?}");
    let wrong = || -> usize {
        let archive = results::open(&place.output).expect("readable");
        archive.verify(0, &(0..6)).expect("readable").iter().filter(|good| !**good).count()
    };
    let items = ["items/checksum", "items/reason"].map(str::to_owned);
    for path in columns.iter().chain(&items) {
        for part in [0.0, 0.14, 0.999] {
            flip(&place.output, path, part, 4);
            assert_eq!(wrong(), 1, "{path} at {part}");
            flip(&place.output, path, part, 4);
            assert_eq!(wrong(), 0, "{path} at {part}");
        }
    }
    // Every state but "pending" is found by the checksum or does not exist.
    for mask in 2..=u8::MAX {
        flip(&place.output, "items/state", 0.5, mask);
        assert_eq!(wrong(), 1, "state {}", mask ^ 1);
        flip(&place.output, "items/state", 0.5, mask);
    }
    let by_the_program = [
        ("main/solids/positions", 4),
        ("main/D_n2/sweeps/gamma_star", 4),
        ("main/D_n2/sweeps/curve/delta_y", 4),
        ("items/checksum", 1),
        ("items/reason", 1),
        ("items/state", 3),
        ("items/state", 64),
    ];
    for (path, mask) in by_the_program {
        flip(&place.output, path, 0.14, mask);
        ends(&amorph(&["check"], &place.output), 3, &["WRONG  checksums", "1 wrong", "--resume"]);
        ends(&amorph(&["stats"], &place.output), 0, &["1 items have a wrong checksum"]);
        ends(&place.run(1, &["--resume"]), 0, &["1 items to compute, 1 of them whose checksum"]);
        assert!(contents(&place.output) == good, "{path} is not repaired");
    }
    // A done item that becomes pending is as if it had never been computed.
    flip(&place.output, "items/state", 0.5, 1);
    ends(&amorph(&["check"], &place.output), 0, &["1 items are pending"]);
    ends(&place.run(1, &["--resume"]), 0, &["1 items to compute"]);
    assert!(contents(&place.output) == good);
}

/// Flips the bits of `mask` in one byte of a dataset, at this part of its length.
fn flip(file: &Path, dataset: &str, part: f64, mask: u8) {
    let archive = hdf5::File::open(file).expect("readable");
    let dataset = archive.dataset(dataset).expect(dataset);
    let offset = (dataset.storage_size() as f64 * part) as u64;
    let place = dataset.offset().expect("allocated") + offset;
    drop((dataset, archive));
    let raw = std::fs::OpenOptions::new().read(true).write(true).open(file).expect("opens");
    let mut byte = [0];
    raw.read_exact_at(&mut byte, place).expect("readable");
    raw.write_all_at(&[byte[0] ^ mask], place).expect("writable");
}

/// Far below jamming: no solid can be made.
fn hopeless(replicas: u64) -> String {
    study(replicas).replace("pressure = 0.1", "packing_fraction = 0.3\nmax_attempts = 1")
}

#[test]
fn failed_items_are_kept_until_they_are_tried_again() {
    let place = Place::new(2);
    std::fs::write(&place.study, hopeless(2)).expect("writable");
    ends(&place.run(2, &[]), 3, &["6 items have failed"]);
    let before = std::fs::read(&place.output).expect("readable");
    let states = |wanted| {
        let archive = results::open(&place.output).expect("readable");
        let states = archive.states(&(0..archive.layout().items())).expect("readable");
        let reasons = archive.reasons(&(0..archive.layout().items())).expect("readable");
        states.iter().all(|&state| state == wanted) && reasons.iter().all(|text| !text.is_empty())
    };
    assert!(states(State::Failed));
    ends(&place.run(2, &["--resume"]), 3, &["0 items to compute", "6 items have failed"]);
    let finished = |bytes: &[u8]| {
        std::fs::write(place.output.with_extension("old"), bytes).expect("writable");
        let file = hdf5::File::open(place.output.with_extension("old")).expect("readable");
        common::numbers(&file, "items/finished")
    };
    let untouched = finished(&std::fs::read(&place.output).expect("readable"));
    assert_eq!(untouched, finished(&before));
    ends(
        &place.run(2, &["--resume", "--retry-failed"]),
        3,
        &["6 items to compute, 6 of them that had failed", "6 items in"],
    );
    assert!(states(State::Failed));
    let again = finished(&std::fs::read(&place.output).expect("readable"));
    assert!(again.iter().zip(&untouched).all(|(new, old)| new > old), "{again:?} {untouched:?}");
}

#[test]
fn too_many_failures_end_the_run() {
    let place = Place::new(300);
    std::fs::write(&place.study, hopeless(300)).expect("writable");
    let ended = place.run(2, &["--max-failures", "4", "--commit-interval", "0.01"]);
    ends(&ended, 3, &["more than --max-failures", "failed"]);
    let archive = results::open(&place.output).expect("readable");
    let states = archive.states(&(0..archive.layout().items())).expect("readable");
    assert!(states.contains(&State::Pending), "it went on to the end");
}

#[test]
fn the_clock_of_the_job_ends_the_run_in_time() {
    let place = Place::new(4000);
    let started = Instant::now();
    ends(&place.run(2, &["--max-time", "3"]), 75, &["items are pending"]);
    assert!(started.elapsed() < Duration::from_secs(20));
    assert!(done(&place.output).expect("readable") > 0);
}

#[test]
fn another_program_is_refused_unless_allowed() {
    let place = Place::new(3);
    ends(&place.run(0, &["--max-time", "0"]), 75, &[]);
    let file = hdf5::File::open_rw(&place.output).expect("opens");
    let attribute = file.attr("commit").expect("there");
    let length = attribute.dtype().expect("a type").size();
    file.delete_attr("commit").expect("deletable");
    let commit: hdf5::types::FixedAscii<40> =
        hdf5::types::FixedAscii::from_ascii(&"f".repeat(length.min(40))).expect("ascii");
    file.new_attr::<hdf5::types::FixedAscii<40>>()
        .create("commit")
        .expect("made")
        .write_scalar(&commit)
        .expect("written");
    drop(attribute);
    file.close().expect("closes");
    ends(
        &place.run(0, &["--resume"]),
        2,
        &["was written by amorph", "ffffffffffff", "--allow-version-change"],
    );
    ends(&place.run(0, &["--resume", "--allow-version-change"]), 0, &[]);
}

/// Peak memory of a run alone [MiB].
fn peak_memory(replicas: u64) -> f64 {
    let place = Place::new(replicas);
    let text = study(replicas)
        .replace("particles = 32", "particles = 256")
        .replace("species = [2]", "species = [20]")
        .replace("curves = 2", "curves = 2\njacobian = false\nvectors = false");
    std::fs::write(&place.study, text).expect("writable");
    let mut program = Command::new(PROGRAM);
    program.arg("run").arg(&place.study).arg("-o").arg(&place.output).args(["--max-time", "3"]);
    let mut child = program.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts");
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0.0;
    while child.try_wait().expect("waitable").is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kibibytes =
            line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
        peak = kibibytes.map_or(peak, |kibibytes| f64::max(peak, kibibytes / 1024.0));
        std::thread::sleep(Duration::from_millis(5));
    }
    peak
}

#[test]
fn memory_does_not_grow_with_the_ensemble() {
    const LIMIT: f64 = 64.0;
    let (small, large) = (peak_memory(10), peak_memory(10_000));
    println!("peak memory {small:.1} and {large:.1} MiB");
    assert!(small > 1.0 && small < LIMIT && large < LIMIT, "{small} {large} MiB");
    assert!(large < small + 8.0, "10 replicas {small} MiB, 10 000 replicas {large} MiB");
}

/// A wall clock that jumps by an hour, forwards and backwards, at every look.
const JUMPING_CLOCK: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>
int clock_gettime(clockid_t id, struct timespec *t) {
    static int (*real)(clockid_t, struct timespec *);
    static long looks;
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(id, t);
    if (id == CLOCK_REALTIME) t->tv_sec += (++looks % 2 ? 3600 : -3600);
    return result;
}
"#;

/// A library to preload, from its source.
fn preloaded(code: &str, folder: &Path) -> PathBuf {
    let (source, library) = (folder.join("preloaded.c"), folder.join("preloaded.so"));
    std::fs::write(&source, code).expect("writable");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).arg("-ldl");
    assert!(compiler.status().expect("a C compiler").success());
    library
}

#[test]
fn a_clock_that_jumps_changes_nothing() {
    let place = Place::new(20);
    ends(&place.run(2, &[]), 0, &[]);
    let reference = contents(&place.output);
    let folder = place.output.parent().expect("a folder");
    let library = preloaded(JUMPING_CLOCK, folder);
    let output = folder.join("jumping.h5");
    let mut program = Command::new(PROGRAM);
    program.arg("run").arg(&place.study).arg("-o").arg(&output);
    program.args(["--max-time", "90", "--commit-interval", "0.05"]).env("LD_PRELOAD", &library);
    ends(&program.output().expect("runs"), 0, &["60 items in"]);
    assert!(contents(&output) == reference);
    // The clock did jump: the moments of two items are hours apart.
    let file = hdf5::File::open(&output).expect("readable");
    let finished = common::numbers(&file, "items/finished");
    let (first, last) = finished
        .iter()
        .fold((f64::MAX, 0.0), |(low, high): (f64, f64), &at| (low.min(at), high.max(at)));
    assert!(last - first > 3000.0, "{first} {last}");
    ends(&amorph(&["status"], &output), 0, &["60 of 60 items"]);
}
