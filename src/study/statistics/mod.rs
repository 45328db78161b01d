//! What the statistics of a study hold.

pub mod arrays;

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::format::archive::State;
use crate::study::config::{Scenario, set_name};
use crate::study::reasons::Reason;

/// The probabilities of all quantiles.
pub const PROBABILITIES: [f64; 7] = [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0];

impl Statistics {
    /// Items of all scenarios.
    pub fn items(&self) -> Counts {
        self.scenarios.iter().map(|scenario| scenario.items).sum()
    }
}

/// The statistics of a study.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Statistics {
    /// Name of the study.
    pub study: String,
    /// The probabilities of all quantiles.
    pub probabilities: Vec<f64>,
    /// Items whose checksum does not hold; they count as pending.
    pub corrupt: u64,
    /// One entry per scenario.
    pub scenarios: Vec<ScenarioStatistics>,
}

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
}

/// The singular values of one feature set.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SetStatistics {
    /// Its name.
    pub name: String,
    /// n_y.
    pub features: usize,
    /// min(n_y, n_θ).
    pub largest_rank: usize,
    /// Solids whose rank is the largest possible one.
    pub full_rank: u64,
    /// The smallest and the largest rank found.
    pub ranks: Option<(i32, i32)>,
    /// Singular values of all solids and modes.
    pub singular_values: Distribution,
}

/// The thresholds of the γ-sweeps of all solids and directions.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SweepStatistics {
    /// The feature set.
    pub set: String,
    /// Swept directions.
    pub directions: u64,
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
    /// Directions by the cause of γ*, γ_c, γ_r: the order of `Cause::ALL`.
    pub causes: Causes,
    /// Work per direction.
    pub cost: Cost,
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

/// The distribution of a quantity.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Distribution {
    /// Number of values.
    pub count: u64,
    /// Quantiles for [`PROBABILITIES`]; not a number where there are no values.
    #[serde(serialize_with = "numbers")]
    pub quantiles: Vec<f64>,
}

/// The distribution of a quantity of which some values are only known to lie beyond a γ that was
/// reached: the true quantiles lie between the two sets.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Bounds {
    /// Number of values, the censored ones included.
    pub count: u64,
    /// How many of them are censored, by cause: the order of `Cause::ALL`. `censored` is γ_max.
    pub censored: Vec<u64>,
    /// Quantiles for [`PROBABILITIES`] with every censored value where the sweep ended.
    #[serde(serialize_with = "numbers")]
    pub lower: Vec<f64>,
    /// The same with every censored value at infinity.
    #[serde(serialize_with = "numbers")]
    pub upper: Vec<f64>,
}

impl ScenarioStatistics {
    /// Before there is anything to count.
    pub fn none(scenario: &Scenario) -> Self {
        let swept = scenario.swept();
        let named = |set: &Vec<_>| SetStatistics { name: set_name(set), ..Default::default() };
        let thetas = scenario.parameterisations().into_iter().enumerate();
        let parameterisations = thetas.map(|(index, theta)| ThetaStatistics {
            name: theta.name,
            sets: scenario.features.sets.iter().map(named).collect(),
            sweeps: swept.contains(&index).then(SweepStatistics::default),
            ..Default::default()
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

/// The quantile of a probability among those of [`PROBABILITIES`].
pub fn quantile(quantiles: &[f64], probability: f64) -> f64 {
    PROBABILITIES
        .iter()
        .position(|&p| p == probability)
        .and_then(|index| quantiles.get(index).copied())
        .unwrap_or(f64::NAN)
}

/// JSON knows neither infinity nor NaN: the one becomes "inf", the other null.
fn numbers<S: Serializer>(values: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
    let number = |value: &f64| match value.is_infinite() {
        true => Value::from("inf"),
        false => Value::from(*value),
    };
    serializer.collect_seq(values.iter().map(number))
}
