//! A study from its file, with the directions that stand in HDF5 files.

use std::path::{Path, PathBuf};

use crate::format::solid_file;
use crate::study::config::{ConfigError, Study};

/// Reads a study's file.
///
/// # Errors
/// [`ConfigError`], naming the file, the key and what is allowed.
pub fn load(path: &Path) -> Result<Study, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
    Study::parse_with(&folder_of(path), &path.display().to_string(), &text, &|address| {
        let (values, columns) = solid_file::read_directions(address)?;
        Ok(values.chunks_exact(columns).map(<[f64]>::to_vec).collect())
    })
}

/// Where the files stand that a study's file names: its folder.
pub fn folder_of(study: &Path) -> PathBuf {
    study.parent().unwrap_or(Path::new("")).to_owned()
}
