//! What a run is asked to do.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// What is to be run.
#[derive(Clone, Debug)]
pub struct Request {
    /// The study's TOML file.
    pub study: PathBuf,
    /// Of the study's replicas only these.
    pub replicas: Option<Range<u64>>,
    /// The results file.
    pub output: PathBuf,
    /// Continue the output if it exists.
    pub resume: bool,
    /// Compute failed items again.
    pub retry_failed: bool,
    /// The longest time between two commits of a rank; without it a few seconds, and
    /// longer with many ranks, so that all of them together commit at most 100 times per second.
    pub commit_interval: Option<Duration>,
    /// Nothing is started that is not expected to end by then.
    pub deadline: Option<Instant>,
    /// Nothing new is started once more items have failed in this run.
    pub max_failures: Option<u64>,
    /// Continue a file that another version of the program has written.
    pub allow_version_change: bool,
    /// Set by a signal: nothing new is started.
    pub stop: Arc<AtomicBool>,
    /// No progress is shown.
    pub quiet: bool,
    /// Takes a line for the user, before the work.
    pub inform: fn(&str),
}

impl Request {
    /// The longest time between two commits of one of so many ranks.
    pub fn interval(&self, ranks: usize) -> Duration {
        const SHORTEST: Duration = Duration::from_secs(5);
        const BETWEEN_COMMITS: Duration = Duration::from_millis(10);
        let default = SHORTEST.max(BETWEEN_COMMITS * u32::try_from(ranks).unwrap_or(u32::MAX));
        self.commit_interval.unwrap_or(default)
    }
}
