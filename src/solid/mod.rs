//! What a solid is: cell, pair energy, species and parameters, neighbour list, lattices.

pub mod assignment;
mod balls;
pub mod cell;
pub mod contacts;
mod error;
mod grid;
pub mod grouped;
pub mod interactions;
pub mod lattice;
pub mod neighbors;
pub mod order;
pub mod overlap;
pub mod parameters;
#[cfg(test)]
pub mod perfect;
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
    /// D_i over the diameter of its species, one per particle; `None`: all 1.
    pub size_factors: Option<Arc<Vec<f64>>>,
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
        let [s, t] = [self.species[i], self.species[j]];
        self.interactions.pair_of_sizes([s, t], self.sizes(i, j))
    }

    /// The size factors of the particles of a pair.
    #[inline(always)]
    pub fn sizes(&self, i: usize, j: usize) -> [f64; 2] {
        self.size_factors.as_ref().map_or([1.0; 2], |factors| [factors[i], factors[j]])
    }

    /// The diameter of particle i [length].
    pub fn diameter(&self, i: usize) -> f64 {
        let factor = self.size_factors.as_ref().map_or(1.0, |factors| factors[i]);
        factor * self.interactions.diameters[self.species[i]]
    }

    /// The smallest and the largest diameter [length]: of the species, whether they occur or not, where
    /// all of their particles are alike.
    pub fn extreme_diameters(&self) -> (f64, f64) {
        let extremes = |(least, most): (f64, f64), d: f64| (least.min(d), most.max(d));
        let none = (f64::INFINITY, 0.0);
        match self.size_factors {
            Some(_) => (0..self.len()).map(|i| self.diameter(i)).fold(none, extremes),
            None => self.interactions.diameters.iter().copied().fold(none, extremes),
        }
    }

    /// The shortest separation r_i − r_j [length].
    #[inline(always)]
    pub fn separation(&self, i: usize, j: usize) -> Vector<D> {
        self.cell.minimum_image(self.positions[i] - self.positions[j])
    }

    /// The periodic image of the shortest separation, in numbers of edges.
    #[inline(always)]
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
            size_factors: self.size_factors.clone(),
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
        let factors = self.size_factors.iter().flat_map(|factors| factors.iter());
        if let Some((i, &value)) =
            factors.enumerate().find(|(_, factor)| !(factor.is_finite() && **factor > 0.0))
        {
            let name = format!("size_factor of particle {i}");
            return Err(SolidError::Parameter { name, value, allowed: "D_i > 0" });
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
        let mut largest = vec![None; self.interactions.species()];
        for (i, &s) in self.species.iter().enumerate() {
            largest[s] = Some(f64::max(largest[s].unwrap_or(0.0), self.sizes(i, i)[0]));
        }
        self.interactions.longest_range(&largest)
    }
}

/// The volume (2d: area) of a sphere of this diameter.
pub fn sphere_volume<const D: usize>(diameter: f64) -> f64 {
    match D {
        2 => std::f64::consts::FRAC_PI_4 * diameter.powi(2),
        _ => std::f64::consts::PI / 6.0 * diameter.powi(3),
    }
}
