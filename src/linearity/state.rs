//! A point of the path.

use crate::relax::hessian::Field;
use crate::relax::newton::Equilibrium;

/// A relaxed state along the path.
pub struct Point<const D: usize> {
    pub gamma: f64,
    pub positions: Field<D>,
    pub equilibrium: Equilibrium<D>,
    /// w = dr/dγ [length], shape (N,).
    pub velocity: Field<D>,
}
