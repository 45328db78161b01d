//! The results file: one parallel HDF5 file, complete in shape before the first result.

mod datasets;
mod error;
mod items;
mod reader;
mod resume;

mod skeleton;
mod slab;
#[cfg(test)]
mod tests;
mod writer;

use std::path::Path;

pub use error::ArchiveError;
pub use items::{Checksum, Item, ItemLayout, State, reason_cell};
pub use reader::Archive;
pub use resume::{Pending, pending};
pub use writer::{Access, Finished, WriteError, Writer};

use super::config::Study;
use super::schema::{Column, ScenarioSchema};

/// The attribute `format` of every results file.
pub const FORMAT: &str = "amorph-ensemble";
/// The version of the layout.
pub const FORMAT_VERSION: i64 = 2;
/// The group of the work items.
pub const ITEMS: &str = "items";
/// The group of the statistics.
pub const STATISTICS: &str = "statistics";
/// Length of a stored host name.
pub const HOST_LENGTH: usize = 64;
/// Length of a stored program version with its commit.
pub const PROGRAM_LENGTH: usize = 48;
/// Length of a stored processor model.
pub const PROCESSOR_LENGTH: usize = 64;
/// The root attribute with the checksum of labels, scales and identities.
pub const SKELETON_CHECKSUM: &str = "skeleton_checksum";

/// Where a file comes from: root attributes, all text.
#[derive(Clone, Debug, Default)]
pub struct Provenance {
    /// Name and text of every attribute.
    pub entries: Vec<(String, String)>,
}

/// Makes a new results file; see [`skeleton`].
pub fn create(
    path: &Path,
    study: &Study,
    schemas: &[ScenarioSchema],
    reserved: &[(String, Vec<Column>)],
    provenance: &Provenance,
) -> Result<(), ArchiveError> {
    skeleton::create(path, study, schemas, reserved, provenance)
}

/// Writes whole arrays that the skeleton reserved, and syncs; for one process, when no job writes.
pub fn write_arrays(path: &Path, arrays: &[(String, Vec<u8>)]) -> Result<(), ArchiveError> {
    let body = || -> hdf5::Result<()> {
        let file = serial_access().open_rw(path)?;
        for (name, bytes) in arrays {
            let dataset = file.dataset(name)?;
            let count: Vec<u64> = dataset.shape().iter().map(|&length| length as u64).collect();
            let block = slab::Block { start: vec![0; count.len()], count };
            slab::write(&dataset, &block, bytes)?;
        }
        file.close()
    };
    body().map_err(ArchiveError::hdf5(path, "write the statistics"))?;
    std::fs::OpenOptions::new()
        .write(true)
        .open(path)
        .and_then(|file| file.sync_data())
        .map_err(ArchiveError::io(path, "sync the statistics"))
}

/// Access by one process, without a lock on the file: a lock would shut readers out.
fn serial_access() -> hdf5::FileBuilder {
    let mut builder = hdf5::File::with_options();
    builder.with_fapl(|access| access.sec2().file_locking(false));
    builder
}
