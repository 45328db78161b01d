//! θ of a single solid: per species, per particle or per bond.

use faer::Mat;

use super::error::MeasureError;
use crate::response::jacobian::{BondJacobians, bond_jacobian};
use crate::response::labels;
use crate::response::sensitivity::Sensitivity;
use crate::solid::Solid;
use crate::solid::contacts::Bond;
use crate::solid::parameters::{ParameterDirection, ParameterKind, ParameterSpace};
use crate::solid::potential::PairTangent;
use crate::study::config::Kinds;
use crate::study::replica::parameter_kinds;

/// What owns a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Species as the solid has them: D_s, k_st, B_st.
    Species,
    /// Every particle is a species of its own: D_i.
    Particle,
    /// Every bond has its own σ_b, k_b, B_b.
    Bond,
}

/// θ, ready to be differentiated and followed.
pub(super) enum Theta {
    /// Of species (or particles).
    Species { space: ParameterSpace, labels: Vec<String> },
    /// Of bonds, in the order of the bonds; a is one for the whole solid.
    Bonds { kinds: Vec<ParameterKind>, bonds: usize },
}

impl Theta {
    /// For this solid, whose particles are species of their own at [`Level::Particle`].
    pub fn new<const D: usize>(
        level: Level,
        kinds: &Kinds,
        solid: &Solid<D>,
        bonds: &[Bond<D>],
    ) -> Self {
        let ordered = parameter_kinds(kinds);
        match level {
            Level::Bond => Theta::Bonds { kinds: ordered, bonds: bonds.len() },
            Level::Species | Level::Particle => {
                let species = solid.interactions.species();
                let labels = labels::parameters(
                    species,
                    kinds.diameters,
                    kinds.repulsions,
                    kinds.attractions,
                    kinds.inverse_range,
                );
                Theta::Species { space: ParameterSpace::new(&ordered, species), labels }
            }
        }
    }

    /// Refuses a B column of a pair whose B is 0, and a where nothing attracts.
    pub fn check_attraction<const D: usize>(
        &self,
        name: &str,
        solid: &Solid<D>,
        bonds: &[Bond<D>],
    ) -> Result<(), MeasureError> {
        let interactions = &solid.interactions;
        let refuse = |parameter: String| {
            Err(MeasureError::NotAttractive { name: name.to_owned(), parameter })
        };
        let kinds = match self {
            Theta::Species { space, .. } => space.kinds(),
            Theta::Bonds { kinds, .. } => kinds,
        };
        if kinds.contains(&ParameterKind::Depth) {
            if let Theta::Bonds { .. } = self {
                if let Some(bond) = bonds.iter().find(|bond| bond.pair.depth == 0.0) {
                    return refuse(format!("B_{}_{}", bond.i, bond.j));
                }
            } else {
                for s in 0..interactions.species() {
                    for t in s..interactions.species() {
                        if interactions.depths.get(s, t) == 0.0 {
                            return refuse(format!("B_{s}_{t}"));
                        }
                    }
                }
            }
        }
        if kinds.contains(&ParameterKind::InverseRange) && !interactions.attractive() {
            return Err(MeasureError::NothingAttracts { name: name.to_owned() });
        }
        Ok(())
    }

    /// n_θ.
    pub fn len(&self) -> usize {
        match self {
            Theta::Species { space, .. } => space.len(),
            Theta::Bonds { kinds, bonds } => {
                kinds.iter().map(|&kind| count_of_bonds(kind, *bonds)).sum()
            }
        }
    }

