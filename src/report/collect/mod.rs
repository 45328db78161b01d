//! The ensemble in numbers: ranks, distributions of s, γ* and ζ, correlations, power laws, causes,
//! failures, costs.
//!
//! Everything streams through the results files in blocks, so memory does not grow with the
//! ensemble: counts, quantiles and histograms are exact; intervals, correlations, fits and what is
//! said of single modes come from a bounded sample of whole solids, which is all of them up to
//! 131 072 directions, or singular values of a set. Nothing here depends on who computed what, or when.

mod cells;
mod csv;
mod designs;
mod ending;
mod rounds;
mod sample;
mod scans;
mod scenario;
mod sets;
pub(in crate::report) mod stream;
mod summary;
mod sweeps;
mod table;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::path::Path;

use crate::format::archive::{ArchiveError, write_arrays};
use crate::report::resample::{LEVEL, RESAMPLES};
use crate::study::results::{self, Results};
use crate::study::rounds::follow;
use crate::study::statistics::{PROBABILITIES, RoundsStatistics, arrays};

pub use crate::study::statistics::{
    Bounds, Causes, Correlation, Correlations, Cost, Counts, DesignStatistics, Distribution,
    Estimate, ScenarioStatistics, SetStatistics, Statistics, SweepStatistics, ThetaStatistics,
};

pub use csv::csv;
use scans::power_laws;
use scenario::scenario;
use stream::Stream;
pub use summary::summary;
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
    let mut statistics = Statistics {
        probabilities: PROBABILITIES.to_vec(),
        confidence: LEVEL,
        resamples: RESAMPLES,
        ..Statistics::default()
    };
    let Some(study) = archives.first().map(Results::study) else { return Ok(statistics) };
    statistics.study.clone_from(&study.name);
    let scenarios = 0..study.scenarios.len();
    let streams: Vec<Stream<'_>> =
        scenarios.map(|index| Stream::new(archives, index)).collect::<Result<_, _>>()?;
    for (index, stream) in streams.iter().enumerate() {
        statistics.corrupt += stream.corrupt;
        statistics.scenarios.push(scenario(stream, study, index)?);
    }
    statistics.power_laws = power_laws(&streams, study, &statistics.scenarios)?;
    // An ensemble design is one file.
    if let Some(progress) = follow(&archives[0])? {
        statistics.rounds = RoundsStatistics::of(study, &progress.search);
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
