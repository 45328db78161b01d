//! γ-sweeps.

use crate::response::features::FeatureRequest;
use crate::solid::Solid;
use crate::solid::parameters::ParameterSpace;

use super::thresholds::SweepResult;

/// How the solid follows the parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Predictor and corrector, FIRE only where these fail.
    Continuation,
    /// FIRE at every step of γ/200: slow, plain, the judge of the other.
    Referee,
}

/// Where each relaxation starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// From the previous γ.
    Warm,
    /// From γ = 0.
    Zero,
}

/// The settings of a sweep.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SweepSettings {
    pub gamma_min: f64,
    pub gamma_max: f64,
    /// Points of the geometric grid of the curve.
    pub points: usize,
    /// The relative deviation that ends the linear regime.
    pub deviation: f64,
    /// Relative width of the brackets.
    pub bracket: f64,
    pub protocol: Protocol,
    pub start: Start,
}

/// One direction of one solid.
pub struct SweepProblem<'a, const D: usize> {
    /// Relaxed, with the species and interactions of the parameterisation.
    pub solid: &'a Solid<D>,
    pub space: &'a ParameterSpace,
    /// Δθ̂, |Δθ̂| = 1, shape (n_θ,).
    pub direction: &'a [f64],
    /// The features of the set, all of its rows.
    pub request: FeatureRequest,
    /// Weight of each feature in |Δy|, shape (n_y,); `None`: all 1.
    pub weights: Option<&'a [f64]>,
}

/// Sweeps a direction.
pub fn sweep<const D: usize>(
    _problem: &SweepProblem<D>,
    _settings: &SweepSettings,
    _with_curve: bool,
) -> SweepResult {
    todo!()
}
