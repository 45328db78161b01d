//! The results file: one parallel HDF5 file, complete in shape before the first result.

mod arrays;
mod error;
mod fields;
mod file;
mod items;
mod layout;
mod reader;
mod shapes;
mod skeleton;
mod tree;
mod writer;

pub use arrays::write_arrays;
pub use error::ArchiveError;
pub use fields::item_bytes;
pub use file::Archive;
pub use items::{Checksum, Item, ItemLayout, State, reason_cell};
pub use layout::{
    FORMAT, FORMAT_VERSION, HOST_LENGTH, ITEMS, SKELETON_CHECKSUM, STATISTICS, STUDY_FOLDER,
};
pub use skeleton::{RootAttribute, create, name};
pub use writer::{Access, Finished, Origin, Writer};

pub use crate::format::slab::Storage;
