//! How far a study is: read from the results file and its lock, also while a job writes.

use serde::Serialize;

use crate::design::outcome::Outcome;
use crate::design::quantities::OUTCOME;
use crate::format::archive::{ArchiveError, State};
use crate::format::row::{Part, Stage};
use crate::format::schema::Column;
use crate::study::holder::Life;
use crate::study::lock::{self, LockError};
use crate::study::reasons::{Reason, Reasons};
use crate::study::results::Results;
use crate::study::rounds::is_ahead;
use crate::study::statistics::Counts;

/// Solids of a scenario whose items are read at once.
const SLOTS_AT_ONCE: usize = 1 << 11;

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

/// Items of one kind: solids, the directions of one parameterisation, or one design.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct KindStatus {
    /// `solid`, or the name of the parameterisation, of a design with what it asks for.
    pub name: String,
    /// How many.
    pub items: Counts,
    /// Mean time of a done item [s]; none before the first one.
    pub seconds: Option<f64>,
    /// The longest [s].
    pub longest: Option<f64>,
    /// Of a design the solids that have reached its targets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reached: Option<u64>,
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
    /// Reads the status of an open results file.
    pub fn read(archive: &Results) -> Result<Self, StatusError> {
        let mut last_finished: Option<f64> = None;
        let scenarios = (0..archive.layout().scenarios())
            .map(|scenario| read_scenario(archive, scenario, &mut last_finished))
            .collect::<Result<Vec<_>, _>>()?;
        // Stages that an ensemble design did not need are no failures.
        let needed = |(index, scenario): &(usize, ScenarioStatus)| {
            let pending = scenario.kinds.iter().any(|kind| kind.items.pending > 0);
            pending || !is_ahead(archive.study(), *index)
        };
        let scenarios =
            scenarios.into_iter().enumerate().filter(needed).map(|(_, it)| it).collect();
        let job = lock::holder(archive.path())?.map(|holder| JobStatus {
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
        let kinds = self.scenarios.iter().flat_map(|scenario| &scenario.kinds);
        kinds.map(|kind| kind.items).sum()
    }

    /// Time left on one rank [s], and whether some scenario is not in it because nothing of it is
    /// done yet.
    pub fn left(&self) -> (f64, bool) {
        let known = self.scenarios.iter().filter_map(|scenario| scenario.left).sum();
        (known, self.scenarios.iter().any(|scenario| scenario.left.is_none()))
    }
}

/// The columns of the outcomes of designs, each with the part that computes it.
fn outcomes(archive: &Results, scenario: usize) -> Vec<(usize, usize)> {
    let schema = &archive.schemas()[scenario];
    let columns = schema.columns.iter().enumerate();
    let of_part = |(index, column): (usize, &Column)| {
        let is_outcome = column.path.ends_with(&OUTCOME.path(""));
        let part = schema.parts.iter().position(|part| part.stage() == column.stage)?;
        (is_outcome && matches!(column.stage, Stage::Design(..))).then_some((index, part))
    };
    columns.filter_map(of_part).collect()
}

fn read_scenario(
    archive: &Results,
    scenario: usize,
    last_finished: &mut Option<f64>,
) -> Result<ScenarioStatus, ArchiveError> {
    let schema = &archive.schemas()[scenario];
    let name = |part: &Part| match part.stage() {
        Stage::Sweep(theta) => schema.parameterisations[theta].clone(),
        Stage::Solid | Stage::Design(..) => schema.part_name(part),
    };
    let mut kinds: Vec<KindStatus> = Vec::new();
    let mut kind_of = Vec::with_capacity(schema.parts.len());
    // The parts of one kind stand together.
    for parts in schema.parts.chunk_by(|a, b| a.stage() == b.stage()) {
        kind_of.extend(parts.iter().map(|_| kinds.len()));
        let name = name(&parts[0]);
        kinds.push(KindStatus { name, ..KindStatus::default() });
    }
    let outcomes = outcomes(archive, scenario);
    for (_, part) in &outcomes {
        kinds[kind_of[*part]].reached = Some(0);
    }
    let mut reasons = Reasons::default();
    let replicas = archive.layout().replicas();
    for first in (0..replicas).step_by(SLOTS_AT_ONCE) {
        let slots = first..(first + SLOTS_AT_ONCE as u64).min(replicas);
        let rows = archive.layout().rows(scenario, &slots);
        let states = archive.states(&rows)?;
        let seconds = archive.item_times("seconds", &rows)?;
        let finished = archive.item_times("finished", &rows)?;
        for (index, &state) in states.iter().enumerate() {
            kinds[kind_of[index % kind_of.len()]].add(state, seconds[index]);
            if state != State::Pending {
                let last = last_finished.unwrap_or(finished[index]);
                *last_finished = Some(last.max(finished[index]));
            }
        }
        for &(column, part) in &outcomes {
            let codes = archive.column(scenario, column, &slots)?;
            let done = states.iter().skip(part).step_by(kind_of.len());
            let reached = done.zip(codes.codes()).filter(|(state, code)| {
                **state == State::Done && **code == Outcome::Reached.code()
            });
            *kinds[kind_of[part]].reached.get_or_insert(0) += reached.count() as u64;
        }
        reasons.add_failed(archive, &rows, &states)?;
    }
    let reasons = reasons.into_kinds(usize::MAX);
    let left = kinds.iter().map(KindStatus::left).sum();
    Ok(ScenarioStatus { name: schema.name.clone(), kinds, left, reasons })
}
