//! Columns with their dimension scales, in the groups of a results file.

use std::collections::HashMap;

use hdf5::types::TypeDescriptor;
use hdf5::{Dataset, Group, H5Type};

use crate::analysis::axis::Axis;
use crate::analysis::values::Kind;
use crate::format::scale;
use crate::format::schema::Column;
use crate::format::slab::{self, Storage};

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
        let scale = scale::create(&ensure_group(&self.base, home)?, axis)?;
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
        slab::describe(&dataset, &column.description)?;
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
