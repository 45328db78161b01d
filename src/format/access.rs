//! How HDF5 opens files: all of them without its own locks, which would shut readers out of a file
//! that is being written. Who writes a results file is said by the lock of the study; an input that
//! somebody is writing is read as it was flushed last, or refused where that is no whole file.

use hdf5::{File, FileBuilder};

use crate::system::world::World;

/// Makes and opens files without HDF5's locks.
pub(super) fn unlocked() -> FileBuilder {
    let mut builder = File::with_options();
    builder.with_fapl(|access| access.sec2().file_locking(false));
    builder
}

/// Opens a file together with every rank of the job.
#[cfg(feature = "mpi")]
pub(super) fn shared(world: &World) -> FileBuilder {
    let mut builder = File::with_options();
    builder.with_fapl(|access| access.mpio(world.communicator(), None));
    builder
}

/// Opens a file for the only rank of the job.
#[cfg(not(feature = "mpi"))]
pub(super) fn shared(_: &World) -> FileBuilder {
    unlocked()
}

/// The version of the HDF5 library.
pub fn hdf5_version() -> String {
    let (major, minor, release) = hdf5::library_version();
    format!("{major}.{minor}.{release}")
}
