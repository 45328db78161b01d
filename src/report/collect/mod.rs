//! The ensemble in numbers: ranks, quantiles of s, γ* and ζ, causes, failures, costs.
//!
//! Everything streams through the results files in blocks, so memory does not grow with the
//! ensemble; nothing here depends on who computed what, or when.

mod scenario;
mod table;
#[cfg(test)]
mod tests;

use std::path::Path;

use crate::format::archive::{ArchiveError, write_arrays};
use crate::study::results;
use crate::study::statistics::arrays;

pub use crate::study::statistics::{
    Bounds, Causes, Cost, Counts, Distribution, ScenarioStatistics, SetStatistics, Statistics,
    SweepStatistics, ThetaStatistics,
};

pub use scenario::{StatisticsError, collect};
pub use table::table;

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
