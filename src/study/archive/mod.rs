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
pub const FORMAT_VERSION: i64 = 1;
/// The group of the work items.
pub const ITEMS: &str = "items";
/// The group of the statistics.
pub const STATISTICS: &str = "statistics";
/// Length of a stored host name.
pub const HOST_LENGTH: usize = 64;

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

/// Access by one process, without a lock on the file: a lock would shut readers out.
fn serial_access() -> hdf5::FileBuilder {
    let mut builder = hdf5::File::with_options();
    builder.with_fapl(|access| access.sec2().file_locking(false));
    builder
}
