//! What one rank has to do: turns tasks into questions for its computing thread, and answers into
//! rows of the results file.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::compute::{Answer, Compute, Question};
use super::message::{Progress, Up};
use crate::analysis::values::Row;
use crate::format::archive::{ArchiveError, Finished, Item, State, Writer};
use crate::format::row::Failure;
use crate::study::dispatcher::Task;
use crate::study::forecast::Forecast;

/// Rows are committed at the latest when they take this much memory [bytes].
const COMMIT_BYTES: usize = 2 << 20;

/// A unit whose solid this rank has, or is preparing.
struct Current {
    unit: u64,
    solid: Option<Arc<Vec<u8>>>,
    /// Pending directions that this rank does by itself.
    parts: VecDeque<usize>,
    /// Whether the directions are tasks of their own, for any rank.
    shared: bool,
}

/// One rank's work.
pub(super) struct Local {
    pub writer: Writer,
    compute: Compute,
    commit_interval: Duration,
    last_commit: Instant,
    units: Range<u64>,
    task: Option<(Task, Vec<u8>)>,
    current: Option<Current>,
    /// What the computing thread is at.
    running: Option<Item>,
    requested: bool,
    draining: bool,
    drained: bool,
    /// Nothing is begun any more.
    discarding: bool,
    forecast: Forecast,
    /// Messages for rank 0.
    pub outbox: Vec<(Up, Vec<u8>)>,
    /// What has not been reported yet.
    progress: Progress,
}

impl Local {
    pub fn new(
        writer: Writer,
        compute: Compute,
        commit_interval: Duration,
        forecast: Forecast,
    ) -> Self {
        Local {
            writer,
            compute,
            commit_interval,
            last_commit: Instant::now(),
            units: 0..0,
            task: None,
            current: None,
            running: None,
            requested: false,
            draining: false,
            drained: false,
            discarding: false,
            forecast,
            outbox: Vec::new(),
            progress: Progress::default(),
        }
    }

    /// Takes a task from rank 0.
    pub fn accept(&mut self, task: Task, solid: Vec<u8>) {
        self.requested = false;
        if self.discarding {
            return;
        }
        match task {
            // The last unit of the previous range may still run.
            Task::Replicas(range) if self.units.is_empty() => self.units = range,
            other => self.task = Some((other, solid)),
        }
    }

    /// Nothing comes any more; with `discard` what has not begun is dropped.
    pub fn drain(&mut self, discard: bool) {
        self.draining = true;
        if discard {
            self.discard();
        }
    }

    fn discard(&mut self) {
        self.discarding = true;
        self.units = 0..0;
        self.task = None;
        if let Some(current) = &mut self.current {
            current.parts.clear();
        }
    }

    /// Whether an item may begin; where it would not end in time, nothing begins any more.
    fn may_begin(&mut self, item: Item) -> bool {
        let part = &self.writer.archive.schemas()[item.scenario].parts[item.part];
        let fits = self.forecast.fits(item.scenario, part, Instant::now());
        if !fits {
            self.stop();
        }
        fits
    }

    /// Begins nothing any more, and asks rank 0 to stop all ranks.
    pub fn stop(&mut self) {
        // After the last report nobody may listen any more.
        if !self.discarding && !self.drained {
            self.outbox.push((Up::Stop, Vec::new()));
            self.discard();
        }
    }

    /// One turn: takes the thread's answer (waiting up to `patience`), gives it the next question,
    /// commits when it is time, asks for more.
    pub fn turn(&mut self, patience: Duration) -> Result<(), ArchiveError> {
        if let Some(item) = self.running {
            if let Some((answer, time)) = self.compute.answer(patience) {
                self.running = None;
                self.progress.busy += time.as_secs_f64();
                self.take(item, answer, time)?;
                self.start_next()?;
            }
        } else if !self.start_next()? {
            std::thread::sleep(patience);
        }
        // Who stops the job may not wait for the item that runs.
        let due = self.discarding
            || self.last_commit.elapsed() >= self.commit_interval
            || self.writer.pending_bytes() >= COMMIT_BYTES;
        if due && self.writer.pending() > 0 {
            self.commit()?;
        }
        if self.draining && !self.drained && self.is_idle() {
            self.commit()?;
            self.drained = true;
            let rest = std::mem::take(&mut self.progress);
            self.outbox.push((Up::Drained(rest), Vec::new()));
        }
        Ok(())
    }

    fn is_idle(&self) -> bool {
        self.running.is_none()
            && self.units.is_empty()
            && self.task.is_none()
            && self.current.as_ref().is_none_or(|current| current.parts.is_empty())
    }

    /// Asks rank 0 for a task, once.
    fn request(&mut self) {
        if !self.requested && !self.draining && !self.discarding {
            self.requested = true;
            self.outbox.push((Up::Request, Vec::new()));
        }
    }

    fn commit(&mut self) -> Result<(), ArchiveError> {
        let started = Instant::now();
        let written = self.writer.commit()?;
        self.progress.commits += started.elapsed().as_secs_f64();
        if written > 0 {
            let progress = std::mem::take(&mut self.progress);
            self.outbox.push((Up::Committed(progress), Vec::new()));
        }
        self.last_commit = Instant::now();
        Ok(())
    }

