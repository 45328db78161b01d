//! Designs one solid of the ensemble, and looks again at what is stored of a design.

use super::analysis::{Replicate, assignment};
use super::error::ReplicaError;
use super::rows::Columns;
use super::{Analysed, Worker, in_either};
use crate::analysis::quantity::Quantity;
use crate::analysis::values::{Row, Values};
use crate::design::outcome::Outcome;
use crate::design::parameters::Parameters;
use crate::design::problem::{Problem, length};
use crate::design::quantities::{self as q, DESIGN, DesignResult};
use crate::design::run::{begin, design, fresh};
use crate::design::state::State;
use crate::design::target::Target;
use crate::design::terms::Terms;
use crate::format::row::{Failure, Part};
use crate::relax::forces::{Forces, max_norm};
use crate::relax::newton::{accepted_force, bond_forces, relax};
use crate::solid::Solid;
use crate::solid::contacts::Contacts;
use crate::study::config::{Parameterisation, Scenario};
use crate::study::schema::design_group;
use crate::study::work::Work as _;

/// Rounding of what is computed again from the same positions, in units of the targets' scales.
const AGAIN: f64 = 1e-9;
/// Residual forces that are accepted, in units of what the minimiser accepts.
const RESIDUAL: f64 = 5.0;

/// The solid with the species of θ at its minimum, and its free parameters.
fn free<const D: usize>(
    replicate: &Replicate<D>,
    theta: &Parameterisation,
    terms: &Terms,
) -> Result<(Solid<D>, Parameters), ReplicaError> {
    let solid = &replicate.analysis.solid;
    let assignment = assignment(solid, theta, &replicate.key)?;
    let mut solid = solid.reassigned(assignment.species, assignment.interactions);
    let mut forces = Forces::new(&solid);
    relax(&mut solid, &mut forces)?;
    let mut parameters = Parameters::new(&solid, theta.space.clone(), None);
    terms.apply(&mut parameters);
    Ok((solid, parameters))
}

/// Every column of a part `Design`.
pub(super) fn row<const D: usize>(
    replicate: &Replicate<D>,
    scenario: &Scenario,
    parameterisation: usize,
    index: usize,
) -> Result<Columns, ReplicaError> {
    let theta = &scenario.parameterisations()[parameterisation];
    let terms = scenario.design.terms(index);
    let (solid, parameters) = free(replicate, theta, &terms)?;
    let pairs = &replicate.analysis.origin.request.pairs;
    let found = design(solid, parameters, &terms.wishes, pairs, &terms.settings)?;
    let group = design_group(theta, &scenario.design.designs[index]);
    let mut columns = Columns::default();
    columns.add(&group, DESIGN, &DesignResult::new(&found));
    Ok(columns)
}

/// Gives a solid with the species of θ the parameters and positions of a stored design.
pub(super) fn restore<const D: usize>(
    solid: &mut Solid<D>,
    theta: &Parameterisation,
    row: &Row,
    group: &str,
) -> Result<(), ReplicaError> {
    let values = q::FINAL_THETA.floats(row, group, theta.parameters())?;
    theta.space.apply(&mut solid.interactions, values);
    let positions = q::FINAL_POSITIONS.floats(row, group, solid.len() * D)?;
    for (position, values) in solid.positions.iter_mut().zip(positions.chunks_exact(D)) {
        *position = nalgebra::SVector::from_column_slice(values);
    }
    Ok(())
}

impl Worker {
    /// Examines the stored row of a design of a solid: the targets from the solid before it; forces,
    /// features, outcome and |Δθ| from the stored positions and parameters; with `relaxed` also the
    /// relaxation at the final parameters. What is wrong, a line each.
    ///
    /// # Errors
    /// Where a row cannot even be read as one of this study.
    pub fn examine_design(
        &mut self,
        scenario: usize,
        replica: u64,
        solid: &Row,
        part: &Part,
        row: &Row,
        relaxed: bool,
    ) -> Result<Vec<String>, Failure> {
        let Part::Design { parameterisation, design } = *part else {
            return Err(ReplicaError::WrongPart.into());
        };
        let bytes = self.restore(scenario, solid)?;
        let config = self.study.scenarios[scenario].clone();
        let theta = &config.parameterisations()[parameterisation];
        let terms = config.design.terms(design);
        let group = design_group(theta, &config.design.designs[design]);
        let analysed = self.analyse(scenario, replica, &bytes)?;
        Ok(in_either!(analysed, replicate => {
            let (solid, parameters) = free(replicate, theta, &terms)?;
            let pairs = &replicate.analysis.origin.request.pairs;
            let (problem, start) =
                begin(solid, parameters, &terms.wishes, pairs).map_err(ReplicaError::from)?;
            Stored { row, group: &group, theta, problem, start, terms: &terms }.examine(relaxed)?
        }))
    }
}

