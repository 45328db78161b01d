//! A whole run on one rank of the job: prepare the file, compute, gather.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use crate::format::archive::{self, ArchiveError, ItemLayout, Storage};
use crate::study::config::{ConfigError, Study};
use crate::study::forecast::Longest;
use crate::study::holder::Holder;
use crate::study::load::{folder_of, load};
use crate::study::lock::{Lock, LockError};
use crate::study::preflight::{self, PreflightError};
use crate::study::progress::Reporter;
use crate::study::provenance;
use crate::study::request::Request;
use crate::study::results::{self, Results};
use crate::study::resume::{self, Pending};
use crate::study::runner::abort::{FAILURE, abort};
use crate::study::runner::{Job, Progress};
use crate::study::schema::shape;
use crate::study::size::file_bytes;
use crate::study::stages;
use crate::study::statistics::arrays;
use crate::study::work::Work;
use crate::system::program::{program, program_of};

/// Why a run does not begin, or does not end well.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Replicas that the study does not have.
    #[error("{}: holds the replicas {all}, not {}:{}; give a part A:B of them, without B itself", study.display(), wanted.start, wanted.end)]
    Part {
        /// The study's file.
        study: PathBuf,
        /// The replicas that were asked for.
        wanted: Range<u64>,
        /// Those that the study has, `A:B`.
        all: String,
    },
    /// The results file.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// Another job writes the output, or left its lock.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Something must be set right first.
    #[error(transparent)]
    Preflight(#[from] PreflightError),
    /// Another program wrote the output.
    #[error("{}: was written by amorph {wrote}, this is {this}, whose results may differ; use the other one, or continue with --allow-version-change (every item records its program)", path.display())]
    OtherProgram {
        /// The output.
        path: PathBuf,
        /// The program that wrote it.
        wrote: String,
        /// This one.
        this: String,
    },
    /// The output belongs to another study.
    #[error("{}: was made from another configuration: {differences}; {advice}", path.display())]
    Different {
        /// The output.
        path: PathBuf,
        /// The keys that differ, with both values.
        differences: String,
        /// How to go on.
        advice: String,
    },
    /// Rank 0 has said what is wrong.
    #[error("rank 0 has stopped")]
    Elsewhere,
}

impl RunError {
    /// Whether the user's input is at fault, not the system.
    pub fn is_usage(&self) -> bool {
        match self {
            RunError::Archive(error) => error.is_usage(),
            RunError::Elsewhere => false,
            _ => true,
        }
    }
}

/// How a run ended, as rank 0 knows it; other ranks know nothing.
#[derive(Debug)]
pub struct Ended {
    /// What this run did.
    pub progress: Progress,
    /// The longest item that was in the file before [s].
    pub longest: f64,
    /// Time from the first task to the closed file [s].
    pub span: f64,
    /// Time in which rank 0 made or verified the file [s].
    pub files: f64,
    /// The right to write the file, on rank 0.
    pub lock: Option<Lock>,
}

/// Runs a study on this rank; every rank of the job must call it. `make` makes the physics.
pub fn run<W, F>(job: &Job, request: &Request, make: F) -> Result<Ended, RunError>
where
    W: Work,
    F: Fn(Arc<Study>) -> W + Clone + Send + 'static,
{
    let root = job.rank() == 0;
    let mut lock = None;
    let entered = Instant::now();
    let hosts = job.hosts();
    let prepared = root.then(|| prepare(request, &hosts, &mut lock));
    let (study, pending) = agree(job, request, prepared)?;
    let study = Arc::new(study);
    let started = Instant::now();
    let longest = pending.longest.iter().flatten().copied().fold(0.0, f64::max);
    let mut reporter = (root && !request.quiet).then(|| Reporter::new(pending.items));
    let watch = |progress: &Progress| {
        if let Some(reporter) = &mut reporter {
            reporter.update(progress);
        }
    };
    let progress = match &study.ensemble_design {
        Some(_) => stages::compute(job, &study, pending, request, make, watch),
        None => job.compute(&study, pending, request, make, watch),
    };
    let span = started.elapsed().as_secs_f64();
    if let Some(reporter) = &mut reporter {
        reporter.finish(&progress);
    }
    let files = (started - entered).as_secs_f64();
    Ok(Ended { progress, longest, span, files, lock })
}

/// A study from its file, or these replicas of it.
///
/// # Errors
/// A wrong configuration, or replicas that the study does not have.
pub fn part(file: &Path, replicas: Option<&Range<u64>>) -> Result<Study, RunError> {
    let study = load(file)?;
    let Some(replicas) = replicas else { return Ok(study) };
    let (path, wanted) = (file.to_owned(), replicas.clone());
    study.part(replicas).map_err(|all| RunError::Part { study: path, wanted, all })
}

/// Whether results are those of a study, which stands in `file`.
///
/// # Errors
/// [`RunError::Different`], with how to go on.
pub fn belongs(results: &Results, study: &Study, file: &Path) -> Result<(), RunError> {
    let differences = study.differences(results.study());
    if differences.is_empty() {
        return Ok(());
    }
    Err(RunError::Different {
        path: results.path().to_owned(),
        differences: differences.join("; "),
        advice: advice(results, study, file),
    })
}

