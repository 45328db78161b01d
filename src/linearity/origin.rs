//! A solid at γ = 0 with what its response needs, computed once for all of its directions.

use crate::relax::RelaxError;
use crate::relax::forces::Forces;
use crate::relax::newton::{Equilibrium, finish};
use crate::response::features::{FeatureRequest, Features, of_response};
use crate::response::linear::{LinearResponse, StrainResponse};
use crate::response::modes::lowest_modes;
use crate::solid::Solid;

use super::path::Path;
use super::problem::SweepProblem;

/// A relaxed solid. Its species may be others than those of the directions: re-assigning them does
/// not change it.
pub struct Origin<const D: usize> {
    /// With the list at the minimum.
    pub forces: Forces<D>,
    pub equilibrium: Equilibrium<D>,
    pub strain_response: StrainResponse<D>,
    pub request: FeatureRequest,
    pub features: Features<D>,
}

impl<const D: usize> Origin<D> {
    /// Of these features alone, without their sensitivities.
    ///
    /// # Errors
    /// [`RelaxError`] where the solid is not at its minimum.
    pub fn new(solid: &Solid<D>, request: &FeatureRequest) -> Result<Self, RelaxError> {
        let mut forces = Forces::new(solid);
        let mut equilibrium = finish(solid, &mut forces, None)?;
        let modes = lowest_modes(solid, &mut equilibrium, request.modes);
        let response = LinearResponse::new(solid, &equilibrium);
        let features = of_response(&response, modes, request, false);
        let strain_response = response.into_strain_response();
        Ok(Self { forces, equilibrium, strain_response, request: request.clone(), features })
    }

    /// The response of this solid.
    pub fn response<'a>(&'a self, solid: &'a Solid<D>) -> LinearResponse<'a, D> {
        LinearResponse::known(solid, &self.equilibrium, &self.strain_response)
    }

    /// A path that starts here.
    pub(super) fn path<'a>(&self, problem: &'a SweepProblem<'a, D>) -> Path<'a, D> {
        Path::at_minimum(problem, self.forces.clone(), self.equilibrium.clone())
    }
}