/// A stored design.
struct Stored<'r, const D: usize> {
    row: &'r Row,
    group: &'r str,
    theta: &'r Parameterisation,
    problem: Problem<D>,
    start: State<D>,
    terms: &'r Terms,
}

/// A number of a target.
type OfTarget = fn(&Target) -> f64;

impl<const D: usize> Stored<'_, D> {
    fn floats(&self, quantity: &Quantity<DesignResult>, n: usize) -> Result<&[f64], ReplicaError> {
        Ok(quantity.floats(self.row, self.group, n)?)
    }

    fn examine(&self, relaxed: bool) -> Result<Vec<String>, ReplicaError> {
        let (problem, group) = (&self.problem, self.group);
        let (targets, parameters) = (&problem.targets, &problem.parameters);
        let mut wrong = Vec::new();
        let stored: [(_, OfTarget); 4] = [
            (&q::TARGET_START, |target| target.start),
            (&q::TARGETS, |target| target.value),
            (&q::TARGET_SCALE, |target| target.scale),
            (&q::TARGET_UNIT, |target| target.unit),
        ];
        for (quantity, of) in stored {
            self.compare(quantity, targets.iter().map(of).collect(), &mut wrong)?;
        }
        let theta = self.floats(&q::FINAL_THETA, parameters.len())?;
        let outside = theta.iter().zip(&parameters.bounds).any(|(x, range)| !range.contains(x));
        if outside {
            wrong.push("a parameter is outside its bounds".to_owned());
            return Ok(wrong);
        }
        let before = parameters.values(&self.start.solid);
        let moved: Vec<f64> = theta.iter().zip(&before).map(|(b, a)| b - a).collect();
        let distance = self.floats(&q::DISTANCE, 1)?[0];
        if !((distance - length(&moved)).abs() <= AGAIN * length(&before)) {
            let moved = length(&moved);
            wrong.push(format!("distance = {distance:e}, but |theta - theta0| = {moved:e}"));
        }
        let mut solid = self.start.solid.clone();
        restore(&mut solid, self.theta, self.row, group)?;
        let (force, accepted) = residual_force(&solid);
        if !(force <= RESIDUAL * accepted) {
            wrong.push(format!("residual force {force:.2e} at the stored positions"));
        }
        let end = match State::new(problem, solid) {
            Ok(end) => end,
            Err(error) => {
                wrong.push(format!("at the stored positions: {error}"));
                return Ok(wrong);
            }
        };
        self.compare(&q::FINAL_FEATURES, problem.targeted(&end.values, &end.solid), &mut wrong)?;
        let (residual, error) = (self.floats(&q::RESIDUAL, 1)?[0], problem.residual(&end.errors));
        if !((residual - error).abs() <= AGAIN) {
            wrong.push(format!("residual = {residual:e}, but the largest error is {error:e}"));
        }
        let code = q::OUTCOME.find(self.row, group).map(Values::codes).unwrap_or_default();
        let reached = code == [Outcome::Reached.code()];
        if reached != (residual <= self.terms.settings.tolerance) {
            let name = Outcome::CODES.iter().find(|(known, _)| code == [*known]);
            let name = name.map_or("unknown", |(_, name)| name);
            wrong.push(format!("outcome {name}, but the largest error is {residual:.1e}"));
        }
        if relaxed {
            let now = match fresh(problem, &self.start, &end) {
                Ok(state) => problem.targeted(&state.values, &state.solid),
                Err(_) => vec![f64::NAN; targets.len()],
            };
            self.compare(&q::FRESH_FEATURES, now, &mut wrong)?;
        }
        Ok(wrong)
    }

    /// Values of the targets that are computed again against the stored ones.
    fn compare(
        &self,
        quantity: &Quantity<DesignResult>,
        now: Vec<f64>,
        wrong: &mut Vec<String>,
    ) -> Result<(), ReplicaError> {
        let stored = self.floats(quantity, now.len())?;
        for (target, (now, then)) in self.problem.targets.iter().zip(now.iter().zip(stored)) {
            let both_missing = now.is_nan() && then.is_nan();
            if !both_missing && !((now - then).abs() <= AGAIN * target.scale) {
                let (name, label) = (quantity.name, &target.label);
                wrong.push(format!("{name} of {label} is {then:e}, computed again {now:e}"));
            }
        }
        Ok(())
    }
}

/// The largest force on a particle, and what the minimiser accepts.
fn residual_force<const D: usize>(solid: &Solid<D>) -> (f64, f64) {
    let mut forces = Forces::new(solid);
    forces.evaluate(solid);
    let contacts = Contacts::find(solid, forces.candidates());
    let mut on_backbone = Vec::new();
    bond_forces(solid, &contacts.bonds, &mut on_backbone);
    let largest = forces.max_norm().max(max_norm(&on_backbone));
    (largest, accepted_force(solid, &contacts.bonds))
}
