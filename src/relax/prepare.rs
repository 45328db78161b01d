//! From a recipe and a random stream to a relaxed solid.

use std::sync::Arc;

use super::RelaxError;
use super::disorder::Disorder;
use super::forces::Forces;
use super::newton::{Equilibrium, relax};
use super::pressure::{self, Reached, start_packing_fraction};
use crate::solid::assignment::{Assignment, classes};
use crate::solid::cell::Cell;
use crate::solid::contacts::Contacts;
use crate::solid::interactions::{Interactions, SymmetricTable};
use crate::solid::lattice::{crystal, random_positions};
use crate::solid::overlap::harmonic_pressure;
use crate::solid::parameters::ParameterSpace;
use crate::solid::potential::Potential;
use crate::solid::random::{Purpose, StreamKey};
use crate::solid::{Solid, SpringBond, Vector, sphere_volume};

/// What kind of solid is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Structure {
    /// From random positions.
    Disordered,
    /// A monodisperse triangular (2d) or fcc (3d) crystal in a commensurate box.
    Crystal,
    /// The unstressed spring network of a disordered solid's contacts.
    Network,
}

/// What the preparation aims at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    /// p [energy/length^d].
    Pressure(f64),
    /// A fixed box of this packing fraction.
    PackingFraction(f64),
}

/// How a solid is made.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    pub particles: usize,
    pub structure: Structure,
    /// Diameter of the large particles; the small ones have diameter 1.
    pub size_ratio: f64,
    pub target: Target,
    /// Packing fraction of the first relaxation; by default a soft-sphere value for the target.
    pub start_packing_fraction: Option<f64>,
    /// Tables over (small, large).
    pub k: SymmetricTable,
    pub depths: SymmetricTable,
    pub potential: Potential,
    /// Polydispersity and defects, where they are asked for, be they zero.
    pub disorder: Option<Disorder>,
    /// The largest accepted |p/p_target − 1|.
    pub pressure_tolerance: f64,
    pub max_attempts: u64,
}

/// Other parameters than the recipe's, for species that split its sizes at random; the box stays that of
/// the recipe's own.
#[derive(Clone, Debug, PartialEq)]
pub struct Tuning {
    /// What is tuned, for so many species.
    pub space: ParameterSpace,
    /// ln of every parameter over what it was, shape (n_θ,).
    pub logarithms: Vec<f64>,
}

impl Tuning {
    fn apply<const D: usize>(
        &self,
        solid: &Solid<D>,
        key: &StreamKey,
    ) -> Result<Solid<D>, RelaxError> {
        let solid = classes(solid);
        // Which particles are a species does not depend on the attempt.
        let key = StreamKey { attempt: 0, ..*key };
        let Assignment { species, mut interactions } =
            Assignment::random(&solid, self.space.species(), &key)?;
        let start = self.space.values(&interactions);
        let tuned = start.iter().zip(&self.logarithms).map(|(value, ln)| value * ln.exp());
        self.space.apply(&mut interactions, &tuned.collect::<Vec<_>>());
        let solid = solid.reassigned(species, interactions);
        solid.check()?;
        Ok(solid)
    }
}

/// A prepared solid.
pub struct Prepared<const D: usize> {
    pub solid: Solid<D>,
    pub equilibrium: Equilibrium<D>,
    /// Attempts used, at least 1.
    pub attempts: u64,
    /// Relaxations of the last attempt.
    pub relaxations: u64,
    /// Why the earlier attempts failed.
    pub discarded: Vec<String>,
}

/// The first relaxation of a crystal starts with neighbours overlapping by this much.
const CRYSTAL_OVERLAP: f64 = 0.05;

impl Recipe {
    /// How many small and large particles: the extra one of an odd number is small.
    pub fn small_and_large(&self) -> (usize, usize) {
        match self.structure {
            Structure::Crystal => (self.particles, 0),
            _ => (self.particles.div_ceil(2), self.particles / 2),
        }
    }

    /// The packing fraction of the first relaxation.
    pub fn first_packing_fraction<const D: usize>(&self) -> f64 {
        match (self.start_packing_fraction, self.target) {
            (Some(fraction), _) | (None, Target::PackingFraction(fraction)) => fraction,
            (None, Target::Pressure(pressure)) => {
                let relative = pressure / self.k.mean();
                start_packing_fraction::<D>(harmonic_pressure(self.potential.exponent, relative))
            }
        }
    }

    /// The solid before any relaxation.
    ///
    /// # Errors
    /// Where the particles do not fill a crystal, or the box is too small.
    pub fn start<const D: usize>(&self, key: &StreamKey) -> Result<Solid<D>, RelaxError> {
        self.start_tuned(None, key)
    }

