//! A point of the path, why a step to it is not believed, and how far two states of a solid are apart.

use crate::relax::forces::max_norm;
use crate::relax::hessian::{Field, HessianError, multiply};
use crate::relax::newton::Equilibrium;
use crate::response::bond::phi;
use crate::response::linear::scatter;
use crate::solid::contacts::Contacts;
use crate::solid::parameters::ParameterDirection;
use crate::solid::{Solid, Vector};

/// A relaxed state along the path.
#[derive(Clone)]
pub struct Point<const D: usize> {
    pub gamma: f64,
    pub positions: Field<D>,
    pub equilibrium: Equilibrium<D>,
    /// w = dr/dγ [length], shape (N,).
    pub velocity: Field<D>,
    /// φ₁ and φ₂ of its bonds where the factor is that of a state nearby: what is solved with it is refined.
    pub refined_with: Option<Vec<(f64, f64)>>,
}

/// Rounds of refinement in which a factor of a state nearby has to do.
const REFINEMENTS: usize = 5;

impl<const D: usize> Point<D> {
    /// Who rattles, one flag per particle.
    pub fn rattler(&self) -> &[bool] {
        &self.equilibrium.contacts.rattler
    }

    /// Solves H x = b in place, b without rattlers and translations: where the factor is that of a state nearby,
    /// to |b − H x| below this share of |b| (largest components). Says whether it has come so far.
    pub fn solve(&self, field: &mut Field<D>, share: f64) -> bool {
        let hessian = &self.equilibrium.hessian;
        let Some(stiffness) = &self.refined_with else {
            hessian.solve_one(field);
            return true;
        };
        let right = field.clone();
        let limit = share * max_norm(&right);
        hessian.solve_one(field);
        let mut rest = vec![Vector::zeros(); field.len()];
        for _ in 0..REFINEMENTS {
            multiply(&self.equilibrium.contacts.bonds, stiffness, field, &mut rest);
            rest.iter_mut().zip(&right).for_each(|(product, b)| *product = b - *product);
            if max_norm(&rest) <= limit {
                return true;
            }
            hessian.solve_one(&mut rest);
            field.iter_mut().zip(&rest).for_each(|(x, more)| *x += more);
        }
        false
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

/// −Σ_b φ₁' R: how fast the forces on the backbone grow with γ where it stays.
pub fn driving_force<const D: usize>(
    solid: &Solid<D>,
    along: &ParameterDirection,
    contacts: &Contacts<D>,
) -> Field<D> {
    let potential = &solid.interactions.potential;
    scatter(&contacts.bonds, solid.len(), |_, bond| {
        let ends = [solid.species[bond.i], solid.species[bond.j]];
        let tangent = along.pair(ends, bond.sizes, bond.stretch);
        let radial = potential.radial_along(&bond.pair, &tangent, bond.distance);
        bond.separation * -phi(&radial, bond.distance)[0]
    })
}
