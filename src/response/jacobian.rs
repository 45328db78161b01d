//! The Jacobian J = dy/dθ through the minimisation, Eq. (2), at fixed box.
//!
//! The sensitivities give dy/dφ₁ and dy/dφ₂ of every bond. A bond's σ, k and B change its φ₁ and
//! φ₂; D_s moves σ of a bond by ½ λ_i for each of its ends in s, λ_i being the particle's size factor; k_st (= k_ts) and B_st move those of
//! their own bonds; a moves all. J of any parameterisation is therefore a sum over bonds, and costs
//! no further solve.

use faer::Mat;

use crate::solid::Solid;
use crate::solid::contacts::Bond;
use crate::solid::parameters::{ParameterKind, ParameterSpace, upper_index};
use crate::solid::potential::PairTangent;

use super::bond::phi;
use super::sensitivity::Sensitivity;

/// dy/dq of every bond for one kind of bond-level parameter q: shape (n_y, bonds).
///
/// The bond-level diameter is σ_b itself; of a spring λ_b σ_b is its rest length.
pub fn bond_jacobian<const D: usize>(
    solid: &Solid<D>,
    bonds: &[Bond<D>],
    sensitivities: &[Sensitivity],
    kind: ParameterKind,
) -> Mat<f64> {
    let potential = &solid.interactions.potential;
    let mut jacobian = Mat::zeros(sensitivities.len(), bonds.len());
    for (index, bond) in bonds.iter().enumerate() {
        let tangent = match kind {
            ParameterKind::Diameter => PairTangent { sigma: bond.stretch, ..Default::default() },
            ParameterKind::Stiffness => PairTangent { k: 1.0, ..Default::default() },
            ParameterKind::Depth => PairTangent { depth: 1.0, ..Default::default() },
            ParameterKind::InverseRange => PairTangent { a: 1.0, ..Default::default() },
        };
        let along = potential.radial_along(&bond.pair, &tangent, bond.distance);
        let [phi1, phi2, ..] = phi(&along, bond.distance);
        for (row, sensitivity) in sensitivities.iter().enumerate() {
            jacobian[(row, index)] =
                sensitivity.phi1[index] * phi1 + sensitivity.phi2[index] * phi2;
        }
    }
    jacobian
}

/// Bond-level Jacobians by kind, computed once and summed into any parameterisation.
pub struct BondJacobians {
    kinds: Vec<(ParameterKind, Mat<f64>)>,
    rows: usize,
}

/// J of one parameterisation.
pub struct SpeciesJacobian {
    /// Shape (n_y, n_θ).
    pub matrix: Mat<f64>,
    /// Parameters that no bond depends on (of rattlers, or of species that never meet): zero columns, shape (n_θ,).
    pub inert: Vec<bool>,
}

impl BondJacobians {
    /// For these kinds of parameters.
    pub fn new<const D: usize>(
        solid: &Solid<D>,
        bonds: &[Bond<D>],
        sensitivities: &[Sensitivity],
        kinds: &[ParameterKind],
    ) -> Self {
        Self {
            kinds: kinds
                .iter()
                .map(|&kind| (kind, bond_jacobian(solid, bonds, sensitivities, kind)))
                .collect(),
            rows: sensitivities.len(),
        }
    }

    /// J of the bonds' own parameters: those of every bond by kind, but one a for all.
    pub fn of_bonds(&self) -> Mat<f64> {
        let columns = |kind: ParameterKind, of_bonds: &Mat<f64>| match kind {
            ParameterKind::InverseRange => 1,
            _ => of_bonds.ncols(),
        };
        let width = self.kinds.iter().map(|(kind, of_bonds)| columns(*kind, of_bonds)).sum();
        let mut matrix = Mat::zeros(self.rows, width);
        let mut offset = 0;
        for (kind, of_bonds) in &self.kinds {
            let columns = columns(*kind, of_bonds);
            for bond in 0..of_bonds.ncols() {
                let column = offset + bond.min(columns - 1);
                for row in 0..self.rows {
                    matrix[(row, column)] += of_bonds[(row, bond)];
                }
            }
            offset += columns;
        }
        matrix
    }

    /// Sums the columns of the bonds into those of θ; `species` assigns every particle.
    ///
    /// Kinds that were not computed are left zero; ask for all that θ holds.
    pub fn projected<const D: usize>(
        &self,
        bonds: &[Bond<D>],
        species: &[usize],
        space: &ParameterSpace,
    ) -> SpeciesJacobian {
        let mut matrix = Mat::zeros(self.rows, space.len());
        let mut inert = vec![true; space.len()];
        for (kind, of_bonds) in &self.kinds {
            let Some(offset) = space.offset(*kind) else { continue };
            let mut add = |column: usize, weight: f64, bond: usize| {
                inert[column] = false;
                for row in 0..self.rows {
                    matrix[(row, column)] += weight * of_bonds[(row, bond)];
                }
            };
            for (index, bond) in bonds.iter().enumerate() {
                let (s, t) = (species[bond.i], species[bond.j]);
                match kind {
                    ParameterKind::Diameter => {
                        add(offset + s, 0.5 * bond.sizes[0], index);
                        add(offset + t, 0.5 * bond.sizes[1], index);
                    }
                    ParameterKind::Stiffness | ParameterKind::Depth => {
                        add(offset + upper_index(space.species(), s, t), 1.0, index);
                    }
                    ParameterKind::InverseRange => add(offset, 1.0, index),
                }
            }
        }
        SpeciesJacobian { matrix, inert }
    }
}
