//! The analysis of one solid of the ensemble, with its parameterisations.

use super::error::ReplicaError;
use super::preparation;
use crate::analysis::pairs::{TooFewPairs, draw};
use crate::analysis::solid::{Analysis, AnalysisError};
use crate::analysis::theta::{Level, Theta};
use crate::relax::forces::Forces;
use crate::response::features::{FeatureKind, FeatureRequest};
use crate::response::susceptibility::Susceptibility;
use crate::solid::assignment::Assignment;
use crate::solid::contacts::Contacts;
use crate::solid::parameters::ParameterKind;
use crate::solid::random::StreamKey;
use crate::solid::{Solid, SolidError};
use crate::study::config::{FeaturesConfig, Parameterisation, Scenario};

/// One solid of the ensemble.
pub(super) struct Replicate<const D: usize> {
    /// The key of the attempt that made the solid.
    pub key: StreamKey,
    pub attempts: u64,
    pub analysis: Analysis<D>,
    /// Parameterisations with the singular directions of the sweep set, made when first asked for.
    swept: Vec<Option<(Theta, Susceptibility)>>,
}

impl<const D: usize> Replicate<D> {
    /// From the bytes of a solid alone: every rank gets the same bits.
    pub fn new(scenario: &Scenario, key: StreamKey, bytes: &[u8]) -> Result<Self, ReplicaError> {
        let (solid, attempts) = preparation::decode::<D>(&scenario.solid, &key, bytes)?;
        let mut kinds: Vec<ParameterKind> = scenario.parameters.kinds.concat();
        kinds.sort();
        kinds.dedup();
        let key = preparation::used(key, attempts);
        let request = request_of(&scenario.features, &solid, &key)?;
        let tolerance = scenario.features.rank_tolerance;
        Ok(Self {
            key,
            attempts,
            analysis: Analysis::new(solid, request, &kinds, tolerance)?,
            swept: scenario.parameterisations().iter().map(|_| None).collect(),
        })
    }

    /// A parameterisation with its Jacobian.
    pub fn theta(&self, theta: &Parameterisation) -> Result<Theta, ReplicaError> {
        let assignment = assignment(&self.analysis.solid, theta, &self.key)?;
        Theta::of_species(&self.analysis, assignment, theta.space.kinds()).map_err(|error| {
            let parameter = match error {
                AnalysisError::NotAttractive(parameter) => parameter,
                AnalysisError::NothingAttracts => "every B".to_owned(),
                error => return error.into(),
            };
            ReplicaError::NotAttractive { theta: theta.name.clone(), parameter }
        })
    }

    /// A parameterisation with the singular directions of the sweep set, kept for the next call.
    pub fn swept(
        &mut self,
        scenario: &Scenario,
        index: usize,
    ) -> Result<(&Analysis<D>, &Theta, &Susceptibility), ReplicaError> {
        let made = match self.swept[index].take() {
            Some(made) => made,
            None => {
                let theta = self.theta(&scenario.parameterisations()[index])?;
                let svd = theta.decompose(&self.analysis, &scenario.sweep.set)?;
                (theta, svd)
            }
        };
        let (theta, svd) = self.swept[index].insert(made);
        Ok((&self.analysis, theta, svd))
    }
}

/// The species of a parameterisation; `key` is that of the attempt that made the solid.
pub(super) fn assignment<const D: usize>(
    solid: &Solid<D>,
    theta: &Parameterisation,
    key: &StreamKey,
) -> Result<Assignment, SolidError> {
    match theta.level {
        Level::Particle => Ok(Assignment::particles(solid)),
        _ => Assignment::random(solid, theta.space.species(), key),
    }
}

/// All features of all sets, of a solid at its minimum; `key` is that of the attempt that made it.
pub(super) fn request_of<const D: usize>(
    features: &FeaturesConfig,
    solid: &Solid<D>,
    key: &StreamKey,
) -> Result<FeatureRequest, TooFewPairs> {
    let pairs = match &features.allosteric {
        Some(wanted) if features.has(FeatureKind::Allosteric) => {
            let forces = Forces::new(solid);
            let contacts = Contacts::find(solid, forces.candidates());
            draw(solid, &contacts, wanted, key)?
        }
        _ => Vec::new(),
    };
    Ok(FeatureRequest::new(&features.families(), features.modes, &pairs))
}
