//! The arrays that are reserved with the file and filled at the end of a run: the statistics, with a
//! checksum over all of them.

use std::fs::OpenOptions;
use std::path::Path;

use hdf5::{Dataset, File, H5Type as _};
use xxhash_rust::xxh3::Xxh3;

use super::error::ArchiveError;
use super::layout::STATISTICS;
use super::shapes::verify_array;
use super::tree::{Tree, ensure_group};
use crate::format::access;
use crate::format::schema::Column;
use crate::format::slab::{self, Block, Storage};

/// The dataset with the checksum of all arrays; 0 before they are filled.
const CHECKSUM: &str = "checksum";

/// Makes the arrays, empty.
pub(super) fn reserve(
    file: &File,
    reserved: &[(String, Vec<Column>)],
    storage: Storage,
) -> hdf5::Result<()> {
    for (group, columns) in reserved {
        let mut tree = Tree::new(ensure_group(file, group)?, storage);
        for column in columns {
            tree.column(column, &[])?;
        }
    }
    let group = ensure_group(file, STATISTICS)?;
    let dataset = slab::create(&group, CHECKSUM, &u64::type_descriptor(), &[1])?;
    slab::describe(&dataset, "XXH3 of all arrays; 0: none was written yet")
}

/// Writes whole arrays, and syncs; for one process, when no job writes.
pub fn write_arrays(path: &Path, arrays: &[(String, Vec<u8>)]) -> Result<(), ArchiveError> {
    let body = || -> hdf5::Result<()> {
        let file = access::unlocked().open_rw(path)?;
        let mut hash = Xxh3::new();
        for (name, bytes) in arrays {
            let dataset = file.dataset(name)?;
            slab::write(&dataset, &whole(&dataset), bytes)?;
            hash.update(bytes);
        }
        // A file of an earlier program has none.
        if let Ok(dataset) = file.dataset(&checksum_path()) {
            slab::write(&dataset, &Block::range(0, 1), &hash.digest().to_ne_bytes())?;
        }
        file.close()
    };
    body().map_err(ArchiveError::hdf5(path, "write the statistics"))?;
    OpenOptions::new()
        .write(true)
        .open(path)
        .and_then(|file| file.sync_data())
        .map_err(ArchiveError::io(path, "sync the statistics"))
}

/// Whether the checksum of the arrays holds, or nothing was written yet; none where the file has no
/// such checksum.
pub(super) fn verify(
    file: &File,
    reserved: &[(String, Vec<Column>)],
) -> hdf5::Result<Option<bool>> {
    let Ok(dataset) = file.dataset(&checksum_path()) else { return Ok(None) };
    if dataset.shape() != [1] {
        return Ok(Some(false));
    }
    let stored = slab::read(&dataset, &Block::range(0, 1))?;
    let (mut hash, mut empty) = (Xxh3::new(), true);
    for (group, columns) in reserved {
        for column in columns {
            let path = format!("{group}/{}", column.path);
            verify_array(file, &path, column)?;
            let dataset = file.dataset(&path)?;
            let bytes = slab::read(&dataset, &whole(&dataset))?;
            hash.update(&bytes);
            empty &= bytes.iter().all(|&byte| byte == 0);
        }
    }
    let unwritten = empty && stored.iter().all(|&byte| byte == 0);
    Ok(Some(unwritten || stored == hash.digest().to_ne_bytes()))
}

/// The bytes of an array.
pub(super) fn read(file: &File, path: &str) -> hdf5::Result<Vec<u8>> {
    let dataset = file.dataset(path)?;
    slab::read(&dataset, &whole(&dataset))
}

fn checksum_path() -> String {
    format!("{STATISTICS}/{CHECKSUM}")
}

/// All of a dataset.
fn whole(dataset: &Dataset) -> Block {
    let count: Vec<u64> = dataset.shape().iter().map(|&length| length as u64).collect();
    Block { start: vec![0; count.len()], count }
}
