//! Helpers of the integration tests.
#![allow(dead_code)]

pub mod bond_model;
pub mod contents;
pub mod differences;
pub mod engine;
pub mod pair_formula;
pub mod protocols;
pub mod small;

/// Opens a file as the program does, without HDF5's own locks: one process cannot have it open in
/// both ways.
pub fn open(path: impl AsRef<std::path::Path>) -> hdf5::File {
    hdf5::File::with_options()
        .with_fapl(|access| access.sec2().file_locking(false))
        .open(path)
        .unwrap()
}

/// The same, to be changed.
pub fn open_to_change(path: impl AsRef<std::path::Path>) -> hdf5::File {
    hdf5::File::with_options()
        .with_fapl(|access| access.sec2().file_locking(false))
        .open_rw(path)
        .unwrap()
}

/// A dataset of numbers, flat.
pub fn numbers(file: &hdf5::File, path: &str) -> Vec<f64> {
    file.dataset(path)
        .unwrap_or_else(|error| panic!("{path}: {error}"))
        .read_raw::<f64>()
        .unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A dataset of variable-length strings.
pub fn strings(file: &hdf5::File, path: &str) -> Vec<String> {
    file.dataset(path)
        .unwrap_or_else(|error| panic!("{path}: {error}"))
        .read_raw::<hdf5::types::VarLenUnicode>()
        .unwrap_or_else(|error| panic!("{path}: {error}"))
        .iter()
        .map(|s| s.as_str().to_string())
        .collect()
}

/// max |x|.
pub fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |max, x| if x.abs() <= max { max } else { x.abs() })
}

/// max |x − y|; NaN if any is.
pub fn largest_difference(ours: &[f64], theirs: &[f64]) -> f64 {
    assert_eq!(ours.len(), theirs.len());
    ours.iter().zip(theirs).fold(0.0, |max, (x, y)| {
        let difference = (x - y).abs();
        if difference <= max { max } else { difference }
    })
}
