//! Dimension scales: what stands along the axes of datasets.

use hdf5::types::TypeDescriptor;
use hdf5::{Dataset, Group, H5Type};

use super::labels;
use super::slab::{self, Block};
use crate::analysis::axis::{Axis, Ticks};

/// Values that are written or read at once in long columns.
pub(super) const BLOCK: usize = 1 << 16;

/// Makes the scale of an axis in a group.
pub(super) fn create(group: &Group, axis: &Axis) -> hdf5::Result<Dataset> {
    let scale = match &axis.ticks {
        Ticks::Index => integers(group, axis, 0)?,
        Ticks::From(first) => integers(group, axis, *first)?,
        Ticks::Labels(names) => labels::create(group, &axis.name, names)?,
        Ticks::Values(values) => {
            numbers(group, axis, &f64::type_descriptor(), |index| values[index].to_ne_bytes())?
        }
    };
    slab::set_scale(&scale, &axis.name)?;
    if !axis.unit.is_empty() {
        slab::text_attribute(&scale, "units", &axis.unit)?;
    }
    slab::describe(&scale, axis.description)?;
    Ok(scale)
}

/// first, first + 1, …
fn integers(group: &Group, axis: &Axis, first: u64) -> hdf5::Result<Dataset> {
    let tick = |index| (first + index as u64).cast_signed().to_ne_bytes();
    numbers(group, axis, &i64::type_descriptor(), tick)
}

fn numbers(
    group: &Group,
    axis: &Axis,
    datatype: &TypeDescriptor,
    tick: impl Fn(usize) -> [u8; 8],
) -> hdf5::Result<Dataset> {
    let scale = slab::create(group, &axis.name, datatype, &[axis.length])?;
    for start in (0..axis.length).step_by(BLOCK) {
        let indices = start..(start + BLOCK).min(axis.length);
        let block = Block::range(start as u64, indices.len() as u64);
        slab::write(&scale, &block, &indices.flat_map(&tick).collect::<Vec<u8>>())?;
    }
    Ok(scale)
}
