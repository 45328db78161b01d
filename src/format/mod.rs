//! The files: everything that is HDF5, and the shape of the results without it.

pub mod access;
pub mod archive;
pub mod measurement;
pub mod row;
pub mod schema;
mod slab;
pub mod solid_file;
