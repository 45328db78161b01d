//! Writes solid files: the packings of other programs with what these do not say, k, B and a.

use std::path::{Path, PathBuf};

use hdf5::{Group, H5Type};

use super::access;
use super::packing::Packing;
use crate::system::temporary::{sweep, temporary};

/// The interaction of all particles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interaction {
    /// Repulsion k of every pair [energy].
    pub k: f64,
    /// Attraction B of every pair [energy].
    pub depth: f64,
    /// Inverse range a of the attraction [1/length].
    pub a: f64,
}

/// A solid file that cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Nothing is overwritten.
    #[error("{}: exists already; it is never overwritten: give another output", .0.display())]
    Exists(PathBuf),
    /// The system or HDF5.
    #[error("{}: cannot be written: {reason}", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// What it says.
        reason: String,
    },
}

/// The group of a packing, of several in one file.
pub fn group_of(index: usize, packings: usize) -> String {
    if packings == 1 { "/".to_owned() } else { format!("/{index}") }
}

/// Writes the packings, a single one to the root of the file; it is never seen half made.
///
/// # Errors
/// Where the file exists, or the system refuses it.
pub fn write(
    path: &Path,
    packings: &[Packing],
    interaction: &Interaction,
) -> Result<(), WriteError> {
    if path.symlink_metadata().is_ok() {
        return Err(WriteError::Exists(path.to_owned()));
    }
    sweep(path);
    let temporary = temporary(path);
    let refused = |reason: String| WriteError::Refused { path: path.to_owned(), reason };
    // HDF5 reports a failed creation without the reason of the system.
    let made = std::fs::File::create(&temporary)
        .map_err(|error| refused(error.to_string()))
        .and_then(|_| {
            fill(&temporary, packings, interaction).map_err(|error| refused(error.to_string()))
        })
        // A link, unlike a new name, does not replace what somebody else has put there.
        .and_then(|()| {
            std::fs::hard_link(&temporary, path).map_err(|error| refused(error.to_string()))
        });
    // Its name, where it has one, stays.
    let _ = std::fs::remove_file(&temporary);
    made
}

fn fill(path: &Path, packings: &[Packing], interaction: &Interaction) -> hdf5::Result<()> {
    let file = access::checksummed().create(path)?;
    for (index, packing) in packings.iter().enumerate() {
        let name = group_of(index, packings.len());
        let group = if name == "/" { file.as_group()? } else { file.create_group(&name)? };
        let (d, species) = (packing.edges.len(), packing.species.iter().map(|&s| s as i32));
        let diameters: Vec<f64> = packing.kinds.iter().map(|kind| kind.diameter).collect();
        array(&group, "positions", &[packing.species.len(), d], &packing.positions)?;
        array(&group, "box", &[d], &packing.edges)?;
        array(&group, "species", &[packing.species.len()], &species.collect::<Vec<i32>>())?;
        array(&group, "diameters", &[diameters.len()], &diameters)?;
        for (name, value) in [("k", interaction.k), ("B", interaction.depth)] {
            group.new_dataset::<f64>().create(name)?.write_scalar(&value)?;
        }
        group.new_attr::<f64>().create("a")?.write_scalar(&interaction.a)?;
    }
    file.close()
}

fn array<T: H5Type>(group: &Group, name: &str, shape: &[usize], values: &[T]) -> hdf5::Result<()> {
    group.new_dataset::<T>().obj_track_times(false).shape(shape).create(name)?.write_raw(values)
}