/// Rank 0 makes the file, or looks at what is missing in it.
fn prepare(
    request: &Request,
    hosts: &[String],
    lock: &mut Option<Lock>,
) -> Result<(Study, Pending), RunError> {
    let study = part(&request.study, request.replicas.as_ref())?;
    let path = &request.output;
    let exists = path.symlink_metadata().is_ok();
    if !request.resume && exists {
        return Err(ArchiveError::Exists(path.clone()).into());
    }
    let needed = if exists { 0 } else { file_bytes(&study) };
    let mut lines = vec![start_line(request, &study, hosts)];
    lines.extend(preflight::ranks(hosts)?);
    lines.extend(preflight::output(path, needed)?);
    lines.iter().for_each(|line| (request.inform)(line));
    *lock = Some(Lock::take(path, hosts.len())?);
    if request.resume && path.exists() {
        let archive = results::open(path)?;
        archive.continuable()?;
        check_program(&archive, request)?;
        belongs(&archive, &study, &request.study)?;
        drop(archive);
        let pending = resume::pending(path, request.retry_failed)?;
        (request.inform)(&format!(
            "resume   {} items to compute{}{}",
            pending.items,
            mention(pending.corrupt, "whose checksum does not hold"),
            mention(pending.retried, "that had failed")
        ));
        return Ok((study, pending));
    }
    let shape = shape(&study);
    let reserved = arrays::columns(&study);
    let attributes = provenance::attributes(&study, &folder(request), hosts.len());
    archive::create(path, &shape, &reserved, &attributes, Storage::Contiguous)?;
    (request.inform)("space    reserved, the results file is complete in shape");
    let layout = ItemLayout::new(study.replicas, &shape.schemas);
    Ok((study, Pending::all(&layout)))
}

/// The folder of the study's file, from wherever a rank or a reader looks.
fn folder(request: &Request) -> PathBuf {
    let folder = folder_of(&request.study);
    // An empty path is the working directory.
    std::path::absolute(folder.join(".")).unwrap_or(folder)
}

/// How to go on with a study that is not the file's.
fn advice(results: &Results, study: &Study, file: &Path) -> String {
    let (held, wanted) = (results.study().replicas(), study.replicas());
    let grown = held.start == wanted.start && held.end < wanted.end;
    if !grown || study.ensemble_hash() != results.study().ensemble_hash() {
        return "give another output, or the study that it was made from".to_owned();
    }
    let (study, output) = (file.display(), results.path().display());
    let more = format!("{}:{}", held.end, wanted.end);
    let stem = results.path().with_extension("");
    let stem = stem.display();
    format!(
        "to extend it, finish it with --replicas {}:{}, compute the others into a second file with `amorph run {study} --replicas {more} -o {stem}-more.h5`, and put both together with `amorph merge {output} {stem}-more.h5 -o {stem}-all.h5`",
        held.start, held.end
    )
}

/// When, which job, where, what: the line by which a log is found again.
fn start_line(request: &Request, study: &Study, hosts: &[String]) -> String {
    let Holder { since, job, round, .. } = Holder::this_process(hosts.len());
    let job = match job.as_str() {
        "" => String::new(),
        number => format!("job {number}, round {}, ", round + 1),
    };
    format!(
        "start    {since}, {job}{} ranks on {} hosts: study {}, replicas {}:{}, {} into {}",
        hosts.len(),
        hosts.iter().collect::<BTreeSet<_>>().len(),
        study.name,
        study.replicas().start,
        study.replicas().end,
        request.study.display(),
        request.output.display(),
    )
}

fn mention(count: u64, what: &str) -> String {
    if count == 0 { String::new() } else { format!(", {count} of them {what}") }
}

/// Refuses a file of another program.
fn check_program(archive: &Results, request: &Request) -> Result<(), RunError> {
    let wrote = program_of(&archive.attribute("program_version")?, &archive.attribute("commit")?);
    let this = program();
    if wrote == this || request.allow_version_change {
        return Ok(());
    }
    Err(RunError::OtherProgram { path: archive.path().to_owned(), wrote, this })
}

/// What rank 0 tells the others before the work.
#[derive(serde::Serialize, serde::Deserialize)]
struct Announcement {
    configuration: String,
    folder: PathBuf,
    longest: Vec<Longest>,
    program: String,
}

/// Every rank gets the study from rank 0; where that cannot begin, no rank does.
fn agree(
    job: &Job,
    request: &Request,
    prepared: Option<Result<(Study, Pending), RunError>>,
) -> Result<(Study, Pending), RunError> {
    let announcement = match &prepared {
        Some(Ok((study, pending))) => Some(Announcement {
            configuration: study.canonical(),
            folder: folder(request),
            longest: pending.longest.clone(),
            program: program(),
        }),
        _ => None,
    };
    let bytes = job.broadcast(serde_json::to_vec(&announcement).unwrap_or_default());
    if let Some(prepared) = prepared {
        return prepared;
    }
    let announced: Option<Announcement> = serde_json::from_slice(&bytes).unwrap_or_default();
    let Announcement { configuration, folder, longest, program: theirs } =
        announced.ok_or(RunError::Elsewhere)?;
    if theirs != program() {
        let found = format!("is amorph {}, rank 0 is {theirs}", program());
        abort(&format!("this rank {found}; start one program on all ranks"), FAILURE);
    }
    let study = Study::parse_in(&folder, "the configuration from rank 0", &configuration)?;
    Ok((study, Pending { longest, ..Pending::default() }))
}
