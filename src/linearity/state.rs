//! A point of the path, why a step to it is not believed, and how far two states of a solid are apart.

use crate::relax::hessian::{Field, HessianError};
use crate::relax::newton::Equilibrium;
use crate::response::bond::phi;
use crate::response::linear::scatter;
use crate::solid::parameters::ParameterDirection;
use crate::solid::{Solid, Vector};

/// A relaxed state along the path.
pub struct Point<const D: usize> {
    pub gamma: f64,
    pub positions: Field<D>,
    pub equilibrium: Equilibrium<D>,
    /// w = dr/dγ [length], shape (N,).
    pub velocity: Field<D>,
}

impl<const D: usize> Point<D> {
    /// Who rattles, one flag per particle.
    pub fn rattler(&self) -> &[bool] {
        &self.equilibrium.contacts.rattler
    }
}

/// Why a step is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Unstable,
    TooFar,
    NotConverging,
    Jumped,
    NoReturn,
}

impl From<HessianError> for Refusal {
    fn from(_: HessianError) -> Self {
        Refusal::Unstable
    }
}

/// max_i |a_i − b_i| modulo translation, without the rattlers of either state [length].
pub fn distance<const D: usize>(
    a: &Field<D>,
    b: &Field<D>,
    rattlers: &[bool],
    more_rattlers: &[bool],
) -> f64 {
    let counted = |i: usize| !rattlers[i] && !more_rattlers[i];
    let mut mean = Vector::<D>::zeros();
    let mut count = 0.0;
    for i in (0..a.len()).filter(|&i| counted(i)) {
        mean += a[i] - b[i];
        count += 1.0;
    }
    mean /= f64::max(count, 1.0);
    (0..a.len())
        .filter(|&i| counted(i))
        .map(|i| (a[i] - b[i] - mean).norm_squared())
        .fold(0.0_f64, |max, next| if next <= max { max } else { next })
        .sqrt()
}

/// w = −H⁻¹ Σ_b φ₁' R.
pub fn velocity<const D: usize>(
    solid: &Solid<D>,
    along: &ParameterDirection,
    equilibrium: &Equilibrium<D>,
) -> Field<D> {
    let potential = &solid.interactions.potential;
    let mut field = scatter(&equilibrium.contacts.bonds, solid.len(), |_, bond| {
        let ends = [solid.species[bond.i], solid.species[bond.j]];
        let tangent = along.pair(ends, bond.sizes, bond.stretch);
        let radial = potential.radial_along(&bond.pair, &tangent, bond.distance);
        bond.separation * -phi(&radial, bond.distance)[0]
    });
    equilibrium.hessian.solve_one(&mut field);
    field
}
