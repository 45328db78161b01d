//! Makes a results file complete in shape before the first result.
//!
//! Everything is written under a temporary name by one process, the space is reserved, and only
//! then the file gets its name: a results file is never seen half made, a full disk shows at the
//! start, and nothing in the file's structure changes afterwards.

use std::collections::HashSet;
use std::fs::{File as PosixFile, OpenOptions};
use std::os::fd::AsRawFd;
use std::path::Path;

use hdf5::File;
use hdf5::types::TypeDescriptor;
use xxhash_rust::xxh3::Xxh3;

use super::error::ArchiveError;
use super::layout::{FORMAT, FORMAT_VERSION, ITEMS, SKELETON_CHECKSUM, STORAGE};
use super::shapes::LONGEST_CELL;
use super::tree::{Tree, ensure_group};
use super::{arrays, fields};
use crate::analysis::axis::Axis;
use crate::format::scale::BLOCK;
use crate::format::schema::{Column, ScenarioSchema, Shape};
use crate::format::slab::{self, Block, Storage};
use crate::format::{access, labels};
use crate::system::disk::{directory_of, with_suffix};

/// An attribute of the root.
#[derive(Clone, Debug, PartialEq)]
pub enum RootAttribute {
    /// Text.
    Text(String),
    /// An integer.
    Integer(i64),
}

