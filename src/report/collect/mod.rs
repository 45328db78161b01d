//! The ensemble in numbers: ranks, quantiles of s, γ* and ζ, causes, failures, costs.
//!
//! Everything streams through the results files in blocks, so memory does not grow with the
//! ensemble; nothing here depends on who computed what, or when.

mod scenario;
pub(in crate::report) mod stream;
mod table;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::path::Path;

use crate::format::archive::{ArchiveError, write_arrays};
use crate::study::results::{self, Results};
use crate::study::statistics::{PROBABILITIES, arrays};

pub use crate::study::statistics::{
    Bounds, Causes, Cost, Counts, Distribution, ScenarioStatistics, SetStatistics, Statistics,
    SweepStatistics, ThetaStatistics,
};

use scenario::scenario;
pub use table::table;

/// Files that cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum StatisticsError {
    /// A file.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// Files of different studies.
    #[error(
        "{second}: another study than {first}: apart from replicas and first_replica their configurations must be equal"
    )]
    DifferentStudies {
        /// A file.
        first: String,
        /// Another one.
        second: String,
    },
    /// The same replicas twice.
    #[error(
        "{second}: replicas {overlap:?} are also in {first}; give files with disjoint replicas"
    )]
    Overlap {
        /// A file.
        first: String,
        /// Another one.
        second: String,
        /// The replicas that both hold.
        overlap: Range<u64>,
    },
}

/// The statistics of the files of one study.
///
/// # Errors
/// [`StatisticsError`] where a file cannot be read, or they do not belong together.
pub fn collect(archives: &[Results]) -> Result<Statistics, StatisticsError> {
    compatible(archives)?;
    let mut statistics =
        Statistics { probabilities: PROBABILITIES.to_vec(), ..Statistics::default() };
    let Some(first) = archives.first() else { return Ok(statistics) };
    statistics.study.clone_from(&first.study().name);
    for (index, config) in first.study().scenarios.iter().enumerate() {
        let (found, corrupt) = scenario(archives, index, config)?;
        statistics.corrupt += corrupt;
        statistics.scenarios.push(found);
    }
    Ok(statistics)
}

/// Whether these are files of one study with disjoint replicas.
///
/// # Errors
/// What does not fit.
pub fn compatible(archives: &[Results]) -> Result<(), StatisticsError> {
    let name = |archive: &Results| archive.path().display().to_string();
    for (index, later) in archives.iter().enumerate() {
        for earlier in &archives[..index] {
            let (first, second) = (name(earlier), name(later));
            if earlier.study().ensemble_hash() != later.study().ensemble_hash() {
                return Err(StatisticsError::DifferentStudies { first, second });
            }
            let (a, b) = (earlier.study().replicas(), later.study().replicas());
            let overlap = a.start.max(b.start)..a.end.min(b.end);
            if !overlap.is_empty() {
                return Err(StatisticsError::Overlap { first, second, overlap });
            }
        }
    }
    Ok(())
}

/// Reads a finished file, and stores its statistics in it; for one process, when no job writes.
///
/// # Errors
/// [`StatisticsError`] where the file cannot be read or written.
pub fn gather(path: &Path) -> Result<Statistics, StatisticsError> {
    let results = results::open(path)?;
    let statistics = collect(std::slice::from_ref(&results))?;
    drop(results);
    store(path, &statistics)?;
    Ok(statistics)
}

/// Writes the statistics into the arrays that were reserved for them.
///
/// # Errors
/// [`ArchiveError`] where the file cannot be written.
pub fn store(path: &Path, statistics: &Statistics) -> Result<(), ArchiveError> {
    write_arrays(path, &arrays::values(statistics))
}
