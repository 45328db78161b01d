//! How HDF5 opens files: all of them without its own locks, which would shut readers out of a file
//! that is being written. Who writes a results file is said by the lock of the study; an input that
//! somebody is writing is read as it was flushed last, or refused where that is no whole file.

use hdf5::{Dataset, File, FileBuilder, H5Type};

use crate::system::world::World;

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

/// No filter of HDF5 makes data smaller than by this factor.
const COMPRESSION: u64 = 1100;

/// All values of a dataset. A damaged file may say any shape: one that the file cannot hold is
/// refused before memory is asked for.
pub(super) fn read_all<T: H5Type>(dataset: &Dataset) -> hdf5::Result<Vec<T>> {
    refuse_oversized(dataset)?;
    dataset.read_raw()
}

/// Refuses a dataset whose shape the file cannot hold.
pub(super) fn refuse_oversized(dataset: &Dataset) -> hdf5::Result<()> {
    let length = dataset.file()?.size();
    let most = if dataset.is_chunked() { length.saturating_mul(COMPRESSION) } else { length };
    let shape = dataset.shape();
    let values = shape.iter().try_fold(1_u64, |all, &axis| all.checked_mul(axis as u64));
    let bytes = values.and_then(|values| values.checked_mul(dataset.dtype().ok()?.size() as u64));
    match bytes {
        Some(bytes) if bytes <= most => Ok(()),
        _ => Err(format!("shape {shape:?} in a file of {length} bytes").into()),
    }
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
