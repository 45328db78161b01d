//! Parameterisations: every particle is re-assigned at random to one of n_sp species, each made
//! of small or of large particles only. This does not change the solid.

use rand::seq::SliceRandom;

use super::interactions::Interactions;
use super::random::{Purpose, StreamKey};
use super::{Solid, SolidError};

/// A new assignment of the particles, with the parameters of the new species.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// One species per particle; small species first.
    pub species: Vec<usize>,
    pub interactions: Interactions,
}

impl Assignment {
    /// Splits the classes of a solid (its own species: small, then large) at random into `count`
    /// species: ⌊count/2⌋ of small and ⌈count/2⌉ of large particles, sizes within a class
    /// differing by at most one.
    ///
    /// # Errors
    /// Where a class would have more species than particles or none at all.
    pub fn random<const D: usize>(
        solid: &Solid<D>,
        count: usize,
        key: &StreamKey,
    ) -> Result<Self, SolidError> {
        let classes = solid.interactions.species();
        let shares: Vec<usize> = match classes {
            1 => vec![count],
            2 => vec![count / 2, count.div_ceil(2)],
            _ => {
                return Err(SolidError::Invalid(format!(
                    "only solids of one or two sizes can be re-assigned, this one has {classes}"
                )));
            }
        };
        let mut random = key.stream(Purpose::Species(count));
        let mut species = vec![0; solid.len()];
        let mut origin = Vec::with_capacity(count);
        for (class, &share) in shares.iter().enumerate() {
            let mut members: Vec<usize> =
                (0..solid.len()).filter(|&i| solid.species[i] == class).collect();
            if share == 0 || share > members.len() {
                return Err(SolidError::Invalid(format!(
                    "{count} species give {share} to the {} particles of class {class} (allowed: \
                     1 to {})",
                    members.len(),
                    members.len()
                )));
            }
            members.shuffle(&mut random);
            for (rank, &i) in members.iter().enumerate() {
                species[i] = origin.len() + rank % share;
            }
            origin.extend(std::iter::repeat_n(class, share));
        }
        Ok(Self { species, interactions: solid.interactions.resplit(&origin) })
    }

    /// Every particle a species of its own.
    pub fn particles<const D: usize>(solid: &Solid<D>) -> Self {
        Self {
            species: (0..solid.len()).collect(),
            interactions: solid.interactions.resplit(&solid.species),
        }
    }
}

/// The same solid with its species merged into classes: species whose diameters and interactions
/// are all equal become one, ordered by diameter. A parameterisation splits these classes.
pub fn classes<const D: usize>(solid: &Solid<D>) -> Solid<D> {
    let old = &solid.interactions;
    let equal = |s: usize, t: usize| {
        old.diameters[s] == old.diameters[t]
            && [&old.k, &old.depths].into_iter().all(|table| {
                table.get(s, s) == table.get(s, t)
                    && (0..old.species()).all(|u| table.get(s, u) == table.get(t, u))
            })
    };
    let mut origin: Vec<usize> = Vec::new();
    for s in 0..old.species() {
        if !origin.iter().any(|&t| equal(s, t)) {
            origin.push(s);
        }
    }
    origin.sort_by(|&s, &t| old.diameters[s].total_cmp(&old.diameters[t]));
    let class: Vec<usize> = (0..old.species())
        .map(|s| origin.iter().position(|&t| equal(s, t)).unwrap_or_default())
        .collect();
    let species = solid.species.iter().map(|&s| class[s]).collect();
    solid.reassigned(species, old.resplit(&origin))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::solid::cell::Cell;
    use crate::solid::interactions::SymmetricTable;
    use crate::solid::potential::{Potential, Tail};
    use nalgebra::Vector2;

    fn solid(small: usize, large: usize) -> Solid<2> {
        Solid {
            cell: Cell::with_volume(100.0),
            positions: vec![Vector2::zeros(); small + large],
            species: (0..small + large).map(|i| usize::from(i >= small)).collect(),
            interactions: Interactions {
                diameters: vec![1.0, 1.4],
                k: SymmetricTable::uniform(2, 1.0),
                depths: SymmetricTable::uniform(2, 0.0),
                potential: Potential { a: 50.0, tail: Tail::DEFAULT, exponent: 2.0 },
            },
            size_factors: None,
            springs: None,
        }
    }

    const KEY: StreamKey = StreamKey { seed: 3, solid: 1, replica: 4, attempt: 0 };

    #[test]
    fn species_hold_one_size_and_are_as_even_as_possible() {
        let solid = solid(9, 8);
        let assignment = Assignment::random(&solid, 5, &KEY).unwrap();
        let mut sizes = [0; 5];
        for i in 0..solid.len() {
            sizes[assignment.species[i]] += 1;
            let diameter = assignment.interactions.diameters[assignment.species[i]];
            assert_eq!(diameter, solid.diameter(i));
        }
        assert_eq!(&sizes[..2], &[5, 4]);
        assert_eq!(&sizes[2..], &[3, 3, 2]);
    }

    #[test]
    fn classes_undo_a_parameterisation() {
        let solid = solid(9, 8);
        let assignment = Assignment::random(&solid, 5, &KEY).unwrap();
        let merged = classes(&solid.reassigned(assignment.species, assignment.interactions));
        assert_eq!(merged.species, solid.species);
        assert_eq!(merged.interactions, solid.interactions);
    }

    #[test]
    fn more_species_than_particles_of_a_class_is_an_error() {
        let solid = solid(2, 8);
        assert!(Assignment::random(&solid, 5, &KEY).is_ok());
        assert!(Assignment::random(&solid, 6, &KEY).is_err());
        assert!(Assignment::random(&solid, 1, &KEY).is_err());
    }
}
