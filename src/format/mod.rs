//! The files: everything that is HDF5, the shape of the results without it, and packings as text.

pub mod access;
pub mod archive;
mod labels;
mod measured;
pub mod measurement;
pub mod packing;
pub mod row;
mod scale;
pub mod schema;
mod slab;
mod solid_data;
pub mod solid_file;
pub mod solid_writer;
