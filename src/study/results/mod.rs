//! A results file with the study that its configuration says.

#[cfg(test)]
mod tests;

use std::path::Path;

use crate::format::archive::{Archive, ArchiveError};
use crate::study::config::Study;
use crate::study::rounds;
use crate::study::schema::shape;
use crate::system::disk::directory_of;

/// An open results file of a study.
pub type Results = Archive<Study>;

/// Opens a results file for reading.
///
/// # Errors
/// Where this is no results file, or that of a newer program.
pub fn open(path: &Path) -> Result<Results, ArchiveError> {
    let mut archive = open_undecided(path)?;
    if let Some(found) = rounds::follow(&archive)? {
        archive.study_mut().know(&found.known);
    }
    Ok(archive)
}

/// Opens it without what the rounds of an ensemble design have decided.
///
/// # Errors
/// As [`open`].
pub fn open_undecided(path: &Path) -> Result<Results, ArchiveError> {
    Archive::open(path, |text, folder| {
        let name = format!("{} (attribute configuration)", path.display());
        // Where the study's folder is not here, its files may have been copied with the results.
        let folder = if folder.is_dir() { folder } else { directory_of(path) };
        let study = Study::parse_in(folder, &name, text).map_err(|error| error.to_string())?;
        let shape = shape(&study);
        Ok((study, shape))
    })
}
