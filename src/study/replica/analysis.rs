//! Everything that the linear response says about one solid, and its parameterisations.

use faer::{Mat, MatRef};

use super::error::ReplicaError;
use super::preparation;
use crate::linearity::settings::SweepSettings;
use crate::relax::forces::Forces;
use crate::relax::newton::{Equilibrium, finish};
use crate::response::features::{FeatureKind, FeatureRequest, Features, of_response};
use crate::response::jacobian::BondJacobians;
use crate::response::linear::LinearResponse;
use crate::response::modes::lowest_modes;
use crate::response::stability::Stability;
use crate::response::susceptibility::{Susceptibility, decompose};
use crate::solid::assignment::Assignment;
use crate::solid::parameters::{ParameterKind, ParameterSpace};
use crate::solid::random::StreamKey;
use crate::solid::{Solid, SolidError};
use crate::study::config::{
    Feature, FeaturesConfig, Kinds, Level, Parameterisation, Scenario, SweepConfig,
};

/// One solid with its features and their derivatives with respect to every bond.
pub(super) struct Analysis<const D: usize> {
    pub solid: Solid<D>,
    /// The key of the attempt that made the solid.
    pub key: StreamKey,
    pub attempts: u64,
    pub equilibrium: Equilibrium<D>,
    /// U [energy].
    pub energy: f64,
    pub stability: Stability,
    pub request: FeatureRequest,
    pub features: Features<D>,
    jacobians: BondJacobians,
    rank_tolerance: f64,
    /// Parameterisations with the singular directions of the sweep set, made when first asked for.
    pub swept: Vec<Option<(Theta, Susceptibility)>>,
}

/// One parameterisation θ of a solid.
pub(super) struct Theta {
    pub assignment: Assignment,
    pub space: ParameterSpace,
    /// J, shape (n_y, n_θ).
    pub jacobian: Mat<f64>,
    /// Parameters that no bond depends on, shape (n_θ,).
    pub inert: Vec<bool>,
}

/// The kinds of parameters that a configuration names.
pub fn parameter_kinds(kinds: &Kinds) -> Vec<ParameterKind> {
    let wanted = [kinds.diameters, kinds.repulsions, kinds.attractions, kinds.inverse_range];
    ParameterKind::ALL.into_iter().zip(wanted).filter_map(|(k, w)| w.then_some(k)).collect()
}

/// The request for these families of features.
pub fn feature_request(features: &[Feature], modes: usize) -> FeatureRequest {
    FeatureRequest {
        stress: features.contains(&Feature::Stress),
        elastic: features.contains(&Feature::Elastic),
        modes: if features.contains(&Feature::Modes) { modes } else { 0 },
        derived: features.contains(&Feature::Derived),
    }
}

/// The rows of a set among those of the request.
pub fn set_rows(request: &FeatureRequest, dimension: usize, set: &[Feature]) -> Vec<usize> {
    let kinds: Vec<FeatureKind> = set
        .iter()
        .map(|feature| match feature {
            Feature::Stress => FeatureKind::Stress,
            Feature::Elastic => FeatureKind::Elastic,
            Feature::Modes => FeatureKind::Modes,
            Feature::Derived => FeatureKind::Derived,
        })
        .collect();
    request.rows(dimension, &kinds)
}

/// The settings of a sweep.
pub fn sweep_settings(config: &SweepConfig) -> SweepSettings {
    SweepSettings {
        gamma_min: config.gamma_min,
        gamma_max: config.gamma_max,
        points: config.points,
        deviation: config.deviation,
        bracket: config.bracket,
        protocol: config.protocol,
        start: config.start,
    }
}

/// A feature this small beside the largest one is rounding, and no scale: the shear stress of a
/// crystal is 1e-17.
const NEGLIGIBLE: f64 = 1e-12;

/// 1/|y₀| of every feature; the label of one that is zero within rounding is the error.
pub fn inverse_magnitudes(start: &[f64], labels: &[String]) -> Result<Vec<f64>, String> {
    let largest = start.iter().fold(0.0, |max: f64, value| max.max(value.abs()));
    start
        .iter()
        .zip(labels)
        .map(|(value, label)| {
            let usable = value.abs() > NEGLIGIBLE * largest;
            if usable { Ok(1.0 / value.abs()) } else { Err(label.clone()) }
        })
        .collect()
}

/// Some rows of a matrix, in the order of `rows`.
pub fn select(matrix: MatRef<'_, f64>, rows: &[usize]) -> Mat<f64> {
    Mat::from_fn(rows.len(), matrix.ncols(), |row, column| matrix[(rows[row], column)])
}

