//! A whole design: targets, first order, one step, and the search beyond it.

use super::feasibility::Feasibility;
use super::feature::Unknown;
use super::linearisation::Linearisation;
use super::one_step::{OneStep, one_step};
use super::outcome::{Incompatible, Outcome};
use super::parameters::Parameters;
use super::problem::{Problem, volume};
use super::search::{Found, Settings, search};
use super::state::State;
use super::target::{Need, Target, TargetError, Wish};
use crate::relax::RelaxError;
use crate::relax::forces::Forces;
use crate::relax::newton::relax;
use crate::response::allosteric::AllostericPair;
use crate::response::modes::most_modes;
use crate::response::susceptibility::SvdError;
use crate::solid::Solid;
use crate::solid::parameters::ParameterKind;

/// Why there is no design.
#[derive(Debug, thiserror::Error)]
pub enum DesignError {
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error(transparent)]
    Relax(#[from] RelaxError),
    #[error(transparent)]
    Svd(#[from] SvdError),
    /// A B that is 0 has no derivative.
    #[error(
        "{0} = 0 has no derivative: nothing attracts there (allowed: B > 0 for every pair where B is free)"
    )]
    NotAttractive(String),
    /// `a` where nothing attracts.
    #[error("every B is 0: nothing depends on a")]
    NothingAttracts,
    #[error(
        "{parameter} = {value} is outside its bounds, {low} to {high}, before anything is changed"
    )]
    OutOfBounds { parameter: String, value: f64, low: f64, high: f64 },
}

impl From<Unknown> for DesignError {
    fn from(unknown: Unknown) -> Self {
        DesignError::Target(unknown.into())
    }
}

/// A design with its result.
pub struct Design<const D: usize> {
    pub problem: Problem<D>,
    /// The solid before.
    pub start: State<D>,
    /// J of the targets at the start.
    pub feasibility: Feasibility,
    pub outcome: Outcome,
    /// Where the targets exclude each other to first order.
    pub incompatible: Option<Incompatible>,
    /// Eq. (4) alone; none where there is nothing to do.
    pub one_step: Option<OneStep>,
    pub found: Found<D>,
    /// The solid relaxed from where it was before, at the final parameters: what these alone make of it.
    pub fresh: Result<State<D>, RelaxError>,
}

/// Designs a solid at its minimum; `pairs` are those of its allosteric features.
///
/// # Errors
/// [`DesignError`] where a wish is none, or the solid has no minimum.
pub fn design<const D: usize>(
    solid: Solid<D>,
    parameters: Parameters,
    wishes: &[Wish],
    pairs: &[AllostericPair],
    settings: &Settings,
) -> Result<Design<D>, DesignError> {
    let (problem, start) = begin(solid, parameters, wishes, pairs)?;
    let linear = Linearisation::new(&problem, &start, 0.0);
    let feasibility = Feasibility::new(&problem, &start, &linear)?;
    let one_step = one_step(&problem, &start, &linear, &feasibility)?;
    let incompatible = feasibility.incompatible(&start.errors, settings.tolerance);
    let (outcome, found) = match incompatible {
        Some(_) => (Outcome::Infeasible, Found::nothing(&problem, start.clone())),
        None => search(&problem, start.clone(), settings),
    };
    let fresh = fresh(&problem, &start, &found.state);
    Ok(Design { problem, start, feasibility, outcome, incompatible, one_step, found, fresh })
}

/// What is designed, and the solid before the design.
///
/// # Errors
/// As [`design`].
pub fn begin<const D: usize>(
    solid: Solid<D>,
    parameters: Parameters,
    wishes: &[Wish],
    pairs: &[AllostericPair],
) -> Result<(Problem<D>, State<D>), DesignError> {
    check_parameters(&solid, &parameters)?;
    let need = Need::of(D, wishes)?;
    need.check(D, most_modes(D, solid.len()), pairs.len())?;
    let request = need.request(pairs);
    let mut problem = Problem { parameters, targets: Vec::new(), request: request.clone() };
    let mut start = State::new(&problem, solid)?;
    need.check(D, start.modes.eigenvalues.len(), pairs.len())?;
    problem.targets = Target::all::<D>(wishes, &request, &start.values, volume(&start.solid))?;
    start.errors = problem.errors(&start.values, &start.solid);
    Ok((problem, start))
}

fn check_parameters<const D: usize>(
    solid: &Solid<D>,
    parameters: &Parameters,
) -> Result<(), DesignError> {
    let values = parameters.values(solid);
    let flat = |q: &usize| parameters.kind(*q) == Some(ParameterKind::Depth) && values[*q] == 0.0;
    if let Some(q) = (0..values.len()).find(flat) {
        return Err(DesignError::NotAttractive(parameters.labels()[q].clone()));
    }
    let of_range = parameters.space.kinds().contains(&ParameterKind::InverseRange);
    if of_range && !solid.interactions.attractive() {
        return Err(DesignError::NothingAttracts);
    }
    let outside = (0..values.len()).find(|&q| !parameters.bounds[q].contains(&values[q]));
    match outside {
        None => Ok(()),
        Some(q) => Err(DesignError::OutOfBounds {
            parameter: parameters.labels()[q].clone(),
            value: values[q],
            low: *parameters.bounds[q].start(),
            high: *parameters.bounds[q].end(),
        }),
    }
}

/// The solid relaxed from where it was at the start, with the parameters of the end.
pub fn fresh<const D: usize>(
    problem: &Problem<D>,
    start: &State<D>,
    end: &State<D>,
) -> Result<State<D>, RelaxError> {
    let mut solid = end.solid.clone();
    solid.positions.clone_from(&start.solid.positions);
    let mut forces = Forces::new(&solid);
    relax(&mut solid, &mut forces)?;
    State::new(problem, solid)
}
