//! What is measured along the path: the change of the features against the linear prediction.
//!
//! A feature may lose its value on the way, where a particle leaves the backbone: then the prediction
//! holds no longer, and the deviation has no limit.

use crate::relax::RelaxError;
use crate::relax::newton::Equilibrium;
use crate::response::curvature::{
    DirectionResponse, curvature, directional_derivative, gamma_tilde,
};
use crate::response::features::{FeatureRequest, of_response};
use crate::response::linear::LinearResponse;
use crate::response::modes::{Modes, lowest_modes};
use crate::solid::Solid;
use crate::solid::parameters::ParameterDirection;

use super::origin::Origin;
use super::problem::SweepProblem;

/// What is measured along the path against the linear prediction.
pub(super) struct Yardstick<'a> {
    request: FeatureRequest,
    weights: Option<&'a [f64]>,
    start: Vec<f64>,
    pub(super) linear: Vec<f64>,
    pub(super) curvature: Vec<f64>,
}

impl<'a> Yardstick<'a> {
    /// Features, J Δθ̂ and d²y/dγ² at γ = 0.
    pub(super) fn new<const D: usize>(problem: &SweepProblem<'a, D>, origin: &Origin<D>) -> Self {
        let (solid, request) = (problem.solid, &problem.request);
        let response = origin.response(solid);
        let along = ParameterDirection::new(problem.space, problem.direction);
        let direction = DirectionResponse::new(&response, &along, &solid.species);
        let none = Modes::none();
        let modes = if request.modes > 0 { &origin.features.modes } else { &none };
        let mut rows = origin.request.rows(D, &request.kinds());
        rows.retain(|&row| origin.features.absent[row].is_none());
        Self {
            request: request.clone(),
            weights: problem.weights,
            start: rows.iter().map(|&row| origin.features.values[row]).collect(),
            linear: directional_derivative(&response, &direction, modes, request),
            curvature: curvature(&response, &direction, modes, request),
        }
    }

    /// |v| with the weights of the features.
    pub(super) fn norm(&self, values: impl Iterator<Item = f64>) -> f64 {
        self.weighted(values).map(|x| x * x).sum::<f64>().sqrt()
    }

    fn weighted(&self, values: impl Iterator<Item = f64>) -> impl Iterator<Item = f64> {
        let weight = |row: usize| self.weights.map_or(1.0, |weights| weights[row]);
        values.enumerate().map(move |(row, x)| x * weight(row))
    }

    /// γ̃ for a fraction.
    pub(super) fn gamma_tilde(&self, fraction: f64) -> f64 {
        let weighted = |values: &[f64]| self.weighted(values.iter().copied()).collect::<Vec<_>>();
        gamma_tilde(&weighted(&self.linear), &weighted(&self.curvature), fraction)
    }

    /// Δy of the solid elsewhere; none where a feature has no value any more.
    ///
    /// # Errors
    /// [`RelaxError`] where a feature is not finite there.
    pub(super) fn change<const D: usize>(
        &self,
        solid: &Solid<D>,
        equilibrium: &mut Equilibrium<D>,
    ) -> Result<Option<Vec<f64>>, RelaxError> {
        let modes = lowest_modes(solid, equilibrium, self.request.modes);
        let response = LinearResponse::new(solid, equilibrium);
        let features = of_response(&response, modes, &self.request, false);
        if features.absent.iter().any(Option::is_some) {
            return Ok(None);
        }
        let change: Vec<f64> =
            features.values.iter().zip(&self.start).map(|(y, y0)| y - y0).collect();
        match change.iter().all(|dy| dy.is_finite()) {
            true => Ok(Some(change)),
            false => Err(RelaxError::NotFinite),
        }
    }

    /// The deviation from the linear prediction of the solid at γ; infinite where a feature has lost its value.
    ///
    /// # Errors
    /// As [`Self::change`]; where there is no linear prediction.
    pub(super) fn deviation<const D: usize>(
        &self,
        solid: &Solid<D>,
        equilibrium: &mut Equilibrium<D>,
        gamma: f64,
    ) -> Result<f64, RelaxError> {
        let change = self.change(solid, equilibrium)?;
        change.map_or(Ok(f64::INFINITY), |change| self.relative(&change, gamma))
    }

    /// |Δy − J Δθ̂ γ| / |J Δθ̂ γ|; never NaN.
    fn relative(&self, change: &[f64], gamma: f64) -> Result<f64, RelaxError> {
        let off = self.norm(change.iter().zip(&self.linear).map(|(dy, j)| dy - j * gamma));
        let deviation = off / self.norm(self.linear.iter().map(|j| j * gamma));
        if deviation.is_nan() { Err(RelaxError::NotFinite) } else { Ok(deviation) }
    }
}