    /// The names of the parameters: `D_0`, `k_0_1`; of bonds `sigma_3_17`, `k_3_17`.
    pub fn labels<const D: usize>(&self, bonds: &[Bond<D>]) -> Vec<String> {
        match self {
            Theta::Species { labels, .. } => labels.clone(),
            Theta::Bonds { kinds, .. } => kinds
                .iter()
                .flat_map(|kind| match kind {
                    ParameterKind::InverseRange => vec!["a".to_owned()],
                    kind => {
                        let symbol = match kind {
                            ParameterKind::Diameter => "sigma",
                            kind => kind.symbol(),
                        };
                        bonds.iter().map(|b| format!("{symbol}_{}_{}", b.i, b.j)).collect()
                    }
                })
                .collect(),
        }
    }

    /// θ as it stands in the solid.
    pub fn values<const D: usize>(&self, solid: &Solid<D>, bonds: &[Bond<D>]) -> Vec<f64> {
        match self {
            Theta::Species { space, .. } => space.values(&solid.interactions),
            Theta::Bonds { kinds, .. } => kinds
                .iter()
                .flat_map(|kind| match kind {
                    ParameterKind::Diameter => {
                        bonds.iter().map(|bond| bond.pair.sigma / bond.stretch).collect()
                    }
                    ParameterKind::Stiffness => bonds.iter().map(|bond| bond.pair.k).collect(),
                    ParameterKind::Depth => bonds.iter().map(|bond| bond.pair.depth).collect(),
                    ParameterKind::InverseRange => vec![solid.interactions.potential.a],
                })
                .collect(),
        }
    }

    /// J, shape (n_y, n_θ), and the parameters that no bond depends on.
    pub fn jacobian<const D: usize>(
        &self,
        solid: &Solid<D>,
        bonds: &[Bond<D>],
        sensitivities: &[Sensitivity],
    ) -> (Mat<f64>, Vec<bool>) {
        match self {
            Theta::Species { space, .. } => {
                let projected = BondJacobians::new(solid, bonds, sensitivities, space.kinds())
                    .projected(bonds, &solid.species, space);
                (projected.matrix, projected.inert)
            }
            Theta::Bonds { kinds, bonds: count } => {
                let mut matrix = Mat::zeros(sensitivities.len(), self.len());
                let mut offset = 0;
                for &kind in kinds {
                    let of_bonds = bond_jacobian(solid, bonds, sensitivities, kind);
                    for bond in 0..*count {
                        let column = match kind {
                            ParameterKind::InverseRange => offset,
                            _ => offset + bond,
                        };
                        for row in 0..sensitivities.len() {
                            matrix[(row, column)] += of_bonds[(row, bond)];
                        }
                    }
                    offset += count_of_bonds(kind, *count);
                }
                (matrix, vec![false; self.len()])
            }
        }
    }

    /// The change of every bond's parameters along a direction, shape (bonds,).
    pub fn tangents<const D: usize>(
        &self,
        solid: &Solid<D>,
        bonds: &[Bond<D>],
        direction: &[f64],
    ) -> Vec<PairTangent> {
        match self {
            Theta::Species { space, .. } => {
                let along = ParameterDirection::new(space, direction);
                bonds
                    .iter()
                    .map(|b| along.pair(solid.species[b.i], solid.species[b.j], b.stretch))
                    .collect()
            }
            Theta::Bonds { kinds, bonds: count } => {
                let mut tangents = vec![PairTangent::default(); *count];
                let mut offset = 0;
                for &kind in kinds {
                    for (index, (tangent, bond)) in tangents.iter_mut().zip(bonds).enumerate() {
                        match kind {
                            ParameterKind::Diameter => {
                                tangent.sigma = bond.stretch * direction[offset + index];
                            }
                            ParameterKind::Stiffness => tangent.k = direction[offset + index],
                            ParameterKind::Depth => tangent.depth = direction[offset + index],
                            ParameterKind::InverseRange => tangent.a = direction[offset],
                        }
                    }
                    offset += count_of_bonds(kind, *count);
                }
                tangents
            }
        }
    }
}

fn count_of_bonds(kind: ParameterKind, bonds: usize) -> usize {
    match kind {
        ParameterKind::InverseRange => 1,
        _ => bonds,
    }
}
