//! Whether the datasets of a results file have the types and shapes that the study gives them, and
//! lie within the file: no memory is asked for by sizes that were not looked at.

use hdf5::File;
use hdf5::types::TypeDescriptor;

use super::fields;
use super::layout::ITEMS;
use super::tree::datatype;
use crate::format::schema::{Column, Shape};

/// The longest cell of text that any version of the format has [bytes].
pub(super) const LONGEST_CELL: usize = 4096;

/// What is wrong with the rows of the scenarios or with `/items`; `complete` says whether every
/// dataset must be there: a file of an earlier version has fewer.
pub(super) fn verify(file: &File, shape: &Shape, complete: bool) -> Result<(), String> {
    for schema in &shape.schemas {
        for column in &schema.columns {
            let path = format!("{}/{}", schema.name, column.path);
            let rows = column.replicas as usize;
            let lengths: Vec<usize> = std::iter::once(rows).chain(axes(column)).collect();
            verify_dataset(file, &path, &datatype(column.kind), &lengths, complete)?;
        }
    }
    let (types, items) = fields::types(shape);
    for (name, datatype) in types {
        verify_dataset(file, &format!("{ITEMS}/{name}"), &datatype, &[items], complete)?;
    }
    Ok(())
}

/// The same for an array without rows.
pub(super) fn verify_array(file: &File, path: &str, array: &Column) -> Result<(), String> {
    let lengths: Vec<usize> = axes(array).collect();
    verify_dataset(file, path, &datatype(array.kind), &lengths, true)
}

fn axes(column: &Column) -> impl Iterator<Item = usize> {
    column.axes.iter().map(|axis| axis.length)
}

fn verify_dataset(
    file: &File,
    path: &str,
    datatype: &TypeDescriptor,
    lengths: &[usize],
    complete: bool,
) -> Result<(), String> {
    let Ok(dataset) = file.dataset(path) else {
        return if complete { Err(format!("dataset {path} cannot be opened")) } else { Ok(()) };
    };
    let wrong = |error: hdf5::Error| format!("dataset {path} cannot be looked at ({error})");
    let found = dataset.dtype().and_then(|found| found.to_descriptor()).map_err(wrong)?;
    // The length of cells differs between versions.
    let same = match (&found, datatype) {
        (TypeDescriptor::FixedAscii(found), TypeDescriptor::FixedAscii(_)) => {
            (1..=LONGEST_CELL).contains(found)
        }
        (found, expected) => found == expected,
    };
    let shape = dataset.shape();
    if !same || shape != lengths {
        return Err(format!(
            "dataset {path} is of type {found} and shape {shape:?}, expected {datatype} and {lengths:?}"
        ));
    }
    // Compressed datasets have no place of their own.
    let bytes = shape.iter().product::<usize>() as u64 * found.size() as u64;
    let end = dataset.offset().map_or(0, |offset| offset.saturating_add(bytes));
    if end > file.size() {
        return Err(format!("dataset {path} ends at byte {end} of {}", file.size()));
    }
    Ok(())
}
