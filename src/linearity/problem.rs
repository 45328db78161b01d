//! What is swept: one direction of one solid.

use crate::response::features::FeatureRequest;
use crate::solid::Solid;
use crate::solid::parameters::{ParameterKind, ParameterSpace};

/// One direction of one solid.
pub struct SweepProblem<'a, const D: usize> {
    /// Relaxed, with the species and interactions of the parameterisation.
    pub solid: &'a Solid<D>,
    pub space: &'a ParameterSpace,
    /// Δθ̂, |Δθ̂| = 1, shape (n_θ,).
    pub direction: &'a [f64],
    /// The features of the set, all of which have a value at γ = 0.
    pub request: FeatureRequest,
    /// Weight of each feature in |Δy|, shape (n_y,); `None`: all 1.
    pub weights: Option<&'a [f64]>,
}

impl<const D: usize> SweepProblem<'_, D> {
    /// θ(γ) = θ₀ + γ Δθ̂, shape (n_θ,); `theta` is θ₀.
    pub fn values(&self, theta: &[f64], gamma: f64) -> Vec<f64> {
        theta.iter().zip(self.direction).map(|(value, slope)| value + gamma * slope).collect()
    }

    /// The largest γ at which every parameter is in its range (D, k, a > 0; B ≥ 0).
    pub fn largest_gamma(&self, theta: &[f64]) -> f64 {
        theta
            .iter()
            .zip(self.direction)
            .enumerate()
            .filter(|(index, (_, slope))| {
                // B at its bound 0 with a zero slope stays there.
                **slope < 0.0 && self.space.kind_of(*index).is_some()
            })
            .map(|(index, (value, slope))| {
                let at_zero = -value / slope;
                match self.space.kind_of(index) {
                    Some(ParameterKind::Depth) => at_zero,
                    // Strictly positive: stop just before zero.
                    _ => at_zero * (1.0 - 1e-9),
                }
            })
            .fold(f64::INFINITY, f64::min)
    }
}
