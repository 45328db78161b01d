//! One results file from several of one study.
//!
//! Items are copied one by one, each with its checksum verified first and made anew, so nothing that is
//! damaged is passed on as done. What is not computed stays to be computed: `run --resume` goes on with
//! the merged file as with any other.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::collect::{StatisticsError, compatible, gather};
use crate::format::archive::{
    self, Access, ArchiveError, Finished, RootAttribute, STUDY_FOLDER, State, Storage, Writer,
};
use crate::format::row::Failure;
use crate::study::config::Study;
use crate::study::holder::Life;
use crate::study::lock::{Lock, LockError, holder};
use crate::study::preflight::{self, PreflightError};
use crate::study::provenance;
use crate::study::results::{self, Results};
use crate::study::schema::shape;
use crate::study::size::file_bytes;
use crate::study::statistics::{Counts, arrays};
use crate::system::disk::with_suffix;
use crate::system::time::timestamp;

/// Bytes of a column that are read at once, and of rows that are written at once.
const BLOCK_BYTES: usize = 1 << 23;

/// Attributes of the root that the first file passes on: by what it was computed.
const KEPT: [&str; 8] = [
    "program_version",
    "commit",
    "mpi_version",
    "hdf5_version",
    "compiler",
    "ranks",
    "host",
    "processor",
];

