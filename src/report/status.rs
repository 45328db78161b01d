//! How far a study is: read from the results file and its lock, also while a job writes.

use std::path::Path;

use serde::Serialize;

use crate::format::archive::{ArchiveError, State};
use crate::study::lock::{self, Life, LockError};
use crate::study::reasons::{Reason, Reasons};
use crate::study::results::{self, Results};
use crate::study::statistics::Counts;

/// Rows of `/items` that are read at once.
const ROWS_AT_ONCE: u64 = 1 << 14;

/// Why the status cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// The results file.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// Its lock.
    #[error(transparent)]
    Lock(#[from] LockError),
}

/// Items of one kind: solids, or the directions of one parameterisation.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct KindStatus {
    /// `solid`, or the name of the parameterisation.
    pub name: String,
    /// How many.
    pub items: Counts,
    /// Mean time of a done item [s]; none before the first one.
    pub seconds: Option<f64>,
    /// The longest [s].
    pub longest: Option<f64>,
}

impl KindStatus {
    fn add(&mut self, state: State, seconds: f64) {
        self.items.add(state);
        if state == State::Done {
            let done = self.items.done as f64;
            let mean = self.seconds.unwrap_or(0.0);
            self.seconds = Some(mean + (seconds - mean) / done);
            self.longest = Some(self.longest.unwrap_or(0.0).max(seconds));
        }
    }

    /// Time that its pending items will take [s]; none where no item of it is done yet.
    fn left(&self) -> Option<f64> {
        if self.items.pending == 0 {
            return Some(0.0);
        }
        self.seconds.map(|seconds| seconds * self.items.pending as f64)
    }
}

/// The status of one scenario.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScenarioStatus {
    /// Its name.
    pub name: String,
    /// Solids and directions.
    pub kinds: Vec<KindStatus>,
    /// Time that the pending items will take on one rank [s]; none where nothing like them is
    /// done yet.
    pub left: Option<f64>,
    /// Kinds of failures, the most frequent first.
    pub reasons: Vec<Reason>,
}

/// The job that writes the file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JobStatus {
    /// Who it is.
    pub holder: String,
    /// Its ranks.
    pub ranks: usize,
    /// Whether it runs; none where that cannot be told from here.
    pub running: Option<bool>,
}

/// The status of a results file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Status {
    /// Name of the study.
    pub study: String,
    /// One entry per scenario.
    pub scenarios: Vec<ScenarioStatus>,
    /// The job, where there is a lock.
    pub job: Option<JobStatus>,
    /// When the last item was finished [s since 1970, UTC]; none before the first one.
    pub last_finished: Option<f64>,
}

impl Status {
    /// Reads the status of a results file.
    pub fn read(path: &Path) -> Result<Self, StatusError> {
        let archive = results::open(path)?;
        let mut last_finished: Option<f64> = None;
        let mut scenarios = Vec::new();
        for scenario in 0..archive.layout().scenarios() {
            let (status, last) = read_scenario(&archive, scenario)?;
            scenarios.push(status);
            last_finished = later(last_finished, last);
        }
        let job = lock::holder(path)?.map(|holder| JobStatus {
            ranks: holder.ranks,
            running: match holder.life() {
                Life::Running => Some(true),
                Life::Gone => Some(false),
                Life::Unknown => None,
            },
            holder: holder.to_string(),
        });
        Ok(Status { study: archive.study().name.clone(), scenarios, job, last_finished })
    }

    /// Items of all scenarios.
    pub fn items(&self) -> Counts {
        let mut sum = Counts::default();
        for kind in self.scenarios.iter().flat_map(|scenario| &scenario.kinds) {
            sum.pending += kind.items.pending;
            sum.done += kind.items.done;
            sum.failed += kind.items.failed;
        }
        sum
    }

    /// Time left on one rank [s], and whether some scenario is not in it because nothing of it is
    /// done yet.
    pub fn left(&self) -> (f64, bool) {
        let known = self.scenarios.iter().filter_map(|scenario| scenario.left).sum();
        (known, self.scenarios.iter().any(|scenario| scenario.left.is_none()))
    }
}

fn later(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.max(b)),
        (a, b) => a.or(b),
    }
}

fn read_scenario(
    archive: &Results,
    scenario: usize,
) -> Result<(ScenarioStatus, Option<f64>), ArchiveError> {
    let schema = &archive.schemas()[scenario];
    let parts = schema.parts.len();
    // Names of parts are `solid` or `theta[directions]`.
    let names: Vec<String> = schema
        .parts
        .iter()
        .map(|part| schema.part_name(part).split('[').next().unwrap_or_default().to_owned())
        .collect();
    let mut kinds: Vec<KindStatus> = Vec::new();
    let mut kind_of = Vec::with_capacity(parts);
    for name in names {
        let known = kinds.iter().position(|kind| kind.name == name);
        kind_of.push(known.unwrap_or(kinds.len()));
        if known.is_none() {
            kinds.push(KindStatus { name, ..KindStatus::default() });
        }
    }
    let mut reasons = Reasons::default();
    let mut last: Option<f64> = None;
    let rows = archive.layout().scenario_rows(scenario);
    let mut first = rows.start;
    while first < rows.end {
        let block = first..(first + ROWS_AT_ONCE).min(rows.end);
        let states = archive.states(&block)?;
        let seconds = archive.item_times("seconds", &block)?;
        let finished = archive.item_times("finished", &block)?;
        for (index, &state) in states.iter().enumerate() {
            let part = (block.start - rows.start) as usize + index;
            kinds[kind_of[part % parts]].add(state, seconds[index]);
            if state != State::Pending {
                last = later(last, Some(finished[index]));
            }
        }
        if states.contains(&State::Failed) {
            for (state, reason) in states.iter().zip(archive.reasons(&block)?) {
                if *state == State::Failed {
                    reasons.add(&reason);
                }
            }
        }
        first = block.end;
    }
    let reasons = reasons.into_kinds(usize::MAX);
    let left = kinds.iter().map(KindStatus::left).sum();
    Ok((ScenarioStatus { name: schema.name.clone(), kinds, left, reasons }, last))
}
