//! The statistics of one scenario.

use serde::Serialize;

use super::designs::DesignStatistics;
use super::distribution::{Bounds, Distribution, Estimate};
use crate::analysis::quantities as q;
use crate::analysis::unit::Units;
use crate::format::archive::State;
use crate::study::config::{Scenario, set_name};
use crate::study::reasons::Reason;

/// How many are pending, done, failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Not computed.
    pub pending: u64,
    /// Computed.
    pub done: u64,
    /// Failed.
    pub failed: u64,
}

/// The statistics of one scenario.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ScenarioStatistics {
    /// Its name.
    pub name: String,
    /// Work items.
    pub items: Counts,
    /// Solids: the first part of every replica.
    pub solids: Counts,
    /// Kinds of failures, the most frequent first.
    pub reasons: Vec<Reason>,
    /// One entry per parameterisation.
    pub parameterisations: Vec<ThetaStatistics>,
}

/// The statistics of one parameterisation.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ThetaStatistics {
    /// Its name.
    pub name: String,
    /// n_θ.
    pub parameters: usize,
    /// One entry per feature set.
    pub sets: Vec<SetStatistics>,
    /// The γ-sweeps, where there are some.
    pub sweeps: Option<SweepStatistics>,
    /// One entry per design.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub designs: Vec<DesignStatistics>,
}

/// The singular values of one feature set.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SetStatistics {
    /// Its name.
    pub name: String,
    /// n_y.
    pub features: usize,
    /// Unit of the singular values; "mixed" where they have several.
    pub unit: String,
    /// min(n_y, n_θ).
    pub largest_rank: usize,
    /// Solids.
    pub solids: u64,
    /// Solids whose rank is the largest that they can have: the smaller one of the number of features that
    /// they have (modes, strains of pairs may lack) and that of the parameters that some bond depends on.
    pub full_rank: u64,
    /// The smallest and the largest rank found.
    pub ranks: Option<(i32, i32)>,
    /// Number of solids for every rank deficit, from 0 on: how far the rank is below that.
    pub rank_deficits: Vec<u64>,
    /// Singular values of all solids and modes.
    pub singular_values: Distribution,
    /// The singular values of every index, the largest first.
    pub by_mode: Vec<Distribution>,
    /// s_min/s_max of every solid, s_min being the last one that it can have.
    pub condition: Distribution,
}

/// The thresholds of the γ-sweeps of all solids and directions.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SweepStatistics {
    /// The feature set.
    pub set: String,
    /// Unit of γ, which is that of θ; "mixed" where there are several.
    pub unit_of_gamma: String,
    /// Unit of ζ, which is that of the features.
    pub unit_of_zeta: String,
    /// Swept directions.
    pub directions: u64,
    /// Solids with swept directions.
    pub solids: u64,
    /// Of these, the ones behind intervals and correlations: all, unless there are too many.
    pub sampled_solids: u64,
    /// γ*, the geometric mean of its bracket.
    pub gamma_star: Bounds,
    /// First contact change, likewise.
    pub gamma_contact: Bounds,
    /// First rearrangement, likewise.
    pub gamma_rearrangement: Bounds,
    /// Where the second order alone predicts γ*.
    pub gamma_tilde: Distribution,
    /// ζ = s γ*.
    pub zeta: Bounds,
    /// With s.
    pub correlations: Correlations,
    /// Directions by the cause of γ*, γ_c, γ_r: the order of `Cause::ALL`.
    pub causes: Causes,
    /// Work per direction.
    pub cost: Cost,
}

/// Correlations with s over the directions of a sweep for which γ* was looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Correlations {
    /// Number of these directions.
    pub directions: u64,
    /// Those of them whose γ* is censored.
    pub censored: u64,
    /// Of γ*.
    pub gamma_star: Correlation,
    /// Of ζ = s γ*.
    pub zeta: Correlation,
    /// Of s γ* with the γ* shuffled among the directions of the scenario, which is what ζ owes to
    /// containing s: the mean over shuffles.
    pub zeta_shuffled: Correlation,
    /// That of ζ less that.
    pub zeta_minus_shuffled: Correlation,
}

/// Coefficients of correlation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Correlation {
    /// Spearman's, of ranks; its bounds are those over all values that censored ones may have.
    pub spearman: Estimate,
    /// Pearson's, of logarithms, every censored value where its sweep ended.
    pub pearson: Estimate,
}

/// Numbers of directions by cause, in the order of `Cause::ALL`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Causes {
    /// Of γ*.
    pub gamma_star: Vec<u64>,
    /// Of γ_c.
    pub gamma_contact: Vec<u64>,
    /// Of γ_r.
    pub gamma_rearrangement: Vec<u64>,
}

/// Mean work per direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Cost {
    /// Accepted steps.
    pub steps: f64,
    /// Relaxations.
    pub relaxations: f64,
    /// Factorisations of the Hessian.
    pub factorisations: f64,
    /// Force evaluations.
    pub force_evaluations: f64,
}

impl ScenarioStatistics {
    /// Before there is anything to count.
    pub fn none(scenario: &Scenario) -> Self {
        let (features, dimension) = (&scenario.features, scenario.solid.dimension);
        let (swept, designed) = (scenario.swept(), scenario.designed());
        let parameterisations = scenario.parameterisations().into_iter().enumerate();
        let parameterisations = parameterisations.map(|(index, theta)| {
            let set = |set: &Vec<_>| {
                let features = features.set_labels(set, dimension).len();
                SetStatistics {
                    name: set_name(set),
                    features,
                    unit: q::SINGULAR_VALUES.unit(&Units::new(dimension, set, theta.space.kinds())),
                    largest_rank: features.min(theta.parameters()),
                    ..Default::default()
                }
            };
            let sweeps = || {
                let units = Units::new(dimension, &scenario.sweep.set, theta.space.kinds());
                let units = units.scaled(&scenario.sweep.scale);
                SweepStatistics {
                    set: set_name(&scenario.sweep.set),
                    unit_of_gamma: q::GAMMA_STAR.unit(&units),
                    unit_of_zeta: q::ZETA.unit(&units),
                    ..Default::default()
                }
            };
            ThetaStatistics {
                parameters: theta.parameters(),
                sets: features.sets.iter().map(set).collect(),
                sweeps: swept.contains(&index).then(sweeps),
                designs: match designed.contains(&index) {
                    true => scenario
                        .design
                        .designs
                        .iter()
                        .map(|it| DesignStatistics::none(&it.name))
                        .collect(),
                    false => Vec::new(),
                },
                name: theta.name,
            }
        });
        Self {
            name: scenario.name.clone(),
            parameterisations: parameterisations.collect(),
            ..Self::default()
        }
    }
}

impl Counts {
    /// One more in this state.
    pub fn add(&mut self, state: State) {
        match state {
            State::Pending => self.pending += 1,
            State::Done => self.done += 1,
            State::Failed => self.failed += 1,
            State::Unneeded => {}
        }
    }
}

impl std::iter::Sum for Counts {
    fn sum<I: Iterator<Item = Counts>>(all: I) -> Counts {
        all.fold(Counts::default(), |sum, more| Counts {
            pending: sum.pending + more.pending,
            done: sum.done + more.done,
            failed: sum.failed + more.failed,
        })
    }
}
