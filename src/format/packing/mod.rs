//! Packings that other programs have written as text: extended XYZ and LAMMPS data files. Particles of
//! one type and diameter are one species.

mod error;
mod lammps;
mod particles;
mod xyz;

use std::path::Path;

pub use error::PackingError;
pub use particles::{Diameters, Kind, Packing};

use particles::Text;

/// The packings of a file: every frame of an extended XYZ file (its first line is a number), or that
/// of a LAMMPS data file. `diameters` says those of types, by name, where the file does not.
///
/// # Errors
/// [`PackingError`], naming file and line.
pub fn read(path: &Path, diameters: &Diameters) -> Result<Vec<Packing>, PackingError> {
    let whole = std::fs::read(path)
        .map_err(|source| PackingError::Read { path: path.to_owned(), source })?;
    let whole = String::from_utf8_lossy(&whole);
    let mut text = Text::new(path, &whole);
    let first = text.peek().unwrap_or_default().trim();
    if first.parse::<u64>().is_ok() {
        xyz::read(&mut text, diameters)
    } else {
        Ok(vec![lammps::read(&mut text, diameters)?])
    }
}