/// Makes a new results file; the arrays of `reserved` are made below the group of that path.
pub fn create(
    path: &Path,
    shape: &Shape,
    reserved: &[(String, Vec<Column>)],
    attributes: &[(&'static str, RootAttribute)],
    storage: Storage,
) -> Result<(), ArchiveError> {
    if path.symlink_metadata().is_ok() {
        return Err(ArchiveError::Exists(path.to_owned()));
    }
    let temporary = with_suffix(path, ".new");
    // HDF5 reports a failed creation without the reason of the system.
    let made = PosixFile::create(&temporary)
        .map_err(ArchiveError::io(path, "create the file"))
        .and_then(|_| {
            fill(&temporary, shape, reserved, attributes, storage)
                .map_err(ArchiveError::hdf5(path, "write the skeleton of the results file"))
        })
        .and_then(|()| settle(&temporary, path));
    if made.is_err() {
        // The error to report is the first one; a left-over is overwritten next time.
        let _ = std::fs::remove_file(&temporary);
    }
    made
}

/// Reserves the space, syncs, and gives the file its name.
fn settle(temporary: &Path, path: &Path) -> Result<(), ArchiveError> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(temporary)
        .map_err(ArchiveError::io(path, "reopen the new file"))?;
    reserve(&file).map_err(ArchiveError::io(path, "reserve the space of the file"))?;
    // Data and length must be on the disk before the name is, or a crash leaves an empty file.
    file.sync_all().map_err(ArchiveError::io(path, "sync the new file"))?;
    name(temporary, path)
}

/// Gives a file that is whole its name.
///
/// # Errors
/// [`ArchiveError::Exists`] where it is taken.
pub fn name(temporary: &Path, path: &Path) -> Result<(), ArchiveError> {
    if path.symlink_metadata().is_ok() {
        return Err(ArchiveError::Exists(path.to_owned()));
    }
    std::fs::rename(temporary, path).map_err(ArchiveError::io(path, "name the new file"))?;
    // The name itself is data of the directory.
    PosixFile::open(directory_of(path))
        .and_then(|directory| directory.sync_all())
        .map_err(ArchiveError::io(path, "sync the directory"))
}

/// Allocates every block of the file, where the file system can.
fn reserve(file: &PosixFile) -> std::io::Result<()> {
    let length = file.metadata()?.len();
    let Ok(length) = libc::off_t::try_from(length) else {
        return Err(std::io::ErrorKind::FileTooLarge.into());
    };
    // SAFETY: the descriptor is open.
    if unsafe { libc::fallocate(file.as_raw_fd(), 0, 0, length) } == 0 {
        return Ok(());
    }
    let error = std::io::Error::last_os_error();
    match error.raw_os_error() {
        Some(libc::EOPNOTSUPP | libc::ENOSYS) => Ok(()),
        _ => Err(error),
    }
}

fn fill(
    temporary: &Path,
    shape: &Shape,
    reserved: &[(String, Vec<Column>)],
    attributes: &[(&'static str, RootAttribute)],
    storage: Storage,
) -> hdf5::Result<()> {
    let file = access::checksummed().create(temporary)?;
    root_attributes(&file, attributes)?;
    slab::text_attribute(&file, STORAGE, storage.name())?;
    for schema in &shape.schemas {
        scenario(&file, schema, storage)?;
    }
    fields::create(&file, shape, storage)?;
    arrays::reserve(&file, reserved, storage)?;
    // Labels are read from the file itself.
    file.flush()?;
    let checksum = checksum(&file, &shape.schemas, reserved)?;
    slab::text_attribute(&file, SKELETON_CHECKSUM, &checksum)?;
    file.flush()?;
    file.close()
}

fn root_attributes(file: &File, attributes: &[(&'static str, RootAttribute)]) -> hdf5::Result<()> {
    slab::text_attribute(file, "format", FORMAT)?;
    slab::integer_attribute(file, "format_version", FORMAT_VERSION)?;
    for (name, value) in attributes {
        match value {
            RootAttribute::Text(text) => slab::text_attribute(file, name, text)?,
            RootAttribute::Integer(value) => slab::integer_attribute(file, name, *value)?,
        }
    }
    Ok(())
}

fn scenario(file: &File, schema: &ScenarioSchema, storage: Storage) -> hdf5::Result<()> {
    let mut tree = Tree::new(ensure_group(file, &schema.name)?, storage);
    for column in &schema.columns {
        let replica = Axis { length: column.replicas as usize, ..schema.replica.clone() };
        tree.column(column, &[&replica])?;
    }
    Ok(())
}

/// XXH3 over everything that is written once, when the file is made: every dimension scale and the
/// identities of the items. The checksums of the items cover the rest.
pub(super) fn checksum(
    file: &File,
    schemas: &[ScenarioSchema],
    reserved: &[(String, Vec<Column>)],
) -> hdf5::Result<String> {
    let mut paths: Vec<String> = Vec::new();
    let rows = schemas.iter().map(|schema| (&schema.name, &schema.columns, Some(&schema.replica)));
    let arrays = reserved.iter().map(|(group, columns)| (group, columns, None));
    for (group, columns, leading) in rows.chain(arrays) {
        for column in columns {
            for axis in leading.into_iter().chain(&column.axes) {
                let home = column.group();
                let between = if home.is_empty() { "" } else { "/" };
                paths.push(format!("{group}{between}{home}/{}", axis.name));
            }
        }
    }
    let identities = ["item", "scenario", "replica", "part"];
    paths.extend(identities.map(|name| format!("{ITEMS}/{name}")));
    let (mut hash, mut seen) = (Xxh3::new(), HashSet::new());
    for path in paths.iter().filter(|&path| seen.insert(path)) {
        let dataset = file.dataset(path)?;
        hash.update(path.as_bytes());
        let datatype = dataset.dtype()?;
        if let TypeDescriptor::VarLenUnicode = datatype.to_descriptor()? {
            let texts = labels::read(&dataset)?;
            texts.iter().for_each(|text| hash.update(format!("{text}\0").as_bytes()));
            continue;
        }
        let length = dataset.shape().first().copied().unwrap_or(0);
        let cell = datatype.size();
        if cell > LONGEST_CELL {
            return Err(format!("{path}: cells of {cell} bytes").into());
        }
        for start in (0..length).step_by(BLOCK) {
            let block = Block::range(start as u64, BLOCK.min(length - start) as u64);
            hash.update(&slab::read(&dataset, &block)?);
        }
    }
    Ok(format!("{:016x}", hash.digest()))
}