    /// The same with other parameters, in the box of the recipe's own.
    ///
    /// # Errors
    /// Also where a size has fewer particles than species.
    pub fn start_tuned<const D: usize>(
        &self,
        tuning: Option<&Tuning>,
        key: &StreamKey,
    ) -> Result<Solid<D>, RelaxError> {
        let (small, large) = self.small_and_large();
        let mut diameters = vec![1.0];
        if large > 0 {
            diameters.push(self.size_ratio);
        }
        let species: Vec<usize> = (0..small + large).map(|i| usize::from(i >= small)).collect();
        let tables = |table: &SymmetricTable| {
            SymmetricTable::from_fn(diameters.len(), |s, t| table.get(s, t))
        };
        let interactions = Interactions {
            k: tables(&self.k),
            depths: tables(&self.depths),
            potential: self.potential,
            diameters,
        };
        let mut solid = Solid {
            cell: Cell::with_volume(1.0),
            positions: vec![Vector::zeros(); species.len()],
            size_factors: self.size_factors(key).map(Arc::new),
            species,
            interactions,
            springs: None,
        };
        let diameters = (0..solid.len()).map(|i| solid.diameter(i));
        let spheres: f64 = diameters.map(sphere_volume::<D>).sum();
        (solid.cell, solid.positions) = match self.structure {
            Structure::Crystal => {
                let (cell, positions) = crystal::<D>(self.particles)?;
                let factor = match self.target {
                    Target::PackingFraction(fraction) => {
                        (spheres / fraction / cell.volume()).powf(1.0 / D as f64)
                    }
                    Target::Pressure(_) => 1.0 - CRYSTAL_OVERLAP,
                };
                let mut scaled: Vec<Vector<D>> =
                    positions.into_iter().map(|r| r * factor).collect();
                let cell = cell.scaled(factor);
                if let Some(disorder) = &self.disorder {
                    disorder.displace(&cell, &mut scaled, key);
                }
                (cell, scaled)
            }
            _ => {
                let cell = Cell::with_volume(spheres / self.first_packing_fraction::<D>());
                let mut random = key.stream(Purpose::Positions);
                (cell, random_positions(&cell, solid.len(), &mut random))
            }
        };
        solid.check()?;
        match tuning {
            Some(tuning) => tuning.apply(&solid, key),
            None => Ok(solid),
        }
    }

    /// The size factors of the particles, where they differ; `key` is that of the attempt.
    pub fn size_factors(&self, key: &StreamKey) -> Option<Vec<f64>> {
        self.disorder.map(|disorder| disorder.size_factors(self.particles, key))
    }

    /// Makes a solid: retried from the next random start where one fails.
    ///
    /// # Errors
    /// [`RelaxError::NoAttemptLeft`] with the last reason, or at once what no retry can mend.
    pub fn prepare<const D: usize>(&self, key: &StreamKey) -> Result<Prepared<D>, RelaxError> {
        self.prepare_tuned(None, key)
    }

    /// The same with other parameters, in the box of the recipe's own.
    ///
    /// # Errors
    /// As [`Recipe::prepare`].
    pub fn prepare_tuned<const D: usize>(
        &self,
        tuning: Option<&Tuning>,
        key: &StreamKey,
    ) -> Result<Prepared<D>, RelaxError> {
        let mut discarded = Vec::new();
        for attempt in 0..self.max_attempts {
            let start = self.start_tuned(tuning, &StreamKey { attempt, ..*key })?;
            match self.relaxed(start) {
                Ok((solid, Reached { equilibrium, relaxations })) => {
                    let attempts = attempt + 1;
                    return Ok(Prepared { solid, equilibrium, attempts, relaxations, discarded });
                }
                Err(reason) => discarded.push(reason.to_string()),
            }
            // A perfect crystal starts from the same place again.
            if self.structure == Structure::Crystal && self.disorder.is_none() {
                break;
            }
        }
        Err(RelaxError::NoAttemptLeft {
            attempts: discarded.len() as u64,
            last: discarded.pop().unwrap_or_default(),
        })
    }

    fn relaxed<const D: usize>(
        &self,
        mut solid: Solid<D>,
    ) -> Result<(Solid<D>, Reached<D>), RelaxError> {
        let mut forces = Forces::new(&solid);
        let mut reached = match self.target {
            Target::Pressure(value) => {
                pressure::reach(&mut solid, &mut forces, value, self.pressure_tolerance)?
            }
            Target::PackingFraction(_) => {
                Reached { equilibrium: relax(&mut solid, &mut forces)?, relaxations: 1 }
            }
        };
        if self.structure == Structure::Network {
            solid.springs = Some(Arc::new(springs(&reached.equilibrium.contacts)));
            let mut forces = Forces::new(&solid);
            reached.equilibrium = super::newton::finish(&solid, &mut forces, None)?;
        }
        Ok((solid, reached))
    }
}

/// The contacts as springs that are unstressed where the particles are now.
pub fn springs<const D: usize>(contacts: &Contacts<D>) -> Vec<SpringBond> {
    contacts
        .bonds
        .iter()
        .filter(|bond| bond.in_contact())
        .map(|bond| SpringBond { i: bond.i, j: bond.j, stretch: bond.distance / bond.pair.sigma })
        .collect()
}
