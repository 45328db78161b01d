//! One solid at its minimum: state, linear response and features, computed once for every
//! parameterisation, direction and curve.

use crate::linearity::origin::Origin;
use crate::relax::RelaxError;
use crate::relax::forces::Forces;
use crate::relax::newton::finish;
use crate::response::features::{FeatureKind, FeatureRequest, of_response};
use crate::response::jacobian::BondJacobians;
use crate::response::linear::LinearResponse;
use crate::response::modes::{lowest_modes, most_modes};
use crate::response::stability::Stability;
use crate::response::susceptibility::SvdError;
use crate::solid::Solid;
use crate::solid::parameters::ParameterKind;

/// Why a solid cannot be analysed.
#[derive(Debug, thiserror::Error)]
pub enum AnalysisError {
    #[error(transparent)]
    Relax(#[from] RelaxError),
    #[error(transparent)]
    Svd(#[from] SvdError),
    #[error("{wanted} modes were asked for, but the backbone has only {found}")]
    TooFewModes { wanted: usize, found: usize },
    /// A column of J for the B of a pair that does not attract.
    #[error("{0} = 0 has no derivative")]
    NotAttractive(String),
    /// A column of J for a where nothing attracts.
    #[error("every B = 0: nothing depends on a")]
    NothingAttracts,
    /// A feature of this name is zero and cannot be its own scale.
    #[error("feature {0} is zero at gamma = 0 and has no scale")]
    NoScale(String),
}

/// One solid with its features and their derivatives with respect to every bond.
pub struct Analysis<const D: usize> {
    pub solid: Solid<D>,
    /// What is known of it at γ = 0, features and modes included.
    pub origin: Origin<D>,
    /// U [energy].
    pub energy: f64,
    pub stability: Stability,
    pub(super) bond_jacobians: BondJacobians,
    pub(super) rank_tolerance: f64,
    /// The largest elastic constant in magnitude [energy/length^d].
    modulus: f64,
}

impl<const D: usize> Analysis<D> {
    /// Of a solid exactly where it is; `kinds` are those of every θ that will be asked for.
    ///
    /// # Errors
    /// [`AnalysisError`] where it is not at its minimum, or has fewer modes than asked for.
    pub fn new(
        solid: Solid<D>,
        request: FeatureRequest,
        kinds: &[ParameterKind],
        rank_tolerance: f64,
    ) -> Result<Self, AnalysisError> {
        let mut forces = Forces::new(&solid);
        let mut equilibrium = finish(&solid, &mut forces, None)?;
        // One mode is always needed, for the lowest eigenvalue.
        let modes = lowest_modes(&solid, &mut equilibrium, request.modes.max(1));
        let (wanted, found) = (request.modes, modes.eigenvalues.len());
        if found < wanted && wanted != most_modes(D, solid.len()) {
            return Err(AnalysisError::TooFewModes { wanted, found });
        }
        let response = LinearResponse::new(&solid, &equilibrium);
        let elastic = response.elastic_constants();
        let modulus = elastic.iter().fold(0.0_f64, |largest, c| largest.max(c.abs()));
        let strain_response = response.into_strain_response();
        let stability =
            Stability::of(&solid, &mut equilibrium, forces.candidates(), &modes, &elastic);
        let response = LinearResponse::known(&solid, &equilibrium, &strain_response);
        let features = of_response(&response, modes, &request, true);
        let bond_jacobians =
            BondJacobians::new(&solid, response.bonds, &features.sensitivities, kinds);
        let energy = forces.energy(&solid);
        let origin = Origin { forces, equilibrium, strain_response, request, features };
        Ok(Self { solid, origin, energy, stability, bond_jacobians, rank_tolerance, modulus })
    }

    /// The rows of a feature set among those of all features.
    pub fn rows(&self, set: &[FeatureKind]) -> Vec<usize> {
        self.origin.request.rows(D, set)
    }

    /// The places of those features of a set that have a value in this solid, among its rows.
    pub fn present(&self, set: &[FeatureKind]) -> Vec<usize> {
        let absent = &self.origin.features.absent;
        let rows = self.rows(set);
        (0..rows.len()).filter(|&place| absent[rows[place]].is_none()).collect()
    }

    /// The features of a set that have a value in this solid.
    pub fn present_request(&self, set: &[FeatureKind]) -> FeatureRequest {
        let request = &self.origin.request;
        let absent = &self.origin.features.absent;
        let count = |kind| {
            let rows = request.rows(D, &[kind]);
            rows.iter().map(|&row| absent[row].is_none()).collect::<Vec<bool>>()
        };
        let modes = count(FeatureKind::Modes).into_iter().filter(|&present| present).count();
        let pairs = request.pairs.iter().zip(count(FeatureKind::Allosteric));
        let pairs: Vec<_> = pairs.filter(|(_, present)| *present).map(|(pair, _)| *pair).collect();
        FeatureRequest::new(set, modes, &pairs)
    }

    /// The features of these rows.
    pub fn values(&self, rows: &[usize]) -> Vec<f64> {
        rows.iter().map(|&row| self.origin.features.values[row]).collect()
    }

    /// The smallest of what the features of these kinds are sums of: the elastic constants for stress,
    /// which may vanish itself, and the values of the others.
    pub(super) fn size_of(&self, set: &[FeatureKind]) -> f64 {
        let features = &self.origin.features;
        let size = |&kind: &FeatureKind| match kind {
            FeatureKind::Stress | FeatureKind::Elastic => self.modulus,
            _ => {
                let rows = self.rows(&[kind]).into_iter();
                let present = rows.filter(|&row| features.absent[row].is_none());
                present.map(|row| features.values[row].abs()).fold(0.0, f64::max)
            }
        };
        set.iter().map(size).fold(f64::INFINITY, f64::min)
    }
}
