//! The design in one step, Eq. (4): Δθ = J⁺ Δy*, what it is expected to miss, and what it does.

use super::feasibility::Feasibility;
use super::linearisation::Linearisation;
use super::problem::{Problem, length};
use super::state::State;
use super::walk::{Obstacle, walk};
use crate::linearity::origin::Origin;
use crate::linearity::problem::SweepProblem;
use crate::linearity::settings::SweepSettings;
use crate::linearity::sweep::sweep_from;
use crate::linearity::thresholds::Threshold;
use crate::relax::RelaxError;

/// The first step of the sweep along Δθ̂, as a share of |Δθ|.
const FIRST_GAMMA: f64 = 1e-4;

/// One step.
#[derive(Clone, Debug)]
pub struct OneStep {
    /// Δθ, shape (n_θ,).
    pub change: Vec<f64>,
    /// |Δθ|: the γ of the step.
    pub gamma: f64,
    /// J Δθ, shape (targets,).
    pub linear: Vec<f64>,
    /// ½ y'' γ², shape (targets,): what the second order adds. NaN for a degenerate frequency.
    pub quadratic: Vec<f64>,
    /// γ* along Δθ̂, of the targets in units of their scales; beyond |Δθ| where it was not met.
    pub gamma_star: Threshold,
    /// γ_c along Δθ̂.
    pub gamma_contact: Threshold,
    /// The targeted features after the step, NaN where it could not be gone, shape (targets,).
    pub achieved: Vec<f64>,
    /// The share of Δθ that could be gone, with what was in the way.
    pub share: f64,
    pub obstacle: Option<Obstacle>,
}

/// Takes the step from a state; none where there is nothing to do.
///
/// # Errors
/// [`RelaxError`] where the state is not at its minimum.
pub fn one_step<const D: usize>(
    problem: &Problem<D>,
    state: &State<D>,
    linear: &Linearisation,
    feasibility: &Feasibility,
) -> Result<Option<OneStep>, RelaxError> {
    let parameters = &problem.parameters;
    let change = feasibility.shortest(&state.errors);
    let change: Vec<f64> = change.iter().zip(&linear.scales).map(|(x, w)| x / w).collect();
    let gamma = length(&change);
    if !(gamma > 0.0) {
        return Ok(None);
    }
    let unit: Vec<f64> = change.iter().map(|x| x / gamma).collect();
    let direction = parameters.spread(&unit);
    let mut weights = vec![0.0; state.values.len()];
    let rows = problem.targets.iter().map(|target| target.feature.row::<D>(&problem.request));
    let rows: Vec<Option<usize>> = rows.collect();
    for (target, row) in problem.targets.iter().zip(&rows) {
        row.iter().for_each(|&row| weights[row] = 1.0 / target.scale);
    }
    let along = SweepProblem {
        solid: &state.solid,
        space: &parameters.space,
        direction: &direction,
        request: problem.request.clone(),
        weights: Some(&weights),
    };
    let settings = SweepSettings {
        gamma_min: FIRST_GAMMA * gamma,
        gamma_max: gamma,
        ..SweepSettings::DEFAULT
    };
    let origin = Origin::new(&state.solid, &problem.request)?;
    let sweep = sweep_from(&origin, &along, &settings, false);
    let of_targets = |all: &[f64], factor: f64| -> Vec<f64> {
        rows.iter().map(|row| row.map_or(0.0, |row| factor * all[row])).collect()
    };
    let theta = linear.theta.iter().zip(&change).map(|(value, x)| value + x);
    let within = theta.zip(&parameters.bounds).all(|(value, range)| range.contains(&value));
    let arrival = if within { walk(problem, state, &change, false).ok() } else { None };
    let missing = vec![f64::NAN; rows.len()];
    Ok(Some(OneStep {
        gamma,
        linear: of_targets(&sweep.linear, gamma),
        quadratic: of_targets(&sweep.curvature, 0.5 * gamma * gamma),
        gamma_star: sweep.gamma_star,
        gamma_contact: sweep.gamma_contact,
        share: arrival.as_ref().map_or(0.0, |arrival| arrival.share),
        obstacle: arrival.as_ref().and_then(|arrival| arrival.obstacle),
        achieved: arrival.map_or(missing, |arrival| {
            problem.targeted(&arrival.state.values, &arrival.state.solid)
        }),
        change,
    }))
}
