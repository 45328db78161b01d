//! Kills the program at random times and resumes it, again and again: nothing committed is ever
//! lost, nothing hangs, and the results are those of an uninterrupted run, bit for bit.
//!
//! `make torture` runs the long campaign.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use amorph::format::archive::State;
use amorph::study::results;
use common::engine::{contents, launch, launcher_of, ranks_of};
use xxhash_rust::xxh3::xxh3_64;

/// Two scenarios with sweeps, a few seconds of work in items of some ten milliseconds.
const STUDY: &str = "version = 1\n[study]\nname = \"torture\"\nreplicas = 24\n\
    [solid]\ndimension = 2\nparticles = 32\npressure = 0.1\n\
    [parameters]\nspecies = [2, 4]\n[sweep]\npoints = 6\n[output]\ncurves = 5\n\
    [[scenario]]\nname = \"stress\"\n[scenario.features]\nsets = [[\"stress\"]]\n\
    [[scenario]]\nname = \"elastic\"\n[scenario.features]\nsets = [[\"elastic\"]]\n";

/// A run that takes longer has hung [s].
const TIMEOUT: &str = "120";
/// Longest time until every rank is gone after a kill.
const DEATH: Duration = Duration::from_secs(20);
/// Ranks of the runs: 0 is without a launcher.
const RANKS: [usize; 5] = [1, 2, 3, 4, 0];

/// Who is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Victim {
    OneRank,
    AllRanks,
    Launcher,
}

/// When.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Starting,
    Skeleton,
    Computing,
    Gathering,
}

const VICTIMS: [Victim; 3] = [Victim::OneRank, Victim::AllRanks, Victim::Launcher];
/// Computing, with a commit every few milliseconds, is what jobs do most.
const PHASES: [Phase; 6] = [
    Phase::Computing,
    Phase::Skeleton,
    Phase::Computing,
    Phase::Gathering,
    Phase::Computing,
    Phase::Starting,
];

impl Phase {
    /// The longest delay after the beginning of the phase [ms].
    fn longest(self) -> u64 {
        match self {
            Phase::Starting => 800,
            Phase::Skeleton => 40,
            Phase::Computing => 1200,
            Phase::Gathering => 60,
        }
    }
}

/// Counter-based random numbers: a campaign is the same every time, apart from the machine's timing.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 += 1;
        xxh3_64(&self.0.to_le_bytes()) % limit.max(1)
    }
}

#[derive(Debug, Default)]
struct Tally {
    kills: usize,
    by: BTreeMap<(Phase, Victim), usize>,
    unreadable: usize,
    lost: usize,
    hangs: usize,
    /// Launchers that stayed although every rank was gone: not ours, but reported.
    launchers: usize,
    different: usize,
    files: usize,
}

/// A run under way, with what it has said so far.
struct Run {
    child: Child,
    ready: Arc<AtomicBool>,
    computed: Arc<AtomicBool>,
}

fn start(study: &Path, output: &Path, ranks: usize) -> Run {
    let mut command = launch(ranks, TIMEOUT);
    command.arg("run").arg(study).arg("-o").arg(output);
    command.args(["--resume", "--commit-interval", "0.01"]);
    let mut child =
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
    let (ready, computed) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let error = child.stderr.take().expect("piped");
    let flags = (Arc::clone(&ready), Arc::clone(&computed));
    std::thread::spawn(move || {
        for line in BufReader::new(error).lines().map_while(Result::ok) {
            if line.starts_with("space ") || line.starts_with("resume ") {
                flags.0.store(true, Ordering::Relaxed);
            }
            if line.contains(" s elapsed") {
                flags.1.store(true, Ordering::Relaxed);
            }
        }
    });
    Run { child, ready, computed }
}

impl Run {
    /// Waits for the phase; false where the run has ended before.
    fn reach(&mut self, phase: Phase, lock: &Path) -> bool {
        loop {
            let reached = match phase {
                Phase::Starting => true,
                Phase::Skeleton => lock.exists(),
                Phase::Computing => self.ready.load(Ordering::Relaxed),
                Phase::Gathering => self.computed.load(Ordering::Relaxed),
            };
            if reached {
                return true;
            }
            if self.child.try_wait().expect("waitable").is_some() {
                return false;
            }
            std::thread::sleep(Duration::from_micros(500));
        }
    }
}

