//! How HDF5 opens files: all of them without its own locks, which would shut readers out of a file
//! that is being written. Who writes a results file is said by the lock of the study; an input that
//! somebody is writing is read as it was flushed last, or refused where that is no whole file.

use hdf5::{File, FileBuilder};

/// Makes and opens files without HDF5's locks.
pub(super) fn unlocked() -> FileBuilder {
    let mut builder = File::with_options();
    builder.with_fapl(|access| access.sec2().file_locking(false));
    builder
}

/// The same for new files, whose structure carries HDF5's own checksums: a damaged one is refused
/// by HDF5 itself, where an older format makes it follow wrong addresses. HDF5 1.8 and later read
/// them.
pub(super) fn checksummed() -> FileBuilder {
    let mut builder = File::with_options();
    builder.with_fapl(|access| access.sec2().file_locking(false).libver_v18());
    builder
}

/// The version of the HDF5 library.
pub fn hdf5_version() -> String {
    let (major, minor, release) = hdf5::library_version();
    format!("{major}.{minor}.{release}")
}
