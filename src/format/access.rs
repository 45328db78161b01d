//! How HDF5 opens files: by one process and without HDF5's own locks, which would shut readers out
//! of a file that is being written, and fail on file systems that have none.

use std::path::Path;

use hdf5::{File, FileBuilder, Result};

fn unlocked() -> FileBuilder {
    let mut builder = File::with_options();
    builder.with_fapl(|access| access.sec2().file_locking(false));
    builder
}

/// Makes a file, or empties it.
pub(super) fn create(path: &Path) -> Result<File> {
    unlocked().create(path)
}

/// Opens a file for reading.
pub(super) fn read(path: &Path) -> Result<File> {
    unlocked().open(path)
}

/// Opens a file for reading and writing.
pub(super) fn write(path: &Path) -> Result<File> {
    unlocked().open_rw(path)
}

/// The version of the HDF5 library.
pub fn hdf5_version() -> String {
    let (major, minor, release) = hdf5::library_version();
    format!("{major}.{minor}.{release}")
}
