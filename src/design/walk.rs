//! From one state of a design to the next: the solid is followed along Δθ as on any path
//! (`linearity/path`), through contact changes, up to the end or to what stops it.

use super::problem::{Problem, length};
use super::state::State;
use crate::linearity::cause::Cause;
use crate::linearity::judge::{Verdict, judge};
use crate::linearity::jump::JUDGED_WIDTH;
use crate::linearity::path::Path;
use crate::linearity::problem::SweepProblem;
use crate::solid::Solid;

/// The smallest step of a walk is [`JUDGED_WIDTH`] of its way so far, of this share of all of it at least.
const FIRST_STEPS: f64 = 0.1;

/// A step that is not believed is shortened by this factor, one that is may grow by that.
const SHRINK: f64 = 0.4;
const GROWTH: f64 = 3.0;

/// Steps before a walk gives up.
const MAX_STEPS: usize = 400;

/// What stopped a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The solid would have rearranged.
    Rearrangement,
    /// The solid would have been lost.
    Lost(Cause),
}

/// Where a walk has led.
pub struct Arrival<const D: usize> {
    pub state: State<D>,
    /// The share of Δθ that was gone.
    pub share: f64,
    /// What was in the way, where it was not all.
    pub obstacle: Option<Obstacle>,
    pub rearrangements: usize,
    /// Factorisations of the Hessian on the way and at its end.
    pub factorisations: u64,
}

/// Follows the solid from a state along Δθ, shape (n_θ,). Where it would rearrange and must not, it stops
/// before.
pub fn walk<const D: usize>(
    problem: &Problem<D>,
    from: &State<D>,
    change: &[f64],
    rearrange: bool,
) -> Result<Arrival<D>, Obstacle> {
    let parameters = &problem.parameters;
    let whole = length(change);
    let direction: Vec<f64> = change.iter().map(|x| x / whole).collect();
    let direction = parameters.spread(&direction);
    let along = SweepProblem {
        solid: &from.solid,
        space: &parameters.space,
        direction: &direction,
        request: problem.request.clone(),
        weights: None,
    };
    let mut path = from.path(&along);
    let (obstacle, rearrangements) = follow(&mut path, whole, rearrange);
    let gamma = path.here.gamma;
    let on_the_way = path.work.counters.factorisations;
    let theta = parameters.values(&from.solid);
    let theta: Vec<f64> =
        theta.iter().zip(change).map(|(value, x)| value + x * (gamma / whole)).collect();
    let mut solid: Solid<D> = from.solid.clone();
    parameters.apply(&mut solid, &theta);
    solid.positions.clone_from(&path.here.positions);
    let state = State::new(problem, solid)
        .map_err(|error| Obstacle::Lost(crate::linearity::judge::cause_of(&error)))?;
    let factorisations = on_the_way + state.equilibrium.hessian.factorisations;
    Ok(Arrival { state, share: gamma / whole, obstacle, rearrangements, factorisations })
}

/// Follows a path up to γ = `end`. Returns what stopped it, and how often the solid rearranged.
fn follow<const D: usize>(
    path: &mut Path<'_, D>,
    end: f64,
    rearrange: bool,
) -> (Option<Obstacle>, usize) {
    let mut rearrangements = 0;
    let mut stride = end;
    for _ in 0..MAX_STEPS {
        let here = path.here.gamma;
        if here >= end {
            return (None, rearrangements);
        }
        let smallest = JUDGED_WIDTH * here.max(FIRST_STEPS * end);
        let target = (here + stride).min(end);
        let prediction =
            if stride <= smallest { None } else { path.predict_stable(target, smallest) };
        let Some(prediction) = prediction else {
            match judge(path, (here + smallest).min(end), smallest) {
                Verdict::Lost(cause) => return (Some(Obstacle::Lost(cause)), rearrangements),
                Verdict::Rearranged(_) if !rearrange => {
                    return (Some(Obstacle::Rearrangement), rearrangements);
                }
                Verdict::Rearranged(point) => {
                    rearrangements += 1;
                    path.advance(point);
                }
                Verdict::Continuous(point) => path.advance(point),
            }
            stride = GROWTH * GROWTH * smallest;
            continue;
        };
        match path.try_predicted(&prediction) {
            Ok(trial) => {
                stride = GROWTH * (prediction.gamma - here).max(smallest);
                path.advance(trial.point);
            }
            Err(_) => stride = SHRINK * (prediction.gamma - here),
        }
    }
    (Some(Obstacle::Lost(Cause::NotConverged)), rearrangements)
}
