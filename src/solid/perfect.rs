//! For tests: perfect crystals.

use super::Solid;
use super::interactions::{Interactions, SymmetricTable};
use super::lattice::crystal;
use super::potential::{Potential, Tail};

/// A crystal of soft spheres of this diameter at the lattice constant of spheres of diameter 1.
pub fn perfect<const D: usize>(particles: usize, diameter: f64) -> Solid<D> {
    let (cell, positions) = crystal::<D>(particles).expect("a crystal has so many particles");
    Solid {
        cell,
        species: vec![0; positions.len()],
        positions,
        interactions: Interactions {
            diameters: vec![diameter],
            k: SymmetricTable::uniform(1, 1.0),
            depths: SymmetricTable::uniform(1, 0.0),
            potential: Potential { a: 50.0, tail: Tail::DEFAULT, exponent: 2.0 },
        },
        size_factors: None,
        springs: None,
    }
}
