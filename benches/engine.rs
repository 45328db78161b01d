//! The real program under `mpirun`: `cargo bench --bench engine`. Scenario 1 in 2d, 20 solids on 2
//! ranks, and 3 solids with nine directions each on 4 ranks.
//!
//! *Busy* is what the program prints: the time that the computing threads of all ranks spend on
//! items, over ranks × span, where the span goes from the first task to the closed file; the start
//! of MPI is not in it. On fewer cores than ranks an item also waits for a core while another
//! rank's item has it: that counts as busy, because the rank does have work. What it shows there is
//! that no rank is without an item; how the same hand-outs do on as many cores as ranks is in
//! virtual time (`cargo bench --bench dispatcher`).
//!
//! *Overhead* is the time in commits, as a share of ranks × span, and the time in which rank 0
//! makes the file, and at the end reads it for the statistics, as a share of the whole. Commits run
//! beside the computing thread, so this is more than what they cost.
//!
//! Machines are noisy, and noise goes both ways: other programs lengthen the span, which makes the
//! share of the overhead smaller. The median of several runs counts.

use std::path::Path;
use std::process::Command;

const RUNS: usize = 3;
/// The least busy share of 20 solids on 2 ranks.
const BUSY: f64 = 0.93;
/// The least busy share of 3 solids on 4 ranks.
const BUSY_FEW: f64 = 0.8;
/// The largest share of commits and file.
const OVERHEAD: f64 = 0.01;

struct Run {
    span: f64,
    busy: f64,
    commits: f64,
    files: f64,
}

impl Run {
    fn overhead(&self) -> f64 {
        let whole = self.span + self.files;
        (self.commits * self.span + self.files) / whole
    }
}

/// The number that stands before `unit`.
fn before(line: &str, unit: &str) -> f64 {
    let end = line.find(unit).unwrap_or_else(|| panic!("no `{unit}` in: {line}"));
    let number = line[..end].rsplit(' ').next().unwrap_or_default();
    number.parse().unwrap_or_else(|_| panic!("`{number}` is no number in: {line}"))
}

fn run(folder: &Path, ranks: usize, replicas: usize) -> Run {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("configs/scenario-01-2d.toml")).expect("there");
    let (study, output) = (folder.join("study.toml"), folder.join("out.h5"));
    let text = text.replace("\nreplicas = 10\n", &format!("\nreplicas = {replicas}\n"));
    assert!(text.contains(&format!("\nreplicas = {replicas}\n")));
    std::fs::write(&study, text).expect("writable");
    let _ = std::fs::remove_file(&output);
    let result = Command::new("mpirun")
        .args(["-n", &ranks.to_string(), env!("CARGO_BIN_EXE_amorph"), "run"])
        .arg(&study)
        .arg("-o")
        .arg(&output)
        .output()
        .expect("mpirun starts");
    let text = String::from_utf8_lossy(&result.stdout);
    assert!(result.status.success(), "{text}{}", String::from_utf8_lossy(&result.stderr));
    let line = text.lines().find(|line| line.contains(" items in ")).expect("a summary");
    Run {
        span: before(line, " s on "),
        busy: before(line, "% of the time computing") / 100.0,
        commits: before(line, "% in commits") / 100.0,
        files: before(line, " s; results"),
    }
}

fn median(mut values: [f64; RUNS]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[RUNS / 2]
}

/// The medians of several runs: busy share, overhead.
fn measure(ranks: usize, replicas: usize) -> (f64, f64) {
    let folder = tempfile::tempdir().expect("a folder");
    println!("{replicas} solids on {ranks} ranks");
    let (mut busy, mut overhead) = ([0.0; RUNS], [0.0; RUNS]);
    for index in 0..RUNS {
        let run = run(folder.path(), ranks, replicas);
        println!(
            "  span {:.1} s, busy {:.3}, commits {:.4}, file made and read in {:.2} s, overhead {:.4}",
            run.span,
            run.busy,
            run.commits,
            run.files,
            run.overhead()
        );
        busy[index] = run.busy;
        overhead[index] = run.overhead();
    }
    (median(busy), median(overhead))
}

fn main() {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("{cores} cores");
    let (busy, overhead) = measure(2, 20);
    let (busy_few, _) = measure(4, 3);
    println!(
        "20 solids on 2 ranks: busy {busy:.3} (at least {BUSY}), overhead {overhead:.4} (at most {OVERHEAD})"
    );
    println!("3 solids on 4 ranks: busy {busy_few:.3} (at least {BUSY_FEW})");
    if !(busy >= BUSY && overhead <= OVERHEAD && busy_few >= BUSY_FEW) {
        eprintln!("a bound is missed");
        std::process::exit(1);
    }
}
