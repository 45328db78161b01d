//! What a solid is: cell, pair energy, species and parameters, neighbour list, lattices.

pub mod assignment;
pub mod cell;
pub mod contacts;
mod error;
pub mod interactions;
pub mod lattice;
pub mod neighbors;
pub mod overlap;
pub mod parameters;
pub mod potential;
pub mod random;

use std::sync::Arc;

use nalgebra::SVector;

pub use error::SolidError;

use cell::Cell;
use interactions::Interactions;
use potential::Pair;

/// A vector of the space that the solid lives in.
pub type Vector<const D: usize> = SVector<f64, D>;

/// A bond of a spring network: its particles and its rest length in units of (D_i + D_j)/2.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpringBond {
    pub i: usize,
    pub j: usize,
    /// λ_b: the rest length is λ_b (D_i + D_j)/2, fixed at preparation.
    pub stretch: f64,
}

/// N particles in a periodic box with their interaction parameters.
#[derive(Clone, Debug)]
pub struct Solid<const D: usize> {
    pub cell: Cell<D>,
    /// One position per particle [length]; any periodic image.
    pub positions: Vec<Vector<D>>,
    /// One species index per particle.
    pub species: Vec<usize>,
    pub interactions: Interactions,
    /// The fixed bonds of a spring network; `None` where pairs interact by distance.
    pub springs: Option<Arc<Vec<SpringBond>>>,
}

impl<const D: usize> Solid<D> {
    /// The number of particles N.
    pub fn len(&self) -> usize {
        self.positions.len()
    }

    /// Is there no particle?
    pub fn is_empty(&self) -> bool {
        self.positions.is_empty()
    }

    /// The parameters of the pair of particles (i, j).
    #[inline(always)]
    pub fn pair(&self, i: usize, j: usize) -> Pair {
        self.interactions.pair(self.species[i], self.species[j])
    }

    /// The diameter of particle i [length].
    pub fn diameter(&self, i: usize) -> f64 {
        self.interactions.diameters[self.species[i]]
    }

    /// The shortest separation r_i − r_j [length].
    #[inline(always)]
    pub fn separation(&self, i: usize, j: usize) -> Vector<D> {
        self.cell.minimum_image(self.positions[i] - self.positions[j])
    }

    /// The periodic image of the shortest separation, in numbers of edges.
    pub fn image(&self, i: usize, j: usize) -> Vector<D> {
        self.cell.image(self.positions[i] - self.positions[j])
    }

    /// Σ_i v_d D_i^d / V, the packing fraction (overlaps counted twice).
    pub fn packing_fraction(&self) -> f64 {
        let spheres: f64 = (0..self.len()).map(|i| sphere_volume::<D>(self.diameter(i))).sum();
        spheres / self.cell.volume()
    }

    /// The same particles with another assignment to species.
    pub fn reassigned(&self, species: Vec<usize>, interactions: Interactions) -> Self {
        Self {
            cell: self.cell,
            positions: self.positions.clone(),
            species,
            interactions,
            springs: self.springs.clone(),
        }
    }

    /// Checks what every later computation relies on.
    ///
    /// # Errors
    /// [`SolidError`] where a parameter or position is out of range or not finite, or where the
    /// box is so small that a particle would meet two images of a neighbour.
    pub fn check(&self) -> Result<(), SolidError> {
        if self.len() < 2 {
            return Err(SolidError::Invalid(format!(
                "a solid needs at least 2 particles, found {}",
                self.len()
            )));
        }
        self.interactions.check()?;
        if let Some(i) =
            self.positions.iter().position(|position| position.iter().any(|x| !x.is_finite()))
        {
            return Err(SolidError::Invalid(format!("the position of particle {i} is not finite")));
        }
        let edge = self.cell.shortest_edge();
        let range = self.longest_range();
        if !(edge > 2.0 * range) {
            return Err(SolidError::BoxTooSmall { edge, range });
        }
        Ok(())
    }

    /// The longest interaction range of the species that occur [length].
    pub fn longest_range(&self) -> f64 {
        let mut present = vec![false; self.interactions.species()];
        self.species.iter().for_each(|&s| present[s] = true);
        self.interactions.longest_range(&present)
    }
}

/// The volume (2d: area) of a sphere of this diameter.
pub fn sphere_volume<const D: usize>(diameter: f64) -> f64 {
    match D {
        2 => std::f64::consts::FRAC_PI_4 * diameter.powi(2),
        _ => std::f64::consts::PI / 6.0 * diameter.powi(3),
    }
}
