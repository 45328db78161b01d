//! γ-sweeps: how far along a direction Δθ̂ the linear prediction holds, and what happens first.
//!
//! The path is followed at fixed box from γ = 0. As long as γ* or γ_c is open, it is stepped from
//! one predicted contact change to the next, and each is closed in to the wanted width, because the
//! elastic constants jump there; after that it runs freely, with steps as long as they are
//! believed, until the solid rearranges or γ_max is reached.

use crate::relax::RelaxError;

use super::cause::Cause;
use super::origin::Origin;
use super::problem::SweepProblem;
use super::run::Run;
use super::settings::{Protocol, SweepSettings};
use super::thresholds::{SweepResult, Threshold};
use super::yardstick::Yardstick;

/// Sweeps a direction.
///
/// # Errors
/// [`RelaxError`] where the solid at γ = 0 is not at its minimum.
pub fn sweep<const D: usize>(
    problem: &SweepProblem<D>,
    settings: &SweepSettings,
    with_curve: bool,
) -> Result<SweepResult, RelaxError> {
    let origin = Origin::new(problem.solid, &problem.request)?;
    Ok(sweep_from(&origin, problem, settings, with_curve))
}

/// Sweeps a direction of a solid that is known at γ = 0.
pub fn sweep_from<const D: usize>(
    origin: &Origin<D>,
    problem: &SweepProblem<D>,
    settings: &SweepSettings,
    with_curve: bool,
) -> SweepResult {
    let yardstick = Yardstick::new(problem, origin);
    let largest = problem.largest_gamma(&problem.space.values(&problem.solid.interactions));
    let aside = with_curve.then(|| origin.path(problem));
    let mut run = Run::new(origin.path(problem), yardstick, settings, largest, aside);
    match settings.protocol {
        Protocol::Continuation => run.follow(),
        Protocol::Referee => run.referee(),
    }
    let counters = run.path.work.counters;
    let curve = run.take_curve();
    let cause_missing = Threshold::beyond(0.0, Cause::NotConverged);
    SweepResult {
        gamma_star: run.found.star.unwrap_or(cause_missing),
        gamma_contact: run.found.contact.unwrap_or(cause_missing),
        gamma_rearrangement: run.found.rearrangement.unwrap_or(cause_missing),
        gamma_tilde: run.gamma_tilde,
        linear: run.yardstick.linear,
        curvature: run.yardstick.curvature,
        counters,
        contact_snapshots: run.found.contact_snapshots,
        rearrangement_snapshots: run.found.rearrangement_snapshots,
        curve,
    }
}
