//! Honest flags of one relaxed solid: how near it is to losing what its linear response rests on.

use nalgebra::DMatrix;

use crate::relax::forces::stiffness;
use crate::relax::newton::Equilibrium;
use crate::solid::Solid;
use crate::solid::contacts::softening;
use crate::solid::neighbors::Candidate;

use super::modes::Modes;
use super::strain::{components, elastic_index};

/// A pair with |r/σ − 1| below this may count as a contact or not by rounding alone; it is also
/// the overlap below which a bond bears no load.
pub const NEAR_CONTACT: f64 = 1e-9;

/// Eigenvalues of H below this, in units of the largest pair curvature, are zero: the rounding of
/// H is about 1e-16 times the number of neighbours, the softest modes at p = 1e-7 about 1e-9.
pub const ZERO_MODE: f64 = 1e-12;

/// The flags of a solid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stability {
    /// Lowest eigenvalue of H without translations and rattlers [energy/length²].
    pub lowest_eigenvalue: f64,
    /// Zero modes beyond the d translations.
    pub zero_modes: usize,
    /// Is the matrix C_ab over the strain components positive definite?
    pub elastic_positive_definite: bool,
    /// The first backbone pair within rounding of a contact change.
    pub near_contact: Option<(usize, usize)>,
}

impl Stability {
    /// From at least one mode, the elastic constants and the candidate pairs.
    pub fn of<const D: usize>(
        solid: &Solid<D>,
        equilibrium: &mut Equilibrium<D>,
        candidates: &[Candidate],
        modes: &Modes<D>,
        elastic: &[f64],
    ) -> Self {
        let lowest_eigenvalue = modes.eigenvalues.first().copied().unwrap_or(0.0);
        Self {
            lowest_eigenvalue,
            zero_modes: zero_modes(solid, equilibrium, lowest_eigenvalue),
            elastic_positive_definite: is_positive_definite(D, elastic),
            near_contact: near_contact(solid, &equilibrium.contacts.rattler, candidates),
        }
    }
}

fn zero_modes<const D: usize>(
    solid: &Solid<D>,
    equilibrium: &mut Equilibrium<D>,
    lowest_eigenvalue: f64,
) -> usize {
    let limit = ZERO_MODE * stiffness(solid) * softening(solid, &equilibrium.contacts.bonds);
    if lowest_eigenvalue >= limit {
        return 0;
    }
    let potential = &solid.interactions.potential;
    let bonds = &equilibrium.contacts.bonds;
    let below = equilibrium.hessian.eigenvalues_below(potential, bonds, limit);
    below.map_or(1, |count| count.saturating_sub(D))
}

/// Is C_ab a positive definite matrix over the strain components?
///
/// The elements are raw (no Voigt or Mandel factors), the shear rows belong to E_xy =
/// (xy + yx)/2: ½ Σ C_ab ε_a ε_b is then the energy density of a strain Σ ε_a E_a, whose sign the
/// scale of the shear components cannot change.
pub fn is_positive_definite(dimension: usize, elastic: &[f64]) -> bool {
    let n = components(dimension).len();
    DMatrix::from_fn(n, n, |a, b| elastic[elastic_index(dimension, a, b)]).cholesky().is_some()
}

fn near_contact<const D: usize>(
    solid: &Solid<D>,
    rattler: &[bool],
    candidates: &[Candidate],
) -> Option<(usize, usize)> {
    if solid.springs.is_some() {
        return None;
    }
    candidates.iter().map(|pair| (pair.i as usize, pair.j as usize)).find(|&(i, j)| {
        let distance = solid.separation(i, j).norm();
        !rattler[i] && !rattler[j] && (distance / solid.pair(i, j).sigma - 1.0).abs() < NEAR_CONTACT
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_isotropic_solid_is_stable_and_one_of_negative_shear_modulus_is_not() {
        // xxxx yyyy xyxy xxyy xxxy yyxy
        assert!(is_positive_definite(2, &[1.0, 1.0, 0.2, 0.5, 0.0, 0.0]));
        assert!(!is_positive_definite(2, &[1.0, 1.0, -0.2, 0.5, 0.0, 0.0]));
        assert!(!is_positive_definite(2, &[1.0, 1.0, 0.2, 1.5, 0.0, 0.0]));
    }
}
