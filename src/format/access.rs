//! How HDF5 opens files. Results are opened without HDF5's own locks, which would shut readers out of
//! a file that is being written; inputs as HDF5 opens them by itself: within one process it refuses
//! a file that is open already in the other way.

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

/// Opens an input that no job writes: a solid file, or an output of `measure`.
pub(super) fn read_input(path: &Path) -> Result<File> {
    File::open(path)
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
