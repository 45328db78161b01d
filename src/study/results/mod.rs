//! A results file with the study that its configuration says.

#[cfg(test)]
mod tests;

use std::path::Path;

use crate::format::archive::{Archive, ArchiveError};
use crate::study::config::Study;
use crate::study::schema::shape;

/// An open results file of a study.
pub type Results = Archive<Study>;

/// Opens a results file for reading.
///
/// # Errors
/// Where this is no results file, or that of a newer program.
pub fn open(path: &Path) -> Result<Results, ArchiveError> {
    Archive::open(path, |text| {
        let name = format!("{} (attribute configuration)", path.display());
        let study = Study::parse(&name, text).map_err(|error| error.to_string())?;
        let shape = shape(&study);
        Ok((study, shape))
    })
}