impl<const D: usize> Analysis<D> {
    /// From the bytes of a solid alone: every rank gets the same bits.
    pub fn new(scenario: &Scenario, key: StreamKey, bytes: &[u8]) -> Result<Self, ReplicaError> {
        let (solid, attempts) = preparation::decode::<D>(&scenario.solid, &key, bytes)?;
        let mut forces = Forces::new(&solid);
        let mut equilibrium = finish(&solid, &mut forces, None)?;
        let request = request_of(&scenario.features);
        // One mode is always needed, for the lowest eigenvalue.
        let modes = lowest_modes(&solid, &mut equilibrium, request.modes.max(1));
        if modes.eigenvalues.len() < request.modes {
            return Err(ReplicaError::TooFewModes {
                wanted: request.modes,
                found: modes.eigenvalues.len(),
            });
        }
        let elastic = LinearResponse::new(&solid, &equilibrium).elastic_constants();
        let stability =
            Stability::of(&solid, &mut equilibrium, forces.candidates(), &modes, &elastic);
        let response = LinearResponse::new(&solid, &equilibrium);
        let features = of_response(&response, modes, &request, true);
        let mut kinds: Vec<ParameterKind> =
            scenario.parameters.kinds.iter().flat_map(parameter_kinds).collect();
        kinds.sort();
        kinds.dedup();
        let bonds = &equilibrium.contacts.bonds;
        let jacobians = BondJacobians::new(&solid, bonds, &features.sensitivities, &kinds);
        Ok(Self {
            key: preparation::used(key, attempts),
            attempts,
            energy: forces.energy(&solid),
            stability,
            request,
            features,
            jacobians,
            rank_tolerance: scenario.features.rank_tolerance,
            swept: scenario.parameterisations().iter().map(|_| None).collect(),
            solid,
            equilibrium,
        })
    }

    /// A parameterisation with its Jacobian.
    pub fn theta(&self, theta: &Parameterisation) -> Result<Theta, ReplicaError> {
        let assignment = assignment(&self.solid, theta, &self.key)?;
        let space = ParameterSpace::new(&parameter_kinds(&theta.kinds), theta.species);
        check_attraction(theta, &assignment)?;
        let bonds = &self.equilibrium.contacts.bonds;
        let projected = self.jacobians.projected(bonds, &assignment.species, &space);
        Ok(Theta { assignment, space, jacobian: projected.matrix, inert: projected.inert })
    }

    /// The singular value decomposition of some rows of J.
    pub fn decompose(
        &self,
        theta: &Theta,
        set: &[Feature],
    ) -> Result<Susceptibility, ReplicaError> {
        let rows = set_rows(&self.request, D, set);
        Ok(decompose(select(theta.jacobian.as_ref(), &rows).as_ref(), self.rank_tolerance)?)
    }

    /// A parameterisation with the singular directions of the sweep set, kept for the next call.
    pub fn swept(
        &mut self,
        scenario: &Scenario,
        index: usize,
    ) -> Result<&(Theta, Susceptibility), ReplicaError> {
        let made = match self.swept[index].take() {
            Some(made) => made,
            None => {
                let theta = self.theta(&scenario.parameterisations()[index])?;
                let susceptibility = self.decompose(&theta, &scenario.sweep.set)?;
                (theta, susceptibility)
            }
        };
        Ok(self.swept[index].insert(made))
    }
}

/// The species of a parameterisation; `key` is that of the attempt that made the solid.
pub(super) fn assignment<const D: usize>(
    solid: &Solid<D>,
    theta: &Parameterisation,
    key: &StreamKey,
) -> Result<Assignment, SolidError> {
    match theta.level {
        Level::Species => Assignment::random(solid, theta.species, key),
        Level::Particle => Ok(Assignment::particles(solid)),
    }
}

/// All features of all sets.
pub(super) fn request_of(features: &FeaturesConfig) -> FeatureRequest {
    feature_request(&features.families(), features.modes)
}

/// B and a move nothing where no pair attracts: such a column is refused, not silently zero.
fn check_attraction(theta: &Parameterisation, assignment: &Assignment) -> Result<(), ReplicaError> {
    let interactions = &assignment.interactions;
    let refuse = |parameter: String| {
        Err(ReplicaError::NotAttractive { theta: theta.name.clone(), parameter })
    };
    if theta.kinds.attractions {
        for s in 0..theta.species {
            for t in s..theta.species {
                if interactions.depths.get(s, t) == 0.0 {
                    return refuse(format!("B_{s}_{t}"));
                }
            }
        }
    }
    if theta.kinds.inverse_range && !interactions.attractive() {
        return refuse("every B".to_owned());
    }
    Ok(())
}
