//! What is known of one solid at its minimum, and the table of it.

use super::error::MeasureError;
use super::theta::Theta;
use crate::linearity::thresholds::Threshold;
use crate::response::features::{FeatureRequest, Features};
use crate::response::linear::LinearResponse;
use crate::response::stability::Stability;
use crate::response::susceptibility::{RANK_TOLERANCE, Susceptibility, decompose};
use crate::solid::Solid;
use crate::study::config::Feature;
use crate::study::replica::{select, set_rows};

/// A direction in the table.
#[derive(Clone, Debug)]
pub struct DirectionSummary {
    /// +1 or −1, its orientation.
    pub sign: i32,
    /// |J Δθ̂| over the features of the sweep.
    pub susceptibility: f64,
    pub gamma_tilde: f64,
    /// γ*, γ_c, γ_r, where it was swept.
    pub thresholds: Option<[Threshold; 3]>,
}

/// What was found, for a table.
#[derive(Clone, Debug)]
pub struct Summary {
    pub name: String,
    pub dimension: usize,
    pub particles: usize,
    /// [energy/length^d]
    pub pressure: f64,
    pub energy: f64,
    pub max_force: f64,
    pub rattlers: usize,
    pub contacts: usize,
    pub stability: Stability,
    pub features: usize,
    pub degenerate: usize,
    pub parameters: usize,
    pub inert: usize,
    pub singular_values: Vec<f64>,
    pub rank: usize,
    pub rank_without_modes: Option<usize>,
    pub gap: f64,
    /// Rows of `directions` that were not of unit length.
    pub normalised: Vec<usize>,
    pub directions: Vec<DirectionSummary>,
}

/// Everything that later steps need of one solid.
pub(super) struct Measured<'a, const D: usize> {
    pub name: &'a str,
    pub solid: &'a Solid<D>,
    pub response: LinearResponse<'a, D>,
    pub request: FeatureRequest,
    pub features: Features<D>,
    pub theta: Theta,
    /// J, shape (n_y, n_θ).
    pub jacobian: faer::Mat<f64>,
}

impl<const D: usize> Measured<'_, D> {
    /// The singular value decomposition of some rows of J.
    pub fn decompose(&self, set: &[Feature]) -> Result<Susceptibility, MeasureError> {
        let rows = set_rows(&self.request, D, set);
        decompose(select(self.jacobian.as_ref(), &rows).as_ref(), RANK_TOLERANCE)
            .map_err(|source| MeasureError::Svd { name: self.name.to_owned(), source })
    }
}