/// Why files are not put together.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// A file.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// Files that do not belong together, or hold the same replicas.
    #[error(transparent)]
    Statistics(#[from] StatisticsError),
    /// A job writes one of the files.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The output cannot be made.
    #[error(transparent)]
    Preflight(#[from] PreflightError),
    /// Replicas are missing between two files.
    #[error("{}: begins with replica {}, and no file holds the replicas {}:{} before it; compute them with `amorph run --replicas {}:{}`", file.display(), missing.end, missing.start, missing.end, missing.start, missing.end)]
    Hole {
        /// The file behind the hole.
        file: PathBuf,
        /// What is missing.
        missing: Range<u64>,
    },
    /// Only complete files are compressed.
    #[error("{}: {pending} items are not computed, and a compressed file cannot be continued; finish it first with `amorph run --resume`, or merge without --compress", file.display())]
    Unfinished {
        /// The file.
        file: PathBuf,
        /// Its pending items, damaged ones included.
        pending: u64,
    },
}

impl MergeError {
    /// Whether the user's choice of files is at fault, not the system.
    pub fn is_usage(&self) -> bool {
        match self {
            MergeError::Archive(error) => error.is_usage(),
            MergeError::Statistics(StatisticsError::Archive(error)) => error.is_usage(),
            _ => true,
        }
    }
}

/// What the merged file holds.
#[derive(Clone, Debug)]
pub struct Merged {
    /// Its replicas.
    pub replicas: Range<u64>,
    /// Its items.
    pub items: Counts,
    /// Items whose checksum did not hold: they are to be computed again.
    pub corrupt: u64,
}

/// Makes `output` from these files: their replicas must follow each other. It gets its name when it is
/// whole.
///
/// # Errors
/// [`MergeError`]; then nothing is left behind.
pub fn merge(
    files: &[PathBuf],
    output: &Path,
    storage: Storage,
    inform: fn(&str),
) -> Result<Merged, MergeError> {
    if output.symlink_metadata().is_ok() {
        return Err(ArchiveError::Exists(output.to_owned()).into());
    }
    let parts = open(files)?;
    let study = whole(&parts)?;
    if storage == Storage::Compressed {
        parts.iter().try_for_each(complete)?;
    }
    for line in preflight::output(output, file_bytes(&study))? {
        inform(&line);
    }
    let _lock = Lock::take(output, 1)?;
    let draft = with_suffix(output, ".merging");
    // The lock is ours: what lies there is left from a merge that was killed.
    let _ = std::fs::remove_file(&draft);
    let made = fill(&parts, &study, &draft, storage).and_then(|merged| {
        archive::name(&draft, output)?;
        Ok(merged)
    });
    if made.is_err() {
        // The error to report is the first one.
        let _ = std::fs::remove_file(&draft);
    }
    made
}

/// The files in the order of their replicas.
fn open(files: &[PathBuf]) -> Result<Vec<Results>, MergeError> {
    let mut parts = Vec::new();
    for path in files {
        let part = results::open(path)?;
        part.continuable()?;
        if let Some(holder) = holder(path)?.filter(|holder| holder.life() != Life::Gone) {
            return Err(LockError::Held { output: path.clone(), holder: Box::new(holder) }.into());
        }
        parts.push(part);
    }
    compatible(&parts)?;
    parts.sort_by_key(|part| part.study().first_replica);
    Ok(parts)
}

/// The study of all parts together.
fn whole(parts: &[Results]) -> Result<Study, MergeError> {
    for pair in parts.windows(2) {
        let missing = pair[0].study().replicas().end..pair[1].study().first_replica;
        if !missing.is_empty() {
            return Err(MergeError::Hole { file: pair[1].path().to_owned(), missing });
        }
    }
    let (first, last) = (parts[0].study(), parts[parts.len() - 1].study());
    Ok(first.clone().with_replicas(first.first_replica..last.replicas().end))
}

fn complete(part: &Results) -> Result<(), MergeError> {
    let mut pending = 0;
    for scenario in 0..part.layout().scenarios() {
        for slots in part.blocks(scenario, BLOCK_BYTES) {
            let states = part.states_of(scenario, &slots)?;
            let good = part.verify(scenario, &slots)?;
            let lacks = |(state, good): (&State, bool)| *state == State::Pending || !good;
            pending += states.iter().zip(good).filter(|&it| lacks(it)).count() as u64;
        }
    }
    match pending {
        0 => Ok(()),
        _ => Err(MergeError::Unfinished { file: part.path().to_owned(), pending }),
    }
}

fn fill(
    parts: &[Results],
    study: &Study,
    draft: &Path,
    storage: Storage,
) -> Result<Merged, MergeError> {
    archive::create(
        draft,
        &shape(study),
        &arrays::columns(study),
        &attributes(parts, study)?,
        storage,
    )?;
    let mut writer = Writer::open(draft, Access::Serial, shape(study), "")?;
    let mut corrupt = 0;
    for part in parts {
        for scenario in 0..part.layout().scenarios() {
            for slots in part.blocks(scenario, BLOCK_BYTES) {
                corrupt += copy(part, scenario, &slots, study, &mut writer)?;
            }
        }
    }
    writer.close()?;
    let items = gather(draft)?.items();
    Ok(Merged { replicas: study.replicas(), items, corrupt })
}

/// Copies what these slots hold; returns the number of items whose checksum does not hold.
fn copy(
    part: &Results,
    scenario: usize,
    slots: &Range<u64>,
    study: &Study,
    writer: &mut Writer,
) -> Result<u64, ArchiveError> {
    let rows = part.layout().rows(scenario, slots);
    let states = part.states(&rows)?;
    let good = part.verify(scenario, slots)?;
    let reasons = part.reasons(&rows)?;
    let (seconds, finished) =
        (part.item_times("seconds", &rows)?, part.item_times("finished", &rows)?);
    let shift = part.study().first_replica - study.first_replica;
    let mut corrupt = 0;
    for (index, origin) in part.origins(&rows)?.into_iter().enumerate() {
        let here = part.layout().item(scenario, slots.start, index);
        let mut there = here;
        there.slot += shift;
        if !good[index] {
            corrupt += 1;
            continue;
        }
        let outcome = match states[index] {
            State::Pending => continue,
            State::Unneeded => None,
            State::Failed => Some(Err(Failure { reason: reasons[index].clone() })),
            State::Done => {
                let mut row = part.row(here)?;
                // Curves belong to the first replicas of a file: a part has more of them.
                let schema = &writer.archive.schemas()[scenario];
                let kept: Vec<&str> = schema
                    .columns_of(&schema.parts[there.part], there.slot)
                    .map(|column| schema.columns[column].path.as_str())
                    .collect();
                row.retain(|(path, _)| kept.contains(&path.as_str()));
                Some(Ok(row))
            }
        };
        let (seconds, finished) = (seconds[index], finished[index]);
        writer.push_copy(Finished { item: there, outcome, seconds, finished }, origin)?;
        if writer.pending_bytes() > BLOCK_BYTES {
            writer.commit()?;
        }
    }
    writer.commit()?;
    Ok(corrupt)
}

/// The attributes of the merged file.
fn attributes(
    parts: &[Results],
    study: &Study,
) -> Result<Vec<(&'static str, RootAttribute)>, ArchiveError> {
    let mut attributes = provenance::identity(study);
    let mut add = |name, text| attributes.push((name, RootAttribute::Text(text)));
    for name in KEPT {
        add(name, parts[0].attribute(name)?);
    }
    // An earlier program read the study's files from its working directory on.
    let folder = parts[0].attribute(STUDY_FOLDER).or_else(|_| parts[0].attribute("directory"));
    add(STUDY_FOLDER, folder?);
    add("created", timestamp(SystemTime::now()));
    add("command", std::env::args().collect::<Vec<_>>().join(" "));
    add("directory", std::env::current_dir().unwrap_or_default().display().to_string());
    let origin = |part: &Results| -> Result<String, ArchiveError> {
        let Range { start, end } = part.study().replicas();
        let created = part.attribute("created")?;
        Ok(format!("{} (replicas {start}:{end}, created {created})", part.path().display()))
    };
    let origins: Vec<String> = parts.iter().map(origin).collect::<Result<_, _>>()?;
    add("merged_from", origins.join("\n"));
    Ok(attributes)
}
