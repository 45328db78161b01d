//! Columns with their dimension scales, in the groups of a results file.

use std::collections::HashMap;

use hdf5::types::TypeDescriptor;
use hdf5::{Dataset, Group, H5Type};

use crate::analysis::axis::{Axis, Ticks};
use crate::analysis::values::Kind;
use crate::format::schema::Column;
use crate::format::slab::{self, Block, Storage};

/// Values that are written or read at once in long columns.
pub(super) const BLOCK: usize = 1 << 16;

/// The group at a path, made where it is missing.
pub(super) fn ensure_group(parent: &Group, path: &str) -> hdf5::Result<Group> {
    let mut group = parent.clone();
    for name in path.split('/').filter(|name| !name.is_empty()) {
        group =
            if group.link_exists(name) { group.group(name)? } else { group.create_group(name)? };
    }
    Ok(group)
}

/// A group with its columns and their dimension scales.
pub(super) struct Tree {
    base: Group,
    storage: Storage,
    scales: HashMap<(String, String), Dataset>,
}

impl Tree {
    pub fn new(base: Group, storage: Storage) -> Self {
        Tree { base, storage, scales: HashMap::new() }
    }

    /// The axis's scale in the group `home`.
    fn scale(&mut self, home: &str, axis: &Axis) -> hdf5::Result<Dataset> {
        let key = (home.to_owned(), axis.name.clone());
        if let Some(scale) = self.scales.get(&key) {
            return Ok(scale.clone());
        }
        let scale = create_scale(&ensure_group(&self.base, home)?, axis)?;
        self.scales.insert(key, scale.clone());
        Ok(scale)
    }

    /// Makes a column with `leading` axes in front of its own.
    pub fn column(&mut self, column: &Column, leading: &[&Axis]) -> hdf5::Result<()> {
        let (home, name) = column.path.rsplit_once('/').unwrap_or(("", &column.path));
        let group = ensure_group(&self.base, home)?;
        let axes: Vec<&Axis> = leading.iter().copied().chain(&column.axes).collect();
        let shape: Vec<usize> = axes.iter().map(|axis| axis.length).collect();
        let datatype = datatype(column.kind);
        let dataset = slab::create_as(self.storage, &group, name, &datatype, &shape)?;
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

pub(super) fn datatype(kind: Kind) -> TypeDescriptor {
    match kind {
        Kind::F64 => f64::type_descriptor(),
        Kind::I32 => i32::type_descriptor(),
        Kind::U8 => u8::type_descriptor(),
        Kind::Text(length) => TypeDescriptor::FixedAscii(length),
    }
}

pub(super) fn create_scale(group: &Group, axis: &Axis) -> hdf5::Result<Dataset> {
    let cells = |labels: &[String]| labels.iter().map(String::len).max().unwrap_or(0).max(1);
    let (datatype, value): (TypeDescriptor, Box<dyn Fn(usize) -> Vec<u8>>) = match &axis.ticks {
        Ticks::Index => (i64::type_descriptor(), Box::new(|index| integer(0, index))),
        Ticks::From(first) => (i64::type_descriptor(), Box::new(|index| integer(*first, index))),
        Ticks::Labels(labels) => {
            let length = cells(labels);
            let value = move |index| slab::pad(&labels[index..=index], length);
            (TypeDescriptor::FixedAscii(length), Box::new(value))
        }
        Ticks::Values(values) => {
            (f64::type_descriptor(), Box::new(|index| values[index].to_ne_bytes().to_vec()))
        }
    };
    let scale = slab::create(group, &axis.name, &datatype, &[axis.length])?;
    for start in (0..axis.length).step_by(BLOCK) {
        let indices = start..(start + BLOCK).min(axis.length);
        let block = Block::range(start as u64, indices.len() as u64);
        slab::write(&scale, &block, &indices.flat_map(&value).collect::<Vec<u8>>())?;
    }
    slab::set_scale(&scale, &axis.name)?;
    if !axis.unit.is_empty() {
        slab::text_attribute(&scale, "units", axis.unit)?;
    }
    slab::text_attribute(&scale, "description", axis.description)?;
    Ok(scale)
}

fn integer(first: u64, index: usize) -> Vec<u8> {
    (first + index as u64).cast_signed().to_ne_bytes().to_vec()
}
