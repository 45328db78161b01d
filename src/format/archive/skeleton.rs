//! Makes a results file complete in shape before the first result.
//!
//! Everything is written under a temporary name by one process, the space is reserved, and only
//! then the file gets its name: a results file is never seen half made, a full disk shows at the
//! start, and nothing in the file's structure changes afterwards.

use std::collections::{HashMap, HashSet};
use std::fs::{File as PosixFile, OpenOptions};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use hdf5::types::TypeDescriptor;
use hdf5::{Dataset, File, Group, H5Type};
use xxhash_rust::xxh3::Xxh3;

use super::error::ArchiveError;
use super::items::{Item, ItemLayout, State};
use super::layout::{FORMAT, FORMAT_VERSION, HOST_LENGTH, ITEMS, SKELETON_CHECKSUM};
use crate::analysis::axis::{Axis, Ticks};
use crate::analysis::values::Kind;
use crate::format::access;
use crate::format::row::REASON_LENGTH;
use crate::format::schema::{Column, ScenarioSchema, Shape};
use crate::format::slab::{self, Block};
use crate::system::program::{PROCESSOR_LENGTH, PROGRAM_LENGTH};

/// Values that are written at once while filling long columns.
const BLOCK: u64 = 1 << 16;

/// An attribute of the root.
#[derive(Clone, Debug, PartialEq)]
pub enum Attribute {
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
    attributes: &[(&'static str, Attribute)],
) -> Result<(), ArchiveError> {
    if path.symlink_metadata().is_ok() {
        return Err(ArchiveError::Exists(path.to_owned()));
    }
    let temporary = temporary_name(path);
    let made =
        fill(&temporary, path, shape, reserved, attributes).and_then(|()| settle(&temporary, path));
    if made.is_err() {
        // The error to report is the first one; a left-over is overwritten next time.
        let _ = std::fs::remove_file(&temporary);
    }
    made
}

fn temporary_name(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
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
    if path.symlink_metadata().is_ok() {
        return Err(ArchiveError::Exists(path.to_owned()));
    }
    std::fs::rename(temporary, path).map_err(ArchiveError::io(path, "name the new file"))?;
    // The name itself is data of the directory.
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    PosixFile::open(parent)
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
    path: &Path,
    shape: &Shape,
    reserved: &[(String, Vec<Column>)],
    attributes: &[(&'static str, Attribute)],
) -> Result<(), ArchiveError> {
    // HDF5 reports a failed creation without the reason of the system.
    PosixFile::create(temporary).map_err(ArchiveError::io(path, "create the file"))?;
    let body = || -> hdf5::Result<()> {
        let file = access::create(temporary)?;
        root_attributes(&file, attributes)?;
        for schema in &shape.schemas {
            scenario(&file, schema)?;
        }
        items(&file, shape)?;
        for (group, columns) in reserved {
            let group = ensure_group(&file, group)?;
            let mut tree = Tree::new(group);
            for column in columns {
                tree.column(column, &[])?;
            }
        }
        slab::text_attribute(
            &file,
            SKELETON_CHECKSUM,
            &checksum(&file, &shape.schemas, reserved)?,
        )?;
        file.flush()?;
        file.close()
    };
    body().map_err(ArchiveError::hdf5(path, "write the skeleton of the results file"))
}

fn root_attributes(file: &File, attributes: &[(&'static str, Attribute)]) -> hdf5::Result<()> {
    slab::text_attribute(file, "format", FORMAT)?;
    slab::integer_attribute(file, "format_version", FORMAT_VERSION)?;
    for (name, value) in attributes {
        match value {
            Attribute::Text(text) => slab::text_attribute(file, name, text)?,
            Attribute::Integer(value) => slab::integer_attribute(file, name, *value)?,
        }
    }
    Ok(())
}

/// The group at a path, made where it is missing.
fn ensure_group(parent: &Group, path: &str) -> hdf5::Result<Group> {
    let mut group = parent.clone();
    for name in path.split('/').filter(|name| !name.is_empty()) {
        group =
            if group.link_exists(name) { group.group(name)? } else { group.create_group(name)? };
    }
    Ok(group)
}

/// A group with its columns and their dimension scales.
struct Tree {
    base: Group,
    groups: HashMap<String, Group>,
    scales: HashMap<(String, String), Dataset>,
}

impl Tree {
    fn new(base: Group) -> Self {
        Tree { base, groups: HashMap::new(), scales: HashMap::new() }
    }

    /// The group at a path below the base.
    fn group(&mut self, path: &str) -> hdf5::Result<Group> {
        if let Some(group) = self.groups.get(path) {
            return Ok(group.clone());
        }
        let group = ensure_group(&self.base, path)?;
        self.groups.insert(path.to_owned(), group.clone());
        Ok(group)
    }

    /// The axis's scale in the group `home`.
    fn scale(&mut self, home: &str, axis: &Axis) -> hdf5::Result<Dataset> {
        let key = (home.to_owned(), axis.name.clone());
        if let Some(scale) = self.scales.get(&key) {
            return Ok(scale.clone());
        }
        let group = self.group(home)?;
        let scale = create_scale(&group, axis)?;
        self.scales.insert(key, scale.clone());
        Ok(scale)
    }

    /// Makes a column with `leading` axes in front of its own.
    fn column(&mut self, column: &Column, leading: &[&Axis]) -> hdf5::Result<()> {
        let (home, name) = column.path.rsplit_once('/').unwrap_or(("", &column.path));
        let group = self.group(home)?;
        let axes: Vec<&Axis> = leading.iter().copied().chain(&column.axes).collect();
        let shape: Vec<usize> = axes.iter().map(|axis| axis.length).collect();
        let datatype = datatype(column.kind);
        let dataset = slab::create(&group, name, &datatype, &shape)?;
        slab::text_attribute(&dataset, "units", &column.unit)?;
        slab::text_attribute(&dataset, "description", &column.description)?;
        if !column.flags.is_empty() {
            let (codes, names): (Vec<u8>, Vec<&str>) = column.flags.iter().copied().unzip();
            slab::flag_attributes(&dataset, &codes, &names, &datatype)?;
        }
        for (index, axis) in axes.iter().enumerate() {
            let scale = self.scale(home, axis)?;
            slab::attach_scale(&dataset, &scale, index)?;
        }
        Ok(())
    }
}

fn datatype(kind: Kind) -> TypeDescriptor {
    match kind {
        Kind::F64 => f64::type_descriptor(),
        Kind::I32 => i32::type_descriptor(),
        Kind::U8 => u8::type_descriptor(),
        Kind::Text(length) => TypeDescriptor::FixedAscii(length),
    }
}

fn create_scale(group: &Group, axis: &Axis) -> hdf5::Result<Dataset> {
    let shape = [axis.length];
    let whole = Block::range(0, axis.length as u64);
    let scale = match &axis.ticks {
        Ticks::Index | Ticks::From(_) => {
            let first = if let Ticks::From(first) = axis.ticks { first } else { 0 };
            let scale = slab::create(group, &axis.name, &i64::type_descriptor(), &shape)?;
            fill_column(&scale, axis.length as u64, |index| {
                (first + index).cast_signed().to_ne_bytes().to_vec()
            })?;
            scale
        }
        Ticks::Labels(labels) => {
            let length = labels.iter().map(String::len).max().unwrap_or(0).max(1);
            let datatype = TypeDescriptor::FixedAscii(length);
            let scale = slab::create(group, &axis.name, &datatype, &shape)?;
            slab::write(&scale, &whole, &slab::pad(labels, length))?;
            scale
        }
        Ticks::Values(values) => {
            let scale = slab::create(group, &axis.name, &f64::type_descriptor(), &shape)?;
            let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_ne_bytes()).collect();
            slab::write(&scale, &whole, &bytes)?;
            scale
        }
    };
    slab::set_scale(&scale, &axis.name)?;
    if !axis.unit.is_empty() {
        slab::text_attribute(&scale, "units", axis.unit)?;
    }
    slab::text_attribute(&scale, "description", axis.description)?;
    Ok(scale)
}

/// Writes one value per row, in blocks.
fn fill_column(
    dataset: &Dataset,
    rows: u64,
    mut value: impl FnMut(u64) -> Vec<u8>,
) -> hdf5::Result<()> {
    let mut start = 0;
    while start < rows {
        let count = BLOCK.min(rows - start);
        let bytes: Vec<u8> = (start..start + count).flat_map(&mut value).collect();
        slab::write(dataset, &Block::range(start, count), &bytes)?;
        start += count;
    }
    Ok(())
}

fn scenario(file: &File, schema: &ScenarioSchema) -> hdf5::Result<()> {
    let base = ensure_group(file, &schema.name)?;
    let mut tree = Tree::new(base);
    for column in &schema.columns {
        let replica = Axis { length: column.replicas as usize, ..schema.replica.clone() };
        tree.column(column, &[&replica])?;
    }
    Ok(())
}

fn items(file: &File, shape: &Shape) -> hdf5::Result<()> {
    let schemas = &shape.schemas;
    let layout = ItemLayout::new(shape.replicas, schemas);
    let group = file.create_group(ITEMS)?;
    let axis = Axis {
        name: "item".to_owned(),
        length: layout.len() as usize,
        ticks: Ticks::Index,
        unit: "1",
        description: "work item: a part of a replica of a scenario",
    };
    let scale = create_scale(&group, &axis)?;
    let lengths = [axis.length];
    let names: Vec<Vec<String>> = schemas
        .iter()
        .map(|schema| schema.parts.iter().map(|part| schema.part_name(part)).collect())
        .collect();
    let longest = names.iter().flatten().map(String::len).max().unwrap_or(0).max(1);
    let make = |name: &str,
                datatype: TypeDescriptor,
                unit: &str,
                description: &str|
     -> hdf5::Result<Dataset> {
        let dataset = slab::create(&group, name, &datatype, &lengths)?;
        if !unit.is_empty() {
            slab::text_attribute(&dataset, "units", unit)?;
        }
        slab::text_attribute(&dataset, "description", description)?;
        slab::attach_scale(&dataset, &scale, 0)?;
        Ok(dataset)
    };
    let scenario = make("scenario", i32::type_descriptor(), "1", "index of the scenario")?;
    let indices: Vec<u8> = (0..schemas.len() as i32).flat_map(i32::to_ne_bytes).collect();
    let scenarios: Vec<&str> = schemas.iter().map(|schema| schema.name.as_str()).collect();
    slab::flag_attributes(&scenario, &indices, &scenarios, &i32::type_descriptor())?;
    let replica =
        make("replica", i64::type_descriptor(), "1", "index of the solid in the ensemble")?;
    let part = make(
        "part",
        TypeDescriptor::FixedAscii(longest),
        "",
        "solid, or parameterisation[directions]",
    )?;
    let state = make("state", u8::type_descriptor(), "1", "a row that is not done has no meaning")?;
    let states = State::ALL.map(State::name);
    slab::flag_attributes(&state, &State::ALL.map(|s| s as u8), &states, &u8::type_descriptor())?;
    make(
        "checksum",
        u64::type_descriptor(),
        "1",
        "XXH3 of identity, outcome and the bytes of the row",
    )?;
    make("reason", TypeDescriptor::FixedAscii(REASON_LENGTH), "", "why the item failed")?;
    make("seconds", f64::type_descriptor(), "s", "time that the item took")?;
    make(
        "program",
        TypeDescriptor::FixedAscii(PROGRAM_LENGTH),
        "",
        "which program computed the item",
    )?;
    make(
        "processor",
        TypeDescriptor::FixedAscii(PROCESSOR_LENGTH),
        "",
        "kind of processor that computed the item",
    )?;
    make("host", TypeDescriptor::FixedAscii(HOST_LENGTH), "", "where the item was computed")?;
    make(
        "finished",
        f64::type_descriptor(),
        "seconds since 1970-01-01 00:00:00",
        "when the item was finished (UTC)",
    )?;
    let mut row = 0;
    for (index, parts) in names.iter().enumerate() {
        for slot in (0..shape.replicas).step_by(REPLICAS_AT_ONCE) {
            let slots = slot..(slot + REPLICAS_AT_ONCE as u64).min(shape.replicas);
            let count = (slots.end - slots.start) * parts.len() as u64;
            debug_assert_eq!(row, layout.row(Item { scenario: index, slot, part: 0 }));
            let block = Block::range(row, count);
            slab::write(&scenario, &block, &(index as i32).to_ne_bytes().repeat(count as usize))?;
            let replicas: Vec<u8> = slots
                .clone()
                .flat_map(|slot| {
                    (shape.first_replica + slot).cast_signed().to_ne_bytes().repeat(parts.len())
                })
                .collect();
            slab::write(&replica, &block, &replicas)?;
            let cells = slab::pad(parts, longest).repeat((slots.end - slots.start) as usize);
            slab::write(&part, &block, &cells)?;
            row += count;
        }
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
    let mut seen: HashSet<String> = HashSet::new();
    let mut add = |path: String| {
        if seen.insert(path.clone()) {
            paths.push(path);
        }
    };
    let rows = schemas.iter().map(|schema| (&schema.name, &schema.columns, Some(&schema.replica)));
    let arrays = reserved.iter().map(|(group, columns)| (group, columns, None));
    for (group, columns, leading) in rows.chain(arrays) {
        for column in columns {
            for axis in leading.into_iter().chain(&column.axes) {
                let home = column.group();
                let between = if home.is_empty() { "" } else { "/" };
                add(format!("{group}{between}{home}/{}", axis.name));
            }
        }
    }
    for name in ["item", "scenario", "replica", "part"] {
        add(format!("{ITEMS}/{name}"));
    }
    let mut hash = Xxh3::new();
    for path in paths {
        let dataset = file.dataset(&path)?;
        hash.update(path.as_bytes());
        let length = dataset.shape().first().copied().unwrap_or(0) as u64;
        for start in (0..length).step_by(BLOCK as usize) {
            let block = Block::range(start, BLOCK.min(length - start));
            hash.update(&slab::read(&dataset, &block)?);
        }
    }
    Ok(format!("{:016x}", hash.digest()))
}

/// Replicas whose items are described at once.
const REPLICAS_AT_ONCE: usize = 1024;