fn kill(pid: u32) -> bool {
    Command::new("kill")
        .args(["-KILL", &pid.to_string()])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Kills; returns whether there was something to kill.
fn strike(run: &Run, victim: Victim, output: &Path, random: &mut Random) -> bool {
    let ranks = ranks_of(output);
    match victim {
        Victim::OneRank if ranks.is_empty() => false,
        Victim::OneRank => kill(ranks[random.below(ranks.len() as u64) as usize]),
        Victim::AllRanks => ranks.into_iter().map(kill).fold(false, |any, hit| any | hit),
        Victim::Launcher => launcher_of(run.child.id()).is_some_and(kill),
    }
}

/// The items that are done and whole; none where the file cannot be read.
fn committed(output: &Path) -> Option<BTreeSet<u64>> {
    if !output.exists() {
        return Some(BTreeSet::new());
    }
    let archive = results::open(output).ok()?;
    let layout = archive.layout();
    let states = archive.states(&(0..layout.items())).ok()?;
    let mut whole = Vec::new();
    for scenario in 0..layout.scenarios() {
        whole.extend(archive.verify(scenario, &(0..layout.replicas())).ok()?);
    }
    let done = (0..layout.items()).filter(|&row| states[row as usize] != State::Pending);
    Some(done.filter(|&row| whole[row as usize]).collect())
}

struct Campaign {
    folder: tempfile::TempDir,
    study: PathBuf,
    reference: Vec<(String, Vec<u8>)>,
    random: Random,
    tally: Tally,
}

impl Campaign {
    fn new(seed: u64) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let study = folder.path().join("study.toml");
        std::fs::write(&study, STUDY).expect("writable");
        let output = folder.path().join("reference.h5");
        let status = start(&study, &output, 0).child.wait().expect("waitable");
        assert_eq!(status.code(), Some(0), "the uninterrupted run");
        let reference = contents(&output);
        Campaign { folder, study, reference, random: Random(seed << 32), tally: Tally::default() }
    }

    /// Kills and resumes until one file is complete.
    fn one_file(&mut self, kills: usize) {
        let output = self.folder.path().join(format!("{}.h5", self.tally.files));
        let lock = amorph::study::lock::lock_path(&output);
        self.tally.files += 1;
        let mut before = BTreeSet::new();
        loop {
            let enough = self.tally.kills >= kills;
            let index = self.tally.kills;
            let ranks = RANKS[index % RANKS.len()];
            let phase = PHASES[index % PHASES.len()];
            // Shifted by one after every round of phases: every victim meets every phase.
            let victim = VICTIMS[(index + index / PHASES.len()) % VICTIMS.len()];
            let mut run = start(&self.study, &output, ranks);
            if !enough && run.reach(phase, &lock) {
                let delay = self.random.below(phase.longest() * 1000);
                std::thread::sleep(Duration::from_micros(delay));
                // Without a launcher there is nothing but the one rank.
                let victim = if ranks == 0 { Victim::AllRanks } else { victim };
                if strike(&run, victim, &output, &mut self.random) {
                    self.tally.kills += 1;
                    *self.tally.by.entry((phase, victim)).or_default() += 1;
                    self.bury(&mut run, &output);
                }
            }
            let status = run.child.wait().expect("waitable");
            self.tally.hangs += usize::from(status.code() == Some(124));
            match committed(&output) {
                None => self.tally.unreadable += 1,
                Some(now) => {
                    self.tally.lost += before.difference(&now).count();
                    before = now;
                }
            }
            if status.code() == Some(0) {
                break;
            }
        }
        if contents(&output) != self.reference {
            self.tally.different += 1;
        }
        assert!(!lock.exists(), "a finished run keeps its lock");
        std::fs::remove_file(&output).expect("removable");
    }

    /// Waits until every rank is gone.
    fn bury(&mut self, run: &mut Run, output: &Path) {
        let started = Instant::now();
        while !ranks_of(output).is_empty() {
            if started.elapsed() > DEATH {
                self.tally.hangs += 1;
                for rank in ranks_of(output) {
                    kill(rank);
                }
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        while run.child.try_wait().expect("waitable").is_none() {
            if started.elapsed() > DEATH {
                self.tally.launchers += 1;
                launcher_of(run.child.id()).map(kill);
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn run(mut self, kills: usize) {
        let started = Instant::now();
        while self.tally.kills < kills {
            self.one_file(kills);
        }
        println!("{:.0} s: {:#?}", started.elapsed().as_secs_f64(), self.tally);
        let Tally { unreadable, lost, hangs, different, .. } = self.tally;
        assert_eq!((unreadable, lost, hangs, different), (0, 0, 0, 0), "{:?}", self.tally);
    }
}

#[test]
fn nothing_is_lost_to_a_dozen_kills() {
    Campaign::new(1).run(12);
}

#[test]
#[ignore = "long: make torture"]
fn nothing_is_lost_to_two_hundred_kills() {
    Campaign::new(2).run(210);
}
