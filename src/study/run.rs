//! A whole run on one rank of the job: prepare the file, compute, gather.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use super::archive::{self, Archive, ArchiveError, ItemLayout, Pending};
use super::config::{ConfigError, Study};
use super::progress::Reporter;
use super::provenance::provenance;
use super::runner::{Job, Progress, Settings};
use super::schema::schemas;
use super::statistics::{self, Counts, Statistics, StatisticsError};
use super::work::Work;

/// What is to be run.
#[derive(Clone, Debug)]
pub struct Request {
    /// The study's TOML file.
    pub study: PathBuf,
    /// The results file.
    pub output: PathBuf,
    /// Continue the output if it exists.
    pub resume: bool,
    /// Compute failed items again.
    pub retry_failed: bool,
    /// The longest time between two commits of a rank.
    pub commit_interval: Duration,
    /// After this time nothing new is started.
    pub max_time: Option<Duration>,
}

/// Why a run does not begin, or does not end well.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The results file.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The statistics.
    #[error(transparent)]
    Statistics(#[from] StatisticsError),
    /// The output belongs to another study.
    #[error("{}: was made from another configuration: {differences}; give another output, or the study that it was made from", path.display())]
    Different {
        /// The output.
        path: PathBuf,
        /// The keys that differ, with both values.
        differences: String,
    },
    /// Rank 0 has said what is wrong.
    #[error("rank 0 has stopped")]
    Elsewhere,
}

impl RunError {
    /// Whether the user's input is at fault, not the system.
    pub fn is_usage(&self) -> bool {
        match self {
            RunError::Config(_) | RunError::Different { .. } => true,
            RunError::Archive(error) => error.is_usage(),
            RunError::Statistics(_) | RunError::Elsewhere => false,
        }
    }
}

/// How a run ended, as rank 0 knows it; other ranks know nothing.
#[derive(Clone, Debug)]
pub struct Ended {
    /// What this run did.
    pub progress: Progress,
    /// Items that are still pending in the file.
    pub pending: u64,
    /// Items that have failed in the file.
    pub failed: u64,
    /// Time from the first task to the closed file [s].
    pub span: f64,
    /// The statistics of the file.
    pub statistics: Option<Statistics>,
}

/// Runs a study on this rank; every rank of the job must call it. `make` makes the physics.
pub fn run<W, F>(
    job: &Job,
    request: &Request,
    stop: Arc<AtomicBool>,
    make: F,
) -> Result<Ended, RunError>
where
    W: Work,
    F: Fn(Arc<Study>) -> W + Send + 'static,
{
    let root = job.rank() == 0;
    let prepared = if root { Some(prepare(request, job.ranks())) } else { None };
    let (study, pending) = agree(job, prepared)?;
    let study = Arc::new(study);
    let settings = Settings {
        output: request.output.clone(),
        commit_interval: request.commit_interval,
        max_time: request.max_time,
        stop,
    };
    let started = Instant::now();
    let mut reporter = root.then(|| Reporter::new(pending.items));
    let watch = |progress: &Progress| {
        if let Some(reporter) = &mut reporter {
            reporter.update(progress);
        }
    };
    let progress = job.compute(&study, pending.units, &settings, make, watch);
    let span = started.elapsed().as_secs_f64();
    if let Some(reporter) = &mut reporter {
        reporter.finish(&progress);
    }
    let statistics = if root { Some(gather(&request.output)?) } else { None };
    let total = |count: fn(&Counts) -> u64| -> u64 {
        let scenarios = statistics.iter().flat_map(|statistics| &statistics.scenarios);
        scenarios.map(|scenario| count(&scenario.items)).sum()
    };
    Ok(Ended {
        progress,
        pending: total(|items| items.pending),
        failed: total(|items| items.failed),
        span,
        statistics,
    })
}

/// Rank 0 makes the file, or looks at what is missing in it.
fn prepare(request: &Request, ranks: usize) -> Result<(Study, Pending), RunError> {
    let study = Study::load(&request.study)?;
    let path = &request.output;
    if request.resume && path.exists() {
        let archive = Archive::open(path)?;
        let differences = study.differences(archive.study());
        if !differences.is_empty() {
            let differences = differences.join("; ");
            return Err(RunError::Different { path: path.clone(), differences });
        }
        drop(archive);
        let pending = archive::pending(path, request.retry_failed)?;
        return Ok((study, pending));
    }
    let schemas = schemas(&study);
    let reserved = statistics::columns(&study);
    archive::create(path, &study, &schemas, &reserved, &provenance(ranks))?;
    let layout = ItemLayout::new(study.replicas, &schemas);
    Ok((study, Pending::all(layout.units(), layout.len())))
}

/// What rank 0 tells the others before the work.
#[derive(serde::Serialize, serde::Deserialize)]
enum Start {
    Go { configuration: String },
    Stop,
}

fn agree(
    job: &Job,
    prepared: Option<Result<(Study, Pending), RunError>>,
) -> Result<(Study, Pending), RunError> {
    let message = match &prepared {
        Some(Ok((study, _))) => Start::Go { configuration: study.canonical() },
        Some(Err(_)) | None => Start::Stop,
    };
    let bytes = job.broadcast(serde_json::to_vec(&message).unwrap_or_default());
    if let Some(prepared) = prepared {
        return prepared;
    }
    match serde_json::from_slice(&bytes) {
        Ok(Start::Go { configuration }) => {
            Ok((Study::parse("the configuration from rank 0", &configuration)?, Pending::default()))
        }
        Ok(Start::Stop) | Err(_) => Err(RunError::Elsewhere),
    }
}

/// Rank 0 reads the finished file, and stores the statistics in it.
fn gather(path: &Path) -> Result<Statistics, RunError> {
    let archive = Archive::open(path)?;
    let statistics = statistics::collect(std::slice::from_ref(&archive))?;
    drop(archive);
    statistics::store(path, &statistics)?;
    Ok(statistics)
}