    /// Gives the thread its next question; false where there is none.
    fn start_next(&mut self) -> Result<bool, ArchiveError> {
        loop {
            if let Some((unit, part)) = self.next_own_part() {
                self.start_directions(unit, part);
                return Ok(true);
            }
            if let Some((task, bytes)) = self.task.take() {
                match task {
                    Task::Replicas(range) => self.units = range,
                    Task::Solid { unit } => self.begin(unit, true)?,
                    Task::Directions { unit, part } => {
                        if self.current.as_ref().is_none_or(|current| current.unit != unit) {
                            let solid = Some(Arc::new(bytes));
                            let parts = VecDeque::new();
                            self.current = Some(Current { unit, solid, parts, shared: true });
                        }
                        self.start_directions(unit, part);
                    }
                }
            } else if self.units.is_empty() {
                self.request();
                return Ok(false);
            } else {
                let unit = self.units.start;
                self.units.start += 1;
                self.begin(unit, false)?;
                if self.units.is_empty() {
                    // The next task comes while the last unit is computed.
                    self.request();
                }
            }
            if self.running.is_some() {
                return Ok(true);
            }
        }
    }

    fn next_own_part(&mut self) -> Option<(u64, usize)> {
        let current = self.current.as_mut().filter(|current| current.solid.is_some())?;
        current.parts.pop_front().map(|part| (current.unit, part))
    }

    fn item(&self, unit: u64, part: usize) -> Item {
        let (scenario, slot) = self.writer.archive.layout().unit(unit);
        Item { scenario, slot, part }
    }

    /// Begins a unit: what is pending in it decides the question.
    fn begin(&mut self, unit: u64, shared: bool) -> Result<(), ArchiveError> {
        let item = self.item(unit, 0);
        let Item { scenario, slot, .. } = item;
        let archive = &self.writer.archive;
        let states = archive.states_of(scenario, &(slot..slot + 1))?;
        let parts: VecDeque<usize> =
            (1..states.len()).filter(|&part| states[part] == State::Pending).collect();
        let complete = parts.is_empty();
        self.current = Some(Current { unit, solid: None, parts, shared });
        match states[0] {
            State::Pending => {
                let replica = archive.replica(slot);
                if self.may_begin(item) {
                    self.submit(item, Question::Solid { scenario, replica });
                }
            }
            State::Failed => {
                let row = archive.layout().row(item);
                let reason = archive.reasons(&(row..row + 1))?.concat();
                self.fail_directions(&reason)?;
            }
            State::Unneeded => self.share(Vec::new()),
            State::Done if complete => self.share(Vec::new()),
            State::Done => {
                let row = archive.row(item)?;
                self.submit(item, Question::Restore { scenario, row });
            }
        }
        Ok(())
    }

    fn start_directions(&mut self, unit: u64, part: usize) {
        let item = self.item(unit, part);
        if self.may_begin(item) {
            let archive = &self.writer.archive;
            let solid = self.current.as_ref().and_then(|current| current.solid.clone());
            let question = Question::Directions {
                scenario: item.scenario,
                replica: archive.replica(item.slot),
                solid: solid.unwrap_or_default(),
                part: archive.schemas()[item.scenario].parts[part].clone(),
            };
            self.submit(item, question);
        }
    }

    fn submit(&mut self, item: Item, question: Question) {
        self.running = Some(item);
        self.compute.submit(question);
    }

    fn take(&mut self, item: Item, answer: Answer, time: Duration) -> Result<(), ArchiveError> {
        match answer {
            Answer::Directions(outcome) => {
                self.progress.failures += u64::from(outcome.is_err());
                self.push(item, outcome, time)
            }
            Answer::Solid(Ok((row, bytes))) => {
                self.prepared(bytes);
                self.push(item, Ok(row), time)
            }
            Answer::Solid(Err(failure)) => {
                let reason = failure.reason.clone();
                self.progress.failures += 1;
                self.push(item, Err(failure), time)?;
                self.fail_directions(&reason)
            }
            Answer::Restored(Ok(bytes)) => {
                self.prepared(bytes);
                Ok(())
            }
            Answer::Restored(Err(failure)) => self.fail_directions(&failure.reason),
        }
    }

    /// The current unit's solid is there.
    fn prepared(&mut self, bytes: Vec<u8>) {
        let Some(current) = &mut self.current else { return };
        current.solid = Some(Arc::new(bytes.clone()));
        if current.shared {
            self.share(bytes);
        }
    }

    /// Tells rank 0 which directions of a shared unit any rank may take.
    fn share(&mut self, bytes: Vec<u8>) {
        if let Some(current) = self.current.as_mut().filter(|current| current.shared) {
            let parts = current.parts.drain(..).collect();
            self.outbox.push((Up::Solid { unit: current.unit, parts }, bytes));
        }
    }

    /// The current unit has no solid: none of its pending directions can be computed.
    fn fail_directions(&mut self, reason: &str) -> Result<(), ArchiveError> {
        let Some(current) = &mut self.current else { return Ok(()) };
        let unit = current.unit;
        let parts: Vec<usize> = current.parts.drain(..).collect();
        for part in parts {
            let reason = format!("the solid failed: {reason}");
            self.push(self.item(unit, part), Err(Failure { reason }), Duration::ZERO)?;
        }
        self.share(Vec::new());
        Ok(())
    }

    fn push(
        &mut self,
        item: Item,
        outcome: Result<Row, Failure>,
        time: Duration,
    ) -> Result<(), ArchiveError> {
        match outcome {
            Ok(_) => self.progress.done += 1,
            Err(_) => self.progress.failed += 1,
        }
        let part = &self.writer.archive.schemas()[item.scenario].parts[item.part];
        self.forecast.observe(item.scenario, part, time);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let (seconds, finished) = (time.as_secs_f64(), now.as_secs_f64());
        let outcome = Some(outcome);
        self.writer.push(Finished { item, outcome, seconds, finished })
    }
}
